/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Most lines of most logs lead to nothing, and are of the same minute as the line before. Of such a
 * line only its end, its date's bytes and what may come together where the date is cut out are
 * looked at; what filter_line() changes for it is the same for all of them but the last one, so it
 * is done once. Invariant: whatever is not sure ends it, and filter_line() decides. */
#include "detect/filter_inside.h"
#include "detect/line.h"

struct passed {
        struct slice text;
        struct date_match date;
};

static bool can_pass(
        const struct filter *filter, const struct filter_line *line, struct date_match *ret) {
        struct slice text = line->text;
        if (text.len == 0 || text.data[0] == '#' || (!line->is_ascii && !slice_is_ascii(text)))
                return false;
        if (!line_date_glance(&filter->dates, line, ret))
                return false;
        if (text.len == ret->cut_end - ret->cut_start)
                return false; /* nothing is left, which no prefregex may match */
        return ret->cut_start == 0 ||
               !prefilter_seam_holds(&filter->seam, slice_sub(text, 0, ret->cut_start),
                       slice_sub(text, ret->cut_end, text.len));
}

/* What filter_line() does for each of so many lines, the last of which is given. */
static void pass(struct filter *filter, const struct passed *last, uint64_t count) {
        const struct date_match *date = &last->date;
        struct slice text = last->text;
        const struct dated_line dated = {
                .tuple = {.before = slice_sub(text, 0, date->cut_start),
                          .date = slice_sub(text, date->cut_start, date->cut_end),
                          .after = slice_sub(text, date->cut_end, text.len)},
                .time = date->time,
                .integral = date->integral,
                .template = date->template_index,
        };
        filter_trace_begin(filter);
        sessions_settle(&filter->sessions);
        line_date_repeat(&filter->dates, text, date, count);
        filter->trace.last_time = filter->dates.last;
        filter->trace.last_integral = filter->dates.last_integral;
        filter_trace_passed(filter, &dated);
}

size_t filter_pass_over(
        struct filter *filter, const struct filter_line *lines, uint64_t *ret_count) {
        struct slice text = lines->text;
        struct filter_line line = *lines;
        struct passed last;
        uint64_t count = 0;
        size_t at = 0;
        *ret_count = 0;
        if (!filter_is_hopeless(filter, lines->lacks))
                return 0;
        while (at < text.len) {
                const char *end = memchr(text.data + at, '\n', text.len - at);
                struct date_match date;
                if (!end)
                        break;
                size_t next = (size_t)(end - text.data) + 1;
                line.text = line_strip_end(slice_sub(text, at, next));
                if (!can_pass(filter, &line, &date))
                        break;
                last = (struct passed){line.text, date};
                count++;
                at = next;
        }
        if (count > 0)
                pass(filter, &last, count);
        *ret_count = count;
        return at;
}
