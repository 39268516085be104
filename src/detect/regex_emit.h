/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code of a regex' program. For x86-64. */
#pragma once

#include "detect/assembler.h"
#include "detect/regex_code.h"

#define REGEX_EMIT_CHOICES_MAX 256 /* what may be left to try at one time */
#define REGEX_EMIT_TRIES_MAX 4096  /* dead ends of a search */

/* What is tried if all else fails. */
struct regex_choice {
        const void *code;
        const char *at;
        const char *until; /* a run's last place to try */
        uint64_t groups;   /* that had matched by then, a bit each */
};

/* What the code works on, and leaves; what is used most comes first (see regex_frame_base()). */
struct regex_frame {
        const char *begin;  /* of the line, if the program looks back */
        uint64_t groups;    /* that have matched, a bit each */
        int32_t tries_left; /* dead ends */
        uint32_t gave_up;   /* not 0: a limit was met, there is no telling */
        const void *choices_end;
        size_t spans[2 * (REGEX_TREE_GROUPS_MAX + 1)]; /* addresses: start and end of each group */
        const void *look_choices[REGEX_CODE_LOOKS];
        const char *look_places[REGEX_CODE_LOOKS];
        struct regex_choice choices[REGEX_EMIT_CHOICES_MAX];
};

/* What the code gets: the middle of those bytes of a frame that short numbers lead to. */
#define REGEX_FRAME_BASE 128
static inline void *regex_frame_base(struct regex_frame *frame) {
        return (char *)frame + REGEX_FRAME_BASE;
}

/* Whether there is machine code for this processor. */
#if defined(__x86_64__) && defined(__LP64__)
#define REGEX_EMIT_IS_THERE 1
#else
#define REGEX_EMIT_IS_THERE 0
#endif

/* The code is called as this: line from begin to end, as regex_code.h wants it. Returns the match's
 * end, or NULL. */
typedef const char *regex_function(const char *begin, const char *end, void *frame_base);

/* Appends the program's code, which refers to its sets, to an empty assembler; may add sets.
 * Returns false if that is too much. */
bool regex_emit(struct regex_code *code, struct assembler *assembler);
