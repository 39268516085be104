/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data column of a database that anybody may have written: what was read can be written, and
 * is then read to the same text. */
#include "enforce/store_json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct arena arena = ARENA_INIT;
        struct value value = VALUE_OF_NONE;
        struct value again = VALUE_OF_NONE;
        if (store_json_get(fuzz_input(data, size), &arena, &value) == 0) {
                struct buffer out = BUFFER_INIT(STORE_JSON_MAX * 8);
                struct buffer out_again = BUFFER_INIT(STORE_JSON_MAX * 8);
                FUZZ_REQUIRE(value.type == VALUE_DICT);
                FUZZ_REQUIRE(store_json_put(&out, &value) == 0);
                FUZZ_REQUIRE(store_json_get(buffer_view(&out), &arena, &again) == 0);
                FUZZ_REQUIRE(store_json_put(&out_again, &again) == 0);
                FUZZ_REQUIRE(slice_equal(buffer_view(&out), buffer_view(&out_again)));
                buffer_done(&out);
                buffer_done(&out_again);
        }
        arena_done(&arena);
        return 0;
}
