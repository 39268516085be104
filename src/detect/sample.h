/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that a regex should match, made from its tree. They are guesses: what is asserted around a
 * place is hardly looked at, so whoever needs a match tries several and searches them. */
#pragma once

#include "base/buffer.h"
#include "detect/syntax.h"

#define SAMPLE_MAX ((size_t)64 << 10) /* bytes of a text */

struct sample_wish {
        uint64_t seed;        /* 0: the plainest text; others differ */
        struct slice address; /* what groups that hold an address get; IPv6 has its own */
        const struct syntax_node *through; /* must take part; or NULL */
};

struct sample {
        struct slice text;
        size_t begin, end; /* of what `through` matched */
};

/* Makes a text for the whole tree, in arena. Returns 0, or -E2BIG above SAMPLE_MAX. */
int sample_make(const struct syntax_node *root, const struct sample_wish *wish, struct arena *arena,
        struct sample *ret);
/* A character of the set, the plainest there is if seed is 0; 'x' if it holds none of ASCII. */
char sample_char(const struct syntax_set *set, uint64_t seed);
/* Whether name is that of a group with an address (or an id in its place). */
bool sample_is_address(struct slice name);
