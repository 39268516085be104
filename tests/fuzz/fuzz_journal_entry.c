/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of an entry, as the journal's library hands them over, in any encoding: the line is one
 * line of valid text within its cap, the same each time; and an entry fits a match made of its own
 * fields, but none for a value that it has not got. */
#include "detect/journal_entry.h"

#include <math.h>

#include "base/clock.h"
#include "detect/codepage.h"
#include "detect/journal_match.h"
#include "fuzz.h"

#define FIELDS_MAX 64

static uint64_t take_number(struct slice *rest) {
        uint64_t number = 0;
        for (unsigned i = 0; i < 8; i++)
                number = number << 8 | fuzz_byte(rest);
        return number;
}

static void check_line(const struct journal_entry *entry, enum line_encoding encoding) {
        struct arena arena = ARENA_INIT;
        struct journal_line line = journal_entry_line(entry, encoding, &arena);
        struct journal_line again = journal_entry_line(entry, encoding, &arena);
        FUZZ_REQUIRE(line.text.len <= JOURNAL_TEXT_MAX && utf8_is_valid(line.text));
        FUZZ_REQUIRE(slice_find_char(line.text, '\n', 0) == line.text.len);
        FUZZ_REQUIRE(line.date_text.len < CLOCK_ISO_MAX + 1 &&
                     slice_has_suffix(line.date_text, SLICE(" ")));
        FUZZ_REQUIRE(isfinite(line.time) && line.time >= 0);
        FUZZ_REQUIRE(slice_equal(line.text, again.text) && line.repaired == again.repaired &&
                     slice_equal(line.date_text, again.date_text));
        FUZZ_REQUIRE(journal_entry_size(entry) >= 1);
        arena_done(&arena);
}

static bool has_field(const struct journal_entry *entry, struct slice word) {
        for (size_t i = 0; i < entry->count; i++)
                if (slice_equal(entry->fields[i], word))
                        return true;
        return false;
}

/* Of one word of the entry's, and of one that is longer. */
static void check_match(const struct journal_entry *entry, struct slice word) {
        struct journal_match match = JOURNAL_MATCH_INIT;
        struct arena arena = ARENA_INIT;
        struct slice longer = ARENA_JOIN(&arena, word, SLICE("x"));
        struct value words = value_list();
        FUZZ_REQUIRE(journal_match_fits(&match, entry->fields, entry->count));
        value_append(&words, value_string(word), &arena);
        if (journal_match_add(&match, &words, NULL) == 0 && match.count > 0) {
                FUZZ_REQUIRE(journal_match_fits(&match, entry->fields, entry->count));
                FUZZ_REQUIRE(journal_match_del(&match, &words, NULL) == 0 && match.count == 0);
        }
        words.list.items[0] = value_string(longer);
        if (journal_match_add(&match, &words, NULL) == 0 && match.count > 0)
                FUZZ_REQUIRE(journal_match_fits(&match, entry->fields, entry->count) ==
                             has_field(entry, longer));
        journal_match_done(&match);
        arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size), fields[FIELDS_MAX];
        struct journal_entry entry = {.fields = fields};
        enum line_encoding encoding =
                (enum line_encoding)(fuzz_byte(&rest) % (LINE_CODEPAGE + codepage_count()));
        entry.realtime_us = take_number(&rest);
        entry.monotonic_us = take_number(&rest);
        while (entry.count < FIELDS_MAX && fuzz_piece(&rest, &fields[entry.count]))
                entry.count++;
        check_line(&entry, encoding);
        for (size_t i = 0; i < entry.count && i < 4; i++)
                if (!slice_is(fields[i], "+")) /* it would part groups */
                        check_match(&entry, fields[i]);
        return 0;
}
