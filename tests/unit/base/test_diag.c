/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diag.h"

#include <errno.h>

#include "../cmocka_include.h"

struct seen {
        int count;
        enum diag_level level;
        char text[64];
        size_t len;
};

static void collect(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct seen *seen = user;
        (void)logger;
        seen->count++;
        seen->level = level;
        seen->len = text.len;
        (void)snprintf(seen->text, sizeof(seen->text), "%.*s", SLICE_ARG(text));
}

static void messages_below_the_threshold_are_dropped(void **state) {
        (void)state;
        struct seen seen = {0};
        diag_set_sink(collect, &seen);
        diag_set_threshold(DIAG_INFO);
        diag(DIAG_DEBUG, "fail2ban.filter", "no");
        assert_int_equal(seen.count, 0);
        diag(DIAG_NOTICE, "fail2ban.actions", "[%s] Ban %s", "sshd", "192.0.2.1");
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.level, DIAG_NOTICE);
        assert_string_equal(seen.text, "[sshd] Ban 192.0.2.1");
}

static void long_messages_are_cut(void **state) {
        (void)state;
        struct seen seen = {0};
        static char big[DIAG_TEXT_MAX + 100];
        memset(big, 'x', sizeof(big));
        diag_set_sink(collect, &seen);
        diag_text(DIAG_ERROR, "fail2ban", (struct slice){big, sizeof(big)});
        assert_int_equal(seen.len, DIAG_TEXT_MAX);
}

static void levels_have_names(void **state) {
        (void)state;
        int level = 0;
        assert_int_equal(diag_level_parse(SLICE("debug"), &level), 0);
        assert_int_equal(level, DIAG_DEBUG);
        assert_int_equal(diag_level_parse(SLICE("TRACEDEBUG"), &level), 0);
        assert_string_equal(diag_level_name(level), "TRACE");
        assert_int_equal(diag_level_parse(SLICE("7"), &level), 0);
        assert_int_equal(level, 7);
        assert_int_equal(diag_level_parse(SLICE("warn"), &level), 0);
        assert_string_equal(diag_level_name(level), "WARNING");
        assert_int_equal(diag_level_parse(SLICE("notset"), &level), 0);
        assert_int_equal(level, 0);
        assert_int_equal(diag_level_parse(SLICE("FOO"), &level), -EINVAL);
        assert_int_equal(diag_level_parse(SLICE(""), &level), -EINVAL);
        assert_string_equal(diag_level_name(33), "Level 33");
}

static void count_begin(void *user) {
        ++*(int *)user;
}

static void count_end(void *user) {
        *(int *)user += 100;
}

static void nested_batches_are_one(void **state) {
        static const struct diag_batch_ops ops = {.begin = count_begin, .end = count_end};
        int calls = 0;
        (void)state;
        diag_set_batch_ops(&ops, &calls);
        diag_begin_batch();
        diag_begin_batch();
        diag_end_batch();
        assert_int_equal(calls, 1);
        diag_end_batch();
        assert_int_equal(calls, 101);
        diag_set_batch_ops(NULL, NULL);
        diag_begin_batch();
        diag_end_batch();
        assert_int_equal(calls, 101);
}

static void messages_of_any_length_are_whole(void **state) {
        static const size_t lengths[] = {0, 1, 510, 511, 512, 513, 5000};
        (void)state;
        static char big[DIAG_TEXT_MAX];
        memset(big, 'x', sizeof(big));
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                struct seen seen = {0};
                diag_set_sink(collect, &seen);
                diag(DIAG_ERROR, "fail2ban", "%.*s", (int)lengths[i], big);
                assert_int_equal(seen.count, 1);
                assert_int_equal(seen.len, lengths[i]);
        }
}

static char room_bytes[16];

static char *give_room(void *user, enum diag_level level, const char *logger, size_t len) {
        (void)user;
        (void)level;
        (void)logger;
        return len <= sizeof(room_bytes) ? room_bytes : NULL;
}

static void room_is_the_sinks_in_a_batch(void **state) {
        static const struct diag_batch_ops without = {.begin = count_begin, .end = count_end},
                                           with = {.begin = count_begin,
                                                   .end = count_end,
                                                   .room = give_room};
        int calls = 0;
        (void)state;
        diag_set_batch_ops(&with, &calls);
        assert_null(diag_room(DIAG_INFO, "x", 10));
        diag_begin_batch();
        assert_ptr_equal(diag_room(DIAG_INFO, "x", 10), room_bytes);
        assert_null(diag_room(DIAG_INFO, "x", 17));
        assert_null(diag_room(DIAG_INFO, "x", DIAG_TEXT_MAX + 1));
        diag_set_batch_ops(&without, &calls);
        assert_null(diag_room(DIAG_INFO, "x", 10));
        diag_end_batch();
        diag_set_batch_ops(NULL, NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(messages_below_the_threshold_are_dropped),
                cmocka_unit_test(long_messages_are_cut),
                cmocka_unit_test(levels_have_names),
                cmocka_unit_test(nested_batches_are_one),
                cmocka_unit_test(messages_of_any_length_are_whole),
                cmocka_unit_test(room_is_the_sinks_in_a_batch),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
