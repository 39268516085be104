/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packed, neighbours of the same set with the same deed share a message; else each element has its
 * own, so that the kernel's answer names it. An element that has to be gone is added and
 * deleted, in two messages. An interval set stores an address or prefix as its beginning and the
 * end behind it.
 */
#include "enforce/nftset_transaction.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "enforce/nft_image.h"

#define ELEMENTS_BYTES_MAX 48000 /* of the elements of one message: a list's length has 16 bits */
#define ELEMENT_BYTES_MAX 128    /* of one: two keys, a timeout */

struct nlmsghdr *nftset_put_header(char *buffer, uint16_t type, uint16_t flags, uint32_t seq,
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

/* Adds one to the number in the first bits of bytes; false if it was the last. */
static bool count_up(uint8_t *bytes, unsigned bits) {
        if (bits == 0)
                return false;
        size_t at = (bits - 1) / 8;
        unsigned step = 1U << (7 - (bits - 1) % 8), carry = step;
        for (;; at--) {
                unsigned sum = bytes[at] + carry;
                bytes[at] = (uint8_t)sum;
                carry = sum >> 8;
                if (carry == 0)
                        return true;
                if (at == 0)
                        return false;
        }
}

static void put_key(struct nlmsghdr *header, const uint8_t *bytes, size_t len, uint32_t flags,
        uint64_t timeout_ms) {
        struct nlattr *item = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
        struct nlattr *key = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
        mnl_attr_put(header, NFTA_DATA_VALUE, len, bytes);
        mnl_attr_nest_end(header, key);
        if (flags)
                mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS, htonl(flags));
        if (timeout_ms > 0)
                mnl_attr_put_u64(header, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
        mnl_attr_nest_end(header, item);
}

/* False if the element has no end, or the set none for it. */
static bool put_element(struct nlmsghdr *header, const struct nftset_element *element,
        const struct nftset_kind *kind, uint64_t timeout_ms) {
        uint8_t end[16];
        memcpy(end, element->address.bytes, sizeof(end));
        bool has_end = (kind->flags & NFT_SET_INTERVAL) != 0;
        if (timeout_ms > 0 && !(kind->flags & NFT_SET_TIMEOUT))
                return false;
        if (has_end ? !count_up(end, element->address.plen) : !address_is_single(&element->address))
                return false;
        put_key(header, element->address.bytes, kind->key_len, 0, timeout_ms);
        if (has_end)
                put_key(header, end, kind->key_len, NFT_SET_ELEM_INTERVAL_END, 0);
        return true;
}

static bool is_alike(const struct nftset_element *a, const struct nftset_element *b) {
        if (a->deed != b->deed)
                return false;
        return a->place == b->place || (a->place->family == b->place->family &&
                                               strcmp(a->place->table, b->place->table) == 0 &&
                                               strcmp(a->place->set, b->place->set) == 0);
}

/* What a message does with its elements. */
enum part { PART_NONE, PART_ADD, PART_TOUCH /* adds, without a timeout */, PART_DELETE };
#define PARTS_MAX 3

static void room_for(struct nftset_transaction *t, size_t more) {
        if (t->capacity - t->len >= more)
                return;
        t->capacity = t->len * 2 + more;
        t->bytes = memory_resize(t->bytes, t->capacity, 1);
}

/* Puts a message with the element at index, and as many behind it as may share it. Returns the
 * index behind them, 0 if one cannot be expressed. */
static size_t put_message(struct nftset_transaction *t, size_t index, enum part part) {
        const struct nftset_element *first = &t->elements[index];
        bool is_add = part != PART_DELETE;
        uint8_t type = is_add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
        uint16_t flags = is_add ? NLM_F_ACK | NLM_F_CREATE : NLM_F_ACK;
        room_for(t, NFTSET_MESSAGE_MAX + ELEMENT_BYTES_MAX +
                            (t->packing == NFTSET_PACKED ? ELEMENTS_BYTES_MAX : 0));
        memory_reserve(&t->owners, t->messages, &t->owner_capacity, sizeof(*t->owners));
        t->owners[t->messages] = (uint32_t)index;
        struct nlmsghdr *header =
                nftset_put_header(t->bytes + t->len, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
                        flags, t->begin + 1 + t->messages++, first->place->family, 0);
        mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, first->place->table);
        mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, first->place->set);
        struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
        uint32_t empty = header->nlmsg_len;
        do {
                const struct nftset_element *element = &t->elements[index];
                if (!put_element(header, element, &t->kinds[index],
                            part == PART_ADD ? element->timeout_ms : 0))
                        return 0;
                index++;
        } while (t->packing == NFTSET_PACKED && index < t->count &&
                 header->nlmsg_len - empty < ELEMENTS_BYTES_MAX &&
                 is_alike(&t->elements[index], first));
        mnl_attr_nest_end(header, list);
        t->len += header->nlmsg_len;
        return index;
}

/* Puts the messages of the element at index and of those that share them. Returns as above. */
static size_t put_deed(struct nftset_transaction *t, size_t index) {
        static const enum part parts[][PARTS_MAX] = {
                [NFTSET_ADD] = {PART_ADD    },
                [NFTSET_DELETE] = {                     PART_DELETE},
                [NFTSET_REMOVE] = {            PART_TOUCH,           PART_DELETE},
                [NFTSET_RENEW] = { PART_TOUCH,            PART_DELETE, PART_ADD},
        };
        const enum part *list = parts[t->elements[index].deed];
        size_t next = 1;
        for (size_t i = 0; i < PARTS_MAX && list[i] != PART_NONE && next > 0; i++)
                next = put_message(t, index, list[i]);
        return next;
}

/* Puts messages as they are, with numbers of this transaction. */
static void put_made(struct nftset_transaction *t, struct slice made) {
        room_for(t, made.len);
        memcpy(t->bytes + t->len, made.data, made.len);
        for (size_t at = 0; at < made.len;) {
                struct nlmsghdr *header = (struct nlmsghdr *)(void *)(t->bytes + t->len + at);
                memory_reserve(&t->owners, t->messages, &t->owner_capacity, sizeof(*t->owners));
                t->owners[t->messages] = (uint32_t)t->count;
                header->nlmsg_seq = t->begin + 1 + t->messages++;
                at += header->nlmsg_len;
        }
        t->len += made.len;
}

static void put_frame(struct nftset_transaction *t, uint16_t type) {
        room_for(t, NFTSET_MESSAGE_MAX);
        uint32_t seq = type == NFNL_MSG_BATCH_BEGIN ? t->begin : t->begin + 1 + t->messages;
        t->len += nftset_put_header(
                t->bytes + t->len, type, 0, seq, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)
                          ->nlmsg_len;
}

int nftset_transaction_make(struct nftset_transaction *t) {
        put_frame(t, NFNL_MSG_BATCH_BEGIN);
        for (size_t i = 0; i < t->image_count && (t->with & NFTSET_WITH_BEFORE); i++)
                put_made(t, buffer_view(&t->images[i]->before));
        for (size_t i = 0; i < t->count;) {
                i = put_deed(t, i);
                if (i == 0)
                        return NFTSET_E_UNUSUAL;
        }
        for (size_t i = 0; i < t->image_count && (t->with & NFTSET_WITH_AFTER); i++)
                put_made(t, buffer_view(&t->images[i]->after));
        put_frame(t, NFNL_MSG_BATCH_END);
        return 0;
}

void nftset_transaction_done(struct nftset_transaction *t) {
        free(t->owners);
        free(t->bytes);
        t->owners = NULL;
        t->bytes = NULL;
        t->len = t->capacity = t->owner_capacity = 0;
        t->messages = 0;
}
