/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream cut into pieces (of the sizes that its first byte leads to) gives the frames of the
 * whole stream. */
#include "fuzz.h"
#include "wire/frame.h"

static size_t next_piece(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return (*seed >> 24) % 37 + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint32_t seed = size > 0 ? data[0] : 0;
        struct slice all = {(const char *)data, size};
        struct slice frame;
        struct slice piece_frame;
        size_t scanned = 0;
        size_t have = 0;
        for (size_t at = 0, frame_size; at < size; at += frame_size) {
                size_t none = 0;
                int found = frame_find(slice_sub(all, at, size), &none, &frame, &frame_size);
                size_t piece_size = 0;
                int piece_found = 0;
                while (!piece_found && have < size) {
                        have += next_piece(&seed);
                        if (have > size)
                                have = size;
                        piece_found = frame_find(
                                slice_sub(all, at, have), &scanned, &piece_frame, &piece_size);
                }
                if (!piece_found)
                        piece_found = frame_find(
                                slice_sub(all, at, size), &scanned, &piece_frame, &piece_size);
                FUZZ_REQUIRE(found == piece_found);
                if (!found)
                        break;
                FUZZ_REQUIRE(frame_size == piece_size && frame.len == piece_frame.len &&
                             frame.data == piece_frame.data);
                have = have < at + frame_size ? at + frame_size : have;
        }
        return 0;
}
