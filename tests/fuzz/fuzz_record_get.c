/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of a scanner that may be anybody's: what is read is within its caps, and reads the same
 * when it is written again. */
#include <math.h>

#include "channel/failure_code.h"
#include "channel/record.h"
#include "channel/value_code.h"
#include "fuzz.h"

static void check(const struct record *record) {
        FUZZ_REQUIRE(record->type < RECORD_TYPE_COUNT);
        if (record->type == RECORD_FAILURE)
                FUZZ_REQUIRE(isfinite(record->failure.time) &&
                             record->failure.id.len <= RECORD_ID_MAX && record->failure.hash == 0);
        if (record->type == RECORD_STATE)
                FUZZ_REQUIRE(record->state.key.len <= RECORD_STATE_KEY_MAX &&
                             record->state.blob.len <= RECORD_STATE_BLOB_MAX);
}

/* What has been found good is read to its end, within the text. */
static void read_parts(const struct record *record) {
        struct message_reader in = message_reader_of(record->failure.lines);
        struct failure_line line;
        struct failure_group group;
        uint32_t count = failure_lines_count(&in);
        for (; failure_line_next(&in, &line); count--) {
                size_t size = 0;
                for (unsigned i = 0; i < line.piece_count; i++)
                        size += line.lengths[i];
                FUZZ_REQUIRE(count > 0 && size == line.text.len);
        }
        FUZZ_REQUIRE(!in.bad && count == 0);
        in = message_reader_of(record->failure.groups);
        while (failure_group_next(&in, &group))
                FUZZ_REQUIRE(group.form < FAILURE_GROUP_FORM_COUNT);
        FUZZ_REQUIRE(!in.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct message_reader in = message_reader_of(fuzz_input(data, size));
        struct message_reader value_in = in;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT((size_t)16 << 20);
        struct buffer again = BUFFER_INIT((size_t)16 << 20);
        struct record record;
        while (record_get(&in, &record) > 0) {
                check(&record);
                if (record.type == RECORD_FAILURE)
                        read_parts(&record);
                FUZZ_REQUIRE(record_put(&out, &record) == 0);
        }
        in = message_reader_of(buffer_view(&out));
        while (buffer_len(&out) > 0 && record_get(&in, &record) > 0)
                FUZZ_REQUIRE(record_put(&again, &record) == 0);
        FUZZ_REQUIRE(slice_equal(buffer_view(&out), buffer_view(&again)));
        struct value value = value_get(&value_in, &arena);
        FUZZ_REQUIRE(!value_in.bad || value.type == VALUE_NONE);
        buffer_done(&out);
        buffer_done(&again);
        arena_done(&arena);
        return 0;
}
