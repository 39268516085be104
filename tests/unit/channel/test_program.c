/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/program.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "base/memory.h"
#include "channel/message.h"

static char first[] = "sh", second[] = "", third[] = "a 'b\n\xff", variable[] = "PATH=/bin";
static char *const words[] = {first, second, third, NULL};
static char *const environment[] = {variable, NULL};
static const struct program sample = {.number = 4000000000U,
        .mask = 077,
        .fds = 6,
        .folder = "/",
        .path = "/bin/sh",
        .words = words,
        .environment = environment};

static void programs_come_back_as_they_were_put(void **state) {
        struct buffer out = BUFFER_INIT(PROGRAM_BYTES_MAX);
        struct arena arena = ARENA_INIT;
        struct program got;
        (void)state;
        assert_int_equal(program_put(&out, &sample), 0);
        assert_int_equal(program_get(buffer_view(&out), &arena, &got), 0);
        assert_int_equal(got.number, 4000000000U);
        assert_int_equal(got.mask, 077);
        assert_int_equal(got.fds, 6);
        assert_string_equal(got.folder, "/");
        assert_string_equal(got.path, "/bin/sh");
        for (size_t i = 0; i < 3; i++)
                assert_string_equal(got.words[i], words[i]);
        assert_null(got.words[3]);
        assert_string_equal(got.environment[0], variable);
        assert_null(got.environment[1]);
        arena_done(&arena);
        buffer_done(&out);
}

static void every_cut_and_everything_behind_is_refused(void **state) {
        struct buffer out = BUFFER_INIT(PROGRAM_BYTES_MAX);
        struct arena arena = ARENA_INIT;
        struct program got;
        (void)state;
        assert_int_equal(program_put(&out, &sample), 0);
        size_t len = buffer_len(&out);
        for (size_t i = 0; i < len; i++)
                assert_int_equal(
                        program_get(slice_sub(buffer_view(&out), 0, i), &arena, &got), -EBADMSG);
        assert_int_equal(buffer_append_char(&out, 'x'), 0);
        assert_int_equal(program_get(buffer_view(&out), &arena, &got), -EBADMSG);
        arena_done(&arena);
        buffer_done(&out);
}

static void bad_fields_are_refused(void **state) {
        static char *const nothing[] = {NULL};
        struct program cases[] = {sample, sample, sample, sample, sample};
        (void)state;
        cases[0].mask = 01000;
        cases[1].fds = 16;
        cases[2].folder = "tmp";
        cases[3].path = "";
        cases[4].words = nothing;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct buffer out = BUFFER_INIT(PROGRAM_BYTES_MAX);
                struct arena arena = ARENA_INIT;
                struct program got;
                assert_int_equal(program_put(&out, &cases[i]), 0);
                assert_int_equal(program_get(buffer_view(&out), &arena, &got), -EBADMSG);
                arena_done(&arena);
                buffer_done(&out);
        }
}

static void counts_beyond_what_is_there_allocate_nothing(void **state) {
        struct buffer out = BUFFER_INIT(1000);
        struct arena arena = ARENA_INIT;
        struct program got;
        (void)state;
        (void)message_put_u32(&out, 1);
        (void)message_put_u32(&out, 0);
        (void)message_put_u8(&out, 0);
        (void)message_put_text(&out, SLICE("/"));
        (void)message_put_text(&out, SLICE("/x"));
        (void)message_put_u32(&out, UINT32_MAX);
        (void)message_put_u32(&out, 0);
        assert_int_equal(program_get(buffer_view(&out), &arena, &got), -EBADMSG);
        assert_true(arena.used < 1000);
        arena_done(&arena);
        buffer_done(&out);
}

static void nul_bytes_are_refused(void **state) {
        struct buffer out = BUFFER_INIT(1000);
        struct arena arena = ARENA_INIT;
        struct program got;
        (void)state;
        (void)message_put_u32(&out, 1);
        (void)message_put_u32(&out, 0);
        (void)message_put_u8(&out, 0);
        (void)message_put_text(&out, SLICE("/"));
        (void)message_put_text(&out, SLICE("/x\0y"));
        (void)message_put_u32(&out, 1);
        (void)message_put_text(&out, SLICE("x"));
        (void)message_put_u32(&out, 0);
        assert_int_equal(program_get(buffer_view(&out), &arena, &got), -EBADMSG);
        arena_done(&arena);
        buffer_done(&out);
}

static void too_much_is_not_put(void **state) {
        struct buffer out = BUFFER_INIT(PROGRAM_BYTES_MAX);
        struct program large = sample;
        char **many = memory_new_array(PROGRAM_WORDS_MAX + 1, sizeof(*many));
        (void)state;
        for (size_t i = 0; i < PROGRAM_WORDS_MAX; i++)
                many[i] = first;
        large.words = many;
        assert_int_equal(program_put(&out, &large), -E2BIG); /* with the variable */
        free(many);
        char *text = memory_new(PROGRAM_BYTES_MAX);
        memset(text, 'x', PROGRAM_BYTES_MAX - 1);
        char *const one[] = {text, NULL};
        large.words = one;
        assert_int_equal(program_put(&out, &large), -E2BIG);
        free(text);
        buffer_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(programs_come_back_as_they_were_put),
                cmocka_unit_test(every_cut_and_everything_behind_is_refused),
                cmocka_unit_test(bad_fields_are_refused),
                cmocka_unit_test(counts_beyond_what_is_there_allocate_nothing),
                cmocka_unit_test(nul_bytes_are_refused),
                cmocka_unit_test(too_much_is_not_put),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
