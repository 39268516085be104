/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of a resolver that may be anybody's, and questions: what is taken is within its caps, and
 * reads the same when it is written again. */
#include "channel/lookup.h"
#include "fuzz.h"

static void check_answer(struct slice body) {
        struct lookup_answer answer;
        struct lookup_answer again;
        struct buffer out = BUFFER_INIT(message_info(MESSAGE_RESOLVE_ANSWER)->body_max);
        if (lookup_get_answer(body, &answer) == 0) {
                FUZZ_REQUIRE(lookup_put_answer(&out, &answer) == 0);
                FUZZ_REQUIRE(lookup_get_answer(buffer_view(&out), &again) == 0);
                FUZZ_REQUIRE(answer.count == again.count && slice_equal(answer.text, again.text));
                for (size_t i = 0; i < answer.count; i++)
                        FUZZ_REQUIRE(address_equal(&answer.addresses[i], &again.addresses[i]));
        }
        buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice body = fuzz_input(data, size);
        struct lookup_question question;
        struct buffer out = BUFFER_INIT(message_info(MESSAGE_RESOLVE_ASK)->body_max);
        check_answer(body);
        if (lookup_get_question(body, &question) == 0) {
                FUZZ_REQUIRE(lookup_put_question(&out, &question) == 0);
                FUZZ_REQUIRE(slice_equal(buffer_view(&out), body));
        }
        buffer_done(&out);
        return 0;
}
