/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes to text. What is valid is not touched and not copied; what is not becomes U+FFFD, one for each longest piece that could have
 * begun a character, as Python's decoders do with errors="replace": an attacker must not be able to hide a line from the regexes by
 * one bad byte. Upstream: fail2ban/server/filter.py decode_line(), 1.1. */
#include "detect/line.h"

#include <errno.h>
#include <stdint.h>

#include "detect/codepage.h"
#include "detect/hz.h"
#include "detect/utf7.h"

#define REPLACEMENT "\xef\xbf\xbd"

struct alias {
        const char *name; /* lower case, runs of other characters as one '_' */
        enum line_encoding encoding;
};

static const struct alias aliases[] = {
        {"auto",                  LINE_UTF8    },
        {"utf_8",                 LINE_UTF8    },
        {"utf8",                  LINE_UTF8    },
        {"utf",                   LINE_UTF8    },
        {"u8",                    LINE_UTF8    },
        {"cp65001",               LINE_UTF8    },
        {"utf8_ucs2",             LINE_UTF8    },
        {"utf8_ucs4",             LINE_UTF8    },
        {"utf_8_sig",             LINE_UTF8_SIG},
        {"ascii",                 LINE_ASCII   },
        {"us_ascii",              LINE_ASCII   },
        {"us",                    LINE_ASCII   },
        {"646",                   LINE_ASCII   },
        {"ansi_x3.4_1968",        LINE_ASCII   },
        {"ansi_x3_4_1968",        LINE_ASCII   },
        {"ansi_x3.4_1986",        LINE_ASCII   },
        {"cp367",                 LINE_ASCII   },
        {"csascii",               LINE_ASCII   },
        {"ibm367",                LINE_ASCII   },
        {"iso646_us",             LINE_ASCII   },
        {"iso_646.irv_1991",      LINE_ASCII   },
        {"iso_ir_6",              LINE_ASCII   },
        {"latin_1",               LINE_LATIN1  },
        {"latin1",                LINE_LATIN1  },
        {"latin",                 LINE_LATIN1  },
        {"l1",                    LINE_LATIN1  },
        {"8859",                  LINE_LATIN1  },
        {"cp819",                 LINE_LATIN1  },
        {"csisolatin1",           LINE_LATIN1  },
        {"ibm819",                LINE_LATIN1  },
        {"iso8859",               LINE_LATIN1  },
        {"iso8859_1",             LINE_LATIN1  },
        {"iso_8859_1",            LINE_LATIN1  },
        {"iso_8859_1_1987",       LINE_LATIN1  },
        {"iso_ir_100",            LINE_LATIN1  },
        {"utf_16",                LINE_UTF16   },
        {"utf16",                 LINE_UTF16   },
        {"u16",                   LINE_UTF16   },
        {"utf_16_le",             LINE_UTF16LE },
        {"utf_16le",              LINE_UTF16LE },
        {"unicodelittleunmarked", LINE_UTF16LE },
        {"utf_16_be",             LINE_UTF16BE },
        {"utf_16be",              LINE_UTF16BE },
        {"unicodebigunmarked",    LINE_UTF16BE },
        {"utf_32",                LINE_UTF32   },
        {"utf32",                 LINE_UTF32   },
        {"u32",                   LINE_UTF32   },
        {"utf_32_le",             LINE_UTF32LE },
        {"utf_32le",              LINE_UTF32LE },
        {"utf_32_be",             LINE_UTF32BE },
        {"utf_32be",              LINE_UTF32BE },
        {"utf_7",                 LINE_UTF7    },
        {"utf7",                  LINE_UTF7    },
        {"u7",                    LINE_UTF7    },
        {"unicode_1_1_utf_7",     LINE_UTF7    },
        {"hz",                    LINE_HZ      },
        {"hzgb",                  LINE_HZ      },
        {"hz_gb",                 LINE_HZ      },
        {"hz_gb_2312",            LINE_HZ      },
};

static bool is_name_char(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || (c & 0x80) != 0;
}

int line_encoding_parse(struct slice name, enum line_encoding *ret, struct fault *fault) {
        char plain[CODEPAGE_NAME_MAX];
        size_t len = 0;
        bool gap = false;
        for (size_t i = 0; i < name.len && len + 1 < sizeof(plain); i++) {
                char c = name.data[i];
                if (c >= 'A' && c <= 'Z')
                        c = (char)(c - 'A' + 'a');
                if (!is_name_char(c)) {
                        gap = true;
                        continue;
                }
                if (gap && len > 0)
                        plain[len++] = '_';
                gap = false;
                plain[len++] = c;
        }
        struct slice wanted = {plain, len};
        for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
                if (slice_is(wanted, aliases[i].name)) {
                        *ret = aliases[i].encoding;
                        return 0;
                }
        }
        int page = codepage_find(wanted);
        if (page >= 0) {
                *ret = (enum line_encoding)((int)LINE_CODEPAGE + page);
                return 0;
        }
        int multibyte = multibyte_find(wanted);
        if (multibyte >= 0) {
                *ret = (enum line_encoding)((int)LINE_MULTIBYTE + multibyte);
                return 0;
        }
        int iso2022 = iso2022_find(wanted);
        if (iso2022 >= 0) {
                *ret = (enum line_encoding)((int)LINE_ISO2022 + iso2022);
                return 0;
        }
        return fault_raise(fault, "LookupError", "unknown encoding: %.*s", SLICE_ARG(name));
}

/* Bytes at the front that are ASCII. */
static size_t ascii_run(struct slice s) {
        size_t at = 0;
        for (; at + 8 <= s.len; at += 8) {
                uint64_t word;
                memcpy(&word, s.data + at, sizeof(word));
                if (word & 0x8080808080808080)
                        break;
        }
        while (at < s.len && (unsigned char)s.data[at] < 0x80)
                at++;
        return at;
}

/* The character at the front of s (not empty): returns how many bytes belong to it, or to a broken piece of it, which *ret_valid tells. */
static size_t next_utf8(const unsigned char *p, size_t len, bool *ret_valid) {
        unsigned low = 0x80;
        unsigned high = 0xbf;
        size_t need;
        *ret_valid = false;
        if (p[0] < 0x80) {
                *ret_valid = true;
                return 1;
        }
        if (p[0] >= 0xc2 && p[0] <= 0xdf) {
                need = 2;
        } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
                need = 3;
                if (p[0] == 0xe0)
                        low = 0xa0; /* overlong */
                if (p[0] == 0xed)
                        high = 0x9f; /* surrogates */
        } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
                need = 4;
                if (p[0] == 0xf0)
                        low = 0x90;
                if (p[0] == 0xf4)
                        high = 0x8f; /* above U+10FFFF */
        } else {
                return 1;
        }
        for (size_t i = 1; i < need; i++) {
                if (i >= len || p[i] < low || p[i] > high)
                        return i;
                low = 0x80;
                high = 0xbf;
        }
        *ret_valid = true;
        return need;
}

static size_t valid_run(struct slice s) {
        size_t at = ascii_run(s);
        while (at < s.len) {
                bool valid;
                size_t len = next_utf8((const unsigned char *)s.data + at, s.len - at, &valid);
                if (!valid)
                        break;
                at += len;
                at += ascii_run(slice_sub(s, at, s.len));
        }
        return at;
}

static struct slice repair_utf8(struct slice raw, size_t valid, struct arena *arena) {
        char *text = arena_alloc(arena, raw.len * 3 + 1);
        memcpy(text, raw.data, valid);
        size_t out = valid;
        for (size_t at = valid; at < raw.len;) {
                bool ok;
                size_t len = next_utf8((const unsigned char *)raw.data + at, raw.len - at, &ok);
                memcpy(text + out, ok ? raw.data + at : REPLACEMENT, ok ? len : 3);
                out += ok ? len : 3;
                at += len;
                size_t plain = ascii_run(slice_sub(raw, at, raw.len));
                memcpy(text + out, raw.data + at, plain);
                out += plain;
                at += plain;
        }
        return (struct slice){text, out};
}

static size_t put_utf8(char *to, uint32_t c) {
        if (c < 0x80) {
                to[0] = (char)c;
                return 1;
        }
        size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = len - 1; i > 0; i--, c >>= 6)
                to[i] = (char)(0x80 | (c & 0x3f));
        to[0] = (char)(marks[len] | c);
        return len;
}

/* One byte a character; under ASCII the upper half is invalid. */
static struct slice decode_bytes(struct slice raw, enum line_encoding encoding, struct arena *arena) {
        char *text = arena_alloc(arena, raw.len * 3 + 1);
        size_t out = 0;
        for (size_t i = 0; i < raw.len; i++) {
                uint32_t c = (unsigned char)raw.data[i];
                out += put_utf8(text + out, encoding == LINE_ASCII && c >= 0x80 ? 0xfffd : c);
        }
        return (struct slice){text, out};
}

static struct slice decode_codepage(struct slice raw, int page, struct arena *arena, bool *ret_repaired) {
        if (codepage_has_ascii(page) && ascii_run(raw) == raw.len)
                return raw;
        char *text = arena_alloc(arena, raw.len * 3 + 1);
        size_t out = 0;
        for (size_t i = 0; i < raw.len; i++) {
                uint32_t c = codepage_char(page, (unsigned char)raw.data[i]);
                bool known = c != 0 || raw.data[i] == '\0';
                *ret_repaired = *ret_repaired || !known;
                out += put_utf8(text + out, known ? c : 0xfffd);
        }
        return (struct slice){text, out};
}

static struct slice decode_multibyte(struct slice raw, int index, struct arena *arena, bool *ret_repaired) {
        if (multibyte_has_ascii(index) && ascii_run(raw) == raw.len)
                return raw;
        char *text = arena_alloc(arena, raw.len * 3 + 1);
        size_t out = 0;
        for (size_t at = 0; at < raw.len;) {
                struct multibyte_char c;
                bool broken;
                at += multibyte_next(index, slice_sub(raw, at, raw.len), &c, &broken);
                *ret_repaired = *ret_repaired || broken;
                out += put_utf8(text + out, c.code);
                if (c.then)
                        out += put_utf8(text + out, c.then);
        }
        return (struct slice){text, out};
}

static uint32_t unit_at(struct slice raw, size_t at, bool big) {
        const unsigned char *p = (const unsigned char *)raw.data + at;
        return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static struct slice decode_utf16(struct slice raw, bool big, struct arena *arena, bool *ret_repaired) {
        char *text = arena_alloc(arena, raw.len * 2 + 4);
        size_t out = 0;
        size_t at = 0;
        while (at + 2 <= raw.len) {
                uint32_t c = unit_at(raw, at, big);
                at += 2;
                if (c >= 0xd800 && c <= 0xdfff) {
                        uint32_t low = c < 0xdc00 && at + 2 <= raw.len ? unit_at(raw, at, big) : 0;
                        bool pair = low >= 0xdc00 && low <= 0xdfff;
                        c = pair ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
                        at += pair ? 2 : 0;
                        *ret_repaired = *ret_repaired || !pair;
                }
                out += put_utf8(text + out, c);
        }
        /* half of a line end is no error: the other half begins the next piece */
        if (at < raw.len && raw.data[at] != '\n' && raw.data[at] != '\r') {
                out += put_utf8(text + out, 0xfffd);
                *ret_repaired = true;
        }
        return (struct slice){text, out};
}

static struct slice decode_utf16_marked(struct slice raw, struct arena *arena, bool *ret_repaired) {
        bool big = slice_has_prefix(raw, SLICE("\xfe\xff"));
        if (big || slice_has_prefix(raw, SLICE("\xff\xfe")))
                raw = slice_sub(raw, 2, raw.len);
        return decode_utf16(raw, big, arena, ret_repaired);
}

static struct slice decode_utf32(struct slice raw, bool big, struct arena *arena, bool *ret_repaired) {
        char *text = arena_alloc(arena, raw.len + 4);
        size_t out = 0;
        size_t at = 0;
        for (; at + 4 <= raw.len; at += 4) {
                uint32_t first = unit_at(raw, at, big), second = unit_at(raw, at + 2, big);
                uint32_t c = big ? first << 16 | second : second << 16 | first;
                bool valid = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
                *ret_repaired = *ret_repaired || !valid;
                out += put_utf8(text + out, valid ? c : 0xfffd);
        }
        /* a part of a line end is no error: the rest of it begins the next piece */
        if (at < raw.len && raw.data[at] != '\n' && raw.data[at] != '\r') {
                out += put_utf8(text + out, 0xfffd);
                *ret_repaired = true;
        }
        return (struct slice){text, out};
}

static struct slice decode_utf32_marked(struct slice raw, struct arena *arena, bool *ret_repaired) {
        bool big = slice_has_prefix(raw, SLICE("\0\0\xfe\xff"));
        if (big || slice_has_prefix(raw, SLICE("\xff\xfe\0\0")))
                raw = slice_sub(raw, 4, raw.len);
        return decode_utf32(raw, big, arena, ret_repaired);
}

struct slice line_decode(enum line_encoding encoding, struct slice raw, struct arena *arena, bool *ret_repaired) {
        *ret_repaired = false;
        if (encoding >= LINE_CODEPAGE)
                return decode_codepage(raw, (int)encoding - (int)LINE_CODEPAGE, arena, ret_repaired);
        if (encoding >= LINE_MULTIBYTE)
                return decode_multibyte(raw, (int)encoding - (int)LINE_MULTIBYTE, arena, ret_repaired);
        if (encoding >= LINE_ISO2022)
                return iso2022_decode((int)encoding - (int)LINE_ISO2022, raw, arena, ret_repaired);
        switch (encoding) {
        case LINE_UTF8_SIG:
                if (slice_has_prefix(raw, SLICE("\xef\xbb\xbf")))
                        raw = slice_sub(raw, 3, raw.len);
                break;
        case LINE_UTF8:
        case LINE_ISO2022:
        case LINE_MULTIBYTE:
        case LINE_CODEPAGE:
                break;
        case LINE_UTF7:
                return utf7_decode(raw, arena, ret_repaired);
        case LINE_HZ:
                return hz_decode(raw, arena, ret_repaired);
        case LINE_ASCII:
        case LINE_LATIN1:
                if (ascii_run(raw) == raw.len)
                        return raw;
                *ret_repaired = encoding == LINE_ASCII;
                return decode_bytes(raw, encoding, arena);
        case LINE_UTF16LE:
                return decode_utf16(raw, false, arena, ret_repaired);
        case LINE_UTF16BE:
                return decode_utf16(raw, true, arena, ret_repaired);
        case LINE_UTF16:
                return decode_utf16_marked(raw, arena, ret_repaired);
        case LINE_UTF32LE:
                return decode_utf32(raw, false, arena, ret_repaired);
        case LINE_UTF32BE:
                return decode_utf32(raw, true, arena, ret_repaired);
        case LINE_UTF32:
                return decode_utf32_marked(raw, arena, ret_repaired);
        }
        size_t valid = valid_run(raw);
        if (valid == raw.len)
                return raw;
        *ret_repaired = true;
        return repair_utf8(raw, valid, arena);
}

size_t line_unit(enum line_encoding encoding) {
        if (encoding == LINE_UTF16 || encoding == LINE_UTF16LE || encoding == LINE_UTF16BE)
                return 2;
        return encoding == LINE_UTF32 || encoding == LINE_UTF32LE || encoding == LINE_UTF32BE ? 4 : 1;
}

/* Bytes of a newline, and whether the one that is not 0 comes last. */
static size_t newline_bytes(enum line_encoding encoding, struct slice raw, bool *ret_big) {
        *ret_big = encoding == LINE_UTF16BE || encoding == LINE_UTF32BE ||
                   (encoding == LINE_UTF16 && slice_has_prefix(raw, SLICE("\xfe\xff"))) ||
                   (encoding == LINE_UTF32 && slice_has_prefix(raw, SLICE("\0\0\xfe\xff")));
        return line_unit(encoding);
}

size_t line_length(enum line_encoding encoding, struct slice raw) {
        static const char zeros[3] = {0};
        bool big;
        size_t width = newline_bytes(encoding, raw, &big);
        for (size_t at = slice_find_char(raw, '\n', 0); at < raw.len; at = slice_find_char(raw, '\n', at + 1)) {
                size_t start = big ? at + 1 - width : at; /* may be before 0: then it is no multiple of width */
                size_t others = big ? start : at + 1;
                if (start % width == 0 && others + width - 1 <= raw.len && memcmp(raw.data + others, zeros, width - 1) == 0)
                        return start + width;
        }
        return 0;
}

struct slice line_strip_end(struct slice raw) {
        while (raw.len > 0 && (raw.data[raw.len - 1] == '\n' || raw.data[raw.len - 1] == '\r'))
                raw.len--;
        return raw;
}

bool line_encoding_is_ascii_compatible(enum line_encoding encoding) {
        if (encoding >= LINE_CODEPAGE)
                return codepage_is_ascii_compatible((int)encoding - (int)LINE_CODEPAGE);
        if (encoding >= LINE_MULTIBYTE)
                return multibyte_is_ascii_compatible((int)encoding - (int)LINE_MULTIBYTE);
        return encoding < LINE_UTF16LE;
}
