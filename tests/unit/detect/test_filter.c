/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/filter.h"

#include <errno.h>

#include "filter_fixture.h"

static void first_regex_that_matches_decides(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "^a <ADDR>$");
        set("addfailregex", "^a <F-ID>\\S+</F-ID> ?<F-USER>x</F-USER>?");
        const struct filter_failure *failure = run_failure("a 1.2.3.4", "1.2.3.4");
        assert_int_equal(failure->regex, 0);
        assert_true(failure->time == NOW);
        assert_slice(data_of(failure),
                "{'ip4': '1.2.3.4', 'matches': [('', '', 'a 1.2.3.4')]}");
        failure = run_failure("a b", "b");
        assert_int_equal(failure->regex, 1);
        assert_slice(data_of(failure), "{'fid': 'b', 'matches': [('', '', 'a b')]}");
        assert_int_equal(run("b"), 0);
        assert_int_equal(
                run(""), -EINVAL); /* {NONE} on an empty line raises an exception in fail2ban too */
        assert_string_equal(t.fault.kind, "IndexError");
        end();
}

static void tool_tries_every_regex(void **state) {
        (void)state;
        begin(FILTER_TOOL);
        set("datepattern", "{NONE}");
        set("addfailregex", "^<ADDR>$");
        set("addfailregex", "<F-ID>\\d</F-ID>(?P<x>y)?");
        assert_int_equal(run("1.2.3.4"), 2);
        assert_slice(t.failures[0].id, "1.2.3.4");
        assert_slice(t.failures[1].id, "1");
        assert_slice(field(&t.failures[1], "x"), "None");
        end();
}

static void regexes_do_not_see_the_date(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("addfailregex", "^ h x <ADDR>$");
        const struct filter_failure *failure =
                run_failure("2026-08-14 10:13:00 h x 1.2.3.4", "1.2.3.4");
        assert_true(failure->time == NOW - 20);
        assert_slice(field(failure, "matches"), "[('', '2026-08-14 10:13:00', ' h x 1.2.3.4')]");
        end();
}

static void prefregex_narrows_and_adds_groups(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("prefregex", "^p(?P<user>u)? (?P<x>x): <F-CONTENT>.+</F-CONTENT>$");
        set("addfailregex", "^foo <ADDR>(?P<user> v)?$");
        assert_int_equal(run("foo 1.2.3.4"), 0);
        const struct filter_failure *failure = run_failure("pu x: foo 1.2.3.4", "1.2.3.4");
        assert_slice(data_of(failure), "{'user': 'u', 'x': 'x', 'ip4': '1.2.3.4', "
                                                     "'matches': [('', '', 'pu x: foo 1.2.3.4')]}");
        assert_slice(field(run_failure("pu x: foo 1.2.3.4 v", "1.2.3.4"), "user"), "' v'");
        end();
}

/* Four failregexes and one ignoreregex: it is then searched in the whole line first. */
static void ignoreregex_sees_content_or_the_whole_line(void **state) {
        static const struct {
                const char *ignoreregex;
                unsigned failregexes;
                int results;
        } rows[] = {
                {"^foo", 1, 0},
                {"^p:",  1, 1},
                {"^p:",  3, 1},
                {"^p:",  4, 0},
                {"^foo", 4, 0},
                {"bar",  4, 1},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                begin(FILTER_DAEMON);
                set("datepattern", "{NONE}");
                set("prefregex", "^p: <F-CONTENT>.+</F-CONTENT>$");
                set("addignoreregex", rows[i].ignoreregex);
                for (unsigned k = 0; k < rows[i].failregexes; k++)
                        set("addfailregex", "^foo <ADDR>$");
                assert_int_equal(run("p: foo 1.2.3.4"), rows[i].results);
                end();
        }
}

static void use_session_regexes(void) {
        set("datepattern", "{NONE}");
        set("prefregex", "^<F-MLFID>c\\d</F-MLFID>: <F-CONTENT>.+</F-CONTENT>$");
        set("addfailregex", "^<F-NOFAIL>connect</F-NOFAIL> from <ADDR>$");
        set("addfailregex", "^failed <F-USER>\\S+</F-USER>$");
        set("addfailregex", "^<F-MLFGAINED>gain</F-MLFGAINED> <F-USER>\\S+</F-USER>$");
        set("addfailregex", "^<F-NOFAIL><F-MLFFORGET>disconnect</F-MLFFORGET></F-NOFAIL>$");
}

static void session_gives_the_address(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        use_session_regexes();
        assert_int_equal(run("c1: connect from 1.2.3.4"), 0);
        const struct filter_failure *failure = run_failure("c1: failed root", "1.2.3.4");
        assert_slice(field(failure, "matches"),
                "[('', '', 'c1: connect from 1.2.3.4'), ('', '', 'c1: failed root')]");
        assert_slice(field(failure, "users"), "{'root'}");
        assert_slice(field(run_failure("c1: failed adm", "1.2.3.4"), "matches"),
                "[('', '', 'c1: failed adm')]");
        (void)run_failure("c1: disconnect", "1.2.3.4"); /* two users were tried */
        assert_int_equal(run("c1: failed adm"), 0);
        end();
}

static void failure_waits_for_its_address(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        use_session_regexes();
        assert_int_equal(run("c1: failed root"), 0);
        assert_slice(field(run_failure("c1: connect from 1.2.3.4", "1.2.3.4"), "matches"),
                "[('', '', 'c1: failed root'), ('', '', 'c1: connect from 1.2.3.4')]");
        assert_int_equal(run("c1: disconnect"), 0);
        assert_int_equal(run("c2: failed root"), 0);
        assert_int_equal(run("c2: gain root"), 0);
        assert_int_equal(run("c2: connect from 1.2.3.4"), 0);
        end();
}

static void tool_shows_quiet_and_pending_lines(void **state) {
        struct value ret;
        (void)state;
        begin(FILTER_TOOL);
        use_session_regexes();
        assert_int_equal(run("c1: failed root"), 1);
        assert_null(t.failures[0].id.data);
        assert_int_equal(run("c2: connect from 1.2.3.4"), 1);
        assert_true(t.failures[0].nofail);
        assert_int_equal(set_value("ignorepending", value_bool(true), &ret), 0);
        assert_int_equal(set_value("checkall", value_bool(false), &ret), 0);
        assert_int_equal(run("c3: failed root"), 0);
        end();
}

static void several_lines_match_together(void **state) {
        static const struct {
                const char *line;
                const char *id;
                const char *matches;
        } rows[] = {
                {"A: 1 1.2.3.4", NULL,      NULL                                               },
                {"A: 2 5.6.7.8", NULL,      NULL                                               },
                {"x",            NULL,      NULL                                               },
                {"B: 2 fail",    "5.6.7.8", "[('', '', 'A: 2 5.6.7.8'), ('', '', 'B: 2 fail')]"},
                {"B: 1 fail",    "1.2.3.4", "[('', '', 'A: 1 1.2.3.4'), ('', '', 'B: 1 fail')]"},
                {"B: 1 fail",    NULL,      NULL                                               },
        };
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("maxlines", "10");
        set("addfailregex", "^A: (?P<c>\\d) <ADDR>$<SKIPLINES>^B: (?P=c) fail$");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                if (!rows[i].id)
                        assert_int_equal(run(rows[i].line), 0);
                else
                        assert_slice(field(run_failure(rows[i].line, rows[i].id), "matches"),
                                rows[i].matches);
        }
        end();
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("maxlines", "3");
        set("addfailregex", "^A: (?P<c>\\d) <ADDR>$<SKIPLINES>^B: (?P=c) fail$");
        assert_int_equal(run("A: 1 1.2.3.4"), 0);
        assert_int_equal(run("1"), 0);
        assert_int_equal(run("2"), 0);
        assert_int_equal(run("B: 1 fail"), 0);
        end();
}

static void resolve_two(
        void *user, struct slice name, struct arena *arena, struct value *ret_list) {
        (void)user;
        if (slice_is(name, "unknown"))
                return;
        (void)value_append(ret_list, value_text("1.1.1.1"), arena);
        (void)value_append(ret_list, value_text("::1"), arena);
}

static void names_are_resolved_or_handed_on(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "^<HOST>$");
        assert_true(run_failure("host.example", "host.example")->needs_dns);
        assert_false(run_failure("1.2.3.4", "1.2.3.4")->needs_dns);
        set("usedns", "no");
        assert_int_equal(run("host.example"), 0);
        set("usedns", "raw");
        assert_true(run_failure("host.example", "host.example")->raw_id);
        end();
        begin(FILTER_TOOL);
        t.env.resolve = resolve_two;
        t.filter = filter_free(t.filter);
        t.filter = filter_new(SLICE("x"), FILTER_TOOL, &t.env);
        set("datepattern", "{NONE}");
        set("addfailregex", "^<HOST>$");
        assert_int_equal(run("host.example"), 2);
        assert_slice(t.failures[1].id, "::1");
        assert_string_equal(
                t.last, "Determined IP using DNS Lookup: host.example = {'1.1.1.1', '::1'}");
        assert_int_equal(run("unknown"), 0);
        end();
}

static void match_without_an_id_is_told(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "^a(?: <ADDR>)?");
        assert_int_equal(run("a"), 0);
        assert_string_equal(t.last, "No group found in 'a\n' using 're.compile('^a(?: "
                                    "\\\\[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\\\\d{1,3}\\\\.){3}"
                                    "\\\\d{1,3})|(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-"
                                    "F]{1,4}|(?<=:):)))\\\\]?)?')'");
        (void)run_failure("a 1.2.3.4", "1.2.3.4");
        end();
}

static void time_is_never_in_the_future(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("addfailregex", "x <ADDR>$");
        assert_true(run_failure("2026-08-14 10:13:50 x 1.2.3.4", "1.2.3.4")->time == NOW);
        end();
        begin(FILTER_TOOL);
        set("addfailregex", "x <ADDR>$");
        assert_true(run_failure("2026-08-14 10:13:50 x 1.2.3.4", "1.2.3.4")->time == NOW + 30);
        end();
}

static void match_without_a_date_is_told_and_counts_in_operation(void **state) {
        struct filter_line old = {.text = SLICE("x 1.2.3.4")};
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "%Y-%m-%d");
        set("addfailregex", "x <ADDR>$");
        assert_int_equal(filter_line(t.filter, &old, &t.arena, &t.failures, NULL), 0);
        assert_int_equal(t.messages, 3);
        assert_true(run_failure("x 1.2.3.4", "1.2.3.4")->time == NOW);
        assert_int_equal(t.messages, 3);
        end();
        begin(FILTER_TOOL);
        set("datepattern", "%Y-%m-%d");
        set("addfailregex", "x <ADDR>$");
        assert_true(isnan(run_failure("x 1.2.3.4", "1.2.3.4")->time));
        end();
}

static void regex_that_cannot_end_gives_the_line_up(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "^(?:(?:a|aa)*)*b <ADDR>");
        assert_int_equal(run("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                             "ac b 1.x"),
                -ELOOP);
        (void)run_failure("ab 1.2.3.4", "1.2.3.4");
        end();
}

static void trace_tells_what_the_line_did(void **state) {
        struct filter_trace trace;
        (void)state;
        begin(FILTER_TOOL);
        set("datepattern", "{NONE}");
        set("maxlines", "3");
        set("prefregex", "[AB](?P<y>y)?");
        set("addignoreregex", "ignore");
        set("addfailregex", "^A <ADDR>$<SKIPLINES>^B");
        trace = *filter_trace(t.filter);
        assert_true(isnan(trace.last_time));
        assert_int_equal(run("none"), 0);
        trace = *filter_trace(t.filter);
        assert_false(trace.prefregex_hit);
        assert_int_equal(run("A 1.2.3.4"), 0);
        assert_int_equal(run("B"), 1);
        trace = *filter_trace(t.filter);
        assert_true(trace.prefregex_hit);
        assert_slice(repr(&trace.prefregex_groups, &t.arena), "{'y': None}");
        assert_slice(repr(&trace.consumed, &t.arena), "[('', '', 'A 1.2.3.4')]");
        assert_slice(trace.stripped, "B");
        assert_int_equal(run("A 1.2.3.4"), 0);
        assert_int_equal(run("B ignore"), 0);
        trace = *filter_trace(t.filter);
        assert_int_equal(trace.ignore_hit_count, 1);
        assert_int_equal(trace.ignore_hits[0], 0);
        end();
}

static void long_lines_and_odd_bytes_do_no_harm(void **state) {
        static char text[1 << 20];
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "x <HOST>$");
        memset(text, 'x', sizeof(text) - 1);
        assert_int_equal(run(text), 0);
        const struct filter_line nul = {
                .text = {"\0x 1.2.3.4", 10},
                  .in_operation = true
        };
        assert_int_equal(filter_line(t.filter, &nul, &t.arena, &t.failures, NULL), 1);
        assert_slice(t.failures[0].id, "1.2.3.4");
        end();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_regex_that_matches_decides),
                cmocka_unit_test(tool_tries_every_regex),
                cmocka_unit_test(regexes_do_not_see_the_date),
                cmocka_unit_test(prefregex_narrows_and_adds_groups),
                cmocka_unit_test(ignoreregex_sees_content_or_the_whole_line),
                cmocka_unit_test(session_gives_the_address),
                cmocka_unit_test(failure_waits_for_its_address),
                cmocka_unit_test(tool_shows_quiet_and_pending_lines),
                cmocka_unit_test(several_lines_match_together),
                cmocka_unit_test(names_are_resolved_or_handed_on),
                cmocka_unit_test(match_without_an_id_is_told),
                cmocka_unit_test(time_is_never_in_the_future),
                cmocka_unit_test(match_without_a_date_is_told_and_counts_in_operation),
                cmocka_unit_test(regex_that_cannot_end_gives_the_line_up),
                cmocka_unit_test(trace_tells_what_the_line_did),
                cmocka_unit_test(long_lines_and_odd_bytes_do_no_harm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
