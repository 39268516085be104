/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options are kept as they were given, as `get` shows them, and what follows from them is
 * worked out when they are set: so a text that cannot be used is refused there, and the former one
 * stays. Upstream: fail2ban/server/jail.py setBanTimeExtra(), 1.1. Differs: upstream hands factor
 * and formula to eval(). */
#include "enforce/escalate.h"

#include <errno.h>
#include <math.h>

#include "base/duration.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/repr.h"
#include "enforce/formula.h"

#define OPTIONS_MAX 64
#define MULTIPLIERS_MAX 4096
#define DEFAULT_FORMULA "ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor"

struct option {
        char *name;
        struct arena arena; /* of value */
        struct value value;
};

struct escalate_settings {
        struct option options[OPTIONS_MAX];
        size_t option_count;
        bool is_on;
        double maxtime_s; /* NAN: none */
        double rndtime_s; /* NAN: none */
        struct formula_number factor;
        int64_t *multipliers;
        size_t multiplier_count;
};

struct escalate_settings *escalate_new(void) {
        struct escalate_settings *settings = memory_new(sizeof(*settings));
        settings->maxtime_s = settings->rndtime_s = (double)NAN;
        settings->factor = formula_integer(1);
        return settings;
}

static void remove_option(struct escalate_settings *settings, size_t index) {
        free(settings->options[index].name);
        arena_done(&settings->options[index].arena);
        settings->options[index] = settings->options[--settings->option_count];
}

struct escalate_settings *escalate_free(struct escalate_settings *settings) {
        if (!settings)
                return NULL;
        while (settings->option_count > 0)
                remove_option(settings, 0);
        free(settings->multipliers);
        free(settings);
        return NULL;
}

static const struct value *find(const struct escalate_settings *settings, struct slice name) {
        for (size_t i = 0; i < settings->option_count; i++)
                if (slice_is(name, settings->options[i].name))
                        return &settings->options[i].value;
        return NULL;
}

/* None removes it. */
static int store_option(struct escalate_settings *settings, struct slice name,
        const struct value *value, struct fault *fault) {
        for (size_t i = 0; i < settings->option_count; i++)
                if (slice_is(name, settings->options[i].name)) {
                        remove_option(settings, i);
                        break;
                }
        if (value->type == VALUE_NONE)
                return 0;
        if (settings->option_count >= OPTIONS_MAX)
                return fault_raise(
                        fault, "ValueError", "more than %d options bantime.*", OPTIONS_MAX);
        struct option *option = &settings->options[settings->option_count++];
        *option = (struct option){.name = memory_copy_text(name), .arena = ARENA_INIT};
        option->value = value_copy(value, &option->arena);
        return 0;
}

static bool as_bool(const struct value *value) {
        static const char *const yes[] = {"1", "on", "true", "yes"};
        if (value->type == VALUE_BOOL)
                return value->boolean;
        if (value->type == VALUE_INT)
                return value->integer != 0;
        for (size_t i = 0; value->type == VALUE_STRING && i < sizeof(yes) / sizeof(yes[0]); i++)
                if (slice_equal_nocase(value->string, slice_of(yes[i])))
                        return true;
        return false;
}

/* A time: a number, or a text of one. *value becomes the number. */
static int set_time(struct value *value, double *ret_s, struct fault *fault) {
        if (value->type == VALUE_STRING) {
                int r = duration_parse(value->string, value, fault);
                if (r < 0)
                        return r;
        }
        if (value->type == VALUE_NONE)
                *ret_s = (double)NAN;
        else if (value->type == VALUE_INT)
                *ret_s = (double)value->integer;
        else if (value->type == VALUE_FLOAT)
                *ret_s = value->real;
        else
                return fault_raise(fault, "TypeError", "expected a time");
        return 0;
}

static int set_factor(struct escalate_settings *settings, const struct value *value,
        struct arena *arena, struct fault *fault) {
        settings->factor = value->type == VALUE_NONE ? formula_integer(1) : settings->factor;
        return value->type == VALUE_NONE
                       ? 0
                       : formula_eval(repr_str(value, arena), NULL, &settings->factor, fault);
}

/* Whether the text is a formula at all; that it may not be computable for these numbers is no
 * fault. */
static int check_formula(const struct value *value, struct arena *arena, struct fault *fault) {
        struct formula_env env = {
                formula_integer(600), formula_integer(1), formula_integer(1), 0.5};
        struct formula_number ignored;
        if (value->type == VALUE_NONE)
                return 0;
        int r = formula_eval(repr_str(value, arena), &env, &ignored, fault);
        return r == -EDOM ? 0 : r;
}

static int set_multipliers(struct escalate_settings *settings, const struct value *value,
        struct arena *arena, struct fault *fault) {
        struct slice rest = value->type == VALUE_NONE ? SLICE_NULL : repr_str(value, arena), piece;
        int64_t *list = NULL;
        size_t count = 0, capacity = 0;
        while (rest.data && slice_next_piece(&rest, ' ', &piece)) {
                memory_reserve(&list, count, &capacity, sizeof(*list));
                int r = count < MULTIPLIERS_MAX ? number_parse_python_int(piece, &list[count++])
                                                : -E2BIG;
                if (r == 0)
                        continue;
                free(list);
                return fault_raise(fault, "ValueError",
                        "invalid literal for int() with base 10: %.*s",
                        SLICE_ARG(repr_text(piece, arena)));
        }
        free(settings->multipliers);
        settings->multipliers = list;
        settings->multiplier_count = count;
        return 0;
}

static int set_checked(struct escalate_settings *settings, struct slice name, struct value *value,
        struct arena *arena, struct fault *fault) {
        if (slice_is(name, "increment")) {
                *value = value_bool(as_bool(value));
                settings->is_on = value->boolean;
        } else if (slice_is(name, "maxtime")) {
                return set_time(value, &settings->maxtime_s, fault);
        } else if (slice_is(name, "rndtime")) {
                return set_time(value, &settings->rndtime_s, fault);
        } else if (slice_is(name, "factor")) {
                return set_factor(settings, value, arena, fault);
        } else if (slice_is(name, "formula")) {
                return check_formula(value, arena, fault);
        } else if (slice_is(name, "multipliers")) {
                return set_multipliers(settings, value, arena, fault);
        }
        return 0;
}

int escalate_set(struct escalate_settings *settings, struct slice name, const struct value *value,
        struct arena *arena, struct value *ret, struct fault *fault) {
        struct value set = *value;
        if (set.type == VALUE_STRING && set.string.len == 0)
                set = VALUE_OF_NONE;
        int r = set_checked(settings, name, &set, arena, fault);
        if (r == 0)
                r = store_option(settings, name, &set, fault);
        if (r < 0)
                return r;
        *ret = value_copy(&set, arena);
        return 0;
}

struct value escalate_get(
        const struct escalate_settings *settings, struct slice name, struct arena *arena) {
        const struct value *value = find(settings, name);
        return value ? value_copy(value, arena) : VALUE_OF_NONE;
}

bool escalate_is_on(const struct escalate_settings *settings) {
        return settings->is_on;
}

bool escalate_over_all_jails(const struct escalate_settings *settings) {
        const struct value *value = find(settings, SLICE("overalljails"));
        /* A text is true whatever it says: upstream's reader of the configuration sends a bool. */
        return value && (value->type == VALUE_STRING || as_bool(value));
}

double escalate_max_s(const struct escalate_settings *settings, double jail_ban_time_s) {
        if (!settings->is_on)
                return jail_ban_time_s;
        return isnan(settings->maxtime_s) ? -1 : settings->maxtime_s;
}

static int by_formula(const struct escalate_settings *settings, const struct formula_env *env,
        double base_s, double *ret_s, struct fault *fault) {
        const struct value *formula = find(settings, SLICE("formula"));
        struct arena arena = ARENA_INIT;
        struct formula_number result;
        struct slice text = formula ? repr_str(formula, &arena) : SLICE(DEFAULT_FORMULA);
        int r = formula_eval(text, env, &result, fault);
        arena_done(&arena);
        if (r < 0)
                return -EINVAL;
        double s = formula_as_real(&result);
        *ret_s = s > base_s ? s : base_s;
        return 0;
}

int escalate_ban_time(const struct escalate_settings *settings, double base_s, uint32_t count,
        double random, double *ret_s, struct fault *fault) {
        struct formula_env env = {base_s == rint(base_s) && fabs(base_s) < 9e15
                                          ? formula_integer((int64_t)base_s)
                                          : formula_real(base_s),
                formula_integer(count), settings->factor, random};
        double s;
        if (settings->multiplier_count > 0) {
                size_t last = settings->multiplier_count - 1;
                s = base_s * formula_as_real(&settings->factor) *
                    (double)settings->multipliers[count < last ? count : last];
        } else {
                int r = by_formula(settings, &env, base_s, &s, fault);
                if (r < 0)
                        return r;
        }
        if (!isnan(settings->maxtime_s) && s > settings->maxtime_s)
                s = settings->maxtime_s;
        if (!isnan(settings->rndtime_s))
                s += random * settings->rndtime_s;
        *ret_s = s;
        return 0;
}
