/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text as Python sees it. Configuration is UTF-8 (checked once, when a file is read), so everything
 * here may take for granted that sequences are complete; bytes beyond ASCII count as letters.
 * Differs: lower case is ASCII only. */
#include "config/text.h"

#include <stdint.h>

static size_t sequence_len(unsigned char lead) {
        return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static uint32_t decode(struct slice s, size_t at, size_t *ret_len) {
        unsigned char lead = (unsigned char)s.data[at];
        size_t len = sequence_len(lead);
        uint32_t code = len == 1 ? lead : lead & (0x7fu >> len);
        if (at + len > s.len)
                len = s.len - at;
        for (size_t i = 1; i < len; i++)
                code = code << 6 | ((unsigned char)s.data[at + i] & 0x3f);
        *ret_len = len;
        return code;
}

static bool is_ascii_blank(unsigned char c) {
        return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
}

static bool is_blank(uint32_t code) {
        if (code < 0x80)
                return is_ascii_blank((unsigned char)code);
        return code == 0x85 || code == 0xa0 || code == 0x1680 ||
               (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
               code == 0x202f || code == 0x205f || code == 0x3000;
}

size_t text_blank_at(struct slice s, size_t at) {
        if (at >= s.len)
                return 0;
        size_t len;
        return is_blank(decode(s, at, &len)) ? len : 0;
}

size_t text_blank_before(struct slice s, size_t at) {
        if (at == 0 || at > s.len)
                return 0;
        size_t start = at - 1;
        while (start > 0 && at - start < 4 && ((unsigned char)s.data[start] & 0xc0) == 0x80)
                start--;
        size_t len = text_blank_at(s, start);
        return start + len == at ? len : 0;
}

size_t text_skip_blanks(struct slice s, size_t from) {
        for (size_t len; (len = text_blank_at(s, from)) > 0;)
                from += len;
        return from < s.len ? from : s.len;
}

struct slice text_strip_right(struct slice s) {
        for (size_t len; (len = text_blank_before(s, s.len)) > 0;)
                s.len -= len;
        return s;
}

struct slice text_strip(struct slice s) {
        return text_strip_right(slice_sub(s, text_skip_blanks(s, 0), s.len));
}

size_t text_indent(struct slice s) {
        size_t count = 0;
        size_t at = 0;
        for (size_t len; (len = text_blank_at(s, at)) > 0; count++)
                at += len;
        return count;
}

bool text_is_word(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || (unsigned char)c >= 0x80;
}

size_t text_length(struct slice s) {
        size_t count = 0;
        for (size_t i = 0; i < s.len; i++)
                count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
        return count;
}

struct slice text_head(struct slice s, size_t characters) {
        size_t at = 0;
        for (size_t len; characters > 0 && at < s.len; characters--, at += len)
                (void)decode(s, at, &len);
        return slice_sub(s, 0, at);
}

size_t text_name_start(struct slice path) {
        size_t start = path.len;
        while (start > 0 && path.data[start - 1] != '/')
                start--;
        return start;
}

struct slice text_lower(struct slice s, struct arena *arena) {
        size_t first = 0;
        while (first < s.len && !(s.data[first] >= 'A' && s.data[first] <= 'Z'))
                first++;
        if (first == s.len)
                return s;
        char *copy = arena_alloc(arena, s.len + 1);
        for (size_t i = 0; i < s.len; i++)
                copy[i] = s.data[i] >= 'A' && s.data[i] <= 'Z' ? (char)(s.data[i] - 'A' + 'a')
                                                               : s.data[i];
        return (struct slice){copy, s.len};
}

static size_t put_json(char *out, size_t room, uint32_t code) {
        static const char from[] = "\"\\\n\r\t\b\f";
        static const char to[] = "\"\\nrtbf";
        const char *short_form = code > 0 && code < 0x80 ? strchr(from, (char)code) : NULL;
        int len = short_form                    ? snprintf(out, room, "\\%c", to[short_form - from])
                  : code >= 0x20 && code < 0x7f ? snprintf(out, room, "%c", (char)code)
                  : code < 0x10000
                          ? snprintf(out, room, "\\u%04x", (unsigned)code)
                          : snprintf(out, room, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)),
                                    (unsigned)(0xdc00 + (code & 0x3ff)));
        return (size_t)len;
}

struct slice text_json(struct slice s, struct arena *arena) {
        size_t room = s.len * 6 + 3; /* a control becomes \u00NN */
        char *out = arena_alloc(arena, room);
        size_t end = 0;
        out[end++] = '"';
        for (size_t at = 0, len; at < s.len; at += len) {
                uint32_t code = decode(s, at, &len);
                end += put_json(out + end, room - end, code);
        }
        out[end++] = '"';
        return (struct slice){out, end};
}

/* The range of a sequence's second byte keeps out overlong forms, surrogates and what lies beyond
 * U+10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second) {
        unsigned char from = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned char to = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        return second >= from && second <= to;
}

const char *text_utf8_flaw(struct slice s, size_t *ret_at) {
        for (size_t at = 0; at < s.len;) {
                unsigned char lead = (unsigned char)s.data[at];
                *ret_at = at;
                if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4))
                        return "invalid start byte";
                size_t len = sequence_len(lead);
                for (size_t i = 1; i < len; i++) {
                        if (at + i >= s.len)
                                return "unexpected end of data";
                        unsigned char c = (unsigned char)s.data[at + i];
                        if (i == 1 ? !second_fits(lead, c) : (c & 0xc0) != 0x80)
                                return "invalid continuation byte";
                }
                at += len;
        }
        return NULL;
}
