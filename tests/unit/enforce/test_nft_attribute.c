/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as the kernel would send them, and as it would not. */
#include "enforce/nft_attribute.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "../cmocka_include.h"

static char bytes[1024];

static struct nlmsghdr *begin(void) {
        memset(bytes, 0, sizeof(bytes));
        struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
        (void)mnl_nlmsg_put_extra_header(header, sizeof(struct nfgenmsg));
        return header;
}

static void what_is_there_is_told_as_text_and_as_number(void **state) {
        (void)state;
        struct nlmsghdr *header = begin();
        mnl_attr_put_strz(header, 1, "a table");
        mnl_attr_put_u32(header, 2, htonl(77));
        mnl_attr_put(header, 3, 0, "");
        struct nft_attribute text = nft_attribute_of(header, 1);
        struct nft_attribute number = nft_attribute_of(header, 2);
        struct nft_attribute empty = nft_attribute_of(header, 3);
        assert_true(text.is_there && number.is_there && empty.is_there);
        assert_string_equal(text.text, "a table");
        assert_int_equal(text.number, 0);
        assert_int_equal(number.number, 77);
        assert_string_equal(empty.text, "");
        assert_int_equal(empty.number, 0);
}

static void what_is_missing_is_nothing(void **state) {
        (void)state;
        struct nlmsghdr *header = begin();
        mnl_attr_put_u32(header, 2, htonl(77));
        struct nft_attribute found = nft_attribute_of(header, 1);
        assert_false(found.is_there);
        assert_string_equal(found.text, "");
        assert_int_equal(found.number, 0);
}

static void of_several_the_last_counts(void **state) {
        (void)state;
        struct nlmsghdr *header = begin();
        mnl_attr_put_strz(header, 1, "one");
        mnl_attr_put_strz(header, 1, "another");
        assert_string_equal(nft_attribute_of(header, 1).text, "another");
}

/* Texts without an end, numbers of other sizes, and an attribute that is longer than its message.
 */
static void what_is_malformed_is_no_text_and_no_number(void **state) {
        (void)state;
        struct nlmsghdr *header = begin();
        mnl_attr_put(header, 1, 6, "no end");
        mnl_attr_put_u16(header, 2, 7);
        assert_string_equal(nft_attribute_of(header, 1).text, "");
        assert_int_equal(nft_attribute_of(header, 2).number, 0);
        header = begin();
        mnl_attr_put_strz(header, 1, "name");
        struct nlattr *attribute = mnl_nlmsg_get_payload_offset(header, sizeof(struct nfgenmsg));
        attribute->nla_len = 500;
        assert_false(nft_attribute_of(header, 1).is_there);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_there_is_told_as_text_and_as_number),
                cmocka_unit_test(what_is_missing_is_nothing),
                cmocka_unit_test(of_several_the_last_counts),
                cmocka_unit_test(what_is_malformed_is_no_text_and_no_number),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
