/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of the server: str() of the exception, with friendlier words for the three that people
 * meet most. Upstream: client/beautifier.py beautifyError(), 1.1. */
#include "main/client_error.h"

#include "base/repr.h"

/* Python's OSError and what is derived from it: (number, reason[, file]). */
static const char *const os_errors[] = {"OSError", "IOError", "FileNotFoundError",
        "PermissionError", "FileExistsError", "IsADirectoryError", "NotADirectoryError",
        "BlockingIOError", "BrokenPipeError", "ConnectionError", "ConnectionRefusedError",
        "ConnectionResetError", "ConnectionAbortedError", "InterruptedError", "TimeoutError",
        "ProcessLookupError", "ChildProcessError"};

static struct slice class_name(const struct pickle_reply *reply) {
        size_t dot = reply->error_class.len;
        while (dot > 0 && reply->error_class.data[dot - 1] != '.')
                dot--;
        return slice_sub(reply->error_class, dot, reply->error_class.len);
}

static bool is_os_error(const struct pickle_reply *reply) {
        size_t count = reply->value.list.count;
        struct slice name = class_name(reply);
        for (size_t i = 0; count >= 2 && i < sizeof(os_errors) / sizeof(os_errors[0]); i++)
                if (slice_is(name, os_errors[i]))
                        return true;
        return false;
}

struct value client_error_arguments(const struct pickle_reply *reply, struct arena *arena) {
        struct value tuple = value_tuple();
        size_t count = reply->value.list.count;
        if (is_os_error(reply) && count > 2)
                count = 2;
        for (size_t i = 0; i < count; i++)
                (void)value_append(&tuple, reply->value.list.items[i], arena);
        return tuple;
}

/* str() of the exception. */
static struct slice exception_text(const struct pickle_reply *reply, struct arena *arena) {
        const struct value *arguments = reply->value.list.items;
        size_t count = reply->value.list.count;
        if (is_os_error(reply) && count > 2 && arguments[2].type != VALUE_NONE)
                return arena_printf(arena, "[Errno %.*s] %.*s: %.*s",
                        SLICE_ARG(repr_str(&arguments[0], arena)),
                        SLICE_ARG(repr_str(&arguments[1], arena)),
                        SLICE_ARG(repr(&arguments[2], arena)));
        if (is_os_error(reply))
                return arena_printf(arena, "[Errno %.*s] %.*s",
                        SLICE_ARG(repr_str(&arguments[0], arena)),
                        SLICE_ARG(repr_str(&arguments[1], arena)));
        if (count == 0)
                return SLICE("");
        if (count == 1)
                return slice_is(class_name(reply), "KeyError") ? repr(&arguments[0], arena)
                                                               : repr_str(&arguments[0], arena);
        struct value all = client_error_arguments(reply, arena);
        return repr(&all, arena);
}

struct slice client_error_text(const struct pickle_reply *reply, struct arena *arena) {
        struct slice name = class_name(reply);
        struct slice jail = value_item_text(&reply->value, 0);
        if (slice_is(name, "UnknownJailException"))
                return arena_printf(
                        arena, "Sorry but the jail '%.*s' does not exist", SLICE_ARG(jail));
        if (slice_is(name, "IndexError"))
                return SLICE("Sorry but the command is invalid");
        if (slice_is(name, "DuplicateJailException"))
                return arena_printf(arena, "The jail '%.*s' already exists", SLICE_ARG(jail));
        return exception_text(reply, arena);
}
