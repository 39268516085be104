/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_command.h"

#include "../config/config_tree.h"
#include "client_said.h"
#include "fake_server.h"

struct fixture {
        struct fake_server fake;
        struct config_tree tree;
        struct client client;
        char *argv[2];
};

static void fixture_init(struct fixture *f) {
        static char program[] = "/nonexistent/fail2ban-client";
        *f = (struct fixture){.client = {.arguments = {.timeout_s = 0}}};
        fake_server_init(&f->fake);
        config_tree_init(&f->tree);
        config_tree_write(&f->tree, "fail2ban.conf", "[Definition]\n");
        config_tree_write(&f->tree, "filter.d/f.conf", "[Definition]\n");
        config_tree_write(&f->tree, "action.d/a.conf", "[Definition]\n");
        config_tree_write(&f->tree, "jail.conf",
                "[DEFAULT]\nbackend = systemd\nfilter = f\naction = a\nenabled = true\n[j]\n[k]\n");
        f->argv[0] = program;
        f->client.argv = f->argv;
        f->client.arguments.conf = slice_of(f->tree.root);
        f->client.settings = (struct config_server){.socket = slice_of(f->fake.path),
                .pidfile = SLICE("/p"),
                .loglevel = SLICE("INFO"),
                .logtarget = SLICE("/log"),
                .syslogsocket = SLICE("auto")};
        client_said_begin();
}

static void fixture_done(struct fixture *f) {
        config_tree_done(&f->tree);
        fake_server_done(&f->fake);
}

/* Runs a command given with blanks between its words; what it prints does not matter here. */
static enum client_outcome run(struct fixture *f, const char *text) {
        struct slice words[8];
        size_t count = 0;
        struct slice rest = slice_of(text);
        while (slice_next_piece(&rest, ' ', &words[count]))
                count++;
        struct capture capture;
        capture_begin(&capture, stdout);
        enum client_outcome outcome = client_command(&f->client, words, count);
        (void)capture_end(&capture);
        return outcome;
}

static void most_commands_are_only_sent(void **state) {
        (void)state;
        static const struct {
                const char *command;
                const char *asked;
        } rows[] = {
                {"status",              "['status']\nCLOSE\n"                      },
                {"start j",             "['start', 'j']\nCLOSE\n"                  },
                {"ping",                "['ping']\nCLOSE\n"                        },
                {"ping 2.5",            "['ping', '2.5']\nCLOSE\n"                 },
                {"ping -1",             "['ping', '-1']\nCLOSE\n"                  },
                {"set j banip 1.2.3.4", "['set', 'j', 'banip', '1.2.3.4']\nCLOSE\n"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                fake_server_start(&f.fake);
                assert_int_equal(run(&f, rows[i].command), CLIENT_DONE);
                fake_server_stop(&f.fake);
                assert_string_equal(f.fake.asked, rows[i].asked);
                fixture_done(&f);
        }
}

static void reload_sends_the_configuration(void **state) {
        (void)state;
        static const struct {
                const char *command;
                const char *begin; /* of the request */
                bool has_k;
        } rows[] = {
                {"reload",                       "['ping']\nCLOSE\n['reload', '--all', [], [['set', ",        true },
                {"reload --all",                 "['ping']\nCLOSE\n['reload', '--all', [], [['set', ",        true },
                {"reload j",                     "['ping']\nCLOSE\n['reload', 'j', [], [['set', ",            false},
                {"reload --unban --if-exists j",
                 "['ping']\nCLOSE\n['reload', 'j', ['--unban', '--if-exists'], [['set', ",                    false},
                {"restart j",                    "['ping']\nCLOSE\n['reload', 'j', ['--restart'], [['set', ", false},
                {"restart --unban j",
                 "['ping']\nCLOSE\n['reload', 'j', ['--restart', '--unban'], [['set', ",                      false},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                fake_server_start(&f.fake);
                assert_int_equal(run(&f, rows[i].command), CLIENT_DONE);
                fake_server_stop(&f.fake);
                assert_true(slice_has_prefix(slice_of(f.fake.asked), slice_of(rows[i].begin)));
                assert_int_equal(strstr(f.fake.asked, "['start', 'k']") != NULL, rows[i].has_k);
                fixture_done(&f);
        }
}

static void refusals(void **state) {
        (void)state;
        static const struct {
                const char *command;
                bool alive;
                const char *said;
        } rows[] = {
                {"reload --foo j", true,
                 "ERROR Unexpected argument(s) for reload: ['--foo', 'j']\n"                     },
                {"restart j k",    true,  "ERROR Unexpected argument(s) for reload: ['j', 'k']\n"},
                {"reload",         false, "ERROR Could not find server\n"                        },
                {"reload nosuch",  true,
                 "ERROR Failed during configuration: No section: 'nosuch'\n"                     },
                {"ping x",         true,  "ERROR could not convert string to float: 'x'\n"       },
                {"ping -7",        true,  "ERROR Timeout value out of range\n"                   },
                {"start",          true,  "ERROR Server already running\n"                       },
                {"restart",        true,  "ERROR Could not stop server\n"                        },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                client_said_begin();
                if (rows[i].alive)
                        fake_server_start(&f.fake);
                assert_int_equal(run(&f, rows[i].command), CLIENT_FAILED);
                assert_string_equal(client_said, rows[i].said);
                fixture_done(&f);
        }
}

static void start_checks_before_it_starts(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        setenv("PATH", "/nonexistent", 1);
        /* A file in the place of the socket. */
        FILE *file = fopen(f.fake.path, "we");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(run(&f, "start"), CLIENT_FAILED);
        assert_non_null(strstr(client_said, "ERROR Fail2ban seems to be in unexpected state (not "
                                            "running but the socket exists)\n"));
        assert_non_null(strstr(client_said, " is no socket: remove it"));
        client_said_begin();
        f.client.arguments.force = true;
        assert_int_equal(run(&f, "start"), CLIENT_FAILED);
        assert_true(slice_has_prefix(
                slice_of(client_said), SLICE("ERROR Could not start server. Maybe an old socket")));
        unlink(f.fake.path);
        client_said_begin();
        f.client.arguments.foreground = true;
        assert_int_equal(run(&f, "start"), CLIENT_FAILED);
        assert_string_equal(
                client_said, "ERROR cannot start fail2ban-server: No such file or directory\n");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(most_commands_are_only_sent),
                cmocka_unit_test(reload_sends_the_configuration),
                cmocka_unit_test(refusals),
                cmocka_unit_test(start_checks_before_it_starts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
