/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A datepattern is a regex with strftime-like directives. This file rewrites the text only; nothing is compiled here.
 *
 * The order of the steps matters, because each looks at what the ones before have left: directives, trimming, taking a global flag
 * group out, deciding on bounds, adding group 1, adding bounds, reading flags off explicit anchors, deleting the "**" markers, putting
 * the flag group back. The small matchers below are anchored regexes written out; each names the one it stands for.
 * Upstream: fail2ban/server/datetemplate.py, 1.1. */
#include "detect/date_pattern.h"

#include <errno.h>
#include <stdio.h>

struct directive {
        const char *letters;
        const char *name;
        const char *regex;
};

static const struct directive directives[] = {
#define DATE_DIRECTIVE(letters, name, regex) {letters, name, regex},
#include "detect/date_directives.def"
#undef DATE_DIRECTIVE
};

void date_regex_init(struct date_regex *out) {
        *out = (struct date_regex){.regex = BUFFER_INIT(DATE_REGEX_MAX), .name = BUFFER_INIT(DATE_REGEX_MAX)};
}

void date_regex_done(struct date_regex *out) {
        buffer_done(&out->regex);
        buffer_done(&out->name);
}

static bool starts(struct slice s, size_t at, const char *text) {
        struct slice prefix = slice_of(text);
        return slice_equal(slice_sub(s, at, at + prefix.len), prefix);
}

static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

/* \(\?\w+\) at position at: its length, or 0. */
static size_t flag_group(struct slice s, size_t at) {
        if (!starts(s, at, "(?"))
                return 0;
        size_t end = at + 2;
        while (end < s.len && is_word(s.data[end]))
                end++;
        return end > at + 2 && end < s.len && s.data[end] == ')' ? end + 1 - at : 0;
}

/* The digits that years between last year and three years ahead, and every third one since 2000, start with. */
static struct slice year_prefix(int year, char buffer[static 4096]) {
        bool used[1000] = {false};
        used[(year - 1) / 10 % 1000] = used[(year + 3) / 10 % 1000] = true;
        for (int y = 2000; y <= year; y += 3)
                used[y / 10 % 1000] = true;
        int low = 0;
        int high = 999;
        while (!used[low])
                low++;
        while (!used[high])
                high--;
        int n = 0;
        if (low == high) {
                n = snprintf(buffer, 4096, "%03d", low);
        } else if (low / 10 == high / 10) {
                n = snprintf(buffer, 4096, "%02d[", low / 10);
                for (int i = low; i <= high; i++)
                        if (used[i])
                                buffer[n++] = (char)('0' + i % 10);
                buffer[n++] = ']';
        } else {
                n = snprintf(buffer, 4096, "(?:");
                for (int i = low; i <= high; i++)
                        if (used[i])
                                n += snprintf(buffer + n, 8, "%s%03d", i > low ? "|" : "", i);
                buffer[n++] = ')';
        }
        return (struct slice){buffer, (size_t)n};
}

static int put(struct buffer *out, struct slice text, struct fault *fault) {
        if (buffer_append(out, text) < 0)
                return fault_set(fault, -E2BIG, "date pattern too long");
        return 0;
}

/* What upstream says about a % that is no directive: it feeds the pattern to Python's % operator. at: position in that format string;
 * used: whether a directive came before. */
static int refuse_percent(struct slice pattern, struct slice rest, size_t at, bool used, struct fault *fault) {
        char text[160];
        size_t i = 0;
        while (i < rest.len && strchr("#0- +.*123456789hlL", rest.data[i]))
                i++;
        char c = i < rest.len ? rest.data[i] : '\0';
        if (c == '\0')
                (void)snprintf(text, sizeof(text), "incomplete format");
        else if (rest.data[0] == '(')
                (void)snprintf(text, sizeof(text), "incomplete format key");
        else if (used)
                (void)snprintf(text, sizeof(text), "not enough arguments for format string");
        else if (strchr("diu", c))
                (void)snprintf(text, sizeof(text), "%%%c format: a real number is required, not dict", c);
        else if (strchr("oxX", c))
                (void)snprintf(text, sizeof(text), "%%%c format: an integer is required, not dict", c);
        else if (strchr("eEfFgG", c))
                (void)snprintf(text, sizeof(text), "must be real number, not dict");
        else
                (void)snprintf(text, sizeof(text), "unsupported format character '%c' (0x%x) at index %zu", c,
                        (unsigned)(unsigned char)c, at + i + 1);
        struct buffer whole = BUFFER_INIT(DATE_REGEX_MAX);
        (void)buffer_printf(&whole, "Failed to set datepattern '%.*s' (may be an invalid format or unescaped percent char): %s",
                SLICE_ARG(pattern), text); /* a text too long is cut to nothing; the kind of the fault remains */
        struct slice view = buffer_view(&whole);
        int r = fault_raise(fault, "TypeError", "%.*s", SLICE_ARG(view));
        buffer_done(&whole);
        return r;
}

static const struct directive *find_directive(struct slice rest) {
        for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
                if (starts(rest, 0, directives[i].letters))
                        return &directives[i];
        return NULL;
}

/* Replaces directives: regex text to regex, words to out->name. */
static int expand(struct date_regex *out, struct slice pattern, int year, struct buffer *regex, struct fault *fault) {
        char prefix[4096];
        size_t format_at = 0; /* where we are in the string with "%Y" written as "%(Y)s" */
        bool used = false;
        int r = 0;
        for (size_t i = 0; r == 0 && i < pattern.len;) {
                struct slice one = slice_sub(pattern, i, i + 1);
                struct slice rest = slice_sub(pattern, i + 1, pattern.len);
                if (one.data[0] != '%') {
                        r = put(regex, one, fault) < 0 ? -E2BIG : put(&out->name, one, fault);
                        i++;
                        format_at++;
                        continue;
                }
                const struct directive *d = find_directive(rest);
                if (!d)
                        return refuse_percent(pattern, rest, format_at, used, fault);
                r = put(&out->name, slice_of(d->name), fault);
                if (r == 0 && d->regex)
                        r = put(regex, slice_of(d->regex), fault);
                else if (r == 0 && buffer_printf(regex, "(?P<Y>%.*s\\d)", SLICE_ARG(year_prefix(year, prefix))) < 0)
                        r = fault_set(fault, -E2BIG, "date pattern too long");
                i += 1 + strlen(d->letters);
                format_at += 4 + strlen(d->letters);
                used = true;
        }
        return r;
}

/* (?<!%)%[aAbBpc] anywhere */
static bool has_words(struct slice pattern) {
        for (size_t i = 0; i + 1 < pattern.len; i++)
                if (pattern.data[i] == '%' && strchr("aAbBpc", pattern.data[i + 1]) &&
                        (i == 0 || pattern.data[i - 1] != '%'))
                        return true;
        return false;
}

int date_regex_build(struct date_regex *out, struct slice pattern, int year, struct fault *fault) {
        enum date_bound begin = DATE_BOUND_WORD;
        enum date_bound end = DATE_BOUND_WORD;
        if (starts(pattern, 0, "{UNB}")) {
                pattern = slice_sub(pattern, 5, pattern.len);
                begin = end = DATE_BOUND_NONE;
        } else if (starts(pattern, 0, "{^LN-BEG}")) {
                pattern = slice_sub(pattern, 9, pattern.len);
                begin = DATE_BOUND_LINE;
        }
        struct buffer regex = BUFFER_INIT(DATE_REGEX_MAX);
        int r = has_words(pattern) ? put(&regex, SLICE("(?iu)"), fault) : 0;
        if (r == 0)
                r = expand(out, pattern, year, &regex, fault);
        if (r == 0)
                r = date_regex_bind(out, buffer_view(&regex), begin, end, fault);
        buffer_done(&regex);
        return r;
}

/* ^\(*(?:\(\?\w+\))?(?:\^|\(*\*\*|\((?:\?:)?\^) */
static bool has_own_begin(struct slice regex) {
        size_t parens = 0;
        while (parens < regex.len && regex.data[parens] == '(')
                parens++;
        for (size_t n = parens + 1; n-- > 0;) {
                size_t flags = flag_group(regex, n);
                for (int with_flags = flags > 0; with_flags >= 0; with_flags--) {
                        size_t at = n + (with_flags ? flags : 0);
                        size_t inner = at;
                        while (inner < regex.len && regex.data[inner] == '(')
                                inner++;
                        if (starts(regex, at, "^") || starts(regex, inner, "**") || starts(regex, at, "(^") ||
                                starts(regex, at, "(?:^"))
                                return true;
                }
        }
        return false;
}

static bool is_escaped(struct slice s, size_t at) {
        return at > 0 && s.data[at - 1] == '\\';
}

/* (?<!\\)(?:\$\)?|\\b|\\s|\*\*\)*)$ */
static bool has_own_end(struct slice regex) {
        static const char *const ends[] = {"$", "$)", "\\b", "\\s"};
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                struct slice end = slice_of(ends[i]);
                if (slice_has_suffix(regex, end) && !is_escaped(regex, regex.len - end.len))
                        return true;
        }
        struct slice open = regex;
        while (open.len > 0 && open.data[open.len - 1] == ')')
                open.len--;
        return slice_has_suffix(open, SLICE("**")) && !is_escaped(open, open.len - 2);
}

bool date_regex_is_grouped(struct slice regex) {
        for (size_t i = 0; i < regex.len; i++) {
                bool conditional = i >= 2 && regex.data[i - 1] == '?' && regex.data[i - 2] == '(';
                if (regex.data[i] == '(' && !starts(regex, i + 1, "?") && !is_escaped(regex, i) && !conditional)
                        return true;
        }
        return false;
}

/* Puts group 1 around everything but flag groups, one ^ in front and one $ at the end. */
static int add_group(struct slice regex, struct buffer *out) {
        size_t begin = flag_group(regex, 0);
        if (starts(regex, begin, "^"))
                begin++;
        begin += flag_group(regex, begin);
        size_t end = regex.len;
        if (end > begin && regex.data[end - 1] == '$')
                end--;
        return buffer_printf(out, "%.*s(%.*s)%.*s", SLICE_ARG(slice_sub(regex, 0, begin)),
                SLICE_ARG(slice_sub(regex, begin, end)), SLICE_ARG(slice_sub(regex, end, regex.len)));
}

/* ^(?:\(\?\w+\))?(?:\^|\((?:\?:)?\^(?!\|)) */
static bool is_line_begin(struct slice regex) {
        size_t flags = flag_group(regex, 0);
        for (int with_flags = flags > 0; with_flags >= 0; with_flags--) {
                size_t at = with_flags ? flags : 0;
                if (starts(regex, at, "^") || (starts(regex, at, "(^") && !starts(regex, at, "(^|")) ||
                        (starts(regex, at, "(?:^") && !starts(regex, at, "(?:^|")))
                        return true;
        }
        return false;
}

/* (?<![\\\|])(?:\$\)?)$ */
static bool is_line_end(struct slice regex) {
        for (size_t tail = 1; tail <= 2; tail++) {
                struct slice end = tail == 1 ? SLICE("$") : SLICE("$)");
                if (!slice_has_suffix(regex, end))
                        continue;
                struct slice before = slice_sub(regex, 0, regex.len - end.len);
                if (!slice_has_suffix(before, SLICE("\\")) && !slice_has_suffix(before, SLICE("|")))
                        return true;
        }
        return false;
}

/* Deletes the asterisks of ^\(*(?:\(\?\w+\))?\(*\*\* and of (?<!\\)\*\*\)*$ in place; returns the new length. */
static size_t drop_markers(char *text, size_t len) {
        struct slice s = {text, len};
        size_t parens = 0;
        while (parens < len && text[parens] == '(')
                parens++;
        for (size_t n = parens + 1; n-- > 0;) {
                size_t at = n + flag_group(s, n);
                while (at < len && text[at] == '(')
                        at++;
                if (!starts(s, at, "**"))
                        continue;
                memmove(text + at, text + at + 2, len - at - 2);
                len -= 2;
                break;
        }
        size_t close = len;
        while (close > 0 && text[close - 1] == ')')
                close--;
        s.len = len;
        if (close >= 2 && starts(s, close - 2, "**") && !is_escaped(s, close - 2)) {
                memmove(text + close - 2, text + close, len - close);
                len -= 2;
        }
        return len;
}

static bool is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static struct slice trim(struct slice s) {
        while (s.len > 0 && is_space(s.data[s.len - 1]))
                s.len--;
        while (s.len > 0 && is_space(s.data[0]))
                s = slice_sub(s, 1, s.len);
        return s;
}

/* The first unescaped (?letters): its place, or regex.len; *ret_len its length. */
static size_t find_flags(struct slice regex, size_t *ret_len) {
        for (size_t i = 0; i < regex.len; i++) {
                size_t len = is_escaped(regex, i) ? 0 : flag_group(regex, i);
                bool lower = len > 0;
                for (size_t k = 2; lower && k + 1 < len; k++)
                        lower = regex.data[i + k] >= 'a' && regex.data[i + k] <= 'z';
                if (!lower)
                        continue;
                *ret_len = len;
                return i;
        }
        *ret_len = 0;
        return regex.len;
}

/* Adds what stands before and after the date. */
static int add_bounds(struct date_regex *out, struct slice grouped, enum date_bound begin, enum date_bound end,
        struct buffer *bound) {
        int r = 0;
        if (begin == DATE_BOUND_WORD) {
                out->flags |= DATE_WORD_BEGIN;
                r = buffer_append(bound, SLICE("(?=^|\\b|\\W)"));
        } else if (begin == DATE_BOUND_LINE) {
                out->flags |= DATE_LINE_BEGIN;
                r = buffer_append(bound, SLICE("^(?:\\W{0,2})?"));
        }
        if (r == 0)
                r = buffer_append(bound, grouped);
        if (r == 0 && end != DATE_BOUND_NONE) {
                out->flags |= DATE_WORD_END;
                r = buffer_append(bound, SLICE("(?=\\b|\\W|$)"));
        }
        struct slice view = buffer_view(bound);
        if (is_line_begin(view))
                out->flags |= DATE_LINE_BEGIN;
        if (is_line_end(view))
                out->flags |= DATE_LINE_END;
        return r;
}

static int name_line_begin(struct date_regex *out) {
        if (starts(buffer_view(&out->name), 0, "{^LN-BEG}"))
                return 0;
        struct buffer name = BUFFER_INIT(DATE_REGEX_MAX);
        int r = buffer_append(&name, SLICE("{^LN-BEG}"));
        if (r == 0)
                r = buffer_append(&name, buffer_view(&out->name));
        buffer_done(&out->name);
        out->name = name;
        return r;
}

int date_regex_bind(struct date_regex *out, struct slice regex, enum date_bound begin, enum date_bound end,
        struct fault *fault) {
        regex = trim(regex);
        size_t flags_len;
        size_t flags_at = find_flags(regex, &flags_len);
        struct slice flags = slice_sub(regex, flags_at, flags_at + flags_len);
        struct buffer plain = BUFFER_INIT(DATE_REGEX_MAX);
        struct buffer grouped = BUFFER_INIT(DATE_REGEX_MAX);
        struct buffer bound = BUFFER_INIT(DATE_REGEX_MAX);
        int r = buffer_append(&plain, slice_sub(regex, 0, flags_at));
        if (r == 0)
                r = buffer_append(&plain, slice_sub(regex, flags_at + flags_len, regex.len));
        struct slice body = buffer_view(&plain);
        if (r == 0 && !date_regex_is_grouped(body)) {
                r = add_group(body, &grouped);
        } else if (r == 0) {
                r = buffer_append(&grouped, body);
        }
        if (has_own_begin(body))
                begin = DATE_BOUND_NONE;
        if (has_own_end(body))
                end = DATE_BOUND_NONE;
        if (r == 0)
                r = add_bounds(out, buffer_view(&grouped), begin, end, &bound);
        if (r == 0 && begin == DATE_BOUND_LINE)
                r = name_line_begin(out);
        if (r == 0)
                r = buffer_append(&out->regex, flags);
        if (r == 0 && buffer_len(&bound) > 0) {
                bound.end = bound.start + drop_markers(bound.bytes + bound.start, buffer_len(&bound));
                r = buffer_append(&out->regex, buffer_view(&bound));
        }
        buffer_done(&plain);
        buffer_done(&grouped);
        buffer_done(&bound);
        return r < 0 ? fault_set(fault, -E2BIG, "date pattern too long") : 0;
}
