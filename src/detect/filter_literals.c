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

static struct literals find(const struct filter *filter, struct arena *arena) {
        struct literals failures = literals_of_list(&filter->failregexes, arena);
        struct literals all = failures;
        if (filter->maxlines > 1 || filter->failregexes.count == 0)
                return (struct literals){0};
        if (filter->prefregex) {
                struct literals first = literals_of(slice_of(filter->prefregex->text), arena);
                all = filter->mode == FILTER_TOOL ? first : *literals_better(&failures, &first);
        }
        if (filter->mode == FILTER_DAEMON || filter->ignoreregexes.count == 0)
                return all;
        struct literals ignored = literals_of_list(&filter->ignoreregexes, arena);
        return literals_either(&all, &ignored, arena);
}

void filter_forget_literals(struct filter *filter) {
        filter->generation++;
        filter->knows_literals = false;
}

uint64_t filter_generation(const struct filter *filter) {
        return filter->generation;
}

const struct literals *filter_literals(struct filter *filter) {
        if (!filter->knows_literals) {
                arena_reset(&filter->literals);
                struct literals literals = find(filter, &filter->literals);
                prefilter_seam_init(&filter->seam, &literals);
                filter->knows_literals = true;
        }
        return &filter->seam.literals;
}

bool filter_is_hopeless(struct filter *filter, const struct line_tuple *line) {
        return filter_literals(filter)->count > 0 &&
               !prefilter_seam_holds(&filter->seam, line->before, line->after);
}
