/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as a test compares them: "severity jail file:line: text [fix]", one a line, the root
 * shown as ROOT. */
#pragma once

#include "config/config.h"
#include "config/finding.h"
#include "config_tree.h"

static inline const char *findings_text(struct config_tree *tree, const struct findings *findings) {
        struct slice all = SLICE("");
        for (size_t i = 0; i < findings->count; i++) {
                const struct finding *item = &findings->items[i];
                static const char *const severities[] = {"error", "warning", "hint"};
                struct slice place = SLICE("-");
                if (item->origin)
                        place = arena_printf(
                                &tree->arena, "%s:%u", item->origin->file, item->origin->line);
                all = arena_printf(&tree->arena, "%.*s%s %.*s %.*s: %.*s [%.*s]\n", SLICE_ARG(all),
                        severities[item->severity],
                        SLICE_ARG(item->jail.len > 0 ? item->jail : SLICE("-")), SLICE_ARG(place),
                        SLICE_ARG(item->text), SLICE_ARG(item->fix));
        }
        return config_tree_mask(tree, arena_copy(&tree->arena, all).data);
}

/* Reads the tree with findings; the stream that comes of it is in *ret. */
static inline int findings_read(
        struct config_tree *tree, struct findings *findings, struct value *ret) {
        *findings = (struct findings){.arena = &tree->arena};
        const struct config_request request = {
                .basedir = slice_of(tree->root), .findings = findings};
        return config_stream(&request, &tree->arena, ret, NULL);
}
