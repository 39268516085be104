/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes are an upper bound, as lengths of numbers are not looked at in advance. */
#include "channel/failure_code.h"

#include "channel/value_code.h"

static bool is_tuple_of_texts(const struct value *line) {
        if (line->type != VALUE_TUPLE || line->list.count == 0 ||
                line->list.count > FAILURE_PIECES_MAX)
                return false;
        for (size_t i = 0; i < line->list.count; i++)
                if (line->list.items[i].type != VALUE_STRING ||
                        line->list.items[i].string.len > UINT32_MAX)
                        return false;
        return true;
}

size_t failure_line_size(const struct value *line) {
        size_t size = sizeof(uint8_t) + MESSAGE_NUMBER_MAX;
        if (is_tuple_of_texts(line)) {
                for (size_t i = 0; i < line->list.count; i++)
                        size += MESSAGE_NUMBER_MAX + line->list.items[i].string.len;
                return size;
        }
        size_t coded = value_coded_size(line);
        return coded > 0 && coded <= UINT32_MAX ? size + coded : 0;
}

static char *write_bytes(char *to, struct slice bytes) {
        if (bytes.len > 0)
                memcpy(to, bytes.data, bytes.len);
        return to + bytes.len;
}

static char *write_text(char *to, struct slice text) {
        return write_bytes(message_write_number(to, (uint32_t)text.len), text);
}

static char *write_value(char *to, const struct value *v) {
        return value_write(message_write_number(to, (uint32_t)value_coded_size(v)), v);
}

char *failure_line_write(char *to, const struct value *line) {
        if (is_tuple_of_texts(line)) {
                *to++ = (char)line->list.count;
                for (size_t i = 0; i < line->list.count; i++)
                        to = message_write_number(to, (uint32_t)line->list.items[i].string.len);
                for (size_t i = 0; i < line->list.count; i++)
                        to = write_bytes(to, line->list.items[i].string);
                return to;
        }
        if (line->type == VALUE_STRING) {
                *to++ = FAILURE_LINE_TEXT;
                return write_text(to, line->string);
        }
        *to++ = (char)FAILURE_LINE_VALUE;
        return write_value(to, line);
}

static bool is_set_of_one_text(const struct value *v) {
        return v->type == VALUE_SET && v->list.count == 1 && v->list.items[0].type == VALUE_STRING;
}

#define SHORT_END 0x80 /* lengths from here on take more than a byte */
#define GROUP_HEADS (MESSAGE_NUMBER_MAX + sizeof(uint8_t) + MESSAGE_NUMBER_MAX)

size_t failure_group_text_size(struct slice name, struct slice text) {
        bool is_good = name.len <= FAILURE_GROUP_NAME_MAX && text.len <= UINT32_MAX;
        return is_good ? GROUP_HEADS + name.len + text.len : 0;
}

size_t failure_group_size(struct slice name, const struct value *v) {
        if (v->type == VALUE_STRING)
                return failure_group_text_size(name, v->string);
        size_t coded = value_coded_size(v);
        bool is_good = coded > 0 && coded <= UINT32_MAX && name.len <= FAILURE_GROUP_NAME_MAX;
        return is_good ? GROUP_HEADS + name.len + coded : 0;
}

char *failure_group_write_text(char *to, struct slice name, struct slice text, struct slice id) {
        to = write_text(to, name);
        bool is_id = slice_equal(text, id);
        *to++ = is_id ? FAILURE_GROUP_ID : FAILURE_GROUP_TEXT;
        return is_id ? to : write_text(to, text);
}

char *failure_group_write(char *to, struct slice name, const struct value *v, struct slice id) {
        if (v->type == VALUE_STRING)
                return failure_group_write_text(to, name, v->string, id);
        to = write_text(to, name);
        if (is_set_of_one_text(v)) {
                *to++ = FAILURE_GROUP_SET;
                return write_text(to, v->list.items[0].string);
        }
        *to++ = FAILURE_GROUP_VALUE;
        return write_value(to, v);
}

bool failure_line_next(struct message_reader *in, struct failure_line *ret) {
        size_t size = 0;
        if (in->bad || in->rest.len == 0)
                return false;
        ret->form = message_get_u8(in);
        bool is_one = ret->form == FAILURE_LINE_TEXT || ret->form == FAILURE_LINE_VALUE;
        ret->piece_count = is_one ? 1 : ret->form;
        if (ret->piece_count > FAILURE_PIECES_MAX) {
                in->bad = true;
                return false;
        }
        for (unsigned i = 0; i < ret->piece_count; i++) {
                ret->lengths[i] = message_get_number(in);
                size += ret->lengths[i];
        }
        ret->text = message_get_bytes(in, size);
        return !in->bad;
}

bool failure_group_next(struct message_reader *in, struct failure_group *ret) {
        if (in->bad || in->rest.len == 0)
                return false;
        ret->name = message_get_bytes(in, message_get_number(in));
        ret->form = message_get_u8(in);
        ret->bytes = SLICE_NULL;
        if (ret->name.len > FAILURE_GROUP_NAME_MAX || ret->form >= FAILURE_GROUP_FORM_COUNT)
                in->bad = true;
        if (ret->form != FAILURE_GROUP_ID)
                ret->bytes = message_get_bytes(in, message_get_number(in));
        return !in->bad;
}

static bool is_one_value(struct slice coded) {
        struct message_reader in = message_reader_of(coded);
        (void)value_skip(&in);
        return message_read_end(&in);
}

bool failure_lines_are_good(struct slice lines) {
        struct message_reader in = message_reader_of(lines);
        struct failure_line line;
        uint32_t left = failure_lines_count(&in);
        for (; failure_line_next(&in, &line); left--)
                if (left == 0 || (line.form == FAILURE_LINE_VALUE && !is_one_value(line.text)))
                        return false;
        return !in.bad && left == 0;
}

/* Reads over a good group as nearly all are: short, and no coded value. Returns false, and reads
 * nothing, where it is another, or may be none. */
static inline bool skip_short_group(struct message_reader *in) {
        const unsigned char *p = (const unsigned char *)in->rest.data;
        size_t left = in->rest.len;
        size_t name_len = left > 0 ? p[0] : SHORT_END;
        if (name_len >= SHORT_END || left < name_len + 3)
                return false;
        uint8_t form = p[name_len + 1];
        size_t len = p[name_len + 2];
        size_t size = form == FAILURE_GROUP_ID ? name_len + 2 : name_len + 3 + len;
        bool is_short = form <= FAILURE_GROUP_SET && (len < SHORT_END || form == FAILURE_GROUP_ID);
        if (!is_short || size > left)
                return false;
        in->rest.data += size;
        in->rest.len -= size;
        return true;
}

bool failure_groups_are_good(struct slice groups) {
        struct message_reader in = message_reader_of(groups);
        struct failure_group group;
        while (skip_short_group(&in))
                continue;
        while (failure_group_next(&in, &group))
                if (group.form == FAILURE_GROUP_VALUE && !is_one_value(group.bytes))
                        return false;
        return !in.bad;
}
