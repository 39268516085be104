/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_tags.h"

#include "../cmocka_include.h"

struct fixture {
        struct action_props props;
        struct action_tags *tags;
        struct fault fault;
};

static void begin(struct fixture *f) {
        f->fault = FAULT_INIT;
        action_props_init(&f->props);
        f->tags = action_tags_new(&f->props);
}

static void end(struct fixture *f) {
        f->tags = action_tags_free(f->tags);
        action_props_done(&f->props);
        fault_done(&f->fault);
}

static void set(struct fixture *f, const char *name, const char *text) {
        struct value value = value_text(text);
        assert_int_equal(action_props_set(&f->props, slice_of(name), &value, NULL), 0);
}

static void assert_command(struct fixture *f, const char *family, const char *expected) {
        struct slice text;
        assert_int_equal(action_tags_command(f->tags, "actionban", family, &text, &f->fault), 0);
        if (!slice_is(text, expected))
                fail_msg("%.*s instead of %s", SLICE_ARG(text), expected);
}

static void properties_are_replaced_recursively(void **state) {
        (void)state;
        static const struct {
                const char *command, *expected;
        } cases[] = {
                {"x <a> <b>",                             "x 1 1-1"                              },
                {"<rule-<type>>",                         "multi 1"                              },
                {"<ip> <unknown> <F-USER> < a> <> <a b>", "<ip> <unknown> <F-USER> < a> <> <a b>"},
                {"a<br>b<sp>c",                           "a\nb c"                               },
                {"<timeout> <flag>",                      "60 True"                              },
                {"<<a>",                                  "<1"                                   },
                {"<out",                                  "<out"                                 },
                {"<empty>|",                              "|"                                    },
                {"<matches>",                             "x\\;\\ny"                             },
        };
        struct fixture f;
        begin(&f);
        set(&f, "a", "1");
        set(&f, "b", "<a>-<a>");
        set(&f, "type", "m");
        set(&f, "rule-m", "multi <a>");
        set(&f, "empty", "");
        set(&f, "matches", "x;\ny");
        struct value flag = value_bool(true);
        assert_int_equal(action_props_set(&f.props, SLICE("flag"), &flag, NULL), 0);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                set(&f, "actionban", cases[i].command);
                assert_command(&f, "inet4", cases[i].expected);
        }
        end(&f);
}

static void conditional_values_come_first(void **state) {
        (void)state;
        struct fixture f;
        begin(&f);
        set(&f, "set", "s4-<name>");
        set(&f, "set?family=inet6", "s6-<name>");
        set(&f, "name", "n");
        set(&f, "actionban", "add <set>");
        assert_command(&f, "inet4", "add s4-n");
        assert_command(&f, "inet6", "add s6-n");
        assert_command(&f, "", "add s4-n");
        assert_command(&f, NULL, "add s4-n");
        set(&f, "actionban?family=inet6", "six <set>");
        assert_command(&f, "inet6", "six s6-n");
        set(&f, "name", "m"); /* what was kept is made anew */
        assert_command(&f, "inet4", "add s4-m");
        end(&f);
}

static void self_references_are_value_errors(void **state) {
        (void)state;
        struct fixture f;
        struct slice text;
        begin(&f);
        set(&f, "a", "x<a>");
        assert_true(action_tags_command(f.tags, "actionban", "inet4", &text, &f.fault) < 0);
        assert_string_equal(f.fault.kind, "ValueError");
        assert_string_equal(
                fault_text(&f.fault), "properties contain self referencing definitions and cannot "
                                      "be resolved, fail tag: a, found: a in {}, value: x<a>");
        set(&f, "a", "<b>");
        set(&f, "b", "y<a><a>");
        assert_true(action_tags_command(f.tags, "actionban", "inet4", &text, &f.fault) < 0);
        end(&f);
}

static void growing_values_are_refused(void **state) {
        (void)state;
        struct fixture f;
        struct slice text;
        char name[8], value[64];
        begin(&f);
        set(&f, "t0", "0123456789012345678901234567890123456789");
        for (int i = 1; i < 12; i++) {
                (void)snprintf(name, sizeof(name), "t%d", i);
                (void)snprintf(
                        value, sizeof(value), "<t%d><t%d><t%d><t%d>", i - 1, i - 1, i - 1, i - 1);
                set(&f, name, value);
        }
        assert_true(action_tags_command(f.tags, "actionban", "inet4", &text, &f.fault) < 0);
        end(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(properties_are_replaced_recursively),
                cmocka_unit_test(conditional_values_come_first),
                cmocka_unit_test(self_references_are_value_errors),
                cmocka_unit_test(growing_values_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
