/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two rules, and why they are right.
 *
 * 1. "(...).+)$" at the end, where the group holds nothing but the ".+": on a line with its newline
 * behind it, ".+" is looked at character by character for a newline. Without the newline, it may be
 * "(?s:.+)", which takes the rest in one step. Nothing in front of the ".+" can take the newline or
 * depend on it in a match, as the ".+" needs a character in front of the newline after all of it;
 * only what is looked ahead for could, so there must be no such thing.
 *
 * 2. "(?(name)TEXT|...)" that every match goes through: if the line does not hold TEXT, each path
 * on which group name has matched fails there, so the group may as well not match: "(?!)" is put
 * at its start, which spares all the trials of what lies between. The other paths are tried in the
 * same order as before.
 *
 * Regexes with what would make this untrue (atomic groups, possessive repeats, flags) are left
 * alone. */
#include "detect/lean.h"

#include <ctype.h>
#include <string.h>

#include "detect/pattern.h"

#define DEPTH_MAX 64
#define GROUPS_MAX 64 /* named groups looked at */
#define TAIL SLICE(".+)$")
#define NEVER SLICE("(?!)")

enum group_kind { GROUP_PLAIN, GROUP_LOOK, GROUP_CONDITION };

struct group {
        enum group_kind kind;
        size_t body; /* where its content begins */
        struct slice name;
};

struct scan {
        struct slice regex;
        size_t at;
        struct group open[DEPTH_MAX];
        size_t depth;
        size_t looks; /* open groups that look around */
        struct group named[GROUPS_MAX];
        size_t named_count;
        bool looks_ahead;
        bool given_up;
        bool has_tail;
        size_t never; /* where NEVER goes; 0: nowhere */
        struct slice absent;
};

static char char_at(const struct scan *scan, size_t at) {
        return at < scan->regex.len ? scan->regex.data[at] : '\0';
}

static bool starts_with(const struct scan *scan, struct slice text) {
        return slice_has_prefix(slice_sub(scan->regex, scan->at, scan->regex.len), text);
}

static void skip_class(struct scan *scan) {
        scan->at++;
        if (char_at(scan, scan->at) == '^')
                scan->at++;
        if (char_at(scan, scan->at) == ']')
                scan->at++;
        while (scan->at < scan->regex.len && char_at(scan, scan->at) != ']')
                scan->at += char_at(scan, scan->at) == '\\' ? 2 : 1;
        scan->at++;
}

/* The name up to the end character, which is passed over. */
static struct slice read_name(struct scan *scan, char end) {
        size_t start = scan->at;
        size_t stop = slice_find_char(scan->regex, end, start);
        scan->at = stop + 1;
        return slice_sub(scan->regex, start, stop);
}

static bool is_literal(char c) {
        return isalnum((unsigned char)c) || (c && strchr(" :,;=/<>@!_-\"'", c));
}

/* The text of the condition's first branch, at scan->at; empty if it is not a mere text. */
static struct slice read_text(const struct scan *scan) {
        size_t end = scan->at;
        while (is_literal(char_at(scan, end)))
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
        scan->looks++;
        scan->looks_ahead = scan->looks_ahead || is_ahead;
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

static void step(struct scan *scan) {
        char c = char_at(scan, scan->at);
        if (c == '\\') {
                scan->at += 2;
        } else if (c == '[') {
                skip_class(scan);
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

static void write_text(struct lean *lean, const struct scan *scan) {
        struct slice regex = scan->regex;
        size_t end = lean->drops_newline ? regex.len - TAIL.len : regex.len;
        int r = buffer_append(&lean->text, slice_sub(regex, 0, scan->never));
        if (scan->never > 0)
                r |= buffer_append(&lean->text, NEVER);
        r |= buffer_append(&lean->text, slice_sub(regex, scan->never, end));
        if (lean->drops_newline)
                r |= buffer_append(&lean->text, SLICE("(?s:.+))$"));
        if (r < 0)
                buffer_clear(&lean->text); /* there is room: this does not happen */
}

bool lean_find(struct slice regex, struct lean *ret) {
        struct scan scan = {.regex = regex};
        *ret = (struct lean){.text = BUFFER_INIT(PATTERN_TEXT_MAX + 64)};
        while (scan.at < regex.len && !scan.given_up)
                step(&scan);
        if (scan.given_up || scan.depth > 0 || slice_find_char(regex, '\0', 0) < regex.len)
                return false;
        ret->drops_newline = scan.has_tail && !scan.looks_ahead;
        ret->absent = scan.absent;
        if (!ret->drops_newline && scan.never == 0)
                return false;
        write_text(ret, &scan);
        return buffer_len(&ret->text) > 0;
}

void lean_done(struct lean *lean) {
        buffer_done(&lean->text);
}

static bool holds(struct slice subject, struct slice text) {
        size_t at = slice_find_char(subject, text.data[0], 0);
        for (; at < subject.len; at = slice_find_char(subject, text.data[0], at + 1))
                if (slice_has_prefix(slice_sub(subject, at, subject.len), text))
                        return true;
        return false;
}

bool lean_fits(bool drops_newline, struct slice absent, struct slice subject) {
        if (drops_newline &&
                (subject.len == 0 || slice_find_char(subject, '\n', 0) != subject.len - 1))
                return false;
        return absent.len == 0 || !holds(subject, absent);
}
