/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why this is right: within a minute of local time the seconds since the epoch grow by one a
 * second, as clocks change at full minutes only; a date that is not in the future keeps its year
 * while the present stays in its minute. A recogniser's answer depends on the bytes up to the
 * date's end and those behind it that decide on it, on the second only by its digits being two, and
 * on digits that do not count only by their number. Of a date in a bracket it does not depend on
 * what is in front, as that holds no other bracket. A TAI64N is a time by itself, whatever the
 * present.
 */
#include "detect/date_memo.h"

#include <string.h>

#define MINUTE_US INT64_C(60000000)
#define WORD sizeof(uint64_t)

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
        date_memo_forget_line(memo);
}

/* 0..59, or -1. */
static int second_of(const char *digits) {
        unsigned tens = (unsigned)(unsigned char)digits[0] - '0';
        unsigned ones = (unsigned)(unsigned char)digits[1] - '0';
        return tens <= 5 && ones <= 9 ? (int)(tens * 10 + ones) : -1;
}

static bool are_digits(const char *text, size_t len, bool hex) {
        for (size_t i = 0; i < len; i++) {
                unsigned c = (unsigned char)text[i];
                if (c - '0' > 9 && !(hex && c - 'a' <= 5))
                        return false;
        }
        return true;
}

static uint64_t word_at(const char *bytes, size_t at) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof(word));
        return word;
}

typedef uint64_t block __attribute__((vector_size(16)));

static block block_at(const char *bytes, size_t at) {
        block b;
        memcpy(&b, bytes + at, sizeof(b));
        return b;
}

/* A date and what is around it are mostly that long: at most two blocks, which may overlap. */
static bool has_blocks(const struct date_memo_line *known, const char *text) {
        size_t last = known->len - sizeof(block);
        block other = (block_at(text, 0) ^ block_at(known->bytes, 0)) & block_at(known->mask, 0);
        other |=
                (block_at(text, last) ^ block_at(known->bytes, last)) & block_at(known->mask, last);
        return (other[0] | other[1]) == 0;
}

bool date_memo_line_is_same(
        const struct date_memo_line *known, struct slice line, const char *other) {
        return line.len >= known->len && memcmp(line.data, other, known->len) == 0;
}

/* Word by word; the last one may overlap the one before. */
static bool has_bytes(const struct date_memo_line *known, const char *text) {
        if (known->len >= sizeof(block) && known->len <= 2 * sizeof(block))
                return has_blocks(known, text);
        size_t last = known->len - WORD;
        uint64_t other = 0;
        for (size_t at = 0; at < last; at += WORD)
                other |= (word_at(text, at) ^ word_at(known->bytes, at)) & word_at(known->mask, at);
        other |= (word_at(text, last) ^ word_at(known->bytes, last)) & word_at(known->mask, last);
        return other == 0;
}

/* Where the bytes would stand in the line; NULL: it is too short. */
static const char *bytes_of(const struct date_memo_line *known, struct slice line) {
        const char *at = line.data;
        if (line.len < known->len)
                return NULL;
        if (known->is_in_bracket) {
                at = memchr(line.data, '[', line.len);
                if (!at)
                        return NULL;
                at++;
        }
        return (size_t)(line.data + line.len - at) < known->len ? NULL : at;
}

const struct date_memo_line *date_memo_known(const struct date_memo *memo, int64_t now_us) {
        const struct date_memo_line *known = &memo->line;
        return known->len > 0 && known->now_minute == minute_of(now_us) ? known : NULL;
}

bool date_memo_line_fits(const struct date_memo_line *known, struct slice line, size_t *ret_at) {
        const char *text = bytes_of(known, line);
        if (!text)
                return false;
        *ret_at = (size_t)(text - line.data);
        return has_bytes(known, text) &&
               are_digits(text + known->spare_at, known->spare_len, known->is_hex) &&
               (known->second_at == 0 || second_of(text + known->second_at) >= 0);
}

struct date_time date_memo_line_time(
        const struct date_memo_line *known, struct slice line, size_t at) {
        struct date_time time = known->time;
        if (known->second_at > 0)
                time.seconds += second_of(line.data + at + known->second_at) - known->second;
        return time;
}

void date_memo_line_times(const struct date_memo_line *known, double *ret_first, double *ret_last) {
        *ret_first = *ret_last = known->time.seconds;
        if (known->second_at == 0)
                return;
        *ret_first -= known->second;
        *ret_last += 59 - known->second;
}

bool date_memo_line(const struct date_memo *memo, struct slice line, int64_t now_us,
        size_t *ret_cut_start, size_t *ret_cut_end, struct date_time *ret) {
        const struct date_memo_line *known = date_memo_known(memo, now_us);
        size_t at;
        if (!known || !date_memo_line_fits(known, line, &at))
                return false;
        *ret_cut_start = known->cut_start + at;
        *ret_cut_end = known->cut_end + at;
        *ret = date_memo_line_time(known, line, at);
        return true;
}

bool date_memo_is_alike(const struct date_memo *a, const struct date_memo *b) {
        const struct date_memo_line *x = &a->line;
        const struct date_memo_line *y = &b->line;
        return x->len > 0 && x->len == y->len && !x->is_in_bracket && !y->is_in_bracket &&
               x->is_hex == y->is_hex && x->cut_start == 0 && y->cut_start == 0 &&
               x->cut_end == y->cut_end && x->second_at == y->second_at &&
               x->spare_at == y->spare_at && x->spare_len == y->spare_len &&
               x->time.seconds - x->second == y->time.seconds - y->second &&
               x->time.integral == y->time.integral && x->now_minute == y->now_minute &&
               has_bytes(x, y->bytes); /* the masks are the same */
}

static void keep_bytes(struct date_memo_line *known, const char *text) {
        memcpy(known->bytes, text, known->len);
        memset(known->mask, 0xff, known->len);
        memset(known->mask + known->spare_at, 0, known->spare_len);
        if (known->second_at > 0)
                memset(known->mask + known->second_at, 0, 2);
}

/* Not inline: where a line may be a literal the compiler takes its bytes for all that there are. */
__attribute__((noinline)) void date_memo_keep_line(struct date_memo *memo,
        const struct date_fast_result *found, enum date_fast_place place, struct slice line,
        int64_t now_us, const struct date_time *time) {
        const struct date_span *span = &found->span;
        size_t before = place == DATE_FAST_BRACKET ? found->body_at : 0;
        size_t end = found->decided_at;
        bool is_whole = found->has_time ? found->spare_len > 0
                                        : memo->has_time && found->second_at > before &&
                                                  second_of(line.data + found->second_at) >= 0;
        date_memo_forget_line(memo);
        if (!is_whole || end > line.len || end - before < WORD ||
                end - before > DATE_MEMO_BYTES_MAX)
                return;
        memo->line = (struct date_memo_line){
                .len = end - before,
                .is_in_bracket = place == DATE_FAST_BRACKET,
                .is_hex = found->has_time,
                .cut_start = span->cut_start - before,
                .cut_end = span->cut_end - before,
                .second_at = found->has_time ? 0 : found->second_at - before,
                .second = found->has_time ? 0 : second_of(line.data + found->second_at),
                .spare_at = found->spare_len > 0 ? found->spare_at - before : 0,
                .spare_len = found->spare_len,
                .time = *time,
                .now_minute = minute_of(now_us),
        };
        keep_bytes(&memo->line, line.data + before);
}

void date_memo_forget(struct date_memo *memo) {
        *memo = (struct date_memo){.changes = memo->changes + 1};
}

void date_memo_forget_line(struct date_memo *memo) {
        memo->changes++;
        memo->line.len = 0;
}
