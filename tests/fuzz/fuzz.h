/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libFuzzer calls. A target checks what must hold for every input with FUZZ_REQUIRE: a crash
 * is a finding. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
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

/* Takes the next piece off *rest: u16 length and so many bytes, or what is left of them. Returns
 * false at the end. */
static inline bool fuzz_piece(struct slice *rest, struct slice *ret) {
        if (rest->len < 2)
                return false;
        size_t len = (uint8_t)rest->data[0] + ((size_t)(uint8_t)rest->data[1] << 8);
        *ret = slice_sub(*rest, 2, 2 + len);
        *rest = slice_sub(*rest, 2 + len, rest->len);
        return true;
}

/* Takes a byte off *rest; 0 at the end. */
static inline uint8_t fuzz_byte(struct slice *rest) {
        uint8_t byte = rest->len > 0 ? (uint8_t)rest->data[0] : 0;
        *rest = slice_sub(*rest, 1, rest->len);
        return byte;
}

/* For mkdtemp() and mkstemp(): in memory, if that can be. */
#define FUZZ_PATH_MAX 40
static inline void fuzz_path(char ret[static FUZZ_PATH_MAX]) {
        const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        (void)snprintf(ret, FUZZ_PATH_MAX, "%s/stockade-fuzz-XXXXXX", folder);
}

static inline void fuzz_drop_diag(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user, (void)level, (void)text;
        FUZZ_REQUIRE(logger != NULL);
}

/* Messages are made, and go nowhere. */
static inline void fuzz_be_quiet(void) {
        diag_set_sink(fuzz_drop_diag, NULL);
}
