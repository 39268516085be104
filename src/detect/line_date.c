/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines without a date of their own get the last one, if that is less than a minute old. In
 * operation, i.e. when a line was certainly just written, a date far from now is a wrong clock or
 * zone, and the line counts as written now; while old content is caught up with, what is older than
 * findtime is passed over. Upstream: fail2ban/server/filter.py processLine(), 1.1. */
#include "detect/line_date.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/duration.h"
#include "base/repr.h"
#include "channel/message.h"

#define LOGGER "fail2ban.filter"
#define DAY_S (24.0 * 60 * 60)
#define LATENCY_S 3300 /* a date this far back is called late, one further back a wrong zone */

void line_date_init(struct line_date *dates, const char *name, enum filter_mode mode,
        const struct filter_env *env) {
        *dates = (struct line_date){
                .env = env,
                .name = name,
                .detector = date_detector_new(env->clock),
                .checks = mode == FILTER_DAEMON,
                .findtime = value_int(600),
                .last_text = BUFFER_INIT(LINE_DATE_TEXT_MAX),
                .last = (double)NAN,
        };
}

void line_date_done(struct line_date *dates) {
        (void)date_detector_free(dates->detector);
        buffer_done(&dates->last_text);
}

static double now(const struct line_date *dates) {
        return clock_wall(dates->env->clock);
}

static void say(const struct line_date *dates, enum diag_level level, struct slice text) {
        if (dates->env->diag)
                dates->env->diag(dates->env->user, level, LOGGER, text);
}

/* Whether anybody hears of the warning now. */
static bool is_heard(const struct line_date *dates, enum line_date_warning warning) {
        return now(dates) >= dates->quiet_until[warning] || diag_enabled(DIAG_TRACEDEBUG);
}

/* Whether the warning is due; otherwise only its first text is told, to those who want to know
 * everything. */
static bool is_due(struct line_date *dates, enum line_date_warning warning, struct slice first) {
        if (now(dates) < dates->quiet_until[warning]) {
                say(dates, DIAG_TRACEDEBUG, first);
                return false;
        }
        dates->quiet_until[warning] = now(dates) + DAY_S;
        dates->changed = true;
        return true;
}

static void warn(
        struct line_date *dates, struct slice text, struct slice more, struct arena *arena) {
        say(dates, DIAG_WARNING,
                ARENA_JOIN(arena, SLICE("["), slice_of(dates->name), SLICE("] "), text, more));
}

static void warn_line(
        struct line_date *dates, const struct filter_line *line, struct arena *arena) {
        struct slice date = line->has_time ? line->date_text : SLICE("");
        warn(dates, SLICE("Please check a jail for a timing issue. Line with odd timestamp: "),
                ARENA_JOIN(arena, date, line->text), arena);
}

/* Most are of some words, and the same. */
static bool is_same_text(struct slice a, struct slice b) {
        uint64_t left[2], right[2];
        if (a.len != b.len)
                return false;
        if (a.len < sizeof(left[0]) || a.len > sizeof(left))
                return slice_equal(a, b);
        memcpy(&left[0], a.data, sizeof(left[0]));
        memcpy(&right[0], b.data, sizeof(right[0]));
        memcpy(&left[1], a.data + a.len - sizeof(left[1]), sizeof(left[1]));
        memcpy(&right[1], b.data + b.len - sizeof(right[1]), sizeof(right[1]));
        return left[0] == right[0] && left[1] == right[1];
}

static void remember(struct line_date *dates, struct slice text, double time, bool integral) {
        text = slice_sub(text, 0, LINE_DATE_TEXT_MAX);
        if (!is_same_text(buffer_view(&dates->last_text), text)) {
                buffer_clear(&dates->last_text);
                (void)buffer_append(&dates->last_text, text); /* fits */
        }
        dates->last = time;
        dates->last_integral = integral;
        dates->changed = true;
        dates->again.is_known = false;
}

/* The last date, for a line without one. */
static bool use_last(const struct line_date *dates, struct slice text, struct arena *arena,
        struct dated_line *ret) {
        if (!(fabs(dates->last) > 0) || !(dates->last > now(dates) - LINE_DATE_MEMORY_S))
                return false;
        ret->tuple = (struct line_tuple){
                .before = SLICE(""),
                .date = arena_copy(arena, buffer_view(&dates->last_text)),
                .after = text,
        };
        ret->time = dates->last;
        ret->integral = dates->last_integral;
        return true;
}

static void use_now(const struct line_date *dates, struct dated_line *ret) {
        ret->time = now(dates);
        ret->integral = false;
}

static void take_match(struct line_date *dates, struct slice text, const struct date_match *match,
        int found, struct arena *arena, struct dated_line *ret) {
        ret->tuple.before = slice_sub(text, 0, match->cut_start);
        ret->tuple.date = slice_sub(text, match->cut_start, match->cut_end);
        ret->tuple.after = slice_sub(text, match->cut_end, text.len);
        ret->template = match->template_index;
        if (found == DATE_EMPTY) {
                if (!use_last(dates, text, arena, ret))
                        use_now(dates, ret);
        } else if (found == DATE_FOUND) {
                ret->time = match->time;
                ret->integral = match->integral;
                remember(dates, ret->tuple.date, match->time, match->integral);
        } else {
                say(dates, DIAG_ERROR,
                        ARENA_JOIN(arena, SLICE("findFailure failed to parse timeText: "),
                                ret->tuple.date));
        }
}

static int detect(struct line_date *dates, const struct filter_line *line, struct arena *arena,
        struct dated_line *ret, struct fault *fault) {
        struct date_match match = {0};
        dates->again.is_known = false;
        int found = date_detector_match(dates->detector, line->text, &match, fault);
        dates->changed = true;
        if (found < 0)
                return found;
        ret->tuple =
                (struct line_tuple){.before = SLICE(""), .date = SLICE(""), .after = line->text};
        if (found != DATE_NONE)
                take_match(dates, line->text, &match, found, arena, ret);
        if (!isnan(ret->time))
                return 0;
        ret->is_undated = true;
        if (!use_last(dates, line->text, arena, ret) && dates->checks && line->in_operation)
                use_now(dates, ret);
        return 0;
}

static double delta_of(const struct line_date *dates, double time) {
        return trunc(time - now(dates));
}

/* By whole seconds, towards 0. */
static bool is_odd(const struct line_date *dates, double time) {
        return fabs(time - now(dates)) >= LINE_DATE_ODD_S + 1;
}

static struct slice odd_text(double delta, struct arena *arena) {
        struct value seconds = value_int((int64_t)fabs(delta));
        return arena_printf(arena,
                "Detected a log entry %.*s %s the current time in operation mode. This looks like "
                "a %s problem. "
                "Treating such entries as if they just happened.",
                SLICE_ARG(duration_print(&seconds, arena)), delta < 0 ? "before" : "after",
                delta >= -LATENCY_S && delta < 0 ? "latency" : "timezone");
}

static void take_now_for_last(struct line_date *dates) {
        dates->last = now(dates);
        dates->last_integral = false;
}

/* In operation. */
static void correct_odd(struct line_date *dates, const struct filter_line *line,
        struct arena *arena, struct dated_line *ret) {
        if (!is_odd(dates, ret->time))
                return;
        double delta = delta_of(dates, ret->time);
        if (is_heard(dates, LINE_DATE_ODD)) {
                struct slice first = odd_text(delta, arena);
                if (is_due(dates, LINE_DATE_ODD, first)) {
                        warn(dates, first, SLICE(""), arena);
                        warn_line(dates, line, arena);
                }
        }
        use_now(dates, ret);
        take_now_for_last(dates);
}

static double seconds_of(const struct value *v) {
        return v->type == VALUE_INT ? (double)v->integer : v->real;
}

static bool is_old(const struct line_date *dates, double time) {
        return time < now(dates) - seconds_of(&dates->findtime);
}

/* While catching up. */
static void warn_old(struct line_date *dates, const struct filter_line *line, struct arena *arena) {
        if (!is_heard(dates, LINE_DATE_OLD))
                return;
        struct slice first = arena_printf(arena,
                "Ignoring all log entries older than %.*ss; these are probably messages generated "
                "while fail2ban was not running.",
                SLICE_ARG(repr_str(&dates->findtime, arena)));
        if (!is_due(dates, LINE_DATE_OLD, first))
                return;
        warn(dates, first, SLICE(""), arena);
        warn_line(dates, line, arena);
}

static bool is_usual(const struct line_date *dates, const struct filter_line *kind, double time) {
        return !dates->checks || (kind->in_operation ? !is_odd(dates, time) : !is_old(dates, time));
}

/* Whether nothing is said of the line for its date's sake. */
static bool goes_unsaid(
        const struct line_date *dates, const struct filter_line *kind, double time) {
        return is_usual(dates, kind, time) ||
               !is_heard(dates, kind->in_operation ? LINE_DATE_ODD : LINE_DATE_OLD);
}

bool line_date_glance(
        const struct line_date *dates, const struct filter_line *line, struct date_match *ret) {
        return !line->has_time && date_detector_glance(dates->detector, line->text, ret) &&
               goes_unsaid(dates, line, ret->time);
}

/* A warning that is not heard of any more stays so at this moment. */
static bool is_current(
        const struct line_date *dates, const struct filter_line *kind, int64_t now_us) {
        const struct line_date_view *view = &dates->view;
        return view->line && view->changes == date_detector_memo(dates->detector)->changes &&
               view->now_us == now_us && view->in_operation == kind->in_operation &&
               view->findtime_s == seconds_of(&dates->findtime) &&
               view->says_all == diag_enabled(DIAG_TRACEDEBUG);
}

/* Not inline: most lines need no other look. Times that go unsaid have no gap among them, nor have
 * those that are usual. */
__attribute__((noinline)) static void look_anew(
        struct line_date *dates, const struct filter_line *kind, int64_t now_us) {
        const struct date_memo *memo = date_detector_memo(dates->detector);
        const struct date_memo_line *known = date_memo_known(memo, now_us);
        double first, last;
        dates->view = (struct line_date_view){
                .looks = dates->view.looks + 1,
                .changes = memo->changes,
                .now_us = now_us,
                .findtime_s = seconds_of(&dates->findtime),
                .in_operation = kind->in_operation,
                .says_all = diag_enabled(DIAG_TRACEDEBUG),
        };
        if (!known)
                return;
        date_memo_line_times(known, &first, &last);
        dates->view.is_usual = is_usual(dates, kind, first) && is_usual(dates, kind, last);
        if (goes_unsaid(dates, kind, first) && goes_unsaid(dates, kind, last))
                dates->view.line = known;
}

const struct date_memo_line *line_date_look(
        struct line_date *dates, const struct filter_line *kind) {
        int64_t now_us = clock_wall_us(dates->env->clock);
        if (kind->has_time)
                return NULL;
        if (!is_current(dates, kind, now_us))
                look_anew(dates, kind, now_us);
        return dates->view.line;
}

void line_date_seen(
        const struct line_date *dates, struct slice line, size_t at, struct date_match *ret) {
        const struct date_memo_line *known = dates->view.line;
        struct date_time time = date_memo_line_time(known, line, at);
        *ret = (struct date_match){
                .cut_start = known->cut_start + at,
                .cut_end = known->cut_end + at,
                .template_index = date_detector_last(dates->detector),
                .time = time.seconds,
                .integral = time.integral,
        };
}

static void split_at_date(
        struct slice text, size_t cut_start, size_t cut_end, struct line_tuple *ret) {
        ret->before = slice_sub(text, 0, cut_start);
        ret->date = slice_sub(text, cut_start, cut_end);
        ret->after = slice_sub(text, cut_end, text.len);
        ret->slot = NULL;
}

/* Remembers what a line that fits led to. */
static void keep_again(
        struct line_date *dates, struct slice line, const struct dated_line *dated, int counts) {
        const struct date_memo_line *known = dates->view.line;
        if (known->is_in_bracket)
                return; /* what is in front of it counts too */
        dates->again = (struct line_date_again){
                .is_known = true,
                .looks = dates->view.looks,
                .cut_start = known->cut_start,
                .cut_end = known->cut_end,
                .template = dated->template,
                .time = dated->time,
                .integral = dated->integral,
                .counts = counts > 0,
        };
        memcpy(dates->again.bytes, line.data, known->len);
}

static bool is_again(const struct line_date *dates, struct slice line) {
        const struct line_date_again *again = &dates->again;
        return again->is_known && again->looks == dates->view.looks &&
               date_memo_line_is_same(dates->view.line, line, again->bytes);
}

/* As read_seen() did with the line before; what it remembered is the same. */
static int read_again(struct line_date *dates, struct slice line, struct dated_line *ret) {
        const struct line_date_again *again = &dates->again;
        date_detector_again(dates->detector);
        dates->changed = true;
        split_at_date(line, again->cut_start, again->cut_end, &ret->tuple);
        ret->time = again->time;
        ret->integral = again->integral;
        ret->is_undated = false;
        ret->template = again->template;
        return again->counts;
}

static int correct_seen(
        const struct line_date *dates, const struct filter_line *line, struct dated_line *ret) {
        if (dates->view.is_usual || is_usual(dates, line, ret->time))
                return 1;
        if (line->in_operation)
                use_now(dates, ret);
        return line->in_operation;
}

/* A line that fits. */
static int read_seen(struct line_date *dates, const struct filter_line *line, size_t at,
        struct dated_line *ret) {
        struct slice text = line->text;
        struct date_match match;
        line_date_seen(dates, text, at, &match);
        split_at_date(text, match.cut_start, match.cut_end, &ret->tuple);
        ret->time = match.time;
        ret->integral = match.integral;
        ret->is_undated = false;
        ret->template = match.template_index;
        line_date_repeat(dates, line, &match, 1);
        int counts = correct_seen(dates, line, ret);
        keep_again(dates, text, ret, counts);
        return counts;
}

/* By all that there is to know of dates. */
static int read_anew(struct line_date *dates, const struct filter_line *line, struct arena *arena,
        struct dated_line *ret, struct fault *fault) {
        *ret = (struct dated_line){.time = (double)NAN, .template = SIZE_MAX};
        if (line->has_time) {
                ret->tuple = (struct line_tuple){
                        .before = SLICE(""), .date = line->date_text, .after = line->text};
                ret->time = line->time;
                remember(dates, line->date_text, line->time, false);
        } else {
                int r = detect(dates, line, arena, ret, fault);
                if (r < 0)
                        return r;
        }
        if (!dates->checks || isnan(ret->time))
                return 1;
        if (line->in_operation) {
                correct_odd(dates, line, arena, ret);
                return 1;
        }
        if (!is_old(dates, ret->time))
                return 1;
        warn_old(dates, line, arena);
        return 0;
}

int line_date_read(struct line_date *dates, const struct filter_line *line, struct arena *arena,
        struct dated_line *ret, struct fault *fault) {
        const struct date_memo_line *known = line_date_look(dates, line);
        size_t at;
        if (known && is_again(dates, line->text))
                return read_again(dates, line->text, ret);
        if (known && date_memo_line_fits(known, line->text, &at))
                return read_seen(dates, line, at, ret);
        return read_anew(dates, line, arena, ret, fault);
}

bool line_date_is_alike(const struct line_date *a, const struct line_date *b) {
        return a->checks == b->checks && a->env->clock == b->env->clock &&
               seconds_of(&a->findtime) == seconds_of(&b->findtime) &&
               is_heard(a, LINE_DATE_ODD) == is_heard(b, LINE_DATE_ODD) &&
               is_heard(a, LINE_DATE_OLD) == is_heard(b, LINE_DATE_OLD) &&
               date_memo_is_alike(date_detector_memo(a->detector), date_detector_memo(b->detector));
}

void line_date_repeat(struct line_date *dates, const struct filter_line *line,
        const struct date_match *match, uint64_t count) {
        struct slice text = line->text;
        date_detector_repeat(dates->detector, text, match, count);
        remember(dates, slice_sub(text, match->cut_start, match->cut_end), match->time,
                match->integral);
        if (line->in_operation && !dates->view.is_usual && !is_usual(dates, line, match->time))
                take_now_for_last(dates);
}

static struct slice whole_lines(const struct line_list *lines, struct arena *arena) {
        struct slice *parts = arena_alloc_array(arena, lines->count * 4, sizeof(*parts));
        size_t count = 0;
        for (size_t i = 0; i < lines->count; i++) {
                const struct line_tuple *line = &lines->items[i];
                if (i > 0)
                        parts[count++] = SLICE("\n");
                parts[count++] = line->before;
                parts[count++] = line->date;
                parts[count++] = line->after;
        }
        return arena_join(arena, parts, count);
}

void line_date_warn_missing(struct line_date *dates, const struct dated_line *line,
        const struct line_list *matched, struct arena *arena) {
        if (!is_heard(dates, LINE_DATE_MISSING))
                return;
        struct slice first =
                arena_printf(arena, "Found a match but no valid date/time found for %.*s.",
                        SLICE_ARG(repr_text(line->tuple.date, arena)));
        if (!is_due(dates, LINE_DATE_MISSING, first))
                return;
        warn(dates, first, SLICE(""), arena);
        warn(dates, SLICE("Match without a timestamp: "), whole_lines(matched, arena), arena);
        warn(dates, SLICE("Please try setting a custom date pattern (see man page jail.conf(5))."),
                SLICE(""), arena);
}

bool line_date_save(struct line_date *dates, struct buffer *out) {
        if (!dates->changed)
                return false;
        dates->changed = false;
        (void)message_put_text(out, buffer_view(&dates->last_text));
        (void)message_put_f64(out, dates->last);
        (void)message_put_u8(out, dates->last_integral);
        for (size_t i = 0; i < LINE_DATE_WARNING_COUNT; i++)
                (void)message_put_f64(out, dates->quiet_until[i]);
        (void)date_detector_save(dates->detector, out);
        return true;
}

void line_date_load(struct line_date *dates, struct slice blob) {
        struct message_reader in = message_reader_of(blob);
        struct slice text = message_get_text(&in);
        double last = message_get_f64(&in);
        bool integral = message_get_u8(&in) != 0;
        double quiet_until[LINE_DATE_WARNING_COUNT];
        for (size_t i = 0; i < LINE_DATE_WARNING_COUNT; i++)
                quiet_until[i] = message_get_f64(&in);
        if (in.bad)
                return;
        (void)date_detector_load(
                dates->detector, in.rest); /* with other patterns there is nothing to go on with */
        remember(dates, text, last, integral);
        for (size_t i = 0; i < LINE_DATE_WARNING_COUNT; i++)
                dates->quiet_until[i] = quiet_until[i];
        dates->changed = false;
        dates->view.line = NULL;
}
