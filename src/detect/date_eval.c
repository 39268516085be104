/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evaluates the named groups of a date regex, in the order of the groups, later ones winning, as fail2ban does; its oddities included:
 * comparisons with "now" mix the zone-shifted date with local time, and going back a year resets month and day to what was written.
 * Upstream: fail2ban/server/strptime.py, 1.1. */
#include "detect/date_eval.h"

#include <errno.h>
#include <limits.h>

#include "detect/digit.h"
#include "detect/timezone.h"

#define DAY_S 86400
#define UNKNOWN (-1)

struct reading {
        struct date_parts parts;
        int64_t weekday;  /* 0 = Monday, or UNKNOWN */
        int64_t yearday;  /* or UNKNOWN */
        int64_t week;     /* or UNKNOWN */
        bool week_monday; /* weeks start on Monday (%W) */
};

/* Names differ in their first three letters; short: the text is these three only. */
static int find_name(struct slice text, const char *const *names, int count, bool brief) {
        for (int i = 0; i < count; i++) {
                struct slice name = slice_of(names[i]);
                if (slice_equal_nocase(text, brief ? slice_sub(name, 0, 3) : name))
                        return i;
        }
        return UNKNOWN;
}

static int find_month(struct slice text, bool brief) {
        static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july", "august",
                "september", "october", "november", "december"};
        int found = find_name(text, months, 12, brief);
        return found == UNKNOWN ? UNKNOWN : found + 1;
}

static int find_weekday(struct slice text, bool brief) {
        static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
        return find_name(text, days, 7, brief);
}

/* 12-hour clock; without AM/PM it counts as AM. A text that is neither leaves the hour. */
static int read_hour12(
        int64_t hour, const struct date_fields *fields, int64_t *ret, struct fault *fault) {
        struct slice half = SLICE_NULL;
        for (size_t i = 0; i < fields->count; i++)
                if (fields->items[i].letter == 'p')
                        half = fields->items[i].text;
        if (!half.data && fields->ampm == DATE_AMPM_GROUP)
                return fault_raise(fault, "AttributeError", "'NoneType' object has no attribute 'lower'");
        *ret = hour;
        if (hour == 12 && (half.len == 0 || slice_equal_nocase(half, SLICE("am"))))
                *ret = 0;
        if (hour != 12 && slice_equal_nocase(half, SLICE("pm")))
                *ret = hour + 12;
        return DATE_FOUND;
}

static int read_zone(struct slice text, struct date_parts *parts, struct fault *fault) {
        int minutes;
        int r = timezone_parse(text, &minutes, fault);
        if (r < 0)
                return r;
        if (r == TIMEZONE_BAD)
                return DATE_INVALID;
        parts->has_zone = true;
        parts->zone_minutes = minutes;
        return DATE_FOUND;
}

static int read_name(const struct date_field *field, struct reading *out) {
        int value = UNKNOWN;
        switch (field->letter) {
        case 'b':
        case 'B':
                value = find_month(field->text, field->letter == 'b');
                out->parts.month = value;
                out->parts.has_month = true;
                break;
        case 'a':
        case 'A':
                value = find_weekday(field->text, field->letter == 'a');
                out->weekday = value;
                break;
        default:
                break;
        }
        return value == UNKNOWN ? DATE_INVALID : DATE_FOUND;
}

static void read_number(char letter, int64_t value, struct reading *out) {
        struct date_parts *parts = &out->parts;
        switch (letter) {
        case 'y':
                parts->year = value <= 2000 ? value + 2000 : value;
                parts->has_year = true;
                break;
        case 'Y':
                parts->year = value;
                parts->has_year = true;
                break;
        case 'm':
                parts->month = value;
                parts->has_month = true;
                break;
        case 'd':
                parts->day = value;
                parts->has_day = true;
                break;
        case 'H':
                parts->hour = value;
                break;
        case 'M':
                parts->minute = value;
                break;
        case 'S':
                parts->second = value;
                break;
        case 'w':
                out->weekday = value < 1 ? 6 : value - 1;
                break;
        case 'j':
                out->yearday = value;
                break;
        default: /* U, W */
                out->week = value;
                out->week_monday = letter == 'W';
                break;
        }
}

static int read_field(const struct date_field *field, struct reading *out, struct fault *fault) {
        if (strchr("bBaA", field->letter))
                return read_name(field, out);
        if (field->letter == 'z' || field->letter == 'Z')
                return read_zone(field->text, &out->parts, fault);
        if (!strchr("yYmdHIMSwjUW", field->letter))
                return DATE_FOUND;
        int64_t value;
        int r = digit_parse_int(field->text, &value);
        if (r == -EINVAL)
                return DATE_INVALID;
        if (r < 0 || value > INT_MAX || value < INT_MIN)
                return fault_raise(fault, "OverflowError", "signed integer is greater than maximum");
        if (field->letter == 'I')
                out->parts.hour = value;
        else
                read_number(field->letter, value, out);
        return DATE_FOUND;
}

/* Day of the year from week and weekday. */
static int64_t yearday_of_week(int64_t year, int64_t week, int64_t weekday, bool monday) {
        int64_t first = ((calendar_days(year, 1, 1) + 3) % 7 + 7) % 7; /* weekday of 1 January, 0 = Monday */
        if (!monday) {
                first = (first + 1) % 7;
                weekday = (weekday + 1) % 7;
        }
        if (week == 0)
                return 1 + weekday - first;
        return 1 + (7 - first) % 7 + 7 * (week - 1) + weekday;
}

/* Fills in year, month and day from the day of the year or the week, if these are known. year: of the date. */
static int read_yearday(struct reading *out, int64_t year) {
        struct date_parts *parts = &out->parts;
        bool by_week = out->yearday == UNKNOWN && out->week != UNKNOWN && out->weekday != UNKNOWN;
        if (out->yearday == UNKNOWN && !by_week)
                return DATE_FOUND;
        if (year < 1 || year > 9999)
                return DATE_INVALID;
        int64_t yearday = by_week ? yearday_of_week(year, out->week, out->weekday, out->week_monday) : out->yearday;
        int month;
        int day;
        calendar_date(calendar_days(year, 1, 1) + yearday - 1, &parts->year, &month, &day);
        parts->month = month;
        parts->day = day;
        parts->has_month = parts->has_day = true;
        return DATE_FOUND;
}

int date_eval(struct calendar *calendar, const struct date_fields *fields, const int *default_zone,
        struct date_time *ret, struct fault *fault) {
        struct reading reading = {.weekday = UNKNOWN, .yearday = UNKNOWN, .week = UNKNOWN};
        struct date_parts *parts = &reading.parts;
        for (size_t i = 0; i < fields->count; i++) {
                int r = read_field(&fields->items[i], &reading, fault);
                if (r == DATE_FOUND && fields->items[i].letter == 'I')
                        r = read_hour12(parts->hour, fields, &parts->hour, fault);
                if (r != DATE_FOUND)
                        return r;
        }
        if (!parts->has_month || !parts->has_day) {
                int64_t year = parts->year;
                int month;
                int day;
                if (!parts->has_year)
                        calendar_date(calendar_now_us(calendar) / 1000000 / DAY_S, &year, &month, &day);
                bool had_year = parts->has_year;
                int r = read_yearday(&reading, year);
                if (r != DATE_FOUND)
                        return r;
                parts->has_year = had_year;
                if (parts->has_month != parts->has_day)
                        return fault_raise(fault, "TypeError", "'NoneType' object cannot be interpreted as an integer");
        }
        return date_resolve(calendar, parts, default_zone, ret, fault);
}

struct today {
        int64_t now_us; /* naive local */
        int64_t year;
        int month;
        int day;
};

static int64_t floor_day(int64_t us) {
        int64_t day_us = (int64_t)DAY_S * 1000000;
        return us / day_us - (us % day_us < 0);
}

static struct today get_today(struct calendar *calendar) {
        struct today today = {.now_us = calendar_now_us(calendar)};
        calendar_date(floor_day(today.now_us), &today.year, &today.month, &today.day);
        return today;
}

/* No year was written: a date more than a day ahead is of last year; month and day are then those written again. */
static int go_back_a_year(const struct date_parts *parts, int64_t *naive_s) {
        int64_t year = parts->year - 1;
        if (!calendar_is_date(year, parts->month, parts->day))
                return DATE_INVALID;
        int64_t time_of_day = *naive_s - floor_day(*naive_s * 1000000) * DAY_S;
        *naive_s = calendar_days(year, (int)parts->month, parts->day) * DAY_S + time_of_day;
        return DATE_FOUND;
}

int date_resolve(struct calendar *calendar, const struct date_parts *written, const int *default_zone, struct date_time *ret,
        struct fault *fault) {
        struct date_parts parts = *written;
        bool assume_today = !parts.has_month;
        struct today today = {0};
        if (!parts.has_year || assume_today)
                today = get_today(calendar);
        if (!parts.has_year && parts.year == 0)
                parts.year = today.year;
        if (assume_today) {
                parts.month = today.month;
                parts.day = today.day;
        }
        if (!calendar_is_date(parts.year, parts.month, parts.day) || parts.hour < 0 || parts.hour > 23 ||
                parts.minute < 0 || parts.minute > 59 || parts.second < 0 || parts.second > 59)
                return DATE_INVALID;
        const int *zone = parts.has_zone ? &parts.zone_minutes : default_zone;
        int64_t naive_s = calendar_days(parts.year, (int)parts.month, parts.day) * DAY_S + parts.hour * 3600 +
                parts.minute * 60 + parts.second - (zone ? *zone * 60 : 0);
        if (naive_s < calendar_days(1, 1, 1) * DAY_S || naive_s >= calendar_days(10000, 1, 1) * DAY_S)
                return fault_raise(fault, "OverflowError", "date value out of range");
        if (assume_today && naive_s * 1000000 > today.now_us)
                naive_s -= DAY_S;
        if (!parts.has_year && naive_s * 1000000 > today.now_us + (int64_t)DAY_S * 1000000 &&
                go_back_a_year(&parts, &naive_s) != DATE_FOUND)
                return DATE_INVALID;
        *ret = (struct date_time){(double)(zone ? naive_s : calendar_local_to_epoch(calendar, naive_s)), zone != NULL};
        return DATE_FOUND;
}
