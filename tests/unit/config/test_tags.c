/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/tags.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../cmocka_include.h"
#include "base/memory.h"

/* Knows the tag "far" and "sec/x", counts what it was asked for. */
static int resolver(void *user, struct slice tag, struct value *ret, struct fault *fault) {
        unsigned *asked = user;
        (*asked)++;
        if (slice_is(tag, "broken"))
                return fault_raise(fault, "InterpolationSyntaxError", "no good");
        if (slice_is(tag, "far"))
                *ret = value_text("away");
        else if (slice_is(tag, "sec/x"))
                *ret = value_text("<a>");
        else
                *ret = VALUE_OF_NONE;
        return 0;
}

struct fixture {
        struct arena arena;
        struct dict options;
        struct dict ignored;
        unsigned asked;
        struct fault fault;
};

static int substitute(struct fixture *f) {
        struct tags tags = {.ignored = &f->ignored, .resolver = resolver, .user = &f->asked};
        return tags_substitute(&tags, &f->options, &f->arena, &f->fault);
}

static void put(struct fixture *f, const char *key, const char *text) {
        dict_put(&f->options, slice_of(key), value_text(text), &f->arena);
}

static void fixture_init(struct fixture *f, const char *value) {
        *f = (struct fixture){.arena = ARENA_INIT, .fault = FAULT_INIT};
        put(f, "v", value);
        put(f, "a", "1");
        put(f, "b", "<a>-<a>");
        put(f, "k-1", "composed");
        put(f, "empty", "");
        dict_put(&f->options, SLICE("n"), value_int(5), &f->arena);
        dict_put(&f->options, SLICE("none"), VALUE_OF_NONE, &f->arena);
        put(f, "i", "<a>");
        dict_put(&f->ignored, SLICE("i"), value_bool(true), &f->arena);
}

static void fixture_done(struct fixture *f) {
        fault_done(&f->fault);
        arena_done(&f->arena);
}

static void tags_are_replaced_inside_out(void **state) {
        (void)state;
        static const struct {
                const char *value;
                const char *replaced;
        } rows[] = {
                {"<a>",                   "1"                    },
                {"<b><a>",                "1-11"                 },
                {"<k-<a>>",               "composed"             },
                {"<k-<n>> <n>",           "<k-5> 5"              },
                {"<far> <sec/x>",         "away 1"               },
                {"<HOST> <ip> <unknown>", "<HOST> <ip> <unknown>"},
                {"<b c> <> < a> <a >",    "<b c> <> < a> <a >"   },
                {"<<a>",                  "<1"                   },
                {"<<a>>",                 "<1>"                  },
                {"[<empty>]",             "[]"                   },
                {"<none>",                "<none>"               },
                {"<i> <a>",               "<i> 1"                },
                {"<a",                    "<a"                   },
                {"<a>\n<b>",              "1\n1-1"               },
                {"<A>",                   "<A>"                  },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fixture f;
                fixture_init(&f, rows[i].value);
                assert_int_equal(substitute(&f), 0);
                assert_string_equal(
                        arena_copy(&f.arena, dict_get(&f.options, SLICE("v"))->string).data,
                        rows[i].replaced);
                assert_true(slice_is(dict_get(&f.options, SLICE("i"))->string,
                        "<a>")); /* ignored as a source, too */
                assert_int_equal(dict_get(&f.options, SLICE("n"))->type, VALUE_INT);
                fixture_done(&f);
        }
}

static void self_reference_is_a_fault(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "x<v>");
        assert_int_equal(substitute(&f), -EINVAL);
        assert_string_equal(fault_text(&f.fault), "properties contain self referencing definitions "
                                                  "and cannot be resolved, fail tag: v, "
                                                  "found: v in {}, value: x<v>");
        fixture_done(&f);
        fixture_init(&f, "<w>");
        put(&f, "w", "<v>");
        assert_int_equal(substitute(&f), -EINVAL);
        assert_string_equal(fault_text(&f.fault), "properties contain self referencing definitions "
                                                  "and cannot be resolved, fail tag: v, "
                                                  "found: v in {'w': 1}, value: <v>");
        fixture_done(&f);
}

static void a_tag_is_replaced_so_many_times(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "<c>");
        put(&f, "c", "<d>");
        put(&f, "d", "x<c>");
        assert_int_equal(substitute(&f), -EINVAL);
        fixture_done(&f);
}

static void a_resolvers_fault_is_passed_on(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "<broken>");
        assert_int_equal(substitute(&f), -EINVAL);
        assert_string_equal(fault_text(&f.fault), "no good");
        fixture_done(&f);
}

static void growth_has_a_cap(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "<l1><l1><l1><l1><l1><l1><l1><l1>");
        for (unsigned i = 1; i < 12; i++) {
                struct slice next =
                        arena_printf(&f.arena, "<l%u><l%u><l%u><l%u>", i + 1, i + 1, i + 1, i + 1);
                dict_put(
                        &f.options, arena_printf(&f.arena, "l%u", i), value_string(next), &f.arena);
        }
        put(&f, "l12", "0123456789");
        assert_int_equal(substitute(&f), -E2BIG);
        fixture_done(&f);
}

/* So many options that each is small enough, and all together cost what a set may. */
static void all_values_together_have_a_cap(void **state) {
        (void)state;
        enum { LEN = TAGS_VALUE_MAX / 2, FIT = TAGS_BYTES_MAX / LEN - 1 };
        char *text = memory_new(LEN);
        memset(text, 'x', LEN);
        memcpy(text, "<a>", 3);
        for (unsigned count = FIT; count <= FIT + 2; count += 2) {
                struct fixture f;
                fixture_init(&f, "");
                for (unsigned i = 0; i < count; i++) {
                        char key[16];
                        snprintf(key, sizeof(key), "large%u", i);
                        dict_put(&f.options, arena_copy(&f.arena, slice_of(key)),
                                value_string((struct slice){text, LEN}), &f.arena);
                }
                assert_int_equal(substitute(&f), count == FIT ? 0 : -E2BIG);
                if (count > FIT)
                        assert_string_equal(fault_text(&f.fault),
                                "value is too large when its tags are replaced");
                fixture_done(&f);
        }
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tags_are_replaced_inside_out),
                cmocka_unit_test(self_reference_is_a_fault),
                cmocka_unit_test(a_tag_is_replaced_so_many_times),
                cmocka_unit_test(a_resolvers_fault_is_passed_on),
                cmocka_unit_test(growth_has_a_cap),
                cmocka_unit_test(all_values_together_have_a_cap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
