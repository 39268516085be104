/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value of Python's for each line would be four values and three texts, and be copied and coded
 * several times on its way; this is one text and three numbers. */
#include "detect/field_line.h"

#include "channel/value_code.h"

#define PARTS 3

/* Where the parts lie one behind the other; NULL if they do not. */
static const char *whole_of(const struct line_tuple *line) {
        const char *text = line->before.data;
        const char *end = text + line->before.len;
        if (line->before.len == 0)
                text = end = line->date.len > 0 ? line->date.data : line->after.data;
        if (line->date.len > 0 && line->date.data != end)
                return NULL;
        end += line->date.len;
        return line->after.len == 0 || line->after.data == end ? text : NULL;
}

void field_line_set(struct field_line *to, const struct line_tuple *line, struct arena *arena) {
        to->before = (uint32_t)line->before.len;
        to->date = (uint32_t)line->date.len;
        to->after = (uint32_t)line->after.len;
        to->text = line->slot ? NULL : whole_of(line);
        if (!to->text)
                to->text = ARENA_JOIN(arena, line->before, line->date, line->after).data;
}

struct field_line *field_lines_new(const struct line_list *lines, struct arena *arena) {
        struct field_line *items = arena_alloc_raw(arena, lines->count, sizeof(*items));
        for (size_t i = 0; i < lines->count; i++)
                field_line_set(&items[i], &lines->items[i], arena);
        return items;
}

struct value field_lines_value(const struct field_line *lines, size_t count, struct arena *arena) {
        struct value list = value_list();
        value_reserve(&list, count, arena);
        for (size_t i = 0; i < count; i++) {
                const struct field_line *line = &lines[i];
                const char *date = line->text + line->before, *after = date + line->date;
                const struct slice parts[PARTS] = {
                        {line->text, line->before},
                        {date,       line->date  },
                        {after,      line->after }
                };
                struct value tuple = value_tuple();
                value_reserve(&tuple, PARTS, arena);
                for (size_t part = 0; part < PARTS; part++)
                        (void)value_append(&tuple, value_string(parts[part]), arena);
                (void)value_append(&list, tuple, arena);
        }
        return list;
}

static bool is_line(const struct value *v) {
        if (v->type != VALUE_TUPLE || v->list.count != PARTS)
                return false;
        for (size_t i = 0; i < PARTS; i++)
                if (v->list.items[i].type != VALUE_STRING ||
                        v->list.items[i].string.len > UINT32_MAX)
                        return false;
        return true;
}

struct field_line *field_lines_of_value(const struct value *v, struct arena *arena) {
        if (v->type != VALUE_LIST || v->list.count > UINT32_MAX)
                return NULL;
        struct field_line *lines = arena_alloc_raw(arena, v->list.count, sizeof(*lines));
        for (size_t i = 0; i < v->list.count; i++) {
                const struct value *parts = v->list.items[i].list.items;
                if (!is_line(&v->list.items[i]))
                        return NULL;
                lines[i] = (struct field_line){
                        .text = ARENA_JOIN(arena, parts[0].string, parts[1].string, parts[2].string)
                                        .data,
                        .before = (uint32_t)parts[0].string.len,
                        .date = (uint32_t)parts[1].string.len,
                        .after = (uint32_t)parts[2].string.len,
                };
        }
        return lines;
}

size_t field_lines_coded_size(const struct field_line *lines, size_t count) {
        size_t size = VALUE_HEAD_BYTES;
        for (size_t i = 0; i < count; i++)
                size += (1 + PARTS) * VALUE_HEAD_BYTES + field_line_len(&lines[i]);
        return size;
}

char *field_lines_write(char *to, const struct field_line *lines, size_t count) {
        to = value_write_head(to, VALUE_LIST, (uint32_t)count);
        for (size_t i = 0; i < count; i++) {
                const char *text = lines[i].text;
                const uint32_t parts[PARTS] = {lines[i].before, lines[i].date, lines[i].after};
                to = value_write_head(to, VALUE_TUPLE, PARTS);
                for (size_t part = 0; part < PARTS; part++) {
                        to = value_write_head(to, VALUE_STRING, parts[part]);
                        memcpy(to, text, parts[part]);
                        to += parts[part];
                        text += parts[part];
                }
        }
        return to;
}
