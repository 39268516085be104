/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/journal_match.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "base/repr.h"

/* Words of a text, parted by blanks. */
static struct value words(const char *text, struct arena *arena) {
        struct value list = value_list();
        struct slice rest = slice_of(text);
        struct slice word;
        while (rest.len > 0 && slice_next_piece(&rest, ' ', &word))
                value_append(&list, value_string(word), arena);
        return list;
}

static void groups_are_ored_fields_anded_values_ored(void **state) {
        static const struct {
                const char *match, *entry;
                bool fits;
        } rows[] = {
                {"A=1", "A=1", true},
                {"A=1", "A=2", false},
                {"A=1", "AB=1", false},
                {"A=1", "A=11", false},
                {"A=1 B=2", "A=1", false},
                {"A=1 B=2", "B=2 C=3 A=1", true},
                {"A=1 A=2", "A=2", true},
                {"A=1 A=2 B=3", "A=2", false},
                {"A=1 A=2 B=3", "A=2 B=3", true},
                {"A=1 + B=2", "B=2", true},
                {"A=1 + B=2", "C=2", false},
                {"A=1", "A=0 A=1", true}, /* a field may come twice */
                {"A=", "A=", true},
                {"A=b=c", "A=b=c", true},
                {"", "A=1", true},
                {"+", "A=1", true},
                {"A=1 +", "A=2", false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct journal_match match = JOURNAL_MATCH_INIT;
                struct slice fields[8];
                size_t count = 0;
                struct value list = words(rows[i].match, &arena);
                struct value entry = words(rows[i].entry, &arena);
                assert_int_equal(journal_match_add(&match, &list, NULL), 0);
                for (; count < entry.list.count; count++)
                        fields[count] = value_item_text(&entry, count);
                if (journal_match_fits(&match, fields, count) != rows[i].fits)
                        fail_msg("'%s' and '%s'", rows[i].match, rows[i].entry);
                journal_match_done(&match);
                arena_done(&arena);
        }
}

static void wrong_words_are_refused_and_change_nothing(void **state) {
        static const char *const rows[] = {"A", "=x", "a=1", "__CURSOR=x", "A.B=1", "A=1 b=2", "A=1 + b"};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct journal_match match = JOURNAL_MATCH_INIT;
                struct value list = words(rows[i], &arena);
                assert_int_equal(journal_match_add(&match, &list, &fault), -EINVAL);
                assert_string_equal(fault_text(&fault), "Invalid match");
                assert_string_equal(fault.kind, "ValueError");
                assert_int_equal(match.count, 0);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void group_is_deleted_by_its_words(void **state) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct journal_match match = JOURNAL_MATCH_INIT;
        struct value both = words("A=1 B=2 + C=3", &arena);
        struct value first = words("A=1 B=2", &arena);
        (void)state;
        assert_int_equal(journal_match_add(&match, &both, NULL), 0);
        assert_int_equal(journal_match_del(&match, &both, &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "Match ['A=1', 'B=2', '+', 'C=3'] not found");
        assert_int_equal(journal_match_del(&match, &first, NULL), 0);
        struct value left = journal_match_value(&match, &arena);
        assert_slice(repr(&left, &arena), "[['C=3']]");
        journal_match_done(&match);
        fault_done(&fault);
        arena_done(&arena);
}

static void no_more_than_the_caps_are_taken(void **state) {
        struct arena arena = ARENA_INIT;
        struct journal_match match = JOURNAL_MATCH_INIT;
        struct value list = words("A=1", &arena);
        size_t added = 0;
        (void)state;
        while (added <= JOURNAL_MATCH_GROUPS_MAX && journal_match_add(&match, &list, NULL) == 0)
                added++;
        assert_int_equal(added, JOURNAL_MATCH_GROUPS_MAX);
        journal_match_done(&match);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(groups_are_ored_fields_anded_values_ored),
                cmocka_unit_test(wrong_words_are_refused_and_change_nothing),
                cmocka_unit_test(group_is_deleted_by_its_words),
                cmocka_unit_test(no_more_than_the_caps_are_taken),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
