/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why this is right: within a minute of local time the seconds since the epoch grow by one a
 * second, as clocks change at full minutes only; a date that is not in the future keeps its year
 * while the present stays in its minute. A recogniser's answer depends on the bytes up to the
 * date's end and LOOK_AHEAD behind it, and on the second only by its digits being two. */
#include "detect/date_memo.h"

#include <string.h>

#define MINUTE_US INT64_C(60000000)
#define WORD sizeof(uint64_t)
#define LOOK_AHEAD 4 /* bytes behind a date that a recogniser looks at, and one */

static int64_t minute_of(int64_t us) {
        return us / MINUTE_US - (us % MINUTE_US < 0);
}

static bool is_same_minute(const struct date_parts *a, const struct date_parts *b) {
        return a->minute == b->minute && a->hour == b->hour && a->day == b->day &&
               a->month == b->month && a->year == b->year && a->has_year == b->has_year &&
               a->has_month == b->has_month && a->has_day == b->has_day &&
               a->has_zone == b->has_zone && a->zone_minutes == b->zone_minutes;
}

bool date_memo_time(const struct date_memo *memo, const struct date_parts *parts, int64_t now_us,
        struct date_time *ret) {
        if (!memo->has_time || !is_same_minute(&memo->parts, parts) || parts->second < 0 ||
                parts->second > 59 || memo->now_minute != minute_of(now_us))
                return false;
        *ret = memo->time;
        ret->seconds += (double)(parts->second - memo->parts.second);
        return true;
}

void date_memo_keep_time(struct date_memo *memo, const struct date_parts *parts, int64_t now_us,
        const struct date_time *time) {
        memo->has_time =
                parts->has_month && parts->has_day && time->seconds * 1e6 <= (double)now_us;
        memo->parts = *parts;
        memo->time = *time;
        memo->now_minute = minute_of(now_us);
        memo->len = 0;
}

/* 0..59, or -1. */
static int second_of(const char *digits) {
        unsigned tens = (unsigned)(unsigned char)digits[0] - '0';
        unsigned ones = (unsigned)(unsigned char)digits[1] - '0';
        return tens <= 5 && ones <= 9 ? (int)(tens * 10 + ones) : -1;
}

static uint64_t word_at(const char *bytes, size_t at) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof(word));
        return word;
}

/* Word by word; the last one may overlap the one before. */
static bool differs(const struct date_memo *memo, const char *line) {
        size_t last = memo->len - WORD;
        uint64_t difference = 0;
        for (size_t at = 0; at < last; at += WORD)
                difference |=
                        (word_at(line, at) ^ word_at(memo->bytes, at)) & word_at(memo->mask, at);
        difference |=
                (word_at(line, last) ^ word_at(memo->bytes, last)) & word_at(memo->mask, last);
        return difference != 0;
}

bool date_memo_line(const struct date_memo *memo, struct slice line, int64_t now_us,
        size_t *ret_cut_start, size_t *ret_cut_end, struct date_time *ret) {
        if (memo->len == 0 || line.len < memo->len || memo->now_minute != minute_of(now_us) ||
                differs(memo, line.data))
                return false;
        int second = second_of(line.data + memo->second_at);
        if (second < 0)
                return false;
        *ret_cut_start = memo->cut_start;
        *ret_cut_end = memo->cut_end;
        *ret = memo->time;
        ret->seconds += (double)(second - memo->parts.second);
        return true;
}

void date_memo_keep_line(
        struct date_memo *memo, const struct date_fast_result *found, struct slice line) {
        const struct date_span *span = &found->span;
        size_t second_at = found->second_at;
        size_t len = span->end + LOOK_AHEAD;
        memo->len = 0;
        if (!memo->has_time || second_at == 0 || len > line.len || len > sizeof(memo->bytes) ||
                len < WORD || second_of(line.data + second_at) < 0)
                return;
        memo->len = len;
        memo->second_at = second_at;
        memo->cut_start = span->cut_start;
        memo->cut_end = span->cut_end;
        memcpy(memo->bytes, line.data, len);
        memset(memo->mask, 0xff, len);
        memset(memo->mask + second_at, 0, 2);
}

void date_memo_forget_line(struct date_memo *memo) {
        memo->len = 0;
}
