/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables are made by tools/gen-codepages. */
#include "detect/codepage.h"

#define UPPER 128

struct codepage {
        const char *names; /* parted by blanks */
        bool has_ascii_above;
        uint16_t upper[UPPER];
};

/* clang-format off */
#define CODEPAGE(names, has_ascii_above, ...) {names, has_ascii_above, {__VA_ARGS__}},
static const struct codepage codepages[] = {
#include "detect/codepages.def"
};
#undef CODEPAGE
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
        return byte < UPPER ? byte : codepages[index].upper[byte - UPPER];
}

bool codepage_is_ascii_compatible(int index) {
        return !codepages[index].has_ascii_above;
}

size_t codepage_count(void) {
        return COUNT;
}
