/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/diag_journal.h"

#include <errno.h>
#include <stdio.h>

#include "../cmocka_include.h"

static void check(enum diag_level level, struct slice text, const char *fields, size_t len) {
        struct diag_record record = {
                .pid = 7, .level = level, .logger = "fail2ban.jail", .text = text};
        struct buffer out = BUFFER_INIT(4096);
        assert_int_equal(diag_journal_put(&out, &record), 0);
        assert_int_equal(buffer_len(&out), len);
        assert_memory_equal(buffer_view(&out).data, fields, len);
        buffer_done(&out);
}

#define CHECK(level, text, fields) check(level, SLICE(text), fields, sizeof(fields) - 1)

static void one_line_is_one_field(void **state) {
        (void)state;
        CHECK(DIAG_INFO, "hello = x",
                "PRIORITY=6\nSYSLOG_IDENTIFIER=fail2ban\nSYSLOG_PID=7\nLOGGER=fail2ban."
                "jail\nMESSAGE=hello = x\n");
}

static void several_lines_have_their_length_before_them(void **state) {
        (void)state;
        CHECK(DIAG_ERROR, "a\nPRIORITY=0",
                "PRIORITY=3\nSYSLOG_IDENTIFIER=fail2ban\nSYSLOG_PID=7\nLOGGER=fail2ban."
                "jail\nMESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n");
}

static void levels_become_priorities_as_upstream_maps_them(void **state) {
        (void)state;
        static const struct {
                int level;
                int priority;
        } rows[] = {
                {5,  7},
                {10, 7},
                {18, 6},
                {20, 6},
                {25, 4},
                {30, 4},
                {40, 3},
                {50, 2},
                {60, 1}
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct diag_record record = {
                        .level = (enum diag_level)rows[i].level, .logger = "x", .text = SLICE("m")};
                struct buffer out = BUFFER_INIT(4096);
                char expected[32];
                int len = snprintf(expected, sizeof(expected), "PRIORITY=%d\n", rows[i].priority);
                assert_int_equal(diag_journal_put(&out, &record), 0);
                assert_memory_equal(buffer_view(&out).data, expected, (size_t)len);
                buffer_done(&out);
        }
}

static void a_full_buffer_is_an_error(void **state) {
        (void)state;
        struct diag_record record = {.level = DIAG_INFO, .logger = "x", .text = SLICE("m")};
        struct buffer out = BUFFER_INIT(20);
        assert_int_equal(diag_journal_put(&out, &record), -ENOBUFS);
        buffer_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_line_is_one_field),
                cmocka_unit_test(several_lines_have_their_length_before_them),
                cmocka_unit_test(levels_become_priorities_as_upstream_maps_them),
                cmocka_unit_test(a_full_buffer_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
