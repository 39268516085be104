/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/regex_input.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef STOCKADE_WITH_ZLIB
#include <zlib.h>
#endif
#ifdef STOCKADE_WITH_LZMA
#include <lzma.h>
#endif
#ifdef STOCKADE_WITH_ZSTD
#include <zstd.h>
#endif

#include "../cmocka_include.h"

#include "base/memory.h"

#define TEXT_BYTES ((size_t)1 << 20)
#define MAX_BYTES (2 * TEXT_BYTES)

static char text[TEXT_BYTES];

static int make_text(void **state) {
        (void)state;
        for (size_t i = 0; i < TEXT_BYTES; i++)
                text[i] = (char)(i % 97 == 0 ? '\n' : ' ' + i * i % 90);
        return 0;
}

static int file_of(const void *bytes, size_t len) {
        int fd = memfd_create("log", MFD_CLOEXEC);
        assert_int_equal(write(fd, bytes, len), (ssize_t)len);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

/* Reads all in pieces of step. Returns the number of bytes in out, or the error. */
static ssize_t read_all(int fd, char *out, size_t step) {
        struct regex_input *input = NULL;
        struct fault fault = FAULT_INIT;
        ssize_t total = 0;
        ssize_t n = regex_input_new(fd, &input, &fault);
        assert_int_equal(n, 0);
        while ((n = regex_input_read(input, out + total, step, &fault)) > 0) {
                total += n;
                assert_true((size_t)total + step <= MAX_BYTES + step);
        }
        assert_int_equal(fault.code, n);
        fault_done(&fault);
        (void)regex_input_free(input);
        close(fd);
        return n < 0 ? n : total;
}

static void expect_text(int fd, size_t step, const char *wanted, size_t len) {
        char *out = memory_new(MAX_BYTES + step);
        assert_int_equal(read_all(fd, out, step), len);
        assert_memory_equal(out, wanted, len);
        free(out);
}

static void plain_files_pass_as_they_are(void **state) {
        static const size_t lengths[] = {0, 1, 5, 6, 7, 70000, TEXT_BYTES};
        (void)state;
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                expect_text(file_of(text, lengths[i]), 3 + TEXT_BYTES / 7, text, lengths[i]);
                if (lengths[i] < 100)
                        expect_text(file_of(text, lengths[i]), 1, text, lengths[i]);
        }
}

static void unreadable_file_is_an_error(void **state) {
        struct regex_input *input = NULL;
        struct fault fault = FAULT_INIT;
        (void)state;
        assert_int_equal(regex_input_new(-1, &input, &fault), -EBADF);
        assert_null(input);
        assert_null(regex_input_free(NULL));
        fault_done(&fault);
}

#ifdef STOCKADE_WITH_ZLIB
static size_t gzip(const char *from, size_t len, char *to, size_t room) {
        z_stream z = {0};
        assert_int_equal(
                deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (Bytef *)(uintptr_t)from;
        z.avail_in = (uInt)len;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)room;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        size_t made = room - z.avail_out;
        assert_int_equal(deflateEnd(&z), Z_OK);
        return made;
}

static void gzip_files_are_unpacked_member_by_member(void **state) {
        char *packed = memory_new(MAX_BYTES);
        (void)state;
        size_t half = TEXT_BYTES / 2;
        size_t first = gzip(text, half, packed, MAX_BYTES);
        expect_text(file_of(packed, first), 1000, text, half);
        size_t second = gzip(text + half, half, packed + first, MAX_BYTES - first);
        expect_text(file_of(packed, first + second), TEXT_BYTES, text, TEXT_BYTES);
        free(packed);
}

static void damaged_gzip_files_are_an_error(void **state) {
        char *packed = memory_new(MAX_BYTES);
        char *out = memory_new(2 * MAX_BYTES);
        (void)state;
        size_t len = gzip(text, TEXT_BYTES, packed, MAX_BYTES);
        assert_int_equal(read_all(file_of(packed, len - 9), out, 5000), -EBADMSG);
        assert_int_equal(read_all(file_of(packed, 3), out, 5000), -EBADMSG);
        packed[len / 2] = (char)~packed[len / 2];
        packed[len - 6] = (char)~packed[len - 6];
        assert_int_equal(read_all(file_of(packed, len), out, 5000), -EBADMSG);
        free(out);
        free(packed);
}
#endif

#ifdef STOCKADE_WITH_LZMA
static void xz_files_are_unpacked_and_checked(void **state) {
        uint8_t *packed = memory_new(MAX_BYTES);
        char *out = memory_new(2 * MAX_BYTES);
        size_t len = 0;
        (void)state;
        assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)text,
                                 TEXT_BYTES, packed, &len, MAX_BYTES),
                LZMA_OK);
        expect_text(file_of(packed, len), 1000, text, TEXT_BYTES);
        assert_int_equal(read_all(file_of(packed, len / 2), out, 5000), -EBADMSG);
        packed[len / 2] = (uint8_t)~packed[len / 2];
        assert_int_equal(read_all(file_of(packed, len), out, 5000), -EBADMSG);
        free(out);
        free(packed);
}
#endif

#ifdef STOCKADE_WITH_ZSTD
static size_t zstd(const char *from, size_t len, char *to, size_t room) {
        ZSTD_CCtx *context = ZSTD_createCCtx();
        assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
        size_t made = ZSTD_compress2(context, to, room, from, len);
        assert_false(ZSTD_isError(made));
        (void)ZSTD_freeCCtx(context);
        return made;
}

static void zstd_files_are_unpacked_frame_by_frame_and_checked(void **state) {
        char *packed = memory_new(MAX_BYTES);
        char *out = memory_new(2 * MAX_BYTES);
        size_t half = TEXT_BYTES / 2;
        (void)state;
        size_t first = zstd(text, half, packed, MAX_BYTES);
        size_t second = zstd(text + half, half, packed + first, MAX_BYTES - first);
        expect_text(file_of(packed, first), 1000, text, half);
        expect_text(file_of(packed, first + second), TEXT_BYTES, text, TEXT_BYTES);
        assert_int_equal(read_all(file_of(packed, first + second - 9), out, 5000), -EBADMSG);
        assert_int_equal(read_all(file_of(packed, 6), out, 5000), -EBADMSG);
        packed[first - 1] = (char)~packed[first - 1];
        assert_int_equal(read_all(file_of(packed, first), out, 5000), -EBADMSG);
        free(out);
        free(packed);
}
#endif

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(plain_files_pass_as_they_are),
                cmocka_unit_test(unreadable_file_is_an_error),
#ifdef STOCKADE_WITH_ZLIB
                cmocka_unit_test(gzip_files_are_unpacked_member_by_member),
                cmocka_unit_test(damaged_gzip_files_are_an_error),
#endif
#ifdef STOCKADE_WITH_LZMA
                cmocka_unit_test(xz_files_are_unpacked_and_checked),
#endif
#ifdef STOCKADE_WITH_ZSTD
                cmocka_unit_test(zstd_files_are_unpacked_frame_by_frame_and_checked),
#endif
        };
        return cmocka_run_group_tests(tests, make_text, NULL);
}
