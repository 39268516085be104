/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Most comes from the filter's trace of the line. Where nothing matched, all regexes are run once
 * more under watch (detect/trial.h): each gets to some item of its own and to some place in the
 * text; the one that got furthest in the text is the closest. */
#include "main/regex_explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/address.h"
#include "base/duration.h"
#include "base/memory.h"
#include "base/repr.h"
#include "config/text.h"
#include "detect/date.h"
#include "detect/pattern.h"
#include "detect/trial.h"

#define STEPS_MAX 200000 /* of one regex in one line */
#define BEFORE_CHARS 60  /* shown in front of a place, */
#define BEHIND_CHARS 40  /* and behind it */
#define FINDTIME_DEFAULT 600

enum colour { COLOUR_GOOD, COLOUR_BAD, COLOUR_DIM, COLOUR_NONE };

struct watched {
        struct trial *trial;
        struct trial_result result; /* of the present line */
};

struct regex_explain {
        struct regex_tool *tool;
        bool has_colours;
        struct watched prefregex;
        struct watched *fail;
};

static void make_trial(struct watched *watched, struct slice regex, unsigned flags) {
        struct fault fault = FAULT_INIT;
        if (trial_new(regex, flags, TRIAL_REACH, &watched->trial, &fault) < 0)
                watched->trial = NULL; /* too large with callouts in it: goes without */
        fault_done(&fault);
}

struct regex_explain *regex_explain_new(struct regex_tool *tool) {
        struct regex_explain *explain = memory_new(sizeof(*explain));
        const char *no_colour = getenv("NO_COLOR");
        size_t count = filter_failregex_count(tool->filter);
        unsigned flags = tool->report.multi_line ? PATTERN_MULTILINE : PATTERN_PLAIN;
        explain->tool = tool;
        explain->has_colours = isatty(STDOUT_FILENO) && (!no_colour || !*no_colour);
        explain->fail = memory_new_array(count + 1, sizeof(*explain->fail));
        if (filter_prefregex(tool->filter).len > 0)
                make_trial(&explain->prefregex, filter_prefregex(tool->filter), PATTERN_PLAIN);
        for (size_t i = 0; i < count; i++)
                make_trial(&explain->fail[i], filter_failregex(tool->filter, i), flags);
        return explain;
}

struct regex_explain *regex_explain_free(struct regex_explain *explain) {
        if (!explain)
                return NULL;
        for (size_t i = 0; i < filter_failregex_count(explain->tool->filter); i++)
                (void)trial_free(explain->fail[i].trial);
        (void)trial_free(explain->prefregex.trial);
        free(explain->fail);
        free(explain);
        return NULL;
}

/* ---- forms ---- */

static void put(struct slice text) {
        (void)fwrite(text.data ? text.data : "", 1, text.len, stdout);
}

static void put_coloured(
        const struct regex_explain *explain, enum colour colour, struct slice text) {
        static const char *const codes[] = {"\033[32m", "\033[31m", "\033[2m", ""};
        bool coloured = explain->has_colours && colour != COLOUR_NONE;
        (void)fputs(coloured ? codes[colour] : "", stdout);
        put(text);
        (void)fputs(coloured ? "\033[0m" : "", stdout);
}

static void label(const struct regex_explain *explain, const char *name) {
        char text[16];
        (void)snprintf(text, sizeof(text), "   %-11s ", name);
        put_coloured(explain, COLOUR_DIM, slice_of(text));
}

/* What would move the caret, or tell the terminal to do something, is shown as a dot: controls, and
 * those of 0x80 to 0x9f, which are two bytes. */
static void put_plain(struct slice text) {
        for (size_t i = 0; i < text.len; i++) {
                unsigned char c = (unsigned char)text.data[i];
                bool is_high = c == 0xc2 && i + 1 < text.len &&
                               ((unsigned char)text.data[i + 1] & 0xe0) == 0x80;
                i += is_high;
                (void)putchar(c < 0x20 || c == 0x7f || is_high ? '.' : c);
        }
}

static bool starts_char(char c) {
        return ((unsigned char)c & 0xc0) != 0x80;
}

/* The text around a place, and a mark below it. */
static void point_at(
        const struct regex_explain *explain, const char *name, struct slice text, size_t at) {
        size_t start = at;
        size_t end = at;
        if (slice_has_suffix(text, SLICE("\n")) && at < text.len)
                text.len--; /* the caret may stand behind the end */
        size_t before = 0;
        while (start > 0 && (before < BEFORE_CHARS || !starts_char(text.data[start])))
                before += starts_char(text.data[--start]);
        for (size_t chars = 0; end < text.len; end++)
                if (starts_char(text.data[end]) && chars++ >= BEHIND_CHARS)
                        break;
        label(explain, name);
        if (start > 0)
                (void)printf("...");
        put_plain(slice_sub(text, start, end));
        (void)printf("%s\n%*s", end < text.len ? "..." : "",
                (int)(15 + before + (start > 0 ? 3 : 0)), "");
        put_coloured(explain, COLOUR_BAD, SLICE("^"));
        (void)putchar('\n');
}

static void put_regex(const char *kind, const struct regex_stats *stats, size_t index) {
        const struct value_origin *origin =
                index < stats->count ? stats->items[index].origin : NULL;
        (void)printf("%s %zu", kind, index + 1);
        if (origin)
                (void)printf(" (%s:%u)", origin->file, stats->items[index].line);
}

static struct slice iso_text(double time, struct arena *arena) {
        char text[CLOCK_ISO_MAX];
        if (!isfinite(time) || time < 0)
                return SLICE("unknown");
        return arena_copy(arena, slice_of(clock_iso_text((uint64_t)llround(time * 1e6), text)));
}

/* ---- what was found ---- */

static size_t chars_in(struct slice text) {
        return text_length(text);
}

static void tell_date(const struct regex_explain *explain, const struct regex_line *line,
        const struct filter_trace *trace, struct arena *arena) {
        struct filter *filter = explain->tool->filter;
        struct slice time = iso_text(trace->time, arena);
        struct date_template_info info = {.name = SLICE("")};
        label(explain, "date");
        if (!trace->date.data || !trace->has_own_date) {
                (void)printf("none%s%s",
                        trace->date.data && trace->date_template != SIZE_MAX ? " that exists: "
                                                                             : " found",
                        trace->date.data && trace->date_template != SIZE_MAX
                                ? repr_text(trace->date, arena).data
                                : "");
                if (isfinite(trace->time))
                        (void)printf("; that of a line before counts: %.*s", SLICE_ARG(time));
                (void)putchar('\n');
                return;
        }
        put(repr_text(trace->date, arena));
        if (trace->date.data >= line->text.data &&
                trace->date.data < line->text.data + line->text.len) {
                size_t at = (size_t)(trace->date.data - line->text.data);
                size_t first = chars_in(slice_sub(line->text, 0, at)) + 1;
                (void)printf(" at characters %zu to %zu", first, first + chars_in(trace->date) - 1);
        }
        if (trace->date_template < date_detector_count(filter_dates(filter)))
                date_detector_info(filter_dates(filter), trace->date_template, &info);
        if (info.name.len > 0)
                (void)printf(" by template %.*s", SLICE_ARG(info.name));
        (void)printf(": %.*s\n", SLICE_ARG(time));
}

static void tell_searched(const struct regex_explain *explain, const char *name, struct slice text,
        struct arena *arena) {
        if (!text.data)
                return;
        label(explain, name);
        if (slice_has_suffix(text, SLICE("\n")))
                text.len--;
        put(repr_text(text, arena));
        (void)putchar('\n');
}

static void tell_prefregex(const struct regex_explain *explain, const struct filter_trace *trace,
        struct arena *arena) {
        if (filter_prefregex(explain->tool->filter).len == 0 || !trace->whole.data)
                return;
        label(explain, "prefregex");
        if (!trace->prefregex_hit) {
                (void)printf("does not match\n");
                return;
        }
        const struct value *content = value_dict_get(&trace->prefregex_groups, "content");
        if (content && content->type == VALUE_STRING)
                (void)printf("matches; the failregexes get %.*s\n",
                        SLICE_ARG(repr_text(content->string, arena)));
        else
                (void)printf("matches\n");
}

static void tell_ignored(const struct regex_explain *explain, const struct filter_trace *trace) {
        for (size_t i = 0; i < trace->ignore_hit_count; i++) {
                label(explain, "ignored by");
                put_regex("ignoreregex", &explain->tool->report.ignore, trace->ignore_hits[i]);
                (void)putchar('\n');
        }
}

/* ---- results ---- */

static bool is_in_ignoreip(const struct regex_tool *tool, struct slice id) {
        struct address address;
        struct address net;
        for (size_t i = 0; i < tool->ignoreip.list.count; i++) {
                struct slice text = value_item_text(&tool->ignoreip, i);
                if (slice_equal(text, id))
                        return true;
                if (address_parse(id, &address) == 0 && address_parse(text, &net) == 0 &&
                        address_in(&address, &net))
                        return true;
        }
        return false;
}

static double findtime_of(const struct regex_tool *tool) {
        if (tool->findtime.type == VALUE_INT)
                return (double)tool->findtime.integer;
        return tool->findtime.type == VALUE_FLOAT ? tool->findtime.real : FINDTIME_DEFAULT;
}

static struct slice seconds_text(double seconds, struct arena *arena) {
        struct value value = value_int((int64_t)seconds);
        return duration_print(&value, arena);
}

/* Why a result would be no failure in a jail now; data NULL: it would be one. */
static struct slice objection(const struct regex_tool *tool, const struct filter_failure *result,
        bool is_ignored, struct arena *arena) {
        double age = clock_wall(&tool->clock) - result->time;
        if (is_ignored || result->ignored)
                return SLICE("an ignoreregex matches");
        if (result->nofail)
                return SLICE(
                        "it only tells of the connection (NOFAIL); another line of it has to fail");
        if (!result->id.data)
                return SLICE("no line of this connection has told an address yet");
        if (is_in_ignoreip(tool, result->id))
                return SLICE("the address is in ignoreip");
        if (isnan(result->time))
                return SLICE("no date is known");
        if (age > findtime_of(tool))
                return arena_printf(arena,
                        "too old for a jail that starts: %.*s ago, findtime is %.*s",
                        SLICE_ARG(seconds_text(age, arena)),
                        SLICE_ARG(seconds_text(findtime_of(tool), arena)));
        return SLICE_NULL;
}

static void tell_groups(
        const struct regex_explain *explain, const struct value *data, struct arena *arena) {
        for (size_t i = 0; i + 1 < data->list.count; i += 2) {
                const struct value *key = &data->list.items[i];
                if (key[1].type == VALUE_NONE || slice_has_suffix(key->string, SLICE("matches")))
                        continue;
                label(explain, "");
                put(key->string);
                (void)printf(" = ");
                put(repr(&key[1], arena));
                (void)putchar('\n');
        }
}

static void tell_result(const struct regex_explain *explain, const struct filter_failure *result,
        bool is_ignored, struct arena *arena) {
        struct slice reason = objection(explain->tool, result, is_ignored, arena);
        label(explain, "matched");
        put_regex("failregex", &explain->tool->report.fail, result->regex);
        (void)putchar('\n');
        label(explain, "id");
        put_plain(result->id.data ? result->id : SLICE("none yet"));
        (void)putchar('\n');
        tell_groups(explain, &result->data, arena);
        label(explain, "counts now");
        if (!reason.data) {
                put_coloured(explain, COLOUR_GOOD, SLICE("yes"));
        } else {
                put_coloured(explain, COLOUR_BAD, SLICE("no"));
                (void)printf(", %.*s", SLICE_ARG(reason));
        }
        (void)putchar('\n');
}

/* ---- what did not match ---- */

/* Further in the text; or as far, and further in the regex. */
static bool is_closer(const struct trial_result *a, const struct trial_result *b) {
        return a->reached != b->reached ? a->reached > b->reached : a->item > b->item;
}

static void tell_place(const struct regex_explain *explain, const struct trial_result *result,
        struct slice text, struct slice regex) {
        if (result->end == TRIAL_STOPPED)
                (void)printf(" was too much work");
        (void)printf(
                " gave up at character %zu\n", chars_in(slice_sub(text, 0, result->reached)) + 1);
        point_at(explain, "in", text, result->reached);
        point_at(explain, "regex", regex, result->item);
}

static void tell_closest(struct regex_explain *explain, const struct filter_trace *trace) {
        struct filter *filter = explain->tool->filter;
        struct watched *best = NULL;
        struct slice text = trace->searched;
        for (size_t i = 0; text.data && i < filter_failregex_count(filter); i++) {
                struct watched *watched = &explain->fail[i];
                if (!watched->trial)
                        continue;
                watched->result = trial_run(watched->trial, text, STEPS_MAX);
                if (watched->result.end != TRIAL_MATCHED &&
                        (!best || is_closer(&watched->result, &best->result)))
                        best = watched;
        }
        if (!best)
                return;
        size_t index = (size_t)(best - explain->fail);
        label(explain, "closest");
        put_regex("failregex", &explain->tool->report.fail, index);
        tell_place(explain, &best->result, text, filter_failregex(filter, index));
}

static void tell_prefregex_place(struct regex_explain *explain, const struct filter_trace *trace) {
        struct watched *watched = &explain->prefregex;
        if (!watched->trial || !trace->whole.data || trace->prefregex_hit)
                return;
        watched->result = trial_run(watched->trial, trace->whole, STEPS_MAX);
        if (watched->result.end == TRIAL_MATCHED)
                return;
        label(explain, "");
        (void)printf("it");
        tell_place(
                explain, &watched->result, trace->whole, filter_prefregex(explain->tool->filter));
}

void regex_explain_line(struct regex_explain *explain, const struct regex_line *line,
        enum regex_verdict verdict, const struct filter_failure *results, size_t count,
        struct arena *arena) {
        static const char *const words[] = {[REGEX_MATCHED] = "matched",
                [REGEX_IGNORED] = "ignored",
                [REGEX_MISSED] = "missed"};
        static const enum colour colours[] = {[REGEX_MATCHED] = COLOUR_GOOD,
                [REGEX_IGNORED] = COLOUR_DIM,
                [REGEX_MISSED] = COLOUR_BAD};
        const struct filter_trace *trace = filter_trace(explain->tool->filter);
        bool is_told = false;
        (void)printf("Line %llu: ", (unsigned long long)line->number);
        put_coloured(explain, colours[verdict], slice_of(words[verdict]));
        (void)putchar('\n');
        label(explain, "text");
        put_plain(line->text);
        (void)putchar('\n');
        tell_date(explain, line, trace, arena);
        tell_searched(explain, "without it", trace->whole, arena);
        tell_ignored(explain, trace);
        tell_prefregex(explain, trace, arena);
        for (size_t i = 0; i < count; i++) {
                tell_result(explain, &results[i], trace->ignore_hit_count > 0, arena);
                is_told = true;
        }
        if (!is_told)
                tell_prefregex_place(explain, trace);
        if (!is_told && trace->ignore_hit_count == 0)
                tell_closest(explain, trace);
        (void)putchar('\n');
}
