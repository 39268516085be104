/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/journal_source.h"

#include <errno.h>
#include <stdlib.h>

#include "../cmocka_include.h"

static void options_are_read_and_written_back(void **state) {
        static const struct {
                const char *options, *default_flags, *text;
        } rows[] = {
                {"", NULL, ""},
                {"[]", NULL, ""},
                {"[journalpath=/x]", NULL, "[journalpath=\"/x\"]"},
                {"[ journalpath = \"/x, y\" , rotated=on ]", NULL, "[journalpath=\"/x, y\", rotated=\"1\"]"},
                {"[journalflags=1][namespace='a']", NULL, "[namespace=\"a\", journalflags=\"1\"]"},
                {"[journalfiles=/a/*.journal /b/c]", NULL, "[journalfiles=\"/a/*.journal /b/c\"]"},
                {"[journalpath='/with\"quote']", NULL, "[journalpath='/with\"quote']"},
                {"[rotated=no]", NULL, ""},
                {"[rotated=1]", NULL, "[journalflags=\"4\", rotated=\"1\"]"},
                {"", "8", "[journalflags=\"8\"]"},
                {"[rotated=1]", "1", "[journalflags=\"1\", rotated=\"1\"]"},
                {"[journalpath=/x]", "8", "[journalpath=\"/x\"]"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct journal_source source;
                assert_int_equal(journal_source_parse(slice_of(rows[i].options), rows[i].default_flags, &arena, &source, NULL), 0);
                struct slice text = journal_source_text(&source, &arena);
                assert_slice(text, rows[i].text);
                assert_int_equal(journal_source_parse(text, NULL, &arena, &source, NULL), 0);
                assert_slice(journal_source_text(&source, &arena), rows[i].text);
                arena_done(&arena);
        }
}

static void what_is_wrong_is_refused(void **state) {
        static const char *const rows[] = {"[", "[a", "[=1]", "[journalpath=\"/x]", "x[journalpath=/x]", "[journalpath=/x]y", "[unknown=1]",
                "[journalflags=x]", "[journalflags=-1]", "[journalflags=99999999999]", "[journalpath=/x"};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct journal_source source;
                assert_int_equal(journal_source_parse(slice_of(rows[i]), NULL, &arena, &source, &fault), -EINVAL);
                assert_non_null(fault.kind);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void too_long_options_are_refused(void **state) {
        struct arena arena = ARENA_INIT;
        struct journal_source source;
        char text[JOURNAL_SOURCE_MAX + 2];
        (void)state;
        memset(text, 'x', sizeof(text));
        assert_true(journal_source_parse((struct slice){text, sizeof(text)}, NULL, &arena, &source, NULL) < 0);
        arena_done(&arena);
}

static void folders_are_what_stands_before_the_globs(void **state) {
        static const struct {
                const char *options, *folders;
        } rows[] = {
                {"", "/var/log/journal /run/log/journal "},
                {"[journalpath=/x/y]", "/x/y "},
                {"[journalfiles=\"/a/b/*.journal /c/d.journal,/e*/f/g\"]", "/a/b /c / "},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct journal_source source;
                struct slice all = SLICE("");
                assert_int_equal(journal_source_parse(slice_of(rows[i].options), NULL, &arena, &source, NULL), 0);
                struct value folders = journal_source_folders(&source, &arena);
                for (size_t k = 0; k < folders.list.count; k++)
                        all = ARENA_JOIN(&arena, all, value_item_text(&folders, k), SLICE(" "));
                assert_slice(all, rows[i].folders);
                arena_done(&arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_are_read_and_written_back),
                cmocka_unit_test(what_is_wrong_is_refused),
                cmocka_unit_test(too_long_options_are_refused),
                cmocka_unit_test(folders_are_what_stands_before_the_globs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
