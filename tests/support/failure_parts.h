/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dict of data as the scanner would tell it, for tests that have no scanner. */
#pragma once

#include "channel/failure_code.h"
#include "channel/record.h"

/* What stands for the name. */
static inline struct failure_name failure_name_of(struct slice text) {
        static const char *const known[] = {
#define FAILURE_NAME(id, text) text,
#include "channel/failure_names.def"
#undef FAILURE_NAME
        };
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (slice_is(text, known[i]))
                        return failure_name_by_code((unsigned)i + 1);
        return failure_name_by_text(text);
}

/* Sets lines and groups of a failure's record, which has its id. The bytes are in arena. */
static inline void failure_parts_set(
        struct record *record, const struct value *data, struct arena *arena) {
        size_t size = 64;
        const struct value *matches = value_dict_get(data, "matches");
        for (size_t i = 0; matches && i < matches->list.count; i++)
                size += failure_line_size(&matches->list.items[i]);
        for (size_t i = 0; i + 1 < data->list.count; i += 2)
                size += failure_group_size(
                        failure_name_of(data->list.items[i].string), &data->list.items[i + 1]);
        char *begin = arena_alloc(arena, size), *to = begin;
        to = message_write_number(to, matches ? (uint32_t)matches->list.count : 0);
        for (size_t i = 0; matches && i < matches->list.count; i++)
                to = failure_line_write(to, &matches->list.items[i]);
        record->failure.lines = (struct slice){begin, (size_t)(to - begin)};
        begin = to;
        for (size_t i = 0; i + 1 < data->list.count; i += 2)
                if (!slice_is(data->list.items[i].string, "matches"))
                        to = failure_group_write(to, failure_name_of(data->list.items[i].string),
                                &data->list.items[i + 1], record->failure.id);
        record->failure.groups = (struct slice){begin, (size_t)(to - begin)};
}
