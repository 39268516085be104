/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jails are found by bisection; logs, which are fewer and mostly known by pointer, are looked through. A log may be read when it has
 * been started and something was written to it. */
#include "detect/scan_books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void scan_books_done(struct scan_books *books) {
        for (size_t i = 0; i < books->log_count; i++)
                (void)scan_log_free(books->logs[i]);
        for (size_t i = 0; i < books->jail_count; i++)
                (void)scan_jail_free(books->jails[i]);
        free(books->logs);
        free(books->jails);
        *books = (struct scan_books){0};
}

/* Index of the jail, or of the place where it belongs. */
static size_t jail_place(const struct scan_books *books, uint32_t id) {
        size_t low = 0;
        size_t high = books->jail_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (books->jails[middle]->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

struct scan_jail *scan_books_jail(const struct scan_books *books, uint32_t id) {
        size_t at = jail_place(books, id);
        return at < books->jail_count && books->jails[at]->id == id ? books->jails[at] : NULL;
}

int scan_books_add_jail(struct scan_books *books, struct scan_jail *jail) {
        size_t at = jail_place(books, jail->id);
        if (scan_books_jail(books, jail->id))
                return -EEXIST;
        if (books->jail_count == SCAN_BOOKS_JAILS_MAX)
                return -ENOBUFS;
        memory_reserve(&books->jails, books->jail_count, &books->jail_capacity, sizeof(*books->jails));
        memmove(books->jails + at + 1, books->jails + at, (books->jail_count - at) * sizeof(*books->jails));
        books->jails[at] = jail;
        books->jail_count++;
        return 0;
}

void scan_books_drop_jail(struct scan_books *books, struct scan_jail *jail) {
        size_t at = jail_place(books, jail->id);
        memmove(books->jails + at, books->jails + at + 1, (--books->jail_count - at) * sizeof(*books->jails));
        (void)scan_jail_free(jail);
}

struct scan_log *scan_books_log(const struct scan_books *books, uint32_t id) {
        for (size_t i = 0; i < books->log_count; i++)
                if (books->logs[i]->id == id)
                        return books->logs[i];
        return NULL;
}

int scan_books_add_log(struct scan_books *books, struct scan_log *log) {
        if (books->log_count == SCAN_BOOKS_LOGS_MAX)
                return -ENOBUFS;
        memory_reserve(&books->logs, books->log_count, &books->log_capacity, sizeof(*books->logs));
        books->logs[books->log_count++] = log;
        return 0;
}

void scan_books_drop_log(struct scan_books *books, struct scan_log *log) {
        for (size_t i = 0; i < books->log_count; i++)
                if (books->logs[i] == log)
                        books->logs[i] = books->logs[--books->log_count];
        (void)scan_log_free(log);
}

static bool is_ready(const struct scan_log *log) {
        return log->started && log->ready;
}

struct scan_log *scan_books_turn(struct scan_books *books) {
        for (size_t i = 1; i <= books->log_count; i++) {
                size_t at = (books->turn + i) % books->log_count;
                if (!is_ready(books->logs[at]))
                        continue;
                books->turn = at;
                return books->logs[at];
        }
        return NULL;
}

bool scan_books_are_ready(const struct scan_books *books) {
        for (size_t i = 0; i < books->log_count; i++)
                if (is_ready(books->logs[i]))
                        return true;
        return false;
}
