/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views of bytes. Every function takes lengths, none looks for a NUL except slice_of(). */
#include "base/slice.h"

#include <stdint.h>
#include <strings.h>

#define FIND_BLOCKS_MAX                                                                            \
        64 /* bytes of a needle; of a longer one too many may be compared for nothing */

static bool is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_of(const char *text) {
        return (struct slice){text, text ? strlen(text) : 0};
}

bool slice_equal_nocase(struct slice a, struct slice b) {
        return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

typedef unsigned char block __attribute__((vector_size(16)));

static block load(const char *bytes) {
        block b;
        memcpy(&b, bytes, sizeof(b));
        return b;
}

static block filled_with(char c) {
        block b;
        memset(&b, c, sizeof(b));
        return b;
}

/* Of less than a block's bytes. */
static bool is_short_ascii(struct slice s) {
        unsigned char seen = 0;
        uint64_t words[2] = {0};
        if (s.len >= sizeof(words[0])) {
                memcpy(&words[0], s.data, sizeof(words[0]));
                memcpy(&words[1], s.data + s.len - sizeof(words[1]), sizeof(words[1]));
                return ((words[0] | words[1]) & UINT64_C(0x8080808080808080)) == 0;
        }
        for (size_t i = 0; i < s.len; i++)
                seen |= (unsigned char)s.data[i];
        return seen < 0x80;
}

/* The last block overlaps with the one before. */
bool slice_is_ascii(struct slice s) {
        if (s.len < sizeof(block))
                return is_short_ascii(s);
        block seen = load(s.data + s.len - sizeof(block));
        size_t i = 0;
        for (; i + 4 * sizeof(block) <= s.len; i += 4 * sizeof(block)) {
                const char *p = s.data + i;
                seen |= (load(p) | load(p + sizeof(block))) |
                        (load(p + 2 * sizeof(block)) | load(p + 3 * sizeof(block)));
        }
        for (; i + sizeof(block) <= s.len; i += sizeof(block))
                seen |= load(s.data + i);
        uint64_t halves[2];
        memcpy(halves, &seen, sizeof(halves));
        return ((halves[0] | halves[1]) & UINT64_C(0x8080808080808080)) == 0;
}

bool slice_has_prefix(struct slice s, struct slice prefix) {
        return s.len >= prefix.len && slice_equal(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_has_suffix(struct slice s, struct slice suffix) {
        return s.len >= suffix.len && slice_equal(slice_sub(s, s.len - suffix.len, s.len), suffix);
}

int slice_compare(struct slice a, struct slice b) {
        size_t common = a.len < b.len ? a.len : b.len;
        int order = common ? memcmp(a.data, b.data, common) : 0;
        if (order != 0)
                return order;
        return (a.len > b.len) - (a.len < b.len);
}

size_t slice_find_char(struct slice s, char c, size_t from) {
        if (from >= s.len)
                return s.len;
        const char *hit = memchr(s.data + from, c, s.len - from);
        return hit ? (size_t)(hit - s.data) : s.len;
}

/* By place at p, whether needle may be there, three bytes of it being there: 0 or 0xff. */
static block likely_places(const char *p, const block keys[3], size_t middle, size_t last) {
        return (block)((load(p) == keys[0]) & (load(p + middle) == keys[1]) &
                       (load(p + last) == keys[2]));
}

/* Many places at a time. s holds at least a block's bytes more than needle behind from. */
static size_t find_in_blocks(struct slice s, struct slice needle, size_t from) {
        size_t middle = needle.len / 2, last = needle.len - 1;
        const block keys[3] = {filled_with(needle.data[0]), filled_with(needle.data[middle]),
                filled_with(needle.data[last])};
        size_t end = s.len - last -
                     sizeof(block); /* of the last block, which may overlap with the one before */
        for (size_t at = from;; at = at + sizeof(block) < end ? at + sizeof(block) : end) {
                uint64_t hits[2];
                block places = likely_places(s.data + at, keys, middle, last);
                memcpy(hits, &places, sizeof(hits));
                for (size_t i = 0; (hits[0] | hits[1]) != 0 && i < sizeof(block); i++)
                        if (places[i] != 0 && memcmp(s.data + at + i, needle.data, needle.len) == 0)
                                return at + i;
                if (at == end)
                        return s.len;
        }
}

size_t slice_find(struct slice s, struct slice needle, size_t from) {
        if (from > s.len)
                return s.len;
        if (needle.len == 0)
                return from;
        if (from == s.len)
                return s.len;
        if (needle.len <= FIND_BLOCKS_MAX && s.len - from >= needle.len - 1 + sizeof(block))
                return find_in_blocks(s, needle, from);
        const char *hit = memmem(s.data + from, s.len - from, needle.data, needle.len);
        return hit ? (size_t)(hit - s.data) : s.len;
}

struct slice slice_trim_right(struct slice s) {
        while (s.len > 0 && is_space(s.data[s.len - 1]))
                s.len--;
        return s;
}

struct slice slice_trim(struct slice s) {
        s = slice_trim_right(s);
        while (s.len > 0 && is_space(s.data[0])) {
                s.data++;
                s.len--;
        }
        return s;
}

bool slice_next_piece(struct slice *rest, char separator, struct slice *ret_piece) {
        if (!rest->data)
                return false;
        size_t end = slice_find_char(*rest, separator, 0);
        *ret_piece = slice_sub(*rest, 0, end);
        *rest = end == rest->len ? SLICE_NULL : slice_sub(*rest, end + 1, rest->len);
        return true;
}
