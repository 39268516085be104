/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resolver process's work within this process, between a server that is played here and lookups
 * of known result. */
#include "resolve/responder.h"

#include "../cmocka_include.h"

#include "base/memory.h"
#include "channel/channel.h"

struct test {
        struct loop *loop;
        struct responder *responder;
        struct channel *server;
        struct slice ask;   /* sent when the responder is ready */
        unsigned questions; /* how often */
        unsigned ready, answers, wanted;
        uint64_t sum;
        char text[LOOKUP_TEXT_MAX + 1];
        bool failed;
};

/* The name of an address is "name.test", anything else fails. */
static void work(const struct lookup_question *question, struct system_lookup *ret) {
        *ret = (struct system_lookup){
                .answer = {.number = question->number, .failed = question->kind != LOOKUP_NAME}
        };
        (void)snprintf(ret->text, sizeof(ret->text), "%s", ret->answer.failed ? "no" : "name.test");
        ret->answer.text = slice_of(ret->text);
}

static void hang_up(struct test *t) {
        t->server = channel_free(t->server);
}

static void on_ready(struct test *t, struct slice body) {
        struct message_reader in = message_reader_of(body);
        t->ready++;
        assert_int_equal(message_get_u32(&in), CHANNEL_VERSION);
        assert_true(message_read_end(&in));
        for (unsigned i = 0; i < t->questions; i++)
                assert_int_equal(channel_send(t->server, MESSAGE_RESOLVE_ASK, t->ask), 0);
        if (t->wanted == 0 && t->questions == 0)
                hang_up(t);
}

static void on_message(void *user, struct message *message) {
        struct test *t = user;
        struct lookup_answer answer;
        if (message->type == MESSAGE_RESOLVE_READY) {
                on_ready(t, message->body);
                return;
        }
        assert_int_equal(message->type, MESSAGE_RESOLVE_ANSWER);
        assert_int_equal(lookup_get_answer(message->body, &answer), 0);
        t->sum += answer.number;
        t->failed = answer.failed;
        (void)snprintf(t->text, sizeof(t->text), "%.*s", SLICE_ARG(answer.text));
        if (++t->answers == t->wanted)
                hang_up(t);
}

static void on_close(void *user, const struct fault *fault) {
        struct test *t = user;
        (void)fault;
        hang_up(t);
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        int fds[2];
        *t = (struct test){.loop = loop_new()};
        *state = t;
        if (channel_pair(fds) < 0)
                return -1;
        t->server = channel_new(t->loop, fds[0], CHANNEL_SERVER, CHANNEL_RESOLVER, &channel_ops, t);
        t->responder = responder_new(t->loop, fds[1]);
        return t->server && t->responder ? 0 : -1;
}

static int tear_down(void **state) {
        struct test *t = *state;
        t->responder = responder_free(t->responder);
        t->server = channel_free(t->server);
        t->loop = loop_free(t->loop);
        free(t);
        return 0;
}

static int run(struct test *t, const struct lookup_question *question, unsigned count) {
        struct buffer body = BUFFER_INIT(512);
        assert_int_equal(lookup_put_question(&body, question), 0);
        t->ask = buffer_view(&body);
        t->questions = count;
        t->wanted = count;
        int code = responder_run(t->responder, work);
        buffer_done(&body);
        return code;
}

static void it_is_ready_before_it_is_asked(void **state) {
        struct test *t = *state;
        assert_int_equal(responder_run(t->responder, work), 0);
        assert_int_equal(t->ready, 1);
        assert_int_equal(t->answers, 0);
}

static void each_question_gets_its_answer(void **state) {
        struct test *t = *state;
        const struct lookup_question question = {
                .number = 7, .kind = LOOKUP_NAME, .text = SLICE("192.0.2.1")};
        assert_int_equal(run(t, &question, LOOKUPS_MAX), 0);
        assert_int_equal(t->answers, LOOKUPS_MAX);
        assert_true(t->sum == 7 * LOOKUPS_MAX);
        assert_string_equal(t->text, "name.test");
        assert_false(t->failed);
}

static void a_failure_is_an_answer(void **state) {
        struct test *t = *state;
        const struct lookup_question question = {
                .number = 1, .kind = LOOKUP_ADDRESSES, .text = SLICE("none.test")};
        assert_int_equal(run(t, &question, 1), 0);
        assert_true(t->failed);
        assert_string_equal(t->text, "no");
}

static void a_malformed_question_ends_it(void **state) {
        struct test *t = *state;
        t->ask = SLICE("\1\0\0\0"
                       "\7"
                       "\0"
                       "\1\0\0\0"
                       "a");
        t->questions = 1;
        assert_int_equal(responder_run(t->responder, work), 1);
        assert_int_equal(t->answers, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(it_is_ready_before_it_is_asked, set_up, tear_down),
                cmocka_unit_test_setup_teardown(each_question_gets_its_answer, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_failure_is_an_answer, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_malformed_question_ends_it, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
