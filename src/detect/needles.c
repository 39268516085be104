/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each needle has a key, four bytes of it that are rare in the sample, and belongs to one of eight
 * groups. Two small tables a key byte, one by each half of a byte, tell as bits which groups may
 * have the byte there; so six instructions a key byte decide about 32 places. Where a group is
 * left, its needles are compared. A group's needles mix up their halves of bytes, so they are put
 * together such that what they let through by mistake is rare too. A processor with AVX-512 VBMI
 * has one table for seven of a byte's bits: two instructions a key byte for 64 places.
 *
 * Invariant: the tables let through every key, so no needle is missed; sample and groups decide on
 * speed only. Source: "Teddy" of Hyperscan (Wang et al., NSDI 2019), which keys on the first bytes
 * of a literal whatever they are. */
#include "detect/needles.h"

#include "base/memory.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define FOR_AVX2 __attribute__((target("avx2")))

#define KEY 4
#define GROUPS 8
#define STEP ((size_t)32)
#define WIDE_STEP ((size_t)64)
#define BYTES (2 * WIDE_STEP) /* that a table tells apart */
#define PLACES 512            /* that are remembered at a time */
#define WORD sizeof(uint64_t)
#define REST (WIDE_STEP + WORD) /* bytes that no step can be made in, at most */
#define PAD '\n'
#define GRAMS 65536

#define PROBES 4 /* that are compared at a time */
#define ROWS 2   /* of them in a group */
#define GROUP_NEEDLES ((size_t)ROWS * PROBES)

_Static_assert(NEEDLES_MAX <= GROUPS * GROUP_NEEDLES, "there is room for all");

/* What is compared first of needles: the key and what follows it, at most eight bytes. */
struct probes {
        uint64_t bytes[PROBES];
        uint64_t mask[PROBES]; /* the bits that count; none and a byte: there is no such probe */
        uint32_t needle[PROBES];
        uint32_t key_at[PROBES]; /* in the needle */
};

/* By half of a byte: bits of the groups that may have it. Twice, as a shuffle takes halves of a
 * vector by themselves. */
struct half {
        uint8_t groups[STEP];
};

/* By byte but for its highest bit, which makes no difference: the same. */
struct whole {
        uint8_t groups[BYTES];
};

struct needles {
        struct needle *items;
        struct half low[KEY], high[KEY];
        struct whole whole[KEY];
        bool is_wide; /* the processor can use these */
        size_t count;
        struct probes probes[GROUPS][ROWS];
};

/* ---- making ---- */

/* What the sample says of rarity. */
struct rarity {
        double byte[256];
        uint32_t *grams; /* of four bytes, by hash */
};

static uint32_t gram_of(const char *bytes) {
        uint32_t word;
        memcpy(&word, bytes, sizeof(word));
        return (uint32_t)(word * UINT32_C(2654435761)) / (UINT32_MAX / GRAMS + 1);
}

static void rarity_init(struct rarity *rarity, struct slice sample) {
        sample = slice_sub(sample, 0, NEEDLES_SAMPLE_MAX);
        rarity->grams = memory_new_array(GRAMS, sizeof(uint32_t));
        for (size_t i = 0; i < 256; i++)
                rarity->byte[i] = i >= ' ' && i < 0x7f ? 1e-3 : 1e-5;
        for (size_t i = 0; i < sample.len; i++)
                rarity->byte[(unsigned char)sample.data[i]] += 1.0 / (double)sample.len;
        for (size_t i = 0; i + KEY <= sample.len; i++)
                rarity->grams[gram_of(sample.data + i)]++;
}

/* How often the key at that place of text is likely to come in a sample of full length. */
static double frequency(const struct rarity *rarity, struct slice text, size_t at) {
        double by_chance = NEEDLES_SAMPLE_MAX;
        for (size_t i = at; i < at + KEY && i < text.len; i++)
                by_chance *= rarity->byte[(unsigned char)text.data[i]];
        return at + KEY <= text.len ? by_chance + rarity->grams[gram_of(text.data + at)]
                                    : by_chance;
}

static size_t choose_key(const struct rarity *rarity, struct slice text) {
        size_t best = 0;
        for (size_t at = 1; at + KEY <= text.len; at++)
                if (frequency(rarity, text, at) < frequency(rarity, text, best))
                        best = at;
        return best;
}

/* What one key byte of a group may be: halves of bytes as bits. */
struct choice {
        uint16_t low, high;
};

static bool is_letter(char c) {
        return c >= 'a' && c <= 'z';
}

/* With byte i of the needle's key. */
static struct choice choice_with(
        struct choice choice, const struct needle *needle, size_t key_at, size_t i) {
        if (key_at + i >= needle->text.len)
                return (struct choice){UINT16_MAX, UINT16_MAX};
        char c = needle->text.data[key_at + i];
        unsigned char byte = (unsigned char)c;
        choice.low |= (uint16_t)(1U << (byte & 15));
        choice.high |= (uint16_t)(1U << (byte >> 4));
        if (needle->caseless && is_letter(c))
                choice.high |= (uint16_t)(1U << ((byte - 0x20) >> 4));
        return choice;
}

/* How likely it is that a byte is let through. */
static double chance(const struct rarity *rarity, struct choice choice) {
        double sum = 0;
        for (unsigned high = choice.high; high != 0; high &= high - 1)
                for (unsigned low = choice.low; low != 0; low &= low - 1)
                        sum += rarity->byte[16 * __builtin_ctz(high) + __builtin_ctz(low)];
        return sum;
}

struct group {
        struct choice bytes[KEY];
        double chance;
        size_t count; /* of its needles */
};

static struct group group_with(const struct rarity *rarity, const struct group *group,
        const struct needle *needle, size_t key_at) {
        struct group with = {.chance = 1, .count = group->count + 1};
        for (size_t i = 0; i < KEY; i++) {
                with.bytes[i] = choice_with(group->bytes[i], needle, key_at, i);
                with.chance *= chance(rarity, with.bytes[i]);
        }
        return with;
}

/* Puts the needle where least more is let through, among groups that are not full. Returns the
 * group's number. */
static size_t choose_group(const struct rarity *rarity, struct group *groups,
        const struct needle *needle, size_t key_at) {
        size_t best = GROUPS;
        struct group best_group = {0};
        double least = 0;
        for (size_t i = 0; i < GROUPS; i++) {
                struct group with = group_with(rarity, &groups[i], needle, key_at);
                double more = with.chance - groups[i].chance;
                if (with.count > GROUP_NEEDLES || (best < GROUPS && more >= least))
                        continue;
                least = more;
                best = i;
                best_group = with;
        }
        groups[best] = best_group;
        return best;
}

static void fill_probe(
        struct probes *probes, size_t place, const struct needle *needle, size_t key_at) {
        unsigned char bytes[WORD] = {0};
        unsigned char mask[WORD] = {0};
        for (size_t i = 0; i < WORD && key_at + i < needle->text.len; i++) {
                char c = needle->text.data[key_at + i];
                mask[i] = needle->caseless && is_letter(c) ? (unsigned char)~0x20U : 0xff;
                bytes[i] = (unsigned char)c & mask[i];
        }
        memcpy(&probes->bytes[place], bytes, WORD);
        memcpy(&probes->mask[place], mask, WORD);
}

/* A group's needles. */
static void add_probes(
        struct needles *needles, size_t group, const size_t *of_group, const size_t *key_at) {
        size_t count = 0;
        struct probes *probes = needles->probes[group];
        memset(probes, 0, sizeof(needles->probes[group]));
        for (size_t k = 0; k < ROWS; k++)
                memset(probes[k].bytes, 1, sizeof(probes[k].bytes));
        for (size_t i = 0; i < needles->count; i++) {
                if (of_group[i] != group)
                        continue;
                struct probes *row = &probes[count / PROBES];
                size_t place = count++ % PROBES;
                row->needle[place] = (uint32_t)i;
                row->key_at[place] = (uint32_t)key_at[i];
                fill_probe(row, place, &needles->items[i], key_at[i]);
        }
}

static void fill_tables(struct needles *needles, const struct group *groups) {
        for (size_t g = 0; g < GROUPS; g++)
                for (size_t i = 0; i < KEY; i++)
                        for (size_t k = 0; k < STEP; k++) {
                                struct choice choice = groups[g].bytes[i];
                                unsigned low = choice.low >> (k & 15) & 1;
                                unsigned high = choice.high >> (k & 15) & 1;
                                needles->low[i].groups[k] |= (uint8_t)(low << g);
                                needles->high[i].groups[k] |= (uint8_t)(high << g);
                        }
}

/* A byte that group g has at place i of its key. */
static void allow(struct needles *needles, size_t i, unsigned char byte, size_t g) {
        needles->whole[i].groups[byte % BYTES] |= (uint8_t)(1U << g);
}

static void fill_whole_tables(
        struct needles *needles, const struct needle *needle, size_t key_at, size_t g) {
        for (size_t i = 0; i < KEY; i++) {
                if (key_at + i >= needle->text.len) {
                        for (unsigned byte = 0; byte < BYTES; byte++)
                                allow(needles, i, (unsigned char)byte, g);
                        continue;
                }
                char c = needle->text.data[key_at + i];
                allow(needles, i, (unsigned char)c, g);
                if (needle->caseless && is_letter(c))
                        allow(needles, i, (unsigned char)(c - 0x20), g);
        }
}

static void put_in_groups(struct needles *needles, const struct rarity *rarity) {
        struct group groups[GROUPS] = {0};
        size_t of_group[NEEDLES_MAX] = {0};
        size_t key_at[NEEDLES_MAX] = {0};
        for (size_t i = 0; i < needles->count; i++) {
                key_at[i] = choose_key(rarity, needles->items[i].text);
                of_group[i] = choose_group(rarity, groups, &needles->items[i], key_at[i]);
        }
        for (size_t g = 0; g < GROUPS; g++)
                add_probes(needles, g, of_group, key_at);
        for (size_t i = 0; i < needles->count; i++)
                fill_whole_tables(needles, &needles->items[i], key_at[i], of_group[i]);
        fill_tables(needles, groups);
}

static bool can_go_wide(void) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vbmi");
}

struct needles *needles_new(const struct needle *items, size_t count, struct slice sample) {
        struct rarity rarity;
        if (count == 0 || count > NEEDLES_MAX || !__builtin_cpu_supports("avx2"))
                return NULL;
        struct needles *needles = memory_new(sizeof(*needles));
        needles->items = memory_new_array(count, sizeof(*items));
        for (size_t i = 0; i < count; i++) {
                needles->items[i] = items[i];
                needles->items[i].text.data = memory_copy_text(items[i].text);
        }
        needles->count = count;
        needles->is_wide = can_go_wide();
        rarity_init(&rarity, sample);
        put_in_groups(needles, &rarity);
        free(rarity.grams);
        return needles;
}

void needles_go_narrow(struct needles *needles) {
        needles->is_wide = false;
}

struct needles *needles_free(struct needles *needles) {
        if (!needles)
                return NULL;
        for (size_t i = 0; i < needles->count; i++)
                free((char *)(uintptr_t)needles->items[i].text.data);
        free(needles->items);
        free(needles);
        return NULL;
}

/* ---- scanning ---- */

struct scan {
        const struct needles *needles;
        struct slice buffer;
        struct needles_hits *hits;
};

static bool stands_at(const struct needle *needle, struct slice buffer, size_t start) {
        struct slice there = slice_sub(buffer, start, start + needle->text.len);
        return needle->caseless ? slice_equal_nocase(there, needle->text)
                                : slice_equal(there, needle->text);
}

/* The probe is at place at: notes the needle if all of it is there. Returns false if there is no
 * room.
 */
static inline bool take(
        const struct scan *scan, const struct probes *rows, size_t which, size_t at) {
        size_t key_at = rows[which / PROBES].key_at[which % PROBES];
        uint32_t needle = rows[which / PROBES].needle[which % PROBES];
        if (at < key_at || !stands_at(&scan->needles->items[needle], scan->buffer, at - key_at))
                return true;
        return needles_hits_add(scan->hits, (struct needles_hit){(uint32_t)at + 1, needle});
}

FOR_AVX2 static inline __m256i load(const void *bytes) {
        return _mm256_loadu_si256(bytes);
}

/* Those of a group that have the word, a bit each. All rows are compared, as how many are needed
 * is not foreseen. */
FOR_AVX2 static inline unsigned probes_with(const struct probes *rows, __m256i words) {
        unsigned found = 0;
#pragma GCC unroll 2
        for (unsigned k = 0; k < ROWS; k++) {
                __m256i there = _mm256_and_si256(words, load(rows[k].mask));
                __m256i same = _mm256_cmpeq_epi64(there, load(rows[k].bytes));
                found |= (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(same)) << (k * PROBES);
        }
        return found;
}

/* Compares the needles of groups, a bit each, around place at; word holds the bytes from there. */
FOR_AVX2 static inline bool compare(
        const struct scan *scan, size_t at, uint64_t word, unsigned groups) {
        const __m256i words = _mm256_set1_epi64x((long long)word);
        for (; groups; groups &= groups - 1) {
                const struct probes *rows = scan->needles->probes[__builtin_ctz(groups)];
                for (unsigned found = probes_with(rows, words); found; found &= found - 1)
                        if (!take(scan, rows, (size_t)__builtin_ctz(found), at))
                                return false;
        }
        return true;
}

/* Groups that have the four bytes for a key. */
static inline unsigned groups_with(const struct needles *needles, const char *bytes) {
        unsigned groups = UINT8_MAX;
#pragma GCC unroll 4
        for (size_t i = 0; i < KEY; i++)
                groups &= needles->whole[i].groups[(unsigned char)bytes[i] % BYTES];
        return groups;
}

/* Places where groups may be left. They are looked at together: one that is found in between would
 * have the search itself wait for what comes of it. */
struct places {
        const char *bytes; /* of the buffer, or a copy of them, ... */
        size_t begin;      /* ... which begin at that place of the buffer */
        size_t count;
        uint32_t at[PLACES]; /* in the bytes */
};

FOR_AVX2 static bool compare_all(const struct scan *scan, struct places *places) {
        for (size_t i = 0; i < places->count; i++) {
                const char *bytes = places->bytes + places->at[i];
                uint64_t word;
                memcpy(&word, bytes, sizeof(word));
                if (!compare(scan, places->begin + places->at[i], word,
                            groups_with(scan->needles, bytes)))
                        return false;
        }
        places->count = 0;
        return true;
}

/* Those of a step from at on, a bit each. That there are none, or one, is no question, as nobody
 * could foresee the answer. */
static inline void add_places(struct places *places, size_t at, uint64_t bits) {
        uint64_t rest = bits & (bits - 1);
        places->at[places->count] =
                (uint32_t)at + (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
        places->count += bits != 0;
        for (; rest; rest &= rest - 1)
                places->at[places->count++] = (uint32_t)at + (uint32_t)__builtin_ctzll(rest);
}

static inline bool is_full(const struct places *places) {
        return places->count > PLACES - WIDE_STEP;
}

/* Groups that are left at each of the 32 places from bytes on, a byte a place. */
FOR_AVX2 static inline __m256i groups_at(
        const __m256i low[KEY], const __m256i high[KEY], const char *bytes) {
        const __m256i half = _mm256_set1_epi8(15);
        __m256i groups = _mm256_set1_epi8(-1);
#pragma GCC unroll 4
        for (size_t i = 0; i < KEY; i++) {
                __m256i text = load(bytes + i);
                __m256i upper = _mm256_and_si256(_mm256_srli_epi16(text, 4), half);
                __m256i by_low = _mm256_shuffle_epi8(low[i], _mm256_and_si256(text, half));
                __m256i by_high = _mm256_shuffle_epi8(high[i], upper);
                groups = _mm256_and_si256(groups, _mm256_and_si256(by_low, by_high));
        }
        return groups;
}

/* Looks at so many steps of the bytes. */
FOR_AVX2 static bool scan_steps(const struct scan *scan, struct places *places, size_t steps) {
        __m256i low[KEY];
        __m256i high[KEY];
        for (size_t i = 0; i < KEY; i++) {
                low[i] = load(scan->needles->low[i].groups);
                high[i] = load(scan->needles->high[i].groups);
        }
        for (size_t at = 0; at < steps * STEP; at += STEP) {
                __m256i groups = groups_at(low, high, places->bytes + at);
                __m256i none = _mm256_cmpeq_epi8(groups, _mm256_setzero_si256());
                add_places(places, at, ~(uint32_t)_mm256_movemask_epi8(none));
                if (is_full(places) && !compare_all(scan, places))
                        return false;
        }
        return compare_all(scan, places);
}

/* The last bytes, in front of which all is done, places included. */
FOR_AVX2 static bool scan_rest(const struct scan *scan, struct places *places, size_t done) {
        char copy[REST + STEP + WORD];
        size_t len = scan->buffer.len - done;
        memset(copy, PAD, sizeof(copy));
        if (len > 0)
                memcpy(copy, scan->buffer.data + done, len);
        places->bytes = copy;
        places->begin = done;
        return scan_steps(scan, places, (len + STEP - 1) / STEP);
}

/* So that all bytes that a step of that size reads are in the buffer. */
static size_t steps_of(struct slice buffer, size_t step) {
        return buffer.len < WORD ? 0 : (buffer.len - WORD) / step;
}

FOR_AVX2 static bool scan_narrow(const struct scan *scan, struct places *places) {
        size_t steps = steps_of(scan->buffer, STEP);
        return scan_steps(scan, places, steps) && scan_rest(scan, places, steps * STEP);
}

#define FOR_VBMI __attribute__((target("avx2,avx512f,avx512bw,avx512vbmi")))

FOR_VBMI static inline __m512i load_wide(const void *bytes) {
        return _mm512_loadu_si512(bytes);
}

/* The same of the 64 places from bytes on: a whole byte leads to groups, but for its highest bit.
 */
FOR_VBMI static inline __m512i wide_groups_at(
        const __m512i low[KEY], const __m512i high[KEY], const char *bytes) {
        __m512i groups = _mm512_set1_epi8(-1);
#pragma GCC unroll 4
        for (size_t i = 0; i < KEY; i++) {
                __m512i text = load_wide(bytes + i);
                groups = _mm512_and_si512(groups, _mm512_permutex2var_epi8(low[i], text, high[i]));
        }
        return groups;
}

FOR_VBMI static bool scan_wide(const struct scan *scan, struct places *places) {
        size_t steps = steps_of(scan->buffer, WIDE_STEP);
        __m512i low[KEY];
        __m512i high[KEY];
        for (size_t i = 0; i < KEY; i++) {
                low[i] = load_wide(scan->needles->whole[i].groups);
                high[i] = load_wide(scan->needles->whole[i].groups + WIDE_STEP);
        }
        for (size_t at = 0; at < steps * WIDE_STEP; at += WIDE_STEP) {
                __m512i groups = wide_groups_at(low, high, places->bytes + at);
                add_places(places, at, _mm512_test_epi8_mask(groups, groups));
                if (is_full(places) && !compare_all(scan, places))
                        return false;
        }
        return compare_all(scan, places) && scan_rest(scan, places, steps * WIDE_STEP);
}

bool needles_scan(const struct needles *needles, struct slice buffer, struct needles_hits *hits) {
        const struct scan scan = {needles, buffer, hits};
        struct places places;
        places.bytes = buffer.data;
        places.begin = places.count = 0;
        return needles->is_wide ? scan_wide(&scan, &places) : scan_narrow(&scan, &places);
}

#else /* no AVX2 */

struct needles *needles_new(const struct needle *items, size_t count, struct slice sample) {
        (void)items;
        (void)count;
        (void)sample;
        return NULL;
}

void needles_go_narrow(struct needles *needles) {
        (void)needles;
}

struct needles *needles_free(struct needles *needles) {
        (void)needles;
        return NULL;
}

bool needles_scan(const struct needles *needles, struct slice buffer, struct needles_hits *hits) {
        (void)needles;
        (void)buffer;
        (void)hits;
        return true;
}

#endif
