/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set that an operation takes is often what tells two targets apart, so it is looked for first.
 */
#include "detect/regex_targets.h"

#define ASCII 128

size_t regex_targets_list(
        const uint16_t *table, struct regex_target ret[static REGEX_TARGETS_MAX]) {
        size_t count = 0;
        size_t most = 0;
        for (size_t c = 0; c < ASCII; c++) {
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

static bool is_set_of(
        const struct regex_code *code, size_t bit, const uint16_t *table, uint16_t op) {
        for (size_t c = 0; c < ASCII; c++)
                if ((code->sets[c] >> bit & 1) != (table[c] == op))
                        return false;
        return true;
}

uint64_t regex_targets_set(struct regex_code *code, const uint16_t *table, uint16_t op) {
        size_t bit = 0;
        while (bit < code->set_count && !is_set_of(code, bit, table, op))
                bit++;
        if (bit == REGEX_CODE_SETS)
                return 0;
        for (size_t c = 0; c < ASCII && bit == code->set_count; c++)
                code->sets[c] |= (uint64_t)(table[c] == op) << bit;
        if (bit == code->set_count)
                code->set_count++;
        return UINT64_C(1) << bit;
}
