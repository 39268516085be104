/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/check_regexes.h"

#include "../cmocka_include.h"
#include "../config/findings_text.h"
#include "../config/stream_text.h"

static void what_a_scanner_would_refuse_is_told(void **state) {
        (void)state;
        static const struct {
                const char *option;
                const char *value;
                const char *found; /* the beginning; "": nothing */
        } rows[] = {
                {"addfailregex",    "^a <HOST>",                   ""                                         },
                {"addfailregex",    "^a (<HOST>",
                 "error j f:12: failregex is refused: Unable to compile regular expression "
                        "'^a ("                                                                               },
                {"addfailregex",    "^a",
                 "error j f:12: failregex is refused: No failure-id group in '^a'"                            },
                {"addignoreregex",  "^a",                          ""                                         },
                {"addignoreregex",  "*",                           "error j f:12: ignoreregex is refused: "   },
                {"prefregex",       "^<F-CONTENT>.+</F-CONTENT>$", ""                                         },
                {"prefregex",       "[",                           "error j f:12: prefregex is refused: "     },
                {"datepattern",     "%Y-%m-%d",                    ""                                         },
                {"datepattern",     "^(%Y",                        "error j f:12: datepattern is refused: "   },
                {"datepattern",     "%Q",                          "error j f:12: datepattern is refused: "   },
                {"maxlines",        "0",                           "error j f:12: maxlines is refused: "      },
                {"logtimezone",     "UTC+0100",                    ""                                         },
                {"logtimezone",     "Mars/Phobos",                 "error j f:12: logtimezone is refused: "   },
                {"logencoding",     "utf-8",                       ""                                         },
                {"logencoding",     "klingon",                     "error j f:12: logencoding is refused: "   },
                {"addjournalmatch", "_COMM=sshd",                  ""                                         },
                {"addjournalmatch", "sshd",                        "warning j f:12: journalmatch is refused: "},
                {"bantime",         "nonsense",                    ""                                         }, /* not a scanner's */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                struct stream_text s = STREAM_TEXT_INIT;
                config_tree_init(&tree);
                struct findings findings = {.arena = &tree.arena};
                STREAM_ADD(&s, "add", "j", "auto");
                STREAM_ADD(&s, "set", "j", "addfailregex", "^ok <HOST>");
                STREAM_ADD(&s, "set", "j", rows[i].option, rows[i].value);
                STREAM_ADD(&s, "start", "j");
                check_regexes(&s.stream, &findings);
                const char *found = findings_text(&tree, &findings);
                if (rows[i].found[0])
                        assert_true(slice_has_prefix(slice_of(found), slice_of(rows[i].found)));
                else
                        assert_string_equal(found, "");
                arena_done(&s.arena);
                config_tree_done(&tree);
        }
}

static void all_of_several_regexes_are_tried(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        STREAM_ADD(&s, "add", "j", "auto");
        struct value *many = STREAM_ADD(&s, "multi-set", "j", "addfailregex");
        struct value regexes = value_list();
        static const char *const texts[] = {"^(", "^ok <HOST>", "^)", "^fine <HOST>"};
        for (size_t i = 0; i < 4; i++)
                (void)value_append(&regexes, value_text(texts[i]), &s.arena);
        (void)value_append(many, regexes, &s.arena);
        check_regexes(&s.stream, &findings);
        assert_int_equal(findings.count, 2);
        assert_slice(findings.items[0].part, "^(");
        assert_slice(findings.items[1].part, "^)");
        arena_done(&s.arena);
        config_tree_done(&tree);
}

static void a_jail_that_finds_nothing_is_told(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        STREAM_ADD(&s, "add", "idle", "auto");
        STREAM_ADD(&s, "add", "busy", "auto");
        STREAM_ADD(&s, "set", "busy", "addfailregex", "^<HOST>");
        STREAM_ADD(&s, "add", "wrong", "auto");
        STREAM_ADD(&s, "set", "wrong", "addfailregex", "(");
        check_regexes(&s.stream, &findings);
        assert_int_equal(findings.count, 2);
        assert_slice(findings.items[0].jail, "idle");
        assert_int_equal(findings.items[0].severity, FINDING_WARNING);
        assert_slice(findings.items[1].jail, "wrong");
        arena_done(&s.arena);
        config_tree_done(&tree);
}

static void a_wrong_journalmatch_harms_who_reads_the_journal(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        STREAM_ADD(&s, "add", "j", "systemd");
        STREAM_ADD(&s, "set", "j", "addfailregex", "^<HOST>");
        STREAM_ADD(&s, "set", "j", "addjournalmatch", "sshd");
        check_regexes(&s.stream, &findings);
        assert_int_equal(findings.count, 1);
        assert_int_equal(findings.items[0].severity, FINDING_ERROR);
        arena_done(&s.arena);
        config_tree_done(&tree);
}

static void what_follows_from_a_wrong_prefregex_is_not_told(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        STREAM_ADD(&s, "add", "j", "auto");
        STREAM_ADD(&s, "set", "j", "prefregex", "[ <HOST>");
        STREAM_ADD(&s, "set", "j", "addfailregex", "^one$");
        STREAM_ADD(&s, "set", "j", "addfailregex", "^two$");
        check_regexes(&s.stream, &findings);
        assert_int_equal(findings.count, 1);
        assert_true(slice_has_prefix(findings.items[0].text, SLICE("prefregex is refused")));
        arena_done(&s.arena);
        config_tree_done(&tree);
}

/* A regex that was put together is found by what stands around the error. */
static void the_place_is_found_in_the_file(void **state) {
        (void)state;
        struct config_tree tree;
        struct findings findings;
        struct value stream;
        config_tree_init(&tree);
        config_tree_write(&tree, "fail2ban.conf", "[Definition]\n");
        config_tree_write(&tree, "filter.d/f.conf",
                "[Definition]\nhead = ^sshd:\nfailregex = <head> one <HOST>$\n"
                "            <head> two [abc from <HOST>$\n");
        config_tree_write(&tree, "action.d/a.conf", "[Definition]\n");
        config_tree_write(&tree, "jail.conf",
                "[j]\nenabled = true\nbackend = systemd\nfilter = f\naction = a\n");
        assert_int_equal(findings_read(&tree, &findings, &stream), CONFIG_OK);
        check_regexes(&stream, &findings);
        assert_int_equal(findings.count, 1);
        struct buffer out = BUFFER_INIT(1 << 16);
        assert_int_equal(findings_print(&findings, &out), 0);
        assert_true(slice_find(buffer_view(&out), SLICE("filter.d/f.conf:4: error: jail 'j'"), 0) <
                    buffer_len(&out));
        buffer_done(&out);
        config_tree_done(&tree);
}

static void a_wrong_parameter_of_a_filter_is_told(void **state) {
        (void)state;
        static const struct {
                const char *written; /* in the filter's file */
                const char *regex;
                bool is_told;
        } rows[] = {
                {"^<mode-<mode>> <HOST>", "^<mode-agressive> <HOST>",           true },
                {"^a <unknown> <HOST>",   "^a <unknown> <HOST>",                false}, /* meant so */
                {"^<x>",                  "^(?P<user>a) <F-ID>b</F-ID> <HOST>", false},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                struct stream_text s = STREAM_TEXT_INIT;
                config_tree_init(&tree);
                struct findings findings = {.arena = &tree.arena};
                config_tree_write(&tree, "f.conf", rows[i].written);
                struct value_origin origin = {config_tree_path(&tree, "f.conf").data, 1, "s", "o"};
                STREAM_ADD(&s, "add", "j", "auto");
                STREAM_ADD(&s, "set", "j", "addfailregex", rows[i].regex)->origin = &origin;
                check_regexes(&s.stream, &findings);
                assert_string_equal(findings_text(&tree, &findings),
                        rows[i].is_told ? "warning j ROOT/f.conf:1: failregex has <mode-agressive> "
                                          "in it, which nothing "
                                          "defines: it stays as it is [look which values the "
                                          "filter knows for what "
                                          "stands in its brackets]\n"
                                        : "");
                arena_done(&s.arena);
                config_tree_done(&tree);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_scanner_would_refuse_is_told),
                cmocka_unit_test(all_of_several_regexes_are_tried),
                cmocka_unit_test(a_wrong_parameter_of_a_filter_is_told),
                cmocka_unit_test(a_jail_that_finds_nothing_is_told),
                cmocka_unit_test(a_wrong_journalmatch_harms_who_reads_the_journal),
                cmocka_unit_test(what_follows_from_a_wrong_prefregex_is_not_told),
                cmocka_unit_test(the_place_is_found_in_the_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
