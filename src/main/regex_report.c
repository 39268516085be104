/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting and reporting. Every count and blank line follows upstream's output, which people and
 * scripts compare; lines are kept only as far as they can be printed. Upstream:
 * fail2ban/client/fail2banregex.py, 1.1. */
#include "main/regex_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/repr.h"
#include "config/text.h"
#include "detect/date.h"
#include "detect/tag_expand.h"

#define LINK_MAX ((size_t)16 << 20)

void regex_report_init(struct regex_report *report, const struct regex_arguments *arguments,
        const struct clock *clock, struct filter *filter) {
        *report = (struct regex_report){.arguments = arguments,
                .clock = clock,
                .filter = filter,
                .arena = ARENA_INIT,
                .has_dates = true};
        report->limit =
                arguments->maxlines > 0 ? (uint64_t)arguments->maxlines : REGEX_REPORT_LINES;
}

void regex_report_clear_regexes(struct regex_stats *stats) {
        for (size_t i = 0; i < stats->count; i++)
                free(stats->items[i].hits);
        free(stats->items);
        *stats = (struct regex_stats){0};
}

void regex_report_done(struct regex_report *report) {
        regex_report_clear_regexes(&report->fail);
        regex_report_clear_regexes(&report->ignore);
        free(report->matched.items);
        free(report->ignored.items);
        free(report->missed.items);
        free(report->matched_links.items);
        free(report->ignored_links.items);
        free(report->missed_links.items);
        free(report->prefregex_groups.items);
        arena_done(&report->arena);
}

void regex_report_add_regex(struct regex_report *report, struct regex_stats *stats,
        struct slice regex, const struct value_origin *origin) {
        memory_reserve(&stats->items, stats->count, &stats->capacity, sizeof(*stats->items));
        stats->items[stats->count++] =
                (struct regex_stat){.regex = arena_copy(&report->arena, regex), .origin = origin};
}

/* ---- counting ---- */

static void keep(struct regex_report *report, struct regex_lines *lines, struct slice text) {
        memory_reserve(&lines->items, lines->count, &lines->capacity, sizeof(*lines->items));
        lines->items[lines->count++] = arena_copy(&report->arena, text);
}

static void note_hit(
        struct regex_report *report, const struct filter_failure *result, bool several) {
        if (result->regex >= report->fail.count)
                return;
        struct regex_stat *stat = &report->fail.items[result->regex];
        stat->count++;
        if (report->arguments->verbose == 0)
                return;
        memory_reserve(&stat->hits, stat->hit_count, &stat->hit_capacity, sizeof(*stat->hits));
        stat->hits[stat->hit_count++] = (struct regex_hit){
                .id = result->id.data ? arena_copy(&report->arena, result->id) : SLICE_NULL,
                .time = result->time,
                .several = several,
        };
}

static void note_prefregex(
        struct regex_report *report, const struct filter_trace *trace, struct arena *arena) {
        if (!trace->prefregex_hit)
                return;
        report->prefregex_hits++;
        if (report->arguments->verbose == 0)
                return;
        struct regex_lines *groups = &report->prefregex_groups;
        if (groups->count < report->limit)
                keep(report, groups, repr(&trace->prefregex_groups, arena));
        else if (groups->count == report->limit)
                keep(report, groups, SLICE("..."));
}

static struct slice join3(const struct value *parts, struct arena *arena) {
        return ARENA_JOIN(arena, value_item_text(parts, 0), value_item_text(parts, 1),
                value_item_text(parts, 2));
}

static void drop_line(struct regex_lines *lines, struct slice text) {
        for (size_t i = 0; i < lines->count; i++) {
                if (!slice_equal(lines->items[i], text))
                        continue;
                memmove(&lines->items[i], &lines->items[i + 1],
                        (lines->count - i - 1) * sizeof(lines->items[0]));
                lines->count--;
                return;
        }
}

/* Earlier lines that this one completed a match with are no longer missed. Returns what -D is to
 * show for the line: itself, or all of them without dates. */
static struct slice note_consumed(struct regex_report *report, const struct filter_trace *trace,
        struct slice line, struct arena *arena) {
        const struct regex_arguments *a = report->arguments;
        struct slice shown = SLICE_NULL;
        for (size_t i = 0; i < trace->consumed.list.count; i++) {
                const struct value *parts = &trace->consumed.list.items[i];
                struct slice text = join3(parts, arena);
                struct slice stripped =
                        ARENA_JOIN(arena, value_item_text(parts, 0), value_item_text(parts, 2));
                drop_line(&report->missed, text);
                if (a->debuggex)
                        drop_line(&report->missed_links, stripped);
                if (a->print_all_matched && !a->debuggex)
                        keep(report, &report->matched, text);
                if (a->print_all_matched && a->debuggex)
                        shown = ARENA_JOIN(arena, shown, stripped, SLICE("\n"));
                report->matched.total++;
                report->missed.total--;
        }
        if (!shown.data)
                return line;
        return ARENA_JOIN(arena, shown, trace->stripped);
}

static void count_line(struct regex_report *report, struct regex_lines *lines,
        struct regex_lines *links, bool wanted, struct slice line, struct slice shown) {
        lines->total++;
        if (!wanted)
                return;
        keep(report, lines, line);
        if (report->arguments->debuggex)
                keep(report, links, shown);
}

static void count_missed(struct regex_report *report, struct slice line, struct slice shown) {
        const struct regex_arguments *a = report->arguments;
        count_line(report, &report->missed, &report->missed_links,
                !a->print_no_missed &&
                        (a->print_all_missed || report->missed.total <= report->limit),
                line, shown);
}

void regex_report_missed(struct regex_report *report, struct slice line) {
        count_missed(report, line, line);
        report->tested++;
}

bool regex_report_needs_count_only(const struct regex_report *report) {
        const struct regex_arguments *a = report->arguments;
        bool lists_missed = !a->print_no_missed &&
                            (a->print_all_missed || report->missed.total < report->limit);
        return a->verbose == 0 && !report->multi_line && !lists_missed;
}

void regex_report_passed(struct regex_report *report, uint64_t count) {
        const struct filter_trace *trace = filter_trace(report->filter);
        report->prefregex_hits += trace->prefregex_hit ? count : 0;
        report->missed.total += count;
        report->tested += count;
}

static enum regex_verdict verdict_of(bool is_ignored, size_t failures) {
        if (is_ignored)
                return REGEX_IGNORED;
        return failures > 0 ? REGEX_MATCHED : REGEX_MISSED;
}

enum regex_verdict regex_report_line(struct regex_report *report, struct slice line,
        const struct filter_failure *results, size_t count, struct arena *arena) {
        const struct regex_arguments *a = report->arguments;
        const struct filter_trace *trace = filter_trace(report->filter);
        bool is_ignored = trace->ignore_hit_count > 0;
        size_t failures = 0;
        for (size_t i = 0; i < count; i++) {
                if (results[i].ignored)
                        continue;
                note_hit(report, &results[i], failures > 1);
                is_ignored = is_ignored || results[i].nofail;
                failures += !results[i].nofail;
        }
        for (size_t i = 0; i < trace->ignore_hit_count; i++)
                if (trace->ignore_hits[i] < report->ignore.count)
                        report->ignore.items[trace->ignore_hits[i]].count++;
        note_prefregex(report, trace, arena);
        struct slice shown = report->multi_line ? note_consumed(report, trace, line, arena) : line;
        if (is_ignored)
                count_line(report, &report->ignored, &report->ignored_links,
                        !a->print_no_ignored &&
                                (a->print_all_ignored || report->ignored.total <= report->limit),
                        line, shown);
        else if (failures > 0)
                count_line(report, &report->matched, &report->matched_links, a->print_all_matched,
                        line, shown);
        else
                count_missed(report, line, shown);
        report->tested++;
        return verdict_of(is_ignored, failures);
}

/* ---- printing ---- */

static void put(struct slice text) {
        (void)fwrite(text.data ? text.data : "", 1, text.len, stdout);
}

static void list_begin(const char *header) {
        if (header)
                (void)printf("|- %s\n", header);
}

static void list_item(struct slice text) {
        (void)printf("|  ");
        put(text);
        (void)putchar('\n');
}

static void print_time(double time_s, const struct clock *clock) {
        time_t t = isnan(time_s) ? (time_t)clock_wall_s(clock) : (time_t)time_s;
        struct tm local;
        char text[64];
        if (localtime_r(&t, &local) &&
                strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Y", &local) > 0)
                (void)printf("%s", text);
}

static void print_hits(const struct regex_report *report, const struct regex_stat *stat) {
        for (size_t i = 0; i < stat->hit_count; i++) {
                (void)printf("|      ");
                put(stat->hits[i].id.data ? stat->hits[i].id : SLICE("None"));
                (void)printf("  ");
                print_time(stat->hits[i].time, report->clock);
                (void)printf("%s\n", stat->hits[i].several ? " (multiple regex matched)" : "");
        }
}

static void print_regexes(
        const struct regex_report *report, const char *title, const struct regex_stats *stats) {
        uint64_t total = 0;
        bool any = false;
        for (size_t i = 0; i < stats->count; i++)
                total += stats->items[i].count;
        (void)printf("\n%s: %" PRIu64 " total\n", title, total);
        for (size_t i = 0; i < stats->count; i++) {
                const struct regex_stat *stat = &stats->items[i];
                if (stat->count == 0 && report->arguments->verbose == 0)
                        continue;
                if (!any)
                        list_begin(" #) [# of hits] regular expression");
                any = true;
                (void)printf("|  %2zu) [%" PRIu64 "] ", i + 1, stat->count);
                put(stat->regex);
                (void)putchar('\n');
                print_hits(report, stat);
        }
        if (any)
                (void)printf("`-\n");
}

static void print_prefregex(const struct regex_report *report) {
        struct slice regex = filter_prefregex(report->filter);
        if (regex.len == 0)
                return;
        (void)printf("\nPrefregex: %" PRIu64 " total\n", report->prefregex_hits);
        list_item(regex);
        for (size_t i = 0; i < report->prefregex_groups.count; i++) {
                (void)printf("|      ");
                put(report->prefregex_groups.items[i]);
                (void)putchar('\n');
        }
        (void)printf("`-\n");
}

static void print_dates(const struct regex_report *report) {
        const struct date_detector *dates = filter_dates(report->filter);
        bool any = false;
        (void)printf("\nDate template hits:\n");
        for (size_t i = 0; i < date_detector_count(dates); i++) {
                struct date_template_info info;
                date_detector_info(dates, i, &info);
                if (info.hits == 0 && report->arguments->verbose == 0)
                        continue;
                if (!any)
                        list_begin("[# of hits] date format");
                any = true;
                (void)printf("|  [%" PRIu64 "] %.*s\n", info.hits, SLICE_ARG(info.name));
                if (!report->arguments->verbose_date)
                        continue;
                (void)printf("|      # weight: %.3f (%.3f), pattern: %.*s\n", info.weight,
                        info.template_weight, SLICE_ARG(info.pattern));
                (void)printf("|      # regex:   %.*s\n", SLICE_ARG(info.regex));
        }
        if (any)
                (void)printf("`-\n");
}

/* application/x-www-form-urlencoded */
static int put_encoded(struct buffer *out, struct slice text) {
        int r = 0;
        for (size_t i = 0; r == 0 && i < text.len; i++) {
                unsigned char c = (unsigned char)text.data[i];
                bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                             (c != '\0' && strchr("_.-~", c));
                if (plain)
                        r = buffer_append_char(out, (char)c);
                else if (c == ' ')
                        r = buffer_append_char(out, '+');
                else
                        r = buffer_printf(out, "%%%02X", c);
        }
        return r;
}

/* Only tags are expanded: inline flags stay where they were written. */
static int put_expanded(struct buffer *out, const struct regex_report *report, struct slice regex) {
        struct buffer expanded = BUFFER_INIT(LINK_MAX);
        enum tag_hosts hosts =
                slice_is(report->arguments->usedns, "no") ? TAG_HOSTS_PLAIN : TAG_HOSTS_NAMED;
        int r = tag_expand(regex, hosts, &expanded);
        if (r == 0)
                r = put_encoded(out, buffer_view(&expanded));
        buffer_done(&expanded);
        return r;
}

static void print_link(const struct regex_report *report, struct slice line, struct slice regex) {
        struct buffer link = BUFFER_INIT(LINK_MAX);
        int r = buffer_append(&link, SLICE("https://www.debuggex.com/?re="));
        if (r == 0)
                r = put_expanded(&link, report, regex);
        if (r == 0)
                r = buffer_append(&link, SLICE("&str="));
        if (r == 0)
                r = put_encoded(&link, line);
        if (r == 0)
                r = buffer_printf(&link, "&flavor=python%s", report->multi_line ? "&flags=m" : "");
        (void)printf("|  ");
        put(line);
        (void)printf(" | ");
        put(regex);
        (void)printf(" |  ");
        put(r == 0 ? buffer_view(&link) : SLICE("(too long)"));
        (void)putchar('\n');
        buffer_done(&link);
}

static void print_links(const struct regex_report *report, const struct regex_lines *links,
        const struct regex_stats *stats, const char *header) {
        if (links->count == 0 || stats->count == 0)
                return;
        list_begin(header);
        for (size_t i = 0; i < links->count; i++)
                for (size_t k = 0; k < stats->count; k++)
                        print_link(report, links->items[i], stats->items[k].regex);
        (void)printf("`-\n");
}

struct listing {
        const char *title; /* "Missed" */
        const char *name;  /* "missed" */
        const struct regex_lines *lines, *links;
        const struct regex_stats *stats;
        bool all;
};

static void print_listing(const struct regex_report *report, const struct listing *listing) {
        char header[32];
        const struct regex_lines *lines = listing->lines;
        if (lines->total == 0)
                return;
        (void)snprintf(header, sizeof(header), "%s line(s):", listing->title);
        if (lines->total >= report->limit && !listing->all) {
                (void)printf("%s too many to print.  Use --print-all-%s to print all %" PRIu64
                             " lines\n",
                        header, listing->name, lines->total);
                return;
        }
        if (report->arguments->debuggex) {
                print_links(report, listing->links, listing->stats, header);
                return;
        }
        if (lines->count == 0)
                return;
        list_begin(header);
        for (size_t i = 0; i < lines->count; i++)
                list_item(text_strip_right(lines->items[i]));
        (void)printf("`-\n");
}

void regex_report_print(const struct regex_report *report, double elapsed_s) {
        const struct regex_arguments *a = report->arguments;
        (void)printf("\nResults\n=======\n");
        print_prefregex(report);
        print_regexes(report, "Failregex", &report->fail);
        print_regexes(report, "Ignoreregex", &report->ignore);
        if (report->has_dates)
                print_dates(report);
        (void)printf("\nLines: %" PRIu64 " lines, %" PRIu64 " ignored, %" PRIu64
                     " matched, %" PRIu64 " missed\n",
                report->tested, report->ignored.total, report->matched.total, report->missed.total);
        (void)printf("[processed in %.2f sec]\n\n", elapsed_s);
        const struct listing listings[] = {
                {"Matched", "matched", &report->matched, &report->matched_links, &report->fail,
                 true                },
                {"Ignored", "ignored", &report->ignored, &report->ignored_links, &report->ignore,
                 a->print_all_ignored},
                {"Missed",  "missed",  &report->missed,  &report->missed_links,  &report->fail,
                 a->print_all_missed },
        };
        if (a->print_all_matched)
                print_listing(report, &listings[0]);
        if (!a->print_no_ignored)
                print_listing(report, &listings[1]);
        if (!a->print_no_missed)
                print_listing(report, &listings[2]);
}
