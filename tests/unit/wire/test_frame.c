/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/frame.h"

#include "../cmocka_include.h"

static void frames_end_with_the_mark_or_json_with_a_newline(void **state) {
        (void)state;
        const struct {
                struct slice in;
                int found;
                const char *frame;
                size_t size;
        } rows[] = {
                {SLICE(""),                            0, NULL,                 0     },
                {SLICE("abc"),                         0, NULL,                 0     },
                {SLICE("abc" FRAME_END),               1, "abc",                3 + 17},
                {SLICE(FRAME_END "x"),                 1, "",                   17    },
                {SLICE("a" FRAME_END "b" FRAME_END),   1, "a",                  18    },
                {SLICE("a\nb" FRAME_END),              1, "a\nb",               20    },
                {SLICE("a<F2B_END_COMMAND" FRAME_END), 1, "a<F2B_END_COMMAND",  34    },
                {SLICE(FRAME_CLOSE FRAME_END),         1, FRAME_CLOSE,          36    },
                {SLICE("[\"ping\"]\nx"),               1, "[\"ping\"]",         9     },
                {SLICE("{\"command\":[]}\r\n"),        1, "{\"command\":[]}\r", 16    },
                {SLICE("[\"ping\"]" FRAME_END "\n"),   1, "[\"ping\"]",         25    },
                {SLICE("[\"ping\"]\n" FRAME_END),      1, "[\"ping\"]",         9     },
                {SLICE("[\"ping\"]"),                  0, NULL,                 0     },
                {SLICE("\n[\"ping\"]\n"),              0, NULL,                 0     },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t scanned = 0;
                size_t size = 0;
                struct slice frame = SLICE_NULL;
                assert_int_equal(frame_find(rows[i].in, &scanned, &frame, &size), rows[i].found);
                if (!rows[i].found) {
                        assert_int_equal(scanned, rows[i].in.len);
                        continue;
                }
                assert_slice(frame, rows[i].frame);
                assert_int_equal(size, rows[i].size);
                assert_int_equal(scanned, 0);
        }
}

/* Whatever the pieces are, the result is that of the whole. */
static void pieces_give_the_same_frames(void **state) {
        (void)state;
        const struct slice all[] = {SLICE("<F2B_END_<F2B_END_COMMAND>"),
                SLICE("[1,\"<F2B_END\"]\n"), SLICE("x<<F2B_END_COMMAND>")};
        for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++)
                for (size_t step = 1; step <= all[n].len; step++) {
                        size_t scanned = 0;
                        size_t size = 0;
                        struct slice frame;
                        int found = 0;
                        for (size_t have = step < all[n].len ? step : all[n].len; !found;
                                have += step)
                                found = frame_find(
                                        slice_sub(all[n], 0, have), &scanned, &frame, &size);
                        assert_int_equal(size, all[n].len);
                }
}

/* A second search begins where the first ended: a mark planted in what was scanned is not seen,
 * apart from the border. */
static void scanned_bytes_are_not_searched_again(void **state) {
        (void)state;
        char bytes[100];
        size_t scanned = 0;
        size_t size;
        struct slice frame;
        memset(bytes, 'x', sizeof(bytes));
        assert_int_equal(frame_find((struct slice){bytes, 80}, &scanned, &frame, &size), 0);
        memcpy(bytes + 10, FRAME_END, 17);
        assert_int_equal(frame_find((struct slice){bytes, 90}, &scanned, &frame, &size), 0);
        assert_int_equal(scanned, 90);
        memcpy(bytes + 74, FRAME_END, 17);
        assert_int_equal(frame_find((struct slice){bytes, 91}, &scanned, &frame, &size), 1);
        assert_int_equal(frame.len, 74);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(frames_end_with_the_mark_or_json_with_a_newline),
                cmocka_unit_test(pieces_give_the_same_frames),
                cmocka_unit_test(scanned_bytes_are_not_searched_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
