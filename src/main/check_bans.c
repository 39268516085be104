/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formulas are evaluated by the server's own code, for the first and the second ban of ten minutes.
 * That one cannot be computed for just these numbers proves nothing. */
#include "main/check_bans.h"

#include <errno.h>

#include "base/number.h"
#include "base/repr.h"
#include "config/suggest.h"
#include "config/text.h"
#include "enforce/ban_prefix.h"
#include "enforce/formula.h"

struct check {
        struct findings *findings;
        const struct value *command;
};

static struct slice option_of(const struct check *c) {
        return value_item_text(c->command, 2);
}

static void find(const struct check *c, struct slice part, struct slice text, struct slice fix) {
        const struct finding finding = {.severity = FINDING_ERROR,
                .origin = c->command->origin,
                .jail = value_item_text(c->command, 1),
                .part = part,
                .text = text,
                .fix = fix};
        findings_add(c->findings, &finding);
}

/* ---- formulas ---- */

/* The name in front of the position that the evaluator names: "... (at 18 of '...')". */
static struct slice name_at(struct slice formula, struct slice why) {
        static const struct slice mark = {" (at ", 5};
        size_t at = slice_find(why, mark, 0);
        uint32_t end = 0;
        struct slice rest = slice_sub(why, at + mark.len, why.len);
        if (at == why.len ||
                number_parse_u32(slice_sub(rest, 0, slice_find_char(rest, ' ', 0)), &end) < 0 ||
                end > formula.len)
                return SLICE("");
        size_t start = end;
        while (start > 0 &&
                (text_is_word(formula.data[start - 1]) || formula.data[start - 1] == '.'))
                start--;
        return slice_sub(formula, start, end);
}

static struct slice suggest_name(struct slice name, struct arena *arena) {
        static const char *const names[] = {"ban.Time", "ban.Count", "banFactor", "math.exp",
                "math.log", "random.random", "min", "max", "float", "round"};
        struct suggest suggest = suggest_begin(name);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                suggest_offer(&suggest, slice_of(names[i]));
        return suggest_text(&suggest, arena);
}

static void check_expression(
        const struct check *c, const struct value *value, const struct formula_env *env) {
        struct arena *arena = c->findings->arena;
        struct fault fault = FAULT_INIT;
        struct formula_number ignored;
        struct slice text = repr_str(value, arena);
        int r = value->type == VALUE_NONE ? 0 : formula_eval(text, env, &ignored, &fault);
        if (r < 0 && (!env || r != -EDOM)) {
                struct slice why = slice_of(fault_text(&fault));
                struct slice name = name_at(text, why);
                struct slice fix = suggest_name(name, arena);
                if (fix.len == 0)
                        fix = env ? SLICE("for example ban.Time * banFactor ** ban.Count")
                                  : SLICE("write a number, for example 1 or 2.885385");
                find(c, name.len > 1 ? name : text,
                        arena_printf(arena, "%.*s is refused: %.*s", SLICE_ARG(option_of(c)),
                                SLICE_ARG(why)),
                        fix);
        }
        fault_done(&fault);
}

static void check_formula(const struct check *c, const struct value *value) {
        const struct formula_env env = {
                formula_integer(600), formula_integer(1), formula_integer(1), 0.5};
        check_expression(c, value, &env);
}

static void check_factor(const struct check *c, const struct value *value) {
        check_expression(c, value, NULL);
}

/* ---- networks ---- */

static void check_range(
        const struct check *c, const struct value *value, int64_t smallest, int64_t largest) {
        struct arena *arena = c->findings->arena;
        if (value->type != VALUE_INT || value->integer == 0 ||
                (value->integer >= smallest && value->integer <= largest))
                return;
        find(c, repr_str(value, arena),
                arena_printf(arena, "%.*s is %lld, the server refuses that",
                        SLICE_ARG(option_of(c)), (long long)value->integer),
                arena_printf(arena, "write 0 (off), or %lld to %lld", (long long)smallest,
                        (long long)largest));
}

static void check_prefix4(const struct check *c, const struct value *value) {
        check_range(c, value, BAN_PREFIX_SHORTEST4, 32);
}

static void check_prefix6(const struct check *c, const struct value *value) {
        check_range(c, value, BAN_PREFIX_SHORTEST6, 128);
}

static void check_prefix_min(const struct check *c, const struct value *value) {
        check_range(c, value, 1, BAN_PREFIX_MIN_MAX);
}

/* set JAIL OPTION VALUE */
void check_bans(const struct value *stream, struct findings *findings) {
        static const struct {
                const char *option;
                void (*check)(const struct check *c, const struct value *value);
        } rows[] = {
                {"bantime.formula", check_formula   },
                {"bantime.factor",  check_factor    },
                {"banprefix.v4",    check_prefix4   },
                {"banprefix.v6",    check_prefix6   },
                {"banprefix.min",   check_prefix_min},
        };
        for (size_t i = 0; i < stream->list.count; i++) {
                const struct check c = {findings, &stream->list.items[i]};
                const struct value *value = value_item(c.command, 3);
                for (size_t k = 0; value && k < sizeof(rows) / sizeof(rows[0]); k++)
                        if (slice_is(value_item_text(c.command, 0), "set") &&
                                slice_is(option_of(&c), rows[k].option))
                                rows[k].check(&c, value);
        }
}
