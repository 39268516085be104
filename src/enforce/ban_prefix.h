/* SPDX-License-Identifier: GPL-2.0-or-later */
/* banprefix.*: an attacker who changes his address within his network fails under each of them only
 * a few times. Failures are counted for networks too; one that reaches maxretry from several
 * addresses is banned as a whole. */
#pragma once

#include "base/fault.h"
#include "base/table.h"
#include "base/value.h"
#include "enforce/window.h"

#define BAN_PREFIX_MIN 3        /* distinct addresses, unless banprefix.min says otherwise */
#define BAN_PREFIX_MIN_MAX 64   /* at most */
#define BAN_PREFIXES_MAX 100000 /* networks that have failed; beyond, the oldest is forgotten */
#define BAN_PREFIX_SHORTEST4 8  /* no shorter prefix: too many would be banned at once */
#define BAN_PREFIX_SHORTEST6 32

struct ban_prefix {
        uint8_t len4, len6; /* prefix lengths; 0: off */
        uint32_t min;
        struct window window; /* of networks; its settings are those of the jail's */
        struct table seen;    /* network -> the addresses that have failed there */
};

void ban_prefix_init(struct ban_prefix *prefix);
void ban_prefix_done(struct ban_prefix *prefix);
/* name: "v4", "v6" (a prefix length; 0 or None: off) or "min". Returns 0, or -EINVAL with fault. If
 * that changes something, what has been counted is forgotten. */
int ban_prefix_set(struct ban_prefix *prefix, struct slice name, const struct value *value,
        struct fault *fault);
/* INT; NONE if it is off, or name is none of them. */
struct value ban_prefix_get(const struct ban_prefix *prefix, struct slice name);
/* Whether any address counts for its network. */
bool ban_prefix_is_on(const struct ban_prefix *prefix);
/* The network that would be banned in the place of address; false if none is. */
bool ban_prefix_of(
        const struct ban_prefix *prefix, const struct address *address, struct address *ret);
/* Counts a failure. Returns a ticket for the network (the caller's) if that is to be banned now:
 * with the matches and the number of all failures in it; else NULL. */
struct ticket *ban_prefix_count(
        struct ban_prefix *prefix, const struct ticket *ticket, double weight);
/* Forgets what is too old. */
void ban_prefix_cleanup(struct ban_prefix *prefix, double now);
