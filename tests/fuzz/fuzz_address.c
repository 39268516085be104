/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that may be addresses: what is taken is in normal form, prints to a text that reads back
 * as the same address, lies in itself, and looks like one. */
#include "base/address.h"

#include <arpa/inet.h>

#include "fuzz.h"

static unsigned bits_of(const struct address *address) {
        return address->family == ADDRESS_INET4 ? 32 : 128;
}

/* Host bits are zero. */
static void check_bits(const struct address *address) {
        for (unsigned bit = address->plen; bit < bits_of(address); bit++)
                FUZZ_REQUIRE((address->bytes[bit / 8] & (0x80U >> bit % 8)) == 0);
}

/* Without a prefix no IPv6 address is an IPv4 one in disguise. */
static void check_family(const struct address *address) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        FUZZ_REQUIRE(address_is_single(address));
        FUZZ_REQUIRE(address->family == ADDRESS_INET4 ||
                     memcmp(address->bytes, mapped, sizeof(mapped)) != 0);
}

static void check(const struct address *address) {
        char text[ADDRESS_TEXT_MAX], reversed[ADDRESS_TEXT_MAX * 2];
        struct address again;
        struct slice printed = address_print(address, text);
        FUZZ_REQUIRE(address->family == ADDRESS_INET4 || address->family == ADDRESS_INET6);
        FUZZ_REQUIRE(printed.len > 0 && printed.len < ADDRESS_TEXT_MAX);
        check_bits(address);
        bool is_four = address->family == ADDRESS_INET4;
        struct slice host = slice_sub(printed, 0, slice_find_char(printed, '/', 0));
        /* "::192.0.2.1" is an address, but upstream sees none where a prefix follows; and
         * "::ffff:192.0.2.1" is an IPv6 one only where a prefix was given. */
        bool is_odd = !is_four && slice_find_char(host, '.', 0) < host.len;
        if (address->plen > 0 && address->plen <= bits_of(address) && !is_odd) {
                FUZZ_REQUIRE(address_parse(printed, &again) == 0);
                FUZZ_REQUIRE(address_equal(address, &again) && address_in(&again, address));
        }
        FUZZ_REQUIRE(is_odd || (is_four ? address_looks_inet4(host) : address_looks_inet6(host)));
        FUZZ_REQUIRE(address_is_normal_inet4(host) == is_four);
        struct slice labels = address_print_reversed(address, reversed);
        FUZZ_REQUIRE(labels.len < sizeof(reversed) && slice_has_suffix(labels, SLICE(".")));
        FUZZ_REQUIRE(is_four || labels.len == 64);
}

/* libc takes what we take for a single host, and nothing that it takes is refused. */
static void check_with_libc(struct slice text, const struct address *address, int r) {
        char copy[ADDRESS_TEXT_MAX];
        unsigned char bytes[16];
        if (text.len >= sizeof(copy) || slice_find_char(text, '\0', 0) < text.len)
                return;
        memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
        bool is_four = inet_pton(AF_INET, copy, bytes) == 1;
        bool is_known = is_four || inet_pton(AF_INET6, copy, bytes) == 1;
        FUZZ_REQUIRE(!is_known || (r == 0 && address_is_single(address)));
        if (is_known && is_four == (address->family == ADDRESS_INET4))
                FUZZ_REQUIRE(memcmp(bytes, address->bytes, is_four ? 4 : 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice text = fuzz_input(data, size);
        struct address address;
        if (size == 0)
                return 0;
        int r = address_parse(text, &address);
        FUZZ_REQUIRE(r <= 0 && (r == 0 || address.family == ADDRESS_NONE));
        if (r == 0)
                check(&address);
        if (r == 0 && slice_find_char(text, '/', 0) == text.len)
                check_family(&address);
        check_with_libc(text, &address, r);
        r = address_parse_with_plen(slice_sub(text, 1, size), data[0] * 2U, &address);
        FUZZ_REQUIRE(r == 0 || address.family == ADDRESS_NONE);
        if (r == 0)
                check(&address);
        if (address_is_normal_inet4(text)) {
                char again[ADDRESS_TEXT_MAX];
                FUZZ_REQUIRE(address_parse(text, &address) == 0);
                FUZZ_REQUIRE(slice_equal(address_print(&address, again), text));
        }
        return 0;
}
