/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why each form is equal to what it stands for. Let c be the first character of the text, REST the
 * others, and C* short for "[^cEXCLUDED]*+": what is neither c nor excluded anyway.
 *
 * ".*?" in front of c is "C*(?:cC*)*?". The first may end anywhere up to a newline, nearest first,
 * but what follows fails where there is no c: so the ends that count are those in front of a c, and
 * these are where the second may end, nearest first. (It may also end in front of the newline or at
 * the subject's end, where both fail.)
 *
 * ".*" in front of TEXT is "C*(?:c(?!REST)C*)*+", if the subject holds TEXT at most once. Then
 * there is one end at most that counts, whatever the order: where TEXT is. The second goes on until
 * there, as it stops at nothing else but what the first cannot pass either, and has no other end.
 * ".+" may not end where it begins, so there "(?!TEXT)" is in front.
 *
 * "(?:(?!TEXT).)*" in front of "$" is the same. It ends in front of the first TEXT, of a newline,
 * or at the end; at all ends nearer than that a character follows which is no newline, so "$"
 * fails.
 *
 * What follows is looked for behind the brackets that close, too, if these are not repeated: then
 * nothing else can come next. Each form is equal by itself, wherever it stands. */
#include "detect/lean_run.h"

#include <ctype.h>
#include <string.h>

#define TEXT_MIN 4  /* bytes; a shorter text is not likely to be there once */
#define DEPTH_MAX 8 /* of groups that are looked into */
#define WITHOUT_OPEN SLICE("(?:(?!")
#define WITHOUT_CLOSE SLICE(").)*")

static char char_at(struct slice regex, size_t at) {
        return at < regex.len ? regex.data[at] : '\0';
}

static bool has_at(struct slice regex, size_t at, struct slice text) {
        return slice_has_prefix(slice_sub(regex, at, regex.len), text);
}

static bool is_one_of(char c, const char *set) {
        return c != '\0' && strchr(set, c) != NULL;
}

bool lean_is_literal(char c) {
        return isalnum((unsigned char)c) || is_one_of(c, " :,;=/<>@!_-\"'");
}

static bool is_mark(char c) {
        return (unsigned char)c < 0x80 && ispunct((unsigned char)c);
}

size_t lean_class_end(struct slice regex, size_t at) {
        at++;
        if (char_at(regex, at) == '^')
                at++;
        if (char_at(regex, at) == ']')
                at++;
        while (at < regex.len && char_at(regex, at) != ']')
                at += char_at(regex, at) == '\\' ? 2 : 1;
        return at + 1;
}

/* Where the branch that holds at ends: at its "|" or ")", or at the regex' end. */
static size_t branch_end(struct slice regex, size_t at) {
        size_t depth = 0;
        while (at < regex.len) {
                char c = char_at(regex, at);
                if (depth == 0 && (c == '|' || c == ')'))
                        return at;
                depth += (size_t)(c == '(') - (size_t)(c == ')');
                if (c == '[')
                        at = lean_class_end(regex, at);
                else
                        at += c == '\\' ? 2 : 1;
        }
        return regex.len;
}

static size_t group_end(struct slice regex, size_t at) {
        at = branch_end(regex, at);
        while (char_at(regex, at) == '|')
                at = branch_end(regex, at + 1);
        return at;
}

/* Where what comes next is written: at, or behind the groups that end there. The regex' end: there
 * is no telling. */
static size_t next_item(struct slice regex, size_t at) {
        while (is_one_of(char_at(regex, at), "|)")) {
                at = group_end(regex, at) + 1;
                if (is_one_of(char_at(regex, at), "*+{"))
                        return regex.len;
                while (char_at(regex, at) == '?')
                        at++;
        }
        return at < regex.len ? at : regex.len;
}

/* ---- what a part of a regex begins with ---- */

enum first {
        FIRST_UNKNOWN,
        FIRST_OPEN, /* with the character, or it may be nothing at all */
        FIRST_SURE, /* with the character */
};

struct walk {
        struct slice regex;
        size_t at;
        unsigned depth;
        char c; /* '\0': none was met so far */
};

static enum first walk_branch(struct walk *walk);

static enum first walk_char(struct walk *walk, char c, size_t length) {
        if (walk->c != '\0' && walk->c != c)
                return FIRST_UNKNOWN;
        walk->c = c;
        walk->at += length;
        return FIRST_SURE;
}

static bool enter_group(struct walk *walk) {
        if (has_at(walk->regex, walk->at, SLICE("(?:")))
                walk->at += 3;
        else if (has_at(walk->regex, walk->at, SLICE("(?P<")))
                walk->at = slice_find_char(walk->regex, '>', walk->at) + 1;
        else if (char_at(walk->regex, walk->at + 1) != '?')
                walk->at++;
        else
                return false;
        return ++walk->depth <= DEPTH_MAX;
}

static enum first walk_group(struct walk *walk) {
        enum first all = FIRST_SURE;
        if (!enter_group(walk))
                return FIRST_UNKNOWN;
        for (;;) {
                enum first one = walk_branch(walk);
                if (one == FIRST_UNKNOWN)
                        return one;
                if (one == FIRST_OPEN)
                        all = FIRST_OPEN;
                walk->at = branch_end(walk->regex, walk->at);
                if (char_at(walk->regex, walk->at++) != '|')
                        break;
        }
        walk->depth--;
        return all;
}

static enum first walk_item(struct walk *walk) {
        char c = char_at(walk->regex, walk->at);
        char next = char_at(walk->regex, walk->at + 1);
        if (c == '(')
                return walk_group(walk);
        if (c == '\\' && is_mark(next))
                return walk_char(walk, next, 2);
        return lean_is_literal(c) ? walk_char(walk, c, 1) : FIRST_UNKNOWN;
}

static enum first walk_branch(struct walk *walk) {
        while (walk->at < walk->regex.len && !is_one_of(char_at(walk->regex, walk->at), "|)")) {
                enum first item = walk_item(walk);
                char repeat = char_at(walk->regex, walk->at);
                if (item == FIRST_UNKNOWN || repeat == '{')
                        return FIRST_UNKNOWN;
                if (item == FIRST_SURE && !is_one_of(repeat, "?*"))
                        return FIRST_SURE;
                while (is_one_of(char_at(walk->regex, walk->at), "?*+"))
                        walk->at++;
        }
        return FIRST_OPEN;
}

/* The character at at as the regex has it, with its backslash; empty if not every match of what
 * stands there begins with one and the same. */
static struct slice first_char(struct slice regex, size_t at) {
        struct walk walk = {.regex = regex, .at = at};
        if (at >= regex.len || walk_branch(&walk) != FIRST_SURE)
                return SLICE("");
        size_t found = slice_find_char(regex, walk.c, at);
        return slice_sub(regex, found, found + 1);
}

/* The literal text at at. */
static struct slice text_at(struct slice regex, size_t at) {
        size_t end = at;
        while (lean_is_literal(char_at(regex, end)))
                end++;
        if (end > at && is_one_of(char_at(regex, end), "?*+{"))
                end--;
        return slice_sub(regex, at, end);
}

/* ---- the pieces ---- */

/* The inside of the class, which takes all but the mere characters that are listed in it. */
static bool read_class(struct slice inside) {
        for (size_t i = 0; i < inside.len; i++) {
                bool escaped = inside.data[i] == '\\';
                char c = char_at(inside, i += escaped);
                if (escaped ? !is_mark(c) && c != 'n' : !lean_is_literal(c) || c == '-')
                        return false;
        }
        return inside.len > 0;
}

/* "." or "[^...]". Returns where it ends, or 0. */
static size_t read_set(struct slice regex, size_t at, struct slice *ret_excluded) {
        *ret_excluded = SLICE("\\n");
        if (char_at(regex, at) == '.')
                return at + 1;
        if (!has_at(regex, at, SLICE("[^")))
                return 0;
        size_t end = lean_class_end(regex, at);
        *ret_excluded = slice_sub(regex, at + 2, end - 1);
        return end <= regex.len && read_class(*ret_excluded) ? end : 0;
}

static bool find_repeated(struct slice regex, size_t at, struct lean_run *run) {
        size_t end = read_set(regex, at, &run->excluded);
        char repeat = char_at(regex, end);
        bool lazy = end > 0 && char_at(regex, end + 1) == '?';
        if (end == 0 || !is_one_of(repeat, "*+") || (lazy && repeat == '+'))
                return false;
        run->kind = lazy ? LEAN_RUN_LAZY : LEAN_RUN_LAST;
        run->at_least_one = repeat == '+';
        run->length = end + 1 + lazy - at;
        size_t next = next_item(regex, end + 1 + lazy);
        run->text = lazy ? first_char(regex, next) : text_at(regex, next);
        /* 'n' may be a newline there: then it is no run, which is right as well */
        return run->text.len >= (lazy ? 1 : TEXT_MIN) &&
               slice_find_char(run->excluded, run->text.data[0], 0) == run->excluded.len;
}

static bool find_without(struct slice regex, size_t at, struct lean_run *run) {
        if (!has_at(regex, at, WITHOUT_OPEN))
                return false;
        run->text = text_at(regex, at + WITHOUT_OPEN.len);
        size_t end = at + WITHOUT_OPEN.len + run->text.len;
        if (run->text.len == 0 || !has_at(regex, end, WITHOUT_CLOSE))
                return false;
        end += WITHOUT_CLOSE.len;
        run->kind = LEAN_RUN_WITHOUT;
        run->excluded = SLICE("\\n");
        run->length = end - at;
        return char_at(regex, next_item(regex, end)) == '$';
}

bool lean_run_find(struct slice regex, size_t at, struct lean_run *ret) {
        *ret = (struct lean_run){.at = at};
        return find_repeated(regex, at, ret) || find_without(regex, at, ret);
}

static int write_char(struct buffer *out, char c) {
        return (isalnum((unsigned char)c) ? 0 : buffer_append_char(out, '\\')) |
               buffer_append_char(out, c);
}

/* C* of the proofs. */
static int write_stretch(const struct lean_run *run, struct buffer *out) {
        return buffer_append(out, SLICE("[^")) | write_char(out, run->text.data[0]) |
               buffer_append(out, run->excluded) | buffer_append(out, SLICE("]*+"));
}

static int write_ahead(struct slice text, struct buffer *out) {
        return buffer_append(out, SLICE("(?!")) | buffer_append(out, text) |
               buffer_append_char(out, ')');
}

int lean_run_write(const struct lean_run *run, struct buffer *out) {
        bool lazy = run->kind == LEAN_RUN_LAZY;
        struct slice rest = slice_sub(run->text, 1, run->text.len);
        int r = run->at_least_one ? write_ahead(run->text, out) : 0;
        r |= write_stretch(run, out);
        if (!lazy && rest.len == 0)
                return r;
        r |= buffer_append(out, SLICE("(?:"));
        r |= write_char(out, run->text.data[0]);
        if (!lazy)
                r |= write_ahead(rest, out);
        r |= write_stretch(run, out);
        return r | buffer_append(out, lazy ? SLICE(")*?") : SLICE(")*+"));
}
