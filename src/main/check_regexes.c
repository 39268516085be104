/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each jail's commands go, in their order, to a filter as a scanner has it. A regex is written in
 * pieces of several options and files more often than not: the place of an error is looked for by
 * the whole of it, then by what stands around the position that the error names, then by any piece
 * that no other regex of the option has. */
#include "main/check_regexes.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/tag.h"
#include "config/excerpt.h"
#include "detect/date.h"
#include "detect/filter.h"
#include "detect/journal_match.h"

#define AROUND ((size_t)12) /* bytes on both sides of an error's position */
#define AROUND_LEAST ((size_t)4)
#define PIECES_MAX 100u /* of one length that are looked for in the file */

struct check {
        struct findings *findings;
        const struct value *stream;
        struct clock clock;
        struct arena arena; /* of one command */
        struct slice jail;
        struct filter *filter;
        struct journal_match match;
        const struct value_origin *origin; /* of the present command */
        const struct value *siblings;      /* the regexes of that command, or NULL */
        bool complained;
        bool lost_prefix; /* its prefregex was refused: the regexes may lack what that would give */
        bool uses_journal;
};

/* What is said besides errors, which come back as faults. */
static void hear(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct check *c = user;
        (void)logger;
        if (level != DIAG_WARNING)
                return;
        const struct finding finding = {
                .severity = FINDING_WARNING, .origin = c->origin, .jail = c->jail, .text = text};
        findings_add(c->findings, &finding);
}

static bool has_part(const struct value_origin *origin, struct slice part, struct arena *arena) {
        return part.len >= AROUND_LEAST && excerpt_make(origin, part, arena).is_exact;
}

/* The position that ends Python's texts about regexes: "... at position 17", and perhaps more. */
static bool find_position(struct slice text, size_t *ret) {
        static const struct slice mark = {" at position ", 13};
        size_t at = slice_find(text, mark, 0);
        size_t end = at + mark.len;
        int64_t number;
        while (end < text.len && text.data[end] >= '0' && text.data[end] <= '9')
                end++;
        if (at >= text.len ||
                number_parse_python_int(slice_sub(text, at + mark.len, end), &number) < 0)
                return false;
        *ret = (size_t)number;
        return true;
}

/* Whether this regex alone has the piece. */
static bool is_its_own(const struct check *c, struct slice piece, struct slice regex) {
        for (size_t i = 0; c->siblings && i < c->siblings->list.count; i++) {
                struct slice other = value_item_text(c->siblings, i);
                if (!slice_equal(other, regex) && slice_find(other, piece, 0) < other.len)
                        return false;
        }
        return true;
}

static struct slice find_piece(struct check *c, struct slice regex) {
        for (size_t len = 2 * AROUND; len >= 2 * AROUND_LEAST; len /= 2)
                for (size_t at = 0; at + len <= regex.len && at < PIECES_MAX; at++) {
                        struct slice piece = slice_sub(regex, at, at + len);
                        if (is_its_own(c, piece, regex) && has_part(c->origin, piece, &c->arena))
                                return piece;
                }
        return regex;
}

/* What of the regex can be found in the file. */
static struct slice part_of(struct check *c, struct slice regex, struct slice error) {
        size_t position;
        if (!c->origin || has_part(c->origin, regex, &c->arena))
                return regex;
        bool named = find_position(error, &position) && position < regex.len;
        for (size_t around = AROUND; named && around >= AROUND_LEAST; around--) {
                struct slice part = slice_sub(
                        regex, position > around ? position - around : 0, position + around);
                if (has_part(c->origin, part, &c->arena))
                        return part;
        }
        return find_piece(c, regex);
}

static struct slice fix_of(struct slice option) {
        static const struct {
                const char *option;
                const char *fix;
        } rows[] = {
                {"datepattern",     "write %%Y, %%m, %%d and so on, or leave it out"   },
                {"logtimezone",     "write for example UTC, UTC+0100 or CET"           },
                {"logencoding",
                 "write auto, utf-8, utf-16, or one of a byte a character, like cp1252"},
                {"maxlines",        "write a whole number from 1"                      },
                {"addjournalmatch", "write FIELD=VALUE, + between several of them"     },
                {"journalmatch",    "write FIELD=VALUE, + between several of them"     },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (slice_is(option, rows[i].option))
                        return slice_of(rows[i].fix);
        return SLICE("mend it, and try it with fail2ban-regex");
}

/* "addfailregex" is failregex. */
static struct slice plain_name(struct slice option) {
        size_t verb = slice_has_prefix(option, SLICE("add")) ? 3 : 0;
        return slice_sub(option, verb, option.len);
}

static void find_fault(
        struct check *c, struct slice option, struct slice value, const struct fault *fault) {
        struct slice why = slice_of(fault_text(fault));
        bool follows = c->lost_prefix && slice_has_prefix(why, SLICE("No failure-id group"));
        c->complained = true;
        c->lost_prefix |= slice_is(option, "prefregex");
        if (follows)
                return;
        /* Who follows files has no use for it, right or wrong. */
        bool harmless = slice_is(option, "journalmatch") && !c->uses_journal;
        const struct finding finding = {.severity = harmless ? FINDING_WARNING : FINDING_ERROR,
                .origin = c->origin,
                .jail = c->jail,
                .part = part_of(c, value, why),
                .text = arena_printf(&c->arena, "%.*s is refused: %.*s",
                        SLICE_ARG(plain_name(option)), SLICE_ARG(why)),
                .fix = fix_of(option)};
        findings_add(c->findings, &finding);
}

static bool is_parameter(struct slice name) {
        for (size_t i = 0; i < name.len; i++) {
                char ch = name.data[i];
                if (!(ch >= 'a' && ch <= 'z') &&
                        !(i > 0 && ((ch >= '0' && ch <= '9') || strchr("-_.", ch))))
                        return false;
        }
        return name.len > 1;
}

/* A tag that was put together from others, like <mode-<mode>>, and that nothing has replaced: a
 * parameter of the filter is wrong. One that stands in the file so may be meant as text. */
static void check_tags(struct check *c, struct slice option, struct slice regex) {
        size_t start, end;
        for (size_t from = 0; c->origin && tag_find(regex, from, &start, &end); from = end) {
                struct slice tag = slice_sub(regex, start, end);
                bool is_group = start > 0 && regex.data[start - 1] == 'P';
                if (is_group || !is_parameter(slice_sub(tag, 1, tag.len - 1)) ||
                        excerpt_is_written(c->origin->file, tag))
                        continue;
                const struct finding finding = {.severity = FINDING_WARNING,
                        .origin = c->origin,
                        .jail = c->jail,
                        .text = arena_printf(&c->arena,
                                "%.*s has %.*s in it, which nothing defines: it stays as it is",
                                SLICE_ARG(plain_name(option)), SLICE_ARG(tag)),
                        .fix = SLICE("look which values the filter knows for what stands in its "
                                     "brackets")};
                findings_add(c->findings, &finding);
        }
}

static void set_one(struct check *c, struct slice option, const struct value *value) {
        struct fault fault = FAULT_INIT;
        struct value arguments = value_list();
        struct value ignored;
        (void)value_append(&arguments, *value, &c->arena);
        bool is_regex = slice_has_suffix(option, SLICE("regex"));
        if (is_regex && value->type == VALUE_STRING)
                check_tags(c, option, value->string);
        int r = slice_is(option, "addjournalmatch")
                        ? journal_match_add(&c->match, &arguments, &fault)
                        : filter_set(c->filter, option, &arguments, &c->arena, &ignored, &fault);
        if (r < 0)
                find_fault(
                        c, option, value->type == VALUE_STRING ? value->string : SLICE(""), &fault);
        fault_done(&fault);
}

static void set_journal_match(struct check *c, const struct value *command) {
        struct fault fault = FAULT_INIT;
        struct value words = value_list();
        for (size_t i = 3; i < command->list.count; i++)
                (void)value_append(&words, command->list.items[i], &c->arena);
        if (journal_match_add(&c->match, &words, &fault) < 0)
                find_fault(c, SLICE("journalmatch"), SLICE(""), &fault);
        fault_done(&fault);
}

static bool is_for_filter(struct slice option) {
        static const char *const names[] = {"usedns", "prefregex", "addfailregex", "addignoreregex",
                "maxlines", "datepattern", "logtimezone", "logencoding"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (slice_is(option, names[i]))
                        return true;
        return false;
}

/* A template compiles when it is first used. */
static void try_dates(struct check *c, struct slice pattern) {
        struct fault fault = FAULT_INIT;
        struct date_match match;
        if (date_detector_match(filter_dates(c->filter), SLICE("-"), &match, &fault) < 0)
                find_fault(c, SLICE("datepattern"), pattern, &fault);
        fault_done(&fault);
}

/* set JAIL OPTION VALUE..., multi-set JAIL OPTION VALUES */
static void apply(struct check *c, const struct value *command) {
        struct slice option = value_item_text(command, 2);
        const struct value *value = value_item(command, 3);
        c->origin = command->origin;
        if (slice_is(option, "addjournalmatch")) {
                set_journal_match(c, command);
                return;
        }
        if (!value || !is_for_filter(option))
                return;
        if (!value_is_container(value)) {
                set_one(c, option, value);
                if (slice_is(option, "datepattern") && value->type == VALUE_STRING)
                        try_dates(c, value->string);
                return;
        }
        c->siblings = value;
        for (size_t i = 0; i < value->list.count; i++)
                set_one(c, option, &value->list.items[i]);
        c->siblings = NULL;
}

static void check_jail(struct check *c, const struct value_origin *origin) {
        const struct filter_env env = {.clock = &c->clock, .diag = hear, .user = c};
        c->match = JOURNAL_MATCH_INIT;
        c->complained = false;
        c->lost_prefix = false;
        c->filter = filter_new(c->jail, FILTER_DAEMON, &env);
        for (size_t i = 0; i < c->stream->list.count; i++) {
                const struct value *command = &c->stream->list.items[i];
                struct slice verb = value_item_text(command, 0);
                bool sets = slice_is(verb, "set") || slice_is(verb, "multi-set");
                if (sets && slice_equal(value_item_text(command, 1), c->jail))
                        apply(c, command);
                arena_reset(&c->arena);
        }
        const struct finding idle = {.severity = FINDING_WARNING,
                .origin = origin,
                .jail = c->jail,
                .text = SLICE("has no failregex: it only bans what it is told to"),
                .fix = SLICE("set filter or failregex")};
        if (filter_failregex_count(c->filter) == 0 && !c->complained)
                findings_add(c->findings, &idle);
        c->filter = filter_free(c->filter);
        journal_match_done(&c->match);
}

void check_regexes(const struct value *stream, struct findings *findings) {
        struct check c = {.findings = findings, .stream = stream, .clock = CLOCK_INIT};
        unsigned count = 0;
        for (size_t i = 0; i < stream->list.count; i++) {
                const struct value *command = &stream->list.items[i];
                if (!slice_is(value_item_text(command, 0), "add") ||
                        count++ >= CHECK_REGEXES_JAILS_MAX)
                        continue;
                c.jail = value_item_text(command, 1);
                c.uses_journal = slice_has_prefix(value_item_text(command, 2), SLICE("systemd"));
                check_jail(&c, command->origin);
        }
        arena_done(&c.arena);
}
