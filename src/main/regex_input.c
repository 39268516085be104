/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rotated logs are packed; looking into them should need no pipe. One buffer of packed bytes is
 * kept, and unpacked straight into the caller's memory, so that memory does not depend on the file.
 * Plain files pass through the same buffer only with their first bytes. Upstream takes such files
 * for text. */
#include "main/regex_input.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
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

#include "base/memory.h"

#define PACKED_BYTES ((size_t)64 << 10)
#define MAGIC_BYTES 6
#define ZSTD_WINDOW_LOG 27 /* of REGEX_INPUT_MEMORY */

struct regex_input {
        int fd;
        uint64_t position;
        bool at_end;   /* of fd */
        bool finished; /* the packed data ended where it may */
        ssize_t (*unpack)(struct regex_input *input, char *bytes, size_t size, struct fault *fault);
        size_t next, len; /* what is left in packed */
#ifdef STOCKADE_WITH_ZLIB
        z_stream gzip;
#endif
#ifdef STOCKADE_WITH_LZMA
        lzma_stream xz;
#endif
#ifdef STOCKADE_WITH_ZSTD
        ZSTD_DCtx *zstd;
#endif
        unsigned char packed[PACKED_BYTES];
};

static ssize_t read_fd(struct regex_input *input, void *bytes, size_t size, struct fault *fault) {
        for (;;) {
                ssize_t n = read(input->fd, bytes, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fault_set_errno(fault, -errno, "reading");
                input->at_end = n == 0;
                input->position += (uint64_t)n;
                return n;
        }
}

/* Reads until need bytes are there, or the end. */
static int fill(struct regex_input *input, size_t need, struct fault *fault) {
        if (input->next == input->len)
                input->next = input->len = 0;
        while (input->len - input->next < need && !input->at_end) {
                ssize_t n = read_fd(
                        input, input->packed + input->len, PACKED_BYTES - input->len, fault);
                if (n < 0)
                        return (int)n;
                input->len += (size_t)n;
        }
        return 0;
}

static ssize_t pass(struct regex_input *input, char *bytes, size_t size, struct fault *fault) {
        size_t left = input->len - input->next;
        if (left == 0)
                return read_fd(input, bytes, size, fault);
        if (left > size)
                left = size;
        memcpy(bytes, input->packed + input->next, left);
        input->next += left;
        return (ssize_t)left;
}

#if defined(STOCKADE_WITH_ZLIB) || defined(STOCKADE_WITH_LZMA) || defined(STOCKADE_WITH_ZSTD)
static int damaged(struct fault *fault) {
        return fault_set(fault, -EBADMSG, "the packed data is damaged or incomplete");
}
#endif

#ifdef STOCKADE_WITH_ZLIB
static ssize_t unpack_gzip(
        struct regex_input *input, char *bytes, size_t size, struct fault *fault) {
        z_stream *z = &input->gzip;
        z->next_out = (Bytef *)bytes;
        z->avail_out = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
        uInt room = z->avail_out;
        while (z->avail_out == room) {
                int r = fill(input, 1, fault);
                if (r < 0)
                        return r;
                if (input->next == input->len)
                        return input->finished ? 0 : damaged(fault);
                if (input->finished && inflateReset(z) != Z_OK) /* members may follow each other */
                        return damaged(fault);
                z->next_in = input->packed + input->next;
                z->avail_in = (uInt)(input->len - input->next);
                r = inflate(z, Z_NO_FLUSH);
                input->next = input->len - z->avail_in;
                input->finished = r == Z_STREAM_END;
                if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
                        return damaged(fault);
        }
        return (ssize_t)(room - z->avail_out);
}
#endif

#ifdef STOCKADE_WITH_LZMA
static ssize_t unpack_xz(struct regex_input *input, char *bytes, size_t size, struct fault *fault) {
        lzma_stream *xz = &input->xz;
        xz->next_out = (uint8_t *)bytes;
        xz->avail_out = size;
        while (xz->avail_out == size && !input->finished) {
                int r = fill(input, 1, fault);
                if (r < 0)
                        return r;
                xz->next_in = input->packed + input->next;
                xz->avail_in = input->len - input->next;
                lzma_ret done = lzma_code(xz, input->at_end ? LZMA_FINISH : LZMA_RUN);
                input->next = input->len - xz->avail_in;
                input->finished = done == LZMA_STREAM_END;
                if (done != LZMA_OK && done != LZMA_STREAM_END)
                        return damaged(fault);
        }
        return (ssize_t)(size - xz->avail_out);
}
#endif

#ifdef STOCKADE_WITH_ZSTD
static ssize_t unpack_zstd(
        struct regex_input *input, char *bytes, size_t size, struct fault *fault) {
        ZSTD_outBuffer out = {.size = size};
        out.dst = bytes;
        while (out.pos == 0) {
                int r = fill(input, 1, fault);
                if (r < 0)
                        return r;
                ZSTD_inBuffer in = {input->packed, input->len, input->next};
                bool was_empty = in.pos == in.size;
                size_t left = ZSTD_decompressStream(input->zstd, &out, &in);
                input->next = in.pos;
                if (ZSTD_isError(left))
                        return damaged(fault);
                if (!was_empty || out.pos > 0)
                        input->finished = left == 0; /* frames may follow each other */
                else
                        return input->finished ? 0 : damaged(fault);
        }
        return (ssize_t)out.pos;
}
#endif

static int choose_gzip(struct regex_input *input, struct fault *fault) {
#ifdef STOCKADE_WITH_ZLIB
        if (inflateInit2(&input->gzip, MAX_WBITS + 16) != Z_OK) /* 16: gzip's header */
                return fault_set(fault, -ENOMEM, "zlib cannot start");
        input->unpack = unpack_gzip;
        return 0;
#else
        (void)input;
        return fault_set(
                fault, -ENOTSUP, "packed by gzip, and this program was built without zlib");
#endif
}

static int choose_xz(struct regex_input *input, struct fault *fault) {
#ifdef STOCKADE_WITH_LZMA
        if (lzma_stream_decoder(&input->xz, REGEX_INPUT_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
                return fault_set(fault, -ENOMEM, "liblzma cannot start");
        input->unpack = unpack_xz;
        return 0;
#else
        (void)input;
        return fault_set(
                fault, -ENOTSUP, "packed by xz, and this program was built without liblzma");
#endif
}

static int choose_zstd(struct regex_input *input, struct fault *fault) {
#ifdef STOCKADE_WITH_ZSTD
        input->zstd = ZSTD_createDCtx();
        if (!input->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(
                                    input->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
                return fault_set(fault, -ENOMEM, "libzstd cannot start");
        input->unpack = unpack_zstd;
        return 0;
#else
        (void)input;
        return fault_set(
                fault, -ENOTSUP, "packed by zstd, and this program was built without libzstd");
#endif
}

int regex_input_new(int fd, struct regex_input **ret, struct fault *fault) {
        struct regex_input *input = memory_new(sizeof(*input));
        input->fd = fd;
        input->unpack = pass;
        int r = fill(input, MAGIC_BYTES, fault);
        if (r == 0 && input->len >= 3 && memcmp(input->packed, "\x1f\x8b\x08", 3) == 0)
                r = choose_gzip(input, fault);
        else if (r == 0 && input->len >= MAGIC_BYTES &&
                 memcmp(input->packed,
                         "\xfd"
                         "7zXZ",
                         MAGIC_BYTES) == 0)
                r = choose_xz(input, fault);
        else if (r == 0 && input->len >= 4 && memcmp(input->packed, "\x28\xb5\x2f\xfd", 4) == 0)
                r = choose_zstd(input, fault);
        if (r < 0)
                (void)regex_input_free(input);
        else
                *ret = input;
        return r;
}

struct regex_input *regex_input_free(struct regex_input *input) {
        if (!input)
                return NULL;
#ifdef STOCKADE_WITH_ZLIB
        (void)inflateEnd(&input->gzip); /* on a stream that was not begun it does nothing */
#endif
#ifdef STOCKADE_WITH_LZMA
        lzma_end(&input->xz);
#endif
#ifdef STOCKADE_WITH_ZSTD
        (void)ZSTD_freeDCtx(input->zstd);
#endif
        free(input);
        return NULL;
}

ssize_t regex_input_read(struct regex_input *input, char *bytes, size_t size, struct fault *fault) {
        return input->unpack(input, bytes, size, fault);
}

uint64_t regex_input_position(const struct regex_input *input) {
        return input->position;
}
