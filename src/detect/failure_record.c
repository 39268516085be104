/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Written straight to where it is sent from: of a busy log this is most of what there is to send.
 */
#include "detect/failure_record.h"

#include <errno.h>

#include "channel/failure_code.h"

/* Whether it is a field that the server takes for a group. */
static bool is_group(const struct field *field) {
        return field->kind != FIELD_NONE && field->name != FIELD_MATCHES;
}

static struct failure_name name_of(const struct field *field) {
        if (field->name < FIELD_KNOWN_COUNT)
                return failure_name_by_code(field->name + 1U);
        return failure_name_by_text(field_name_text(field->name));
}

#define PIECES 3

static void pieces_of(const struct field_line *line, uint32_t ret[static PIECES]) {
        ret[0] = line->before;
        ret[1] = line->date;
        ret[2] = line->after;
}

/* Bytes of the lines at most. */
static size_t size_of_lines(const struct field *lines) {
        size_t size = MESSAGE_NUMBER_MAX;
        for (size_t i = 0; i < lines->len; i++) {
                uint32_t pieces[PIECES];
                pieces_of(&lines->lines[i], pieces);
                size += failure_pieces_size(pieces, PIECES);
        }
        return size;
}

/* Of any other kind than TEXT. */
static size_t size_of_other(const struct field *field) {
        if (field->kind == FIELD_VALUE)
                return failure_group_size(name_of(field), field->value);
        struct arena arena = ARENA_INIT;
        struct value v = field_value(field, &arena);
        size_t size = failure_group_size(name_of(field), &v);
        arena_done(&arena);
        return size;
}

/* 0: above the caps. */
static size_t size_of_groups(const struct fields *fields) {
        size_t size = 1;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                if (!is_group(field))
                        continue;
                size_t group = field->kind == FIELD_TEXT
                                       ? failure_group_text_size(name_of(field), field_slice(field))
                                       : size_of_other(field);
                if (group == 0)
                        return 0;
                size += group;
        }
        return size;
}

static char *write_lines(char *to, const struct field *lines) {
        char *begin = to;
        to += RECORD_LENGTH_BYTES;
        if (lines) {
                to = message_write_number(to, lines->len);
                for (size_t i = 0; i < lines->len; i++) {
                        uint32_t pieces[PIECES];
                        pieces_of(&lines->lines[i], pieces);
                        to = failure_pieces_write(to, lines->lines[i].text, pieces, PIECES);
                }
        }
        record_write_length(begin, to);
        return to;
}

static char *write_other(char *to, const struct field *field, struct slice id) {
        if (field->kind == FIELD_VALUE)
                return failure_group_write(to, name_of(field), field->value, id);
        struct arena arena = ARENA_INIT;
        struct value v = field_value(field, &arena);
        to = failure_group_write(to, name_of(field), &v, id);
        arena_done(&arena);
        return to;
}

static char *write_groups(char *to, const struct fields *fields, struct slice id) {
        char *begin = to;
        to += RECORD_LENGTH_BYTES;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                if (!is_group(field))
                        continue;
                to = field->kind == FIELD_TEXT
                             ? failure_group_write_text(to, name_of(field), field_slice(field), id)
                             : write_other(to, field, id);
        }
        record_write_length(begin, to);
        return to;
}

int failure_record_put(
        struct buffer *out, const struct record *record, const struct fields *fields) {
        const struct field *lines = fields_lines(fields, FIELD_MATCHES);
        size_t of_lines = lines ? size_of_lines(lines) : 1;
        size_t of_groups = size_of_groups(fields);
        if (of_groups == 0)
                return record_put(out, record);
        char *room = buffer_room(out, RECORD_FAILURE_HEAD_MAX + record->failure.id.len +
                                              2 * RECORD_LENGTH_BYTES + of_lines + of_groups);
        if (!room)
                return -ENOBUFS;
        char *to = record_write_failure_head(room, record);
        to = write_lines(to, lines);
        to = write_groups(to, fields, record->failure.id);
        buffer_commit(out, (size_t)(to - room));
        return 0;
}
