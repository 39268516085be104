/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table from key to template, counting references: the one state of this process that detectors share, as upstream's cache of
 * templates is. The key of a pattern without any '%' is in upper case, so that "epoch" is EPOCH (and, as upstream has it, two literal
 * patterns that differ in case only are one).
 * Upstream: fail2ban/server/datedetector.py, 1.1. */
#include "detect/date_pool.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/table.h"

#define POOL_MAX 65536 /* different patterns at a time */
#define LINE_BEGIN_WEIGHT 100.0

static const char *const base_patterns[] = {
#define DATE_TEMPLATE(pattern, sample, epoch) pattern,
#include "detect/date_templates.def"
#undef DATE_TEMPLATE
};
#define BASE_COUNT (sizeof(base_patterns) / sizeof(base_patterns[0]))

static struct table pool;

static void make_key(struct slice pattern, char *key) {
        bool upper = slice_find_char(pattern, '%', 0) == pattern.len;
        for (size_t i = 0; i < pattern.len; i++) {
                char c = pattern.data[i];
                key[i] = upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        }
}

int date_pool_get(struct slice pattern, int year, struct date_template **ret, struct fault *fault) {
        if (pattern.len > DATE_PATTERN_MAX)
                return fault_set(fault, -EINVAL, "date pattern longer than %d bytes", DATE_PATTERN_MAX);
        if (pool.max == 0)
                table_init(&pool, POOL_MAX);
        char text[DATE_PATTERN_MAX];
        make_key(pattern, text);
        struct slice key = {text, pattern.len};
        struct date_template *template = table_get(&pool, key);
        if (!template) {
                int r = date_template_new(pattern, key, year, &template, fault);
                if (r < 0)
                        return r;
                if (table_put(&pool, key, template) < 0) {
                        (void)date_template_free(template);
                        return fault_set(fault, -EINVAL, "more than %d date patterns", POOL_MAX);
                }
        }
        template->refs++;
        *ret = template;
        return 0;
}

void date_pool_put(struct date_template *template) {
        if (!template || --template->refs > 0)
                return;
        (void)table_remove(&pool, slice_of(template->key));
        (void)date_template_free(template);
        if (pool.count == 0) {
                table_done(&pool);
                pool.max = 0;
        }
}

/* Already bound to the begin of the line, by itself. */
static bool is_bound(const struct date_template *template) {
        return strncmp(template->name, "{^LN-BEG}", 9) == 0 || template->name[0] == '^';
}

/* The text that stands for a template where it is put into another pattern: its pattern, or its name. */
static struct slice text_of(const struct date_template *template) {
        return slice_of(template->pattern ? template->pattern : template->name);
}

static int get_base(size_t i, int year, struct date_template **ret, struct fault *fault) {
        return date_pool_get(slice_of(base_patterns[i]), year, ret, fault);
}

static int get_line_begin(const struct date_template *base, int year, struct date_template **ret, struct fault *fault) {
        char text[DATE_PATTERN_MAX];
        int n = snprintf(text, sizeof(text), "{^LN-BEG}%s", base->pattern ? base->pattern : base->name);
        int r = date_pool_get((struct slice){text, (size_t)n}, year, ret, fault);
        if (r == 0)
                (*ret)->weight = LINE_BEGIN_WEIGHT; /* prefer the date at the begin of the line */
        return r;
}

static int list_line_begin(int year, date_pool_sink *sink, void *user, struct fault *fault) {
        int r = 0;
        for (size_t i = 0; r == 0 && i < BASE_COUNT; i++) {
                struct date_template *base;
                r = get_base(i, year, &base, fault);
                if (r < 0)
                        return r;
                struct date_template *bound = NULL;
                if (!is_bound(base))
                        r = get_line_begin(base, year, &bound, fault);
                if (r == 0 && bound)
                        r = sink(user, bound, fault);
                date_pool_put(base);
        }
        return r;
}

int date_pool_list_defaults(enum date_pool_defaults which, int year, date_pool_sink *sink, void *user,
        struct fault *fault) {
        int r = list_line_begin(year, sink, user, fault);
        for (size_t i = 0; r == 0 && i < BASE_COUNT; i++) {
                struct date_template *base;
                r = get_base(i, year, &base, fault);
                if (r < 0)
                        return r;
                if (which == DATE_POOL_ALL || (base->flags & DATE_LINE_BEGIN))
                        r = sink(user, base, fault);
                else
                        date_pool_put(base);
        }
        return r;
}

/* pattern with text in the place of every unescaped {DATE}. */
static int wrap(struct slice pattern, struct slice text, struct buffer *out) {
        int r = 0;
        for (size_t i = 0; r == 0 && i < pattern.len;) {
                bool here = slice_equal_nocase(slice_sub(pattern, i, i + 6), SLICE("{DATE}")) &&
                        (i == 0 || pattern.data[i - 1] != '\\');
                r = buffer_append(out, here ? text : slice_sub(pattern, i, i + 1));
                i += here ? 6 : 1;
        }
        return r;
}

int date_pool_list_wrapped(struct slice pattern, int year, date_pool_sink *sink, void *user, struct fault *fault) {
        int r = 0;
        for (size_t i = 0; r == 0 && i < BASE_COUNT; i++) {
                struct date_template *base;
                r = get_base(i, year, &base, fault);
                if (r < 0)
                        return r;
                struct buffer whole = BUFFER_INIT(DATE_PATTERN_MAX);
                struct date_template *wrapped = NULL;
                if (wrap(pattern, date_template_unbound(text_of(base)), &whole) < 0)
                        r = fault_set(fault, -EINVAL, "date pattern longer than %d bytes", DATE_PATTERN_MAX);
                if (r == 0)
                        r = date_pool_get(buffer_view(&whole), year, &wrapped, fault);
                if (r == 0)
                        r = sink(user, wrapped, fault);
                buffer_done(&whole);
                date_pool_put(base);
        }
        return r;
}
