/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a function prints on stdout or stderr. */
#pragma once

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_include.h"

#define CAPTURE_MAX 16384

struct capture {
        FILE *file;
        int saved;
        int memory;
        char text[CAPTURE_MAX];
};

static inline void capture_begin(struct capture *capture, FILE *file) {
        (void)fflush(file);
        *capture = (struct capture){.file = file, .saved = dup(fileno(file))};
        capture->memory = memfd_create("capture", MFD_CLOEXEC);
        assert_true(capture->saved >= 0 && capture->memory >= 0);
        assert_true(dup2(capture->memory, fileno(file)) >= 0);
}

/* The text, valid as long as capture. */
static inline const char *capture_end(struct capture *capture) {
        (void)fflush(capture->file);
        assert_true(dup2(capture->saved, fileno(capture->file)) >= 0);
        ssize_t n = pread(capture->memory, capture->text, CAPTURE_MAX - 1, 0);
        assert_in_range(n, 0, CAPTURE_MAX - 2);
        close(capture->saved);
        close(capture->memory);
        return capture->text;
}
