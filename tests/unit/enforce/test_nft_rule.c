/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as the kernel would send them. */
#include "enforce/nft_rule.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "../cmocka_include.h"

static char bytes[4096];

static struct nlmsghdr *begin(const char *table) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
        (void)mnl_nlmsg_put_extra_header(header, sizeof(struct nfgenmsg));
        mnl_attr_put_strz(header, NFTA_RULE_TABLE, table);
        mnl_attr_put_strz(header, NFTA_RULE_CHAIN, "c");
        return header;
}

static void put_expression(struct nlmsghdr *header, const char *name, const char *set) {
        struct nlattr *item = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
        mnl_attr_put_strz(header, NFTA_EXPR_NAME, name);
        struct nlattr *data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
        mnl_attr_put_strz(header, NFTA_LOOKUP_SET, set);
        mnl_attr_nest_end(header, data);
        mnl_attr_nest_end(header, item);
}

static struct nlmsghdr *rule(const char *table, const char *name, const char *set) {
        struct nlmsghdr *header = begin(table);
        struct nlattr *list = mnl_attr_nest_start(header, NFTA_RULE_EXPRESSIONS);
        put_expression(header, "payload", "x");
        put_expression(header, name, set);
        put_expression(header, "immediate", "y");
        mnl_attr_nest_end(header, list);
        return header;
}

static void a_lookup_in_the_set_counts_and_nothing_else(void **state) {
        (void)state;
        assert_true(nft_rule_uses(rule("t", "lookup", "s"), "t", "s"));
        assert_false(nft_rule_uses(rule("t", "lookup", "s2"), "t", "s"));
        assert_false(nft_rule_uses(rule("t2", "lookup", "s"), "t", "s"));
        assert_false(nft_rule_uses(rule("t", "dynset", "s"), "t", "s"));
        assert_false(nft_rule_uses(begin("t"), "t", "s"));
}

/* Whatever the lengths say, nothing beyond the message is read (the sanitizers look). */
static void broken_messages_use_nothing(void **state) {
        (void)state;
        uint32_t whole = rule("t", "lookup", "s")->nlmsg_len;
        for (uint32_t at = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg); at < whole; at++) {
                struct nlmsghdr *header = rule("t", "lookup", "s");
                char *copy = malloc(whole);
                bytes[at] = (char)0xff;
                memcpy(copy, header, whole);
                (void)nft_rule_uses((struct nlmsghdr *)(void *)copy, "t", "s");
                free(copy);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_lookup_in_the_set_counts_and_nothing_else),
                cmocka_unit_test(broken_messages_use_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
