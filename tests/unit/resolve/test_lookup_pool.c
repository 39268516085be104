/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads whose work the test holds up and lets go. */
#include "resolve/lookup_pool.h"

#include <errno.h>
#include <pthread.h>

#include "../cmocka_include.h"

#include "base/memory.h"

#define WAIT_US 120000000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned held; /* threads that are at a question called "hold" */
static bool let_go;

static void work(const struct lookup_question *question, struct system_lookup *ret) {
        *ret = (struct system_lookup){.answer = {.number = question->number}};
        memcpy(ret->text, question->text.data, question->text.len);
        ret->answer.text = (struct slice){ret->text, question->text.len};
        if (!slice_is(question->text, "hold"))
                return;
        (void)pthread_mutex_lock(&lock);
        held++;
        (void)pthread_cond_broadcast(&changed);
        while (!let_go)
                (void)pthread_cond_wait(&changed, &lock);
        held--;
        (void)pthread_mutex_unlock(&lock);
}

static void wait_held(unsigned count) {
        (void)pthread_mutex_lock(&lock);
        while (held < count)
                (void)pthread_cond_wait(&changed, &lock);
        (void)pthread_mutex_unlock(&lock);
}

static void set_let_go(bool value) {
        (void)pthread_mutex_lock(&lock);
        let_go = value;
        (void)pthread_cond_broadcast(&changed);
        (void)pthread_mutex_unlock(&lock);
}

struct test {
        struct loop *loop;
        struct lookup_pool *pool;
        unsigned answers;
        uint64_t sum;
        bool was_first; /* some answer's text was "first" */
        char text[LOOKUP_TEXT_MAX + 1];
};

static void on_done(void *user, const struct lookup_answer *answer) {
        struct test *t = user;
        t->answers++;
        t->sum += answer->number;
        t->was_first = t->was_first || slice_is(answer->text, "first");
        (void)snprintf(t->text, sizeof(t->text), "%.*s", SLICE_ARG(answer->text));
}

static void wait_for(struct test *t, unsigned answers) {
        int64_t end = loop_now_us() + WAIT_US;
        while (t->answers < answers && loop_now_us() < end)
                (void)loop_step(t->loop, 20000);
        assert_int_equal(t->answers, answers);
}

static int ask(struct test *t, uint32_t number, const char *text) {
        const struct lookup_question question = {.number = number, .text = slice_of(text)};
        return lookup_pool_ask(t->pool, &question);
}

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        *t = (struct test){.loop = loop_new()};
        *state = t;
        set_let_go(false);
        t->pool = lookup_pool_new(t->loop, 4, work, on_done, t);
        return t->pool ? 0 : -1;
}

static int tear_down(void **state) {
        struct test *t = *state;
        set_let_go(true);
        t->pool = lookup_pool_free(t->pool);
        t->loop = loop_free(t->loop);
        free(t);
        return 0;
}

static void every_question_is_answered_once(void **state) {
        struct test *t = *state;
        uint64_t sum = 0;
        for (uint32_t i = 1; i <= LOOKUP_POOL_QUEUE_MAX; i++) {
                assert_int_equal(ask(t, i, "text"), 0);
                sum += i;
        }
        wait_for(t, LOOKUP_POOL_QUEUE_MAX);
        assert_true(t->sum == sum);
        assert_string_equal(t->text, "text");
}

static void one_that_takes_long_delays_nobody(void **state) {
        struct test *t = *state;
        for (uint32_t i = 0; i < 3; i++)
                assert_int_equal(ask(t, 1000, "hold"), 0);
        wait_held(3);
        for (unsigned i = 1; i <= 20; i++)
                assert_int_equal(ask(t, i, "quick"), 0);
        wait_for(t, 20);
        assert_true(t->sum == 210);
        set_let_go(true);
        wait_for(t, 23);
        assert_true(t->sum == 3210);
}

static void waiting_questions_are_bounded(void **state) {
        struct test *t = *state;
        for (uint32_t i = 0; i < 4; i++)
                assert_int_equal(ask(t, i, "hold"), 0);
        wait_held(4);
        for (uint32_t i = 0; i < LOOKUP_POOL_QUEUE_MAX; i++)
                assert_int_equal(ask(t, i, "text"), 0);
        assert_int_equal(ask(t, 1, "text"), -ENOBUFS);
}

static void the_text_is_copied(void **state) {
        struct test *t = *state;
        char text[] = "first";
        for (uint32_t i = 0; i < 4; i++)
                assert_int_equal(ask(t, i, "hold"), 0);
        wait_held(4);
        assert_int_equal(ask(t, 9, text), 0);
        memset(text, 'x', sizeof(text) - 1);
        set_let_go(true);
        wait_for(t, 5);
        assert_true(t->was_first);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(every_question_is_answered_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        one_that_takes_long_delays_nobody, set_up, tear_down),
                cmocka_unit_test_setup_teardown(waiting_questions_are_bounded, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_text_is_copied, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
