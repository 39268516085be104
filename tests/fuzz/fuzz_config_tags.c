/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines NAME=VALUE are options that refer to each other by tags: what was replaced needs no second
 * replacement, and holds no tag of the set any more. */
#include "base/tag.h"
#include "config/tags.h"
#include "fuzz.h"

static void check(const struct dict *options) {
        for (size_t i = 0; i < options->count; i++) {
                struct slice text = options->entries[i].value.string;
                FUZZ_REQUIRE(text.len <= TAGS_VALUE_MAX);
                size_t start, end;
                for (size_t from = 0; tag_find(text, from, &start, &end); from = end)
                        FUZZ_REQUIRE(!dict_get(options, slice_sub(text, start + 1, end - 1)));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct dict none;
        const struct tags tags = {.ignored = &none};
        struct slice rest = fuzz_input(data, size), line;
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct dict options = {0};
        if (size > 2000)
                return 0;
        while (size > 0 && slice_next_piece(&rest, '\n', &line)) {
                size_t equals = slice_find_char(line, '=', 0);
                dict_put(&options, slice_sub(line, 0, equals),
                        value_string(slice_sub(line, equals + 1, line.len)), &arena);
        }
        int r = tags_substitute(&tags, &options, &arena, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        if (r == 0)
                check(&options);
        fault_done(&fault);
        arena_done(&arena);
        return 0;
}
