/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three rules, and why they are right.
 *
 * 1. "(...).+)$" at the end, where the group holds nothing but the ".+": on a line with its newline
 * behind it, ".+" is looked at character by character for a newline. Without the newline, it may be
 * "(?s:.+)", which takes the rest in one step. Nothing in front of the ".+" can take the newline or
 * depend on it in a match, as the ".+" needs a character in front of the newline after all of it;
 * only what is looked ahead for could, unless it is made of what takes no newline and asks for no
 * place: that is there or not without regard to what is behind it.
 *
 * 2. "(?(name)TEXT|...)" that every match goes through: if the line does not hold TEXT, each path
 * on which group name has matched fails there, so the group may as well not match: "(?!)" is put
 * at its start, which spares all the trials of what lies between. The other paths are tried in the
 * same order as before.
 *
 * 3. What goes on and on up to some text, as lean_run.c has it.
 *
 * They go together: each is equal under its conditions whatever the rest of the regex is, but for
 * the first one's end, which is none of the others'.
 *
 * Regexes with what would make this untrue (atomic groups, possessive repeats, flags) are left
 * alone. */
#include "detect/lean.h"

#include <ctype.h>
#include <string.h>

#include "detect/lean_run.h"
#include "detect/pattern.h"

#define DEPTH_MAX 64
#define GROUPS_MAX 64 /* named groups looked at */
#define RUNS_MAX 32
#define TAIL SLICE(".+)$")
#define NEVER SLICE("(?!)")

enum group_kind { GROUP_PLAIN, GROUP_LOOK, GROUP_CONDITION };

struct group {
        enum group_kind kind;
        bool is_ahead;
        size_t body; /* where its content begins */
        struct slice name;
};

struct scan {
        struct slice regex;
        size_t at;
        struct group open[DEPTH_MAX];
        size_t depth;
        size_t looks;  /* open groups that look around */
        size_t aheads; /* ... and ahead */
        struct group named[GROUPS_MAX];
        size_t named_count;
        bool sees_newline; /* something that looks ahead might */
        bool given_up;
        bool has_tail;
        size_t never; /* where NEVER goes; 0: nowhere */
        struct slice absent, once;
        struct lean_run runs[RUNS_MAX]; /* in order */
        size_t run_count;
};

static char char_at(const struct scan *scan, size_t at) {
        return at < scan->regex.len ? scan->regex.data[at] : '\0';
}

static bool starts_with(const struct scan *scan, struct slice text) {
        return slice_has_prefix(slice_sub(scan->regex, scan->at, scan->regex.len), text);
}

/* The name up to the end character, which is passed over. */
static struct slice read_name(struct scan *scan, char end) {
        size_t start = scan->at;
        size_t stop = slice_find_char(scan->regex, end, start);
        scan->at = stop + 1;
        return slice_sub(scan->regex, start, stop);
}

/* The text of the condition's first branch, at scan->at; empty if it is not a mere text. */
static struct slice read_text(const struct scan *scan) {
        size_t end = scan->at;
        while (lean_is_literal(char_at(scan, end)))
                end++;
        return char_at(scan, end) == '|' ? slice_sub(scan->regex, scan->at, end) : SLICE("");
}

static const struct group *find_named(const struct scan *scan, struct slice name) {
        for (size_t i = 0; i < scan->named_count; i++)
                if (slice_equal(scan->named[i].name, name))
                        return &scan->named[i];
        return NULL;
}

/* Of a group that looks around there is no telling. */
static void note_named(struct scan *scan, struct slice name) {
        if (scan->looks == 0 && scan->named_count < GROUPS_MAX)
                scan->named[scan->named_count++] = (struct group){.body = scan->at, .name = name};
}

static void open_condition(struct scan *scan, struct group *group) {
        group->kind = GROUP_CONDITION;
        group->name = read_name(scan, ')');
        if (scan->depth > 0 || scan->never > 0)
                return;
        const struct group *named = find_named(scan, group->name);
        struct slice text = read_text(scan);
        if (named && text.len > 0) {
                scan->never = named->body;
                scan->absent = text;
        }
}

static void open_look(struct scan *scan, struct group *group, size_t length, bool is_ahead) {
        group->kind = GROUP_LOOK;
        scan->at += length;
        group->is_ahead = is_ahead;
        scan->looks++;
        scan->aheads += is_ahead;
}

static void open_group(struct scan *scan) {
        struct group group = {.kind = GROUP_PLAIN};
        if (starts_with(scan, SLICE("(?P<"))) {
                scan->at += 4;
                note_named(scan, read_name(scan, '>'));
        } else if (starts_with(scan, SLICE("(?:"))) {
                scan->at += 3;
        } else if (starts_with(scan, SLICE("(?=")) || starts_with(scan, SLICE("(?!"))) {
                open_look(scan, &group, 3, true);
        } else if (starts_with(scan, SLICE("(?<=")) || starts_with(scan, SLICE("(?<!"))) {
                open_look(scan, &group, 4, false);
        } else if (starts_with(scan, SLICE("(?("))) {
                scan->at += 3;
                open_condition(scan, &group);
        } else if (starts_with(scan, SLICE("(?P="))) {
                scan->at += 4; /* ends like a group */
        } else if (starts_with(scan, SLICE("(?"))) {
                scan->given_up = true;
        } else {
                scan->at++;
        }
        group.body = scan->at;
        if (scan->depth == DEPTH_MAX)
                scan->given_up = true;
        else
                scan->open[scan->depth++] = group;
}

static void close_group(struct scan *scan) {
        size_t at = scan->at++;
        if (scan->depth == 0) {
                scan->given_up = true;
                return;
        }
        const struct group *group = &scan->open[--scan->depth];
        scan->looks -= group->kind == GROUP_LOOK;
        scan->aheads -= group->is_ahead;
        if (scan->depth > 0)
                return;
        if (group->kind == GROUP_CONDITION && strchr("*+?{", char_at(scan, scan->at)) &&
                scan->at < scan->regex.len)
                scan->given_up = true; /* not every match goes through it */
        size_t tail = scan->regex.len - TAIL.len;
        scan->has_tail = group->kind == GROUP_PLAIN && at + 2 == scan->regex.len &&
                         group->body == tail &&
                         slice_equal(slice_sub(scan->regex, tail, scan->regex.len), TAIL);
}

static bool is_one_of(char c, const char *set) {
        return c != '\0' && strchr(set, c) != NULL;
}

/* Whether the class takes nothing but what is listed in it, which no newline is. */
static bool is_plain_class(const struct scan *scan) {
        size_t end = lean_class_end(scan->regex, scan->at);
        for (size_t i = scan->at + 1; i + 1 < end; i++)
                if (!lean_is_literal(char_at(scan, i)))
                        return false;
        return true;
}

/* Whether what is at scan->at takes no newline, and asks for no place in the subject. */
static bool is_blind(const struct scan *scan) {
        char c = char_at(scan, scan->at);
        char next = char_at(scan, scan->at + 1);
        if (c == '\\')
                return ispunct((unsigned char)next) || is_one_of(next, "dwS");
        if (c == '[')
                return is_plain_class(scan);
        if (c == '(')
                return !starts_with(scan, SLICE("(?(")) && !starts_with(scan, SLICE("(?P="));
        return lean_is_literal(c) || is_one_of(c, ".|)?*+{}");
}

/* Takes what lean_run.c knows something better for. */
static bool take_run(struct scan *scan) {
        struct lean_run run;
        if (scan->looks > 0 || scan->run_count == RUNS_MAX ||
                !lean_run_find(scan->regex, scan->at, &run))
                return false;
        if (run.kind == LEAN_RUN_LAST) {
                if (scan->once.len > 0 && !slice_equal(scan->once, run.text))
                        return false;
                scan->once = run.text;
        }
        scan->runs[scan->run_count++] = run;
        scan->at += run.length;
        return true;
}

static void step(struct scan *scan) {
        char c = char_at(scan, scan->at);
        if (scan->aheads > 0 && !is_blind(scan))
                scan->sees_newline = true;
        if (is_one_of(c, ".[(") && take_run(scan))
                return;
        if (c == '\\') {
                scan->at += 2;
        } else if (c == '[') {
                scan->at = lean_class_end(scan->regex, scan->at);
        } else if (c == '(') {
                open_group(scan);
        } else if (c == ')') {
                close_group(scan);
        } else {
                scan->given_up = scan->given_up || (c == '|' && scan->depth == 0) ||
                                 (strchr("*+?}", c) && char_at(scan, scan->at + 1) == '+');
                scan->at++;
        }
}

/* The regex from one place to another, with what is put in there. Runs come in order. */
static int write_part(struct buffer *out, const struct scan *scan, size_t from, size_t to) {
        int r = 0;
        for (size_t i = 0; i < scan->run_count; i++) {
                const struct lean_run *run = &scan->runs[i];
                if (run->at < from || run->at >= to)
                        continue;
                r |= buffer_append(out, slice_sub(scan->regex, from, run->at));
                r |= lean_run_write(run, out);
                from = run->at + run->length;
        }
        return r | buffer_append(out, slice_sub(scan->regex, from, to));
}

static void write_text(struct lean *lean, const struct scan *scan) {
        bool drops_newline = lean->terms.drops_newline;
        size_t end = drops_newline ? scan->regex.len - TAIL.len : scan->regex.len;
        int r = write_part(&lean->text, scan, 0, scan->never);
        if (scan->never > 0)
                r |= buffer_append(&lean->text, NEVER);
        r |= write_part(&lean->text, scan, scan->never, end);
        if (drops_newline)
                r |= buffer_append(&lean->text, SLICE("(?s:.+))$"));
        if (r < 0)
                buffer_clear(&lean->text); /* there is no room: then there is none */
}

bool lean_find(struct slice regex, struct lean *ret) {
        struct scan scan = {.regex = regex};
        *ret = (struct lean){.text = BUFFER_INIT(PATTERN_TEXT_MAX)};
        while (scan.at < regex.len && !scan.given_up)
                step(&scan);
        if (scan.given_up || scan.depth > 0 || slice_find_char(regex, '\0', 0) < regex.len)
                return false;
        ret->terms.drops_newline = scan.has_tail && !scan.sees_newline;
        ret->terms.absent = scan.absent;
        ret->barred = scan.never;
        ret->terms.once = scan.once;
        if (!ret->terms.drops_newline && scan.never == 0 && scan.run_count == 0)
                return false;
        write_text(ret, &scan);
        return buffer_len(&ret->text) > 0;
}

void lean_done(struct lean *lean) {
        buffer_done(&lean->text);
}

bool lean_fits(const struct lean_terms *terms, struct slice subject) {
        if (terms->drops_newline &&
                (subject.len == 0 || slice_find_char(subject, '\n', 0) != subject.len - 1))
                return false;
        return lean_fits_line(terms, subject);
}

bool lean_fits_line(const struct lean_terms *terms, struct slice subject) {
        if (terms->absent.len > 0 && slice_find(subject, terms->absent, 0) < subject.len)
                return false;
        if (terms->once.len == 0)
                return true;
        size_t first = slice_find(subject, terms->once, 0);
        return first == subject.len || slice_find(subject, terms->once, first + 1) == subject.len;
}
