/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against a process whose answers are known (tests/support/fake_resolver.c). */
#include "enforce/resolver.h"

#include <netdb.h>

#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"
#include "base/memory.h"

#define WAIT_US 120000000
#define SECOND_US INT64_C(1000000)

struct test {
        struct loop *loop;
        struct clock clock;
        struct resolver *resolver;
        unsigned answers;
        char seen[512];
};

static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        struct test *t = user;
        size_t used = 0;
        t->answers++;
        t->seen[0] = '\0';
        if (fault)
                (void)snprintf(t->seen, sizeof(t->seen), "%s", fault_text(fault));
        for (size_t i = 0; i < count; i++) {
                char text[ADDRESS_TEXT_MAX];
                struct slice printed = address_print(&addresses[i], text);
                used += (size_t)snprintf(
                        t->seen + used, sizeof(t->seen) - used, "%.*s ", SLICE_ARG(printed));
        }
}

static void on_name(void *user, struct slice name) {
        struct test *t = user;
        t->answers++;
        (void)snprintf(t->seen, sizeof(t->seen), "%.*s", SLICE_ARG(name));
}

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        (void)text;
}

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        *state = t;
        diag_set_sink(sink, NULL);
        t->loop = loop_new();
        clock_fix(&t->clock, 1700000000 * SECOND_US);
        t->resolver = resolver_new(t->loop, &t->clock, FAKE_RESOLVER);
        return 0;
}

static int tear_down(void **state) {
        struct test *t = *state;
        t->resolver = resolver_free(t->resolver);
        t->loop = loop_free(t->loop);
        free(t);
        return 0;
}

static const char *wait_for(struct test *t, unsigned answers) {
        int64_t end = loop_now_us() + WAIT_US;
        while (t->answers < answers && loop_now_us() < end)
                (void)loop_step(t->loop, 20000);
        assert_int_equal(t->answers, answers);
        return t->seen;
}

static const char *ask(struct test *t, const char *name) {
        unsigned before = t->answers;
        resolver_ask_addresses(t->resolver, slice_of(name), on_addresses, t);
        return wait_for(t, before + 1);
}

static void names_have_addresses_or_a_reason(void **state) {
        struct test *t = *state;
        assert_string_equal(ask(t, "two.test"), "192.0.2.1 2001:db8::1 ");
        assert_string_equal(ask(t, "nosuch.test"), "Name or service not known");
}

static void an_address_needs_no_question(void **state) {
        struct test *t = *state;
        resolver_ask_addresses(t->resolver, SLICE("192.0.2.9"), on_addresses, t);
        assert_int_equal(t->answers, 1);
        assert_string_equal(t->seen, "192.0.2.9 ");
}

static void on_one(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        char *text = user;
        char buffer[ADDRESS_TEXT_MAX];
        assert_null(fault);
        assert_int_equal(count, 1);
        (void)snprintf(
                text, ADDRESS_TEXT_MAX, "%.*s", SLICE_ARG(address_print(&addresses[0], buffer)));
}

/* As getaddrinfo() of this machine has it. */
static void a_number_needs_no_question(void **state) {
        static const char *const numbers[] = {"52401", "0", "1.2.3", "0x7f.1", "010", "1.0x10.3",
                "4294967295", "00000000000000000010", "1.2.65535", "0xdeadbeef", "127.1"};
        static const char *const others[] = {"4294967296", "1.2.65536", "1.2.3.4.5", "09", "0x",
                ".", "1.", "256.1.1.1", "52401x", "-1", "1 ", "0xg", "1..2", "deadbeef",
                "1.2.3.4 "};
        struct test *t = *state;
        struct addrinfo *found = NULL;
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_family = AF_INET};
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                char got[ADDRESS_TEXT_MAX] = "", expected[ADDRESS_TEXT_MAX] = "";
                resolver_ask_addresses(t->resolver, slice_of(numbers[i]), on_one, got);
                assert_int_equal(getaddrinfo(numbers[i], NULL, &hints, &found), 0);
                assert_int_equal(getnameinfo(found->ai_addr, found->ai_addrlen, expected,
                                         sizeof(expected), NULL, 0, NI_NUMERICHOST),
                        0);
                freeaddrinfo(found);
                assert_string_equal(got, expected);
        }
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                assert_int_not_equal(getaddrinfo(others[i], NULL, &hints, &found), 0);
                (void)ask(t, others[i]); /* whatever that one says */
                assert_int_equal(t->answers, i + 1);
        }
}

static void addresses_have_names(void **state) {
        struct test *t = *state;
        struct address address;
        assert_int_equal(address_parse(SLICE("192.0.2.9"), &address), 0);
        resolver_ask_name(t->resolver, &address, on_name, t);
        assert_string_equal(wait_for(t, 1), "name.test");
}

static void the_cache_answers_at_once(void **state) {
        struct test *t = *state;
        assert_string_equal(ask(t, "many.test"), "0.0.0.0 ");
        resolver_ask_addresses(t->resolver, SLICE("many.test"), on_addresses, t);
        assert_int_equal(t->answers, 2);
        assert_string_equal(t->seen, "0.0.0.0 ");
        resolver_clear_cache(t->resolver);
        assert_string_equal(ask(t, "many.test"), "0.0.0.0 0.0.0.0 ");
        resolver_set_ipv6(t->resolver, 0);
        assert_string_equal(ask(t, "many.test"), "0.0.0.0 0.0.0.0 0.0.0.0 ");
}

static void answers_are_kept_for_their_time(void **state) {
        struct test *t = *state;
        assert_string_equal(ask(t, "many.test"), "0.0.0.0 ");
        clock_advance(&t->clock, RESOLVER_CACHE_S * SECOND_US - 1);
        assert_string_equal(ask(t, "many.test"), "0.0.0.0 ");
        clock_advance(&t->clock, 1);
        assert_string_equal(ask(t, "many.test"), "0.0.0.0 0.0.0.0 ");
}

static void the_same_question_is_asked_once(void **state) {
        struct test *t = *state;
        for (int i = 0; i < 10; i++)
                resolver_ask_addresses(t->resolver, SLICE("many.test"), on_addresses, t);
        assert_string_equal(wait_for(t, 10), "0.0.0.0 ");
}

/* Each has a number, and all are told in their order, however many there are. */
#define CROWD 50000
static unsigned told;

static void on_turn(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        (void)addresses;
        (void)count;
        (void)fault;
        told += *(unsigned *)user == told;
}

static void a_crowd_that_waits_is_told_in_its_order(void **state) {
        struct test *t = *state;
        unsigned *numbers = memory_new_array(CROWD, sizeof(*numbers));
        told = 0;
        for (unsigned i = 0; i < CROWD; i++) {
                numbers[i] = i;
                resolver_ask_addresses(t->resolver, SLICE("two.test"), on_turn, &numbers[i]);
        }
        resolver_forget(t->resolver, &numbers[CROWD - 1]);
        resolver_ask_addresses(t->resolver, SLICE("two.test"), on_turn, &numbers[CROWD - 1]);
        int64_t end = loop_now_us() + WAIT_US;
        while (told < CROWD && loop_now_us() < end)
                (void)loop_step(t->loop, 20000);
        assert_int_equal(told, CROWD);
        free(numbers);
}

static void a_child_that_dies_fails_its_questions_only(void **state) {
        struct test *t = *state;
        assert_string_equal(ask(t, "crash.test"), "Temporary failure in name resolution");
        assert_string_equal(ask(t, "two.test"), "192.0.2.1 2001:db8::1 ");
        assert_string_equal(ask(t, "lie.test"), "Temporary failure in name resolution");
        resolver_clear_cache(t->resolver);
        assert_string_equal(ask(t, "two.test"), "192.0.2.1 2001:db8::1 ");
}

static void who_was_with_a_crash_is_asked_again(void **state) {
        struct test *t = *state;
        struct test crashed = {0};
        /* All go to the child at once, as soon as it is ready. */
        resolver_ask_addresses(t->resolver, SLICE("two.test"), on_addresses, t);
        resolver_ask_addresses(t->resolver, SLICE("crash.test"), on_addresses, &crashed);
        resolver_ask_addresses(t->resolver, SLICE("pid.test"), on_addresses, t);
        /* Both may come in one step. */
        for (int64_t end = loop_now_us() + WAIT_US; t->answers < 2 && loop_now_us() < end;)
                assert_int_equal(loop_step(t->loop, 20000), 0);
        assert_true(slice_has_prefix(slice_of(wait_for(t, 2)), SLICE("1")));
        while (crashed.answers == 0)
                assert_int_equal(loop_step(t->loop, 20000), 0);
        assert_string_equal(crashed.seen, "Temporary failure in name resolution");
}

static void what_takes_too_long_is_unknown(void **state) {
        static const char *const names[] = {"hang.test", "stop.test"};
        struct test *t = *state;
        char before[64];
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                (void)snprintf(before, sizeof(before), "%s", ask(t, "pid.test"));
                unsigned answers = t->answers;
                resolver_ask_addresses(t->resolver, slice_of(names[i]), on_addresses, t);
                clock_advance(&t->clock, RESOLVER_TIMEOUT_MS * INT64_C(1000) - 1);
                (void)loop_step(t->loop, 0);
                assert_int_equal(t->answers, answers);
                clock_advance(&t->clock, 1);
                assert_string_equal(
                        wait_for(t, answers + 1), "Temporary failure in name resolution");
                resolver_clear_cache(t->resolver);
                assert_string_not_equal(ask(t, "pid.test"), before); /* it said nothing at all */
                resolver_clear_cache(t->resolver);
        }
}

/* Asks so many questions that are never answered. */
static void hang(struct test *t, struct test *who, const char *prefix, int count) {
        for (int i = 0; i < count; i++) {
                char name[32];
                (void)snprintf(name, sizeof(name), "hang-%s%d.test", prefix, i);
                resolver_ask_addresses(t->resolver, slice_of(name), on_addresses, who);
        }
}

static const char *ask_pid(struct test *t) {
        resolver_clear_cache(t->resolver);
        return ask(t, "pid.test");
}

static void a_child_whose_threads_hang_is_replaced_with_questions_on_their_way(void **state) {
        const int64_t half_us = RESOLVER_TIMEOUT_MS * INT64_C(1000) / 2;
        struct test *t = *state;
        struct test first = {0};
        struct test second = {0};
        struct test third = {0};
        char before[64];
        (void)snprintf(before, sizeof(before), "%s", ask_pid(t));
        hang(t, &first, "a", 7);
        clock_advance(&t->clock, half_us);
        hang(t, &second, "b", 1);
        assert_string_equal(ask_pid(t), before);
        clock_advance(&t->clock, half_us);
        assert_string_equal(ask_pid(t), before); /* half of the threads still work */
        assert_int_equal(first.answers, 7);
        assert_int_equal(second.answers, 0);
        hang(t, &third, "c", 2);
        clock_advance(&t->clock, half_us);
        assert_string_not_equal(ask_pid(t), before);
        assert_int_equal(second.answers, 1);
        assert_int_equal(third.answers, 0);
        clock_advance(&t->clock, 2 * half_us); /* the new child has had the third for that long */
        (void)ask_pid(t);
        assert_int_equal(third.answers, 2);
}

static void no_question_waits_for_ever_for_a_process(void **state) {
        struct test *t = *state;
        char folder[] = "/tmp/resolver_XXXXXX";
        char path[64];
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/program", folder);
        assert_int_equal(symlink(FAKE_RESOLVER, path), 0);
        struct resolver *resolver = resolver_new(t->loop, &t->clock, path);
        resolver_ask_addresses(resolver, SLICE("two.test"), on_addresses, t);
        assert_string_equal(wait_for(t, 1), "192.0.2.1 2001:db8::1 ");
        assert_int_equal(unlink(path), 0);
        resolver_ask_addresses(resolver, SLICE("crash.test"), on_addresses, t);
        for (int i = 0; i < 5; i++) /* the child dies, and cannot be started again */
                (void)loop_step(t->loop, 50000);
        resolver_ask_addresses(resolver, SLICE("nosuch.test"), on_addresses, t);
        clock_advance(&t->clock, RESOLVER_WAIT_MS * INT64_C(1000));
        assert_string_equal(wait_for(t, 3), "Temporary failure in name resolution");
        resolver = resolver_free(resolver);
        assert_int_equal(rmdir(folder), 0);
}

static void on_addresses_clear(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        struct test *t = user;
        resolver_clear_cache(t->resolver);
        on_addresses(user, addresses, count, fault);
}

static void an_answer_stays_while_it_is_told(void **state) {
        struct test *t = *state;
        for (unsigned i = 1; i <= 2; i++) { /* from the child, then from the cache */
                resolver_ask_addresses(t->resolver, SLICE("two.test"), on_addresses_clear, t);
                assert_string_equal(wait_for(t, i), "192.0.2.1 2001:db8::1 ");
        }
}

static void who_is_forgotten_hears_nothing(void **state) {
        struct test *t = *state;
        struct test other = {0};
        resolver_ask_addresses(t->resolver, SLICE("two.test"), on_addresses, &other);
        resolver_ask_addresses(t->resolver, SLICE("two.test"), on_addresses, t);
        resolver_forget(t->resolver, &other);
        (void)wait_for(t, 1);
        assert_int_equal(other.answers, 0);
}

static bool is_odd(const void *user, const void *whom) {
        (void)whom;
        return *(const unsigned *)user % 2 == 1;
}

static void whole_groups_of_one_handler_are_forgotten(void **state) {
        struct test *t = *state;
        unsigned numbers[] = {0, 1, 1, 1, 3};
        told = 0;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                resolver_ask_addresses(t->resolver, SLICE("two.test"), on_turn, &numbers[i]);
        resolver_ask_addresses(t->resolver, SLICE("two.test"), on_addresses, t);
        resolver_forget_all(t->resolver, on_turn, is_odd, NULL);
        (void)wait_for(t, 1);
        assert_int_equal(told, 1); /* the one whose turn it was; the others are not told */
        numbers[0] = 1;
        resolver_ask_addresses(t->resolver, SLICE("two.test"), on_turn, &numbers[0]);
        assert_int_equal(told, 2); /* from the cache */
}

static void what_is_no_name_is_not_asked(void **state) {
        struct test *t = *state;
        char longer[RESOLVER_NAME_MAX + 2];
        memset(longer, 'a', sizeof(longer));
        longer[sizeof(longer) - 1] = '\0';
        resolver_ask_addresses(t->resolver, slice_of(longer), on_addresses, t);
        resolver_ask_addresses(t->resolver, SLICE(""), on_addresses, t);
        resolver_ask_addresses(t->resolver, SLICE("a\0b"), on_addresses, t);
        assert_int_equal(t->answers, 3);
        assert_string_equal(t->seen, "Name or service not known");
}

static void questions_are_bounded(void **state) {
        struct test *t = *state;
        for (int i = 0; i <= RESOLVER_PENDING_MAX; i++) {
                char name[32];
                (void)snprintf(name, sizeof(name), "n%d.test", i);
                resolver_ask_addresses(t->resolver, slice_of(name), on_addresses, t);
        }
        assert_int_equal(t->answers, 1);
        assert_string_equal(t->seen, "Temporary failure in name resolution");
}

static void without_its_program_every_question_fails(void **state) {
        struct test *t = *state;
        struct resolver *resolver = resolver_new(t->loop, &t->clock, "/nonexistent");
        resolver_ask_addresses(resolver, SLICE("two.test"), on_addresses, t);
        assert_int_equal(t->answers, 1);
        assert_string_equal(t->seen, "/nonexistent: No such file or directory");
        resolver = resolver_free(resolver);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        names_have_addresses_or_a_reason, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_address_needs_no_question, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_number_needs_no_question, set_up, tear_down),
                cmocka_unit_test_setup_teardown(addresses_have_names, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_cache_answers_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(answers_are_kept_for_their_time, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_same_question_is_asked_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_crowd_that_waits_is_told_in_its_order, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        who_was_with_a_crash_is_asked_again, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_takes_too_long_is_unknown, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_child_whose_threads_hang_is_replaced_with_questions_on_their_way, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        no_question_waits_for_ever_for_a_process, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_child_that_dies_fails_its_questions_only, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        an_answer_stays_while_it_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(who_is_forgotten_hears_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        whole_groups_of_one_handler_are_forgotten, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_name_is_not_asked, set_up, tear_down),
                cmocka_unit_test_setup_teardown(questions_are_bounded, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        without_its_program_every_question_fails, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
