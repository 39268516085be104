/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_report.h"

#include "../cmocka_include.h"
#include "base/diag.h"

static char said[1024];

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)snprintf(said, sizeof(said), "%d %s %.*s", (int)level, logger, SLICE_ARG(text));
}

static void every_kind_of_job_has_its_text(void **state) {
        (void)state;
        static const struct {
                enum action_job_kind kind;
                const char *info, *text;
        } rows[] = {
                {ACTION_JOB_START,         "",  "Failed to start jail 'j' action 'a': why"               },
                {ACTION_JOB_BAN,           "I", "Failed to execute ban jail 'j' action 'a' info 'I': why"},
                {ACTION_JOB_REBAN,         "I",
                 "Failed to execute reban jail 'j' action 'a' info 'I': why"                             },
                {ACTION_JOB_UNBAN,         "I",
                 "Failed to execute unban jail 'j' action 'a' info 'I': why"                             },
                {ACTION_JOB_FLUSH,         "",  "Failed to flush bans in jail 'j' action 'a': why"       },
                {ACTION_JOB_FLUSH_TO_STOP, "",  "Failed to flush bans in jail 'j' action 'a': why"       },
                {ACTION_JOB_STOP,          "",  "Failed to stop jail 'j' action 'a': why"                },
                {ACTION_JOB_RELOAD,        "",  "Failed to reload jail 'j' action 'a': why"              },
        };
        diag_set_sink(on_diag, NULL);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                action_report_failure(rows[i].kind, SLICE("j"), "a", slice_of(rows[i].info), "why");
                assert_int_equal(strncmp(said, "40 fail2ban.actions ", 20), 0);
                assert_string_equal(said + 20, rows[i].text);
        }
        diag_set_sink(NULL, NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_of_job_has_its_text)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
