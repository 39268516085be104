/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"

#include <signal.h>
#include <unistd.h>

#include "../cmocka_include.h"

struct world {
        struct loop *loop;
        struct loop_source *sources[2];
        int calls[2];
        int order[8];
        int count;
        struct loop_timer timers[3];
};

static int setup(void **state) {
        struct world *w = calloc(1, sizeof(*w));
        w->loop = loop_new();
        *state = w;
        return w->loop ? 0 : -1;
}

static int teardown(void **state) {
        struct world *w = *state;
        loop_free(w->loop);
        free(w);
        return 0;
}

static void remove_both(void *user, int fd, uint32_t events) {
        struct world *w = user;
        (void)fd;
        (void)events;
        w->calls[0]++;
        loop_remove(w->loop, w->sources[0]);
        loop_remove(w->loop, w->sources[1]);
}

/* Both are ready in one round; whichever runs first removes the other, which must then not run. */
static void removed_source_is_not_called_in_the_same_round(void **state) {
        struct world *w = *state;
        int a[2];
        int b[2];
        assert_int_equal(pipe(a), 0);
        assert_int_equal(pipe(b), 0);
        assert_int_equal(write(a[1], "x", 1), 1);
        assert_int_equal(write(b[1], "x", 1), 1);
        w->sources[0] = loop_add(w->loop, a[0], EPOLLIN, remove_both, w);
        w->sources[1] = loop_add(w->loop, b[0], EPOLLIN, remove_both, w);
        assert_int_equal(loop_step(w->loop, 1000000), 0);
        assert_int_equal(loop_step(w->loop, 0), 0);
        assert_int_equal(w->calls[0], 1);
        for (int i = 0; i < 2; i++) {
                (void)close(a[i]);
                (void)close(b[i]);
        }
}

static void note(struct world *w, int what) {
        w->order[w->count++] = what;
}

static void first(void *user) {
        note(user, 1);
}

static void second(void *user) {
        note(user, 2);
}

static void cancel_third(void *user) {
        struct world *w = user;
        note(w, 3);
        loop_timer_cancel(w->loop, &w->timers[2]);
}

static void timers_run_in_order_of_due_time(void **state) {
        struct world *w = *state;
        int64_t now = loop_now_us();
        loop_timer_set(w->loop, &w->timers[1], now - 10, second, w);
        loop_timer_set(w->loop, &w->timers[0], now - 20, first, w);
        loop_timer_set(w->loop, &w->timers[2], now + 3600000000, first, w);
        assert_int_equal(loop_step(w->loop, 1000000), 0);
        assert_int_equal(w->count, 2);
        assert_int_equal(w->order[0], 1);
        assert_int_equal(w->order[1], 2);
        assert_true(loop_timer_is_set(&w->timers[2]));
        assert_false(loop_timer_is_set(&w->timers[0]));
        loop_timer_cancel(w->loop, &w->timers[2]);
}

/* Neither before its time nor by another end of the wait. */
static void a_timer_never_runs_before_it_is_due(void **state) {
        struct world *w = *state;
        for (int64_t in_us = 300; in_us < 4000; in_us += 700) {
                int64_t due = loop_now_us() + in_us;
                w->count = 0;
                loop_timer_set(w->loop, &w->timers[0], due, first, w);
                for (int i = 0; i < 1000 && w->count == 0; i++)
                        assert_int_equal(loop_step(w->loop, -1), 0);
                assert_int_equal(w->count, 1);
                assert_true(loop_now_us() >= due);
        }
}

static void a_far_timer_does_not_shorten_the_wait_that_is_allowed(void **state) {
        struct world *w = *state;
        loop_timer_set(w->loop, &w->timers[0], INT64_MAX, first, w);
        int64_t begin = loop_now_us();
        assert_int_equal(loop_step(w->loop, 2000), 0);
        assert_true(loop_now_us() - begin >= 2000);
        assert_int_equal(w->count, 0);
        loop_timer_cancel(w->loop, &w->timers[0]);
}

static void cancelled_timer_does_not_run(void **state) {
        struct world *w = *state;
        int64_t now = loop_now_us();
        loop_timer_set(w->loop, &w->timers[0], now - 20, cancel_third, w);
        loop_timer_set(w->loop, &w->timers[2], now - 10, first, w);
        assert_int_equal(loop_step(w->loop, 1000000), 0);
        assert_int_equal(w->count, 1);
        assert_int_equal(w->order[0], 3);
}

static void heap_keeps_order_under_random_use(void **state) {
        struct world *w = *state;
        enum { N = 200 };
        static struct loop_timer timers[N];
        int64_t now = loop_now_us() + 3600000000;
        unsigned seed = 1;
        for (int round = 0; round < 2000; round++) {
                seed = seed * 1103515245 + 12345;
                struct loop_timer *t = &timers[(seed >> 8) % N];
                if (seed & 0x10000)
                        loop_timer_cancel(w->loop, t);
                else
                        loop_timer_set(w->loop, t, now + (int64_t)((seed >> 4) % 1000), first, w);
        }
        /* Cancelling in order of due time must always find the smallest at the top: steps with nothing due run nothing. */
        assert_int_equal(loop_step(w->loop, 0), 0);
        assert_int_equal(w->count, 0);
        for (int i = 0; i < N; i++)
                if (loop_timer_is_set(&timers[i]))
                        loop_timer_set(w->loop, &timers[i], i % 2 ? 1 : 2, i % 2 ? first : second, w);
        for (int i = 8; i < N; i++)
                loop_timer_cancel(w->loop, &timers[i]);
        assert_int_equal(loop_step(w->loop, 100000), 0);
        for (int i = 1; i < w->count; i++)
                assert_true(w->order[i - 1] <= w->order[i]);
}

static void on_signal(void *user, const struct signalfd_siginfo *info) {
        struct world *w = user;
        note(w, (int)info->ssi_signo);
        loop_stop(w->loop, 7);
}

static void signals_come_through_the_loop(void **state) {
        struct world *w = *state;
        assert_int_equal(loop_signal(w->loop, SIGUSR1, on_signal, w), 0);
        assert_int_equal(loop_signal(w->loop, SIGUSR2, on_signal, w), 0);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(loop_run(w->loop), 7);
        assert_int_equal(w->order[0], SIGUSR1);
        loop_unblock_signals();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(removed_source_is_not_called_in_the_same_round, setup, teardown),
                cmocka_unit_test_setup_teardown(timers_run_in_order_of_due_time, setup, teardown),
                cmocka_unit_test_setup_teardown(a_timer_never_runs_before_it_is_due, setup, teardown),
                cmocka_unit_test_setup_teardown(a_far_timer_does_not_shorten_the_wait_that_is_allowed, setup, teardown),
                cmocka_unit_test_setup_teardown(cancelled_timer_does_not_run, setup, teardown),
                cmocka_unit_test_setup_teardown(heap_keeps_order_under_random_use, setup, teardown),
                cmocka_unit_test_setup_teardown(signals_come_through_the_loop, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
