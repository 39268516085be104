/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recursive descent over Python's regex syntax. Sets are exact for ASCII and coarse beyond it; a
 * conditional is the choice of its two branches. */
#include "detect/syntax.h"

#include <ctype.h>

#define WORD "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
#define COUNT_MAX 100000 /* of a repeat; more count as this */
#define BLANK " \t\n\r\f\v"

struct reader {
        struct slice regex;
        size_t at;
        bool caseless;
        bool dot_all;
        bool given_up;
        unsigned depth;
        uint32_t groups;
        struct arena *arena;
};

static struct syntax_node *read_choice(struct reader *reader);

/* ---- sets ---- */

static void set_add(struct syntax_set *set, unsigned char c) {
        if (c >= 0x80)
                set->beyond = true;
        else
                set->bits[c >> 6] |= UINT64_C(1) << (c & 63);
}

static void set_add_all(struct syntax_set *set, const char *text) {
        for (; *text; text++)
                set_add(set, (unsigned char)*text);
}

static void set_invert(struct syntax_set *set) {
        set->bits[0] = ~set->bits[0];
        set->bits[1] = ~set->bits[1];
        set->beyond = true;
}

static void set_unite(struct syntax_set *set, const struct syntax_set *other) {
        set->bits[0] |= other->bits[0];
        set->bits[1] |= other->bits[1];
        set->beyond = set->beyond || other->beyond;
}

static void set_add_range(struct syntax_set *set, unsigned char low, unsigned char high) {
        for (unsigned c = low; c <= high && c <= 0x80; c++)
                set_add(set, (unsigned char)c);
}

bool syntax_set_has(const struct syntax_set *set, char c) {
        unsigned char byte = (unsigned char)c;
        return byte >= 0x80 ? set->beyond : (set->bits[byte >> 6] >> (byte & 63) & 1) != 0;
}

bool syntax_set_has_all(const struct syntax_set *set, struct slice text) {
        for (size_t i = 0; i < text.len; i++)
                if (!syntax_set_has(set, text.data[i]))
                        return false;
        return true;
}

/* Both cases of what is in it. */
static void set_fold(struct syntax_set *set) {
        for (int c = 'a'; c <= 'z'; c++) {
                int upper = toupper(c);
                if (syntax_set_has(set, (char)c))
                        set_add(set, (unsigned char)upper);
                else if (syntax_set_has(set, (char)upper))
                        set_add(set, (unsigned char)c);
        }
}

/* \d \w \s and their opposites. */
static struct syntax_set set_of_class(int letter) {
        struct syntax_set set = {.beyond = tolower(letter) == 'w'};
        set_add_all(&set, tolower(letter) == 'd'   ? "0123456789"
                          : tolower(letter) == 'w' ? WORD
                                                   : BLANK);
        if (isupper(letter))
                set_invert(&set);
        return set;
}

/* ---- reading ---- */

static int peek(const struct reader *reader) {
        return reader->at < reader->regex.len ? (unsigned char)reader->regex.data[reader->at] : -1;
}

static int take_any(struct reader *reader) {
        int c = peek(reader);
        reader->at += c >= 0;
        return c;
}

static bool take(struct reader *reader, const char *text) {
        struct slice rest = slice_sub(reader->regex, reader->at, reader->regex.len);
        if (!slice_has_prefix(rest, slice_of(text)))
                return false;
        reader->at += strlen(text);
        return true;
}

/* Up to c, which is taken too. */
static struct slice take_until(struct reader *reader, char c) {
        size_t end = slice_find_char(reader->regex, c, reader->at);
        struct slice text = slice_sub(reader->regex, reader->at, end);
        reader->at = end < reader->regex.len ? end + 1 : end;
        return text;
}

static struct syntax_node *node_new(
        const struct reader *reader, enum syntax_kind kind, size_t start) {
        struct syntax_node *node = arena_alloc(reader->arena, sizeof(*node));
        *node = (struct syntax_node){.kind = kind, .start = start, .end = reader->at};
        return node;
}

static struct syntax_node *node_set(
        const struct reader *reader, size_t start, const struct syntax_set *set) {
        struct syntax_node *node = node_new(reader, SYNTAX_SET, start);
        node->set = *set;
        if (reader->caseless)
                set_fold(&node->set);
        return node;
}

/* Up to max hexadecimal digits, or octal ones. */
static uint32_t read_number(struct reader *reader, size_t max, unsigned base) {
        uint32_t value = 0;
        for (size_t i = 0; i < max; i++) {
                int c = peek(reader);
                if (c < 0 || !isxdigit(c))
                        break;
                unsigned digit =
                        isdigit(c) ? (unsigned)(c - '0') : (unsigned)(tolower(c) - 'a' + 10);
                if (digit >= base)
                        break;
                value = value * base + digit;
                reader->at++;
        }
        return value;
}

/* The character that the escape stands for whose letter c was taken; 0x80 for all beyond ASCII. */
static unsigned char read_escaped(struct reader *reader, int c) {
        static const char controls[] = "a\at\tn\nr\rf\fv\vb\b";
        uint32_t code = (uint32_t)c;
        for (size_t i = 0; i + 1 < sizeof(controls); i += 2)
                if (c == controls[i])
                        return (unsigned char)controls[i + 1];
        if (c == 'x' || c == 'u' || c == 'U')
                code = read_number(reader, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
        else if (c == '0')
                code = read_number(reader, 2, 8);
        return (unsigned char)(code >= 0x80 ? 0x80 : code);
}

static bool is_class_letter(int c) {
        return c > 0 && strchr("dDwWsS", c) != NULL;
}

/* One member of a class: a character (returned), or \d and the like (added; -1). */
static int read_member(struct reader *reader, struct syntax_set *set) {
        int c = take_any(reader);
        if (c != '\\')
                return c;
        c = take_any(reader);
        if (!is_class_letter(c))
                return read_escaped(reader, c);
        struct syntax_set class = set_of_class(c);
        set_unite(set, &class);
        return -1;
}

/* A class whose bracket was taken; ] in front is a character. */
static struct syntax_node *read_class(struct reader *reader, size_t start) {
        struct syntax_set set = {0};
        bool inverted = take(reader, "^");
        for (bool first = true; peek(reader) >= 0 && (first || peek(reader) != ']');
                first = false) {
                int low = read_member(reader, &set);
                if (low < 0)
                        continue;
                bool range = peek(reader) == '-' && reader->at + 1 < reader->regex.len &&
                             reader->regex.data[reader->at + 1] != ']';
                if (range)
                        reader->at++;
                int high = range ? read_member(reader, &set) : low;
                set_add_range(&set, (unsigned char)low, (unsigned char)(high < 0 ? low : high));
                if (low >= 0x80)
                        set.beyond = true;
        }
        (void)take(reader, "]");
        if (reader->caseless)
                set_fold(&set);
        if (inverted)
                set_invert(&set);
        return node_set(reader, start, &set);
}

static struct syntax_node *read_reference(struct reader *reader, size_t start, int digit) {
        uint32_t number = (uint32_t)(digit - '0');
        if (peek(reader) >= 0 && isdigit(peek(reader)))
                number = number * 10 + (uint32_t)(take_any(reader) - '0');
        struct syntax_node *node = node_new(reader, SYNTAX_REFERENCE, start);
        node->group = number;
        return node;
}

static struct syntax_node *read_escape(struct reader *reader, size_t start) {
        struct syntax_set set = {0};
        int c = take_any(reader);
        if (c == 'A')
                return node_new(reader, SYNTAX_START, start);
        if (c == 'Z')
                return node_new(reader, SYNTAX_END, start);
        if (c == 'b' || c == 'B')
                return node_new(reader, SYNTAX_EDGE, start);
        if (c >= '1' && c <= '9')
                return read_reference(reader, start, c);
        if (is_class_letter(c))
                set = set_of_class(c);
        else
                set_add(&set, read_escaped(reader, c));
        return node_set(reader, start, &set);
}

/* ---- groups ---- */

/* Letters of "(?LETTERS)" or "(?LETTERS:". Returns whether they open a group. */
static bool read_flags(struct reader *reader) {
        bool on = true;
        for (int c = peek(reader); c >= 0 && c != ')' && c != ':'; c = peek(reader)) {
                if (c == '-')
                        on = false;
                else if (c == 'i')
                        reader->caseless = on;
                else if (c == 's')
                        reader->dot_all = on;
                else if (c == 'x' && on)
                        reader->given_up = true;
                reader->at++;
        }
        return take_any(reader) == ':';
}

static struct syntax_node *read_rest_of_group(struct reader *reader) {
        struct syntax_node *inside = read_choice(reader);
        (void)take(reader, ")");
        return inside;
}

static struct syntax_node *read_capture(struct reader *reader, size_t start, struct slice name) {
        uint32_t group = ++reader->groups;
        struct syntax_node *inside = read_rest_of_group(reader);
        struct syntax_node *node = node_new(reader, SYNTAX_GROUP, start);
        node->child = inside;
        node->group = group;
        node->name = name;
        return node;
}

/* child: what must come next; NULL for what must not, and for what must have come before. */
static struct syntax_node *read_assertion(struct reader *reader, size_t start, bool is_ahead) {
        struct syntax_node *inside = read_rest_of_group(reader);
        struct syntax_node *node = node_new(reader, SYNTAX_EDGE, start);
        node->child = is_ahead ? inside : NULL;
        return node;
}

static struct syntax_node *read_extension(struct reader *reader, size_t start) {
        if (take(reader, ":") || take(reader, ">"))
                return read_rest_of_group(reader);
        if (take(reader, "P<"))
                return read_capture(reader, start, take_until(reader, '>'));
        if (take(reader, "P=")) {
                struct slice name = take_until(reader, ')');
                struct syntax_node *node = node_new(reader, SYNTAX_REFERENCE, start);
                node->name = name;
                return node;
        }
        if (take(reader, "="))
                return read_assertion(reader, start, true);
        if (take(reader, "!") || take(reader, "<=") || take(reader, "<!"))
                return read_assertion(reader, start, false);
        if (take(reader, "#")) {
                reader->at = syntax_comment_end(reader->regex, reader->at);
                return node_new(reader, SYNTAX_SEQUENCE, start);
        }
        if (take(reader, "(")) {
                (void)take_until(reader, ')');
                return read_rest_of_group(reader);
        }
        return read_flags(reader) ? read_rest_of_group(reader)
                                  : node_new(reader, SYNTAX_SEQUENCE, start);
}

static struct syntax_node *read_group(struct reader *reader, size_t start) {
        bool caseless = reader->caseless;
        bool dot_all = reader->dot_all;
        bool is_global = false;
        if (reader->depth >= SYNTAX_DEPTH_MAX) {
                reader->given_up = true;
                reader->at = reader->regex.len;
                return node_new(reader, SYNTAX_SEQUENCE, start);
        }
        reader->depth++;
        struct syntax_node *node = take(reader, "?") ? read_extension(reader, start)
                                                     : read_capture(reader, start, SLICE(""));
        reader->depth--;
        is_global = node->kind == SYNTAX_SEQUENCE && !node->child && node->start == start;
        if (!is_global) { /* flags end with their group */
                reader->caseless = caseless;
                reader->dot_all = dot_all;
        }
        return node;
}

/* ---- sequences ---- */

static struct syntax_node *read_dot(struct reader *reader, size_t start) {
        struct syntax_set set = {0};
        if (!reader->dot_all)
                set_add(&set, '\n');
        set_invert(&set);
        return node_set(reader, start, &set);
}

static struct syntax_node *read_atom(struct reader *reader) {
        size_t start = reader->at;
        int c = take_any(reader);
        struct syntax_set set = {0};
        switch (c) {
        case '(':
                return read_group(reader, start);
        case '[':
                return read_class(reader, start);
        case '\\':
                return read_escape(reader, start);
        case '.':
                return read_dot(reader, start);
        case '^':
                return node_new(reader, SYNTAX_START, start);
        case '$':
                return node_new(reader, SYNTAX_END, start);
        default:
                set_add(&set, (unsigned char)c);
                while (c >= 0xc0 && peek(reader) >= 0x80 && peek(reader) < 0xc0)
                        reader->at++; /* the rest of the character */
                return node_set(reader, start, &set);
        }
}

static uint32_t read_count(struct reader *reader, uint32_t otherwise) {
        uint32_t n = 0;
        if (peek(reader) < 0 || !isdigit(peek(reader)))
                return otherwise;
        while (peek(reader) >= 0 && isdigit(peek(reader))) {
                n = n * 10 + (uint32_t)(take_any(reader) - '0');
                n = n < COUNT_MAX ? n : COUNT_MAX;
        }
        return n;
}

/* {m,n}, {m}, {,n}; anything else in braces is text, and nothing is taken. */
static bool read_braces(struct reader *reader, uint32_t *ret_low, uint32_t *ret_high) {
        size_t start = reader->at;
        bool is_text = !take(reader, "{") || peek(reader) == '}';
        if (!is_text) {
                *ret_low = read_count(reader, 0);
                *ret_high = take(reader, ",") ? read_count(reader, SYNTAX_MANY) : *ret_low;
                is_text = !take(reader, "}");
        }
        if (is_text)
                reader->at = start;
        return !is_text;
}

static bool read_repeat(struct reader *reader, uint32_t *ret_low, uint32_t *ret_high) {
        reader->at = syntax_behind_comments(reader->regex, reader->at);
        *ret_high = SYNTAX_MANY;
        *ret_low = 0;
        if (take(reader, "*"))
                return true;
        if (take(reader, "+")) {
                *ret_low = 1;
                return true;
        }
        if (take(reader, "?")) {
                *ret_high = 1;
                return true;
        }
        return read_braces(reader, ret_low, ret_high);
}

static struct syntax_node *read_repeated(struct reader *reader) {
        size_t start = reader->at;
        struct syntax_node *atom = read_atom(reader);
        uint32_t low;
        uint32_t high;
        if (!read_repeat(reader, &low, &high))
                return atom;
        bool lazy = take(reader, "?");
        (void)take(reader, "+");
        struct syntax_node *node = node_new(reader, SYNTAX_REPEAT, start);
        node->child = atom;
        node->low = low;
        node->high = high;
        node->lazy = lazy;
        return node;
}

static struct syntax_node *read_sequence(struct reader *reader) {
        size_t start = reader->at;
        struct syntax_node *first = NULL;
        struct syntax_node **tail = &first;
        while (peek(reader) >= 0 && peek(reader) != '|' && peek(reader) != ')') {
                *tail = read_repeated(reader);
                while (*tail)
                        tail = &(*tail)->next;
        }
        struct syntax_node *node = node_new(reader, SYNTAX_SEQUENCE, start);
        node->child = first;
        return node;
}

static struct syntax_node *read_choice(struct reader *reader) {
        size_t start = reader->at;
        struct syntax_node *first = read_sequence(reader);
        if (peek(reader) != '|')
                return first;
        struct syntax_node *last = first;
        while (take(reader, "|")) {
                last->next = read_sequence(reader);
                last = last->next;
        }
        struct syntax_node *node = node_new(reader, SYNTAX_CHOICE, start);
        node->child = first;
        return node;
}

size_t syntax_comment_end(struct slice regex, size_t at) {
        while (at < regex.len && regex.data[at] != ')')
                at += regex.data[at] == '\\' && at + 1 < regex.len ? 2 : 1;
        return at < regex.len ? at + 1 : at;
}

size_t syntax_behind_comments(struct slice regex, size_t at) {
        const struct slice begin = SLICE("(?#");
        while (slice_has_prefix(slice_sub(regex, at, regex.len), begin))
                at = syntax_comment_end(regex, at + begin.len);
        return at;
}

struct syntax_node *syntax_parse(struct slice regex, struct arena *arena) {
        struct reader reader = {.regex = regex, .arena = arena};
        struct syntax_node *root = read_choice(&reader);
        return reader.given_up || reader.at < regex.len ? NULL : root;
}
