/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/journal_entry.h"

#include <stdlib.h>
#include <time.h>

#include "../cmocka_include.h"

#define FIELDS_MAX 8

struct row {
        const char *fields[FIELDS_MAX];
        const char *text;
};

static struct journal_entry entry_of(const char *const *texts, struct slice *fields) {
        struct journal_entry entry = {.fields = fields, .realtime_us = 1709625600123456, .monotonic_us = 12345678};
        for (; entry.count < FIELDS_MAX && texts[entry.count]; entry.count++)
                fields[entry.count] = slice_of(texts[entry.count]);
        return entry;
}

static void line_is_host_sender_and_message(void **state) {
        static const struct row rows[] = {
                {{"_HOSTNAME=h", "SYSLOG_IDENTIFIER=sshd", "_PID=12", "MESSAGE=msg"}, "h sshd[12]: msg"},
                {{"_HOSTNAME=h", "MESSAGE=msg", "_PID=12"}, "h msg"},
                {{"_HOSTNAME=h", "_COMM=c", "MESSAGE=msg"}, "h c: msg"},
                {{"_COMM=c", "SYSLOG_IDENTIFIER=s", "SYSLOG_PID=7", "_PID=8", "MESSAGE=m"}, "s[7]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=", "_PID=8", "MESSAGE=m"}, "x[8]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=0x1F", "MESSAGE=m"}, "x[31]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=012", "MESSAGE=m"}, "x[12]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=a b", "MESSAGE=m"}, "x[b'a b']: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=00", "_PID=8", "MESSAGE=m"}, "x[8]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=0x0", "_PID=8", "MESSAGE=m"}, "x[0]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=1_0", "MESSAGE=m"}, "x[10]: m"},
                {{"SYSLOG_IDENTIFIER=x", "SYSLOG_PID=99999999999999999999", "MESSAGE=m"}, "x[99999999999999999999]: m"},
                {{"SYSLOG_IDENTIFIER=x"}, "x: "},
                {{"MESSAGE=only"}, "only"},
                {{NULL}, ""},
                {{"_HOSTNAME=h", "SYSLOG_IDENTIFIER=kernel", "MESSAGE=k"}, "h kernel: [   12.345678] k"},
                {{"_HOSTNAME=h", "SYSLOG_IDENTIFIER=kernel", "_SOURCE_MONOTONIC_TIMESTAMP=1234567500000", "MESSAGE=k"},
                        "h kernel: [1234567.500000] k"},
                {{"SYSLOG_IDENTIFIER=kernel", "_PID=7", "MESSAGE=k"}, "kernel[7]: k"},
                {{"SYSLOG_IDENTIFIER=x", "MESSAGE=a\nb\n"}, "x: a\\nb\\n"},
                {{"SYSLOG_IDENTIFIER=x", "MESSAGE=a", "MESSAGE=b"}, "x: a b"},
                {{"SYSLOG_IDENTIFIER=x", "MESSAGE=caf\xe9"}, "x: caf\xef\xbf\xbd"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct slice fields[FIELDS_MAX];
                struct journal_entry entry = entry_of(rows[i].fields, fields);
                struct journal_line line = journal_entry_line(&entry, LINE_UTF8, &arena);
                assert_slice(line.text, rows[i].text);
                arena_done(&arena);
        }
}

static void date_is_the_senders_or_else_the_journals(void **state) {
        static const char *const own[] = {"_SOURCE_REALTIME_TIMESTAMP=1709625601000000", NULL};
        static const char *const wrong[] = {"_SOURCE_REALTIME_TIMESTAMP=x", NULL};
        struct arena arena = ARENA_INIT;
        struct slice fields[FIELDS_MAX];
        (void)state;
        struct journal_entry entry = entry_of(wrong, fields);
        struct journal_line line = journal_entry_line(&entry, LINE_UTF8, &arena);
        assert_slice(line.date_text, "2024-03-05T09:00:00.123456+01:00 ");
        assert_true(line.time == 1709625600.123456);
        entry = entry_of(own, fields);
        line = journal_entry_line(&entry, LINE_UTF8, &arena);
        assert_slice(line.date_text, "2024-03-05T09:00:01+01:00 ");
        assert_true(line.time == 1709625601.0);
        arena_done(&arena);
}

static void encoding_of_the_jail_decides(void **state) {
        static const char *const texts[] = {"MESSAGE=caf\xe9", NULL};
        struct arena arena = ARENA_INIT;
        struct slice fields[FIELDS_MAX];
        enum line_encoding latin;
        (void)state;
        assert_int_equal(line_encoding_parse(SLICE("latin-1"), &latin, NULL), 0);
        struct journal_entry entry = entry_of(texts, fields);
        struct journal_line line = journal_entry_line(&entry, latin, &arena);
        assert_slice(line.text, "caf\xc3\xa9");
        assert_false(line.repaired);
        assert_true(journal_entry_line(&entry, LINE_UTF8, &arena).repaired);
        arena_done(&arena);
}

static void long_message_is_cut(void **state) {
        struct arena arena = ARENA_INIT;
        struct slice field = {calloc(JOURNAL_TEXT_MAX + 100, 1), JOURNAL_TEXT_MAX + 100};
        (void)state;
        memset((char *)(uintptr_t)field.data, 'x', field.len);
        memcpy((char *)(uintptr_t)field.data, "MESSAGE=", 8);
        struct journal_entry entry = {.fields = &field, .count = 1};
        assert_true(journal_entry_line(&entry, LINE_UTF8, &arena).text.len <= JOURNAL_TEXT_MAX);
        assert_int_equal(journal_entry_size(&entry), field.len + 1);
        free((char *)(uintptr_t)field.data);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(line_is_host_sender_and_message),
                cmocka_unit_test(date_is_the_senders_or_else_the_journals),
                cmocka_unit_test(encoding_of_the_jail_decides),
                cmocka_unit_test(long_message_is_cut),
        };
        (void)setenv("TZ", "Europe/Berlin", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
