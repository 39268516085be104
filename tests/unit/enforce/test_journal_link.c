/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's process with a predictable filter (tests/support/fake_filter.c). */
#include "enforce/journal_link.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "build_config.h"
#include "support/fake_journal.h"

#define WAIT_US 60000000

struct test {
        struct loop *loop;
        struct clock clock;
        struct journal_link *journal;
        struct fake_journal fake;
        unsigned failures;
        char place[256];
};

static void on_failure(void *user, uint32_t jail, const struct record *record) {
        struct test *t = user;
        (void)jail;
        (void)record;
        t->failures++;
}

static void on_diag(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        (void)jail;
        (void)record;
}

static void on_count(void *user, uint32_t jail, uint64_t lines, uint64_t dropped) {
        (void)user;
        (void)jail;
        (void)lines;
        (void)dropped;
}

static void on_position(void *user, uint32_t jail, struct slice path, struct slice hash, uint64_t offset) {
        struct test *t = user;
        (void)jail;
        (void)offset;
        assert_true(slice_has_prefix(path, SLICE("systemd-journal[")));
        (void)snprintf(t->place, sizeof(t->place), "%.*s", SLICE_ARG(hash));
}

static void on_message(void *user, int level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)fprintf(stderr, "%s: %.*s\n", logger, SLICE_ARG(text));
}

static const struct scan_link_ops ops = {on_failure, on_diag, on_count, on_position, on_message, NULL};

#define WAIT_FOR(t, condition)                                                                     \
        do {                                                                                       \
                int64_t end_ = loop_now_us() + WAIT_US;                                            \
                while (!(condition)) {                                                             \
                        assert_true(loop_now_us() < end_);                                         \
                        assert_int_equal(loop_step((t)->loop, 20000), 0);                          \
                }                                                                                  \
        } while (0)

static void begin(struct test *t) {
        *t = (struct test){.loop = loop_new()};
        t->journal = journal_link_new(t->loop, &t->clock, FAKE_SCANNER, &ops, t);
        fake_journal_begin(&t->fake);
}

static void finish(struct test *t) {
        t->journal = journal_link_free(t->journal);
        (void)loop_free(t->loop);
        fake_journal_end(&t->fake);
}

static struct scan_link *use(struct test *t, const char *options, struct arena *arena, struct slice *ret_text, struct fault *fault) {
        struct journal_source source;
        assert_int_equal(journal_source_parse(slice_of(options), NULL, arena, &source, NULL), 0);
        *ret_text = ARENA_JOIN(arena, SLICE("systemd-journal"), journal_source_text(&source, arena));
        return journal_link_use(t->journal, &source, fault);
}

static struct slice options_of(const struct test *t, const char *more, struct arena *arena) {
        return arena_printf(arena, "[journalpath=\"%s%s\"]", t->fake.folder, more);
}

static void start_jail(struct scan_link *scan, uint32_t id, struct slice path) {
        const struct scan_start start = {.at = SCAN_START_HEAD};
        assert_int_equal(scan_link_jail_add(scan, id, SLICE("j")), 0);
        assert_int_equal(scan_link_log_add(scan, id, path, LOG_WATCH_JOURNAL, &start, NULL), 0);
        scan_link_jail_start(scan, id, 0);
}

/* Everybody may read it: the process is not root. */
static void open_up(const struct test *t) {
        assert_int_equal(chmod(t->fake.folder, 0755), 0);
        assert_int_equal(chmod(t->fake.file, 0644), 0);
}

static void entries_come_from_a_process_of_its_own(void **state) {
        struct test t;
        struct arena arena = ARENA_INIT;
        struct slice path;
        (void)state;
        if (!fake_journal_is_possible())
                skip();
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 5, UINT64_C(1700000000000000));
        open_up(&t);
        assert_null(journal_link_scan(t.journal));
        struct scan_link *scan = use(&t, options_of(&t, "", &arena).data, &arena, &path, NULL);
        assert_non_null(scan);
        assert_ptr_equal(journal_link_scan(t.journal), scan);
        start_jail(scan, 1, path);
        WAIT_FOR(&t, t.failures == 5 && t.place[0]);
        arena_done(&arena);
        finish(&t);
}

static void killed_process_is_replaced_and_counts_nothing_twice(void **state) {
        struct test t;
        struct arena arena = ARENA_INIT;
        struct slice path;
        (void)state;
        if (!fake_journal_is_possible())
                skip();
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 5, UINT64_C(1700000000000000));
        open_up(&t);
        struct scan_link *scan = use(&t, options_of(&t, "", &arena).data, &arena, &path, NULL);
        start_jail(scan, 1, path);
        WAIT_FOR(&t, t.failures == 5 && t.place[0]);
        assert_int_equal(kill(scan_link_pid(scan), SIGKILL), 0);
        WAIT_FOR(&t, scan_link_starts(scan) == 2 && scan_link_pid(scan) != 0);
        fake_journal_append(&t.fake, "a", "fail x", 2, UINT64_C(1700000001000000));
        WAIT_FOR(&t, t.failures >= 7);
        assert_int_equal(t.failures, 7);
        arena_done(&arena);
        finish(&t);
}

static void further_folder_means_another_process(void **state) {
        struct test t;
        struct arena arena = ARENA_INIT;
        struct slice path, other;
        char folder[128];
        (void)state;
        if (!fake_journal_is_possible())
                skip();
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 5, UINT64_C(1700000000000000));
        open_up(&t);
        (void)snprintf(folder, sizeof(folder), "%s/more", t.fake.folder);
        assert_int_equal(mkdir(folder, 0755), 0);
        struct scan_link *scan = use(&t, options_of(&t, "", &arena).data, &arena, &path, NULL);
        start_jail(scan, 1, path);
        WAIT_FOR(&t, t.failures == 5);
        assert_ptr_equal(use(&t, options_of(&t, "", &arena).data, &arena, &other, NULL), scan);
        assert_int_equal(scan_link_starts(scan), 1);
        assert_ptr_equal(use(&t, options_of(&t, "/more", &arena).data, &arena, &other, NULL), scan);
        WAIT_FOR(&t, scan_link_starts(scan) == 2);
        fake_journal_append(&t.fake, "a", "fail x", 1, UINT64_C(1700000001000000));
        WAIT_FOR(&t, t.failures >= 6);
        assert_int_equal(t.failures, 6);
        arena_done(&arena);
        finish(&t);
}

static void what_cannot_be_allowed_is_refused(void **state) {
        static const char *const rows[] = {"[journalpath=relative]", "[journalfiles=/*.journal]", "[journalfiles=x*]"};
        struct test t;
        (void)state;
        begin(&t);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct slice path;
                assert_null(use(&t, rows[i], &arena, &path, &fault));
                assert_true(fault.code < 0);
                fault_done(&fault);
                arena_done(&arena);
        }
        assert_null(journal_link_scan(t.journal));
        finish(&t);
}

static void build_without_the_journal_says_so(void **state) {
        struct test t;
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct slice path;
        (void)state;
        if (HAVE_JOURNAL)
                skip();
        begin(&t);
        assert_null(use(&t, "", &arena, &path, &fault));
        assert_int_equal(fault.code, -EOPNOTSUPP);
        assert_string_equal(fault_text(&fault), "no support for the journal in this build");
        fault_done(&fault);
        arena_done(&arena);
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(entries_come_from_a_process_of_its_own),
                cmocka_unit_test(killed_process_is_replaced_and_counts_nothing_twice),
                cmocka_unit_test(further_folder_means_another_process),
                cmocka_unit_test(what_cannot_be_allowed_is_refused),
                cmocka_unit_test(build_without_the_journal_says_so),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
