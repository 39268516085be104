/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the store, for store*.c only: the connection, its statements, and the queue of
 * writes. */
#pragma once

#include <sqlite3.h>

#include "base/buffer.h"
#include "base/table.h"
#include "enforce/store.h"

#define STORE_LOGGER "fail2ban.database"
#define STORE_VERSION 4
#define STORE_LOGS_MAX 20000 /* log positions that wait for the next commit */
#define STORE_APPLY_OPS                                                                            \
        1000 /* so many queued writes are executed at once, so that no commit takes long */
#define STORE_COMMIT_OPS 10000  /* and so many are committed */
#define STORE_REST_OPS 1000     /* after so many, memory is given back once it is quiet */
#define STORE_PURGE_ROWS 20000  /* of one table and jail in one transaction */
#define STORE_TIME_MAX 1e15     /* seconds: what a row says beyond counts as this */
#define STORE_OUTDATED_FACTOR 3 /* bips are kept so many times as long as their ban took */

enum store_statement {
        STORE_BEGIN,
        STORE_COMMIT,
        STORE_JAIL_ADD,
        STORE_JAIL_DISABLE,
        STORE_JAILS_DISABLE,
        STORE_JAIL_NAMES,
        STORE_LOG_GET,
        STORE_LOG_PUT,
        STORE_BAN_INSERT,
        STORE_BIP_REPLACE,
        STORE_BAN_DELETE,
        STORE_BIP_DELETE,
        STORE_BAN_DELETE_ALL,
        STORE_BIP_DELETE_ALL,
        STORE_BANS_CURRENT,
        STORE_HISTORY_JAIL,
        STORE_HISTORY_ALL,
        STORE_MERGED_JAIL,
        STORE_MERGED_ALL,
        STORE_PURGE_BANS,
        STORE_PURGE_BIPS,
        STORE_PURGE_JAILS,
        STORE_PURGE_OLDEST,
        STORE_STATEMENT_COUNT
};

enum store_op {
        STORE_OP_JAIL_ADD,
        STORE_OP_JAIL_DISABLE,
        STORE_OP_JAILS_DISABLE,
        STORE_OP_BAN_ADD,
        STORE_OP_BAN_DEL,
        STORE_OP_BAN_DEL_ALL,
        STORE_OP_PURGE,
        STORE_OP_LIFTS_SINCE
};

struct store {
        char *path;
        const struct clock *clock;
        sqlite3 *db; /* NULL only while the file is being repaired */
        sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
        int64_t max_matches;
        double purge_age_s;
        struct buffer queue;  /* writes since the last commit, in order: u8 operation and its fields
                                 (channel/message.h) */
        size_t queued;        /* writes in queue */
        size_t applied;       /* of these, executed in the open transaction */
        size_t applied_bytes; /* of queue */
        struct table logs; /* "jail NUL path": struct store_log, written with the next commit; only
                              the last one counts */
        bool in_transaction;
        bool is_blocked; /* the last try to write failed */
        bool is_alone;   /* nobody else can open the file: it was opened on a full disk */
        char **killed; /* jails that were enabled when the file was opened: nobody had stopped them
                        */
        size_t killed_count, killed_capacity;
        size_t lifting;   /* jails that were killed and have not lifted yet what has ended since */
        double written_s; /* before it was opened, by a server that had lifted all */
        char **jails;     /* that are there: a new file needs their rows before those of bans */
        size_t jail_count, jail_capacity;
        bool lacks_schema; /* new, and could not be written yet */
        bool was_repaired; /* while running: not a second time before a commit has worked */
        unsigned readers;  /* lists being read: no write is executed meanwhile */
        double purge_now;  /* the purge that goes on with the next commit; 0: none */
        uint64_t dropped;
        size_t since_rest;    /* writes since the last store_rest() */
        int64_t last_changes; /* of the last write that counts them */
        struct buffer json;   /* scratch */
        struct arena arena;   /* of one row being read */
};

/* Opens the file, sets the pragmas. Logs nothing. Returns 0 or a SQLite result code, its text in
 * fault. */
int store_db_open(struct store *store, struct fault *fault);
/* A quick look for damage, bounded in time (STORE_CHECK_MS): a large database is checked as far as
 * that goes. Returns SQLITE_OK or what is wrong. */
int store_db_check(struct store *store);
/* Writes the rows of the jails that are there, into a file made anew. Returns SQLITE_OK or the
 * result code. */
int store_jails_write(struct store *store);
/* Opens a file that was opened alone anew, for others too, if that works by now. */
void store_db_share(struct store *store);
/* Finalizes and closes; the transaction is lost. */
void store_db_close(struct store *store);
/* The statement, prepared once, reset and without values. NULL if SQLite refuses it:
 * sqlite3_errcode() says why. */
sqlite3_stmt *store_db_statement(struct store *store, enum store_statement which);
/* Runs one that gives no rows. Returns SQLITE_OK or SQLite's result code. */
int store_db_run(struct store *store, sqlite3_stmt *statement);
/* Runs SQL text. Returns SQLITE_OK or the result code. */
int store_db_execute(sqlite3 *db, const char *sql);
/* Views must live until the statement is reset. */
void store_db_bind_text(sqlite3_stmt *statement, int index, struct slice text);
void store_db_bind_number(sqlite3_stmt *statement, int index, double number);
/* A time or duration in a column, which may hold anything: between -STORE_TIME_MAX and
 * STORE_TIME_MAX. */
double store_db_time(sqlite3_stmt *statement, int index);
/* View of a text or blob column, until the next step. */
struct slice store_db_column(sqlite3_stmt *statement, int index);
/* The time since which bans may have ended that nobody has lifted, in seconds; 0: there are none.
 * It stands in the file's header, as a number that SQLite leaves to its users. Set: returns
 * SQLITE_OK or the result code. */
double store_db_lifts_since(struct store *store);
int store_db_set_lifts_since(struct store *store, double since_s);
/* Whether writing may work later: the disk is full, somebody else has the lock, ... */
bool store_db_is_passing(int code);
bool store_db_is_damage(int code);

/* Adds one write. body: its fields. */
void store_queue_add(struct store *store, enum store_op op, struct slice body);
/* Executes what is queued, without a commit, so that reads see it. Returns 0, or -EAGAIN if it
 * cannot be written now. */
int store_queue_apply(struct store *store);
/* Executes one write; store_bans.c has what belongs to bans. Returns a SQLite result code. */
struct message_reader;
int store_bans_execute(struct store *store, enum store_op op, struct message_reader *in);
int store_purge_execute(struct store *store, double now);
int store_logs_execute(struct store *store);
void store_logs_clear(struct store *store);
