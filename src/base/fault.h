/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text that travels up with an error code: made once, where the error arises, with the object's name in it. */
#pragma once

#include "base/slice.h"

struct fault {
        int code;         /* negative errno; 0 = nothing happened */
        const char *kind; /* static name of the Python exception class that upstream would raise, e.g. "ValueError", or NULL */
        char *text;       /* owned, NUL-terminated, or NULL */
};

#define FAULT_INIT ((struct fault){0, NULL, NULL})

/* Stores code and text (an earlier text is freed) and returns code, so that callers can `return fault_set(...)`. fault may be
 * NULL. Adds no errno text: see fault_set_errno(). */
int fault_set(struct fault *fault, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with ": <strerror(-code)>" at the end. */
int fault_set_errno(struct fault *fault, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for an error that upstream reports as an exception of class kind (static string). */
int fault_raise(struct fault *fault, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The text, or "unknown error"; never NULL. */
const char *fault_text(const struct fault *fault);
void fault_done(struct fault *fault);

/* The analyzer sees one file at a time: tell it what comes back, or it follows a refusal as if
 * nothing had been wrong. */
#ifdef __clang_analyzer__
#define fault_set(fault, code, ...) ((void)(fault_set)(fault, code, __VA_ARGS__), (code))
#define fault_set_errno(fault, code, ...)                                                          \
        ((void)(fault_set_errno)(fault, code, __VA_ARGS__), (code))
#define fault_raise(fault, ...) ((void)(fault_raise)(fault, __VA_ARGS__), -22)
#endif
