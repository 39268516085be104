/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban's database (spec server.md 5): same file, same schema, version 4. All writes since the
 * last store_commit() are one transaction; a write that fails (disk full, locked, read-only) is
 * kept in memory up to a cap and tried again, and said once: banning goes on.
 *
 * While it is open the file is in WAL mode (two more files beside it, with -wal and -shm at the
 * end); store_close() brings it back to the journal mode that fail2ban expects. After a kill -9 the
 * -wal file stays: whoever opens the database next, fail2ban included, reads it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/slice.h"
#include "base/value.h"

#define STORE_COMMIT_MS                                                                            \
        1000 /* an open transaction is committed after this time at the latest (by the owner's     \
                timer) */
#define STORE_BACKLOG_MAX 100000 /* writes kept while the database cannot be written */
#define STORE_BACKLOG_BYTES ((size_t)64 << 20)
#define STORE_PURGE_S 3600
#define STORE_SIZE_MAX                                                                             \
        ((int64_t)1 << 30) /* bytes of the file: above, a purge drops the oldest tenth of the bans \
                              too */
#define STORE_CHECK_MS 500 /* of the integrity check at the start */

struct store;

/* Opens or creates path: makes the folder's last level, migrates older versions after a backup,
 * sets a corrupt file aside and recovers what can be read, table by table and from both ends of a
 * damaged one. Logs upstream's messages (fail2ban.database). All jails become disabled. Returns 0,
 * or negative errno with fault. */
int store_open(
        const char *path, const struct clock *clock, struct store **ret, struct fault *fault);
/* Commits and closes. NULL is allowed. Returns NULL. */
struct store *store_close(struct store *store);
const char *store_path(const struct store *store);
/* Commits what is written. Returns 0 or negative errno (already said). */
int store_commit(struct store *store);
/* Whether store_commit() has something to do. */
bool store_is_dirty(const struct store *store);
/* To be called now and then, at most once a second: gives back the memory that many writes have
 * taken. Returns whether it has done so. */
bool store_rest(struct store *store);

void store_set_max_matches(
        struct store *store, int64_t max); /* dbmaxmatches; -1: no limit ("None") */
int64_t store_max_matches(const struct store *store);
void store_set_purge_age(struct store *store, double seconds); /* dbpurgeage */
double store_purge_age(const struct store *store);
/* Looks for damage of the file while it is in use, for STORE_CHECK_MS at most; a damaged one is set
 * aside and recovered, as at the start. What is in the file is read anew, not from memory. */
void store_check(struct store *store);
/* Deletes what is older (5.2), a bounded number of rows now and the rest with the next commits. */
void store_purge(struct store *store);
/* Writes that wait because the database cannot be written, and those given up since the start
 * because too many waited. */
void store_backlog(const struct store *store, size_t *ret_waiting, uint64_t *ret_dropped);

void store_jail_add(struct store *store, struct slice jail);
void store_jail_disable(struct store *store, struct slice jail);
/* Whether the server before was killed while it had this jail: what it had banned was not lifted.
 * Says so once for each jail. *ret_written_s: when the file was written last before; or, if it was
 * killed before it had told store_jail_lifted(), when its own predecessor had written. */
bool store_jail_was_killed(struct store *store, struct slice jail, double *ret_written_s);
/* What had ended while nobody was there has been lifted, once for each jail that was killed. */
void store_jail_lifted(struct store *store);

/* Log positions (5.3). Returns whether there is one. hash: 40 hex characters or empty; texts live
 * in arena. */
bool store_log_get(struct store *store, struct slice jail, struct slice path, struct arena *arena,
        struct slice *ret_hash, uint64_t *ret_offset);
void store_log_put(struct store *store, struct slice jail, struct slice path, struct slice hash,
        uint64_t offset);

/* Paths of the journal: with its time, as fail2ban has it, and with its cursor for a hash. */
#define STORE_JOURNAL_PATH "systemd-journal"
#define STORE_CURSOR_PATH "systemd-journal/cursor"
/* The same for the journal, whose position is a time (seconds since the epoch); iso: the same as
 * text. */
bool store_log_get_time(
        struct store *store, struct slice jail, struct slice path, double *ret_time);
void store_log_put_time(
        struct store *store, struct slice jail, struct slice path, struct slice iso, double time);

/* A row of bans or bips. */
struct store_ban {
        struct slice jail;
        struct slice id;
        double time;       /* timeofban; stored rounded half to even */
        double ban_time_s; /* -1 permanent; -2 unknown */
        uint32_t count;
        struct value data; /* DICT: matches, failures, groups (spec 5.1) */
};
/* Into bans and bips. */
void store_ban_add(struct store *store, const struct store_ban *ban);
/* Deletes the id's rows of the jail / all rows of the jail. Returns how many of bans. */
int64_t store_ban_del(struct store *store, struct slice jail, struct slice id);
int64_t store_ban_del_all(struct store *store, struct slice jail);
/* Bans of a jail that may still hold (5.4), from bips and ordered by ip: those that end after now,
 * and began after newer_than, if that is not 0. It is read in parts. */
struct store_list {
        double now, newer_than;
        struct buffer after; /* ip of the last row read; empty: none yet */
        bool is_blob;        /* what that is in the database */
};
void store_list_init(struct store_list *list, double now, double newer_than);
void store_list_done(struct store_list *list);
/* At most max rows more. The row's views are valid during the call, which may write to the store
 * but not read this list again. Returns whether there may be further rows. */
typedef void store_ban_row(void *user, const struct store_ban *row);
bool store_bans_current(struct store *store, struct slice jail, struct store_list *list,
        uint32_t max, store_ban_row *row, void *user);
/* Earlier bans of id for bantime.increment: of this jail, or (jail empty) summed over all. Returns
 * whether there are any. */
bool store_ban_history(struct store *store, struct slice jail, struct slice id, uint32_t *ret_count,
        double *ret_time, double *ret_ban_time_s);
/* Merged matches (LIST, the newest max_matches, oldest first) and failures of id over all jails
 * (jail empty) or one: <ipmatches> etc. Returns whether there are rows. */
bool store_ban_merged(struct store *store, struct slice jail, struct slice id, struct arena *arena,
        struct value *ret_matches, int64_t *ret_failures);
