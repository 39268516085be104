/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/diag_output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_include.h"

static char folder[] = "/tmp/test_diag_output_XXXXXX";
static char path[64];

static int make_folder(void **state) {
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/test_diag_output_XXXXXX");
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/target", folder);
        return 0;
}

static int remove_folder(void **state) {
        (void)state;
        (void)unlink(path);
        return rmdir(folder);
}

static size_t read_all(int fd, char *to, size_t max) {
        size_t len = 0;
        for (ssize_t n; (n = read(fd, to + len, max - len)) > 0;)
                len += (size_t)n;
        return len;
}

static int bind_socket(int type) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void a_file_is_appended_to_and_private(void **state) {
        (void)state;
        struct diag_output *output;
        struct stat info;
        char got[64];
        for (int i = 0; i < 2; i++) {
                assert_int_equal(diag_output_open_file(path, &output), 0);
                diag_output_put(output, SLICE("line\n"));
                (void)diag_output_free(output);
        }
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
        int fd = open(path, O_RDONLY);
        assert_int_equal(read_all(fd, got, sizeof(got)), 10);
        assert_memory_equal(got, "line\nline\n", 10);
        (void)close(fd);
}

static void reopen_follows_a_rotation(void **state) {
        (void)state;
        struct diag_output *output;
        struct stat info;
        char moved[100];
        (void)snprintf(moved, sizeof(moved), "%s.1", path);
        assert_int_equal(diag_output_open_file(path, &output), 0);
        diag_output_put(output, SLICE("one\n"));
        assert_int_equal(rename(path, moved), 0);
        assert_int_equal(diag_output_reopen(output), 0);
        diag_output_put(output, SLICE("two2\n"));
        assert_int_equal(stat(moved, &info), 0);
        assert_int_equal(info.st_size, 4);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, 5);
        (void)diag_output_free(output);
        (void)unlink(moved);
}

static void a_full_pipe_keeps_lines_whole_and_in_order(void **state) {
        (void)state;
        int fds[2];
        static char line[1000];
        static char got[4 << 20];
        assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
        struct diag_output *output = diag_output_of_fd(fds[1]);
        for (unsigned i = 0; i < 900; i++) { /* the pipe takes 64 KiB, the queue 1 MiB */
                memset(line, 'a' + (int)(i % 26), sizeof(line) - 1);
                line[sizeof(line) - 1] = '\n';
                diag_output_put(output, (struct slice){line, sizeof(line)});
        }
        size_t len = 0;
        for (int i = 0; i < 100 && diag_output_push(output); i++)
                len += read_all(fds[0], got + len, sizeof(got) - len);
        len += read_all(fds[0], got + len, sizeof(got) - len);
        assert_int_equal(len, 900 * sizeof(line));
        for (unsigned i = 0; i < 900; i++)
                assert_int_equal(got[i * sizeof(line) + 500], 'a' + (int)(i % 26));
        assert_int_equal(diag_output_take_dropped(output), 0);
        (void)diag_output_free(output);
        (void)close(fds[0]);
        (void)close(fds[1]);
}

static void what_the_queue_cannot_hold_is_counted(void **state) {
        (void)state;
        int fds[2];
        static char line[60000];
        static char got[4 << 20];
        memset(line, 'x', sizeof(line));
        assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
        struct diag_output *output = diag_output_of_fd(fds[1]);
        for (int i = 0; i < 30; i++)
                diag_output_put(output, (struct slice){line, sizeof(line)});
        assert_int_equal(
                diag_output_take_dropped(output), 0); /* not yet: nobody would see the message */
        size_t len = 0;
        for (int i = 0; i < 100 && diag_output_push(output); i++)
                len += read_all(fds[0], got, sizeof(got));
        len += read_all(fds[0], got, sizeof(got));
        uint64_t dropped = diag_output_take_dropped(output);
        assert_true(dropped > 5 && dropped < 20);
        assert_int_equal(len, (30 - dropped) * sizeof(line));
        assert_int_equal(diag_output_take_dropped(output), 0);
        (void)diag_output_free(output);
        (void)close(fds[0]);
        (void)close(fds[1]);
}

static void a_pipe_without_reader_drops(void **state) {
        (void)state;
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        struct diag_output *output = diag_output_of_fd(fds[1]);
        (void)close(fds[0]);
        diag_output_put(output, SLICE("line\n"));
        assert_int_equal(diag_output_take_dropped(output), 1);
        (void)diag_output_free(output);
        (void)close(fds[1]);
}

static void a_named_pipe_without_reader_is_refused_at_once(void **state) {
        (void)state;
        struct diag_output *output;
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(diag_output_open_file(path, &output), -ENXIO);
}

static void datagrams_wait_for_a_slow_and_a_restarted_daemon(void **state) {
        (void)state;
        struct diag_output *output;
        char got[64];
        char text[16];
        int server = bind_socket(SOCK_DGRAM);
        assert_int_equal(diag_output_open_socket(path, &output), 0);
        for (int i = 0; i < 3000; i++) { /* far more than a socket's queue */
                (void)snprintf(text, sizeof(text), "m%04d", i);
                diag_output_put(output, slice_of(text));
        }
        for (int i = 0; i < 3000; i++) {
                ssize_t n = recv(server, got, sizeof(got), 0);
                if (n < 0) {
                        (void)diag_output_push(output);
                        n = recv(server, got, sizeof(got), 0);
                }
                (void)snprintf(text, sizeof(text), "m%04d", i);
                assert_int_equal(n, 5);
                assert_memory_equal(got, text, 5);
        }
        (void)close(server);
        (void)unlink(path);
        diag_output_put(output, SLICE("while it is gone"));
        server = bind_socket(SOCK_DGRAM);
        diag_output_put(output, SLICE("later"));
        assert_int_equal(recv(server, got, sizeof(got), 0), 16);
        assert_int_equal(recv(server, got, sizeof(got), 0), 5);
        assert_int_equal(diag_output_take_dropped(output), 0);
        (void)diag_output_free(output);
        (void)close(server);
}

static void a_stream_socket_is_taken_too(void **state) {
        (void)state;
        struct diag_output *output;
        char got[64];
        int server = bind_socket(SOCK_STREAM);
        assert_int_equal(listen(server, 5), 0);
        assert_int_equal(diag_output_open_socket(path, &output), 0);
        int peer = accept(server, NULL, NULL);
        diag_output_put(output, (struct slice){"<30>text", 9});
        assert_int_equal(recv(peer, got, sizeof(got), 0), 9);
        assert_memory_equal(got, "<30>text", 9);
        (void)diag_output_free(output);
        (void)close(peer);
        (void)close(server);
}

static void a_missing_socket_is_an_error(void **state) {
        (void)state;
        struct diag_output *output;
        char longer[300];
        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        assert_int_equal(diag_output_open_socket(path, &output), -ENOENT);
        assert_int_equal(diag_output_open_socket(longer, &output), -ENAMETOOLONG);
}

static size_t size_of_target(void) {
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        return (size_t)info.st_size;
}

static void gathered_lines_are_written_together_and_in_order(void **state) {
        (void)state;
        static char got[DIAG_OUTPUT_TOGETHER * 2 + 100];
        struct diag_output *output;
        assert_int_equal(diag_output_open_file(path, &output), 0);
        diag_output_gather(output);
        diag_output_put(output, SLICE("first\n"));
        diag_output_put(output, SLICE("second\n"));
        assert_int_equal(size_of_target(), 0);
        diag_output_write_out(output);
        assert_int_equal(size_of_target(), 13);
        diag_output_put(output, SLICE("third\n"));
        assert_int_equal(size_of_target(), 19);
        static char large[DIAG_OUTPUT_TOGETHER];
        memset(large, 'x', sizeof(large));
        diag_output_gather(output);
        diag_output_put(output, SLICE("fourth\n"));
        diag_output_put(output, (struct slice){large, sizeof(large)});
        assert_true(size_of_target() >= 26);
        diag_output_put(output, SLICE("fifth\n"));
        (void)diag_output_free(output);
        int fd = open(path, O_RDONLY);
        size_t len = read_all(fd, got, sizeof(got));
        assert_int_equal(len, 26 + sizeof(large) + 6);
        assert_memory_equal(got, "first\nsecond\nthird\nfourth\nxxx", 29);
        assert_memory_equal(got + len - 7, "xfifth\n", 7);
        (void)close(fd);
}

int main(void) {
        (void)signal(SIGPIPE, SIG_IGN);
#define ROW(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
        const struct CMUnitTest tests[] = {
                ROW(gathered_lines_are_written_together_and_in_order),
                ROW(a_file_is_appended_to_and_private),
                ROW(reopen_follows_a_rotation),
                ROW(a_full_pipe_keeps_lines_whole_and_in_order),
                ROW(what_the_queue_cannot_hold_is_counted),
                ROW(a_pipe_without_reader_drops),
                ROW(a_named_pipe_without_reader_is_refused_at_once),
                ROW(datagrams_wait_for_a_slow_and_a_restarted_daemon),
                ROW(a_stream_socket_is_taken_too),
                ROW(a_missing_socket_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
