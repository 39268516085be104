/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fail2ban says of a jail's work at loglevel DEBUG, in its words, because people look for them.
 * All of it costs nothing while the level is off. */
#pragma once

#include "enforce/ticket.h"

#define JAIL_DEBUG_IDS_MAX 1000 /* listed in one message */

struct jail;

/* A failure comes from the log. */
void jail_debug_line(const struct ticket *ticket);
/* It has been counted. */
void jail_debug_failures(const struct jail *jail);
/* A ban was made / a ban is lifted. */
void jail_debug_ban(const struct jail *jail, const struct ticket *ticket);
void jail_debug_unban(const struct jail *jail, const struct ticket *ticket);
/* So many have ended in one go. */
void jail_debug_expired(const struct jail *jail, uint32_t count);
/* All bans of the jail are lifted. */
void jail_debug_flush(const struct jail *jail, size_t count);
/* The jail stops: what it read is not followed any more. */
void jail_debug_stop(const struct jail *jail);
