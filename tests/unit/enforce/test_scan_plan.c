/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/scan_plan.h"

#include <errno.h>

#include "scan_fixture.h"

/* Names of the kept options, one behind the other. */
static void assert_options(const struct plan_jail *jail, const char *wanted) {
        char names[512] = "";
        for (size_t i = 0; i < jail->option_count; i++) {
                size_t used = strlen(names);
                (void)snprintf(names + used, sizeof(names) - used, "%s%s=%.*s", i > 0 ? " " : "",
                        jail->options[i].name, (int)jail->options[i].len, jail->options[i].bytes);
        }
        assert_string_equal(names, wanted);
}

static void keep(struct plan_jail *jail, const char *name, const char *bytes) {
        plan_jail_keep_option(jail, slice_of(name), slice_of(bytes));
}

static void options_keep_their_order_and_begin_forgets_regexes(void **state) {
        struct fixture *f = *state;
        keep(f->jail, "usedns", "1");
        keep(f->jail, "maxlines", "2");
        keep(f->jail, "addfailregex", "3");
        keep(f->jail, "findtime", "4");
        keep(f->jail, "usedns", "5");
        keep(f->jail, "findtime", "6");
        assert_options(f->jail, "usedns=1 maxlines=2 addfailregex=3 usedns=5 findtime=6");
        assert_int_equal(f->jail->option_bytes, 5);
        keep(f->jail, "begin", "");
        assert_options(f->jail, "maxlines=2 usedns=5 findtime=6");
        assert_int_equal(f->jail->option_bytes, 3);
}

static void states_are_replaced_and_removed(void **state) {
        struct fixture *f = *state;
        char key[16];
        plan_jail_keep_state(f->jail, SLICE("a"), SLICE("1"));
        plan_jail_keep_state(f->jail, SLICE("a"), SLICE("22"));
        assert_slice(buffer_view(table_get(&f->jail->states, SLICE("a"))), "22");
        plan_jail_keep_state(f->jail, SLICE("a"), SLICE(""));
        assert_null(table_get(&f->jail->states, SLICE("a")));
        for (int i = 0; i < RECORD_STATES_MAX + 10; i++) {
                (void)snprintf(key, sizeof(key), "k%d", i);
                plan_jail_keep_state(f->jail, slice_of(key), SLICE("x"));
        }
        assert_int_equal(f->jail->states.count, RECORD_STATES_MAX);
}

static void jails_and_logs_have_an_end(void **state) {
        struct fixture *f = *state;
        struct plan_jail *jail;
        assert_int_equal(scan_plan_jail_add(&f->plan, 1, SLICE("again"), &jail), -EEXIST);
        for (uint32_t i = 2; i <= SCAN_JAILS_MAX; i++)
                assert_int_equal(scan_plan_jail_add(&f->plan, i, SLICE("x"), &jail), 0);
        assert_int_equal(
                scan_plan_jail_add(&f->plan, SCAN_JAILS_MAX + 1, SLICE("x"), &jail), -ENOBUFS);
        for (size_t i = 1; i < SCAN_LOGS_MAX; i++)
                assert_non_null(scan_plan_log_add(&f->plan));
        assert_null(scan_plan_log_add(&f->plan));
}

static void a_log_is_wanted_by_jails_that_run(void **state) {
        struct fixture *f = *state;
        struct plan_jail *other;
        assert_false(plan_log_is_wanted_by_any(f->log));
        f->jail->started = true;
        assert_true(plan_log_is_wanted_by_all(f->log));
        assert_int_equal(scan_plan_jail_add(&f->plan, 2, SLICE("other"), &other), 0);
        plan_log_attach(f->log, other);
        assert_false(plan_log_is_wanted_by_all(f->log));
        assert_true(plan_log_is_wanted_by_any(f->log));
        f->jail->idle = true;
        assert_false(plan_log_is_wanted_by_any(f->log));
        assert_ptr_equal(plan_jail_log(other, slice_of(f->path)), f->log);
        plan_log_detach(f->log, other);
        assert_null(plan_jail_log(other, slice_of(f->path)));
}

static void a_jail_moves_to_a_log_at_the_same_place(void **state) {
        struct fixture *f = *state;
        f->log->offset = 7;
        f->log->in_operation = true;
        struct plan_log *to = scan_plan_log_add(&f->plan);
        plan_log_copy_place(to, f->log);
        plan_log_move_jail(f->log, to, f->jail);
        assert_int_equal(to->offset, 7);
        assert_int_equal(to->file_count, 1);
        assert_ptr_equal(to->files[0].file, f->log->files[0].file);
        assert_int_equal(to->files[0].file->refs, 3); /* the path's and two logs' */
        assert_ptr_equal(f->jail->logs[0], to);
        assert_int_equal(f->log->jail_count, 0);
}

static void rotations_wait_up_to_a_number(void **state) {
        struct fixture *f = *state;
        struct log_file *file = f->log->files[0].file;
        f->log->offset = 9;
        while (f->log->file_count < PLAN_FILES_MAX)
                assert_int_equal(plan_log_push(f->log, file), 0);
        assert_int_equal(plan_log_push(f->log, file), -ENOBUFS);
        assert_true(f->log->files[1].generation == f->log->files[0].generation + GENERATION_FILE);
        plan_log_shift(f->log, f->watch);
        assert_int_equal(f->log->file_count, PLAN_FILES_MAX - 1);
        assert_int_equal(f->log->offset, 0);
}

static void a_place_where_scanners_die_is_read_with_care(void **state) {
        struct fixture *f = *state;
        f->log->started = true;
        for (int i = 0; i < PLAN_SUSPECT_MAX; i++) {
                assert_false(f->log->careful);
                assert_false(plan_log_note_death(f->log));
        }
        assert_true(f->log->careful);
        for (int i = 1; i <= PLAN_TRIES_MAX; i++) {
                f->log->trying = true; /* the line at offset was announced */
                assert_true(plan_log_note_death(f->log) == (i == PLAN_TRIES_MAX));
        }
        assert_int_equal(f->log->skip_at, 0);
        plan_log_advance(f->log, 7);
        assert_true(f->log->skip_at == PLAN_NO_SKIP);
        assert_true(f->log->careful);
        plan_log_advance(f->log, PLAN_CAREFUL_BYTES);
        assert_false(f->log->careful);
}

/* Somebody else kills: always while some line is tried, but never the same one again. */
static void a_line_is_not_to_blame_for_one_death(void **state) {
        struct fixture *f = *state;
        f->log->started = true;
        for (int i = 0; i < PLAN_SUSPECT_MAX; i++)
                assert_false(plan_log_note_death(f->log));
        for (int i = 0; i < 10; i++) {
                f->log->trying = true;
                assert_false(plan_log_note_death(f->log));
                plan_log_advance(f->log, f->log->offset + 1);
        }
        assert_true(f->log->skip_at == PLAN_NO_SKIP);
}

static void deaths_elsewhere_are_not_this_logs_fault(void **state) {
        struct fixture *f = *state;
        f->log->started = true;
        for (int i = 0; i < 10; i++) {
                plan_log_advance(f->log, f->log->offset + 1); /* it gets on */
                assert_false(plan_log_note_death(f->log));
        }
        assert_false(f->log->careful);
        f->log->offset = strlen("a line\nanother\n"); /* nothing is left */
        for (int i = 0; i < 10; i++)
                assert_false(plan_log_note_death(f->log));
        assert_false(f->log->careful);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(options_keep_their_order_and_begin_forgets_regexes),
                FIXTURE_CASE(states_are_replaced_and_removed),
                FIXTURE_CASE(jails_and_logs_have_an_end),
                FIXTURE_CASE(a_log_is_wanted_by_jails_that_run),
                FIXTURE_CASE(a_jail_moves_to_a_log_at_the_same_place),
                FIXTURE_CASE(rotations_wait_up_to_a_number),
                FIXTURE_CASE(a_place_where_scanners_die_is_read_with_care),
                FIXTURE_CASE(a_line_is_not_to_blame_for_one_death),
                FIXTURE_CASE(deaths_elsewhere_are_not_this_logs_fault),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
