/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed offsets by zone text. Abbreviations are a sorted table; a numeric offset is added to theirs, as fail2ban does.
 * Upstream: fail2ban/server/strptime.py, 1.1. */
#include "detect/timezone.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "detect/digit.h"

struct abbreviation {
        const char *name;
        int minutes;
};

static const struct abbreviation abbreviations[] = {
#define TIMEZONE(name, minutes) {name, minutes},
#include "detect/timezones.def"
#undef TIMEZONE
};

static int compare(const void *key, const void *row) {
        return slice_compare(*(const struct slice *)key, slice_of(((const struct abbreviation *)row)->name));
}

static bool is_upper(char c) {
        return c >= 'A' && c <= 'Z';
}

/* Length of the abbreviation at the start: one letter, or three to five. What a longer run leaves over fails later. */
static size_t abbreviation_len(struct slice text) {
        size_t run = 0;
        while (run < text.len && run < 5 && is_upper(text.data[run]))
                run++;
        return run == 2 ? 1 : run;
}

/* "+hh", "+hhmm" or "+hh:mm"; false if text is none of these. */
static bool parse_offset(struct slice text, int *ret_minutes) {
        int digit[4] = {0};
        size_t count = 0;
        size_t at = 1;
        if (text.len == 0 || (text.data[0] != '+' && text.data[0] != '-'))
                return false;
        while (at < text.len && count < 4) {
                if (count == 2 && text.data[at] == ':' && text.data[at - 1] != ':') {
                        at++;
                        continue;
                }
                size_t len = digit_value(slice_sub(text, at, text.len), &digit[count]);
                if (len == 0 || (count == 0 && (len != 1 || digit[0] > 1)))
                        return false;
                count++;
                at += len;
        }
        if (at != text.len || (count != 2 && count != 4) || (count == 2 && text.data[text.len - 1] == ':'))
                return false;
        int minutes = (digit[0] * 10 + digit[1]) * 60 + digit[2] * 10 + digit[3];
        *ret_minutes = text.data[0] == '-' ? -minutes : minutes;
        return true;
}

int timezone_parse(struct slice text, int *ret_minutes, struct fault *fault) {
        size_t len = abbreviation_len(text);
        struct slice name = slice_sub(text, 0, len);
        struct slice rest = slice_sub(text, len, text.len);
        int offset = 0;
        if (rest.len > 0 && !parse_offset(rest, &offset))
                return TIMEZONE_BAD;
        int base = 0;
        if (name.len > 0) {
                const struct abbreviation *found = bsearch(&name, abbreviations,
                        sizeof(abbreviations) / sizeof(abbreviations[0]), sizeof(abbreviations[0]), compare);
                if (!found) {
                        (void)fault_raise(fault, "KeyError", "'%.*s'", SLICE_ARG(name));
                        return -EINVAL;
                }
                base = found->minutes;
        }
        *ret_minutes = base + offset;
        return TIMEZONE_OK;
}
