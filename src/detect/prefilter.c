/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One Vectorscan database of all literals of all jails of a log; a literal's number leads to the
 * jails that asked for it. Hits are collected as (end offset, jails) while the buffer is scanned,
 * and taken up again line by line.
 *
 * Invariant: a jail's bit may be set for no reason, and is never missing where one of its literals
 * is in the line. A caseless literal also matches letters beyond ASCII in Python, so lines with
 * bytes beyond ASCII are candidates of jails that have one. Hits come in the order of their ends;
 * should one not, the rest of the buffer counts as candidates. Source: Hyperscan developer
 * reference, "Pure literals". */
#include "detect/prefilter.h"

#include <ctype.h>

#include "base/memory.h"
#include "build_config.h"

#ifdef HAVE_VECTORSCAN
#include <hs.h>
#endif

/* ---- the seam ---- */

void prefilter_seam_init(struct prefilter_seam *seam, const struct literals *literals) {
        *seam = (struct prefilter_seam){.literals = *literals};
        for (size_t i = 0; i < literals->count; i++)
                for (size_t k = 1; k < literals->items[i].len; k++) {
                        unsigned char a = literals->items[i].data[k - 1] & 0x7f;
                        unsigned char b = literals->items[i].data[k] & 0x7f;
                        seam->pairs[a][b / 64] |= UINT64_C(1) << (b % 64);
                }
}

static bool lies_across(const struct literals *literals, struct slice literal, struct slice before,
        struct slice after) {
        for (size_t k = 1; k < literal.len; k++) {
                struct slice left = slice_sub(literal, 0, k);
                struct slice right = slice_sub(literal, k, literal.len);
                if (left.len > before.len || right.len > after.len)
                        continue;
                struct slice end = slice_sub(before, before.len - left.len, before.len);
                struct slice start = slice_sub(after, 0, right.len);
                if (literals->caseless
                                ? slice_equal_nocase(left, end) && slice_equal_nocase(right, start)
                                : slice_equal(left, end) && slice_equal(right, start))
                        return true;
        }
        return false;
}

bool prefilter_seam_holds(
        const struct prefilter_seam *seam, struct slice before, struct slice after) {
        if (before.len == 0 || after.len == 0)
                return false;
        unsigned char a = (unsigned char)before.data[before.len - 1];
        unsigned char b = (unsigned char)after.data[0];
        if (a >= 0x80 || b >= 0x80)
                return seam->literals.caseless;
        if (seam->literals.caseless) {
                a = (unsigned char)tolower(a);
                b = (unsigned char)tolower(b);
        }
        if (!(seam->pairs[a][b / 64] >> (b % 64) & 1))
                return false;
        for (size_t i = 0; i < seam->literals.count; i++)
                if (lies_across(&seam->literals, seam->literals.items[i], before, after))
                        return true;
        return false;
}

#ifdef HAVE_VECTORSCAN

struct hit {
        size_t end;
        uint64_t jails;
};

struct prefilter {
        hs_database_t *database;
        hs_scratch_t *scratch;
        uint64_t *jails;   /* by number of the literal */
        uint64_t always;   /* jails that require nothing */
        uint64_t caseless; /* jails with caseless literals */
        struct hit *hits;
        size_t hit_count, hit_capacity;
        size_t next;   /* hit of prefilter_line() */
        bool overflow; /* there are more hits than were kept */
};

/* The literals as Vectorscan takes them. */
struct table {
        const char **texts;
        size_t *lengths;
        unsigned *flags;
        unsigned *ids;
        unsigned count;
};

static void table_fill(struct table *table, struct prefilter *prefilter,
        const struct literals *clauses, size_t count) {
        size_t total = 0;
        for (size_t i = 0; i < count; i++)
                total += clauses[i].count;
        *table = (struct table){memory_new_array(total, sizeof(char *)),
                memory_new_array(total, sizeof(size_t)), memory_new_array(total, sizeof(unsigned)),
                memory_new_array(total, sizeof(unsigned)), 0};
        prefilter->jails = memory_new_array(total + 1, sizeof(uint64_t));
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < clauses[i].count; k++) {
                        unsigned id = table->count++;
                        table->texts[id] = clauses[i].items[k].data;
                        table->lengths[id] = clauses[i].items[k].len;
                        table->flags[id] = clauses[i].caseless ? HS_FLAG_CASELESS : 0;
                        table->ids[id] = id;
                        prefilter->jails[id] = UINT64_C(1) << i;
                }
}

static void table_done(struct table *table) {
        free(table->texts);
        free(table->lengths);
        free(table->flags);
        free(table->ids);
}

static bool compile(struct prefilter *prefilter, const struct literals *clauses, size_t count) {
        struct table table;
        hs_compile_error_t *error = NULL;
        table_fill(&table, prefilter, clauses, count);
        bool ok = table.count > 0 &&
                  hs_compile_lit_multi(table.texts, table.flags, table.ids, table.lengths,
                          table.count, HS_MODE_BLOCK, NULL, &prefilter->database,
                          &error) == HS_SUCCESS &&
                  hs_alloc_scratch(prefilter->database, &prefilter->scratch) == HS_SUCCESS;
        if (error)
                (void)hs_free_compile_error(error);
        table_done(&table);
        return ok;
}

struct prefilter *prefilter_new(const struct literals *clauses, size_t count) {
        if (count == 0 || count > PREFILTER_JAILS_MAX || hs_valid_platform() != HS_SUCCESS)
                return NULL;
        struct prefilter *prefilter = memory_new(sizeof(*prefilter));
        for (size_t i = 0; i < count; i++) {
                prefilter->always |= clauses[i].count == 0 ? UINT64_C(1) << i : 0;
                prefilter->caseless |= clauses[i].caseless ? UINT64_C(1) << i : 0;
        }
        return compile(prefilter, clauses, count) ? prefilter : prefilter_free(prefilter);
}

struct prefilter *prefilter_free(struct prefilter *prefilter) {
        if (!prefilter)
                return NULL;
        (void)hs_free_scratch(prefilter->scratch);
        (void)hs_free_database(prefilter->database);
        free(prefilter->jails);
        free(prefilter->hits);
        free(prefilter);
        return NULL;
}

static int on_hit(
        unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *user) {
        struct prefilter *prefilter = user;
        (void)from;
        (void)flags;
        struct hit *last =
                prefilter->hit_count > 0 ? &prefilter->hits[prefilter->hit_count - 1] : NULL;
        if (last && last->end == to) {
                last->jails |= prefilter->jails[id];
                return 0;
        }
        if (prefilter->hit_count >= PREFILTER_HITS_MAX || (last && to < last->end)) {
                prefilter->overflow = true;
                return 1;
        }
        memory_reserve(&prefilter->hits, prefilter->hit_count, &prefilter->hit_capacity,
                sizeof(*prefilter->hits));
        prefilter->hits[prefilter->hit_count++] = (struct hit){(size_t)to, prefilter->jails[id]};
        return 0;
}

void prefilter_scan(struct prefilter *prefilter, struct slice buffer) {
        prefilter->hit_count = prefilter->next = 0;
        prefilter->overflow = buffer.len > UINT32_MAX;
        if (prefilter->overflow || buffer.len == 0)
                return;
        hs_error_t r = hs_scan(prefilter->database, buffer.data, (unsigned)buffer.len, 0,
                prefilter->scratch, on_hit, prefilter);
        if (r != HS_SUCCESS)
                prefilter->overflow = true;
}

static bool is_ascii(struct slice line) {
        unsigned char seen = 0;
        for (size_t i = 0; i < line.len; i++)
                seen |= (unsigned char)line.data[i];
        return seen < 0x80;
}

uint64_t prefilter_line(struct prefilter *prefilter, struct slice line, size_t start, size_t end) {
        uint64_t jails = prefilter->always;
        while (prefilter->next < prefilter->hit_count &&
                prefilter->hits[prefilter->next].end <= start)
                prefilter->next++;
        for (; prefilter->next < prefilter->hit_count &&
                prefilter->hits[prefilter->next].end <= end;
                prefilter->next++)
                jails |= prefilter->hits[prefilter->next].jails;
        if (prefilter->overflow && prefilter->next == prefilter->hit_count)
                return ~UINT64_C(0);
        if (prefilter->caseless & ~jails && !is_ascii(line))
                jails |= prefilter->caseless;
        return jails;
}

#else /* no Vectorscan: no hints */

struct prefilter {
        char none;
};

struct prefilter *prefilter_new(const struct literals *clauses, size_t count) {
        (void)clauses;
        (void)count;
        return NULL;
}

struct prefilter *prefilter_free(struct prefilter *prefilter) {
        free(prefilter);
        return NULL;
}

void prefilter_scan(struct prefilter *prefilter, struct slice buffer) {
        (void)prefilter;
        (void)buffer;
}

uint64_t prefilter_line(struct prefilter *prefilter, struct slice line, size_t start, size_t end) {
        (void)prefilter;
        (void)line;
        (void)start;
        (void)end;
        return ~UINT64_C(0);
}

#endif
