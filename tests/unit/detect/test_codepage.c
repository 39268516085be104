/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/e2e/regex.py compares all of them with Python. */
#include "detect/codepage.h"

#include "../cmocka_include.h"
#include "detect/line.h"

static void names_are_pythons(void **state) {
        static const char *const same[][2] = {
                {"cp1252",     "windows_1252"},
                {"koi8_r",     "cskoi8r"     },
                {"iso8859_15", "l9"          },
                {"cp437",      "ibm437"      },
                {"mac_roman",  "macintosh"   }
        };
        static const char *const none[] = {"", "cp", "cp037", "shift_jis", "latin1", "cp1252 1252"};
        (void)state;
        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
                int index = codepage_find(slice_of(same[i][0]));
                assert_in_range(index, 0, codepage_count() - 1);
                assert_int_equal(codepage_find(slice_of(same[i][1])), index);
        }
        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                assert_int_equal(codepage_find(slice_of(none[i])), -1);
}

static void bytes_stand_for_the_encodings_characters(void **state) {
        static const struct {
                const char *name;
                unsigned char byte;
                uint32_t c;
        } rows[] = {
                {"cp1252",     0x80, 0x20ac},
                {"cp1252",     0x81, 0     },
                {"cp1252",     0xe9, 0xe9  },
                {"koi8_r",     0xc1, 0x430 },
                {"iso8859_15", 0xa4, 0x20ac},
                {"cp437",      0x82, 0xe9  },
                {"cp1252",     'a',  'a'   },
                {"cp1252",     0,    0     },
                {"cp864",      '%',  0x66a },
                {"cp864",      '&',  '&'   },
                {"cp864",      0x80, 0xb0  },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(codepage_char(codepage_find(slice_of(rows[i].name)), rows[i].byte),
                        rows[i].c);
}

static void one_with_ascii_above_is_known(void **state) {
        (void)state;
        assert_true(codepage_is_ascii_compatible(codepage_find(SLICE("cp1252"))));
        assert_false(codepage_is_ascii_compatible(codepage_find(SLICE("mac_arabic"))));
        assert_true(codepage_has_ascii(codepage_find(SLICE("mac_arabic"))));
        assert_false(codepage_is_ascii_compatible(codepage_find(SLICE("cp864"))));
        assert_false(codepage_has_ascii(codepage_find(SLICE("cp864"))));
}

static void lines_are_decoded_with_it(void **state) {
        struct arena arena = ARENA_INIT;
        enum line_encoding encoding = LINE_UTF8;
        bool repaired;
        (void)state;
        assert_int_equal(line_encoding_parse(SLICE("Windows-1252"), &encoding, NULL), 0);
        struct slice text = line_decode(encoding, SLICE("a\x80\xe9"), &arena, &repaired);
        assert_true(slice_is(text, "a€é") && !repaired);
        text = line_decode(encoding, SLICE("a\x81"), &arena, &repaired);
        assert_true(slice_is(text, "a\ufffd") && repaired);
        text = line_decode(encoding, ((struct slice){"\0\xe9", 2}), &arena, &repaired);
        assert_int_equal(text.len, 3);
        assert_false(repaired);
        assert_true(line_encoding_is_ascii_compatible(encoding));
        assert_int_equal(line_encoding_parse(SLICE("IBM864"), &encoding, NULL), 0);
        assert_slice(line_decode(encoding, SLICE("5%"), &arena, &repaired), "5\u066a");
        assert_int_equal(line_encoding_parse(SLICE("mac arabic"), &encoding, NULL), 0);
        assert_false(line_encoding_is_ascii_compatible(encoding));
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_pythons),
                cmocka_unit_test(bytes_stand_for_the_encodings_characters),
                cmocka_unit_test(one_with_ascii_above_is_known),
                cmocka_unit_test(lines_are_decoded_with_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
