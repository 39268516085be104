/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is heard only makes the guard look; what it then sees counts. A set that is missing, or that
 * no rule looks into any more, is put back with its table, chains, rules and elements in one
 * transaction, from the image that was taken when it was well: nobody sees the rule without the
 * bans. Where that cannot be, because there is more in its chains than the image can hold or the
 * kernel refuses it, the family is lost: a restore job runs its actionstart, and the bans of the
 * family are given again behind it, before anything else that waits (their order among each other
 * is that of the bans). Elements cannot be looked at cheaply: when some were taken out, all bans
 * are given again, which changes nothing for those that are there. */
#include "enforce/action_guard.h"

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/action_batch.h"
#include "enforce/action_frame.h"
#include "enforce/action_queue.h"
#include "enforce/address_set.h"
#include "enforce/nft_image.h"

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
                guard->sets[i]->image = nft_image_free(guard->sets[i]->image);
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

/* What is to be put back now. */
struct loss {
        struct action_guarded *set;
        bool is_gone; /* the set or its rules, not only elements */
        size_t count; /* bans of the set */
};

struct losses {
        struct loss items[ACTION_GUARD_SETS_MAX];
        size_t count;
        struct ticket **tickets; /* all bans of the jail */
        size_t ticket_count;
};

static void say(const struct action *action, const struct loss *loss) {
        diag(DIAG_WARNING, ACTION_LOGGER_LIST,
                "[%s] %s has %s set %s %s of action %s: putting %s back, %zu ban(s)",
                action->list->jail, nft_watch_culprit(watch_of(action)),
                loss->is_gone ? "disabled" : "taken elements out of", loss->set->place.table,
                loss->set->place.set, action->name, loss->is_gone ? "it" : "them", loss->count);
}

/* Of sets without a ban only if there is no other. */
static void say_all(const struct action *action, const struct losses *losses) {
        size_t bans = 0;
        for (size_t i = 0; i < losses->count; i++)
                bans += losses->items[i].count;
        for (size_t i = 0; i < losses->count && (bans > 0 || i == 0); i++)
                if (bans == 0 || losses->items[i].count > 0)
                        say(action, &losses->items[i]);
}

static unsigned kind_of(const struct ticket *ticket) {
        struct address address = ticket_address(ticket);
        return address_is_single(&address) ? ACTION_GUARD_SINGLE : ACTION_GUARD_NET;
}

static bool is_for(const struct action *action, const struct action_guarded *set,
        const struct ticket *ticket) {
        return ticket_family(ticket) == set->family && (kind_of(ticket) & set->kinds) &&
               !action_queue_is_skipped_when_restored(action, ticket);
}

/* Finds out what is lost, and forgets what was heard of it. */
static void find_losses(struct action *action, struct losses *losses) {
        const struct action_env *env = &action->list->env;
        for (size_t i = 0; i < action->guard.count; i++) {
                struct action_guarded *set = action->guard.sets[i];
                bool is_less = (set->lost & NFT_WATCH_ELEMENTS) != 0;
                unsigned bits = action_state_bits(&action->state, family_name(set->family));
                bool is_gone = is_lost(action, set);
                set->lost = 0;
                if (is_gone || (is_less && (bits & ACTION_HOLDS_BANS)))
                        losses->items[losses->count++] = (struct loss){set, is_gone, 0};
        }
        if (losses->count > 0 && env->info && env->info->tickets)
                losses->tickets = env->info->tickets(env->user, &losses->ticket_count);
        for (size_t i = 0; i < losses->count; i++)
                for (size_t k = 0; k < losses->ticket_count; k++)
                        losses->items[i].count +=
                                is_for(action, losses->items[i].set, losses->tickets[k]);
}

/* Leaves out what a network among the elements from first on covers, which are those of one set: an
 * interval set refuses it. */
static void drop_covered(struct action_batch_elements *elements, size_t first) {
        struct address_set nets = {0};
        size_t kept = first;
        for (size_t i = first; i < elements->count; i++)
                if (!address_is_single(&elements->items[i].address))
                        address_set_add(&nets, &elements->items[i].address);
        for (size_t i = first; i < elements->count && nets.count > 0; i++)
                if (!address_set_find_wider(&nets, &elements->items[i].address))
                        elements->items[kept++] = elements->items[i];
        if (nets.count > 0)
                elements->count = kept;
        address_set_done(&nets);
}

/* The elements of all lost sets. Returns 0, or -1 if they cannot be told. */
static int list_elements(struct action *action, const struct losses *losses,
        struct action_batch_elements *elements) {
        for (size_t i = 0; i < losses->count; i++) {
                const struct action_guarded *set = losses->items[i].set;
                size_t first = elements->count;
                if (action_batch_elements(action, &set->place, set->family, losses->tickets,
                            losses->ticket_count, elements) < 0)
                        return -1;
                drop_covered(elements, first);
        }
        return 0;
}

/* The images of those sets that are gone themselves. False if one has none. */
static bool list_images(
        const struct losses *losses, const struct nft_image **ret, size_t *ret_count) {
        *ret_count = 0;
        for (size_t i = 0; i < losses->count; i++) {
                const struct loss *loss = &losses->items[i];
                if (loss->is_gone && !loss->set->image)
                        return false;
                if (loss->is_gone)
                        ret[(*ret_count)++] = loss->set->image;
        }
        return true;
}

/* All of it in one transaction; false if that cannot be done. */
static bool put_back_whole(struct action *action, const struct losses *losses) {
        const struct nft_image *images[ACTION_GUARD_SETS_MAX];
        struct action_batch_elements elements = {0};
        struct nft_watch *watch = watch_of(action);
        size_t image_count;
        uint32_t transactions;
        int r = list_images(losses, images, &image_count) ? 0 : -1;
        if (r == 0)
                r = list_elements(action, losses, &elements);
        if (r == 0) {
                nft_watch_pause(watch);
                r = nftset_restore(*nft_watch_link(watch), images, image_count, elements.items,
                        elements.count, &transactions);
                nft_watch_resume(watch, r == 0 ? transactions : NFT_WATCH_SOME);
        }
        free(elements.items);
        return r == 0;
}

/* By the action's own commands: first what it starts with, then ban by ban. */
static void put_back_by_jobs(struct action *action, const struct losses *losses) {
        struct action_order *order = action_order_new(NULL, NULL);
        bool is_any_gone = false;
        for (size_t i = 0; i < losses->count; i++) {
                const struct loss *loss = &losses->items[i];
                const char *family = family_name(loss->set->family);
                unsigned bits = action_state_bits(&action->state, family);
                for (size_t k = losses->ticket_count; k-- > 0;)
                        if (is_for(action, loss->set, losses->tickets[k]))
                                action_queue_add_first(
                                        action, order, ACTION_JOB_REBAN, losses->tickets[k], 0);
                if (loss->is_gone)
                        action_state_set(&action->state, family, bits | ACTION_LOST);
                is_any_gone = is_any_gone || loss->is_gone;
        }
        if (is_any_gone)
                action_queue_add_first(action, order, ACTION_JOB_RESTORE, NULL, 0);
        action_order_close(action->list, order);
}

/* Takes the image of a set that is well. Why that cannot be is told once. */
static void take_image(struct action *action, struct action_guarded *set) {
        char why[NFT_IMAGE_WHY_MAX];
        set->image = nft_image_free(set->image);
        int r = nft_image_take(*nft_watch_link(watch_of(action)), &set->place, &set->image, why);
        if (r != NFT_IMAGE_E_UNUSUAL || set->said_no_image || !set->was_hooked)
                return;
        set->said_no_image = true;
        diag(DIAG_INFO, ACTION_LOGGER_LIST,
                "[%s] set %s %s of action %s, if it is lost, is set up by actionstart and then "
                "filled: it cannot be put back as a whole with %s",
                action->list->jail, set->place.table, set->place.set, action->name, why);
}

static void take_images(struct action *action) {
        for (size_t i = 0; i < action->guard.count; i++) {
                struct action_guarded *set = action->guard.sets[i];
                if (!set->lost && !is_lost(action, set))
                        take_image(action, set);
        }
}

/* Who has got in meanwhile has connections again. */
static void tell_held(const struct action *action, const struct losses *losses) {
        for (size_t i = 0; i < losses->count; i++)
                for (size_t k = 0; k < losses->ticket_count; k++)
                        if (is_for(action, losses->items[i].set, losses->tickets[k]))
                                action_queue_tell_held(action->list, losses->tickets[k]);
}

static void put_back(struct action *action) {
        struct losses losses = {.count = 0};
        find_losses(action, &losses);
        if (losses.count == 0) {
                take_images(action); /* somebody may have changed rules without harm */
                return;
        }
        say_all(action, &losses);
        if (put_back_whole(action, &losses)) {
                for (size_t i = 0; i < losses.count; i++) {
                        const char *family = family_name(losses.items[i].set->family);
                        unsigned bits = action_state_bits(&action->state, family);
                        action_state_set(&action->state, family, bits & ~ACTION_LOST);
                }
                tell_held(action, &losses);
        } else {
                put_back_by_jobs(action, &losses);
        }
        action->guard.last_us = clock_mono_us(action->list->env.clock);
        free(losses.tickets);
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
        take_images(action);
}

static struct action_guarded *find_set(
        const struct action_guard *guard, const struct nftset_place *place) {
        for (size_t i = 0; i < guard->count; i++) {
                const struct nftset_place *known = &guard->sets[i]->place;
                if (known->family == place->family && strcmp(known->table, place->table) == 0 &&
                        strcmp(known->set, place->set) == 0)
                        return guard->sets[i];
        }
        return NULL;
}

static struct action_guarded *guard_set(struct action *action, uint8_t family,
        const struct nftset_place *place, enum nftset_state state) {
        struct action_guard *guard = &action->guard;
        if (guard->count == ACTION_GUARD_SETS_MAX)
                return NULL;
        struct action_guarded *set = memory_new(sizeof(*set));
        *set = (struct action_guarded){.action = action,
                .family = family,
                .was_hooked = state == NFTSET_HOOKED,
                .place = *place};
        set->watched = nft_watch_add(watch_of(action), place, on_lost, set);
        if (!set->watched) {
                free(set);
                return NULL;
        }
        take_image(action, set);
        guard->sets[guard->count++] = set;
        return set;
}

/* Whether it is known now where bans of this kind stand. */
static bool learn_kind(struct action *action, struct ticket *ticket) {
        struct nft_watch *watch = watch_of(action);
        uint8_t family = (uint8_t)ticket_family(ticket);
        struct nftset_place place;
        enum nftset_state state;
        if (!action_batch_place(action, ticket, &place))
                return false;
        struct action_guarded *set = find_set(&action->guard, &place);
        if (!*nft_watch_link(watch))
                *nft_watch_link(watch) = nftset_new();
        if (!*nft_watch_link(watch))
                return false;
        if (!set && nftset_look(*nft_watch_link(watch), &place, family, &state) == 0 &&
                (state == NFTSET_HOOKED || state == NFTSET_UNHOOKED))
                set = guard_set(action, family, &place, state);
        if (set)
                set->kinds |= kind_of(ticket);
        return set != NULL;
}

/* A ticket of the same family, of the other kind: its set is lost or not with the other's. */
static struct ticket *counterpart(const struct ticket *ticket) {
        bool is_four = ticket_family(ticket) == ADDRESS_INET4;
        const char *id = kind_of(ticket) == ACTION_GUARD_NET
                                 ? (is_four ? "192.0.2.1" : "2001:db8::1")
                         : is_four ? "192.0.2.0/24"
                                   : "2001:db8::/64";
        struct address address;
        (void)address_parse(slice_of(id), &address);
        return ticket_new(slice_of(id), &address, ticket->time);
}

void action_guard_learn(struct action *action, struct ticket *ticket) {
        struct action_guard *guard = &action->guard;
        uint8_t family = (uint8_t)ticket_family(ticket);
        if (!watch_of(action) || family == ADDRESS_NONE)
                return;
        if (guard->version != action->props.version) {
                action_guard_done(action);
                guard->version = action->props.version;
        }
        unsigned shift = family * 2U, kind = kind_of(ticket) << shift,
                 both = (ACTION_GUARD_SINGLE | ACTION_GUARD_NET) << shift;
        if (guard->tried & kind)
                return;
        guard->tried |= kind;
        if (!learn_kind(action, ticket) || (guard->tried & both) == both)
                return;
        struct ticket *other = counterpart(ticket);
        if (learn_kind(action, other))
                guard->tried |= both;
        (void)ticket_unref(other);
}

enum action_guard_state action_guard_look(const struct action *action) {
        const struct action_guard *guard = &action->guard;
        for (size_t i = 0; i < guard->count; i++)
                if (is_lost(action, guard->sets[i]))
                        return ACTION_GUARD_BROKEN;
        return guard->count > 0 ? ACTION_GUARD_GOOD : ACTION_GUARD_UNKNOWN;
}
