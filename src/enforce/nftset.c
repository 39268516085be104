/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw messages, the batch around them is one transaction. Many elements of a set share a message,
 * which is cheap; if such a transaction is refused, it is tried again with a message for each
 * element, each acknowledged, so that the error names its element. Nothing is dumped, unlike nft
 * does it; but the kernel goes through a whole interval set at the end of each transaction, so that
 * many elements in one cost far less than many transactions. What kind of set it is, is asked
 * before each transaction, because it may have been made anew. An interval set stores an address as
 * its beginning and the end behind it. Refused (left to nft): prefixes, maps, concatenations, sets
 * that merge intervals, the last address of all (it has no end behind it). */
#include "enforce/nftset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/memory.h"
#include "enforce/nft_rule.h"

#define MESSAGE_MAX 1024         /* bytes of a message without elements: names, headers */
#define ELEMENTS_BYTES_MAX 48000 /* of the elements of one message: a list's length has 16 bits */
#define ELEMENT_BYTES_MAX 128    /* of one: two keys */
#define LOOKS_MAX 5
#define SOCKET_ROOM (4 << 20) /* bytes for a whole transaction, and for its answers */
#define TYPE_INET4 7          /* nft's numbers of key types */
#define TYPE_INET6 8
#define UDATA_MERGE 2 /* nft's type of a set's user data: merge elements */

struct nftset {
        struct mnl_socket *socket;
        uint32_t seq;
};

struct set_kind {
        bool is_known; /* an attribute of a reply set has been seen */
        uint32_t flags;
        uint32_t key_type;
        uint32_t key_len;
        bool merges;
};

static bool parse_family(const char *word, uint8_t *ret) {
        static const struct {
                const char *word;
                uint8_t family;
        } rows[] = {
                {"inet",   NFPROTO_INET  },
                {"ip",     NFPROTO_IPV4  },
                {"ip6",    NFPROTO_IPV6  },
                {"bridge", NFPROTO_BRIDGE},
                {"netdev", NFPROTO_NETDEV}
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (strcmp(word, rows[i].word) == 0) {
                        *ret = rows[i].family;
                        return true;
                }
        return false;
}

static bool take_name(const char *word, char ret[static NFTSET_NAME_MAX + 1]) {
        size_t len = strlen(word);
        if (len == 0 || len > NFTSET_NAME_MAX ||
                !((*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z') || *word == '_'))
                return false;
        for (size_t i = 0; i < len; i++) {
                char c = word[i];
                bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '_' || c == '-';
                if (!is_plain)
                        return false;
        }
        memcpy(ret, word, len + 1);
        return true;
}

static bool is_system_nft(const char *name) {
        static const char *const places[] = {
                "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/bin/nft"};
        char path[PATH_MAX];
        const char *base = strrchr(name, '/');
        if (strcmp(base ? base + 1 : name, "nft") != 0 || !plain_command_find(name, path))
                return false;
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                if (strcmp(path, places[i]) == 0)
                        return true;
        return false;
}

bool nftset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_place *ret_place, bool *ret_is_delete) {
        char *const *words = command->words;
        struct address written;
        if (command->count != 9 || strcmp(words[2], "element") != 0 || strcmp(words[6], "{") != 0 ||
                strcmp(words[8], "}") != 0)
                return false;
        *ret_is_delete = strcmp(words[1], "delete") == 0;
        if (!*ret_is_delete && strcmp(words[1], "add") != 0)
                return false;
        if (!parse_family(words[3], &ret_place->family) || !take_name(words[4], ret_place->table) ||
                !take_name(words[5], ret_place->set))
                return false;
        return address_parse(slice_of(words[7]), &written) == 0 &&
               address_equal(&written, address) && address_is_single(address) &&
               is_system_nft(words[0]);
}

/* As root more than the system's limit. */
static void make_room(int fd) {
        int room = SOCKET_ROOM;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

struct nftset *nftset_new(void) {
        struct timeval limit = {
                .tv_sec = NFTSET_TIMEOUT_MS / 1000, .tv_usec = NFTSET_TIMEOUT_MS % 1000 * 1000};
        int brief = 1; /* errors without the message that they are about */
        struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
        if (!socket)
                return NULL;
        if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
                (void)mnl_socket_close(socket);
                return NULL;
        }
        (void)setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &brief, sizeof(brief));
        make_room(mnl_socket_get_fd(socket));
        struct nftset *nftset = memory_new(sizeof(*nftset));
        *nftset = (struct nftset){.socket = socket, .seq = 1};
        return nftset;
}

struct nftset *nftset_free(struct nftset *nftset) {
        if (!nftset)
                return NULL;
        (void)mnl_socket_close(nftset->socket);
        free(nftset);
        return NULL;
}

static struct nlmsghdr *put_header(char *buffer, uint16_t type, uint16_t flags, uint32_t seq,
        uint8_t family, uint16_t res_id) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
        header->nlmsg_type = type;
        header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
        header->nlmsg_seq = seq;
        struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));
        generic->nfgen_family = family;
        generic->version = NFNETLINK_V0;
        generic->res_id = htons(res_id);
        return header;
}

static int on_set_attribute(const struct nlattr *attribute, void *user) {
        struct set_kind *kind = user;
        kind->is_known = true;
        switch (mnl_attr_get_type(attribute)) {
        case NFTA_SET_FLAGS:
                kind->flags = ntohl(mnl_attr_get_u32(attribute));
                break;
        case NFTA_SET_KEY_TYPE:
                kind->key_type = ntohl(mnl_attr_get_u32(attribute));
                break;
        case NFTA_SET_KEY_LEN:
                kind->key_len = ntohl(mnl_attr_get_u32(attribute));
                break;
        case NFTA_SET_USERDATA: {
                const unsigned char *bytes = mnl_attr_get_payload(attribute);
                size_t len = mnl_attr_get_payload_len(attribute);
                for (size_t at = 0; at + 2 <= len; at += 2U + bytes[at + 1])
                        if (bytes[at] == UDATA_MERGE)
                                for (size_t i = at + 2; i < at + 2U + bytes[at + 1] && i < len; i++)
                                        kind->merges = kind->merges || bytes[i] != 0;
                break;
        }
        default:
                break;
        }
        return MNL_CB_OK;
}

static int on_set(const struct nlmsghdr *header, void *user) {
        return mnl_attr_parse(header, sizeof(struct nfgenmsg), on_set_attribute, user);
}

/* Sends a question and hands its answers to answer. Returns 0 or negative errno. */
static int ask(struct nftset *nftset, struct nlmsghdr *header, mnl_cb_t answer, void *user) {
        char *reply = memory_new((size_t)MNL_SOCKET_BUFFER_SIZE);
        uint32_t seq = header->nlmsg_seq;
        int r = mnl_socket_sendto(nftset->socket, header, header->nlmsg_len) < 0 ? -errno : 1;
        while (r > 0) {
                ssize_t len =
                        mnl_socket_recvfrom(nftset->socket, reply, (size_t)MNL_SOCKET_BUFFER_SIZE);
                if (len < 0)
                        r = -errno;
                else
                        r = mnl_cb_run(reply, (size_t)len, seq,
                                mnl_socket_get_portid(nftset->socket), answer, user);
                if (r < 0)
                        r = errno ? -errno : -EIO;
        }
        free(reply);
        return r;
}

static int ask_kind(struct nftset *nftset, const struct nftset_place *place, struct set_kind *ret) {
        char buffer[MESSAGE_MAX];
        struct nlmsghdr *header = put_header(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSET,
                NLM_F_ACK, nftset->seq++, place->family, 0);
        mnl_attr_put_strz(header, NFTA_SET_TABLE, place->table);
        mnl_attr_put_strz(header, NFTA_SET_NAME, place->set);
        *ret = (struct set_kind){0};
        int r = ask(nftset, header, on_set, ret);
        return r < 0 ? r : ret->is_known ? 0 : -ENOENT;
}

static bool is_usual(const struct set_kind *kind, uint8_t family) {
        uint32_t known = NFT_SET_INTERVAL | NFT_SET_TIMEOUT;
        bool is_four = family == ADDRESS_INET4;
        if ((kind->flags & ~known) || kind->merges)
                return false;
        return kind->key_type == (is_four ? TYPE_INET4 : TYPE_INET6) &&
               kind->key_len == (is_four ? 4 : 16);
}

/* Adds one to the number in bytes; false if it was the last. */
static bool count_up(uint8_t *bytes, size_t len) {
        while (len > 0)
                if (++bytes[--len] != 0)
                        return true;
        return false;
}

static void put_key(struct nlmsghdr *header, const uint8_t *bytes, size_t len, bool is_end) {
        struct nlattr *item = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
        struct nlattr *key = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
        mnl_attr_put(header, NFTA_DATA_VALUE, len, bytes);
        mnl_attr_nest_end(header, key);
        if (is_end)
                mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
        mnl_attr_nest_end(header, item);
}

/* False if the address has no end. */
static bool put_element(struct nlmsghdr *header, const struct nftset_element *element,
        const struct set_kind *kind) {
        uint8_t end[16];
        memcpy(end, element->address.bytes, sizeof(end));
        bool has_end = (kind->flags & NFT_SET_INTERVAL) != 0;
        if (has_end && !count_up(end, kind->key_len))
                return false;
        put_key(header, element->address.bytes, kind->key_len, false);
        if (has_end)
                put_key(header, end, kind->key_len, true);
        return true;
}

enum packing { PACKED, ONE_EACH };

/* A transaction in the making. */
struct transaction {
        const struct nftset_element *elements;
        const struct set_kind *kinds;
        size_t count;
        enum packing packing;
        char *bytes;
        size_t len;
        uint32_t begin;    /* sequence number of the first message, which begins it */
        uint32_t messages; /* with elements */
};

static bool is_same_set(const struct nftset_element *a, const struct nftset_element *b) {
        return a->place == b->place || (a->place->family == b->place->family &&
                                               strcmp(a->place->table, b->place->table) == 0 &&
                                               strcmp(a->place->set, b->place->set) == 0);
}

/* Puts a message with the element at index, and as many behind it as may share it. Returns the
 * index behind them, 0 if one has no end. */
static size_t put_message(struct transaction *t, size_t index) {
        const struct nftset_element *first = &t->elements[index];
        uint16_t type = (NFNL_SUBSYS_NFTABLES << 8) |
                        (first->is_delete ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM);
        uint16_t flags = first->is_delete ? NLM_F_ACK : NLM_F_ACK | NLM_F_CREATE;
        struct nlmsghdr *header = put_header(t->bytes + t->len, type, flags,
                t->begin + 1 + t->messages++, first->place->family, 0);
        mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, first->place->table);
        mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, first->place->set);
        struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
        uint32_t empty = header->nlmsg_len;
        do {
                if (!put_element(header, &t->elements[index], &t->kinds[index]))
                        return 0;
                index++;
        } while (t->packing == PACKED && index < t->count &&
                 header->nlmsg_len - empty < ELEMENTS_BYTES_MAX &&
                 t->elements[index].is_delete == first->is_delete &&
                 is_same_set(&t->elements[index], first));
        mnl_attr_nest_end(header, list);
        t->len += header->nlmsg_len;
        return index;
}

/* Returns false if an element cannot be expressed. */
static bool put_transaction(struct transaction *t) {
        t->len += put_header(
                t->bytes, NFNL_MSG_BATCH_BEGIN, 0, t->begin, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)
                          ->nlmsg_len;
        for (size_t i = 0; i < t->count;) {
                i = put_message(t, i);
                if (i == 0)
                        return false;
        }
        t->len += put_header(t->bytes + t->len, NFNL_MSG_BATCH_END, 0, t->begin + 1 + t->messages,
                AF_UNSPEC, NFNL_SUBSYS_NFTABLES)
                          ->nlmsg_len;
        return true;
}

/* The answers of the messages with seq first ... first + count - 1, any order. *ret_bad: which of
 * them was refused, count if that was not said. */
static int receive(struct nftset *nftset, uint32_t first, size_t count, size_t *ret_bad) {
        char *reply = memory_new((size_t)MNL_SOCKET_BUFFER_SIZE);
        size_t answers = 0;
        int r = 0;
        *ret_bad = count;
        while (r == 0 && answers < count) {
                ssize_t got =
                        mnl_socket_recvfrom(nftset->socket, reply, (size_t)MNL_SOCKET_BUFFER_SIZE);
                int len = (int)got;
                if (got <= 0)
                        r = got < 0 && errno ? -errno : -EIO;
                for (struct nlmsghdr *header = (struct nlmsghdr *)(void *)reply;
                        r == 0 && mnl_nlmsg_ok(header, len);
                        header = mnl_nlmsg_next(header, &len)) {
                        size_t index = header->nlmsg_seq - first;
                        if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq + 1 < first)
                                continue; /* a late answer to something before */
                        const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
                        r = error->error;
                        if (r != 0 && index < count)
                                *ret_bad = index;
                        answers++;
                }
        }
        free(reply);
        return r > 0 ? -r : r;
}

/* Answers that nobody waits for any more. */
static void discard(struct nftset *nftset) {
        char bytes[4096];
        while (recv(mnl_socket_get_fd(nftset->socket), bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
                continue;
}

/* Asks what kinds of sets the elements are for. */
static int ask_kinds(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        struct set_kind *ret_kinds, size_t *ret_bad) {
        int r = 0;
        for (size_t i = 0; i < count && r == 0; i++) {
                if (i > 0 && is_same_set(&elements[i], &elements[i - 1]))
                        ret_kinds[i] = ret_kinds[i - 1];
                else
                        r = ask_kind(nftset, elements[i].place, &ret_kinds[i]);
                if (r == 0 && !is_usual(&ret_kinds[i], elements[i].address.family))
                        r = NFTSET_E_UNUSUAL;
                if (r != 0)
                        *ret_bad = i;
        }
        return r;
}

/* Sends the transaction and waits for what the kernel says. */
static int transact(struct nftset *nftset, struct transaction *t, size_t *ret_bad) {
        size_t bad = t->count;
        t->begin = nftset->seq;
        t->bytes = memory_new((t->count + 4) * (MESSAGE_MAX + ELEMENT_BYTES_MAX));
        int r = put_transaction(t) ? 0 : NFTSET_E_UNUSUAL;
        nftset->seq += t->messages + 2;
        if (r == 0)
                r = mnl_socket_sendto(nftset->socket, t->bytes, t->len) < 0
                            ? -errno
                            : receive(nftset, t->begin + 1, t->messages, &bad);
        if (r < 0)
                *ret_bad = t->packing == ONE_EACH && bad < t->count ? bad : t->count;
        free(t->bytes);
        return r;
}

int nftset_apply(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        size_t *ret_bad) {
        *ret_bad = count;
        if (count == 0 || count > NFTSET_BATCH_MAX)
                return count == 0 ? 0 : NFTSET_E_UNUSUAL;
        struct set_kind *kinds = memory_new_array(count, sizeof(*kinds));
        struct transaction packed = {elements, kinds, count, PACKED, NULL, 0, 0, 0};
        struct transaction each = packed;
        each.packing = ONE_EACH;
        discard(nftset);
        int r = ask_kinds(nftset, elements, count, kinds, ret_bad);
        if (r == 0) {
                r = transact(nftset, &packed, ret_bad);
                if (r < 0) {
                        discard(nftset);
                        r = transact(nftset, &each, ret_bad);
                }
        }
        free(kinds);
        return r;
}

struct rule_search {
        const struct nftset_place *place;
        bool is_found;
};

static int on_table_rule(const struct nlmsghdr *header, void *user) {
        struct rule_search *search = user;
        search->is_found =
                search->is_found || nft_rule_uses(header, search->place->table, search->place->set);
        return MNL_CB_OK;
}

/* Whether a rule of the table looks into the set. */
static int ask_hook(struct nftset *nftset, const struct nftset_place *place, bool *ret) {
        char buffer[MESSAGE_MAX];
        struct rule_search search = {.place = place};
        discard(nftset);
        struct nlmsghdr *header = put_header(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE,
                NLM_F_DUMP, nftset->seq++, place->family, 0);
        mnl_attr_put_strz(header, NFTA_RULE_TABLE, place->table);
        int r = ask(nftset, header, on_table_rule, &search);
        *ret = search.is_found;
        return search.is_found ? 0 : r;
}

int nftset_look(struct nftset *nftset, const struct nftset_place *place, uint8_t family,
        enum nftset_state *ret) {
        struct set_kind kind;
        bool is_hooked = false;
        discard(nftset);
        int r = ask_kind(nftset, place, &kind);
        *ret = r == 0 && !is_usual(&kind, family) ? NFTSET_UNUSUAL : NFTSET_MISSING;
        if (r < 0 || *ret == NFTSET_UNUSUAL)
                return r == -ENOENT ? 0 : r;
        r = -EINTR; /* somebody has changed rules while they were listed: once more */
        for (unsigned i = 0; i < LOOKS_MAX && r == -EINTR; i++)
                r = ask_hook(nftset, place, &is_hooked);
        *ret = is_hooked ? NFTSET_HOOKED : NFTSET_UNHOOKED;
        return r;
}

static int on_generation(const struct nlattr *attribute, void *user) {
        if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
                mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
                *(uint32_t *)user = ntohl(mnl_attr_get_u32(attribute));
        return MNL_CB_OK;
}

static int on_new_generation(const struct nlmsghdr *header, void *user) {
        return mnl_attr_parse(header, sizeof(struct nfgenmsg), on_generation, user);
}

int nftset_generation(struct nftset *nftset, uint32_t *ret) {
        char buffer[MESSAGE_MAX];
        discard(nftset);
        struct nlmsghdr *header = put_header(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN,
                NLM_F_ACK, nftset->seq++, AF_UNSPEC, 0);
        *ret = 0;
        return ask(nftset, header, on_new_generation, ret);
}

uint32_t nftset_port(const struct nftset *nftset) {
        return mnl_socket_get_portid(nftset->socket);
}
