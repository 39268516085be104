/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/call.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "base/diag.h"
#include "base/repr.h"

struct seen {
        unsigned count;
        bool failed;
        char class_name[128];
        char text[512];
        char repr[512];
        char logged[1024];
};

static void on_done(void *user, const struct call *call) {
        struct seen *seen = user;
        struct arena arena = ARENA_INIT;
        seen->count++;
        seen->failed = call->failed;
        if (call->failed) {
                struct slice shown = call_error_repr(&call->error, &arena);
                (void)snprintf(seen->class_name, sizeof(seen->class_name), "%.*s",
                        SLICE_ARG(call->error.class_name));
                (void)snprintf(seen->text, sizeof(seen->text), "%.*s", SLICE_ARG(call->error.text));
                (void)snprintf(seen->repr, sizeof(seen->repr), "%.*s", SLICE_ARG(shown));
        } else {
                struct slice shown = repr(&call->result, &arena);
                (void)snprintf(seen->repr, sizeof(seen->repr), "%.*s", SLICE_ARG(shown));
        }
        arena_done(&arena);
}

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct seen *seen = user;
        (void)snprintf(seen->logged, sizeof(seen->logged), "%d %s %.*s", (int)level, logger,
                SLICE_ARG(text));
}

static struct call *begin(struct call_list *list, struct seen *seen) {
        *seen = (struct seen){0};
        diag_set_sink(sink, seen);
        struct call *call = call_new(list, NULL, on_done, seen);
        value_append(&call->command, value_text("get"), &call->arena);
        value_append(&call->command, value_text("x"), &call->arena);
        return call;
}

static void a_call_ends_once_and_is_gone(void **state) {
        (void)state;
        struct call_list list = {0};
        struct seen seen;
        struct call *call = begin(&list, &seen);
        assert_int_equal(call_count(call), 2);
        assert_true(slice_is(call_word(call, 1), "x"));
        assert_int_equal(call_word(call, 2).len, 0);
        assert_int_equal(list.count, 1);
        call_return(call, value_int(7));
        assert_int_equal(list.count, 0);
        assert_int_equal(seen.count, 1);
        assert_false(seen.failed);
        assert_string_equal(seen.repr, "7");
        assert_string_equal(seen.logged, "");
}

static void errors_are_pythons_exceptions(void **state) {
        (void)state;
        static const struct {
                const char *kind, *text, *class_name, *shown, *repr;
        } cases[] = {
                {"ValueError",             "bad 'x'", "builtins.ValueError",                        "bad 'x'",
                 "ValueError(\"bad 'x'\")"                                                                                     },
                {"KeyError",               "no",      "builtins.KeyError",                          "'no'",    "KeyError('no')"},
                {"UnknownJailException",   "j",       "fail2ban.exceptions.UnknownJailException",   "'j'",
                 "UnknownJailException('j')"                                                                                   },
                {"DuplicateJailException", "j",       "fail2ban.exceptions.DuplicateJailException", "j",
                 "DuplicateJailException('j')"                                                                                 },
                {"RegexException",         "r",       "fail2ban.server.failregex.RegexException",   "r",
                 "RegexException('r')"                                                                                         },
                {"a.b.C",                  "",        "a.b.C",                                      "",        "C('')"         },
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct call_list list = {0};
                struct seen seen;
                call_raise(begin(&list, &seen), cases[i].kind, "%s", cases[i].text);
                assert_true(seen.failed);
                assert_string_equal(seen.class_name, cases[i].class_name);
                assert_string_equal(seen.text, cases[i].shown);
                assert_string_equal(seen.repr, cases[i].repr);
        }
}

static void failures_are_logged_with_the_command(void **state) {
        (void)state;
        struct call_list list = {0};
        struct seen seen;
        call_raise(begin(&list, &seen), "Exception", "Invalid command");
        assert_string_equal(seen.logged, "40 fail2ban.transmitter Command ['get', 'x'] has failed. "
                                         "Received Exception('Invalid command')");
        struct call *call = begin(&list, &seen);
        call->told = true;
        call_raise(call, "Exception", "Invalid command");
        assert_string_equal(seen.logged, "");
}

static void a_fault_gives_its_kind_or_exception(void **state) {
        (void)state;
        struct call_list list = {0};
        struct seen seen;
        struct fault fault = FAULT_INIT;
        (void)fault_raise(&fault, "LookupError", "unknown encoding: zz");
        call_raise_fault(begin(&list, &seen), &fault);
        assert_string_equal(seen.class_name, "builtins.LookupError");
        assert_null(fault.text);
        (void)fault_set(&fault, -EIO, "no");
        call_raise_fault(begin(&list, &seen), &fault);
        assert_string_equal(seen.class_name, "builtins.Exception");
}

static void a_missing_file_is_an_oserror(void **state) {
        (void)state;
        struct call_list list = {0};
        struct seen seen;
        call_raise_os(begin(&list, &seen), -ENOENT, SLICE("/x"));
        assert_string_equal(seen.class_name, "builtins.FileNotFoundError");
        assert_string_equal(seen.text, "[Errno 2] No such file or directory: '/x'");
        assert_string_equal(seen.repr, "FileNotFoundError(2, 'No such file or directory')");
        call_raise_os(begin(&list, &seen), -EACCES, SLICE("/x"));
        assert_string_equal(seen.class_name, "builtins.PermissionError");
        call_raise_os(begin(&list, &seen), -EIO, SLICE("/x"));
        assert_string_equal(seen.class_name, "builtins.OSError");
}

static void another_calls_error_can_be_passed_on(void **state) {
        (void)state;
        struct call_list list = {0};
        struct seen seen;
        struct arena arena = ARENA_INIT;
        struct call_error error = {SLICE("builtins.ValueError"), value_list(), SLICE("t")};
        value_append(&error.arguments, value_text("t"), &arena);
        call_fail(begin(&list, &seen), &error);
        arena_done(&arena);
        assert_string_equal(seen.repr, "ValueError('t')");
        assert_string_equal(seen.logged, "");
}

static unsigned cancelled;

static void on_cancel(struct call *call) {
        (void)call;
        cancelled++;
}

static void a_list_that_ends_tells_only_handlers(void **state) {
        (void)state;
        struct call_list list = {0};
        struct seen seen;
        struct call *first = begin(&list, &seen);
        (void)call_new(&list, NULL, on_done, &seen);
        first->cancel = on_cancel;
        call_list_done(&list);
        assert_int_equal(list.count, 0);
        assert_int_equal(cancelled, 1);
        assert_int_equal(seen.count, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_call_ends_once_and_is_gone),
                cmocka_unit_test(errors_are_pythons_exceptions),
                cmocka_unit_test(failures_are_logged_with_the_command),
                cmocka_unit_test(a_fault_gives_its_kind_or_exception),
                cmocka_unit_test(a_missing_file_is_an_oserror),
                cmocka_unit_test(another_calls_error_can_be_passed_on),
                cmocka_unit_test(a_list_that_ends_tells_only_handlers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
