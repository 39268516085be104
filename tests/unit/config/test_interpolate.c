/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/interpolate.h"

#include <errno.h>

#include "base/memory.h"

#include "../cmocka_include.h"

static const char text[] =
        "[DEFAULT]\n"
        "d = dflt\n"
        "shared = from-default\n"
        "[s]\n"
        "a = 1\n"
        "twice = %%%(a)s%(a)s\n"
        "upper = %(A)s\n"
        "name = %(__name__)s\n"
        "lines = %(ml)s\n"
        "ml = x\n"
        "  y\n"
        "inherits = %(d)s\n"
        "vars = %(v)s\n"
        "over = %(a)s\n"
        "bare = 50%\n"
        "bad = %x y\n"
        "open = %(b)\n"
        "none = %()s\n"
        "missing = %(nope)s\n"
        "self = %(self)s\n"
        "sec = %(o/x)s\n"
        "secdef = %(o/shared)s\n"
        "secmiss = %(o/nope)s\n"
        "nosec = %(nosec/d)s\n"
        "def = %(default/d)s\n"
        "DefUp = %(DEFAULT/d)s\n"
        "secup = %(BB/q)s\n"
        "known = %(known/a)s\n"
        "knowndef = %(known/d)s\n"
        "knownown = %(known/own)s\n"
        "own = 5\n"
        "via = %(pct)s\n"
        "pct = x%y\n"
        "n1 = %(n2)s\nn2 = %(n3)s\nn3 = %(n4)s\nn4 = %(n5)s\nn5 = %(n6)s\n"
        "n6 = %(n7)s\nn7 = %(n8)s\nn8 = %(n9)s\nn9 = %(n10)s\nn10 = %(n11)s\nn11 = end\n"
        "[o]\n"
        "x = %(a)s-%(__name__)s\n"
        "[BB]\n"
        "q = 1\n"
        "[KNOWN/s]\n"
        "a = old%(own)s\n";

struct fixture {
        struct arena arena;
        struct ini ini;
        struct dict vars;
};

static void fixture_init(struct fixture *f) {
        *f = (struct fixture){.arena = ARENA_INIT};
        assert_int_equal(ini_parse(slice_of(text), "F", &f->arena, &f->ini, NULL), 0);
        dict_put(&f->vars, SLICE("v"), value_text("var"), &f->arena);
        dict_put(&f->vars, SLICE("number"), value_int(7), &f->arena);
}

static struct lookup lookup_of(struct fixture *f, const struct dict *vars) {
        return (struct lookup){
                .ini = &f->ini, .section = SLICE("s"), .vars = vars, .arena = &f->arena};
}

static void references_are_replaced(void **state) {
        (void)state;
        static const struct {
                const char *option;
                const char *value;
        } rows[] = {
                {"a",        "1"           },
                {"twice",    "%11"         },
                {"upper",    "1"           },
                {"name",     "s"           },
                {"lines",    "x\ny"        },
                {"inherits", "dflt"        },
                {"vars",     "var"         },
                {"sec",      "1-s"         },
                {"secdef",   "from-default"},
                {"def",      "dflt"        },
                {"known",    "old5"        },
                {"knowndef", "dflt"        },
                {"d",        "dflt"        },
                {"n2",       "end"         },
                {"A",        "1"           },
        };
        struct fixture f;
        fixture_init(&f);
        struct lookup lookup = lookup_of(&f, &f.vars);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value value;
                assert_int_equal(lookup_get(&lookup, slice_of(rows[i].option), &value, NULL),
                        INTERPOLATE_OK);
                assert_string_equal(arena_copy(&f.arena, value.string).data, rows[i].value);
        }
        arena_done(&f.arena);
}

static void faults_have_upstreams_text(void **state) {
        (void)state;
        static const struct {
                const char *option;
                const char *kind;
                const char *text;
        } rows[] = {
                {"bare",     "InterpolationSyntaxError",
                 "'%' must be followed by '%' or '(', found: '%'"                                            },
                {"bad",      "InterpolationSyntaxError",
                 "'%' must be followed by '%' or '(', found: '%x y'"                                         },
                {"open",     "InterpolationSyntaxError",        "bad interpolation variable reference '%(b)'"},
                {"none",     "InterpolationSyntaxError",        "bad interpolation variable reference '%()s'"},
                {"via",      "InterpolationSyntaxError",
                 "'%' must be followed by '%' or '(', found: '%y'"                                           },
                {"missing",  "InterpolationMissingOptionError",
                 "Bad value substitution: option 'missing' in section 's' contains an "
                 "interpolation key 'nope' which is not a valid "
                        "option name. Raw value: '%(nope)s'"                                                 },
                {"vars",     "InterpolationMissingOptionError",
                 "Bad value substitution: option 'vars' in section 's' contains an "
                 "interpolation key 'v' which is not a valid option "
                        "name. Raw value: '%(v)s'"                                                           },
                {"self",     "InterpolationDepthError",
                 "Recursion limit exceeded in value substitution: option 'self' in section "
                 "'s' contains an interpolation key which "
                        "cannot be substituted in 10 steps. Raw value: '%(self)s'"                           },
                {"secmiss",  "InterpolationMissingOptionError", NULL                                         },
                {"nosec",    "InterpolationMissingOptionError", NULL                                         },
                {"defup",    "InterpolationMissingOptionError",
                 "Bad value substitution: option 'defup' in section 's' contains an "
                 "interpolation key 'default/d' which is not a valid "
                        "option name. Raw value: '%(DEFAULT/d)s'"                                            },
                {"secup",    "InterpolationMissingOptionError", NULL                                         },
                {"knownown", "InterpolationMissingOptionError", NULL                                         },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                struct fault fault = FAULT_INIT;
                struct value value;
                fixture_init(&f);
                struct lookup lookup = lookup_of(&f, NULL);
                assert_int_equal(
                        lookup_get(&lookup, slice_of(rows[i].option), &value, &fault), -EINVAL);
                assert_string_equal(fault.kind, rows[i].kind);
                if (rows[i].text)
                        assert_string_equal(fault_text(&fault), rows[i].text);
                fault_done(&fault);
                arena_done(&f.arena);
        }
}

static void ten_steps_are_enough_for_ten_values(void **state) {
        (void)state;
        struct fixture f;
        struct value value;
        fixture_init(&f);
        struct lookup lookup = lookup_of(&f, NULL);
        assert_int_equal(lookup_get(&lookup, SLICE("n1"), &value, NULL), INTERPOLATE_OK);
        dict_put(&f.ini.sections[0]->options, SLICE("n11"), value_text("%(a)s"), &f.arena);
        assert_int_equal(lookup_get(&lookup, SLICE("n1"), &value, NULL), -EINVAL);
        arena_done(&f.arena);
}

static void variables_stand_before_the_section(void **state) {
        (void)state;
        struct fixture f;
        struct value value;
        fixture_init(&f);
        struct dict given = {.count = 0};
        dict_put(&given, SLICE("A"), value_bool(true), &f.arena);
        dict_put(&given, SLICE("nothing"), VALUE_OF_NONE, &f.arena);
        struct dict vars = dict_as_vars(&given, &f.arena);
        struct lookup lookup = lookup_of(&f, &vars);
        assert_int_equal(lookup_get(&lookup, SLICE("over"), &value, NULL), INTERPOLATE_OK);
        assert_true(slice_is(value.string, "True"));
        assert_int_equal(lookup_get(&lookup, SLICE("nothing"), &value, NULL), INTERPOLATE_OK);
        assert_int_equal(value.type, VALUE_NONE);
        arena_done(&f.arena);
}

static void absent_options_and_sections_are_told_apart(void **state) {
        (void)state;
        struct fixture f;
        struct value value;
        fixture_init(&f);
        struct lookup lookup = lookup_of(&f, NULL);
        assert_int_equal(lookup_get(&lookup, SLICE("zz"), &value, NULL), INTERPOLATE_E_NO_OPTION);
        lookup.section = SLICE("zz");
        assert_int_equal(lookup_get(&lookup, SLICE("d"), &value, NULL), INTERPOLATE_E_NO_SECTION);
        lookup.section = SLICE("DEFAULT");
        assert_int_equal(lookup_get(&lookup, SLICE("d"), &value, NULL), INTERPOLATE_OK);
        arena_done(&f.arena);
}

static void tags_reach_other_sections(void **state) {
        (void)state;
        static const struct {
                const char *tag;
                const char *value; /* NULL: not found */
        } rows[] = {
                {"o/x",       NULL  }, /* its own %(a)s is not in [o] */
                {"BB/q",      "1"   },
                {"bb/q",      NULL  },
                {"known/own", "5"   },
                {"KNOWN/own", "5"   },
                {"default/d", "dflt"},
                {"Default/d", "dflt"},
                {"o/d",       "dflt"},
                {"no/d",      NULL  },
                {"a",         "1"   },
                {"o/",        NULL  },
        };
        struct fixture f;
        fixture_init(&f);
        struct lookup lookup = lookup_of(&f, NULL);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value value;
                int r = lookup_get_tag(&lookup, slice_of(rows[i].tag), &value, NULL);
                assert_int_equal(r == INTERPOLATE_OK, rows[i].value != NULL);
                if (rows[i].value)
                        assert_string_equal(arena_copy(&f.arena, value.string).data, rows[i].value);
        }
        arena_done(&f.arena);
}

static void faults_blame_the_line(void **state) {
        (void)state;
        struct fixture f;
        struct value value;
        const struct value_origin *blame = NULL;
        fixture_init(&f);
        struct lookup lookup = lookup_of(&f, NULL);
        lookup.blame = &blame;
        assert_int_equal(lookup_get(&lookup, SLICE("via"), &value, NULL), -EINVAL);
        assert_string_equal(blame->option, "pct"); /* not via, which is all right itself */
        assert_int_equal(
                blame->line, dict_get(&f.ini.sections[0]->options, SLICE("pct"))->origin->line);
        arena_done(&f.arena);
}

/* Each of ten options refers count times to the next; the last one holds tail. */
static int grow(size_t count, const char *tail) {
        struct arena arena = ARENA_INIT;
        struct ini ini = {.count = 0};
        struct ini_section *section = ini_section_make(&ini, SLICE("s"), &arena);
        for (unsigned level = 0; level < 10; level++) {
                struct slice value = SLICE("");
                for (size_t i = 0; i < count; i++)
                        value = arena_printf(&arena, "%.*s%%(x%u)s", SLICE_ARG(value), level + 1);
                dict_put(&section->options, arena_printf(&arena, "x%u", level), value_string(value),
                        &arena);
        }
        dict_put(&section->options, SLICE("x10"), value_text(tail), &arena);
        struct lookup lookup = {.ini = &ini, .section = SLICE("s"), .arena = &arena};
        struct value value;
        int r = lookup_get(&lookup, SLICE("x0"), &value, NULL);
        arena_done(&arena);
        return r;
}

static void growth_and_steps_have_caps(void **state) {
        (void)state;
        char tail[2001];
        memset(tail, 'x', 2000);
        tail[2000] = '\0';
        assert_int_equal(grow(2, "x"), INTERPOLATE_OK);
        assert_int_equal(grow(2, tail), INTERPOLATE_OK);
        assert_int_equal(grow(3, tail), -E2BIG); /* 59049 times 2000 bytes */
        assert_int_equal(grow(20, ""), -E2BIG);  /* 20^10 steps without a byte */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(references_are_replaced),
                cmocka_unit_test(faults_have_upstreams_text),
                cmocka_unit_test(ten_steps_are_enough_for_ten_values),
                cmocka_unit_test(variables_stand_before_the_section),
                cmocka_unit_test(absent_options_and_sections_are_told_apart),
                cmocka_unit_test(tags_reach_other_sections),
                cmocka_unit_test(faults_blame_the_line),
                cmocka_unit_test(growth_and_steps_have_caps),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
