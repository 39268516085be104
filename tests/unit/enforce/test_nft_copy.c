/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With messages as the kernel writes them; test_nft_image.c has the kernel's own. */
#include "enforce/nft_copy.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "../cmocka_include.h"

static char made[4096];

static struct nlmsghdr *message(uint8_t type) {
        memset(made, 0, sizeof(made));
        struct nlmsghdr *header = mnl_nlmsg_put_header(made);
        header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
        struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));
        generic->nfgen_family = NFPROTO_INET;
        return header;
}

/* Whether a copied message holds these bytes. */
static bool holds(const struct buffer *out, const char *text) {
        struct slice all = buffer_view(out);
        return slice_find(all, (struct slice){text, strlen(text) + 1}, 0) < all.len;
}

static void a_table_is_copied_unless_somebody_owns_it_or_it_sleeps(void **state) {
        static const struct {
                uint16_t attribute;
                uint32_t value;
                int wanted;
        } rows[] = {
                {NFTA_TABLE_USE,   3,                   0                 },
                {NFTA_TABLE_FLAGS, 0,                   0                 },
                {NFTA_TABLE_FLAGS, NFT_TABLE_F_DORMANT, NFT_COPY_E_UNUSUAL},
                {NFTA_TABLE_OWNER, 7,                   NFT_COPY_E_UNUSUAL}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(NFT_COPY_ALL_MAX);
                struct nlmsghdr *had = message(NFT_MSG_NEWTABLE);
                mnl_attr_put_strz(had, NFTA_TABLE_NAME, "mine");
                mnl_attr_put_u32(had, rows[i].attribute, htonl(rows[i].value));
                assert_int_equal(nft_copy_table(had, &out), rows[i].wanted);
                assert_int_equal(holds(&out, "mine"), rows[i].wanted == 0);
                buffer_done(&out);
        }
}

static void a_chain_is_copied_if_it_is_hooked_and_lets_pass(void **state) {
        static const struct {
                bool has_hook;
                uint32_t policy, flags;
                int wanted;
        } rows[] = {
                {true,  NF_ACCEPT, NFT_CHAIN_BASE,                        0                 },
                {true,  NF_DROP,   NFT_CHAIN_BASE,                        NFT_COPY_E_UNUSUAL},
                {false, NF_ACCEPT, 0,                                     NFT_COPY_E_UNUSUAL},
                {true,  NF_ACCEPT, NFT_CHAIN_BASE | NFT_CHAIN_HW_OFFLOAD, NFT_COPY_E_UNUSUAL}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(NFT_COPY_ALL_MAX);
                struct nlmsghdr *had = message(NFT_MSG_NEWCHAIN);
                mnl_attr_put_strz(had, NFTA_CHAIN_NAME, "chain");
                if (rows[i].has_hook)
                        mnl_attr_put_u32(had, NFTA_CHAIN_HOOK, 0);
                mnl_attr_put_u32(had, NFTA_CHAIN_POLICY, htonl(rows[i].policy));
                mnl_attr_put_u32(had, NFTA_CHAIN_FLAGS, htonl(rows[i].flags));
                assert_int_equal(nft_copy_chain(had, &out), rows[i].wanted);
                buffer_done(&out);
        }
}

static void put_expression(
        struct nlmsghdr *header, const char *name, const char *set, bool is_map) {
        struct nlattr *item = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
        mnl_attr_put_strz(header, NFTA_EXPR_NAME, name);
        struct nlattr *data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
        if (set)
                mnl_attr_put_strz(header, NFTA_LOOKUP_SET, set);
        if (is_map)
                mnl_attr_put_u32(header, NFTA_LOOKUP_DREG, htonl(1));
        mnl_attr_nest_end(header, data);
        mnl_attr_nest_end(header, item);
}

static void a_rule_is_copied_if_it_looks_only_into_its_set(void **state) {
        static const struct {
                const char *name, *set;
                bool is_map;
                int wanted;
                size_t inner;
        } rows[] = {
                {"lookup", "mine",   false, 0,                  0},
                {"lookup", "__set0", false, 0,                  1},
                {"lookup", "theirs", false, NFT_COPY_E_UNUSUAL, 0},
                {"lookup", "__map0", true,  0,                  1},
                {"lookup", "__set0", true,  NFT_COPY_E_UNUSUAL, 1},
                {"lookup", "mine",   true,  NFT_COPY_E_UNUSUAL, 0},
                {"reject", NULL,     false, 0,                  0},
                {"dynset", NULL,     false, NFT_COPY_E_UNUSUAL, 0},
                {"objref", NULL,     false, NFT_COPY_E_UNUSUAL, 0}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(NFT_COPY_ALL_MAX);
                struct nft_copy copy = {.set = "mine", .next_id = 1};
                struct nlmsghdr *had = message(NFT_MSG_NEWRULE);
                mnl_attr_put_strz(had, NFTA_RULE_CHAIN, "chain");
                struct nlattr *list = mnl_attr_nest_start(had, NFTA_RULE_EXPRESSIONS);
                put_expression(had, rows[i].name, rows[i].set, rows[i].is_map);
                put_expression(had, rows[i].name, rows[i].set, rows[i].is_map);
                mnl_attr_nest_end(had, list);
                assert_int_equal(nft_copy_rule(&copy, had, &out), rows[i].wanted);
                assert_int_equal(copy.inner_count, rows[i].inner);
                bool is_copied = rows[i].inner > 0 && rows[i].wanted == 0;
                assert_int_equal(holds(&out, rows[i].is_map ? "__map%d" : "__set%d"), is_copied);
                assert_false(holds(&out, "__set0") || holds(&out, "__map0"));
                assert_int_equal(copy.refused[0] != '\0', rows[i].wanted != 0);
                buffer_done(&out);
        }
}

static void a_rule_with_too_many_sets_is_unusual(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(NFT_COPY_ALL_MAX);
        struct nft_copy copy = {.set = "mine", .next_id = 1};
        struct nlmsghdr *had = message(NFT_MSG_NEWRULE);
        struct nlattr *list = mnl_attr_nest_start(had, NFTA_RULE_EXPRESSIONS);
        for (unsigned i = 0; i <= NFT_COPY_INNER_MAX; i++) {
                char name[16];
                (void)snprintf(name, sizeof(name), "__set%u", i);
                put_expression(had, "lookup", name, false);
        }
        mnl_attr_nest_end(had, list);
        assert_int_equal(nft_copy_rule(&copy, had, &out), NFT_COPY_E_UNUSUAL);
        buffer_done(&out);
}

static void a_set_gets_a_number_and_an_inner_one_a_new_name(void **state) {
        (void)state;
        for (int is_map = 0; is_map < 2; is_map++) {
                const struct nft_copy_inner inner = {"__set7", false, 42},
                                            map = {"__map7", true, 42};
                struct buffer out = BUFFER_INIT(NFT_COPY_ALL_MAX);
                struct nft_copy copy = {.set = "mine", .next_id = 5};
                struct nlmsghdr *had = message(NFT_MSG_NEWSET);
                mnl_attr_put_strz(had, NFTA_SET_TABLE, "table");
                mnl_attr_put_strz(had, NFTA_SET_NAME, "__set7");
                if (is_map)
                        mnl_attr_put_u32(had, NFTA_SET_DATA_TYPE, htonl(1));
                int wanted = is_map ? NFT_COPY_E_UNUSUAL : 0;
                assert_int_equal(nft_copy_set(&copy, had, NULL, &out), wanted);
                assert_int_equal(holds(&out, "mine"), !is_map);
                assert_int_equal(copy.next_id, 6);
                assert_int_equal(nft_copy_set(&copy, had, &inner, &out), wanted);
                assert_int_equal(holds(&out, "__set%d"), !is_map);
                assert_int_equal(copy.next_id, 6);
                assert_int_equal(nft_copy_set(&copy, had, &map, &out), 0);
                assert_true(holds(&out, "__map%d"));
                buffer_done(&out);
        }
}

static void elements_with_more_than_a_key_are_unusual(void **state) {
        static const struct {
                uint16_t attribute;
                bool is_map;
                int wanted;
        } rows[] = {
                {NFTA_SET_ELEM_FLAGS,  false, 0                 },
                {NFTA_SET_ELEM_DATA,   false, NFT_COPY_E_UNUSUAL},
                {NFTA_SET_ELEM_DATA,   true,  0                 },
                {NFTA_SET_ELEM_OBJREF, false, NFT_COPY_E_UNUSUAL},
                {NFTA_SET_ELEM_OBJREF, true,  NFT_COPY_E_UNUSUAL}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(NFT_COPY_ALL_MAX);
                const struct nft_copy_inner inner = {"__set7", rows[i].is_map, 42};
                struct nft_copy copy = {.set = "mine", .next_id = 5};
                struct nlmsghdr *had = message(NFT_MSG_NEWSETELEM);
                struct nlattr *list = mnl_attr_nest_start(had, NFTA_SET_ELEM_LIST_ELEMENTS);
                struct nlattr *item = mnl_attr_nest_start(had, NFTA_LIST_ELEM);
                mnl_attr_put_strz(had, NFTA_SET_ELEM_KEY, "key");
                mnl_attr_put_u32(had, rows[i].attribute, 0);
                mnl_attr_nest_end(had, item);
                mnl_attr_nest_end(had, list);
                assert_int_equal(nft_copy_elements(&copy, had, &inner, &out), rows[i].wanted);
                assert_int_equal(holds(&out, "key"), rows[i].wanted == 0);
                buffer_done(&out);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_table_is_copied_unless_somebody_owns_it_or_it_sleeps),
                cmocka_unit_test(a_chain_is_copied_if_it_is_hooked_and_lets_pass),
                cmocka_unit_test(a_rule_is_copied_if_it_looks_only_into_its_set),
                cmocka_unit_test(a_rule_with_too_many_sets_is_unusual),
                cmocka_unit_test(a_set_gets_a_number_and_an_inner_one_a_new_name),
                cmocka_unit_test(elements_with_more_than_a_key_are_unusual),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
