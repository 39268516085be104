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

static bool all_can_pass(
        const struct filter_pass *passes, size_t count, const struct filter_line *line) {
        for (size_t i = 0; i < count; i++)
                if (!passes[i].follows && !can_pass(&passes[i], line))
                        return false;
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
__attribute__((noinline)) static void settle(struct filter_pass *pass) {
        struct filter *filter = pass->filter;
        struct slice text = pass->last.text;
        struct date_match date = {0};
        read_date(pass, &pass->last, &date);
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
        line_date_repeat(&filter->dates, &pass->last, &date, pass->unsettled);
        filter->trace.last_time = filter->dates.last;
        filter->trace.last_integral = filter->dates.last_integral;
        filter_trace_passed(filter, &dated);
        pass->unsettled = 0;
}

/* What filter_line() does for each of the lines is the same for all but the last one, so it is done
 * once. */
void filter_pass_settle(struct filter_pass *pass) {
        if (pass->unsettled > 0)
                settle(pass);
        pass->has_looked = false;
}

/* Whether one of the filters before the one at index passes just the lines that this one does. */
static bool has_leader(const struct filter_pass *passes, size_t index) {
        for (size_t i = 0; i < index; i++)
                if (!passes[i].follows &&
                        line_date_is_alike(&passes[i].filter->dates, &passes[index].filter->dates))
                        return true;
        return false;
}

static void look(struct filter_pass *pass, const struct filter_line *kind) {
        struct line_date *dates = &pass->filter->dates;
        if (pass->has_looked)
                return;
        pass->known = line_date_look(dates, kind);
        pass->is_new |= pass->looks != dates->view.looks; /* always, if nothing is known */
        pass->looks = dates->view.looks;
        pass->has_looked = true;
}

/* Whether the lines lead to nothing. A filter that follows may do so as long as the leader goes by
 * the same dates: what these tell does not depend on who still hears of a warning. */
static bool prepare(struct filter_pass *passes, size_t count, const struct filter_line *kind) {
        bool is_new = false;
        for (size_t i = 0; i < count; i++) {
                look(&passes[i], kind);
                is_new |= passes[i].is_new;
        }
        for (size_t i = 0; is_new && i < count; i++) {
                passes[i].is_new = false;
                passes[i].is_hopeless = filter_is_hopeless(passes[i].filter, passes[i].lacks);
                passes[i].follows = has_leader(passes, i);
        }
        for (size_t i = 0; i < count; i++)
                if (!passes[i].is_hopeless)
                        return false;
        return count > 0;
}

/* The line without its end, which is at the offset in front of next. */
static struct slice line_of(struct slice text, size_t at, size_t next) {
        struct slice line = {text.data + at, next - 1 - at};
        bool goes_on = line.len > 0 &&
                       (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == '\n');
        return goes_on ? line_strip_end(line) : line;
}

size_t filter_pass_over(struct filter_pass *passes, size_t count, const struct filter_lines *lines,
        uint64_t *ret_count) {
        struct filter_line line = {
                .is_ascii = lines->is_ascii, .in_operation = lines->in_operation};
        struct slice last = SLICE_NULL;
        uint64_t number = 0;
        size_t at = lines->start;
        *ret_count = 0;
        if (!prepare(passes, count, &line))
                return at;
        for (;;) {
                size_t next = line_ends_next(lines->ends, at);
                if (next == 0 || next > lines->end)
                        break;
                line.text = line_of(lines->ends->text, at, next);
                if (!is_plain(&line) || !all_can_pass(passes, count, &line))
                        break;
                last = line.text;
                number++;
                at = next;
        }
        line.text = last;
        for (size_t i = 0; number > 0 && i < count; i++) {
                passes[i].unsettled += number;
                passes[i].last = line;
        }
        *ret_count = number;
        return at;
}

bool filter_pass_line(struct filter_pass *pass, const struct filter_line *line) {
        if (!filter_is_hopeless(pass->filter, line->lacks) || !is_plain(line))
                return false;
        look(pass, line);
        if (!can_pass(pass, line))
                return false;
        pass->unsettled++;
        pass->last = *line;
        return true;
}
