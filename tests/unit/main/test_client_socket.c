/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_socket.h"

#include <errno.h>

#include "fake_server.h"

static struct value words(const char *first, const char *second, struct arena *arena) {
        struct value list = value_list();
        (void)value_append(&list, value_text(first), arena);
        if (second)
                (void)value_append(&list, value_text(second), arena);
        return list;
}

static void commands_are_answered_in_order(void **state) {
        (void)state;
        struct fake_server fake;
        struct arena arena = ARENA_INIT;
        struct client_socket client;
        struct pickle_reply reply;
        fake_server_init(&fake);
        fake_server_add_value(&fake, value_text("one"));
        fake_server_add_error(&fake, "builtins.ValueError", "two");
        fake_server_start(&fake);
        assert_int_equal(client_socket_open(&client, slice_of(fake.path), 10, NULL), 0);
        struct value command = words("get", "x", &arena);
        assert_int_equal(client_socket_send(&client, &command, NULL), 0);
        assert_int_equal(client_socket_receive(&client, &arena, &reply, NULL), 0);
        assert_int_equal(reply.outcome, PICKLE_OK);
        assert_slice(reply.value.string, "one");
        assert_int_equal(client_socket_send(&client, &command, NULL), 0);
        assert_int_equal(client_socket_receive(&client, &arena, &reply, NULL), 0);
        assert_int_equal(reply.outcome, PICKLE_ERROR);
        assert_slice(value_item_text(&reply.value, 0), "two");
        client_socket_close(&client);
        client_socket_close(&client);
        fake_server_stop(&fake);
        assert_string_equal(fake.asked, "['get', 'x']\n['get', 'x']\nCLOSE\n");
        fake_server_done(&fake);
        arena_done(&arena);
}

static void trouble_is_told_in_pythons_words(void **state) {
        (void)state;
        struct fake_server fake;
        struct fault fault = FAULT_INIT;
        struct arena arena = ARENA_INIT;
        struct client_socket client;
        struct pickle_reply reply;
        fake_server_init(&fake);
        assert_int_equal(client_socket_open(&client, slice_of(fake.path), -1, &fault), -ENOENT);
        assert_string_equal(fault_text(&fault), "[Errno 2] No such file or directory");
        assert_string_equal(fault.kind, "OSError");
        char longest[200];
        memset(longest, 'x', sizeof(longest));
        assert_int_equal(
                client_socket_open(&client, (struct slice){longest, sizeof(longest)}, -1, &fault),
                -ENAMETOOLONG);
        assert_string_equal(fault_text(&fault), "AF_UNIX path too long");
        fake.reply_count = 1; /* a cut connection */
        fake_server_start(&fake);
        assert_int_equal(client_socket_open(&client, slice_of(fake.path), 10, &fault), 0);
        struct value command = words("ping", NULL, &arena);
        assert_int_equal(client_socket_send(&client, &command, &fault), 0);
        assert_int_equal(client_socket_receive(&client, &arena, &reply, &fault), -ECONNRESET);
        assert_string_equal(fault_text(&fault), "[Errno 104] Connection reset by peer");
        client_socket_close(&client);
        fake_server_done(&fake);
        fault_done(&fault);
        arena_done(&arena);
}

static void a_silent_server_is_given_up(void **state) {
        (void)state;
        struct fake_server fake;
        struct fault fault = FAULT_INIT;
        struct arena arena = ARENA_INIT;
        struct client_socket client;
        struct pickle_reply reply;
        fake_server_init(&fake);
        fake_server_start(&fake);
        /* Nothing was asked, so nothing comes. */
        assert_int_equal(client_socket_open(&client, slice_of(fake.path), 0, &fault), 0);
        assert_int_equal(client_socket_receive(&client, &arena, &reply, &fault), -EAGAIN);
        assert_string_equal(fault_text(&fault), "timed out");
        client_socket_close(&client);
        fake_server_done(&fake);
        fault_done(&fault);
        arena_done(&arena);
}

static void a_reply_that_is_none_is_refused(void **state) {
        (void)state;
        static const char *const rows[] = {"", "x", "\x80\x04K\x00", "cos\nsystem\n(S'id'\ntR."};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fake_server fake;
                struct fault fault = FAULT_INIT;
                struct arena arena = ARENA_INIT;
                struct client_socket client;
                struct pickle_reply reply;
                fake_server_init(&fake);
                fake.replies[fake.reply_count++] = slice_of(rows[i]);
                fake_server_start(&fake);
                assert_int_equal(client_socket_open(&client, slice_of(fake.path), 10, &fault), 0);
                struct value command = words("ping", NULL, &arena);
                assert_int_equal(client_socket_send(&client, &command, &fault), 0);
                assert_int_equal(client_socket_receive(&client, &arena, &reply, &fault), -EBADMSG);
                assert_true(!fault.kind || strcmp(fault.kind, "OSError") != 0);
                client_socket_close(&client);
                fake_server_done(&fake);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void a_command_nested_too_deep_is_refused(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        struct arena arena = ARENA_INIT;
        struct client_socket client = CLIENT_SOCKET_INIT;
        struct value value = value_list();
        for (int i = 0; i < 2 * VALUE_DEPTH_MAX; i++) {
                struct value outer = value_list();
                (void)value_append(&outer, value, &arena);
                value = outer;
        }
        assert_true(client_socket_send(&client, &value, &fault) < 0);
        assert_string_equal(fault_text(&fault), "command is too large or nested too deep");
        fault_done(&fault);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(commands_are_answered_in_order),
                cmocka_unit_test(trouble_is_told_in_pythons_words),
                cmocka_unit_test(a_silent_server_is_given_up),
                cmocka_unit_test(a_reply_that_is_none_is_refused),
                cmocka_unit_test(a_command_nested_too_deep_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
