/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All distances have four bytes: what is short enough for one byte is not looked for. */
#include "detect/assembler.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void assembler_done(struct assembler *assembler) {
        free(assembler->bytes);
        free(assembler->labels);
        free(assembler->fixups);
        *assembler = (struct assembler){0};
}

void assembler_put(struct assembler *assembler, const void *bytes, size_t len) {
        const uint8_t *from = bytes;
        if (assembler->len + len > ASSEMBLER_BYTES_MAX)
                assembler->is_full = true;
        for (size_t i = 0; i < len && !assembler->is_full; i++) {
                memory_reserve(&assembler->bytes, assembler->len, &assembler->capacity, 1);
                assembler->bytes[assembler->len++] = from[i];
        }
}

void assembler_put_u8(struct assembler *assembler, uint8_t value) {
        assembler_put(assembler, &value, 1);
}

void assembler_put_u32(struct assembler *assembler, uint32_t value) {
        for (unsigned shift = 0; shift < 32; shift += 8)
                assembler_put_u8(assembler, (uint8_t)(value >> shift));
}

void assembler_put_u64(struct assembler *assembler, uint64_t value) {
        assembler_put_u32(assembler, (uint32_t)value);
        assembler_put_u32(assembler, (uint32_t)(value >> 32));
}

size_t assembler_label(struct assembler *assembler) {
        memory_reserve(&assembler->labels, assembler->label_count, &assembler->label_capacity,
                sizeof(*assembler->labels));
        assembler->labels[assembler->label_count] = ASSEMBLER_NOWHERE;
        return assembler->label_count++;
}

void assembler_place(struct assembler *assembler, size_t label) {
        assembler->labels[label] = assembler->len;
}

void assembler_put_distance_from(struct assembler *assembler, size_t from, size_t label) {
        memory_reserve(&assembler->fixups, assembler->fixup_count, &assembler->fixup_capacity,
                sizeof(*assembler->fixups));
        assembler->fixups[assembler->fixup_count++] =
                (struct assembler_fixup){assembler->len, from, label};
        assembler_put_u32(assembler, 0);
}

void assembler_put_distance(struct assembler *assembler, size_t label) {
        assembler_put_distance_from(assembler, assembler->len + sizeof(uint32_t), label);
}

void assembler_jump(struct assembler *assembler, size_t label) {
        assembler_put_u8(assembler, 0xe9);
        assembler_put_distance(assembler, label);
}

void assembler_jump_if(struct assembler *assembler, enum assembler_if condition, size_t label) {
        ASSEMBLER_PUT(assembler, 0x0f, (uint8_t)condition);
        assembler_put_distance(assembler, label);
}

bool assembler_finish(struct assembler *assembler) {
        for (size_t i = 0; i < assembler->fixup_count && !assembler->is_full; i++) {
                const struct assembler_fixup *fixup = &assembler->fixups[i];
                size_t to = assembler->labels[fixup->label];
                if (to == ASSEMBLER_NOWHERE)
                        return false;
                uint32_t distance = (uint32_t)(to - fixup->from);
                for (unsigned k = 0; k < sizeof(distance); k++)
                        assembler->bytes[fixup->at + k] = (uint8_t)(distance >> 8 * k);
        }
        return !assembler->is_full;
}
