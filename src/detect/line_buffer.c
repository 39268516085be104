/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each line has a slot, memory that is used again when the line is gone; so nothing is allocated in
 * a steady state. While a line is processed, its lists point into the slots; only
 * line_buffer_keep() changes them. */
#include "detect/line_buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "channel/message.h"

struct line_slot {
        char *bytes; /* the three parts, one behind the other */
        size_t capacity;
        size_t before_len;
        size_t date_len;
        size_t after_len;
        bool kept; /* inside line_buffer_keep() */
};

void line_buffer_done(struct line_buffer *buffer) {
        for (size_t i = 0; i < buffer->capacity; i++) {
                if (buffer->slots[i])
                        free(buffer->slots[i]->bytes);
                free(buffer->slots[i]);
        }
        free(buffer->slots);
        *buffer = (struct line_buffer){0};
}

static struct line_tuple slot_tuple(struct line_slot *slot) {
        const char *date = slot->bytes + slot->before_len;
        return (struct line_tuple){
                .before = {slot->bytes,           slot->before_len},
                .date = {date,                  slot->date_len  },
                .after = {date + slot->date_len, slot->after_len },
                .slot = slot,
        };
}

static void put_part(struct line_slot *slot, size_t at, struct slice part) {
        if (part.len > 0)
                memcpy(slot->bytes + at, part.data, part.len);
}

static void slot_fill(struct line_slot *slot, const struct line_tuple *line) {
        size_t size = line->before.len + line->date.len + line->after.len;
        if (size >= slot->capacity) {
                slot->bytes = memory_resize(slot->bytes, size + 1, 1);
                slot->capacity = size + 1;
        }
        slot->before_len = line->before.len;
        slot->date_len = line->date.len;
        slot->after_len = line->after.len;
        put_part(slot, 0, line->before);
        put_part(slot, line->before.len, line->date);
        put_part(slot, line->before.len + line->date.len, line->after);
}

struct line_list line_buffer_with(const struct line_buffer *buffer, const struct line_tuple *line,
        size_t max, struct arena *arena) {
        size_t first = buffer->count + 1 > max ? buffer->count + 1 - max : 0;
        struct line_list list = {
                .items = arena_alloc_array(arena, buffer->count + 1 - first, sizeof(*list.items))};
        for (size_t i = first; i < buffer->count; i++)
                list.items[list.count++] = slot_tuple(buffer->slots[i]);
        list.items[list.count++] = *line;
        return list;
}

/* A slot that none of the lines to keep stands in; from *at on. */
static size_t next_free(const struct line_buffer *buffer, size_t at) {
        while (at < buffer->capacity && buffer->slots[at] && buffer->slots[at]->kept)
                at++;
        return at;
}

static void reserve(struct line_buffer *buffer, size_t count) {
        size_t old = buffer->capacity;
        if (count <= old)
                return;
        buffer->slots = memory_resize(buffer->slots, count, sizeof(struct line_slot *));
        memset(buffer->slots + old, 0, (count - old) * sizeof(struct line_slot *));
        buffer->capacity = count;
}

/* Lines that stand in slots keep them, the others get free ones; then the slots are put in the
 * order of the lines. */
void line_buffer_keep(struct line_buffer *buffer, const struct line_list *lines) {
        if (lines->count == 0 && buffer->count == 0)
                return;
        buffer->changed = true;
        reserve(buffer, buffer->count + lines->count);
        for (size_t i = 0; i < lines->count; i++)
                if (lines->items[i].slot)
                        lines->items[i].slot->kept = true;
        size_t at = 0;
        for (size_t i = 0; i < lines->count; i++) {
                if (lines->items[i].slot)
                        continue;
                at = next_free(buffer, at);
                if (!buffer->slots[at])
                        buffer->slots[at] = memory_new(sizeof(struct line_slot));
                slot_fill(buffer->slots[at], &lines->items[i]);
                buffer->slots[at]->kept = true;
                lines->items[i].slot = buffer->slots[at];
        }
        for (size_t i = 0; i < lines->count; i++) {
                size_t where = i;
                while (buffer->slots[where] != lines->items[i].slot)
                        where++;
                buffer->slots[where] = buffer->slots[i];
                buffer->slots[i] = lines->items[i].slot;
                buffer->slots[i]->kept = false;
        }
        buffer->count = lines->count;
}

void line_buffer_save(struct line_buffer *buffer, size_t max, struct buffer *out) {
        size_t first = buffer->count;
        size_t bytes = sizeof(uint32_t);
        for (; first > 0; first--) {
                const struct line_slot *slot = buffer->slots[first - 1];
                size_t size =
                        3 * sizeof(uint32_t) + slot->before_len + slot->date_len + slot->after_len;
                if (bytes + size > max)
                        break;
                bytes += size;
        }
        (void)message_put_u32(out, (uint32_t)(buffer->count - first));
        for (size_t i = first; i < buffer->count; i++) {
                struct line_tuple line = slot_tuple(buffer->slots[i]);
                (void)message_put_text(out, line.before);
                (void)message_put_text(out, line.date);
                (void)message_put_text(out, line.after);
        }
        buffer->changed = false;
}

void line_buffer_load(struct line_buffer *buffer, struct slice blob) {
        struct message_reader in = message_reader_of(blob);
        uint32_t count = message_get_u32(&in);
        if (in.bad || count > LINE_BUFFER_MAX)
                return;
        struct arena arena = ARENA_INIT;
        struct line_list lines = {
                .items = arena_alloc_array(&arena, count + 1, sizeof(*lines.items))};
        for (uint32_t i = 0; i < count; i++) {
                struct line_tuple *line = &lines.items[lines.count++];
                line->before = message_get_text(&in);
                line->date = message_get_text(&in);
                line->after = message_get_text(&in);
        }
        if (message_read_end(&in))
                line_buffer_keep(buffer, &lines);
        buffer->changed = false;
        arena_done(&arena);
}

struct slice line_list_text(const struct line_list *lines, struct arena *arena) {
        size_t size = lines->count == 0;
        for (size_t i = 0; i < lines->count; i++)
                size += lines->items[i].before.len + lines->items[i].after.len + 1;
        char *text = arena_alloc_raw(arena, size + 1, 1);
        char *end = text;
        for (size_t i = 0; i < lines->count; i++) {
                const struct line_tuple *line = &lines->items[i];
                if (line->before.len > 0)
                        memcpy(end, line->before.data, line->before.len);
                end += line->before.len;
                if (line->after.len > 0)
                        memcpy(end, line->after.data, line->after.len);
                end += line->after.len;
                *end++ = '\n';
        }
        if (lines->count == 0)
                *end++ = '\n';
        *end = '\0';
        return (struct slice){text, size};
}

/* A text that stays when its slot is filled anew. v is zeroed. */
static void set_lasting(
        struct value *v, const struct line_tuple *line, struct slice part, struct arena *arena) {
        v->type = VALUE_STRING;
        v->string = line->slot ? arena_copy(arena, part) : part;
}

struct value line_list_value(const struct line_list *lines, struct arena *arena) {
        struct value list = value_list();
        list.list.items = arena_alloc_array(arena, lines->count * 4, sizeof(struct value));
        list.list.count = list.list.capacity = lines->count;
        struct value *parts = list.list.items + lines->count;
        for (size_t i = 0; i < lines->count; i++, parts += 3) {
                const struct line_tuple *line = &lines->items[i];
                set_lasting(&parts[0], line, line->before, arena);
                set_lasting(&parts[1], line, line->date, arena);
                set_lasting(&parts[2], line, line->after, arena);
                struct value *tuple = &list.list.items[i];
                tuple->type = VALUE_TUPLE;
                tuple->list.items = parts;
                tuple->list.count = tuple->list.capacity = 3;
        }
        return list;
}

bool line_tuple_equal(const struct line_tuple *a, const struct line_tuple *b) {
        return slice_equal(a->before, b->before) && slice_equal(a->date, b->date) &&
               slice_equal(a->after, b->after);
}
