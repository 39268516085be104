/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records inside SCAN_BATCH: what the lines between the batch's two offsets led to, in the order of the lines. All of a batch is
 * applied in one step, and then its end offset counts as applied; so a scanner that dies takes nothing with it. */
#pragma once

#include "base/buffer.h"
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
                        struct slice lines;  /* that matched, the oldest first (failure_code.h) */
                        struct slice groups; /* all others that have a value, in their order (failure_code.h) */
                        uint32_t hash;       /* not sent: of the id, for who applies it; or 0 */
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
/* For who writes a failure's lines and groups in place: what comes before the lines, whose bytes come next. Takes
 * RECORD_FAILURE_HEAD_MAX bytes and those of the id at most. Returns its end. */
#define RECORD_FAILURE_HEAD_MAX ((size_t)64)
char *record_write_failure_head(char *to, const struct record *record);
/* The bytes up to end are the lines, or the groups: tells in front of them, where RECORD_LENGTH_BYTES are kept for that, how many. */
#define RECORD_LENGTH_BYTES sizeof(uint32_t)
void record_write_length(char *begin, const char *end);
/* Reads the next record; texts borrow from the body. Returns 1 if there was one, 0 at the end of the body, -EBADMSG if it is malformed or
 * above a cap. */
int record_get(struct message_reader *in, struct record *ret);
/* The same of a body that record_get() has been through without finding fault: what it looked at is not looked at again. */
int record_get_checked(struct message_reader *in, struct record *ret);
