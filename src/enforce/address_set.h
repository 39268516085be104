/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and networks, many of them, to be looked up fast: sorted, one search for each prefix
 * length that occurs. */
#pragma once

#include <stddef.h>

#include "base/address.h"

struct address_set {
        struct address *items;
        size_t count;
        size_t capacity;
        bool sorted;
        uint64_t plens4;    /* bit n: there is an IPv4 network with prefix length n */
        uint64_t plens6[3]; /* the same for IPv6, 0 .. 128 */
};

void address_set_done(struct address_set *set);
/* address must have a family; one with a prefix is a network. Doubles do no harm. */
void address_set_add(struct address_set *set, const struct address *address);
/* Forgets all. */
void address_set_clear(struct address_set *set);
/* The smallest item that holds address (its base, if it is a network), or NULL. Valid until the
 * next change. */
const struct address *address_set_find(struct address_set *set, const struct address *address);
/* The same, but only networks that are wider than address, which may be one itself. */
const struct address *address_set_find_wider(
        struct address_set *set, const struct address *address);
