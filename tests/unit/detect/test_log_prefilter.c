/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/log_prefilter.h"

#include <unistd.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "detect/scan_log.h"

struct test {
        struct clock clock;
        struct filter_env env;
        struct scan_jail *jail;
        struct scan_log *log;
        struct buffer text;
};

static void set(struct scan_jail *jail, const char *option, const char *value) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value answer;
        struct fault fault = FAULT_INIT;
        (void)value_append(&arguments, value_text(value), &arena);
        if (scan_jail_set(jail, slice_of(option), &arguments, &arena, &answer, &fault) < 0)
                fail_msg("%s", fault_text(&fault));
        fault_done(&fault);
        arena_done(&arena);
}

static int setup(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        t->env.clock = &t->clock;
        t->jail = scan_jail_new(1, SLICE("j"), &t->env);
        set(t->jail, "addfailregex", "wrong\\s<HOST>");
        t->log = scan_log_new(1, SLICE("/x"), dup(STDIN_FILENO), 0, 0);
        scan_log_attach(t->log, t->jail, 0);
        t->text = BUFFER_INIT((size_t)1 << 20);
        while (buffer_len(&t->text) <= LOG_PREFILTER_AFTER)
                assert_int_equal(buffer_append(&t->text, SLICE("something else\n")), 0);
        *state = t;
        return 0;
}

static int teardown(void **state) {
        struct test *t = *state;
        buffer_done(&t->text);
        (void)scan_log_free(t->log);
        (void)scan_jail_free(t->jail);
        free(t);
        return 0;
}

static bool scan(struct test *t) {
        return log_prefilter_scan(&t->log->prefilter, t->log, buffer_view(&t->text));
}

static bool is_hopeful(struct test *t) {
        struct slice lines = buffer_view(&t->text);
        const uint64_t *hints = log_prefilter_line(
                &t->log->prefilter, slice_sub(lines, 0, strlen("something else\n")), lines);
        return !filter_is_hopeless(t->jail->filter, ~hints[0]);
}

static void short_logs_have_none(void **state) {
        struct test *t = *state;
        assert_false(log_prefilter_scan(&t->log->prefilter, t->log, SLICE("a line\n")));
        assert_false(t->log->prefilter.tried);
}

static void long_logs_have_one(void **state) {
        struct test *t = *state;
        if (!scan(t))
                skip(); /* built without Vectorscan */
        assert_false(is_hopeful(t));
}

static void new_regexes_make_it_anew(void **state) {
        struct test *t = *state;
        if (!scan(t))
                skip();
        set(t->jail, "addfailregex", "something\\s.*<HOST>");
        assert_true(scan(t));
        assert_true(is_hopeful(t));
}

/* Where it saves nothing it is not asked, but for each eighth time; until it saves something. */
static void it_rests_where_it_is_in_vain(void **state) {
        struct test *t = *state;
        if (!scan(t))
                skip();
        log_prefilter_note(&t->log->prefilter, 50, 0); /* too few to tell */
        assert_true(scan(t));
        log_prefilter_note(&t->log->prefilter, 80, 20);
        assert_true(scan(t));
        log_prefilter_note(&t->log->prefilter, 81, 19);
        for (unsigned i = 1; i < 24; i++)
                assert_int_equal(scan(t), i % 8 == 0);
        log_prefilter_note(&t->log->prefilter, 10, 90);
        for (unsigned i = 0; i < 9; i++)
                assert_true(scan(t));
        log_prefilter_note(&t->log->prefilter, 100, 0);
        assert_true(scan(t)); /* the eighth */
        assert_false(scan(t));
        set(t->jail, "addignoreregex", "something");
        assert_true(scan(t));
}

static void several_jails_have_it_look_always(void **state) {
        struct test *t = *state;
        struct scan_jail *other = scan_jail_new(2, SLICE("k"), &t->env);
        set(other, "addfailregex", "bad\\s<HOST>");
        scan_log_attach(t->log, other, 0);
        if (scan(t)) {
                log_prefilter_note(&t->log->prefilter, 100, 0);
                for (unsigned i = 0; i < 9; i++)
                        assert_true(scan(t));
        }
        scan_log_detach(t->log, other);
        (void)scan_jail_free(other);
}

static void wide_encodings_get_every_line(void **state) {
        struct test *t = *state;
        set(t->jail, "logencoding", "utf-16-le");
        assert_false(scan(t)); /* it is the only jail: nothing is required */
        assert_true(t->log->prefilter.tried);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(short_logs_have_none, setup, teardown),
                cmocka_unit_test_setup_teardown(long_logs_have_one, setup, teardown),
                cmocka_unit_test_setup_teardown(new_regexes_make_it_anew, setup, teardown),
                cmocka_unit_test_setup_teardown(it_rests_where_it_is_in_vain, setup, teardown),
                cmocka_unit_test_setup_teardown(several_jails_have_it_look_always, setup, teardown),
                cmocka_unit_test_setup_teardown(wide_encodings_get_every_line, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
