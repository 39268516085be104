/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables are made by tools/gen-multibytes. An encoding has what the table of its kin has, but
 * for a short list; euc_jp has the characters of Shift JIS at other places. A broken piece is one
 * byte, as with Python, so that nothing can swallow what follows it; what the end of the text
 * breaks off is one piece. Where that is a whole line, Python would read on into the next one, and
 * then see one broken byte after all: so does this, without reading on. */
#include "detect/multibyte.h"

#include <assert.h>
#include <uchar.h>

#define LOW 128
#define NONE 0xfffd       /* in tables, as is NUL */
#define EUC_KANA 0x8e     /* euc_jp: then a byte of half a width */
#define EUC_JISX0212 0x8f /* ... then two bytes of the second set */
#define KANA_FIRST 0xa1
#define KANA_LAST 0xdf
#define KANA_CODE 0xff61
#define FOURS_COUNT 39420 /* sequences of four bytes up to U+FFFF */
#define FOURS_FROM 189000 /* ... and the first beyond */

struct table {
        uint8_t first, last;               /* of the first byte */
        uint8_t second_first, second_last; /* of the second */
        const char16_t *chars;
};

struct other {
        uint8_t first, from, to; /* second byte */
        char16_t code;           /* 0: none */
};

struct four {
        uint16_t number;
        char16_t code;
};

struct encoding {
        const char *names; /* parted by blanks */
        const struct table *table;
        uint8_t first, last, second_first, second_last;
        const char16_t *singles; /* of the bytes above 127, or NULL */
        const struct other *others;
        size_t other_count;
};

/* clang-format off */
#define TABLE(name, first, last, second_first, second_last, ...) \
        static const char16_t chars_##name[(last) - (first) + 1][(second_last) - (second_first) + 1] = {__VA_ARGS__}; \
        static const struct table table_##name = {first, last, second_first, second_last, chars_##name[0]};
#define SINGLE(name, text) static const char16_t singles_##name[LOW + 1] = text;
#define OTHERS(name, ...) static const struct other others_##name[] = {__VA_ARGS__};
#define FOURS(...) static const struct four fours[] = {__VA_ARGS__};
#define MULTIBYTE(name, names, table, first, last, second_first, second_last)
#include "detect/multibytes.def"
#undef TABLE
#undef SINGLE
#undef OTHERS
#undef FOURS
#undef MULTIBYTE

enum {
#define TABLE(name, first, last, second_first, second_last, ...)
#define SINGLE(name, text)
#define OTHERS(name, ...)
#define FOURS(...)
#define MULTIBYTE(name, names, table, first, last, second_first, second_last) AT_##name,
#include "detect/multibytes.def"
#undef MULTIBYTE
        AT_COUNT
};
static_assert(AT_COUNT == MULTIBYTE_COUNT, "multibyte.h says how many there are");

static const struct encoding encodings[] = {
#undef SINGLE
#undef OTHERS
#define SINGLE(name, text) [AT_##name].singles = singles_##name,
#define OTHERS(name, ...) [AT_##name].others = others_##name, [AT_##name].other_count = sizeof(others_##name) / sizeof(others_##name[0]),
#define MULTIBYTE(name, all_names, its_table, a, b, c, d) \
        [AT_##name].names = all_names, [AT_##name].table = &table_##its_table, [AT_##name].first = a, [AT_##name].last = b, \
        [AT_##name].second_first = c, [AT_##name].second_last = d,
#include "detect/multibytes.def"
};
/* clang-format on */

int multibyte_find(struct slice name) {
        for (int i = 0; i < MULTIBYTE_COUNT; i++) {
                struct slice rest = slice_of(encodings[i].names);
                struct slice one;
                while (slice_next_piece(&rest, ' ', &one))
                        if (slice_equal(one, name))
                                return i;
        }
        return -1;
}

bool multibyte_is_ascii_compatible(int index) {
        return encodings[index].second_first >= LOW;
}

static uint32_t in_table(const struct table *table, unsigned first, unsigned second) {
        if (first < table->first || first > table->last || second < table->second_first ||
                second > table->second_last)
                return 0;
        size_t width = (size_t)table->second_last - table->second_first + 1;
        char16_t code =
                table->chars[(first - table->first) * width + (second - table->second_first)];
        return code == NONE ? 0 : code;
}

/* Shift JIS has two rows of 94 characters behind each first byte, leaves out the bytes of half a
 * width, and 0x7f. */
static uint32_t in_rows_of_euc_jp(unsigned first, unsigned second) {
        unsigned row = first - 0xa0, cell = second - 0xa0;
        unsigned shifted = (row - 1) / 2 + (row <= 62 ? 0x81 : 0xc1);
        unsigned place = row % 2 == 0 ? cell + 0x9e : cell + 0x3f + (cell >= 0x40 ? 1 : 0);
        return in_table(&table_cp932, shifted, place);
}

/* The character of two bytes; 0: none. */
static uint32_t pair_char(int index, unsigned first, unsigned second) {
        const struct encoding *encoding = &encodings[index];
        if (first < encoding->first || first > encoding->last || second < encoding->second_first ||
                second > encoding->second_last)
                return 0;
        for (size_t i = 0; i < encoding->other_count; i++) {
                const struct other *other = &encoding->others[i];
                if (other->first == first && other->from <= second && second <= other->to)
                        return other->code;
        }
        return index == AT_euc_jp ? in_rows_of_euc_jp(first, second)
                                  : in_table(encoding->table, first, second);
}

/* The character of four bytes of GB 18030; 0: none. */
static uint32_t four_char(const unsigned char *p) {
        uint32_t number = ((p[0] - 0x81U) * 10 + (p[1] - 0x30U)) * 1260 + (p[2] - 0x81U) * 10 +
                          (p[3] - 0x30U);
        if (number >= FOURS_FROM)
                return number - FOURS_FROM <= 0xfffff ? number - FOURS_FROM + 0x10000 : 0;
        if (number >= FOURS_COUNT)
                return 0;
        size_t from = 0, to = sizeof(fours) / sizeof(fours[0]);
        while (to - from > 1) {
                size_t middle = from + (to - from) / 2;
                if (fours[middle].number <= number)
                        from = middle;
                else
                        to = middle;
        }
        return fours[from].code ? fours[from].code + (number - fours[from].number) : 0;
}

/* How many bytes the first one wants. */
static size_t wanted(int index, const unsigned char *p, size_t len) {
        if (p[0] < LOW)
                return 1;
        if (index == AT_gb18030 && len > 1 && p[1] >= 0x30 && p[1] <= 0x39)
                return 4;
        if (index == AT_euc_jp && p[0] == EUC_JISX0212)
                return 3;
        const char16_t *singles = encodings[index].singles;
        return singles && singles[p[0] - LOW] != NONE ? 1 : 2;
}

static bool is_four(const unsigned char *p) {
        return p[0] >= 0x81 && p[0] <= 0xfe && p[2] >= 0x81 && p[2] <= 0xfe && p[3] >= 0x30 &&
               p[3] <= 0x39;
}

/* The character of so many bytes, all of them there; 0: none. */
static uint32_t char_of(int index, const unsigned char *p, size_t len) {
        if (len == 1)
                return p[0] < LOW ? p[0] : encodings[index].singles[p[0] - LOW];
        if (len == 4)
                return is_four(p) ? four_char(p) : 0;
        if (len == 3)
                return in_table(&table_jisx0212, p[1], p[2]);
        if (index == AT_euc_jp && p[0] == EUC_KANA)
                return p[1] >= KANA_FIRST && p[1] <= KANA_LAST ? p[1] - KANA_FIRST + KANA_CODE : 0;
        return pair_char(index, p[0], p[1]);
}

size_t multibyte_next(int index, struct slice raw, uint32_t *ret, bool *ret_broken) {
        const unsigned char *p = (const unsigned char *)raw.data;
        size_t len = wanted(index, p, raw.len);
        bool is_cut = len > raw.len;
        *ret = is_cut ? 0 : char_of(index, p, len);
        *ret_broken = *ret == 0 && p[0] >= LOW; /* GB 18030 has a U+FFFD of its own */
        if (!*ret_broken)
                return len;
        *ret = 0xfffd;
        return is_cut && slice_find_char(raw, '\n', 0) == raw.len ? raw.len : 1;
}
