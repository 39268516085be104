/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

static int set_up(void **state) {
        static const char stream[] = "add j polling\nset j ignoreself false\nstart j\nadd k polling\nset k ignoreself false\nstart k";
        int r = fixture_set_up(state);
        return r < 0 ? r : strcmp(fixture_configure(*state, stream, NULL, NULL), "None");
}

static void bans_by_hand_are_counted(void **state) {
        static const struct fixture_case cases[] = {
                {"set j banip 192.0.2.1 192.0.2.2 2001:DB8::5", "3"},
                {"set j banip 192.0.2.1", "0"},
                {"set j banip", "0"},
                {"get j banned", "['192.0.2.1', '192.0.2.2', '2001:db8::5']"},
                {"get j banip", "['192.0.2.2', '2001:db8::5', '192.0.2.1']"}, /* banned twice: it ends last */
                {"get j banned 192.0.2.1", "1"},
                {"get j banned 9.9.9.9", "0"},
                {"get j banned 192.0.2.1 9.9.9.9 2001:db8::5", "[1, 0, 1]"},
                {"set k banip 192.0.2.1", "1"},
                {"banned", "[{'j': ['192.0.2.1', '192.0.2.2', '2001:db8::5']}, {'k': ['192.0.2.1']}]"},
                {"banned 192.0.2.1 9.9.9.9", "[['j', 'k'], []]"},
                {"set j unbanip 192.0.2.2", "1"},
                {"set j unbanip 192.0.2.2", "0"},
                {"set j unbanip --report-absent 9.9.9.9 192.0.2.2", "ValueError(\"not banned: ['9.9.9.9', '192.0.2.2']\")"},
                {"unban", "Exception('Invalid command')"},
                {"unban 192.0.2.1", "2"},
                {"unban 192.0.2.1", "0"},
                {"unban --all", "1"},
                {"banned", "[{'j': []}, {'k': []}]"},
        };
        CHECK(*state, cases);
}

static void who_is_banned_with_his_network_is_told_of_it(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"set j banip 192.0.2.0/24", "1"},
                {"banned 192.0.2.7", "[[]]"}, /* as upstream, which knows no networks of its own */
                {"set j banprefix.v4 24", "24"},
                {"banned 192.0.2.7 192.0.3.7 192.0.2.0/25", "[['j'], [], []]"},
                {"get j banned 192.0.2.7", "1"},
                {"get k banned 192.0.2.7", "0"},
                {"get j banip", "['192.0.2.0/24']"},
                {"set j unbanip 192.0.2.7", "0"},
                {"set k unbanip --report-absent 192.0.2.7", "ValueError(\"not banned: ['192.0.2.7']\")"},
                {"set j unbanip --report-absent 192.0.2.7 9.9.9.9 192.0.2.128/25",
                        "ValueError(\"not banned: ['192.0.2.7', '9.9.9.9', '192.0.2.128/25'] (192.0.2.7 is banned with 192.0.2.0/24, "
                        "192.0.2.128/25 is banned with 192.0.2.0/24)\")"},
                {"banned 192.0.2.7", "[['j']]"},
                {"set j unbanip --report-absent 192.0.2.0/24", "1"},
                {"banned 192.0.2.7", "[[]]"},
        };
        CHECK(f, cases);
        assert_non_null(strstr(fixture_read(f->diag), "[j] 192.0.2.7 stays banned with its network: unbanip 192.0.2.0/24 lifts that"));
}

static void the_time_of_a_ban_can_be_asked_for(void **state) {
        struct fixture *f = *state;
        (void)ask(f, "set", "j", "banip", "192.0.2.1", NULL);
        const char *answer = ask(f, "get", "j", "banip", "--with-time", NULL);
        assert_non_null(strstr(answer, "['192.0.2.1 \\t"));
        assert_non_null(strstr(answer, " + 600 = "));
}

static void attempts_count_and_ban(void **state) {
        static const struct fixture_case cases[] = {
                {"set j attempt", "TypeError(\"Filter.addAttempt() missing 1 required positional argument: 'ip'\")"},
                {"set j addignoreip 10.0.0.0/8", "['10.0.0.0/8']"},
                {"set j attempt 10.1.2.3 a", "0"},
                {"set j attempt 192.0.2.30", "1"},
                {"get j banned", "[]"},
                {"set j attempt 192.0.2.30 line~1 line~2", "1"},
        };
        struct fixture *f = *state;
        CHECK(f, cases);
        fixture_await(f, f->diag, "[j] Ban 192.0.2.30");
        assert_string_equal(ask(f, "get", "j", "banned", NULL), "['192.0.2.30']");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(bans_by_hand_are_counted, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(who_is_banned_with_his_network_is_told_of_it, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(the_time_of_a_ban_can_be_asked_for, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(attempts_count_and_ban, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
