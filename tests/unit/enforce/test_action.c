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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(properties_are_set_and_listed_by_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
