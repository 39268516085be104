/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds to and deletes from nftables sets over netlink: what `nft add element` and `nft delete
 * element` do, without starting nft. Sets are the administrator's; anything unusual is left to nft
 * itself. */
#pragma once

#include <stddef.h>

#include "base/address.h"

struct nlmsghdr;

#define NFTSET_NAME_MAX 255    /* bytes of a table's or set's name */
/* Elements of one transaction. At its end the kernel goes through the whole of an interval set, which
 * takes 20 ms for one of 100,000: so many new ones take about as long. */
#define NFTSET_BATCH_MAX 8192
#define NFTSET_TIMEOUT_MS 5000 /* for the kernel's answer */

struct nftset; /* the link to the kernel */
struct nft_image;
struct nftset_kind;

/* Which set. */
struct nftset_place {
        bool is_ipset;  /* it is none of nftables' (ipset.h): no family, no table */
        uint8_t family; /* NFPROTO_* */
        char table[NFTSET_NAME_MAX + 1];
        char set[NFTSET_NAME_MAX + 1];
};

enum nftset_deed {
        NFTSET_ADD,
        NFTSET_DELETE, /* it has to be there */
        NFTSET_REMOVE, /* it need not be there */
        NFTSET_RENEW,  /* it need not be there; afterwards it is, with this timeout */
};

struct nftset_element {
        const struct nftset_place *place; /* borrowed; the same pointer for neighbours saves work */
        enum nftset_deed deed;
        uint64_t timeout_ms; /* with NFTSET_ADD and _RENEW, after which the kernel takes it out; 0:
                                never */
        struct address address;
};

#define NFTSET_FOR_EVER UINT64_MAX /* timeout_ms: for ever, even if the set says otherwise */

/* Returns NULL with errno set if there is no netlink. */
struct nftset *nftset_new(void);
/* NULL is allowed. Returns NULL. */
struct nftset *nftset_free(struct nftset *nftset);
/* Does all of it, in this order, in one transaction, or nothing. Returns 0, NFTSET_E_UNUSUAL if a
 * set or an address is of a kind that only nft handles (or there are too many elements), or the
 * kernel's negative errno; *ret_bad is then the index of the first element that was refused, count
 * if nobody said which. */
enum { NFTSET_E_UNUSUAL = 1 };
int nftset_apply(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        size_t *ret_bad);

/* Puts back, in one transaction, what the images (nft_image.h) show, each with its set's elements:
 * the kernel never has the rules without the elements. The place of an element is that of one of
 * the images (the same pointer), or of a set that is there; all deeds are NFTSET_ADD. Of more than
 * NFTSET_WHOLE_MAX elements, or if the socket does not take as much, tables, chains and sets come
 * first, elements in several transactions, and the rules with the last of them. *ret_transactions:
 * how many there were. Returns as nftset_apply(), without the index. */
#define NFTSET_WHOLE_MAX 262144 /* elements in one transaction: up to 20 MB */
int nftset_restore(struct nftset *nftset, const struct nft_image *const *images, size_t image_count,
        const struct nftset_element *elements, size_t count, uint32_t *ret_transactions);

/* How a set stands. */
enum nftset_state {
        NFTSET_MISSING,
        NFTSET_UNUSUAL,  /* only nft handles it */
        NFTSET_UNHOOKED, /* no rule of its table looks into it */
        NFTSET_HOOKED,
};
/* Looks at the set for addresses of family (enum address_family). Returns 0, or negative errno if
 * the kernel does not say. */
int nftset_look(struct nftset *nftset, const struct nftset_place *place, uint8_t family,
        enum nftset_state *ret);
/* What kind of set it is (nftset_transaction.h). Returns 0 or negative errno; -ENOENT: there is
 * none. */
int nftset_ask_kind(
        struct nftset *nftset, const struct nftset_place *place, struct nftset_kind *ret);
/* The number of the kernel's ruleset, which grows by one with each transaction. Returns 0 or
 * negative errno. */
int nftset_generation(struct nftset *nftset, uint32_t *ret);
/* The link's port: what the kernel's events about what was done over it have for a sender. */
uint32_t nftset_port(const struct nftset *nftset);

/* For others that speak with the kernel's netfilter over the link: numbers for count messages; and
 * sending messages with these numbers, each to be acknowledged. Returns 0, or what the kernel says
 * of the first that it refuses, *ret_bad then its index, count if nobody said which. */
uint32_t nftset_take_seq(struct nftset *nftset, uint32_t count);
/* Sends a question, which has such a number, and hands each answer to on_answer (a mnl_cb_t).
 * Returns 0 or negative errno; -EINTR: what was listed has changed meanwhile. */
int nftset_ask(struct nftset *nftset, struct nlmsghdr *header,
        int (*on_answer)(const struct nlmsghdr *header, void *user), void *user);
int nftset_exchange(struct nftset *nftset, const char *bytes, size_t len, uint32_t first,
        size_t count, size_t *ret_bad);
