/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target with most characters comes last: what leads there need not be asked. */
#include "detect/regex_targets.h"

size_t regex_targets_list(
        const uint16_t *table, struct regex_target ret[static REGEX_TARGETS_MAX]) {
        size_t count = 0;
        size_t most = 0;
        for (size_t c = 0; c < REGEX_CODE_ASCII; c++) {
                size_t i = 0;
                while (i < count && ret[i].op != table[c])
                        i++;
                if (i == REGEX_TARGETS_MAX)
                        return 0;
                if (i == count)
                        ret[count++] = (struct regex_target){.op = table[c]};
                ret[i].count++;
                ret[i].c = (char)c;
        }
        for (size_t i = 1; i < count; i++)
                if (ret[i].count > ret[most].count)
                        most = i;
        struct regex_target last = ret[most];
        ret[most] = ret[count - 1];
        ret[count - 1] = last;
        return count;
}

uint64_t regex_targets_set(struct regex_code *code, const uint16_t *table, uint16_t op) {
        struct regex_first first = {{{0}}, false};
        for (size_t c = 0; c < REGEX_CODE_ASCII; c++)
                if (table[c] == op)
                        first.set.bits[c / 64] |= UINT64_C(1) << c % 64;
        return regex_code_set(code, first);
}
