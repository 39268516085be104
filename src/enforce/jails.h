/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's jails, in the order in which they were added, with what commands remember about
 * each. */
#pragma once

#include "base/table.h"
#include "enforce/jail.h"
#include "enforce/scan_options.h"

#define JAILS_MAX SCAN_JAILS_MAX
#define JAILS_NAME_MAX 200 /* bytes */

/* What a reload has done to a jail so far. */
enum jail_reload {
        JAIL_RELOAD_NONE,
        JAIL_RELOAD_BEGUN, /* affected, and not yet named by the new configuration */
        JAIL_RELOAD_TAKEN, /* it is in the new configuration ("add") */
        JAIL_RELOAD_DONE,  /* and started again */
};

struct jail_entry {
        struct jail *jail;
        uint32_t id;
        char *backend; /* as `add` had it, with what is in brackets */
        struct scan_options options;
        enum jail_reload reload;
        bool stopping; /* to be found no more; goes when its actions are through */
        struct arena config_arena;
        struct value
                config; /* LIST of the commands that made it what it is, for a reload that fails */
        uint64_t lines, dropped; /* read from its logs; of these given up */
        uint64_t banned_total;   /* bans of which the database knows */
        struct jail_stopper *stoppers;
        struct jails *jails;
};

struct jails {
        struct jail_env env;
        struct table names;        /* name -> entry */
        struct jail_entry **items; /* by id, which is also the order of adding */
        size_t count, capacity;
        uint32_t last_id;
};

void jails_init(struct jails *jails, const struct jail_env *env);
/* Frees what is left, without stopping it. */
void jails_done(struct jails *jails);

/* Adds a jail, which is not started. Returns NULL with fault: DuplicateJailException, ValueError
 * for the backend, ... */
struct jail_entry *jails_add(
        struct jails *jails, struct slice name, struct slice backend, struct fault *fault);
/* NULL if there is none, or it is stopping. */
struct jail_entry *jails_find(const struct jails *jails, struct slice name);
struct jail_entry *jails_find_id(const struct jails *jails, uint32_t id);
/* The next entry that is not stopping, from *position (start with 0) on, or NULL at the end. */
struct jail_entry *jails_next(const struct jails *jails, size_t *position);
size_t jails_count(const struct jails *jails);

/* A reload of the jail begins: what its configuration has set is forgotten. */
void jails_reload_begin(struct jail_entry *entry);
/* Stops it; done when it is gone. Stopping twice is allowed: both are told. */
typedef void jails_stopped(void *user);
void jails_stop(struct jails *jails, struct jail_entry *entry, enum jail_stop how,
        jails_stopped *done, void *user);
/* Whether a jail of that name is stopping; then done will be called when it is gone. */
bool jails_wait_stopped(struct jails *jails, struct slice name, jails_stopped *done, void *user);

/* Keeps a copy of the commands that have configured it. */
void jail_entry_keep_config(struct jail_entry *entry, const struct value *commands);
