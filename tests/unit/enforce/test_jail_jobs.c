/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/repr.h"
#include "enforce/jail_jobs.h"
#include "jail_fixture.h"

static unsigned calls;
static uint64_t counted;

static void on_count(void *user, uint64_t count, const struct value *absent) {
        assert_ptr_equal(user, &calls);
        assert_int_equal(absent->list.count, 0);
        counted = count;
        calls++;
}

static void answer_comes_once_all_is_released_from_the_loop(void **state) {
        struct jail *jail = make();
        (void)state;
        calls = 0;
        struct jail_job *job = jail_job_new(jail, on_count, &calls);
        jail_job_hold(job);
        jail_job_hold(job);
        job->count = 2;
        jail_job_release(job);
        jail_job_on_action(job, 1);
        fake_settle();
        assert_int_equal(calls, 0);
        jail_job_on_action(job, 0);
        assert_int_equal(calls, 0);
        fake_settle();
        assert_int_equal(calls, 1);
        assert_int_equal(counted, 2);
        assert_null(jail->jobs);
        end(jail);
}

static void jobs_of_a_freed_jail_do_not_answer(void **state) {
        struct jail *jail = make();
        (void)state;
        calls = 0;
        (void)jail_job_new(jail, on_count, &calls);
        jail_job_release(jail_job_new(jail, on_count, &calls));
        end(jail);
        assert_int_equal(calls, 0);
}

/* However many names they wait for: the questions are looked through for all together. */
static void names_of_a_freed_jail_are_forgotten_in_one_look(void **state) {
        static const unsigned counts[] = {1, 60};
        unsigned looks[2];
        (void)state;
        for (size_t row = 0; row < 2; row++) {
                struct jail *jail = started();
                struct arena arena = ARENA_INIT;
                struct value someone = value_list();
                (void)value_append(&someone, value_text("192.0.2.1"), &arena);
                jail_ban_ids(jail, &someone, NULL, NULL);
                calls = 0;
                for (unsigned i = 0; i < counts[row]; i++) {
                        struct value name = value_list();
                        (void)value_append(
                                &name, value_string(arena_printf(&arena, "host%u", i)), &arena);
                        jail_unban_ids(jail, &name, on_count, &calls);
                }
                assert_int_equal(fake.question_count, counts[row]);
                fake.forgets = 0;
                assert_null(jail_free(jail));
                looks[row] = fake.forgets;
                assert_int_equal(fake.question_count, 0);
                assert_int_equal(calls, 0);
                arena_done(&arena);
                fake_end();
        }
        assert_int_equal(looks[0], looks[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answer_comes_once_all_is_released_from_the_loop),
                cmocka_unit_test(names_of_a_freed_jail_are_forgotten_in_one_look),
                cmocka_unit_test(jobs_of_a_freed_jail_do_not_answer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
