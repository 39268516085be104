/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error texts. A fault owns its text; setting a new one frees the old. */
#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>

#include "base/memory.h"

#undef fault_set
#undef fault_set_errno
#undef fault_raise

__attribute__((format(printf, 5, 0))) static int fault_store(struct fault *fault, int code, const char *kind, const char *tail, const char *format,
        va_list args) {
        if (!fault)
                return code;
        char *text = NULL;
        char *whole = NULL;
        if (vasprintf(&text, format, args) < 0)
                abort();
        if (tail[0] != '\0') {
                if (asprintf(&whole, "%s: %s", text, tail) < 0)
                        abort();
                free(text);
                text = whole;
        }
        free(fault->text);
        *fault = (struct fault){.code = code, .kind = kind, .text = text};
        return code;
}

int fault_set(struct fault *fault, int code, const char *format, ...) {
        va_list args;
        va_start(args, format);
        int r = fault_store(fault, code, NULL, "", format, args);
        va_end(args);
        return r;
}

int fault_set_errno(struct fault *fault, int code, const char *format, ...) {
        va_list args;
        va_start(args, format);
        int r = fault_store(fault, code, NULL, strerror(-code), format, args);
        va_end(args);
        return r;
}

int fault_raise(struct fault *fault, const char *kind, const char *format, ...) {
        va_list args;
        va_start(args, format);
        int r = fault_store(fault, -EINVAL, kind, "", format, args);
        va_end(args);
        return r;
}

const char *fault_text(const struct fault *fault) {
        return fault && fault->text ? fault->text : "unknown error";
}

void fault_done(struct fault *fault) {
        free(fault->text);
        *fault = FAULT_INIT;
}
