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
        if (len > ASSEMBLER_BYTES_MAX - assembler->len)
                assembler->is_full = true;
        if (assembler->is_full)
                return;
        while (assembler->capacity - assembler->len < len)
                memory_reserve(&assembler->bytes, assembler->capacity, &assembler->capacity, 1);
        memcpy(assembler->bytes + assembler->len, bytes, len);
        assembler->len += len;
}

static void put_word(struct assembler *assembler, uint64_t value, size_t len) {
        uint8_t bytes[sizeof(value)];
        for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)(value >> 8 * i);
        assembler_put(assembler, bytes, len);
}

void assembler_put_u8(struct assembler *assembler, uint8_t value) {
        assembler_put(assembler, &value, 1);
}

void assembler_put_u32(struct assembler *assembler, uint32_t value) {
        put_word(assembler, value, sizeof(value));
}

void assembler_put_u64(struct assembler *assembler, uint64_t value) {
        put_word(assembler, value, sizeof(value));
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
