/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of one transaction with the kernel's nftables, for nftset.c and nft_image.c. */
#pragma once

#include "enforce/nftset.h"

#define NFTSET_MESSAGE_MAX 1024 /* bytes of a message without elements: names, headers */

struct nlmsghdr;

/* What the kernel says of a set. */
struct nftset_kind {
        bool is_known;
        uint32_t flags;
        uint32_t key_type;
        uint32_t key_len;
        bool merges; /* nft puts neighbours together */
};

enum nftset_packing { NFTSET_PACKED, NFTSET_ONE_EACH };

/* Which messages of the images it has, besides the elements. */
#define NFTSET_WITH_BEFORE 1U
#define NFTSET_WITH_AFTER 2U

struct nftset_transaction {
        const struct nftset_element *elements;
        const struct nftset_kind *kinds; /* of the elements' sets */
        size_t count;
        enum nftset_packing packing;
        const struct nft_image *const *images;
        size_t image_count;
        unsigned with;  /* NFTSET_WITH_* */
        uint32_t begin; /* sequence number of the first message, which begins it */
        char *bytes;
        size_t len, capacity;
        uint32_t messages; /* between the first and the last */
        uint32_t *owners;  /* element of each, with NFTSET_ONE_EACH */
        size_t owner_capacity;
};

/* A message's header at buffer, which has room for it. */
struct nlmsghdr *nftset_put_header(
        char *buffer, uint16_t type, uint16_t flags, uint32_t seq, uint8_t family, uint16_t res_id);
/* Makes the messages from the fields before bytes. Returns 0, or NFTSET_E_UNUSUAL if an element
 * cannot be expressed. nftset_transaction_done() in any case. */
int nftset_transaction_make(struct nftset_transaction *transaction);
void nftset_transaction_done(struct nftset_transaction *transaction);
