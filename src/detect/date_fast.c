/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why this is equal to the regex: every recogniser accepts only texts in which each element of the
 * regex can take one length only (two-digit numbers, exact names), followed by a byte that rules
 * out every optional continuation and satisfies the closing
 * (?=\b|\W|$). So the regex engine's first success is the same one, and there is nothing to
 * backtrack into. Bytes above 0x7f next to the date, one-digit numbers, numbers out of range,
 * letters in unusual case: unsure. tests/unit/detect/test_date_fast.c compares both over mutated
 * samples.
 *
 * The year of %ExY is accepted from 2000 up to the current one; its regex accepts at least these.
 */
#include "detect/date_fast.h"

#define DIGITS_NONE (-1)
#define RFC5424_NUMBER_MAX 10

struct cursor {
        const char *at;
        const char *end;
        const char *second; /* its two digits, once the time has been read */
        const char *spare;  /* digits that do not count for the time */
        size_t spare_len;
};

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* A byte that is no part of a word and no part of a longer character. */
static bool is_plain(char c) {
        unsigned char u = (unsigned char)c;
        return u < 0x80 && !is_digit(c) && !((u | 0x20) >= 'a' && (u | 0x20) <= 'z') && c != '_';
}

static bool at_boundary(struct cursor c) {
        return c.at == c.end || is_plain(*c.at);
}

static bool left_at_least(struct cursor c, size_t n) {
        return (size_t)(c.end - c.at) >= n;
}

static struct cursor behind(const struct cursor *c, size_t n) {
        struct cursor moved = *c;
        moved.at += n;
        return moved;
}

static int two_digits(const char *p) {
        return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : DIGITS_NONE;
}

static int month_of(const char *p) {
        static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        for (int i = 0; i < 12; i++)
                if (memcmp(names + (size_t)i * 3, p, 3) == 0)
                        return i + 1;
        return 0;
}

/* "HH:MM:SS" in range. */
static bool take_time(struct cursor *c, struct date_parts *parts) {
        if (!left_at_least(*c, 8) || c->at[2] != ':' || c->at[5] != ':')
                return false;
        int hour = two_digits(c->at);
        int minute = two_digits(c->at + 3);
        int second = two_digits(c->at + 6);
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
                return false;
        parts->hour = hour;
        parts->minute = minute;
        parts->second = second;
        c->second = c->at + 6;
        c->at += 8;
        return true;
}

static bool take_year(struct cursor *c, int year_max, struct date_parts *parts) {
        int high = two_digits(c->at);
        int low = two_digits(c->at + 2);
        int year = high * 100 + low;
        if (high != 20 || low < 0 || year > year_max)
                return false;
        parts->has_year = true;
        parts->year = year;
        c->at += 4;
        return true;
}

static bool set_day(struct date_parts *parts, int month, int day) {
        if (month < 1 || month > 12 || day < 1 || day > 31)
                return false;
        parts->has_month = parts->has_day = true;
        parts->month = month;
        parts->day = day;
        return true;
}

/* [marks]\d{1,6}, if there is a mark. What looks like a fraction and is none: unsure. */
static bool skip_fraction(struct cursor *c, const char *marks) {
        if (c->at == c->end || *c->at == '\0' || !strchr(marks, *c->at))
                return true;
        const char *p = c->at + 1;
        while (p < c->end && is_digit(*p))
                p++;
        if (p - c->at < 2 || p - c->at > 7)
                return false;
        c->spare = c->at + 1;
        c->spare_len = (size_t)(p - c->spare);
        c->at = p;
        return true;
}

/* "+hh", "+hhmm", "+hh:mm" followed by a boundary. */
static bool take_offset(struct cursor *c, struct date_parts *parts) {
        struct cursor n = behind(c, 1);
        if (!left_at_least(n, 2))
                return false;
        int hours = two_digits(n.at);
        int minutes = 0;
        if (hours < 0 || hours > 19)
                return false;
        n.at += 2;
        size_t colon = n.at < n.end && *n.at == ':';
        if (colon || (n.at < n.end && is_digit(*n.at))) {
                if (!left_at_least(n, 2 + colon))
                        return false;
                minutes = two_digits(n.at + colon);
                n.at += 2 + colon;
        }
        if (minutes < 0 || !at_boundary(n))
                return false;
        parts->has_zone = true;
        parts->zone_minutes = (hours * 60 + minutes) * (*c->at == '-' ? -1 : 1);
        c->at = n.at;
        return true;
}

/* (?:\s*%z)?: none, "Z", or an offset, with at most one space in front. */
static bool take_iso_zone(struct cursor *c, struct date_parts *parts) {
        if (!left_at_least(*c, 1))
                return true;
        struct cursor n = *c;
        if (*n.at == ' ') {
                n.at++;
                if (n.at == n.end)
                        return true;
                /* a second blank, "UTC" or "GMT", or a character that may be white space */
                if ((unsigned char)*n.at <= ' ' || (unsigned char)*n.at >= 0x80 || *n.at == 'U' ||
                        *n.at == 'G')
                        return false;
        } else if ((unsigned char)*n.at < ' ') {
                return false;
        }
        if (*n.at == 'Z') {
                n.at++;
                if (!at_boundary(n))
                        return false;
                parts->has_zone = true;
                *c = n;
                return true;
        }
        if (*n.at == '+' || *n.at == '-') {
                if (!take_offset(&n, parts))
                        return false;
                *c = n;
                return true;
        }
        return at_boundary(*c);
}

/* "Mon ", if it is there. */
static void skip_weekday(struct cursor *c) {
        static const char names[] = "MonTueWedThuFriSatSun";
        if (!left_at_least(*c, 4) || c->at[3] != ' ')
                return;
        for (size_t i = 0; i < 7; i++)
                if (memcmp(names + i * 3, c->at, 3) == 0) {
                        c->at += 4;
                        return;
                }
}

/* " 2024", if that is what follows. What looks like a year and is none: unsure. */
static bool skip_late_year(struct cursor *c, int year_max, struct date_parts *parts) {
        struct cursor n = behind(c, 1);
        if (!left_at_least(*c, 2) || c->at[0] != ' ' || c->at[1] != '2')
                return true;
        if (!left_at_least(n, 4) || !take_year(&n, year_max, parts) || !at_boundary(n))
                return false;
        *c = n;
        return true;
}

static bool body_syslog(struct cursor *c, int year_max, struct date_parts *parts) {
        skip_weekday(c);
        const char *p = c->at;
        if (!left_at_least(*c, 15) || p[3] != ' ' || p[6] != ' ')
                return false;
        int day = p[4] == ' ' && is_digit(p[5]) ? p[5] - '0' : two_digits(p + 4);
        if (!set_day(parts, month_of(p), day))
                return false;
        c->at += 7;
        return take_time(c, parts) && at_boundary(*c) && skip_fraction(c, ".") && at_boundary(*c) &&
               skip_late_year(c, year_max, parts);
}

static bool body_iso(struct cursor *c, int year_max, struct date_parts *parts) {
        const char *p = c->at;
        if (!left_at_least(*c, 19) || (p[4] != '-' && p[4] != '/' && p[4] != '.') || p[7] != p[4] ||
                (p[10] != 'T' && p[10] != ' '))
                return false;
        if (!take_year(c, year_max, parts) || !set_day(parts, two_digits(p + 5), two_digits(p + 8)))
                return false;
        c->at = p + 11;
        return take_time(c, parts) && skip_fraction(c, ".,") && take_iso_zone(c, parts);
}

static bool body_clf(struct cursor *c, int year_max, struct date_parts *parts) {
        const char *p = c->at;
        if (!left_at_least(*c, 20) || (p[2] != '/' && p[2] != '-') || p[6] != p[2] ||
                (p[11] != ':' && p[11] != ' '))
                return false;
        c->at = p + 7;
        if (!set_day(parts, month_of(p + 3), two_digits(p)) || !take_year(c, year_max, parts))
                return false;
        c->at = p + 12;
        if (!take_time(c, parts) || !skip_fraction(c, ".") || !at_boundary(*c))
                return false;
        if (!left_at_least(*c, 2) || *c->at != ' ')
                return true;
        char next = c->at[1];
        if (next == '+' || next == '-') {
                c->at++;
                return take_offset(c, parts);
        }
        return (unsigned char)next < 0x80 &&
               !strchr("zZuUgG", next); /* names of zones in any case */
}

static size_t count_digits(struct cursor c) {
        const char *p = c.at;
        while (p < c.end && is_digit(*p))
                p++;
        return (size_t)(p - c.at);
}

/* Exact: the digits are below 2^53 and the power of ten is exact, so that the quotient is the
 * nearest double. */
static bool body_epoch(struct cursor *c, double *ret) {
        size_t whole = count_digits(*c);
        if (whole != 10 && whole != 11)
                return false;
        int64_t number = 0;
        for (size_t i = 0; i < whole; i++)
                number = number * 10 + (*c->at++ - '0');
        if (!at_boundary(*c))
                return false;
        *ret = (double)number;
        if (c->at == c->end || *c->at != '.')
                return true;
        struct cursor n = behind(c, 1);
        size_t digits = count_digits(n);
        if (digits < 3 || digits > 6)
                return false;
        double scale = 1;
        for (size_t i = 0; i < digits; i++) {
                number = number * 10 + (*n.at++ - '0');
                scale *= 10;
        }
        if (!at_boundary(n) || number >= (int64_t)1 << 53)
                return false;
        *c = n;
        *ret = (double)number / scale;
        return true;
}

static bool body_tai64n(struct cursor *c, double *ret) {
        if (!left_at_least(*c, 25) || *c->at != '@')
                return false;
        int64_t seconds = 0;
        for (size_t i = 1; i < 25; i++) {
                char h = c->at[i];
                if (!is_digit(h) && (h < 'a' || h > 'f'))
                        return false;
                if (i >= 2 && i < 17)
                        seconds = seconds * 16 + (is_digit(h) ? h - '0' : h - 'a' + 10);
        }
        c->spare = c->at + 17;
        c->spare_len = 8;
        c->at += 25;
        *ret = (double)seconds;
        return at_boundary(*c);
}

static bool match_body(
        const struct date_fast *fast, struct cursor *c, struct date_fast_result *ret) {
        switch (fast->body) {
        case DATE_FAST_SYSLOG:
                return body_syslog(c, fast->year_max, &ret->parts);
        case DATE_FAST_ISO:
                return body_iso(c, fast->year_max, &ret->parts);
        case DATE_FAST_CLF:
                return body_clf(c, fast->year_max, &ret->parts);
        case DATE_FAST_EPOCH:
                ret->has_time = true;
                return body_epoch(c, &ret->time.seconds);
        case DATE_FAST_TAI64N:
                ret->has_time = ret->time.integral = true;
                return body_tai64n(c, &ret->time.seconds);
        case DATE_FAST_NONE:
                break;
        }
        return false;
}

/* \W{0,2} in front of a date that starts with a word character: as many as there are. An '@' may be
 * the date's own. */
static bool skip_line_begin(const struct date_fast *fast, struct cursor *c, bool *square) {
        *square = false;
        if (fast->body == DATE_FAST_TAI64N)
                return left_at_least(*c, 1) && *c->at == '@';
        size_t n = 0;
        while (n < 2 && left_at_least(*c, n + 1) && is_plain(c->at[n]))
                n++;
        if (fast->body == DATE_FAST_EPOCH && n > 0) {
                *square = n == 1 && *c->at == '[';
                if (!*square)
                        return false;
        }
        c->at += n;
        return true;
}

/* "<34>1 " */
static bool skip_rfc5424(struct cursor *c) {
        if (!left_at_least(*c, 1) || *c->at != '<')
                return false;
        c->at++;
        size_t priority = count_digits(*c);
        c->at += priority;
        if (priority == 0 || priority > RFC5424_NUMBER_MAX || !left_at_least(*c, 1) ||
                *c->at != '>')
                return false;
        c->at++;
        size_t version = count_digits(*c);
        c->at += version;
        if (version == 0 || version > RFC5424_NUMBER_MAX || !left_at_least(*c, 2) || *c->at != ' ')
                return false;
        c->at++;
        return is_digit(*c->at);
}

static bool find_bracket(struct cursor *c) {
        const char *bracket = c->at < c->end ? memchr(c->at, '[', (size_t)(c->end - c->at)) : NULL;
        if (!bracket)
                return false;
        c->at = bracket + 1;
        return true;
}

bool date_fast_match(const struct date_fast *fast, struct slice line, size_t from, size_t to,
        struct date_fast_result *ret) {
        struct cursor c = {.at = line.data, .end = line.data + to};
        bool square = false;
        size_t start = 0;
        *ret = (struct date_fast_result){0};
        switch (fast->place) {
        case DATE_FAST_LINE_BEGIN:
                if (!skip_line_begin(fast, &c, &square))
                        return false;
                break;
        case DATE_FAST_WINDOW:
                if (from > 0 && (fast->body == DATE_FAST_EPOCH || !is_plain(line.data[from - 1])))
                        return false;
                start = from;
                c.at = line.data + from;
                break;
        case DATE_FAST_BRACKET:
                if (!find_bracket(&c))
                        return false;
                break;
        case DATE_FAST_RFC5424:
                if (!skip_rfc5424(&c))
                        return false;
                break;
        }
        size_t body = (size_t)(c.at - line.data);
        if (!match_body(fast, &c, ret) || (square && (c.at == c.end || *c.at != ']')))
                return false;
        size_t end = (size_t)(c.at - line.data);
        ret->body_at = body;
        ret->decided_at = end + (!ret->has_time && c.at < c.end && *c.at == ' ' ? 2 : 1);
        ret->second_at = c.second ? (size_t)(c.second - line.data) : 0;
        ret->spare_at = c.spare ? (size_t)(c.spare - line.data) : 0;
        ret->spare_len = c.spare_len;
        ret->span =
                (struct date_span){start, end, fast->place == DATE_FAST_RFC5424 ? 0 : body, end};
        return true;
}

struct known {
        enum date_fast_body body;
        const char *pattern;
};

struct date_fast date_fast_of(struct slice pattern, int year) {
        static const struct known bodies[] = {
                {DATE_FAST_SYSLOG, "(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?"                    },
                {DATE_FAST_ISO,
                 "%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?"         },
                {DATE_FAST_CLF,    "%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?"},
        };
        static const struct {
                enum date_fast_place place;
                const char *before;
                const char *after;
        } places[] = {
                {DATE_FAST_LINE_BEGIN, "{^LN-BEG}",       "" },
                {DATE_FAST_WINDOW,     "",                "" },
                {DATE_FAST_BRACKET,    "^[^\\[]*\\[(",    ")"},
                {DATE_FAST_RFC5424,    "^<\\d+>\\d+\\s+", "" },
        };
        for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
                struct slice before = slice_of(places[p].before);
                struct slice after = slice_of(places[p].after);
                if (!slice_has_prefix(pattern, before) || !slice_has_suffix(pattern, after))
                        continue;
                struct slice inner = slice_sub(pattern, before.len, pattern.len - after.len);
                for (size_t b = 0; b < sizeof(bodies) / sizeof(bodies[0]); b++)
                        if (slice_is(inner, bodies[b].pattern))
                                return (struct date_fast){bodies[b].body, places[p].place, year};
        }
        return (struct date_fast){.body = DATE_FAST_NONE};
}
