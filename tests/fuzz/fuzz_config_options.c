/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "name[option=value]" and lists of it: items are views of the text, in order, and what is named
 * is part of it. */
#include "config/options.h"
#include "fuzz.h"

static void check_items(struct slice text, const struct value *items) {
        const char *at = text.data;
        for (size_t i = 0; i < items->list.count; i++) {
                struct slice item = value_item_text(items, i);
                FUZZ_REQUIRE(item.len > 0 && item.data >= at);
                at = item.data + item.len;
                FUZZ_REQUIRE(at <= text.data + text.len);
        }
}

static void parse(struct slice text, struct arena *arena) {
        struct fault fault = FAULT_INIT;
        struct slice name;
        struct slice condition;
        struct dict options = {0};
        int r = options_parse(text, arena, &name, &options, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        for (size_t i = 0; r == 0 && i < options.count; i++) {
                struct slice base = options_split_condition(options.entries[i].key, &condition);
                FUZZ_REQUIRE(base.len + condition.len == options.entries[i].key.len);
        }
        fault_done(&fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice text = fuzz_input(data, size);
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value items = value_list();
        struct value words = value_list();
        if (!utf8_is_valid(text))
                return 0;
        if (options_split(text, &arena, &items, &fault) == 0)
                check_items(text, &items);
        fault_done(&fault);
        for (size_t i = 0; i < items.list.count && i < 50; i++)
                parse(value_item_text(&items, i), &arena);
        parse(text, &arena);
        options_split_words(text, &words, &arena);
        words = value_list();
        (void)options_split_shell(text, &words, &arena, NULL);
        for (size_t at = 0; at < size && at < 200; at++)
                FUZZ_REQUIRE(at + options_name_at(text, at) <= size);
        arena_done(&arena);
        return 0;
}
