/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw messages, the batch around them is one transaction. Many elements of a set share a message,
 * which is cheap; if such a transaction is refused, it is tried again with a message for each
 * element, each acknowledged, so that the error names its element. Nothing is dumped, unlike nft
 * does it; but the kernel goes through a whole interval set at the end of each transaction, so that
 * many elements in one cost far less than many transactions. What kind of set it is, is asked
 * before each transaction, because it may have been made anew. Refused (left to nft): maps,
 * concatenations, sets that merge intervals, prefixes in a set without intervals, the last address
 * of all in one with intervals (it has no end behind it). */
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
#include "enforce/nft_image.h"
#include "enforce/nft_rule.h"
#include "enforce/nftset_transaction.h"

#define LOOKS_MAX 5
#define LOOK_BACK 8           /* elements, for one of the same set */
#define SOCKET_ROOM (4 << 20) /* bytes for a whole transaction, and for its answers */
#define TYPE_INET4 7          /* nft's numbers of key types */
#define TYPE_INET6 8
#define UDATA_MERGE 2 /* nft's type of a set's user data: merge elements */

struct nftset {
        struct mnl_socket *socket;
        uint32_t seq;
};

/* As root more than the system's limit. */
static void make_room(int fd, size_t bytes) {
        int room = (int)bytes;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

struct nftset *nftset_new(void) {
        struct timeval limit = {
                .tv_sec = NFTSET_TIMEOUT_MS / 1000, .tv_usec = NFTSET_TIMEOUT_MS % 1000 * 1000L};
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
        make_room(mnl_socket_get_fd(socket), SOCKET_ROOM);
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

/* One that is no number counts as the largest, which is of no kind that we know. */
static uint32_t number_of(const struct nlattr *attribute) {
        return mnl_attr_validate(attribute, MNL_TYPE_U32) < 0 ? UINT32_MAX
                                                              : ntohl(mnl_attr_get_u32(attribute));
}

static int on_set_attribute(const struct nlattr *attribute, void *user) {
        struct nftset_kind *kind = user;
        kind->is_known = true;
        switch (mnl_attr_get_type(attribute)) {
        case NFTA_SET_FLAGS:
                kind->flags = number_of(attribute);
                break;
        case NFTA_SET_KEY_TYPE:
                kind->key_type = number_of(attribute);
                break;
        case NFTA_SET_KEY_LEN:
                kind->key_len = number_of(attribute);
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

int nftset_ask(struct nftset *nftset, struct nlmsghdr *header, mnl_cb_t answer, void *user) {
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
                        r = errno > 0 ? -errno : -EIO;
        }
        free(reply);
        return r;
}

int nftset_ask_kind(
        struct nftset *nftset, const struct nftset_place *place, struct nftset_kind *ret) {
        char buffer[NFTSET_MESSAGE_MAX];
        struct nlmsghdr *header =
                nftset_put_header(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSET, NLM_F_ACK,
                        nftset->seq++, place->family, 0);
        mnl_attr_put_strz(header, NFTA_SET_TABLE, place->table);
        mnl_attr_put_strz(header, NFTA_SET_NAME, place->set);
        *ret = (struct nftset_kind){0};
        int r = nftset_ask(nftset, header, on_set, ret);
        return r < 0 ? r : ret->is_known ? 0 : -ENOENT;
}

static bool is_usual(const struct nftset_kind *kind, uint8_t family) {
        uint32_t known = NFT_SET_INTERVAL | NFT_SET_TIMEOUT;
        bool is_four = family == ADDRESS_INET4;
        if ((kind->flags & ~known) || kind->merges)
                return false;
        return kind->key_type == (is_four ? TYPE_INET4 : TYPE_INET6) &&
               kind->key_len == (is_four ? 4 : 16);
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
                if (got < 0 && errno != ENOBUFS)
                        r = -errno;
                else if (got <= 0)
                        r = -EIO; /* answers are lost: it is done or not, and is not to be done
                                     again */
                for (struct nlmsghdr *header = (struct nlmsghdr *)(void *)reply;
                        r == 0 && mnl_nlmsg_ok(header, len);
                        header = mnl_nlmsg_next(header, &len)) {
                        size_t index = header->nlmsg_seq - first;
                        if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq + 1 < first ||
                                mnl_nlmsg_get_payload_len(header) < sizeof(struct nlmsgerr))
                                continue; /* a late answer to something before, or none */
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
        struct nftset_kind *ret_kinds, size_t *ret_bad) {
        int r = 0;
        for (size_t i = 0; i < count && r == 0; i++) {
                size_t back = 1;
                while (back <= LOOK_BACK && back <= i &&
                        elements[i - back].place != elements[i].place)
                        back++;
                if (back <= LOOK_BACK && back <= i)
                        ret_kinds[i] = ret_kinds[i - back];
                else
                        r = nftset_ask_kind(nftset, elements[i].place, &ret_kinds[i]);
                if (r == 0 && !is_usual(&ret_kinds[i], elements[i].address.family))
                        r = NFTSET_E_UNUSUAL;
                if (r != 0)
                        *ret_bad = i;
        }
        return r;
}

uint32_t nftset_take_seq(struct nftset *nftset, uint32_t count) {
        uint32_t first = nftset->seq;
        nftset->seq += count;
        return first;
}

int nftset_exchange(struct nftset *nftset, const char *bytes, size_t len, uint32_t first,
        size_t count, size_t *ret_bad) {
        discard(nftset);
        *ret_bad = count;
        if (len > SOCKET_ROOM)
                make_room(mnl_socket_get_fd(nftset->socket), len + len / 8);
        if (mnl_socket_sendto(nftset->socket, bytes, len) < 0)
                return -errno;
        return receive(nftset, first, count, ret_bad);
}

/* Sends a transaction and waits for what the kernel says. */
static int transact(struct nftset *nftset, struct nftset_transaction *t, size_t *ret_bad) {
        size_t bad = SIZE_MAX;
        t->begin = nftset->seq;
        int r = nftset_transaction_make(t);
        (void)nftset_take_seq(nftset, t->messages + 2);
        if (r == 0)
                r = nftset_exchange(nftset, t->bytes, t->len, t->begin + 1, t->messages, &bad);
        if (r < 0)
                *ret_bad = t->packing == NFTSET_ONE_EACH && bad < t->messages ? t->owners[bad]
                                                                              : t->count;
        nftset_transaction_done(t);
        return r;
}

int nftset_apply(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        size_t *ret_bad) {
        *ret_bad = count;
        if (count == 0 || count > NFTSET_BATCH_MAX)
                return count == 0 ? 0 : NFTSET_E_UNUSUAL;
        struct nftset_kind *kinds = memory_new_array(count, sizeof(*kinds));
        struct nftset_transaction packed = {
                .elements = elements, .kinds = kinds, .count = count, .packing = NFTSET_PACKED};
        struct nftset_transaction each = packed;
        each.packing = NFTSET_ONE_EACH;
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

/* What kinds of sets the elements are for, which may be there only in an image. */
static int find_kinds(struct nftset *nftset, const struct nft_image *const *images,
        size_t image_count, const struct nftset_element *elements, size_t count,
        struct nftset_kind *ret) {
        int r = 0;
        for (size_t i = 0; i < count && r == 0; i++) {
                const struct nftset_place *place = elements[i].place;
                size_t k = 0;
                while (k < image_count && images[k]->place != place)
                        k++;
                if (k < image_count)
                        ret[i] = images[k]->kind;
                else if (i > 0 && elements[i - 1].place == place)
                        ret[i] = ret[i - 1];
                else
                        r = nftset_ask_kind(nftset, place, &ret[i]);
                if (r == 0 && !is_usual(&ret[i], elements[i].address.family))
                        r = NFTSET_E_UNUSUAL;
        }
        return r;
}

/* whole, in parts of at most part_max elements, rules with the last. */
static int restore_in_parts(struct nftset *nftset, const struct nftset_transaction *whole,
        size_t part_max, uint32_t *transactions) {
        int r = 0;
        size_t done = 0, bad;
        do {
                struct nftset_transaction part = *whole;
                bool is_last = whole->count - done <= part_max;
                part.elements += done;
                part.kinds += done;
                part.count = is_last ? whole->count - done : part_max;
                part.with =
                        (done == 0 ? NFTSET_WITH_BEFORE : 0) | (is_last ? NFTSET_WITH_AFTER : 0);
                discard(nftset);
                r = transact(nftset, &part, &bad);
                done += part.count;
                (*transactions)++;
        } while (r == 0 && done < whole->count);
        return r;
}

int nftset_restore(struct nftset *nftset, const struct nft_image *const *images, size_t image_count,
        const struct nftset_element *elements, size_t count, uint32_t *ret_transactions) {
        *ret_transactions = 0;
        struct nftset_kind *kinds = memory_new_array(count + 1, sizeof(*kinds));
        struct nftset_transaction whole = {.elements = elements,
                .kinds = kinds,
                .count = count,
                .packing = NFTSET_PACKED,
                .images = images,
                .image_count = image_count};
        discard(nftset);
        int r = find_kinds(nftset, images, image_count, elements, count, kinds);
        if (r == 0)
                r = restore_in_parts(nftset, &whole, NFTSET_WHOLE_MAX, ret_transactions);
        if (r == -EMSGSIZE || r == -ENOBUFS || r == -ENOMEM)
                r = restore_in_parts(nftset, &whole, NFTSET_BATCH_MAX, ret_transactions);
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
        char buffer[NFTSET_MESSAGE_MAX];
        struct rule_search search = {.place = place};
        discard(nftset);
        struct nlmsghdr *header =
                nftset_put_header(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_DUMP,
                        nftset->seq++, place->family, 0);
        mnl_attr_put_strz(header, NFTA_RULE_TABLE, place->table);
        int r = nftset_ask(nftset, header, on_table_rule, &search);
        *ret = search.is_found;
        return search.is_found ? 0 : r;
}

int nftset_look(struct nftset *nftset, const struct nftset_place *place, uint8_t family,
        enum nftset_state *ret) {
        struct nftset_kind kind;
        bool is_hooked = false;
        discard(nftset);
        int r = nftset_ask_kind(nftset, place, &kind);
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
        char buffer[NFTSET_MESSAGE_MAX];
        discard(nftset);
        struct nlmsghdr *header =
                nftset_put_header(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN, NLM_F_ACK,
                        nftset->seq++, AF_UNSPEC, 0);
        *ret = 0;
        return nftset_ask(nftset, header, on_new_generation, ret);
}

uint32_t nftset_port(const struct nftset *nftset) {
        return mnl_socket_get_portid(nftset->socket);
}
