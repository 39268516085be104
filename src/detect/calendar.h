/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar arithmetic, and the local zone with its answers remembered: dates of consecutive lines lie in the same hour.
 * "Naive" seconds count as if the zone had no offset: the wall clock's reading as a number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct calendar {
        const struct clock *clock;
        int64_t hour;       /* naive hour that hour_s belongs to, or CALENDAR_NO_HOUR */
        int64_t hour_s;     /* seconds since the epoch at its start */
        int64_t offset_s;   /* last offset found, the first guess for the next */
        int64_t now_minute; /* minute since the epoch that now_offset_s belongs to */
        int64_t now_offset_s;
};

#define CALENDAR_NO_HOUR INT64_MIN

/* clock must outlive the calendar. Reads the zone (TZ, /etc/localtime) now: later calls open no file. */
void calendar_init(struct calendar *calendar, const struct clock *clock);
/* Days since 1970-01-01 of a day in the Gregorian calendar; month 1..12, any day. */
int64_t calendar_days(int64_t year, int month, int64_t day);
/* The inverse. */
void calendar_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);
bool calendar_is_date(int64_t year, int64_t month, int64_t day);
/* Seconds since the epoch at a naive local time. A time that a change of the clock skips is read with the offset before it. */
int64_t calendar_local_to_epoch(struct calendar *calendar, int64_t naive_s);
/* Naive local microseconds now. */
int64_t calendar_now_us(struct calendar *calendar);
