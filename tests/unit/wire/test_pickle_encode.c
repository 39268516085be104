/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "../cmocka_include.h"
#include "base/repr.h"
#include "wire/frame.h"
#include "wire/pickle.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define HEAD(len) "\x80\x04\x95" len "\0\0\0\0\0\0\0"

static const struct {
        const char *bytes;
        size_t len;
} samples[] = {
#define PICKLE_SAMPLE(what, protocol, bytes, repr) {bytes, sizeof(bytes) - 1},
#include "pickle_samples.def"
#undef PICKLE_SAMPLE
};

static void bytes_are_those_that_python_takes(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("ab"), &arena);
        const struct {
                struct value v;
                struct slice bytes;
        } rows[] = {
                {VALUE_OF_NONE,        SLICE(HEAD("\2") "N.")                          },
                {value_bool(true),     SLICE(HEAD("\2") "\x88.")                       },
                {value_int(255),       SLICE(HEAD("\3") "K\xff.")                      },
                {value_int(256),       SLICE(HEAD("\4") "M\0\1.")                      },
                {value_int(-1),        SLICE(HEAD("\6") "J\xff\xff\xff\xff.")          },
                {value_int(INT64_MIN), SLICE(HEAD("\13") "\x8a\x08\0\0\0\0\0\0\0\x80.")},
                {value_float(1.5),     SLICE(HEAD("\12") "G\x3f\xf8\0\0\0\0\0\0.")     },
                {value_text("ab"),     SLICE(HEAD("\5") "\x8c\2ab.")                   },
                {value_list(),         SLICE(HEAD("\2") "].")                          },
                {list,                 SLICE(HEAD("\10") "](\x8c\2abe.")               },
                {value_tuple(),        SLICE(HEAD("\2") ").")                          },
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct buffer out = BUFFER_INIT(100);
                assert_int_equal(buffer_append(&out, SLICE("x")), 0);
                assert_int_equal(pickle_encode(&out, &rows[i].v), 0);
                assert_int_equal(buffer_len(&out), rows[i].bytes.len + 1);
                assert_memory_equal(
                        buffer_view(&out).data + 1, rows[i].bytes.data, rows[i].bytes.len);
                buffer_done(&out);
        }
        arena_done(&arena);
}

static void what_python_wrote_goes_round(void **state) {
        (void)state;
        for (size_t i = 0; i < COUNT(samples); i++) {
                struct arena arena = ARENA_INIT;
                struct buffer out = BUFFER_INIT(1 << 20);
                struct value first;
                struct value second;
                assert_int_equal(pickle_decode((struct slice){samples[i].bytes, samples[i].len},
                                         &arena, &first, NULL),
                        0);
                assert_int_equal(pickle_encode(&out, &first), 0);
                assert_int_equal(pickle_decode(buffer_view(&out), &arena, &second, NULL), 0);
                assert_true(value_equal(&first, &second));
                buffer_done(&out);
                arena_done(&arena);
        }
}

static void errors_carry_class_and_arguments(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        (void)value_append(&arguments, value_text("nojail"), &arena);
        const struct {
                struct pickle_reply reply;
                struct slice bytes;
        } rows[] = {
                {{.outcome = PICKLE_OK, .value = value_text("pong")},
                 SLICE(HEAD("\12") "K\0\x8c\4pong\x86.")                                                                   },
                {{.outcome = PICKLE_ERROR, .value = arguments, .error_class = SLICE("a.b.C")},
                 SLICE(HEAD("\27") "K\1\x8c\3a.b\x8c\1C\x93\x8c\6nojail\x85R\x86.")                                        },
                {{.outcome = PICKLE_ERROR,
                         .value = value_text("nojail"),
                         .error_class = SLICE("C")},
                 SLICE(HEAD("\34") "K\1\x8c\10builtins\x8c\1C\x93\x8c\6nojail\x85R\x86.")                                  },
                {{.outcome = PICKLE_RAW, .value = value_text("x")},                            SLICE(HEAD("\4") "\x8c\1x.")},
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct buffer out = BUFFER_INIT(100);
                assert_int_equal(pickle_encode_reply(&out, &rows[i].reply), 0);
                assert_int_equal(buffer_len(&out), rows[i].bytes.len);
                assert_memory_equal(buffer_view(&out).data, rows[i].bytes.data, rows[i].bytes.len);
                buffer_done(&out);
        }
        arena_done(&arena);
}

/* A line of an attacker in a reply must not end the frame for the client. */
static void no_text_can_end_a_frame(void **state) {
        (void)state;
        const struct slice texts[] = {SLICE(FRAME_END),
                SLICE("a\\u0041\n\r\t<" FRAME_END "\u00e9\U0001f600\xff"),
                SLICE("<F2B_END_COMMAND"), SLICE("<F2B_END_CO")};
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        for (size_t i = 0; i < COUNT(texts); i++) {
                (void)value_append(&list, value_string(texts[i]), &arena);
                (void)value_append(&list, value_int('>'), &arena);
        }
        struct buffer out = BUFFER_INIT(4096);
        struct value back;
        assert_int_equal(pickle_encode(&out, &list), 0);
        assert_int_equal(slice_find(buffer_view(&out), SLICE(FRAME_END), 0), buffer_len(&out));
        assert_int_equal(pickle_decode(buffer_view(&out), &arena, &back, NULL), 0);
        assert_true(value_equal(&list, &back));
        buffer_done(&out);
        arena_done(&arena);
}

static void a_full_buffer_stays_as_it_was(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("a\xff"), &arena);
        (void)value_append(&list, value_text(FRAME_END), &arena);
        (void)value_append(&list, value_float(2.5), &arena);
        struct buffer whole = BUFFER_INIT(1000);
        assert_int_equal(pickle_encode(&whole, &list), 0);
        for (size_t max = 1; max < buffer_len(&whole) + 1; max++) {
                struct buffer out = BUFFER_INIT(max);
                assert_int_equal(buffer_append(&out, SLICE("x")), 0);
                assert_int_equal(pickle_encode(&out, &list), -ENOBUFS);
                assert_slice(buffer_view(&out), "x");
                buffer_done(&out);
        }
        buffer_done(&whole);
        arena_done(&arena);
}

static void nesting_has_a_cap(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value v = value_int(1);
        for (int i = 0; i <= VALUE_DEPTH_MAX; i++) {
                struct buffer out = BUFFER_INIT(1000);
                assert_int_equal(pickle_encode(&out, &v), 0);
                buffer_done(&out);
                struct value outer = value_list();
                (void)value_append(&outer, v, &arena);
                v = outer;
        }
        struct buffer out = BUFFER_INIT(1000);
        assert_int_equal(pickle_encode(&out, &v), -ENOBUFS);
        buffer_done(&out);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bytes_are_those_that_python_takes),
                cmocka_unit_test(what_python_wrote_goes_round),
                cmocka_unit_test(errors_carry_class_and_arguments),
                cmocka_unit_test(no_text_can_end_a_frame),
                cmocka_unit_test(a_full_buffer_stays_as_it_was),
                cmocka_unit_test(nesting_has_a_cap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
