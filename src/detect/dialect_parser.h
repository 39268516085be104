/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of dialect.c, dialect_token.c and dialect_escape.c. */
#pragma once

#include <stdint.h>

#include "detect/dialect.h"

#define REPEAT_MAX 4294967295U /* Python's MAXREPEAT: no upper limit */

/* What a part of a regex can match, in characters. */
struct dialect_width {
        uint64_t low;
        uint64_t high;
};

/* Errors stick: the first one is kept, and from then on the text is at its end, so that every loop ends. */
struct dialect_parser {
        struct slice text;
        size_t next;     /* the token ahead: where it starts, */
        size_t next_len; /* and its bytes: one character, or a backslash and one; 0 at the end */
        enum dialect_subject subject;
        struct dialect *out;
        struct fault *fault;
        int error;

        bool verbose;    /* the global flag x */
        bool ascii;      /* flag a is in force */
        bool ignorecase; /* flag i is in force */
        bool is_open[PATTERN_GROUPS_MAX + 1];
        struct dialect_width widths[PATTERN_GROUPS_MAX + 1];
        size_t lookbehind_groups; /* groups there were when the outermost lookbehind began, plus one; 0 outside */
        size_t forward_group; /* the first (?(N) to a group that did not exist yet, and */
        size_t forward_at;    /* the place of its number */
        unsigned depth;
};

enum dialect_escape_kind { ESCAPE_LITERAL, ESCAPE_CLASS, ESCAPE_POSITION, ESCAPE_GROUP };

struct dialect_escape {
        enum dialect_escape_kind kind;
        uint32_t value; /* code point, letter of the class or position, or group */
};

/* ---- dialect_token.c ---- */

void token_start(struct dialect_parser *parser);
/* The token ahead; empty at the end. */
struct slice token_peek(const struct dialect_parser *parser);
/* Takes it. */
struct slice token_take(struct dialect_parser *parser);
/* Takes it if it is the one character c. */
bool token_match(struct dialect_parser *parser, char c);
bool token_is(struct slice token, char c);
/* Goes back to byte offset at. */
void token_seek(struct dialect_parser *parser, size_t at);
/* Text up to terminator, which is taken too. what: what Python calls the text. */
struct slice token_until(struct dialect_parser *parser, char terminator, const char *what);
/* Up to max ASCII characters of set. */
struct slice token_while(struct dialect_parser *parser, size_t max, const char *set);
size_t token_chars(struct slice s);
uint32_t token_code_point(struct slice s);
#define TOKEN_REPR_MAX ((size_t)PATTERN_TEXT_MAX * 4 + 4)
/* Python's repr() of a text, as far as regexes have use for it, appended to out. Returns the view of out. */
struct slice token_repr(struct buffer *out, struct slice name);
/* Fails with Python's text for an error at back characters before the token ahead. */
void token_fail(struct dialect_parser *parser, size_t back, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same at byte offset at. */
void token_fail_at(struct dialect_parser *parser, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* An error without a place. */
void token_fail_bare(struct dialect_parser *parser, const char *text);
void emit(struct dialect_parser *parser, const char *text);
void emit_number(struct dialect_parser *parser, const char *before, uint64_t number, const char *after);
/* A character that stands for itself, in a class or outside. */
void emit_literal(struct dialect_parser *parser, struct buffer *out, uint32_t code_point);

/* ---- dialect_escape.c ---- */

/* Reads the escape whose first two characters were taken as token (at byte offset start). */
struct dialect_escape escape_read(struct dialect_parser *parser, struct slice token, size_t start);
/* Writes \d \w \s and their opposites. */
void escape_emit_class(struct dialect_parser *parser, char letter);
void escape_emit_position(struct dialect_parser *parser, char letter);
/* Reads and writes a character class, whose bracket was taken at byte offset start. */
void escape_class(struct dialect_parser *parser, size_t start);
/* Whether group may be referred to here; fails if not. */
bool dialect_check_lookbehind(struct dialect_parser *parser, size_t group);
bool dialect_is_closed(const struct dialect_parser *parser, size_t group);

/* ---- dialect_flags.c ---- */

#define DIALECT_FLAGS "iLmsxatu" /* the letters Python knows */

/* Letters turned on and off, each list NUL-terminated. */
struct dialect_flags {
        char on[16];
        char off[16];
        size_t on_count, off_count;
};

/* Whether c is among letters. */
bool flags_has(const char *letters, char c);
/* Reads flags from token on. Returns whether they are global: "(?i)". */
bool flags_read(struct dialect_parser *parser, struct dialect_flags *flags, struct slice token);
/* Writes those flags that PCRE2 has too, between before and after; the others are the parser's own business. */
void flags_emit(struct dialect_parser *parser, const char *before, const struct dialect_flags *flags, const char *after);
/* They are in force from here on. */
void flags_apply(struct dialect_parser *parser, const struct dialect_flags *flags);
