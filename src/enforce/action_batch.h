/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans and unbans that wait in an action's queue and are plain nftables commands go to the kernel
 * in one transaction. Only what has no effect besides goes this way: the action's family is started
 * and holds bans, the command has no tag but the address and what depends on the ban's end.
 * Everything else, and every ban that the kernel refuses, is left to the run of its own
 * (action_run.h), which starts, checks, repairs and says what is wrong. */
#pragma once

#include "enforce/action_props.h"
#include "enforce/nftset.h"
#include "enforce/ticket.h"

struct action;

/* Whether commands of the action may be done in process: property "inprocess" is not false. */
bool action_batch_is_allowed(const struct action_props *props);
/* Does the first jobs of the action's queue together. Returns how many of them are done, all with
 * success; 0: the first has to be run by itself. The queue is not changed. */
size_t action_batch_run(struct action *action);
/* Appends the elements that the action's commands for a new ban in force put into the set at place
 * for tickets of this family. Returns 0, or -1 if one of them is not done in process. */
struct action_batch_elements {
        struct nftset_element *items; /* free() it */
        size_t count, capacity;
};
int action_batch_elements(struct action *action, const struct nftset_place *place, uint8_t family,
        struct ticket *const *tickets, size_t count, struct action_batch_elements *elements);
/* The set in which the action's plain command puts the ticket's ban; false if it is none. */
bool action_batch_place(struct action *action, struct ticket *ticket, struct nftset_place *ret);
