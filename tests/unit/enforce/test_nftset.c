/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the real kernel and the real nft, in a network namespace of the test's own; skipped
 * without root or nft. */
#include "enforce/nftset.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "../cmocka_include.h"
#include "kernel_fixture.h"

static bool has_kernel;

static int set_up_all(void **state) {
        (void)state;
        has_kernel = KERNEL_BEGIN_NFT;
        return 0;
}

static void make_sets(void) {
        shell("nft delete table inet t; nft add table inet t");
        shell("nft add set inet t plain '{ type ipv4_addr; }'; nft add set inet t plain6 '{ type "
              "ipv6_addr; }'");
        shell("nft add set inet t range '{ type ipv4_addr; flags interval; }'; nft add set inet t "
              "range6 '{ type ipv6_addr; flags interval; }'");
        shell("nft add set inet t timed '{ type ipv4_addr; flags timeout; }'");
}

#define PLACES_MAX 16
static struct nftset_place places[PLACES_MAX];

/* The same pointer for the same name. */
static const struct nftset_place *place_of(const char *set) {
        size_t i = 0;
        while (places[i].set[0] && strcmp(places[i].set, set) != 0)
                assert_true(++i < PLACES_MAX);
        places[i].family = NFPROTO_INET;
        (void)snprintf(places[i].table, sizeof(places[i].table), "t");
        (void)snprintf(places[i].set, sizeof(places[i].set), "%s", set);
        return &places[i];
}

static struct nftset_element element(const char *set, const char *address, bool is_delete) {
        struct nftset_element e = {
                .place = place_of(set), .deed = is_delete ? NFTSET_DELETE : NFTSET_ADD};
        assert_int_equal(address_parse(slice_of(address), &e.address), 0);
        return e;
}

static void the_kernel_ends_up_as_with_nft(void **state) {
        (void)state;
        static const struct {
                const char *set, *address;
                bool is_delete;
        } steps[] = {
                {"plain",  "192.0.2.1",    false},
                {"plain",  "192.0.2.2",    false},
                {"plain6", "2001:db8::1",  false},
                {"range",  "192.0.2.1",    false},
                {"range",  "192.0.2.2",    false},
                {"range",  "192.0.2.0",    false},
                {"range6", "2001:db8::ff", false},
                {"timed",  "192.0.2.1",    false},
                {"range",  "192.0.2.1",    false},
                {"plain",  "192.0.2.1",    false},
                {"range",  "192.0.2.1",    true },
                {"plain",  "192.0.2.2",    true },
                {"range6", "2001:db8::ff", true },
                {"range",  "10.0.0.255",   false},
                {"range",  "192.0.2.0",    true }
        };
        static char ours[8192], nfts[8192];
        size_t bad;
        if (!has_kernel)
                skip();
        struct nftset *nftset = nftset_new();
        assert_non_null(nftset);
        make_sets();
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                struct nftset_element e =
                        element(steps[i].set, steps[i].address, steps[i].is_delete);
                assert_int_equal(nftset_apply(nftset, &e, 1, &bad), 0);
        }
        kernel_list("nft list table inet t", ours, sizeof(ours));
        make_sets();
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                char command[256];
                (void)snprintf(command, sizeof(command), "nft %s element inet t %s '{' %s '}'",
                        steps[i].is_delete ? "delete" : "add", steps[i].set, steps[i].address);
                shell(command);
        }
        kernel_list("nft list table inet t", nfts, sizeof(nfts));
        assert_string_equal(ours, nfts);
        assert_non_null(strstr(ours, "192.0.2.2"));
        /* and nft can go on with what we have made */
        shell("nft add element inet t range '{ 192.0.2.1 }'; nft delete element inet t range '{ "
              "192.0.2.2 }'");
        (void)nftset_free(nftset);
}

static void transactions_are_whole_and_errors_name_their_element(void **state) {
        (void)state;
        static char before[8192], after[8192];
        size_t bad;
        if (!has_kernel)
                skip();
        struct nftset *nftset = nftset_new();
        make_sets();
        kernel_list("nft list table inet t", before, sizeof(before));
        struct nftset_element many[3] = {element("plain", "192.0.2.1", false),
                element("plain", "192.0.2.9", true), element("plain", "192.0.2.3", false)};
        assert_int_equal(nftset_apply(nftset, many, 3, &bad), -ENOENT);
        assert_int_equal(bad, 1);
        kernel_list("nft list table inet t", after, sizeof(after));
        assert_string_equal(before, after);
        many[1].deed = NFTSET_ADD;
        assert_int_equal(nftset_apply(nftset, many, 3, &bad), 0);
        kernel_list("nft list table inet t", after, sizeof(after));
        assert_non_null(strstr(after, "192.0.2.9"));
        (void)nftset_free(nftset);
}

/* As many as a transaction takes, of two sets and both kinds, in interval and plain ones. */
static void many_go_together_in_their_order(void **state) {
        (void)state;
        static struct nftset_element many[NFTSET_BATCH_MAX + 1];
        static char listed[1 << 20];
        size_t bad, half = NFTSET_BATCH_MAX / 2;
        if (!has_kernel)
                skip();
        struct nftset *nftset = nftset_new();
        make_sets();
        for (size_t i = 0; i < NFTSET_BATCH_MAX; i++) {
                char address[ADDRESS_TEXT_MAX];
                bool is_six = i % 2 == 1;
                (void)snprintf(address, sizeof(address),
                        is_six ? "2001:db8::%zx" : "10.%zu.%zu.%zu", is_six ? i * 2 : i >> 12,
                        i >> 6 & 63, i % 64 * 2);
                many[i] = element(is_six ? "range6" : "range", address, false);
        }
        assert_int_equal(nftset_apply(nftset, many, NFTSET_BATCH_MAX, &bad), 0);
        kernel_list("nft list table inet t", listed, sizeof(listed));
        assert_non_null(strstr(listed, "10.0.0.0,"));
        char last[ADDRESS_TEXT_MAX];
        (void)snprintf(last, sizeof(last), "2001:db8::%zx ", (size_t)(NFTSET_BATCH_MAX - 1) * 2);
        assert_non_null(strstr(listed, last));
        /* added and deleted, the last word counts */
        for (size_t i = 0; i < half; i++)
                many[half + i] = many[i];
        for (size_t i = 0; i < half; i++)
                many[i].deed = NFTSET_DELETE;
        assert_int_equal(nftset_apply(nftset, many, NFTSET_BATCH_MAX, &bad), 0);
        kernel_list("nft list table inet t", listed, sizeof(listed));
        assert_non_null(strstr(listed, "10.0.0.0,"));
        /* the one that is wrong is named, the first of two; nothing of the rest is done */
        many[700] = element("plain", "192.0.2.9", true);
        many[900] = many[700];
        for (size_t i = 0; i < 700; i++)
                many[i] = element("plain", "192.0.2.1", false);
        assert_int_equal(nftset_apply(nftset, many, NFTSET_BATCH_MAX, &bad), -ENOENT);
        assert_int_equal(bad, 700);
        kernel_list("nft list table inet t", listed, sizeof(listed));
        assert_null(strstr(listed, "192.0.2.1"));
        assert_int_equal(nftset_apply(nftset, many, NFTSET_BATCH_MAX + 1, &bad), NFTSET_E_UNUSUAL);
        (void)nftset_free(nftset);
}

static void timeouts_and_networks_are_as_nft_has_them(void **state) {
        (void)state;
        static char listed[8192];
        size_t bad;
        if (!has_kernel)
                skip();
        struct nftset *nftset = nftset_new();
        make_sets();
        shell("nft add set inet t net '{ type ipv4_addr; flags interval,timeout; }'");
        struct nftset_element some[] = {element("timed", "192.0.2.1", false),
                element("timed", "192.0.2.2", false), element("net", "198.51.100.0/23", false),
                element("net", "203.0.113.128/25", false),
                element("range6", "2001:db8::/32", false), element("range", "10.0.0.0/8", false)};
        some[0].timeout_ms = some[2].timeout_ms = UINT64_C(86400000);
        assert_int_equal(nftset_apply(nftset, some, 6, &bad), 0);
        kernel_list("nft list table inet t", listed, sizeof(listed));
        assert_non_null(strstr(listed, "192.0.2.1 timeout 1d expires "));
        assert_non_null(strstr(listed, "192.0.2.2 }"));
        assert_non_null(strstr(listed, "198.51.100.0/23 timeout 1d expires "));
        assert_non_null(strstr(listed, "203.0.113.128/25 }"));
        assert_non_null(strstr(listed, "2001:db8::/32 }"));
        assert_non_null(strstr(listed, "10.0.0.0/8 }"));
        /* renewed, whether they were there or not */
        some[0].deed = some[1].deed = NFTSET_RENEW;
        some[0].timeout_ms = UINT64_C(172800000);
        (void)address_parse(SLICE("192.0.2.44"), &some[1].address);
        assert_int_equal(nftset_apply(nftset, some, 2, &bad), 0);
        kernel_list("nft list table inet t", listed, sizeof(listed));
        assert_non_null(strstr(listed, "192.0.2.1 timeout 2d expires "));
        assert_non_null(strstr(listed, "192.0.2.44"));
        /* gone afterwards, whether they were there or not */
        for (size_t i = 0; i < 4; i++)
                some[i].deed = NFTSET_REMOVE;
        (void)address_parse(SLICE("192.0.2.99"), &some[1].address);
        assert_int_equal(nftset_apply(nftset, some, 4, &bad), 0);
        assert_int_equal(nftset_apply(nftset, some, 4, &bad), 0);
        kernel_list("nft list table inet t", listed, sizeof(listed));
        assert_null(strstr(listed, "192.0.2.1 "));
        assert_null(strstr(listed, "198.51.100.0"));
        assert_non_null(strstr(listed, "192.0.2.2"));
        /* the one that is wrong is named, though others have two messages */
        struct nftset_element wrong[3] = {some[0], some[1], element("timed", "192.0.2.50", true)};
        assert_int_equal(nftset_apply(nftset, wrong, 3, &bad), -ENOENT);
        assert_int_equal(bad, 2);
        (void)nftset_free(nftset);
}

static void unusual_sets_are_left_to_nft(void **state) {
        (void)state;
        size_t bad;
        if (!has_kernel)
                skip();
        struct nftset *nftset = nftset_new();
        make_sets();
        shell("nft add set inet t merging '{ type ipv4_addr; flags interval; auto-merge; }'; nft "
              "add map inet t verdicts '{ type ipv4_addr : verdict; }'");
        struct nftset_element unusual[] = {element("merging", "192.0.2.1", false),
                element("verdicts", "192.0.2.1", false), element("plain6", "192.0.2.1", false),
                element("range", "255.255.255.255", false), element("range", "255.0.0.0/8", false),
                element("plain", "192.0.2.0/24", false), element("plain", "192.0.2.1", false)};
        unusual[sizeof(unusual) / sizeof(unusual[0]) - 1].timeout_ms = 1000;
        for (size_t i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++)
                assert_int_equal(nftset_apply(nftset, &unusual[i], 1, &bad), NFTSET_E_UNUSUAL);
        struct nftset_element missing = element("nowhere", "192.0.2.1", false);
        assert_int_equal(nftset_apply(nftset, &missing, 1, &bad), -ENOENT);
        (void)nftset_free(nftset);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_kernel_ends_up_as_with_nft),
                cmocka_unit_test(transactions_are_whole_and_errors_name_their_element),
                cmocka_unit_test(many_go_together_in_their_order),
                cmocka_unit_test(timeouts_and_networks_are_as_nft_has_them),
                cmocka_unit_test(unusual_sets_are_left_to_nft),
        };
        return cmocka_run_group_tests(tests, set_up_all, NULL);
}
