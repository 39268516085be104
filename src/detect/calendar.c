/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local time without mktime(): that would look at /etc/localtime on every call, which the scanner's sandbox forbids, and would take
 * half a microsecond a line. localtime_r() gives the offset at an instant; the instant of a naive time is the fixed point of
 * t = naive - offset(t), found from the last offset as glibc's mktime() does, so that the doubled hour in autumn is read alike.
 *
 * Invariant: an hour is remembered only if its first and last second are 3599 s apart, i.e. no change of the clock lies in it. */
#include "detect/calendar.h"

#include <time.h>

#define TRIES_MAX 6 /* two suffice, a gap needs three */

void calendar_init(struct calendar *calendar, const struct clock *clock) {
        *calendar = (struct calendar){.clock = clock, .hour = CALENDAR_NO_HOUR, .now_minute = INT64_MIN};
        tzset();
}

static int64_t floor_div(int64_t a, int64_t b) {
        int64_t q = a / b;
        return a % b < 0 ? q - 1 : q;
}

/* Years start in March here, so that the leap day is the last of its year. */
int64_t calendar_days(int64_t year, int month, int64_t day) {
        int64_t y = month <= 2 ? year - 1 : year;
        int64_t era = floor_div(y, 400);
        int64_t year_of_era = y - era * 400;
        int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void calendar_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day) {
        days += 719468;
        int64_t era = floor_div(days, 146097);
        int64_t day_of_era = days - era * 146097;
        int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t month = (5 * day_of_year + 2) / 153;
        *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
        *ret_month = (int)(month < 10 ? month + 3 : month - 9);
        *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

bool calendar_is_date(int64_t year, int64_t month, int64_t day) {
        static const uint8_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1])
                return false;
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return month != 2 || day != 29 || leap;
}

static int64_t offset_at(int64_t epoch_s) {
        time_t t = (time_t)epoch_s;
        struct tm local;
        return localtime_r(&t, &local) ? (int64_t)local.tm_gmtoff : 0;
}

static int64_t solve(struct calendar *calendar, int64_t naive_s) {
        int64_t offset = calendar->offset_s;
        int64_t before = INT64_MIN;
        for (int i = 0; i < TRIES_MAX; i++) {
                int64_t t = naive_s - offset;
                int64_t found = offset_at(t);
                if (found == offset) {
                        calendar->offset_s = offset;
                        return t;
                }
                int64_t next = naive_s - found;
                if (next == before) /* in a gap both offsets contradict themselves: the later instant has the new time */
                        return t > next ? t : next;
                before = t;
                offset = found;
        }
        return naive_s - offset;
}

int64_t calendar_local_to_epoch(struct calendar *calendar, int64_t naive_s) {
        int64_t hour = floor_div(naive_s, 3600);
        int64_t in_hour = naive_s - hour * 3600;
        if (hour == calendar->hour)
                return calendar->hour_s + in_hour;
        int64_t first = solve(calendar, hour * 3600);
        if (solve(calendar, hour * 3600 + 3599) - first != 3599)
                return solve(calendar, naive_s);
        calendar->hour = hour;
        calendar->hour_s = first;
        return first + in_hour;
}

int64_t calendar_now_us(struct calendar *calendar) {
        int64_t now_us = clock_wall_us(calendar->clock);
        int64_t minute = floor_div(now_us, 60000000);
        if (minute != calendar->now_minute) { /* clocks change at full minutes */
                calendar->now_offset_s = offset_at(minute * 60);
                calendar->now_minute = minute;
        }
        return now_us + calendar->now_offset_s * 1000000;
}
