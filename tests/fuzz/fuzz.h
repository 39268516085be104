/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libFuzzer calls. A target checks what must hold for every input with FUZZ_REQUIRE: a crash
 * is a finding. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_REQUIRE(condition)                                                                    \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        abort();                                                                   \
        } while (0)

static inline struct slice fuzz_input(const uint8_t *data, size_t size) {
        return (struct slice){(const char *)data, size};
}
