/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Required literals by one pass over the regex. Each part of it is described by what it can match:
 * either exactly one of a few texts, or anything, with perhaps a clause ("one of these texts is in
 * it"). Concatenation multiplies exact texts while they are few, and keeps the better clause where
 * that ends; alternation unites; what may be absent promises nothing.
 *
 * Invariant: a clause is never wrong, only weaker than it could be. Whatever is not understood
 * (backreferences, classes of many characters, letters beyond ASCII, the verbose flag) counts as
 * "anything". A newline is not in a line, only behind it, so it is never part of a literal. The
 * rule and its proof: the clause speaks about the subject of the search; who cuts a date out of the
 * line has to look at the seam.
 *
 * The other way round, some regexes match every line: "^(?:x )?(.+)$". A part's spans tell how it
 * can get from one end of any line to the other, or stay where it is; they too are never wrong,
 * as a search that backtracks finds a match where there is one (what does not backtrack, or looks
 * around, has none). */
#include "detect/literals.h"

#include <ctype.h>
#include <stdint.h>

#include "detect/literals_clause.h"
#include "detect/syntax.h"

#define EXACT_MAX 16 /* texts that a part is known to be exactly one of */
#define CLASS_MAX 3  /* characters of a class that is still taken as alternatives */
#define CHOICE_LENGTH_MIN 4
#define USEFUL_LENGTH 8 /* a literal's length beyond this makes it hardly rarer */

struct texts {
        struct slice *items;
        size_t count;
};

/* How a part can match in a line that has a character or more. */
enum {
        SPAN_STAY_BEGIN = 1, /* nothing, at its begin */
        SPAN_STAY_END = 2,   /* nothing, at its end */
        SPAN_CROSS = 4,      /* all of it */
        SPAN_CHAR = 8,       /* any one character */
};
#define SPAN_NOTHING (SPAN_STAY_BEGIN | SPAN_STAY_END)

struct part {
        unsigned spans;
        bool exact; /* matches one of texts and nothing else */
        struct texts texts;
        struct texts clause; /* not exact: count 0 if nothing is known */
};

struct reader {
        struct texts choices[LITERALS_CHOICES_MAX]; /* clauses of the whole regex */
        size_t choice_count;
        struct texts ahead; /* clause of the lookahead that was just read */
        struct slice regex;
        size_t at;
        bool caseless;
        bool any_caseless; /* a letter was read under (?i) */
        bool given_up;
        bool has_branches; /* the whole regex */
        unsigned depth;
        struct arena *arena;
};

static struct part read_alternatives(struct reader *reader);

/* ---- sets of texts ---- */

static struct texts texts_one(struct reader *reader, struct slice text) {
        struct texts texts = {arena_alloc_array(reader->arena, 1, sizeof(struct slice)), 1};
        texts.items[0] = text;
        return texts;
}

static struct texts texts_join(struct reader *reader, struct texts a, struct texts b) {
        struct texts texts = {
                arena_alloc_array(reader->arena, a.count + b.count, sizeof(struct slice)),
                a.count + b.count};
        for (size_t i = 0; i < texts.count; i++)
                texts.items[i] = i < a.count ? a.items[i] : b.items[i - a.count];
        return texts;
}

static size_t texts_shortest(struct texts texts) {
        size_t shortest = texts.count > 0 ? SIZE_MAX : 0;
        for (size_t i = 0; i < texts.count; i++)
                if (texts.items[i].len < shortest)
                        shortest = texts.items[i].len;
        return shortest;
}

/* Every text of a followed by every one of b. Returns false if that is too much. */
static bool texts_cross(struct reader *reader, struct texts a, struct texts b, struct texts *ret) {
        if (a.count * b.count > EXACT_MAX)
                return false;
        *ret = (struct texts){
                arena_alloc_array(reader->arena, a.count * b.count, sizeof(struct slice)), 0};
        for (size_t i = 0; i < a.count; i++)
                for (size_t j = 0; j < b.count; j++) {
                        struct slice left = a.items[i];
                        struct slice right = b.items[j];
                        if (left.len + right.len > LITERALS_LENGTH_MAX)
                                return false;
                        ret->items[ret->count++] = right.len == 0 ? left
                                                   : left.len == 0
                                                           ? right
                                                           : ARENA_JOIN(reader->arena, left, right);
                }
        return true;
}

/* ---- clauses ---- */

/* Longer is rarer, many are more often there. */
static size_t worth(size_t shortest, size_t count) {
        size_t useful = shortest < USEFUL_LENGTH ? shortest : USEFUL_LENGTH;
        return useful == 0 ? 0 : useful * 1000 + (shortest < 100 ? shortest : 100) - count;
}

/* What stands around a date that was cut out of its brackets is in every line, and comes together
 * only where the date was. */
static bool texts_hold_date(struct texts texts) {
        for (size_t i = 0; i < texts.count; i++)
                if (slice_find(texts.items[i], SLICE("[]"), 0) < texts.items[i].len)
                        return true;
        return false;
}

static size_t clause_worth(struct texts clause) {
        size_t plain = worth(texts_shortest(clause), clause.count);
        return plain > 1 && texts_hold_date(clause) ? 1 : plain;
}

/* Only what fewer lines hold than short or many texts is worth a choice. */
static void note_choice(struct reader *reader, struct texts clause) {
        if (reader->depth == 0 && reader->choice_count < LITERALS_CHOICES_MAX &&
                texts_shortest(clause) >= CHOICE_LENGTH_MIN && clause.count <= EXACT_MAX &&
                clause_worth(clause) > 1)
                reader->choices[reader->choice_count++] = clause;
}

static void keep_better(struct reader *reader, struct texts *best, struct texts clause) {
        if (clause.count <= LITERALS_CLAUSE_MAX && clause_worth(clause) > clause_worth(*best))
                *best = clause;
        note_choice(reader, clause);
}

/* What of a part is a clause. */
static struct texts part_clause(const struct part *part) {
        struct texts clause = part->exact ? part->texts : part->clause;
        return texts_shortest(clause) > 0 && clause.count <= LITERALS_CLAUSE_MAX
                       ? clause
                       : (struct texts){NULL, 0};
}

static struct part part_anything(void) {
        return (struct part){.exact = false};
}

static struct part part_text(struct reader *reader, struct slice text) {
        return (struct part){.exact = true, .texts = texts_one(reader, text)};
}

static struct part part_empty(struct reader *reader) {
        return part_text(reader, SLICE_NULL);
}

/* A part that matches nothing and is true at some places. */
static struct part part_place(struct reader *reader, unsigned spans) {
        struct part part = part_empty(reader);
        part.spans = spans;
        return part;
}

static struct part part_char(struct reader *reader, char c) {
        unsigned char byte = (unsigned char)c;
        if (byte >= 0x80 || c == '\n')
                return part_anything();
        if (reader->caseless && isalpha(byte)) {
                reader->any_caseless = true;
                c = (char)tolower(byte);
        }
        return part_text(reader, arena_copy(reader->arena, (struct slice){&c, 1}));
}

static struct part part_either(struct reader *reader, const struct part *a, const struct part *b) {
        struct part either = {.spans = (a->spans | b->spans) & ~(unsigned)SPAN_CHAR};
        struct texts left = part_clause(a);
        struct texts right = part_clause(b);
        if (a->exact && b->exact && a->texts.count + b->texts.count <= EXACT_MAX) {
                either.exact = true;
                either.texts = texts_join(reader, a->texts, b->texts);
        } else if (left.count > 0 && right.count > 0 &&
                   left.count + right.count <= LITERALS_CLAUSE_MAX) {
                either.clause = texts_join(reader, left, right);
        }
        return either;
}

/* ---- reading ---- */

static int peek(const struct reader *reader) {
        return reader->at < reader->regex.len ? (unsigned char)reader->regex.data[reader->at] : -1;
}

static bool take(struct reader *reader, char c) {
        if (peek(reader) != (unsigned char)c)
                return false;
        reader->at++;
        return true;
}

static bool take_text(struct reader *reader, const char *text) {
        if (!slice_has_prefix(
                    slice_sub(reader->regex, reader->at, reader->regex.len), slice_of(text)))
                return false;
        reader->at += strlen(text);
        return true;
}

/* Goes behind the next c. */
static void skip_past(struct reader *reader, char c) {
        reader->at = slice_find_char(reader->regex, c, reader->at);
        (void)take(reader, c);
}

static int hex_value(int c) {
        return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* \xHH, whose \x was taken. */
static struct part read_hex(struct reader *reader) {
        int value = 0;
        for (int i = 0; i < 2; i++) {
                int c = peek(reader);
                if (c < 0 || !isxdigit(c))
                        return part_anything();
                value = value * 16 + hex_value(c);
                reader->at++;
        }
        return value < 0x80 ? part_char(reader, (char)value) : part_anything();
}

static struct part read_escape(struct reader *reader) {
        static const char controls[] = "a\at\tr\rf\fv\v";
        int c = peek(reader);
        if (c < 0)
                return part_anything();
        reader->at++;
        if (c == 'x')
                return read_hex(reader);
        if (c && strchr("bBAZ", c))
                return part_place(reader, c == 'A' ? SPAN_STAY_BEGIN : 0);
        for (size_t i = 0; i + 1 < sizeof(controls); i += 2)
                if (c == controls[i])
                        return part_char(reader, controls[i + 1]);
        if (c >= 0x80 || !isalnum(c))
                return part_char(reader, (char)c);
        while (isdigit(c) && peek(reader) >= 0 && isdigit(peek(reader)))
                reader->at++; /* an octal number or a group */
        if (c == 'u' || c == 'U')
                reader->at += c == 'u' ? 4 : 8;
        return part_anything();
}

/* One character of a class that is taken as alternatives, or anything. */
static struct part read_class_char(struct reader *reader) {
        int c = peek(reader);
        reader->at++;
        return c == '\\' ? read_escape(reader) : part_char(reader, (char)c);
}

/* Goes behind a class whose bracket was taken, as Python reads it: ] in front is a character. */
static void skip_class(struct reader *reader) {
        (void)take(reader, '^');
        (void)take(reader, ']');
        while (peek(reader) >= 0 && !take(reader, ']'))
                reader->at += peek(reader) == '\\' ? 2 : 1;
}

static struct part read_class(struct reader *reader) {
        size_t start = reader->at;
        struct part all = {.exact = true};
        while (peek(reader) >= 0 && peek(reader) != ']' && peek(reader) != '^' &&
                peek(reader) != '-') {
                struct part one = peek(reader) == '\\' && reader->at + 1 < reader->regex.len &&
                                                  reader->regex.data[reader->at + 1] == 'b'
                                          ? part_anything()
                                          : read_class_char(reader);
                if (!one.exact || all.texts.count >= CLASS_MAX)
                        break;
                all.texts = texts_join(reader, all.texts, one.texts);
                if (take(reader, ']'))
                        return all;
        }
        reader->at = start;
        skip_class(reader);
        return part_anything();
}

/* Letters of a flag group "(?LETTERS)" or "(?LETTERS:", whose "(?" was taken. Returns whether it
 * opens a group. */
static bool read_flags(struct reader *reader) {
        bool on = true;
        for (int c = peek(reader); c >= 0 && c != ')' && c != ':'; c = peek(reader)) {
                if (c == '-')
                        on = false;
                else if (c == 'i')
                        reader->caseless = on;
                else if (c == 'x' && on)
                        reader->given_up = true;
                reader->at++;
        }
        if (take(reader, ':'))
                return true;
        (void)take(reader, ')');
        return false;
}

static struct part read_rest_of_group(struct reader *reader) {
        struct part part = read_alternatives(reader);
        (void)take(reader, ')');
        return part;
}

/* Zero-width: what is inside is no part of the match, or must not be there. */
static struct part skip_look_around(struct reader *reader) {
        bool seen = reader->any_caseless;
        (void)read_rest_of_group(reader);
        reader->any_caseless = seen;
        return part_empty(reader);
}

/* What must come next is in the subject, too. */
static struct part read_look_ahead(struct reader *reader) {
        struct part part = read_rest_of_group(reader);
        reader->ahead = part_clause(&part);
        return part_empty(reader);
}

static struct part read_conditional(struct reader *reader) {
        skip_past(reader, ')');
        (void)read_rest_of_group(reader);
        return part_anything();
}

/* Behind "(?". *caseless: what holds behind the group; global flags stay in force. */
static struct part read_marked_group(struct reader *reader, bool *caseless) {
        struct part part;
        if (take(reader, '>')) {
                part = read_rest_of_group(reader);
                part.spans = 0;
        } else if (take_text(reader, "P<")) {
                skip_past(reader, '>');
                part = read_rest_of_group(reader);
        } else if (take_text(reader, "P=")) {
                skip_past(reader, ')');
                part = part_anything();
        } else if (take(reader, '=')) {
                part = read_look_ahead(reader);
        } else if (take(reader, '!') || take_text(reader, "<=") || take_text(reader, "<!"))
                part = skip_look_around(reader);
        else if (take(reader, '#')) {
                reader->at = syntax_comment_end(reader->regex, reader->at);
                part = part_place(reader, SPAN_NOTHING);
        } else if (take(reader, '('))
                part = read_conditional(reader);
        else if (read_flags(reader))
                part = read_rest_of_group(reader);
        else {
                *caseless = reader->caseless;
                part = part_place(reader, SPAN_NOTHING);
        }
        return part;
}

static struct part read_group(struct reader *reader) {
        bool caseless = reader->caseless;
        struct part part = take(reader, '?') ? read_marked_group(reader, &caseless)
                                             : read_rest_of_group(reader);
        reader->caseless = caseless;
        return part;
}

static struct part read_atom(struct reader *reader) {
        int c = peek(reader);
        reader->at++;
        if (c == '(') {
                if (reader->depth >= LITERALS_DEPTH_MAX)
                        reader->given_up = true;
                if (reader->given_up) {
                        reader->at = reader->regex.len;
                        return part_anything();
                }
                reader->depth++;
                struct part part = read_group(reader);
                reader->depth--;
                return part;
        }
        if (c == '[')
                return read_class(reader);
        if (c == '\\')
                return read_escape(reader);
        if (c == '.')
                return (struct part){.spans = SPAN_CHAR};
        if (c == '^' || c == '$')
                return part_place(reader, c == '^' ? SPAN_STAY_BEGIN : SPAN_STAY_END);
        return part_char(reader, (char)c);
}

struct repeat {
        bool there;
        bool optional; /* zero times are allowed */
        bool once;     /* at most once */
        bool endless;  /* any number of times */
        bool greedy;   /* possessive: nothing is given back */
};

/* Reads {m,n}, {m}, {,n}; anything else in braces is text, and nothing is taken. */
static bool read_braces(struct reader *reader, struct repeat *ret) {
        size_t start = reader->at;
        size_t digits[2] = {0, 0};
        unsigned long low = 0;
        bool comma = false;
        if (!take(reader, '{'))
                return false;
        for (int c = peek(reader); c >= 0 && (isdigit(c) || (c == ',' && !comma));
                c = peek(reader)) {
                comma = comma || c == ',';
                if (isdigit(c)) {
                        digits[comma]++;
                        low = comma || low > 1000 ? low : low * 10 + (unsigned long)(c - '0');
                }
                reader->at++;
        }
        if (take(reader, '}') && (digits[0] > 0 || comma)) {
                *ret = (struct repeat){.there = true, .optional = low == 0};
                return true;
        }
        reader->at = start;
        return false;
}

static struct repeat read_repeat(struct reader *reader) {
        struct repeat repeat = {0};
        reader->at = syntax_behind_comments(reader->regex, reader->at);
        if (take(reader, '*'))
                repeat = (struct repeat){.there = true, .optional = true, .endless = true};
        else if (take(reader, '+'))
                repeat = (struct repeat){.there = true, .endless = true};
        else if (take(reader, '?'))
                repeat = (struct repeat){.there = true, .optional = true, .once = true};
        else if (!read_braces(reader, &repeat))
                return repeat;
        if (!take(reader, '?')) /* lazy */
                repeat.greedy = take(reader, '+');
        return repeat;
}

static unsigned repeated_spans(unsigned spans, struct repeat repeat) {
        unsigned repeated = spans & SPAN_NOTHING;
        if (repeat.greedy)
                return 0;
        if (repeat.endless && spans & (SPAN_CHAR | SPAN_CROSS))
                repeated |= SPAN_CROSS;
        if (repeat.optional)
                repeated |= SPAN_NOTHING | (spans & SPAN_CROSS);
        return repeated;
}

static struct part repeated_texts(
        struct reader *reader, const struct part *part, struct repeat repeat) {
        if (repeat.once && part->exact && part->texts.count < EXACT_MAX) {
                struct part empty = part_empty(reader);
                return part_either(reader, part, &empty);
        }
        if (repeat.optional)
                return part_anything();
        return (struct part){.clause = part_clause(part)};
}

static struct part repeated(struct reader *reader, const struct part *part, struct repeat repeat) {
        if (!repeat.there)
                return *part;
        struct part whole = repeated_texts(reader, part, repeat);
        whole.spans = repeated_spans(part->spans, repeat);
        return whole;
}

/* One part behind another. */
static unsigned spans_join(unsigned a, unsigned b) {
        unsigned both = a & b & SPAN_NOTHING;
        if ((a & SPAN_STAY_BEGIN && b & SPAN_CROSS) || (a & SPAN_CROSS && b & SPAN_STAY_END))
                both |= SPAN_CROSS;
        return both;
}

static struct part read_branch(struct reader *reader) {
        struct texts run = texts_one(reader,
                SLICE_NULL); /* exact texts up to here, since the last part that was not exact */
        struct texts best = {NULL, 0};
        unsigned spans = SPAN_NOTHING;
        bool exact = true;
        while (peek(reader) >= 0 && peek(reader) != '|' && peek(reader) != ')') {
                struct part atom = read_atom(reader);
                struct texts ahead = reader->ahead;
                struct repeat repeat = read_repeat(reader);
                struct part part = repeated(reader, &atom, repeat);
                struct texts longer;
                reader->ahead = (struct texts){NULL, 0};
                if (!repeat.there)
                        keep_better(reader, &best, ahead);
                spans = spans_join(spans, part.spans);
                if (part.exact && texts_cross(reader, run, part.texts, &longer)) {
                        run = longer;
                        continue;
                }
                keep_better(reader, &best, run);
                keep_better(reader, &best, part_clause(&part));
                run = part.exact && part.texts.count <= EXACT_MAX ? part.texts
                                                                  : texts_one(reader, SLICE_NULL);
                exact = false;
        }
        if (exact)
                return (struct part){.spans = spans, .exact = true, .texts = run};
        keep_better(reader, &best, run);
        return (struct part){.spans = spans, .clause = best};
}

static struct part read_alternatives(struct reader *reader) {
        struct part all = read_branch(reader);
        if (reader->depth == 0 && peek(reader) == '|')
                reader->has_branches = true;
        while (take(reader, '|')) {
                struct part next = read_branch(reader);
                all = part_either(reader, &all, &next);
        }
        return all;
}

/* ---- results ---- */

static struct literals make_clause(const struct reader *reader, struct texts texts) {
        return literals_clause_make(texts.items, texts.count, reader->any_caseless, reader->arena);
}

size_t literals_choices(struct slice regex, struct arena *arena,
        struct literals ret[static LITERALS_CHOICES_MAX + 1]) {
        struct reader reader = {.regex = regex, .arena = arena};
        struct part whole = read_alternatives(&reader);
        struct texts clause = part_clause(&whole);
        bool understood = !reader.given_up && reader.at >= regex.len;
        if (!understood)
                clause.count = 0;
        size_t count = 1;
        ret[0] = make_clause(&reader, clause);
        ret[0].in_all_lines = understood && whole.spans != 0;
        for (size_t i = 0; understood && !reader.has_branches && i < reader.choice_count; i++) {
                ret[count] = make_clause(&reader, reader.choices[i]);
                ret[count++].in_all_lines = ret[0].in_all_lines;
        }
        return count;
}

struct literals literals_of(struct slice regex, struct arena *arena) {
        struct literals choices[LITERALS_CHOICES_MAX + 1];
        (void)literals_choices(regex, arena, choices);
        return choices[0];
}
