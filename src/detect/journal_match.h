/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What entries of the journal a jail wants: groups of "FIELD=value" words. An entry fits if it fits any group; it fits a group if, for
 * each field that the group names, it has one of the values that the group has for it (spec filter.md 4.9). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"

#define JOURNAL_MATCH_GROUPS_MAX 1024 /* of a jail */
#define JOURNAL_MATCH_WORDS_MAX 4096  /* of a jail, all groups together */
#define JOURNAL_MATCH_WORD_MAX 65536  /* bytes */

struct journal_match_group {
        char **words;
        size_t count;
};

struct journal_match {
        struct journal_match_group *groups;
        size_t count;
        size_t capacity;
        size_t word_count;
};

#define JOURNAL_MATCH_INIT ((struct journal_match){NULL, 0, 0, 0})

void journal_match_done(struct journal_match *match);
/* Adds the groups of words (LIST of texts; "+" parts groups). Nothing is added unless all is right. Returns 0, or -EINVAL with a
 * fault in upstream's words. */
int journal_match_add(struct journal_match *match, const struct value *words, struct fault *fault);
/* Removes the first group that is equal to words. Returns 0, or -EINVAL with a fault if there is none. */
int journal_match_del(struct journal_match *match, const struct value *words, struct fault *fault);
/* LIST of LISTs of words. */
struct value journal_match_value(const struct journal_match *match, struct arena *arena);
/* Whether an entry with these fields ("FIELD=value" each, a field may come several times) fits. Without groups every entry does. */
bool journal_match_fits(const struct journal_match *match, const struct slice *fields, size_t count);
