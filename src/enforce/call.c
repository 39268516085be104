/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls live in a list, so that a server that ends can free those whose answers will never come.
 * Each ends exactly once: whoever ends it takes it out of the list, tells, and frees it. Errors are
 * Python's exceptions, because that is what clients print. */
#include "enforce/call.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"

#define LOGGER "fail2ban.transmitter"
#define TEXT_MAX ((size_t)1 << 20)

struct exception_home {
        const char *name;
        const char *module;
};

static const struct exception_home homes[] = {
        {"UnknownJailException",   "fail2ban.exceptions"      },
        {"DuplicateJailException", "fail2ban.exceptions"      },
        {"RegexException",         "fail2ban.server.failregex"},
};

struct call *call_new(struct call_list *list, struct server *server, call_done *done, void *user) {
        struct call *call = memory_new(sizeof(*call));
        *call = (struct call){.server = server,
                .command = value_list(),
                .done = done,
                .user = user,
                .list = list,
                .next = list->first};
        if (list->first)
                list->first->previous = call;
        list->first = call;
        list->count++;
        return call;
}

static void unlink_call(struct call_list *list, struct call *call) {
        if (call->previous)
                call->previous->next = call->next;
        else
                list->first = call->next;
        if (call->next)
                call->next->previous = call->previous;
        list->count--;
}

static void free_call(struct call *call) {
        arena_done(&call->arena);
        free(call);
}

void call_list_done(struct call_list *list) {
        while (list->first) {
                struct call *call = list->first;
                if (call->cancel)
                        call->cancel(call);
                assert(!call->previous);
                unlink_call(list, call);
                free_call(call);
        }
}

static void tell(const struct call *call) {
        struct arena arena = ARENA_INIT;
        struct slice command = repr(&call->command, &arena);
        struct slice error = call_error_repr(&call->error, &arena);
        diag(DIAG_ERROR, LOGGER, "Command %.*s has failed. Received %.*s", SLICE_ARG(command),
                SLICE_ARG(error));
        arena_done(&arena);
}

static void end(struct call *call) {
        unlink_call(call->list, call);
        if (call->failed && !call->told)
                tell(call);
        if (call->done)
                call->done(call->user, call);
        free_call(call);
}

void call_return(struct call *call, struct value result) {
        call->result = result;
        end(call);
}

static struct slice full_name(struct arena *arena, const char *name) {
        const char *module = "builtins";
        if (strchr(name, '.'))
                return arena_copy(arena, slice_of(name));
        for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
                if (strcmp(homes[i].name, name) == 0)
                        module = homes[i].module;
        return arena_printf(arena, "%s.%s", module, name);
}

/* str() of a KeyError is the repr() of its argument. */
static bool is_key_error(const char *name) {
        return strcmp(name, "KeyError") == 0 || strcmp(name, "UnknownJailException") == 0;
}

static void raise_text(struct call *call, const char *name, struct slice text) {
        call->failed = true;
        call->error.class_name = full_name(&call->arena, name);
        call->error.arguments = value_list();
        value_append(&call->error.arguments, value_string(text), &call->arena);
        call->error.text = is_key_error(name) ? repr_text(text, &call->arena) : text;
        end(call);
}

void call_raise(struct call *call, const char *class_name, const char *format, ...) {
        char *text = NULL;
        va_list arguments;
        va_start(arguments, format);
        int length = vasprintf(&text, format, arguments);
        va_end(arguments);
        struct slice kept = arena_copy(
                &call->arena, length < 0 ? SLICE_NULL : (struct slice){text, (size_t)length});
        free(text);
        raise_text(call, class_name, kept);
}

void call_raise_fault(struct call *call, struct fault *fault) {
        struct slice text = arena_copy(&call->arena, slice_of(fault_text(fault)));
        const char *kind = fault->kind ? fault->kind : "Exception";
        fault_done(fault);
        raise_text(call, kind, text);
}

static const char *os_error_name(int code) {
        if (code == -ENOENT)
                return "FileNotFoundError";
        if (code == -EACCES || code == -EPERM)
                return "PermissionError";
        if (code == -EISDIR)
                return "IsADirectoryError";
        if (code == -ENOTDIR)
                return "NotADirectoryError";
        return "OSError";
}

void call_raise_os(struct call *call, int code, struct slice path) {
        struct arena *arena = &call->arena;
        struct slice reason = arena_copy(arena, slice_of(strerror(-code)));
        struct slice name = repr_text(path, arena);
        call->failed = true;
        call->error.class_name = full_name(arena, os_error_name(code));
        call->error.arguments = value_list();
        value_append(&call->error.arguments, value_int(-code), arena);
        value_append(&call->error.arguments, value_string(reason), arena);
        value_append(&call->error.arguments, value_string(arena_copy(arena, path)), arena);
        call->error.text = arena_printf(
                arena, "[Errno %d] %.*s: %.*s", -code, SLICE_ARG(reason), SLICE_ARG(name));
        end(call);
}

void call_fail(struct call *call, const struct call_error *error) {
        call->failed = true;
        call->told = true;
        call->error.class_name = arena_copy(&call->arena, error->class_name);
        call->error.arguments = value_copy(&error->arguments, &call->arena);
        call->error.text = arena_copy(&call->arena, error->text);
        end(call);
}

const struct value *call_item(const struct call *call, size_t index) {
        return value_item(&call->command, index);
}

struct slice call_word(const struct call *call, size_t index) {
        return value_item_text(&call->command, index);
}

size_t call_count(const struct call *call) {
        return call->command.list.count;
}

struct slice call_error_repr(const struct call_error *error, struct arena *arena) {
        size_t at = error->class_name.len;
        while (at > 0 && error->class_name.data[at - 1] != '.')
                at--;
        struct slice name = slice_sub(error->class_name, at, error->class_name.len);
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        /* What does not fit is left out: the text is for a log. */
        (void)buffer_append(&out, name);
        (void)buffer_append_char(&out, '(');
        size_t count = error->arguments.list.count;
        for (size_t i = 0; i < count && i < 2;
                i++) { /* an OSError's file is no argument to Python */
                if (i > 0)
                        (void)buffer_append(&out, SLICE(", "));
                (void)repr_put(&out, &error->arguments.list.items[i]);
        }
        (void)buffer_append_char(&out, ')');
        struct slice text = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return text;
}
