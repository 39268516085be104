/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integers are 64 bits with every overflow seen: the result is then a float, where Python has
 * larger integers. Sources: Python Language Reference 3.11, 6.5 to 6.10. */
#include "enforce/formula_operators.h"

#include <errno.h>
#include <math.h>

struct formula_number formula_integer(int64_t integer) {
        return (struct formula_number){.integer = integer};
}

struct formula_number formula_real(double real) {
        return (struct formula_number){.is_float = true, .real = real};
}

double formula_as_real(const struct formula_number *number) {
        return number->is_float ? number->real : (double)number->integer;
}

struct formula_value formula_value_of(struct formula_number number) {
        return (struct formula_value){.number = number};
}

bool formula_is_true(const struct formula_value *v) {
        return v->number.is_float ? v->number.real != 0 : v->number.integer != 0;
}

static struct formula_value impossible(const char *kind, const char *reason) {
        return (struct formula_value){.kind = kind, .reason = reason};
}

static struct formula_value zero_division(void) {
        return impossible("ZeroDivisionError", "division by zero");
}

static struct formula_value real_value(double real) {
        if (isnan(real))
                return impossible("ValueError", "math domain error");
        if (isinf(real))
                return impossible("OverflowError", "Numerical result out of range");
        return formula_value_of(formula_real(real));
}

static struct formula_value integer_value(int64_t integer) {
        return formula_value_of(formula_integer(integer));
}

/* A float that has no fraction, as an integer if it fits. */
static struct formula_value whole_value(double real) {
        if (real >= -9.2e18 && real <= 9.2e18)
                return integer_value((int64_t)real);
        return real_value(real);
}

static struct formula_value integer_power(int64_t base, int64_t exponent) {
        int64_t result = 1;
        if (exponent < 0)
                return base == 0 ? zero_division()
                                 : real_value(pow((double)base, (double)exponent));
        if (exponent > 63 && base != 0 && base != 1 && base != -1)
                return real_value(pow((double)base, (double)exponent));
        if (exponent > 63)
                exponent = 62 + exponent % 2;
        for (int64_t i = 0; i < exponent; i++)
                if (__builtin_mul_overflow(result, base, &result))
                        return real_value(pow((double)base, (double)exponent));
        return integer_value(result);
}

static struct formula_value integer_shift(int64_t a, int64_t by) {
        if (by < 0)
                return impossible("ValueError", "negative shift count");
        int64_t factor = by < 63 ? INT64_C(1) << by : 0, result = 0;
        if (a == 0 || (factor && !__builtin_mul_overflow(a, factor, &result)))
                return integer_value(result);
        return real_value(ldexp((double)a, by > 2000 ? 2000 : (int)by));
}

/* Towards minus infinity, and the remainder has the divisor's sign. */
static struct formula_value integer_floor(int64_t a, int64_t b, enum formula_operator what) {
        if (b == 0)
                return zero_division();
        if (b == -1)
                return what == FORMULA_MODULO ? integer_value(0) : whole_value(-(double)a);
        int64_t quotient = a / b, rest = a % b;
        if (rest != 0 && (rest < 0) != (b < 0)) {
                quotient--;
                rest += b;
        }
        return integer_value(what == FORMULA_MODULO ? rest : quotient);
}

static struct formula_value integers(enum formula_operator what, int64_t a, int64_t b) {
        int64_t result;
        switch (what) {
        case FORMULA_PLUS:
                return __builtin_add_overflow(a, b, &result) ? real_value((double)a + (double)b)
                                                             : integer_value(result);
        case FORMULA_MINUS:
                return __builtin_sub_overflow(a, b, &result) ? real_value((double)a - (double)b)
                                                             : integer_value(result);
        case FORMULA_TIMES:
                return __builtin_mul_overflow(a, b, &result) ? real_value((double)a * (double)b)
                                                             : integer_value(result);
        case FORMULA_DIVIDE:
                return b == 0 ? zero_division() : real_value((double)a / (double)b);
        case FORMULA_FLOOR:
        case FORMULA_MODULO:
                return integer_floor(a, b, what);
        case FORMULA_POWER:
                return integer_power(a, b);
        case FORMULA_LEFT:
                return integer_shift(a, b);
        case FORMULA_RIGHT:
                if (b < 0)
                        return impossible("ValueError", "negative shift count");
                return integer_value(a >> (b > 63 ? 63 : b));
        case FORMULA_LT:
        case FORMULA_LE:
        case FORMULA_GT:
        case FORMULA_GE:
        case FORMULA_EQ:
        case FORMULA_NE:
        case FORMULA_OPERATOR_COUNT:
                break;
        }
        return impossible("TypeError", "unsupported operand");
}

static struct formula_value real_floor(double a, double b, enum formula_operator what) {
        if (b == 0)
                return zero_division();
        double rest = fmod(a, b);
        if (rest != 0 && (rest < 0) != (b < 0))
                rest += b;
        return real_value(what == FORMULA_MODULO ? rest : rint((a - rest) / b));
}

static struct formula_value reals(enum formula_operator what, double a, double b) {
        switch (what) {
        case FORMULA_PLUS:
                return real_value(a + b);
        case FORMULA_MINUS:
                return real_value(a - b);
        case FORMULA_TIMES:
                return real_value(a * b);
        case FORMULA_DIVIDE:
                return b == 0 ? zero_division() : real_value(a / b);
        case FORMULA_FLOOR:
        case FORMULA_MODULO:
                return real_floor(a, b, what);
        case FORMULA_POWER:
                return a == 0 && b < 0 ? zero_division() : real_value(pow(a, b));
        case FORMULA_LEFT:
        case FORMULA_RIGHT:
        case FORMULA_LT:
        case FORMULA_LE:
        case FORMULA_GT:
        case FORMULA_GE:
        case FORMULA_EQ:
        case FORMULA_NE:
        case FORMULA_OPERATOR_COUNT:
                break;
        }
        return impossible("TypeError", "unsupported operand type(s) for float");
}

static int order(const struct formula_number *a, const struct formula_number *b) {
        if (!a->is_float && !b->is_float)
                return (a->integer > b->integer) - (a->integer < b->integer);
        double x = formula_as_real(a), y = formula_as_real(b);
        return (x > y) - (x < y);
}

static bool compare(enum formula_operator what, int order) {
        return (what == FORMULA_LT && order < 0) || (what == FORMULA_LE && order <= 0) ||
               (what == FORMULA_GT && order > 0) || (what == FORMULA_GE && order >= 0) ||
               (what == FORMULA_EQ && order == 0) || (what == FORMULA_NE && order != 0);
}

struct formula_value formula_binary(
        enum formula_operator what, const struct formula_value *a, const struct formula_value *b) {
        if (a->reason)
                return *a;
        if (b->reason)
                return *b;
        if (what >= FORMULA_LT)
                return integer_value(compare(what, order(&a->number, &b->number)));
        if (!a->number.is_float && !b->number.is_float)
                return integers(what, a->number.integer, b->number.integer);
        return reals(what, formula_as_real(&a->number), formula_as_real(&b->number));
}

static const struct {
        const char *name;
        double (*function)(double);
        bool whole; /* the result is an integer */
} functions[] = {
        {"math.exp",   exp,   false},
        {"math.expm1", expm1, false},
        {"math.log",   log,   false},
        {"math.log2",  log2,  false},
        {"math.log10", log10, false},
        {"math.log1p", log1p, false},
        {"math.sqrt",  sqrt,  false},
        {"math.fabs",  fabs,  false},
        {"math.sin",   sin,   false},
        {"math.cos",   cos,   false},
        {"math.tan",   tan,   false},
        {"math.atan",  atan,  false},
        {"math.tanh",  tanh,  false},
        {"math.floor", floor, true },
        {"math.ceil",  ceil,  true },
        {"math.trunc", trunc, true },
        {"int",        trunc, true },
};

static bool call_function(
        struct slice name, const struct formula_number *x, struct formula_value *ret) {
        for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
                if (!slice_is(name, functions[i].name))
                        continue;
                if (functions[i].whole && !x->is_float)
                        *ret = formula_value_of(*x);
                else if (functions[i].whole)
                        *ret = whole_value(functions[i].function(x->real));
                else if (slice_has_prefix(name, SLICE("math.log")) && formula_as_real(x) <= 0 &&
                         !slice_is(name, "math.log1p"))
                        *ret = impossible("ValueError", "math domain error");
                else
                        *ret = real_value(functions[i].function(formula_as_real(x)));
                return true;
        }
        return false;
}

static struct formula_value round_to(
        const struct formula_number *x, const struct formula_number *digits) {
        if (!x->is_float)
                return formula_value_of(*x);
        if (!digits)
                return whole_value(rint(x->real));
        double scale = pow(10, formula_as_real(digits));
        return real_value(rint(x->real * scale) / scale);
}

static struct formula_value absolute(const struct formula_number *x) {
        if (x->is_float)
                return real_value(fabs(x->real));
        return x->integer < 0 ? integers(FORMULA_MINUS, 0, x->integer) : integer_value(x->integer);
}

static bool call_one(struct slice name, const struct formula_number *x, struct formula_value *ret) {
        if (call_function(name, x, ret))
                return true;
        if (slice_is(name, "float"))
                *ret = real_value(formula_as_real(x));
        else if (slice_is(name, "abs"))
                *ret = absolute(x);
        else if (slice_is(name, "round"))
                *ret = round_to(x, NULL);
        else
                return false;
        return true;
}

static bool call_two(struct slice name, const struct formula_value *a, double random,
        struct formula_value *ret) {
        double x = formula_as_real(&a[0].number), y = formula_as_real(&a[1].number);
        if (slice_is(name, "pow"))
                *ret = formula_binary(FORMULA_POWER, &a[0], &a[1]);
        else if (slice_is(name, "math.pow"))
                *ret = reals(FORMULA_POWER, x, y);
        else if (slice_is(name, "math.log"))
                *ret = x <= 0 || y <= 0 ? impossible("ValueError", "math domain error")
                                        : reals(FORMULA_DIVIDE, log(x), log(y));
        else if (slice_is(name, "round"))
                *ret = round_to(&a[0].number, &a[1].number);
        else if (slice_is(name, "random.uniform"))
                *ret = real_value(x + (y - x) * random);
        else
                return false;
        return true;
}

static bool call_extreme(
        struct slice name, const struct formula_value *a, size_t count, struct formula_value *ret) {
        bool is_max = slice_is(name, "max");
        if ((!is_max && !slice_is(name, "min")) || count < 2)
                return false;
        *ret = a[0];
        for (size_t i = 1; i < count; i++) {
                int by = order(&a[i].number, &ret->number);
                if (is_max ? by > 0 : by < 0)
                        *ret = a[i];
        }
        return true;
}

static bool is_known(struct slice name) {
        static const char *const others[] = {"float", "abs", "round", "pow", "math.pow",
                "random.uniform", "random.random", "min", "max"};
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                if (slice_is(name, others[i]))
                        return true;
        for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
                if (slice_is(name, functions[i].name))
                        return true;
        return false;
}

int formula_call(struct slice name, const struct formula_value *arguments, size_t count,
        double random, struct formula_value *ret) {
        if (!is_known(name))
                return -ENOENT;
        for (size_t i = 0; i < count; i++)
                if (arguments[i].reason) {
                        *ret = arguments[i];
                        return 0;
                }
        if (count == 0 && slice_is(name, "random.random")) {
                *ret = formula_value_of(formula_real(random));
                return 0;
        }
        if ((count == 1 && call_one(name, &arguments[0].number, ret)) ||
                (count == 2 && call_two(name, arguments, random, ret)) ||
                call_extreme(name, arguments, count, ret))
                return 0;
        return -EINVAL;
}

bool formula_constant(struct slice name, struct formula_number *ret) {
        if (slice_is(name, "math.pi"))
                *ret = formula_real(3.14159265358979323846);
        else if (slice_is(name, "math.e"))
                *ret = formula_real(2.71828182845904523536);
        else if (slice_is(name, "True"))
                *ret = formula_integer(1);
        else if (slice_is(name, "False"))
                *ret = formula_integer(0);
        else
                return false;
        return true;
}
