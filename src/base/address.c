/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses in fail2ban's normal form: parsed as inet_pton() does, masked, IPv4-mapped folded to IPv4, so that equal peers compare equal
 * however a log spells them.  Source: spec filter.md 3.5; upstream: fail2ban/server/ipdns.py (IPAddr). */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/number.h"

#define INET4_TEXT_MAX 15

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static unsigned plen_max(const struct address *a) {
        return a->family == ADDRESS_INET4 ? 32 : 128;
}

static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* (?:\d{1,3}\.){3}\d{1,3} */
bool address_looks_inet4(struct slice s) {
        size_t at = 0;
        for (int part = 0; part < 4; part++) {
                size_t digits = 0;
                while (at < s.len && s.data[at] >= '0' && s.data[at] <= '9') {
                        at++;
                        digits++;
                }
                if (digits < 1 || digits > 3)
                        return false;
                if (part < 3 && (at == s.len || s.data[at++] != '.'))
                        return false;
        }
        return at == s.len;
}

/* (?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):) : hex groups of 1..4, 1..7 separators of one or two colons. The
 * walk takes a group with its colons, or a lone colon, per round; what is left after 7 rounds must be the tail. */
static bool inet6_tail(struct slice s, size_t at, bool after_colon) {
        size_t left = s.len - at;
        if (left == 1 && s.data[at] == ':')
                return after_colon;
        if (left < 1 || left > 4)
                return false;
        for (; at < s.len; at++)
                if (!is_hex(s.data[at]))
                        return false;
        return true;
}

static bool inet6_rounds(struct slice s, size_t at, int rounds) {
        if (rounds > 0 && inet6_tail(s, at, at > 0 && s.data[at - 1] == ':'))
                return true;
        if (rounds == 7 || at >= s.len)
                return false;
        if (s.data[at] == ':')
                return inet6_rounds(s, at + 1, rounds + 1);
        size_t end = at;
        while (end < s.len && is_hex(s.data[end]))
                end++;
        if (end == at || end - at > 4 || end == s.len || s.data[end] != ':')
                return false;
        if (end + 1 < s.len && s.data[end + 1] == ':' && inet6_rounds(s, end + 2, rounds + 1))
                return true;
        return inet6_rounds(s, end + 1, rounds + 1);
}

bool address_looks_inet6(struct slice s) {
        return s.len < ADDRESS_TEXT_MAX && inet6_rounds(s, 0, 0);
}

/* Above 9: it is none. */
static unsigned digit_of(char c) {
        return (unsigned)(unsigned char)c - '0';
}

/* One to three digits without leading zeros, up to 255; something else is behind them. Returns what is behind, or NULL. */
static const char *parse_byte(const char *p, uint8_t *ret) {
        unsigned number = digit_of(p[0]);
        unsigned second = digit_of(p[1]);
        unsigned third = digit_of(p[2]);
        size_t digits = 1;
        if (number > 9 || (number == 0 && second <= 9))
                return NULL;
        if (second <= 9) {
                number = number * 10 + second;
                digits = 2;
                if (third <= 9) {
                        number = number * 10 + third;
                        digits = 3;
                }
        }
        *ret = (uint8_t)number;
        return number > 255 ? NULL : p + digits;
}

/* As inet_pton() reads it: decimal, without leading zeros. In a copy, which has an end. */
static bool parse_inet4(struct slice s, uint8_t bytes[static 4]) {
        char text[INET4_TEXT_MAX + 3] = {0};
        if (s.len < 7 || s.len > INET4_TEXT_MAX)
                return false;
        memcpy(text, s.data, s.len);
        const char *p = text;
        for (size_t i = 0; i < 4; i++) {
                p = parse_byte(p, &bytes[i]);
                if (!p || *p++ != (i < 3 ? '.' : '\0'))
                        return false;
        }
        return p == text + s.len + 1;
}

bool address_is_normal_inet4(struct slice s) {
        uint8_t bytes[4];
        return parse_inet4(s, bytes);
}

static void mask_bytes(uint8_t *bytes, size_t size, unsigned plen) {
        for (size_t i = 0; i < size; i++) {
                unsigned bits = plen > i * 8 ? plen - (unsigned)i * 8 : 0;
                if (bits < 8)
                        bytes[i] &= (uint8_t)(0xff00u >> bits);
        }
}

static bool parse_plain(struct slice s, struct address *a) {
        char text[INET6_ADDRSTRLEN];
        *a = (struct address){.family = ADDRESS_NONE};
        if (parse_inet4(s, a->bytes)) {
                a->family = ADDRESS_INET4;
                a->plen = 32;
                return true;
        }
        memset(a->bytes, 0, sizeof(a->bytes));
        if (s.len >= sizeof(text) || (s.len > 0 && memchr(s.data, '\0', s.len)))
                return false;
        if (s.len > 0)
                memcpy(text, s.data, s.len);
        text[s.len] = '\0';
        if (inet_pton(AF_INET6, text, a->bytes) == 1)
                a->family = ADDRESS_INET6;
        if (a->family == ADDRESS_NONE)
                return false;
        a->plen = (uint8_t)plen_max(a);
        return true;
}

/* -1: no prefix given */
static void normalise(struct address *a, int plen) {
        bool mapped = a->family == ADDRESS_INET6 && memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
        if (mapped && plen < 0) {
                memmove(a->bytes, a->bytes + 12, 4);
                memset(a->bytes + 4, 0, 12);
                a->family = ADDRESS_INET4;
                a->plen = 32;
                return;
        }
        if (plen >= 0) {
                a->plen = (uint8_t)(plen > 255 ? 255 : plen);
                mask_bytes(a->bytes, a->family == ADDRESS_INET4 ? 4 : 16, (unsigned)plen);
        }
}

/* Prefix length of a mask such as 255.255.255.0 or ffff:ffff::, or -1. */
static int mask_to_plen(const struct address *mask) {
        size_t size = mask->family == ADDRESS_INET4 ? 4 : 16;
        int plen = 0;
        while ((size_t)plen < size * 8 && (mask->bytes[plen / 8] & (0x80 >> (plen % 8))))
                plen++;
        for (size_t bit = (size_t)plen; bit < size * 8; bit++)
                if (mask->bytes[bit / 8] & (0x80 >> (bit % 8)))
                        return -1;
        return plen;
}

static bool all_digits(struct slice s) {
        for (size_t i = 0; i < s.len; i++)
                if (s.data[i] < '0' || s.data[i] > '9')
                        return false;
        return s.len > 0;
}

static int parse_plen(struct slice s, int *ret) {
        struct address mask;
        uint32_t number;
        if (all_digits(s)) {
                *ret = number_parse_u32(s, &number) == 0 && number <= 255 ? (int)number : 255;
                return 0;
        }
        if (!address_looks_inet4(s) && !address_looks_inet6(s))
                return -EINVAL;
        if (!parse_plain(s, &mask)) {
                *ret = 0; /* as upstream has it: what only looks like a mask is one without bits */
                return 0;
        }
        *ret = mask_to_plen(&mask);
        return *ret < 0 ? -EDOM : 0;
}

int address_parse(struct slice s, struct address *ret) {
        int plen = -1;
        *ret = (struct address){.family = ADDRESS_NONE};
        if (parse_inet4(s, ret->bytes)) { /* nearly all are one of four numbers, and nothing else */
                ret->family = ADDRESS_INET4;
                ret->plen = 32;
                return 0;
        }
        memset(ret->bytes, 0, sizeof(ret->bytes));
        if (s.len > 2 && s.data[0] == '[' && s.data[s.len - 1] == ']')
                s = slice_sub(s, 1, s.len - 1);
        size_t slash = slice_find_char(s, '/', 0);
        if (slash < s.len) {
                struct slice host = slice_sub(s, 0, slash);
                if (!address_looks_inet4(host) && !address_looks_inet6(host))
                        return -EINVAL;
                int r = parse_plen(slice_sub(s, slash + 1, s.len), &plen);
                if (r < 0)
                        return r;
                s = host;
        }
        if (!parse_plain(s, ret))
                return -EINVAL;
        normalise(ret, plen);
        return 0;
}

int address_parse_with_plen(struct slice s, unsigned plen, struct address *ret) {
        if (s.len > 2 && s.data[0] == '[' && s.data[s.len - 1] == ']')
                s = slice_sub(s, 1, s.len - 1);
        if (!parse_plain(s, ret))
                return -EINVAL;
        normalise(ret, plen > 255 ? 255 : (int)plen);
        return 0;
}

/* Each failure's address is printed, and inet_ntop() would go through sprintf(); so do these two. */
static size_t print_inet4(const uint8_t bytes[static 4], char buffer[static ADDRESS_TEXT_MAX]) {
        char *end = buffer;
        for (int i = 0; i < 4; i++) {
                unsigned byte = bytes[i];
                if (i > 0)
                        *end++ = '.';
                if (byte >= 100)
                        *end++ = (char)('0' + byte / 100);
                if (byte >= 10)
                        *end++ = (char)('0' + byte / 10 % 10);
                *end++ = (char)('0' + byte % 10);
        }
        *end = '\0';
        return (size_t)(end - buffer);
}

static char *print_hex(char *end, unsigned group) {
        static const char digits[] = "0123456789abcdef";
        for (unsigned shift = 12; shift > 0; shift -= 4)
                if (group >> shift)
                        *end++ = digits[group >> shift & 15];
        *end++ = digits[group & 15];
        return end;
}

/* Where the first of the longest runs of two or more zero groups begins; *ret_len 0: there is none. */
static size_t find_zeros(const unsigned groups[static 8], size_t *ret_len) {
        size_t best = 0;
        size_t len = 0;
        *ret_len = 0;
        for (size_t i = 0; i < 8; i++) {
                len = groups[i] == 0 ? len + 1 : 0;
                if (len >= 2 && len > *ret_len) {
                        best = i + 1 - len;
                        *ret_len = len;
                }
        }
        return best;
}

/* Without the forms that end in IPv4's: the caller sees to them. */
static size_t print_inet6(const uint8_t bytes[static 16], char buffer[static ADDRESS_TEXT_MAX]) {
        unsigned groups[8];
        for (size_t i = 0; i < 8; i++)
                groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
        size_t zeros;
        size_t at = find_zeros(groups, &zeros);
        char *end = buffer;
        for (size_t i = 0; i < 8; i++) {
                if (zeros > 0 && i == at) {
                        *end++ = ':';
                        i += zeros - 1;
                        if (i == 7)
                                *end++ = ':';
                        continue;
                }
                if (i > 0)
                        *end++ = ':';
                end = print_hex(end, groups[i]);
        }
        *end = '\0';
        return (size_t)(end - buffer);
}

/* inet_ntop() writes the last four bytes of such an address as IPv4. */
static bool ends_in_inet4(const uint8_t bytes[static 16]) {
        static const uint8_t zeros[10];
        return memcmp(bytes, zeros, sizeof(zeros)) == 0;
}

struct slice address_print(const struct address *a, char buffer[static ADDRESS_TEXT_MAX]) {
        size_t len;
        buffer[0] = '\0';
        if (a->family == ADDRESS_NONE)
                return (struct slice){buffer, 0};
        if (a->family == ADDRESS_INET4) {
                len = print_inet4(a->bytes, buffer);
        } else if (!ends_in_inet4(a->bytes)) {
                len = print_inet6(a->bytes, buffer);
        } else {
                (void)inet_ntop(AF_INET6, a->bytes, buffer, ADDRESS_TEXT_MAX);
                len = strlen(buffer);
        }
        if (a->plen > 0 && a->plen < plen_max(a))
                len += (size_t)snprintf(buffer + len, ADDRESS_TEXT_MAX - len, "/%u", (unsigned)a->plen);
        return (struct slice){buffer, len};
}

bool address_equal(const struct address *a, const struct address *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}

bool address_in(const struct address *a, const struct address *net) {
        if (a->family == ADDRESS_NONE || a->family != net->family)
                return false;
        uint8_t masked[16];
        memcpy(masked, a->bytes, sizeof(masked));
        mask_bytes(masked, a->family == ADDRESS_INET4 ? 4 : 16, net->plen);
        return memcmp(masked, net->bytes, sizeof(masked)) == 0;
}

struct address address_network(const struct address *a, unsigned plen) {
        struct address net = *a;
        net.plen = (uint8_t)plen;
        mask_bytes(net.bytes, a->family == ADDRESS_INET4 ? 4 : 16, plen);
        return net;
}

bool address_is_single(const struct address *a) {
        return a->family != ADDRESS_NONE && a->plen == plen_max(a);
}

const char *address_family_name(const struct address *a) {
        switch ((enum address_family)a->family) {
        case ADDRESS_INET4:
                return "inet4";
        case ADDRESS_INET6:
                return "inet6";
        case ADDRESS_NONE:
                break;
        }
        return NULL;
}

struct slice address_print_reversed(const struct address *a, char buffer[static ADDRESS_TEXT_MAX * 2]) {
        size_t len = 0;
        buffer[0] = '\0';
        if (a->family == ADDRESS_INET4) {
                char text[ADDRESS_TEXT_MAX];
                (void)inet_ntop(AF_INET, a->bytes, text, sizeof(text));
                if (a->plen > 0 && a->plen < 32)
                        len = (size_t)snprintf(buffer, ADDRESS_TEXT_MAX, "%u/%u.%u.%u.%u.", (unsigned)a->bytes[3],
                                (unsigned)a->plen, (unsigned)a->bytes[2], (unsigned)a->bytes[1], (unsigned)a->bytes[0]);
                else
                        len = (size_t)snprintf(buffer, ADDRESS_TEXT_MAX, "%u.%u.%u.%u.", (unsigned)a->bytes[3],
                                (unsigned)a->bytes[2], (unsigned)a->bytes[1], (unsigned)a->bytes[0]);
        } else if (a->family == ADDRESS_INET6) {
                for (int i = 15; i >= 0; i--)
                        len += (size_t)snprintf(buffer + len, (size_t)ADDRESS_TEXT_MAX * 2 - len,
                                "%x.%x.", a->bytes[i] & 15u, (unsigned)a->bytes[i] >> 4);
        }
        return (struct slice){buffer, len};
}
