/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walk over the tree that writes as it goes. Choices that lead to `through`, or else to an
 * address of the wanted family, are taken; the others follow the seed. */
#include "detect/sample.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

#define GROUPS_MAX 64
#define PARTS_MAX 200000 /* repeats of nothing end here */
#define PLAIN "x1a-/:._ \"'[]()=,"

struct capture {
        uint32_t group;
        struct slice name;
        size_t begin, end;
};

struct maker {
        const struct sample_wish *wish;
        uint64_t state;
        struct buffer text;
        struct capture captures[GROUPS_MAX];
        size_t capture_count;
        struct sample *out;
        unsigned parts; /* made so far */
        int error;
};

/* Marsaglia's xorshift: the same texts on every machine. */
static uint64_t next_random(uint64_t *state) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

static unsigned pick(struct maker *maker, unsigned count) {
        return maker->state == 0 || count < 2 ? 0 : (unsigned)(next_random(&maker->state) % count);
}

bool sample_is_address(struct slice name) {
        return slice_is(name, "ip4") || slice_is(name, "ip6") || slice_is(name, "dns") ||
               slice_is(name, "fid");
}

char sample_char(const struct syntax_set *set, uint64_t seed) {
        static const char plain[] = PLAIN;
        char members[128];
        unsigned count = 0;
        for (size_t i = 0; seed == 0 && plain[i]; i++)
                if (syntax_set_has(set, plain[i]))
                        return plain[i];
        for (int pass = 0; pass < 2 && count == 0; pass++)
                for (char c = pass == 0 ? ' ' : 1; c > 0 && c < 127; c++)
                        if (c != '\n' && syntax_set_has(set, c))
                                members[count++] = c;
        if (count == 0)
                return syntax_set_has(set, '\n') ? '\n' : 'x';
        uint64_t state = seed | 1;
        return members[seed == 0 ? 0 : next_random(&state) % count];
}

static void put(struct maker *maker, struct slice text) {
        if (maker->error == 0 && buffer_append(&maker->text, text) < 0)
                maker->error = -E2BIG;
}

static bool holds(const struct syntax_node *node, const struct syntax_node *wanted) {
        return wanted && node->start <= wanted->start && wanted->end <= node->end;
}

static bool holds_address(const struct syntax_node *node, const char *name) {
        if (node->kind == SYNTAX_GROUP && slice_is(node->name, name))
                return true;
        for (const struct syntax_node *child = node->child; child; child = child->next)
                if (holds_address(child, name))
                        return true;
        return false;
}

/* The group whose alternative is taken. */
static const char *family_group(const struct maker *maker) {
        return slice_find_char(maker->wish->address, ':', 0) < maker->wish->address.len ? "ip6"
                                                                                        : "ip4";
}

static void make(struct maker *maker, const struct syntax_node *node);

static void make_choice(struct maker *maker, const struct syntax_node *node) {
        const struct syntax_node *chosen = NULL;
        unsigned count = 0;
        assert(node->child); /* of a choice there are two at least */
        for (const struct syntax_node *child = node->child; child; child = child->next, count++)
                if (holds(child, maker->wish->through) && child != maker->wish->through)
                        chosen = child;
        for (const struct syntax_node *child = node->child; child && !chosen; child = child->next)
                if (holds_address(child, family_group(maker)))
                        chosen = child;
        unsigned left = pick(maker, count);
        for (const struct syntax_node *child = node->child; child && !chosen; child = child->next)
                if (left-- == 0)
                        chosen = child;
        make(maker, chosen ? chosen : node->child);
}

static void make_repeat(struct maker *maker, const struct syntax_node *node) {
        bool wanted = holds(node, maker->wish->through) ||
                      holds_address(node, family_group(maker)) || holds_address(node, "fid");
        uint32_t low = node->low;
        if (low == 0 && node->high > 0 && (wanted || node->high == SYNTAX_MANY))
                low = 1;
        uint32_t room = node->high - low < 3 ? node->high - low : 3;
        uint32_t times = low + pick(maker, room + 1);
        if (maker->state != 0 && node->low == 0 && !wanted && pick(maker, 3) == 0)
                times = 0;
        for (uint32_t i = 0; i < times && maker->error == 0; i++)
                make(maker, node->child);
}

static void make_group(struct maker *maker, const struct syntax_node *node) {
        size_t begin = buffer_len(&maker->text);
        const char *family = family_group(maker);
        bool is_address = slice_is(node->name, family) || slice_is(node->name, "dns") ||
                          (slice_is(node->name, "fid") && !holds_address(node->child, family));
        if (is_address)
                put(maker, maker->wish->address);
        else
                make(maker, node->child);
        if (maker->capture_count < GROUPS_MAX)
                maker->captures[maker->capture_count++] =
                        (struct capture){node->group, node->name, begin, buffer_len(&maker->text)};
}

static void make_reference(struct maker *maker, const struct syntax_node *node) {
        for (size_t i = maker->capture_count; i-- > 0;) {
                const struct capture *capture = &maker->captures[i];
                bool same = node->name.len > 0 ? slice_equal(node->name, capture->name)
                                               : node->group == capture->group;
                if (!same)
                        continue;
                char *copy = memory_copy_text(
                        slice_sub(buffer_view(&maker->text), capture->begin, capture->end));
                put(maker, (struct slice){copy, capture->end - capture->begin});
                free(copy);
                return;
        }
}

/* What must come next may be what a ".*" behind it matches, or may come anyhow. */
static void make_assertion(struct maker *maker, const struct syntax_node *node) {
        if (node->child && (maker->wish->seed % 2 == 1 || holds(node, maker->wish->through)))
                make(maker, node->child);
}

static void make_inside(struct maker *maker, const struct syntax_node *node) {
        char c;
        switch (node->kind) {
        case SYNTAX_SET:
                c = sample_char(&node->set, maker->state ? next_random(&maker->state) : 0);
                put(maker, (struct slice){&c, 1});
                break;
        case SYNTAX_SEQUENCE:
                for (const struct syntax_node *child = node->child; child; child = child->next)
                        make(maker, child);
                break;
        case SYNTAX_CHOICE:
                make_choice(maker, node);
                break;
        case SYNTAX_GROUP:
                make_group(maker, node);
                break;
        case SYNTAX_REPEAT:
                make_repeat(maker, node);
                break;
        case SYNTAX_REFERENCE:
                make_reference(maker, node);
                break;
        case SYNTAX_EDGE:
                make_assertion(maker, node);
                break;
        case SYNTAX_START:
        case SYNTAX_END:
                break;
        }
}

static void make(struct maker *maker, const struct syntax_node *node) {
        bool is_it = node == maker->wish->through;
        if (maker->error == 0 && maker->parts++ >= PARTS_MAX)
                maker->error = -E2BIG;
        if (maker->error)
                return;
        if (is_it)
                maker->out->begin = buffer_len(&maker->text);
        make_inside(maker, node);
        if (is_it)
                maker->out->end = buffer_len(&maker->text);
}

int sample_make(const struct syntax_node *root, const struct sample_wish *wish, struct arena *arena,
        struct sample *ret) {
        struct maker maker = {.wish = wish,
                .state = wish->seed * UINT64_C(0x9e3779b97f4a7c15),
                .text = BUFFER_INIT(SAMPLE_MAX),
                .out = ret};
        *ret = (struct sample){0};
        make(&maker, root);
        ret->text = arena_copy(arena, buffer_view(&maker.text));
        buffer_done(&maker.text);
        return maker.error;
}
