/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_origin.h"

#include "base/arena.h"

#include "../cmocka_include.h"

static const struct value_origin places[] = {
        {"jail.conf", 1, "j",          "backend"    },
        {"f.conf",    2, "Definition", "failregex"  },
        {"f.conf",    3, "Definition", "ignoreregex"},
        {"jail.conf", 4, "j",          "maxretry"   },
        {"a.conf",    5, "Definition", "actionban"  },
        {"jail.conf", 6, "j",          "name"       },
};

static void append(struct value *list, const char *text, struct arena *arena) {
        (void)value_append(list, value_text(text), arena);
}

static struct value command(const char *const words[4], size_t place, struct arena *arena) {
        struct value list = value_list();
        list.origin = &places[place];
        for (size_t i = 0; i < 4 && words[i]; i++)
                append(&list, words[i], arena);
        return list;
}

/* add j polling; set j addfailregex "^bad ( <HOST>$"; multi-set j addignoreregex [...]; set j
 * maxretry x5; and an action with two properties. */
static struct value stream(struct arena *arena) {
        struct value all = value_list();
        const char *const add[4] = {"add", "j", "polling", NULL};
        const char *const fail[4] = {"set", "j", "addfailregex", "^bad ( <HOST>$"};
        const char *const retry[4] = {"set", "j", "maxretry", "x5"};
        const char *const ignore[4] = {"multi-set", "j", "addignoreregex", NULL};
        const char *const action[4] = {"multi-set", "j", "action", "a"};
        struct value ignoring = command(ignore, 2, arena);
        struct value regexes = value_list();
        append(&regexes, "^one$", arena);
        append(&regexes, "^t\\wo", arena);
        append(&regexes, "^tag ends ( <HOST>", arena);
        (void)value_append(&ignoring, regexes, arena);
        struct value setting = command(action, 5, arena);
        struct value pairs = value_list();
        const char *const ban[4] = {"actionban", "echo '<ip>'", NULL, NULL};
        const char *const name[4] = {"timeout", "10q", NULL, NULL};
        (void)value_append(&pairs, command(ban, 4, arena), arena);
        (void)value_append(&pairs, command(name, 5, arena), arena);
        (void)value_append(&setting, pairs, arena);
        (void)value_append(&all, command(add, 0, arena), arena);
        (void)value_append(&all, command(fail, 1, arena), arena);
        (void)value_append(&all, ignoring, arena);
        (void)value_append(&all, command(retry, 3, arena), arena);
        (void)value_append(&all, setting, arena);
        return all;
}

static void the_quoted_value_names_the_place(void **state) {
        (void)state;
        static const struct {
                const char *error;
                unsigned line; /* 0: none */
        } rows[] = {
                {"Unable to compile regular expression '^bad ( (?:host|ip)$':\nmissing )", 1 + 1},
                {"Unable to compile regular expression '^one$': x",                        3    },
                {"Unable to compile '^tag ends ( (?:host|ip)': x",                         3    },
                {"something about '^t\\\\wo'",                                             3    },
                {"invalid literal for int() with base 10: 'x5'",                           4    },
                {"invalid literal for int() with base 10: \"x5\"",                         4    },
                {"bad: x5",                                                                4    },
                {"x5 is bad",                                                              0    },
                {"this x55 is 'x55'",                                                      0    },
                {"int() argument must be a string, not 'NoneType'",                        0    },
                {"the jail 'j' does not exist",                                            0    },
                {"name '10q' is not defined",                                              6    },
                {"wrong 'timeout'",                                                        0    },
                {"Unknown backend 'polling'",                                              1    },
                {"",                                                                       0    },
        };
        struct arena arena = ARENA_INIT;
        struct value all = stream(&arena);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct value_origin *origin =
                        client_origin_find(&all, slice_of(rows[i].error));
                assert_int_equal(origin ? origin->line : 0, rows[i].line);
        }
        arena_done(&arena);
}

static void what_is_no_stream_has_no_place(void **state) {
        (void)state;
        struct value none = VALUE_OF_NONE;
        assert_null(client_origin_find(&none, SLICE("'x5'")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_quoted_value_names_the_place),
                cmocka_unit_test(what_is_no_stream_has_no_place),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
