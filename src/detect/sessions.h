/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of connections whose log lines share an id (<F-MLFID>): one line has the address,
 * another the failure (spec filter.md 3.4). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/value.h"
#include "detect/field_box.h"

#define SESSIONS_MAX 100 /* the oldest go first */
#define SESSION_BUCKETS 256
#define SESSION_TTL_S 300 /* from the first line on */
#define SESSION_BYTES_MAX                                                                          \
        196608 /* id and data; matched lines are dropped to keep below, the oldest first */
#define SESSION_MATCHES_MAX 256 /* matched lines kept of each kind */
#define SESSION_USERS_MAX 256   /* different users kept; more are not told, but count as several */

struct session {
        bool used;
        bool changed;      /* since sessions_save() */
        uint64_t sequence; /* order of creation */
        double expires;    /* seconds since the epoch */
        struct buffer id;
        struct field_box data;
        bool unsettled; /* its number is in unsettled of all */
};

struct sessions {
        const struct clock *clock;
        uint64_t seed;
        uint64_t next_sequence;
        uint64_t dropped; /* sessions given up because they were too large */
        struct session items[SESSIONS_MAX];
        uint64_t hashes[SESSIONS_MAX];   /* those of the items in use; 0 for the others */
        uint8_t heads[SESSION_BUCKETS];  /* number of an item whose hash has this remainder, and
                                            one; 0: there is none */
        uint8_t next[SESSIONS_MAX];      /* the same, for the next one of that remainder */
        uint8_t order[SESSIONS_MAX];     /* numbers of the items in use, the oldest first; then the
                                            others */
        size_t count;                    /* of items in use */
        uint8_t unsettled[SESSIONS_MAX]; /* whose memory is to be put in order */
        size_t unsettled_count;
};

void sessions_init(struct sessions *sessions, const struct clock *clock);
void sessions_done(struct sessions *sessions);

/* Frees what former lines needed; to be called between lines, when none of their data is used any
 * more.
 */
void sessions_settle_all(struct sessions *sessions);
static inline void sessions_settle(struct sessions *sessions) {
        if (sessions->unsettled_count > 0)
                sessions_settle_all(sessions);
}

/* What is known with a line: all of it, in memory that lasts until sessions_settle(), or as long as
 * the line's own data and arena. */
struct session_line {
        struct fields *data;
        struct session *session; /* NULL: there is none any more */
        bool is_quiet;           /* the line is no failure; data has the field "nofail" */
};

/* Merges what a line captured (*data, with the group mlfid) with what is known of session id,
 * unless the session ends with this line. matched: the line, or lines, of kind LINES. If there is a
 * session then, what is returned is its own: fields, and "ip", may be put into it, with arena, and
 * session_keep() is to be called in the end. */
struct session_line sessions_merge(struct sessions *sessions, struct slice id,
        const struct field *matched, struct fields *data, struct arena *arena);
void session_keep(struct sessions *sessions, struct session *session);

/* Puts the session in slot index into out if it has changed since the last time. Returns whether it
 * has: with nothing in out, the slot is free now. sessions_load() takes such bytes back. */
bool sessions_save(struct sessions *sessions, size_t index, struct buffer *out);
void sessions_load(struct sessions *sessions, size_t index, struct slice blob);
