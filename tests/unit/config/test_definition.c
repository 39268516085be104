/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/definition.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "config_tree.h"

struct fixture {
        struct config_tree tree;
        struct conf_store store;
        struct definition definition;
        struct dict params;
        struct dict jail;
};

static void fixture_init(struct fixture *f, const char *text) {
        *f = (struct fixture){.params = {.count = 0}};
        config_tree_init(&f->tree);
        config_tree_write(&f->tree, "action.d/a.conf", text);
        conf_store_init(&f->store, slice_of(f->tree.root), &f->tree.arena);
}

static void give(struct fixture *f, struct dict *to, const char *key, const char *text) {
        dict_put(to, slice_of(key), value_text(text), &f->tree.arena);
}

static int combine(
        struct fixture *f, enum definition_scope scope, struct dict *ret, struct fault *fault) {
        assert_int_equal(definition_open(&f->definition, &f->store, SETTINGS_ACTION, SLICE("a"),
                                 &f->params, fault),
                0);
        int r = definition_read(&f->definition, &f->jail, scope, fault);
        return r < 0 ? r : definition_combine(&f->definition, NULL, ret, fault);
}

static const char *text_of(struct fixture *f, const struct dict *options, const char *key) {
        const struct value *value = dict_get(options, slice_of(key));
        return value ? repr(value, &f->tree.arena).data : "-";
}

static void brackets_beat_init_and_init_beats_the_jail(void **state) {
        (void)state;
        static const char text[] = "[Definition]\nactionban = <a> <b> <c> <d>\nd = own\n"
                                   "[Init]\na = init\nb = init\n";
        struct fixture f;
        fixture_init(&f, text);
        give(&f, &f.params, "a", "bracket");
        give(&f, &f.jail, "b", "jail");
        give(&f, &f.jail, "c", "jail");
        struct dict options;
        assert_int_equal(combine(&f, DEFINITION_TABLE, &options, NULL), 0);
        assert_string_equal(text_of(&f, &options, "actionban"), "'bracket init jail own'");
        config_tree_done(&f.tree);
}

static void init_is_known_too(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "[Definition]\nactionban = <x> <known/x>\n[Init]\nx = init\n");
        give(&f, &f.params, "x", "mine");
        struct dict options;
        assert_int_equal(combine(&f, DEFINITION_TABLE, &options, NULL), 0);
        assert_string_equal(text_of(&f, &options, "actionban"), "'mine init'");
        config_tree_done(&f.tree);
}

static void conditional_names_are_left_to_the_server(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "[Definition]\nactionban = <x> <y>\n[Init]\nx = 4\ny = why\n"
                         "[Init?family=inet6]\nx = 6\n");
        struct dict options;
        assert_int_equal(combine(&f, DEFINITION_TABLE, &options, NULL), 0);
        assert_string_equal(text_of(&f, &options, "actionban"), "'<x> why'");
        assert_string_equal(text_of(&f, &options, "x?family=inet6"), "'6'");
        config_tree_done(&f.tree);
}

static void sections_are_sources_of_tags(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "[Definition]\nactionban = <lt_<type>/x> <ip> <nosuch/x>\n[Init]\n"
                         "type = one\n[lt_one]\nx = first\n[lt_two]\nx = second\n");
        struct dict options;
        assert_int_equal(combine(&f, DEFINITION_TABLE, &options, NULL), 0);
        assert_string_equal(text_of(&f, &options, "actionban"), "'first <ip> <nosuch/x>'");
        config_tree_done(&f.tree);
}

static void types_are_converted_last(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "[Definition]\nnorestored = <n>\nother = <n>\n[Init]\nn = 1\n");
        struct dict options;
        assert_int_equal(combine(&f, DEFINITION_ALL, &options, NULL), 0);
        assert_string_equal(text_of(&f, &options, "norestored"), "True");
        assert_string_equal(text_of(&f, &options, "other"), "'1'");
        config_tree_done(&f.tree);
}

static void self_reference_is_a_fault(void **state) {
        (void)state;
        struct fixture f;
        struct fault fault = FAULT_INIT;
        fixture_init(&f, "[Definition]\nactionban = <a>\n[Init]\na = <b>\nb = <a>\n");
        struct dict options;
        assert_int_equal(combine(&f, DEFINITION_TABLE, &options, &fault), -EINVAL);
        assert_true(slice_has_prefix(slice_of(fault_text(&fault)),
                SLICE("properties contain self referencing definitions")));
        assert_non_null(f.store.blame);
        fault_done(&fault);
        config_tree_done(&f.tree);
}

static void a_missing_file_is_not_read(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "");
        assert_int_equal(definition_open(&f.definition, &f.store, SETTINGS_ACTION, SLICE("nosuch"),
                                 &f.params, NULL),
                0);
        assert_false(f.definition.conf->is_read);
        assert_false(definition_has(&f.definition, SLICE("x")));
        config_tree_done(&f.tree);
}

static void an_absolute_name_stands_for_itself(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "");
        config_tree_write(&f.tree, "else/where.conf", "[Definition]\nx = 1\n");
        assert_int_equal(definition_open(&f.definition, &f.store, SETTINGS_ACTION,
                                 config_tree_path(&f.tree, "else/where"), &f.params, NULL),
                0);
        assert_true(definition_has(&f.definition, SLICE("x")));
        assert_int_equal(definition_open_path(&f.definition, &f.store, SETTINGS_ACTION,
                                 config_tree_path(&f.tree, "else/where.conf"), &f.params, NULL),
                0);
        assert_true(definition_has(&f.definition, SLICE("x")));
        assert_false(definition_has(&f.definition, SLICE("y")));
        config_tree_done(&f.tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(brackets_beat_init_and_init_beats_the_jail),
                cmocka_unit_test(init_is_known_too),
                cmocka_unit_test(conditional_names_are_left_to_the_server),
                cmocka_unit_test(sections_are_sources_of_tags),
                cmocka_unit_test(types_are_converted_last),
                cmocka_unit_test(self_reference_is_a_fault),
                cmocka_unit_test(a_missing_file_is_not_read),
                cmocka_unit_test(an_absolute_name_stands_for_itself),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
