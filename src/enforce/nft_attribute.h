/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One attribute of a message of nftables, as nft_watch.c, nft_image.c and nft_copy.c look for them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;

struct nft_attribute {
        bool is_there;
        const char *text; /* part of the message; "" if it is none */
        uint32_t number;  /* in the machine's order; 0 if it is none */
};

/* The attribute of a type; of several the last. header: of nftables, with its nfgenmsg. The lengths
 * in it are checked. */
struct nft_attribute nft_attribute_of(const struct nlmsghdr *header, uint16_t type);
