/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first line is a datepattern, the others are searched for dates: places are in bounds and at
 * characters, times are numbers, and a detector goes on as another one had left off. Where a
 * recogniser is sure of a match, the regex finds the same. */
#include <math.h>

#include "base/buffer.h"
#include "detect/calendar.h"
#include "detect/date.h"
#include "detect/date_template.h"
#include "fuzz.h"

static struct clock now;

static bool is_border(struct slice line, size_t at) {
        return at == line.len || ((unsigned char)line.data[at] & 0xC0) != 0x80;
}

static int match(struct date_detector *detector, struct slice line, struct date_match *ret) {
        struct fault fault = FAULT_INIT;
        int r = date_detector_match(detector, line, ret, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        if (r > DATE_NONE)
                FUZZ_REQUIRE(ret->cut_start <= ret->cut_end && ret->cut_end <= line.len &&
                             is_border(line, ret->cut_start) && is_border(line, ret->cut_end));
        if (r == DATE_FOUND)
                FUZZ_REQUIRE(isfinite(ret->time));
        fault_done(&fault);
        return r;
}

/* The other detector is given the state and then sees the same line. */
static void follow(struct date_detector *detector, struct date_detector *other, struct slice line) {
        struct buffer state = BUFFER_INIT((size_t)1 << 20);
        struct date_match a = {0};
        struct date_match b = {0};
        FUZZ_REQUIRE(date_detector_save(detector, &state) == 0);
        FUZZ_REQUIRE(date_detector_load(other, buffer_view(&state)) == 0);
        int r = match(detector, line, &a);
        FUZZ_REQUIRE(match(other, line, &b) == r);
        if (r > DATE_NONE)
                FUZZ_REQUIRE(a.cut_start == b.cut_start && a.cut_end == b.cut_end &&
                             a.template_index == b.template_index);
        if (r == DATE_FOUND)
                FUZZ_REQUIRE(a.time <= b.time && b.time <= a.time);
        buffer_done(&state);
}

static void detect(struct slice pattern, struct slice lines) {
        struct date_detector *detector = date_detector_new(&now);
        struct date_detector *other = date_detector_new(&now);
        struct fault fault = FAULT_INIT;
        struct slice line;
        int r = date_detector_set_pattern(detector, pattern, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        FUZZ_REQUIRE(date_detector_set_pattern(other, pattern, NULL) == r);
        fault_done(&fault);
        for (int i = 0; r == 0 && i < 8 && slice_next_piece(&lines, '\n', &line); i++)
                follow(detector, other, line);
        (void)date_detector_free(detector);
        (void)date_detector_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size);
        struct slice pattern;
        clock_fix(&now, INT64_C(1786702400000000));
        if (size == 0 || size > 4000 || !utf8_is_valid(rest))
                return 0;
        if (slice_next_piece(&rest, '\n', &pattern) && rest.data)
                detect(pattern, rest);
        return 0;
}
