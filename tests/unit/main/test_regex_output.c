/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/regex_output.h"

#include <math.h>

#include "capture.h"

struct test {
        struct clock clock;
        struct arena arena;
        struct filter_failure failures[2];
        char said[CAPTURE_MAX];
        struct fault fault;
};

static void add_match(struct test *t, struct value *matches, const char *before, const char *date,
        const char *after) {
        struct value parts = value_list();
        (void)value_append(&parts, value_text(before), &t->arena);
        (void)value_append(&parts, value_text(date), &t->arena);
        (void)value_append(&parts, value_text(after), &t->arena);
        (void)value_append(matches, parts, &t->arena);
}

static struct filter_failure failure_of(struct test *t, const char *id, const char *user) {
        struct filter_failure failure = {
                .id = slice_of(id), .time = 1709629200, .data = value_dict()};
        struct value matches = value_list();
        struct value users = value_set();
        add_match(t, &matches, "", "Mar 05 10:00:00", " host: bad login");
        (void)value_append(&users, value_text(user), &t->arena);
        value_dict_put(&failure.data, value_text("user"), value_text(user), &t->arena);
        value_dict_put(&failure.data, value_text("ip4"), value_text(id), &t->arena);
        value_dict_put(&failure.data, value_text("none"), VALUE_OF_NONE, &t->arena);
        value_dict_put(&failure.data, value_text("users"), users, &t->arena);
        value_dict_put(&failure.data, value_text("matches"), matches, &t->arena);
        return failure;
}

static void begin(struct test *t) {
        *t = (struct test){0};
        clock_fix(&t->clock, (int64_t)1709632800500000);
        t->failures[0] = failure_of(t, "192.0.2.1", "root");
        t->failures[1] = failure_of(t, "192.0.2.2", "it's");
}

static void finish(struct test *t) {
        fault_done(&t->fault);
        arena_done(&t->arena);
}

static const char *print(struct test *t, const char *form, size_t count) {
        struct capture capture;
        capture_begin(&capture, stdout);
        int r = regex_output_print(
                slice_of(form), t->failures, count, &t->clock, &t->arena, &t->fault);
        (void)snprintf(t->said, sizeof(t->said), "%s", capture_end(&capture));
        assert_int_equal(r, t->fault.code);
        return t->said;
}

static void each_word_has_its_form(void **state) {
        static const struct {
                const char *form;
                const char *text;
        } rows[] = {
                {"id",      "192.0.2.1\n192.0.2.2\n"                                            },
                {"fid",     "192.0.2.1\n192.0.2.2\n"                                            },
                {"ip",      "192.0.2.1\n192.0.2.2\n"                                            },
                {"user",    "root\nit's\n"                                                      },
                {"none",    "None\nNone\n"                                                      },
                {"nosuch",  "None\nNone\n"                                                      },
                {"msg",     "Mar 05 10:00:00 host: bad login\nMar 05 10:00:00 host: bad login\n"},
                {"matches", "[('', 'Mar 05 10:00:00', ' host: bad login')]\n[('', 'Mar 05 "
                            "10:00:00', ' host: bad login')]\n"      },
                {"row",     "['192.0.2.1',\t1709629200.0,\t{'user': 'root', 'ip4': '192.0.2.1', "
                        "'none': None, 'users': {'root'}}],\n"
                        "['192.0.2.2',\t1709629200.0,\t{'user': \"it's\", 'ip4': '192.0.2.2', "
                        "'none': None, 'users': {\"it's\"}}],\n"         },
        };
        struct test t;
        (void)state;
        begin(&t);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(print(&t, rows[i].form, 2), rows[i].text);
        finish(&t);
}

static void tags_are_filled_in_and_unknown_ones_stay(void **state) {
        static const struct {
                const char *form;
                const char *text;
        } rows[] = {
                {"<ip> <fid> <family>",            "192.0.2.1 192.0.2.1 inet4\n"                    },
                {"<ip-rev>x",                      "1.2.0.192.x\n"                                  },
                {"<F-USER>|<F-NOSUCH>|<F-NONE>",   "root||\n"                                       },
                {"<failures><bancount><restored>", "000\n"                                          },
                {"<time>",                         "1709629200.0\n"                                 },
                {"a<br>b<sp>c",                    "a\nb c\n"                                       },
                {"<nosuch> < ip> <ip",             "<nosuch> < ip> <ip\n"                           },
                {"<msg>",                          "Mar 05 10:00:00 host: bad login\n"              },
                {"<matches>;",                     "Mar 05 10:00:00 host: bad login;\n"             },
                {"<F-MATCHES>",                    "[('', 'Mar 05 10:00:00', ' host: bad login')]\n"},
        };
        struct test t;
        (void)state;
        begin(&t);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(print(&t, rows[i].form, 1), rows[i].text);
        finish(&t);
}

static void message_of_several_lines_prints_a_row_each(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        struct value *matches = &t.failures[0].data.list.items[t.failures[0].data.list.count - 1];
        add_match(&t, matches, "a ", "10:00:01", " b");
        assert_string_equal(print(&t, "<ip>: <msg>", 1),
                "192.0.2.1: Mar 05 10:00:00 host: bad login\n192.0.2.1: a 10:00:01 b\n");
        assert_string_equal(
                print(&t, "<matches>", 1), "Mar 05 10:00:00 host: bad login\na 10:00:01 b\n");
        finish(&t);
}

static void tags_that_need_a_jail_are_an_error(void **state) {
        static const char *const forms[] = {"<bantime>", "<jail.name>", "<ipfailures>"};
        (void)state;
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct test t;
                begin(&t);
                assert_string_equal(print(&t, forms[i], 1), "");
                assert_string_equal(t.fault.kind, "AttributeError");
                finish(&t);
        }
}

/* Whatever an attacker writes, it stays a value. */
static void values_from_the_log_are_not_taken_for_marks(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        t.failures[0] = failure_of(&t, "192.0.2.1", "<msg>\x01");
        struct value *matches = &t.failures[0].data.list.items[t.failures[0].data.list.count - 1];
        add_match(&t, matches, "second", "", "");
        assert_string_equal(print(&t, "<F-USER>", 1), "<msg>\x01\n");
        value_dict_put(&t.failures[0].data, value_text("user"),
                value_string((struct slice){"\0a\0", 3}), &t.arena);
        assert_string_equal(print(&t, "<F-USER>", 1), "\\x00a\\x00\n");
        finish(&t);
}

static void nul_bytes_do_not_cut_lines(void **state) {
        struct test t;
        struct capture capture;
        (void)state;
        begin(&t);
        struct value line = value_string((struct slice){"a\0b", 3});
        value_dict_put(&t.failures[0].data, value_text("matches"), value_list(), &t.arena);
        struct value *matches = &t.failures[0].data.list.items[t.failures[0].data.list.count - 1];
        add_match(&t, matches, "", "", "");
        matches->list.items[0].list.items[2] = line;
        capture_begin(&capture, stdout);
        assert_int_equal(
                regex_output_print(SLICE("msg"), t.failures, 1, &t.clock, &t.arena, NULL), 0);
        assert_int_equal(
                regex_output_print(SLICE("<matches>;"), t.failures, 1, &t.clock, &t.arena, NULL),
                0);
        assert_memory_equal(capture_end(&capture), "a\0b\na\\x00b;\n", 12);
        finish(&t);
}

static void inverted_line_has_no_id(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        t.failures[0] = regex_output_inverted(SLICE("the line"), 1709629200, false, &t.arena);
        assert_string_equal(print(&t, "row", 1), "['',\t1709629200.0,\t{'fid': ''}],\n");
        assert_string_equal(print(&t, "msg", 1), "the line\n");
        t.failures[0] = regex_output_inverted(SLICE("the line"), (double)NAN, false, &t.arena);
        assert_string_equal(print(&t, "row", 1), "['',\tNone,\t{'fid': ''}],\n");
        finish(&t);
}

/* Upstream makes a ticket of it, which takes the present time. */
static void failure_without_date_has_the_present_time_in_tags_only(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        t.failures[0].time = (double)NAN;
        t.failures[0].integral_time = true;
        assert_string_equal(print(&t, "<time>", 1), "1709632800.5\n");
        assert_non_null(strstr(print(&t, "row", 1), "',\tNone,\t{"));
        finish(&t);
}

static void failure_without_id_prints_none(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        t.failures[0].id = SLICE_NULL;
        assert_string_equal(print(&t, "id", 1), "None\n");
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_word_has_its_form),
                cmocka_unit_test(tags_are_filled_in_and_unknown_ones_stay),
                cmocka_unit_test(message_of_several_lines_prints_a_row_each),
                cmocka_unit_test(tags_that_need_a_jail_are_an_error),
                cmocka_unit_test(values_from_the_log_are_not_taken_for_marks),
                cmocka_unit_test(nul_bytes_do_not_cut_lines),
                cmocka_unit_test(inverted_line_has_no_id),
                cmocka_unit_test(failure_without_date_has_the_present_time_in_tags_only),
                cmocka_unit_test(failure_without_id_prints_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
