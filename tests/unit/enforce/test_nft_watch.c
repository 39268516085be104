/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the real kernel and the real nft, in a network namespace of the test's own; skipped
 * without root or nft. */
#include "enforce/nft_watch.h"

#include <linux/netfilter.h>

#include "../cmocka_include.h"
#include "kernel_fixture.h"

#define SET_UP                                                                                     \
        "nft 'add table inet t; add chain inet t c; add set inet t s { type ipv4_addr; flags "     \
        "interval; }; add set inet t other { type ipv4_addr; }; add rule inet t c ip saddr @s "    \
        "drop; add rule inet t c ip saddr @other drop; add element inet t s { 192.0.2.1 }; add "   \
        "element inet t other { 192.0.2.1 }; add table inet t2; add table ip t'"

static bool has_kernel;
static const struct nftset_place place = {.family = NFPROTO_INET, .table = "t", .set = "s"};

static int set_up_all(void **state) {
        (void)state;
        has_kernel = KERNEL_BEGIN_NFT;
        return 0;
}

static void on_lost(void *user, unsigned what) {
        *(unsigned *)user |= what;
}

/* The events of what is done are there when the command that did it has ended. */
static void losses_are_heard_and_nothing_else(void **state) {
        static const struct {
                const char *command;
                unsigned lost;
        } rows[] = {
                {"nft add element inet t s '{ 192.0.2.5 }'",        0                 },
                {"nft add rule inet t c ip saddr @s counter",       0                 },
                {"nft delete element inet t other '{ 192.0.2.1 }'", 0                 },
                {"nft delete table inet t2",                        0                 },
                {"nft delete table ip t",                           0                 },
                {"nft delete rule inet t c handle $(nft -a list chain inet t c | sed -n "
                 "'s/.*@other .*handle //p')",     0                 },
                {"nft delete set inet t other",                     0                 },
                {"nft delete element inet t s '{ 192.0.2.5 }'",     NFT_WATCH_ELEMENTS},
                {"nft flush set inet t s",                          NFT_WATCH_ELEMENTS},
                {"nft delete rule inet t c handle $(nft -a list chain inet t c | sed -n "
                 "'s/.*@s counter.*handle //p')",  NFT_WATCH_HOOK    },
                {"nft flush chain inet t c",                        NFT_WATCH_HOOK    },
                {"nft delete set inet t s",                         NFT_WATCH_HOOK    },
                {"nft delete table inet t",                         NFT_WATCH_HOOK    },
        };
        (void)state;
        if (!has_kernel)
                skip();
        struct loop *loop = loop_new();
        struct nft_watch *watch = nft_watch_new(loop);
        unsigned lost = 0;
        shell("nft flush ruleset");
        shell(SET_UP);
        struct nft_watched *watched = nft_watch_add(watch, &place, on_lost, &lost);
        assert_non_null(watched);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                lost = 0;
                shell(rows[i].command);
                nft_watch_read(watch);
                if (lost != rows[i].lost)
                        fail_msg("%s: %u", rows[i].command, lost);
        }
        assert_memory_equal(nft_watch_culprit(watch), "nft (pid ", 9);
        (void)nft_watch_remove(watched);
        (void)nft_watch_free(watch);
        (void)loop_free(loop);
}

static void what_is_done_over_the_own_link_is_not_heard(void **state) {
        (void)state;
        if (!has_kernel)
                skip();
        struct loop *loop = loop_new();
        struct nft_watch *watch = nft_watch_new(loop);
        struct nftset_element element = {.place = &place};
        enum nftset_state look;
        unsigned lost = 0;
        size_t bad;
        shell("nft flush ruleset");
        shell(SET_UP);
        assert_int_equal(address_parse(SLICE("192.0.2.7"), &element.address), 0);
        *nft_watch_link(watch) = nftset_new();
        struct nftset *link = *nft_watch_link(watch);
        struct nft_watched *watched = nft_watch_add(watch, &place, on_lost, &lost);
        assert_int_equal(nftset_apply(link, &element, 1, &bad), 0);
        element.deed = NFTSET_DELETE;
        assert_int_equal(nftset_apply(link, &element, 1, &bad), 0);
        nft_watch_read(watch);
        assert_int_equal(lost, 0);
        /* and the loop hears what others do */
        assert_int_equal(nftset_look(link, &place, ADDRESS_INET4, &look), 0);
        assert_int_equal(look, NFTSET_HOOKED);
        shell("nft flush chain inet t c");
        assert_int_equal(loop_step(loop, 0), 0);
        assert_int_equal(lost, NFT_WATCH_HOOK);
        assert_int_equal(nftset_look(link, &place, ADDRESS_INET4, &look), 0);
        assert_int_equal(look, NFTSET_UNHOOKED);
        assert_int_equal(nftset_look(link, &place, ADDRESS_INET6, &look), 0);
        assert_int_equal(look, NFTSET_UNUSUAL);
        shell("nft delete table inet t");
        assert_int_equal(nftset_look(link, &place, ADDRESS_INET4, &look), 0);
        assert_int_equal(look, NFTSET_MISSING);
        (void)nft_watch_remove(watched);
        (void)nft_watch_free(watch);
        (void)loop_free(loop);
}

static void a_pause_hears_only_that_there_were_others(void **state) {
        static const struct {
                const char *foreign;
                uint32_t own;
                unsigned lost;
        } rows[] = {
                {"true",                                          1,              0                                  },
                {"nft add element inet t other '{ 192.0.2.77 }'", 1,
                 NFT_WATCH_ELEMENTS | NFT_WATCH_HOOK                                                                 },
                {"nft add element inet t other '{ 192.0.2.78 }'", NFT_WATCH_SOME, NFT_WATCH_HOOK                     },
                {"true",                                          0,              NFT_WATCH_ELEMENTS | NFT_WATCH_HOOK},
        };
        (void)state;
        if (!has_kernel)
                skip();
        struct loop *loop = loop_new();
        struct nft_watch *watch = nft_watch_new(loop);
        struct nftset_element element = {.place = &place};
        unsigned lost = 0;
        size_t bad;
        shell("nft flush ruleset");
        shell(SET_UP);
        assert_int_equal(address_parse(SLICE("192.0.2.7"), &element.address), 0);
        *nft_watch_link(watch) = nftset_new();
        struct nft_watched *watched = nft_watch_add(watch, &place, on_lost, &lost);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                lost = 0;
                nft_watch_pause(watch);
                nft_watch_pause(watch);
                assert_int_equal(nftset_apply(*nft_watch_link(watch), &element, 1, &bad), 0);
                element.deed = element.deed == NFTSET_ADD ? NFTSET_DELETE : NFTSET_ADD;
                shell(rows[i].foreign);
                nft_watch_resume(watch, 1);
                assert_int_equal(lost, 0);
                nft_watch_resume(watch, rows[i].own);
                nft_watch_read(watch);
                assert_int_equal(lost, rows[i].lost);
        }
        /* what changes nothing is no transaction of others either */
        element.deed = NFTSET_ADD;
        (void)nftset_apply(*nft_watch_link(watch), &element, 1, &bad);
        lost = 0;
        nft_watch_pause(watch);
        assert_int_equal(nftset_apply(*nft_watch_link(watch), &element, 1, &bad), 0);
        nft_watch_resume(watch, 1);
        assert_int_equal(lost, 0);
        shell("nft flush set inet t s"); /* it hears again */
        nft_watch_read(watch);
        assert_int_equal(lost, NFT_WATCH_ELEMENTS);
        (void)nft_watch_remove(watched);
        (void)nft_watch_free(watch);
        (void)loop_free(loop);
}

static void when_events_were_missed_everything_is_suspect(void **state) {
        (void)state;
        if (!has_kernel)
                skip();
        struct loop *loop = loop_new();
        struct nft_watch *watch = nft_watch_new(loop);
        unsigned lost = 0;
        shell("nft flush ruleset");
        shell(SET_UP);
        struct nft_watched *watched = nft_watch_add(watch, &place, on_lost, &lost);
        shell("i=0; while [ $i -lt 250 ]; do i=$((i + 1)); j=0; while [ $j -lt 250 ]; do j=$((j + "
              "1)); echo add element inet t other { 10.0.$i.$j }; done; done | nft -f -");
        nft_watch_read(watch);
        assert_int_equal(lost, NFT_WATCH_ELEMENTS | NFT_WATCH_HOOK);
        (void)nft_watch_remove(watched);
        (void)nft_watch_free(watch);
        (void)loop_free(loop);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(losses_are_heard_and_nothing_else),
                cmocka_unit_test(what_is_done_over_the_own_link_is_not_heard),
                cmocka_unit_test(a_pause_hears_only_that_there_were_others),
                cmocka_unit_test(when_events_were_missed_everything_is_suspect),
        };
        return cmocka_run_group_tests(tests, set_up_all, NULL);
}
