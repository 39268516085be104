/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes are an upper bound, as lengths of numbers are not looked at in advance. */
#include "channel/failure_code.h"

#include <assert.h>

#include "channel/value_code.h"

static const struct slice names[] = {
#define FAILURE_NAME(id, text) {text, sizeof(text) - 1},
#include "channel/failure_names.def"
#undef FAILURE_NAME
};
#define NAMES (sizeof(names) / sizeof(names[0]))
static_assert(NAMES <= FAILURE_NAMES_MAX, "form and name share a byte");
#define FAILURE_NAME(id, text) static_assert(sizeof(text) - 1 <= FAILURE_NAME_BYTES_MAX, text);
#include "channel/failure_names.def"
#undef FAILURE_NAME
static_assert((FAILURE_NAMES_MAX + 1) * FAILURE_GROUP_FORM_COUNT <= UINT8_MAX + 1, "the same");

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

size_t failure_pieces_size(const uint32_t *lengths, size_t count) {
        size_t size = sizeof(uint8_t);
        for (size_t i = 0; i < count; i++)
                size += MESSAGE_NUMBER_MAX + lengths[i];
        return size;
}

char *failure_pieces_write(char *to, const char *text, const uint32_t *lengths, size_t count) {
        size_t size = 0;
        *to++ = (char)count;
        for (size_t i = 0; i < count; i++) {
                to = message_write_number(to, lengths[i]);
                size += lengths[i];
        }
        return write_bytes(to, (struct slice){text, size});
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

#define GROUP_HEADS (sizeof(uint8_t) + MESSAGE_NUMBER_MAX + MESSAGE_NUMBER_MAX)

size_t failure_group_text_size(struct failure_name name, struct slice text) {
        bool is_good = name.len <= FAILURE_GROUP_NAME_MAX && text.len <= UINT32_MAX;
        return is_good ? GROUP_HEADS + name.len + text.len : 0;
}

size_t failure_group_size(struct failure_name name, const struct value *v) {
        if (v->type == VALUE_STRING)
                return failure_group_text_size(name, v->string);
        size_t coded = value_coded_size(v);
        bool is_good = coded > 0 && coded <= UINT32_MAX && name.len <= FAILURE_GROUP_NAME_MAX;
        return is_good ? GROUP_HEADS + name.len + coded : 0;
}

static char *write_head(char *to, struct failure_name name, enum failure_group_form form) {
        *to++ = (char)(uint8_t)(name.code * FAILURE_GROUP_FORM_COUNT + form);
        return name.code == 0 ? write_text(to, (struct slice){name.text, name.len}) : to;
}

char *failure_group_write_any_text(
        char *to, struct failure_name name, struct slice text, struct slice id) {
        if (slice_equal(text, id))
                return write_head(to, name, FAILURE_GROUP_ID);
        return write_text(write_head(to, name, FAILURE_GROUP_TEXT), text);
}

char *failure_group_write(
        char *to, struct failure_name name, const struct value *v, struct slice id) {
        if (v->type == VALUE_STRING)
                return failure_group_write_text(to, name, v->string, id);
        if (is_set_of_one_text(v))
                return write_text(write_head(to, name, FAILURE_GROUP_SET), v->list.items[0].string);
        return write_value(write_head(to, name, FAILURE_GROUP_VALUE), v);
}

/* A number of one byte or two, as nearly all are. */
static inline bool take_short_number(
        const unsigned char **p, const unsigned char *end, uint32_t *ret) {
        const unsigned char *at = *p;
        if (at < end && at[0] < FAILURE_SHORT_END) {
                *ret = at[0];
                *p = at + 1;
                return true;
        }
        if (end - at < 2 || at[1] == 0 || at[1] >= FAILURE_SHORT_END)
                return false;
        *ret = (at[0] & 0x7fU) | (uint32_t)at[1] << 7;
        *p = at + 2;
        return true;
}

/* The bytes that tell the lengths of a line's three pieces, which is what nearly all have, the last
 * one of two bytes at most; *ret_size: all of the pieces. 0: they are others. p: at the form; there
 * are LINE_OF_THREE_BYTES. */
#define LINE_OF_THREE_BYTES 5
static inline size_t heads_of_three(const unsigned char *p, uint32_t *lengths, size_t *ret_size) {
        size_t last = p[3];
        if (p[0] != 3 || (p[1] | p[2]) >= FAILURE_SHORT_END)
                return 0;
        if (last >= FAILURE_SHORT_END) {
                if (p[4] == 0 || p[4] >= FAILURE_SHORT_END)
                        return 0;
                last = (last & 0x7f) | (size_t)p[4] << 7;
        }
        if (lengths) {
                lengths[0] = p[1];
                lengths[1] = p[2];
                lengths[2] = (uint32_t)last;
        }
        *ret_size = p[1] + p[2] + last;
        return p[3] >= FAILURE_SHORT_END ? 5 : 4;
}

/* Reads a good line as nearly all are: no coded value, and no longer than such numbers tell; what
 * is read is kept apart from what is written meanwhile. Returns false, and reads nothing, where it
 * is another, or may be none. lengths: NULL, or they are told, too. */
static inline bool take_plain_line(
        struct message_reader *in, uint8_t *ret_form, struct slice *ret_text, uint32_t *lengths) {
        const unsigned char *p = (const unsigned char *)in->rest.data, *end = p + in->rest.len;
        size_t size = 0;
        if (in->bad || in->rest.len == 0)
                return false;
        unsigned form = p[0], count = form == FAILURE_LINE_TEXT ? 1 : form;
        if (count > FAILURE_PIECES_MAX)
                return false;
        size_t heads = in->rest.len >= LINE_OF_THREE_BYTES ? heads_of_three(p, lengths, &size) : 0;
        p += heads > 0 ? heads : 1;
        for (unsigned i = 0; heads == 0 && i < count; i++) {
                uint32_t length;
                if (!take_short_number(&p, end, &length))
                        return false;
                if (lengths)
                        lengths[i] = length;
                size += length;
        }
        size_t left = (size_t)(end - p);
        if (size > left)
                return false;
        *ret_form = (uint8_t)form;
        *ret_text = (struct slice){(const char *)p, size};
        in->rest = (struct slice){(const char *)p + size, left - size};
        return true;
}

bool failure_line_next(struct message_reader *in, struct failure_line *ret) {
        size_t size = 0;
        if (take_plain_line(in, &ret->form, &ret->text, ret->lengths)) {
                ret->piece_count = ret->form == FAILURE_LINE_TEXT ? 1 : ret->form;
                return true;
        }
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
        unsigned head = message_get_u8(in), code = head / FAILURE_GROUP_FORM_COUNT;
        ret->form = (uint8_t)(head % FAILURE_GROUP_FORM_COUNT);
        if (code == 0)
                ret->name = message_get_bytes(in, message_get_number(in));
        else
                ret->name = code <= NAMES ? names[code - 1] : SLICE_NULL;
        ret->bytes = SLICE_NULL;
        if (code > NAMES || ret->name.len > FAILURE_GROUP_NAME_MAX)
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
        for (; left > 0 && take_plain_line(&in, &line.form, &line.text, NULL); left--)
                continue;
        for (; failure_line_next(&in, &line); left--)
                if (left == 0 || (line.form == FAILURE_LINE_VALUE && !is_one_value(line.text)))
                        return false;
        return !in.bad && left == 0;
}

/* What is behind the good groups at the front, as far as they are as nearly all are: short, and no
 * coded value. */
static struct slice behind_short_groups(struct slice groups) {
        const unsigned char *p = (const unsigned char *)groups.data;
        size_t left = groups.len;
        while (left >= 2) {
                unsigned form = p[0] % FAILURE_GROUP_FORM_COUNT;
                bool has_code = p[0] >= FAILURE_GROUP_FORM_COUNT;
                size_t size = has_code ? 1 : 2 + (size_t)p[1];
                if (p[0] >= (NAMES + 1) * FAILURE_GROUP_FORM_COUNT || form == FAILURE_GROUP_VALUE ||
                        size >= 2 + FAILURE_SHORT_END || size >= left)
                        break;
                if (form != FAILURE_GROUP_ID) {
                        if (p[size] >= FAILURE_SHORT_END)
                                break;
                        size += 1 + (size_t)p[size];
                }
                if (size > left)
                        break;
                p += size;
                left -= size;
        }
        return (struct slice){(const char *)p, left};
}

bool failure_groups_are_good(struct slice groups) {
        struct message_reader in = message_reader_of(groups);
        struct failure_group group;
        for (;;) {
                if (groups.len > 0)
                        in.rest = behind_short_groups(in.rest);
                if (!failure_group_next(&in, &group))
                        return !in.bad;
                if (group.form == FAILURE_GROUP_VALUE && !is_one_value(group.bytes))
                        return false;
        }
}
