/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/process_report.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "base/buffer.h"

static struct buffer said;

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)buffer_printf(&said, "%d %s %.*s\n", (int)level, logger, SLICE_ARG(text));
}

static struct process_report begin(void) {
        said = BUFFER_INIT(1 << 16);
        diag_set_sink(on_diag, NULL);
        diag_set_threshold(DIAG_INFO);
        return (struct process_report){.id = 255, .logger = "L", .text = SLICE("cmd x")};
}

static void end(const char *expected) {
        diag_set_sink(NULL, NULL);
        assert_true(slice_is(buffer_view(&said), expected));
        buffer_done(&said);
}

static void failures_are_told_with_all_output(void **state) {
        (void)state;
        struct process_report report = begin();
        process_report_end(&report, 3, false, SLICE("a\r\nb'\n\nc"), SLICE("\x1b[0m"));
        end("40 L ff -- exec: cmd x\n40 L ff -- stdout: 'a'\n40 L ff -- stdout: \"b'\"\n40 L ff -- "
            "stdout: ''\n"
            "40 L ff -- stdout: 'c'\n40 L ff -- stderr: '\\x1b[0m'\n40 L ff -- returned 3\n");
}

static void signals_have_names(void **state) {
        (void)state;
        struct process_report report = begin();
        process_report_timeout(&report, 2.0);
        process_report_end(&report, -15, false, SLICE(""), SLICE(""));
        process_report_end(&report, 137, false, SLICE(""), SLICE(""));
        end("40 L ff -- exec: cmd x\n40 L ff -- timed out after 2 seconds.\n40 L ff -- killed with "
            "SIGTERM (return code: -15)\n"
            "40 L ff -- killed with SIGKILL (return code: 137)\n");
}

static void success_is_a_matter_of_debugging(void **state) {
        (void)state;
        struct process_report report = begin();
        process_report_end(&report, 0, true, SLICE("x"), SLICE(""));
        diag_set_threshold(DIAG_DEBUG);
        process_report_end(&report, 0, true, SLICE("x"), SLICE(""));
        end("10 L ff -- stdout: 'x'\n10 L ff -- returned successfully 0\n");
}

static void errors_of_the_start_name_the_command(void **state) {
        (void)state;
        struct process_report report = begin();
        process_report_not_run(&report, ENOENT);
        end("40 L ff -- exec: cmd x\n40 L cmd x -- failed with [Errno 2] No such file or "
            "directory\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(failures_are_told_with_all_output),
                cmocka_unit_test(signals_have_names),
                cmocka_unit_test(success_is_a_matter_of_debugging),
                cmocka_unit_test(errors_of_the_start_name_the_command),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
