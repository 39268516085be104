/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose command it is, with both sorts written down instead of done. */
#include "enforce/kernel_set.h"

#include "../cmocka_include.h"

#include "enforce/ipset.h"

static char done;

bool nftset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        (void)address;
        *ret = (struct nftset_command){0};
        return strcmp(command->words[0], "nft") == 0;
}
bool nftset_command_is_of_system(const char *name, const char *program) {
        (void)name;
        (void)program;
        return true;
}
bool ipset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        (void)address;
        *ret = (struct nftset_command){.place.is_ipset = true};
        return strcmp(command->words[0], "ipset") == 0;
}
int nftset_apply(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        size_t *ret_bad) {
        (void)nftset;
        (void)elements;
        (void)count;
        (void)ret_bad;
        done = 'n';
        return 0;
}
int ipset_apply(
        struct nftset *link, const struct nftset_element *elements, size_t count, size_t *ret_bad) {
        (void)link;
        (void)elements;
        (void)count;
        (void)ret_bad;
        done = 'i';
        return 0;
}

static void either_knows_its_command(void **state) {
        char nft[] = "nft", ipset[] = "ipset", other[] = "iptables";
        struct plain_command command = {.count = 1, .words = {nft}};
        struct address address = {0};
        struct nftset_command ret;
        (void)state;
        assert_true(kernel_set_recognise(&command, &address, &ret));
        assert_false(ret.place.is_ipset);
        command.words[0] = ipset;
        assert_true(kernel_set_recognise(&command, &address, &ret));
        assert_true(ret.place.is_ipset);
        command.words[0] = other;
        assert_false(kernel_set_recognise(&command, &address, &ret));
}

static void a_batch_is_of_one_sort(void **state) {
        const struct nftset_place nft = {0}, ipset = {.is_ipset = true};
        struct nftset_element some[3] = {{.place = &nft}, {.place = &nft}, {.place = &ipset}};
        size_t bad;
        (void)state;
        assert_int_equal(kernel_set_apply(NULL, some, 0, &bad), 0);
        assert_int_equal(kernel_set_apply(NULL, some, 2, &bad), 0);
        assert_int_equal(done, 'n');
        assert_int_equal(kernel_set_apply(NULL, some + 2, 1, &bad), 0);
        assert_int_equal(done, 'i');
        assert_int_equal(kernel_set_apply(NULL, some, 3, &bad), NFTSET_E_UNUSUAL);
        assert_int_equal(bad, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(either_knows_its_command),
                cmocka_unit_test(a_batch_is_of_one_sort),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
