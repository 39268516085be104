/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of RUN_START: what is taken is within its caps, and is the same bytes when it is written
 * again. */
#include "channel/program.h"

#include "channel/message.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice body = fuzz_input(data, size);
        struct buffer out = BUFFER_INIT(PROGRAM_BYTES_MAX);
        struct arena arena = ARENA_INIT;
        struct program program;
        FUZZ_REQUIRE(PROGRAM_BYTES_MAX == message_info(MESSAGE_RUN_START)->body_max);
        if (program_get(body, &arena, &program) == 0) {
                FUZZ_REQUIRE(
                        program.path[0] == '/' && program.folder[0] == '/' && program.words[0]);
                FUZZ_REQUIRE(program_put(&out, &program) == 0);
                FUZZ_REQUIRE(slice_equal(buffer_view(&out), body));
        }
        FUZZ_REQUIRE(arena.used <= 64 * size + 4096);
        arena_done(&arena);
        buffer_done(&out);
        return 0;
}
