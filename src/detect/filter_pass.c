/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Most lines of most logs lead to nothing, and are of the same minute as the line before. Of such a
 * line only its end, its date's bytes and what may come together where the date is cut out are
 * looked at, and filters learn of them together. Of several filters that know the date in the same
 * way only one looks at it.
 * Invariant: whatever is not sure ends it, with nothing changed, and filter_line() decides. */
#include "detect/filter_pass.h"

#include "detect/filter_inside.h"
#include "detect/line.h"

static bool is_plain(const struct filter_line *line) {
        struct slice text = line->text;
        return text.len > 0 && text.data[0] != '#' && (line->is_ascii || slice_is_ascii(text));
}

/* Where the date is, if it is one that leads to nothing. */
static bool finds_date(
        const struct filter_pass *pass, const struct filter_line *line, struct date_match *ret) {
        size_t at;
        if (!pass->known)
                return line_date_glance(&pass->filter->dates, line, ret);
        if (!date_memo_line_fits(pass->known, line->text, &at))
                return false;
        ret->cut_start = pass->known->cut_start + at;
        ret->cut_end = pass->known->cut_end + at;
        return true;
}

static bool can_pass(const struct filter_pass *pass, const struct filter_line *line) {
        struct slice text = line->text;
        struct date_match date;
        if (!finds_date(pass, line, &date) || text.len == date.cut_end - date.cut_start)
                return false; /* if nothing is left, no prefregex may match */
        return date.cut_start == 0 ||
               !prefilter_seam_holds(&pass->filter->seam, slice_sub(text, 0, date.cut_start),
                       slice_sub(text, date.cut_end, text.len));
}

/* With all filters but the busy ones. */
static bool all_can_pass(
        const struct filter_passes *passes, const struct filter_line *line, uint64_t busy) {
        for (size_t i = 0; i < passes->group_count; i++) {
                const struct filter_pass_group *group = &passes->groups[i];
                if ((group->members & ~busy) != 0 && !can_pass(group->first, line))
                        return false;
        }
        return true;
}

/* Of a line that can be passed. */
static void read_date(
        const struct filter_pass *pass, const struct filter_line *line, struct date_match *ret) {
        size_t at;
        if (pass->known && date_memo_line_fits(pass->known, line->text, &at))
                line_date_seen(&pass->filter->dates, line->text, at, ret);
        else
                (void)line_date_glance(&pass->filter->dates, line, ret);
}

/* Not inline: with several filters it is rare. */
__attribute__((noinline)) static void settle(
        const struct filter_pass *pass, const struct filter_line *last, uint64_t count) {
        struct filter *filter = pass->filter;
        struct slice text = last->text;
        struct date_match date = {0};
        read_date(pass, last, &date);
        const struct dated_line dated = {
                .tuple = {.before = slice_sub(text, 0, date.cut_start),
                          .date = slice_sub(text, date.cut_start, date.cut_end),
                          .after = slice_sub(text, date.cut_end, text.len)},
                .time = date.time,
                .integral = date.integral,
                .template = date.template_index,
        };
        filter_trace_begin(filter);
        sessions_settle(&filter->sessions);
        line_date_repeat(&filter->dates, last, &date, count);
        filter->trace.last_time = filter->dates.last;
        filter->trace.last_integral = filter->dates.last_integral;
        filter_trace_passed(filter, &dated);
}

static uint64_t bit_of(size_t index) {
        return UINT64_C(1) << index;
}

/* What filter_line() does for each of the lines is the same for all but the last one, so it is done
 * once. */
uint64_t filter_pass_settle(struct filter_passes *passes, size_t index) {
        struct filter_pass *pass = &passes->items[index];
        uint64_t count = passes->number - pass->settled;
        if (count > 0)
                settle(pass, &passes->last, count);
        pass->settled = passes->number;
        passes->looked &= ~bit_of(index);
        return count;
}

void filter_pass_begin(struct filter_passes *passes, size_t count) {
        passes->count = count;
        passes->group_count = 0;
        passes->looked = passes->busy = passes->number = 0;
        for (size_t i = 0; i < count; i++) {
                struct filter_pass *pass = &passes->items[i];
                pass->known = NULL;
                pass->looks = pass->settled = 0;
        }
}

/* Joins the group of filters that pass just the lines that this one does, or begins one. */
static void join_group(struct filter_passes *passes, size_t index) {
        const struct filter_pass *pass = &passes->items[index];
        struct filter_pass_group *group = passes->groups;
        while (group < passes->groups + passes->group_count &&
                !line_date_is_alike(&group->first->filter->dates, &pass->filter->dates))
                group++;
        if (group == passes->groups + passes->group_count) {
                *group = (struct filter_pass_group){.first = pass};
                passes->group_count++;
        }
        group->members |= bit_of(index);
}

static void group_anew(struct filter_passes *passes) {
        passes->group_count = 0;
        passes->busy = 0;
        for (size_t i = 0; i < passes->count; i++) {
                const struct filter_pass *pass = &passes->items[i];
                join_group(passes, i);
                if (!filter_is_hopeless(pass->filter, pass->lacks))
                        passes->busy |= bit_of(i);
        }
}

/* Returns whether something else is known than before. */
static bool look(struct filter_pass *pass, const struct filter_line *kind) {
        struct line_date *dates = &pass->filter->dates;
        uint64_t looks = pass->looks;
        pass->known = line_date_look(dates, kind);
        pass->looks = dates->view.looks;
        return pass->looks != looks; /* always, if nothing is known */
}

static uint64_t all_of(const struct filter_passes *passes) {
        return passes->count == FILTER_PASSES_MAX ? UINT64_MAX : bit_of(passes->count) - 1;
}

/* A filter that follows in its group passes lines as long as the first one goes by the same dates:
 * what these tell does not depend on who still hears of a warning. */
static void prepare(struct filter_passes *passes, const struct filter_line *kind) {
        uint64_t left = all_of(passes) & ~passes->looked;
        bool is_new = false;
        for (; left != 0; left &= left - 1)
                is_new |= look(&passes->items[__builtin_ctzll(left)], kind);
        passes->looked = all_of(passes);
        if (is_new)
                group_anew(passes);
}

/* The line up to the newline at that offset, without its end. */
static struct slice line_of(struct slice text, size_t at, size_t newline) {
        struct slice line = {text.data + at, newline - at};
        bool goes_on = line.len > 0 &&
                       (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == '\n');
        return goes_on ? line_strip_end(line) : line;
}

size_t filter_pass_over(
        struct filter_passes *passes, const struct filter_lines *lines, uint64_t *ret_count) {
        struct filter_line line = {
                .is_ascii = lines->is_ascii, .in_operation = lines->in_operation};
        struct slice last = SLICE_NULL;
        uint64_t number = 0;
        size_t at = lines->start;
        *ret_count = 0;
        prepare(passes, &line);
        if (passes->count == 0 || passes->busy != 0)
                return at;
        struct line_ends *ends = lines->ends;
        const uint32_t *newline = ends->newlines + line_ends_seek(ends, at);
        for (; *newline < lines->end && *newline != LINE_ENDS_NONE; newline++) {
                line.text = line_of(ends->text, at, *newline);
                if (!is_plain(&line) || !all_can_pass(passes, &line, 0))
                        break;
                last = line.text;
                number++;
                at = (size_t)*newline + 1;
        }
        ends->next = (size_t)(newline - ends->newlines);
        if (number > 0) {
                passes->number += number;
                passes->last = line;
                passes->last.text = last;
        }
        *ret_count = number;
        return at;
}

bool filter_pass_fits(
        struct filter_passes *passes, const struct filter_line *line, uint64_t *busy) {
        if (!is_plain(line))
                return false;
        prepare(passes, line);
        *busy |= passes->busy;
        return *busy != all_of(passes) && all_can_pass(passes, line, *busy);
}

void filter_pass_add(struct filter_passes *passes, const struct filter_line *line, uint64_t busy) {
        passes->number++;
        passes->last = *line;
        for (; busy != 0; busy &= busy - 1)
                passes->items[__builtin_ctzll(busy)].settled = passes->number;
}
