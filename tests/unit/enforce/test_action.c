/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action.h"

#include "../cmocka_include.h"

struct fixture {
        struct loop *loop;
        struct clock clock;
        struct action_list *list;
        struct action *action;
        struct arena arena;
        struct fault fault;
        unsigned calls;
};

static void begin(struct fixture *f) {
        *f = (struct fixture){
                .loop = loop_new(), .clock = CLOCK_INIT, .arena = ARENA_INIT, .fault = FAULT_INIT};
        struct action_env env = {.loop = f->loop, .clock = &f->clock};
        f->list = action_list_new(&env, SLICE("J"));
        assert_int_equal(action_list_add(f->list, SLICE("a"), NULL), 0);
        f->action = action_list_find(f->list, SLICE("a"), NULL);
}

static void end(struct fixture *f) {
        (void)action_list_free(f->list);
        (void)loop_free(f->loop);
        arena_done(&f->arena);
        fault_done(&f->fault);
}

static void properties_are_set_and_listed_by_name(void **state) {
        (void)state;
        struct fixture f;
        struct value ret, value = value_text("1m");
        begin(&f);
        assert_int_equal(
                action_set(f.action, SLICE("timeout"), &value, &f.arena, &ret, &f.fault), 0);
        assert_int_equal(ret.integer, 60);
        assert_int_equal(action_set(f.action, SLICE("zz"), &value, &f.arena, &ret, &f.fault), 0);
        assert_int_equal(action_get(f.action, SLICE("zz"), &f.arena, &ret, &f.fault), 0);
        assert_true(slice_is(ret.string, "1m"));
        assert_true(action_get(f.action, SLICE("nope"), &f.arena, &ret, &f.fault) < 0);
        assert_string_equal(fault_text(&f.fault), "'CommandAction' object has no attribute 'nope'");
        struct value names = action_properties(f.action, &f.arena);
        static const char *const expected[] = {"ESCAPE_CRE", "ESCAPE_VN_CRE", "actionban",
                "actioncheck", "actionflush", "actionreban", "actionreload", "actionrepair",
                "actionstart", "actionstop", "actionunban", "banEpoch", "timeout", "zz"};
        assert_int_equal(names.list.count, sizeof(expected) / sizeof(expected[0]));
        for (size_t i = 0; i < names.list.count; i++)
                assert_true(slice_is(value_item_text(&names, i), expected[i]));
        end(&f);
}

static void on_called(void *user, const struct fault *fault) {
        struct fixture *f = user;
        assert_null(fault);
        f->calls++;
}

static void methods_are_called_from_the_loop(void **state) {
        (void)state;
        struct fixture f;
        begin(&f);
        assert_int_equal(action_call(f.action, SLICE("port"), SLICE("{}"), on_called, &f, &f.fault),
                ACTION_E_NO_METHOD);
        assert_int_equal(
                action_call(f.action, SLICE("start"), SLICE("{}"), on_called, &f, &f.fault), 0);
        assert_int_equal(action_call(f.action, SLICE("invalidateBanEpoch"), SLICE("{}"), on_called,
                                 &f, &f.fault),
                0);
        assert_int_equal(f.calls, 0);
        for (int i = 0; i < 100 && f.calls < 2; i++)
                assert_int_equal(loop_step(f.loop, 10000), 0);
        assert_int_equal(f.calls, 2);
        assert_int_equal(action_list_epoch(f.list), 1);
        assert_true(action_call(f.action, SLICE("ban"), SLICE("{}"), on_called, &f, &f.fault) < 0);
        assert_int_equal(action_methods(f.action, &f.arena).list.count, 15);
        end(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(properties_are_set_and_listed_by_name),
                cmocka_unit_test(methods_are_called_from_the_loop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
