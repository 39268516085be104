/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All literals of all jails of a log, each once, go to one scanner: to needles.c if they are few,
 * else to Vectorscan. A literal's number leads to the clauses that asked for it. Hits are collected
 * as (offset, number) while the buffer is scanned, and taken up again line by line; most lines have
 * none, and cost two comparisons. The offset is that of any byte of the literal, as that is within
 * one line.
 *
 * Invariant: a bit may be set for no reason, and is never missing where one of its clause's
 * literals is in the line. A caseless literal also matches letters beyond ASCII in Python, so lines
 * with bytes beyond ASCII count as holding it. Hits come in order; should one
 * not, the rest of the buffer counts as holding everything. Source: Hyperscan developer reference,
 * "Pure literals".
 *
 * Vectorscan 5.4.9 misses literals of small sets that end less than 32 bytes in front of the
 * buffer's end, on processors with AVX-512 (test_prefilter.c has the case). So the last TAIL bytes
 * are looked through once more, in a copy with line ends behind it, and count only from there. */
#include "detect/prefilter.h"

#include <ctype.h>

#include "base/memory.h"
#include "build_config.h"
#include "detect/needles.h"

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

struct target {
        uint32_t jail;
        uint64_t clauses;
};

struct prefilter {
        struct needles *needles; /* NULL: there are too many literals for it */
        struct general *general; /* NULL: not needed, or not to be had */
        struct needle *literals;
        size_t literal_count;
        struct target *targets; /* of all literals, one behind the other */
        uint32_t *first_target; /* by number of the literal; and one more, the end */
        size_t jail_count;
        uint64_t idle[PREFILTER_JAILS_MAX];     /* clauses that require nothing */
        uint64_t caseless[PREFILTER_JAILS_MAX]; /* clauses with caseless literals */
        uint64_t hints[PREFILTER_JAILS_MAX];    /* of the last line that was not idle */
        uint64_t changed;                       /* jails whose hints are others than idle ones */
        uint64_t touched;                       /* by the last line */
        struct needles_hits hits;               /* needle: number of the literal */
        size_t next;                            /* hit of prefilter_line() */
        bool overflow;                          /* there are more hits than were kept */
        bool any_caseless;                      /* in some jail */
        bool all_ascii;                         /* the buffer */
};

/* ---- for any number of literals ---- */

#ifdef HAVE_VECTORSCAN

#define TAIL ((size_t)128)

static int note_hit(struct prefilter *prefilter, uint32_t literal, size_t behind) {
        const struct needles_hits *hits = &prefilter->hits;
        bool in_order = hits->count == 0 || behind >= hits->items[hits->count - 1].behind;
        prefilter->overflow = !in_order || !needles_hits_add(&prefilter->hits,
                                                   (struct needles_hit){(uint32_t)behind, literal});
        return prefilter->overflow;
}

struct general {
        hs_database_t *database;
        hs_scratch_t *scratch;
        struct prefilter *prefilter; /* that gets the hits */
        size_t base;                 /* where in the buffer what is being scanned begins, ... */
        size_t from, to; /* ... and which ends of hits in it count: after from, not after to */
};

static struct general *general_free(struct general *general) {
        if (!general)
                return NULL;
        (void)hs_free_scratch(general->scratch);
        (void)hs_free_database(general->database);
        free(general);
        return NULL;
}

/* The literals as Vectorscan takes them. */
struct table {
        const char **texts;
        size_t *lengths;
        unsigned *flags;
        unsigned *ids;
};

static struct table table_of(const struct needle *literals, size_t count) {
        struct table table = {memory_new_array(count + 1, sizeof(char *)),
                memory_new_array(count + 1, sizeof(size_t)),
                memory_new_array(count + 1, sizeof(unsigned)),
                memory_new_array(count + 1, sizeof(unsigned))};
        for (size_t i = 0; i < count; i++) {
                table.texts[i] = literals[i].text.data;
                table.lengths[i] = literals[i].text.len;
                table.flags[i] = literals[i].caseless ? HS_FLAG_CASELESS : 0;
                table.ids[i] = (unsigned)i;
        }
        return table;
}

static void table_done(struct table *table) {
        free(table->texts);
        free(table->lengths);
        free(table->flags);
        free(table->ids);
}

static struct general *general_new(struct prefilter *prefilter) {
        struct table table = table_of(prefilter->literals, prefilter->literal_count);
        struct general *general = memory_new(sizeof(*general));
        hs_compile_error_t *error = NULL;
        bool ok = hs_compile_lit_multi(table.texts, table.flags, table.ids, table.lengths,
                          (unsigned)prefilter->literal_count, HS_MODE_BLOCK, NULL,
                          &general->database, &error) == HS_SUCCESS &&
                  hs_alloc_scratch(general->database, &general->scratch) == HS_SUCCESS;
        if (error)
                (void)hs_free_compile_error(error);
        table_done(&table);
        general->prefilter = prefilter;
        return ok ? general : general_free(general);
}

static int on_hit(
        unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *user) {
        struct general *general = user;
        (void)from;
        (void)flags;
        if (to <= general->from || to > general->to)
                return 0;
        return note_hit(general->prefilter, id, general->base + (size_t)to);
}

/* Scans bytes, which begin at base in the buffer, for hits that end after from and not after to. */
static void scan(struct general *general, struct slice bytes, size_t base, size_t from, size_t to) {
        struct prefilter *prefilter = general->prefilter;
        if (prefilter->overflow)
                return;
        general->base = base;
        general->from = from;
        general->to = to;
        hs_error_t r = hs_scan(general->database, bytes.data, (unsigned)bytes.len, 0,
                general->scratch, on_hit, general);
        if (r != HS_SUCCESS)
                prefilter->overflow = true;
}

static void scan_tail(struct general *general, struct slice buffer) {
        char copy[TAIL + LITERALS_LENGTH_MAX + TAIL];
        size_t size =
                buffer.len < TAIL + LITERALS_LENGTH_MAX ? buffer.len : TAIL + LITERALS_LENGTH_MAX;
        memcpy(copy, buffer.data + buffer.len - size, size);
        memset(copy + size, '\n', TAIL); /* in no literal */
        scan(general, (struct slice){copy, size + TAIL}, buffer.len - size,
                size > TAIL ? size - TAIL : 0, size);
}

static void general_scan(struct general *general, struct slice buffer) {
        if (buffer.len > TAIL)
                scan(general, buffer, 0, 0, buffer.len - TAIL);
        scan_tail(general, buffer);
}

#else /* no Vectorscan */

struct general {
        char nothing;
};

static struct general *general_new(struct prefilter *prefilter) {
        (void)prefilter;
        return NULL;
}

static struct general *general_free(struct general *general) {
        return general;
}

static void general_scan(struct general *general, struct slice buffer) {
        (void)general;
        (void)buffer;
}

#endif

/* ---- literals ---- */

/* A literal of a clause. */
struct entry {
        struct slice text;
        bool caseless;
        struct target target;
};

static int by_text(const void *a, const void *b) {
        const struct entry *left = a;
        const struct entry *right = b;
        int order = slice_compare(left->text, right->text);
        if (order == 0)
                order = (int)left->caseless - (int)right->caseless;
        if (order == 0)
                order = (left->target.jail > right->target.jail) -
                        (left->target.jail < right->target.jail);
        return order;
}

static struct entry *collect(const struct prefilter_jail *jails, size_t count, size_t *ret_count) {
        size_t total = 0;
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < jails[i].count; k++)
                        total += jails[i].clauses[k].count;
        struct entry *entries = memory_new_array(total + 1, sizeof(*entries));
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < jails[i].count; k++) {
                        const struct literals *clause = &jails[i].clauses[k];
                        for (size_t t = 0; t < clause->count; t++)
                                entries[n++] = (struct entry){
                                        clause->items[t], clause->caseless,
                                        {(uint32_t)i, UINT64_C(1) << k}
                                };
                }
        qsort(entries, n, sizeof(*entries), by_text);
        *ret_count = n;
        return entries;
}

/* Entries of one text become one literal, those of one text and jail one target. */
static void fill(struct prefilter *prefilter, const struct entry *entries, size_t count) {
        prefilter->literals = memory_new_array(count + 1, sizeof(*prefilter->literals));
        prefilter->targets = memory_new_array(count + 1, sizeof(*prefilter->targets));
        prefilter->first_target = memory_new_array(count + 1, sizeof(uint32_t));
        uint32_t targets = 0;
        for (size_t i = 0; i < count; i++) {
                const struct entry *entry = &entries[i];
                bool known = i > 0 && slice_equal(entry->text, entries[i - 1].text) &&
                             entry->caseless == entries[i - 1].caseless;
                if (known && entry->target.jail == prefilter->targets[targets - 1].jail) {
                        prefilter->targets[targets - 1].clauses |= entry->target.clauses;
                        continue;
                }
                if (!known) {
                        size_t id = prefilter->literal_count++;
                        prefilter->literals[id] = (struct needle){entry->text, entry->caseless};
                        prefilter->first_target[id] = targets;
                }
                prefilter->targets[targets++] = entry->target;
        }
        prefilter->first_target[prefilter->literal_count] = targets;
}

static bool compile(struct prefilter *prefilter, const struct prefilter_jail *jails, size_t count,
        struct slice sample) {
        size_t entry_count;
        struct entry *entries = collect(jails, count, &entry_count);
        fill(prefilter, entries, entry_count);
        free(entries);
        if (prefilter->literal_count == 0)
                return false;
        prefilter->needles = needles_new(prefilter->literals, prefilter->literal_count, sample);
        if (!prefilter->needles)
                prefilter->general = general_new(prefilter);
        free(prefilter->literals); /* they borrow from the clauses */
        prefilter->literals = NULL;
        return prefilter->needles || prefilter->general;
}

static void note_jail(
        struct prefilter *prefilter, size_t index, const struct prefilter_jail *jail) {
        uint64_t required = 0;
        for (size_t k = 0; k < jail->count; k++) {
                uint64_t bit = UINT64_C(1) << k;
                required |= jail->clauses[k].count > 0 ? bit : 0;
                prefilter->caseless[index] |= jail->clauses[k].caseless ? bit : 0;
        }
        prefilter->idle[index] = prefilter->hints[index] = ~required;
        prefilter->any_caseless = prefilter->any_caseless || prefilter->caseless[index] != 0;
}

struct prefilter *prefilter_new(
        const struct prefilter_jail *jails, size_t count, struct slice sample) {
        if (count > PREFILTER_JAILS_MAX)
                return NULL;
        struct prefilter *prefilter = memory_new(sizeof(*prefilter));
        prefilter->jail_count = count;
        prefilter->hits.max = PREFILTER_HITS_MAX;
        for (size_t i = 0; i < count; i++)
                note_jail(prefilter, i, &jails[i]);
        return compile(prefilter, jails, count, sample) ? prefilter : prefilter_free(prefilter);
}

struct prefilter *prefilter_free(struct prefilter *prefilter) {
        if (!prefilter)
                return NULL;
        (void)needles_free(prefilter->needles);
        (void)general_free(prefilter->general);
        free(prefilter->literals);
        free(prefilter->targets);
        free(prefilter->first_target);
        free(prefilter->hits.items);
        free(prefilter);
        return NULL;
}

void prefilter_scan(struct prefilter *prefilter, struct slice buffer) {
        prefilter->hits.count = prefilter->next = 0;
        prefilter->overflow = buffer.len >= UINT32_MAX;
        if (prefilter->overflow || buffer.len == 0)
                return;
        prefilter->all_ascii = !prefilter->any_caseless || slice_is_ascii(buffer);
        if (prefilter->needles)
                prefilter->overflow = !needles_scan(prefilter->needles, buffer, &prefilter->hits);
        else
                general_scan(prefilter->general, buffer);
}

static void take_hit(struct prefilter *prefilter, uint32_t literal) {
        uint32_t end = prefilter->first_target[literal + 1];
        for (uint32_t i = prefilter->first_target[literal]; i < end; i++) {
                const struct target *target = &prefilter->targets[i];
                prefilter->hints[target->jail] |= target->clauses;
                prefilter->changed |= UINT64_C(1) << target->jail;
        }
}

static void forget_hints(struct prefilter *prefilter) {
        for (uint64_t left = prefilter->changed; left != 0; left &= left - 1) {
                size_t jail = (size_t)__builtin_ctzll(left);
                prefilter->hints[jail] = prefilter->idle[jail];
        }
        prefilter->changed = 0;
}

/* A line of which literals are not all that there is to know. */
static void hint_at_more(struct prefilter *prefilter, bool unknown) {
        for (size_t i = 0; i < prefilter->jail_count; i++) {
                prefilter->hints[i] |= unknown ? PREFILTER_ALL : prefilter->caseless[i];
                prefilter->changed |= UINT64_C(1) << i;
        }
}

const uint64_t *prefilter_line(
        struct prefilter *prefilter, struct slice line, size_t start, size_t end) {
        const struct needles_hit *hits = prefilter->hits.items;
        size_t count = prefilter->hits.count;
        size_t next = prefilter->next;
        while (next < count && hits[next].behind <= start)
                next++;
        size_t first = next;
        while (next < count && hits[next].behind <= end)
                next++;
        prefilter->next = next;
        bool unknown = prefilter->overflow && next == count;
        bool foreign = !prefilter->all_ascii && !slice_is_ascii(line);
        prefilter->touched = 0;
        if (first == next && !unknown && !foreign)
                return prefilter->idle;
        forget_hints(prefilter);
        if (unknown || foreign)
                hint_at_more(prefilter, unknown);
        for (; first < next; first++)
                take_hit(prefilter, hits[first].needle);
        prefilter->touched = prefilter->changed;
        return prefilter->hints;
}

uint64_t prefilter_touched(const struct prefilter *prefilter) {
        return prefilter->touched;
}

size_t prefilter_quiet(const struct prefilter *prefilter) {
        if (prefilter->next < prefilter->hits.count)
                return prefilter->hits.items[prefilter->next].behind - 1;
        return prefilter->overflow ? 0 : SIZE_MAX;
}

const uint64_t *prefilter_idle(const struct prefilter *prefilter) {
        return prefilter->idle;
}
