/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/lookup.h"

#include <errno.h>

#include "../cmocka_include.h"

static struct address parsed(const char *text) {
        struct address address;
        assert_int_equal(address_parse(slice_of(text), &address), 0);
        return address;
}

static void questions_come_back_as_they_were_put(void **state) {
        (void)state;
        const struct lookup_question questions[] = {
                {1,          LOOKUP_ADDRESSES, true,  SLICE("www.example.com")},
                {UINT32_MAX, LOOKUP_NAME,      false, SLICE("192.0.2.1")      },
                {0,          LOOKUP_ADDRESSES, false, SLICE("")               },
        };
        for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
                struct buffer out = BUFFER_INIT(512);
                struct lookup_question got;
                assert_int_equal(lookup_put_question(&out, &questions[i]), 0);
                assert_true(buffer_len(&out) <= message_info(MESSAGE_RESOLVE_ASK)->body_max);
                assert_int_equal(lookup_get_question(buffer_view(&out), &got), 0);
                assert_int_equal(got.number, questions[i].number);
                assert_int_equal(got.kind, questions[i].kind);
                assert_int_equal(got.has_ipv6, questions[i].has_ipv6);
                assert_true(slice_equal(got.text, questions[i].text));
                buffer_done(&out);
        }
}

static void the_longest_messages_fit_into_the_table(void **state) {
        char text[LOOKUP_TEXT_MAX + 1];
        struct buffer out = BUFFER_INIT(8192);
        struct lookup_answer answer = {
                .text = {text, LOOKUP_TEXT_MAX},
                  .count = LOOKUP_ADDRESSES_MAX
        };
        struct lookup_question question = {
                .text = {text, LOOKUP_TEXT_MAX}
        };
        (void)state;
        memset(text, 'a', sizeof(text));
        for (size_t i = 0; i < LOOKUP_ADDRESSES_MAX; i++)
                answer.addresses[i] = parsed("2001:db8::1");
        assert_int_equal(lookup_put_answer(&out, &answer), 0);
        assert_true(buffer_len(&out) <= message_info(MESSAGE_RESOLVE_ANSWER)->body_max);
        assert_int_equal(lookup_get_answer(buffer_view(&out), &answer), 0);
        assert_int_equal(answer.count, LOOKUP_ADDRESSES_MAX);
        buffer_clear(&out);
        assert_int_equal(lookup_put_question(&out, &question), 0);
        assert_true(buffer_len(&out) <= message_info(MESSAGE_RESOLVE_ASK)->body_max);
        buffer_done(&out);
}

static void what_is_above_a_cap_is_not_put(void **state) {
        char text[LOOKUP_TEXT_MAX + 1] = {0};
        struct buffer out = BUFFER_INIT(8192);
        const struct lookup_question question = {
                .text = {text, sizeof(text)}
        };
        const struct lookup_answer long_text = {
                .text = {text, sizeof(text)}
        };
        const struct lookup_answer many = {.count = LOOKUP_ADDRESSES_MAX + 1};
        (void)state;
        assert_int_equal(lookup_put_question(&out, &question), -EMSGSIZE);
        assert_int_equal(lookup_put_answer(&out, &long_text), -EMSGSIZE);
        assert_int_equal(lookup_put_answer(&out, &many), -EMSGSIZE);
        buffer_done(&out);
}

static void answers_come_back_in_the_normal_form(void **state) {
        struct buffer out = BUFFER_INIT(512);
        struct lookup_answer answer = {.number = 7, .text = SLICE("name.test"), .count = 3};
        struct lookup_answer got;
        (void)state;
        answer.addresses[0] = parsed("192.0.2.1");
        answer.addresses[1] = parsed("2001:db8::1");
        answer.addresses[2] = (struct address){
                .family = ADDRESS_INET6,
                .plen = 128,
                .bytes = {[10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 9}
        };
        assert_int_equal(lookup_put_answer(&out, &answer), 0);
        assert_int_equal(lookup_get_answer(buffer_view(&out), &got), 0);
        assert_int_equal(got.number, 7);
        assert_false(got.failed);
        assert_true(slice_is(got.text, "name.test"));
        assert_int_equal(got.count, 3);
        const struct address mapped = parsed("198.51.100.9");
        assert_true(address_equal(&got.addresses[0], &answer.addresses[0]));
        assert_true(address_equal(&got.addresses[1], &answer.addresses[1]));
        assert_true(address_equal(&got.addresses[2], &mapped));
        buffer_done(&out);
}

static void every_cut_is_noticed(void **state) {
        struct buffer out = BUFFER_INIT(512);
        struct lookup_answer answer = {
                .number = 7, .failed = true, .text = SLICE("no"), .count = 1};
        struct lookup_question question = {.number = 7, .text = SLICE("name.test")};
        struct lookup_answer got;
        (void)state;
        answer.addresses[0] = parsed("192.0.2.1");
        assert_int_equal(lookup_put_answer(&out, &answer), 0);
        struct slice whole = buffer_view(&out);
        for (size_t len = 0; len < whole.len; len++)
                assert_int_equal(lookup_get_answer(slice_sub(whole, 0, len), &got), -EBADMSG);
        buffer_clear(&out);
        assert_int_equal(lookup_put_question(&out, &question), 0);
        whole = buffer_view(&out);
        for (size_t len = 0; len < whole.len; len++)
                assert_int_equal(
                        lookup_get_question(slice_sub(whole, 0, len), &question), -EBADMSG);
        buffer_done(&out);
}

static void nonsense_is_refused(void **state) {
        const struct {
                const char *what;
                struct slice body;
        } answers[] = {
                {"left over",             SLICE("\1\0\0\0"
                                    "\0"
                                    "\0\0\0\0"
                                    "\0"
                                    "x")                                 },
                {"neither yes nor no",    SLICE("\1\0\0\0"
                                             "\2"
                                             "\0\0\0\0"
                                             "\0")              },
                {"a NUL in the name",     SLICE("\1\0\0\0"
                                            "\0"
                                            "\3\0\0\0"
                                            "a\0b"
                                            "\0")                },
                {"too many addresses",    SLICE("\1\0\0\0"
                                             "\0"
                                             "\0\0\0\0"
                                             "\101")            },
                {"an address of 5 bytes", SLICE("\1\0\0\0"
                                                "\0"
                                                "\0\0\0\0"
                                                "\1"
                                                "\5\0\0\0"
                                                "\1\2\3\4\5")},
                {"a length of 4 GiB",     SLICE("\1\0\0\0"
                                            "\0"
                                            "\377\377\377\377"
                                            "\0")                },
        };
        const struct slice questions[] = {
                SLICE("\1\0\0\0"
                      "\2"
                      "\0"
                      "\1\0\0\0"
                      "a"), /* no such kind */
                SLICE("\1\0\0\0"
                      "\0"
                      "\2"
                      "\1\0\0\0"
                      "a"),
                SLICE("\1\0\0\0"
                      "\0"
                      "\1"
                      "\3\0\0\0"
                      "a\0b"),
                SLICE("\1\0\0\0"
                      "\0"
                      "\1"
                      "\1\0\0\0"
                      "ab"),
        };
        struct lookup_answer answer;
        struct lookup_question question;
        (void)state;
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
                if (lookup_get_answer(answers[i].body, &answer) != -EBADMSG)
                        fail_msg("%s was taken", answers[i].what);
        for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
                assert_int_equal(lookup_get_question(questions[i], &question), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(questions_come_back_as_they_were_put),
                cmocka_unit_test(the_longest_messages_fit_into_the_table),
                cmocka_unit_test(what_is_above_a_cap_is_not_put),
                cmocka_unit_test(answers_come_back_in_the_normal_form),
                cmocka_unit_test(every_cut_is_noticed),
                cmocka_unit_test(nonsense_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
