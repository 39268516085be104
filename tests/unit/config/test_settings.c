/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static void rows_are_found_within_their_table(void **state) {
        (void)state;
        for (int table = 0; table < SETTINGS_TABLE_COUNT; table++) {
                size_t count;
                const struct setting *rows = settings_of((enum settings_table)table, &count);
                assert_true(count > 0);
                for (size_t i = 0; i < count; i++)
                        assert_ptr_equal(
                                setting_find((enum settings_table)table, slice_of(rows[i].name)),
                                &rows[i]);
        }
        assert_null(setting_find(SETTINGS_JAIL, SLICE("failregex")));
        assert_null(setting_find(SETTINGS_JAIL, SLICE("")));
}

static void words_that_are_true(void **state) {
        (void)state;
        static const struct {
                const char *text;
                bool is_true;
        } rows[] = {
                {"1",     true },
                {"on",    true },
                {"TRUE",  true },
                {"Yes",   true },
                {"",      false},
                {"0",     false},
                {"off",   false},
                {"y",     false},
                {"2",     false},
                {"true ", false},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(settings_is_true(slice_of(rows[i].text)), rows[i].is_true);
}

/* Options of a table as "name=repr ...", read from [s]. */
static const char *read_table(struct config_tree *tree, const char *text, enum settings_table table,
        enum settings_conversion conversion, const struct dict *given) {
        struct conf_store store;
        struct conf *conf;
        struct dict options = {.count = 0};
        config_tree_write(tree, "c.conf", text);
        conf_store_init(&store, slice_of(tree->root), &tree->arena);
        assert_int_equal(conf_read(&store, SLICE("c"), &conf, NULL), 0);
        struct settings_reader reader = {.store = &store,
                .conf = conf,
                .section = SLICE("s"),
                .given = given,
                .conversion = conversion};
        assert_int_equal(settings_read(&reader, table, &options, NULL), 0);
        struct slice all = SLICE("");
        for (size_t i = 0; i < options.count; i++)
                all = arena_printf(&tree->arena, "%.*s%s%.*s=%s", SLICE_ARG(all), i ? " " : "",
                        SLICE_ARG(options.entries[i].key),
                        repr(&options.entries[i].value, &tree->arena).data);
        return arena_copy(&tree->arena, all).data;
}

static void options_are_read_in_order_with_their_types(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        assert_string_equal(read_table(&tree,
                                    "[s]\nnorestored = yes\nactionban = b %%\nactionstart = a\n"
                                    "other = x\n",
                                    SETTINGS_ACTION, SETTINGS_CONVERTED, NULL),
                "actionstart='a' actionban='b %' norestored=True");
        assert_string_equal(read_table(&tree, "[s]\nnorestored = yes\n", SETTINGS_ACTION,
                                    SETTINGS_AS_TEXT, NULL),
                "norestored='yes'");
        assert_string_equal(
                read_table(&tree, "[s]\nmaxlines = 0x\n", SETTINGS_FILTER, SETTINGS_AS_TEXT, NULL),
                "maxlines='0x'");
        assert_string_equal(tree.said, "");
        config_tree_done(&tree);
}

static void wrong_numbers_are_said_and_become_the_default(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        assert_string_equal(read_table(&tree, "[s]\nmaxlines = many\n", SETTINGS_FILTER,
                                    SETTINGS_CONVERTED, NULL),
                "maxlines=None");
        assert_string_equal(tree.said,
                "WARNING Wrong value for 'maxlines' in 's'. Using default one: 'None'\n");
        config_tree_done(&tree);
}

static void given_options_are_not_read(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        struct dict given = {.count = 0};
        dict_put(&given, SLICE("actionban"), value_text("given"), &tree.arena);
        assert_string_equal(read_table(&tree, "[s]\nactionban = b\nactionunban = u\n",
                                    SETTINGS_ACTION, SETTINGS_CONVERTED, &given),
                "actionunban='u'");
        config_tree_done(&tree);
}

static void texts_are_converted_in_place(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        struct dict options = {.count = 0};
        dict_put(&options, SLICE("maxlines"), value_text(" 1_0 "), &tree.arena);
        dict_put(&options, SLICE("failregex"), value_text("1"), &tree.arena);
        settings_convert(SETTINGS_FILTER, &options, &tree.arena);
        assert_int_equal(dict_get(&options, SLICE("maxlines"))->type, VALUE_INT);
        assert_int_equal(dict_get(&options, SLICE("maxlines"))->integer, 10);
        assert_int_equal(dict_get(&options, SLICE("failregex"))->type, VALUE_STRING);
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_are_found_within_their_table),
                cmocka_unit_test(words_that_are_true),
                cmocka_unit_test(options_are_read_in_order_with_their_types),
                cmocka_unit_test(wrong_numbers_are_said_and_become_the_default),
                cmocka_unit_test(given_options_are_not_read),
                cmocka_unit_test(texts_are_converted_in_place),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
