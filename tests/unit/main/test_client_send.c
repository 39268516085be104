/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_send.h"

#include "client_said.h"
#include "fake_server.h"

struct fixture {
        struct fake_server fake;
        struct client client;
        struct capture capture;
};

static void fixture_init(struct fixture *f) {
        *f = (struct fixture){.client = {.charset = CLIENT_PRINT_UTF8}};
        fake_server_init(&f->fake);
        f->client.settings.socket = slice_of(f->fake.path);
        client_said_begin();
}

static void fixture_done(struct fixture *f) {
        fake_server_done(&f->fake);
        arena_done(&f->client.arena);
}

static struct value command(struct fixture *f, const char *text) {
        struct value words = value_list();
        struct slice rest = slice_of(text);
        struct slice word;
        while (slice_next_piece(&rest, ' ', &word))
                (void)value_append(&words, value_string(word), &f->fake.arena);
        return words;
}

/* Sends one command. */
static enum client_outcome send_one(
        struct fixture *f, const char *text, enum client_send_show show) {
        struct value commands = value_list();
        (void)value_append(&commands, command(f, text), &f->fake.arena);
        capture_begin(&f->capture, stdout);
        enum client_outcome outcome = client_send(&f->client, &commands, show, 10);
        (void)capture_end(&f->capture);
        return outcome;
}

static void replies_and_errors_are_shown(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        fake_server_add_value(&f.fake, value_text("pong"));
        fake_server_add_error(&f.fake, "fail2ban.exceptions.UnknownJailException", "j");
        fake_server_add_value(&f.fake, value_int(5));
        fake_server_start(&f.fake);
        assert_int_equal(send_one(&f, "ping", CLIENT_SEND_SHOW), CLIENT_DONE);
        assert_string_equal(f.capture.text, "Server replied: pong\n");
        assert_int_equal(send_one(&f, "status j", CLIENT_SEND_SHOW), CLIENT_FAILED);
        assert_string_equal(f.capture.text, "Sorry but the jail 'j' does not exist\n");
        assert_string_equal(client_said, "ERROR NOK: ('j',)\n");
        client_said_begin();
        assert_int_equal(send_one(&f, "ping", CLIENT_SEND_SHOW), CLIENT_DONE);
        assert_string_equal(f.capture.text, "55\n");
        assert_string_equal(client_said, "WARNING Beautifier error. Please report the error\n"
                                         "ERROR Beautify 5 with ['ping'] failed\n");
        fixture_done(&f);
}

static void quiet_commands_show_only_echo_and_status(void **state) {
        (void)state;
        static const struct {
                const char *command;
                const char *shown;
        } rows[] = {
                {"ping",          ""     },
                {"echo x",        "a b\n"},
                {"server-status", "a b\n"},
                {"status",        ""     }
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                struct value words = value_list();
                (void)value_append(&words, value_text("a b"), &f.fake.arena);
                fake_server_add_value(&f.fake, i == 1 ? words : value_text("a b"));
                fake_server_start(&f.fake);
                assert_int_equal(send_one(&f, rows[i].command, CLIENT_SEND_QUIET), CLIENT_DONE);
                assert_string_equal(f.capture.text, rows[i].shown);
                fixture_done(&f);
        }
}

static void a_refused_command_does_not_stop_the_next(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        fake_server_add_error(&f.fake, "builtins.ValueError", "no");
        fake_server_add_value(&f.fake, value_text("Server ready"));
        fake_server_start(&f.fake);
        struct value commands = value_list();
        (void)value_append(&commands, command(&f, "server-stream"), &f.fake.arena);
        (void)value_append(&commands, command(&f, "server-status"), &f.fake.arena);
        capture_begin(&f.capture, stdout);
        assert_int_equal(client_send(&f.client, &commands, CLIENT_SEND_QUIET, 10), CLIENT_FAILED);
        assert_string_equal(capture_end(&f.capture), "Server ready\n");
        fake_server_stop(&f.fake);
        assert_string_equal(f.fake.asked, "['server-stream']\n['server-status']\nCLOSE\n");
        fixture_done(&f);
}

static void a_refused_stream_names_file_and_line(void **state) {
        (void)state;
        static const struct value_origin origin = {"jail.local", 7, "sshd", "maxretry"};
        struct fixture f;
        fixture_init(&f);
        fake_server_add_error(&f.fake, "builtins.ValueError", "invalid literal: 'x5'");
        fake_server_start(&f.fake);
        struct value set = command(&f, "set sshd maxretry x5");
        set.origin = &origin;
        struct value stream = value_list();
        struct value all = command(&f, "server-stream");
        struct value commands = value_list();
        (void)value_append(&stream, set, &f.fake.arena);
        (void)value_append(&all, stream, &f.fake.arena);
        (void)value_append(&commands, all, &f.fake.arena);
        assert_int_equal(client_send(&f.client, &commands, CLIENT_SEND_QUIET, 10), CLIENT_FAILED);
        assert_string_equal(client_said, "ERROR NOK: (\"invalid literal: 'x5'\",)\n"
                                         "ERROR jail.local:7: in [sshd] maxretry\n");
        fixture_done(&f);
}

static void replies_as_json(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        f.client.arguments.json = true;
        struct value pair = value_tuple();
        (void)value_append(&pair, value_text("x"), &f.fake.arena);
        (void)value_append(&pair, VALUE_OF_NONE, &f.fake.arena);
        fake_server_add_value(&f.fake, pair);
        fake_server_add_error(&f.fake, "builtins.Exception", "Invalid command");
        fake_server_start(&f.fake);
        assert_int_equal(send_one(&f, "status", CLIENT_SEND_SHOW), CLIENT_DONE);
        assert_string_equal(f.capture.text, "{\"ok\":true,\"result\":[\"x\",null]}\n");
        assert_int_equal(send_one(&f, "nosuch", CLIENT_SEND_SHOW), CLIENT_FAILED);
        assert_string_equal(f.capture.text, "{\"ok\":false,\"error\":{\"type\":\"builtins.Exception\","
                                            "\"message\":\"Invalid command\"}}\n");
        fixture_done(&f);
}

static void a_bare_reply_is_an_error(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        const struct pickle_reply bare = {
                .outcome = PICKLE_RAW, .value = value_text("ERROR: Ran out of input")};
        fake_server_add(&f.fake, &bare);
        fake_server_start(&f.fake);
        assert_int_equal(send_one(&f, "status", CLIENT_SEND_SHOW), CLIENT_FAILED);
        assert_string_equal(client_said, "ERROR ERROR: Ran out of input\n");
        fixture_done(&f);
}

static void a_missing_server_is_told(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        assert_int_equal(send_one(&f, "status", CLIENT_SEND_SHOW), CLIENT_FAILED);
        char expected[200];
        (void)snprintf(expected, sizeof(expected),
                "ERROR Failed to access socket path: %s. Is fail2ban running?\n", f.fake.path);
        assert_string_equal(client_said, expected);
        client_said_begin();
        assert_int_equal(send_one(&f, "ping", CLIENT_SEND_QUIET), CLIENT_FAILED);
        assert_false(client_send_ping(&f.client, 0.1));
        assert_string_equal(client_said, "");
        fixture_done(&f);
}

static void a_cut_connection_is_told(void **state) {
        (void)state;
        static const struct {
                const char *command;
                const char *said;
        } rows[] = {
                {"status", "ERROR [[Errno 104] Connection reset by peer] Unable to contact server. "
                           "Is it running?\n"  },
                {"ping",   "ERROR [Errno 104] Connection reset by peer\n"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f);
                f.fake.reply_count = 1;
                fake_server_start(&f.fake);
                assert_int_equal(send_one(&f, rows[i].command, CLIENT_SEND_SHOW), CLIENT_FAILED);
                assert_string_equal(client_said, rows[i].said);
                fixture_done(&f);
        }
}

static void ping_carries_its_time(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        fake_server_start(&f.fake);
        assert_true(client_send_ping(&f.client, 5));
        assert_true(client_send_ping(&f.client, CLIENT_SOCKET_NO_TIMEOUT));
        fake_server_stop(&f.fake);
        assert_string_equal(f.fake.asked, "['ping', 5.0]\nCLOSE\n['ping']\nCLOSE\n");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(replies_and_errors_are_shown),
                cmocka_unit_test(quiet_commands_show_only_echo_and_status),
                cmocka_unit_test(a_refused_command_does_not_stop_the_next),
                cmocka_unit_test(a_refused_stream_names_file_and_line),
                cmocka_unit_test(replies_as_json),
                cmocka_unit_test(a_bare_reply_is_an_error),
                cmocka_unit_test(a_missing_server_is_told),
                cmocka_unit_test(a_cut_connection_is_told),
                cmocka_unit_test(ping_carries_its_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
