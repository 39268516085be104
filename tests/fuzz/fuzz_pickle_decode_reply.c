/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reply that was read can be written and read again. */
#include "fuzz.h"
#include "wire/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct pickle_reply reply;
        struct pickle_reply again;
        if (pickle_decode_reply((struct slice){(const char *)data, size}, &arena, &reply, &fault) ==
                0) {
                struct buffer out = BUFFER_INIT((size_t)256 << 20);
                FUZZ_REQUIRE(pickle_encode_reply(&out, &reply) == 0);
                FUZZ_REQUIRE(pickle_decode_reply(buffer_view(&out), &arena, &again, &fault) == 0);
                FUZZ_REQUIRE(
                        again.outcome == reply.outcome && value_equal(&reply.value, &again.value));
                FUZZ_REQUIRE(reply.outcome != PICKLE_ERROR ||
                             slice_equal(reply.error_class, again.error_class));
                buffer_done(&out);
        }
        fault_done(&fault);
        arena_done(&arena);
        return 0;
}
