/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line begins with rules out most failregexes, as they are bound to its begin. Where it
 * leaves few of them, a busy log need not be looked through for literals first.
 *
 * Invariant: a bit may be set for no reason, and is never missing where its regex matches. */
#include "detect/filter_inside.h"

#define FEW 2      /* regexes that are left, on average */
#define FEW_MAX 10 /* and at most */

static void add(struct filter_begins *begins, const struct failregex *regex, size_t index) {
        struct regex_begin *begin = &begins->of[index].begin;
        begins->of[index].regex = regex;
        begins->of[index].pattern = regex->pattern;
        bool is_known = pattern_begin(regex->pattern, begin);
        if (!is_known)
                *begin = (struct regex_begin){.mask = {0}};
        for (unsigned c = 0; c < FILTER_BEGINS; c++)
                if (!is_known || regex_set_has(&begin->first, (unsigned char)c))
                        begins->failregexes[c] |= UINT64_C(1) << index;
}

/* Of what lines mostly begin with. */
static bool are_few(const struct filter_begins *begins) {
        unsigned letters = 'z' - 'a' + 1, sum = 0;
        for (unsigned i = 0; i < 2 * letters; i++) {
                unsigned c = i < letters ? 'a' + i : 'A' + i - letters;
                unsigned count = (unsigned)__builtin_popcountll(begins->failregexes[c]);
                sum += count;
                if (count > FEW_MAX)
                        return false;
        }
        return sum <= FEW * 2 * letters;
}

void filter_make_begins(struct filter *filter) {
        struct filter_begins *begins = &filter->begins;
        size_t count = filter->failregexes.count;
        *begins = (struct filter_begins){.is_made = true, .generation = filter->generation};
        for (size_t i = 0; i < count && i < FILTER_BEGINS_FAILREGEXES; i++)
                add(begins, filter->failregexes.items[i], i);
        begins->are_few = count <= FILTER_BEGINS_FAILREGEXES && are_few(begins);
}

bool filter_needs_no_hints(struct filter *filter) {
        return filter->ignoreregexes.count == 0 && filter->maxlines <= 1 &&
               filter->mode == FILTER_DAEMON && filter_begins(filter)->are_few;
}
