/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A database file in a folder of its own, a fixed clock, and the messages that came. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "enforce/store.h"

#define NOW_S INT64_C(1795500000)

struct fixture {
        char folder[64];
        char path[128];
        struct clock clock;
        struct store *store;
        struct buffer said;
        struct arena arena;
};

static inline void fixture_say(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        struct fixture *f = user;
        assert_string_equal(logger, "fail2ban.database");
        (void)buffer_printf(&f->said, "%d %.*s\n", (int)level, SLICE_ARG(text));
}

static inline int fixture_remove(
        const char *path, const struct stat *info, int type, struct FTW *ftw) {
        (void)info;
        (void)type;
        (void)ftw;
        return remove(path);
}

static inline int fixture_setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/stockade-store-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void)snprintf(f->path, sizeof(f->path), "%s/f2b.sqlite3", f->folder);
        clock_fix(&f->clock, NOW_S * 1000000);
        f->said = BUFFER_INIT((size_t)1 << 20);
        f->arena = ARENA_INIT;
        diag_set_sink(fixture_say, f);
        diag_set_threshold(DIAG_INFO);
        *state = f;
        return 0;
}

static inline int fixture_teardown(void **state) {
        struct fixture *f = *state;
        f->store = store_close(f->store);
        diag_set_sink(NULL, NULL);
        (void)nftw(f->folder, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
        buffer_done(&f->said);
        arena_done(&f->arena);
        free(f);
        return 0;
}

static inline void fixture_open(struct fixture *f) {
        struct fault fault = FAULT_INIT;
        if (store_open(f->path, &f->clock, &f->store, &fault) < 0)
                fail_msg("%s", fault_text(&fault));
        fault_done(&fault);
}

static inline void fixture_close(struct fixture *f) {
        f->store = store_close(f->store);
}

/* The file, which is closed, was written so many seconds ago. */
static inline void fixture_age(const struct fixture *f, time_t seconds) {
        struct timespec when = {.tv_sec = time(NULL) - seconds}, times[] = {when, when};
        assert_int_equal(utimensat(AT_FDCWD, f->path, times, 0), 0);
}

static inline bool fixture_said(const struct fixture *f, const char *text) {
        struct slice said = buffer_view(&f->said);
        return slice_find(said, slice_of(text), 0) < said.len;
}

/* Runs SQL on the file by another connection. */
static inline void fixture_sql(const struct fixture *f, const char *sql) {
        sqlite3 *db = NULL;
        char *error = NULL;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
                fail_msg("%s: %s", sql, error);
        (void)sqlite3_close(db);
}

/* All rows of a query as text: columns parted by |, rows by newlines. */
static inline struct slice fixture_query(struct fixture *f, const char *sql) {
        sqlite3 *db = NULL;
        sqlite3_stmt *statement = NULL;
        struct slice text = SLICE("");
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
                fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        for (bool first = true; sqlite3_step(statement) == SQLITE_ROW; first = false)
                for (int i = 0; i < sqlite3_column_count(statement); i++) {
                        const void *data = sqlite3_column_blob(statement, i);
                        int len = sqlite3_column_bytes(statement, i);
                        text = arena_printf(&f->arena, "%.*s%s%.*s", SLICE_ARG(text),
                                i > 0   ? "|"
                                : first ? ""
                                        : "\n",
                                len, data ? (const char *)data : "");
                }
        (void)sqlite3_finalize(statement);
        (void)sqlite3_close(db);
        return text;
}

static inline struct store_ban fixture_ban(const char *jail, const char *id, double time) {
        return (struct store_ban){.jail = slice_of(jail),
                .id = slice_of(id),
                .time = time,
                .ban_time_s = 600,
                .count = 1,
                .data = value_dict()};
}

static inline void fixture_add(struct fixture *f, const char *jail, const char *id, double time) {
        struct store_ban ban = fixture_ban(jail, id, time);
        store_ban_add(f->store, &ban);
}

#define FIXTURE_CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
