/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inline flags of a regex, "(?i)" and "(?i-s:": read with Python's errors, written as PCRE2 has them. A letter stands once in each list. */
#include <ctype.h>

#include "detect/dialect_parser.h"

bool flags_has(const char *flags, char c) {
        return strchr(flags, c) != NULL;
}

/* Python tells letters that are no flags from other characters. */
static bool check_flag(struct dialect_parser *parser, struct slice token, const char *otherwise) {
        if (token.len == 1 && token.data[0] && flags_has(DIALECT_FLAGS, token.data[0]))
                return true;
        bool letter = token.len > 0 && token.data[0] != '\\' &&
                (isalpha((unsigned char)token.data[0]) || (unsigned char)token.data[0] >= 0x80);
        if (token.len == 0)
                token_fail(parser, 0, "%s", otherwise);
        else
                token_fail(parser, token_chars(token), "%s", letter ? "unknown flag" : otherwise);
        return false;
}

static void put_flag(char *flags, size_t *count, char c) {
        if (!flags_has(flags, c) && *count < 15)
                flags[(*count)++] = c;
}

/* The letters to turn on; token is the first. Returns the token that ended them. */
static struct slice read_flags_on(struct dialect_parser *parser, struct dialect_flags *flags, struct slice token) {
        for (;;) {
                char c = token.data[0];
                if (c == 'L')
                        token_fail(parser, 0, "bad inline flags: cannot use 'L' flag with a str pattern");
                put_flag(flags->on, &flags->on_count, c);
                if (flags_has(flags->on, 'a') && flags_has(flags->on, 'u'))
                        token_fail(parser, 0, "bad inline flags: flags 'a', 'u' and 'L' are incompatible");
                token = token_take(parser);
                if (token_is(token, ')') || token_is(token, '-') || token_is(token, ':'))
                        return token;
                if (!check_flag(parser, token, "missing -, : or )"))
                        return SLICE_NULL;
        }
}

static void read_flags_off(struct dialect_parser *parser, struct dialect_flags *flags) {
        struct slice token = token_take(parser);
        const char *otherwise = "missing flag";
        while (check_flag(parser, token, otherwise)) {
                char c = token.data[0];
                if (c == 'a' || c == 'u' || c == 'L')
                        token_fail(parser, 0, "bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
                put_flag(flags->off, &flags->off_count, c);
                token = token_take(parser);
                if (token_is(token, ':'))
                        return;
                otherwise = "missing :";
        }
}

static bool overlap(const struct dialect_flags *flags) {
        for (size_t i = 0; i < flags->off_count; i++)
                if (flags_has(flags->on, flags->off[i]))
                        return true;
        return false;
}

bool flags_read(struct dialect_parser *parser, struct dialect_flags *flags, struct slice token) {
        if (!token_is(token, '-'))
                token = read_flags_on(parser, flags, token);
        if (parser->error || token_is(token, ')'))
                return true;
        if (flags_has(flags->on, 't'))
                token_fail(parser, 1, "bad inline flags: cannot turn on global flag");
        if (token_is(token, '-'))
                read_flags_off(parser, flags);
        if (flags_has(flags->off, 't'))
                token_fail(parser, 1, "bad inline flags: cannot turn off global flag");
        if (overlap(flags))
                token_fail(parser, 1, "bad inline flags: flag turned on and off");
        return false;
}

void flags_emit(struct dialect_parser *parser, const char *before, const struct dialect_flags *flags, const char *after) {
        emit(parser, before);
        for (size_t i = 0; i < flags->on_count; i++)
                if (flags_has("ims", flags->on[i]))
                        emit(parser, (char[]){flags->on[i], '\0'});
        bool minus = false;
        for (size_t i = 0; i < flags->off_count; i++) {
                if (!flags_has("ims", flags->off[i]))
                        continue;
                emit(parser, minus ? "" : "-");
                emit(parser, (char[]){flags->off[i], '\0'});
                minus = true;
        }
        emit(parser, after);
}

void flags_apply(struct dialect_parser *parser, const struct dialect_flags *flags) {
        if (flags_has(flags->on, 'i'))
                parser->ignorecase = true;
        if (flags_has(flags->off, 'i'))
                parser->ignorecase = false;
        if (flags_has(flags->on, 'a'))
                parser->ascii = true;
        if (flags_has(flags->on, 'u'))
                parser->ascii = false;
        if (parser->ascii && parser->ignorecase)
                token_fail_bare(parser, "flags 'a' and 'i' together are not supported");
}
