/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the last date came to: consecutive lines have dates of the same minute, and most begin with
 * the same bytes but for the seconds. */
#pragma once

#include "detect/date_fast.h"

#define DATE_MEMO_BYTES_MAX 64

/* Zeroed: knows nothing. */
struct date_memo {
        bool has_time;
        struct date_parts parts; /* as written */
        struct date_time time;   /* what they came to ... */
        int64_t now_minute; /* ... in this minute since the epoch: a missing year depends on it */
        size_t len;         /* of bytes that lines begin with; 0: no line is known */
        size_t second_at;   /* where in them the two digits of the second stand */
        size_t cut_start, cut_end;
        char bytes[DATE_MEMO_BYTES_MAX];
        char mask[DATE_MEMO_BYTES_MAX]; /* bits of them that count: all but those of the second */
};

/* The time of parts, if they differ from those remembered in the second only. */
bool date_memo_time(const struct date_memo *memo, const struct date_parts *parts, int64_t now_us,
        struct date_time *ret);
/* Remembers a time that parts came to just now; dates in the future are not remembered, as the time
 * they mean changes with the present. */
void date_memo_keep_time(struct date_memo *memo, const struct date_parts *parts, int64_t now_us,
        const struct date_time *time);

/* Whether the line begins as the line remembered, but for the second: then *ret_cut_start and
 * *ret_cut_end are its date's place, and *ret its time. */
bool date_memo_line(const struct date_memo *memo, struct slice line, int64_t now_us,
        size_t *ret_cut_start, size_t *ret_cut_end, struct date_time *ret);
/* Remembers how the line begins: found tells of a date that begins with it (maybe behind signs), of
 * the minute remembered (or none is). */
void date_memo_keep_line(
        struct date_memo *memo, const struct date_fast_result *found, struct slice line);
/* Another template or place counts from now on. */
void date_memo_forget_line(struct date_memo *memo);
