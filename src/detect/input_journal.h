/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads entries of the systemd journal, by libsystemd; the only file that does. A build without it refuses each input_journal_open(). */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/journal_source.h"
#include "detect/journal_entry.h"
#include "detect/journal_match.h"

#define INPUT_JOURNAL_FILES_MAX 1024 /* opened at once */
#define INPUT_JOURNAL_CURSOR_MAX 256

struct input_journal;

/* source is a text of journal_source_text(). Opens nothing yet. Returns NULL with a fault if the text is malformed. */
struct input_journal *input_journal_new(struct slice source, struct fault *fault);
struct input_journal *input_journal_free(struct input_journal *journal);

/* Opens, or opens anew: matches and place are to be set again. since_us: of rotated files, which are left out otherwise, those are read that
 * may hold entries from then on (wall clock; UINT64_MAX: none). Returns 0; INPUT_JOURNAL_E_EMPTY if there is nothing that can be
 * read, with a fault that says why (it is open nevertheless if a file may yet appear); or negative errno with a fault. */
enum { INPUT_JOURNAL_E_EMPTY = 1 };
int input_journal_open(struct input_journal *journal, uint64_t since_us, struct fault *fault);
/* Whether other files are to be read now than those that are open. */
bool input_journal_has_moved(struct input_journal *journal, uint64_t since_us);

/* Entries that fit none of the matches need not be given; a match without groups wants all. Returns 0 or negative errno. */
int input_journal_set_matches(struct input_journal *journal, const struct journal_match *const *matches, size_t count);
/* The next entry will be the one behind that of cursor. Returns 0 or negative errno (-EINVAL: not a cursor). */
int input_journal_seek_cursor(struct input_journal *journal, const char *cursor);
/* The next entry will be the first that was received at or after realtime_us. */
int input_journal_seek_time(struct input_journal *journal, uint64_t realtime_us);
/* Returns 1 with an entry in arena, 0 at the end, or negative errno. */
int input_journal_next(struct input_journal *journal, struct arena *arena, struct journal_entry *ret);
/* The place of the last entry. Returns 0 or negative errno. */
int input_journal_cursor(struct input_journal *journal, char ret[INPUT_JOURNAL_CURSOR_MAX]);
/* When the entry of a cursor was received. Returns 0, or -EINVAL. */
int input_journal_cursor_time(struct slice cursor, uint64_t *ret_realtime_us);

/* Becomes readable when something has changed; then input_journal_process(), which tells whether files have come or
 * gone. Negative if there is none. */
int input_journal_fd(struct input_journal *journal);
bool input_journal_process(struct input_journal *journal);
