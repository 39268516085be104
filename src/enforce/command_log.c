/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about a jail's log files. A client is told that a file is missing; a configuration is
 * not held up by it: the jail waits. */
#include <errno.h>

#include "base/diag.h"
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/server.h"

#define LOGGER "fail2ban.filter"

void command_get_logpath(struct call *call) {
        call_return(call, jail_log_paths(call->entry->jail, &call->arena));
}

/* Nobody reads the answer to a command of a stream, and a stream may add thousands of logs. */
static void return_paths(struct call *call) {
        if (call->mode == CALL_IN_STREAM)
                call_return(call, VALUE_OF_NONE);
        else
                command_get_logpath(call);
}

/* Returns 0, or -EINVAL when the call has ended. */
static int start_of(struct call *call, enum scan_start_at *ret) {
        struct slice word = call_word(call, 4);
        *ret = SCAN_START_HEAD;
        if (call_count(call) > 5) {
                call_raise(call, "ValueError", "Only one file can be added at a time");
                return -EINVAL;
        }
        if (call_count(call) < 5 || slice_equal_nocase(word, SLICE("head")))
                return 0;
        if (slice_equal_nocase(word, SLICE("tail"))) {
                *ret = SCAN_START_TAIL;
                return 0;
        }
        call_raise(call, "ValueError", "File option must be 'head' or 'tail'");
        return -EINVAL;
}

static void handle_absent(struct call *call, struct slice path, struct fault *fault) {
        if (call->mode == CALL_IN_STREAM) {
                diag(DIAG_WARNING, LOGGER, "Jail '%s' waits for log file %.*s: %s",
                        jail_name(call->entry->jail), SLICE_ARG(path), fault_text(fault));
                fault_done(fault);
                return_paths(call);
                return;
        }
        int code = fault->code < 0 ? fault->code : -ENOENT;
        fault_done(fault);
        (void)jail_log_undo(call->entry->jail, path);
        call_raise_os(call, code, path);
}

void command_addlogpath(struct call *call) {
        struct fault fault = FAULT_INIT;
        enum scan_start_at at;
        struct slice path = call_word(call, 3);
        if (start_of(call, &at) < 0)
                return;
        int r = jail_log_add(call->entry->jail, path, at, &fault);
        if (r == SCAN_LINK_E_ABSENT) {
                handle_absent(call, path, &fault);
                return;
        }
        if (r < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        fault_done(&fault);
        return_paths(call);
}

void command_dellogpath(struct call *call) {
        (void)jail_log_del(
                call->entry->jail, call_word(call, 3)); /* one that is not there is no error */
        return_paths(call);
}
