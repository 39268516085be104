/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the last date came to: consecutive lines have dates of the same minute, which are the same
 * bytes but for the seconds and fractions of them, and stand at the same place: at the line's begin
 * or behind its first bracket. */
#pragma once

#include "detect/date_fast.h"

#define DATE_MEMO_BYTES_MAX 64

/* A line's bytes that hold its date. */
struct date_memo_line {
        size_t len;         /* of the bytes; 0: no line is known; at least 8 */
        bool is_in_bracket; /* they begin behind the first '[' of the line, not at its begin */
        bool is_hex;        /* the spare digits are */
        size_t cut_start, cut_end;
        size_t second_at; /* where in them the two digits of the second stand; 0: they have none */
        size_t spare_at, spare_len; /* digits that may be any others */
        int second;
        struct date_time time;
        int64_t now_minute; /* see below */
        char bytes[DATE_MEMO_BYTES_MAX];
        char mask[DATE_MEMO_BYTES_MAX]; /* the bits that count */
};

/* Zeroed: knows nothing. */
struct date_memo {
        bool has_time;
        struct date_parts parts; /* as written */
        struct date_time time;   /* what they came to ... */
        int64_t now_minute; /* ... in this minute since the epoch: a missing year depends on it */
        struct date_memo_line line;
        uint64_t changes; /* of what is known of a line; never less than before */
};

/* The time of parts, if they differ from those remembered in the second only. */
bool date_memo_time(const struct date_memo *memo, const struct date_parts *parts, int64_t now_us,
        struct date_time *ret);
/* Remembers a time that parts came to just now; dates in the future are not remembered, as the time
 * they mean changes with the present. */
void date_memo_keep_time(struct date_memo *memo, const struct date_parts *parts, int64_t now_us,
        const struct date_time *time);

/* The line remembered, if it says something at that time; else NULL. Until the next change. */
const struct date_memo_line *date_memo_known(const struct date_memo *memo, int64_t now_us);
/* Whether the line has its bytes, but for the second and what does not count of it; *ret_at: where
 * they begin, which moves its cut_start and cut_end. */
bool date_memo_line_fits(const struct date_memo_line *known, struct slice line, size_t *ret_at);
/* Whether the line begins with the same bytes as another one that fits, where all of it that counts
 * is at the begin. */
bool date_memo_line_is_same(
        const struct date_memo_line *known, struct slice line, const char *other);
/* The time of a line that fits, its bytes being at that place. */
struct date_time date_memo_line_time(
        const struct date_memo_line *known, struct slice line, size_t at);
/* Between which times, in seconds, the dates of lines that fit are. */
void date_memo_line_times(const struct date_memo_line *known, double *ret_first, double *ret_last);
/* Whether the line has the bytes of the line remembered, but for the second and what does not count
 * of it: then *ret_cut_start and *ret_cut_end are its date's place, and *ret its time. */
bool date_memo_line(const struct date_memo *memo, struct slice line, int64_t now_us,
        size_t *ret_cut_start, size_t *ret_cut_end, struct date_time *ret);
/* Whether date_memo_line() answers the same with both whatever the line, and that the date begins
 * where the line does. */
bool date_memo_is_alike(const struct date_memo *a, const struct date_memo *b);
/* Remembers where the line has its date: found tells of one whose template is bound to the line's
 * begin, at place (not DATE_FAST_WINDOW), and that came to time; one in parts, of the minute
 * remembered (or none is). */
void date_memo_keep_line(struct date_memo *memo, const struct date_fast_result *found,
        enum date_fast_place place, struct slice line, int64_t now_us,
        const struct date_time *time);
/* Knows nothing any more. */
void date_memo_forget(struct date_memo *memo);
/* Another template or place counts from now on. */
void date_memo_forget_line(struct date_memo *memo);
