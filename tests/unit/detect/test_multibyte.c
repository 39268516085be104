/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/e2e/regex.py compares all pairs of bytes of all of them with Python. */
#include "detect/multibyte.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "detect/line.h"

static void names_are_pythons(void **state) {
        static const char *const same[][2] = {
                {"gbk",            "cp936"       },
                {"gb2312",         "euc_cn"      },
                {"big5",           "big5_tw"     },
                {"shift_jis",      "sjis"        },
                {"euc_jp",         "ujis"        },
                {"cp949",          "uhc"         },
                {"euc_kr",         "ks_c_5601"   },
                {"gb18030",        "gb18030_2000"},
                {"johab",          "cp1361"      },
                {"big5hkscs",      "hkscs"       },
                {"euc_jis_2004",   "jisx0213"    },
                {"euc_jisx0213",   "eucjisx0213" },
                {"shift_jis_2004", "sjis_2004"   },
                {"shift_jisx0213", "sjisx0213"   },
        };
        static const char *const none[] = {
                "", "gb", "hz", "iso2022_jp", "utf_7", "cp037", "gbk cp936"};
        (void)state;
        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
                int index = multibyte_find(slice_of(same[i][0]));
                assert_in_range(index, 0, MULTIBYTE_COUNT - 1);
                assert_int_equal(multibyte_find(slice_of(same[i][1])), index);
        }
        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                assert_int_equal(multibyte_find(slice_of(none[i])), -1);
}

static void bytes_stand_for_the_encodings_characters(void **state) {
        static const struct {
                const char *name;
                const char *bytes;
                size_t len;
                uint32_t c;
        } rows[] = {
                {"gbk",            "\xc4\xe3",                         2, 0x4f60 },
                {"gb2312",         "\xc4\xe3",                         2, 0x4f60 },
                {"gb2312",         "\xa1\xa4",                         2, 0x30fb }, /* not as in gbk */
                {"gbk",            "\xa1\xa4",                         2, 0xb7   },
                {"gb18030",        "\x81\x30\x81\x30",                 4, 0x80   },
                {"gb18030",        "\x84\x31\xa4\x37",                 4, 0xfffd },
                {"gb18030",        "\x90\x30\x81\x30",                 4, 0x10000},
                {"big5",           "\xa7\x41",                         2, 0x4f60 },
                {"shift_jis",      "\xb1",                             1, 0xff71 },
                {"shift_jis",      "\x93\xfa",                         2, 0x65e5 },
                {"cp932",          "\x87\x40",                         2, 0x2460 }, /* NEC's */
                {"euc_jp",         "\xc6\xfc",                         2, 0x65e5 },
                {"euc_jp",         "\x8e\xb1",                         2, 0xff71 },
                {"euc_jp",         "\x8f\xb0\xa1",                     3, 0x4e02 },
                {"euc_kr",         "\xb0\xa1",                         2, 0xac00 },
                {"cp949",          "\x81\x41",                         2, 0xac02 },
                {"cp949",          "x\x81",                            1, 'x'    },
                {"johab",          "\x88\x61",                         2, 0xac00 },
                {"johab",          "\xe0\x31",                         2, 0x4f3d },
                {"big5hkscs",      "\x87\x40",                         2, 0x43f0 },
                {"big5hkscs",      "\x88\x45",                         2, 0x2010c},
                {"euc_jis_2004",   "\xcf\xd4",                         2, 0x20b9f}, /* since 2004 */
                {"euc_jis_2004",   "\x8f\xa1\xa1",                     3, 0x20089},
                {"euc_jis_2004",   "\x8f\xb0\xa1",                     3, 0x4e02 }, /* of JIS X 0212 */
                {"euc_jis_2004",   "\x8f\xfd\xbb",                     3, 0x9b1c },
                {"euc_jisx0213",   "\x8f\xfd\xbb",                     3, 0x9b1d },
                {"shift_jis_2004", "\\",                               1, 0xa5   },
                {"shift_jis_2004", "~",                                1, 0x203e },
                {"shift_jis_2004", "\x93\xfa",                         2, 0x65e5 },
                {"shift_jis_2004", "\xf0\x40",                         2, 0x20089},
                {"euc_kr",         "\xa4\xd4\xa4\xa4\xa4\xbf\xa4\xd4", 8, 0xb098 },
                {"big5",           "\0x",                              1, 0      },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct multibyte_char c = {1, 1};
                bool broken = true;
                struct slice raw = {rows[i].bytes,
                        i + 1 == sizeof(rows) / sizeof(rows[0]) ? 2 : strlen(rows[i].bytes)};
                size_t len =
                        multibyte_next(multibyte_find(slice_of(rows[i].name)), raw, &c, &broken);
                if (len != rows[i].len || c.code != rows[i].c || c.then != 0 || broken)
                        fail_msg("row %zu: %zu bytes, U+%04X", i, len, (unsigned)c.code);
        }
}

/* Else it could take a quote, a line end or an address with it. */
static void a_broken_byte_swallows_nothing(void **state) {
        static const struct {
                const char *name, *bytes;
                size_t len;
        } rows[] = {
                {"gbk",            "\x81\n",                           1},
                {"gbk",            "\x81 x",                           1},
                {"gbk",            "\xff\x81",                         1},
                {"gb18030",        "\x81\x30\n",                       1},
                {"gb18030",        "\x81\x30 \x30x",                   1},
                {"gb18030",        "\xe4\x30\x81\x30",                 1}, /* beyond the last character */
                {"euc_jp",         "\x8f\n",                           1},
                {"euc_jp",         "\x8f\xa2 x",                       1},
                {"gb2312",         "\x81\x41",                         1}, /* gbk has one there */
                {"big5",           "\xa1",                             1},
                {"gb18030",        "\x81\x30\x81",                     3}, /* the end of the text breaks it off */
                {"johab",          "\xff x",                           1},
                {"shift_jis_2004", "\xa0\x40",                         1},
                {"shift_jis_2004", "\x81\x7f",                         1},
                {"euc_kr",         "\xa4\xd4\xa4\xa4\xa4\xbf\xa4\n",   1},
                {"euc_kr",         "\xa4\xd4\xa4\xa4\xa4\xa1\xa4\xd4", 1}, /* no vowel */
                {"euc_kr",         "\xa4\xd4\n",                       1},
                {"euc_jisx0213",   "\xcf\xd4x",                        2}, /* came in 2004 */
                {"shift_jisx0213", "\x98\x73x",                        2},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct multibyte_char c = {0};
                bool broken = false;
                size_t len = multibyte_next(multibyte_find(slice_of(rows[i].name)),
                        slice_of(rows[i].bytes), &c, &broken);
                if (len != rows[i].len || c.code != 0xfffd || c.then != 0 || !broken)
                        fail_msg("row %zu: %zu bytes, U+%04X", i, len, (unsigned)c.code);
        }
}

static void bytes_may_stand_for_a_character_with_its_mark(void **state) {
        static const struct {
                const char *name, *bytes;
                uint32_t code, then;
        } rows[] = {
                {"big5hkscs",      "\x88\x62", 0xca,   0x304 },
                {"euc_jis_2004",   "\xa4\xf7", 0x304b, 0x309a},
                {"shift_jisx0213", "\x82\xf5", 0x304b, 0x309a},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct multibyte_char c;
                bool broken;
                int index = multibyte_find(slice_of(rows[i].name));
                assert_int_equal(multibyte_next(index, slice_of(rows[i].bytes), &c, &broken), 2);
                assert_int_equal(c.code, rows[i].code);
                assert_int_equal(c.then, rows[i].then);
                assert_false(broken);
        }
}

static void sets_have_rows_and_cells(void **state) {
        static const struct {
                enum multibyte_set set;
                unsigned row, cell;
                uint32_t code;
        } rows[] = {
                {MULTIBYTE_JISX0208,        38, 92,   0x65e5 },
                {MULTIBYTE_JISX0212,        16, 1,    0x4e02 },
                {MULTIBYTE_JISX0213_2000,   2,  18,   '~'    },
                {MULTIBYTE_JISX0213_2000,   47, 52,   0      },
                {MULTIBYTE_JISX0213_2004,   47, 52,   0x20b9f},
                {MULTIBYTE_JISX0213_SECOND, 1,  1,    0x20089},
                {MULTIBYTE_KSX1001,         16, 1,    0xac00 },
                {MULTIBYTE_KSX1001,         4,  52,   0x3164 },
                {MULTIBYTE_GB2312,          16, 1,    0x554a },
                {MULTIBYTE_GB2312,          0,  1,    0      },
                {MULTIBYTE_GB2312,          95, 1,    0      },
                {MULTIBYTE_GB2312,          16, 0,    0      },
                {MULTIBYTE_GB2312,          16, 95,   0      },
                {MULTIBYTE_GB2312,          16, -22U, 0      },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(multibyte_of_set(rows[i].set, rows[i].row, rows[i].cell).code,
                        rows[i].code);
}

static void where_ascii_is_a_second_byte_is_known(void **state) {
        static const char *const pure[] = {
                "gb2312", "euc_jp", "euc_kr", "euc_jis_2004", "euc_jisx0213"};
        static const char *const mixed[] = {"gbk", "gb18030", "big5", "cp950", "shift_jis", "cp932",
                "cp949", "johab", "big5hkscs", "shift_jis_2004", "shift_jisx0213"};
        (void)state;
        assert_true(multibyte_has_ascii(multibyte_find(SLICE("gbk"))));
        assert_false(multibyte_has_ascii(multibyte_find(SLICE("shift_jis_2004"))));
        for (size_t i = 0; i < sizeof(pure) / sizeof(pure[0]); i++)
                assert_true(multibyte_is_ascii_compatible(multibyte_find(slice_of(pure[i]))));
        for (size_t i = 0; i < sizeof(mixed) / sizeof(mixed[0]); i++)
                assert_false(multibyte_is_ascii_compatible(multibyte_find(slice_of(mixed[i]))));
}

static void lines_are_decoded_with_it(void **state) {
        struct arena arena = ARENA_INIT;
        enum line_encoding encoding = LINE_UTF8;
        bool repaired;
        (void)state;
        assert_int_equal(line_encoding_parse(SLICE("GB-18030"), &encoding, NULL), -EINVAL);
        assert_int_equal(line_encoding_parse(SLICE("GB18030"), &encoding, NULL), 0);
        assert_false(line_encoding_is_ascii_compatible(encoding));
        struct slice text = line_decode(encoding,
                SLICE("a\xc4\xe3\x95\x32\x82\x36"
                      "b\n"),
                &arena, &repaired);
        assert_slice(text, "a\xe4\xbd\xa0\xf0\xa0\x80\x80"
                           "b\n");
        assert_false(repaired);
        text = line_decode(encoding, SLICE("a\x81\n"), &arena, &repaired);
        assert_slice(text, "a\xef\xbf\xbd\n");
        assert_true(repaired);
        assert_int_equal(line_encoding_parse(SLICE("Shift_JIS-2004"), &encoding, NULL), 0);
        assert_slice(
                line_decode(encoding, SLICE("\\\x82\xf5\n"), &arena, &repaired), "¥\u304b\u309a\n");
        assert_int_equal(line_encoding_parse(SLICE("GB18030"), &encoding, NULL), 0);
        struct slice plain = SLICE("nothing else");
        assert_ptr_equal(line_decode(encoding, plain, &arena, &repaired).data, plain.data);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_pythons),
                cmocka_unit_test(bytes_stand_for_the_encodings_characters),
                cmocka_unit_test(a_broken_byte_swallows_nothing),
                cmocka_unit_test(bytes_may_stand_for_a_character_with_its_mark),
                cmocka_unit_test(sets_have_rows_and_cells),
                cmocka_unit_test(where_ascii_is_a_second_byte_is_known),
                cmocka_unit_test(lines_are_decoded_with_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
