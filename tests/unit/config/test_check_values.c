/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check_values.h"

#include "../cmocka_include.h"
#include "findings_text.h"
#include "stream_text.h"

static void values_have_a_form(void **state) {
        (void)state;
        static const struct {
                const char *option;
                const char *value;
                const char *found; /* severity and the beginning of the text; "": nothing */
        } rows[] = {
                {"bantime",             "10m",           ""                                                 },
                {"bantime",             "-1",            ""                                                 },
                {"bantime",             "1 hur",         "error j f:10: bantime '1 hur' is no time"         },
                {"findtime",            "0",             "warning j f:10: findtime '0' leaves"              },
                {"findtime",            "1d",            ""                                                 },
                {"bantime.maxtime",     "5w x",          "error j f:10: bantime.maxtime '5w x'"             },
                {"bantime.multipliers", "1 2 4",         ""                                                 },
                {"bantime.multipliers", "1 2x 4",
                 "error j f:10: bantime.multipliers '2x' is no whole"                                       },
                {"usedns",              "warn",          ""                                                 },
                {"usedns",              "WARN",          ""                                                 },
                {"usedns",              "wran",
                 "warning j f:10: usedns 'wran' counts as 'no' [did you mean 'warn'?]"                      },
                {"addignoreip",         "192.0.2.1",     ""                                                 },
                {"addignoreip",         "192.0.2.0/24",  ""                                                 },
                {"addignoreip",         "::1",           ""                                                 },
                {"addignoreip",         "2001:db8::/32", ""                                                 },
                {"addignoreip",         "example.org",   ""                                                 },
                {"addignoreip",         "dead.beef",     ""                                                 },
                {"addignoreip",         "file:/a/b",     ""                                                 },
                {"addignoreip",         "192.0.2.300",   "warning j f:10: ignoreip '192.0.2.300' is neither"},
                {"addignoreip",         "192.0.2.0/33",
                 "warning j f:10: ignoreip '192.0.2.0/33' is neither"                                       },
                {"addignoreip",         "2001:db8:::1",
                 "warning j f:10: ignoreip '2001:db8:::1' is neither"                                       },
                {"unknown",             "1 hur",         ""                                                 },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                struct stream_text s = STREAM_TEXT_INIT;
                config_tree_init(&tree);
                struct findings findings = {.arena = &tree.arena};
                STREAM_ADD(&s, "set", "j", rows[i].option, rows[i].value);
                check_values(&s.stream, &findings);
                const char *found = findings_text(&tree, &findings);
                assert_true(slice_has_prefix(slice_of(found), slice_of(rows[i].found)));
                if (!rows[i].found[0])
                        assert_string_equal(found, "");
                arena_done(&s.arena);
                config_tree_done(&tree);
        }
}

static void the_servers_own_settings_have_a_form(void **state) {
        (void)state;
        static const struct {
                const char *option;
                const char *value;
                const char *found; /* "": nothing */
        } rows[] = {
                {"logtarget", "SYSLOG", ""},
                {"logtarget", "/tmp/f.log", ""},
                {"logtarget", "/tmp/f.log[datetime=on]", ""},
                {"logtarget", "/no/such/f.log",
                 "warning - f:10: logtarget '/no/such/f.log' cannot be made, its folder is not there "
                 "[make folder /no/such, or choose another one]\n"},
                {"dbfile", ":memory:", ""},
                {"dbfile", "None", ""},
                {"dbfile", "/tmp/f.sqlite3", ""},
                {"dbfile", "/tmp/no-such/f.sqlite3", ""}, /* one level is made */
                {"dbfile", "/no/such/f.sqlite3",
                 "warning - f:10: dbfile '/no/such/f.sqlite3' cannot be made, its folder is not there "
                 "[make folder /no/such, or choose another one]\n"},
                {"allowipv6", "auto", ""},
                {"allowipv6", "Off", ""},
                {"allowipv6", "perhaps",
                 "warning - f:10: allowipv6 'perhaps' is neither on nor off "
                 "[write auto, yes, no, true, false, on, off, 1 or 0]\n"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                struct stream_text s = STREAM_TEXT_INIT;
                config_tree_init(&tree);
                struct findings findings = {.arena = &tree.arena};
                STREAM_ADD(&s, "set", rows[i].option, rows[i].value);
                check_values(&s.stream, &findings);
                assert_string_equal(findings_text(&tree, &findings), rows[i].found);
                arena_done(&s.arena);
                config_tree_done(&tree);
        }
}

static void every_kind_of_command_is_looked_at(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        STREAM_ADD(&s, "set", "dbpurgeage", "1x");
        STREAM_ADD(&s, "add", "j", "poling");
        STREAM_ADD(&s, "add", "j", "systemd[journalflags=1]");
        STREAM_ADD(&s, "start", "j");
        STREAM_ADD(&s, "set", "j", "addignoreip", "192.0.2.1", "192.0.2.999");
        struct value *retry = STREAM_ADD(&s, "set", "j", "maxretry");
        (void)value_append(retry, value_int(0), &s.arena);
        STREAM_ACTION(&s, "j", "a", "act", "timeout", "1 yeer", "bantime", "not a command's");
        check_values(&s.stream, &findings);
        assert_string_equal(findings_text(&tree, &findings),
                "error - f:10: dbpurgeage '1x' is no time [write seconds, or for example 10m, 1h "
                "30m, 1d, 2w]\n"
                "error j f:11: backend 'poling' is no backend [did you mean 'polling'?]\n"
                "warning j f:14: ignoreip '192.0.2.999' is neither an address nor a network [write "
                "ADDRESS or "
                "ADDRESS/PREFIX, for example 192.0.2.0/24]\n"
                "warning j f:15: maxretry is 0, not above 0 [write a whole number from 1]\n"
                "error j act:17: timeout '1 yeer' is no time [write seconds, or for example 10m, "
                "1h 30m, 1d, "
                "2w]\n");
        arena_done(&s.arena);
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_have_a_form),
                cmocka_unit_test(the_servers_own_settings_have_a_form),
                cmocka_unit_test(every_kind_of_command_is_looked_at),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
