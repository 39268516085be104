/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lines a filter can do without: the literals that its regexes require, one clause a regex.
 *
 * A match needs the prefregex and a failregex. In fail2ban-regex every match of the prefregex is
 * counted, and so is an ignoreregex that is tried before all others: there, a line is searched for
 * their sake too, unless the prefregex matches every line anyway and nobody asks for its groups.
 * With several lines in the buffer nothing can be said of one.
 *
 * A regex often requires several texts. Which of them is asked for is chosen by lines of the log,
 * where there is one to choose by; any of them is right, for any other log too. */
#include "detect/filter_inside.h"
#include "detect/literals_clause.h"

/* One clause for all regexes of the list; count 0 if one of them requires nothing, or if there is
 * none. */
static struct literals literals_of_list(const struct regex_list *list, struct arena *arena) {
        struct literals all = {0};
        for (size_t i = 0; i < list->count; i++) {
                struct literals next = literals_of(slice_of(list->items[i]->text), arena);
                all = i == 0 ? next : literals_clause_either(&all, &next, arena);
                if (all.count == 0)
                        break;
        }
        return all;
}

static struct literals literals_of_regex(
        const struct failregex *regex, struct slice sample, struct arena *arena) {
        struct literals choices[LITERALS_CHOICES_MAX + 1];
        size_t count = literals_choices(slice_of(regex->text), arena, choices);
        return choices[literals_clause_rarest(choices, count, sample)];
}

static void find_clauses(struct filter *filter, struct slice sample) {
        struct literals *clauses = filter->clauses;
        struct arena *arena = &filter->literals;
        size_t count = filter->failregexes.count;
        bool fits = count <= FILTER_CLAUSES_MAX - FILTER_CLAUSE_FAILREGEX;
        filter->clause_count = 0;
        filter->lacks_failregexes = 0;
        filter->prefregex_in_all = false;
        if (filter->maxlines > 1 || count == 0)
                return;
        clauses[FILTER_CLAUSE_PREFREGEX] = (struct literals){0};
        if (filter->prefregex)
                clauses[FILTER_CLAUSE_PREFREGEX] =
                        literals_of_regex(filter->prefregex, sample, arena);
        filter->prefregex_in_all = clauses[FILTER_CLAUSE_PREFREGEX].in_all_lines;
        clauses[FILTER_CLAUSE_IGNOREREGEX] = literals_of_list(&filter->ignoreregexes, arena);
        filter->clause_count = FILTER_CLAUSE_FAILREGEX;
        for (size_t i = 0; i < count && filter->clause_count < FILTER_CLAUSES_MAX; i++) {
                size_t k = filter->clause_count++;
                clauses[k] = literals_of_regex(filter->failregexes.items[i], sample, arena);
                if (fits)
                        filter->lacks_failregexes |= UINT64_C(1) << k;
        }
}

/* All literals of all clauses, as one. */
static struct literals find_all(const struct filter *filter, struct arena *arena) {
        struct literals all = {0};
        for (size_t i = 0; i < filter->clause_count; i++) {
                const struct literals *clause = &filter->clauses[i];
                if (clause->count > 0)
                        all = all.count == 0 ? *clause
                                             : literals_clause_either(&all, clause, arena);
        }
        return all;
}

static void update(struct filter *filter, struct slice sample) {
        if (filter->knows_literals)
                return;
        arena_reset(&filter->literals);
        find_clauses(filter, sample);
        struct literals all = find_all(filter, &filter->literals);
        prefilter_seam_init(&filter->seam, &all);
        filter->knows_literals = true;
}

void filter_know_literals(struct filter *filter) {
        update(filter, SLICE_NULL);
}

void filter_forget_literals(struct filter *filter) {
        filter->generation++;
        filter->knows_literals = false;
}

uint64_t filter_generation(const struct filter *filter) {
        return filter->generation;
}

const struct literals *filter_clauses(
        struct filter *filter, struct slice sample, size_t *ret_count) {
        update(filter, sample);
        *ret_count = filter->clause_count;
        return filter->clauses;
}

bool filter_is_hopeless(struct filter *filter, uint64_t lacks) {
        if (lacks == 0)
                return false;
        if (!filter->knows_literals)
                filter_know_literals(filter);
        if (filter->clause_count == 0)
                return false;
        bool lacks_prefregex = (lacks >> FILTER_CLAUSE_PREFREGEX & 1) != 0;
        bool lacks_failregex =
                filter->lacks_failregexes != 0 && (filter->lacks_failregexes & ~lacks) == 0;
        if (filter->mode == FILTER_DAEMON)
                return lacks_prefregex || lacks_failregex;
        if (filter->ignoreregexes.count > 0 && !(lacks >> FILTER_CLAUSE_IGNOREREGEX & 1))
                return false;
        bool is_counted = filter->prefregex && (!filter->prefregex_in_all || filter->traces_groups);
        return is_counted ? lacks_prefregex : lacks_failregex;
}
