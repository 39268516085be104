/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records inside SCAN_BATCH: what the lines between the batch's two offsets led to, in the order of the lines. All of a batch is
 * applied in one step, and then its end offset counts as applied; so a scanner that dies takes nothing with it. */
#pragma once

#include "base/buffer.h"
#include "base/value.h"
#include "channel/message.h"

enum record_type {
        RECORD_FAILURE, /* somebody failed */
        RECORD_STATE,   /* detection state that must survive the scanner (sessions, last date, ...) */
        RECORD_DIAG,    /* a message about a line, to be logged in its place */
        RECORD_COUNT,   /* counters of a jail */
        RECORD_TYPE_COUNT
};

#define RECORD_ID_MAX 4096         /* bytes of a failure id */
#define RECORD_STATE_KEY_MAX 1024
#define RECORD_STATE_BLOB_MAX 262144
#define RECORD_STATES_MAX 128      /* keys a jail may keep with the server */

/* FAILURE flags */
#define FAILURE_RAW_ID 1u   /* id is text, never an address */
#define FAILURE_NEEDS_DNS 2u /* id is a host name yet to be resolved */
#define FAILURE_INTEGRAL_TIME 4u /* upstream's time is an int: <time> has no ".0" */

struct record {
        enum record_type type;
        uint32_t jail;
        union {
                struct {
                        double time; /* seconds since the epoch, not in the future */
                        uint8_t flags;
                        uint32_t regex; /* index of the failregex that matched */
                        struct slice id;
                        struct value data; /* dict: "matches" list of [before, date, after] or texts, "failures", groups by name; to be put */
                        struct slice coded; /* data as it was read: one dict (channel/value_code.h); to be put instead of data, if not empty */
                } failure;
                struct {
                        struct slice key;
                        struct slice blob; /* empty: the key is gone */
                } state;
                struct {
                        uint8_t level;
                        struct slice logger;
                        struct slice text;
                } diag;
                struct {
                        uint64_t lines;    /* read since the last COUNT */
                        uint64_t dropped;  /* of these, given up: too long, match limit, ... */
                } count;
        };
};

/* Appends one record. Returns 0, or -ENOBUFS if out is full (then out is unchanged). */
int record_put(struct buffer *out, const struct record *record);
/* Reads the next record; texts borrow from the body. arena: where a failure's data are built; NULL: they stay None, and are only there
 * as coded. Returns 1 if there was one, 0 at the end of the body, -EBADMSG if it is malformed or above a cap. */
int record_get(struct message_reader *in, struct arena *arena, struct record *ret);
/* The same of a body that record_get() has been through without finding fault: what it looked at is not looked at again, and data stay
 * None. */
int record_get_checked(struct message_reader *in, struct record *ret);
