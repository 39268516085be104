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

uint32_t message_get_number_slow(struct message_reader *in) {
        const unsigned char *bytes = (const unsigned char *)in->rest.data;
        if (!in->bad && in->rest.len >= 2 && bytes[0] & 0x80 && bytes[1] > 0 && bytes[1] < 0x80) {
                in->rest = slice_sub(in->rest, 2, in->rest.len);
                return (bytes[0] & 0x7fU) | (uint32_t)bytes[1] << 7;
        }
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
