/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/nftset_command.h"

#include <linux/netfilter.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "recognise.h"

static bool recognise(const char *text, const char *of, struct nftset_command *ret) {
        return recognise_text(nftset_recognise, text, of, ret);
}

static void only_the_known_forms_are_recognised(void **state) {
        (void)state;
        static const char *const others[] = {"nft add element inet t s { 192.0.2.1 }", "nft",
                "nft add element inet t s", "nft add element inet t s \\{ 192.0.2.2 \\}",
                "nft add element inet t s \\{ 192.0.2.0/24 \\}",
                "nft add element inet t s \\{ 192.0.2.1 \\} x",
                "nft add element inet t s \\{ 192.0.2.1 \\} \\;",
                "nft add rule inet t s \\{ 192.0.2.1 \\}",
                "nft create element inet t s \\{ 192.0.2.1 \\}",
                "nft add element inet t s \\{192.0.2.1\\}",
                "nft add element foo t s \\{ 192.0.2.1 \\}",
                "/tmp/nft add element inet t s \\{ 192.0.2.1 \\}",
                "nft -a element inet t s \\{ 192.0.2.1 \\}",
                "nft add element inet '' s \\{ 192.0.2.1 \\}",
                "nft add element inet t s \\{ 192.0.2.1 timeout 5m \\}",
                "nft add element inet t s \\{ 192.0.2.1 timeout s \\}",
                "nft add element inet t s \\{ 192.0.2.1 timeout 0s \\}",
                "nft add element inet t s \\{ 192.0.2.1 timeout 99999999999999999999s \\}",
                "nft add element inet t s \\{ 192.0.2.1 expires 5s \\}",
                "nft delete element inet t s \\{ 192.0.2.1 timeout 5s \\}",
                "nft 'delete element inet t s { 192.0.2.1 }; add element inet t s { 192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 }; add element inet t s { 192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element inet t s2 { 192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element inet t2 s { 192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element ip t s { 192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element inet t s { 192.0.2.2 }'",
                "nft 'add element inet t s { 192.0.2.1 timeout 5s }; delete element inet t s { "
                "192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element inet t s { 192.0.2.1 }; "
                "flush ruleset'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element inet t s { 192.0.2.1 }; "
                "add element inet t s2 { 192.0.2.1 timeout 5s }'",
                "nft 'add element inet t s { 192.0.2.1 }; delete element inet t s { 192.0.2.1 }; "
                "delete element inet t s { 192.0.2.1 }'",
                "nft 'add element inet t s { 192.0.2.1 };'"};
        struct nftset_command e;
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                if (recognise(others[i], "192.0.2.1", &e))
                        fail_msg("recognised: %s", others[i]);
}

static void the_known_forms_mean_what_nft_makes_of_them(void **state) {
        static const struct {
                const char *text, *of;
                uint8_t family;
                const char *table, *set;
                enum nftset_deed deed;
                uint64_t timeout_ms;
        } rows[] = {
                {"nft add element inet f2b-table addr-set-sshd \\{ 192.0.2.1 \\}", "192.0.2.1",
                 NFPROTO_INET,                                                                                   "f2b-table", "addr-set-sshd", NFTSET_ADD,    0      },
                {"/usr/sbin/nft delete element ip a b \\{ 192.0.2.1 \\}",          "192.0.2.1",    NFPROTO_IPV4,
                 "a",                                                                                                         "b",             NFTSET_DELETE, 0      },
                {"nft add element inet a b \\{ 192.0.2.0/24 \\}",                  "192.0.2.0/24", NFPROTO_INET, "a",
                 "b",                                                                                                                          NFTSET_ADD,    0      },
                {"nft add element inet a b \\{ 2001:db8::1 timeout 3600s \\}",     "2001:db8::1",
                 NFPROTO_INET,                                                                                   "a",         "b",             NFTSET_ADD,    3600000},
                {"nft 'add element inet a b { 192.0.2.1 timeout 1s }'",            "192.0.2.1",    NFPROTO_INET,
                 "a",                                                                                                         "b",             NFTSET_ADD,    1000   },
                {"nft \"add element inet a b { 192.0.2.1 }; delete element inet a b { 192.0.2.1 "
                 "}\"",                                           "192.0.2.1",    NFPROTO_INET, "a",         "b",             NFTSET_REMOVE, 0      },
                {"nft \"add element inet a b { 192.0.2.1 }; delete element inet a b { 192.0.2.1 }; add element inet a b { 192.0.2.1 timeout 9s }\"", "192.0.2.1", NFPROTO_INET, "a", "b", NFTSET_RENEW, 9000},
        };
        (void)state;
        if (access("/usr/sbin/nft", X_OK) != 0)
                skip();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct nftset_command e;
                if (!recognise(rows[i].text, rows[i].of, &e))
                        fail_msg("not recognised: %s", rows[i].text);
                assert_int_equal(e.place.family, rows[i].family);
                assert_string_equal(e.place.table, rows[i].table);
                assert_string_equal(e.place.set, rows[i].set);
                assert_int_equal(e.deed, rows[i].deed);
                assert_int_equal(e.timeout_ms, rows[i].timeout_ms);
        }
}

static void only_the_system_s_nft_counts(void **state) {
        static const char text[] = "nft add element inet f2b-table addr-set-sshd \\{ 192.0.2.1 \\}";
        struct nftset_command e;
        (void)state;
        char *before = strdup(getenv("PATH"));
        (void)setenv("PATH", "/no/where", 1);
        assert_false(recognise(text, "192.0.2.1", &e));
        (void)setenv("PATH", before, 1);
        free(before);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_the_known_forms_are_recognised),
                cmocka_unit_test(the_known_forms_mean_what_nft_makes_of_them),
                cmocka_unit_test(only_the_system_s_nft_counts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
