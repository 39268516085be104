/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody who failed, or is banned: id, times, counts, and what matched. One allocation plus its
 * data; counted references, because a ticket is at the same time in a jail's books and in queues of
 * actions. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/value.h"
#include "channel/record.h"

#define TICKET_BAN_TIME_JAIL ((double)NAN) /* ban_time_s: the jail's own */
#define TICKET_PERMANENT (-1.0)
#define TICKET_ID_MAX UINT16_MAX
#define TICKET_DATA_MAX                                                                            \
        ((size_t)1 << 20) /* bytes of groups and matches; older matches are dropped beyond */

struct ticket_groups;
struct match_block;

/* There may be a hundred thousand of them: what is needed only before, and what only after the
 * beginning of a ban shares its place. */
struct ticket {
        uint32_t refs;
        uint32_t failures; /* true number */
        double time;       /* of the last failure, seconds since the epoch; a ban begins here */
        union {
                double first_time; /* in a window: of the first failure that counts */
                double ban_time_s; /* else: TICKET_BAN_TIME_JAIL, TICKET_PERMANENT or seconds */
        };
        struct ticket_groups *groups; /* NULL: none */
        struct match_block *matches;  /* the newest, whose next are the oldest; NULL: none */
        union {
                uint32_t retry_halves; /* in a window: see ticket_retry() */
                uint32_t ban_epoch;    /* else: of the actions when it was banned; see
                                          action_list_epoch() */
        };
        uint32_t ban_count;
        uint16_t id_len;
        uint16_t match_count;
        uint16_t match_units; /* 16 bytes each */
        uint8_t plen;         /* of the address */
        bool is_inet4 : 1;    /* the id is the normal text of such an address */
        bool is_inet6 : 1;
        bool restored : 1;      /* came from the database */
        bool integral_time : 1; /* time prints as "1", not "1.0" (Python's int) */
        bool lacks_matches : 1; /* none were to be kept: without any, the data have not even the
                                   key */
        bool has_passed : 1;    /* in a window: see window.h */
        char id[];              /* normal form, NUL-terminated */
};

/* A ticket with one reference; id is copied: at most TICKET_ID_MAX bytes, and the address's normal
 * text if there is one (NULL, or of no family: the id is but a text). */
struct ticket *ticket_new(struct slice id, const struct address *address, double time);
struct ticket *ticket_ref(struct ticket *ticket);
/* NULL is allowed. Returns NULL. */
struct ticket *ticket_unref(struct ticket *ticket);
struct slice ticket_id(const struct ticket *ticket);
/* Of family ADDRESS_NONE where the id is but a text. */
struct address ticket_address(const struct ticket *ticket);
/* enum address_family. */
static inline uint8_t ticket_family(const struct ticket *ticket) {
        return ticket->is_inet4 ? ADDRESS_INET4 : ticket->is_inet6 ? ADDRESS_INET6 : ADDRESS_NONE;
}
/* In a window: failures as counted towards maxretry, in halves (it may be an estimate), at most
 * 2^31. */
static inline double ticket_retry(const struct ticket *ticket) {
        return ticket->retry_halves / 2.0;
}
void ticket_set_retry(struct ticket *ticket, double retry);
/* One more. */
static inline void ticket_add_retry(struct ticket *ticket) {
        ticket->retry_halves +=
                ticket->retry_halves < UINT32_MAX - 1 ? 2 : UINT32_MAX - ticket->retry_halves;
}
/* From a window to a ban: the fields that share a place are now those of a ban, which has the
 * jail's time. */
void ticket_leave_window(struct ticket *ticket);

/* Takes the groups and "matches" (and "failures", if it is there) out of dict, as in a failure
 * record or the database. */
void ticket_set_data(struct ticket *ticket, const struct value *dict);
/* The same of a failure's record. */
void ticket_set_record(struct ticket *ticket, const struct record *record);
/* A later failure's record: appends its matches, as texts, keeping the newest max. */
void ticket_add_record(struct ticket *ticket, const struct record *record, uint32_t max);
/* Appends the matches of from, keeping the newest max. */
void ticket_add_matches(struct ticket *ticket, const struct ticket *from, uint32_t max);
void ticket_keep_matches(struct ticket *ticket, uint32_t max);
/* LIST of the matches / their texts joined by newlines / the whole data as DICT in upstream's
 * order: matches, failures, groups. */
struct value ticket_matches(const struct ticket *ticket, struct arena *arena);
struct slice ticket_matches_text(const struct ticket *ticket, struct arena *arena);
struct value ticket_data(const struct ticket *ticket, struct arena *arena);
/* A group by name, e.g. "user", as text; false if it is not there. */
bool ticket_group(
        const struct ticket *ticket, struct slice name, struct arena *arena, struct slice *ret);
/* Bytes of the ticket and of all that it keeps. */
size_t ticket_bytes(const struct ticket *ticket);
/* End of the ban in seconds since the epoch; INFINITY if permanent. jail_ban_time_s: used where the
 * ticket has none. */
double ticket_end(const struct ticket *ticket, double jail_ban_time_s);
