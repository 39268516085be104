/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The examples of spec filter.md 3.5. */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "../cmocka_include.h"

static void addresses_have_one_normal_form(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *normal; /* NULL: no address */
        } rows[] = {
                {"1.2.3.4",                  "1.2.3.4"            },
                {"1.2.3.4/24",               "1.2.3.0/24"         },
                {"1.2.3.4/255.255.255.0",    "1.2.3.0/24"         },
                {"1.2.3.4/32",               "1.2.3.4"            },
                {"1.2.3.4/33",               "1.2.3.4"            },
                {"1.2.3.4/0",                "0.0.0.0"            },
                {"::/0",                     "::"                 },
                {"2001:DB8:0:0::1",          "2001:db8::1"        },
                {"[2001:db8::1]",            "2001:db8::1"        },
                {"2001:db8::1/ffff:ffff::",  "2001:db8::/32"      },
                {"::ffff:1.2.3.4",           "1.2.3.4"            },
                {"::ffff:c000:201",          "192.0.2.1"          },
                {"::ffff:0:0/96",            "::ffff:0.0.0.0/96"  },
                {"::1.2.3.4",                "::1.2.3.4"          },
                {"10.1.2.3/8",               "10.0.0.0/8"         },
                {"01.2.3.4",                 NULL                 },
                {"1.2.3.999",                NULL                 },
                {"1.2.3.4/",                 NULL                 },
                {"1.2.3.4/a",                NULL                 },
                {"1.2.3.4/24/8",             NULL                 },
                {"1.2.3.4/255.0.255.0",      NULL                 },
                {"fe80::1%eth0",             NULL                 },
                {"host/24",                  NULL                 },
                {" 1.2.3.4",                 NULL                 },
                {"",                         NULL                 },
                {"[]",                       NULL                 },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address a;
                char buffer[ADDRESS_TEXT_MAX];
                int r = address_parse(slice_of(rows[i].text), &a);
                if (!rows[i].normal) {
                        assert_true(r < 0);
                        assert_int_equal(a.family, ADDRESS_NONE);
                        continue;
                }
                assert_int_equal(r, 0);
                assert_slice(address_print(&a, buffer), rows[i].normal);
        }
}

static uint32_t pick(uint32_t below) {
        static uint32_t seed = 1;
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static void inet4_is_read_as_inet_pton_does(void **state) {
        static const char *const parts[] = {
                "0", "1", "9", "10", "99", "100", "255", "256", "00", "01", "1000", "", "x", "/", ":"};
        unsigned good = 0;
        (void)state;
        for (int i = 0; i < 200000; i++) {
                char text[64] = "";
                size_t len = 0;
                uint32_t count = pick(10) == 0 ? pick(6) : 4;
                for (uint32_t k = 0; k < count; k++) {
                        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                                parts[pick(pick(4) == 0 ? 15 : 7)],
                                k + 1 < count && pick(50) > 0 ? "." : "");
                }
                uint8_t bytes[4];
                struct address a;
                bool is_good = inet_pton(AF_INET, text, bytes) == 1;
                good += is_good;
                assert_int_equal(address_is_normal_inet4(slice_of(text)), is_good);
                assert_int_equal(address_parse(slice_of(text), &a) == 0 && a.family == ADDRESS_INET4 &&
                                         !strchr(text, '/'),
                        is_good);
                if (is_good)
                        assert_memory_equal(a.bytes, bytes, 4);
        }
        assert_true(good > 10000);
}

/* All places of zero groups, with other groups of one to four digits. */
static void inet6_prints_as_inet_ntop_does(void **state) {
        (void)state;
        uint32_t random = 1;
        for (unsigned i = 0; i < 256 * 64; i++) {
                char text[INET6_ADDRSTRLEN];
                char buffer[ADDRESS_TEXT_MAX];
                struct address address = {.family = ADDRESS_INET6, .plen = 128};
                for (unsigned group = 0; group < 8; group++) {
                        random = random * 1103515245u + 12345u;
                        unsigned value = i >> group & 1 ? (random >> 16) >> (random >> 28 & 15) : 0;
                        address.bytes[2 * group] = (uint8_t)(value >> 8);
                        address.bytes[2 * group + 1] = (uint8_t)value;
                }
                assert_non_null(inet_ntop(AF_INET6, address.bytes, text, sizeof(text)));
                assert_slice(address_print(&address, buffer), text);
                assert_string_equal(buffer, text);
        }
}

static void every_byte_prints_in_decimal(void **state) {
        (void)state;
        for (unsigned i = 0; i < 256; i++) {
                char text[32];
                char buffer[ADDRESS_TEXT_MAX];
                struct address address;
                (void)snprintf(text, sizeof(text), "%u.%u.0.%u", i, 255 - i, i);
                assert_int_equal(address_parse(slice_of(text), &address), 0);
                assert_slice(address_print(&address, buffer), text);
                assert_string_equal(buffer, text);
        }
}

static void nul_is_no_end_of_text(void **state) {
        (void)state;
        struct address a;
        assert_int_equal(address_parse((struct slice){"1.2.3.4\0x", 9}, &a), -EINVAL);
}

static void lexical_forms_follow_the_expressions(void **state) {
        (void)state;
        static const struct {
                const char *text;
                bool inet4;
                bool inet6;
        } rows[] = {
                {"1.2.3.999",         true,  false},
                {"1.2.3",             false, false},
                {"1.2.3.4.5",         false, false},
                {"1:2",               false, true },
                {"1::2::3",           false, true },
                {"::",                false, true },
                {"::1",               false, true },
                {"1:2:3:4:5:6:7:8",   false, true },
                {"1:2:3:4:5:6:7:8:9", false, false},
                {"12345::",           false, false},
                {"x::1",              false, false},
                {":",                 false, false},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(address_looks_inet4(slice_of(rows[i].text)), rows[i].inet4);
                assert_int_equal(address_looks_inet6(slice_of(rows[i].text)), rows[i].inet6);
        }
}

static bool in(const char *a, const char *net) {
        struct address x;
        struct address y;
        assert_int_equal(address_parse(slice_of(a), &x), 0);
        assert_int_equal(address_parse(slice_of(net), &y), 0);
        return address_in(&x, &y);
}

static void a_host_lies_in_a_network_of_each_length(void **state) {
        static const struct {
                const char *text, *network;
                unsigned plen;
        } rows[] = {
                {"203.0.113.77",    "203.0.113.0/24",   24},
                {"203.0.113.77",    "203.0.113.76/31",  31},
                {"203.0.113.77",    "203.0.113.77",     32},
                {"203.0.113.77",    "0.0.0.0",          0 },
                {"203.0.113.77/28", "203.0.112.0/20",   20},
                {"2001:db8:5::7",   "2001:db8::/33",    33},
                {"2001:db8:5::7",   "2001:db8:5::6/127", 127},
        };
        char text[ADDRESS_TEXT_MAX];
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address address;
                (void)address_parse(slice_of(rows[i].text), &address);
                struct address network = address_network(&address, rows[i].plen);
                if (!slice_is(address_print(&network, text), rows[i].network))
                        fail_msg("%s/%u", rows[i].text, rows[i].plen);
        }
}

static void prefixes_contain_their_hosts(void **state) {
        (void)state;
        assert_true(in("10.1.2.3", "10.0.0.0/8"));
        assert_true(in("10.1.0.0/16", "10.0.0.0/8"));
        assert_false(in("11.1.2.3", "10.0.0.0/8"));
        assert_true(in("2001:db8:1::1", "2001:db8::/32"));
        assert_false(in("2001:db9::1", "2001:db8::/32"));
        assert_false(in("1.2.3.4", "::/0"));
        assert_true(in("1.2.3.4", "1.2.3.4/33"));
}

static void reversed_labels(void **state) {
        (void)state;
        struct address a;
        char buffer[ADDRESS_TEXT_MAX * 2];
        assert_int_equal(address_parse(SLICE("198.51.100.7"), &a), 0);
        assert_slice(address_print_reversed(&a, buffer), "7.100.51.198.");
        assert_int_equal(address_parse(SLICE("1.2.3.0/24"), &a), 0);
        assert_slice(address_print_reversed(&a, buffer), "0/24.3.2.1.");
        assert_int_equal(address_parse(SLICE("2001:db8::1"), &a), 0);
        assert_slice(address_print_reversed(&a, buffer), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.");
}

static void prefix_given_apart(void **state) {
        (void)state;
        struct address a;
        char buffer[ADDRESS_TEXT_MAX];
        assert_int_equal(address_parse_with_plen(SLICE("10.1.2.3"), 16, &a), 0);
        assert_slice(address_print(&a, buffer), "10.1.0.0/16");
        assert_false(address_is_single(&a));
        assert_string_equal(address_family_name(&a), "inet4");
        assert_int_equal(address_parse_with_plen(SLICE("1.2.3.4"), 9999, &a), 0);
        assert_false(address_is_single(&a));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_have_one_normal_form),
                cmocka_unit_test(inet4_is_read_as_inet_pton_does),
                cmocka_unit_test(inet6_prints_as_inet_ntop_does),
                cmocka_unit_test(every_byte_prints_in_decimal),
                cmocka_unit_test(nul_is_no_end_of_text),
                cmocka_unit_test(lexical_forms_follow_the_expressions),
                cmocka_unit_test(a_host_lies_in_a_network_of_each_length),
                cmocka_unit_test(prefixes_contain_their_hosts),
                cmocka_unit_test(reversed_labels),
                cmocka_unit_test(prefix_given_apart),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
