/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who announces an address: asked of Team Cymru's name server, with dig, for `status JAIL cymru`.
 */
#pragma once

#include "base/arena.h"
#include "base/value.h"
#include "enforce/process.h"

#define CYMRU_IDS_MAX 500 /* addresses of one question; the others are left out */
#define CYMRU_TIMEOUT_S 20
#define CYMRU_TEXT_MAX 64 /* bytes of one field of an answer; longer ones are cut */

enum cymru_list { CYMRU_ASN, CYMRU_COUNTRY, CYMRU_RIR, CYMRU_COUNT };

/* lists: a LIST of texts each, one for each address in the order of the question. */
typedef void cymru_done(void *user, const struct value lists[static CYMRU_COUNT]);

/* ids: LIST of texts; those that are no single addresses are left out. done comes once, from the
 * loop or, where dig is missing, at once, with lists of "error". */
void cymru_ask(struct runner *runner, const struct value *ids, cymru_done *done, void *user);

/* Reads dig's answers (lines "NAME TTL IN TXT "..."") for names, a LIST: a name without one is
 * "nxdomain". ret: CYMRU_COUNT lists. */
void cymru_read(struct slice answers, const struct value *names, struct arena *arena,
        struct value ret[static CYMRU_COUNT]);
