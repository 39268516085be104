/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan over real files in a folder of its own, without a scanner. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "enforce/scan_plan.h"

struct fixture {
        char folder[64];
        char path[128];
        struct loop *loop;
        struct log_watch *watch;
        struct scan_plan plan;
        struct plan_jail *jail;
        struct plan_log *log;
        unsigned files, absents;
};

static inline void fixture_on_file(void *user, struct log_path *path, struct log_file *file) {
        struct fixture *f = user;
        (void)path;
        (void)file;
        f->files++;
}

static inline void fixture_on_poke(void *user, struct log_path *path) {
        (void)user;
        (void)path;
}

static inline void fixture_on_absent(void *user, struct log_path *path, const struct fault *fault) {
        struct fixture *f = user;
        (void)path;
        (void)fault;
        f->absents++;
}

static const struct log_watch_ops fixture_watch_ops = {
        fixture_on_file, fixture_on_poke, fixture_on_absent};

static inline void fixture_write(const struct fixture *f, const char *text) {
        int fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        (void)close(fd);
}

/* Adds a log with the present file of f->path and the jail. */
static inline struct plan_log *fixture_log(struct fixture *f) {
        struct plan_log *log = scan_plan_log_add(&f->plan);
        assert_non_null(log);
        assert_int_equal(log_watch_add(f->watch, slice_of(f->path), LOG_WATCH_INOTIFY, log,
                                 &log->watch, NULL),
                0);
        assert_int_equal(plan_log_push(log, log_path_file(log->watch)), 0);
        plan_log_attach(log, f->jail);
        return log;
}

static inline int fixture_setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/stockade-plan-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void)snprintf(f->path, sizeof(f->path), "%s/log", f->folder);
        fixture_write(f, "a line\nanother\n");
        f->loop = loop_new();
        f->watch = log_watch_new(f->loop, &fixture_watch_ops, f, NULL);
        assert_non_null(f->watch);
        scan_plan_init(&f->plan, f->watch);
        assert_int_equal(scan_plan_jail_add(&f->plan, 1, SLICE("sshd"), &f->jail), 0);
        f->log = fixture_log(f);
        *state = f;
        return 0;
}

static inline int fixture_remove(
        const char *path, const struct stat *info, int type, struct FTW *ftw) {
        (void)info;
        (void)type;
        (void)ftw;
        return remove(path);
}

static inline int fixture_teardown(void **state) {
        struct fixture *f = *state;
        scan_plan_done(&f->plan);
        (void)log_watch_free(f->watch);
        (void)loop_free(f->loop);
        (void)nftw(f->folder, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

#define FIXTURE_CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
