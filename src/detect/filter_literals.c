/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lines a filter can do without: the literals that its regexes require, taken together.
 *
 * A match needs the prefregex and one of the failregexes, so the better of their clauses stands for
 * both. In fail2ban-regex every match of the prefregex is counted, and so is an ignoreregex that is
 * tried before all others: there, these decide. With several lines in the buffer nothing can be
 * said of one. */
#include "detect/filter_inside.h"

/* One clause for all regexes of the list; count 0 if one of them requires nothing, or if there is
 * none. */
static struct literals literals_of_list(const struct regex_list *list, struct arena *arena) {
        struct literals all = {0};
        for (size_t i = 0; i < list->count; i++) {
                struct literals next = literals_of(slice_of(list->items[i]->text), arena);
                all = i == 0 ? next : literals_either(&all, &next, arena);
                if (all.count == 0)
                        break;
        }
        return all;
}

static struct literals find_all(const struct filter *filter, struct arena *arena) {
        struct literals failures = literals_of_list(&filter->failregexes, arena);
        struct literals all = failures;
        if (filter->prefregex) {
                struct literals first = literals_of(slice_of(filter->prefregex->text), arena);
                all = filter->mode == FILTER_TOOL ? first : *literals_better(&failures, &first);
        }
        if (filter->mode == FILTER_DAEMON || filter->ignoreregexes.count == 0)
                return all;
        struct literals ignored = literals_of_list(&filter->ignoreregexes, arena);
        return literals_either(&all, &ignored, arena);
}

static struct literals find(
        const struct filter *filter, enum filter_need need, struct arena *arena) {
        if (filter->maxlines > 1 || filter->failregexes.count == 0)
                return (struct literals){0};
        return need == FILTER_NEED_ALL ? find_all(filter, arena)
                                       : literals_of_list(&filter->failregexes, arena);
}

void filter_forget_literals(struct filter *filter) {
        filter->generation++;
        filter->knows_literals = false;
}

uint64_t filter_generation(const struct filter *filter) {
        return filter->generation;
}

const struct literals *filter_literals(struct filter *filter, enum filter_need need) {
        if (!filter->knows_literals) {
                arena_reset(&filter->literals);
                for (int i = 0; i < FILTER_NEED_COUNT; i++) {
                        struct literals literals =
                                find(filter, (enum filter_need)i, &filter->literals);
                        prefilter_seam_init(&filter->seams[i], &literals);
                }
                filter->knows_literals = true;
        }
        return &filter->seams[need].literals;
}

bool filter_lacks(struct filter *filter, enum filter_need need, const struct filter_line *line,
        const struct line_tuple *tuple) {
        return (line->lacks >> need & 1) != 0 && filter_literals(filter, need)->count > 0 &&
               !prefilter_seam_holds(&filter->seams[need], tuple->before, tuple->after);
}
