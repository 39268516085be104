/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Templates: which kind a pattern is, its regex, and reading the time off a match.
 *
 * A regex is compiled at its first search, as upstream does: a pattern may be bad and the error then belongs to the line; and most of
 * the default templates are never tried.
 * Upstream: fail2ban/server/datetemplate.py, 1.1. */
#include "detect/date_template.h"

#include <errno.h>

#include "base/memory.h"
#include "base/number.h"
#include "detect/digit.h"

#define EPOCH_TEXT_MAX 64
#define EPOCH_RE "\\d{10,11}\\b(?:\\.\\d{3,6})?"
#define LONG_EPOCH_RE "\\d{10,11}(?:\\d{3}(?:\\.\\d{1,6}|\\d{3})?)?"

/* Length of an unescaped {EPOCH} or {LEPOCH}, in any case, at position at; 0 if there is none. */
static size_t epoch_tag(struct slice pattern, size_t at) {
        if (at > 0 && pattern.data[at - 1] == '\\')
                return 0;
        if (slice_equal_nocase(slice_sub(pattern, at, at + 7), SLICE("{EPOCH}")))
                return 7;
        return slice_equal_nocase(slice_sub(pattern, at, at + 8), SLICE("{LEPOCH}")) ? 8 : 0;
}

static bool has_epoch_tag(struct slice pattern) {
        for (size_t i = 0; i < pattern.len; i++)
                if (epoch_tag(pattern, i) > 0)
                        return true;
        return false;
}

static bool is_one_of(struct slice key, const char *bare) {
        struct slice word = slice_of(bare);
        return slice_equal(key, word) ||
                (slice_has_suffix(key, word) && (slice_is(slice_sub(key, 0, key.len - word.len), "{^LN-BEG}") ||
                                                        slice_is(slice_sub(key, 0, key.len - word.len), "^")));
}

/* A pattern with the number in the place of its tag; the value is the second group. */
static int build_epoch_pattern(struct date_regex *out, struct slice pattern, struct slice number, struct fault *fault) {
        struct buffer whole = BUFFER_INIT(DATE_REGEX_MAX);
        bool grouped = date_regex_is_grouped(pattern);
        int r = grouped ? 0 : buffer_append_char(&whole, '(');
        for (size_t i = 0; r == 0 && i < pattern.len;) {
                size_t tag = epoch_tag(pattern, i);
                if (tag > 0)
                        r = buffer_printf(&whole, "(%.*s)", SLICE_ARG(number));
                else
                        r = buffer_append(&whole, slice_sub(pattern, i, i + 1));
                i += tag > 0 ? tag : 1;
        }
        if (r == 0 && !grouped)
                r = buffer_append_char(&whole, ')');
        if (r == 0)
                r = buffer_append(&out->name, pattern);
        r = r < 0 ? fault_set(fault, -E2BIG, "date pattern too long")
                  : date_regex_bind(out, buffer_view(&whole), DATE_BOUND_WORD, DATE_BOUND_WORD, fault);
        buffer_done(&whole);
        return r;
}

/* The bare words EPOCH and LEPOCH, bound to the line's begin or not. */
static int build_epoch(struct date_regex *out, bool at_begin, bool is_long, struct fault *fault) {
        const char *number = is_long ? LONG_EPOCH_RE : EPOCH_RE;
        char regex[256];
        int n = at_begin ? snprintf(regex, sizeof(regex), "((?P<square>(?<=^\\[))?%s)(?(square)(?=\\]))", number)
                         : snprintf(regex, sizeof(regex),
                                   "((?:^|(?P<square>(?<=^\\[))|(?P<selinux>(?<=\\baudit\\()))%s)"
                                   "(?:(?(selinux)(?=:\\d+\\)))|(?(square)(?=\\])))",
                                   number);
        int r = buffer_append(&out->name, slice_of(is_long ? "LongEpoch" : "Epoch"));
        if (r < 0)
                return r;
        return date_regex_bind(out, (struct slice){regex, (size_t)n}, at_begin ? DATE_BOUND_LINE : DATE_BOUND_NONE,
                DATE_BOUND_WORD, fault);
}

static int build_tai64n(struct date_regex *out, bool at_begin, struct fault *fault) {
        int r = buffer_append(&out->name, SLICE("TAI64N"));
        if (r < 0)
                return r;
        return date_regex_bind(out, SLICE("@[0-9a-f]{24}"), at_begin ? DATE_BOUND_LINE : DATE_BOUND_NONE, DATE_BOUND_WORD,
                fault);
}

static void set_fast(struct date_template *template, enum date_fast_body body, bool at_begin) {
        template->fast.body = body;
        template->fast.place = at_begin ? DATE_FAST_LINE_BEGIN : DATE_FAST_WINDOW;
}

/* Decides on the kind and makes the regex. */
static int build(struct date_template *template, struct slice pattern, struct slice key, int year,
        struct date_regex *out, struct fault *fault) {
        bool is_long = slice_find(key, SLICE("LEPOCH"), 0) < key.len;
        template->value_group = 1;
        if (slice_find(key, SLICE("EPOCH"), 0) < key.len && has_epoch_tag(pattern)) {
                template->kind = is_long ? DATE_TEMPLATE_LONG_EPOCH : DATE_TEMPLATE_EPOCH;
                template->value_group = 2;
                return build_epoch_pattern(out, pattern, slice_of(is_long ? LONG_EPOCH_RE : EPOCH_RE), fault);
        }
        if (is_one_of(key, "EPOCH") || is_one_of(key, "LEPOCH")) {
                bool at_begin = key.len > (is_long ? 6 : 5);
                template->kind = is_long ? DATE_TEMPLATE_LONG_EPOCH : DATE_TEMPLATE_EPOCH;
                if (!is_long)
                        set_fast(template, DATE_FAST_EPOCH, at_begin);
                return build_epoch(out, at_begin, is_long, fault);
        }
        if (is_one_of(key, "TAI64N")) {
                template->kind = DATE_TEMPLATE_TAI64N;
                set_fast(template, DATE_FAST_TAI64N, key.len > 6);
                return build_tai64n(out, key.len > 6, fault);
        }
        template->kind = DATE_TEMPLATE_FIELDS;
        template->fast = date_fast_of(pattern, year);
        template->pattern = memory_copy_text(pattern);
        return date_regex_build(out, pattern, year, fault);
}

int date_template_new(struct slice pattern, struct slice key, int year, struct date_template **ret, struct fault *fault) {
        if (slice_find_char(pattern, '\0', 0) < pattern.len)
                return fault_set(fault, -EINVAL, "NUL in date pattern");
        struct date_template *template = memory_new(sizeof(*template));
        struct date_regex out;
        date_regex_init(&out);
        template->weight = 1.0;
        int r = build(template, pattern, key, year, &out, fault);
        template->key = memory_copy_text(key);
        template->name = memory_copy_text(buffer_view(&out.name));
        template->regex = memory_copy_text(buffer_view(&out.regex));
        template->flags = out.flags;
        date_regex_done(&out);
        if (r < 0) {
                (void)date_template_free(template);
                return r;
        }
        *ret = template;
        return 0;
}

struct date_template *date_template_free(struct date_template *template) {
        if (!template)
                return NULL;
        (void)pattern_free(template->compiled);
        free(template->key);
        free(template->name);
        free(template->pattern);
        free(template->regex);
        free(template);
        return NULL;
}

struct slice date_template_unbound(struct slice pattern) {
        static const char *const begins[][2] = {
                {"{UNB}", ""}, {"{^LN-BEG}", ""}, {"(^|\\b|\\W)", "(?:^|\\b|\\W)"},
        };
        for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
                struct slice begin = slice_of(begins[i][0]);
                if (!slice_has_prefix(pattern, begin))
                        begin = slice_of(begins[i][1]);
                if (slice_has_prefix(pattern, begin))
                        pattern = slice_sub(pattern, begin.len, pattern.len);
        }
        struct slice end = SLICE("(?=\\b|\\W|$)");
        return slice_has_suffix(pattern, end) ? slice_sub(pattern, 0, pattern.len - end.len) : pattern;
}

/* ---- matching ---- */

static int compile(struct date_template *template, struct fault *fault) {
        int r = pattern_compile(slice_of(template->regex), PATTERN_PLAIN, &template->compiled, fault);
        if (r < 0)
                return r;
        size_t groups = pattern_group_count(template->compiled);
        for (size_t i = 1; i <= groups && template->group_count < DATE_FIELDS_MAX; i++) {
                struct slice name = pattern_group_name(template->compiled, i);
                if (name.len != 1)
                        continue;
                if (name.data[0] == 'p')
                        template->ampm = DATE_AMPM_GROUP;
                template->groups[template->group_count++] = (struct date_template_group){name.data[0], i};
        }
        return 0;
}

static struct slice group_text(const struct pattern_match *match, struct slice line, size_t group) {
        size_t start;
        size_t end;
        if (!pattern_match_span(match, group, &start, &end))
                return SLICE_NULL;
        struct slice text = slice_sub(line, start, end);
        return text.data ? text : SLICE("");
}

int date_template_search(struct date_template *template, struct slice line, size_t from, size_t to, struct date_hit *ret,
        struct fault *fault) {
        struct pattern_match match;
        int r = template->compiled ? 0 : compile(template, fault);
        if (r < 0)
                return r;
        r = pattern_search(template->compiled, line, from, to, &match, fault);
        if (r <= 0)
                return r;
        template->hits++;
        ret->is_fast = false;
        (void)pattern_match_span(&match, 0, &ret->span.start, &ret->span.end);
        if (!pattern_match_span(&match, 1, &ret->span.cut_start, &ret->span.cut_end))
                ret->span.cut_start = ret->span.cut_end = line.len;
        ret->field_count = 0;
        for (size_t i = 0; i < template->group_count; i++) {
                struct slice text = group_text(&match, line, template->groups[i].group);
                if (text.data)
                        ret->fields[ret->field_count++] = (struct date_field){template->groups[i].letter, text};
        }
        if (template->kind != DATE_TEMPLATE_FIELDS)
                ret->value = group_text(&match, line, template->value_group);
        return 1;
}

bool date_template_search_fast(struct date_template *template, struct slice line, size_t from, size_t to,
        struct date_hit *ret) {
        if (template->fast.body == DATE_FAST_NONE || !date_fast_match(&template->fast, line, from, to, &ret->fast))
                return false;
        template->hits++;
        ret->is_fast = true;
        ret->span = ret->fast.span;
        return true;
}

/* Python's float(text); a user's own second group may hold anything. */
static int read_epoch(const struct date_template *template, struct slice value, struct date_time *ret, struct fault *fault) {
        double seconds;
        char plain[EPOCH_TEXT_MAX];
        if (!value.data)
                return fault_raise(fault, "TypeError", "float() argument must be a string or a real number, not 'NoneType'");
        value = digit_to_ascii(value, plain, sizeof(plain));
        if (number_parse_double(value, &seconds) < 0)
                return DATE_INVALID;
        if (template->kind == DATE_TEMPLATE_LONG_EPOCH && value.len >= 13)
                seconds /= value.len >= 16 && slice_find_char(value, '.', 0) == value.len ? 1000000 : 1000;
        *ret = (struct date_time){seconds, false};
        return DATE_FOUND;
}

static int read_tai64n(struct slice value, struct date_time *ret) {
        int64_t seconds = 0;
        for (size_t i = 2; i < 17 && i < value.len; i++) {
                char c = value.data[i];
                seconds = seconds * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
        }
        *ret = (struct date_time){(double)seconds, true};
        return DATE_FOUND;
}

int date_template_time(const struct date_template *template, const struct date_hit *hit, struct calendar *calendar,
        const int *default_zone, struct date_time *ret, struct fault *fault) {
        if (hit->is_fast && hit->fast.has_time) {
                *ret = hit->fast.time;
                return DATE_FOUND;
        }
        if (hit->is_fast)
                return date_resolve(calendar, &hit->fast.parts, default_zone, ret, fault);
        switch (template->kind) {
        case DATE_TEMPLATE_EPOCH:
        case DATE_TEMPLATE_LONG_EPOCH:
                return read_epoch(template, hit->value, ret, fault);
        case DATE_TEMPLATE_TAI64N:
                return read_tai64n(hit->value, ret);
        case DATE_TEMPLATE_FIELDS:
                break;
        }
        const struct date_fields fields = {hit->fields, hit->field_count, template->ampm};
        return date_eval(calendar, &fields, default_zone, ret, fault);
}
