/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands are looked at with the tags replaced that are properties of the action. Tags that a ban
 * fills in stay; of the others it is told that they go to the shell as they stand. Only what has
 * the form of a tag's name counts, so that redirections and e-mail addresses do not. */
#include "config/check_actions.h"

#include "base/tag.h"
#include "config/check_programs.h"
#include "config/excerpt.h"
#include "config/options.h"
#include "config/settings.h"
#include "config/suggest.h"

#define ROUNDS_MAX 10 /* of tags within tags */

/* What the server fills in at a ban; besides F-NAME, and jail.NAME. */
static const char *const runtime_tags[] = {"ip", "family", "ip-rev", "ip-host", "fid", "failures",
        "time", "bantime", "bancount", "matches", "restored", "ipmatches", "ipjailmatches",
        "ipfailures", "ipjailfailures", "raw-ticket", "br", "sp", "fq-hostname", "sh-hostname",
        "nft-timeout", "nft-net", "jail.name", "jail.banned", "jail.banned_total", "jail.found",
        "jail.found_total"};
#define RUNTIME_TAGS (sizeof(runtime_tags) / sizeof(runtime_tags[0]))

struct check {
        struct findings *findings;
        struct slice jail;
        struct slice action;
        const struct value *pairs; /* the action's properties */
        struct value *told;        /* LIST of programs of the action that are missing */
};

/* The value of a property; with a condition, any of them. NULL if there is none. */
static const struct value *property(const struct check *c, struct slice name) {
        for (size_t i = 0; i < c->pairs->list.count; i++) {
                const struct value *pair = &c->pairs->list.items[i];
                struct slice condition;
                struct slice plain = options_split_condition(value_item_text(pair, 0), &condition);
                if (slice_equal(plain, name) || slice_equal(value_item_text(pair, 0), name))
                        return value_item(pair, 1);
        }
        return NULL;
}

static bool is_runtime(struct slice tag) {
        for (size_t i = 0; i < RUNTIME_TAGS; i++)
                if (slice_is(tag, runtime_tags[i]))
                        return true;
        return slice_has_prefix(tag, SLICE("F-"));
}

/* Tags that are properties are replaced; others become a letter, for the shell's grammar. */
static struct slice replacement(void *user, struct slice whole) {
        const struct check *c = user;
        const struct value *value = property(c, slice_sub(whole, 1, whole.len - 1));
        return value && value->type == VALUE_STRING ? value->string : whole;
}

static struct slice blank(void *user, struct slice whole) {
        (void)user;
        (void)whole;
        return SLICE("$tag");
}

static struct slice replace(
        const struct check *c, struct slice text, tag_replacement *with, struct arena *arena) {
        struct buffer out = BUFFER_INIT(CHECK_ACTIONS_TEXT_MAX);
        struct check copy = *c;
        if (tag_replace(text, with, &copy, &out) == 0)
                text = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return text;
}

/* ---- tags ---- */

static bool is_name(struct slice tag) {
        for (size_t i = 0; i < tag.len; i++) {
                char ch = tag.data[i];
                bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
                if (!letter && !(i > 0 && ((ch >= '0' && ch <= '9') || strchr("_-.", ch))))
                        return false;
        }
        return tag.len > 1;
}

static void find_tag(const struct check *c, const struct value *pair, struct slice tag) {
        struct arena *arena = c->findings->arena;
        struct suggest suggest = suggest_begin(tag);
        for (size_t i = 0; i < RUNTIME_TAGS; i++)
                suggest_offer(&suggest, slice_of(runtime_tags[i]));
        for (size_t i = 0; i < c->pairs->list.count; i++)
                suggest_offer(&suggest, value_item_text(&c->pairs->list.items[i], 0));
        struct finding finding = {.severity = FINDING_WARNING,
                .origin = pair->origin,
                .jail = c->jail,
                .part = arena_printf(arena, "<%.*s>", SLICE_ARG(tag)),
                .text = arena_printf(arena,
                        "action '%.*s': nothing is known of <%.*s> in %.*s: it stays as it is",
                        SLICE_ARG(c->action), SLICE_ARG(tag), SLICE_ARG(value_item_text(pair, 0))),
                .fix = suggest_text(&suggest, arena)};
        if (finding.fix.len == 0)
                finding.fix = arena_printf(
                        arena, "give it behind the action's name: [%.*s=...]", SLICE_ARG(tag));
        findings_add(c->findings, &finding);
}

/* "<<sender>>" is an address in brackets by now, and was never meant as a tag. */
static bool is_written(const struct value *pair, struct slice whole) {
        return !pair->origin || excerpt_is_written(pair->origin->file, whole);
}

static void check_tags(const struct check *c, const struct value *pair, struct slice text) {
        size_t start, end;
        for (size_t from = 0; tag_find(text, from, &start, &end); from = end) {
                struct slice tag = slice_sub(text, start + 1, end - 1);
                bool unknown = is_name(tag) && !is_runtime(tag) && !property(c, tag);
                if (unknown && is_written(pair, slice_sub(text, start, end)))
                        find_tag(c, pair, tag);
        }
}

/* ---- programs ---- */

static bool is_told(const struct check *c, struct slice program) {
        for (size_t i = 0; i < c->told->list.count; i++)
                if (slice_equal(c->told->list.items[i].string, program))
                        return true;
        return false;
}

static void check_program(const struct check *c, const struct value *pair, struct slice program) {
        struct arena *arena = c->findings->arena;
        struct slice name = value_item_text(pair, 0);
        if (is_told(c, program) || check_programs_is_there(program, arena))
                return;
        (void)value_append(c->told, value_string(arena_copy(arena, program)), arena);
        bool is_action = c->action.len > 0;
        const struct finding finding = {.severity = FINDING_WARNING,
                .origin = pair->origin,
                .jail = c->jail,
                .part = program,
                .text = arena_printf(arena, "%s%.*s%sprogram '%.*s' is not there, %.*s will fail",
                        is_action ? "action '" : "", SLICE_ARG(c->action), is_action ? "': " : "",
                        SLICE_ARG(program), SLICE_ARG(name)),
                .fix = is_action ? SLICE("install it, or choose another action")
                                 : SLICE("install it, or correct its path")};
        findings_add(c->findings, &finding);
}

static void check_programs(
        const struct check *c, const struct value *pair, struct slice text, struct arena *arena) {
        struct value programs = value_list();
        check_programs_list(replace(c, text, blank, arena), &programs, arena);
        for (size_t i = 0; i < programs.list.count; i++)
                check_program(c, pair, programs.list.items[i].string);
}

/* ---- properties ---- */

/* Whether a ban may run it: other properties are only parts of these. */
static bool is_command(struct slice name) {
        struct slice condition;
        struct slice plain = options_split_condition(name, &condition);
        const struct setting *setting = setting_find(SETTINGS_ACTION, plain);
        return setting && setting->type == SETTING_TEXT;
}

static void check_pair(const struct check *c, const struct value *pair) {
        const struct value *value = value_item(pair, 1);
        struct arena arena = ARENA_INIT;
        if (value && value->type == VALUE_STRING && is_command(value_item_text(pair, 0))) {
                struct slice text = value->string;
                for (int i = 0; i < ROUNDS_MAX; i++)
                        text = replace(c, text, replacement, &arena);
                check_tags(c, pair, text);
                check_programs(c, pair, text, &arena);
        }
        arena_done(&arena);
}

/* set JAIL ignorecommand COMMAND: nobody is ignored if it fails. */
static void check_ignore_command(const struct value *command, struct findings *findings) {
        struct arena arena = ARENA_INIT;
        struct value told = value_list(), pairs = value_list(), pair = value_list();
        const struct check c = {.findings = findings,
                .told = &told,
                .jail = value_item_text(command, 1),
                .action = SLICE(""),
                .pairs = &pairs};
        pair.origin = command->origin;
        (void)value_append(&pair, value_string(value_item_text(command, 2)), &arena);
        check_programs(&c, &pair, value_item_text(command, 3), &arena);
        arena_done(&arena);
}

/* multi-set JAIL action NAME PAIRS */
void check_actions(const struct value *stream, struct findings *findings) {
        for (size_t i = 0; i < stream->list.count; i++) {
                const struct value *command = &stream->list.items[i];
                const struct value *pairs = value_item(command, 4);
                if (slice_is(value_item_text(command, 0), "set") &&
                        slice_is(value_item_text(command, 2), "ignorecommand"))
                        check_ignore_command(command, findings);
                if (!slice_is(value_item_text(command, 0), "multi-set") ||
                        !slice_is(value_item_text(command, 2), "action") || !pairs)
                        continue;
                struct value told = value_list();
                const struct check c = {.findings = findings,
                        .told = &told,
                        .jail = value_item_text(command, 1),
                        .action = value_item_text(command, 3),
                        .pairs = pairs};
                for (size_t k = 0; k < pairs->list.count; k++)
                        check_pair(&c, &pairs->list.items[k]);
        }
}
