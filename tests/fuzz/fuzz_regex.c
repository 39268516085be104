/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first line is a failregex, the others are what it searches. Its tags are expanded and it is
 * translated; what matches holds a literal that the regex is said to require. */
#include "base/buffer.h"
#include "detect/dialect.h"
#include "detect/literals.h"
#include "detect/tag_expand.h"
#include "fuzz.h"

static bool holds(struct slice line, const struct literals *literals) {
        for (size_t i = 0; i < literals->count; i++)
                for (size_t at = 0; at + literals->items[i].len <= line.len; at++) {
                        struct slice piece = slice_sub(line, at, at + literals->items[i].len);
                        if (literals->caseless ? slice_equal_nocase(piece, literals->items[i])
                                               : slice_equal(piece, literals->items[i]))
                                return true;
                }
        return literals->count == 0;
}

static void search(
        const struct pattern *pattern, const struct literals *literals, struct slice line) {
        struct pattern_match match;
        struct fault fault = FAULT_INIT;
        size_t start;
        size_t end;
        int r = pattern_search(pattern, line, 0, line.len, &match, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        FUZZ_REQUIRE(r != 0 || line.len == 0 || !literals->in_all_lines);
        if (r == 1) {
                FUZZ_REQUIRE(pattern_match_span(&match, 0, &start, &end) && end <= line.len);
                if (!literals->caseless || slice_is_ascii(line))
                        FUZZ_REQUIRE(holds(line, literals));
        }
        fault_done(&fault);
}

static void translate(struct slice regex) {
        static const enum dialect_subject subjects[] = {DIALECT_UTF, DIALECT_ASCII};
        for (size_t i = 0; i < 2; i++) {
                struct dialect dialect;
                struct fault fault = FAULT_INIT;
                int r = dialect_translate(regex, subjects[i], &dialect, &fault);
                FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
                FUZZ_REQUIRE(r < 0 || utf8_is_valid(buffer_view(&dialect.text)));
                dialect_done(&dialect);
                fault_done(&fault);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size);
        struct slice line;
        struct buffer regex = BUFFER_INIT(PATTERN_TEXT_MAX);
        struct arena arena = ARENA_INIT;
        struct pattern *pattern = NULL;
        if (size == 0 || size > 2000 || !utf8_is_valid(rest) ||
                !slice_next_piece(&rest, '\n', &line))
                return 0;
        if (tag_expand(line, TAG_HOSTS_NAMED, &regex) == 0) {
                translate(buffer_view(&regex));
                if (pattern_compile(buffer_view(&regex), PATTERN_PLAIN, &pattern, NULL) == 0) {
                        struct literals literals = literals_of(buffer_view(&regex), &arena);
                        for (int i = 0; i < 8 && rest.data && slice_next_piece(&rest, '\n', &line);
                                i++)
                                search(pattern, &literals, line);
                        (void)pattern_free(pattern);
                }
        }
        buffer_done(&regex);
        arena_done(&arena);
        return 0;
}
