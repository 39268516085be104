/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of configuration share: a temporary directory of files, a record of what was said, and
 * values as text. */
#pragma once

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/repr.h"
#include "base/value.h"
#include "config/text.h"

struct config_tree {
        char root[64];
        struct arena arena;
        char said[16384]; /* "LEVEL text\n" for each message of level NOTICE and above; the root is
                             shown as ROOT */
};

static inline void config_tree_hear(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        struct config_tree *tree = user;
        (void)logger;
        size_t used = strlen(tree->said);
        (void)snprintf(tree->said + used, sizeof(tree->said) - used, "%s %.*s\n",
                diag_level_name((int)level), SLICE_ARG(text));
}

static inline void config_tree_init(struct config_tree *tree) {
        *tree = (struct config_tree){.root = "/tmp/stockade-config-XXXXXX"};
        if (!mkdtemp(tree->root))
                abort();
        diag_set_sink(config_tree_hear, tree);
        diag_set_threshold(DIAG_NOTICE);
}

static inline int config_tree_remove(
        const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static inline void config_tree_done(struct config_tree *tree) {
        diag_set_sink(NULL, NULL);
        (void)nftw(tree->root, config_tree_remove, 16, FTW_DEPTH | FTW_PHYS);
        arena_done(&tree->arena);
}

static inline struct slice config_tree_path(struct config_tree *tree, const char *path) {
        return arena_printf(&tree->arena, "%s/%s", tree->root, path);
}

/* Writes a file, with its directories. */
static inline void config_tree_put(struct config_tree *tree, const char *path, struct slice text) {
        char *full = memcpy(arena_alloc(&tree->arena, 4096), config_tree_path(tree, path).data,
                strlen(tree->root) + strlen(path) + 2);
        for (char *slash = strchr(full + strlen(tree->root) + 1, '/'); slash;
                slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void)mkdir(full, 0700);
                *slash = '/';
        }
        FILE *file = fopen(full, "we");
        if (!file || fwrite(text.data, 1, text.len, file) != text.len || fclose(file) != 0)
                abort();
}

static inline void config_tree_write(struct config_tree *tree, const char *path, const char *text) {
        config_tree_put(tree, path, slice_of(text));
}

/* The text with the tree's directory shown as ROOT. */
static inline const char *config_tree_mask(struct config_tree *tree, const char *text) {
        struct slice all = SLICE("");
        struct slice rest = slice_of(text);
        struct slice root = slice_of(tree->root);
        while (rest.data) {
                size_t at = slice_find(rest, root, 0);
                bool found = at < rest.len;
                all = arena_printf(&tree->arena, "%.*s%.*s%s", SLICE_ARG(all),
                        SLICE_ARG(slice_sub(rest, 0, at)), found ? "ROOT" : "");
                if (!found)
                        return all.data;
                rest = slice_sub(rest, at + root.len, rest.len);
        }
        return "";
}

/* The items of a list, one a line. */
static inline const char *config_tree_lines(const struct value *list, struct arena *arena) {
        struct slice all = SLICE("");
        for (size_t i = 0; i < list->list.count; i++)
                all = arena_printf(arena, "%.*s%.*s\n", SLICE_ARG(all),
                        SLICE_ARG(repr(&list->list.items[i], arena)));
        return arena_copy(arena, all).data;
}
