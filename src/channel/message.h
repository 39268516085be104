/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The message types of messages.def, and how bodies are written and read: fixed fields in order, each length checked. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

#define CHANNEL_VERSION 4

enum channel_role { CHANNEL_SERVER, CHANNEL_SCANNER, CHANNEL_FRONT, CHANNEL_RESOLVER, CHANNEL_RUNNER, CHANNEL_ROLE_COUNT };

enum message_type {
#define MESSAGE(name, from, to, size, fds, doc) MESSAGE_##name,
#include "channel/messages.def"
#undef MESSAGE
        MESSAGE_TYPE_COUNT
};

#define MESSAGE_FDS_MAX 1

/* SCAN_LOG_ADD flags */
#define LOG_TAIL 1u      /* start at the end of the file, whatever offset says */
#define LOG_CAREFUL 2u   /* one line a batch: something in the next lines kills scanners */
#define LOG_POLLED 4u    /* no inotify watch will come */
#define LOG_CATCH_UP 8u  /* not yet in operation: lines may be old */
#define LOG_JOURNAL 16u  /* the systemd journal: path is "systemd-journal" and a text of base/journal_source.h, hash a cursor, fd of no use */

/* SCAN_BATCH flags */
#define BATCH_AT_END 1u  /* everything that was in the file has been read */
#define BATCH_TRYING 2u  /* careful mode: no progress yet, but the line at this offset comes next */
#define BATCH_STOPPED 4u /* the answer to SCAN_LOG_STOP: nothing more comes until SCAN_LOG_START */

/* Generations: the server gives each file of a log a multiple of GENERATION_FILE; each truncation of that file adds one. */
#define GENERATION_FILE 0x10000u
static inline uint32_t generation_truncated(uint32_t generation) {
        return (generation & ~(GENERATION_FILE - 1)) | ((generation + 1) & (GENERATION_FILE - 1));
}

/* FRONT_CLIENT roles */
#define ROLE_ADMIN 1u
#define ROLE_READER 2u

/* FRONT_REPLY outcomes */
#define REPLY_OK 0u       /* reply is the tuple (0, value) */
#define REPLY_ERROR 1u    /* reply is the tuple (1, class(*arguments)) */
#define REPLY_RAW 2u      /* reply is the value itself */

struct message_info {
        const char *name;
        enum channel_role from;
        enum channel_role to;
        uint32_t body_max;
        uint32_t fds_max;
};

/* NULL for a number that is no message type. */
const struct message_info *message_info(uint32_t type);

/* One received message; body and fds are valid during the handler only. A handler that keeps an fd sets fds[i] to -1. */
struct message {
        enum message_type type;
        struct slice body;
        int fds[MESSAGE_FDS_MAX]; /* -1: none */
};

/* Writers append to a buffer whose maximum is the caller's; they return 0 or -ENOBUFS. */
int message_put_u8(struct buffer *out, uint8_t v);
int message_put_u32(struct buffer *out, uint32_t v);
int message_put_u64(struct buffer *out, uint64_t v);
int message_put_f64(struct buffer *out, double v);
int message_put_text(struct buffer *out, struct slice s);
/* A number as 7 bits a byte, the lowest first: small ones take one byte. Writes MESSAGE_NUMBER_MAX bytes at most. Returns their end. */
#define MESSAGE_NUMBER_MAX 5
static inline char *message_write_number(char *to, uint32_t v) {
        for (; v >= 0x80; v >>= 7)
                *to++ = (char)(v | 0x80);
        *to++ = (char)v;
        return to;
}

/* Reader over a body. A read past the end, or a text longer than what is left, sets bad and gives zero / the empty slice, so that
 * callers read all fields and then check once with message_read_end(). */
struct message_reader {
        struct slice rest;
        bool bad;
};

static inline struct message_reader message_reader_of(struct slice body) {
        return (struct message_reader){body, false};
}
/* The next size bytes as they are. */
__attribute__((always_inline)) static inline void message_get_raw(
        struct message_reader *in, void *to, size_t size) {
        if (in->bad || in->rest.len < size) {
                in->bad = true;
                memset(to, 0, size);
                return;
        }
        memcpy(to, in->rest.data, size);
        in->rest.data += size;
        in->rest.len -= size;
}
static inline uint8_t message_get_u8(struct message_reader *in) {
        uint8_t v;
        message_get_raw(in, &v, sizeof(v));
        return v;
}
static inline uint32_t message_get_u32(struct message_reader *in) {
        uint32_t v;
        message_get_raw(in, &v, sizeof(v));
        return le32toh(v);
}
static inline uint64_t message_get_u64(struct message_reader *in) {
        uint64_t v;
        message_get_raw(in, &v, sizeof(v));
        return le64toh(v);
}
static inline double message_get_f64(struct message_reader *in) {
        union { uint64_t bits; double v; } number = {message_get_u64(in)};
        return number.v;
}
/* As message_write_number() has it; no byte more than it needs. */
uint32_t message_get_number_slow(struct message_reader *in);
static inline uint32_t message_get_number(struct message_reader *in) {
        if (in->bad || in->rest.len == 0 || in->rest.data[0] & '\x80')
                return message_get_number_slow(in);
        in->rest.len--;
        return (uint32_t)(unsigned char)*in->rest.data++;
}
/* So many bytes, which it borrows from the body. */
static inline struct slice message_get_bytes(struct message_reader *in, size_t len) {
        struct slice bytes = {in->rest.data, len};
        if (in->bad || in->rest.len < len) {
                in->bad = true;
                return SLICE_NULL;
        }
        in->rest.data += len;
        in->rest.len -= len;
        return bytes;
}
/* A text behind its length (u32); it borrows from the body. */
static inline struct slice message_get_text(struct message_reader *in) {
        return message_get_bytes(in, message_get_u32(in));
}
/* True if every field was there and nothing is left over. */
bool message_read_end(const struct message_reader *in);
