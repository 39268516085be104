/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One array sorted by family, prefix length and bytes. Sorting waits for the first look-up. */
#include "enforce/address_set.h"

#include <string.h>

#include "base/memory.h"

void address_set_done(struct address_set *set) {
        free(set->items);
        *set = (struct address_set){0};
}

void address_set_clear(struct address_set *set) {
        struct address_set empty = {.items = set->items, .capacity = set->capacity};
        *set = empty;
}

static unsigned full_plen(const struct address *address) {
        return address->family == ADDRESS_INET4 ? 32 : 128;
}

void address_set_add(struct address_set *set, const struct address *address) {
        struct address item = *address;
        bool is_inet4 = item.family == ADDRESS_INET4;
        if (item.family == ADDRESS_NONE)
                return;
        uint8_t full = is_inet4 ? 32 : 128;
        if (item.plen > full)
                item.plen = full;
        memory_reserve(&set->items, set->count, &set->capacity, sizeof(*set->items));
        set->items[set->count++] = item;
        set->sorted = false;
        if (is_inet4)
                set->plens4 |= UINT64_C(1) << item.plen;
        else
                set->plens6[item.plen / 64] |= UINT64_C(1) << (item.plen % 64);
}

static int compare(const void *a, const void *b) {
        const struct address *x = a, *y = b;
        if (x->family != y->family)
                return x->family < y->family ? -1 : 1;
        if (x->plen != y->plen)
                return x->plen < y->plen ? -1 : 1;
        return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

static bool has_plen(const struct address_set *set, uint8_t family, unsigned plen) {
        uint64_t bits = family == ADDRESS_INET4 ? set->plens4 : set->plens6[plen / 64];
        return bits >> (plen % 64) & 1;
}

/* The smallest item that holds address, with a prefix length of at most longest. */
static const struct address *find_from(
        struct address_set *set, const struct address *address, int longest) {
        if (set->count == 0 || address->family == ADDRESS_NONE)
                return NULL;
        if (!set->sorted)
                qsort(set->items, set->count, sizeof(*set->items), compare);
        set->sorted = true;
        for (int plen = longest; plen >= 0; plen--) {
                if (!has_plen(set, address->family, (unsigned)plen))
                        continue;
                struct address net = address_network(address, (unsigned)plen);
                const struct address *found =
                        bsearch(&net, set->items, set->count, sizeof(*set->items), compare);
                if (found)
                        return found;
        }
        return NULL;
}

const struct address *address_set_find(struct address_set *set, const struct address *address) {
        return find_from(set, address, (int)full_plen(address));
}

const struct address *address_set_find_wider(
        struct address_set *set, const struct address *address) {
        int full = (int)full_plen(address);
        return find_from(set, address, (address->plen < full ? address->plen : full) - 1);
}
