/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf8.h"

#include "../cmocka_include.h"

static void valid_sequences_give_their_code_point(void **state) {
        (void)state;
        static const struct {
                const char *text;
                uint32_t code;
        } rows[] = {
                {"a",                'a'     },
                {"\x7f",             0x7f    },
                {"\xc2\x80",         0x80    },
                {"\xdf\xbf",         0x7ff   },
                {"\xe0\xa0\x80",     0x800   },
                {"\xed\x9f\xbf",     0xd7ff  },
                {"\xee\x80\x80",     0xe000  },
                {"\xef\xbf\xbf",     0xffff  },
                {"\xf0\x90\x80\x80", 0x10000 },
                {"\xf4\x8f\xbf\xbf", 0x10ffff},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint32_t code = 0;
                char back[UTF8_SEQUENCE_MAX];
                struct slice s = slice_of(rows[i].text);
                assert_int_equal(utf8_decode(s, 0, &code), s.len);
                assert_int_equal(code, rows[i].code);
                assert_int_equal(utf8_encode(code, back), s.len);
                assert_memory_equal(back, s.data, s.len);
                assert_true(utf8_is_valid(s));
        }
}

static void invalid_sequences_are_refused(void **state) {
        (void)state;
        static const char *const texts[] = {
                "\x80",
                "\xbf",
                "\xc0\x80",
                "\xc1\xbf",
                "\xe0\x80\x80",
                "\xe0\x9f\xbf",
                "\xed\xa0\x80",
                "\xed\xbf\xbf",
                "\xf0\x8f\xbf\xbf",
                "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80",
                "\xff",
                "\xc3",
                "\xe2\x82",
                "\xf0\x9f\x98",
                "\xc3(",
                "\xe2\x82(",
                "\xe2(\xa1",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                uint32_t code = 7;
                assert_int_equal(utf8_decode(slice_of(texts[i]), 0, &code), 0);
                assert_int_equal(code, 7);
                assert_false(utf8_is_valid(slice_of(texts[i])));
        }
}

static void every_code_point_goes_round(void **state) {
        (void)state;
        for (uint32_t c = 0; c <= 0x10ffff; c++) {
                if (c >= 0xd800 && c <= 0xdfff)
                        continue;
                char bytes[UTF8_SEQUENCE_MAX];
                uint32_t back = 0;
                struct slice s = {bytes, utf8_encode(c, bytes)};
                if (utf8_decode(s, 0, &back) != s.len || back != c)
                        fail_msg("U+%04X", (unsigned)c);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(valid_sequences_give_their_code_point),
                cmocka_unit_test(invalid_sequences_are_refused),
                cmocka_unit_test(every_code_point_goes_round),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
