/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A time expression is a number or refused; what a number is printed as is an expression again. */
#include <math.h>

#include "base/duration.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice text = fuzz_input(data, size);
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value value = VALUE_OF_NONE;
        int64_t seconds = 0;
        int r = duration_parse(text, &value, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        fault_done(&fault);
        if (r == 0) {
                FUZZ_REQUIRE(value.type == VALUE_INT ||
                             (value.type == VALUE_FLOAT && isfinite(value.real)));
                if (duration_parse_s(text, &seconds, NULL) == 0 && seconds >= 0 &&
                        seconds < INT64_MAX / 2) {
                        struct slice printed = duration_print(&value, &arena);
                        FUZZ_REQUIRE(duration_parse_s(printed, &seconds, NULL) == 0);
                }
        }
        arena_done(&arena);
        return 0;
}
