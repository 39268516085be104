/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/log_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/cleanup.h"

#define PATIENCE 4000 /* turns of at most 25 ms */

struct test {
        char folder[64];
        char path[128];
        struct loop *loop;
        struct log_watch *watch;
        struct log_path *log;
        unsigned files, pokes, absents;
        ino_t inode; /* of the last on_file */
        char why[256];
};

static void on_file(void *user, struct log_path *path, struct log_file *file) {
        struct test *t = user;
        assert_ptr_equal(path, t->log);
        t->files++;
        t->inode = file->inode;
}

static void on_poke(void *user, struct log_path *path) {
        struct test *t = user;
        (void)path;
        t->pokes++;
}

static void on_absent(void *user, struct log_path *path, const struct fault *fault) {
        struct test *t = user;
        (void)path;
        t->absents++;
        (void)snprintf(t->why, sizeof(t->why), "%s", fault_text(fault));
}

static const struct log_watch_ops ops = {on_file, on_poke, on_absent};

static void make_file(const char *path) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        (void)close(fd);
}

static int setup(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        (void)snprintf(t->folder, sizeof(t->folder), "/tmp/stockade-watch-XXXXXX");
        assert_non_null(mkdtemp(t->folder));
        (void)snprintf(t->path, sizeof(t->path), "%s/sub", t->folder);
        assert_int_equal(mkdir(t->path, 0700), 0);
        (void)snprintf(t->path, sizeof(t->path), "%s/sub/log", t->folder);
        t->loop = loop_new();
        t->watch = log_watch_new(t->loop, &ops, t, NULL);
        assert_non_null(t->watch);
        *state = t;
        return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw) {
        (void)info;
        (void)type;
        (void)ftw;
        return remove(path);
}

static int teardown(void **state) {
        struct test *t = *state;
        if (t->log)
                log_watch_remove(t->watch, t->log);
        (void)log_watch_free(t->watch);
        (void)loop_free(t->loop);
        (void)nftw(t->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(t);
        return 0;
}

static int add(struct test *t, enum log_watch_backend backend) {
        struct fault fault = FAULT_INIT;
        int r = log_watch_add(t->watch, slice_of(t->path), backend, t, &t->log, &fault);
        fault_done(&fault);
        return r;
}

static void wait_until(struct test *t, const unsigned *counter, unsigned wanted) {
        for (int i = 0; i < PATIENCE && *counter < wanted; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_true(*counter >= wanted);
}

static void settle(struct test *t) {
        for (int i = 0; i < 5; i++)
                assert_int_equal(loop_step(t->loop, 2000), 0);
}

static ino_t inode_of(const char *path) {
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        return info.st_ino;
}

static void a_file_that_is_there_is_opened_at_once(void **state) {
        struct test *t = *state;
        make_file(t->path);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), 0);
        assert_non_null(log_path_file(t->log));
        assert_slice(log_path_text(t->log), t->path);
        assert_ptr_equal(log_path_user(t->log), t);
        assert_false(log_path_polled(t->log));
        settle(t);
        assert_int_equal(t->files, 0); /* no callback for the first look */
}

static void rotation_by_rename_brings_the_new_file(void **state) {
        struct test *t = *state;
        char rotated[160];
        (void)snprintf(rotated, sizeof(rotated), "%s.1", t->path);
        make_file(t->path);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), 0);
        assert_int_equal(rename(t->path, rotated), 0);
        make_file(t->path);
        wait_until(t, &t->files, 1);
        assert_int_equal(t->inode, inode_of(t->path));
}

static void another_file_moved_there_is_noticed(void **state) {
        struct test *t = *state;
        char other[160];
        (void)snprintf(other, sizeof(other), "%s.new", t->path);
        make_file(t->path);
        make_file(other);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), 0);
        assert_int_equal(rename(other, t->path), 0);
        wait_until(t, &t->files, 1);
        assert_int_equal(t->inode, inode_of(t->path));
}

static void an_absent_file_is_told_once_and_waited_for(void **state) {
        struct test *t = *state;
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), LOG_WATCH_E_ABSENT);
        assert_null(log_path_file(t->log));
        make_file(t->path);
        wait_until(t, &t->files, 1);
        assert_int_equal(unlink(t->path), 0);
        wait_until(t, &t->absents, 1);
        settle(t);
        assert_int_equal(t->absents, 1);
        make_file(t->path);
        wait_until(t, &t->files, 2);
}

#define FDS 96 /* of which a quarter is kept */

/* As many as fit; the one that does not is told why, and has its turn when another goes. */
static void logs_leave_descriptors_to_others(void **state) {
        struct test *t = *state;
        struct rlimit before, few;
        struct log_path *logs[FDS], *refused = NULL;
        char path[160], rotated[160];
        size_t count = 0;
        struct fault fault = FAULT_INIT;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = (struct rlimit){FDS, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        for (; !refused && count < FDS; count++) {
                (void)snprintf(path, sizeof(path), "%s.%zu", t->path, count);
                make_file(path);
                if (log_watch_add(t->watch, slice_of(path), LOG_WATCH_INOTIFY, t, &logs[count], &fault) == LOG_WATCH_E_ABSENT)
                        refused = logs[count];
        }
        assert_non_null(refused);
        assert_int_equal(fault.code, -EMFILE);
        assert_non_null(strstr(fault_text(&fault), path));
        assert_non_null(strstr(fault_text(&fault), "24 are kept"));
        int next = dup(0);
        assert_in_range(next, FDS - FDS / 4, FDS - 1);
        (void)close(next);
        /* A new file of one that is followed has room, while somebody still reads the old one. */
        struct log_file *old = log_file_ref(log_path_file(logs[1]));
        (void)snprintf(rotated, sizeof(rotated), "%s.1", t->path);
        t->log = logs[1];
        assert_int_equal(unlink(rotated), 0);
        make_file(rotated);
        wait_until(t, &t->files, 1);
        assert_int_equal(t->inode, inode_of(rotated));
        t->log = refused;
        log_watch_remove(t->watch, logs[0]);
        (void)log_file_unref(t->watch, old);
        wait_until(t, &t->files, 2);
        assert_int_equal(t->inode, inode_of(path));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        while (count-- > 1)
                log_watch_remove(t->watch, logs[count]);
        t->log = NULL;
        fault_done(&fault);
}

static void a_folder_that_comes_later_or_is_replaced_is_followed(void **state) {
        struct test *t = *state;
        char folder[96], old[96];
        (void)snprintf(folder, sizeof(folder), "%s/sub", t->folder);
        (void)snprintf(old, sizeof(old), "%s/old", t->folder);
        make_file(t->path);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), 0);
        assert_int_equal(rename(folder, old), 0);
        assert_int_equal(mkdir(folder, 0700), 0);
        make_file(t->path);
        wait_until(t, &t->files, 1);
        assert_int_equal(t->inode, inode_of(t->path));
}

static void links_are_followed(void **state) {
        struct test *t = *state;
        char target[96];
        (void)snprintf(target, sizeof(target), "%s/target", t->folder);
        make_file(target);
        assert_int_equal(symlink(target, t->path), 0);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), 0);
        assert_int_equal(log_path_file(t->log)->inode, inode_of(target));
}

static void what_is_no_file_is_not_used(void **state) {
        struct test *t = *state;
        struct fault fault = FAULT_INIT;
        assert_int_equal(mkdir(t->path, 0700), 0);
        assert_int_equal(
                log_watch_add(t->watch, slice_of(t->path), LOG_WATCH_INOTIFY, t, &t->log, &fault),
                LOG_WATCH_E_ABSENT);
        assert_non_null(fault.text);
        fault_done(&fault);
}

static void a_pipe_does_not_hold_us_up(void **state) {
        struct test *t = *state;
        assert_int_equal(mkfifo(t->path, 0600), 0);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), LOG_WATCH_E_ABSENT);
}

static void polled_paths_are_poked(void **state) {
        struct test *t = *state;
        make_file(t->path);
        assert_int_equal(add(t, LOG_WATCH_POLL), 0);
        assert_true(log_path_polled(t->log));
        FILE *f = fopen(t->path, "a");
        assert_non_null(f);
        assert_true(fputs("a line\n", f) >= 0);
        (void)fclose(f);
        wait_until(t, &t->pokes, 1);
        unsigned pokes = t->pokes;
        settle(t);
        assert_int_equal(t->pokes, pokes); /* it has not changed again */
}

static void wrong_paths_are_refused(void **state) {
        static char longer[5000];
        struct test *t = *state;
        struct log_path *log = NULL;
        struct fault fault = FAULT_INIT;
        memset(longer, 'x', sizeof(longer) - 1);
        longer[0] = '/';
        assert_int_equal(
                log_watch_add(t->watch, slice_of(longer), LOG_WATCH_INOTIFY, t, &log, &fault),
                -E2BIG);
        assert_int_equal(log_watch_add(t->watch, (struct slice){"/a\0b", 4}, LOG_WATCH_INOTIFY, t,
                                 &log, &fault),
                -EINVAL);
        assert_int_equal(
                log_watch_add(t->watch, SLICE("relative"), LOG_WATCH_INOTIFY, t, &log, &fault),
                -EINVAL);
        fault_done(&fault);
}

static void two_paths_of_one_file_share_it(void **state) {
        struct test *t = *state;
        struct log_path *second = NULL;
        make_file(t->path);
        assert_int_equal(add(t, LOG_WATCH_INOTIFY), 0);
        assert_int_equal(
                log_watch_add(t->watch, slice_of(t->path), LOG_WATCH_INOTIFY, t, &second, NULL), 0);
        assert_ptr_equal(log_path_file(second), log_path_file(t->log));
        log_watch_remove(t->watch, second);
        assert_int_equal(fcntl(log_path_file(t->log)->fd, F_GETFD) >= 0, 1);
}

static void paths_that_wait_long_are_looked_at_together(void **state) {
        static const struct {
                int64_t now_us, wait_ms, due_us;
        } rows[] = {
                {5000000, 1000,  6000000 },
                {5000001, 1000,  6000000 },
                {5999999, 1000,  6000000 },
                {6000150, 1000,  7000000 }, /* a timer that ran a little late */
                {5300000, 200,   5500000 },
                {5300000, 999,   6299000 },
                {5300000, 1600,  6000000 },
                {5300000, 60000, 65000000},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(log_watch_due_us(rows[i].now_us, rows[i].wait_ms), rows[i].due_us);
                assert_true(rows[i].due_us > rows[i].now_us);
        }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_file_that_is_there_is_opened_at_once),
                CASE(rotation_by_rename_brings_the_new_file),
                CASE(another_file_moved_there_is_noticed),
                CASE(an_absent_file_is_told_once_and_waited_for),
                CASE(logs_leave_descriptors_to_others),
                CASE(a_folder_that_comes_later_or_is_replaced_is_followed),
                CASE(links_are_followed),
                CASE(what_is_no_file_is_not_used),
                CASE(a_pipe_does_not_hold_us_up),
                CASE(polled_paths_are_poked),
                CASE(paths_that_wait_long_are_looked_at_together),
                CASE(wrong_paths_are_refused),
                CASE(two_paths_of_one_file_share_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
