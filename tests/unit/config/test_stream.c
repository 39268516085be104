/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static void tree_init(struct config_tree *tree, const char *jails) {
        config_tree_init(tree);
        config_tree_write(tree, "fail2ban.conf", "[Definition]\n");
        config_tree_write(tree, "filter.d/f.conf", "[Definition]\nfailregex = ^f\n");
        config_tree_write(tree, "action.d/a.conf", "[Definition]\n");
        config_tree_write(tree, "jail.conf", "[DEFAULT]\nbackend = systemd\naction = a\n");
        config_tree_write(tree, "jail.local", jails);
}

/* The stream without the settings of the server, one command a line; of addaction and action only
 * those that differ are of interest, so they are left out. */
static const char *shown(struct config_tree *tree, const struct value *stream) {
        struct value rest = value_list();
        for (size_t i = 0; i < stream->list.count; i++) {
                const struct value *command = &stream->list.items[i];
                bool server =
                        slice_is(value_item_text(command, 0), "set") && command->list.count == 3;
                struct slice option = value_item_text(command, 2);
                if (!server && !slice_is(option, "addaction") && !slice_is(option, "action"))
                        (void)value_append(&rest, *command, &tree->arena);
        }
        return config_tree_mask(tree, config_tree_lines(&rest, &tree->arena));
}

static void starts_come_last(void **state) {
        (void)state;
        struct config_tree tree;
        tree_init(&tree,
                "[one]\nenabled = true\nfilter = f\n[off]\n[two]\nenabled = 1\nfilter = f\n");
        struct config_request request = {.basedir = slice_of(tree.root)};
        struct value stream;
        assert_int_equal(config_stream(&request, &tree.arena, &stream, NULL), CONFIG_OK);
        assert_string_equal(shown(&tree, &stream),
                "['add', 'one', 'systemd']\n['set', 'one', 'addfailregex', '^f']\n"
                "['add', 'two', 'systemd']\n['set', 'two', 'addfailregex', '^f']\n"
                "['start', 'one']\n['start', 'two']\n");
        request.jail = SLICE("two");
        assert_int_equal(config_stream(&request, &tree.arena, &stream, NULL), CONFIG_OK);
        assert_string_equal(shown(&tree, &stream),
                "['add', 'two', 'systemd']\n['set', 'two', 'addfailregex', '^f']\n"
                "['start', 'two']\n");
        config_tree_done(&tree);
}

static void a_wrong_jail_costs_itself(void **state) {
        (void)state;
        static const char jails[] = "[bad]\nenabled = true\nfilter = nosuch\n"
                                    "[good]\nenabled = true\nfilter = f\n";
        static const struct {
                bool dump;
                bool strict;
                int result;
                const char *place; /* in the text for the server */
        } rows[] = {
                {false, false, CONFIG_OK,            " (ROOT/jail.local:3)"},
                {true,  false, CONFIG_OK,            ""                    },
                {false, true,  CONFIG_E_WRONG_JAILS, " (ROOT/jail.local:3)"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                tree_init(&tree, jails);
                struct config_request request = {.basedir = slice_of(tree.root),
                        .dump = rows[i].dump,
                        .strict = rows[i].strict};
                struct value stream;
                assert_int_equal(
                        config_stream(&request, &tree.arena, &stream, NULL), rows[i].result);
                struct slice expected = arena_printf(&tree.arena,
                        "['config-error', \"Jail 'bad' skipped, because of wrong configuration: "
                        "Unable to read the filter 'nosuch'%s\"]\n"
                        "['add', 'good', 'systemd']\n['set', 'good', 'addfailregex', '^f']\n"
                        "['start', 'good']\n",
                        rows[i].place);
                assert_string_equal(shown(&tree, &stream), expected.data);
                config_tree_done(&tree);
        }
}

static void faults_within_a_jail_end_only_upstreams_reading(void **state) {
        (void)state;
        static const char jails[] = "[bad]\nenabled = true\nfilter = f\nmaxretry = %(nosuch)s\n"
                                    "[good]\nenabled = true\nfilter = f\n";
        struct config_tree tree;
        struct fault fault = FAULT_INIT;
        tree_init(&tree, jails);
        struct config_request request = {.basedir = slice_of(tree.root)};
        struct value stream;
        assert_int_equal(config_stream(&request, &tree.arena, &stream, &fault), CONFIG_OK);
        assert_non_null(strstr(shown(&tree, &stream), "['start', 'good']"));
        assert_non_null(
                strstr(config_tree_mask(&tree, tree.said), "ROOT/jail.local:4: jail 'bad'"));
        request.dump = true;
        assert_true(config_stream(&request, &tree.arena, &stream, &fault) < 0);
        assert_non_null(strstr(fault_text(&fault), "Bad value substitution"));
        fault_done(&fault);
        config_tree_done(&tree);
}

static void what_may_have_been_meant_is_said(void **state) {
        (void)state;
        static const struct {
                const char *jails;
                const char *only; /* this jail is asked for */
                const char *said; /* at the end of the first message */
                const char *sent; /* within the stream */
        } rows[] = {
                {"[bad]\nenabled = true\nfilter = ff\n[good]\nenabled = true\nfilter = f\n", "",
                 "jail 'bad': Unable to read the filter 'ff'\n     3 | filter = ff\n       |          ^^\n       = there is no ",
                 "Unable to read the filter 'ff' (ROOT/jail.local:3)"},
                {"[bad]\nenabled = true\nfilter = filtr\n[good]\nenabled = true\nfilter = f\n", "",
                 "Unable to read the filter 'filtr'\n     3 | filter = filtr\n       |          ^^^^^\n       = "
                 "did you mean 'filter'?\n",
                 "Unable to read the filter 'filtr', did you mean 'filter'? (ROOT/jail.local:3)"},
                {"[bad]\nenabled = true\nfilter = f\naction = %(mines)s\nmine = x\n[good]\nenabled = true\nfilter = f\n",
                 "", "     4 | action = %(mines)s\n       |          ^^^^^^^^^\n       = did you mean 'mine'?\n",
                 "did you mean 'mine'? (ROOT/jail.local:4)"},
                {"[good]\nenabled = true\nfilter = f\n", "goood", "ERROR did you mean 'good'?\n", ""},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                tree_init(&tree, rows[i].jails);
                config_tree_write(&tree, "filter.d/filter.conf", "[Definition]\nfailregex = ^f\n");
                struct config_request request = {
                        .basedir = slice_of(tree.root), .jail = slice_of(rows[i].only)};
                struct value stream;
                (void)config_stream(&request, &tree.arena, &stream, NULL);
                assert_non_null(strstr(tree.said, rows[i].said));
                assert_non_null(strstr(shown(&tree, &stream), rows[i].sent));
                tree.said[0] = '\0';
                request.brief = true;
                (void)config_stream(&request, &tree.arena, &stream, NULL);
                assert_null(strstr(tree.said, "^"));
                config_tree_done(&tree);
        }
}

static void malformed_files_are_shown(void **state) {
        (void)state;
        struct config_tree tree;
        tree_init(&tree, "[j]\nenabled = true\nnonsense\n");
        struct config_request request = {.basedir = slice_of(tree.root)};
        struct value stream;
        assert_true(config_stream(&request, &tree.arena, &stream, NULL) < 0);
        assert_string_equal(config_tree_mask(&tree, tree.said),
                "ERROR ROOT/jail.local:3:\n     3 | nonsense\n       | ^^^^^^^^\n       = write NAME = VALUE, or indent it to "
                "go on with the value above\n");
        config_tree_done(&tree);
}

static void a_test_finds_instead_of_saying(void **state) {
        (void)state;
        struct config_tree tree;
        tree_init(&tree,
                "[bad]\nenabled = true\nfilter = filtr\n[good]\nenabled = true\nfilter = f\nmaxretry = 3a\n"
                "maxmatches = %(maxretry)s\nmaxlines = y\n"
                "[idle]\nenabled = true\nfilter = f\naction =\n"
                "[dry]\nenabled = true\nfilter = f\nbackend = polling\nlogpath = /nonexistent/log\n");
        struct findings findings = {.arena = &tree.arena};
        struct config_request request = {.basedir = slice_of(tree.root), .findings = &findings};
        struct value stream;
        assert_int_equal(config_stream(&request, &tree.arena, &stream, NULL), CONFIG_OK);
        assert_string_equal(tree.said, "NOTICE No file(s) found for glob /nonexistent/log\n");
        assert_int_equal(findings.count, 5);
        assert_int_equal(findings.counts[FINDING_ERROR], 3);
        assert_slice(findings.items[0].text, "Unable to read the filter 'filtr'");
        assert_slice(findings.items[1].text, "option 'maxretry' in section 'good' is no number: '3a'");
        assert_slice(findings.items[2].text, "option 'maxlines' in section 'good' is no number: 'y'");
        assert_slice(findings.items[3].jail, "idle");
        assert_slice(findings.items[4].jail, "dry");
        config_tree_write(&tree, "jail.local", "[j]\na = 1\na = 2\n");
        findings = (struct findings){.arena = &tree.arena};
        assert_true(config_stream(&request, &tree.arena, &stream, NULL) < 0);
        assert_int_equal(findings.count, 1);
        assert_int_equal(findings.items[0].origin->line, 3);
        config_tree_done(&tree);
}

static void only_wrong_jails_is_wrong(void **state) {
        (void)state;
        struct config_tree tree;
        tree_init(&tree, "[bad]\nenabled = true\nfilter = nosuch\n");
        struct config_request request = {.basedir = slice_of(tree.root)};
        struct value stream;
        assert_int_equal(config_stream(&request, &tree.arena, &stream, NULL), CONFIG_E_WRONG_JAILS);
        config_tree_write(&tree, "jail.local", "[off]\n");
        assert_int_equal(config_stream(&request, &tree.arena, &stream, NULL), CONFIG_OK);
        assert_string_equal(shown(&tree, &stream), "");
        config_tree_done(&tree);
}

static void what_is_missing_is_named(void **state) {
        (void)state;
        struct config_tree tree;
        struct fault fault = FAULT_INIT;
        tree_init(&tree, "[off]\n");
        struct config_request request = {.basedir = slice_of(tree.root), .jail = SLICE("nosuch")};
        struct value stream;
        assert_true(config_stream(&request, &tree.arena, &stream, &fault) < 0);
        assert_string_equal(fault_text(&fault), "No section: 'nosuch'");
        request.jail = SLICE("");
        assert_int_equal(unlink(config_tree_path(&tree, "jail.conf").data), 0);
        assert_int_equal(unlink(config_tree_path(&tree, "jail.local").data), 0);
        assert_true(config_stream(&request, &tree.arena, &stream, &fault) < 0);
        assert_string_equal(fault_text(&fault), "Read jails configuration failed.");
        assert_int_equal(unlink(config_tree_path(&tree, "fail2ban.conf").data), 0);
        assert_true(config_stream(&request, &tree.arena, &stream, &fault) < 0);
        assert_string_equal(fault_text(&fault), "Read fail2ban configuration failed.");
        fault_done(&fault);
        config_tree_done(&tree);
}

static void programs_get_their_settings(void **state) {
        (void)state;
        struct config_tree tree;
        tree_init(&tree, "");
        struct config_server settings = {.pidfile = SLICE("/p")};
        assert_int_equal(config_read_server(slice_of(tree.root), &tree.arena, &settings, NULL), 0);
        assert_slice(settings.pidfile, "/p");
        assert_slice(settings.socket, "/var/run/fail2ban/fail2ban.sock");
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(starts_come_last),
                cmocka_unit_test(a_wrong_jail_costs_itself),
                cmocka_unit_test(faults_within_a_jail_end_only_upstreams_reading),
                cmocka_unit_test(what_may_have_been_meant_is_said),
                cmocka_unit_test(malformed_files_are_shown),
                cmocka_unit_test(a_test_finds_instead_of_saying),
                cmocka_unit_test(only_wrong_jails_is_wrong),
                cmocka_unit_test(what_is_missing_is_named),
                cmocka_unit_test(programs_get_their_settings),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
