/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An escape sequence puts a set into one of three places: bytes stand for characters of the first,
 * or of the second between SO and SI; ESC N takes one character from the third. What begins like an
 * escape sequence and is none of this kind is text up to its end. The sets are multibyte.h's. A
 * broken sequence is skipped as a whole, and changes nothing. */
#include "detect/iso2022.h"

#include <assert.h>

#include "detect/codepage.h"
#include "detect/multibyte.h"
#include "detect/text_out.h"

#define ESC 0x1b
#define SO 0x0e
#define SI 0x0f
#define ESCAPE_MAX 16 /* bytes of an escape sequence */
#define PLACES 3
#define PAIR 0x80 /* of a set's name: two bytes a character */

/* Names of sets are the last bytes of their escape sequences. */
#define ASCII 'B'
#define ROMAN 'J' /* of JIS X 0201 */
#define KANA 'I'
#define LATIN 'A'
#define GREEK 'F'

struct code {
        const char *names; /* parted by blanks */
        const char *sets;  /* beside ASCII */
        bool shifts;       /* SO and SI count */
        bool has_third;    /* ESC N counts */
        bool has_revision; /* ESC & @ in front of a sequence tells of the newer JIS X 0208 */
};

#define PAIRS_JISX0208 "\xc2\xc0" /* B, and @ of the older one */
#define PAIRS_JISX0212 "\xc4"     /* D */

static const struct code codes[] = {
        {"iso2022_jp csiso2022jp iso2022jp iso_2022_jp",    PAIRS_JISX0208 "J",                 false, false, true },
        {"iso2022_jp_1 iso2022jp_1 iso_2022_jp_1",          PAIRS_JISX0208 PAIRS_JISX0212 "J",  false, false,
         true                                                                                                      },
        {"iso2022_jp_2 iso2022jp_2 iso_2022_jp_2",
         PAIRS_JISX0208 PAIRS_JISX0212 "\xc3\xc1" /* C, A */ "JAF",                             false, true,  true },
        {"iso2022_jp_2004 iso2022jp_2004 iso_2022_jp_2004", "\xc2\xd1\xd0" /* B, Q, P */,       false,
         false,                                                                                               true },
        {"iso2022_jp_3 iso2022jp_3 iso_2022_jp_3",          "\xc2\xcf\xd0" /* B, O, P */,       false, false,
         true                                                                                                      },
        {"iso2022_jp_ext iso2022jp_ext iso_2022_jp_ext",    PAIRS_JISX0208 PAIRS_JISX0212 "JI", false,
         false,                                                                                               true },
        {"iso2022_kr csiso2022kr iso2022kr iso_2022_kr",    "\xc3" /* C */,                     true,  false, false},
};
static_assert(
        sizeof(codes) / sizeof(codes[0]) == ISO2022_COUNT, "iso2022.h says how many there are");

struct decoder {
        const struct code *code;
        unsigned char sets[PLACES];
        bool is_shifted; /* to the second place */
        bool is_through; /* in an escape sequence that is text */
        int greek;       /* index of its codepage */
        struct text_out out;
};

int iso2022_find(struct slice name) {
        for (int i = 0; i < ISO2022_COUNT; i++) {
                struct slice rest = slice_of(codes[i].names);
                struct slice one;
                while (slice_next_piece(&rest, ' ', &one))
                        if (slice_equal(one, name))
                                return i;
        }
        return -1;
}

static bool ends_escape(unsigned char c) {
        return c >= '@' && c <= 'Z';
}

static bool begins_escape(unsigned char c) {
        return c == '(' || c == ')' || c == '$' || c == '.' || c == '&';
}

/* Bytes of the escape sequence at p; 0: it has no end where it might, more than len: the text ends
 * in the midst of it. */
static size_t escape_length(const struct code *code, const unsigned char *p, size_t len) {
        for (size_t i = 1; i < ESCAPE_MAX; i++) {
                if (i >= len)
                        return len + 1;
                if (ends_escape(p[i]))
                        return i + 1;
                if (code->has_revision && i + 1 < len && p[i] == '&' && p[i + 1] == '@')
                        i += 2;
        }
        return 0;
}

struct designation {
        size_t place; /* PLACES: none */
        unsigned char set;
};

/* What an escape sequence of three or four bytes means. */
static struct designation designation_of(
        const struct code *code, const unsigned char *p, size_t len) {
        const struct designation none = {PLACES, 0};
        bool is_pair = p[1] == '$';
        unsigned char set = (unsigned char)(p[len - 1] | (is_pair ? PAIR : 0));
        unsigned char to = len == 3 && is_pair ? '(' : p[len - 2];
        if (len == 4 && !is_pair)
                return none;
        if (to == '(' || to == ')')
                return (struct designation){to == '(' ? 0 : 1, set};
        return to == '.' && !is_pair && code->has_third ? (struct designation){2, set} : none;
}

static bool has_set(const struct code *code, unsigned char set) {
        return set == ASCII || strchr(code->sets, set) != NULL;
}

/* Of an escape sequence. */
static size_t designate(struct decoder *d, const unsigned char *p, size_t left) {
        const struct code *code = d->code;
        size_t len = escape_length(code, p, left);
        struct designation found = {PLACES, 0};
        if (len == 0 || len > left)
                return text_out_put_broken(&d->out, len == 0 ? 1 : left);
        if (len == 3 || len == 4)
                found = designation_of(code, p, len);
        else if (len == 6 && code->has_revision && memcmp(p + 3, "\x1b$B", 3) == 0)
                found = (struct designation){0, 'B' | PAIR};
        if (found.place == PLACES || !has_set(code, found.set))
                return text_out_put_broken(&d->out, len);
        d->sets[found.place] = found.set;
        return len;
}

/* The character of a byte in the third place. Returns whether there is one. Greek is of the bytes
 * above 127, and what that comes to for such bytes is what Python has there. */
static bool third_char(const struct decoder *d, unsigned char c, uint32_t *ret) {
        if (d->sets[2] == GREEK) {
                c ^= 0x80;
                *ret = codepage_char(d->greek, c);
                bool is_new = c == 0xa4 || c == 0xa5 || c == 0xaa; /* since 2003 */
                return !is_new && (*ret != 0 || c == 0);
        }
        *ret = d->sets[2] == LATIN ? c + 0x80U : c;
        return c < 0x80 && (d->sets[2] == LATIN || d->sets[2] == ASCII);
}

static size_t take_third(struct decoder *d, const unsigned char *p, size_t left) {
        uint32_t code;
        if (left < 3)
                return text_out_put_broken(&d->out, left);
        if (!third_char(d, p[2], &code))
                return text_out_put_broken(&d->out, 3);
        text_out_put(&d->out, code);
        return 3;
}

static size_t take_escape(struct decoder *d, const unsigned char *p, size_t left) {
        if (left < 2)
                return text_out_put_broken(&d->out, left);
        if (begins_escape(p[1]))
                return designate(d, p, left);
        if (d->code->has_third && p[1] == 'N')
                return take_third(d, p, left);
        d->is_through = true;
        text_out_put(&d->out, ESC);
        return 1;
}

/* One byte of a set that is not ASCII; 0: none. */
static uint32_t single_char(unsigned char set, unsigned char c) {
        if (set == KANA)
                return c >= 0x21 && c <= 0x5f ? c - 0x21U + 0xff61 : 0;
        if (set != ROMAN)
                return 0; /* those that only the third place can have */
        return c == '\\' ? 0xa5 : c == '~' ? 0x203e : c;
}

static struct multibyte_char pair_char(unsigned char set, unsigned row, unsigned cell) {
        static const struct {
                char name;
                enum multibyte_set set;
        } sets[] = {
                {'B', MULTIBYTE_JISX0208       },
                {'@', MULTIBYTE_JISX0208       },
                {'D', MULTIBYTE_JISX0212       },
                {'C', MULTIBYTE_KSX1001        },
                {'A', MULTIBYTE_GB2312         },
                {'O', MULTIBYTE_JISX0213_2000  },
                {'Q', MULTIBYTE_JISX0213_2004  },
                {'P', MULTIBYTE_JISX0213_SECOND},
        };
        struct multibyte_char none = {0};
        for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
                if ((sets[i].name | PAIR) == set)
                        return multibyte_of_set(sets[i].set, row, cell);
        return none;
}

static size_t take_pair(struct decoder *d, unsigned char set, const unsigned char *p, size_t left) {
        if (left < 2)
                return text_out_put_broken(&d->out, left);
        struct multibyte_char c = pair_char(set, p[0] - 0x20U, p[1] - 0x20U);
        if (c.code == 0)
                return text_out_put_broken(&d->out, 2);
        text_out_put(&d->out, c.code);
        if (c.then)
                text_out_put(&d->out, c.then);
        return 2;
}

static size_t take_char(struct decoder *d, const unsigned char *p, size_t left) {
        unsigned char set = d->sets[d->is_shifted ? 1 : 0];
        if (p[0] >= 0x80)
                return text_out_put_broken(&d->out, 1);
        if (set & PAIR)
                return take_pair(d, set, p, left);
        uint32_t code = set == ASCII ? p[0] : single_char(set, p[0]);
        if (code == 0)
                return text_out_put_broken(&d->out, 1);
        text_out_put(&d->out, code);
        return 1;
}

/* Takes what stands at p, of so many bytes. Returns its length. */
static size_t take(struct decoder *d, const unsigned char *p, size_t left) {
        if (d->is_through) {
                d->is_through = !ends_escape(p[0]);
                text_out_put(&d->out, p[0]);
                return 1;
        }
        if (p[0] == ESC)
                return take_escape(d, p, left);
        if (p[0] >= ' ')
                return take_char(d, p, left);
        if (d->code->shifts && (p[0] == SI || p[0] == SO)) {
                d->is_shifted = p[0] == SO;
                return 1;
        }
        if (p[0] == '\n')
                d->is_shifted = false;
        text_out_put(&d->out, p[0]);
        return 1;
}

static bool is_plain(struct slice raw) {
        unsigned char any = 0;
        for (size_t i = 0; i < raw.len; i++) {
                unsigned char c = (unsigned char)raw.data[i];
                if (c == ESC || c == SO || c == SI)
                        return false;
                any |= c;
        }
        return any < 0x80;
}

struct slice iso2022_decode(int index, struct slice raw, struct arena *arena, bool *ret_broken) {
        struct decoder d = {
                .code = &codes[index], .sets = {ASCII, ASCII, ASCII}
        };
        *ret_broken = false;
        if (is_plain(raw))
                return raw;
        if (d.code->has_third)
                d.greek = codepage_find(SLICE("iso8859_7"));
        d.out = text_out_new(raw.len, arena);
        for (size_t at = 0; at < raw.len;)
                at += take(&d, (const unsigned char *)raw.data + at, raw.len - at);
        *ret_broken = d.out.is_broken;
        return (struct slice){d.out.text, d.out.len};
}
