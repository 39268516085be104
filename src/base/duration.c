/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time expressions. Administrators write arithmetic in them (upstream hands them to Python's eval),
 * so this is a small evaluator: nothing but numbers, operators and parentheses exists here.
 *
 * Two steps, because the units are a matter of spelling, not of grammar: first the text is spelled
 * out (a unit behind a digit or blank becomes "*86400", a blank between two digits becomes "+"),
 * then the arithmetic is evaluated with Python's rules for int and float. The spelling step
 * explains oddities that people may rely on, such as "1d 2" = 86402.
 *
 * Errors of evaluation (unknown name, division by zero) are only reported if the whole text is
 * well-formed, as a compiler does. Upstream: server/mytime.py, 1.1. Differs: no big integers,
 * comparisons, tuples, bit operations, names. */
#include "base/duration.h"

#include <errno.h>
#include <math.h>

#include "base/buffer.h"
#include "base/number.h"

/* Longest spelling of a unit of one letter: "*31557600.0". */
#define SPELLED_MAX ((size_t)DURATION_INPUT_MAX * 13)

enum error_of_evaluation { NO_ERROR, UNKNOWN_NAME, DIVIDED_BY_ZERO, NOT_REAL, OUT_OF_RANGE };

struct evaluator {
        struct slice text;
        size_t at;
        unsigned depth;
        enum error_of_evaluation error; /* the first one */
        struct slice name;              /* of UNKNOWN_NAME */
        struct fault *fault;
};

struct unit {
        const char *names; /* separated by blanks */
        const char *factor;
};

static const struct unit units[] = {
        {"d dd da day days",           "*86400"     },
        {"w ww we wee week weeks",     "*604800"    },
        {"mo mon month months",        "*2629800.0" },
        {"y yy ye yea year years",     "*31557600.0"},
        {"s ss se sec second seconds", "*1"         },
        {"m mm mi min minute minutes", "*60"        },
        {"h hh ho hou hour hours",     "*3600"      },
};

/* ---- spelling ---- */

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c) {
        return is_digit(c) || is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static const struct unit *unit_find(struct slice word) {
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                struct slice rest = slice_of(units[i].names);
                struct slice name;
                while (slice_next_piece(&rest, ' ', &name))
                        if (slice_equal_nocase(name, word))
                                return &units[i];
        }
        return NULL;
}

/* A blank parts a letter from a digit behind it: "1d12h". */
static int part_groups(struct slice text, struct buffer *out) {
        int r = 0;
        for (size_t i = 0; i < text.len && r == 0; i++) {
                if (i > 0 && is_digit(text.data[i]) && is_letter(text.data[i - 1]))
                        r = buffer_append_char(out, ' ');
                if (r == 0)
                        r = buffer_append_char(out, text.data[i]);
        }
        return r;
}

static int spell_units(struct slice text, struct buffer *out) {
        int r = 0;
        for (size_t i = 0; i < text.len && r == 0;) {
                size_t end = i;
                while (end < text.len && is_letter(text.data[end]))
                        end++;
                bool whole = end > i && i > 0 &&
                             (is_digit(text.data[i - 1]) || is_blank(text.data[i - 1])) &&
                             (end == text.len || !is_word(text.data[end]));
                const struct unit *unit = whole ? unit_find(slice_sub(text, i, end)) : NULL;
                if (end == i)
                        end++;
                r = buffer_append(out, unit ? slice_of(unit->factor) : slice_sub(text, i, end));
                i = end;
        }
        return r;
}

/* A digit that ended one join does not start the next: "1 2 3" stays malformed, as upstream has it.
 */
static int join_groups(struct slice text, struct buffer *out) {
        size_t free_from = 0;
        int r = 0;
        for (size_t i = 0; i < text.len && r == 0;) {
                size_t end = i;
                while (end < text.len && is_blank(text.data[end]))
                        end++;
                bool join = end > i && i > free_from && end < text.len &&
                            is_digit(text.data[i - 1]) && is_digit(text.data[end]);
                if (join)
                        free_from = end + 1;
                if (end == i)
                        end++;
                r = join ? buffer_append_char(out, '+')
                         : buffer_append(out, slice_sub(text, i, end));
                i = end;
        }
        return r;
}

/* ---- evaluation ---- */

static int syntax(struct evaluator *e, const char *what) {
        return fault_raise(
                e->fault, "SyntaxError", "%s (<string>, line %d)", what, e->text.len == 0 ? 0 : 1);
}

static struct value failed(struct evaluator *e, enum error_of_evaluation error) {
        if (e->error == NO_ERROR)
                e->error = error;
        return value_int(0);
}

static struct value real(struct evaluator *e, double f) {
        return isfinite(f) ? value_float(f) : failed(e, OUT_OF_RANGE);
}

static double as_real(struct value v) {
        return v.type == VALUE_FLOAT ? v.real : (double)v.integer;
}

static void skip_blanks(struct evaluator *e) {
        while (e->at < e->text.len) {
                if (e->text.data[e->at] == '#')
                        e->at = slice_find_char(e->text, '\n', e->at);
                else if (is_blank(e->text.data[e->at]))
                        e->at++;
                else
                        return;
        }
}

/* The next character behind blanks, or NUL at the end. */
static char peek(struct evaluator *e) {
        skip_blanks(e);
        return e->at < e->text.len ? e->text.data[e->at] : '\0';
}

/* Takes the op if it comes next and is not the beginning of a longer one. */
static bool take(struct evaluator *e, const char *op) {
        skip_blanks(e);
        struct slice wanted = slice_of(op);
        if (!slice_has_prefix(slice_sub(e->text, e->at, e->text.len), wanted))
                return false;
        size_t next = e->at + wanted.len;
        bool longer = wanted.len == 1 && (wanted.data[0] == '*' || wanted.data[0] == '/') &&
                      next < e->text.len && e->text.data[next] == wanted.data[0];
        if (!longer)
                e->at = next;
        return !longer;
}

static struct value add(struct evaluator *e, struct value a, struct value b) {
        int64_t sum;
        if (a.type == VALUE_FLOAT || b.type == VALUE_FLOAT)
                return real(e, as_real(a) + as_real(b));
        return __builtin_add_overflow(a.integer, b.integer, &sum) ? failed(e, OUT_OF_RANGE)
                                                                  : value_int(sum);
}

static struct value negate(struct evaluator *e, struct value a) {
        if (a.type == VALUE_FLOAT)
                return value_float(-a.real);
        return a.integer == INT64_MIN ? failed(e, OUT_OF_RANGE) : value_int(-a.integer);
}

static struct value multiply(struct evaluator *e, struct value a, struct value b) {
        int64_t product;
        if (a.type == VALUE_FLOAT || b.type == VALUE_FLOAT)
                return real(e, as_real(a) * as_real(b));
        return __builtin_mul_overflow(a.integer, b.integer, &product) ? failed(e, OUT_OF_RANGE)
                                                                      : value_int(product);
}

/* Python's % takes the sign of the divisor, and // rounds down. */
static struct value divide_reals(struct evaluator *e, double a, double b, char op) {
        double rest = fmod(a, b);
        if (rest != 0 && (b < 0) != (rest < 0))
                rest += b;
        return op == '%' ? real(e, rest) : real(e, round((a - rest) / b));
}

static struct value divide(struct evaluator *e, struct value a, struct value b, char op) {
        bool reals = a.type == VALUE_FLOAT || b.type == VALUE_FLOAT;
        if (reals ? as_real(b) == 0 : b.integer == 0)
                return failed(e, DIVIDED_BY_ZERO);
        if (op == '/')
                return real(e, as_real(a) / as_real(b));
        if (reals)
                return divide_reals(e, as_real(a), as_real(b), op);
        if (b.integer == -1)
                return op == '%' ? value_int(0) : negate(e, a);
        int64_t quotient = a.integer / b.integer;
        int64_t rest = a.integer % b.integer;
        bool down = rest != 0 && (rest < 0) != (b.integer < 0);
        return value_int(op == '%' ? rest + (down ? b.integer : 0) : quotient - (down ? 1 : 0));
}

static struct value power(struct evaluator *e, struct value a, struct value b) {
        if (as_real(a) == 0 && as_real(b) < 0)
                return failed(e, DIVIDED_BY_ZERO);
        if (a.type == VALUE_FLOAT || b.type == VALUE_FLOAT || b.integer < 0) {
                double result = pow(as_real(a), as_real(b));
                return isnan(result) ? failed(e, NOT_REAL) : real(e, result);
        }
        struct value result = value_int(1);
        for (int64_t left = b.integer; left > 0; left /= 2) {
                if (left % 2 == 1)
                        result = multiply(e, result, a);
                if (left > 1)
                        a = multiply(e, a, a);
        }
        return result;
}

static int parse_sum(struct evaluator *e, struct value *ret);

/* Digits with single underscores between. Returns false if there are none or an underscore is
 * misplaced. */
static bool take_digits(struct evaluator *e, struct buffer *out) {
        size_t start = e->at;
        while (e->at < e->text.len) {
                char c = e->text.data[e->at];
                bool between = c == '_' && e->at > start && is_digit(e->text.data[e->at - 1]) &&
                               e->at + 1 < e->text.len && is_digit(e->text.data[e->at + 1]);
                if (!is_digit(c) && !between)
                        break;
                if (c != '_')
                        (void)buffer_append_char(out, c); /* never longer than the text */
                e->at++;
        }
        return e->at > start;
}

static bool take_char(struct evaluator *e, const char *any_of, struct buffer *out) {
        if (e->at >= e->text.len || e->text.data[e->at] == '\0' ||
                !strchr(any_of, e->text.data[e->at]))
                return false;
        (void)buffer_append_char(out, e->text.data[e->at++]);
        return true;
}

static int number_of(struct evaluator *e, struct slice digits, bool is_real, struct value *ret) {
        if (is_real) {
                double f;
                if (number_parse_double(digits, &f) < 0)
                        return syntax(e, "invalid decimal literal");
                *ret = real(e, f);
                return 0;
        }
        if (digits.len > 1 && digits.data[0] == '0' && slice_find_char(digits, '0', 0) == 0) {
                for (size_t i = 0; i < digits.len; i++)
                        if (digits.data[i] != '0')
                                return syntax(e, "leading zeros in decimal integer literals are "
                                                 "not permitted; "
                                                 "use an 0o prefix for octal integers");
        }
        int64_t integer;
        *ret = number_parse_i64(digits, &integer) < 0 ? failed(e, OUT_OF_RANGE)
                                                      : value_int(integer);
        return 0;
}

static int parse_number(struct evaluator *e, struct value *ret) {
        struct buffer digits = BUFFER_INIT(SPELLED_MAX);
        bool any = take_digits(e, &digits);
        bool is_real = take_char(e, ".", &digits);
        if (is_real)
                any |= take_digits(e, &digits);
        bool good = any;
        if (good && take_char(e, "eE", &digits)) {
                is_real = true;
                (void)take_char(e, "+-", &digits);
                good = take_digits(e, &digits);
        }
        if (good && e->at < e->text.len && is_word(e->text.data[e->at]))
                good = false;
        int r = good ? number_of(e, buffer_view(&digits), is_real, ret)
                     : syntax(e, any ? "invalid decimal literal" : "invalid syntax");
        buffer_done(&digits);
        return r;
}

static int parse_name(struct evaluator *e, struct value *ret) {
        size_t start = e->at;
        while (e->at < e->text.len && is_word(e->text.data[e->at]))
                e->at++;
        if (e->error == NO_ERROR)
                e->name = slice_sub(e->text, start, e->at);
        *ret = failed(e, UNKNOWN_NAME);
        return 0;
}

static int parse_atom(struct evaluator *e, struct value *ret) {
        char c = peek(e);
        if (is_digit(c) || c == '.')
                return parse_number(e, ret);
        if (is_word(c))
                return parse_name(e, ret);
        if (!take(e, "("))
                return syntax(e, "invalid syntax");
        int r = parse_sum(e, ret);
        if (r < 0)
                return r;
        return take(e, ")")
                       ? 0
                       : syntax(e, peek(e) == '\0' ? "'(' was never closed" : "invalid syntax");
}

/* A sign binds weaker than a power on its right side, tighter than anything else: -2**2 = -4, 2**-1
 * = 0.5. */
static int parse_signed(struct evaluator *e, struct value *ret) {
        if (++e->depth > DURATION_DEPTH_MAX)
                return fault_raise(
                        e->fault, "RecursionError", "time expression is nested too deeply");
        bool minus = take(e, "-");
        bool sign = minus || take(e, "+");
        int r = sign ? parse_signed(e, ret) : parse_atom(e, ret);
        if (r == 0 && minus)
                *ret = negate(e, *ret);
        if (r == 0 && !sign && take(e, "**")) {
                struct value exponent;
                r = parse_signed(e, &exponent);
                if (r == 0)
                        *ret = power(e, *ret, exponent);
        }
        e->depth--;
        return r;
}

/* Takes an operator of products: '*', '/', '%', or 'f' for "//". */
static char take_product_operator(struct evaluator *e) {
        if (take(e, "*"))
                return '*';
        if (take(e, "//"))
                return 'f';
        if (take(e, "/"))
                return '/';
        return take(e, "%") ? '%' : '\0';
}

static int parse_product(struct evaluator *e, struct value *ret) {
        int r = parse_signed(e, ret);
        while (r == 0) {
                char op = take_product_operator(e);
                if (op == '\0')
                        return 0;
                struct value right;
                r = parse_signed(e, &right);
                if (r == 0)
                        *ret = op == '*' ? multiply(e, *ret, right) : divide(e, *ret, right, op);
        }
        return r;
}

static int parse_sum(struct evaluator *e, struct value *ret) {
        int r = parse_product(e, ret);
        while (r == 0) {
                bool minus = take(e, "-");
                if (!minus && !take(e, "+"))
                        return 0;
                struct value right;
                r = parse_product(e, &right);
                if (r == 0)
                        *ret = add(e, *ret, minus ? negate(e, right) : right);
        }
        return r;
}

static int report(const struct evaluator *e) {
        switch (e->error) {
        case NO_ERROR:
                return 0;
        case UNKNOWN_NAME:
                return fault_raise(
                        e->fault, "NameError", "name '%.*s' is not defined", SLICE_ARG(e->name));
        case DIVIDED_BY_ZERO:
                (void)fault_raise(e->fault, "ZeroDivisionError", "division by zero");
                return -EDOM;
        case NOT_REAL:
                (void)fault_raise(e->fault, "ValueError", "time expression has no real value");
                return -EDOM;
        case OUT_OF_RANGE:
                break;
        }
        (void)fault_raise(e->fault, "OverflowError", "time expression is out of range");
        return -ERANGE;
}

static int evaluate(struct slice text, struct value *ret, struct fault *fault) {
        struct evaluator e = {.text = text, .fault = fault};
        struct value result;
        int r = parse_sum(&e, &result);
        if (r == 0 && (peek(&e) != '\0' || e.at < e.text.len))
                r = syntax(&e, peek(&e) == ')' ? "unmatched ')'" : "invalid syntax");
        if (r == 0)
                r = report(&e);
        if (r == 0)
                *ret = result;
        return r;
}

int duration_parse(struct slice text, struct value *ret, struct fault *fault) {
        if (text.len > DURATION_INPUT_MAX)
                return fault_set(fault, -E2BIG, "time expression is longer than %d bytes",
                        DURATION_INPUT_MAX);
        struct buffer parted = BUFFER_INIT(SPELLED_MAX);
        struct buffer spelled = BUFFER_INIT(SPELLED_MAX);
        struct buffer joined = BUFFER_INIT(SPELLED_MAX);
        int r = part_groups(text, &parted);
        if (r == 0)
                r = spell_units(buffer_view(&parted), &spelled);
        if (r == 0)
                r = join_groups(buffer_view(&spelled), &joined);
        r = r < 0 ? fault_set(fault, -E2BIG, "time expression is too long")
                  : evaluate(buffer_view(&joined), ret, fault);
        buffer_done(&joined);
        buffer_done(&spelled);
        buffer_done(&parted);
        return r;
}

int duration_parse_s(struct slice text, int64_t *ret_s, struct fault *fault) {
        struct value v = VALUE_OF_NONE;
        int r = duration_parse(text, &v, fault);
        if (r < 0)
                return r;
        if (v.type == VALUE_FLOAT && !(fabs(v.real) < 9.2e18)) {
                (void)fault_raise(fault, "OverflowError", "time expression is out of range");
                return -ERANGE;
        }
        *ret_s = v.type == VALUE_FLOAT ? (int64_t)v.real : v.integer;
        return 0;
}

/* ---- printing ---- */

/* One row a magnitude: from there on a time is rounded to the unit of step_s, and printed in up to
 * three units. */
static const struct magnitude {
        int64_t from_s;
        int64_t step_s;
        struct {
                int64_t steps; /* in this unit */
                int64_t from;  /* printed when at least so many steps are left */
                char letter;
        } parts[3];
} magnitudes[] = {
        {31536000, 86400, {{365, 0, 'y'}, {7, 7, 'w'}, {1, 1, 'd'}}        },
        {604800,   3600,  {{168, 0, 'w'}, {24, 24, 'd'}, {1, 1, 'h'}}      },
        {86400,    60,    {{1440, 0, 'd'}, {60, 60, 'h'}, {1, 1, 'm'}}     },
        {3595,     10,    {{360, 0, 'h'}, {6, 6, 'm'}, {1, INT64_MAX, 's'}}},
};

static struct slice print_rounded(const struct magnitude *m, double seconds, struct arena *arena) {
        int64_t left = (int64_t)nearbyint(seconds / (double)m->step_s); /* half to even */
        struct slice text = SLICE_NULL;
        for (size_t i = 0; i < 3; i++) {
                if (left < m->parts[i].from)
                        continue;
                text = arena_printf(arena, "%.*s%s%lld%c", SLICE_ARG(text), text.len > 0 ? " " : "",
                        (long long)(left / m->parts[i].steps), m->parts[i].letter);
                left %= m->parts[i].steps;
        }
        return text;
}

/* Below an hour nothing is rounded, so a float shows as one. */
static struct slice print_short(const struct value *seconds, struct arena *arena) {
        if (as_real(*seconds) == 0)
                return SLICE("0");
        struct evaluator unused = {.error = NO_ERROR};
        struct value minute = value_int(60);
        struct value minutes = divide(&unused, *seconds, minute, 'f');
        struct value rest =
                as_real(*seconds) >= 60 ? divide(&unused, *seconds, minute, '%') : *seconds;
        struct slice text = SLICE_NULL;
        if (as_real(*seconds) >= 60)
                text = minutes.type == VALUE_FLOAT
                               ? arena_printf(arena, "%.*sm",
                                         SLICE_ARG(value_float_text(minutes.real, arena)))
                               : arena_printf(arena, "%lldm", (long long)minutes.integer);
        if (as_real(rest) == 0)
                return text;
        struct slice number = rest.type == VALUE_FLOAT
                                      ? value_float_text(rest.real, arena)
                                      : arena_printf(arena, "%lld", (long long)rest.integer);
        return arena_printf(
                arena, "%.*s%s%.*ss", SLICE_ARG(text), text.len > 0 ? " " : "", SLICE_ARG(number));
}

struct slice duration_print(const struct value *seconds, struct arena *arena) {
        double s = as_real(*seconds);
        if (!(fabs(s) < 9.2e18))
                return value_float_text(s, arena);
        for (size_t i = 0; i < sizeof(magnitudes) / sizeof(magnitudes[0]); i++)
                if (s >= (double)magnitudes[i].from_s)
                        return print_rounded(&magnitudes[i], s, arena);
        return print_short(seconds, arena);
}
