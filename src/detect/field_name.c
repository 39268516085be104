/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list that is searched from its start: names are looked up when a regex is compiled, or a
 * session comes back from the server, and all filters of fail2ban together have some dozens. */
#include "detect/field_name.h"

#include <errno.h>

#include "base/memory.h"

static struct slice names[FIELD_NAMES_MAX] = {
#define FAILURE_NAME(id, text) [FIELD_##id] = {text, sizeof(text) - 1},
#include "channel/failure_names.def"
#undef FAILURE_NAME
};
static size_t count = FIELD_KNOWN_COUNT;

int field_name_of(struct slice name) {
        for (size_t i = 0; i < count; i++)
                if (slice_equal(names[i], name))
                        return (int)i;
        if (count == FIELD_NAMES_MAX)
                return -ENOBUFS;
        names[count] = (struct slice){memory_copy_text(name), name.len};
        return (int)count++;
}

struct slice field_name_text(uint16_t name) {
        return name < count ? names[name] : SLICE_NULL;
}
