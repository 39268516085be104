/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One configuration file in fail2ban's INI dialect: bytes to sections of raw (not interpolated)
 * options, each with its origin. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "config/dict.h"

#define INI_FILE_MAX (16u << 20) /* bytes of a file */
#define INI_LINES_MAX 1000000u
#define INI_SECTIONS_MAX 65536u
#define INI_ERRORS_MAX 100u /* malformed lines that a message lists */

struct ini_section {
        struct slice name;
        struct dict options; /* values are VALUE_STRING with origin */
};

/* Sections in order of first appearance, without [DEFAULT]. Zero-initialised it is empty. */
struct ini {
        struct dict defaults;
        struct ini_section **sections;
        size_t count;
        size_t capacity;
        struct dict places; /* name to index in sections */
        const struct value_origin *fault_at; /* where ini_parse() found the fault, or NULL */
        const char *fault_fix;               /* what mends it, if that is known of the line */
};

/* Parses text (valid UTF-8, borrowed for the arena's lifetime) of the file called name. Returns 0;
 * -EINVAL with a fault in upstream's words (duplicate section or option, text outside of a section,
 * malformed lines); -E2BIG beyond a cap. */
int ini_parse(struct slice text, const char *name, struct arena *arena, struct ini *ret,
        struct fault *fault);
/* The section, or NULL. */
struct ini_section *ini_section(const struct ini *ini, struct slice name);
/* The section, made if there is none. */
struct ini_section *ini_section_make(struct ini *ini, struct slice name, struct arena *arena);
