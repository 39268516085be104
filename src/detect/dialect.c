/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's `re` syntax, read by a parser of one pass that writes PCRE2's as it goes.
 *
 * What Python rejects must be rejected with its text: administrators and tests know it; and PCRE2 accepts much that Python does not (\K, (?R),
 * lookbehinds of varying width, verbs), which must not slip through. So the parser knows Python's grammar wholly: widths, open groups,
 * where flags may stand. Group names are not handed on: PCRE2 limits them, and numbers are faster.
 * Invariant: each of Python's items becomes one item of PCRE2, so that a quantifier written behind it means the same one.
 * Checked against CPython 3.11's re module. Differs: no \N{NAME}; flags a and i not together; repeats above 65535 are PCRE2's error. */
#include "detect/dialect_parser.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"

enum item { ITEM_NONE, ITEM_POSITION, ITEM_REPEAT, ITEM_OTHER };

/* One alternative, as far as it was read. */
struct branch {
        enum item last;
        struct dialect_width before; /* of all items but the last */
        struct dialect_width last_width;
        bool verbose;
        bool first; /* of the whole regex: the place for global flags */
};

static struct dialect_width parse_alternatives(struct dialect_parser *parser, bool verbose, bool whole);

/* ---- widths ---- */

static struct dialect_width width_of(uint64_t low, uint64_t high) {
        return (struct dialect_width){low, high};
}

static struct dialect_width width_add(struct dialect_width a, struct dialect_width b) {
        uint64_t low = a.low + b.low;
        uint64_t high = a.high + b.high;
        return width_of(low < REPEAT_MAX ? low : REPEAT_MAX - 1, high < REPEAT_MAX ? high : REPEAT_MAX);
}

static struct dialect_width width_either(struct dialect_width a, struct dialect_width b) {
        return width_of(a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high);
}

static struct dialect_width width_times(struct dialect_width a, uint64_t low, uint64_t high) {
        return width_add(width_of(0, 0), width_of(a.low * low, a.high * high));
}

static void add_item(struct branch *branch, enum item item, struct dialect_width width) {
        branch->before = width_add(branch->before, branch->last_width);
        branch->last = item;
        branch->last_width = width;
}

/* ---- groups ---- */

bool dialect_is_closed(const struct dialect_parser *parser, size_t group) {
        return group <= parser->out->group_count && !parser->is_open[group];
}

bool dialect_check_lookbehind(struct dialect_parser *parser, size_t group) {
        if (parser->lookbehind_groups == 0)
                return true;
        if (!dialect_is_closed(parser, group))
                token_fail(parser, 0, "cannot refer to an open group");
        else if (group >= parser->lookbehind_groups)
                token_fail(parser, 0, "cannot refer to group defined in the same lookbehind subpattern");
        return !parser->error;
}

static size_t find_group(const struct dialect_parser *parser, struct slice name) {
        for (size_t i = 1; i <= parser->out->group_count; i++)
                if (name.len > 0 && slice_equal(parser->out->names[i], name))
                        return i;
        return 0;
}

/* Letters beyond ASCII are taken for letters of a name. */
static bool is_identifier(struct slice name) {
        for (size_t i = 0; i < name.len; i++) {
                unsigned char c = (unsigned char)name.data[i];
                if (!isalpha(c) && c != '_' && c < 0x80 && (i == 0 || !isdigit(c)))
                        return false;
        }
        return name.len > 0;
}

static void fail_with_name(struct dialect_parser *parser, const char *what, struct slice name, const char *more) {
        struct buffer out = BUFFER_INIT(TOKEN_REPR_MAX);
        struct slice text = token_repr(&out, name);
        token_fail(parser, token_chars(name) + 1, "%s %.*s%s", what, SLICE_ARG(text), more);
        buffer_done(&out);
}

static struct slice read_group_name(struct dialect_parser *parser, char terminator) {
        struct slice name = token_until(parser, terminator, "group name");
        if (!parser->error && !is_identifier(name))
                fail_with_name(parser, "bad character in group name", name, "");
        return name;
}

/* Returns the new group's number, 0 on error. */
static size_t open_group(struct dialect_parser *parser, struct slice name) {
        size_t group = parser->out->group_count + 1;
        if (group > PATTERN_GROUPS_MAX) {
                if (!parser->error)
                        parser->error = fault_set(parser->fault, -E2BIG, "more than %d groups", PATTERN_GROUPS_MAX);
                token_fail(parser, 0, "too many groups");
                return 0;
        }
        size_t old = find_group(parser, name);
        if (old > 0) {
                char more[64];
                (void)snprintf(more, sizeof(more), " as group %zu; was group %zu", group, old);
                fail_with_name(parser, "redefinition of group name", name, more);
                return 0;
        }
        parser->out->group_count = group;
        parser->out->names[group] = name;
        parser->is_open[group] = true;
        return group;
}

/* ---- quantifiers ---- */

struct repeat {
        uint64_t low;
        uint64_t high;
};

static bool read_count(struct dialect_parser *parser, uint64_t *ret) {
        struct slice digits = token_while(parser, SIZE_MAX, "0123456789");
        if (digits.len == 0)
                return true;
        if (number_parse_u64(digits, ret) < 0 || *ret >= REPEAT_MAX) {
                *ret = REPEAT_MAX;
                return false;
        }
        return true;
}

/* Reads what follows "{". Returns false if that was just a character. */
static bool read_braces(struct dialect_parser *parser, struct repeat *ret) {
        size_t here = parser->next;
        if (token_is(token_peek(parser), '}'))
                return false;
        bool sane = read_count(parser, &ret->low);
        bool has_low = parser->next > here;
        if (token_match(parser, ','))
                sane = read_count(parser, &ret->high) && sane;
        else if (has_low)
                ret->high = ret->low;
        if (!token_match(parser, '}')) {
                token_seek(parser, here);
                return false;
        }
        if (!sane) {
                if (!parser->error)
                        token_fail_bare(parser, "the repetition number is too large");
        } else if (ret->high < ret->low)
                token_fail_at(parser, here, "min repeat greater than max repeat");
        return true;
}

static void emit_repeat(struct dialect_parser *parser, const struct repeat *repeat) {
        if (repeat->high == REPEAT_MAX && repeat->low <= 1)
                emit(parser, repeat->low == 0 ? "*" : "+");
        else if (repeat->low == 0 && repeat->high == 1)
                emit(parser, "?");
        else {
                emit_number(parser, "{", repeat->low, ",");
                if (repeat->high < REPEAT_MAX)
                        emit_number(parser, "", repeat->high, "");
                emit(parser, "}");
        }
}

static void parse_repeat(struct dialect_parser *parser, struct branch *branch, char c, size_t at) {
        struct repeat repeat = {c == '+' ? 1 : 0, c == '?' ? 1 : REPEAT_MAX};
        if (c == '{' && !read_braces(parser, &repeat)) {
                emit_literal(parser, &parser->out->text, '{');
                add_item(branch, ITEM_OTHER, width_of(1, 1));
                return;
        }
        if (branch->last == ITEM_NONE || branch->last == ITEM_POSITION)
                token_fail_at(parser, at, "nothing to repeat");
        else if (branch->last == ITEM_REPEAT)
                token_fail_at(parser, at, "multiple repeat");
        emit_repeat(parser, &repeat);
        branch->last = ITEM_REPEAT;
        branch->last_width = width_times(branch->last_width, repeat.low, repeat.high);
        if (token_match(parser, '?'))
                emit(parser, "?");
        else if (token_match(parser, '+'))
                emit(parser, "+");
}

/* ---- flags ---- */

static void set_global_flags(struct dialect_parser *parser, struct branch *branch, const struct dialect_flags *flags, size_t start) {
        if (!branch->first || branch->last != ITEM_NONE) {
                token_fail_at(parser, start, "global flags not at the start of the expression");
                return;
        }
        flags_emit(parser, "(?", flags, ")");
        flags_apply(parser, flags);
        if (flags_has(flags->on, 'x'))
                parser->verbose = true;
        branch->verbose = parser->verbose;
}

/* ---- groups of all kinds ---- */

static void close_bracket(struct dialect_parser *parser, size_t start) {
        if (!token_match(parser, ')'))
                token_fail_at(parser, start, "missing ), unterminated subpattern");
        emit(parser, ")");
}

static void parse_body(struct dialect_parser *parser, struct branch *branch, size_t group, bool verbose, size_t start) {
        struct dialect_width width = parse_alternatives(parser, verbose, false);
        close_bracket(parser, start);
        if (group > 0) {
                parser->is_open[group] = false;
                parser->widths[group] = width;
        }
        add_item(branch, ITEM_OTHER, width);
}

static void parse_capture(struct dialect_parser *parser, struct branch *branch, struct slice name, size_t start) {
        size_t group = open_group(parser, name);
        emit(parser, "(");
        parse_body(parser, branch, group, branch->verbose, start);
}

static void parse_scoped_flags(struct dialect_parser *parser, struct branch *branch, struct slice token, size_t start) {
        struct dialect_flags flags = {0};
        bool ascii = parser->ascii;
        bool ignorecase = parser->ignorecase;
        if (flags_read(parser, &flags, token)) {
                if (!parser->error)
                        set_global_flags(parser, branch, &flags, start);
                return;
        }
        flags_emit(parser, "(?", &flags, ":");
        flags_apply(parser, &flags);
        bool verbose = (branch->verbose || flags_has(flags.on, 'x')) && !flags_has(flags.off, 'x');
        parse_body(parser, branch, 0, verbose, start);
        parser->ascii = ascii;
        parser->ignorecase = ignorecase;
}

static void parse_backreference(struct dialect_parser *parser, struct branch *branch) {
        struct slice name = read_group_name(parser, ')');
        size_t group = find_group(parser, name);
        if (parser->error)
                return;
        if (group == 0) {
                fail_with_name(parser, "unknown group name", name, "");
        } else if (!dialect_is_closed(parser, group)) {
                token_fail(parser, token_chars(name) + 1, "cannot refer to an open group");
        } else if (dialect_check_lookbehind(parser, group)) {
                emit_number(parser, "\\g{", group, "}");
                add_item(branch, ITEM_OTHER, parser->widths[group]);
        }
}

static void parse_python_extension(struct dialect_parser *parser, struct branch *branch, size_t start) {
        if (token_match(parser, '<')) {
                struct slice name = read_group_name(parser, '>');
                if (!parser->error)
                        parse_capture(parser, branch, name, start);
                return;
        }
        if (token_match(parser, '=')) {
                parse_backreference(parser, branch);
                return;
        }
        struct slice token = token_take(parser);
        if (token.len == 0)
                token_fail(parser, 0, "unexpected end of pattern");
        else
                token_fail(parser, token_chars(token) + 2, "unknown extension ?P%.*s", SLICE_ARG(token));
}

static void skip_comment(struct dialect_parser *parser, size_t start) {
        for (;;) {
                struct slice token = token_take(parser);
                if (token_is(token, ')'))
                        return;
                if (token.len == 0) {
                        token_fail_at(parser, start, "missing ), unterminated comment");
                        return;
                }
        }
}

/* Returns whether it was one: "(?<" may also begin what Python does not know. */
static void parse_look(struct dialect_parser *parser, struct branch *branch, char kind, size_t start) {
        bool behind = kind == '<';
        size_t outer = parser->lookbehind_groups;
        if (behind) {
                struct slice token = token_take(parser);
                if (token.len == 0)
                        token_fail(parser, 0, "unexpected end of pattern");
                else if (!token_is(token, '=') && !token_is(token, '!'))
                        token_fail(parser, token_chars(token) + 2, "unknown extension ?<%.*s", SLICE_ARG(token));
                if (parser->error)
                        return;
                kind = token.data[0];
                if (outer == 0)
                        parser->lookbehind_groups = parser->out->group_count + 1;
        }
        emit(parser, behind ? "(?<" : "(?");
        emit(parser, kind == '=' ? "=" : "!");
        struct dialect_width width = parse_alternatives(parser, branch->verbose, false);
        parser->lookbehind_groups = outer;
        close_bracket(parser, start);
        if (behind && width.low != width.high)
                parser->out->bad_lookbehind = true;
        add_item(branch, ITEM_OTHER, width_of(0, 0));
}

static bool read_decimal(struct slice text, size_t *ret) {
        int64_t number;
        if (number_parse_python_int(text, &number) < 0 || number < 0)
                return false;
        *ret = (size_t)number;
        return true;
}

/* The group a condition asks for, 0 on error. */
static size_t read_condition(struct dialect_parser *parser) {
        struct slice name = token_until(parser, ')', "group name");
        size_t group = 0;
        if (parser->error)
                return 0;
        if (is_identifier(name)) {
                group = find_group(parser, name);
                if (group == 0)
                        fail_with_name(parser, "unknown group name", name, "");
        } else if (!read_decimal(name, &group)) {
                fail_with_name(parser, "bad character in group name", name, "");
        } else if (group == 0) {
                token_fail(parser, token_chars(name) + 1, "bad group number");
        } else if (group > PATTERN_GROUPS_MAX) {
                token_fail(parser, token_chars(name) + 1, "invalid group reference %zu", group);
        } else if (group > parser->out->group_count && (parser->forward_group == 0 || group > parser->forward_group)) {
                parser->forward_group = group;
                parser->forward_at = parser->next - name.len - 1;
        }
        return parser->error || !dialect_check_lookbehind(parser, group) ? 0 : group;
}

static struct dialect_width parse_branch(struct dialect_parser *parser, struct branch *branch);

static void parse_conditional(struct dialect_parser *parser, struct branch *branch, size_t start) {
        size_t group = read_condition(parser);
        struct branch yes = {.verbose = branch->verbose};
        struct branch no = {.verbose = branch->verbose};
        emit_number(parser, "(?(", group, ")");
        struct dialect_width width = parse_branch(parser, &yes);
        struct dialect_width otherwise = width_of(0, 0);
        if (token_match(parser, '|')) {
                emit(parser, "|");
                otherwise = parse_branch(parser, &no);
                if (token_is(token_peek(parser), '|'))
                        token_fail(parser, 0, "conditional backref with more than two branches");
        }
        close_bracket(parser, start);
        add_item(branch, ITEM_OTHER, width_either(width, otherwise));
}

/* What follows "(?". */
static void parse_extension(struct dialect_parser *parser, struct branch *branch, size_t start) {
        struct slice token = token_take(parser);
        char c = token.len == 1 ? token.data[0] : '\0';
        if (token.len == 0) {
                token_fail(parser, 0, "unexpected end of pattern");
        } else if (c == 'P') {
                parse_python_extension(parser, branch, start);
        } else if (c == ':' || c == '>') {
                emit(parser, c == ':' ? "(?:" : "(?>");
                parse_body(parser, branch, 0, branch->verbose, start);
        } else if (c == '#') {
                skip_comment(parser, start);
        } else if (c == '=' || c == '!' || c == '<') {
                parse_look(parser, branch, c, start);
        } else if (c == '(') {
                parse_conditional(parser, branch, start);
        } else if (c && (c == '-' || flags_has(DIALECT_FLAGS, c))) {
                parse_scoped_flags(parser, branch, token, start);
        } else {
                token_fail(parser, token_chars(token) + 1, "unknown extension ?%.*s", SLICE_ARG(token));
        }
}

static void parse_group(struct dialect_parser *parser, struct branch *branch, size_t start) {
        if (++parser->depth > DIALECT_DEPTH_MAX)
                token_fail(parser, 0, "groups nested too deeply");
        else if (token_match(parser, '?'))
                parse_extension(parser, branch, start);
        else
                parse_capture(parser, branch, SLICE_NULL, start);
        parser->depth--;
}

static void parse_escape(struct dialect_parser *parser, struct branch *branch, struct slice token, size_t start) {
        struct dialect_escape escape = escape_read(parser, token, start);
        if (parser->error)
                return;
        switch (escape.kind) {
        case ESCAPE_LITERAL:
                if (escape.value >= 0xd800 && escape.value <= 0xdfff)
                        emit(parser, "(?!)"); /* no text holds surrogates */
                else
                        emit_literal(parser, &parser->out->text, escape.value);
                add_item(branch, ITEM_OTHER, width_of(1, 1));
                return;
        case ESCAPE_CLASS:
                escape_emit_class(parser, (char)escape.value);
                add_item(branch, ITEM_OTHER, width_of(1, 1));
                return;
        case ESCAPE_POSITION:
                escape_emit_position(parser, (char)escape.value);
                add_item(branch, ITEM_POSITION, width_of(0, 0));
                return;
        case ESCAPE_GROUP:
                emit_number(parser, "\\g{", escape.value, "}");
                add_item(branch, ITEM_OTHER, parser->widths[escape.value]);
                return;
        }
}

/* Returns whether token was white space or a comment of a verbose regex. */
static bool skip_verbose(struct dialect_parser *parser, struct slice token) {
        if (token.len != 1 || token.data[0] == '\0')
                return false;
        if (strchr(" \t\n\r\v\f", token.data[0]))
                return true;
        if (token.data[0] != '#')
                return false;
        while (token.len > 0 && !token_is(token, '\n'))
                token = token_take(parser);
        return true;
}

static void note_place(struct dialect *out, size_t from) {
        memory_reserve(&out->places, out->place_count, &out->place_capacity, sizeof(*out->places));
        out->places[out->place_count++] = (struct dialect_place){from, buffer_len(&out->text)};
}

static void parse_item(struct dialect_parser *parser, struct branch *branch, struct slice token, size_t start) {
        char c = token.len == 1 ? token.data[0] : '\0';
        note_place(parser->out, start);
        if (token.len > 1 && token.data[0] == '\\') {
                parse_escape(parser, branch, token, start);
        } else if (c == '[') {
                escape_class(parser, start);
                add_item(branch, ITEM_OTHER, width_of(1, 1));
        } else if (c == '*' || c == '+' || c == '?' || c == '{') {
                parse_repeat(parser, branch, c, start);
        } else if (c == '.') {
                emit(parser, ".");
                add_item(branch, ITEM_OTHER, width_of(1, 1));
        } else if (c == '(') {
                parse_group(parser, branch, start);
        } else if (c == '^' || c == '$') {
                emit(parser, c == '^' ? "^" : "$");
                add_item(branch, ITEM_POSITION, width_of(0, 0));
        } else {
                emit_literal(parser, &parser->out->text, token_code_point(token));
                add_item(branch, ITEM_OTHER, width_of(1, 1));
        }
}

/* Items up to an end of the branch, which stays ahead. */
static struct dialect_width parse_branch(struct dialect_parser *parser, struct branch *branch) {
        while (!parser->error) {
                size_t start = parser->next;
                struct slice token = token_peek(parser);
                if (token.len == 0 || token_is(token, '|') || token_is(token, ')'))
                        break;
                (void)token_take(parser);
                if (!branch->verbose || !skip_verbose(parser, token))
                        parse_item(parser, branch, token, start);
        }
        return width_add(branch->before, branch->last_width);
}

static struct dialect_width parse_alternatives(struct dialect_parser *parser, bool verbose, bool whole) {
        struct branch first = {.verbose = verbose, .first = whole};
        struct dialect_width width = parse_branch(parser, &first);
        while (token_match(parser, '|')) {
                struct branch next = {.verbose = whole ? parser->verbose : verbose};
                emit(parser, "|");
                width = width_either(width, parse_branch(parser, &next));
        }
        return width;
}

/* ---- the whole ---- */

static void check_whole(struct dialect_parser *parser) {
        const struct dialect *out = parser->out;
        if (parser->next_len > 0)
                token_fail(parser, 0, "unbalanced parenthesis");
        if (parser->forward_group > out->group_count)
                token_fail_at(parser, parser->forward_at, "invalid group reference %zu", parser->forward_group);
        if (out->bad_lookbehind)
                token_fail_bare(parser, "look-behind requires fixed-width pattern");
}

int dialect_translate(struct slice regex, enum dialect_subject subject, struct dialect *ret, struct fault *fault) {
        struct dialect_parser parser = {.text = regex, .subject = subject, .out = ret, .fault = fault};
        *ret = (struct dialect){.text = BUFFER_INIT(DIALECT_TEXT_MAX), .ascii_only = true};
        if (regex.len > PATTERN_TEXT_MAX)
                return fault_set(fault, -E2BIG, "regular expression longer than %d bytes", PATTERN_TEXT_MAX);
        if (!utf8_is_valid(regex))
                return fault_raise(fault, "error", "regular expression is not valid UTF-8");
        token_start(&parser);
        (void)parse_alternatives(&parser, false, true);
        check_whole(&parser);
        return parser.error;
}

void dialect_done(struct dialect *dialect) {
        buffer_done(&dialect->text);
        free(dialect->places);
        dialect->places = NULL;
}
