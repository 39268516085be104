/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the real kernel and the real nft, in a network namespace of the test's own; skipped
 * without root or nft. */
#include "enforce/nft_image.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../cmocka_include.h"
#include "kernel_fixture.h"

#include "base/memory.h"

#define MANY 17400 /* more than two parts */
#define LAST "198.18.86.200"
#define LONG_BYTES 10000 /* no message but one with many elements has as much */

/* In the place of libmnl's: refuses some of the long messages. */
static struct {
        unsigned which; /* bit n: the n-th one */
        int error;
        unsigned count; /* of long messages so far */
        size_t longest;
} refusal;

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *bytes, size_t len) {
        const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
        if (len > LONG_BYTES && (refusal.which >> refusal.count++ & 1)) {
                errno = refusal.error;
                return -1;
        }
        if (len > refusal.longest)
                refusal.longest = len;
        return sendto(mnl_socket_get_fd(socket), bytes, len, 0, (const struct sockaddr *)&kernel,
                sizeof(kernel));
}

/* In the place of libc's: sockets may get less room than they ask for. */
static int room_max;

int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
        if (level == SOL_SOCKET && name == SO_SNDBUFFORCE && room_max > 0)
                value = &room_max;
        return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

static struct nftset *link_to_kernel;
static char why[NFT_IMAGE_WHY_MAX];
static const struct nftset_place place = {.family = NFPROTO_INET, .table = "t", .set = "s"};
static struct nftset_element elements[MANY];

_Static_assert(MANY > 2 * NFTSET_BATCH_MAX && MANY < 3 * NFTSET_BATCH_MAX, "three parts");

static int set_up_all(void **state) {
        (void)state;
        if (KERNEL_BEGIN_NFT)
                link_to_kernel = nftset_new();
        for (size_t i = 0; i < MANY; i++) {
                char text[32];
                (void)snprintf(text, sizeof(text), "198.18.%zu.%zu", i / 200, i % 200 + 1);
                elements[i] = (struct nftset_element){.place = &place, .deed = NFTSET_ADD};
                assert_int_equal(address_parse(slice_of(text), &elements[i].address), 0);
        }
        return 0;
}

static int tear_down_all(void **state) {
        (void)state;
        link_to_kernel = nftset_free(link_to_kernel);
        return 0;
}

#define SET "add set inet t s { type ipv4_addr; }; "
#define TIMED "add set inet t s { type ipv4_addr; flags interval, timeout; timeout 1h; }; "
#define CHAIN "add chain inet t c { type filter hook input priority -1; }; "

static void make(const char *commands) {
        char text[1024];
        (void)snprintf(
                text, sizeof(text), "nft flush ruleset; nft 'add table inet t; %s'", commands);
        shell(text);
}

static void what_was_flushed_comes_back_as_it_was_in_one_transaction(void **state) {
        static const char *const rows[] = {SET CHAIN "add rule inet t c ip saddr @s drop",
                SET CHAIN
                "add rule inet t c ip saddr @s tcp dport vmap { 22 : drop, 80-90 : accept }",
                SET CHAIN
                "add rule inet t c ip saddr @s meta mark set tcp dport map { 22 : 1, 23 : "
                "2 } counter",
                SET CHAIN "add rule inet t c ip saddr @s limit rate over 5/second burst 7 packets "
                          "log prefix \"x \" level info drop",
                SET CHAIN "add rule inet t c ip saddr @s quota over 10 mbytes drop",
                SET CHAIN "add rule inet t c ip saddr @s ct count over 3 reject",
                SET CHAIN "add rule inet t c ct state { new, established } ip saddr @s iif lo "
                          "ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.2 . 23 } counter return",
                SET CHAIN "add rule inet t c ip saddr @s numgen random mod 10 < 5 drop; add rule "
                          "inet t c ip saddr @s tcp flags & (syn | ack) == syn drop",
                SET CHAIN "add rule inet t c tcp dport { 22, 80-90 } ip saddr @s reject",
                TIMED CHAIN "add rule inet t c meta l4proto { tcp, udp } ip saddr @s counter drop",
                SET CHAIN
                "add rule inet t c tcp dport 22 ip saddr @s reject with tcp reset comment "
                "\"mine\"; add rule inet t c udp dport { 53, 67 } ip saddr @s drop",
                SET CHAIN
                "add chain inet t d { type filter hook forward priority 5; }; add rule inet "
                "t c ip saddr @s drop; add rule inet t d ip daddr @s log prefix \"x\" drop",
                SET CHAIN
                "add set inet t z { type ipv4_addr; }; add rule inet t c ip saddr @z drop; "
                "add rule inet t c ip saddr @s drop; flush set inet t z"};
        static char before[8192], after[8192];
        (void)state;
        if (!link_to_kernel)
                skip();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct nft_image *image;
                uint32_t begin, end, transactions;
                make(rows[i]);
                shell("nft 'add element inet t s { 198.18.0.1, 198.18.0.2 }'");
                kernel_list("nft list ruleset", before, sizeof(before));
                assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
                const struct nft_image *const images[] = {image};
                shell("nft flush ruleset");
                assert_int_equal(nftset_generation(link_to_kernel, &begin), 0);
                assert_int_equal(
                        nftset_restore(link_to_kernel, images, 1, elements, 2, &transactions), 0);
                assert_int_equal(nftset_generation(link_to_kernel, &end), 0);
                assert_int_equal(transactions, 1);
                assert_int_equal(end - begin, 1);
                kernel_list("nft list ruleset", after, sizeof(after));
                /* times differ; another set is another's, with its rules */
                if (strstr(rows[i], TIMED) == rows[i])
                        assert_non_null(strstr(after, "198.18.0.2 expires"));
                else if (!strstr(rows[i], "@z"))
                        assert_string_equal(after, before);
                else
                        assert_true(strstr(after, "@s") && !strstr(after, "@z"));
                (void)nft_image_free(image);
        }
}

static void only_what_is_lost_is_put_back(void **state) {
        static char after[8192];
        struct nft_image *image;
        uint32_t transactions;
        (void)state;
        if (!link_to_kernel)
                skip();
        make(SET CHAIN "add rule inet t c tcp dport { 1, 2 } ip saddr @s drop");
        assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
        shell("nft flush chain inet t c; nft 'add rule inet t c tcp dport { 3, 4 } accept; add "
              "element inet t s { 198.18.0.1 }'");
        const struct nft_image *const images[] = {image};
        assert_int_equal(nftset_restore(link_to_kernel, images, 1, elements, 2, &transactions), 0);
        kernel_list("nft list ruleset", after, sizeof(after));
        assert_non_null(strstr(after, "tcp dport { 3, 4 } accept"));
        assert_non_null(strstr(after, "tcp dport { 1, 2 } ip saddr @s drop"));
        assert_non_null(strstr(after, "198.18.0.1, 198.18.0.2"));
        (void)nft_image_free(image);
}

static void of_many_the_rule_is_never_there_without_all(void **state) {
        static char after[1 << 20];
        struct nft_image *image;
        uint32_t transactions;
        (void)state;
        if (!link_to_kernel)
                skip();
        make(SET CHAIN "add rule inet t c ip saddr @s drop");
        assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
        shell("nft flush ruleset");
        const struct nft_image *const images[] = {image};
        assert_int_equal(
                nftset_restore(link_to_kernel, images, 1, elements, MANY, &transactions), 0);
        assert_int_equal(transactions, 1);
        kernel_list("nft list ruleset", after, sizeof(after));
        assert_non_null(strstr(after, "198.18.0.1,"));
        assert_non_null(strstr(after, LAST));
        (void)nft_image_free(image);
}

static void too_many_for_one_transaction_come_before_their_rule(void **state) {
        static char after[1 << 20];
        size_t count = NFTSET_WHOLE_MAX + 1;
        struct nft_image *image;
        uint32_t transactions;
        (void)state;
        if (!link_to_kernel)
                skip();
        struct nftset_element *many = memory_new_array(count, sizeof(*many));
        for (size_t i = 0; i < count; i++)
                many[i] = elements[i % (MANY - 1)];
        many[count - 1] = elements[MANY - 1];
        make(SET CHAIN "add rule inet t c ip saddr @s drop");
        assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
        shell("nft flush ruleset");
        const struct nft_image *const images[] = {image};
        assert_int_equal(nftset_restore(link_to_kernel, images, 1, many, count, &transactions), 0);
        assert_int_equal(transactions, 2);
        kernel_list("nft list ruleset", after, sizeof(after));
        assert_non_null(strstr(after, "198.18.0.1,"));
        assert_non_null(strstr(after, LAST));
        assert_non_null(strstr(after, "ip saddr @s drop"));
        (void)nft_image_free(image);
        free(many);
}

static void what_is_too_long_to_be_sent_goes_in_parts(void **state) {
        static const int errors[] = {EMSGSIZE, ENOBUFS, ENOMEM};
        static char after[1 << 20];
        struct nft_image *image;
        uint32_t transactions;
        (void)state;
        if (!link_to_kernel)
                skip();
        make(SET CHAIN "add rule inet t c ip saddr @s drop");
        assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
        const struct nft_image *const images[] = {image};
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                shell("nft flush ruleset");
                refusal.which = 1;
                refusal.error = errors[i];
                refusal.count = 0;
                assert_int_equal(
                        nftset_restore(link_to_kernel, images, 1, elements, MANY, &transactions),
                        0);
                refusal.which = 0;
                assert_int_equal(
                        transactions, 1 + (MANY + NFTSET_BATCH_MAX - 1) / NFTSET_BATCH_MAX);
                kernel_list("nft list ruleset", after, sizeof(after));
                assert_non_null(strstr(after, "198.18.0.1,"));
                assert_non_null(strstr(after, LAST));
                assert_non_null(strstr(strstr(after, "ip saddr @s drop") + 1, "}"));
                assert_null(strstr(strstr(after, "ip saddr @s drop") + 1, "ip saddr @s drop"));
        }
        (void)nft_image_free(image);
}

/* Nobody sees the rule without its elements, whichever part is refused. */
static void what_cannot_be_sent_in_parts_leaves_no_rule(void **state) {
        static const unsigned rows[] = {0xff, 5, 9};
        static char after[1 << 20];
        struct nft_image *image;
        uint32_t transactions;
        (void)state;
        if (!link_to_kernel)
                skip();
        make(SET CHAIN "add rule inet t c ip saddr @s drop");
        assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
        const struct nft_image *const images[] = {image};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                shell("nft flush ruleset");
                refusal.which = rows[i];
                refusal.error = ENOBUFS;
                refusal.count = 0;
                assert_int_equal(
                        nftset_restore(link_to_kernel, images, 1, elements, MANY, &transactions),
                        -ENOBUFS);
                refusal.which = 0;
                kernel_list("nft list ruleset", after, sizeof(after));
                assert_null(strstr(after, "ip saddr @s"));
                /* it can be done again */
                assert_int_equal(
                        nftset_restore(link_to_kernel, images, 1, elements, MANY, &transactions),
                        0);
                kernel_list("nft list ruleset", after, sizeof(after));
                assert_non_null(strstr(after, "ip saddr @s drop"));
        }
        (void)nft_image_free(image);
}

static void a_socket_with_little_room_does(void **state) {
        static char after[1 << 20];
        struct nft_image *image;
        uint32_t transactions;
        (void)state;
        if (!link_to_kernel)
                skip();
        make(SET CHAIN "add rule inet t c ip saddr @s drop");
        room_max = 80000; /* the kernel takes twice that: enough for a part, not for all */
        struct nftset *narrow = nftset_new();
        assert_int_equal(nft_image_take(narrow, &place, &image, why), 0);
        const struct nft_image *const images[] = {image};
        shell("nft flush ruleset");
        refusal.longest = 0;
        assert_int_equal(nftset_restore(narrow, images, 1, elements, MANY, &transactions), 0);
        room_max = 0;
        assert_int_equal(transactions, 1 + (MANY + NFTSET_BATCH_MAX - 1) / NFTSET_BATCH_MAX);
        kernel_list("nft list ruleset", after, sizeof(after));
        assert_non_null(strstr(after, LAST));
        assert_non_null(strstr(after, "ip saddr @s drop"));
        (void)nft_image_free(image);
        (void)nftset_free(narrow);
}

static void one_element_that_the_kernel_refuses_undoes_all(void **state) {
        static char after[8192];
        struct nft_image *image;
        uint32_t transactions;
        struct nftset_element some[3] = {elements[0], elements[1], elements[2]};
        (void)state;
        if (!link_to_kernel)
                skip();
        make(TIMED CHAIN "add rule inet t c ip saddr @s drop");
        assert_int_equal(nft_image_take(link_to_kernel, &place, &image, why), 0);
        const struct nft_image *const images[] = {image};
        assert_int_equal(address_parse(SLICE("203.0.113.0/24"), &some[1].address), 0);
        assert_int_equal(address_parse(SLICE("203.0.113.128/25"), &some[2].address), 0);
        shell("nft flush ruleset");
        assert_int_equal(
                nftset_restore(link_to_kernel, images, 1, some, 3, &transactions), -EEXIST);
        kernel_list("nft list ruleset", after, sizeof(after));
        assert_string_equal(after, "");
        assert_int_equal(nftset_restore(link_to_kernel, images, 1, some, 2, &transactions), 0);
        kernel_list("nft list ruleset", after, sizeof(after));
        assert_non_null(strstr(after, "203.0.113.0/24"));
        (void)nft_image_free(image);
}

static void what_an_image_cannot_hold_is_named(void **state) {
        static const struct {
                const char *commands, *why;
        } rows[] = {
                {SET CHAIN,                                                                                         "no rule that looks into it"                        },
                {SET "add chain inet t c; add rule inet t c ip saddr @s drop",
                 "no hook, or a policy other than accept, of chain c"                                                                                                   },
                {SET CHAIN "add rule inet t c accept; add rule inet t c ip saddr @s drop",
                 "rules that look into no set with a name, in chain c"                                                                                                  },
                {SET CHAIN "add set inet t z { type ipv4_addr; }; add rule inet t c ip saddr @s ip "
                           "daddr @z drop",                                                        "a rule with another set: z"                        },
                {SET "add chain inet t c { type filter hook input priority -1; policy drop; }; add "
                     "rule inet t c ip saddr @s accept",                                           "no hook, or a policy other than accept, of chain c"},
                {SET CHAIN "add chain inet t d; add rule inet t c ip saddr @s jump d",
                 "a rule with a jump to another chain"                                                                                                                  },
                {SET CHAIN
                        "add chain inet t d; add rule inet t c ip saddr @s tcp dport vmap { 22 : "
                        "drop, 23 : goto d }",                                                     "elements in a rule with a jump to another chain"   },
                {SET CHAIN
                        "add counter inet t n; add rule inet t c ip saddr @s counter name n drop", "a rule with an expression: objref"                 },
                {SET CHAIN "add set inet t z { type ipv4_addr; flags dynamic; }; add rule inet t c "
                           "ip saddr @s add @z { ip saddr } drop",                                 "a rule with an expression: dynset"                 },
        };
        struct nft_image *image;
        (void)state;
        if (!link_to_kernel)
                skip();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                make(rows[i].commands);
                assert_int_equal(
                        nft_image_take(link_to_kernel, &place, &image, why), NFT_IMAGE_E_UNUSUAL);
                assert_null(image);
                assert_string_equal(why, rows[i].why);
        }
        shell("nft flush ruleset");
        assert_true(nft_image_take(link_to_kernel, &place, &image, why) < 0);
        assert_null(image);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_flushed_comes_back_as_it_was_in_one_transaction),
                cmocka_unit_test(only_what_is_lost_is_put_back),
                cmocka_unit_test(of_many_the_rule_is_never_there_without_all),
                cmocka_unit_test(too_many_for_one_transaction_come_before_their_rule),
                cmocka_unit_test(what_is_too_long_to_be_sent_goes_in_parts),
                cmocka_unit_test(what_cannot_be_sent_in_parts_leaves_no_rule),
                cmocka_unit_test(a_socket_with_little_room_does),
                cmocka_unit_test(one_element_that_the_kernel_refuses_undoes_all),
                cmocka_unit_test(what_an_image_cannot_hold_is_named),
        };
        return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
