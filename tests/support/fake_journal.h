/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals for tests: made by systemd-journal-remote out of the export format, no journald has to run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fake_journal {
        char folder[64];
        char file[160];
        uint64_t tick; /* of the monotonic clock: grows with each entry */
};

/* Whether journals can be made here, and this build can read them. */
bool fake_journal_is_possible(void);
/* In a folder of its own. */
void fake_journal_begin(struct fake_journal *journal);
void fake_journal_end(struct fake_journal *journal);
/* Appends count entries, whose line is the message alone, of _SYSTEMD_UNIT=unit, one a microsecond from realtime_us on. */
void fake_journal_append(struct fake_journal *journal, const char *unit, const char *message, unsigned count, uint64_t realtime_us);
/* As journald: the file gets another name, the next entry goes to a new one. */
void fake_journal_rotate(struct fake_journal *journal);
