/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/escalate.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "base/repr.h"

/* Sets the option and gives what it answers, or the exception. */
static const char *set(struct escalate_settings *settings, const char *name, const char *text) {
        static char answer[256];
        struct arena arena = ARENA_INIT;
        struct value value = value_text(text), ret;
        struct fault fault = FAULT_INIT;
        if (escalate_set(settings, slice_of(name), &value, &arena, &ret, &fault) < 0)
                (void)snprintf(answer, sizeof(answer), "%s", fault.kind);
        else
                (void)snprintf(answer, sizeof(answer), "%.*s", SLICE_ARG(repr(&ret, &arena)));
        fault_done(&fault);
        arena_done(&arena);
        return answer;
}

/* As fail2ban 1.1 computes them, base 600. */
static void ban_times_grow_as_upstreams_do(void **state) {
        static const struct {
                const char *options[6];
                uint32_t count;
                double seconds;
        } rows[] = {
                {{NULL},                                                          0,   600      },
                {{NULL},                                                          1,   1200     },
                {{NULL},                                                          3,   4800     },
                {{NULL},                                                          25,  629145600},
                {{"factor", "0.1"},                                               3,   600      },
                {{"factor", "0.1"},                                               5,   1920     },
                {{"multipliers", "1 5 30 60 300 720 1440 2880", "maxtime", "1d"}, 3,   36000    },
                {{"multipliers", "1 5 30 60 300 720 1440 2880", "maxtime", "1d"}, 5,   86400    },
                {{"multipliers", "1 5 30 60 300 720 1440 2880"},                  100, 1728000  },
                {{"multipliers", "1 2 4", "factor", "2"},                         0,   1200     },
                {{"maxtime", "1000"},                                             7,   1000     },
                {{"maxtime", "1000", "rndtime", "100"},                           7,   1050     }, /* random 0.5 */
                {{"formula",
                         "ban.Time * math.exp(float(ban.Count+1)*banFactor)/math.exp(1*banFactor)",
                         "factor", "2.0 / 2.885385"},
                 2,                                                                    2399.99  },
                {{"formula", "1"},                                                2,   600      }, /* not below the base */
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct escalate_settings *settings = escalate_new();
                double s = 0;
                for (size_t k = 0; rows[i].options[k]; k += 2)
                        (void)set(settings, rows[i].options[k], rows[i].options[k + 1]);
                assert_int_equal(escalate_ban_time(settings, 600, rows[i].count, 0.5, &s, NULL), 0);
                assert_true(s - rows[i].seconds < 0.02 && rows[i].seconds - s < 0.02);
                settings = escalate_free(settings);
        }
}

static void set_answers_the_value_or_refuses(void **state) {
        static const struct {
                const char *name, *text, *answer;
        } rows[] = {
                {"increment",    "true",            "True"             },
                {"increment",    "no",              "False"            },
                {"increment",    "",                "False"            },
                {"maxtime",      "1d",              "86400"            },
                {"maxtime",      "1.5h",            "5400.0"           },
                {"maxtime",      "abc",             "NameError"        },
                {"rndtime",      "",                "None"             },
                {"factor",       "2.0/3",           "'2.0/3'"          },
                {"factor",       "ban.Time",        "NameError"        },
                {"formula",      "1 +",             "SyntaxError"      },
                {"formula",      "1/(ban.Count-1)", "'1/(ban.Count-1)'"},
                {"multipliers",  "1 2  4",          "ValueError"       },
                {"multipliers",  "1 2 4",           "'1 2 4'"          },
                {"overalljails", "false",           "'false'"          },
                {"whatever",     "x",               "'x'"              },
        };
        struct escalate_settings *settings = escalate_new();
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(set(settings, rows[i].name, rows[i].text), rows[i].answer);
        settings = escalate_free(settings);
}

static void get_gives_what_was_set_and_refused_texts_change_nothing(void **state) {
        struct escalate_settings *settings = escalate_new();
        struct arena arena = ARENA_INIT;
        struct value v = escalate_get(settings, SLICE("factor"), &arena);
        double s;
        (void)state;
        assert_int_equal(v.type, VALUE_NONE);
        (void)set(settings, "factor", "3");
        (void)set(settings, "factor", "nonsense");
        v = escalate_get(settings, SLICE("factor"), &arena);
        assert_slice(v.string, "3");
        assert_int_equal(escalate_ban_time(settings, 600, 1, 0, &s, NULL), 0);
        assert_true(s == 3600);
        (void)set(settings, "factor", "");
        v = escalate_get(settings, SLICE("factor"), &arena);
        assert_int_equal(v.type, VALUE_NONE);
        arena_done(&arena);
        settings = escalate_free(settings);
}

static void impossible_formula_is_a_fault(void **state) {
        struct escalate_settings *settings = escalate_new();
        double s = 7;
        (void)state;
        (void)set(settings, "formula", "1/(ban.Count-1)");
        assert_int_equal(escalate_ban_time(settings, 600, 1, 0, &s, NULL), -EINVAL);
        assert_true(s == 7);
        settings = escalate_free(settings);
}

static void longest_ban_is_maxtime_only_with_increment(void **state) {
        struct escalate_settings *settings = escalate_new();
        (void)state;
        (void)set(settings, "maxtime", "1d");
        assert_true(escalate_max_s(settings, 600) == 600);
        (void)set(settings, "increment", "1");
        assert_true(escalate_max_s(settings, 600) == 86400);
        (void)set(settings, "maxtime", "");
        assert_true(escalate_max_s(settings, 600) == -1);
        assert_false(escalate_over_all_jails(settings));
        (void)set(settings, "overalljails", "false"); /* a text is true */
        assert_true(escalate_over_all_jails(settings));
        settings = escalate_free(settings);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ban_times_grow_as_upstreams_do),
                cmocka_unit_test(set_answers_the_value_or_refuses),
                cmocka_unit_test(get_gives_what_was_set_and_refused_texts_change_nothing),
                cmocka_unit_test(impossible_formula_is_a_fault),
                cmocka_unit_test(longest_ban_is_maxtime_only_with_increment),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
