/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The jails and logs of a scanner, and whose turn it is. */
#pragma once

#include "detect/scan_jail.h"
#include "detect/scan_log.h"

#define SCAN_BOOKS_JAILS_MAX 4096
#define SCAN_BOOKS_LOGS_MAX 4096

/* All zero: none of either. */
struct scan_books {
        struct scan_jail **jails; /* owned; by id, rising */
        size_t jail_count;
        size_t jail_capacity;
        struct scan_log **logs; /* owned */
        size_t log_count;
        size_t log_capacity;
        size_t turn; /* index of the log that was served last */
};

void scan_books_done(struct scan_books *books);
/* The jail (borrowed), or NULL. */
struct scan_jail *scan_books_jail(const struct scan_books *books, uint32_t id);
/* Takes the jail over. Returns 0; -EEXIST or -ENOBUFS if there is one of its id or no room, and it stays the caller's. */
int scan_books_add_jail(struct scan_books *books, struct scan_jail *jail);
/* Frees the jail, which is there and attached to no log. */
void scan_books_drop_jail(struct scan_books *books, struct scan_jail *jail);
/* The log (borrowed), or NULL. */
struct scan_log *scan_books_log(const struct scan_books *books, uint32_t id);
/* Takes the log over. Returns 0; -ENOBUFS if there is no room, and it stays the caller's. */
int scan_books_add_log(struct scan_books *books, struct scan_log *log);
/* Frees the log, which is there. */
void scan_books_drop_log(struct scan_books *books, struct scan_log *log);
/* The next log that may be read, after the one that was given last, round robin; NULL: none may. */
struct scan_log *scan_books_turn(struct scan_books *books);
/* Whether any log may be read. */
bool scan_books_are_ready(const struct scan_books *books);
