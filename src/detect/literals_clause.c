/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text of which another one is a part says nothing beside that, and is left out.
 *
 * Where lines can be asked, they are counted: what is long may be in each line of a log, as the
 * word in front of the client's address is. A small sample says little about what is rare, so the
 * first clause gives way only to one that spares a good part of the lines. */
#include "detect/literals_clause.h"

#include <ctype.h>
#include <stdint.h>

#define RARE 8 /* one of so many lines or fewer is rare */

static struct slice lower(struct slice text, struct arena *arena) {
        char *bytes = arena_alloc(arena, text.len + 1);
        for (size_t i = 0; i < text.len; i++)
                bytes[i] = (char)tolower((unsigned char)text.data[i]);
        return (struct slice){bytes, text.len};
}

/* Whether another text says as much, being part of text i: of equal ones the first stays. */
static bool is_redundant(const struct slice *texts, size_t count, size_t i) {
        for (size_t k = 0; k < count; k++) {
                bool is_part = slice_find(texts[i], texts[k], 0) < texts[i].len;
                if (k != i && is_part && (texts[k].len < texts[i].len || k < i))
                        return true;
        }
        return false;
}

struct literals literals_clause_make(
        const struct slice *texts, size_t count, bool caseless, struct arena *arena) {
        struct slice *all = arena_alloc_array(arena, count, sizeof(*all));
        struct slice *kept = arena_alloc_array(arena, count, sizeof(*kept));
        struct literals made = {
                .items = kept, .shortest = count > 0 ? SIZE_MAX : 0, .caseless = caseless};
        for (size_t i = 0; i < count; i++)
                all[i] = caseless ? lower(texts[i], arena) : texts[i];
        for (size_t i = 0; i < count; i++) {
                if (is_redundant(all, count, i))
                        continue;
                kept[made.count++] = all[i];
                made.shortest = all[i].len < made.shortest ? all[i].len : made.shortest;
        }
        return made;
}

struct literals literals_clause_either(
        const struct literals *a, const struct literals *b, struct arena *arena) {
        if (a->count == 0 || b->count == 0)
                return (struct literals){0};
        size_t count = a->count + b->count;
        struct slice *all = arena_alloc_array(arena, count, sizeof(*all));
        for (size_t i = 0; i < count; i++)
                all[i] = i < a->count ? a->items[i] : b->items[i - a->count];
        return literals_clause_make(all, count, a->caseless || b->caseless, arena);
}

static bool holds(struct slice line, const struct literals *clause) {
        for (size_t i = 0; i < clause->count; i++)
                if (slice_find(line, clause->items[i], 0) < line.len)
                        return true;
        return false;
}

/* Lines that hold the clause. */
static size_t count_lines(struct slice sample, const struct literals *clause, size_t *ret_all) {
        size_t hits = 0;
        struct slice line;
        *ret_all = 0;
        while (slice_next_piece(&sample, '\n', &line)) {
                hits += holds(line, clause);
                ++*ret_all;
        }
        return hits;
}

size_t literals_clause_rarest(const struct literals *choices, size_t count, struct slice sample) {
        size_t best = 0, all;
        sample = slice_sub(sample, 0, LITERALS_SAMPLE_MAX);
        if (count < 2 || choices[0].count == 0 || choices[0].caseless)
                return 0;
        size_t least = count_lines(sample, &choices[0], &all);
        for (size_t i = 1; i < count && least > all / RARE; i++) {
                size_t hits = count_lines(sample, &choices[i], &all);
                if (hits >= least - least / 4)
                        continue;
                least = hits;
                best = i;
        }
        return best;
}
