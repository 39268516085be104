/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/server_conf.h"

#include "../cmocka_include.h"
#include "config_tree.h"

struct fixture {
        struct config_tree tree;
        struct conf_store store;
        struct fault fault;
};

static void fixture_init(struct fixture *f, const char *text) {
        *f = (struct fixture){.fault = FAULT_INIT};
        config_tree_init(&f->tree);
        config_tree_write(&f->tree, "fail2ban.conf", text);
        conf_store_init(&f->store, slice_of(f->tree.root), &f->tree.arena);
}

static void fixture_done(struct fixture *f) {
        fault_done(&f->fault);
        config_tree_done(&f->tree);
}

static void unset_settings_are_filled_in(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f, "[DEFAULT]\nsocket = /s\n[Definition]\nloglevel = DEBUG\n");
        struct config_server settings = {.loglevel = SLICE("given")};
        assert_int_equal(server_conf_read(&f.store, &settings, &f.fault), 0);
        assert_slice(settings.socket, "/s");
        assert_slice(settings.loglevel, "given");
        assert_slice(settings.pidfile, "/var/run/fail2ban/fail2ban.pid");
        assert_slice(settings.logtarget, "/var/log/fail2ban.log");
        assert_slice(settings.syslogsocket, "auto");
        fixture_done(&f);
}

static void commands_of_the_server(void **state) {
        (void)state;
        struct fixture f;
        struct value stream = value_list();
        fixture_init(&f, "[Definition]\ndbmaxmatches = 7\ndbfile = None\nsocket = /s\n"
                         "dbpurgeage = 2d\n[Thread]\nstacksize = 64\n");
        struct config_server settings = {.logtarget = SLICE("STDERR")};
        assert_int_equal(server_conf_stream(&f.store, &settings, &stream, &f.fault), 0);
        assert_string_equal(config_tree_lines(&stream, &f.tree.arena),
                "['set', 'thread', {'stacksize': 64}]\n"
                "['set', 'syslogsocket', 'auto']\n"
                "['set', 'loglevel', 'INFO']\n"
                "['set', 'logtarget', 'STDERR']\n"
                "['set', 'allowipv6', 'auto']\n"
                "['set', 'dbfile', 'None']\n"
                "['set', 'dbmaxmatches', 7]\n"
                "['set', 'dbpurgeage', '2d']\n");
        fixture_done(&f);
}

static void a_wrong_level_is_a_fault(void **state) {
        (void)state;
        struct fixture f;
        struct value stream = value_list();
        struct config_server settings = {.socket = SLICE_NULL};
        fixture_init(&f, "[Definition]\nloglevel = foo\n");
        assert_true(server_conf_stream(&f.store, &settings, &stream, &f.fault) < 0);
        assert_string_equal(fault_text(&f.fault), "Invalid log level 'foo'");
        fixture_done(&f);
}

static void a_missing_file_is_a_fault(void **state) {
        (void)state;
        struct fixture f;
        struct config_server settings = {.socket = SLICE_NULL};
        fixture_init(&f, "");
        conf_store_init(&f.store, config_tree_path(&f.tree, "."), &f.tree.arena);
        assert_int_equal(unlink(config_tree_path(&f.tree, "fail2ban.conf").data), 0);
        assert_true(server_conf_read(&f.store, &settings, &f.fault) < 0);
        assert_string_equal(fault_text(&f.fault), "Read fail2ban configuration failed.");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(unset_settings_are_filled_in),
                cmocka_unit_test(commands_of_the_server),
                cmocka_unit_test(a_wrong_level_is_a_fault),
                cmocka_unit_test(a_missing_file_is_a_fault),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
