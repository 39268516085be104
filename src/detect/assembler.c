/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code is first made as if all distances needed four bytes. Then jumps become short as long as
 * there are such as lead near enough: what is between can but become less.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, Jcc, JMP. */
#include "detect/assembler.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LONG 4U /* bytes of a distance */
#define SHORT 1U
#define IN_TABLE 2U
#define JUMP 0xe9
#define JUMP_SHORT 0xeb
#define CONDITION_LONG 0x10 /* how much more than in a short jump the condition's byte is */

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

static void put_distance(
        struct assembler *assembler, size_t from, size_t label, uint8_t width, uint8_t jump) {
        memory_reserve(&assembler->fixups, assembler->fixup_count, &assembler->fixup_capacity,
                sizeof(*assembler->fixups));
        assembler->fixups[assembler->fixup_count++] = (struct assembler_fixup){
                .at = assembler->len, .from = from, .label = label, .width = width, .jump = jump};
        put_word(assembler, 0, width);
}

void assembler_put_distance_from(struct assembler *assembler, size_t from, size_t label) {
        put_distance(assembler, from, label, IN_TABLE, 0);
}

void assembler_put_distance(struct assembler *assembler, size_t label) {
        put_distance(assembler, assembler->len + LONG, label, LONG, 0);
}

void assembler_jump(struct assembler *assembler, size_t label) {
        assembler_put_u8(assembler, JUMP);
        put_distance(assembler, assembler->len + LONG, label, LONG, 1);
}

void assembler_jump_if(struct assembler *assembler, enum assembler_if condition, size_t label) {
        ASSEMBLER_PUT(assembler, 0x0f, (uint8_t)condition);
        put_distance(assembler, assembler->len + LONG, label, LONG, 2);
}

static bool labels_are_somewhere(const struct assembler *assembler) {
        for (size_t i = 0; i < assembler->fixup_count; i++)
                if (assembler->labels[assembler->fixups[i].label] == ASSEMBLER_NOWHERE)
                        return false;
        return true;
}

/* Bytes that a short jump needs less: of its distance, and of what is in front of that, one of two.
 */
static uint32_t bytes_less(const struct assembler_fixup *fixup) {
        return LONG - SHORT + fixup->jump - 1U;
}

/* For each place of the code, and its end, the bytes that are saved in front of it. */
static void count_saved(const struct assembler *assembler, uint32_t *saved) {
        const struct assembler_fixup *fixup = assembler->fixups;
        const struct assembler_fixup *end = fixup + assembler->fixup_count;
        uint32_t sum = 0;
        for (size_t at = 0; at <= assembler->len; at++) {
                saved[at] = sum;
                for (; fixup < end && fixup->at == at; fixup++)
                        sum += fixup->is_short ? bytes_less(fixup) : 0;
        }
}

static int64_t distance_of(const struct assembler *assembler, const struct assembler_fixup *fixup,
        const uint32_t *saved) {
        size_t to = assembler->labels[fixup->label];
        return (int64_t)(to - saved[to]) - (int64_t)(fixup->from - saved[fixup->from]);
}

/* A jump back leads over what it saves itself. */
static bool can_be_short(const struct assembler *assembler, const struct assembler_fixup *fixup,
        const uint32_t *saved) {
        int64_t distance = distance_of(assembler, fixup, saved);
        if (distance < 0)
                distance += bytes_less(fixup);
        return distance >= INT8_MIN && distance <= INT8_MAX;
}

/* Returns whether there were any. */
static bool shorten_jumps(struct assembler *assembler, const uint32_t *saved) {
        bool is_any = false;
        for (size_t i = 0; i < assembler->fixup_count; i++) {
                struct assembler_fixup *fixup = &assembler->fixups[i];
                if (fixup->jump > 0 && !fixup->is_short && can_be_short(assembler, fixup, saved))
                        fixup->is_short = is_any = true;
        }
        return is_any;
}

/* Writes the jump or mere distance to its place, which is not behind where it was. Returns whether
 * the distance fits. */
static bool move_fixup(
        struct assembler *assembler, const struct assembler_fixup *fixup, const uint32_t *saved) {
        uint8_t *bytes = assembler->bytes;
        int64_t distance = distance_of(assembler, fixup, saved);
        size_t to = fixup->at - saved[fixup->at];
        if (fixup->is_short) {
                uint8_t last = bytes[fixup->at - 1]; /* of two: the condition */
                bytes[to - fixup->jump] =
                        fixup->jump == 1 ? JUMP_SHORT : (uint8_t)(last - CONDITION_LONG);
                bytes[to - fixup->jump + 1] = (uint8_t)distance;
                return true;
        }
        memmove(bytes + to - fixup->jump, bytes + fixup->at - fixup->jump, fixup->jump);
        for (unsigned k = 0; k < fixup->width; k++)
                bytes[to + k] = (uint8_t)((uint64_t)distance >> 8 * k);
        return fixup->width == LONG || (distance >= INT16_MIN && distance <= INT16_MAX);
}

static bool move_all(struct assembler *assembler, const uint32_t *saved) {
        uint8_t *bytes = assembler->bytes;
        size_t from = 0;
        bool is_good = true;
        for (size_t i = 0; i < assembler->fixup_count; i++) {
                const struct assembler_fixup *fixup = &assembler->fixups[i];
                size_t begin = fixup->at - fixup->jump;
                memmove(bytes + from - saved[from], bytes + from, begin - from);
                is_good = move_fixup(assembler, fixup, saved) && is_good;
                from = fixup->at + fixup->width;
        }
        if (from < assembler->len)
                memmove(bytes + from - saved[from], bytes + from, assembler->len - from);
        assembler->len -= saved[assembler->len];
        for (size_t i = 0; i < assembler->label_count; i++)
                if (assembler->labels[i] != ASSEMBLER_NOWHERE)
                        assembler->labels[i] -= saved[assembler->labels[i]];
        return is_good;
}

bool assembler_finish(struct assembler *assembler) {
        if (assembler->is_full || !labels_are_somewhere(assembler))
                return false;
        uint32_t *saved = memory_new_array(assembler->len + 1, sizeof(*saved));
        do
                count_saved(assembler, saved);
        while (shorten_jumps(assembler, saved));
        bool is_good = move_all(assembler, saved);
        free(saved);
        return is_good;
}
