/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An administrator's formula is a number for every ban, or refused with a reason and no result. */
#include <math.h>

#include "enforce/formula.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const int64_t counts[] = {0, 1, 20, INT64_MAX};
        for (size_t i = 0; i < 4; i++) {
                const struct formula_env env = {
                        formula_integer(600), formula_integer(counts[i]), formula_real(1.5), 0.25};
                struct formula_number number = formula_integer(-7);
                struct fault fault = FAULT_INIT;
                int r = formula_eval(fuzz_input(data, size), i == 0 ? NULL : &env, &number, &fault);
                FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
                FUZZ_REQUIRE(r == 0 || (!number.is_float && number.integer == -7));
                (void)formula_as_real(&number);
                fault_done(&fault);
        }
        return 0;
}
