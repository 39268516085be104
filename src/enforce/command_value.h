/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of commands as Python would take them. All return 0, or negative errno with a fault that
 * has Python's exception. */
#pragma once

#include "base/fault.h"
#include "base/value.h"

/* int(value). */
int command_int(const struct value *value, int64_t *ret, struct fault *fault);
/* float(value). */
int command_float(const struct value *value, double *ret, struct fault *fault);
/* Seconds: a number stays what it is, a text is an expression (base/duration.h). *ret is INT or
 * FLOAT. */
int command_duration(const struct value *value, struct value *ret, struct fault *fault);
double command_number(const struct value *number);
/* Switches: 1, on, true, yes in any case are true. */
bool command_bool(const struct value *value);
/* value as an unsigned option: below 0 is 0, beyond 32 bits is the largest. */
uint32_t command_u32(int64_t number);
