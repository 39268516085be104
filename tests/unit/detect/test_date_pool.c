/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date_pool.h"

#include "../cmocka_include.h"

struct row {
        unsigned flags;
        double weight;
        const char *pattern;
        const char *name;
        const char *regex;
};

static const struct row defaults[] = {
#define DATE_DEFAULT(flags, weight, pattern, name, regex) {flags, weight, pattern, name, regex},
#include "date_defaults.def"
#undef DATE_DEFAULT
};

static size_t position;

static int check_default(void *user, struct date_template *template, struct fault *fault) {
        (void)user;
        (void)fault;
        const struct row *row = &defaults[position++];
        assert_string_equal(template->name, row->name);
        assert_string_equal(template->regex, row->regex);
        assert_int_equal(template->flags, row->flags);
        assert_true(template->weight >= row->weight && template->weight <= row->weight);
        assert_true((template->pattern == NULL) == (row->pattern == NULL));
        if (row->pattern)
                assert_string_equal(template->pattern, row->pattern);
        date_pool_put(template);
        return 0;
}

static void defaults_are_those_of_fail2ban(void **state) {
        (void)state;
        position = 0;
        assert_int_equal(date_pool_list_defaults(DATE_POOL_ALL, 2026, check_default, NULL, NULL), 0);
        assert_int_equal(position, sizeof(defaults) / sizeof(defaults[0]));
}

static int count_bound(void *user, struct date_template *template, struct fault *fault) {
        (void)fault;
        assert_true(template->flags & DATE_LINE_BEGIN);
        ++*(size_t *)user;
        date_pool_put(template);
        return 0;
}

static void seventeen_defaults_are_bound_to_the_line(void **state) {
        (void)state;
        size_t count = 0;
        assert_int_equal(date_pool_list_defaults(DATE_POOL_LINE_BEGIN, 2026, count_bound, &count, NULL), 0);
        assert_int_equal(count, 17);
}

static int note_name(void *user, struct date_template *template, struct fault *fault) {
        (void)fault;
        (void)snprintf((char *)user + strlen(user), 4096 - strlen(user), "%s\n", template->name);
        date_pool_put(template);
        return 0;
}

static void every_base_template_goes_into_a_wrapper(void **state) {
        (void)state;
        char names[4096] = "";
        assert_int_equal(date_pool_list_wrapped(SLICE("^x {DATE}|\\{DATE}"), 2026, note_name, names, NULL), 0);
        assert_non_null(strstr(names, "^x 24hour:Minute:Second|\\{DATE}\n"));
        assert_non_null(strstr(names, "^x ^MON-Day-ExYear2 %k:Minute:Second|\\{DATE}\n"));
        assert_non_null(strstr(names, "^x TAI64N|\\{DATE}\n"));
        names[0] = '\0';
        assert_int_equal(date_pool_list_wrapped(SLICE("^{date}"), 2026, note_name, names, NULL), 0);
        assert_non_null(strstr(names, "{^LN-BEG}Epoch\n"));
}

static void templates_are_shared_while_somebody_holds_them(void **state) {
        (void)state;
        struct date_template *a;
        struct date_template *b;
        struct date_template *c;
        assert_int_equal(date_pool_get(SLICE("epoch"), 2026, &a, NULL), 0);
        assert_int_equal(date_pool_get(SLICE("EPOCH"), 2026, &b, NULL), 0);
        assert_int_equal(date_pool_get(SLICE("%y"), 2026, &c, NULL), 0);
        assert_ptr_equal(a, b);
        assert_ptr_not_equal(a, c);
        date_pool_put(a);
        assert_string_equal(b->name, "Epoch");
        date_pool_put(b);
        date_pool_put(c);
        date_pool_put(NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(defaults_are_those_of_fail2ban),
                cmocka_unit_test(seventeen_defaults_are_bound_to_the_line),
                cmocka_unit_test(every_base_template_goes_into_a_wrapper),
                cmocka_unit_test(templates_are_shared_while_somebody_holds_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
