/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/pickle.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "base/repr.h"

#define BYTES(literal) ((struct slice){literal, sizeof(literal) - 1})

static const struct {
        const char *what;
        int protocol;
        const char *bytes;
        size_t len;
        const char *repr;
} samples[] = {
#define PICKLE_SAMPLE(what, protocol, bytes, repr) {what, protocol, bytes, sizeof(bytes) - 1, repr},
#include "pickle_samples.def"
#undef PICKLE_SAMPLE
};

static const struct {
        const char *what;
        int protocol;
        const char *bytes;
        size_t len;
        const char *outcome;
        const char *repr;
} replies[] = {
#define REPLY_SAMPLE(what, protocol, bytes, outcome, repr)                                         \
        {what, protocol, bytes, sizeof(bytes) - 1, outcome, repr},
#include "reply_samples.def"
#undef REPLY_SAMPLE
};

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

static void pickles_of_all_protocols_are_read(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < COUNT(samples); i++) {
                struct value v;
                struct fault fault = FAULT_INIT;
                struct slice bytes = {samples[i].bytes, samples[i].len};
                if (pickle_decode(bytes, &arena, &v, &fault) < 0)
                        fail_msg("%s, protocol %d: %s", samples[i].what, samples[i].protocol,
                                fault_text(&fault));
                if (!slice_is(repr(&v, &arena), samples[i].repr))
                        fail_msg("%s, protocol %d: %.*s", samples[i].what, samples[i].protocol,
                                SLICE_ARG(repr(&v, &arena)));
        }
        arena_done(&arena);
}

static void every_beginning_of_a_pickle_is_refused(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < COUNT(samples); i++)
                for (size_t len = 0; len < samples[i].len; len += len < 1000 ? 1 : 97) {
                        /* A copy of the exact size, so that a read beyond the end shows. */
                        struct value v;
                        struct fault fault = FAULT_INIT;
                        struct slice part =
                                arena_copy(&arena, (struct slice){samples[i].bytes, len});
                        assert_int_equal(pickle_decode(part, &arena, &v, &fault), -EBADMSG);
                        bool known = strcmp(fault_text(&fault), "Ran out of input") == 0 ||
                                     strcmp(fault_text(&fault), "pickle data was truncated") == 0;
                        assert_true(known);
                        fault_done(&fault);
                        arena_reset(&arena);
                }
        arena_done(&arena);
}

static uint32_t next_random(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return *seed >> 8;
}

/* Whatever comes out of damaged pickles is a value that can be printed. */
static void damaged_pickles_do_no_harm(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        uint32_t seed = 1;
        size_t read = 0;
        for (size_t round = 0; round < 20000; round++) {
                bool is_reply = round % 2 == 1;
                size_t at = next_random(&seed) % (is_reply ? COUNT(replies) : COUNT(samples));
                size_t len = is_reply ? replies[at].len : samples[at].len;
                if (len > 1000)
                        continue;
                char *copy = malloc(len);
                memcpy(copy, is_reply ? replies[at].bytes : samples[at].bytes, len);
                for (uint32_t i = next_random(&seed) % 4 + 1; i > 0; i--)
                        copy[next_random(&seed) % len] = (char)next_random(&seed);
                struct value v;
                struct pickle_reply reply;
                if (pickle_decode((struct slice){copy, len}, &arena, &v, NULL) == 0) {
                        (void)repr(&v, &arena);
                        read++;
                }
                if (pickle_decode_reply((struct slice){copy, len}, &arena, &reply, NULL) == 0)
                        (void)repr(&reply.value, &arena);
                free(copy);
                arena_reset(&arena);
        }
        assert_true(read > 100);
        arena_done(&arena);
}

static void faults_are_in_pythons_words(void **state) {
        (void)state;
        const struct {
                struct slice bytes;
                const char *text;
        } rows[] = {
                {BYTES(""),                                       "Ran out of input"                              },
                {BYTES("\x80"),                                   "pickle data was truncated"                     },
                {BYTES("\x80\x06."),                              "unsupported pickle protocol: 6"                },
                {BYTES("\x80\x04"),                               "Ran out of input"                              },
                {BYTES("."),                                      "unpickling stack underflow"                    },
                {BYTES("a."),                                     "unpickling stack underflow"                    },
                {BYTES("e."),                                     "could not find MARK"                           },
                {BYTES("1."),                                     "could not find MARK"                           },
                {BYTES("0."),                                     "unpickling stack underflow"                    },
                {BYTES("\0."),                                    "invalid load key, '\\x00'."                    },
                {BYTES("?."),                                     "invalid load key, '?'."                        },
                {BYTES("\xff."),                                  "invalid load key, '\\xff'."                    },
                {BYTES("GET / HTTP/1.0\r\n"),                     "pickled classes and objects are refused"       },
                {BYTES("hello"),                                  "Memo value not found at index 101"             },
                {BYTES("h\x05."),                                 "Memo value not found at index 5"               },
                {BYTES("(."),                                     "unexpected MARK found"                         },
                {BYTES("(a."),                                    "unexpected MARK found"                         },
                {BYTES("](]s."),                                  "unexpected MARK found"                         },
                {BYTES("NNs."),                                   "unpickling stack underflow"                    },
                {BYTES("N\x86."),                                 "unpickling stack underflow"                    },
                {BYTES("}(Nu."),                                  "odd number of items for SETITEMS"              },
                {BYTES("(NNNd."),                                 "odd number of items for DICT"                  },
                {BYTES("}]Ns."),                                  "unhashable type: 'list'"                       },
                {BYTES("}(]t\x85Ns."),                            "unhashable type: 'list'"                       },
                {BYTES("\x8f(}\x90."),                            "unhashable type: 'dict'"                       },
                {BYTES("\x95\xff\0\0\0\0\0\0\0N."),               "pickle data was truncated"                     },
                {BYTES("X\x05\0\0\0ab."),                         "pickle data was truncated"                     },
                {BYTES("X\xff\xff\xff\xff."),                     "pickle data was truncated"                     },
                {BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xffx."), "pickle data was truncated"                     },
                {BYTES("T\xff\xff\xff\xff."),                     "pickle data was truncated"                     },
                {BYTES("I12"),                                    "pickle data was truncated"                     },
                {BYTES("Iabc\n."),                                "could not convert string to int"               },
                {BYTES("Sabc\n."),                                "the STRING opcode argument must be quoted"     },
                {BYTES("N.."),                                    "pickle data is followed by 1 bytes"            },
                {BYTES("NNa."),                                   "pickle adds items to something of another type"},
                {BYTES("p1\n."),                                  "unpickling stack underflow"                    },
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v;
                assert_int_equal(pickle_decode(rows[i].bytes, &arena, &v, &fault), -EBADMSG);
                assert_string_equal(fault_text(&fault), rows[i].text);
                fault_done(&fault);
                arena_done(&arena);
        }
}

#define REFUSED "pickled classes and objects are refused"

/* Every way that Python knows to name or make an object. */
static void no_class_is_ever_honoured_in_a_request(void **state) {
        (void)state;
        const struct slice rows[] = {
                BYTES("cos\nsystem\n(S'id'\ntR."),
                BYTES("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."),
                BYTES("cbuiltins\nstr\n."),
                BYTES("cbuiltins\nstr\n(Vx\ntR."),
                BYTES("\x8c\x08"
                      "builtins\x8c\x03str\x93."),
                BYTES("(Vx\nios\nsystem\n."),
                BYTES("(cos\nsystem\nVx\no."),
                BYTES("N)\x81."),
                BYTES("N)}\x92."),
                BYTES("N)R."),
                BYTES("N}b."),
                BYTES("\x82\x01."),
                BYTES("\x83\x01\0."),
                BYTES("\x84\x01\0\0\0."),
                BYTES("Pid\n."),
                BYTES("NQ."),
                BYTES("\x97."),
                BYTES("N\x98."),
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v;
                assert_int_equal(pickle_decode(rows[i], &arena, &v, &fault), -EBADMSG);
                assert_string_equal(fault_text(&fault), REFUSED);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void replies_of_all_protocols_are_read(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < COUNT(replies); i++) {
                struct pickle_reply reply;
                struct fault fault = FAULT_INIT;
                if (pickle_decode_reply((struct slice){replies[i].bytes, replies[i].len}, &arena,
                            &reply, &fault) < 0)
                        fail_msg("%s, protocol %d: %s", replies[i].what, replies[i].protocol,
                                fault_text(&fault));
                struct slice outcome = reply.outcome == PICKLE_OK    ? SLICE("OK")
                                       : reply.outcome == PICKLE_RAW ? SLICE("RAW")
                                                                     : reply.error_class;
                if (!slice_is(outcome, replies[i].outcome) ||
                        !slice_is(repr(&reply.value, &arena), replies[i].repr))
                        fail_msg("%s, protocol %d: %.*s %.*s", replies[i].what, replies[i].protocol,
                                SLICE_ARG(outcome), SLICE_ARG(repr(&reply.value, &arena)));
        }
        arena_done(&arena);
}

static void replies_name_no_other_objects(void **state) {
        (void)state;
        const struct slice rows[] = {
                BYTES("cos\nsystem\n(S'id'\ntR."),
                BYTES("I1\ncos\nsystem\n(S'id'\ntR\x86."),
                BYTES("cbuiltins\nstr\n."),
                BYTES("cbuiltins\nstr\n)R."),
                BYTES("cbuiltins\nstr\n(I1\ntR."),
                BYTES("I0\ncbuiltins\nValueError\n)R\x86."),
                BYTES("I1\ncbuiltins\nValueError\n\x86."),
                BYTES("cbuiltins\nValueError\n)R."),
                BYTES("](cbuiltins\nValueError\n)Re."),
                BYTES("I1\ncbuiltins\nValueError\n(cbuiltins\nValueError\n)RtR\x86."),
                BYTES("N}b."),
                BYTES("N)\x81."),
                BYTES("NN\x93."),
                BYTES("I1\ncfail2ban.x\nA\xff\n)R\x86."),
                BYTES("I1\ncfail2ban.x\nA b\n)R\x86."),
                BYTES("I1\ncfail2ban.x\n\n)R\x86."),
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct pickle_reply reply;
                assert_int_equal(pickle_decode_reply(rows[i], &arena, &reply, &fault), -EBADMSG);
                assert_string_equal(fault_text(&fault), REFUSED);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void nesting_has_a_cap(void **state) {
        (void)state;
        for (int depth = VALUE_DEPTH_MAX - 1; depth <= 100000;
                depth = depth < VALUE_DEPTH_MAX + 2 ? depth + 1 : depth * 10) {
                struct buffer in = BUFFER_INIT(1 << 20);
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v;
                for (int i = 0; i < depth; i++)
                        assert_int_equal(buffer_append_char(&in, ']'), 0);
                for (int i = 1; i < depth; i++)
                        assert_int_equal(buffer_append_char(&in, 'a'), 0);
                assert_int_equal(buffer_append_char(&in, '.'), 0);
                bool fits = depth <= VALUE_DEPTH_MAX + 1;
                assert_int_equal(
                        pickle_decode(buffer_view(&in), &arena, &v, &fault), fits ? 0 : -EBADMSG);
                if (!fits)
                        assert_string_equal(fault_text(&fault), "pickle is nested too deep");
                fault_done(&fault);
                arena_done(&arena);
                buffer_done(&in);
        }
}

/* 60 bytes that stand for 2^20 times 3 values, and ten more for any number. */
static void copies_out_of_the_memo_are_counted(void **state) {
        (void)state;
        for (int doublings = 4; doublings <= 40; doublings += 36) {
                struct buffer in = BUFFER_INIT(4096);
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v;
                assert_int_equal(buffer_append(&in, BYTES("\x80\x04]\x94")), 0);
                for (int i = 0; i < doublings; i++)
                        assert_int_equal(buffer_printf(&in, "]\x94(h%ch%ce", i, i), 0);
                assert_int_equal(buffer_append_char(&in, '.'), 0);
                int r = pickle_decode(buffer_view(&in), &arena, &v, &fault);
                if (doublings == 4) {
                        assert_int_equal(r, 0);
                } else {
                        assert_int_equal(r, -EBADMSG);
                        assert_string_equal(
                                fault_text(&fault), "pickle repeats more than 16777216 bytes");
                        assert_true(arena.used < PICKLE_COPIED_MAX * 3);
                }
                fault_done(&fault);
                arena_done(&arena);
                buffer_done(&in);
        }
}

/* What takes no room here, as copies share their text, would take it where the value is written. */
static void texts_of_copies_are_counted(void **state) {
        (void)state;
        enum { TEXT = 1 << 20 };
        for (size_t copies = 15; copies <= 16; copies++) {
                struct buffer in = BUFFER_INIT((size_t)2 << 20);
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v;
                assert_int_equal(buffer_append(&in, BYTES("(V")), 0);
                memset(buffer_room(&in, TEXT), 'x', TEXT);
                buffer_commit(&in, TEXT);
                assert_int_equal(buffer_append_char(&in, '\n'), 0);
                for (size_t i = 0; i < copies; i++)
                        assert_int_equal(buffer_append_char(&in, '2'), 0);
                assert_int_equal(buffer_append(&in, BYTES("l.")), 0);
                int r = pickle_decode(buffer_view(&in), &arena, &v, &fault);
                assert_int_equal(r, copies == 15 ? 0 : -EBADMSG);
                if (r < 0)
                        assert_string_equal(
                                fault_text(&fault), "pickle repeats more than 16777216 bytes");
                fault_done(&fault);
                arena_done(&arena);
                buffer_done(&in);
        }
}

static void values_and_memo_entries_have_caps(void **state) {
        (void)state;
        struct buffer in = BUFFER_INIT((size_t)4 << 20);
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value v;
        char *many = buffer_room(&in, PICKLE_ITEMS_MAX + 3);
        memset(many, 'N', PICKLE_ITEMS_MAX + 3);
        many[0] = '(';
        many[PICKLE_ITEMS_MAX] = 'l';
        many[PICKLE_ITEMS_MAX + 1] = '.';
        buffer_commit(&in, PICKLE_ITEMS_MAX + 2);
        assert_int_equal(pickle_decode(buffer_view(&in), &arena, &v, &fault), 0);
        assert_int_equal(v.list.count, PICKLE_ITEMS_MAX - 1);
        many[PICKLE_ITEMS_MAX] = 'N';
        many[PICKLE_ITEMS_MAX + 1] = 'l';
        assert_int_equal(pickle_decode(buffer_view(&in), &arena, &v, &fault), -EBADMSG);
        assert_string_equal(fault_text(&fault), "pickle of more than 2000000 values");
        assert_int_equal(pickle_decode(BYTES("Nr\xff\xff\xff\xff."), &arena, &v, &fault), -EBADMSG);
        assert_string_equal(fault_text(&fault), "pickle of more than 1000000 memo entries");
        assert_int_equal(pickle_decode(BYTES("Np-1\n."), &arena, &v, &fault), -EBADMSG);
        assert_int_equal(
                pickle_decode(BYTES("Nr\x3f\x42\x0f\0j\x3f\x42\x0f\0\x86."), &arena, &v, &fault),
                0);
        assert_slice(repr(&v, &arena), "(None, None)");
        fault_done(&fault);
        buffer_done(&in);
        arena_done(&arena);
}

/* A list in itself: Python makes a ring, here the inner one is what the list was then. */
static void a_ring_becomes_a_tree(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value v;
        assert_int_equal(pickle_decode(BYTES("]q\0(h\0K\1e."), &arena, &v, NULL), 0);
        assert_slice(repr(&v, &arena), "[[], 1]");
        arena_done(&arena);
}

static void the_stack_can_be_shuffled(void **state) {
        (void)state;
        const struct {
                struct slice bytes;
                const char *repr;
        } rows[] = {
                {BYTES("K\1K\2"
                       "0."),
                 "1"                                           },
                {BYTES("K\1(K\2K\3"
                       "1."),
                 "1"                                           },
                {BYTES("K\1(0."),               "1"            },
                {BYTES("]K\1a2\x86."),          "([1], [1])"   },
                {BYTES("]q\0K\1ah\0K\2a\x86."), "([1], [1, 2])"},
                {BYTES("]N."),                  "None"         },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct value v;
                assert_int_equal(pickle_decode(rows[i].bytes, &arena, &v, NULL), 0);
                assert_slice(repr(&v, &arena), rows[i].repr);
        }
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pickles_of_all_protocols_are_read),
                cmocka_unit_test(every_beginning_of_a_pickle_is_refused),
                cmocka_unit_test(damaged_pickles_do_no_harm),
                cmocka_unit_test(faults_are_in_pythons_words),
                cmocka_unit_test(no_class_is_ever_honoured_in_a_request),
                cmocka_unit_test(replies_of_all_protocols_are_read),
                cmocka_unit_test(replies_name_no_other_objects),
                cmocka_unit_test(nesting_has_a_cap),
                cmocka_unit_test(copies_out_of_the_memo_are_counted),
                cmocka_unit_test(texts_of_copies_are_counted),
                cmocka_unit_test(values_and_memo_entries_have_caps),
                cmocka_unit_test(a_ring_becomes_a_tree),
                cmocka_unit_test(the_stack_can_be_shuffled),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
