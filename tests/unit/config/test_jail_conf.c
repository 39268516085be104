/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/jail_conf.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "config_tree.h"

struct fixture {
        struct config_tree tree;
        struct conf_store store;
        struct jail_conf jail;
        struct fault fault;
        struct value stream;
};

static void fixture_init(struct fixture *f) {
        *f = (struct fixture){.fault = FAULT_INIT, .stream = value_list()};
        config_tree_init(&f->tree);
        config_tree_write(&f->tree, "filter.d/f.conf", "[Definition]\nfailregex = ^f\n");
        config_tree_write(&f->tree, "action.d/a.conf", "[Definition]\nactionban = b <port>\n");
        config_tree_write(&f->tree, "x.log", "");
        conf_store_init(&f->store, slice_of(f->tree.root), &f->tree.arena);
}

static void fixture_done(struct fixture *f) {
        fault_done(&f->fault);
        config_tree_done(&f->tree);
}

/* Writes jail.conf (ROOT stands for the tree) and reads its jail "j". */
static int read_jail(struct fixture *f, const char *text) {
        struct conf *conf;
        struct slice rest = slice_of(text);
        struct slice all = SLICE("");
        while (rest.data && rest.len > 0) {
                size_t at = slice_find(rest, SLICE("ROOT"), 0);
                all = arena_printf(&f->tree.arena, "%.*s%.*s%s", SLICE_ARG(all),
                        SLICE_ARG(slice_sub(rest, 0, at)), at < rest.len ? f->tree.root : "");
                rest = slice_sub(rest, at + 4, rest.len);
        }
        config_tree_put(&f->tree, "jail.conf", all);
        assert_int_equal(conf_read(&f->store, SLICE("jail"), &conf, &f->fault), 0);
        return jail_conf_read(&f->jail, &f->store, conf, SLICE("j"), NULL, &f->fault);
}

static const char *stream_of(struct fixture *f, enum jail_conf_logs logs) {
        assert_int_equal(jail_conf_stream(&f->jail, logs, &f->stream, &f->fault), 0);
        return config_tree_mask(&f->tree, config_tree_lines(&f->stream, &f->tree.arena));
}

static void a_whole_jail(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        assert_int_equal(
                read_jail(&f, "[DEFAULT]\nbantime = 10m\n[j]\nenabled = true\nfilter = f[x=y]\n"
                              "failregex = %(known/failregex)s\n  ^j\nlogpath = ROOT/x.log tail\n"
                              "ignoreip = 1.2.3.4, ::1\nmaxretry = 3\nport = 22\n"
                              "action = a[port=\"%(port)s\"]\n"),
                JAIL_CONF_OK);
        assert_true(f.jail.enabled);
        assert_string_equal(stream_of(&f, JAIL_CONF_LOGS_NEEDED),
                "['add', 'j', 'auto']\n"
                "['multi-set', 'j', 'addfailregex', ['^f', '^j']]\n"
                "['set', 'j', 'maxretry', 3]\n"
                "['set', 'j', 'bantime', '10m']\n"
                "['set', 'j', 'addignoreip', '1.2.3.4', '::1']\n"
                "['set', 'j', 'addlogpath', 'ROOT/x.log', 'tail']\n"
                "['set', 'j', 'addaction', 'a']\n"
                "['multi-set', 'j', 'action', 'a', [['actionban', 'b 22'], ['port', '22'], "
                "['name', 'j'], ['actname', 'a']]]\n");
        assert_string_equal(f.tree.said, "");
        fixture_done(&f);
}

static void a_disabled_jail_is_hardly_read(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        assert_int_equal(
                read_jail(&f, "[j]\nfilter = nosuch[\naction = %(nosuch)s\n"), JAIL_CONF_OK);
        assert_false(f.jail.enabled);
        fixture_done(&f);
}

static void wrong_definitions_are_told_in_upstreams_words(void **state) {
        (void)state;
        static const struct {
                const char *text;
                int result;
                const char *fault;
        } rows[] = {
                {"filter = f[a b]\n",                   JAIL_CONF_E_DEFINITION,
                 "Invalid filter definition 'f[a b]': expected option, wrong syntax at 0: a "
                        "b"                                                                                         },
                {"filter = nosuch\n",                   JAIL_CONF_E_DEFINITION, "Unable to read the filter 'nosuch'"},
                {"filter = f\naction = nosuch\n",       JAIL_CONF_E_DEFINITION,
                 "Unable to read action 'nosuch'"                                                                   },
                {"filter = f\naction = a[b\n",          JAIL_CONF_E_DEFINITION,
                 "Invalid action definition 'a[b': unexpected option syntax"                                        },
                {"filter = f\nmaxretry = %(nosuch)s\n", -EINVAL,
                 "Bad value substitution: option 'maxretry' in section 'j' contains an "
                        "interpolation key 'nosuch' which is not a valid option name. Raw value: "
                        "'%(nosuch)s'"                                                                              },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                struct slice text =
                        arena_printf(&f.tree.arena, "[j]\nenabled = true\n%s", rows[i].text);
                assert_int_equal(read_jail(&f, text.data), rows[i].result);
                assert_string_equal(fault_text(&f.fault), rows[i].fault);
                assert_non_null(f.store.blame);
                fixture_done(&f);
        }
}

static void a_jail_without_logs(void **state) {
        (void)state;
        static const struct {
                const char *options;
                enum jail_conf_logs logs;
                int result;
                const char *stream;
                const char *said;
        } rows[] = {
                {"",                                                    JAIL_CONF_LOGS_NEEDED,   -EINVAL, NULL,
                 "NOTICE No file(s) found for glob /nosuch/log\n"                                                                                                             },
                {"",                                                    JAIL_CONF_LOGS_OPTIONAL, 0,       "['add', 'j', 'auto']\n",
                 "NOTICE No file(s) found for glob /nosuch/log\n"
                        "WARNING Have not found any log file for 'j' jail.\n"                                                                                                 },
                {"",                                                    JAIL_CONF_LOGS_AWAITED,  0,
                 "['add', 'j', 'auto']\n['set', 'j', 'addlogpath', '/nosuch/log', 'head']\n",                                          "NOTICE No file(s) found for glob /nosuch/log\n"
                        "WARNING Have not found any log file for 'j' jail. Jail will wait for "
                        "it.\n"                                                  },
                {"skip_if_nologs = true\n",                             JAIL_CONF_LOGS_NEEDED,   0,
                 "['config-error', \"Jail 'j' skipped, because of missing log files.\"]\n",                                            "NOTICE No file(s) found for glob /nosuch/log\n"
                        "WARNING Have not found any log file for 'j' jail.\n"
                        "WARNING Jail 'j' skipped, because of missing log files.\n"},
                {"journalmatch = _COMM=x\n",                            JAIL_CONF_LOGS_NEEDED,   0,
                 "['add', 'j', 'systemd']\n['set', 'j', 'addjournalmatch', '_COMM=x']\n",                                              "NOTICE No file(s) found for glob /nosuch/log\n"
                        "WARNING Have not found any log file for 'j' jail. Jail will monitor "
                        "systemd "
                        "journal.\n"                                                 },
                {"journalmatch = _COMM=x\nsystemd_if_nologs = false\n", JAIL_CONF_LOGS_AWAITED,  0,
                 "['add', 'j', 'auto']\n['set', 'j', 'addjournalmatch', '_COMM=x']\n"
                        "['set', 'j', 'addlogpath', '/nosuch/log', 'head']\n",                                                         "NOTICE No file(s) found for glob /nosuch/log\n"
                        "WARNING Have not found any log file for 'j' jail. Jail will wait for "
                        "it.\n"                                                                 },
                {"backend = systemd\n",                                 JAIL_CONF_LOGS_NEEDED,   0,       "['add', 'j', 'systemd']\n", ""                                     },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                config_tree_write(&f.tree, "filter.d/f.conf", "[Definition]\n");
                struct slice text = arena_printf(&f.tree.arena,
                        "[j]\nenabled = 1\nfilter = f\nlogpath = /nosuch/log\naction = a\n%s",
                        rows[i].options);
                config_tree_write(&f.tree, "action.d/a.conf", "[Definition]\n");
                assert_int_equal(read_jail(&f, text.data), 0);
                f.jail.action_count = 0; /* of no interest here */
                assert_int_equal(jail_conf_stream(&f.jail, rows[i].logs, &f.stream, &f.fault),
                        rows[i].result);
                if (rows[i].stream)
                        assert_string_equal(
                                config_tree_lines(&f.stream, &f.tree.arena), rows[i].stream);
                else
                        assert_int_equal(f.stream.list.count, 0);
                assert_string_equal(f.tree.said, rows[i].said);
                fixture_done(&f);
        }
}

static void a_jail_that_could_not_wait_reads_the_journal(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        config_tree_write(&f.tree, "filter.d/f.conf", "[Definition]\n");
        assert_int_equal(read_jail(&f, "[j]\nenabled = 1\nfilter = f\nlogpath = /nosuch/*.log\n"
                                       "journalmatch = _COMM=x\n"),
                0);
        assert_string_equal(stream_of(&f, JAIL_CONF_LOGS_AWAITED),
                "['add', 'j', 'systemd']\n['set', 'j', 'addjournalmatch', '_COMM=x']\n");
        fixture_done(&f);
}

static void no_filter_and_no_action_are_said(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        assert_int_equal(read_jail(&f, "[j]\nenabled = true\n"), 0);
        assert_string_equal(stream_of(&f, JAIL_CONF_LOGS_NEEDED), "['add', 'j', 'auto']\n");
        assert_string_equal(f.tree.said, "WARNING No filter set for jail j\n"
                                         "WARNING No actions were defined for j\n");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_whole_jail),
                cmocka_unit_test(a_disabled_jail_is_hardly_read),
                cmocka_unit_test(wrong_definitions_are_told_in_upstreams_words),
                cmocka_unit_test(a_jail_without_logs),
                cmocka_unit_test(a_jail_that_could_not_wait_reads_the_journal),
                cmocka_unit_test(no_filter_and_no_action_are_said),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
