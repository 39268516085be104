/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over the regex. Whatever is not known here for certain ends it: there is PCRE2 for all
 * the others. So are captures that a repeat may take several times, as what a group holds when one
 * of these is taken back would have to be remembered; and repeats of what may be empty. */
#include "detect/regex_tree.h"

#include <ctype.h>
#include <string.h>

struct reader {
        struct slice regex;
        size_t at;
        size_t barred;
        struct arena *arena;
        struct slice names[REGEX_TREE_GROUPS_MAX + 1];
        bool is_closed[REGEX_TREE_GROUPS_MAX + 1];
        size_t group_count;
        unsigned depth;
        unsigned looks; /* open groups that look ahead */
        bool is_caseless;
        bool has_failed;
};

static struct regex_node *read_either(struct reader *reader);
static struct regex_node *read_sequence(struct reader *reader);

static int peek(const struct reader *reader) {
        return reader->at < reader->regex.len ? (unsigned char)reader->regex.data[reader->at] : -1;
}

static bool take(struct reader *reader, char c) {
        if (peek(reader) != (unsigned char)c)
                return false;
        reader->at++;
        return true;
}

static bool take_text(struct reader *reader, struct slice text) {
        if (!slice_has_prefix(slice_sub(reader->regex, reader->at, reader->regex.len), text))
                return false;
        reader->at += text.len;
        return true;
}

static struct regex_node *new_node(struct reader *reader, enum regex_kind kind) {
        struct regex_node *node = arena_alloc(reader->arena, sizeof(*node));
        node->kind = kind;
        return node;
}

static struct regex_node *fail(struct reader *reader) {
        reader->has_failed = true;
        return new_node(reader, REGEX_SEQUENCE);
}

/* ---- sets ---- */

static void add_char(struct regex_set *set, unsigned char c) {
        set->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static void add_range(struct regex_set *set, unsigned from, unsigned to) {
        for (unsigned c = from; c <= to && c < 128; c++)
                add_char(set, (unsigned char)c);
}

static void add_set(struct regex_set *set, struct regex_set other) {
        set->bits[0] |= other.bits[0];
        set->bits[1] |= other.bits[1];
}

static struct regex_set all_but(struct regex_set set) {
        return (struct regex_set){
                {~set.bits[0], ~set.bits[1]}
        };
}

struct regex_set regex_set_of_words(void) {
        struct regex_set set = {{0}};
        add_range(&set, '0', '9');
        add_range(&set, 'A', 'Z');
        add_range(&set, 'a', 'z');
        add_char(&set, '_');
        return set;
}

/* "\d" and its like. Returns false if it is none. */
static bool class_set(char letter, struct regex_set *ret) {
        struct regex_set set = {{0}};
        switch (tolower((unsigned char)letter)) {
        case 'd':
                add_range(&set, '0', '9');
                break;
        case 's':
                add_range(&set, '\t', '\r');
                add_range(&set, 0x1c, ' ');
                break;
        case 'w':
                set = regex_set_of_words();
                break;
        default:
                return false;
        }
        *ret = isupper((unsigned char)letter) ? all_but(set) : set;
        return true;
}

/* The character that is meant by a backslash and c. Returns false if there is none for sure. */
static bool escaped_char(int c, char *ret) {
        static const char controls[] = "t\tn\nr\rf\fv\v";
        *ret = (char)c;
        for (size_t i = 0; i + 1 < sizeof(controls); i += 2)
                if (c == controls[i]) {
                        *ret = controls[i + 1];
                        return true;
                }
        return c >= 0 && c < 0x80 && !isalnum(c);
}

static struct regex_node *set_node(struct reader *reader, struct regex_set set, bool is_negative) {
        struct regex_node *node = new_node(reader, REGEX_SET);
        for (int c = 'a'; reader->is_caseless && c <= 'z'; c++)
                if (regex_set_has(&set, (unsigned char)c) ||
                        regex_set_has(&set, (unsigned char)toupper(c))) {
                        add_char(&set, (unsigned char)c);
                        add_char(&set, (unsigned char)toupper(c));
                }
        node->set = is_negative ? all_but(set) : set;
        return node;
}

static struct regex_node *char_node(struct reader *reader, char c) {
        struct regex_set set = {{0}};
        if ((unsigned char)c >= 0x80)
                return fail(reader);
        add_char(&set, (unsigned char)c);
        return set_node(reader, set, false);
}

static struct regex_node *read_escape(struct reader *reader) {
        int c = peek(reader);
        struct regex_set set;
        char meant;
        reader->at++;
        if (c == 'b' || c == 'B') {
                struct regex_node *node = new_node(reader, REGEX_BORDER);
                node->is_negative = c == 'B';
                return node;
        }
        if (c > 0 && class_set((char)c, &set))
                return set_node(reader, set, false);
        return escaped_char(c, &meant) ? char_node(reader, meant) : fail(reader);
}

/* A character of a class, or a class in it: then *ret_set is that, and it returns false. */
static bool read_class_char(struct reader *reader, char *ret, struct regex_set *ret_set) {
        int c = peek(reader);
        reader->at++;
        *ret = (char)c;
        if (c == '\\') {
                c = peek(reader);
                reader->at++;
                if (c > 0 && class_set((char)c, ret_set))
                        return false;
                if (!escaped_char(c, ret))
                        reader->has_failed = true;
        } else if (c < 0 || c >= 0x80) {
                reader->has_failed = true;
        }
        return true;
}

/* Its bracket was taken. */
static struct regex_node *read_class(struct reader *reader) {
        struct regex_set set = {{0}};
        bool is_negative = take(reader, '^');
        for (bool is_first = true; is_first || !take(reader, ']'); is_first = false) {
                struct regex_set inner = {{0}};
                char from;
                char to;
                bool is_char = read_class_char(reader, &from, &inner);
                if (reader->has_failed)
                        return fail(reader);
                to = from;
                bool is_range = peek(reader) == '-' && reader->at + 1 < reader->regex.len &&
                                reader->regex.data[reader->at + 1] != ']';
                if (is_range) {
                        reader->at++;
                        if (!read_class_char(reader, &to, &inner) || !is_char)
                                return fail(reader);
                }
                if (is_char)
                        add_range(&inner, (unsigned char)from, (unsigned char)to);
                add_set(&set, inner);
        }
        return set_node(reader, set, is_negative);
}

/* ---- groups ---- */

static struct slice read_name(struct reader *reader, char end) {
        size_t start = reader->at;
        reader->at = slice_find_char(reader->regex, end, start);
        struct slice name = slice_sub(reader->regex, start, reader->at);
        if (!take(reader, end))
                reader->has_failed = true;
        return name;
}

static struct regex_node *read_rest_of_group(struct reader *reader) {
        if (++reader->depth > REGEX_TREE_DEPTH_MAX)
                return fail(reader);
        struct regex_node *node = read_either(reader);
        reader->depth--;
        return take(reader, ')') ? node : fail(reader);
}

static struct regex_node *read_capture(struct reader *reader, struct slice name) {
        if (reader->group_count == REGEX_TREE_GROUPS_MAX || reader->looks > 0)
                return fail(reader);
        struct regex_node *node = new_node(reader, REGEX_GROUP);
        node->group = ++reader->group_count;
        node->is_barred = reader->barred > 0 && reader->at == reader->barred;
        node->has_groups = true;
        reader->names[node->group] = name;
        node->first = read_rest_of_group(reader);
        reader->is_closed[node->group] = true;
        return node;
}

static struct regex_node *read_ahead(struct reader *reader, bool is_negative) {
        struct regex_node *node = new_node(reader, REGEX_AHEAD);
        node->is_negative = is_negative;
        reader->looks++;
        node->first = read_rest_of_group(reader);
        reader->looks--;
        return node;
}

static struct regex_node *read_behind(struct reader *reader, bool is_negative) {
        struct regex_node *inner = read_rest_of_group(reader);
        if (inner->kind != REGEX_SET)
                return fail(reader);
        struct regex_node *node = new_node(reader, REGEX_BEHIND);
        node->set = inner->set;
        node->is_negative = is_negative;
        return node;
}

/* Of an open group there is no telling. */
static size_t find_closed(const struct reader *reader, struct slice name) {
        for (size_t i = 1; i <= reader->group_count; i++)
                if (reader->is_closed[i] && name.len > 0 && slice_equal(reader->names[i], name))
                        return i;
        return 0;
}

/* "(?(" was taken. */
static struct regex_node *read_condition(struct reader *reader) {
        struct regex_node *node = new_node(reader, REGEX_IF);
        node->group = find_closed(reader, read_name(reader, ')'));
        if (++reader->depth > REGEX_TREE_DEPTH_MAX)
                return fail(reader);
        node->first = read_sequence(reader);
        node->first->next =
                take(reader, '|') ? read_sequence(reader) : new_node(reader, REGEX_SEQUENCE);
        reader->depth--;
        bool has_groups = node->first->has_groups || node->first->next->has_groups;
        return node->group > 0 && !has_groups && take(reader, ')') ? node : fail(reader);
}

/* Its "(" was taken. */
static struct regex_node *read_group(struct reader *reader) {
        if (take_text(reader, SLICE("?:")))
                return read_rest_of_group(reader);
        if (take_text(reader, SLICE("?P<"))) {
                struct slice name = read_name(reader, '>');
                return read_capture(reader, name);
        }
        if (take_text(reader, SLICE("?=")))
                return read_ahead(reader, false);
        if (take_text(reader, SLICE("?!")))
                return read_ahead(reader, true);
        if (take_text(reader, SLICE("?<=")))
                return read_behind(reader, false);
        if (take_text(reader, SLICE("?<!")))
                return read_behind(reader, true);
        if (take_text(reader, SLICE("?(")))
                return read_condition(reader);
        return peek(reader) == '?' ? fail(reader) : read_capture(reader, SLICE_NULL);
}

/* ---- repeats ---- */

static size_t read_number(struct reader *reader, size_t otherwise) {
        size_t number = 0;
        if (peek(reader) < 0 || !isdigit(peek(reader)))
                return otherwise;
        for (; peek(reader) >= 0 && isdigit(peek(reader)) && number < 65536; reader->at++)
                number = number * 10 + (size_t)(peek(reader) - '0');
        return number;
}

/* Returns false if there is no repeat. */
static bool read_bounds(struct reader *reader, size_t *ret_min, size_t *ret_max) {
        *ret_min = peek(reader) == '+';
        *ret_max = peek(reader) == '?' ? 1 : REGEX_TREE_FOREVER;
        if (take(reader, '*') || take(reader, '+') || take(reader, '?'))
                return true;
        if (!take(reader, '{'))
                return false;
        size_t start = reader->at;
        *ret_min = read_number(reader, 0);
        *ret_max = *ret_min;
        bool has_comma = take(reader, ',');
        if (has_comma)
                *ret_max = read_number(reader, REGEX_TREE_FOREVER);
        if (reader->at - start <= has_comma || !take(reader, '}') || *ret_max < *ret_min)
                reader->has_failed = true;
        return true;
}

static bool may_be_empty(const struct regex_node *node) {
        const struct regex_node *child = node->first;
        switch (node->kind) {
        case REGEX_SET:
                return false;
        case REGEX_SEQUENCE:
                while (child && may_be_empty(child))
                        child = child->next;
                return !child;
        case REGEX_EITHER:
        case REGEX_IF:
                while (child && !may_be_empty(child))
                        child = child->next;
                return child != NULL;
        case REGEX_REPEAT:
                return node->min == 0 || may_be_empty(child);
        case REGEX_GROUP:
                return may_be_empty(child);
        case REGEX_END:
        case REGEX_BORDER:
        case REGEX_AHEAD:
        case REGEX_BEHIND:
                return true;
        }
        return true;
}

/* Whether the program can have it as often as that. */
static bool is_repeatable(const struct regex_node *node, size_t min, size_t max) {
        if (node->kind == REGEX_SET)
                return true;
        if (node->kind == REGEX_END || node->kind == REGEX_BORDER || node->kind == REGEX_AHEAD ||
                node->kind == REGEX_BEHIND || node->kind == REGEX_IF)
                return false;
        if (max <= 1)
                return max == 1;
        return !node->has_groups && !may_be_empty(node) && min <= REGEX_TREE_COPIES_MAX &&
               (max <= REGEX_TREE_COPIES_MAX || max == REGEX_TREE_FOREVER);
}

static struct regex_node *read_repeat(struct reader *reader, struct regex_node *child) {
        size_t min;
        size_t max;
        if (!read_bounds(reader, &min, &max))
                return child;
        if (!is_repeatable(child, min, max))
                return fail(reader);
        struct regex_node *node = new_node(reader, REGEX_REPEAT);
        node->first = child;
        node->min = min;
        node->max = max;
        node->has_groups = child->has_groups;
        node->is_lazy = take(reader, '?');
        int next = peek(reader);
        return next == '*' || next == '+' || next == '?' || next == '{' ? fail(reader) : node;
}

/* ---- the whole ---- */

static struct regex_node *read_item(struct reader *reader) {
        int c = peek(reader);
        struct regex_set newline = {
                {UINT64_C(1) << '\n', 0}
        };
        reader->at++;
        switch (c) {
        case '(':
                return read_group(reader);
        case '[':
                return read_class(reader);
        case '.':
                return set_node(reader, all_but(newline), false);
        case '\\':
                return read_escape(reader);
        case '$':
                return new_node(reader, REGEX_END);
        case '^':
        case '*':
        case '+':
        case '?':
        case '{':
                return fail(reader);
        default:
                return char_node(reader, (char)c);
        }
}

/* A node of one child is that child. */
static struct regex_node *join(
        struct reader *reader, enum regex_kind kind, struct regex_node *first, size_t count) {
        if (count == 1)
                return first;
        struct regex_node *node = new_node(reader, kind);
        node->first = first;
        for (struct regex_node *child = first; child; child = child->next)
                node->has_groups = node->has_groups || child->has_groups;
        return node;
}

static struct regex_node *read_sequence(struct reader *reader) {
        struct regex_node *first = NULL;
        struct regex_node **end = &first;
        size_t count = 0;
        while (peek(reader) >= 0 && peek(reader) != '|' && peek(reader) != ')' &&
                !reader->has_failed) {
                struct regex_node *item = read_repeat(reader, read_item(reader));
                *end = item;
                end = &item->next;
                if (++count > REGEX_TREE_CHILDREN_MAX)
                        reader->has_failed = true;
        }
        return join(reader, REGEX_SEQUENCE, first, count);
}

static struct regex_node *read_either(struct reader *reader) {
        struct regex_node *first = NULL;
        struct regex_node **end = &first;
        size_t count = 0;
        do {
                struct regex_node *branch = read_sequence(reader);
                *end = branch;
                end = &branch->next;
                if (++count > REGEX_TREE_CHILDREN_MAX)
                        reader->has_failed = true;
        } while (!reader->has_failed && take(reader, '|'));
        return join(reader, REGEX_EITHER, first, count);
}

bool regex_tree_read(
        struct slice regex, size_t barred, struct arena *arena, struct regex_tree *ret) {
        struct reader reader = {.regex = regex, .barred = barred, .arena = arena};
        reader.is_caseless = take_text(&reader, SLICE("(?i)"));
        if (!take(&reader, '^'))
                return false;
        ret->root = read_sequence(&reader);
        ret->group_count = reader.group_count;
        return !reader.has_failed && reader.at == regex.len;
}
