/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/diag_target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "base/diag.h"

static char folder[40];
static char first[96], second[96];
static struct clock clock_now;
static struct diag_target *target;
static char content[16384];

static int set_up(void **state) {
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/test_diag_target_XXXXXX");
        assert_non_null(mkdtemp(folder));
        (void)snprintf(first, sizeof(first), "%s/first", folder);
        (void)snprintf(second, sizeof(second), "%s/second", folder);
        clock_fix(&clock_now, INT64_C(1700000000) * 1000000);
        target = diag_target_new(&clock_now, 0);
        assert_int_equal(diag_target_set_level(target, SLICE("info"), NULL), 0);
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        target = diag_target_free(target);
        (void)unlink(first);
        (void)unlink(second);
        return rmdir(folder);
}

static const char *read_file(const char *path) {
        int fd = open(path, O_RDONLY);
        ssize_t len = fd < 0 ? 0 : read(fd, content, sizeof(content) - 1);
        content[len] = '\0';
        (void)close(fd);
        return content;
}

/* Each line of the file with what changes from run to run taken out. */
static void check_file(const char *path, const char *expected_format) {
        char expected[4096];
        int pid = (int)getpid();
        char at[64];
        (void)snprintf(
                at, sizeof(at), "2023-11-14 22:13:20,000 fail2ban.server         [%d]: ", pid);
        char *to = expected;
        for (const char *c = expected_format; *c; c++) {
                const char *name = *c == '1' ? first : second;
                if (*c == '@') {
                        to += snprintf(to, 100, "%s", at);
                } else if ((*c == '1' || *c == '2') && c[1] == 'F') {
                        to += snprintf(to, 100, "%s", name);
                        c++;
                } else {
                        *to++ = *c;
                }
        }
        *to = '\0';
        assert_string_equal(read_file(path), expected);
}

static void the_first_target_is_taken_silently(void **state) {
        (void)state;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        diag(DIAG_INFO, "fail2ban.server", "Starting %d", 1);
        diag(DIAG_DEBUG, "fail2ban.server", "not this");
        check_file(first, "@INFO    Starting 1\n");
        assert_slice(diag_target_name(target), first);
}

static void a_change_is_told_in_the_new_target(void **state) {
        (void)state;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(diag_target_set(target, slice_of(second), NULL), 0);
        assert_int_equal(
                diag_target_set(target, slice_of(second), NULL), 0); /* no change, nothing told */
        check_file(first, "");
        check_file(second, "@INFO    Start Fail2ban v1.1.1\n@INFO    Changed logging target to 2F "
                           "for Fail2ban v1.1.1\n");
}

static void an_unwritable_target_leaves_the_old_one(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("/nonexistent/dir/log"), &fault), -ENOENT);
        assert_string_equal(fault_text(&fault), "Failed to change log target");
        assert_string_equal(fault.kind, "Exception");
        fault_done(&fault);
        check_file(first, "@ERROR   Unable to log to '/nonexistent/dir/log'\n@INFO    Logging to "
                          "previous target '1F'\n");
        assert_slice(diag_target_name(target), first);
}

static void a_bad_format_leaves_the_old_target(void **state) {
        (void)state;
        char text[200];
        struct fault fault = FAULT_INIT;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        (void)snprintf(text, sizeof(text), "%s[format=\"%%(nothing)s\"]", second);
        assert_int_equal(diag_target_set(target, slice_of(text), &fault), -EINVAL);
        assert_string_equal(fault.kind, "ValueError");
        fault_done(&fault);
        assert_slice(diag_target_name(target), first);
        assert_int_equal(access(second, F_OK), -1);
}

static void options_shape_the_line(void **state) {
        (void)state;
        char text[200];
        (void)snprintf(text, sizeof(text), "%s[padding=off, datetime=off]", first);
        assert_int_equal(diag_target_set(target, slice_of(text), NULL), 0);
        assert_slice(diag_target_name(target), first);
        diag(DIAG_NOTICE, "fail2ban.actions", "[j] Ban 192.0.2.1");
        (void)snprintf(text, sizeof(text), "fail2ban.actions[%d]: NOTICE [j] Ban 192.0.2.1\n",
                (int)getpid());
        assert_string_equal(read_file(first), text);
        (void)snprintf(text, sizeof(text), "%s[format=\"%%(levelname)s: %%(message)s\"]", second);
        assert_int_equal(diag_target_set(target, slice_of(text), NULL), 0);
        diag(DIAG_WARNING, "fail2ban.actions", "w");
        assert_non_null(strstr(read_file(second), "\nWARNING: w\n"));
}

static void verbosity_above_two_changes_the_format(void **state) {
        (void)state;
        target = diag_target_free(target);
        target = diag_target_new(&clock_now, 4);
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        diag(DIAG_ERROR, "fail2ban.jail", "e");
        assert_non_null(strstr(read_file(first), " +    0 "));
        assert_non_null(strstr(content, " fail2ban.jail             ERROR e\n"));
}

static int bind_syslog(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", second);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void syslog_gets_priority_text_and_nul(void **state) {
        (void)state;
        static const struct {
                enum diag_level level;
                int priority;
                const char *name;
        } rows[] = {
                {DIAG_CRITICAL,   2, "CRITICAL"},
                {DIAG_ERROR,      3, "ERROR"   },
                {DIAG_WARNING,    4, "WARNING" },
                {DIAG_NOTICE,     5, "NOTICE"  },
                {DIAG_INFO,       6, "INFO"    },
                {DIAG_MSG,        4, "MSG"     },
                {DIAG_DEBUG,      7, "DEBUG"   },
                {DIAG_TRACEDEBUG, 4, "TRACE"   },
        };
        char got[512], expected[512];
        int server = bind_syslog();
        assert_int_equal(diag_target_set_level(target, SLICE("1"), NULL), 0);
        assert_int_equal(diag_target_set_syslog_socket(target, slice_of(second), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("SYSLOG[facility=local3]"), NULL), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                diag(rows[i].level, "fail2ban.filter", "msg\nmore");
                ssize_t n = recv(server, got, sizeof(got), 0);
                int len = snprintf(expected, sizeof(expected),
                        "<%d>fail2ban.filter[%d]: %s msg\nmore", (19 << 3) | rows[i].priority,
                        (int)getpid(), rows[i].name);
                assert_int_equal(n, len + 1);
                assert_memory_equal(got, expected, (size_t)len + 1);
        }
        assert_string_equal(diag_target_flush(target), "flushed");
        (void)close(server);
}

static void an_unknown_facility_falls_back_to_daemon(void **state) {
        (void)state;
        char got[512];
        int server = bind_syslog();
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(diag_target_set_syslog_socket(target, slice_of(second), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("SYSLOG[facility=foo]"), NULL), 0);
        check_file(first, "@ERROR   Unable to set facility 'foo', using 'DAEMON'\n");
        assert_true(recv(server, got, sizeof(got), 0) > 0);
        assert_memory_equal(got, "<30>", 4);
        ssize_t n = recv(server, got, sizeof(got), 0);
        char expected[256];
        (void)snprintf(expected, sizeof(expected),
                "Changed logging target to SYSLOG (%s) for Fail2ban v1.1.1", second);
        assert_true(n > 0);
        assert_non_null(strstr(got, expected));
        (void)close(server);
}

static void a_missing_syslog_socket_is_told(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(diag_target_set_syslog_socket(target, slice_of(second), NULL),
                0); /* not in use: not looked at */
        assert_int_equal(diag_target_set(target, SLICE("syslog"), &fault), -ENOENT);
        fault_done(&fault);
        check_file(first, "@ERROR   Syslog socket file: 2F does not exists or is not a socket\n");
        assert_slice(diag_target_syslog_socket(target), second);
}

static void the_systems_syslog_socket_keeps_its_name(void **state) {
        (void)state;
        int server = bind_syslog();
        diag_target_set_system_socket(target, second);
        assert_int_equal(diag_target_set_syslog_socket(target, SLICE("auto"), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("SYSLOG"), NULL), 0);
        assert_slice(diag_target_syslog_socket(target), second);
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("SYSLOG"), NULL), 0);
        assert_slice(diag_target_syslog_socket(target), second);
        (void)close(server);
}

static void another_syslog_socket_takes_over(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        char got[512];
        int server = bind_syslog();
        assert_int_equal(diag_target_set_syslog_socket(target, slice_of(second), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("SYSLOG"), NULL), 0);
        assert_int_equal(
                diag_target_set_syslog_socket(target, SLICE("/nonexistent"), &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "Failed to change syslog socket");
        fault_done(&fault);
        while (recv(server, got, sizeof(got), 0) > 0)
                ;
        diag(DIAG_ERROR, "fail2ban", "still here");
        assert_true(recv(server, got, sizeof(got), 0) > 0);
        (void)close(server);
}

static void inherited_changes_only_the_name(void **state) {
        (void)state;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(diag_target_set(target, SLICE("INHERITED"), NULL), 0);
        diag(DIAG_INFO, "fail2ban.server", "same place");
        check_file(first, "@INFO    same place\n");
        assert_slice(diag_target_name(target), "INHERITED");
}

static void flush_follows_logrotate(void **state) {
        (void)state;
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        diag(DIAG_INFO, "fail2ban.server", "old");
        assert_int_equal(rename(first, second), 0);
        assert_string_equal(diag_target_flush(target), "rolled over");
        check_file(second, "@INFO    old\n");
        check_file(first, "@INFO    rollover performed on 1F\n");
}

static void a_flush_that_fails_keeps_the_file(void **state) {
        (void)state;
        char moved[96];
        (void)snprintf(moved, sizeof(moved), "%s.x", folder);
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        assert_int_equal(rename(folder, moved), 0);
        (void)diag_target_flush(target);
        assert_int_equal(rename(moved, folder), 0);
        assert_non_null(strstr(read_file(first), "Unable to log to "));
}

static void levels_are_kept_as_set(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        assert_slice(diag_target_level(target), "INFO");
        assert_int_equal(diag_target_set_level(target, SLICE("7"), NULL), 0);
        assert_slice(diag_target_level(target), "7");
        assert_int_equal(diag_threshold(), 7);
        assert_int_equal(diag_target_set_level(target, SLICE("foo"), &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "Invalid log level 'FOO'");
        assert_string_equal(fault.kind, "ValueError");
        assert_slice(diag_target_level(target), "7");
        fault_done(&fault);
}

static void dropped_messages_are_told_when_there_is_room_again(void **state) {
        (void)state;
        int saved = dup(STDOUT_FILENO);
        int fds[2];
        static char got[4 << 20];
        static char big[60000];
        memset(big, 'x', sizeof(big));
        assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
        (void)fflush(stdout);
        (void)dup2(fds[1], STDOUT_FILENO);
        int r = diag_target_set(target, SLICE("STDOUT"), NULL);
        for (int i = 0; i < 30; i++)
                diag_text(DIAG_INFO, "fail2ban", (struct slice){big, sizeof(big)});
        size_t len = 0;
        for (int i = 0; i < 60; i++) {
                ssize_t n = read(fds[0], got + len, sizeof(got) - 1 - len);
                len += n > 0 ? (size_t)n : 0;
                diag_target_push(target);
        }
        (void)dup2(saved, STDOUT_FILENO);
        (void)close(saved);
        target = diag_target_free(target);
        (void)close(fds[0]);
        (void)close(fds[1]);
        got[len] = '\0';
        assert_int_equal(r, 0);
        assert_non_null(strstr(got, " messages dropped: the log target did not take them\n"));
}

/* More than is written together, and one that is longer than that. */
static void lines_of_a_batch_are_whole_and_in_order(void **state) {
        static char long_text[40000];
        (void)state;
        memset(long_text, 'x', sizeof(long_text) - 1);
        assert_int_equal(diag_target_set(target, slice_of(first), NULL), 0);
        diag_begin_batch();
        for (int i = 0; i < 3000; i++)
                diag(DIAG_INFO, "a.b", "%d%s", i, i == 1234 ? long_text : "");
        diag_end_batch();
        FILE *file = fopen(first, "re");
        char *line = NULL;
        size_t size = 0;
        assert_non_null(file);
        for (int i = 0; i < 3000; i++) {
                ssize_t len = getline(&line, &size, file);
                const char *text = strstr(line, ": INFO    ");
                assert_true(len > 0 && line[len - 1] == '\n' && text);
                assert_int_equal(strtol(text + 10, NULL, 10), i);
                assert_int_equal(strlen(text + 10) > sizeof(long_text), i == 1234);
        }
        assert_true(getline(&line, &size, file) < 0);
        free(line);
        (void)fclose(file);
}

/* The same messages, one half said and one half written where they are to be. */
static void what_is_written_into_room_is_a_line_like_others(void **state) {
        static const char *const formats[] = {"", "[format=\"%(asctime)s %(message)s\"]",
                "[format=\"%(message)s.\"]", "[format=\"%(message)20s\"]"};
        (void)state;
        for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
                char name[200], *whole[2] = {0};
                unsigned rooms = 0;
                for (int written = 0; written < 2; written++) {
                        (void)snprintf(
                                name, sizeof(name), "%s%s", written ? second : first, formats[i]);
                        assert_int_equal(diag_target_set(target, slice_of(name), NULL), 0);
                        diag_begin_batch();
                        for (int n = 0; n < 2000; n++) {
                                char text[40], *to = NULL;
                                int len = snprintf(text, sizeof(text), "message %d", n);
                                if (written && n % 3)
                                        to = diag_room(DIAG_INFO, "a.b", (size_t)len);
                                rooms += to != NULL;
                                if (to)
                                        memcpy(to, text, (size_t)len);
                                else
                                        diag(DIAG_INFO, "a.b", "%s", text);
                        }
                        diag_end_batch();
                        FILE *file = fopen(written ? second : first, "re");
                        size_t size = 0;
                        assert_non_null(file);
                        assert_true(getdelim(&whole[written], &size, '\0', file) > 20000);
                        (void)fclose(file);
                        (void)unlink(written ? second : first);
                }
                assert_int_equal(rooms > 1000, i < 2);
                const char *said = strstr(whole[0], "message 0"),
                           *put = strstr(whole[1], "message 0");
                assert_string_equal(said, put);
                free(whole[0]);
                free(whole[1]);
        }
}

int main(void) {
        (void)signal(SIGPIPE, SIG_IGN);
        (void)setenv("TZ", "UTC", 1);
        tzset();
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                ROW(the_first_target_is_taken_silently),
                ROW(a_change_is_told_in_the_new_target),
                ROW(an_unwritable_target_leaves_the_old_one),
                ROW(a_bad_format_leaves_the_old_target),
                ROW(options_shape_the_line),
                ROW(verbosity_above_two_changes_the_format),
                ROW(syslog_gets_priority_text_and_nul),
                ROW(an_unknown_facility_falls_back_to_daemon),
                ROW(a_missing_syslog_socket_is_told),
                ROW(the_systems_syslog_socket_keeps_its_name),
                ROW(another_syslog_socket_takes_over),
                ROW(inherited_changes_only_the_name),
                ROW(flush_follows_logrotate),
                ROW(a_flush_that_fails_keeps_the_file),
                ROW(levels_are_kept_as_set),
                ROW(dropped_messages_are_told_when_there_is_room_again),
                ROW(lines_of_a_batch_are_whole_and_in_order),
                ROW(what_is_written_into_room_is_a_line_like_others),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
