/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is heard only makes the guard look; what it then sees counts. A set that is missing, or that
 * no rule looks into any more, makes its family lost: a restore job runs the family's actionstart,
 * and the bans of the family are given again behind it, before anything else that waits (their
 * order among each other is that of the bans). Elements cannot be looked at cheaply: when some were
 * taken out, all bans are given again, which changes nothing for those that are there. */
#include "enforce/action_guard.h"

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/action_batch.h"
#include "enforce/action_frame.h"
#include "enforce/action_queue.h"

#define BUSY_US 50000 /* look again when a command of the action runs */

static struct nft_watch *watch_of(const struct action *action) {
        return action->list->env.nft;
}

static const char *family_name(uint8_t family) {
        const struct address address = {.family = family};
        return address_family_name(&address);
}

static void hear_again(struct action *action) {
        if (action->guard.is_deaf)
                nft_watch_resume(watch_of(action), NFT_WATCH_SOME);
        action->guard.is_deaf = false;
}

void action_guard_done(struct action *action) {
        struct action_guard *guard = &action->guard;
        hear_again(action);
        loop_timer_cancel(action->list->env.loop, &guard->timer);
        for (size_t i = 0; i < guard->count; i++) {
                guard->sets[i]->watched = nft_watch_remove(guard->sets[i]->watched);
                free(guard->sets[i]);
        }
        *guard = (struct action_guard){0};
}

static bool is_lost(const struct action *action, const struct action_guarded *set) {
        enum nftset_state state;
        struct nftset *link = *nft_watch_link(watch_of(action));
        unsigned bits = action_state_bits(&action->state, family_name(set->family));
        if (!(bits & ACTION_STARTED) || nftset_look(link, &set->place, set->family, &state) < 0)
                return false; /* nobody knows */
        return state == NFTSET_MISSING || (state == NFTSET_UNHOOKED && set->was_hooked);
}

static void say(
        const struct action *action, const struct action_guarded *set, bool is_gone, size_t count) {
        diag(DIAG_WARNING, ACTION_LOGGER_LIST,
                "[%s] %s has %s set %s %s of action %s: putting %s back, %zu ban(s)",
                action->list->jail, nft_watch_culprit(watch_of(action)),
                is_gone ? "disabled" : "taken elements out of", set->place.table, set->place.set,
                action->name, is_gone ? "it" : "them", count);
}

static bool is_for(const struct action_guarded *set, const struct address *address) {
        return address->family == set->family && !address_is_single(address) == set->is_net;
}

/* Gives the bans of the set again, before all that waits. Returns how many. */
static size_t reban(
        struct action *action, const struct action_guarded *set, struct action_order *order) {
        const struct action_env *env = &action->list->env;
        size_t all = 0, count = 0;
        struct ticket **tickets =
                env->info && env->info->tickets ? env->info->tickets(env->user, &all) : NULL;
        for (size_t i = all; i-- > 0;) {
                if (!is_for(set, &tickets[i]->address))
                        continue;
                action_queue_add_first(action, order, ACTION_JOB_REBAN, tickets[i], 0);
                count++;
        }
        free(tickets);
        return count;
}

static void put_back(struct action *action) {
        struct action_order *order = action_order_new(NULL, NULL);
        bool is_any_gone = false;
        for (size_t i = 0; i < action->guard.count; i++) {
                struct action_guarded *set = action->guard.sets[i];
                const char *family = family_name(set->family);
                bool is_less = (set->lost & NFT_WATCH_ELEMENTS) != 0;
                unsigned bits = action_state_bits(&action->state, family);
                bool is_gone = is_lost(action, set);
                set->lost = 0;
                if (!is_gone && !(is_less && (bits & ACTION_HOLDS_BANS)))
                        continue;
                size_t count = reban(action, set, order);
                say(action, set, is_gone, count);
                if (is_gone)
                        action_state_set(&action->state, family, bits | ACTION_LOST);
                is_any_gone = is_any_gone || is_gone;
                action->guard.last_us = clock_mono_us(action->list->env.clock);
        }
        if (is_any_gone)
                action_queue_add_first(action, order, ACTION_JOB_RESTORE, NULL, 0);
        action_order_close(action->list, order);
}

static void arm(struct action *action, int64_t in_us);

static void on_timer(void *user) {
        struct action *action = user;
        struct action_guard *guard = &action->guard;
        int64_t now_us = clock_mono_us(action->list->env.clock);
        if (action->running) {
                arm(action, BUSY_US);
                return;
        }
        if (guard->last_us && now_us - guard->last_us > ACTION_GUARD_FORGET_US)
                guard->last_us = guard->gap_us = 0;
        if (guard->last_us && now_us < guard->last_us + guard->gap_us) {
                arm(action, guard->last_us + guard->gap_us - now_us);
                return;
        }
        int64_t before_us = guard->last_us;
        put_back(action);
        if (guard->last_us == before_us)
                return; /* all was well */
        guard->gap_us = guard->gap_us == 0 ? ACTION_GUARD_GAP_US : guard->gap_us * 2;
        if (guard->gap_us > ACTION_GUARD_GAP_MAX_US)
                guard->gap_us = ACTION_GUARD_GAP_MAX_US;
}

static void arm(struct action *action, int64_t in_us) {
        loop_timer_set_in(action->list->env.loop, &action->guard.timer, in_us, on_timer, action);
}

static void on_lost(void *user, unsigned what) {
        struct action_guarded *set = user;
        struct action *action = set->action;
        set->lost |= what;
        if (!loop_timer_is_set(&action->guard.timer))
                arm(action, ACTION_GUARD_DELAY_US);
}

void action_guard_pause(struct action *action) {
        if (action->guard.count == 0 || action->guard.is_deaf)
                return;
        action->guard.is_deaf = true;
        nft_watch_pause(watch_of(action));
}

void action_guard_settle(struct action *action) {
        if (action->guard.count == 0)
                return;
        hear_again(action);
        nft_watch_read(watch_of(action));
        for (size_t i = 0; i < action->guard.count; i++) {
                struct action_guarded *set = action->guard.sets[i];
                set->lost &= ~NFT_WATCH_ELEMENTS;
                if (action_state_bits(&action->state, family_name(set->family)) & ACTION_LOST)
                        on_lost(set, NFT_WATCH_HOOK); /* it did not work: later again */
        }
}

static void guard_set(struct action *action, const struct address *address,
        const struct nftset_place *place, enum nftset_state state) {
        struct action_guard *guard = &action->guard;
        struct action_guarded *set = memory_new(sizeof(*set));
        *set = (struct action_guarded){.action = action,
                .is_net = !address_is_single(address),
                .family = address->family,
                .was_hooked = state == NFTSET_HOOKED,
                .place = *place};
        set->watched = nft_watch_add(watch_of(action), place, on_lost, set);
        if (!set->watched) {
                free(set);
                return;
        }
        guard->sets[guard->count++] = set;
}

void action_guard_learn(struct action *action, struct ticket *ticket) {
        struct action_guard *guard = &action->guard;
        struct nft_watch *watch = watch_of(action);
        uint8_t family = ticket->address.family;
        struct nftset_place place;
        enum nftset_state state;
        if (!watch || family == ADDRESS_NONE)
                return;
        if (guard->version != action->props.version) {
                action_guard_done(action);
                guard->version = action->props.version;
        }
        unsigned kind = 1U << (family * 2U + !address_is_single(&ticket->address));
        if (guard->tried & kind || guard->count == ACTION_GUARD_SETS_MAX)
                return;
        guard->tried |= kind;
        if (!action_batch_place(action, ticket, &place))
                return;
        if (!*nft_watch_link(watch))
                *nft_watch_link(watch) = nftset_new();
        if (!*nft_watch_link(watch) ||
                nftset_look(*nft_watch_link(watch), &place, family, &state) < 0)
                return;
        if (state == NFTSET_HOOKED || state == NFTSET_UNHOOKED)
                guard_set(action, &ticket->address, &place, state);
}

enum action_guard_state action_guard_look(const struct action *action) {
        const struct action_guard *guard = &action->guard;
        for (size_t i = 0; i < guard->count; i++)
                if (is_lost(action, guard->sets[i]))
                        return ACTION_GUARD_BROKEN;
        return guard->count > 0 ? ACTION_GUARD_GOOD : ACTION_GUARD_UNKNOWN;
}
