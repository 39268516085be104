/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a set stands in the kernel, with its table and with the rules that look into it and their
 * chains, as the messages that make all of it anew: so that it can be put back together with its
 * elements (nftset_restore()). The elements are not part of it. */
#pragma once

#include "base/buffer.h"
#include "enforce/nftset_transaction.h"

#define NFT_IMAGE_WHY_MAX 400 /* bytes of a reason, NUL included */

struct nft_image {
        const struct nftset_place *place; /* borrowed */
        struct nftset_kind kind;
        struct buffer before; /* messages of the table, the chains and the set */
        struct buffer after;  /* of the rules and of what is part of them */
};

/* Takes the image of a set; place must outlive it. Returns 0, NFT_IMAGE_E_UNUSUAL if it could not
 * be put back from an image: no rule looks into it, or there is more in its chains, or of another
 * kind, than is known here (ret_why says what: "rules without a set in chain c"); or negative
 * errno. */
enum { NFT_IMAGE_E_UNUSUAL = 1 };
int nft_image_take(struct nftset *link, const struct nftset_place *place, struct nft_image **ret,
        char ret_why[static NFT_IMAGE_WHY_MAX]);
/* NULL is allowed. Returns NULL. */
struct nft_image *nft_image_free(struct nft_image *image);
