/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the regex to a tree, to a program, to machine code; of which only the last two stay. All
 * searches share one frame, as a process has one thread. */
#include "detect/regex_native.h"

#include <stdlib.h>

#include "base/memory.h"
#include "detect/code_memory.h"
#include "detect/regex_emit.h"

struct regex_native {
        struct regex_code *code;
        regex_function *function;
};

static struct regex_frame frame;

static const void *emit(struct regex_code *code) {
        struct assembler assembler = {0};
        const void *function = NULL;
        if (regex_emit(code, &assembler))
                function = code_memory_new(assembler.bytes, assembler.len);
        assembler_done(&assembler);
        return function;
}

struct regex_native *regex_native_new(struct slice regex, size_t barred) {
        struct regex_code *code = REGEX_EMIT_IS_THERE ? regex_code_new(regex, barred) : NULL;
        if (!code)
                return NULL;
        const void *function = emit(code);
        if (!function) {
                (void)regex_code_free(code);
                return NULL;
        }
        struct regex_native *native = memory_new(sizeof(*native));
        native->code = code;
        native->function = (regex_function *)(uintptr_t)function;
        frame.choices_end = frame.choices + REGEX_EMIT_CHOICES_MAX;
        return native;
}

struct regex_native *regex_native_free(struct regex_native *native) {
        if (!native)
                return NULL;
        code_memory_free((const void *)(uintptr_t)native->function);
        (void)regex_code_free(native->code);
        free(native);
        return NULL;
}

enum regex_native_result regex_native_search(const struct regex_native *native, struct slice line,
        const size_t **ret_spans, uint64_t *ret_groups) {
        const char *end =
                native->function(line.data, line.data + line.len, regex_frame_base(&frame));
        if (!end)
                return frame.gave_up ? REGEX_NATIVE_GAVE_UP : REGEX_NATIVE_MISS;
        frame.spans[0] = (size_t)(uintptr_t)line.data;
        frame.spans[1] = (size_t)(uintptr_t)end;
        *ret_spans = frame.spans;
        *ret_groups = frame.groups | 1;
        return REGEX_NATIVE_MATCH;
}
