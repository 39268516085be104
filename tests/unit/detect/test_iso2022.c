/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected texts are Python's. tests/e2e/regex.py compares all characters, and lines at random. */
#include "detect/iso2022.h"

#include "../cmocka_include.h"
#include "base/utf8.h"
#include "detect/line.h"

#define R "\ufffd"
#define E "\x1b"

static void names_are_pythons(void **state) {
        static const char *const same[][2] = {
                {"iso2022_jp",      "csiso2022jp"     },
                {"iso2022_jp_1",    "iso2022jp_1"     },
                {"iso2022_jp_2",    "iso_2022_jp_2"   },
                {"iso2022_jp_2004", "iso_2022_jp_2004"},
                {"iso2022_jp_3",    "iso2022jp_3"     },
                {"iso2022_jp_ext",  "iso2022jp_ext"   },
                {"iso2022_kr",      "csiso2022kr"     },
        };
        static const char *const none[] = {"", "iso2022", "iso2022_cn", "iso2022_jp csiso2022jp"};
        (void)state;
        for (int i = 0; i < ISO2022_COUNT; i++) {
                assert_int_equal(iso2022_find(slice_of(same[i][0])), i);
                assert_int_equal(iso2022_find(slice_of(same[i][1])), i);
        }
        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                assert_int_equal(iso2022_find(slice_of(none[i])), -1);
}

struct row {
        const char *name;
        const char *raw;
        const char *text;
        bool broken;
};

static void assert_rows(const struct row *rows, size_t count) {
        for (size_t i = 0; i < count; i++) {
                struct arena arena = ARENA_INIT;
                bool broken = !rows[i].broken;
                struct slice text = iso2022_decode(iso2022_find(slice_of(rows[i].name)),
                        slice_of(rows[i].raw), &arena, &broken);
                if (!slice_is(text, rows[i].text) || broken != rows[i].broken)
                        fail_msg("row %zu: '%.*s'", i, SLICE_ARG(text));
                arena_done(&arena);
        }
}

static void sequences_choose_the_set(void **state) {
        static const struct row rows[] = {
                {"iso2022_jp",      E "$BF|K\\" E "(B x\n",      "日本 x\n",    false},
                {"iso2022_jp",      E "$@F|K\\" E "(J\\~x",      "日本¥‾x",  false},
                {"iso2022_jp",      E "&@" E "$BF|",             "日",           false},
                {"iso2022_jp",
                 "a\x0e\x0f"
                        "b" E "$BF|\nx",
                 "a\x0e\x0f"
                        "b日\n" R,
                 true                                                                  },
                {"iso2022_jp_1",    E "$(D0!",                   "丂",           false},
                {"iso2022_jp_2",    E "$A0!" E "$(C0!",          "啊가",        false},
                {"iso2022_jp_2",    E ".A" E "Ni" E ".F" E "NA", "éΑ",          false},
                {"iso2022_jp_2004", E "$(Q\"2+e",                "~\u02e9\u02e5", false},
                {"iso2022_jp_2004", E "$(P!!" E "$(QOT",         "𠂉𠮟",      false},
                {"iso2022_jp_3",    E "$(O0!",                   "亜",           false},
                {"iso2022_jp_ext",  E "(I1",                     "ｱ",           false},
                {"iso2022_kr",
                 E "$)C\x0e"
                          "0!\x0f"
                          "0!\x0e\n0!",                          "가0!\n0!",     false},
        };
        (void)state;
        assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void broken_sequences_are_skipped_and_change_nothing(void **state) {
        static const struct row rows[] = {
                {"iso2022_jp",   "a\xe9z",                 "a" R "z",                true },
                {"iso2022_jp",   E "(Ix",                  R "x",                    true }, /* not of its sets */
                {"iso2022_jp",   E "$(Dx",                 R "x",                    true },
                {"iso2022_jp",   E "$BF|\x7fxK",           "日" R R,                true },
                {"iso2022_jp",   E "(0123456789abcdefghA", R "(0123456789abcdefghA",
                 true                                                                     }, /* too long */
                {"iso2022_jp",   E "(0123456789abA|",      R "|",                    true },
                {"iso2022_jp",   E "[1mA" E "(B",          E "[1mA",                 false}, /* none of these */
                {"iso2022_jp",   "x" E,                    "x" R,                    true },
                {"iso2022_jp",   "x" E "$",                "x" R,                    true },
                {"iso2022_jp",   E "$BF\n",                R,                        true }, /* takes the line end */
                {"iso2022_jp_2", E "N",                    R,                        true },
                {"iso2022_jp_2", E ".A" E "N\x81|",        R "|",                    true },
                {"iso2022_jp_2", E ".F" E "N$|",           R "|",                    true }, /* not yet in 1987 */
                {"iso2022_jp_2", E ".J" E "N!|",           R "|",                    true },
                {"iso2022_jp_2", E "(A!|",                 R R,                      true }, /* for the third place only */
                {"iso2022_jp_3", E "$(OOT|",               R R,                      true }, /* not yet in 2000 */
                {"iso2022_kr",   E "&@" E "$B|",           R R "|",                  true },
        };
        (void)state;
        assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void each_line_begins_in_ascii(void **state) {
        struct arena arena = ARENA_INIT;
        enum line_encoding encoding = LINE_UTF8;
        bool repaired;
        (void)state;
        assert_int_equal(line_encoding_parse(SLICE("ISO-2022-JP"), &encoding, NULL), 0);
        assert_slice(line_decode(encoding, SLICE(E "$BF|\n"), &arena, &repaired), "日\n");
        struct slice plain = SLICE("F|\n");
        assert_ptr_equal(line_decode(encoding, plain, &arena, &repaired).data, plain.data);
        assert_false(repaired);
        assert_false(line_encoding_is_ascii_compatible(encoding));
        arena_done(&arena);
}

/* The worst that a byte can become is three. */
static void memory_is_enough_for_any_line(void **state) {
        static const char *const worst[] = {E "(I11111111", "\xff\xff\xff\xff", E "$BF|F|F|",
                E "$(Q+d+d+dOTOTOT", E E E E, E "\xe9\xe9\xe9\xe9"};
        (void)state;
        for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++)
                for (int index = 0; index < ISO2022_COUNT; index++) {
                        struct arena arena = ARENA_INIT;
                        bool broken;
                        struct slice text =
                                iso2022_decode(index, slice_of(worst[i]), &arena, &broken);
                        assert_true(utf8_is_valid(text) && text.len <= strlen(worst[i]) * 3);
                        arena_done(&arena);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_pythons),
                cmocka_unit_test(sequences_choose_the_set),
                cmocka_unit_test(broken_sequences_are_skipped_and_change_nothing),
                cmocka_unit_test(each_line_begins_in_ascii),
                cmocka_unit_test(memory_is_enough_for_any_line),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
