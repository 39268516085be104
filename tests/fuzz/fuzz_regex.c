/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first line is a failregex, the others are what it searches. Its tags are expanded and it is
 * translated; what matches holds a literal of each clause that the regex is said to require, and
 * the form for ASCII, the lean one, and machine code of our own match the same as the one for any
 * text. That code is not instrumented: it gets lines that end where memory does. */
#include <sys/mman.h>

#include "base/buffer.h"
#include "detect/dialect.h"
#include "detect/literals.h"
#include "detect/regex_begin.h"
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

static void search(const struct pattern *pattern, const struct literals *choices, size_t count,
        struct slice line) {
        struct pattern_match match;
        struct fault fault = FAULT_INIT;
        size_t start;
        size_t end;
        int r = pattern_search(pattern, line, 0, line.len, &match, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        FUZZ_REQUIRE(r != 0 || line.len == 0 || !choices->in_all_lines);
        if (r == 1) {
                FUZZ_REQUIRE(pattern_match_span(&match, 0, &start, &end) && end <= line.len);
                for (size_t i = 0; i < count; i++)
                        FUZZ_REQUIRE((choices->caseless && !slice_is_ascii(line)) ||
                                     holds(line, &choices[i]));
        }
        fault_done(&fault);
}

/* Between two pages that cannot be read, at the end of what can. */
static struct slice at_edge(struct slice line) {
        static char *end;
        if (!end) {
                const size_t page = 4096;
                char *pages = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                FUZZ_REQUIRE(pages != MAP_FAILED &&
                             mprotect(pages + page, page, PROT_READ | PROT_WRITE) == 0);
                end = pages + 2 * page;
        }
        memcpy(end - line.len, line.data, line.len);
        return (struct slice){end - line.len, line.len};
}

static bool is_line(struct slice text) {
        return text.len > 0 && slice_find_char(text, '\n', 0) == text.len - 1;
}

/* Whether the group, which one search may not have come to, stands at the same place. */
static bool has_same_span(
        const size_t *spans, size_t count, const struct pattern_match *match, size_t group) {
        size_t start = PATTERN_UNSET;
        size_t end = PATTERN_UNSET;
        (void)pattern_match_span(match, group, &start, &end);
        return group < count ? spans[2 * group] == start && spans[2 * group + 1] == end
                             : start == PATTERN_UNSET;
}

static void search_all_ways(const struct pattern *pattern, struct slice line) {
        static size_t spans[2 * (PATTERN_GROUPS_MAX + 1)];
        struct pattern_match match;
        size_t count = 0;
        if (!slice_is_ascii(line))
                return;
        int expected = pattern_search_whole(pattern, line, PATTERN_SUBJECT_OTHER, &match, NULL);
        if (expected > 0)
                count = match.count;
        if (count > 0)
                memcpy(spans, match.spans, 2 * count * sizeof(spans[0]));
        struct regex_begin begin;
        if (expected > 0 && is_line(line) && pattern_begin(pattern, &begin))
                FUZZ_REQUIRE(regex_set_has(&begin.first, (unsigned char)line.data[0]) &&
                             regex_begin_fits(&begin, line));
        for (int i = 0; i < (is_line(line) ? 2 : 1); i++) {
                int r = pattern_search_whole(pattern, at_edge(line),
                        i == 0 ? PATTERN_SUBJECT_ASCII : PATTERN_SUBJECT_LINE, &match, NULL);
                if (expected < 0 || r < 0)
                        continue; /* one way may be less work than the other */
                FUZZ_REQUIRE(r == expected);
                for (size_t group = 0; r > 0 && group <= pattern_group_count(pattern); group++)
                        FUZZ_REQUIRE(has_same_span(spans, count, &match, group));
        }
}

/* Searched so often, it has code of our own, and its lean form. */
static void make_lean(const struct pattern *pattern) {
        struct pattern_match match;
        for (int i = 0; i < 2 * PATTERN_LEAN_AFTER; i++)
                (void)pattern_search_whole(pattern, SLICE(""), PATTERN_SUBJECT_ASCII, &match, NULL);
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
                        struct literals choices[LITERALS_CHOICES_MAX + 1];
                        size_t count = literals_choices(buffer_view(&regex), &arena, choices);
                        make_lean(pattern);
                        for (int i = 0; i < 8 && rest.data && slice_next_piece(&rest, '\n', &line);
                                i++) {
                                search(pattern, choices, count, line);
                                search_all_ways(pattern,
                                        (struct slice){line.data, line.len + (rest.data != NULL)});
                        }
                        (void)pattern_free(pattern);
                }
        }
        buffer_done(&regex);
        arena_done(&arena);
        return 0;
}
