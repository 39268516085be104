/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bracket syntax of fail2ban's options, as far as a log target uses it: name=value,
 * name="value" or name='value', separated by commas or by "][" ; white space around is dropped. */
#include "enforce/diag_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static enum diag_switch read_switch(struct slice value) {
        static const char *const on[] = {"1", "on", "true", "yes"};
        for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
                if (slice_equal_nocase(value, slice_of(on[i])))
                        return DIAG_SWITCH_ON;
        return DIAG_SWITCH_OFF;
}

static void keep(struct diag_options *options, struct slice name, struct slice value) {
        value = slice_trim(value);
        if (slice_is(name, "facility"))
                options->facility = value;
        else if (slice_is(name, "format"))
                options->format = value;
        else if (slice_is(name, "padding"))
                options->padding = read_switch(value);
        else if (slice_is(name, "datetime"))
                options->datetime = read_switch(value);
}

static size_t skip_space(struct slice s, size_t at) {
        while (at < s.len && isspace((unsigned char)s.data[at]))
                at++;
        return at;
}

static bool is_name_char(char c) {
        return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Steps over what may stand between two options. Returns s.len + 1 if it is something else. */
static size_t skip_separator(struct slice s, size_t at) {
        at = skip_space(s, at);
        if (at == s.len)
                return at;
        if (s.data[at] == ',')
                return skip_space(s, at + 1);
        if (s.data[at] != ']')
                return s.len + 1;
        at = skip_space(s, at + 1);
        return at < s.len && s.data[at] == '[' ? skip_space(s, at + 1) : s.len + 1;
}

/* Reads the value that begins at *at, and moves *at behind it. */
static bool take_value(struct slice s, size_t *at, struct slice *ret) {
        size_t end;
        char quote = *at < s.len ? s.data[*at] : '\0';
        if (quote == '"' || quote == '\'') {
                end = slice_find_char(s, quote, *at + 1);
                if (end == s.len)
                        return false;
                *ret = slice_sub(s, *at + 1, end);
                *at = end + 1;
                return true;
        }
        end = *at;
        while (end < s.len && s.data[end] != ',' && s.data[end] != ']')
                end++;
        *ret = slice_sub(s, *at, end);
        *at = end;
        return true;
}

static bool parse_options(struct slice s, struct diag_options *options, size_t *at) {
        *at = skip_space(s, 0);
        while (*at < s.len) {
                size_t end = *at;
                while (end < s.len && is_name_char(s.data[end]))
                        end++;
                if (end == *at || end == s.len || s.data[end] != '=')
                        return false;
                struct slice name = slice_sub(s, *at, end);
                struct slice value;
                end++;
                if (!take_value(s, &end, &value))
                        return false;
                keep(options, name, value);
                size_t next = skip_separator(s, end);
                if (next > s.len)
                        return false;
                *at = next;
        }
        return true;
}

int diag_options_parse(struct slice text, struct diag_options *ret, struct fault *fault) {
        size_t open = slice_find_char(text, '[', 0);
        size_t at = 0;
        *ret = (struct diag_options){.name = slice_sub(text, 0, open)};
        if (ret->name.len == 0)
                return fault_raise(fault, "ValueError", "unexpected option syntax");
        if (open == text.len)
                return 0;
        struct slice rest = slice_trim_right(slice_sub(text, open + 1, text.len));
        if (rest.len == 0 || rest.data[rest.len - 1] != ']')
                return fault_raise(fault, "ValueError", "unexpected option syntax");
        rest.len--;
        if (parse_options(rest, ret, &at))
                return 0;
        struct slice where = slice_sub(rest, at, at + 25);
        return fault_raise(fault, "ValueError", "expected option, wrong syntax at %zu: %.*s", at,
                SLICE_ARG(where));
}
