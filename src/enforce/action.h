/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions of one jail, in order, and the queue of what they are to do (spec server.md 4). Nothing here blocks: orders are queued, shell
 * commands run beside the loop.
 *
 * Order: what one action is to do is done strictly in the order of the orders. Orders of different actions of a jail run in the order in
 * which they were given too, as upstream's do, but a command that runs longer than ACTION_PATIENCE_MS holds up only its own action:
 * a hanging whois delays no ban. Jails do not wait for each other. */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/value.h"
#include "enforce/process.h"
#include "enforce/ticket.h"

#define ACTION_PATIENCE_MS 500
#define ACTIONS_MAX 64                 /* of a jail */
#define ACTION_PROPERTIES_MAX 512      /* of an action */
#define ACTION_ORDERS_MAX 1000000      /* queued in a jail; beyond, bans are refused with an ERROR and counted */

struct python_link;
struct resolver;
struct nft_watch;
struct action_list;
struct action;

/* What tags need of the jail. user is env.user. */
struct action_info_ops {
        /* Text of <bantime>, <jail.name>, <jail.banned>, <jail.banned_total>, <jail.found>, <jail.found_total>, <ipmatches>, <ipjailmatches>,
         * <ipfailures>, <ipjailfailures>. false: not such a tag. */
        bool (*tag)(void *user, const struct ticket *ticket, struct slice tag, struct arena *arena, struct slice *ret);
        /* All bans of the jail now, in the order in which they were made (borrowed); free() the array. NULL: nobody knows. */
        struct ticket **(*tickets)(void *user, size_t *ret_count);
};

struct action_env {
        struct loop *loop;
        const struct clock *clock;
        struct runner *runner;
        struct resolver *resolver; /* for <ip-host>; NULL: "None" */
        struct nft_watch *nft;     /* the server's link to nftables; NULL: each list has its own, and nothing is guarded */
        struct python_link *python; /* NULL: actions in Python are refused */
        const struct action_info_ops *info;
        /* An action has just carried out the ticket's ban, or put it back; or NULL. */
        void (*held)(void *user, const struct ticket *ticket);
        void *user;
        bool has_ipv6;             /* allowipv6: whether family inet6 is started */
};

/* env is copied. */
struct action_list *action_list_new(const struct action_env *env, struct slice jail);
/* Cancels what is queued or running. NULL is allowed. Returns NULL. */
struct action_list *action_list_free(struct action_list *list);

/* Adds a shell action / an action in Python (which is then to be made: python_action_ask("new")). Returns 0, or -EEXIST, -EINVAL, -ENOBUFS with fault (kind and text as upstream's, e.g. ValueError
 * "Action x already exists"). During a reload an action that exists is taken up again: its commands are reset, other properties kept. */
enum { ACTION_E_KNOWN = 2 }; /* in Python: it is there, of the same file and arguments */
int action_list_add(struct action_list *list, struct slice name, struct fault *fault);
int action_list_add_python(struct action_list *list, struct slice name, struct slice file, struct slice json, struct fault *fault);
/* delaction: returns 0 or -ENOENT (KeyError "Invalid Action name: x"). Its stop is not run. */
int action_list_del(struct action_list *list, struct slice name, struct fault *fault);
/* Returns the action or NULL with fault (KeyError "Invalid Action name: x"). */
struct action *action_list_find(const struct action_list *list, struct slice name, struct fault *fault);
/* What an action is made by if it is written in Python: it answers by itself (python_action.h). NULL:
 * it is a command action, as action_set() etc. need it. */
struct python_action;
struct python_action *action_python(const struct action *action);
/* LIST of names. */
struct value action_list_names(const struct action_list *list, struct arena *arena);

/* set/get JAIL action NAME PROPERTY, actionproperties, actionmethods (spec server.md 3.3). set returns the new value in *ret; 0 or negative errno
 * with fault (AttributeError ...). */
int action_set(struct action *action, struct slice property, const struct value *value, struct arena *arena, struct value *ret,
        struct fault *fault);
int action_get(const struct action *action, struct slice property, struct arena *arena, struct value *ret, struct fault *fault);
struct value action_properties(const struct action *action, struct arena *arena);
struct value action_methods(const struct action *action, struct arena *arena);
/* A method called over the socket (ban, unban, start, stop, ...) with its JSON arguments; ACTION_E_NO_METHOD if property is none. done comes
 * with the result or a fault, at once or from the loop; not if it returns a negative errno with fault. */
typedef void action_done(void *user, const struct value *ret, const struct fault *fault);
enum { ACTION_E_NO_METHOD = 1 };
int action_call(struct action *action, struct slice method, struct slice json, action_done *done, void *user, struct fault *fault);

/* Orders for all actions of the list. done (may be NULL) comes once from the loop, when all of them have done it; failures are logged, and
 * counted in failed. Tickets are referenced as long as needed. */
typedef void action_list_done(void *user, unsigned failed);
void action_list_start(struct action_list *list, action_list_done *done, void *user);
void action_list_ban(struct action_list *list, struct ticket *ticket, action_list_done *done, void *user);
void action_list_reban(struct action_list *list, struct ticket *ticket, action_list_done *done, void *user);
/* Names the ticket, and the action if it is only one that is concerned. */
void action_list_say_reban(const struct action_list *list, const struct ticket *ticket);
void action_list_prolong(struct action_list *list, struct ticket *ticket);
void action_list_unban(struct action_list *list, struct ticket *ticket, action_list_done *done, void *user);
/* Lifts the bans of all these tickets: actions with an actionflush do it at once, the others one by one. */
void action_list_flush(struct action_list *list, struct ticket *const *tickets, size_t count, action_list_done *done, void *user);
/* Flushes, then stops, in reverse order of the actions. ACTION_STOP_SERVER: the whole server ends, actions with "keeponstop" are left as
 * they are. */
enum action_stop { ACTION_STOP_ALONE, ACTION_STOP_SERVER };
void action_list_stop(struct action_list *list, enum action_stop how, struct ticket *const *tickets, size_t count, action_list_done *done,
        void *user);
/* Whether an action tells the kernel when a ban ends (<nft-timeout>); then it has to hear when that changes: _end_moved(). */
bool action_list_follows_ends(const struct action_list *list);
void action_list_end_moved(struct action_list *list, struct ticket *ticket);
/* Many bans are to come: until _end(), those that have been ordered wait for others, so that the kernel takes many at once. */
void action_list_gather_begin(struct action_list *list);
void action_list_gather_end(struct action_list *list);
/* "Already banned": checks all actions (actioncheck), at most every 3 s, and repairs what is broken. */
void action_list_check(struct action_list *list, struct ticket *ticket);
/* Grows whenever a repair has lost bans: a ticket with an older epoch is to be banned again (action_list_reban). */
uint32_t action_list_epoch(const struct action_list *list);
bool action_list_can_prolong(const struct action_list *list);
/* Whether a command uses matched lines (<matches>, <ipmatches>, ...): if none does, they need not be kept. */
bool action_list_wants_matches(const struct action_list *list);

/* Reload: begin marks all actions; at the end those that were not added again are unbanned, stopped and removed, the others run
 * actionreload, and new ones start and ban who is banned, unless they have norestored. tickets: the jail's bans. */
void action_list_reload_begin(struct action_list *list);
void action_list_reload_end(struct action_list *list, struct ticket *const *tickets, size_t count, action_list_done *done, void *user);
/* Orders queued or running. */
size_t action_list_pending(const struct action_list *list);
