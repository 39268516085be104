/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/filter_conf.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "config_tree.h"

/* The commands of filter.d/f.conf with text, one a line. */
static const char *stream_of(
        struct config_tree *tree, const char *text, const char *backend, struct fault *fault) {
        struct conf_store store;
        struct filter_conf filter;
        struct value stream = value_list();
        struct dict params = {.count = 0};
        config_tree_write(tree, "filter.d/f.conf", text);
        conf_store_init(&store, slice_of(tree->root), &tree->arena);
        assert_int_equal(
                filter_conf_open(&filter, &store, SLICE("f"), SLICE("j"), &params, fault), 0);
        filter_conf_set_logtype(&filter, slice_of(backend));
        assert_int_equal(definition_read(&filter.definition, NULL, DEFINITION_TABLE, fault), 0);
        if (filter_conf_stream(&filter, &stream, fault) < 0)
                return NULL;
        return config_tree_lines(&stream, &tree->arena);
}

static void commands_come_in_their_order(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        assert_string_equal(
                stream_of(&tree,
                        "[Definition]\njournalmatch = _SYSTEMD_UNIT=a + _COMM=b 'X=1 2'\n  _C=z\n"
                        "datepattern = ^%%Y\nfailregex = ^one\n\n  ^two\nignoreregex = ^ign\n"
                        "prefregex = ^pre\nusedns = no\n[Init]\nmaxlines = 3\n",
                        "auto", NULL),
                "['set', 'j', 'usedns', 'no']\n"
                "['set', 'j', 'prefregex', '^pre']\n"
                "['set', 'j', 'maxlines', 3]\n"
                "['set', 'j', 'addignoreregex', '^ign']\n"
                "['multi-set', 'j', 'addfailregex', ['^one', '^two']]\n"
                "['set', 'j', 'datepattern', '^%Y']\n"
                "['set', 'j', 'addjournalmatch', '_SYSTEMD_UNIT=a', '+', '_COMM=b', 'X=1 2']\n"
                "['set', 'j', 'addjournalmatch', '_C=z']\n");
        config_tree_done(&tree);
}

static void logtype_follows_the_backend(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *backend;
                const char *regex;
        } rows[] = {
                {"[Definition]\nfailregex = <logtype>\n",                "auto",         "file"   },
                {"[Definition]\nfailregex = <logtype>\n",                "systemd",      "journal"},
                {"[Definition]\nfailregex = <logtype>\n",                "systemd[x=1]", "journal"},
                {"[Definition]\nfailregex = <logtype>\nlogtype = own\n", "systemd",      "own"    },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                config_tree_init(&tree);
                char expected[80];
                (void)snprintf(expected, sizeof(expected), "['set', 'j', 'addfailregex', '%s']\n",
                        rows[i].regex);
                assert_string_equal(
                        stream_of(&tree, rows[i].text, rows[i].backend, NULL), expected);
                config_tree_done(&tree);
        }
}

static void an_open_quote_in_journalmatch_is_a_fault(void **state) {
        (void)state;
        struct config_tree tree;
        struct fault fault = FAULT_INIT;
        config_tree_init(&tree);
        assert_null(stream_of(&tree, "[Definition]\njournalmatch = A='b\n", "auto", &fault));
        assert_string_equal(fault_text(&fault), "No closing quotation");
        fault_done(&fault);
        config_tree_done(&tree);
}

static void a_second_round_lands_in_front(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value stream = value_list();
        struct dict options = {.count = 0};
        dict_put(&options, SLICE("usedns"), value_text("warn"), &arena);
        dict_put(&options, SLICE("maxlines"), value_int(1), &arena);
        dict_put(&options, SLICE("failregex"), value_text("^a"), &arena);
        assert_int_equal(filter_conf_put_options(&options, SLICE("j"), &stream, &arena, NULL), 0);
        struct dict jail = {.count = 0};
        dict_put(&jail, SLICE("maxlines"), value_int(2), &arena);
        dict_put(&jail, SLICE("failregex"), VALUE_OF_NONE, &arena);
        dict_put(&jail, SLICE("nosuch"), value_text("x"), &arena);
        assert_int_equal(filter_conf_put_options(&jail, SLICE("j"), &stream, &arena, NULL), 0);
        assert_string_equal(config_tree_lines(&stream, &arena),
                "['set', 'j', 'maxlines', 2]\n['set', 'j', 'usedns', 'warn']\n"
                "['set', 'j', 'maxlines', 1]\n['set', 'j', 'addfailregex', '^a']\n");
        arena_done(&arena);
}

static void each_regex_carries_its_origin(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        struct conf_store store;
        struct filter_conf filter;
        struct value stream = value_list();
        struct dict params = {.count = 0};
        config_tree_write(&tree, "f.conf", "[Definition]\n\nfailregex = ^a\n  ^b\n");
        conf_store_init(&store, slice_of(tree.root), &tree.arena);
        assert_int_equal(filter_conf_open_path(&filter, &store, config_tree_path(&tree, "f.conf"),
                                 SLICE("j"), &params, NULL),
                0);
        assert_int_equal(definition_read(&filter.definition, NULL, DEFINITION_TABLE, NULL), 0);
        assert_int_equal(filter_conf_stream(&filter, &stream, NULL), 0);
        const struct value *regexes = value_item(&stream.list.items[0], 3);
        assert_int_equal(regexes->list.items[1].origin->line, 3);
        assert_string_equal(regexes->list.items[1].origin->option, "failregex");
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(commands_come_in_their_order),
                cmocka_unit_test(logtype_follows_the_backend),
                cmocka_unit_test(an_open_quote_in_journalmatch_is_a_fault),
                cmocka_unit_test(a_second_round_lands_in_front),
                cmocka_unit_test(each_regex_carries_its_origin),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
