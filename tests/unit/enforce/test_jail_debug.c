/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/jail_debug.h"

#include "../cmocka_include.h"
#include "base/diag.h"
#include "jail_fixture.h"

static bool said(const char *text, const char *all) {
        if (strstr(all, text))
                return true;
        print_message("not said: %s\nbut: %s\n", text, all);
        return false;
}

static void a_failure_is_told_as_fail2ban_does(void **state) {
        struct jail *jail = started();
        (void)state;
        diag_set_threshold(DIAG_DEBUG);
        fake_failure(jail, NOW, "1.2.3.4", 0, "x");
        fake_failure(jail, NOW, "1.2.3.5", 0, "x");
        const char *all = fake_diags();
        assert_true(said("DEBUG fail2ban.filter Processing line with time:1700000000.0 and "
                         "ip:1.2.3.4\nINFO fail2ban.filter [j] Found 1.2.3.4",
                all));
        assert_true(said("DEBUG fail2ban.failmanager Total # of detected failures: 1. Current "
                         "failures from 1 IPs (IP:count): 1.2.3.4:1\n",
                all));
        assert_true(said("failures: 2. Current failures from 2 IPs (IP:count): 1.2.3.4:1, "
                         "1.2.3.5:1\n",
                all));
        end(jail);
}

static void bans_are_counted(void **state) {
        struct jail *jail = started();
        (void)state;
        diag_set_threshold(DIAG_DEBUG);
        for (int i = 0; i < 3; i++)
                fake_failure(jail, NOW, "1.2.3.4", 0, "x");
        const char *all = fake_diags();
        assert_true(said("DEBUG fail2ban.observer [j] Observer: ban found 1.2.3.4, 600\n", all));
        assert_true(said("DEBUG fail2ban.actions Banned 1 / 1, 1 ticket(s) in 'j'\n", all));
        fake_advance(700);
        jail_expire(jail);
        assert_true(said("DEBUG fail2ban.actions Unbanned 1, 0 ticket(s) in 'j'\n", fake_diags()));
        end(jail);
}

static void nothing_is_said_above_the_level(void **state) {
        struct jail *jail = started();
        (void)state;
        fake_failure(jail, NOW, "1.2.3.4", 0, "x");
        assert_null(strstr(fake_diags(), "DEBUG"));
        end(jail);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_failure_is_told_as_fail2ban_does),
                cmocka_unit_test(bans_are_counted),
                cmocka_unit_test(nothing_is_said_above_the_level),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
