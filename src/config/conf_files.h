/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logical configurations ("jail", "filter.d/sshd"): which files make one up, in which order, and
 * what they merge to. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "config/finding.h"
#include "config/ini.h"

#define CONF_INCLUDE_DEPTH_MAX 32    /* files that include each other */
#define CONF_FILES_MAX 4096u         /* files read by one store */
#define CONF_MEMORY_MAX (256u << 20) /* bytes of arena that one configuration may take */

/* Everything read for one request. Files and logical configurations are read once. */
struct conf_store {
        struct arena *arena;
        struct slice basedir; /* without '/' at the end */
        struct dict files;    /* path to index of a struct conf_file */
        struct conf_file **file_list;
        size_t file_count;
        struct dict includes; /* list of files to what it expands to */
        struct dict confs;    /* name to index of a struct conf */
        struct conf **conf_list;
        size_t conf_count;
        const struct value_origin *blame; /* where the last fault came from, or NULL */
        struct slice part; /* what of the blamed value is wrong, as it is written; may be empty */
        struct slice fix;  /* what may have been meant; may be empty */
        struct findings *findings; /* takes what a test finds, instead of messages; or NULL */
};

struct conf {
        struct slice name;
        bool is_read;   /* false: the files are not there or cannot be read, which has been said */
        struct ini ini; /* merged; shadow sections are called "KNOWN/NAME" */
};

/* basedir: '/' at its end are dropped; empty means /etc/fail2ban. */
void conf_store_init(struct conf_store *store, struct slice basedir, struct arena *arena);
/* Blames origin (or NULL: nothing) from now on, and forgets what was known of another blame. */
void conf_store_blame(struct conf_store *store, const struct value_origin *origin);
/* Reads the logical configuration called name (a path relative to basedir without ".conf", or an
 * absolute one). Gives it in *ret (owned by the store), also if it could not be read: see is_read.
 * Returns 0, or negative errno with a fault if a file is malformed or the base directory is
 * missing. */
int conf_read(struct conf_store *store, struct slice name, struct conf **ret, struct fault *fault);
/* Reads one file by its path, with its includes and its .local twin. */
int conf_read_path(
        struct conf_store *store, struct slice path, struct conf **ret, struct fault *fault);
/* LIST of the names (without ".conf") that files of a folder ("filter.d") below the base directory have, at most CONF_FILES_MAX. */
struct value conf_store_names(const struct conf_store *store, const char *folder);
/* The directory that is the default. */
#define CONF_BASEDIR "/etc/fail2ban"
