/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 addresses and prefixes as values, in fail2ban's normal form (spec filter.md 3.5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum address_family {
        ADDRESS_NONE, /* not an address: a name or a raw id, whose text the owner keeps */
        ADDRESS_INET4,
        ADDRESS_INET6,
};

/* Host bits beyond the prefix are zero; an address without prefix has plen 32 or 128. IPv4-mapped IPv6 is IPv4. */
struct address {
        uint8_t family; /* enum address_family */
        uint8_t plen;   /* prefix length; a larger one than the family has is kept as given up to 255 */
        uint8_t bytes[16];
};

#define ADDRESS_TEXT_MAX 64 /* buffer that every printed address fits, NUL included */

/* Parses what fail2ban takes for an address: surrounding [] are dropped, ADDRESS, ADDRESS/DIGITS or ADDRESS/MASK. Strict
 * otherwise (no leading zeros, no zone, no space). Returns 0; -EINVAL if s is no address (then *ret has family ADDRESS_NONE);
 * -EDOM for a mask that is no prefix. */
int address_parse(struct slice s, struct address *ret);
/* The same with a prefix length given apart, as from a <CIDR> group; plen > 255 counts as 255. */
int address_parse_with_plen(struct slice s, unsigned plen, struct address *ret);
/* Whether s has the lexical form of an IPv4 / of an IPv6 address (numbers may be out of range). */
bool address_looks_inet4(struct slice s);
bool address_looks_inet6(struct slice s);
/* Whether s is an IPv4 address as address_print() prints it. */
bool address_is_normal_inet4(struct slice s);
/* Normal text: "/plen" only if 0 < plen < maximum. ADDRESS_NONE prints nothing. Returns the view of buffer. */
struct slice address_print(const struct address *a, char buffer[static ADDRESS_TEXT_MAX]);
bool address_equal(const struct address *a, const struct address *b);
/* Whether a (its base, if it is a prefix) lies in net. */
bool address_in(const struct address *a, const struct address *net);
/* The network with this prefix length (of the family, at most that of a single host) that holds a. */
struct address address_network(const struct address *a, unsigned plen);
/* Whether plen is that of a single host. */
bool address_is_single(const struct address *a);
/* "inet4", "inet6", or NULL for ADDRESS_NONE. */
const char *address_family_name(const struct address *a);
/* Reversed labels with a trailing dot and no suffix: "4.3.2.1.", 32 nibbles for IPv6; empty for ADDRESS_NONE. */
struct slice address_print_reversed(const struct address *a, char buffer[static ADDRESS_TEXT_MAX * 2]);
