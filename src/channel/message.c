/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message bodies. Readers never trust a length: what is short or left over makes the whole message bad. */
#include "channel/message.h"

#include <endian.h>
#include <errno.h>

static const struct message_info infos[] = {
#define MESSAGE(name, from, to, size, fds, doc) {#name, CHANNEL_##from, CHANNEL_##to, size, fds},
#include "channel/messages.def"
#undef MESSAGE
};

const struct message_info *message_info(uint32_t type) {
        return type < MESSAGE_TYPE_COUNT ? &infos[type] : NULL;
}

int message_put_u8(struct buffer *out, uint8_t v) {
        return buffer_append(out, (struct slice){(const char *)&v, sizeof(v)});
}

int message_put_u32(struct buffer *out, uint32_t v) {
        v = htole32(v);
        return buffer_append(out, (struct slice){(const char *)&v, sizeof(v)});
}

int message_put_u64(struct buffer *out, uint64_t v) {
        v = htole64(v);
        return buffer_append(out, (struct slice){(const char *)&v, sizeof(v)});
}

int message_put_f64(struct buffer *out, double v) {
        uint64_t bits;
        memcpy(&bits, &v, sizeof(bits));
        return message_put_u64(out, bits);
}

int message_put_text(struct buffer *out, struct slice s) {
        if (s.len > UINT32_MAX)
                return -ENOBUFS;
        int r = message_put_u32(out, (uint32_t)s.len);
        return r < 0 ? r : buffer_append(out, s);
}

struct message_reader message_reader_of(struct slice body) {
        return (struct message_reader){body, false};
}

static void take(struct message_reader *in, void *to, size_t size) {
        if (in->bad || in->rest.len < size) {
                in->bad = true;
                memset(to, 0, size);
                return;
        }
        memcpy(to, in->rest.data, size);
        in->rest = slice_sub(in->rest, size, in->rest.len);
}

uint8_t message_get_u8(struct message_reader *in) {
        uint8_t v;
        take(in, &v, sizeof(v));
        return v;
}

uint32_t message_get_u32(struct message_reader *in) {
        uint32_t v;
        take(in, &v, sizeof(v));
        return le32toh(v);
}

uint64_t message_get_u64(struct message_reader *in) {
        uint64_t v;
        take(in, &v, sizeof(v));
        return le64toh(v);
}

double message_get_f64(struct message_reader *in) {
        uint64_t bits = message_get_u64(in);
        double v;
        memcpy(&v, &bits, sizeof(v));
        return v;
}

struct slice message_get_text(struct message_reader *in) {
        uint32_t len = message_get_u32(in);
        return message_get_bytes(in, len);
}

uint32_t message_get_number_slow(struct message_reader *in) {
        uint64_t number = 0;
        uint8_t byte = 0;
        unsigned bits = 0;
        do {
                byte = message_get_u8(in);
                number |= (uint64_t)(byte & 0x7f) << bits;
                bits += 7;
        } while (byte & 0x80 && bits < 7 * MESSAGE_NUMBER_MAX);
        bool is_longer_than_needed = byte == 0 && bits > 7;
        if (in->bad || byte & 0x80 || is_longer_than_needed || number > UINT32_MAX) {
                in->bad = true;
                return 0;
        }
        return (uint32_t)number;
}

bool message_read_end(const struct message_reader *in) {
        return !in->bad && in->rest.len == 0;
}
