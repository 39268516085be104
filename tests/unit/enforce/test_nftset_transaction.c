/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel makes of the messages is tested in test_nftset.c; here, how they are packed. */
#include "enforce/nftset_transaction.h"

#include <linux/netfilter/nf_tables.h>

#include "../cmocka_include.h"

#define KINDS_MAX 3000

static const struct nftset_place one = {.family = 1, .table = "t", .set = "one"},
                                 same = {.family = 1, .table = "t", .set = "one"},
                                 two = {.family = 1, .table = "t", .set = "two"};

static struct nftset_element element(const struct nftset_place *place, enum nftset_deed deed) {
        struct nftset_element e = {.place = place, .deed = deed};
        assert_int_equal(address_parse(SLICE("192.0.2.1"), &e.address), 0);
        return e;
}

static struct nftset_transaction make(const struct nftset_element *elements, size_t count,
        enum nftset_packing packing, int wanted) {
        static struct nftset_kind kinds[KINDS_MAX];
        for (size_t i = 0; i < count; i++)
                kinds[i] = (struct nftset_kind){
                        .is_known = true, .flags = NFT_SET_INTERVAL, .key_len = 4};
        struct nftset_transaction t = {.elements = elements,
                .kinds = kinds,
                .count = count,
                .packing = packing,
                .begin = 7};
        assert_int_equal(nftset_transaction_make(&t), wanted);
        return t;
}

static void neighbours_of_a_set_share_a_message(void **state) {
        (void)state;
        const struct nftset_element some[] = {element(&one, NFTSET_ADD), element(&same, NFTSET_ADD),
                element(&two, NFTSET_ADD), element(&two, NFTSET_DELETE),
                element(&two, NFTSET_REMOVE), element(&two, NFTSET_REMOVE)};
        struct nftset_transaction t = make(some, 6, NFTSET_PACKED, 0);
        assert_int_equal(t.messages, 5); /* the last two are added, then deleted */
        nftset_transaction_done(&t);
        t = make(some, 6, NFTSET_ONE_EACH, 0);
        assert_int_equal(t.messages, 8);
        for (uint32_t i = 0; i < 4; i++)
                assert_int_equal(t.owners[i], i);
        for (uint32_t i = 4; i < 8; i++)
                assert_int_equal(t.owners[i], 4 + (i - 4) / 2);
        nftset_transaction_done(&t);
        const struct nftset_element renewed[] = {
                element(&one, NFTSET_RENEW), element(&one, NFTSET_RENEW)};
        t = make(renewed, 2, NFTSET_PACKED, 0);
        assert_int_equal(t.messages, 3);
        nftset_transaction_done(&t);
}

static void no_message_grows_beyond_what_a_list_can_hold(void **state) {
        static struct nftset_element many[KINDS_MAX];
        (void)state;
        for (size_t i = 0; i < KINDS_MAX; i++)
                many[i] = element(&one, NFTSET_ADD);
        struct nftset_transaction t = make(many, KINDS_MAX, NFTSET_PACKED, 0);
        assert_true(t.messages > 1 && t.messages < 10);
        assert_true(t.len / t.messages < UINT16_MAX);
        nftset_transaction_done(&t);
}

static void what_has_no_end_cannot_be_expressed(void **state) {
        static const struct {
                const char *address;
                int result;
        } rows[] = {
                {"192.0.2.255",      0               },
                {"10.255.255.255",   0               },
                {"255.255.255.254",  0               },
                {"255.255.255.255",  NFTSET_E_UNUSUAL},
                {"255.255.255.0/24", NFTSET_E_UNUSUAL},
                {"128.0.0.0/1",      NFTSET_E_UNUSUAL},
                {"0.0.0.0/1",        0               },
                {"127.0.0.0/8",      0               },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct nftset_element e = element(&one, NFTSET_ADD);
                assert_int_equal(address_parse(slice_of(rows[i].address), &e.address), 0);
                struct nftset_transaction t = make(&e, 1, NFTSET_PACKED, rows[i].result);
                nftset_transaction_done(&t);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(neighbours_of_a_set_share_a_message),
                cmocka_unit_test(no_message_grows_beyond_what_a_list_can_hold),
                cmocka_unit_test(what_has_no_end_cannot_be_expressed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
