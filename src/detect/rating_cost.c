/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backtracking is as bad as the worst line. For each repeat of the regex lines are made that lead
 * up to it and then give it more and more of what it repeats, or of what comes behind it (so that
 * every place could be the end), and fail at last. Steps that grow in line with the length are
 * dropped early; the others are followed up to the length a line may have. */
#include <math.h>

#include "detect/rating.h"
#include "detect/sample.h"
#include "detect/trial.h"

#define REPEATS_MAX 48 /* of a regex that are tried */
#define REPEAT_MANY 10 /* a repeat of fewer times does no harm */
#define PUMPS_MAX 8
#define PUMP_BYTES_MAX 64
#define TIMES_FIRST 4  /* of the pump */
#define SHORT_LINE 128 /* bytes from which on slow growth ends the matter */
#define EXPONENTIAL                                                                                \
        6.5 /* no regex has so many repeats side by side that its steps are a power like this */
#define LINEAR 2.6       /* steps of twice the length by those of the length: less is no matter */
#define STEPS_SMALL 2000 /* nothing to look at */

struct hunt {
        const struct syntax_node *root;
        struct trial *trial;
        struct slice regex;
        struct arena *arena; /* of the result */
        struct arena scratch;
        unsigned repeats;
        struct rating_cost *worst;
        bool found;
};

struct line {
        struct slice before, pump, behind;
};

static struct trial_result run(struct hunt *hunt, const struct line *line, size_t length) {
        size_t times = line->pump.len > 0 ? length / line->pump.len : 0;
        size_t total = line->before.len + times * line->pump.len + line->behind.len + 1;
        char *text = arena_alloc(&hunt->scratch, total);
        size_t at = 0;
        memcpy(text, line->before.data, line->before.len);
        at += line->before.len;
        for (size_t i = 0; i < times; i++, at += line->pump.len)
                memcpy(text + at, line->pump.data, line->pump.len);
        memcpy(text + at, line->behind.data, line->behind.len);
        text[total - 1] = '\n';
        return trial_run(hunt->trial, (struct slice){text, total}, RATING_STEPS_MAX);
}

static void keep(struct hunt *hunt, const struct line *line, const struct syntax_node *node,
        const struct rating_cost *cost) {
        struct rating_cost *worst = hunt->worst;
        bool worse = !hunt->found || cost->growth > worst->growth ||
                     (cost->growth == worst->growth && cost->degree > worst->degree + 0.2);
        if (!worse)
                return;
        hunt->found = true;
        *worst = *cost;
        worst->part = slice_sub(hunt->regex, node->start, node->end);
        worst->before = arena_copy(hunt->arena, line->before);
        worst->pump = arena_copy(hunt->arena, line->pump);
        worst->behind = arena_copy(hunt->arena, line->behind);
}

/* Twice as much of the pump each time: the last two searches that were done tell how it grows. */
static void measure(struct hunt *hunt, const struct line *line, const struct syntax_node *node) {
        struct rating_cost cost = {.growth = RATING_POLYNOMIAL};
        double last = 0;
        for (size_t length = TIMES_FIRST * line->pump.len;
                length <= RATING_LINE_MAX && !cost.stopped; length *= 2) {
                struct trial_result result = run(hunt, line, length);
                double ratio = last > 0 ? (double)result.steps / last : 1;
                cost.stopped = result.end == TRIAL_STOPPED;
                cost.steps = result.steps;
                cost.length = length;
                last = (double)result.steps;
                if (!cost.stopped || log2(ratio) > cost.degree)
                        cost.degree = log2(ratio);
                if (length >= SHORT_LINE && length < (size_t)4 * SHORT_LINE && !cost.stopped &&
                        (ratio < LINEAR || result.steps < STEPS_SMALL))
                        return;
        }
        if (cost.degree >= EXPONENTIAL)
                cost.growth = RATING_EXPONENTIAL;
        if (cost.stopped || cost.degree >= RATING_DEGREE_MAX)
                keep(hunt, line, node, &cost);
}

static void try_pump(struct hunt *hunt, const struct sample *sample, const struct syntax_node *node,
        struct slice pump) {
        struct slice rest = slice_sub(sample->text, sample->end, sample->text.len);
        if (pump.len == 0 || pump.len > PUMP_BYTES_MAX || slice_find_char(pump, '\n', 0) < pump.len)
                return;
        const struct slice ends[] = {SLICE("\x01"), ARENA_JOIN(&hunt->scratch, rest, SLICE("\x01")),
                ARENA_JOIN(&hunt->scratch, SLICE("\x01"), rest)};
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                struct line line = {slice_sub(sample->text, 0, sample->begin), pump, ends[i]};
                measure(hunt, &line, node);
        }
}

/* Texts that the repeat may take again and again, of the sample's seed. */
static void try_pumps(struct hunt *hunt, const struct sample *sample,
        const struct syntax_node *node, uint64_t seed) {
        const struct sample_wish wish = {.seed = seed, .address = SLICE("1.2.3.4")};
        struct sample inside;
        if (sample_make(node->child, &wish, &hunt->scratch, &inside) == 0)
                try_pump(hunt, sample, node, inside.text);
        if (node->child->kind != SYNTAX_SET || seed != 0)
                return;
        const struct syntax_set *set = &node->child->set;
        struct slice rest = slice_sub(sample->text, sample->end, sample->text.len);
        struct slice before = slice_sub(sample->text, 0, sample->begin);
        static const char *const texts[] = {" ", "1", "a ", "1:"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (syntax_set_has_all(set, slice_of(texts[i])))
                        try_pump(hunt, sample, node, slice_of(texts[i]));
        static const size_t lengths[] = {1, 8, PUMP_BYTES_MAX};
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                struct slice next = slice_sub(rest, 0, lengths[i]);
                if (syntax_set_has_all(set, next))
                        try_pump(hunt, sample, node, next);
        }
        if (syntax_set_has_all(set, before))
                try_pump(hunt, sample, node, before);
}

static void try_repeat(struct hunt *hunt, const struct syntax_node *node) {
        for (uint64_t seed = 0; seed < 3; seed++) {
                struct sample_wish wish = {
                        .seed = seed, .address = SLICE(RATING_HONEST), .through = node};
                struct sample sample;
                arena_reset(&hunt->scratch);
                if (hunt->found && hunt->worst->growth == RATING_EXPONENTIAL)
                        return;
                if (sample_make(hunt->root, &wish, &hunt->scratch, &sample) == 0)
                        try_pumps(hunt, &sample, node, seed);
                if (node->child->kind == SYNTAX_SET)
                        return; /* another seed would give it nothing else */
        }
}

static void walk(struct hunt *hunt, const struct syntax_node *node) {
        if (node->kind == SYNTAX_REPEAT && node->high >= REPEAT_MANY &&
                hunt->repeats++ < REPEATS_MAX)
                try_repeat(hunt, node);
        for (const struct syntax_node *child = node->child; child; child = child->next)
                walk(hunt, child);
}

int rating_cost(const struct failregex *regex, struct arena *arena, struct rating_cost *ret,
        struct fault *fault) {
        struct hunt hunt = {.regex = slice_of(regex->text), .arena = arena, .worst = ret};
        hunt.root = syntax_parse(hunt.regex, arena);
        if (!hunt.root)
                return RATING_UNKNOWN;
        int r = trial_new(hunt.regex, regex->flags, TRIAL_WORK, &hunt.trial, fault);
        if (r < 0)
                return r;
        walk(&hunt, hunt.root);
        (void)trial_free(hunt.trial);
        arena_done(&hunt.scratch);
        return hunt.found ? RATING_BAD : RATING_GOOD;
}
