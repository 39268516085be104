/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex that is rated: every text made from its tree ends, the line that is said to fool it does,
 * and the tree's parts lie within it. */
#include "detect/rating.h"
#include "detect/sample.h"
#include "fuzz.h"

static void check_tree(const struct syntax_node *node, size_t start, size_t end) {
        FUZZ_REQUIRE(node->start >= start && node->start <= node->end && node->end <= end);
        FUZZ_REQUIRE(node->kind != SYNTAX_REPEAT || (node->child && node->low <= node->high));
        for (const struct syntax_node *child = node->child; child; child = child->next)
                check_tree(child, node->start, node->end);
}

static void check_samples(const struct syntax_node *root, struct arena *arena) {
        for (uint64_t seed = 0; seed < 3; seed++) {
                struct sample sample;
                struct sample_wish wish = {.seed = seed, .address = SLICE(RATING_HONEST)};
                int r = sample_make(root, &wish, arena, &sample);
                FUZZ_REQUIRE(r < 0 || sample.text.len <= SAMPLE_MAX);
        }
}

static void check_spoof(const struct failregex *regex, struct arena *arena) {
        struct rating_spoof spoof;
        struct pattern_match match;
        struct fault fault = FAULT_INIT;
        if (rating_spoof(regex, arena, &spoof, &fault) == RATING_BAD) {
                struct slice line = ARENA_JOIN(arena, spoof.line, SLICE("\n"));
                FUZZ_REQUIRE(slice_find(line, slice_of(spoof.address), 0) < line.len);
                FUZZ_REQUIRE(
                        pattern_search(regex->pattern, line, 0, line.len, &match, &fault) == 1);
        }
        fault_done(&fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice text = fuzz_input(data, size);
        struct arena arena = ARENA_INIT;
        struct failregex *regex = NULL;
        struct rating_cost cost;
        if (size == 0 || size > 300 ||
                failregex_new(text, TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, NULL) < 0)
                return 0;
        struct slice expanded = slice_of(regex->text);
        struct syntax_node *root = syntax_parse(expanded, &arena);
        if (root) {
                check_tree(root, 0, expanded.len);
                check_samples(root, &arena);
        }
        check_spoof(regex, &arena);
        if (size < 60 && rating_cost(regex, &arena, &cost, NULL) == RATING_BAD)
                FUZZ_REQUIRE(cost.pump.len > 0 && cost.steps > 0);
        (void)failregex_free(regex);
        arena_done(&arena);
        return 0;
}
