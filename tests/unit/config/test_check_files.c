/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check_files.h"

#include "../cmocka_include.h"
#include "findings_text.h"

static const char *look(struct config_tree *tree, const char *server, const char *jails) {
        struct findings findings;
        struct value stream;
        config_tree_init(tree);
        config_tree_write(tree, "fail2ban.conf", server);
        config_tree_write(
                tree, "filter.d/f.conf", "[Definition]\nfailregex = ^f <prfix>\nprefix = x\n");
        config_tree_write(
                tree, "action.d/a.conf", "[Definition]\nactionban = x <part>\npart = y\n");
        config_tree_write(tree, "jail.conf",
                "[DEFAULT]\nbackend = systemd\naction = a\nport = 1\nuse_port = %(port)s\n"
                "action_mw = %(action)s\n[sshd]\nlogpath = /l\n[on]\nenabled = true\nfilter = f\n");
        config_tree_write(tree, "jail.local", jails);
        (void)findings_read(tree, &findings, &stream);
        return findings_text(tree, &findings);
}

static void names_that_mean_nothing_are_told(void **state) {
        (void)state;
        static const struct {
                const char *server;
                const char *jails;
                const char *found;
        } rows[] = {
                {"[Definition]\n",                         "[sshd]\nmaxretry = 3\nbantime.factor = 2\n",               ""},
                {"[Definition]\n",                         "[sshd]\nmaxrety = 3\n",
                 "warning - ROOT/jail.local:2: option 'maxrety' in section 'sshd' is "
                        "unknown, and nothing "
                        "refers to it [did you mean 'maxretry'?]\n"                                                      },
                {"[Definition]\n",                         "[sshd]\nprot = 3\n",
                 "warning - ROOT/jail.local:2: option 'prot' in section 'sshd' is unknown, "
                        "and nothing "
                        "refers to it [did you mean 'port'?]\n"                                                          },
                {"[Definition]\n",                         "[sshd]\nwhatever = 3\n",
                 "hint - ROOT/jail.local:2: option 'whatever' in section 'sshd' is unknown, "
                        "and nothing "
                        "refers to it [remove it, or use it as %(whatever)s]\n"                                          },
                {"[Definition]\n",                         "[sshd]\nmine = 3\nmaxretry = %(mine)s\n",                  ""},
                {"[Definition]\n",                         "[DEFAULT]\nwhatever = 3\naction_x = y\n",                  ""},
                {"[Definition]\n",                         "[DEFAULT]\nfindtme = 3\n",
                 "warning - ROOT/jail.local:2: option 'findtme' in section 'DEFAULT' is "
                        "unknown, and nothing "
                        "refers to it [did you mean 'findtime'?]\n"                                                      },
                {"[Definition]\nlogleval = INFO\n",        "",
                 "warning - ROOT/fail2ban.conf:2: option 'logleval' in section 'Definition' "
                        "is unknown, and "
                        "nothing refers to it [did you mean 'loglevel'?]\n"                                              },
                {"[Definition]\n[Tread]\nstacksize = 1\n", "",
                 "warning - ROOT/fail2ban.conf:3: section [Tread] means nothing [did you "
                        "mean 'Thread'?]\n"                                                                              },
                {"[Definition]\n",                         "[shsd]\nmaxretry = 3\n",
                 "warning - ROOT/jail.local:2: section [shsd] belongs to no jail that is "
                        "defined [did you mean "
                        "'sshd'?]\n"                                                                                     },
                {"[Definition]\n",                         "[default]\nmaxretry = 3\n",
                 "warning - ROOT/jail.local:2: section [default] belongs to no jail that is "
                        "defined [did you "
                        "mean 'DEFAULT'?]\n"                                                                             },
                {"[Definition]\n",                         "[other]\nmaxretry = 3\n",                                  ""},
                {"[Definition]\n",                         "[sshd]\nenabled = ture\n",
                 "warning - ROOT/jail.local:2: option 'enabled' is neither on nor off: "
                        "'ture' counts as false "
                        "[write true or false]\n"                                                                        },
                {"[Definition]\n",                         "[sshd]\nenabled = Off\nbantime.increment = %(enabled)s\n", ""},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                assert_string_equal(look(&tree, rows[i].server, rows[i].jails), rows[i].found);
                config_tree_done(&tree);
        }
}

static void filters_and_actions_have_names_of_their_own(void **state) {
        (void)state;
        struct config_tree tree;
        struct findings findings;
        struct value stream;
        config_tree_init(&tree);
        config_tree_write(&tree, "fail2ban.conf", "[Definition]\n");
        config_tree_write(&tree, "filter.d/f.conf",
                "[Definition]\nfailregex = ^f <prefix>\nprefix = x\nignoreregx = z\nown = 1\n");
        config_tree_write(
                &tree, "action.d/a.conf", "[Definition]\nactonban = x\n[Intt]\nport = 1\n");
        config_tree_write(&tree, "jail.conf",
                "[DEFAULT]\nbackend = systemd\n[j]\nenabled = on\nfilter = f\naction = a\n");
        assert_int_equal(findings_read(&tree, &findings, &stream), CONFIG_OK);
        assert_string_equal(findings_text(&tree, &findings),
                "warning - ROOT/filter.d/f.conf:4: option 'ignoreregx' in section 'Definition' is "
                "unknown, and "
                "nothing refers to it [did you mean 'ignoreregex'?]\n"
                "warning - ROOT/action.d/a.conf:2: option 'actonban' in section 'Definition' is "
                "unknown, and "
                "nothing refers to it [did you mean 'actionban'?]\n"
                "warning - ROOT/action.d/a.conf:4: section [Intt] means nothing [did you mean "
                "'Init'?]\n");
        config_tree_done(&tree);
}

static void a_file_that_is_refused_says_what_mends_it(void **state) {
        (void)state;
        static const struct {
                const char *jails;
                const char *found; /* the beginning of the first finding */
                const char *fix;
        } rows[] = {
                {"\xef\xbb\xbf[sshd]\nport = 2\n",
                 "error - ROOT/jail.local:1: File contains no section headers.",                                                                        "the file begins with a byte order mark (BOM): save it without one"},
                {"port = 2\n",                                                          "error - ROOT/jail.local:1: File contains no section headers.",
                 "put a line with its [section] above it"                                                                                                                                                                  },
                {"[sshd]\n# caf\xe9\n",
                 "error - ROOT/jail.local:2: 'utf-8' codec can't decode byte 0xe9",                                                                     "save the file as UTF-8"                                           },
                {"[sshd]\nport = 2\n[x\nport = 3\n",
                 "error - ROOT/jail.local:3: While reading from",                                                                                       "close the name of the section: [NAME]"                            },
                {"[sshd]\nport\n",                                                      "error - ROOT/jail.local:2: Source contains parsing errors",
                 "write NAME = VALUE, or indent it to go on with the value above"                                                                                                                                          },
                {"[sshd]\nport = 1\nport = 2\n",                                        "error - ROOT/jail.local:3: While reading from",
                 "remove one of the two"                                                                                                                                                                                   },
                {"[sshd]\nenabled = true\nfilter = f\nport = 5%\nlogpath = %(port)s\n",
                 "error sshd ROOT/jail.local:4: '%' must be followed by '%' or '('",                                                                    "write %% for a percent sign, %(NAME)s for an option's value"      },
                {"[sshd]\nenabled = true\nfilter = f[a=b\n",
                 "error sshd ROOT/jail.local:3: Invalid filter definition",                                                                             "write NAME or NAME[OPTION=VALUE, OPTION=\"VALUE, WITH COMMA\"]"   },
                {"[INCLUDES]\nbefore = none.conf\nafter = none.local\n",
                 "warning - ROOT/jail.local:2: included file 'ROOT/none.conf' is not there",                                                            "correct its name, or remove it"                                   },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                const char *found = look(&tree, "[Definition]\n", rows[i].jails);
                assert_true(slice_has_prefix(slice_of(found), slice_of(rows[i].found)));
                assert_non_null(strstr(found, rows[i].fix));
                config_tree_done(&tree);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_file_that_is_refused_says_what_mends_it),
                cmocka_unit_test(names_that_mean_nothing_are_told),
                cmocka_unit_test(filters_and_actions_have_names_of_their_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
