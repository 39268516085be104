/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One reader serves many jails and is given the union of what they want; so each entry has to be looked at again for each jail. The
 * rules are those of sd_journal_add_match(3), under which an empty group (of "+" at an end) is no group at all. */
#include "detect/journal_match.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/repr.h"

static void group_done(struct journal_match_group *group) {
        for (size_t i = 0; i < group->count; i++)
                free(group->words[i]);
        free(group->words);
}

void journal_match_done(struct journal_match *match) {
        for (size_t i = 0; i < match->count; i++)
                group_done(&match->groups[i]);
        free(match->groups);
        *match = JOURNAL_MATCH_INIT;
}

/* Length of the field's name, or 0 if the word is none that the journal takes. */
static size_t name_length(struct slice word) {
        size_t len = slice_find_char(word, '=', 0);
        if (len == 0 || len == word.len || slice_has_prefix(word, SLICE("__")))
                return 0;
        for (size_t i = 0; i < len; i++) {
                char c = word.data[i];
                if (c != '_' && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
                        return 0;
        }
        return len;
}

static bool is_part(struct slice word) {
        return slice_is(word, "+");
}

static int check_words(const struct journal_match *match, const struct value *words, struct fault *fault) {
        size_t groups = 1;
        for (size_t i = 0; i < words->list.count; i++) {
                struct slice word = value_item_text(words, i);
                groups += is_part(word);
                if (is_part(word))
                        continue;
                if (name_length(word) == 0 || word.len > JOURNAL_MATCH_WORD_MAX || memchr(word.data, '\0', word.len))
                        return fault_raise(fault, "ValueError", "Invalid match");
        }
        if (match->count + groups > JOURNAL_MATCH_GROUPS_MAX || match->word_count + words->list.count > JOURNAL_MATCH_WORDS_MAX)
                return fault_raise(fault, "ValueError", "Too many matches");
        return 0;
}

/* The group of the words from first up to, not including, end. */
static void add_group(struct journal_match *match, const struct value *words, size_t first, size_t end) {
        struct journal_match_group group = {.words = memory_new_array(end - first + 1, sizeof(char *))};
        for (size_t i = first; i < end; i++)
                group.words[group.count++] = memory_copy_text(value_item_text(words, i));
        memory_reserve(&match->groups, match->count, &match->capacity, sizeof(group));
        match->groups[match->count++] = group;
        match->word_count += group.count;
}

int journal_match_add(struct journal_match *match, const struct value *words, struct fault *fault) {
        size_t first = 0;
        int r = check_words(match, words, fault);
        if (r < 0)
                return r;
        for (size_t i = 0; i <= words->list.count; i++) {
                if (i < words->list.count && !is_part(value_item_text(words, i)))
                        continue;
                add_group(match, words, first, i);
                first = i + 1;
        }
        return 0;
}

static bool group_is(const struct journal_match_group *group, const struct value *words) {
        if (group->count != words->list.count)
                return false;
        for (size_t i = 0; i < group->count; i++)
                if (!slice_is(value_item_text(words, i), group->words[i]))
                        return false;
        return true;
}

static int refuse_absent(const struct value *words, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct slice text = repr(words, &arena);
        int r = fault_raise(fault, "ValueError", "Match %.*s not found", SLICE_ARG(text));
        arena_done(&arena);
        return r;
}

int journal_match_del(struct journal_match *match, const struct value *words, struct fault *fault) {
        for (size_t i = 0; i < match->count; i++) {
                if (!group_is(&match->groups[i], words))
                        continue;
                match->word_count -= match->groups[i].count;
                group_done(&match->groups[i]);
                match->count--;
                memmove(&match->groups[i], &match->groups[i + 1], (match->count - i) * sizeof(match->groups[0]));
                return 0;
        }
        return refuse_absent(words, fault);
}

struct value journal_match_value(const struct journal_match *match, struct arena *arena) {
        struct value list = value_list();
        for (size_t i = 0; i < match->count; i++) {
                struct value group = value_list();
                for (size_t k = 0; k < match->groups[i].count; k++)
                        value_append(&group, value_string(arena_copy(arena, slice_of(match->groups[i].words[k]))), arena);
                value_append(&list, group, arena);
        }
        return list;
}

static bool has_field(struct slice word, const struct slice *fields, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (slice_equal(fields[i], word))
                        return true;
        return false;
}

/* Whether the entry has one of the group's values for the field of the word at index. */
static bool has_value(const struct journal_match_group *group, size_t index, const struct slice *fields, size_t count) {
        struct slice word = slice_of(group->words[index]);
        struct slice name = slice_sub(word, 0, slice_find_char(word, '=', 0) + 1);
        for (size_t i = 0; i < group->count; i++) {
                struct slice other = slice_of(group->words[i]);
                if (slice_has_prefix(other, name) && has_field(other, fields, count))
                        return true;
        }
        return false;
}

static bool fits_group(const struct journal_match_group *group, const struct slice *fields, size_t count) {
        for (size_t i = 0; i < group->count; i++)
                if (!has_value(group, i, fields, count))
                        return false;
        return group->count > 0;
}

bool journal_match_fits(const struct journal_match *match, const struct slice *fields, size_t count) {
        bool any = false;
        for (size_t i = 0; i < match->count; i++) {
                any = any || match->groups[i].count > 0;
                if (fits_group(&match->groups[i], fields, count))
                        return true;
        }
        return !any;
}
