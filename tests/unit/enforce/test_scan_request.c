/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/scan_request.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "channel/value_code.h"

struct answers {
        unsigned count;
        char error[256];
        int64_t value;
};

static void on_reply(void *user, const struct fault *fault, const struct value *value) {
        struct answers *answers = user;
        answers->count++;
        (void)snprintf(
                answers->error, sizeof(answers->error), "%s", fault ? fault_text(fault) : "");
        answers->value = value->type == VALUE_INT ? value->integer : -1;
}

struct test {
        struct scan_requests requests;
        struct answers answers;
        struct arena arena;
};

static int setup(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        scan_requests_init(&t->requests);
        *state = t;
        return 0;
}

static int teardown(void **state) {
        struct test *t = *state;
        scan_requests_done(&t->requests);
        arena_done(&t->arena);
        free(t);
        return 0;
}

static struct scan_request *add(struct test *t, uint32_t jail, const char *option) {
        struct scan_request *request = NULL;
        struct value list = value_list();
        assert_int_equal(
                scan_requests_add(&t->requests, jail, slice_of(option), &list, &request, NULL), 0);
        request->reply = on_reply;
        request->user = &t->answers;
        return request;
}

/* A SCAN_SET_REPLY body. */
static struct slice reply_body(
        struct test *t, uint32_t number, const char *kind, const char *text) {
        struct buffer body = BUFFER_INIT(4096);
        struct value value = value_int(7);
        (void)message_put_u32(&body, number);
        (void)message_put_text(&body, slice_of(kind));
        (void)message_put_text(&body, slice_of(text));
        (void)value_put(&body, &value);
        struct slice copy = arena_copy(&t->arena, buffer_view(&body));
        buffer_done(&body);
        return copy;
}

static void replies_are_matched_in_order(void **state) {
        struct test *t = *state;
        struct scan_reply reply;
        uint32_t first = add(t, 1, "usedns")->number;
        uint32_t second = add(t, 1, "maxlines")->number;
        assert_int_equal(scan_requests_match(&t->requests, reply_body(t, second, "", ""), &t->arena,
                                 &reply, NULL),
                -EPROTO);
        assert_int_equal(scan_requests_match(&t->requests, reply_body(t, first, "", ""), &t->arena,
                                 &reply, NULL),
                0);
        assert_string_equal(reply.request->option, "usedns");
        assert_int_equal(reply.value.integer, 7);
        assert_null(reply.fault.text);
        scan_request_answer(reply.request, NULL, &reply.value);
        assert_int_equal(t->answers.value, 7);
        (void)scan_request_free(reply.request);
        assert_int_equal(
                scan_requests_match(&t->requests, reply_body(t, second, "ValueError", "no"),
                        &t->arena, &reply, NULL),
                0);
        assert_string_equal(reply.fault.kind, "ValueError");
        assert_string_equal(fault_text(&reply.fault), "no");
        fault_done(&reply.fault);
        (void)scan_request_free(reply.request);
        assert_int_equal(t->requests.count, 0);
}

static void malformed_replies_are_refused(void **state) {
        struct test *t = *state;
        struct scan_reply reply;
        uint32_t number = add(t, 1, "usedns")->number;
        struct slice good = reply_body(t, number, "", "");
        for (size_t len = 0; len < good.len; len++)
                assert_int_equal(scan_requests_match(&t->requests, slice_sub(good, 0, len),
                                         &t->arena, &reply, NULL),
                        -EPROTO);
        char *bytes = arena_alloc(&t->arena, good.len + 1);
        memcpy(bytes, good.data, good.len);
        struct slice longer = {bytes, good.len + 1};
        assert_int_equal(
                scan_requests_match(&t->requests, longer, &t->arena, &reply, NULL), -EPROTO);
        assert_int_equal(t->requests.count, 1);
}

static void a_removed_jail_is_answered_at_once_and_only_once(void **state) {
        struct test *t = *state;
        (void)add(t, 1, "usedns");
        (void)add(t, 2, "usedns");
        scan_requests_fail_jail(&t->requests, 1);
        assert_int_equal(t->answers.count, 1);
        assert_string_equal(t->answers.error, "the jail has been removed");
        scan_requests_note_death(&t->requests);
        assert_int_equal(t->requests.count, 1); /* the dead one need not be sent again */
        assert_int_equal(t->answers.count, 1);
}

static void a_request_that_kills_is_given_up(void **state) {
        struct test *t = *state;
        (void)add(t, 1, "crash");
        (void)add(t, 1, "usedns");
        for (int i = 1; i < SCAN_REQUEST_DEATHS_MAX; i++) {
                scan_requests_note_death(&t->requests);
                assert_int_equal(t->requests.count, 2);
        }
        scan_requests_note_death(&t->requests);
        assert_int_equal(t->requests.count, 1);
        assert_string_equal(t->answers.error, "the scanner died of option 'crash'");
        assert_string_equal(t->requests.first->option, "usedns");
        assert_int_equal(t->requests.first->deaths, 0);
}

static void too_large_a_value_is_refused(void **state) {
        struct test *t = *state;
        struct scan_request *request = NULL;
        struct fault fault = FAULT_INIT;
        struct value list = value_list();
        char *text = arena_alloc(&t->arena, (size_t)17 << 20);
        (void)value_append(&list, value_string((struct slice){text, (size_t)17 << 20}), &t->arena);
        assert_int_equal(
                scan_requests_add(&t->requests, 1, SLICE("prefregex"), &list, &request, &fault),
                -ENOBUFS);
        assert_non_null(strstr(fault_text(&fault), "prefregex"));
        fault_done(&fault);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(replies_are_matched_in_order),
                CASE(malformed_replies_are_refused),
                CASE(a_removed_jail_is_answered_at_once_and_only_once),
                CASE(a_request_that_kills_is_given_up),
                CASE(too_large_a_value_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
