/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of a scanner that may be anybody's: what is read is within its caps, and reads the same
 * when it is written again. */
#include <math.h>

#include "channel/record.h"
#include "channel/value_code.h"
#include "fuzz.h"

static void check(const struct record *record) {
        FUZZ_REQUIRE(record->type < RECORD_TYPE_COUNT);
        if (record->type == RECORD_FAILURE)
                FUZZ_REQUIRE(isfinite(record->failure.time) &&
                             record->failure.id.len <= RECORD_ID_MAX &&
                             record->failure.data.type == VALUE_DICT);
        if (record->type == RECORD_STATE)
                FUZZ_REQUIRE(record->state.key.len <= RECORD_STATE_KEY_MAX &&
                             record->state.blob.len <= RECORD_STATE_BLOB_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct message_reader in = message_reader_of(fuzz_input(data, size));
        struct message_reader value_in = in;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT((size_t)16 << 20);
        struct buffer again = BUFFER_INIT((size_t)16 << 20);
        struct record record;
        while (record_get(&in, &arena, &record) > 0) {
                check(&record);
                FUZZ_REQUIRE(record_put(&out, &record) == 0);
        }
        in = message_reader_of(buffer_view(&out));
        while (buffer_len(&out) > 0 && record_get(&in, &arena, &record) > 0)
                FUZZ_REQUIRE(record_put(&again, &record) == 0);
        FUZZ_REQUIRE(slice_equal(buffer_view(&out), buffer_view(&again)));
        struct value value = value_get(&value_in, &arena);
        FUZZ_REQUIRE(!value_in.bad || value.type == VALUE_NONE);
        buffer_done(&out);
        buffer_done(&again);
        arena_done(&arena);
        return 0;
}
