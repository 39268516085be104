/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_config.h"

#include "../config/config_tree.h"
#include "capture.h"

struct fixture {
        struct config_tree tree;
        struct client client;
        struct capture capture;
};

static void fixture_init(struct fixture *f, const char *jails) {
        *f = (struct fixture){.client = {.charset = CLIENT_PRINT_UTF8}};
        config_tree_init(&f->tree);
        config_tree_write(&f->tree, "fail2ban.conf", "[Definition]\ndbfile = None\nsocket = /s\n");
        config_tree_write(&f->tree, "filter.d/f.conf", "[Definition]\nfailregex = ^f\n");
        config_tree_write(&f->tree, "action.d/a.conf", "[Definition]\n");
        config_tree_write(&f->tree, "jail.conf",
                "[DEFAULT]\nbackend = systemd\nfilter = f\naction = a\nenabled = true\n");
        config_tree_write(&f->tree, "jail.local", jails);
        f->client.arguments.conf = slice_of(f->tree.root);
}

static void fixture_done(struct fixture *f) {
        arena_done(&f->client.arena);
        config_tree_done(&f->tree);
}

static void the_command_line_stands_before_the_file(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "");
        f.client.arguments.pidfile = SLICE("/p");
        assert_int_equal(client_config_settings(&f.client), CLIENT_DONE);
        assert_slice(f.client.settings.pidfile, "/p");
        assert_slice(f.client.settings.socket, "/s");
        assert_slice(f.client.settings.loglevel, "INFO");
        fixture_done(&f);
}

static void wrong_settings_are_printed(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "");
        f.client.arguments.loglevel = SLICE("foo");
        capture_begin(&f.capture, stdout);
        assert_int_equal(client_config_settings(&f.client), CLIENT_FAILED);
        assert_string_equal(capture_end(&f.capture), "ERROR: Invalid log level 'foo'\n");
        capture_begin(&f.capture, stderr);
        assert_int_equal(client_config_settings(&f.client), CLIENT_FAILED);
        assert_non_null(strstr(capture_end(&f.capture), "NOTICE, INFO, DEBUG"));
        f.client.arguments.conf = SLICE("/nonexistent");
        capture_begin(&f.capture, stdout);
        assert_int_equal(client_config_settings(&f.client), CLIENT_FAILED);
        assert_string_equal(capture_end(&f.capture),
                "ERROR: Base configuration directory /nonexistent does not exist \n");
        fixture_done(&f);
}

static void what_dump_and_test_come_to(void **state) {
        (void)state;
        static const char good[] = "[j]\n";
        static const char bad[] = "[j]\nfilter = nosuch\n";
        static const char fatal[] = "[j]\nmaxretry = %(nosuch)s\n";
        static const struct {
                const char *jails;
                enum arguments_dump dump;
                bool test;
                size_t words;
                enum client_config_result result;
                const char *end; /* of what is printed */
        } rows[] = {
                {good,  ARGUMENTS_DUMP_NONE,   false, 0, CLIENT_CONFIG_GO,       ""                },
                {good,  ARGUMENTS_DUMP_NONE,   true,  0, CLIENT_CONFIG_DONE,
                 "OK: configuration test is successful\n"                                          },
                {good,  ARGUMENTS_DUMP_NONE,   true,  1, CLIENT_CONFIG_GO,       ""                },
                {good,  ARGUMENTS_DUMP_PLAIN,  false, 1, CLIENT_CONFIG_DONE,     "['start', 'j']\n"},
                {good,  ARGUMENTS_DUMP_PRETTY, false, 0, CLIENT_CONFIG_DONE,     "['start', 'j']\n"},
                {good,  ARGUMENTS_DUMP_PLAIN,  true,  0, CLIENT_CONFIG_DONE,
                 "['start', 'j']\nOK: configuration test is successful\n"                          },
                {bad,   ARGUMENTS_DUMP_NONE,   true,  0, CLIENT_CONFIG_FAILED,
                 "ERROR: test configuration failed\n"                                              },
                {bad,   ARGUMENTS_DUMP_NONE,   true,  1, CLIENT_CONFIG_UNTESTED, ""                },
                {bad,   ARGUMENTS_DUMP_PLAIN,  false, 0, CLIENT_CONFIG_ERROR,
                 "Unable to read the filter 'nosuch'\"]\n"                                         },
                {fatal, ARGUMENTS_DUMP_PLAIN,  false, 0, CLIENT_CONFIG_ERROR,
                 "ERROR: The configuration stream failed because of the invalid syntax.\n"         },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f, rows[i].jails);
                f.client.arguments.dump = rows[i].dump;
                f.client.arguments.test = rows[i].test;
                f.client.arguments.word_count = rows[i].words;
                assert_int_equal(client_config_settings(&f.client), CLIENT_DONE);
                capture_begin(&f.capture, stdout);
                enum client_config_result result = client_config_inspect(&f.client);
                const char *text = capture_end(&f.capture);
                assert_int_equal(result, rows[i].result);
                assert_true(slice_has_suffix(slice_of(text), slice_of(rows[i].end)));
                if (!rows[i].end[0])
                        assert_string_equal(text, "");
                fixture_done(&f);
        }
}

static void one_jail_may_be_asked_for(void **state) {
        (void)state;
        struct fixture f;
        struct value stream;
        fixture_init(&f, "[one]\n[two]\n");
        assert_int_equal(client_config_settings(&f.client), CLIENT_DONE);
        assert_int_equal(
                client_config_stream(&f.client, SLICE("two"), &f.tree.arena, &stream), CLIENT_DONE);
        assert_null(strstr(config_tree_lines(&stream, &f.tree.arena), "'one'"));
        assert_int_equal(client_config_stream(&f.client, SLICE("three"), &f.tree.arena, &stream),
                CLIENT_FAILED);
        assert_int_equal(stream.type, VALUE_NONE);
        assert_string_equal(
                f.tree.said, "ERROR Failed during configuration: No section: 'three'\n");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_command_line_stands_before_the_file),
                cmocka_unit_test(wrong_settings_are_printed),
                cmocka_unit_test(what_dump_and_test_come_to),
                cmocka_unit_test(one_jail_may_be_asked_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
