/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/tag_expand.h"

#include <errno.h>

#include "../cmocka_include.h"

#define IP4 "(?:::f{4,6}:)?(?P<ip4>(?:\\d{1,3}\\.){3}\\d{1,3})"
#define IP6 "(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):))"
#define DNS "(?P<dns>[\\w\\-.^_]*\\w)"
#define ADDR "\\[?(?:" IP4 "|" IP6 ")\\]?"
#define CIDR "(?P<cidr>\\d+)"

static void assert_expands(const char *regex, enum tag_hosts hosts, const char *expected) {
        struct buffer out = BUFFER_INIT(4096);
        assert_int_equal(tag_expand(slice_of(regex), hosts, &out), 0);
        assert_slice(buffer_view(&out), expected);
        buffer_done(&out);
}

static void tags_have_their_regexes(void **state) {
        static const struct {
                const char *regex;
                const char *expected;
        } rows[] = {
                {"",                               ""                                         },
                {"a b",                            "a b"                                      },
                {"^<HOST>$",                       "^(?:" ADDR "|" DNS ")$"                   },
                {"<ADDR><F-ADDR/>",                ADDR ADDR                                  },
                {"<IP4>",                          IP4                                        },
                {"<F-IP6/>",                       IP6                                        },
                {"<DNS>",                          DNS                                        },
                {"<CIDR>",                         CIDR                                       },
                {"<SUBNET>",                       "\\[?(?:" IP4 "|" IP6 ")(?:/" CIDR ")?\\]?"},
                {"<F-ID/>",                        "(?P<fid>\\S+)"                            },
                {"<F-PORT/>",                      "(?P<fport>\\w+)"                          },
                {"<F-ID>x</F-ID>",                 "(?P<fid>x)"                               },
                {"<F-PORT>x</F-PORT>",             "(?P<fport>x)"                             },
                {"<F-USER>x</F-USER>",             "(?P<user>x)"                              },
                {"<F-ALT_USER_1>x</F-ALT_USER_1>", "(?P<alt_user_1>x)"                        },
                {"<F-MLF-ID>x</F-MLF-ID>",         "(?P<mlf-id>x)"                            },
                {"a<SKIPLINES>b<SKIPLINES>",
                 "a\\n(?P<skiplines0>(?:(?:.*\\n)*?))b\\n(?P<skiplines1>(?:(?:.*\\n)*?))"     },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_expands(rows[i].regex, TAG_HOSTS_NAMED, rows[i].expected);
}

static void what_is_no_tag_stays(void **state) {
        static const char *const rows[] = {
                "<host>",
                "<F-a>",
                "<f-user>",
                "<UNKNOWN>",
                "<F-USER/>",
                "<F-HOST/>",
                "</HOST>",
                "</F-USER>",
                "(?<=:):",
                "(?P<name>x)",
                "<>",
                "</>",
                "<",
                "<HOST",
                "< HOST>",
                "<F->",
                "<F-É>",
                "a<b<c>d",
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_expands(rows[i], TAG_HOSTS_NAMED, rows[i]);
}

static void closing_needs_an_opening_of_the_same_name_before(void **state) {
        (void)state;
        assert_expands("</F-USER><F-USER></F-USER></F-USER></F-ID>", TAG_HOSTS_NAMED,
                "</F-USER>(?P<user>))</F-ID>");
}

static void without_dns_a_host_is_an_address(void **state) {
        (void)state;
        assert_expands("<HOST> <DNS>", TAG_HOSTS_PLAIN, ADDR " " DNS);
}

static void full_buffer_is_an_error(void **state) {
        struct buffer out = BUFFER_INIT(16);
        (void)state;
        assert_int_equal(tag_expand(SLICE("<HOST>"), TAG_HOSTS_NAMED, &out), -ENOBUFS);
        buffer_done(&out);
}

static void group_names_are_in_lower_case_and_mapped(void **state) {
        char buffer[8];
        (void)state;
        assert_slice(tag_group_name(SLICE("ID"), buffer, sizeof(buffer)), "fid");
        assert_slice(tag_group_name(SLICE("port"), buffer, sizeof(buffer)), "fport");
        assert_slice(tag_group_name(SLICE("User_1"), buffer, sizeof(buffer)), "user_1");
        assert_slice(tag_group_name(SLICE("LONGERNAME"), buffer, sizeof(buffer)), "longerna");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tags_have_their_regexes),
                cmocka_unit_test(what_is_no_tag_stays),
                cmocka_unit_test(closing_needs_an_opening_of_the_same_name_before),
                cmocka_unit_test(without_dns_a_host_is_an_address),
                cmocka_unit_test(full_buffer_is_an_error),
                cmocka_unit_test(group_names_are_in_lower_case_and_mapped),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
