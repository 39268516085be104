/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns what the kernel says of a table, a chain, a set, its elements or a rule into the message
 * that makes it anew. For nft_image.c. Only what bans need is known; anything else is refused. */
#pragma once

#include "base/buffer.h"

#define NFT_COPY_INNER_MAX 16      /* sets without a name of their own, in the rules of one image */
#define NFT_COPY_NAME_MAX 255      /* bytes of a name */
#define NFT_COPY_REFUSED_MAX 80    /* bytes, NUL included */
#define NFT_COPY_BYTES_MAX 60000   /* of one message; the length of what it nests has 16 bits */
#define NFT_COPY_ALL_MAX (1 << 20) /* of all messages of an image */

struct nlmsghdr;

/* A set or map that is part of a rule, as { 22, 2222 } or { 22 : drop } is. */
struct nft_copy_inner {
        char name[NFT_COPY_NAME_MAX + 1]; /* the kernel's for it */
        bool is_map;
        uint32_t id; /* by which the messages of a transaction know it */
};

struct nft_copy {
        const char *set; /* the one with a name that rules look into; borrowed */
        uint32_t next_id;
        struct nft_copy_inner inner[NFT_COPY_INNER_MAX]; /* that rules were found to have */
        size_t inner_count;
        char refused[NFT_COPY_REFUSED_MAX]; /* what is not known of the rule that was unusual; "" */
};

/* Each appends a message to out, without a sequence number. Returns 0, or NFT_COPY_E_UNUSUAL if
 * something is of a kind that is not known here. */
enum { NFT_COPY_E_UNUSUAL = 1 };
int nft_copy_table(const struct nlmsghdr *had, struct buffer *out);
/* Only of chains that are hooked somewhere and let pass what no rule refuses. */
int nft_copy_chain(const struct nlmsghdr *had, struct buffer *out);
/* inner: NULL for the set with a name. */
int nft_copy_set(struct nft_copy *copy, const struct nlmsghdr *had,
        const struct nft_copy_inner *inner, struct buffer *out);
int nft_copy_elements(struct nft_copy *copy, const struct nlmsghdr *had,
        const struct nft_copy_inner *inner, struct buffer *out);
/* Looks into no other set with a name, and goes on in no other chain. Notes sets without a name in
 * copy->inner. */
int nft_copy_rule(struct nft_copy *copy, const struct nlmsghdr *had, struct buffer *out);
