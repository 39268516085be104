/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escapes and character classes.
 *
 * White space is the one class in which Python and PCRE2 differ (Python has U+001C..U+001F, and lacks U+180E), so it is written out. Its
 * opposite inside a class cannot be: as ranges it would make PCRE2 look up other cases for a million characters; so such a class becomes an
 * alternative of two. A class always stays one item of one character: what follows may repeat it, and lookbehinds may hold it.
 * Surrogates are characters of a Python text, but never of a decoded line: they match nothing here. */
#include <ctype.h>
#include <errno.h>

#include "detect/dialect_parser.h"

#define SPACE_ASCII "\\t-\\r\\x1c-\\x20"
#define SPACE_UTF                                                                                                                          \
        SPACE_ASCII "\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define SPACE_FLAG_A "\\t-\\r\\x20" /* with Python's ASCII flag */
#define WORD_FLAG_A "a-zA-Z0-9_"
#define CODE_POINT_MAX 0x10ffff
#define CLASS_TEXT_MAX ((size_t)16 << 20) /* more than the longest regex can give */
#define IS_SURROGATE(c) ((c) >= 0xd800 && (c) <= 0xdfff)

static const char *space_set(const struct dialect_parser *parser) {
        if (parser->ascii)
                return SPACE_FLAG_A;
        return parser->subject == DIALECT_UTF ? SPACE_UTF : SPACE_ASCII;
}

/* ---- reading ---- */

static struct dialect_escape literal(uint32_t code_point) {
        return (struct dialect_escape){ESCAPE_LITERAL, code_point};
}

static uint32_t digits_value(struct slice digits, uint32_t base) {
        uint64_t value = 0;
        for (size_t i = 0; i < digits.len && value <= UINT32_MAX; i++) {
                int c = tolower((unsigned char)digits.data[i]);
                value = value * base + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static struct dialect_escape read_hex(struct dialect_parser *parser, size_t start, size_t digits) {
        struct slice hex = token_while(parser, digits, "0123456789abcdefABCDEF");
        struct slice all = slice_sub(parser->text, start, start + 2 + hex.len);
        uint32_t value = digits_value(hex, 16);
        if (hex.len < digits)
                token_fail_at(parser, start, "incomplete escape %.*s", SLICE_ARG(all));
        else if (value > CODE_POINT_MAX)
                token_fail_at(parser, start, "bad escape %.*s", SLICE_ARG(all));
        return literal(value);
}

/* Differs: Python knows the names of all characters. */
static struct dialect_escape read_named(struct dialect_parser *parser, size_t start) {
        if (!token_match(parser, '{')) {
                token_fail(parser, 0, "missing {");
                return literal(0);
        }
        struct slice name = token_until(parser, '}', "character name");
        struct buffer out = BUFFER_INIT(TOKEN_REPR_MAX);
        struct slice text = token_repr(&out, name);
        token_fail_at(parser, start, "undefined character name %.*s", SLICE_ARG(text));
        buffer_done(&out);
        return literal(0);
}

static struct dialect_escape read_octal(struct dialect_parser *parser, size_t start, struct slice digits) {
        uint32_t value = digits_value(digits, 8);
        if (value > 0377)
                token_fail_at(parser, start, "octal escape value \\%.*s outside of range 0-0o377", SLICE_ARG(digits));
        return literal(value);
}

/* An octal number, or a group. */
static struct dialect_escape read_number(struct dialect_parser *parser, size_t start) {
        struct slice second = token_while(parser, 1, "0123456789");
        struct slice digits = slice_sub(parser->text, start + 1, start + 2 + second.len);
        bool octal = second.len == 1 && digits.data[0] < '8' && digits.data[1] < '8';
        if (octal && token_while(parser, 1, "01234567").len == 1)
                return read_octal(parser, start, slice_sub(parser->text, start + 1, start + 4));
        uint32_t group = digits_value(digits, 10);
        if (group > parser->out->group_count)
                token_fail_at(parser, start + 1, "invalid group reference %u", group);
        else if (!dialect_is_closed(parser, group))
                token_fail_at(parser, start, "cannot refer to an open group");
        else
                (void)dialect_check_lookbehind(parser, group);
        return (struct dialect_escape){ESCAPE_GROUP, group};
}

/* What means the same inside and outside a class; false: something else. */
static bool read_common(struct dialect_parser *parser, struct slice token, size_t start, struct dialect_escape *ret) {
        static const char simple[] = "a\af\fn\nr\rt\tv\v";
        char c = token.data[1];
        for (size_t i = 0; simple[i]; i += 2)
                if (simple[i] == c) {
                        *ret = literal((uint32_t)simple[i + 1]);
                        return true;
                }
        if (c == 'x' || c == 'u' || c == 'U')
                *ret = read_hex(parser, start, c == 'x' ? 2 : c == 'u' ? 4 : 8);
        else if (c == 'N')
                *ret = read_named(parser, start);
        else if (strchr("dDsSwW", c) && c)
                *ret = (struct dialect_escape){ESCAPE_CLASS, (uint32_t)c};
        else
                return false;
        return true;
}

static struct dialect_escape read_other(struct dialect_parser *parser, struct slice token, size_t start) {
        if (token.len == 2 && isalpha((unsigned char)token.data[1]))
                token_fail_at(parser, start, "bad escape \\%c", token.data[1]);
        return literal(token_code_point(slice_sub(token, 1, token.len)));
}

struct dialect_escape escape_read(struct dialect_parser *parser, struct slice token, size_t start) {
        struct dialect_escape ret;
        char c = token.data[1];
        if (strchr("AbBZ", c) && c)
                return (struct dialect_escape){ESCAPE_POSITION, (uint32_t)c};
        if (read_common(parser, token, start, &ret))
                return ret;
        if (c == '0') {
                size_t more = token_while(parser, 2, "01234567").len;
                return literal(digits_value(slice_sub(parser->text, start + 1, start + 2 + more), 8));
        }
        if (isdigit((unsigned char)c))
                return read_number(parser, start);
        return read_other(parser, token, start);
}

static struct dialect_escape read_in_class(struct dialect_parser *parser, struct slice token, size_t start) {
        struct dialect_escape ret;
        char c = token.data[1];
        if (c == 'b')
                return literal('\b');
        if (read_common(parser, token, start, &ret))
                return ret;
        if (c >= '0' && c <= '7') {
                size_t more = token_while(parser, 2, "01234567").len;
                return read_octal(parser, start, slice_sub(parser->text, start + 1, start + 2 + more));
        }
        if (c == '8' || c == '9')
                token_fail_at(parser, start, "bad escape \\%c", c);
        return read_other(parser, token, start);
}

/* ---- writing ---- */

void escape_emit_class(struct dialect_parser *parser, char letter) {
        const char *set = space_set(parser);
        if (letter == 's' || letter == 'S') {
                emit(parser, letter == 's' ? "[" : "[^");
                emit(parser, set);
                emit(parser, "]");
        } else if (parser->ascii) {
                emit(parser, isupper((unsigned char)letter) ? "[^" : "[");
                emit(parser, tolower((unsigned char)letter) == 'd' ? "0-9" : WORD_FLAG_A);
                emit(parser, "]");
        } else {
                char text[] = {'\\', letter, '\0'};
                emit(parser, text);
        }
}

/* Differs from PCRE2: Python's \B does not match in an empty text. */
void escape_emit_position(struct dialect_parser *parser, char letter) {
        if (letter == 'A')
                emit(parser, "\\A");
        else if (letter == 'Z')
                emit(parser, "\\z");
        else if (!parser->ascii)
                emit(parser, letter == 'b' ? "\\b" : "\\B(?!\\A\\z)");
        else
                emit(parser, letter == 'b' ? "(?:(?<=[a-zA-Z0-9_])(?![a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?=[a-zA-Z0-9_]))"
                                           : "(?!\\A\\z)(?:(?<=[a-zA-Z0-9_])(?=[a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?![a-zA-Z0-9_]))");
}

/* ---- classes ---- */

struct class {
        struct buffer body; /* its items, except \S (and \W, \D under the ASCII flag) */
        bool negated;
        bool any;           /* an item was read */
        bool not_space, not_word, not_digit; /* opposites that are written apart */
};

static void put_set(struct class *class, const char *set) {
        (void)buffer_append(&class->body, slice_of(set)); /* as long as the translation may be */
}

static void add_class(struct dialect_parser *parser, struct class *class, char letter) {
        if (letter == 'S')
                class->not_space = true;
        else if (letter == 's')
                put_set(class, space_set(parser));
        else if (!parser->ascii) {
                char text[] = {'\\', letter, '\0'};
                put_set(class, text);
        } else if (letter == 'W')
                class->not_word = true;
        else if (letter == 'D')
                class->not_digit = true;
        else
                put_set(class, letter == 'w' ? WORD_FLAG_A : "0-9");
}

static void add_range(struct dialect_parser *parser, struct class *class, uint32_t low, uint32_t high) {
        if (IS_SURROGATE(low))
                low = 0xe000;
        if (IS_SURROGATE(high))
                high = 0xd7ff;
        if (low > high || low > CODE_POINT_MAX)
                return;
        emit_literal(parser, &class->body, low);
        if (low == high)
                return;
        put_set(class, "-");
        emit_literal(parser, &class->body, high);
}

static struct dialect_escape read_item(struct dialect_parser *parser, struct slice token, size_t start) {
        if (token.len >= 2 && token.data[0] == '\\')
                return read_in_class(parser, token, start);
        return literal(token_code_point(token));
}

static void add_item(struct dialect_parser *parser, struct class *class, struct dialect_escape item) {
        class->any = true;
        if (item.kind == ESCAPE_CLASS)
                add_class(parser, class, (char)item.value);
        else
                add_range(parser, class, item.value, item.value);
}

/* After "item-": another end, or the bracket. Returns false at the end of the class. */
static bool read_range(struct dialect_parser *parser, struct class *class, struct slice token, struct dialect_escape low, size_t start) {
        size_t at = parser->next;
        struct slice other = token_take(parser);
        if (other.len == 0) {
                token_fail_at(parser, start, "unterminated character set");
                return false;
        }
        if (token_is(other, ']')) {
                add_item(parser, class, low);
                add_item(parser, class, literal('-'));
                return false;
        }
        struct dialect_escape high = read_item(parser, other, at);
        if (low.kind != ESCAPE_LITERAL || high.kind != ESCAPE_LITERAL || high.value < low.value)
                token_fail(parser, token_chars(token) + 1 + token_chars(other), "bad character range %.*s-%.*s", SLICE_ARG(token),
                        SLICE_ARG(other));
        else
                add_range(parser, class, low.value, high.value);
        class->any = true;
        return true;
}

/* Items up to the closing bracket. */
static void read_items(struct dialect_parser *parser, struct class *class, size_t start) {
        while (!parser->error) {
                size_t at = parser->next;
                struct slice token = token_take(parser);
                if (token.len == 0) {
                        token_fail_at(parser, start, "unterminated character set");
                        return;
                }
                if (token_is(token, ']') && class->any)
                        return;
                struct dialect_escape item = read_item(parser, token, at);
                if (!token_match(parser, '-'))
                        add_item(parser, class, item);
                else if (!read_range(parser, class, token, item, start))
                        return;
        }
}

static void emit_set(struct dialect_parser *parser, const char *open, const struct class *class) {
        emit(parser, open);
        if (buffer_append(&parser->out->text, buffer_view(&class->body)) < 0 && !parser->error)
                token_fail_bare(parser, "regular expression is too large");
        emit(parser, "]");
}

/* The opposites as a set of what they leave out: \S and \W together are all but the characters in both. */
static void emit_opposites(struct dialect_parser *parser, const struct class *class) {
        const struct {
                bool there;
                const char *set;
        } sets[] = {
                {class->not_space, space_set(parser)}, {class->not_word, WORD_FLAG_A}, {class->not_digit, "0-9"},
        };
        bool several = false;
        emit(parser, "(?:");
        for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
                if (!sets[i].there)
                        continue;
                emit(parser, several ? "|[^" : "[^");
                emit(parser, sets[i].set);
                emit(parser, "]");
                several = true;
        }
        emit(parser, ")");
}

static void emit_mixed(struct dialect_parser *parser, const struct class *class) {
        bool has_body = buffer_len(&class->body) > 0;
        emit(parser, "(?:");
        if (class->negated)
                emit(parser, "(?!");
        emit_opposites(parser, class);
        if (has_body)
                emit_set(parser, "|[", class);
        emit(parser, class->negated ? ")(?s:.))" : ")");
}

void escape_class(struct dialect_parser *parser, size_t start) {
        struct class class = {.body = BUFFER_INIT(CLASS_TEXT_MAX)};
        class.negated = token_match(parser, '^');
        read_items(parser, &class, start);
        if (class.not_space || class.not_word || class.not_digit)
                emit_mixed(parser, &class);
        else if (buffer_len(&class.body) > 0)
                emit_set(parser, class.negated ? "[^" : "[", &class);
        else
                emit(parser, class.negated ? "(?s:.)" : "(?!)");
        buffer_done(&class.body);
}
