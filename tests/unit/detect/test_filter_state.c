/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_fixture.h"

#include "channel/record.h"

struct saved {
        char *key;
        struct buffer blob;
};

static struct saved saved[RECORD_STATES_MAX];
static size_t saved_count;
static size_t put_count;

static void put(void *user, struct slice key, struct slice blob) {
        (void)user;
        size_t i = 0;
        put_count++;
        assert_true(key.len <= RECORD_STATE_KEY_MAX && blob.len <= RECORD_STATE_BLOB_MAX);
        while (i < saved_count && !slice_is(key, saved[i].key))
                i++;
        assert_true(i < RECORD_STATES_MAX);
        if (i == saved_count)
                saved[saved_count++] = (struct saved){
                        strndup(key.data, key.len), BUFFER_INIT(RECORD_STATE_BLOB_MAX)};
        buffer_clear(&saved[i].blob);
        assert_int_equal(buffer_append(&saved[i].blob, blob), 0);
}

static void forget(void) {
        while (saved_count > 0) {
                free(saved[--saved_count].key);
                buffer_done(&saved[saved_count].blob);
        }
        put_count = 0;
}

static void use_regexes(const char *maxlines) {
        set("datepattern", "{NONE}");
        set("maxlines", maxlines);
        set("addfailregex", "^(?P<mlfid>c\\d+): (?P<nofail>connect) <ADDR>$");
        set("addfailregex", "^(?P<mlfid>c\\d+): fail$");
        set("addfailregex", "^A <ADDR>$<SKIPLINES>^B");
}

static void restart(const char *maxlines) {
        filter_save(t.filter, put, NULL);
        t.filter = filter_free(t.filter);
        t.filter = filter_new(SLICE("sshd"), FILTER_DAEMON, &t.env);
        use_regexes(maxlines);
        for (size_t i = 0; i < saved_count; i++)
                if (buffer_len(&saved[i].blob) > 0)
                        filter_load(t.filter, slice_of(saved[i].key), buffer_view(&saved[i].blob));
}

static void sessions_survive(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        use_regexes("1");
        assert_int_equal(run("c1: connect 1.2.3.4"), 0);
        restart("1");
        (void)run_failure("c1: fail", "1.2.3.4");
        end();
        forget();
}

static void buffered_lines_survive(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        use_regexes("3");
        assert_int_equal(run("A 1.2.3.4"), 0);
        restart("3");
        assert_int_equal(run("x"), 0);
        restart("3");
        assert_slice(field(run_failure("B", "1.2.3.4"), "matches"),
                "[('', '', 'A 1.2.3.4'), ('', '', 'B')]");
        restart("3");
        assert_int_equal(run("B"), 0);
        end();
        forget();
}

static void only_what_has_changed_is_put(void **state) {
        char line[64];
        (void)state;
        begin(FILTER_DAEMON);
        use_regexes("1");
        filter_save(t.filter, put, NULL);
        assert_int_equal(put_count, 0);
        for (int i = 0; i < 200; i++) {
                (void)snprintf(line, sizeof(line), "c%d: connect 1.2.3.4", i);
                assert_int_equal(run(line), 0);
        }
        filter_save(t.filter, put, NULL);
        assert_int_equal(put_count, 101); /* a hundred sessions, and the dates */
        filter_save(t.filter, put, NULL);
        assert_int_equal(put_count, 101);
        (void)run_failure("c199: fail", "1.2.3.4");
        filter_save(t.filter, put, NULL);
        assert_int_equal(put_count, 103);
        end();
        forget();
}

static void keys_that_are_not_understood_are_ignored(void **state) {
        static const char *const keys[] = {
                "", "x", "session.", "session.100", "session.x", "session.0", "lines", "dates"};
        (void)state;
        begin(FILTER_DAEMON);
        use_regexes("3");
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                filter_load(t.filter, slice_of(keys[i]), SLICE("nonsense"));
        assert_int_equal(run("A 1.2.3.4"), 0);
        (void)run_failure("B", "1.2.3.4");
        end();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sessions_survive),
                cmocka_unit_test(buffered_lines_survive),
                cmocka_unit_test(only_what_has_changed_is_put),
                cmocka_unit_test(keys_that_are_not_understood_are_ignored),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
