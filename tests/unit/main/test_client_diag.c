/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_diag.h"

#include <time.h>
#include <unistd.h>

#include "capture.h"

#define MOMENT_US ((int64_t)1767225600 * 1000000 + 42000) /* 2026-01-01 00:00:00.042 UTC */

static struct slice line_of(int verbosity, struct arena *arena) {
        return client_diag_line(
                verbosity, MOMENT_US, DIAG_WARNING, "fail2ban.jailreader", SLICE("text"), arena);
}

static void forms_of_lines(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        setenv("TZ", "UTC", 1);
        tzset();
        int pid = (int)getpid();
        struct slice plain = arena_printf(
                &arena, "2026-01-01 00:00:00,042 fail2ban.jailreader     [%d]: WARNING text", pid);
        assert_slice(line_of(0, &arena), plain.data);
        assert_slice(line_of(-1, &arena), plain.data);
        assert_slice(line_of(1, &arena), plain.data);
        assert_slice(line_of(2, &arena),
                arena_printf(&arena, " 2026-01-01 00:00:00,042 %X WARNI text", (unsigned)pid).data);
        struct slice full = line_of(4, &arena);
        assert_true(slice_has_prefix(full, SLICE(" +")));
        assert_true(slice_has_suffix(full, SLICE(" fail2ban.jailreader       WARNI |      "
                                                 "jailreader-30:                      | text")));
        assert_true(slice_has_suffix(
                line_of(3, &arena), SLICE(" fail2ban.jailreader       WARNI text")));
        arena_done(&arena);
}

static void verbosity_decides_what_is_shown(void **state) {
        (void)state;
        static const struct {
                int verbosity;
                int threshold;
        } rows[] = {
                {-3, DIAG_ERROR     },
                {-1, DIAG_ERROR     },
                {0,  DIAG_WARNING   },
                {1,  DIAG_INFO      },
                {2,  DIAG_DEBUG     },
                {3,  DIAG_HEAVYDEBUG},
                {9,  DIAG_HEAVYDEBUG}
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                client_diag_init(rows[i].verbosity);
                assert_int_equal(diag_threshold(), rows[i].threshold);
        }
}

static void messages_go_to_stderr(void **state) {
        (void)state;
        struct capture capture;
        client_diag_init(0);
        capture_begin(&capture, stderr);
        diag_text(DIAG_ERROR, "fail2ban", SLICE("broken"));
        diag_text(DIAG_INFO, "fail2ban", SLICE("unimportant"));
        const char *text = capture_end(&capture);
        assert_true(slice_has_suffix(slice_of(text), SLICE("]: ERROR   broken\n")));
        assert_null(strstr(text, "unimportant"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(forms_of_lines),
                cmocka_unit_test(verbosity_decides_what_is_shown),
                cmocka_unit_test(messages_go_to_stderr),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
