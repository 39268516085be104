/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests are written down, and answered as a test says; python_link.c is not there. */
#include "enforce/python_action.h"

#include "../cmocka_include.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "enforce/store_json.h"

struct sent {
        python_done *done;
        python_tag *tag;
        void *user;
        char text[2048];
};

struct fixture {
        struct clock clock;
        struct action_env env;
        struct action_props props;
        struct python_action *action;
        struct python_watcher *watcher;
        struct sent sent[16];
        size_t count;
        char told[256];
        unsigned done, failed;
        char value[256], fault[256];
        struct buffer diags;
};

static struct fixture *now;

static void print(struct value message, char *ret, size_t size) {
        struct buffer text = BUFFER_INIT(1 << 16);
        assert_int_equal(store_json_put(&text, &message), 0);
        (void)snprintf(ret, size, "%.*s", SLICE_ARG(buffer_view(&text)));
        buffer_done(&text);
}

void python_link_watch(struct python_link *link, struct python_watcher *watcher) {
        (void)link;
        now->watcher = watcher;
}

void python_link_unwatch(struct python_link *link, struct python_watcher *watcher) {
        (void)link;
        assert_ptr_equal(now->watcher, watcher);
        now->watcher = NULL;
}

uint64_t python_link_number(struct python_link *link) {
        (void)link;
        return 7;
}

void python_link_ask(struct python_link *link, struct value message, python_done *done,
        python_tag *tag, void *user) {
        struct sent *sent = &now->sent[now->count++];
        (void)link;
        assert_true(now->count <= 16);
        *sent = (struct sent){.done = done, .tag = tag, .user = user};
        print(message, sent->text, sizeof(sent->text));
}

void python_link_tell(struct python_link *link, struct value message) {
        (void)link;
        print(message, now->told, sizeof(now->told));
}

void python_link_forget(struct python_link *link, const void *user) {
        (void)link;
        for (size_t i = 0; i < now->count; i++)
                if (now->sent[i].user == user)
                        now->sent[i].done = NULL;
}

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct fixture *f = user;
        (void)buffer_printf(&f->diags, "%d %s %.*s\n", (int)level, logger, SLICE_ARG(text));
}

static bool info_tag(void *user, const struct ticket *ticket, struct slice tag, struct arena *arena,
        struct slice *ret) {
        (void)user;
        (void)ticket;
        (void)arena;
        *ret = slice_is(tag, "bantime")      ? SLICE("600")
               : slice_is(tag, "ipmatches")  ? SLICE("all of it")
               : slice_is(tag, "ipfailures") ? SLICE("12")
                                             : SLICE("0");
        return true;
}

static const struct action_info_ops info_ops = {.tag = info_tag};

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        struct fault fault = FAULT_INIT;
        assert_non_null(f);
        now = f;
        clock_fix(&f->clock, INT64_C(1795500000000000));
        f->env = (struct action_env){.clock = &f->clock, .info = &info_ops, .user = f};
        f->diags = BUFFER_INIT(1 << 16);
        action_props_init(&f->props);
        struct python_action_config config = {.env = &f->env,
                .jail = SLICE("sshd"),
                .name = SLICE("mine"),
                .file = SLICE("/etc/mine.py"),
                .json = SLICE("{\"path\": \"x\"}"),
                .props = &f->props};
        f->action = python_action_new(&config, &fault);
        assert_non_null(f->action);
        diag_set_sink(on_diag, f);
        diag_set_threshold(DIAG_INFO);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        (void)python_action_free(f->action);
        assert_null(f->watcher);
        assert_string_equal(f->told, "{\"do\": \"drop\", \"action\": 7}");
        action_props_done(&f->props);
        diag_set_sink(NULL, NULL);
        buffer_done(&f->diags);
        free(f);
        return 0;
}

static void on_run(void *user, const struct fault *fault) {
        struct fixture *f = user;
        f->done++;
        f->failed += fault != NULL;
}

static void on_answered(void *user, const struct value *ret, const struct fault *fault) {
        struct fixture *f = user;
        f->done++;
        if (fault)
                (void)snprintf(f->fault, sizeof(f->fault), "%s", fault_text(fault));
        else
                (void)snprintf(f->value, sizeof(f->value), "%.*s",
                        SLICE_ARG(ret->type == VALUE_STRING ? ret->string : SLICE("?")));
}

static void answer(struct fixture *f, size_t i, const char *json) {
        struct arena arena = ARENA_INIT;
        struct value message;
        assert_int_equal(store_json_get(slice_of(json), &arena, &message), 0);
        assert_non_null(f->sent[i].done);
        f->sent[i].done(f->sent[i].user, &message, NULL);
        arena_done(&arena);
}

static void refuse(struct fixture *f, size_t i, const char *why) {
        struct fault fault = FAULT_INIT;
        (void)fault_raise(&fault, "ValueError", "%s", why);
        f->sent[i].done(f->sent[i].user, NULL, &fault);
        fault_done(&fault);
}

static bool has_sent(const struct fixture *f, size_t i, const char *text) {
        return strstr(f->sent[i].text, text) != NULL;
}

static void make(struct fixture *f) {
        python_action_ask(f->action, "new", SLICE_NULL, NULL, on_answered, f);
}

static void it_is_made_with_its_arguments(void **state) {
        struct fixture *f = *state;
        make(f);
        assert_string_equal(f->sent[0].text,
                "{\"do\": \"new\", \"action\": 7, \"jail\": \"sshd\", \"name\": \"mine\", "
                "\"file\": "
                "\"/etc/mine.py\", \"arguments\": {\"path\": \"x\"}, \"bantime\": 600}");
        refuse(f, 0, "no such thing");
        assert_string_equal(f->fault, "no such thing");
        assert_true(python_action_is_same(
                f->action, SLICE("/etc/mine.py"), SLICE("{\"path\": \"x\"}")));
        assert_false(python_action_is_same(f->action, SLICE("/etc/mine.py"), SLICE("{}")));
}

static void arguments_that_are_no_object_are_refused(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        struct python_action_config config = {.env = &f->env,
                .jail = SLICE("sshd"),
                .name = SLICE("mine"),
                .file = SLICE("/etc/mine.py"),
                .json = SLICE("[1"),
                .props = &f->props};
        assert_null(python_action_new(&config, &fault));
        assert_string_equal(fault.kind, "ValueError");
        fault_done(&fault);
}

static void what_it_can_is_known_from_its_answers(void **state) {
        struct fixture *f = *state;
        make(f);
        answer(f, 0,
                "{\"value\": true, \"facts\": {\"flush\": true, \"prolong\": true, \"norestored\": "
                "true, \"reload\": false, \"check\": false}}");
        assert_true(action_props_text(&f->props, "actionflush").len > 0);
        assert_true(action_props_text(&f->props, "actionprolong").len > 0);
        assert_true(action_props_is_true(&f->props, "norestored"));
        assert_int_equal(python_action_start(f->action, ACTION_JOB_CHECK, NULL, on_run, f), 0);
        assert_int_equal(python_action_start(f->action, ACTION_JOB_RELOAD, NULL, on_run, f), 0);
        python_action_ask(f->action, "get", SLICE("x"), NULL, on_answered, f);
        answer(f, 1, "{\"value\": \"v\", \"facts\": {\"flush\": false, \"check\": true}}");
        assert_string_equal(f->value, "v");
        assert_int_equal(action_props_text(&f->props, "actionflush").len, 0);
        assert_false(action_props_is_true(&f->props, "norestored"));
        assert_int_equal(python_action_start(f->action, ACTION_JOB_CHECK, NULL, on_run, f),
                ACTION_RUN_WAITS);
}

static void a_ban_carries_what_is_known_and_asks_for_the_rest(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct address address;
        struct value value;
        assert_int_equal(address_parse(SLICE("192.0.2.1"), &address), 0);
        struct ticket *ticket = ticket_new(SLICE("192.0.2.1"), &address, 1795500000);
        assert_int_equal(python_action_start(f->action, ACTION_JOB_BAN, ticket, on_run, f),
                ACTION_RUN_WAITS);
        assert_true(has_sent(f, 0, "{\"do\": \"job\", \"action\": 7, \"job\": \"ban\""));
        assert_true(has_sent(f, 0, "\"ip\": \"192.0.2.1\", \"family\": \"inet4\""));
        assert_true(has_sent(f, 0, "\"bantime\": 600"));
        assert_true(has_sent(f, 0, "\"restored\": 0"));
        assert_false(has_sent(f, 0, "ipmatches"));
        assert_true(f->sent[0].tag(f->sent[0].user, SLICE("ipmatches"), &arena, &value));
        assert_true(slice_is(value.string, "all of it"));
        assert_true(f->sent[0].tag(f->sent[0].user, SLICE("ipfailures"), &arena, &value));
        assert_int_equal(value.integer, 12);
        answer(f, 0, "{\"value\": null}");
        assert_int_equal(f->done, 1);
        assert_int_equal(f->failed, 0);
        assert_false(f->sent[0].tag(f->sent[0].user, SLICE("ipmatches"), &arena, &value));
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void a_failure_is_logged_with_the_ban(void **state) {
        struct fixture *f = *state;
        struct address none = {.family = ADDRESS_NONE};
        struct ticket *ticket = ticket_new(SLICE("somebody"), &none, 1795500000);
        (void)python_action_start(f->action, ACTION_JOB_UNBAN, ticket, on_run, f);
        (void)ticket_unref(ticket);
        refuse(f, 0, "not now");
        assert_int_equal(f->failed, 1);
        struct slice said = buffer_view(&f->diags);
        assert_true(slice_find(said,
                            SLICE("40 fail2ban.actions Failed to execute unban jail 'sshd' action "
                                  "'mine' info 'ActionInfo({'ip': 'somebody'"),
                            0) < said.len);
        assert_true(slice_find(said, SLICE("': not now\n"), 0) < said.len);
}

static void a_new_process_is_told_everything_again(void **state) {
        struct fixture *f = *state;
        struct value blue = value_text("blue");
        f->watcher->on_restart(f->watcher->user);
        assert_int_equal(f->count, 0); /* it was never made */
        make(f);
        (void)python_action_start(f->action, ACTION_JOB_START, NULL, on_run, f);
        answer(f, 1, "{\"value\": null}");
        python_action_ask(f->action, "set", SLICE("colour"), &blue, on_answered, f);
        answer(f, 2, "{\"value\": \"blue\", \"was_set\": true}");
        python_action_ask(f->action, "set", SLICE("method"), &blue, on_answered, f);
        answer(f, 3, "{\"value\": \"called\", \"was_set\": false}");
        f->count = 0;
        f->watcher->on_restart(f->watcher->user);
        assert_int_equal(f->count, 3);
        assert_true(has_sent(f, 0, "\"do\": \"new\""));
        assert_string_equal(f->sent[1].text,
                "{\"do\": \"set\", \"action\": 7, \"property\": \"colour\", \"value\": \"blue\"}");
        assert_true(has_sent(f, 2, "\"job\": \"start\""));
        refuse(f, 2, "no");
        struct slice said = buffer_view(&f->diags);
        assert_true(slice_find(said, SLICE("Failed to start jail 'sshd' action 'mine': no"), 0) <
                    said.len);
}

static void cancelled_jobs_and_dismissed_questions_end(void **state) {
        struct fixture *f = *state;
        (void)python_action_start(f->action, ACTION_JOB_START, NULL, on_run, f);
        python_action_cancel(f->action);
        assert_null(f->sent[0].done);
        assert_int_equal(f->done, 0);
        python_action_ask(f->action, "get", SLICE("x"), NULL, on_answered, f);
        python_action_ask(f->action, "get", SLICE("y"), NULL, on_answered, f);
        python_action_dismiss(f->action);
        assert_int_equal(f->done, 2);
        assert_string_equal(f->fault, "action mine is gone");
        python_action_ask(f->action, "get", SLICE("z"), NULL, on_answered, f); /* freed with it */
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(it_is_made_with_its_arguments),
                CASE(arguments_that_are_no_object_are_refused),
                CASE(what_it_can_is_known_from_its_answers),
                CASE(a_ban_carries_what_is_known_and_asks_for_the_rest),
                CASE(a_failure_is_logged_with_the_ban),
                CASE(a_new_process_is_told_everything_again),
                CASE(cancelled_jobs_and_dismissed_questions_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
