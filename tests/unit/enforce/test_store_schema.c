/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

#define JAILS                                                                                      \
        "CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1); "      \
        "INSERT INTO jails VALUES('sshd', 1);"
#define VERSION(n) "CREATE TABLE fail2banDb(version INTEGER); INSERT INTO fail2banDb VALUES(" n ");"
#define OLD_BANS                                                                                   \
        "CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, data JSON, "   \
        "FOREIGN KEY(jail) REFERENCES jails(name));"                                               \
        "INSERT INTO bans VALUES('sshd', '192.0.2.1', 100, '{\"failures\": 1}'), ('sshd', "        \
        "'192.0.2.1', 200, '{\"failures\": 2}');"

static const struct {
        const char *version;
        const char *sql;
        const char *bips;
} rows[] = {
        {"1",
         VERSION("1") JAILS OLD_BANS
                "CREATE TABLE logs(jail TEXT NOT NULL, path TEXT, firstlinemd5 TEXT, lastfilepos "
                "INTEGER DEFAULT 0,"
                " FOREIGN KEY(jail) REFERENCES jails(name) ON DELETE CASCADE, UNIQUE(jail, path, "
                "firstlinemd5));"
                "INSERT INTO logs VALUES('sshd', '/a', 'x', 1), ('sshd', '/a', 'y', 2);", "192.0.2.1|sshd|200|-2|1|{\"failures\": 2}"},
        {"2",
         VERSION("2") JAILS OLD_BANS
                "CREATE TABLE logs(jail TEXT NOT NULL, path TEXT, firstlinemd5 TEXT, lastfilepos "
                "INTEGER DEFAULT 0,"
                " FOREIGN KEY(jail) REFERENCES jails(name) ON DELETE CASCADE, UNIQUE(jail, path), "
                "UNIQUE(jail, path, firstlinemd5));"
                "INSERT INTO logs VALUES('sshd', '/a', 'y', 2);",                         "192.0.2.1|sshd|200|-2|1|{\"failures\": 2}"},
        {"3",
         VERSION("3") JAILS
                "CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, "
                "bantime INTEGER NOT NULL, bancount INTEGER NOT NULL"
                " default 1, data JSON, FOREIGN KEY(jail) REFERENCES jails(name));"
                "INSERT INTO bans VALUES('sshd', '192.0.2.1', 200, 600, 2, '{}'), ('sshd', "
                "'192.0.2.1', 100, 300, 1, '{}');"
                "CREATE TABLE logs(jail TEXT NOT NULL, path TEXT, firstlinemd5 TEXT, lastfilepos "
                "INTEGER DEFAULT 0, UNIQUE(jail, path));"
                "INSERT INTO logs VALUES('sshd', '/a', 'y', 2);",                         "192.0.2.1|sshd|200|600|2|{}"              },
};

static void older_versions_are_brought_up_after_a_backup(void **state) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture *f = *state;
                (void)snprintf(
                        f->path, sizeof(f->path), "%s/v%s.sqlite3", f->folder, rows[i].version);
                fixture_sql(f, rows[i].sql);
                buffer_clear(&f->said);
                fixture_open(f);
                fixture_close(f);
                assert_true(fixture_said(f, "20 Upgrade database: "));
                assert_true(fixture_said(f, "  Database backup created: "));
                assert_true(fixture_said(
                        f, arena_printf(&f->arena, "30 Database updated from '%s' to '4'",
                                   rows[i].version)
                                   .data));
                assert_slice(
                        fixture_query(
                                f, "SELECT ip, jail, timeofban, bantime, bancount, data FROM bips"),
                        rows[i].bips);
                assert_slice(fixture_query(f, "SELECT count(*) FROM bans"), "2");
                assert_slice(fixture_query(f, "SELECT path, firstlinemd5, lastfilepos FROM logs"),
                        "/a|y|2");
                assert_slice(fixture_query(f, "SELECT version FROM fail2banDb"), "4");
                struct slice backup = arena_printf(&f->arena, "%s.20261124-060000", f->path);
                (void)snprintf(f->path, sizeof(f->path), "%.*s", SLICE_ARG(backup));
                assert_slice(fixture_query(f, "SELECT version FROM fail2banDb"), rows[i].version);
        }
}

static void the_schema_is_fail2bans(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        fixture_close(f);
        assert_slice(fixture_query(f, "SELECT name FROM sqlite_master WHERE name NOT LIKE "
                                      "'sqlite_%' ORDER BY type, name"),
                "bans_ip\nbans_jail_ip\nbans_jail_timeofban_ip\nbips_ip\nbips_timeofban\njails_"
                "name\nlogs_jail_path\nlogs_path\n"
                "bans\nbips\nfail2banDb\njails\nlogs");
        assert_slice(fixture_query(f, "SELECT group_concat(name) FROM pragma_table_info('bips')"),
                "ip,jail,timeofban,bantime,bancount,data");
        assert_slice(fixture_query(f, "SELECT group_concat(name) FROM pragma_table_info('logs')"),
                "jail,path,firstlinemd5,lastfilepos");
}

static void a_version_that_is_none_is_refused(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        fixture_sql(
                f, "CREATE TABLE fail2banDb(version INTEGER); INSERT INTO fail2banDb VALUES(-3);");
        assert_true(store_open(f->path, &f->clock, &f->store, &fault) < 0);
        assert_string_equal(fault_text(&fault), "version '-3' is none");
        assert_slice(fixture_query(f, "SELECT version FROM fail2banDb"), "-3");
        fault_done(&fault);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(older_versions_are_brought_up_after_a_backup),
                FIXTURE_CASE(the_schema_is_fail2bans),
                FIXTURE_CASE(a_version_that_is_none_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
