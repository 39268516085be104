/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a failure's record tells besides its id: the matched lines, and the groups of the regex.
 * Failures are nearly all that the scanner sends while it reads much, so this is shorter than
 * values in general (value_code.h), and a line's pieces lie one behind the other, as the text that
 * most of those who read it want. Numbers are those of message_write_number(). lines: their count,
 * the lines. line: u8 form, the number of bytes of each piece, the pieces. form: FAILURE_LINE_TEXT,
 * a text, which is its one piece; 1 to FAILURE_PIECES_MAX, a tuple of so many texts;
 * FAILURE_LINE_VALUE, one coded value of any other kind. group: u8 form and, times
 * FAILURE_GROUP_FORM_COUNT, the name's code; if that is 0, number of bytes of the name, the name;
 * if the form is not FAILURE_GROUP_ID, number of bytes, bytes. */
#pragma once

#include "base/value.h"
#include "channel/message.h"

#define FAILURE_PIECES_MAX 8
#define FAILURE_GROUP_NAME_MAX 1024 /* bytes */
#define FAILURE_SHORT_END 0x80      /* lengths from here on take more than a byte */
#define FAILURE_NAMES_MAX 63        /* names with a code (failure_names.def) ... */
#define FAILURE_NAME_BYTES_MAX 16   /* ... and the bytes of each */
#define FAILURE_GROUP_BYTES_MIN 1   /* of a group: the name's code and the form */

/* A group's name: the row of failure_names.def and one, or 0 and the text. Of a size that is passed
 * in registers. */
struct failure_name {
        const char *text;
        uint32_t len;
        uint8_t code;
};
static inline struct failure_name failure_name_by_code(unsigned code) {
        return (struct failure_name){.code = (uint8_t)code};
}
static inline struct failure_name failure_name_by_text(struct slice text) {
        return (struct failure_name){
                text.data, text.len < UINT32_MAX ? (uint32_t)text.len : UINT32_MAX, 0};
}

enum failure_line_form { FAILURE_LINE_TEXT = 0, FAILURE_LINE_VALUE = 255 };
enum failure_group_form {
        FAILURE_GROUP_TEXT,
        FAILURE_GROUP_ID,    /* the same text as the failure's id */
        FAILURE_GROUP_SET,   /* a set of one text */
        FAILURE_GROUP_VALUE, /* one coded value of any other kind */
        FAILURE_GROUP_FORM_COUNT
};

struct failure_line {
        uint8_t form;
        uint8_t piece_count;
        uint32_t lengths[FAILURE_PIECES_MAX]; /* of the pieces */
        struct slice text;                    /* all pieces */
};

struct failure_group {
        struct slice name;
        uint8_t form;
        struct slice bytes; /* empty: the id */
};

/* Bytes that a line takes at most; 0 if its value is above the caps of value_code.h. And these
 * bytes; returns their end. */
size_t failure_line_size(const struct value *line);
char *failure_line_write(char *to, const struct value *line);
/* The same for a tuple of count texts, at most FAILURE_PIECES_MAX, which lie one behind the other.
 */
size_t failure_pieces_size(const uint32_t *lengths, size_t count);
char *failure_pieces_write(char *to, const char *text, const uint32_t *lengths, size_t count);
/* The same for a group, of a value that is not None; id: the failure's. 0 for a name that is too
 * long, too. */
size_t failure_group_size(struct failure_name name, const struct value *v);
char *failure_group_write(
        char *to, struct failure_name name, const struct value *v, struct slice id);

/* Reads the count in front of the lines. */
static inline uint32_t failure_lines_count(struct message_reader *in) {
        return in->rest.len > 0 ? message_get_number(in) : 0;
}
/* The same for a group that is a text, of less than 4 GiB. */
size_t failure_group_text_size(struct failure_name name, struct slice text);
char *failure_group_write_any_text(
        char *to, struct failure_name name, struct slice text, struct slice id);
static inline char *failure_group_write_text(
        char *to, struct failure_name name, struct slice text, struct slice id) {
        if (name.code == 0 || text.len >= FAILURE_SHORT_END || slice_equal(text, id))
                return failure_group_write_any_text(to, name, text, id);
        *to++ = (char)(uint8_t)(name.code * FAILURE_GROUP_FORM_COUNT + FAILURE_GROUP_TEXT);
        *to++ = (char)text.len;
        if (text.len > 0)
                memcpy(to, text.data, text.len);
        return to + text.len;
}
/* Read the next line or group; texts borrow from the body. Return true if there was one; false at
 * the end, and where in->bad is. What is coded as a value is not looked at. */
bool failure_line_next(struct message_reader *in, struct failure_line *ret);
bool failure_group_next(struct message_reader *in, struct failure_group *ret);
/* Whether all lines, or groups, are what they should be, coded values included. */
bool failure_lines_are_good(struct slice lines);
bool failure_groups_are_good(struct slice groups);
