/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the real kernel and the real ipset, in a network namespace of the test's own; skipped
 * without root or ipset. */
#include "enforce/ipset.h"

#include "../cmocka_include.h"
#include "kernel_fixture.h"
#include "recognise.h"

#define MANY 3000

static bool has_kernel;

static int set_up_all(void **state) {
        (void)state;
        has_kernel = kernel_begin("/usr/sbin/ipset", "ipset create try hash:ip 2>/dev/null");
        return 0;
}

static bool recognise(const char *text, const char *of, struct nftset_command *ret) {
        return recognise_text(ipset_recognise, text, of, ret);
}

static void only_the_known_forms_are_recognised(void **state) {
        static const struct {
                const char *text;
                bool is;
                enum nftset_deed deed;
                uint64_t timeout_ms;
        } rows[] = {
                {"ipset -exist add f2b-x 192.0.2.1",                             true,  NFTSET_ADD,    0     },
                {"ipset -exist add f2b-x \"192.0.2.1\" timeout 600",             true,  NFTSET_ADD,    600000},
                {"/usr/sbin/ipset -exist add f2b-x 192.0.2.1 timeout 0",         true,  NFTSET_ADD,
                 NFTSET_FOR_EVER                                                                             },
                {"ipset -exist del f2b-x 192.0.2.1",                             true,  NFTSET_REMOVE, 0     },
                {"ipset add f2b-x 192.0.2.1",                                    false, 0,             0     },
                {"ipset -exist add f2b-x 192.0.2.2",                             false, 0,             0     },
                {"ipset -exist add f2b-x 192.0.2.0/24",                          false, 0,             0     },
                {"ipset -exist add f2b-x 192.0.2.1 timeout",                     false, 0,             0     },
                {"ipset -exist add f2b-x 192.0.2.1 timeout 2147484",             false, 0,             0     },
                {"ipset -exist add f2b-x 192.0.2.1 timeout 1m",                  false, 0,             0     },
                {"ipset -exist add f2b-x 192.0.2.1 comment 5",                   false, 0,             0     },
                {"ipset -exist del f2b-x 192.0.2.1 timeout 5",                   false, 0,             0     },
                {"ipset -exist add a23456789012345678901234567890123 192.0.2.1", false, 0,             0     },
                {"ipset -exist test f2b-x 192.0.2.1",                            false, 0,             0     },
                {"/tmp/ipset -exist add f2b-x 192.0.2.1",                        false, 0,             0     },
        };
        (void)state;
        if (access("/usr/sbin/ipset", X_OK) != 0)
                skip();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct nftset_command e;
                if (recognise(rows[i].text, "192.0.2.1", &e) != rows[i].is)
                        fail_msg("%s", rows[i].text);
                if (!rows[i].is)
                        continue;
                assert_true(e.place.is_ipset);
                assert_string_equal(e.place.set, "f2b-x");
                assert_int_equal(e.deed, rows[i].deed);
                assert_int_equal(e.timeout_ms, rows[i].timeout_ms);
        }
}

/* Runs each command in process, or by ipset, and lists what is in the sets then. */
static void play(bool in_process, char *out, size_t size) {
        static const struct {
                const char *text, *of;
        } steps[] = {
                {"ipset -exist add s4 192.0.2.1 timeout 0",      "192.0.2.1"  },
                {"ipset -exist add s4 192.0.2.2",                "192.0.2.2"  },
                {"ipset -exist add s4 192.0.2.2 timeout 500000", "192.0.2.2"  },
                {"ipset -exist add s4 192.0.2.3 timeout 9",      "192.0.2.3"  },
                {"ipset -exist del s4 192.0.2.3",                "192.0.2.3"  },
                {"ipset -exist del s4 192.0.2.4",                "192.0.2.4"  },
                {"ipset -exist add s6 2001:db8::1 timeout 0",    "2001:db8::1"},
                {"ipset -exist add plain 192.0.2.1",             "192.0.2.1"  },
                {"ipset -exist add net 192.0.2.1",               "192.0.2.1"  },
        };
        struct nftset *link = nftset_new();
        size_t bad;
        (void)!system("ipset destroy");
        shell("ipset create s4 hash:ip timeout 600000; ipset create s6 hash:ip family inet6 "
              "timeout "
              "0; ipset create plain hash:ip; ipset create net hash:net");
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                struct nftset_command does;
                struct address address;
                (void)address_parse(slice_of(steps[i].of), &address);
                if (!in_process) {
                        shell(steps[i].text);
                        continue;
                }
                assert_true(recognise(steps[i].text, steps[i].of, &does));
                const struct nftset_element element = {
                        &does.place, does.deed, does.timeout_ms, address};
                assert_int_equal(ipset_apply(link, &element, 1, &bad), 0);
        }
        kernel_list("ipset save | sort | sed 's/ timeout 4999../ timeout 500000/; s/ "
                    "initval 0x[0-9a-f]*//'",
                out, size);
        (void)nftset_free(link);
}

static void the_kernel_ends_up_as_with_ipset(void **state) {
        static char ours[8192], theirs[8192];
        (void)state;
        if (!has_kernel)
                skip();
        play(true, ours, sizeof(ours));
        play(false, theirs, sizeof(theirs));
        assert_string_equal(ours, theirs);
        assert_non_null(strstr(ours, "add s4 192.0.2.2 timeout 500000"));
}

static void the_first_that_is_refused_is_named_and_nothing_is_lost(void **state) {
        static struct nftset_element many[MANY];
        static const struct nftset_place place = {.is_ipset = true, .set = "s"},
                                         missing = {.is_ipset = true, .set = "nowhere"};
        size_t bad;
        (void)state;
        if (!has_kernel)
                skip();
        (void)!system("ipset destroy");
        shell("ipset create s hash:ip");
        struct nftset *link = nftset_new();
        for (size_t i = 0; i < MANY; i++) {
                char text[ADDRESS_TEXT_MAX];
                (void)snprintf(text, sizeof(text), "10.0.%zu.%zu", i / 200, i % 200);
                many[i].place = &place;
                assert_int_equal(address_parse(slice_of(text), &many[i].address), 0);
        }
        assert_int_equal(ipset_apply(link, many, MANY, &bad), 0);
        shell("[ $(ipset save s | grep -c ^add) = 3000 ]");
        many[2000].place = &missing;
        many[1500].timeout_ms = 5000; /* a set without timeouts */
        assert_true(ipset_apply(link, many, MANY, &bad) < 0);
        assert_int_equal(bad, 1500);
        assert_int_equal(ipset_apply(link, many, 1500, &bad), 0);
        for (size_t i = 0; i < 1500; i++)
                many[i].deed = NFTSET_REMOVE;
        assert_int_equal(ipset_apply(link, many, 1500, &bad), 0);
        shell("[ $(ipset save s | grep -c ^add) = 1500 ]");
        (void)nftset_free(link);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_the_known_forms_are_recognised),
                cmocka_unit_test(the_kernel_ends_up_as_with_ipset),
                cmocka_unit_test(the_first_that_is_refused_is_named_and_nothing_is_lost),
        };
        return cmocka_run_group_tests(tests, set_up_all, NULL);
}
