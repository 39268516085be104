/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a failure is about: the id, or ids, from the data of a match (spec filter.md 3.3 7 and
 * 8, 3.5, 3.6). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "detect/fields.h"

enum failure_names {
        FAILURE_NAMES_REFUSE,  /* host names have no id (usedns = no) */
        FAILURE_NAMES_RESOLVE, /* usedns = yes, warn */
        FAILURE_NAMES_RAW,     /* ids stay as they are in the log (usedns = raw, --raw) */
};

enum failure_id_kind {
        FAILURE_ID_ABSENT,  /* neither an address nor an id */
        FAILURE_ID_REFUSED, /* a host name, and names are refused */
        FAILURE_ID_NAME,    /* a host name that is to be resolved */
        FAILURE_ID_PLAIN,   /* the id itself */
        FAILURE_ID_RAW,     /* the same, and it is never taken for an address */
};

struct failure_id {
        enum failure_id_kind kind;
        struct slice text; /* of NAME, PLAIN and RAW; addresses are in normal form */
};

/* Takes the id out of data. Where there is an address beside an id of its own, the address is added
 * to data as "ip". Returns 0, or -EINVAL where upstream raises an exception (a prefix length that
 * is no number, a mask that is none). */
int failure_id_find(struct fields *data, enum failure_names names, struct arena *arena,
        struct failure_id *ret, struct fault *fault);
