/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --check: what detect/rating.h finds in the regexes of a filter, each with its place and with the
 * line that shows it; and regexes for which every line of a log has to be searched. */
#include <inttypes.h>
#include <stdio.h>

#include "base/repr.h"
#include "detect/literals.h"
#include "detect/rating.h"
#include "main/regex_place.h"
#include "main/regex_tool.h"

#define SHOWN_BYTES 400 /* of a line */

struct subject {
        const char *kind; /* "failregex" */
        size_t number;
        struct slice text; /* as given */
        const struct value_origin *origin;
};

struct checker {
        struct regex_tool *tool;
        struct arena arena;
        const struct subject *subject;
        size_t regexes, findings, unknown;
};

static void say_place(const struct checker *checker, const char *what) {
        const struct subject *s = checker->subject;
        if (s->origin)
                (void)printf("%s:%u: ", s->origin->file, regex_place_line(s->origin, s->text));
        (void)printf("%s", s->kind);
        if (s->number > 0)
                (void)printf(" %zu", s->number);
        (void)printf(": %s: ", what);
}

static void say_line(struct checker *checker, const char *label, struct slice line) {
        struct slice shown = repr_text(slice_sub(line, 0, SHOWN_BYTES), &checker->arena);
        (void)printf("    %s: %.*s\n", label, SLICE_ARG(shown));
}

static void tell_cost(struct checker *checker, const struct rating_cost *cost) {
        struct slice part = slice_sub(cost->part, 0, SHOWN_BYTES);
        checker->findings++;
        say_place(checker, "backtracking");
        if (cost->growth == RATING_EXPONENTIAL)
                (void)printf("the work grows exponentially with the length of what %.*s matches",
                        SLICE_ARG(part));
        else
                (void)printf(
                        "the work grows with the power %.1f of the length of what %.*s matches",
                        cost->degree, SLICE_ARG(part));
        (void)printf(cost->stopped ? "; %zu bytes need more than %" PRIu64 " steps\n"
                                   : "; %zu bytes need %" PRIu64 " steps\n",
                cost->length, cost->steps);
        struct slice pump = repr_text(cost->pump, &checker->arena);
        (void)printf("    line: %.*s + %.*s * %zu + %.*s\n",
                SLICE_ARG(repr_text(cost->before, &checker->arena)), SLICE_ARG(pump),
                cost->length / cost->pump.len, SLICE_ARG(repr_text(cost->behind, &checker->arena)));
}

static void tell_spoof(struct checker *checker, const struct rating_spoof *spoof) {
        checker->findings++;
        say_place(checker, "spoofing");
        if (spoof->part.data)
                (void)printf("who can write what %.*s matches can have any address banned\n",
                        SLICE_ARG(slice_sub(spoof->part, 0, SHOWN_BYTES)));
        else
                (void)printf(
                        "no anchor in front: who can write any text there can have any address "
                        "banned\n");
        say_line(checker, "line", spoof->line);
        (void)printf("    finds %s in place of %s\n", spoof->address, spoof->honest);
}

static void tell_unknown(struct checker *checker, const char *what) {
        checker->unknown++;
        say_place(checker, what);
        (void)printf("not judged, no line could be made that it matches\n");
}

static int rate(struct checker *checker, const struct failregex *regex, struct fault *fault) {
        struct rating_cost cost;
        struct rating_spoof spoof;
        int r = rating_cost(regex, &checker->arena, &cost, fault);
        if (r == RATING_BAD)
                tell_cost(checker, &cost);
        else if (r == RATING_UNKNOWN)
                tell_unknown(checker, "backtracking");
        if (r < 0 || strcmp(checker->subject->kind, "ignoreregex") == 0)
                return r; /* its address is nobody's */
        if (r >= 0)
                r = rating_spoof(regex, &checker->arena, &spoof, fault);
        if (r == RATING_BAD)
                tell_spoof(checker, &spoof);
        else if (r == RATING_UNKNOWN)
                tell_unknown(checker, "spoofing");
        return r;
}

/* The rules of one regex. */
static int check(struct checker *checker, const struct subject *subject, struct fault *fault) {
        struct failregex *regex = NULL;
        enum tag_hosts hosts =
                slice_is(checker->tool->arguments.usedns, "no") ? TAG_HOSTS_PLAIN : TAG_HOSTS_NAMED;
        unsigned flags = checker->tool->report.multi_line && strcmp(subject->kind, "failregex") == 0
                                 ? PATTERN_MULTILINE
                                 : PATTERN_PLAIN;
        arena_reset(&checker->arena);
        checker->subject = subject;
        checker->regexes++;
        int r = failregex_new(subject->text, hosts, flags, &regex, fault);
        if (r == 0)
                r = rate(checker, regex, fault);
        (void)failregex_free(regex);
        return r;
}

static struct literals literals_in(struct checker *checker, struct slice text) {
        struct fault fault = FAULT_INIT;
        struct failregex *regex = NULL;
        struct literals literals = {0};
        if (failregex_new(text, TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, &fault) == 0)
                literals = literals_of(slice_of(regex->text), &checker->arena);
        (void)failregex_free(regex);
        fault_done(&fault);
        return literals;
}

/* A prefregex with a text of its own spares all lines without it. */
static void check_literals(struct checker *checker, const struct subject *subject) {
        checker->subject = subject;
        arena_reset(&checker->arena);
        if (literals_in(checker, subject->text).count > 0)
                return;
        checker->findings++;
        say_place(checker, "no fixed text");
        (void)printf("no text has to be in a line, so every line of the log must be searched\n");
}

static bool prefregex_has_text(struct checker *checker) {
        arena_reset(&checker->arena);
        return checker->tool->prefregex.len > 0 &&
               literals_in(checker, checker->tool->prefregex).count > 0;
}

static int check_list(struct checker *checker, const char *kind, const struct regex_stats *stats,
        bool needs_text, struct fault *fault) {
        int r = 0;
        for (size_t i = 0; r >= 0 && i < stats->count; i++) {
                struct subject subject = {
                        kind, i + 1, stats->items[i].regex, stats->items[i].origin};
                r = check(checker, &subject, fault);
                if (r >= 0 && needs_text)
                        check_literals(checker, &subject);
        }
        checker->subject = NULL;
        return r;
}

static int check_all(struct checker *checker, struct fault *fault) {
        struct regex_tool *tool = checker->tool;
        struct subject first = {"prefregex", 0, tool->prefregex, tool->prefregex_origin};
        int r = tool->prefregex.len > 0 ? check(checker, &first, fault) : 0;
        checker->subject = NULL;
        if (r >= 0)
                r = check_list(checker, "failregex", &tool->report.fail,
                        !tool->report.multi_line && !prefregex_has_text(checker), fault);
        if (r >= 0)
                r = check_list(checker, "ignoreregex", &tool->report.ignore, false, fault);
        return r;
}

enum regex_end regex_check_run(struct regex_tool *tool) {
        struct checker checker = {.tool = tool, .arena = ARENA_INIT};
        struct fault fault = FAULT_INIT;
        int r = check_all(&checker, &fault);
        if (r < 0)
                (void)printf("ERROR: %s\n", fault_text(&fault));
        else
                (void)printf("%zu regular expressions, %zu findings%s\n", checker.regexes,
                        checker.findings, checker.unknown > 0 ? ", some not judged" : "");
        fault_done(&fault);
        arena_done(&checker.arena);
        if (r < 0)
                return REGEX_FAILED;
        return checker.findings > 0 ? REGEX_UNCAUGHT : REGEX_GO_ON;
}
