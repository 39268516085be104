/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request that begins with '[' or '{' is JSON: no pickle begins so. It ends with a newline, which
 * JSON texts of one line do not hold, or with the mark, whichever comes first; everything else ends
 * with the mark alone. */
#include "wire/frame.h"

#include <assert.h>

static bool is_json(struct slice in) {
        return in.len > 0 && (in.data[0] == '[' || in.data[0] == '{');
}

int frame_find(struct slice in, size_t *scanned, struct slice *ret, size_t *ret_size) {
        const struct slice mark = SLICE(FRAME_END);
        /* The last bytes that were seen may be the beginning of a mark. */
        size_t from = *scanned > mark.len - 1 ? *scanned - (mark.len - 1) : 0;
        assert(*scanned <= in.len);
        size_t end = slice_find(in, mark, from);
        size_t mark_len = mark.len;
        if (is_json(in)) {
                size_t newline = slice_find_char(slice_sub(in, 0, end), '\n', *scanned);
                if (newline < end) {
                        end = newline;
                        mark_len = 1;
                }
        }
        if (end == in.len) {
                *scanned = in.len;
                return 0;
        }
        *scanned = 0;
        *ret = slice_sub(in, 0, end);
        *ret_size = end + mark_len;
        return 1;
}
