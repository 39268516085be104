/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients send texts, configuration streams also numbers and None: both meet the same conversions,
 * with Python's words for what is wrong. */
#include "enforce/command_value.h"

#include <errno.h>
#include <math.h>

#include "base/duration.h"
#include "base/number.h"
#include "base/repr.h"

static const char *type_name(enum value_type type) {
        switch (type) {
        case VALUE_NONE:
                return "NoneType";
        case VALUE_BOOL:
                return "bool";
        case VALUE_INT:
                return "int";
        case VALUE_FLOAT:
                return "float";
        case VALUE_STRING:
                return "str";
        case VALUE_BYTES:
                return "bytes";
        case VALUE_LIST:
                return "list";
        case VALUE_TUPLE:
                return "tuple";
        case VALUE_DICT:
                return "dict";
        case VALUE_SET:
                return "set";
        case VALUE_TYPE_COUNT:
                break;
        }
        return "object";
}

static int raise_with_repr(struct fault *fault, const char *before, struct slice text) {
        struct arena arena = ARENA_INIT;
        struct slice quoted = repr_text(text, &arena);
        int r = fault_raise(fault, "ValueError", "%s%.*s", before, SLICE_ARG(quoted));
        arena_done(&arena);
        return r;
}

static int int_of_float(double real, int64_t *ret, struct fault *fault) {
        if (isnan(real))
                return fault_raise(fault, "ValueError", "cannot convert float NaN to integer");
        if (real >= 0x1p63 || real < -0x1p63)
                return fault_raise(fault, "OverflowError", "number too large");
        *ret = (int64_t)real;
        return 0;
}

int command_int(const struct value *value, int64_t *ret, struct fault *fault) {
        if (value->type == VALUE_STRING || value->type == VALUE_BYTES) {
                if (number_parse_python_int(value->string, ret) == 0)
                        return 0;
                return raise_with_repr(
                        fault, "invalid literal for int() with base 10: ", value->string);
        }
        if (value->type == VALUE_FLOAT)
                return int_of_float(value->real, ret, fault);
        if (value->type != VALUE_INT && value->type != VALUE_BOOL)
                return fault_raise(fault, "TypeError",
                        "int() argument must be a string, a bytes-like object or a real number, "
                        "not '%s'",
                        type_name(value->type));
        *ret = value->type == VALUE_INT ? value->integer : value->boolean;
        return 0;
}

int command_float(const struct value *value, double *ret, struct fault *fault) {
        if (value->type == VALUE_STRING) {
                if (number_parse_double(value->string, ret) == 0)
                        return 0;
                return raise_with_repr(fault, "could not convert string to float: ", value->string);
        }
        if (value->type != VALUE_INT && value->type != VALUE_BOOL && value->type != VALUE_FLOAT)
                return fault_raise(fault, "TypeError",
                        "float() argument must be a string or a real number, not '%s'",
                        type_name(value->type));
        *ret = command_number(value);
        return 0;
}

int command_duration(const struct value *value, struct value *ret, struct fault *fault) {
        if (value->type == VALUE_STRING)
                return duration_parse(value->string, ret, fault);
        if (value->type != VALUE_INT && value->type != VALUE_FLOAT && value->type != VALUE_BOOL)
                return fault_raise(fault, "TypeError",
                        "expected string or bytes-like object, got '%s'", type_name(value->type));
        *ret = value->type == VALUE_BOOL ? value_int(value->boolean) : *value;
        return 0;
}

double command_number(const struct value *number) {
        if (number->type == VALUE_FLOAT)
                return number->real;
        return number->type == VALUE_BOOL ? (double)number->boolean : (double)number->integer;
}

bool command_bool(const struct value *value) {
        static const char *const yes[] = {"1", "on", "true", "yes"};
        switch (value->type) {
        case VALUE_STRING:
        case VALUE_BYTES:
                for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                        if (slice_equal_nocase(value->string, slice_of(yes[i])))
                                return true;
                return false;
        case VALUE_BOOL:
                return value->boolean;
        case VALUE_INT:
                return value->integer != 0;
        case VALUE_FLOAT:
                return value->real < 0 || value->real > 0;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                return value->list.count > 0;
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return false;
}

uint32_t command_u32(int64_t number) {
        if (number < 0)
                return 0;
        return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}
