/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/line.h"

#include <errno.h>

#include "../cmocka_include.h"

static void codecs_have_pythons_names(void **state) {
        (void)state;
        static const struct {
                const char *name;
                int result;
                enum line_encoding encoding;
        } rows[] = {
                {"auto",        0,       LINE_UTF8    },
                {"UTF-8",       0,       LINE_UTF8    },
                {"utf8",        0,       LINE_UTF8    },
                {"Utf 8",       0,       LINE_UTF8    },
                {"ISO-8859-1",  0,       LINE_LATIN1  },
                {"latin1",      0,       LINE_LATIN1  },
                {"US-ASCII",    0,       LINE_ASCII   },
                {"utf-8-sig",   0,       LINE_UTF8_SIG},
                {"utf-16-le",   0,       LINE_UTF16LE },
                {"UTF-16BE",    0,       LINE_UTF16BE },
                {"utf-32",      0,       LINE_UTF32   },
                {"UTF-32LE",    0,       LINE_UTF32LE },
                {"U32",         0,       LINE_UTF32   },
                {"utf_32_be",   0,       LINE_UTF32BE },
                {"UnicodeBigUnmarked", 0, LINE_UTF16BE},
                {"ISO_646.irv_1991", 0,  LINE_ASCII   },
                {"utf-7",       0,       LINE_UTF7    },
                {"HZ",          0,       LINE_HZ      },
                {"iso-2022-jp", 0,       LINE_ISO2022 },
                {"cp037",       -EINVAL, LINE_UTF8    },
                {"nonsense",    -EINVAL, LINE_UTF8    },
                {"",            -EINVAL, LINE_UTF8    },
                {"utf-8-utf-8-utf-8-utf-8-utf-8-utf-8-utf-8", -EINVAL, LINE_UTF8},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum line_encoding got = LINE_UTF8;
                assert_int_equal(line_encoding_parse(slice_of(rows[i].name), &got, NULL), rows[i].result);
                assert_int_equal(got, rows[i].encoding);
        }
        struct fault fault = FAULT_INIT;
        enum line_encoding got;
        assert_int_equal(line_encoding_parse(SLICE("foo"), &got, &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "unknown encoding: foo");
        assert_string_equal(fault.kind, "LookupError");
        fault_done(&fault);
}

#define R "\xef\xbf\xbd"

/* Expected values are those of bytes.decode(codec, "replace") in Python 3.11. */
static void invalid_bytes_become_replacement_characters(void **state) {
        (void)state;
        static const struct {
                enum line_encoding encoding;
                struct slice raw;
                struct slice text;
                bool repaired;
        } rows[] = {
                {LINE_UTF8,     {"", 0},                            {"", 0},                 false},
                {LINE_UTF8,     {"plain ascii text", 16},           {"plain ascii text", 16}, false},
                {LINE_UTF8,     {"caf\xc3\xa9 1", 7},               {"caf\xc3\xa9 1", 7},    false},
                {LINE_UTF8,     {"caf\xe9 1", 6},                   {"caf" R " 1", 8},       true },
                {LINE_UTF8,     {"\xe2\x82", 2},                    {R, 3},                  true },
                {LINE_UTF8,     {"\xe2\x82 x", 4},                  {R " x", 5},             true },
                {LINE_UTF8,     {"\xc0\xaf", 2},                    {R R, 6},                true },
                {LINE_UTF8,     {"\xed\xa0\x80", 3},                {R R R, 9},              true },
                {LINE_UTF8,     {"\xf0\x9f\x98", 3},                {R, 3},                  true },
                {LINE_UTF8,     {"\xf0\x9f\x98\x80", 4},            {"\xf0\x9f\x98\x80", 4}, false},
                {LINE_UTF8,     {"\xf4\x90\x80\x80", 4},            {R R R R, 12},           true },
                {LINE_UTF8,     {"\xff" "12345678\xe0\x80", 11},    {R "12345678" R R, 17},  true },
                {LINE_UTF8,     {"a\0b", 3},                        {"a\0b", 3},             false},
                {LINE_UTF8_SIG, {"\xef\xbb\xbf" "a", 4},            {"a", 1},                false},
                {LINE_ASCII,    {"caf\xc3\xa9", 5},                 {"caf" R R, 9},          true },
                {LINE_LATIN1,   {"caf\xe9", 4},                     {"caf\xc3\xa9", 5},      false},
                {LINE_UTF16LE,  {"a\0\xe9\0", 4},                   {"a\xc3\xa9", 3},        false},
                {LINE_UTF16LE,  {"a\0\n", 3},                       {"a", 1},                false},
                {LINE_UTF16BE,  {"\xd8\x3d\xde\0", 4},              {"\xf0\x9f\x98\x80", 4}, false},
                {LINE_UTF16BE,  {"\xd8\x3d\0a", 4},                 {R "a", 4},              true },
                {LINE_UTF16,    {"\xfe\xff\0a", 4},                 {"a", 1},                false},
                {LINE_UTF32LE,  {"a\0\0\0\x00\xf6\x01\0", 8},     {"a\xf0\x9f\x98\x80", 5}, false},
                {LINE_UTF32LE,  {"a\0\0\0\n", 5},                   {"a", 1},                false},
                {LINE_UTF32LE,  {"a\0\0\0\0\xd8\0\0", 8},         {"a" R, 4},              true },
                {LINE_UTF32BE,  {"\0\x11\0\0\0\0\0a", 8},         {R "a", 4},              true },
                {LINE_UTF32BE,  {"\0\0\0a\0\0", 6},                {"a" R, 4},              true },
                {LINE_UTF32,    {"\0\0\xfe\xff\0\0\0a", 8},       {"a", 1},                false},
                {LINE_UTF32,    {"\xff\xfe\0\0a\0\0\0", 8},       {"a", 1},                false},
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                bool repaired;
                struct slice got = line_decode(rows[i].encoding, rows[i].raw, &arena, &repaired);
                if (!slice_equal(got, rows[i].text) || repaired != rows[i].repaired)
                        fail_msg("row %zu: '%.*s'", i, SLICE_ARG(got));
        }
        arena_done(&arena);
}

static void valid_text_is_not_copied(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct slice raw = SLICE("caf\xc3\xa9 is fine");
        bool repaired;
        assert_ptr_equal(line_decode(LINE_UTF8, raw, &arena, &repaired).data, raw.data);
        assert_int_equal(arena.used, 0);
        arena_done(&arena);
}

static void a_line_ends_with_a_decoded_newline(void **state) {
        (void)state;
        assert_int_equal(line_length(LINE_UTF8, SLICE("ab\nc\n")), 3);
        assert_int_equal(line_length(LINE_UTF8, SLICE("ab")), 0);
        assert_int_equal(line_length(LINE_UTF16LE, SLICE("\x0a\x01\x0a\0")), 4);
        assert_int_equal(line_length(LINE_UTF16BE, SLICE("\x01\x0a\0\x0a")), 4);
        assert_int_equal(line_length(LINE_UTF16LE, SLICE("a\0\x0a")), 0);
        assert_int_equal(line_length(LINE_UTF32LE, SLICE("\x0a\x01\0\0\x0a\0\0\0")), 8);
        assert_int_equal(line_length(LINE_UTF32LE, SLICE("a\0\0\0\x0a\0\0")), 0);
        assert_int_equal(line_length(LINE_UTF32BE, SLICE("\0\0\x0a\0\0\0\0\x0a")), 8);
        assert_int_equal(line_length(LINE_UTF32BE, SLICE("\0\0\x0a")), 0);
        assert_slice(line_strip_end(SLICE("ab\r\n")), "ab");
        assert_slice(line_strip_end(SLICE("ab \r")), "ab ");
        assert_slice(line_strip_end(SLICE("\n")), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(codecs_have_pythons_names),
                cmocka_unit_test(invalid_bytes_become_replacement_characters),
                cmocka_unit_test(valid_text_is_not_copied),
                cmocka_unit_test(a_line_ends_with_a_decoded_newline),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
