/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs that say what they were started with, and end when the test says so. */
#include "enforce/action_queue.h"

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/memory.h"

#define RUNS_MAX 2

struct action_run {
        const char *name;
        action_run_done *done;
        void *user;
        bool is_running;
};

static struct fixture {
        struct loop *loop;
        struct clock clock;
        struct action_list *list;
        struct action *actions[RUNS_MAX];
        struct buffer begun;
        bool wait;  /* runs wait to be ended ... */
        int result; /* ... or end at once with this */
        unsigned calls, failed;
        unsigned held;
} fixture;

/* In the place of action_run.c. */
struct action_run *action_run_new(
        const struct action_run_subject *subject, action_run_done *done, void *user) {
        struct action_run *run = memory_new(sizeof(*run));
        *run = (struct action_run){subject->name, done, user, false};
        return run;
}

struct action_run *action_run_free(struct action_run *run) {
        free(run);
        return NULL;
}

int action_run_start(struct action_run *run, enum action_job_kind kind, struct ticket *ticket) {
        (void)ticket;
        (void)buffer_printf(&fixture.begun, "%s%d ", run->name, (int)kind);
        assert_false(run->is_running);
        run->is_running = fixture.wait;
        return fixture.wait ? ACTION_RUN_WAITS : fixture.result;
}

const struct fault *action_run_fault(const struct action_run *run) {
        (void)run;
        return NULL;
}

static void end(struct action *action) {
        struct action_run *run = action->run;
        assert_true(run->is_running);
        run->is_running = false;
        run->done(run->user, NULL);
}

static void on_done(void *user, unsigned failed) {
        (void)user;
        fixture.calls++;
        fixture.failed += failed;
}

static void add(size_t action, struct action_order *order, enum action_job_kind kind) {
        action_queue_add(fixture.actions[action], order, kind, NULL);
}

static void step(void) {
        assert_int_equal(loop_step(fixture.loop, 0), 0);
}

static void expect(const char *begun) {
        assert_slice(buffer_view(&fixture.begun), begun);
        buffer_clear(&fixture.begun);
}

static void on_held(void *user, const struct ticket *ticket) {
        (void)user;
        assert_string_equal(ticket->id, "192.0.2.1");
        fixture.held++;
}

static int setup(void **state) {
        (void)state;
        fixture = (struct fixture){.clock = CLOCK_INIT, .begun = BUFFER_INIT(1 << 20)};
        fixture.loop = loop_new();
        struct action_env env = {.loop = fixture.loop, .clock = &fixture.clock, .held = on_held};
        fixture.list = action_list_new(&env, SLICE("J"));
        for (size_t i = 0; i < RUNS_MAX; i++) {
                const char name[] = {(char)('a' + i), '\0'};
                assert_int_equal(action_list_add(fixture.list, slice_of(name), NULL), 0);
                fixture.actions[i] = action_list_find(fixture.list, slice_of(name), NULL);
        }
        return 0;
}

static int teardown(void **state) {
        (void)state;
        (void)action_list_free(fixture.list);
        (void)loop_free(fixture.loop);
        buffer_done(&fixture.begun);
        return 0;
}

static void jobs_begin_in_the_order_in_which_they_were_given(void **state) {
        (void)state;
        struct action_order *order = action_order_new(on_done, NULL);
        fixture.wait = true;
        add(1, order, ACTION_JOB_START);
        add(0, order, ACTION_JOB_STOP);
        add(1, order, ACTION_JOB_CHECK);
        action_order_close(fixture.list, order);
        expect(""); /* nothing from inside of a call */
        step();
        expect("b0 ");
        end(fixture.actions[1]);
        expect("a7 ");
        end(fixture.actions[0]);
        expect("b9 ");
        assert_int_equal(fixture.calls, 0);
        end(fixture.actions[1]);
        step();
        assert_int_equal(fixture.calls, 1);
        assert_int_equal(action_list_pending(fixture.list), 0);
}

static void what_is_first_goes_before_what_waits(void **state) {
        (void)state;
        struct action_order *order = action_order_new(on_done, NULL);
        add(0, order, ACTION_JOB_START);
        action_queue_add_first(fixture.actions[0], order, ACTION_JOB_CHECK, NULL, 0);
        action_order_close(fixture.list, order);
        step();
        expect("a9 a0 ");
        assert_int_equal(fixture.calls, 1);
}

static void failures_are_counted_for_their_order(void **state) {
        (void)state;
        struct action_order *bad = action_order_new(on_done, NULL);
        fixture.result = -5;
        add(0, bad, ACTION_JOB_START);
        add(1, bad, ACTION_JOB_START);
        action_order_close(fixture.list, bad);
        step();
        assert_int_equal(fixture.failed, 2);
        fixture.result = 0;
        struct action_order *good = action_order_new(on_done, NULL);
        add(0, good, ACTION_JOB_START);
        action_order_close(fixture.list, good);
        step();
        assert_int_equal(fixture.calls, 2);
        assert_int_equal(fixture.failed, 2);
}

static void an_order_without_jobs_is_done_from_the_loop(void **state) {
        (void)state;
        action_order_close(fixture.list, action_order_new(on_done, NULL));
        assert_int_equal(fixture.calls, 0);
        step();
        assert_int_equal(fixture.calls, 1);
}

static void a_cleared_action_lets_the_others_go_on(void **state) {
        (void)state;
        struct action_order *order = action_order_new(on_done, NULL);
        fixture.wait = true;
        add(0, order, ACTION_JOB_START);
        add(0, order, ACTION_JOB_STOP);
        add(1, order, ACTION_JOB_START);
        action_order_close(fixture.list, order);
        step();
        expect("a0 ");
        action_queue_clear(fixture.actions[0]);
        assert_null(fixture.actions[0]->run);
        step();
        expect("b0 ");
        end(fixture.actions[1]);
        step();
        assert_int_equal(fixture.calls, 1);
        assert_int_equal(fixture.failed, 0);
}

static void each_action_that_holds_a_ban_says_so(void **state) {
        static const struct {
                enum action_job_kind kind;
                int result;
                bool is_restored, is_left_out;
                unsigned held;
        } rows[] = {
                {ACTION_JOB_BAN,   0,  false, false, 2},
                {ACTION_JOB_REBAN, 0,  false, false, 2},
                {ACTION_JOB_BAN,   0,  true,  false, 2},
                {ACTION_JOB_BAN,   0,  true,  true,  1},
                {ACTION_JOB_BAN,   -5, false, false, 0},
                {ACTION_JOB_UNBAN, 0,  false, false, 0},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct action_order *order = action_order_new(on_done, NULL);
                struct ticket *ticket = ticket_new(SLICE("192.0.2.1"), NULL, 1);
                const struct value left_out = value_bool(rows[i].is_left_out);
                ticket->restored = rows[i].is_restored;
                fixture.result = rows[i].result;
                fixture.held = 0;
                (void)action_props_set(
                        &fixture.actions[0]->props, SLICE("norestored"), &left_out, NULL);
                for (size_t k = 0; k < RUNS_MAX; k++)
                        action_queue_add(fixture.actions[k], order, rows[i].kind, ticket);
                action_order_close(fixture.list, order);
                step();
                (void)ticket_unref(ticket);
                if (fixture.held != rows[i].held)
                        fail_msg("row %zu: %u", i, fixture.held);
        }
}

/* The loop gets its turn again after a burst. */
static void many_quick_jobs_do_not_hold_up_the_loop(void **state) {
        (void)state;
        struct action_order *order = action_order_new(on_done, NULL);
        for (int i = 0; i < ACTION_QUEUE_BURST + 1; i++)
                add(0, order, ACTION_JOB_CHECK);
        action_order_close(fixture.list, order);
        step();
        assert_int_equal(buffer_len(&fixture.begun), 3 * ACTION_QUEUE_BURST);
        step();
        assert_int_equal(buffer_len(&fixture.begun), 3 * (ACTION_QUEUE_BURST + 1));
}

/* Only bans do: what starts an action need not wait for them. */
static void bans_wait_for_others_while_many_are_to_come(void **state) {
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("192.0.2.1"), NULL, 1);
        action_list_gather_begin(fixture.list);
        struct action_order *order = action_order_new(on_done, NULL);
        add(0, order, ACTION_JOB_START);
        action_queue_add(fixture.actions[0], order, ACTION_JOB_BAN, ticket);
        action_order_close(fixture.list, order);
        step();
        expect("a0 ");
        step();
        expect("");
        action_list_gather_end(fixture.list);
        step();
        expect("a1 ");
        action_list_gather_begin(fixture.list);
        order = action_order_new(on_done, NULL);
        for (int i = 0; i < ACTION_GATHER; i++)
                action_queue_add(fixture.actions[0], order, ACTION_JOB_BAN, ticket);
        action_order_close(fixture.list, order);
        step();
        assert_true(buffer_len(&fixture.begun) > 0);
        (void)ticket_unref(ticket);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(jobs_begin_in_the_order_in_which_they_were_given),
                CASE(what_is_first_goes_before_what_waits),
                CASE(failures_are_counted_for_their_order),
                CASE(an_order_without_jobs_is_done_from_the_loop),
                CASE(a_cleared_action_lets_the_others_go_on),
                CASE(each_action_that_holds_a_ban_says_so),
                CASE(bans_wait_for_others_while_many_are_to_come),
                CASE(many_quick_jobs_do_not_hold_up_the_loop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
