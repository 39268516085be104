/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody who failed, or is banned: id, times, counts, and what matched. One allocation plus its data; counted references, because a
 * ticket is at the same time in a jail's books and in queues of actions. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/value.h"

#define TICKET_BAN_TIME_JAIL ((double)NAN) /* ban_time_s: the jail's own */
#define TICKET_PERMANENT (-1.0)
#define TICKET_DATA_MAX ((size_t)1 << 20) /* bytes of groups and matches; older matches are dropped beyond */

struct ticket {
        unsigned refs;
        uint32_t id_len;
        double time;            /* of the last failure, seconds since the epoch; a ban begins here */
        double first_time;      /* of the first failure that counts */
        double ban_time_s;      /* TICKET_BAN_TIME_JAIL, TICKET_PERMANENT or seconds */
        double retry;           /* failures as counted towards maxretry (may be an estimate) */
        uint32_t failures;      /* true number */
        uint32_t ban_count;
        uint32_t ban_epoch;     /* of the actions when it was banned; see action_list_epoch() */
        uint32_t data_len;
        char *data;             /* groups, encoded (channel/value_code.h); None: the same text as id */
        char *matches;          /* encoded values one behind the other, oldest first: LIST [before, date, after] or STRING */
        uint32_t matches_start; /* where the oldest begins */
        uint32_t matches_len;   /* bytes from there on */
        uint32_t matches_room;  /* bytes of the block */
        uint32_t match_count;
        struct address address; /* family ADDRESS_NONE: the id is text */
        bool restored;          /* came from the database */
        bool integral_time;     /* time prints as "1", not "1.0" (Python's int) */
        char id[];              /* normal form, NUL-terminated */
};

/* A ticket with one reference; id is copied. */
struct ticket *ticket_new(struct slice id, const struct address *address, double time);
struct ticket *ticket_ref(struct ticket *ticket);
/* NULL is allowed. Returns NULL. */
struct ticket *ticket_unref(struct ticket *ticket);
struct slice ticket_id(const struct ticket *ticket);

/* Takes the groups and "matches" (and "failures", if it is there) out of dict, as in a failure record or the database. */
void ticket_set_data(struct ticket *ticket, const struct value *dict);
/* The same with the dict encoded (one whole DICT, e.g. record.failure.coded). */
void ticket_set_coded(struct ticket *ticket, struct slice dict);
/* A later failure's dict: appends its matches, as texts, keeping the newest max. Returns its "failures", 0 if there is none. */
uint32_t ticket_add_coded(struct ticket *ticket, struct slice dict, uint32_t max);
/* Appends the matches of from, keeping the newest max. */
void ticket_add_matches(struct ticket *ticket, const struct ticket *from, uint32_t max);
void ticket_keep_matches(struct ticket *ticket, uint32_t max);
/* LIST of the matches / their texts joined by newlines / the whole data as DICT in upstream's order: matches, failures, groups. */
struct value ticket_matches(const struct ticket *ticket, struct arena *arena);
struct slice ticket_matches_text(const struct ticket *ticket, struct arena *arena);
struct value ticket_data(const struct ticket *ticket, struct arena *arena);
/* A group by name, e.g. "user", as text; false if it is not there. */
bool ticket_group(const struct ticket *ticket, struct slice name, struct arena *arena, struct slice *ret);
/* End of the ban in seconds since the epoch; INFINITY if permanent. jail_ban_time_s: used where the ticket has none. */
double ticket_end(const struct ticket *ticket, double jail_ban_time_s);
