/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was read can be written, and read again to the same value. */
#include "fuzz.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value v;
        struct value again;
        if (json_decode((struct slice){(const char *)data, size}, &arena, &v, &fault) == 0) {
                struct buffer out = BUFFER_INIT((size_t)64 << 20);
                FUZZ_REQUIRE(json_encode(&out, &v) == 0);
                FUZZ_REQUIRE(json_decode(buffer_view(&out), &arena, &again, &fault) == 0);
                FUZZ_REQUIRE(value_equal(&v, &again));
                buffer_done(&out);
        }
        fault_done(&fault);
        arena_done(&arena);
        return 0;
}
