/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/conf_files.h"

#include <errno.h>

#include "config/interpolate.h"

#include "../cmocka_include.h"
#include "config_tree.h"

struct fixture {
        struct config_tree tree;
        struct conf_store store;
        struct fault fault;
};

static void fixture_init(struct fixture *f) {
        *f = (struct fixture){.fault = FAULT_INIT};
        config_tree_init(&f->tree);
        conf_store_init(&f->store, slice_of(f->tree.root), &f->tree.arena);
}

static void fixture_done(struct fixture *f) {
        fault_done(&f->fault);
        config_tree_done(&f->tree);
}

static struct conf *read_conf(struct fixture *f, const char *name) {
        struct conf *conf;
        assert_int_equal(conf_read(&f->store, slice_of(name), &conf, &f->fault), 0);
        return conf;
}

/* Raw value of [s] option x. */
static const char *raw(
        struct fixture *f, const struct conf *conf, const char *section, const char *option) {
        struct lookup lookup = {
                .ini = &conf->ini, .section = slice_of(section), .arena = &f->tree.arena};
        struct value value;
        if (lookup_raw(&lookup, slice_of(option), &value) != INTERPOLATE_OK)
                return "-";
        return arena_copy(&f->tree.arena, value.string).data;
}

static void files_come_in_order(void **state) {
        (void)state;
        static const struct {
                const char *file;
                const char *text;
        } files[] = {
                {"jail.d/z.local", "[s]\nx = 6\n"},
                {"jail.d/a.local", "[s]\nx = 5\n"},
                {"jail.local",     "[s]\nx = 4\n"},
                {"jail.d/b.conf",  "[s]\nx = 3\n"},
                {"jail.d/a.conf",  "[s]\nx = 2\n"},
                {"jail.conf",      "[s]\nx = 1\n"},
                {"jail.d/ignored", "[s]\nx = 7\n"},
        };
        /* The last of the files that are there decides. */
        for (size_t count = 1; count <= 6; count++) {
                struct fixture f;
                fixture_init(&f);
                for (size_t i = 0; i < count; i++)
                        config_tree_write(&f.tree, files[6 - 1 - i].file, files[6 - 1 - i].text);
                config_tree_write(&f.tree, files[6].file, files[6].text);
                char expected[8];
                (void)snprintf(expected, sizeof(expected), "%zu", count);
                assert_string_equal(raw(&f, read_conf(&f, "jail"), "s", "x"), expected);
                fixture_done(&f);
        }
}

static void a_replaced_value_stays_known(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        config_tree_write(&f.tree, "jail.conf", "[s]\nx = old\ny = same\n");
        config_tree_write(&f.tree, "jail.local", "[s]\nx = new\n");
        struct conf *conf = read_conf(&f, "jail");
        assert_string_equal(raw(&f, conf, "s", "x"), "new");
        assert_string_equal(raw(&f, conf, "KNOWN/s", "x"), "old");
        assert_string_equal(raw(&f, conf, "KNOWN/s", "y"), "-");
        fixture_done(&f);
}

static void includes_stand_around_the_file(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        config_tree_write(&f.tree, "filter.d/f.conf",
                "[INCLUDES]\nbefore = before.conf\n  nosuch.conf\nafter = %(dir)s/after.conf\n"
                "dir = sub\n[s]\na = file\nb = file\n");
        config_tree_write(
                &f.tree, "filter.d/before.conf", "[s]\na = before\nb = before\nc = before\n");
        config_tree_write(&f.tree, "filter.d/before.local", "[s]\nc = local\n");
        config_tree_write(&f.tree, "filter.d/sub/after.conf", "[s]\nb = after\n");
        struct conf *conf = read_conf(&f, "filter.d/f");
        assert_string_equal(raw(&f, conf, "s", "a"), "file");
        assert_string_equal(raw(&f, conf, "s", "b"), "after");
        assert_string_equal(raw(&f, conf, "s", "c"), "local");
        assert_true(conf->is_read);
        fixture_done(&f);
}

static void files_that_include_each_other_end(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        config_tree_write(&f.tree, "a.conf", "[INCLUDES]\nbefore = b.conf\n[s]\nx = a\n");
        config_tree_write(&f.tree, "b.conf", "[INCLUDES]\nbefore = a.conf\n[s]\nx = b\n");
        assert_string_equal(raw(&f, read_conf(&f, "a"), "s", "x"), "a");
        fixture_done(&f);
}

static void too_deep_includes_are_refused(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        for (int i = 0; i < CONF_INCLUDE_DEPTH_MAX + 2; i++) {
                char name[32];
                char text[64];
                (void)snprintf(name, sizeof(name), "f%d.conf", i);
                (void)snprintf(text, sizeof(text), "[INCLUDES]\nbefore = f%d.conf\n", i + 1);
                config_tree_write(&f.tree, name, text);
        }
        struct conf *conf;
        assert_int_equal(conf_read(&f.store, SLICE("f0"), &conf, &f.fault), -E2BIG);
        fixture_done(&f);
}

static void conditional_sections_become_conditional_options(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        config_tree_write(&f.tree, "a.conf", "[Init]\nx = 4\n[Init?family=inet6]\nx = 6\n");
        struct conf *conf = read_conf(&f, "a");
        assert_string_equal(raw(&f, conf, "Init", "x"), "4");
        assert_string_equal(raw(&f, conf, "Init", "x?family=inet6"), "6");
        fixture_done(&f);
}

static void what_cannot_be_read_is_said(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        assert_false(read_conf(&f, "filter.d/none")->is_read);
        config_tree_put(&f.tree, "bad.conf", SLICE("[s]\nx = \xff\n"));
        assert_false(read_conf(&f, "bad")->is_read);
        assert_string_equal(config_tree_mask(&f.tree, f.tree.said),
                "ERROR Found no accessible config files for 'filter.d/none' under ROOT\n"
                "ERROR Error decoding config file 'ROOT/bad.conf': 'utf-8' codec can't decode byte "
                "0xff in position 8: invalid start byte\n"
                "ERROR Could not read config files: ROOT/bad.conf\n");
        fixture_done(&f);
}

static void malformed_files_and_missing_folders_are_faults(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        struct conf *conf;
        config_tree_write(&f.tree, "dup.conf", "[s]\nx = 1\nx = 2\n");
        assert_int_equal(conf_read(&f.store, SLICE("dup"), &conf, &f.fault), -EINVAL);
        assert_string_equal(config_tree_mask(&f.tree, fault_text(&f.fault)),
                "While reading from 'ROOT/dup.conf' [line  3]: option 'x' in section 's' already "
                "exists");
        conf_store_init(&f.store, config_tree_path(&f.tree, "nosuch/"), &f.tree.arena);
        assert_true(conf_read(&f.store, SLICE("jail"), &conf, &f.fault) < 0);
        assert_string_equal(config_tree_mask(&f.tree, fault_text(&f.fault)),
                "Base configuration directory ROOT/nosuch does not exist ");
        fixture_done(&f);
}

static void one_file_is_read_by_its_path(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        config_tree_write(&f.tree, "f.conf", "[INCLUDES]\nbefore = b.conf\n[s]\nx = f\n");
        config_tree_write(&f.tree, "b.conf", "[s]\nx = b\ny = b\n");
        config_tree_write(&f.tree, "f.local", "[s]\nx = twin\n");
        struct conf *conf;
        assert_int_equal(
                conf_read_path(&f.store, config_tree_path(&f.tree, "f.conf"), &conf, &f.fault), 0);
        assert_true(conf->is_read);
        assert_string_equal(raw(&f, conf, "s", "x"), "twin");
        assert_string_equal(raw(&f, conf, "s", "y"), "b");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(files_come_in_order),
                cmocka_unit_test(a_replaced_value_stays_known),
                cmocka_unit_test(includes_stand_around_the_file),
                cmocka_unit_test(files_that_include_each_other_end),
                cmocka_unit_test(too_deep_includes_are_refused),
                cmocka_unit_test(conditional_sections_become_conditional_options),
                cmocka_unit_test(what_cannot_be_read_is_said),
                cmocka_unit_test(malformed_files_and_missing_folders_are_faults),
                cmocka_unit_test(one_file_is_read_by_its_path),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
