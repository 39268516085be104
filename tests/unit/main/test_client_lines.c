/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_lines.h"

#include "../cmocka_include.h"
#include "reply_text.h"

#define JAIL                                                                                       \
        "[('Filter', [('Currently failed', 0), ('Total failed', 3), ('File list', ['/a', '/b'])])" \
        ", ('Actions', [('Currently banned', 1), ('Total banned', 2), ('Banned IP list', ['::1'])])]"

static int status(struct client_lines *text, const char *first, const char *second,
        const char *reply, struct arena *arena) {
        static struct value command;
        static struct value value;
        command = value_list();
        (void)value_append(&command, value_text(first), arena);
        if (second)
                (void)value_append(&command, value_text(second), arena);
        value = reply_text(reply, arena);
        client_lines_init(text, &command, &value, arena);
        return client_lines_status(text);
}

static void status_is_a_tree(void **state) {
        (void)state;
        static const struct {
                const char *jail;
                const char *reply;
                const char *text;
        } rows[] = {
                {NULL, "[('Number of jail', 2), ('Jail list', 'a, b')]",
                 "Status\n|- Number of jail:\t2\n`- Jail list:\ta, b"},
                {"j", JAIL,
                 "Status for the jail: j\n|- Filter\n|  |- Currently failed:\t0\n"
                 "|  |- Total failed:\t3\n|  `- File list:\t/a /b\n`- Actions\n"
                 "   |- Currently banned:\t1\n   |- Total banned:\t2\n   `- Banned IP list:\t::1"},
                {"--all", "[('Number of jail', 2), ('Jail list', 'a, b'), {'a': " JAIL ", 'b': [('Filter', [('x', 1)])]}]",
                 "Status\n|- Number of jail:\t2\n|- Jail list:\ta, b\n`- Status for the jails:\n"
                 "   |- Jail: a\n   |  |- Filter\n   |  |  |- Currently failed:\t0\n"
                 "   |  |  |- Total failed:\t3\n   |  |  `- File list:\t/a /b\n   |  `- Actions\n"
                 "   |     |- Currently banned:\t1\n   |     |- Total banned:\t2\n"
                 "   |     `- Banned IP list:\t::1\n   `- Jail: b\n      `- Filter\n"
                 "         `- x:\t1"},
                {"--all", "[('Number of jail', 0), ('Jail list', ''), {}]",
                 "Status\n|- Number of jail:\t0\n`- Jail list:\t"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct client_lines text;
                assert_int_equal(status(&text, "status", rows[i].jail, rows[i].reply, &arena), 0);
                assert_slice(client_lines_text(&text), rows[i].text);
                client_lines_done(&text);
                arena_done(&arena);
        }
}

static void other_forms_fail_where_python_does(void **state) {
        (void)state;
        static const struct {
                const char *jail;
                const char *reply;
                const char *repr;
        } rows[] = {
                {NULL,    "N",                "None"                             },
                {NULL,    "{'a': 1}",         "{'a': 1}"                         },
                {NULL,    "[('a', 1), 5]",    "['Status', '|- a:\\t1']"          },
                {"j",     "['pq']",           "['Status for the jail: j', '`- p']"},
                {"j",     "5",                "['Status for the jail: j']"       },
                {"--all", "[]",               "[]"                               },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct client_lines text;
                assert_int_equal(
                        status(&text, "status", rows[i].jail, rows[i].reply, &arena), -1);
                assert_slice(client_lines_repr(&text), rows[i].repr);
                client_lines_done(&text);
                arena_done(&arena);
        }
}

static void lengths_are_pythons(void **state) {
        (void)state;
        static const struct {
                const char *value;
                int count; /* -1: it has none */
        } rows[] = {{"[1, 2]", 2}, {"()", 0}, {"{'a': 1}", 1}, {"'a\u00e4\u20ac'", 3}, {"5", -1}, {"N", -1}, {"T", -1}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value value = reply_text(rows[i].value, &arena);
                size_t count;
                bool has = client_lines_count(&value, &count);
                assert_int_equal(has ? (int)count : -1, rows[i].count);
                arena_done(&arena);
        }
}

static void only_texts_are_joined(void **state) {
        (void)state;
        static const struct {
                const char *value;
                const char *joined; /* NULL: refused */
        } rows[] = {
                {"['a', 'b']", "a-b"}, {"('a')", "a"}, {"[]", ""}, {"'ab'", "a-b"}, {"{'k': 1}", "k"},
                {"['a', 1]", NULL}, {"[N]", NULL}, {"7", NULL},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value value = reply_text(rows[i].value, &arena);
                struct slice joined;
                bool done = client_lines_join(&value, SLICE("-"), &arena, &joined);
                assert_int_equal(done, rows[i].joined != NULL);
                if (done)
                        assert_slice(joined, rows[i].joined);
                arena_done(&arena);
        }
}

static void nothing_put_is_the_reply_itself(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct client_lines text;
        struct value reply = value_text("it's");
        client_lines_init(&text, &reply, &reply, &arena);
        assert_slice(client_lines_text(&text), "it's");
        assert_slice(client_lines_repr(&text), "\"it's\"");
        assert_int_equal(client_lines_put_string(&text, "<", &reply, ">"), 0);
        assert_slice(client_lines_text(&text), "<it's>");
        client_lines_done(&text);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(status_is_a_tree),
                cmocka_unit_test(other_forms_fail_where_python_does),
                cmocka_unit_test(lengths_are_pythons),
                cmocka_unit_test(only_texts_are_joined),
                cmocka_unit_test(nothing_put_is_the_reply_itself),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
