/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/usage.h"

#include "base/version.h"

#include "../cmocka_include.h"

static bool has(struct slice text, const char *needle) {
        return slice_find(text, slice_of(needle), 0) < text.len;
}

static void the_help_has_upstreams_layout(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(USAGE_MAX);
        assert_int_equal(usage_put(&out, USAGE_CLIENT, SLICE("fail2ban-client")), 0);
        struct slice text = buffer_view(&out);
        static const char *const parts[] = {
                "Usage: fail2ban-client [OPTIONS] <COMMAND>\n\nFail2Ban v",
                "\n    -c, --conf <DIR>        ",
                "\n    -d                      ",
                "\n    --dp, --dump-pretty     ",
                "\n    --syslogsocket auto|<FILE> ",
                "\n\nCommand:\n                                             BASIC\n",
                "\n    start                                    ",
                "\n    reload [--restart] [--unban] [--if-exists] <JAIL>\n"
                "                                             ",
                "\n    set <JAIL> unbanip [--report-absent] <IP> ... <IP>\n",
                "\n\n                                             LOGGING\n    set loglevel "
                "<LEVEL>     ",
        };
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
                assert_true(has(text, parts[i]));
        assert_true(slice_has_suffix(
                text, SLICE("\n\nReport bugs to https://github.com/fail2ban/fail2ban/issues\n")));
        buffer_done(&out);
}

static void commands_stay_within_their_columns(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(USAGE_MAX);
        assert_int_equal(usage_put(&out, USAGE_CLIENT, SLICE("c")), 0);
        struct slice text = buffer_view(&out);
        struct slice rest = slice_sub(text, slice_find(text, SLICE("\nCommand:\n"), 0), text.len);
        struct slice line;
        size_t lines = 0;
        while (slice_next_piece(&rest, '\n', &line)) {
                if (line.len > 4 + 41 && line.data[4 + 40] == ' ')
                        assert_true(line.len <= 4 + 41 + 34);
                assert_true(line.len == 0 || line.data[line.len - 1] != ' ');
                lines++;
        }
        assert_true(lines > 150);
        buffer_done(&out);
}

static void the_server_shows_no_commands(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(USAGE_MAX);
        assert_int_equal(usage_put(&out, USAGE_SERVER, SLICE("fail2ban-server")), 0);
        assert_true(has(buffer_view(&out), "Usage: fail2ban-server [OPTIONS]\n\n"));
        assert_false(has(buffer_view(&out), "Command:"));
        buffer_done(&out);
}

static void answers_and_exit_status(void **state) {
        (void)state;
        static const struct {
                enum arguments_result result;
                int status;
                const char *text;
        } rows[] = {
                {ARGUMENTS_E_VERSION,       0,   "Fail2Ban v" FAIL2BAN_VERSION "\n"},
                {ARGUMENTS_E_VERSION_SHORT, 0,   FAIL2BAN_VERSION "\n"             },
                {ARGUMENTS_E_SECONDS,       0,   "5400.0\n"                        },
                {ARGUMENTS_E_HELP,          0,   NULL                              },
                {ARGUMENTS_E_USAGE,         255, NULL                              },
        };
        struct arguments arguments = {.seconds = value_float(5400)};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(USAGE_MAX);
                assert_int_equal(
                        usage_answer(&out, USAGE_CLIENT, SLICE("c"), rows[i].result, &arguments),
                        rows[i].status);
                if (rows[i].text)
                        assert_slice(buffer_view(&out), rows[i].text);
                else
                        assert_true(slice_has_prefix(buffer_view(&out), SLICE("Usage: c ")));
                buffer_done(&out);
        }
}

static void a_full_buffer_is_reported(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(100);
        assert_true(usage_put(&out, USAGE_CLIENT, SLICE("c")) < 0);
        buffer_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_help_has_upstreams_layout),
                cmocka_unit_test(commands_stay_within_their_columns),
                cmocka_unit_test(the_server_shows_no_commands),
                cmocka_unit_test(answers_and_exit_status),
                cmocka_unit_test(a_full_buffer_is_reported),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
