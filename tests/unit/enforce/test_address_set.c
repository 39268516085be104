/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/address_set.h"

#include "../cmocka_include.h"

static struct address parse(const char *text) {
        struct address address;
        assert_int_equal(address_parse(slice_of(text), &address), 0);
        return address;
}

static void smallest_net_is_found(void **state) {
        static const char *const items[] = {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "192.0.2.3",
                "2001:db8::/32", "::1", "0.0.0.0/4"};
        static const struct {
                const char *address;
                const char *found;
        } rows[] = {
                {"10.1.2.3",         "10.1.0.0/16"  },
                {"10.2.2.3",         "10.0.0.0/8"   },
                {"10.1.0.0/24",      "10.1.0.0/16"  },
                {"192.0.2.1",        "192.0.2.1"    },
                {"192.0.2.2",        NULL           },
                {"2001:db8:1::5",    "2001:db8::/32"},
                {"2001:db9::5",      NULL           },
                {"::1",              "::1"          },
                {"::ffff:192.0.2.3", "192.0.2.3"    },
                {"11.0.0.1",         "0.0.0.0/4"    },
        };
        struct address_set set = {0};
        char text[ADDRESS_TEXT_MAX];
        (void)state;
        for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
                struct address item = parse(items[i]);
                address_set_add(&set, &item);
        }
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address address = parse(rows[i].address);
                const struct address *found = address_set_find(&set, &address);
                assert_int_equal(found != NULL, rows[i].found != NULL);
                if (found)
                        assert_slice(address_print(found, text), rows[i].found);
        }
        address_set_done(&set);
}

static void a_wider_net_is_never_the_net_itself(void **state) {
        static const char *const items[] = {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"};
        static const struct {
                const char *address;
                const char *found;
        } rows[] = {
                {"10.1.0.0/16",  "10.0.0.0/8"  },
                {"10.1.2.3",     "10.1.0.0/16" },
                {"10.0.0.0/8",   NULL          },
                {"192.0.2.0/24", NULL          },
                {"192.0.2.9",    "192.0.2.0/24"},
        };
        struct address_set set = {0};
        char text[ADDRESS_TEXT_MAX];
        (void)state;
        for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
                struct address item = parse(items[i]);
                address_set_add(&set, &item);
        }
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address address = parse(rows[i].address);
                const struct address *found = address_set_find_wider(&set, &address);
                assert_int_equal(found != NULL, rows[i].found != NULL);
                if (found)
                        assert_slice(address_print(found, text), rows[i].found);
        }
        address_set_done(&set);
}

static void cleared_set_is_empty(void **state) {
        struct address_set set = {0};
        struct address address = parse("1.2.3.4"), none = {0};
        (void)state;
        address_set_add(&set, &none);
        assert_null(address_set_find(&set, &none));
        address_set_add(&set, &address);
        assert_non_null(address_set_find(&set, &address));
        address_set_clear(&set);
        assert_null(address_set_find(&set, &address));
        address_set_done(&set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(smallest_net_is_found),
                cmocka_unit_test(a_wider_net_is_never_the_net_itself),
                cmocka_unit_test(cleared_set_is_empty),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
