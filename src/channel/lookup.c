/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends check everything: the resolver runs whatever the system's name service loads, and a
 * server's question is made from what somebody wrote into a log. */
#include "channel/lookup.h"

#include <errno.h>

#define INET4_BYTES 4
#define INET6_BYTES 16

static int put_text(struct buffer *out, struct slice text) {
        return text.len > LOOKUP_TEXT_MAX ? -EMSGSIZE : message_put_text(out, text);
}

static struct slice get_text(struct message_reader *in) {
        struct slice text = message_get_text(in);
        if (text.len > LOOKUP_TEXT_MAX || slice_find_char(text, '\0', 0) != text.len)
                in->bad = true;
        return text;
}

int lookup_put_question(struct buffer *out, const struct lookup_question *question) {
        int r = message_put_u32(out, question->number);
        if (r == 0)
                r = message_put_u8(out, (uint8_t)question->kind);
        if (r == 0)
                r = message_put_u8(out, question->has_ipv6 ? 1 : 0);
        return r == 0 ? put_text(out, question->text) : r;
}

int lookup_get_question(struct slice body, struct lookup_question *ret) {
        struct message_reader in = message_reader_of(body);
        ret->number = message_get_u32(&in);
        uint8_t kind = message_get_u8(&in);
        uint8_t has_ipv6 = message_get_u8(&in);
        ret->text = get_text(&in);
        if (!message_read_end(&in) || kind >= LOOKUP_KIND_COUNT || has_ipv6 > 1)
                return -EBADMSG;
        ret->kind = (enum lookup_kind)kind;
        ret->has_ipv6 = has_ipv6 == 1;
        return 0;
}

static size_t address_bytes(const struct address *address) {
        return address->family == ADDRESS_INET6 ? INET6_BYTES : INET4_BYTES;
}

int lookup_put_answer(struct buffer *out, const struct lookup_answer *answer) {
        if (answer->count > LOOKUP_ADDRESSES_MAX)
                return -EMSGSIZE;
        int r = message_put_u32(out, answer->number);
        if (r == 0)
                r = message_put_u8(out, answer->failed ? 1 : 0);
        if (r == 0)
                r = put_text(out, answer->text);
        if (r == 0)
                r = message_put_u8(out, (uint8_t)answer->count);
        for (size_t i = 0; r == 0 && i < answer->count; i++) {
                const struct address *address = &answer->addresses[i];
                r = message_put_text(
                        out, (struct slice){(const char *)address->bytes, address_bytes(address)});
        }
        return r;
}

/* Addresses arrive in the one form that all of the server compares: an IPv4-mapped one is IPv4. */
static void get_address(struct message_reader *in, struct address *ret) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        struct slice bytes = message_get_text(in);
        *ret = (struct address){.family = ADDRESS_INET4, .plen = 32};
        if (bytes.len != INET4_BYTES && bytes.len != INET6_BYTES) {
                in->bad = true;
                return;
        }
        if (bytes.len == INET6_BYTES && memcmp(bytes.data, mapped, sizeof(mapped)) == 0)
                bytes = slice_sub(bytes, sizeof(mapped), bytes.len);
        if (bytes.len == INET6_BYTES)
                *ret = (struct address){.family = ADDRESS_INET6, .plen = 128};
        memcpy(ret->bytes, bytes.data, bytes.len);
}

int lookup_get_answer(struct slice body, struct lookup_answer *ret) {
        struct message_reader in = message_reader_of(body);
        ret->number = message_get_u32(&in);
        uint8_t failed = message_get_u8(&in);
        ret->text = get_text(&in);
        ret->count = message_get_u8(&in);
        if (in.bad || failed > 1 || ret->count > LOOKUP_ADDRESSES_MAX)
                return -EBADMSG;
        ret->failed = failed == 1;
        for (size_t i = 0; i < ret->count; i++)
                get_address(&in, &ret->addresses[i]);
        return message_read_end(&in) ? 0 : -EBADMSG;
}
