/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables are made by tools/gen-codepages. */
#include "detect/codepage.h"

#define UPPER 128

struct codepage {
        const char *names; /* parted by blanks */
        bool has_ascii_above;
        unsigned char low; /* a byte below 128 that is not ASCII; 0: none */
        uint16_t low_char;
        uint16_t upper[UPPER];
};

/* clang-format off */
#define CODEPAGE(names, has_ascii_above, ...) {names, has_ascii_above, 0, 0, {__VA_ARGS__}},
#define LOW(names, has_ascii_above, low, low_char, ...) {names, has_ascii_above, low, low_char, {__VA_ARGS__}},
static const struct codepage codepages[] = {
#include "detect/codepages.def"
};
#undef CODEPAGE
#undef LOW
/* clang-format on */
#define COUNT (sizeof(codepages) / sizeof(codepages[0]))

int codepage_find(struct slice name) {
        for (size_t i = 0; i < COUNT; i++) {
                struct slice rest = slice_of(codepages[i].names);
                struct slice one;
                while (slice_next_piece(&rest, ' ', &one))
                        if (slice_equal(one, name))
                                return (int)i;
        }
        return -1;
}

uint32_t codepage_char(int index, unsigned char byte) {
        const struct codepage *page = &codepages[index];
        if (byte < UPPER)
                return byte == page->low ? page->low_char : byte;
        return page->upper[byte - UPPER];
}

bool codepage_is_ascii_compatible(int index) {
        return codepage_has_ascii(index) && !codepages[index].has_ascii_above;
}

bool codepage_has_ascii(int index) {
        return codepages[index].low == 0;
}

size_t codepage_count(void) {
        return COUNT;
}
