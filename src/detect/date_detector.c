/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ordered list of templates and the choice among them for a line (spec filter.md 2.5).
 *
 * The list learns: a template that matches moves towards the front, and the one that matched last
 * is tried first, at the place where it matched last. What is accepted, and when the search goes on
 * for a better match, follows upstream step by step, as it decides what is cut from a line.
 * Positions are remembered in characters, as upstream counts, and turned into bytes for each line;
 * for a line that is ASCII up to there, they are the same.
 *
 * The common case costs no regex: the last template has a recogniser (date_fast.h) that is sure of
 * a match at the same place. Upstream: fail2ban/server/datedetector.py, 1.1. */
#include "detect/date.h"

#include <errno.h>
#include <math.h>

#include "base/memory.h"
#include "detect/date_detector.h"
#include "detect/digit.h"
#include "detect/timezone.h"

#define UNUSED_S 300 /* a template unused for so long gives way */

struct date_detector *date_detector_new(const struct clock *clock) {
        struct date_detector *detector = memory_new(sizeof(*detector));
        calendar_init(&detector->calendar, clock);
        detector->last = DATE_LAST_NONE;
        detector->start_chars = 1;
        return detector;
}

static void drop_entries(struct date_detector *detector) {
        for (size_t i = 0; i < detector->count; i++)
                date_pool_put(detector->entries[i].template);
        free(detector->entries);
        detector->entries = NULL;
        detector->count = detector->capacity = 0;
}

struct date_detector *date_detector_free(struct date_detector *detector) {
        if (!detector)
                return NULL;
        drop_entries(detector);
        pattern_free(detector->alnum);
        free(detector);
        return NULL;
}

static int current_year(struct date_detector *detector) {
        int64_t year;
        int month;
        int day;
        calendar_date(calendar_now_us(&detector->calendar) / 1000000 / 86400, &year, &month, &day);
        return (int)year;
}

static bool is_known(const struct date_detector *detector, const char *name) {
        for (size_t i = 0; i < detector->count; i++)
                if (strcmp(detector->entries[i].template->name, name) == 0)
                        return true;
        return false;
}

/* Appends a template, whose reference it takes over. */
static int append(
        struct date_detector *detector, struct date_template *template, struct fault *fault) {
        if (detector->count >= DATE_TEMPLATES_MAX || is_known(detector, template->name)) {
                int r = fault_raise(fault, "ValueError", "There is already a template with name %s",
                        template->name);
                if (detector->count >= DATE_TEMPLATES_MAX)
                        r = fault_set(
                                fault, -EINVAL, "more than %d date templates", DATE_TEMPLATES_MAX);
                date_pool_put(template);
                return r;
        }
        memory_reserve(&detector->entries, detector->count, &detector->capacity,
                sizeof(*detector->entries));
        detector->entries[detector->count++] =
                (struct date_entry){.template = template, .distance = DATE_DISTANCE_NONE};
        return 0;
}

static int append_strict(void *user, struct date_template *template, struct fault *fault) {
        return append(user, template, fault);
}

/* Behind other templates, defaults that are there already are passed over. */
static int append_new(void *user, struct date_template *template, struct fault *fault) {
        struct date_detector *detector = user;
        if (!is_known(detector, template->name))
                return append(detector, template, fault);
        date_pool_put(template);
        return 0;
}

static bool has_date_tag(struct slice pattern) {
        for (size_t i = 0; i + 6 <= pattern.len; i++)
                if (slice_equal_nocase(slice_sub(pattern, i, i + 6), SLICE("{DATE}")))
                        return true;
        return false;
}

/* Whether pattern is tag in any case, unless it holds a '%'. */
static int append_pattern(
        struct date_detector *detector, struct slice pattern, struct fault *fault) {
        int year = current_year(detector);
        date_pool_sink *sink = detector->count > 0 ? append_new : append_strict;
        bool has_percent = slice_find_char(pattern, '%', 0) < pattern.len;
        if (slice_equal_nocase(pattern, SLICE("{DEFAULT}")))
                return 0; /* upstream's filter for it keeps none: an empty list means the defaults
                             anyway */
        if (slice_equal_nocase(pattern, SLICE("{^LN-BEG}")))
                return date_pool_list_defaults(DATE_POOL_LINE_BEGIN, year, sink, detector, fault);
        bool tagged = has_percent ? slice_find(pattern, SLICE("{DATE}"), 0) < pattern.len
                                  : has_date_tag(pattern);
        if (tagged)
                return date_pool_list_wrapped(pattern, year, sink, detector, fault);
        if (slice_equal_nocase(pattern, SLICE("{NONE}")))
                pattern = SLICE("{UNB}^");
        struct date_template *template;
        int r = date_pool_get(pattern, year, &template, fault);
        return r < 0 ? r : append(detector, template, fault);
}

int date_detector_set_pattern(
        struct date_detector *detector, struct slice pattern, struct fault *fault) {
        struct date_detector fresh = {.calendar = detector->calendar,
                .last = DATE_LAST_NONE,
                .start_chars = 1,
                .has_zone = detector->has_zone,
                .zone_minutes = detector->zone_minutes,
                .alnum = detector->alnum};
        struct slice rest = pattern;
        struct slice piece;
        int r = 0;
        while (r == 0 && slice_next_piece(&rest, '\n', &piece)) {
                piece = slice_trim(piece);
                if (piece.len > 0)
                        r = append_pattern(&fresh, piece, fault);
        }
        if (r < 0) {
                drop_entries(&fresh);
                return r;
        }
        drop_entries(detector);
        fresh.memo = detector->memo;
        date_memo_forget(&fresh.memo);
        *detector = fresh;
        return 0;
}

int date_detector_set_timezone(
        struct date_detector *detector, struct slice zone, struct fault *fault) {
        int minutes;
        int r = timezone_parse(zone, &minutes, fault);
        if (r < 0)
                return r;
        if (r == TIMEZONE_BAD)
                return fault_raise(fault, "ValueError", "Unknown or unsupported time zone: '%.*s'",
                        SLICE_ARG(zone));
        detector->has_zone = true;
        detector->zone_minutes = minutes;
        date_memo_forget(&detector->memo);
        return 0;
}

int date_detector_describe(
        const struct date_detector *detector, struct slice *ret_pattern, struct slice *ret_name) {
        *ret_pattern = SLICE_NULL;
        *ret_name = SLICE("Default Detectors");
        if (detector->count == 0 || detector->count > 2)
                return 1;
        const struct date_template *template = detector->entries[0].template;
        *ret_pattern = slice_of(template->pattern);
        *ret_name = slice_of(template->name);
        return 0;
}

size_t date_detector_count(const struct date_detector *detector) {
        return detector->count;
}

static double weight_of(const struct date_entry *entry) {
        double distance = entry->distance > 1 ? (double)entry->distance : 1;
        return (double)entry->hits * entry->template->weight / distance;
}

void date_detector_info(
        const struct date_detector *detector, size_t index, struct date_template_info *ret) {
        const struct date_entry *entry = &detector->entries[index];
        *ret = (struct date_template_info){
                .name = slice_of(entry->template->name),
                .pattern = slice_of(entry->template->pattern),
                .regex = slice_of(entry->template->regex),
                .hits = entry->hits,
                .weight = weight_of(entry),
                .template_weight = entry->template->weight,
        };
}

/* ---- characters and bytes ---- */

struct place {
        size_t at;   /* byte */
        bool beyond; /* the line has not so many characters; at is its end */
};

static struct place to_bytes(struct slice line, uint64_t chars) {
        if (chars <= line.len && slice_is_ascii(slice_sub(line, 0, (size_t)chars)))
                return (struct place){(size_t)chars, false};
        size_t at = 0;
        uint64_t i = 0;
        for (; i < chars && at < line.len; i++) {
                size_t len;
                (void)digit_decode_utf8(line, at, &len);
                at += len;
        }
        return (struct place){at, i < chars};
}

static uint64_t to_chars(struct slice line, size_t bytes) {
        uint64_t chars = 0;
        for (size_t i = 0; i < bytes; i++)
                chars += ((unsigned char)line.data[i] & 0xc0) != 0x80;
        return chars;
}

static uint32_t char_at(struct slice line, size_t at) {
        size_t len;
        return at < line.len ? digit_decode_utf8(line, at, &len) : DATE_CHAR_NONE;
}

/* Position of the character before at; at must not be 0. */
static size_t step_back(struct slice line, size_t at) {
        do
                at--;
        while (at > 0 && ((unsigned char)line.data[at] & 0xc0) == 0x80);
        return at;
}

static uint32_t char_before(struct slice line, size_t at) {
        return at > 0 ? char_at(line, step_back(line, at)) : DATE_CHAR_NONE;
}

/* Python's str.isalnum() of the character at position at. */
static bool is_alnum(struct date_detector *detector, struct slice line, size_t at) {
        unsigned char c = (unsigned char)line.data[at];
        if (c < 0x80)
                return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        struct pattern_match match;
        if (!detector->alnum &&
                pattern_compile(SLICE("[^\\W_]"), PATTERN_PLAIN, &detector->alnum, NULL) < 0)
                return true;
        size_t len;
        (void)digit_decode_utf8(line, at, &len);
        return pattern_search(
                       detector->alnum, slice_sub(line, at, at + len), 0, len, &match, NULL) != 0;
}

/* ---- choosing ---- */

/* A match under consideration. */
struct candidate {
        size_t index; /* of the entry, or DATE_LAST_NONE */
        uint64_t start_chars;
        struct date_hit hit;
};

/* Of a line. */
struct part {
        size_t from, to;
};

static struct part whole_of(struct slice line) {
        return (struct part){0, line.len};
}

static int search(struct date_detector *detector, size_t index, struct slice line, struct part part,
        struct candidate *ret, struct fault *fault) {
        struct date_template *template = detector->entries[index].template;
        int r = date_template_search(template, line, part.from, part.to, &ret->hit, fault);
        if (r > 0) {
                ret->index = index;
                ret->start_chars = to_chars(line, ret->hit.span.start);
        }
        return r;
}

/* The same for the place where the template matched last, by its recogniser if that is sure. */
static int search_again(struct date_detector *detector, size_t index, struct slice line,
        struct part part, struct candidate *ret, struct fault *fault) {
        struct date_template *template = detector->entries[index].template;
        if (!date_template_search_fast(template, line, part.from, part.to, &ret->hit))
                return search(detector, index, line, part, ret, fault);
        ret->index = index;
        ret->start_chars = to_chars(line, ret->hit.span.start);
        return 1;
}

static bool is_anchored(const struct date_entry *entry) {
        return (entry->template->flags & (DATE_LINE_BEGIN | DATE_LINE_END)) != 0;
}

/* Whether the line has the same bounds as the last match, so that a search within them is enough:
 * outside them the same characters, or just inside the same ones that are neither letter nor digit.
 */
static bool has_last_bounds(
        struct date_detector *detector, struct slice line, struct place from, struct place to) {
        uint32_t before = from.beyond ? DATE_CHAR_NONE : char_before(line, from.at);
        if (before != detector->before &&
                (from.at >= line.len || char_at(line, from.at) != detector->first ||
                        is_alnum(detector, line, from.at)))
                return false;
        if (char_at(line, to.at) == detector->after)
                return true;
        if (to.beyond || to.at == 0 || char_before(line, to.at) != detector->final)
                return false;
        return !is_alnum(detector, line, step_back(line, to.at));
}

/* Step A of the spec: the template that matched last. Returns 1 if ret is the winner; 0 if the list
 * must be searched (ret->index is then a reserve, if not DATE_LAST_NONE, and *ret_ignore the entry
 * not worth another try). */
static int try_last(struct date_detector *detector, struct slice line, struct candidate *ret,
        size_t *ret_ignore, struct fault *fault) {
        size_t last = detector->last;
        if (last >= detector->count)
                return 0;
        if (is_anchored(&detector->entries[last])) {
                *ret_ignore = last;
                return search_again(detector, last, line, whole_of(line), ret, fault);
        }
        struct place from = to_bytes(line, detector->start_chars);
        struct place to = to_bytes(line, detector->end_chars);
        int r;
        if (has_last_bounds(detector, line, from, to)) {
                r = search_again(detector, last, line, (struct part){from.at, to.at}, ret, fault);
        } else {
                *ret_ignore = last;
                r = search(detector, last, line, whole_of(line), ret, fault);
        }
        if (r <= 0 || detector->count == 1)
                return r;
        return !from.beyond && !to.beyond && ret->hit.span.start == from.at &&
               ret->hit.span.end == to.at;
}

/* Whether a match of the whole line wins at once (step B). */
static bool wins(const struct date_detector *detector, const struct candidate *match) {
        const struct date_entry *entry = &detector->entries[match->index];
        if (match->index + 1 >= detector->count || is_anchored(entry))
                return true;
        if (match->start_chars == 0 && entry->hits > 0 && entry[1].template->hits == 0)
                return true;
        return match->start_chars <= entry->distance && match->start_chars <= detector->start_chars;
}

/* Step B; ret is the reserve of step A, ignore its entry that is not worth another try. */
static int choose_of_all(struct date_detector *detector, struct slice line, size_t ignore,
        struct candidate *ret, struct fault *fault) {
        struct candidate reserve = *ret;
        int r;
        for (size_t i = 0; i < detector->count; i++) {
                if (i == ignore)
                        continue;
                r = search(detector, i, line, whole_of(line), ret, fault);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (wins(detector, ret))
                        return 1;
                if (reserve.index == DATE_LAST_NONE || ret->start_chars < reserve.start_chars)
                        reserve = *ret;
        }
        *ret = reserve;
        return reserve.index != DATE_LAST_NONE;
}

/* Steps A and B. Returns 1 with the winner, 0 without, or negative errno. */
static int choose(struct date_detector *detector, struct slice line, struct candidate *ret,
        struct fault *fault) {
        size_t ignore = DATE_LAST_NONE;
        ret->index = DATE_LAST_NONE;
        int r = try_last(detector, line, ret, &ignore, fault);
        return r == 0 ? choose_of_all(detector, line, ignore, ret, fault) : r;
}

static bool is_movable(const struct date_detector *detector, size_t from, size_t to) {
        const struct date_entry *a = &detector->entries[from];
        const struct date_entry *b = &detector->entries[to];
        return weight_of(a) > weight_of(b) || a->last_used - UNUSED_S > b->last_used;
}

/* Moves an entry towards the front if it deserves it. Returns where it is then. */
static size_t reorder(struct date_detector *detector, size_t index) {
        size_t to = detector->first_unused < index ? detector->first_unused : index / 2;
        if (!is_movable(detector, index, to)) {
                if (to == index - 1)
                        return index;
                to = index - 1;
                if (!is_movable(detector, index, to))
                        return index;
        }
        struct date_entry moved = detector->entries[index];
        memmove(&detector->entries[to + 1], &detector->entries[to], (index - to) * sizeof(moved));
        detector->entries[to] = moved;
        while (detector->first_unused < detector->count &&
                detector->entries[detector->first_unused].hits > 0)
                detector->first_unused++;
        return to;
}

/* Step C: remembers the winner. Returns 0, or -EINVAL where upstream fails: a match that is empty
 * at the end of the line. */
static int learn(struct date_detector *detector, struct slice line, const struct candidate *winner,
        struct fault *fault) {
        struct date_entry *entry = &detector->entries[winner->index];
        entry->hits++;
        entry->last_used = clock_wall(detector->calendar.clock);
        entry->distance = winner->start_chars;
        if (detector->first_unused == winner->index)
                detector->first_unused++;
        size_t start = winner->hit.span.start;
        size_t end = winner->hit.span.end;
        if (start >= line.len)
                return fault_raise(fault, "IndexError", "string index out of range");
        detector->start_chars = winner->start_chars;
        detector->before = char_before(line, start);
        detector->first = char_at(line, start);
        detector->end_chars =
                winner->start_chars +
                (winner->hit.is_fast ? end - start
                                     : to_chars(slice_sub(line, start, end), end - start));
        detector->final = char_before(line, end > 0 ? end : line.len);
        detector->after = char_at(line, end);
        size_t index = winner->index;
        if (index > 0 && index != detector->last)
                index = reorder(detector, index);
        detector->last = index;
        return 0;
}

int date_detector_use_defaults(struct date_detector *detector, struct fault *fault) {
        return date_pool_list_defaults(
                DATE_POOL_ALL, current_year(detector), append_strict, detector, fault);
}

static int64_t now_us(const struct date_detector *detector) {
        return clock_wall_us(detector->calendar.clock);
}

static int time_of(struct date_detector *detector, const struct candidate *winner,
        struct date_time *ret, struct fault *fault) {
        const struct date_template *template = detector->entries[detector->last].template;
        const struct date_hit *hit = &winner->hit;
        const int *zone = detector->has_zone ? &detector->zone_minutes : NULL;
        bool by_parts = hit->is_fast && !hit->fast.has_time;
        if (by_parts && date_memo_time(&detector->memo, &hit->fast.parts, now_us(detector), ret))
                return DATE_FOUND;
        int r = date_template_time(template, hit, &detector->calendar, zone, ret, fault);
        if (by_parts && r == DATE_FOUND)
                date_memo_keep_time(&detector->memo, &hit->fast.parts, now_us(detector), ret);
        return r;
}

/* The last template is anchored, or there is no memory: so what would be found is the same. */
bool date_detector_glance(
        const struct date_detector *detector, struct slice line, struct date_match *ret) {
        struct date_time time;
        if (!date_memo_line(
                    &detector->memo, line, now_us(detector), &ret->cut_start, &ret->cut_end, &time))
                return false;
        ret->template_index = detector->last;
        ret->time = time.seconds;
        ret->integral = time.integral;
        return true;
}

const struct date_memo *date_detector_memo(const struct date_detector *detector) {
        return &detector->memo;
}

size_t date_detector_last(const struct date_detector *detector) {
        return detector->last;
}

/* What would be learnt is known, or next to it. */
void date_detector_repeat(struct date_detector *detector, struct slice line,
        const struct date_match *match, uint64_t count) {
        struct date_entry *entry = &detector->entries[detector->last];
        entry->hits += count;
        entry->template->hits += count;
        entry->last_used = clock_wall(detector->calendar.clock);
        detector->first = char_at(line, 0);
        detector->end_chars = match->cut_end;
        detector->final = (unsigned char)line.data[match->cut_end - 1];
}

void date_detector_again(struct date_detector *detector) {
        struct date_entry *entry = &detector->entries[detector->last];
        entry->hits++;
        entry->template->hits++;
}

/* Not inline: a candidate is large, and most lines need none. */
__attribute__((noinline)) static int match_anew(struct date_detector *detector, struct slice line,
        struct date_match *ret, struct fault *fault) {
        struct candidate winner;
        if (!line.data)
                line = SLICE("");
        size_t last = detector->last;
        int r = detector->count == 0 ? date_detector_use_defaults(detector, fault) : 0;
        if (r < 0)
                return r;
        r = choose(detector, line, &winner, fault);
        if (r <= 0)
                return r < 0 ? r : DATE_NONE;
        r = learn(detector, line, &winner, fault);
        if (r < 0)
                return r;
        const struct date_span *span = &winner.hit.span;
        *ret = (struct date_match){
                span->cut_start, span->cut_end, detector->last, (double)NAN, false};
        if (span->cut_start == span->cut_end) {
                date_memo_forget_line(&detector->memo);
                return DATE_EMPTY;
        }
        struct date_time time = {(double)NAN, false};
        r = time_of(detector, &winner, &time, fault);
        ret->time = time.seconds;
        ret->integral = time.integral;
        const struct date_entry *entry = &detector->entries[detector->last];
        enum date_fast_place place = entry->template->fast.place;
        bool is_bound = place != DATE_FAST_WINDOW && is_anchored(entry);
        if (r == DATE_FOUND && winner.hit.is_fast && last == detector->last && is_bound)
                date_memo_keep_line(
                        &detector->memo, &winner.hit.fast, place, line, now_us(detector), &time);
        else
                date_memo_forget_line(&detector->memo);
        return r;
}

int date_detector_match(struct date_detector *detector, struct slice line, struct date_match *ret,
        struct fault *fault) {
        if (!date_detector_glance(detector, line, ret))
                return match_anew(detector, line, ret, fault);
        date_detector_repeat(detector, line, ret, 1);
        return DATE_FOUND;
}
