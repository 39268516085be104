/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/repr.h"
#include "jail_fixture.h"

static void refused_by_the_scanner_it_is_not_made(void **state) {
        struct fault fault = FAULT_INIT;
        (void)state;
        fake_begin(NOW);
        assert_null(
                jail_new(&fake.env, 1, SLICE("refused"), LOG_WATCH_POLL, SLICE("polling"), &fault));
        assert_int_equal(fault.code, -ENOBUFS);
        fault_done(&fault);
        fake_end();
}

static void settings_reach_the_scanner_when_they_change(void **state) {
        struct jail *jail = make();
        (void)state;
        assert_string_equal(fake_orders(), "store jail j\n");
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "set findtime 600\nset keepmatches 1\n");
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "");
        jail_settings(jail)->findtime_s = 60;
        jail_settings(jail)->maxmatches = 0;
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "set findtime 60\nset keepmatches 0\n");
        fake.wants_matches = true;
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "set keepmatches 1\n");
        fake.wants_matches = false;
        fake.max_matches = 0;
        jail_settings(jail)->maxmatches = 5;
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "set keepmatches 0\n");
        end(jail);
}

static void starting_twice_starts_once_and_ends_idleness(void **state) {
        struct jail *jail = make();
        (void)state;
        (void)fake_orders();
        jail_start(jail);
        assert_string_equal(fake_orders(),
                "set findtime 600\nset keepmatches 1\nstart\nscan start 1699999400\n");
        assert_string_equal(fake_diags(), "INFO fail2ban.jail Jail 'j' started\n");
        jail_set_state(jail, JAIL_IDLE);
        assert_int_equal(jail_state(jail), JAIL_IDLE);
        jail_start(jail);
        assert_int_equal(jail_state(jail), JAIL_ACTIVE);
        assert_string_equal(fake_orders(), "scan idle\nscan active\n");
        end(jail);
}

static unsigned done_calls;

static void on_done(void *user, struct jail *jail) {
        (void)jail;
        assert_ptr_equal(user, &done_calls);
        done_calls++;
}

static void ban(struct jail *jail, const char *id) {
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        (void)value_append(&ids, value_text(id), &arena);
        jail_ban_ids(jail, &ids, NULL, NULL);
        arena_done(&arena);
        fake_settle();
}

static void stop_repeals_bans_and_keeps_rows(void **state) {
        static const struct {
                enum jail_stop how;
                const char *orders;
        } rows[] = {
                {JAIL_STOP_ALONE,  "store disable j\nstop 1\n"},
                {JAIL_STOP_SERVER, "stop 1\nstore disable j\n"}  /* killed before it is done, the
  next one lifts */
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct jail *jail = started();
                ban(jail, "1.2.3.4");
                (void)fake_orders();
                (void)fake_diags();
                done_calls = 0;
                jail_stop(jail, rows[i].how, on_done, &done_calls);
                assert_int_equal(done_calls, 0);
                fake_failure(jail, NOW, "5.6.7.8", 0, NULL); /* too late */
                fake_settle();
                assert_int_equal(done_calls, 1);
                assert_string_equal(fake_orders(), rows[i].orders);
                assert_string_equal(fake_diags(), "NOTICE fail2ban.actions [j] Repeal Ban "
                                                  "1.2.3.4\nINFO fail2ban.jail Jail 'j' stopped\n");
                assert_int_equal(fake.row_count, 1);
                end(jail);
        }
}

static void reload_keeps_bans_and_named_logs(void **state) {
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        (void)state;
        assert_int_equal(jail_log_add(jail, SLICE("/a"), SCAN_START_HEAD, NULL), 0);
        assert_int_equal(jail_log_add(jail, SLICE("/b"), SCAN_START_TAIL, NULL), 0);
        assert_int_equal(ignore_add(jail_ignore(jail), SLICE("9.9.9.9"), NULL), 0);
        ban(jail, "1.2.3.4");
        (void)fake_orders();
        jail_reload_begin(jail);
        assert_true(jail_is_reloading(jail));
        assert_string_equal(fake_orders(), "scan idle\nreload begin\nset begin\n");
        (void)fake_diags();
        fake_failure(jail, NOW, "9.9.9.9", 0, NULL); /* must not be judged without ignoreip */
        assert_string_equal(fake_diags(), "");
        assert_int_equal(ignore_add(jail_ignore(jail), SLICE("9.9.9.9"), NULL), 0);
        assert_int_equal(jail_log_add(jail, SLICE("/b"), SCAN_START_TAIL, NULL), 0);
        assert_int_equal(jail_log_add(jail, SLICE("/c"), SCAN_START_HEAD, NULL), 0);
        jail_start(jail);
        assert_string_equal(fake_diags(), "INFO fail2ban.filter [j] Ignore 9.9.9.9 by ip\n");
        done_calls = 0;
        jail_reload_end(jail, on_done, &done_calls);
        fake_settle();
        assert_int_equal(done_calls, 1);
        assert_false(jail_is_reloading(jail));
        assert_string_equal(fake_orders(), "log /c head 0\nscan active\nreload end 1\n");
        assert_string_equal(fake_diags(), "INFO fail2ban.filter Removed logfile: '/a'\n");
        struct value paths = jail_log_paths(jail, &arena);
        assert_slice(repr(&paths, &arena), "['/b', '/c']");
        assert_true(jail_is_banned(jail, SLICE("1.2.3.4")));
        arena_done(&arena);
        end(jail);
}

static void logs_go_on_where_the_database_says(void **state) {
        struct jail *jail = started();
        (void)state;
        store_log_put(fake.store, SLICE("j"), SLICE("/a"), SLICE("abc"), 1234);
        (void)fake_orders();
        assert_int_equal(jail_log_add(jail, SLICE("/a"), SCAN_START_HEAD, NULL), 0);
        assert_string_equal(fake_orders(), "log /a head 1234\n");
        jail_position(jail, SLICE("/a"), SLICE("abc"), 1234);
        assert_string_equal(fake_diags(),
                "INFO fail2ban.filter Added logfile: '/a' (pos = 1234, hash = abc)\n");
        jail_position(jail, SLICE("/a"), SLICE("abc"), 2000);
        assert_string_equal(fake_diags(), "");
        assert_int_equal(fake.log_offset, 2000);
        assert_int_equal(jail_log_add(jail, SLICE("/a"), SCAN_START_HEAD, NULL), 0);
        assert_string_equal(fake_diags(), "ERROR fail2ban.filter /a already exists\n");
        assert_int_equal(jail_log_del(jail, SLICE("/a")), 0);
        assert_int_equal(jail_log_del(jail, SLICE("/a")), -ENOENT);
        (void)fake_orders();
        assert_int_equal(jail_log_add(jail, SLICE("/a"), SCAN_START_TAIL, NULL), 0);
        assert_string_equal(fake_orders(), "log /a tail 0\n");
        end(jail);
}

static void everything_works_without_a_database(void **state) {
        (void)state;
        fake_begin(NOW);
        fake.store = NULL;
        struct jail *jail =
                jail_new(&fake.env, 1, SLICE("j"), LOG_WATCH_POLL, SLICE("polling"), NULL);
        jail_start(jail);
        assert_int_equal(jail_log_add(jail, SLICE("/a"), SCAN_START_HEAD, NULL), 0);
        for (int i = 0; i < 3; i++)
                fake_failure(jail, NOW, "1.2.3.4", 0, NULL);
        jail_position(jail, SLICE("/a"), SLICE("abc"), 2000);
        assert_true(jail_is_banned(jail, SLICE("1.2.3.4")));
        done_calls = 0;
        jail_stop(jail, JAIL_STOP_ALONE, on_done, &done_calls);
        fake_settle();
        assert_int_equal(done_calls, 1);
        assert_string_equal(fake_orders(), "set findtime 600\nset keepmatches 0\nstart\nscan start "
                                           "1699999400\nlog /a head 0\nban 1.2.3.4\nstop 1\n");
        end(jail);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refused_by_the_scanner_it_is_not_made),
                cmocka_unit_test(settings_reach_the_scanner_when_they_change),
                cmocka_unit_test(starting_twice_starts_once_and_ends_idleness),
                cmocka_unit_test(stop_repeals_bans_and_keeps_rows),
                cmocka_unit_test(reload_keeps_bans_and_named_logs),
                cmocka_unit_test(logs_go_on_where_the_database_says),
                cmocka_unit_test(everything_works_without_a_database),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
