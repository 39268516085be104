/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up an option of a section, with %(name)s in its value replaced. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"
#include "config/dict.h"
#include "config/ini.h"

#define INTERPOLATE_VALUE_MAX (4u << 20) /* bytes of an interpolated value */
#define INTERPOLATE_STEPS_MAX 100000u    /* references followed for one value */

enum interpolate_result {
        INTERPOLATE_OK,
        INTERPOLATE_E_NO_SECTION,
        INTERPOLATE_E_NO_OPTION,
};

/* Where options are looked up: first in vars, then in the section, then in the defaults. */
struct lookup {
        const struct ini *ini;
        struct slice section;              /* "DEFAULT" is allowed */
        const struct dict *vars;           /* with lower-case keys; or NULL */
        struct arena *arena;               /* what results are made in */
        const struct value_origin **blame; /* set to the origin of a faulty value; or NULL */
        struct slice *part; /* set to the reference that leads nowhere; or NULL */
        struct slice *fix;  /* set to what may have been meant by it; or NULL */
};

/* The raw value of option (any case) in *ret. Returns enum interpolate_result. */
int lookup_raw(const struct lookup *lookup, struct slice option, struct value *ret);
/* The interpolated value; its origin is that of the raw value. Returns enum interpolate_result, or
 * -EINVAL with a fault in upstream's words (bad syntax, unknown name, more than 10 steps), -E2BIG
 * if the result would be too long. */
int lookup_get(
        const struct lookup *lookup, struct slice option, struct value *ret, struct fault *fault);
/* The same for an option named "SECTION/OPTION", "known/OPTION" or "default/OPTION"; other names go
 * to lookup_get(). */
int lookup_get_tag(
        const struct lookup *lookup, struct slice name, struct value *ret, struct fault *fault);
/* str(value): True, 5, the text itself. Stays VALUE_NONE if it is. */
struct value value_as_text(const struct value *value, struct arena *arena);
/* Copy with lower-case keys and text values, fit to be vars. */
struct dict dict_as_vars(const struct dict *dict, struct arena *arena);
