/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/resource.h>

#include "store_fixture.h"

static void new_file_is_made_with_folder_and_mode(void **state) {
        struct fixture *f = *state;
        struct stat info;
        (void)snprintf(f->path, sizeof(f->path), "%s/deeper/f2b.sqlite3", f->folder);
        fixture_open(f);
        assert_true(fixture_said(f, "20 Connected to fail2ban persistent database '"));
        assert_true(fixture_said(f, "30 New database created. Version '4'"));
        assert_int_equal(stat(f->path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
        assert_string_equal(store_path(f->store), f->path);
        fixture_close(f);
        assert_true(fixture_said(f, "20 Connection to database closed."));
        assert_slice(fixture_query(f, "SELECT version FROM fail2banDb"), "4");
        assert_slice(fixture_query(f, "PRAGMA journal_mode"), "delete");
}

static void content_survives_and_jails_start_disabled(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        store_jail_add(f->store, SLICE("web"));
        store_jail_disable(f->store, SLICE("web"));
        assert_true(store_is_dirty(f->store));
        assert_int_equal(store_commit(f->store), 0);
        assert_false(store_is_dirty(f->store));
        assert_slice(
                fixture_query(f, "SELECT name, enabled FROM jails ORDER BY name"), "sshd|1\nweb|0");
        fixture_close(f);
        fixture_open(f); /* killed now, the next one still sees who was not stopped */
        assert_slice(
                fixture_query(f, "SELECT name, enabled FROM jails ORDER BY name"), "sshd|1\nweb|0");
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(
                fixture_query(f, "SELECT name, enabled FROM jails ORDER BY name"), "sshd|0\nweb|0");
        assert_false(fixture_said(f, "Trying to repair"));
}

static void jails_that_nobody_stopped_were_killed(void **state) {
        struct fixture *f = *state;
        double written_s = 0;
        fixture_open(f);
        assert_false(store_jail_was_killed(f->store, SLICE("sshd"), &written_s));
        store_jail_add(f->store, SLICE("sshd"));
        store_jail_add(f->store, SLICE("web"));
        store_jail_disable(f->store, SLICE("web"));
        fixture_close(f);
        fixture_open(f);
        assert_false(store_jail_was_killed(f->store, SLICE("web"), &written_s));
        assert_true(store_jail_was_killed(f->store, SLICE("sshd"), &written_s));
        assert_true(written_s > 1.5e9);
        assert_false(store_jail_was_killed(f->store, SLICE("sshd"), &written_s)); /* said once */
        fixture_close(f);
        fixture_open(f);
        assert_false(store_jail_was_killed(f->store, SLICE("sshd"), &written_s));
}

static void who_is_killed_again_before_all_is_lifted_leaves_that_too(void **state) {
        struct fixture *f = *state;
        double first_s = 0, again_s = 0;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        store_jail_add(f->store, SLICE("gone"));
        fixture_close(f);
        fixture_age(f, 500);
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd")); /* the other is not there any more */
        assert_true(store_jail_was_killed(f->store, SLICE("sshd"), &first_s));
        fixture_close(f);
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        assert_true(store_jail_was_killed(f->store, SLICE("sshd"), &again_s));
        assert_true(first_s >= again_s && first_s <= again_s);
        store_jail_lifted(f->store);
        fixture_close(f);
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        assert_true(store_jail_was_killed(f->store, SLICE("sshd"), &again_s));
        assert_true(again_s > first_s + 100);
        store_jail_disable(f->store, SLICE("sshd"));
        fixture_close(f);
        fixture_open(f); /* stopped as it should be: there is nothing to lift */
        assert_slice(fixture_query(f, "PRAGMA user_version"), "0");
}

static void newer_version_is_refused_and_left_alone(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        fixture_open(f);
        fixture_close(f);
        fixture_sql(f, "UPDATE fail2banDb SET version = 5");
        assert_true(store_open(f->path, &f->clock, &f->store, &fault) < 0);
        assert_string_equal(fault_text(&fault),
                "Attempt to travel to future version of database ...how did you get here??");
        assert_slice(fixture_query(f, "SELECT version FROM fail2banDb"), "5");
        fault_done(&fault);
}

static void a_path_that_cannot_be_is_a_fault(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        assert_true(store_open("/proc/no/such/place", &f->clock, &f->store, &fault) < 0);
        assert_non_null(fault.text);
        fault_done(&fault);
}

static void settings_are_kept(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        assert_int_equal(store_max_matches(f->store), 10);
        store_set_max_matches(f->store, -1);
        assert_int_equal(store_max_matches(f->store), -1);
        store_set_purge_age(f->store, 3600);
        assert_true(store_purge_age(f->store) > 3599 && store_purge_age(f->store) < 3601);
}

static void a_file_that_is_none_is_set_aside(void **state) {
        struct fixture *f = *state;
        FILE *file = fopen(f->path, "w");
        assert_non_null(file);
        for (int i = 0; i < 1000; i++)
                assert_true(fprintf(file, "this is no database %d\n", i) > 0);
        (void)fclose(file);
        fixture_open(f);
        assert_true(fixture_said(f, "40 Error opening fail2ban persistent database '"));
        assert_true(fixture_said(f, "20 Trying to repair database "));
        assert_true(fixture_said(f, "Repair seems to be failed, restored 0 byte(s)."));
        assert_true(fixture_said(f, "30 New database created. Version '4'"));
        store_jail_add(f->store, SLICE("sshd"));
        assert_int_equal(store_commit(f->store), 0);
}

/* No file can grow: a full disk. */
static void fill_disk(struct rlimit *ret_before) {
        struct rlimit none;
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, ret_before), 0);
        none = (struct rlimit){0, ret_before->rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

static void count_row(void *user, const struct store_ban *row) {
        size_t *count = user;
        (void)row;
        ++*count;
}

static void on_a_full_disk_bans_are_read_and_written_later(void **state) {
        struct fixture *f = *state;
        struct rlimit before;
        size_t count = 0;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        fixture_add(f, "sshd", "192.0.2.1", NOW_S);
        fixture_close(f);
        fixture_sql(f, "PRAGMA journal_mode = WAL");
        fill_disk(&before);
        fixture_open(f);
        struct store_list list;
        store_list_init(&list, NOW_S, 0);
        (void)store_bans_current(f->store, SLICE("sshd"), &list, 10, count_row, &count);
        store_list_done(&list);
        fixture_add(f, "sshd", "192.0.2.2", NOW_S);
        int r = store_commit(f->store);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(count, 1);
        assert_true(r < 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bips ORDER BY ip"), "192.0.2.1\n192.0.2.2");
}

static void a_new_file_on_a_full_disk_is_made_later(void **state) {
        struct fixture *f = *state;
        struct rlimit before;
        fill_disk(&before);
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        fixture_add(f, "sshd", "192.0.2.2", NOW_S);
        int r = store_commit(f->store);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(r < 0);
        assert_false(fixture_said(f, "New database created"));
        assert_int_equal(store_commit(f->store), 0);
        assert_true(fixture_said(f, "New database created. Version '4'"));
        assert_slice(fixture_query(f, "SELECT ip FROM bips"), "192.0.2.2");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(new_file_is_made_with_folder_and_mode),
                FIXTURE_CASE(content_survives_and_jails_start_disabled),
                FIXTURE_CASE(jails_that_nobody_stopped_were_killed),
                FIXTURE_CASE(who_is_killed_again_before_all_is_lifted_leaves_that_too),
                FIXTURE_CASE(newer_version_is_refused_and_left_alone),
                FIXTURE_CASE(a_path_that_cannot_be_is_a_fault),
                FIXTURE_CASE(settings_are_kept),
                FIXTURE_CASE(a_file_that_is_none_is_set_aside),
                FIXTURE_CASE(on_a_full_disk_bans_are_read_and_written_later),
                FIXTURE_CASE(a_new_file_on_a_full_disk_is_made_later),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
