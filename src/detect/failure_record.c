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

/* Bytes of the lines at most; 0: above the caps. */
static size_t size_of_lines(const struct value *lines) {
        size_t size = MESSAGE_NUMBER_MAX;
        if (lines->list.count > UINT32_MAX)
                return 0;
        for (size_t i = 0; i < lines->list.count; i++) {
                size_t line = failure_line_size(&lines->list.items[i]);
                if (line == 0)
                        return 0;
                size += line;
        }
        return size;
}

static size_t size_of_groups(const struct fields *fields) {
        size_t size = 1;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                if (!is_group(field))
                        continue;
                size_t group =
                        field->kind == FIELD_TEXT
                                ? failure_group_text_size(
                                          field_name_text(field->name), field_slice(field))
                                : failure_group_size(field_name_text(field->name), field->value);
                if (group == 0)
                        return 0;
                size += group;
        }
        return size;
}

static char *write_lines(char *to, const struct value *lines) {
        char *begin = to;
        to += RECORD_LENGTH_BYTES;
        if (lines) {
                to = message_write_number(to, (uint32_t)lines->list.count);
                for (size_t i = 0; i < lines->list.count; i++)
                        to = failure_line_write(to, &lines->list.items[i]);
        }
        record_write_length(begin, to);
        return to;
}

static char *write_groups(char *to, const struct fields *fields, struct slice id) {
        char *begin = to;
        to += RECORD_LENGTH_BYTES;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                if (!is_group(field))
                        continue;
                struct slice name = field_name_text(field->name);
                to = field->kind == FIELD_TEXT
                             ? failure_group_write_text(to, name, field_slice(field), id)
                             : failure_group_write(to, name, field->value, id);
        }
        record_write_length(begin, to);
        return to;
}

int failure_record_put(
        struct buffer *out, const struct record *record, const struct fields *fields) {
        const struct value *lines = fields_list(fields, FIELD_MATCHES);
        size_t of_lines = lines ? size_of_lines(lines) : 1;
        size_t of_groups = size_of_groups(fields);
        if (of_lines == 0 || of_groups == 0)
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
