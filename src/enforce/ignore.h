/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is never banned: ignoreself, ignoreip, ignorecommand, with their cache (spec filter.md 3.7). */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/value.h"
#include "enforce/process.h"
#include "enforce/ticket.h"

#define IGNORE_ENTRIES_MAX 100000

#define IGNORE_CHECKS_MAX 1000 /* checks of one jail that wait for names or commands; beyond, the check ends as "not ignored" */

struct resolver;
struct own_addresses;
struct action_info_ops; /* action.h */
struct ignore;

struct ignore_env {
        struct loop *loop;
        const struct clock *clock;
        struct runner *runner;
        struct resolver *resolver;  /* names in ignoreip; NULL: they match nothing */
        struct own_addresses *self; /* NULL: ignoreself matches nothing */
        const char *jail;           /* for messages; must outlive it */
        const struct action_info_ops
                *info; /* the jail's tags in ignorecommand and ignorecache, or NULL */
        void *user;    /* of info */
};

struct ignore *ignore_new(const struct ignore_env *env);
struct ignore *ignore_free(struct ignore *ignore);

/* addignoreip / delignoreip of one word. del returns -EINVAL (ValueError "list.remove(x): x not in list") if it is absent. */
int ignore_add(struct ignore *ignore, struct slice word, struct fault *fault);
int ignore_del(struct ignore *ignore, struct slice word, struct fault *fault);
void ignore_clear(struct ignore *ignore);
/* As `get JAIL ignoreip` lists them: networks, names, files first. */
struct value ignore_list(const struct ignore *ignore, struct arena *arena);
void ignore_set_self(struct ignore *ignore, bool on);
bool ignore_self(const struct ignore *ignore);
/* Empty: none. */
void ignore_set_command(struct ignore *ignore, struct slice command);
/* The text, or False if it was never set. */
struct value ignore_command(const struct ignore *ignore, struct arena *arena);
/* "key=..., max-count=..., max-time=..."; empty clears. Returns 0, or -EINVAL with fault. */
int ignore_set_cache(struct ignore *ignore, struct slice text, struct fault *fault);
struct value ignore_cache(const struct ignore *ignore, struct arena *arena);

/* Whether somebody who is never banned may be in net: an entry or an own address is; or there are names, files or a command, of which
 * that is not known. */
bool ignore_may_be_in(const struct ignore *ignore, const struct address *net);

/* Whether it is known at once, and without ignorecache, that the address is not ignored: ignore_check() would say so. */
bool ignore_passes(struct ignore *ignore, const struct address *address);

/* Grows whenever ignore_passes() may have another answer than before, for any address. */
unsigned ignore_epoch(struct ignore *ignore);

/* Decides about a ticket. source: as logged after "Ignore IP by ", empty: ignored, but not to be
 * logged again (ignorecache), or NULL: not ignored. Calls done at once where it can, else later
 * from the loop, when names or the command have answered; or never, if ignore is freed before. */
typedef void ignore_done(void *user, struct ticket *ticket, const char *source);
void ignore_check(struct ignore *ignore, struct ticket *ticket, ignore_done *done, void *user);
