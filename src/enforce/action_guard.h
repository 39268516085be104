/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sees to it that the nftables sets in which an action's bans stand stay there and are looked into.
 * When somebody else takes away a set, its rule, its table, or an element, the action is started
 * again where that is needed, and all bans are put back; told once each time, and less and less
 * often if it happens again and again. Only for sets that are filled in process (action_batch.h).
 */
#pragma once

#include "base/loop.h"
#include "enforce/nft_watch.h"
#include "enforce/ticket.h"

#define ACTION_GUARD_SETS_MAX 4           /* of both families, for addresses and for networks */
#define ACTION_GUARD_DELAY_US 100000      /* a change comes as many events */
#define ACTION_GUARD_GAP_US 1000000       /* between two times; doubles ... */
#define ACTION_GUARD_GAP_MAX_US 300000000 /* ... up to this */
#define ACTION_GUARD_FORGET_US 600000000  /* ... and starts anew after so long a peace */

#define ACTION_GUARD_SINGLE 1U
#define ACTION_GUARD_NET 2U

struct action;
struct nft_image;

struct action_guarded {
        struct action *action;
        unsigned lost;   /* NFT_WATCH_*: heard, not yet looked into */
        uint8_t family;  /* enum address_family */
        unsigned kinds;  /* of addresses that it is for: ACTION_GUARD_SINGLE, _NET */
        bool was_hooked; /* a rule looked into it when it was new: else nobody expects one */
        struct nftset_place place;
        struct nft_image *image; /* how it stood when it was well; NULL: unknown ... */
        bool said_no_image;      /* ... and why, has been told */
        struct nft_watched *watched;
};

/* Of one action; zero: nothing is guarded. */
struct action_guard {
        struct action_guarded *sets[ACTION_GUARD_SETS_MAX];
        size_t count;
        unsigned tried;   /* kinds of addresses of each family (two bits each) of which it is known
                             what is done with them */
        uint64_t version; /* of the properties then */
        int64_t last_us;  /* when something was put back; 0: never */
        int64_t gap_us;
        struct loop_timer timer;
        bool is_deaf; /* a command of the action's own changes whole sets now */
};

enum action_guard_state { ACTION_GUARD_UNKNOWN, ACTION_GUARD_GOOD, ACTION_GUARD_BROKEN };

/* After a ban of the ticket has succeeded: guards the set in which it is now. */
void action_guard_learn(struct action *action, struct ticket *ticket);
/* Before and after commands of the action's own that change whole sets: that is no loss. */
void action_guard_pause(struct action *action);
void action_guard_settle(struct action *action);
/* Whether all sets are there and in use, as the kernel says now. */
enum action_guard_state action_guard_look(const struct action *action);
void action_guard_done(struct action *action);
