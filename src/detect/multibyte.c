/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables are made by tools/gen-multibytes. An encoding has what the table of its kin has, but
 * for a short list; euc_jp has the characters of Shift JIS at other places, and shift_jis_2004
 * those of EUC. A broken piece is one byte, as with Python, so that nothing can swallow what
 * follows it; what the end of the text breaks off is one piece. Where that is a whole line, Python
 * would read on into the next one, and then see one broken byte after all: so does this, without
 * reading on. */
#include "detect/multibyte.h"

#include <assert.h>
#include <uchar.h>

#define LOW 128
#define NONE 0xfffd    /* in tables, as is NUL */
#define EUC_KANA 0x8e  /* EUC of Japan: then a byte of half a width */
#define EUC_THIRD 0x8f /* ... then two bytes of another set */
#define KANA_FIRST 0xa1
#define KANA_LAST 0xdf
#define KANA_CODE 0xff61
#define JAMO_ROW 0xa4     /* euc_kr: of letters, four of which spell a syllable: */
#define JAMO_FILLER 0xd4  /* this one, then first, middle and last */
#define SPELLED 8         /* bytes of them */
#define FOURS_COUNT 39420 /* sequences of four bytes up to U+FFFF */
#define FOURS_FROM 189000 /* ... and the first beyond */
#define YEN 0xa5
#define OVERLINE 0x203e

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct multibyte_char no_char;

struct other {
        uint8_t first, from, to; /* second byte */
        char16_t code;           /* 0: none */
};

struct others {
        const struct other *items;
        size_t count;
};

struct long_char {
        uint8_t first, second;
        uint32_t code, then;
};

struct table {
        uint8_t first, last;               /* of the first byte */
        uint8_t second_first, second_last; /* of the second */
        const char16_t *chars;
        const struct long_char *longs; /* in order: what 16 bits do not hold */
        size_t long_count;
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
        bool is_roman;           /* backslash and tilde are yen and overline */
        struct others others;
        const struct table *third; /* what stands behind EUC_THIRD, or NULL */
        struct others third_others;
};

/* clang-format off */
#define CHARS(name, first, last, second_first, second_last, ...) \
        static const char16_t chars_##name[(last) - (first) + 1][(second_last) - (second_first) + 1] = {__VA_ARGS__};
#define TABLE(name, first, last, second_first, second_last, ...) \
        CHARS(name, first, last, second_first, second_last, __VA_ARGS__) \
        static const struct table table_##name = {first, last, second_first, second_last, chars_##name[0], NULL, 0};
#define TABLE_WITH_LONGS(name, first, last, second_first, second_last, ...) \
        CHARS(name, first, last, second_first, second_last, __VA_ARGS__) \
        static const struct table table_##name = {first, last, second_first, second_last, chars_##name[0], longs_##name, COUNT(longs_##name)};
#define LONGS(name, ...) static const struct long_char longs_##name[] = {__VA_ARGS__};
#define SINGLE(name, text) static const char16_t singles_##name[LOW + 1] = text;
#define ROMAN(name)
#define OTHERS(name, ...) static const struct other others_##name[] = {__VA_ARGS__};
#define THIRD(name, its_table)
#define THIRD_OTHERS(name, ...) static const struct other third_others_##name[] = {__VA_ARGS__};
#define FOURS(...) static const struct four fours[] = {__VA_ARGS__};
#define MULTIBYTE(name, names, its_table, first, last, second_first, second_last)
#include "detect/multibytes.def"
#undef TABLE
#undef TABLE_WITH_LONGS
#undef LONGS
#undef SINGLE
#undef OTHERS
#undef THIRD
#undef THIRD_OTHERS
#undef FOURS
#undef MULTIBYTE
#define TABLE(name, first, last, second_first, second_last, ...)
#define TABLE_WITH_LONGS(name, first, last, second_first, second_last, ...)
#define LONGS(name, ...)
#define FOURS(...)

enum {
#define SINGLE(name, text)
#define OTHERS(name, ...)
#define THIRD(name, its_table)
#define THIRD_OTHERS(name, ...)
#define MULTIBYTE(name, names, its_table, first, last, second_first, second_last) AT_##name,
#include "detect/multibytes.def"
#undef SINGLE
#undef ROMAN
#undef OTHERS
#undef THIRD
#undef THIRD_OTHERS
#undef MULTIBYTE
        AT_COUNT
};
static_assert(AT_COUNT == MULTIBYTE_COUNT, "multibyte.h says how many there are");

static const struct encoding encodings[] = {
#define SINGLE(name, text) [AT_##name].singles = singles_##name,
#define ROMAN(name) [AT_##name].is_roman = true,
#define OTHERS(name, ...) [AT_##name].others = {others_##name, COUNT(others_##name)},
#define THIRD(name, its_table) [AT_##name].third = &table_##its_table,
#define THIRD_OTHERS(name, ...) [AT_##name].third_others = {third_others_##name, COUNT(third_others_##name)},
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
        return encodings[index].second_first >= LOW && multibyte_has_ascii(index);
}

bool multibyte_has_ascii(int index) {
        return !encodings[index].is_roman;
}

static struct multibyte_char char_of_code(uint32_t code) {
        return (struct multibyte_char){code == NONE ? 0 : code, 0};
}

static struct multibyte_char in_longs(const struct table *table, unsigned first, unsigned second) {
        size_t from = 0, to = table->long_count;
        while (from < to) {
                size_t middle = from + (to - from) / 2;
                const struct long_char *at = &table->longs[middle];
                if (at->first == first && at->second == second)
                        return (struct multibyte_char){at->code, at->then};
                if (at->first < first || (at->first == first && at->second < second))
                        from = middle + 1;
                else
                        to = middle;
        }
        return no_char;
}

static struct multibyte_char in_table(const struct table *table, unsigned first, unsigned second) {
        if (first < table->first || first > table->last || second < table->second_first ||
                second > table->second_last)
                return no_char;
        size_t width = (size_t)table->second_last - table->second_first + 1;
        char16_t code =
                table->chars[(first - table->first) * width + (second - table->second_first)];
        return code == NONE || code == 0 ? in_longs(table, first, second) : char_of_code(code);
}

static const struct other *find_other(
        const struct others *others, unsigned first, unsigned second) {
        for (size_t i = 0; i < others->count; i++) {
                const struct other *other = &others->items[i];
                if (other->first == first && other->from <= second && second <= other->to)
                        return other;
        }
        return NULL;
}

/* Shift JIS has two rows of 94 characters behind each first byte, leaves out the bytes of half a
 * width, and 0x7f. */
static struct multibyte_char in_rows_of_euc_jp(unsigned first, unsigned second) {
        unsigned row = first - 0xa0, cell = second - 0xa0;
        unsigned shifted = (row - 1) / 2 + (row <= 62 ? 0x81 : 0xc1);
        unsigned place = row % 2 == 0 ? cell + 0x9e : cell + 0x3f + (cell >= 0x40 ? 1 : 0);
        return in_table(&table_cp932, shifted, place);
}

/* The other way round. Behind the 94 rows come those of the second plane that there are. */
static struct multibyte_char in_rows_of_shift_jis(unsigned first, unsigned second) {
        static const uint8_t rows[] = {1, 8, 3, 4, 5, 12, 13, 14, 15, 78};
        if (second == 0x7f || (first >= 0xa0 && first < 0xe0))
                return no_char;
        unsigned row = (first - (first < 0xe0 ? 0x81 : 0xc1)) * 2;
        unsigned cell = second - 0x40 - (second > 0x7f ? 1 : 0);
        row += cell >= 94 ? 1 : 0;
        cell = cell % 94 + 1;
        if (row < 94)
                return in_table(&table_jisx0213, row + 1 + 0xa0, cell + 0xa0);
        row -= 94;
        row = row < COUNT(rows) ? rows[row] : row - (unsigned)COUNT(rows) + 79;
        return in_table(&table_jisx0213_2, row + 0xa0, cell + 0xa0);
}

/* The character of two bytes. */
static struct multibyte_char pair_char(int index, unsigned first, unsigned second) {
        const struct encoding *encoding = &encodings[index];
        if (first < encoding->first || first > encoding->last || second < encoding->second_first ||
                second > encoding->second_last)
                return no_char;
        const struct other *other = find_other(&encoding->others, first, second);
        if (other)
                return char_of_code(other->code);
        if (index == AT_euc_jp)
                return in_rows_of_euc_jp(first, second);
        if (index == AT_shift_jis_2004 || index == AT_shift_jisx0213)
                return in_rows_of_shift_jis(first, second);
        return in_table(encoding->table, first, second);
}

/* The character of two bytes behind EUC_THIRD. What JIS X 0213 does not have may be in the set that
 * it was to follow. */
static struct multibyte_char third_char(int index, unsigned first, unsigned second) {
        const struct encoding *encoding = &encodings[index];
        const struct other *other = find_other(&encoding->third_others, first, second);
        if (other)
                return char_of_code(other->code);
        struct multibyte_char c = in_table(encoding->third, first, second);
        return c.code ? c : in_table(&table_jisx0212, first, second);
}

/* The character of four bytes of GB 18030; 0: none. */
static uint32_t four_char(const unsigned char *p) {
        uint32_t number = ((p[0] - 0x81U) * 10 + (p[1] - 0x30U)) * 1260 + (p[2] - 0x81U) * 10 +
                          (p[3] - 0x30U);
        if (number >= FOURS_FROM)
                return number - FOURS_FROM <= 0xfffff ? number - FOURS_FROM + 0x10000 : 0;
        if (number >= FOURS_COUNT)
                return 0;
        size_t from = 0, to = COUNT(fours);
        while (to - from > 1) {
                size_t middle = from + (to - from) / 2;
                if (fours[middle].number <= number)
                        from = middle;
                else
                        to = middle;
        }
        return fours[from].code ? fours[from].code + (number - fours[from].number) : 0;
}

/* Number of one of 30 consonants among the first ones of syllables, and among the last ones, where
 * 0 is none; -1: not there. */
struct jamo {
        int16_t first, last;
};

static const struct jamo consonants[] = {
        {0,  1 },
        {1,  2 },
        {-1, 3 },
        {2,  4 },
        {-1, 5 },
        {-1, 6 },
        {3,  7 },
        {4,  -1},
        {5,  8 },
        {-1, 9 },
        {-1, 10},
        {-1, 11},
        {-1, 12},
        {-1, 13},
        {-1, 14},
        {-1, 15},
        {6,  16},
        {7,  17},
        {8,  -1},
        {-1, 18},
        {9,  19},
        {10, 20},
        {11, 21},
        {12, 22},
        {13, -1},
        {14, 23},
        {15, 24},
        {16, 25},
        {17, 26},
        {18, 27}
};

static struct jamo jamo_of(unsigned byte) {
        static const struct jamo none = {-1, -1};
        return byte >= 0xa1 && byte < 0xa1 + COUNT(consonants) ? consonants[byte - 0xa1] : none;
}

/* The syllable that is spelled in eight bytes; 0: none. */
static uint32_t spelled_char(const unsigned char *p) {
        if (p[2] != JAMO_ROW || p[4] != JAMO_ROW || p[6] != JAMO_ROW)
                return 0;
        int first = jamo_of(p[3]).first;
        int middle = p[5] - 0xbf;
        int last = p[7] == JAMO_FILLER ? 0 : jamo_of(p[7]).last;
        if (first < 0 || middle < 0 || middle > 20 || last < 0)
                return 0;
        return 0xac00 + (uint32_t)((first * 21 + middle) * 28 + last);
}

/* How many bytes the first one wants. */
static size_t wanted(int index, const unsigned char *p, size_t len) {
        const struct encoding *encoding = &encodings[index];
        if (p[0] < LOW)
                return 1;
        if (index == AT_gb18030 && len > 1 && p[1] >= 0x30 && p[1] <= 0x39)
                return 4;
        if (index == AT_euc_kr && len > 1 && p[0] == JAMO_ROW && p[1] == JAMO_FILLER)
                return SPELLED;
        if (encoding->third && p[0] == EUC_THIRD)
                return 3;
        return encoding->singles && encoding->singles[p[0] - LOW] != NONE ? 1 : 2;
}

static bool is_four(const unsigned char *p) {
        return p[0] >= 0x81 && p[0] <= 0xfe && p[2] >= 0x81 && p[2] <= 0xfe && p[3] >= 0x30 &&
               p[3] <= 0x39;
}

static uint32_t single_char(const struct encoding *encoding, unsigned byte) {
        if (byte >= LOW)
                return encoding->singles[byte - LOW];
        if (encoding->is_roman && (byte == '\\' || byte == '~'))
                return byte == '~' ? OVERLINE : YEN;
        return byte;
}

/* The character of so many bytes, all of them there. */
static struct multibyte_char char_of(int index, const unsigned char *p, size_t len) {
        if (len == 1)
                return (struct multibyte_char){single_char(&encodings[index], p[0]), 0};
        if (len == SPELLED)
                return (struct multibyte_char){spelled_char(p), 0};
        if (len == 4)
                return (struct multibyte_char){is_four(p) ? four_char(p) : 0, 0};
        if (len == 3)
                return third_char(index, p[1], p[2]);
        if (encodings[index].third && p[0] == EUC_KANA)
                return char_of_code(p[1] >= KANA_FIRST && p[1] <= KANA_LAST
                                            ? p[1] - KANA_FIRST + KANA_CODE
                                            : 0);
        return pair_char(index, p[0], p[1]);
}

/* Whether JIS X 0213 has a character there since 2004, if the encoding is of the one before: only
 * these are broken as a pair. */
static bool came_later(int index, unsigned first, unsigned second) {
        return (index == AT_euc_jisx0213 || index == AT_shift_jisx0213) &&
               find_other(&encodings[index].others, first, second);
}

size_t multibyte_next(int index, struct slice raw, struct multibyte_char *ret, bool *ret_broken) {
        const unsigned char *p = (const unsigned char *)raw.data;
        size_t len = wanted(index, p, raw.len);
        bool is_cut = len > raw.len;
        *ret = is_cut ? no_char : char_of(index, p, len);
        *ret_broken = ret->code == 0 && p[0] >= LOW; /* GB 18030 has a U+FFFD of its own */
        if (!*ret_broken)
                return len;
        ret->code = 0xfffd;
        if (!is_cut && len == 2 && came_later(index, p[0], p[1]))
                return len;
        return is_cut && slice_find_char(raw, '\n', 0) == raw.len ? raw.len : 1;
}

struct multibyte_char multibyte_of_set(enum multibyte_set set, unsigned row, unsigned cell) {
        unsigned first = row + 0xa0, second = cell + 0xa0;
        bool is_first = set == MULTIBYTE_JISX0213_2000 || set == MULTIBYTE_JISX0213_2004;
        if (row < 1 || row > 94 || cell < 1 || cell > 94)
                return no_char;
        if (is_first && row == 2 && cell == 18)
                return char_of_code('~'); /* not so in EUC */
        switch (set) {
        case MULTIBYTE_JISX0208:
                return pair_char(AT_euc_jp, first, second);
        case MULTIBYTE_JISX0212:
                return in_table(&table_jisx0212, first, second);
        case MULTIBYTE_JISX0213_2000:
                return pair_char(AT_euc_jisx0213, first, second);
        case MULTIBYTE_JISX0213_2004:
                return pair_char(AT_euc_jis_2004, first, second);
        case MULTIBYTE_JISX0213_SECOND:
                return in_table(&table_jisx0213_2, first, second);
        case MULTIBYTE_KSX1001:
                return in_table(&table_cp949, first, second);
        case MULTIBYTE_GB2312:
                return pair_char(AT_gb2312, first, second);
        }
        return no_char;
}
