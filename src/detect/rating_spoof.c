/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whoever may write a part of a line (a user name, a path) writes there what the regex expects
 * behind that part, with another address, and looks whether the regex falls for it. A line is only
 * tried if the regex finds the right address before that. */
#include <errno.h>

#include "detect/rating.h"
#include "detect/sample.h"
#include "detect/syntax.h"

#define WIDE_MAX 32   /* repeats of a regex that are tried */
#define WIDE_TIMES 24 /* a repeat of fewer characters has no room */
#define SEEDS 40      /* samples that are tried until one matches */
#define PAYLOADS_MAX 96

struct forge {
        const struct failregex *regex;
        const struct syntax_node *root;
        struct arena *arena;
        struct fault *fault;
        const char *address, *honest;
        const struct syntax_node *wide[WIDE_MAX];
        size_t wide_count;
        struct slice payloads[PAYLOADS_MAX];
        size_t payload_count;
        size_t match_start; /* of the last line that was matched */
};

static void gather(struct forge *forge, const struct syntax_node *node) {
        if (node->kind == SYNTAX_REPEAT && node->high >= WIDE_TIMES &&
                node->child->kind == SYNTAX_SET && forge->wide_count < WIDE_MAX)
                forge->wide[forge->wide_count++] = node;
        for (const struct syntax_node *child = node->child; child; child = child->next)
                if (node->kind != SYNTAX_GROUP || !sample_is_address(node->name))
                        gather(forge, child);
}

static bool has_address(const struct syntax_node *node) {
        if (node->kind == SYNTAX_GROUP && sample_is_address(node->name))
                return true;
        for (const struct syntax_node *child = node->child; child; child = child->next)
                if (has_address(child))
                        return true;
        return false;
}

/* The address that the regex finds in a line. Returns 1, 0 or negative errno. */
static int find(struct forge *forge, struct slice line, struct slice *ret) {
        static const char *const names[] = {"ip4", "ip6", "dns", "fid"};
        const struct pattern *pattern = forge->regex->pattern;
        struct slice text = ARENA_JOIN(forge->arena, line, SLICE("\n"));
        struct pattern_match match;
        int r = pattern_search(pattern, text, 0, text.len, &match, forge->fault);
        if (r <= 0)
                return r == -ELOOP ? 0 : r;
        forge->match_start = match.spans[0];
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                size_t group = pattern_group_number(pattern, slice_of(names[i]));
                size_t start;
                size_t end;
                if (group > 0 && pattern_match_span(&match, group, &start, &end)) {
                        *ret = slice_sub(text, start, end);
                        return 1;
                }
        }
        return 0;
}

static bool finds(struct forge *forge, struct slice line, const char *address) {
        struct slice found;
        return find(forge, line, &found) > 0 && slice_is(found, address);
}

/* A line through node that is matched with this address in it. */
static bool make_line(struct forge *forge, const struct syntax_node *node, const char *address,
        struct sample *ret) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
                struct sample_wish wish = {
                        .seed = seed, .address = slice_of(address), .through = node};
                if (sample_make(forge->root, &wish, forge->arena, ret) == 0 &&
                        finds(forge, ret->text, address))
                        return true;
        }
        return false;
}

static void add_payload(struct forge *forge, struct slice text) {
        bool has_line = slice_find_char(text, '\n', 0) < text.len;
        bool has_address = slice_find(text, slice_of(forge->address), 0) < text.len;
        if (has_address && !has_line && forge->payload_count < PAYLOADS_MAX)
                forge->payloads[forge->payload_count++] = text;
}

/* What comes behind node, as a whole and up to the address. */
static void add_rest(struct forge *forge, const struct sample *sample, size_t from) {
        struct slice rest = slice_sub(sample->text, from, sample->text.len);
        size_t at = slice_find(rest, slice_of(forge->address), 0);
        add_payload(forge, rest);
        add_payload(forge, slice_sub(rest, 0, at + strlen(forge->address)));
}

static void make_payloads(struct forge *forge) {
        struct sample sample;
        for (size_t i = 0; i < forge->wide_count; i++) {
                if (!make_line(forge, forge->wide[i], forge->address, &sample))
                        continue;
                add_rest(forge, &sample, sample.end);
                add_rest(forge, &sample, 0);
        }
}

static bool try_line(
        struct forge *forge, struct slice line, struct slice part, struct rating_spoof *ret) {
        if (!finds(forge, line, forge->address))
                return false;
        *ret = (struct rating_spoof){
                .part = part, .address = forge->address, .honest = forge->honest, .line = line};
        return true;
}

/* Writes payloads where the repeat's text stands. */
static bool try_wide(
        struct forge *forge, const struct syntax_node *node, struct rating_spoof *ret) {
        struct slice part = slice_sub(slice_of(forge->regex->text), node->start, node->end);
        const struct syntax_set *set = &node->child->set;
        struct sample sample;
        char fill[2] = {sample_char(set, 0), '\0'};
        static const char *const joints[] = {"", " "};
        if (!make_line(forge, node, forge->honest, &sample))
                return false;
        struct slice before = slice_sub(sample.text, 0, sample.begin);
        struct slice behind = slice_sub(sample.text, sample.end, sample.text.len);
        for (size_t i = 0; i < forge->payload_count; i++) {
                struct slice payload = forge->payloads[i];
                if (!syntax_set_has_all(set, payload))
                        continue;
                for (size_t k = 0; k < 2; k++) {
                        struct slice joint = slice_of(joints[k]);
                        if (!syntax_set_has_all(set, joint))
                                continue;
                        struct slice line = ARENA_JOIN(forge->arena, before, slice_of(fill),
                                payload, joint, slice_of(fill), behind);
                        if (try_line(forge, line, part, ret))
                                return true;
                }
        }
        return false;
}

/* Whether the regex begins anywhere: in the midst of what somebody wrote. */
static bool try_front(struct forge *forge, struct rating_spoof *ret) {
        struct sample honest;
        struct sample forged;
        if (!make_line(forge, NULL, forge->honest, &honest) ||
                !make_line(forge, NULL, forge->address, &forged))
                return false;
        struct slice line =
                ARENA_JOIN(forge->arena, SLICE("\""), forged.text, SLICE("\" "), honest.text);
        return try_line(forge, line, SLICE_NULL, ret) && forge->match_start > 0;
}

static int rate(struct forge *forge, struct rating_spoof *ret) {
        struct sample sample;
        if (!make_line(forge, NULL, forge->honest, &sample))
                return RATING_UNKNOWN;
        make_payloads(forge);
        if (try_front(forge, ret))
                return RATING_BAD;
        for (size_t i = 0; i < forge->wide_count; i++)
                if (try_wide(forge, forge->wide[i], ret))
                        return RATING_BAD;
        return RATING_GOOD;
}

int rating_spoof(const struct failregex *regex, struct arena *arena, struct rating_spoof *ret,
        struct fault *fault) {
        struct forge forge = {.regex = regex,
                .arena = arena,
                .fault = fault,
                .address = RATING_ADDRESS,
                .honest = RATING_HONEST};
        forge.root = syntax_parse(slice_of(regex->text), arena);
        if (!forge.root)
                return RATING_UNKNOWN;
        if (!has_address(forge.root))
                return RATING_GOOD;
        gather(&forge, forge.root);
        int r = rate(&forge, ret);
        if (r != RATING_UNKNOWN)
                return r;
        forge.address = RATING_ADDRESS6;
        forge.honest = RATING_HONEST6;
        return rate(&forge, ret);
}
