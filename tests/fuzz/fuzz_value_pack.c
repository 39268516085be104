/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values packed to be kept: what is a value comes back as it was, and takes no more than before;
 * what is none is refused, within the same room. The first bytes are the id. */
#include "channel/value_pack.h"

#include "channel/value_code.h"
#include "fuzz.h"

#define ID_BYTES 3

static struct value read_value(struct slice coded, struct arena *arena, bool *ret_good) {
        struct message_reader in = message_reader_of(coded);
        struct value value = value_get(&in, arena);
        *ret_good = message_read_end(&in);
        return value;
}

static void check_unpacked(
        struct slice packed, struct slice id, const struct value *value, struct arena *arena) {
        struct message_reader in = message_reader_of(packed);
        struct value back = value_unpack(&in, id, arena);
        FUZZ_REQUIRE(message_read_end(&in));
        struct buffer was = BUFFER_INIT(1 << 24), is = BUFFER_INIT(1 << 24);
        FUZZ_REQUIRE(value_put(&was, value) == value_put(&is, &back));
        FUZZ_REQUIRE(slice_equal(buffer_view(&was), buffer_view(&is)));
        buffer_done(&was);
        buffer_done(&is);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice body = fuzz_input(data, size), id = slice_sub(body, 0, ID_BYTES);
        struct slice coded = slice_sub(body, ID_BYTES, body.len);
        struct arena arena = ARENA_INIT;
        bool is_good;
        if (coded.len == 0)
                return 0;
        struct value value = read_value(coded, &arena, &is_good);
        char *packed = malloc(coded.len);
        struct message_reader in = message_reader_of(coded);
        char *end = value_pack(packed, &in, id);
        FUZZ_REQUIRE(end <= packed + coded.len);
        if (is_good) {
                FUZZ_REQUIRE(message_read_end(&in));
                check_unpacked((struct slice){packed, (size_t)(end - packed)}, id, &value, &arena);
        }
        free(packed);
        arena_done(&arena);
        return 0;
}
