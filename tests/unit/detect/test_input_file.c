/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "detect/input_file.h"

struct setup {
        struct input_file file;
        struct input_buffer buffer;
        struct input_chunk chunk;
        int write_fd;
};

static void begin(struct setup *t, const char *content) {
        *t = (struct setup){0};
        t->write_fd = memfd_create("log", MFD_CLOEXEC);
        assert_true(t->write_fd >= 0);
        assert_int_equal(write(t->write_fd, content, strlen(content)), (ssize_t)strlen(content));
        input_file_init(&t->file, dup(t->write_fd), 7, 0);
}

static void finish(struct setup *t) {
        input_file_done(&t->file);
        input_buffer_done(&t->buffer);
        close(t->write_fd);
}

static void append(struct setup *t, const char *text) {
        assert_int_equal(pwrite(t->write_fd, text, strlen(text), lseek(t->write_fd, 0, SEEK_END)), (ssize_t)strlen(text));
}

static void expect(struct setup *t, int result, const char *lines) {
        assert_int_equal(input_file_read(&t->file, &t->buffer, &t->chunk), result);
        if (!slice_is(t->chunk.lines, lines))
                fail_msg("got '%.*s', expected '%s'", SLICE_ARG(t->chunk.lines), lines);
        input_file_take(&t->file, t->chunk.end);
}

static void unfinished_last_line_waits(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "one\ntwo");
        expect(&t, INPUT_LAST, "one\n");
        expect(&t, INPUT_END, "");
        append(&t, " more\nthree\n");
        expect(&t, INPUT_LAST, "two more\nthree\n");
        expect(&t, INPUT_END, "");
        assert_int_equal(t.file.position, 19);
        finish(&t);
}

static void nul_bytes_are_data(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "");
        assert_int_equal(write(t.write_fd, "a\0b\n", 4), 4);
        assert_int_equal(input_file_read(&t.file, &t.buffer, &t.chunk), INPUT_LAST);
        assert_int_equal(t.chunk.lines.len, 4);
        assert_memory_equal(t.chunk.lines.data, "a\0b\n", 4);
        finish(&t);
}

static void truncation_is_noticed(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "one\ntwo\n");
        expect(&t, INPUT_LAST, "one\ntwo\n");
        assert_int_equal(ftruncate(t.write_fd, 0), 0);
        expect(&t, INPUT_CHANGED, "");
        input_file_restart(&t.file, 8);
        append(&t, "new\n");
        expect(&t, INPUT_LAST, "new\n");
        assert_int_equal(t.file.generation, 8);
        finish(&t);
}

static void refilled_file_of_the_same_length_is_noticed(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "one\ntwo\n");
        expect(&t, INPUT_LAST, "one\ntwo\n");
        assert_int_equal(ftruncate(t.write_fd, 0), 0);
        append(&t, "1111\n222222222\n");
        expect(&t, INPUT_CHANGED, "");
        finish(&t);
}

static void refilled_file_with_the_same_beginning_is_noticed_by_the_missing_line_end(void **state) {
        struct setup t;
        (void)state;
        const char *same = "# a header that each file of this program begins with, more than 64 bytes long\n";
        begin(&t, same);
        append(&t, "one\n");
        assert_int_equal(input_file_read(&t.file, &t.buffer, &t.chunk), INPUT_LAST);
        input_file_take(&t.file, t.chunk.end);
        assert_int_equal(ftruncate(t.write_fd, 0), 0);
        append(&t, same);
        append(&t, "another, longer line\n");
        expect(&t, INPUT_CHANGED, "");
        finish(&t);
}

static void growing_head_is_no_change(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "a");
        expect(&t, INPUT_END, "");
        append(&t, "b\n");
        expect(&t, INPUT_LAST, "ab\n");
        append(&t, "c\n");
        expect(&t, INPUT_LAST, "c\n");
        finish(&t);
}

static void fill(struct setup *t, char c, size_t count) {
        char *bytes = memory_new(count);
        memset(bytes, c, count);
        assert_int_equal(write(t->write_fd, bytes, count), (ssize_t)count);
        free(bytes);
}

static int read_until_lines(struct setup *t) {
        int r = INPUT_LINES;
        for (int i = 0; i < 100 && r == INPUT_LINES; i++) {
                r = input_file_read(&t->file, &t->buffer, &t->chunk);
                if (t->chunk.lines.len > 0)
                        break;
        }
        return r;
}

static void line_longer_than_a_chunk_comes_whole(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "");
        fill(&t, 'x', INPUT_CHUNK * 2 + 17);
        append(&t, "\nnext\n");
        assert_int_equal(read_until_lines(&t), INPUT_LINES);
        assert_int_equal(t.chunk.lines.len, INPUT_CHUNK * 2 + 18);
        assert_false(t.chunk.cut);
        input_file_take(&t.file, t.chunk.end);
        expect(&t, INPUT_LAST, "next\n");
        finish(&t);
}

static void line_above_the_cap_is_cut_and_passed(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "");
        fill(&t, 'x', INPUT_LINE_MAX + 1000);
        assert_int_equal(read_until_lines(&t), INPUT_END); /* not finished: nothing is given yet */
        append(&t, "tail\nnext\n");
        assert_int_equal(read_until_lines(&t), INPUT_LINES);
        assert_true(t.chunk.cut);
        assert_int_equal(t.chunk.lines.len, INPUT_LINE_MAX);
        assert_int_equal(t.chunk.end, INPUT_LINE_MAX + 1005);
        input_file_take(&t.file, t.chunk.end);
        expect(&t, INPUT_LAST, "next\n");
        finish(&t);
}

static void file_without_line_end_costs_no_memory(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "");
        for (int i = 0; i < 40; i++) {
                fill(&t, 'x', INPUT_CHUNK);
                (void)read_until_lines(&t);
        }
        assert_int_equal(t.chunk.lines.len, 0);
        assert_int_equal(t.file.position, 0);
        assert_true(t.buffer.capacity <= INPUT_LINE_MAX + INPUT_CHUNK);
        finish(&t);
}

static void hash_is_sha1_of_the_first_line_with_its_end(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "a");
        assert_int_equal(input_file_hash(&t.file).len, 0);
        append(&t, "\nb\n");
        assert_true(slice_is(input_file_hash(&t.file), "3f786850e387550fdab836ed7e6dc881de23001b"));
        append(&t, "c\n");
        assert_true(slice_is(input_file_hash(&t.file), "3f786850e387550fdab836ed7e6dc881de23001b"));
        finish(&t);
}

static void position_above_the_size_counts_as_change(void **state) {
        struct setup t;
        (void)state;
        begin(&t, "one\n");
        t.file.position = t.file.searched = 100;
        assert_true(input_file_has_changed(&t.file));
        expect(&t, INPUT_CHANGED, "");
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(unfinished_last_line_waits),
                cmocka_unit_test(nul_bytes_are_data),
                cmocka_unit_test(truncation_is_noticed),
                cmocka_unit_test(refilled_file_of_the_same_length_is_noticed),
                cmocka_unit_test(refilled_file_with_the_same_beginning_is_noticed_by_the_missing_line_end),
                cmocka_unit_test(growing_head_is_no_change),
                cmocka_unit_test(line_longer_than_a_chunk_comes_whole),
                cmocka_unit_test(line_above_the_cap_is_cut_and_passed),
                cmocka_unit_test(file_without_line_end_costs_no_memory),
                cmocka_unit_test(hash_is_sha1_of_the_first_line_with_its_end),
                cmocka_unit_test(position_above_the_size_counts_as_change),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
