/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recursive descent that computes while it reads. What cannot be computed (a division by zero) is a
 * value too, which carries its reason along: so the side of a condition that is not taken may be
 * wrong, as in Python, though it is read first. A wrong text ends the reading at once
 * (parser.code). Upstream hands the text to eval(); here nothing but arithmetic is understood. */
#include "enforce/formula.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

#include "base/number.h"
#include "enforce/formula_operators.h"

struct parser {
        struct slice text;
        size_t at;
        int depth;
        const struct formula_env *env;
        int code; /* of the fault in the text; 0: none */
        struct fault *fault;
};

static struct formula_value condition(struct parser *parser);
static struct formula_value unary(struct parser *parser);

static struct formula_value wrong(struct parser *parser, const char *kind, const char *what) {
        if (parser->code == 0) {
                parser->code = -EINVAL;
                (void)fault_raise(parser->fault, kind, "%s (at %zu of '%.*s')", what, parser->at,
                        SLICE_ARG(slice_sub(parser->text, 0, 200)));
        }
        return formula_value_of(formula_integer(0));
}

static bool enter(struct parser *parser) {
        if (++parser->depth <= FORMULA_DEPTH_MAX)
                return true;
        if (parser->code == 0) {
                parser->code = -E2BIG;
                (void)fault_raise(parser->fault, "RecursionError", "formula is nested too deep");
        }
        return false;
}

static void skip_space(struct parser *parser) {
        while (parser->at < parser->text.len && strchr(" \t\r\n\f", parser->text.data[parser->at]))
                parser->at++;
}

static bool is_word_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
}

/* Takes operator (punctuation) unless it is the beginning of one of the longer ones that end in a
 * character of unless. */
static bool take(struct parser *parser, const char *operator, const char * unless) {
        skip_space(parser);
        size_t len = strlen(operator);
        struct slice rest = slice_sub(parser->text, parser->at, parser->text.len);
        if (parser->code != 0 || !slice_has_prefix(rest, (struct slice){operator, len}))
                return false;
        if (rest.len > len && rest.data[len] != 0 && strchr(unless, rest.data[len]))
                return false;
        parser->at += len;
        return true;
}

static struct slice peek_word(struct parser *parser) {
        skip_space(parser);
        size_t end = parser->at;
        while (end < parser->text.len && is_word_char(parser->text.data[end]))
                end++;
        return slice_sub(parser->text, parser->at, end);
}

static bool take_word(struct parser *parser, const char *word) {
        struct slice found = peek_word(parser);
        if (parser->code != 0 || !slice_is(found, word))
                return false;
        parser->at += found.len;
        return true;
}

static struct formula_value number(struct parser *parser) {
        size_t from = parser->at, at = from;
        bool is_float = false;
        const char *data = parser->text.data;
        for (; at < parser->text.len; at++) {
                bool sign = (data[at] == '+' || data[at] == '-') && at > from &&
                            (data[at - 1] == 'e' || data[at - 1] == 'E');
                if (!is_word_char(data[at]) && data[at] != '.' && !sign)
                        break;
                is_float = is_float || data[at] == '.' || data[at] == 'e' || data[at] == 'E';
        }
        struct slice text = slice_sub(parser->text, from, at);
        int64_t integer;
        double real;
        parser->at = at;
        if (!is_float && number_parse_python_int(text, &integer) == 0)
                return formula_value_of(formula_integer(integer));
        if (number_parse_double(text, &real) == 0)
                return formula_value_of(formula_real(real));
        return wrong(parser, "SyntaxError", "invalid number");
}

static struct formula_value call(struct parser *parser, struct slice name) {
        struct formula_value arguments[FORMULA_ARGUMENTS_MAX];
        size_t count = 0;
        double random = parser->env ? parser->env->random : 0;
        while (!take(parser, ")", "")) {
                if (count > 0 && !take(parser, ",", ""))
                        return wrong(parser, "SyntaxError", "expected ',' or ')'");
                if (count >= FORMULA_ARGUMENTS_MAX)
                        return wrong(parser, "TypeError", "too many arguments");
                arguments[count++] = condition(parser);
                if (parser->code != 0)
                        return arguments[0];
        }
        struct formula_value result;
        switch (formula_call(name, arguments, count, random, &result)) {
        case 0:
                return result;
        case -ENOENT:
                return wrong(parser, "NameError", "unknown function");
        default:
                return wrong(parser, "TypeError", "wrong number of arguments");
        }
}

static struct formula_value name(struct parser *parser) {
        struct slice word = peek_word(parser);
        const struct formula_env *env = parser->env;
        size_t from = parser->at, end = from + word.len;
        if (end < parser->text.len && parser->text.data[end] == '.') {
                parser->at = end + 1;
                end += 1 + peek_word(parser).len;
        }
        struct slice full = slice_sub(parser->text, from, end);
        struct formula_number constant;
        parser->at = end;
        if (take(parser, "(", ""))
                return call(parser, full);
        if (env && slice_is(full, "ban.Time"))
                return formula_value_of(env->time);
        if (env && slice_is(full, "ban.Count"))
                return formula_value_of(env->count);
        if (env && slice_is(full, "banFactor"))
                return formula_value_of(env->factor);
        if (formula_constant(full, &constant))
                return formula_value_of(constant);
        return wrong(parser, "NameError", "unknown name");
}

static struct formula_value atom(struct parser *parser) {
        if (take(parser, "(", "")) {
                struct formula_value v = condition(parser);
                return take(parser, ")", "") ? v : wrong(parser, "SyntaxError", "expected ')'");
        }
        struct slice word = peek_word(parser);
        if (parser->code != 0 || parser->at >= parser->text.len)
                return wrong(parser, "SyntaxError", "unexpected end");
        char c = parser->text.data[parser->at];
        if (c == '.' || (c >= '0' && c <= '9'))
                return number(parser);
        return word.len > 0 ? name(parser) : wrong(parser, "SyntaxError", "invalid syntax");
}

/* Binds closer than a sign at its left, looser than one at its right. */
static struct formula_value power(struct parser *parser) {
        struct formula_value base = atom(parser);
        if (!take(parser, "**", ""))
                return base;
        struct formula_value exponent = unary(parser);
        return formula_binary(FORMULA_POWER, &base, &exponent);
}

static struct formula_value unary(struct parser *parser) {
        struct formula_value v = formula_value_of(formula_integer(0));
        if (!enter(parser))
                return v;
        if (take(parser, "-", "")) {
                struct formula_value right = unary(parser);
                v = formula_binary(FORMULA_MINUS, &v, &right);
        } else if (take(parser, "+", "")) {
                v = unary(parser);
        } else {
                v = power(parser);
        }
        parser->depth--;
        return v;
}

struct operator{
        const char *text;
        const char *unless; /* it is another operator if one of these follows */
        enum formula_operator what;
};

static const struct operator products[] = {
        {"//", "",   FORMULA_FLOOR },
        {"/",  "/",  FORMULA_DIVIDE},
        {"*",  "*",  FORMULA_TIMES },
        {"%",  "",   FORMULA_MODULO},
        {NULL, NULL, 0             }
};
static const struct operator sums[] = {
        {"+",  "",   FORMULA_PLUS },
        {"-",  "",   FORMULA_MINUS},
        {NULL, NULL, 0            }
};
static const struct operator shifts[] = {
        {"<<", "",   FORMULA_LEFT },
        {">>", "",   FORMULA_RIGHT},
        {NULL, NULL, 0            }
};
static const struct operator comparisons[] = {
        {"<=", "",   FORMULA_LE},
        {">=", "",   FORMULA_GE},
        {"==", "",   FORMULA_EQ},
        {"!=", "",   FORMULA_NE},
        {"<",  "<",  FORMULA_LT},
        {">",  ">",  FORMULA_GT},
        {NULL, NULL, 0         }
};

static const struct operator* take_one(struct parser *parser, const struct operator* list) {
        for (; list->text; list++)
                if (take(parser, list->text, list->unless))
                        return list;
        return NULL;
}

typedef struct formula_value level(struct parser *parser);

static struct formula_value left_to_right(
        struct parser *parser, const struct operator* list, level *next) {
        struct formula_value left = next(parser);
        for (const struct operator* found; (found = take_one(parser, list));) {
                struct formula_value right = next(parser);
                left = formula_binary(found->what, &left, &right);
        }
        return left;
}

static struct formula_value product(struct parser *parser) {
        return left_to_right(parser, products, unary);
}

static struct formula_value sum(struct parser *parser) {
        return left_to_right(parser, sums, product);
}

static struct formula_value shift(struct parser *parser) {
        return left_to_right(parser, shifts, sum);
}

/* a < b < c is a < b and b < c. */
static struct formula_value comparison(struct parser *parser) {
        struct formula_value left = shift(parser), result = left;
        bool first = true;
        for (const struct operator* found; (found = take_one(parser, comparisons)); first = false) {
                struct formula_value right = shift(parser);
                if (first || formula_is_true(&result))
                        result = formula_binary(found->what, &left, &right);
                left = right;
        }
        return result;
}

static struct formula_value not_test(struct parser *parser) {
        struct formula_value v = formula_value_of(formula_integer(0));
        if (!enter(parser))
                return v;
        if (take_word(parser, "not")) {
                v = not_test(parser);
                if (!v.reason)
                        v = formula_value_of(formula_integer(!formula_is_true(&v)));
        } else {
                v = comparison(parser);
        }
        parser->depth--;
        return v;
}

static struct formula_value and_test(struct parser *parser) {
        struct formula_value left = not_test(parser);
        while (take_word(parser, "and")) {
                struct formula_value right = not_test(parser);
                if (!left.reason && formula_is_true(&left))
                        left = right;
        }
        return left;
}

static struct formula_value or_test(struct parser *parser) {
        struct formula_value left = and_test(parser);
        while (take_word(parser, "or")) {
                struct formula_value right = and_test(parser);
                if (!left.reason && !formula_is_true(&left))
                        left = right;
        }
        return left;
}

static struct formula_value condition(struct parser *parser) {
        struct formula_value v = formula_value_of(formula_integer(0));
        if (!enter(parser))
                return v;
        v = or_test(parser);
        if (take_word(parser, "if")) {
                struct formula_value test = or_test(parser);
                if (!take_word(parser, "else"))
                        return wrong(
                                parser, "SyntaxError", "expected 'else' after 'if' expression");
                struct formula_value other = condition(parser);
                if (test.reason)
                        v = test;
                else if (!formula_is_true(&test))
                        v = other;
        }
        parser->depth--;
        return v;
}

int formula_eval(struct slice text, const struct formula_env *env, struct formula_number *ret,
        struct fault *fault) {
        if (text.len > FORMULA_TEXT_MAX)
                return fault_set(
                        fault, -E2BIG, "formula is longer than %d bytes", FORMULA_TEXT_MAX);
        struct parser parser = {.text = text, .env = env, .fault = fault};
        struct formula_value v = condition(&parser);
        skip_space(&parser);
        if (parser.code == 0 && parser.at < text.len)
                v = wrong(&parser, "SyntaxError", "invalid syntax");
        if (parser.code != 0)
                return parser.code;
        if (v.reason) {
                (void)fault_raise(fault, v.kind, "%s", v.reason);
                return -EDOM;
        }
        *ret = v.number;
        return 0;
}
