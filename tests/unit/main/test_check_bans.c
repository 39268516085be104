/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/check_bans.h"

#include "../cmocka_include.h"
#include "../config/findings_text.h"
#include "../config/stream_text.h"

static const char *look(struct config_tree *tree, const char *option, const struct value *value) {
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(tree);
        struct findings findings = {.arena = &tree->arena};
        (void)value_append(STREAM_ADD(&s, "set", "j", option), *value, &s.arena);
        check_bans(&s.stream, &findings);
        const char *text = findings_text(tree, &findings);
        arena_done(&s.arena);
        return text;
}

static void what_the_server_would_not_evaluate_is_told(void **state) {
        (void)state;
        static const struct {
                const char *option;
                const char *value;
                const char *found; /* the beginning; "": nothing */
                const char *fix;
        } rows[] = {
                {"bantime.formula",
                 "ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor", "", ""                         },
                {"bantime.formula", "ban.Time * ban.Cuont",
                 "error j f:10: bantime.formula is refused: ",                          "did you mean 'ban.Count'?"},
                {"bantime.formula", "ban.Time *",
                 "error j f:10: bantime.formula is refused: ",                          "for example"              },
                {"bantime.formula", "ban.Time / (ban.Count - 1)",                   "",
                 ""                                                                                                }, /* later bans have other numbers */
                {"bantime.formula", "open('/etc/passwd')",
                 "error j f:10: bantime.formula is refused: ",                          ""                         },
                {"bantime.factor",  "2.5",                                          "", ""                         },
                {"bantime.factor",  "two",
                 "error j f:10: bantime.factor is refused: ",                           "write a number"           },
                {"bantime.factor",  "1/0",
                 "error j f:10: bantime.factor is refused: ",                           "write a number"           },
                {"bantime",         "ban.Time *",                                   "", ""                         }, /* somebody else's */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                const struct value value = value_text(rows[i].value);
                const char *found = look(&tree, rows[i].option, &value);
                assert_true(slice_has_prefix(slice_of(found), slice_of(rows[i].found)));
                assert_non_null(strstr(found, rows[i].fix));
                if (!rows[i].found[0])
                        assert_string_equal(found, "");
                config_tree_done(&tree);
        }
}

static void lengths_of_networks_have_the_servers_bounds(void **state) {
        (void)state;
        static const struct {
                const char *option;
                int64_t value;
                const char *found;
        } rows[] = {
                {"banprefix.v4",  24,  ""       },
                {"banprefix.v4",  0,   ""       },
                {"banprefix.v4",  7,
                 "error j f:10: banprefix.v4 is 7, the server refuses that [write 0 (off), "
                        "or 8 to 32]\n"         },
                {"banprefix.v6",  64,  ""       },
                {"banprefix.v6",  129,
                 "error j f:10: banprefix.v6 is 129, the server refuses that [write 0 "
                        "(off), or 32 to 128]\n"},
                {"banprefix.min", -1,
                 "error j f:10: banprefix.min is -1, the server refuses that [write 0 "
                        "(off), or 1 to 64]\n"  },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                const struct value value = value_int(rows[i].value);
                assert_string_equal(look(&tree, rows[i].option, &value), rows[i].found);
                config_tree_done(&tree);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_server_would_not_evaluate_is_told),
                cmocka_unit_test(lengths_of_networks_have_the_servers_bounds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
