/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went well is told at debug level only, errors with everything that the command said. Output
 * is somebody else's text: each line is logged in repr form, so that it cannot pretend to be a line
 * of ours. */
#include "enforce/process_report.h"

#include <inttypes.h>
#include <signal.h>

#include "base/arena.h"
#include "base/repr.h"
#include "base/value.h"

#define NOT_FOUND 127

void process_report_command(struct process_report *report, enum diag_level level) {
        if (report->is_said)
                return;
        report->is_said = true;
        diag(level, report->logger, "%" PRIx64 " -- exec: %.*s", report->id,
                SLICE_ARG(report->text));
}

void process_report_timeout(struct process_report *report, double timeout_s) {
        struct arena arena = ARENA_INIT;
        process_report_command(report, DIAG_ERROR);
        bool is_whole = timeout_s < 1e15 && timeout_s == (double)(int64_t)timeout_s;
        struct value number = is_whole ? value_int((int64_t)timeout_s) : value_float(timeout_s);
        struct slice text = repr(&number, &arena);
        diag(DIAG_ERROR, report->logger, "%" PRIx64 " -- timed out after %.*s seconds.", report->id,
                SLICE_ARG(text));
        arena_done(&arena);
}

void process_report_not_run(struct process_report *report, int error) {
        process_report_command(report, DIAG_ERROR);
        diag(DIAG_ERROR, report->logger, "%.*s -- failed with [Errno %d] %s",
                SLICE_ARG(report->text), error, strerror(error));
}

void process_report_lost(struct process_report *report, int64_t pid) {
        diag(DIAG_ERROR, report->logger, "%" PRIx64 " -- unable to kill PID %" PRId64, report->id,
                pid);
}

/* Takes the next line; \n, \r and \r\n end one. */
static bool next_line(struct slice *rest, struct slice *ret) {
        size_t at = 0;
        if (rest->len == 0)
                return false;
        while (at < rest->len && rest->data[at] != '\n' && rest->data[at] != '\r')
                at++;
        *ret = slice_sub(*rest, 0, at);
        if (at < rest->len && rest->data[at] == '\r' && at + 1 < rest->len &&
                rest->data[at + 1] == '\n')
                at++;
        *rest = slice_sub(*rest, at + 1, rest->len);
        return true;
}

static void report_output(const struct process_report *report, enum diag_level level,
        const char *name, struct slice output) {
        struct arena arena = ARENA_INIT;
        struct slice line;
        for (unsigned i = 0; i < PROCESS_REPORT_LINES_MAX && next_line(&output, &line); i++) {
                struct slice text = repr_text(line, &arena);
                diag(level, report->logger, "%" PRIx64 " -- %s: %.*s", report->id, name,
                        SLICE_ARG(text));
                arena_reset(&arena);
        }
        arena_done(&arena);
}

/* "KILL" for SIGKILL; NULL if libc does not say. */
static const char *abbreviation(int number) {
#ifdef __GLIBC__
        return sigabbrev_np(number);
#else
        (void)number;
        return NULL;
#endif
}

static void report_signal(const struct process_report *report, int status) {
        int number = status < 0 ? -status : status - 128;
        const char *name = abbreviation(number);
        if (name)
                diag(DIAG_ERROR, report->logger,
                        "%" PRIx64 " -- killed with SIG%s (return code: %d)", report->id, name,
                        status);
        else
                diag(DIAG_ERROR, report->logger,
                        "%" PRIx64 " -- killed with signal %d (return code: %d)", report->id,
                        number, status);
}

static void report_hint(const struct process_report *report) {
        struct arena arena = ARENA_INIT;
        struct slice command = report->has_values ? report->text : repr_text(report->text, &arena);
        diag(DIAG_INFO, report->logger,
                "HINT on 127: \"Command not found\".  Make sure that all commands in %.*s are in "
                "the PATH of "
                "fail2ban-server process (grep -a PATH= /proc/`pidof -x fail2ban-server`/environ). "
                "You may want to start "
                "\"fail2ban-server -f\" separately, initiate it with \"fail2ban-client reload\" in "
                "another shell session and "
                "observe if additional informative error messages appear in the terminals.",
                SLICE_ARG(command));
        arena_done(&arena);
}

void process_report_end(struct process_report *report, int status, bool is_success,
        struct slice output, struct slice errors) {
        enum diag_level level = is_success ? DIAG_DEBUG : DIAG_ERROR;
        if (!diag_enabled(level))
                return;
        process_report_command(report, is_success ? DIAG_TRACEDEBUG : DIAG_ERROR);
        report_output(report, level, "stdout", output);
        report_output(report, level, "stderr", errors);
        if (is_success)
                diag(DIAG_DEBUG, report->logger, "%" PRIx64 " -- returned successfully %d",
                        report->id, status);
        else if (status < 0 || status > 128)
                report_signal(report, status);
        else
                diag(DIAG_ERROR, report->logger, "%" PRIx64 " -- returned %d", report->id, status);
        if (!is_success && status == NOT_FOUND)
                report_hint(report);
}
