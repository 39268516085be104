/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel describes things with the attributes from which it makes them, and with some more:
 * handles, counts of users. Attributes are copied by a list; what a copy could not keep makes it
 * unusual. A set without a name of its own has one that the kernel made up; the kernel makes up
 * another, until then a number stands for it. */
#include "enforce/nft_copy.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/memory.h"
#include "enforce/nft_attribute.h"

#define NEW_SET "__set%d" /* the kernel puts a number in it */
#define NEW_MAP "__map%d"
#define BIT(attribute) (UINT64_C(1) << (attribute))
#define ROOM_BEHIND                                                                                \
        (NFT_COPY_NAME_MAX +                                                                       \
                64U) /* bytes: a name, numbers and ends of nests may follow what is copied */

/* A message that is being made from another. */
struct draft {
        struct nft_copy *copy;
        const struct nft_copy_inner *inner;
        struct nlmsghdr *header;
        uint64_t kept, refused; /* attributes by type; others are left out */
        bool is_lookup, is_immediate;
        bool is_map; /* what is looked up in */
        bool is_unusual;
};

static const char *new_name(const struct nft_copy_inner *inner) {
        return inner->is_map ? NEW_MAP : NEW_SET;
}

/* The first thing that is refused is told. */
static void refuse(struct draft *draft, const char *what, const char *name) {
        struct nft_copy *copy = draft->copy;
        draft->is_unusual = true;
        if (copy && !copy->refused[0])
                (void)snprintf(copy->refused, sizeof(copy->refused), "%s%.40s", what, name);
}

static uint64_t bit_of(const struct nlattr *attribute) {
        uint16_t type = mnl_attr_get_type(attribute);
        return type < 64 ? BIT(type) : 0;
}

static bool has_room(const struct draft *draft, const struct nlattr *attribute) {
        return draft->header->nlmsg_len + mnl_attr_get_len(attribute) + ROOM_BEHIND <
               NFT_COPY_BYTES_MAX;
}

static void put_as_is(struct draft *draft, const struct nlattr *attribute) {
        if (has_room(draft, attribute))
                mnl_attr_put(draft->header, attribute->nla_type,
                        mnl_attr_get_payload_len(attribute), mnl_attr_get_payload(attribute));
        else
                draft->is_unusual = true;
}

static int copy_attribute(const struct nlattr *attribute, void *user) {
        struct draft *draft = user;
        if (bit_of(attribute) & draft->refused)
                draft->is_unusual = true;
        else if (bit_of(attribute) & draft->kept)
                put_as_is(draft, attribute);
        return MNL_CB_OK;
}

/* A draft of a message of type, as family as the one that is there. */
static struct draft begin(struct nft_copy *copy, const struct nlmsghdr *had, uint8_t type,
        uint64_t kept, uint64_t refused) {
        struct draft draft = {.copy = copy, .kept = kept, .refused = refused};
        const struct nfgenmsg *from = mnl_nlmsg_get_payload(had);
        draft.header = mnl_nlmsg_put_header(memory_new(NFT_COPY_BYTES_MAX));
        draft.header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
        draft.header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
        struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(draft.header, sizeof(*generic));
        generic->nfgen_family = from->nfgen_family;
        generic->version = NFNETLINK_V0;
        return draft;
}

static int end(struct draft *draft, struct buffer *out) {
        struct slice bytes = {(const char *)draft->header, draft->header->nlmsg_len};
        bool is_good = !draft->is_unusual && buffer_append(out, bytes) == 0;
        free(draft->header);
        return is_good ? 0 : NFT_COPY_E_UNUSUAL;
}

static void copy_all(struct draft *draft, const struct nlmsghdr *had) {
        (void)mnl_attr_parse(had, sizeof(struct nfgenmsg), copy_attribute, draft);
}

int nft_copy_table(const struct nlmsghdr *had, struct buffer *out) {
        struct draft draft = begin(NULL, had, NFT_MSG_NEWTABLE,
                BIT(NFTA_TABLE_NAME) | BIT(NFTA_TABLE_USERDATA), BIT(NFTA_TABLE_OWNER));
        copy_all(&draft, had);
        draft.is_unusual = draft.is_unusual || nft_attribute_of(had, NFTA_TABLE_FLAGS).number != 0;
        return end(&draft, out);
}

int nft_copy_chain(const struct nlmsghdr *had, struct buffer *out) {
        struct draft draft = begin(NULL, had, NFT_MSG_NEWCHAIN,
                BIT(NFTA_CHAIN_TABLE) | BIT(NFTA_CHAIN_NAME) | BIT(NFTA_CHAIN_HOOK) |
                        BIT(NFTA_CHAIN_TYPE) | BIT(NFTA_CHAIN_USERDATA),
                0);
        copy_all(&draft, had);
        struct nft_attribute policy = nft_attribute_of(had, NFTA_CHAIN_POLICY);
        bool is_usual =
                nft_attribute_of(had, NFTA_CHAIN_HOOK).is_there &&
                (!policy.is_there || policy.number == NF_ACCEPT) &&
                (nft_attribute_of(had, NFTA_CHAIN_FLAGS).number & ~(uint32_t)NFT_CHAIN_BASE) == 0;
        draft.is_unusual = draft.is_unusual || !is_usual;
        return end(&draft, out);
}

int nft_copy_set(struct nft_copy *copy, const struct nlmsghdr *had,
        const struct nft_copy_inner *inner, struct buffer *out) {
        bool is_map = inner && inner->is_map;
        uint64_t data = BIT(NFTA_SET_DATA_TYPE) | BIT(NFTA_SET_DATA_LEN);
        struct draft draft = begin(copy, had, NFT_MSG_NEWSET,
                BIT(NFTA_SET_TABLE) | BIT(NFTA_SET_FLAGS) | BIT(NFTA_SET_KEY_TYPE) |
                        BIT(NFTA_SET_KEY_LEN) | BIT(NFTA_SET_POLICY) | BIT(NFTA_SET_DESC) |
                        BIT(NFTA_SET_TIMEOUT) | BIT(NFTA_SET_GC_INTERVAL) | BIT(NFTA_SET_USERDATA) |
                        (is_map ? data : 0),
                BIT(NFTA_SET_OBJ_TYPE) | BIT(NFTA_SET_EXPR) | BIT(NFTA_SET_EXPRESSIONS) |
                        (is_map ? 0 : data));
        copy_all(&draft, had);
        mnl_attr_put_strz(draft.header, NFTA_SET_NAME, inner ? new_name(inner) : copy->set);
        mnl_attr_put_u32(draft.header, NFTA_SET_ID, htonl(inner ? inner->id : copy->next_id++));
        return end(&draft, out);
}

static int find_chain(const struct nlattr *attribute, void *user) {
        if (mnl_attr_get_type(attribute) == NFTA_VERDICT_CHAIN)
                *(bool *)user = true;
        return MNL_CB_OK;
}

static int find_verdict(const struct nlattr *attribute, void *user) {
        if (mnl_attr_get_type(attribute) == NFTA_DATA_VERDICT)
                (void)mnl_attr_parse_nested(attribute, find_chain, user);
        return MNL_CB_OK;
}

/* Whether it sends a packet on to another chain, which nobody knows. data: of an element, or what a
 * rule has immediately. */
static bool has_jump(const struct nlattr *data) {
        bool found = false;
        (void)mnl_attr_parse_nested(data, find_verdict, &found);
        return found;
}

_Static_assert((int)NFTA_IMMEDIATE_DATA == (int)NFTA_SET_ELEM_DATA, "one look does for both");

static int look_for_jump(const struct nlattr *attribute, void *user) {
        struct draft *draft = user;
        if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_DATA && has_jump(attribute))
                refuse(draft, "a jump to another chain", "");
        return MNL_CB_OK;
}

static int copy_element(const struct nlattr *item, void *user) {
        struct draft *draft = user;
        (void)mnl_attr_parse_nested(item, look_for_jump, draft);
        if (mnl_attr_get_type(item) != NFTA_LIST_ELEM || !has_room(draft, item)) {
                draft->is_unusual = true;
                return MNL_CB_OK;
        }
        struct nlattr *nest = mnl_attr_nest_start(draft->header, NFTA_LIST_ELEM);
        (void)mnl_attr_parse_nested(item, copy_attribute, draft);
        mnl_attr_nest_end(draft->header, nest);
        return MNL_CB_OK;
}

static int copy_list(const struct nlattr *attribute, void *user) {
        struct draft *draft = user;
        if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_LIST_TABLE)
                put_as_is(draft, attribute);
        if (mnl_attr_get_type(attribute) != NFTA_SET_ELEM_LIST_ELEMENTS)
                return MNL_CB_OK;
        struct nlattr *list = mnl_attr_nest_start(draft->header, NFTA_SET_ELEM_LIST_ELEMENTS);
        (void)mnl_attr_parse_nested(attribute, copy_element, draft);
        mnl_attr_nest_end(draft->header, list);
        return MNL_CB_OK;
}

int nft_copy_elements(struct nft_copy *copy, const struct nlmsghdr *had,
        const struct nft_copy_inner *inner, struct buffer *out) {
        struct draft draft = begin(copy, had, NFT_MSG_NEWSETELEM,
                BIT(NFTA_SET_ELEM_KEY) | BIT(NFTA_SET_ELEM_KEY_END) | BIT(NFTA_SET_ELEM_FLAGS) |
                        (inner->is_map ? BIT(NFTA_SET_ELEM_DATA) : 0),
                (inner->is_map ? 0 : BIT(NFTA_SET_ELEM_DATA)) | BIT(NFTA_SET_ELEM_EXPR) |
                        BIT(NFTA_SET_ELEM_OBJREF) | BIT(NFTA_SET_ELEM_EXPRESSIONS));
        (void)mnl_attr_parse(had, sizeof(struct nfgenmsg), copy_list, &draft);
        mnl_attr_put_strz(draft.header, NFTA_SET_ELEM_LIST_SET, new_name(inner));
        mnl_attr_put_u32(draft.header, NFTA_SET_ELEM_LIST_SET_ID, htonl(inner->id));
        return end(&draft, out);
}

static bool is_known_expression(const char *name) {
        static const char *const names[] = {"payload", "cmp", "lookup", "meta", "immediate",
                "reject", "counter", "ct", "limit", "log", "bitwise", "range", "queue", "byteorder",
                "fib", "notrack", "socket", "rt", "exthdr", "quota", "last", "numgen", "hash",
                "connlimit", "osf", "xfrm"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

/* The inner set of this name, noted if it is new; NULL if there are too many. */
static const struct nft_copy_inner *inner_of(struct nft_copy *copy, const char *name) {
        size_t i = 0, len = strlen(name);
        while (i < copy->inner_count && strcmp(copy->inner[i].name, name) != 0)
                i++;
        if (i < copy->inner_count)
                return &copy->inner[i];
        if (i == NFT_COPY_INNER_MAX || len > NFT_COPY_NAME_MAX)
                return NULL;
        memcpy(copy->inner[i].name, name, len + 1);
        copy->inner[i].is_map = strncmp(name, "__map", 5) == 0;
        copy->inner[i].id = copy->next_id++;
        copy->inner_count++;
        return &copy->inner[i];
}

static bool is_inner(const char *name) {
        return strncmp(name, "__set", 5) == 0 || strncmp(name, "__map", 5) == 0;
}

static int copy_lookup(const struct nlattr *attribute, void *user) {
        struct draft *draft = user;
        uint16_t type = mnl_attr_get_type(attribute);
        if (!has_room(draft, attribute))
                draft->is_unusual = true;
        if (type == NFTA_LOOKUP_DREG && !draft->is_map)
                refuse(draft, "a map with a name", "");
        if (type == NFTA_LOOKUP_SREG || type == NFTA_LOOKUP_DREG || type == NFTA_LOOKUP_FLAGS)
                put_as_is(draft, attribute);
        if (type != NFTA_LOOKUP_SET || draft->is_unusual)
                return MNL_CB_OK;
        const char *name = mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0
                                   ? mnl_attr_get_str(attribute)
                                   : "";
        const struct nft_copy_inner *inner = is_inner(name) ? inner_of(draft->copy, name) : NULL;
        draft->is_map = inner && inner->is_map;
        if (strcmp(name, draft->copy->set) == 0) {
                put_as_is(draft, attribute);
        } else if (inner) {
                mnl_attr_put_strz(draft->header, NFTA_LOOKUP_SET, new_name(inner));
                mnl_attr_put_u32(draft->header, NFTA_LOOKUP_SET_ID, htonl(inner->id));
        } else {
                refuse(draft, "another set: ", name);
        }
        return MNL_CB_OK;
}

/* Its name comes first. */
static int copy_expression_part(const struct nlattr *attribute, void *user) {
        struct draft *draft = user;
        if (mnl_attr_get_type(attribute) == NFTA_EXPR_NAME) {
                const char *name = mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0
                                           ? mnl_attr_get_str(attribute)
                                           : "";
                draft->is_lookup = strcmp(name, "lookup") == 0;
                draft->is_immediate = strcmp(name, "immediate") == 0;
                if (!is_known_expression(name))
                        refuse(draft, "an expression: ", name);
        }
        if (mnl_attr_get_type(attribute) == NFTA_EXPR_DATA && draft->is_immediate)
                (void)mnl_attr_parse_nested(attribute, look_for_jump, draft);
        if (mnl_attr_get_type(attribute) != NFTA_EXPR_DATA || !draft->is_lookup) {
                put_as_is(draft, attribute);
                return MNL_CB_OK;
        }
        struct nlattr *nest = mnl_attr_nest_start(draft->header, NFTA_EXPR_DATA);
        (void)mnl_attr_parse_nested(attribute, copy_lookup, draft);
        mnl_attr_nest_end(draft->header, nest);
        return MNL_CB_OK;
}

static int copy_expression(const struct nlattr *item, void *user) {
        struct draft *draft = user;
        struct nlattr *nest = mnl_attr_nest_start(draft->header, NFTA_LIST_ELEM);
        draft->is_lookup = draft->is_immediate = draft->is_map = false;
        (void)mnl_attr_parse_nested(item, copy_expression_part, draft);
        mnl_attr_nest_end(draft->header, nest);
        return has_room(draft, item) ? MNL_CB_OK : MNL_CB_ERROR;
}

static int copy_rule_part(const struct nlattr *attribute, void *user) {
        struct draft *draft = user;
        if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS)
                return copy_attribute(attribute, draft);
        struct nlattr *list = mnl_attr_nest_start(draft->header, NFTA_RULE_EXPRESSIONS);
        if (mnl_attr_parse_nested(attribute, copy_expression, draft) == MNL_CB_ERROR)
                draft->is_unusual = true;
        mnl_attr_nest_end(draft->header, list);
        return MNL_CB_OK;
}

int nft_copy_rule(struct nft_copy *copy, const struct nlmsghdr *had, struct buffer *out) {
        struct draft draft = begin(copy, had, NFT_MSG_NEWRULE,
                BIT(NFTA_RULE_TABLE) | BIT(NFTA_RULE_CHAIN) | BIT(NFTA_RULE_USERDATA),
                BIT(NFTA_RULE_COMPAT));
        draft.header->nlmsg_flags |= NLM_F_APPEND;
        (void)mnl_attr_parse(had, sizeof(struct nfgenmsg), copy_rule_part, &draft);
        return end(&draft, out);
}
