/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which journal is read: the options of `backend = systemd[...]` (spec filter.md 4.9). Their text is also how one reader is told from
 * another, and what the scanner is sent. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"

#define JOURNAL_SOURCE_MAX 3072 /* bytes of all options */
#define JOURNAL_PERSISTENT "/var/log/journal"
#define JOURNAL_RUNTIME "/run/log/journal"

struct journal_source {
        struct slice path;  /* journalpath: one folder; empty: none */
        struct slice files; /* journalfiles: globs, parted by blanks or commas; empty: none */
        struct slice name_space;
        bool has_flags;
        int flags; /* as of sd_journal_open(3) */
        bool rotated;
        struct value given; /* DICT of the options as they were given */
};

/* Reads "[name=value, ...]" (empty: no options) into arena. default_flags: of the environment, or NULL; they count where no files or
 * path are given. Returns 0, or -EINVAL with a fault: an option that is not known, a wrong number, too long. */
int journal_source_parse(struct slice options, const char *default_flags, struct arena *arena, struct journal_source *ret,
        struct fault *fault);
/* The same options, so that journal_source_parse() reads them back; the same text for equal options. Empty if there are none. */
struct slice journal_source_text(const struct journal_source *source, struct arena *arena);
/* LIST of the folders that hold the files: of a glob, what stands in front of its first special character. */
struct value journal_source_folders(const struct journal_source *source, struct arena *arena);
/* Takes the next glob off *rest (start with source->files). Returns whether there was one. */
bool journal_source_next_glob(struct slice *rest, struct slice *ret);
