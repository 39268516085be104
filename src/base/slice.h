/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A borrowed view of bytes: may hold NUL and invalid UTF-8, is not NUL-terminated, never owns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
        const char *data; /* may be NULL only if len is 0 */
        size_t len;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
#define SLICE_NULL ((struct slice){NULL, 0})
#define SLICE_ARG(s) (int)(s).len, (s).data /* for "%.*s"; the caller knows that len fits an int */

/* View of a NUL-terminated string (without the NUL); NULL gives the empty slice. */
struct slice slice_of(const char *text);
/* The same as an assignment, but in parts: what was written in parts is read back slowly as a whole.
 */
static inline void slice_set(struct slice *to, struct slice from) {
        to->data = from.data;
        to->len = from.len;
}
/* View of [from, to) of s; both are clipped to s. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t to) {
        if (to > s.len)
                to = s.len;
        if (from > to)
                from = to;
        return s.data ? (struct slice){s.data + from, to - from} : s;
}
/* Whether 4 to 8, or 8 to 16 bytes are the same: two loads of each, which may overlap. */
static inline bool slice_same4(const char *a, const char *b, size_t len) {
        uint32_t x[2], y[2];
        memcpy(&x[0], a, sizeof(x[0]));
        memcpy(&x[1], a + len - sizeof(x[1]), sizeof(x[1]));
        memcpy(&y[0], b, sizeof(y[0]));
        memcpy(&y[1], b + len - sizeof(y[1]), sizeof(y[1]));
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}
static inline bool slice_same8(const char *a, const char *b, size_t len) {
        uint64_t x[2], y[2];
        memcpy(&x[0], a, sizeof(x[0]));
        memcpy(&x[1], a + len - sizeof(x[1]), sizeof(x[1]));
        memcpy(&y[0], b, sizeof(y[0]));
        memcpy(&y[1], b + len - sizeof(y[1]), sizeof(y[1]));
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}
/* Inline, because nearly all that is compared are short names, and most are not the same. */
static inline bool slice_equal(struct slice a, struct slice b) {
        if (a.len != b.len)
                return false;
        if (a.data == b.data || a.len == 0)
                return true;
        if (a.len < 4)
                return a.data[0] == b.data[0] && a.data[a.len / 2] == b.data[a.len / 2] && a.data[a.len - 1] == b.data[a.len - 1];
        if (a.len <= 8)
                return slice_same4(a.data, b.data, a.len);
        if (a.len <= 16)
                return slice_same8(a.data, b.data, a.len);
        if (a.len <= 32)
                return slice_same8(a.data, b.data, 16) &&
                       slice_same8(a.data + a.len - 16, b.data + b.len - 16, 16);
        return memcmp(a.data, b.data, a.len) == 0;
}
/* ASCII case only. */
bool slice_equal_nocase(struct slice a, struct slice b);
/* Inline, so that the length of a literal costs nothing. */
static inline bool slice_is(struct slice a, const char *text) {
        size_t len = text ? strlen(text) : 0;
        return a.len == len && (len == 0 || memcmp(a.data, text, len) == 0);
}
/* Whether all bytes are below 0x80. */
bool slice_is_ascii(struct slice s);
bool slice_has_prefix(struct slice s, struct slice prefix);
bool slice_has_suffix(struct slice s, struct slice suffix);
/* Bytewise order like memcmp, shorter first. */
int slice_compare(struct slice a, struct slice b);
/* Position of the first c at or after from, or s.len if there is none. */
size_t slice_find_char(struct slice s, char c, size_t from);
/* Position of the first needle at or after from, or s.len if there is none. An empty needle is found at from. */
size_t slice_find(struct slice s, struct slice needle, size_t from);
/* Without ASCII white space (space, \t \n \r \f \v) at both ends / at the end. */
struct slice slice_trim(struct slice s);
struct slice slice_trim_right(struct slice s);
/* Takes the next piece up to separator off *rest (which then starts after it). Returns false when *rest was used up: start with
 * a non-NULL rest->data; after the last piece rest->data is NULL. */
bool slice_next_piece(struct slice *rest, char separator, struct slice *ret_piece);
