/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns what a jail wants into jobs of its actions. The order of the jobs of one call is
 * upstream's: actions in their order, a stop in the reverse order, a flush first for the actions
 * that can flush, then ticket by ticket for the others. */
#include <errno.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/action_queue.h"

#define LOGGER "fail2ban.actions"
#define CHECK_US 3000000

struct action_list *action_list_new(const struct action_env *env, struct slice jail) {
        struct action_list *list = memory_new(sizeof(*list));
        list->env = *env;
        list->jail = memory_copy_text(jail);
        return list;
}

struct action_list *action_list_free(struct action_list *list) {
        if (!list)
                return NULL;
        for (size_t i = 0; i < list->count; i++)
                action_queue_clear(list->actions[i]);
        while (list->count > 0)
                (void)action_free(list->actions[--list->count]);
        while (list->finished_first) {
                struct action_order *order = list->finished_first;
                list->finished_first = order->next;
                if (order->ticket)
                        (void)ticket_unref(order->ticket);
                free(order);
        }
        loop_timer_cancel(list->env.loop, &list->kick);
        loop_timer_cancel(list->env.loop, &list->patience);
        list->nftset = nftset_free(list->nftset);
        free(list->jail);
        list->is_freed = true;
        if (!list->is_telling)
                free(list);
        return NULL;
}

static struct action *look_up(const struct action_list *list, struct slice name) {
        for (size_t i = list->count; i-- > 0;) /* a reload may put another of its name behind it */
                if (!list->actions[i]->is_dropped && slice_is(name, list->actions[i]->name))
                        return list->actions[i];
        return NULL;
}

/* A new action; known, which the reload has not touched, goes at its end. */
static int append(struct action_list *list, const struct action *known, struct slice name,
        struct fault *fault) {
        if (known && !(list->is_reloading && known->is_untouched)) {
                fault_raise(fault, "ValueError", "Action %.*s already exists", SLICE_ARG(name));
                return -EEXIST;
        }
        if (name.len == 0 || name.len > ACTION_PROP_NAME_MAX ||
                slice_find_char(name, '\0', 0) < name.len)
                return fault_raise(fault, "ValueError", "bad name of an action");
        if (list->count == ACTIONS_MAX) {
                fault_raise(fault, "ValueError", "too many actions, at most %d", ACTIONS_MAX);
                return -ENOBUFS;
        }
        list->actions[list->count++] = action_new(list, name);
        return 0;
}

int action_list_add(struct action_list *list, struct slice name, struct fault *fault) {
        struct action *known = look_up(list, name);
        if (known && list->is_reloading && !known->python) {
                known->is_untouched = false;
                action_props_clear(&known->props);
                action_state_forget_commands(&known->state);
                return 0;
        }
        int r = append(list, known, name, fault);
        if (r == 0)
                diag(DIAG_DEBUG, "fail2ban.CommandAction",
                        "Created <class 'fail2ban.server.action.CommandAction'>");
        return r;
}

int action_list_add_python(struct action_list *list, struct slice name, struct slice file,
        struct slice json, struct fault *fault) {
        struct action *known = look_up(list, name);
        struct arena arena = ARENA_INIT;
        int r = access(arena_copy(&arena, file).data, R_OK) < 0 ? -errno : 0;
        arena_done(&arena);
        if (r < 0)
                return fault_set_errno(fault, r, "action %.*s", SLICE_ARG(file));
        if (!list->env.python)
                return fault_raise(
                        fault, "RuntimeError", "there is nothing to run actions in Python");
        if (known && list->is_reloading && known->python &&
                python_action_is_same(known->python, file, json)) {
                known->is_untouched = false;
                return ACTION_E_KNOWN;
        }
        r = append(list, known, name, fault);
        if (r < 0)
                return r;
        struct action *action = list->actions[list->count - 1];
        struct python_action_config config = {
                &list->env, slice_of(list->jail), name, file, json, &action->props};
        action->python = python_action_new(&config, fault);
        if (action->python)
                return 0;
        action_list_forget(list, action);
        return -EINVAL;
}

void action_list_forget(struct action_list *list, struct action *action) {
        size_t at = 0;
        while (list->actions[at] != action)
                at++;
        list->count--;
        memmove(&list->actions[at], &list->actions[at + 1],
                (list->count - at) * sizeof(list->actions[0]));
        action_queue_clear(action);
        if (action->python)
                python_action_dismiss(action->python);
        (void)action_free(action);
}

int action_list_del(struct action_list *list, struct slice name, struct fault *fault) {
        struct action *action = action_list_find(list, name, fault);
        if (!action)
                return -ENOENT;
        action_list_forget(list, action);
        return 0;
}

struct action *action_list_find(
        const struct action_list *list, struct slice name, struct fault *fault) {
        struct action *action = look_up(list, name);
        if (!action)
                fault_raise(fault, "KeyError", "Invalid Action name: %.*s", SLICE_ARG(name));
        return action;
}

struct value action_list_names(const struct action_list *list, struct arena *arena) {
        struct value names = value_list();
        for (size_t i = 0; i < list->count; i++)
                if (!list->actions[i]->is_dropped)
                        value_append(&names,
                                value_string(arena_copy(arena, slice_of(list->actions[i]->name))),
                                arena);
        return names;
}

static void start_one(struct action *action, struct action_order *order) {
        action->is_started = true;
        action_queue_add(action, order, ACTION_JOB_START, NULL);
}

void action_list_start(struct action_list *list, action_list_done *done, void *user) {
        struct action_order *order = action_order_new(done, user);
        for (size_t i = 0; i < list->count; i++)
                start_one(list->actions[i], order);
        action_order_close(list, order);
}

/* Whether one more order would be too many; says so the first time. */
static bool is_full(struct action_list *list) {
        if (list->pending < ACTION_ORDERS_MAX)
                return false;
        if (list->refused++ == 0)
                diag(DIAG_ERROR, LOGGER, "[%s] cannot ban: %d orders wait for the actions already",
                        list->jail, ACTION_ORDERS_MAX);
        return true;
}

static struct action_order *ticket_order(
        struct ticket *ticket, action_list_done *done, void *user) {
        struct action_order *order = action_order_new(done, user);
        order->ticket = ticket_ref(ticket);
        return order;
}

void action_list_ban(
        struct action_list *list, struct ticket *ticket, action_list_done *done, void *user) {
        struct action_order *order = ticket_order(ticket, done, user);
        if (is_full(list)) {
                order->failed++;
                action_order_close(list, order);
                return;
        }
        order->is_ban = true;
        for (size_t i = 0; i < list->count; i++)
                action_queue_add(list->actions[i], order, ACTION_JOB_BAN, ticket);
        action_order_close(list, order);
}

/* Whether only actions that were repaired since the ticket's ban are concerned. */
static bool is_concerned(
        const struct action_list *list, const struct action *action, const struct ticket *ticket) {
        bool some = false;
        for (size_t i = 0; i < list->count; i++)
                some = some || list->actions[i]->epoch > ticket->ban_epoch;
        return !some || action->epoch > ticket->ban_epoch;
}

void action_list_say_reban(const struct action_list *list, const struct ticket *ticket) {
        struct arena arena = ARENA_INIT;
        const struct action *only = NULL;
        size_t count = 0;
        for (size_t i = 0; i < list->count; i++) {
                if (!is_concerned(list, list->actions[i], ticket))
                        continue;
                only = list->actions[i];
                count++;
        }
        struct slice name = count == 1 ? repr_text(slice_of(only->name), &arena) : SLICE_NULL;
        diag(DIAG_NOTICE, LOGGER, "[%s] Reban %s%s%.*s", list->jail, ticket->id,
                name.len > 0 ? ", action " : "", SLICE_ARG(name));
        arena_done(&arena);
}

void action_list_reban(
        struct action_list *list, struct ticket *ticket, action_list_done *done, void *user) {
        struct action_order *order = ticket_order(ticket, done, user);
        order->is_ban = true;
        for (size_t i = 0; i < list->count; i++)
                if (is_concerned(list, list->actions[i], ticket))
                        action_queue_add(list->actions[i], order, ACTION_JOB_REBAN, ticket);
        action_order_close(list, order);
}

void action_list_reban_first(struct action_list *list, struct ticket *ticket, uint64_t seq) {
        struct action_order *order = ticket_order(ticket, NULL, NULL);
        order->is_ban = true;
        action_list_say_reban(list, ticket);
        for (size_t i = 0; i < list->count; i++)
                if (is_concerned(list, list->actions[i], ticket))
                        action_queue_add_first(
                                list->actions[i], order, ACTION_JOB_REBAN, ticket, seq);
        action_order_close(list, order);
}

static bool can_prolong(const struct action *action) {
        return slice_trim(action_props_text(&action->props, "actionprolong")).len > 0;
}

void action_list_prolong(struct action_list *list, struct ticket *ticket) {
        struct action_order *order = action_order_new(NULL, NULL);
        for (size_t i = 0; i < list->count; i++)
                if (can_prolong(list->actions[i]))
                        action_queue_add(list->actions[i], order, ACTION_JOB_PROLONG, ticket);
        action_order_close(list, order);
}

bool action_list_can_prolong(const struct action_list *list) {
        for (size_t i = 0; i < list->count; i++)
                if (can_prolong(list->actions[i]))
                        return true;
        return false;
}

static bool follows_ends(const struct action *action) {
        struct slice text = action_props_text(&action->props, "actionban");
        return can_prolong(action) && slice_find(text, SLICE("<nft-timeout>"), 0) < text.len;
}

bool action_list_follows_ends(const struct action_list *list) {
        for (size_t i = 0; i < list->count; i++)
                if (follows_ends(list->actions[i]))
                        return true;
        return false;
}

void action_list_end_moved(struct action_list *list, struct ticket *ticket) {
        struct action_order *order = action_order_new(NULL, NULL);
        for (size_t i = 0; i < list->count; i++)
                if (follows_ends(list->actions[i]))
                        action_queue_add(list->actions[i], order, ACTION_JOB_PROLONG, ticket);
        action_order_close(list, order);
}

void action_list_unban(
        struct action_list *list, struct ticket *ticket, action_list_done *done, void *user) {
        struct action_order *order = action_order_new(done, user);
        for (size_t i = 0; i < list->count; i++)
                action_queue_add(list->actions[i], order, ACTION_JOB_UNBAN, ticket);
        action_order_close(list, order);
}

static bool can_flush(const struct action *action) {
        return action_props_text(&action->props, "actionflush").len > 0;
}

enum which { WHICH_ALL, WHICH_UNTOUCHED, WHICH_NOT_KEPT };

static bool is_meant(const struct action *action, enum which which) {
        if (which == WHICH_NOT_KEPT) /* "false" in a configuration is a text */
                return slice_is(action_props_text(&action->props, "keeponstop"), "false") ||
                       !action_props_is_true(&action->props, "keeponstop");
        return which == WHICH_ALL || action->is_untouched;
}

static void flush(struct action_list *list, enum which which, enum action_job_kind kind,
        struct ticket *const *tickets, size_t count, struct action_order *order) {
        for (size_t i = 0; i < list->count; i++) {
                struct action *action = list->actions[i];
                if (!is_meant(action, which) || !can_flush(action))
                        continue;
                diag(DIAG_NOTICE, LOGGER, "[%s] Flush ticket(s) with %s", list->jail, action->name);
                action_queue_add(action, order, kind, NULL);
        }
        for (size_t k = 0; k < count; k++)
                for (size_t i = 0; i < list->count; i++)
                        if (is_meant(list->actions[i], which) && !can_flush(list->actions[i]))
                                action_queue_add(
                                        list->actions[i], order, ACTION_JOB_UNBAN, tickets[k]);
}

void action_list_flush(struct action_list *list, struct ticket *const *tickets, size_t count,
        action_list_done *done, void *user) {
        struct action_order *order = action_order_new(done, user);
        flush(list, WHICH_ALL, ACTION_JOB_FLUSH, tickets, count, order);
        action_order_close(list, order);
}

static void stop(struct action_list *list, enum which which, struct action_order *order) {
        for (size_t i = list->count; i-- > 0;)
                if (is_meant(list->actions[i], which)) {
                        action_queue_add(list->actions[i], order, ACTION_JOB_STOP, NULL);
                        list->actions[i]->is_started = false;
                }
}

void action_list_stop(struct action_list *list, enum action_stop how, struct ticket *const *tickets,
        size_t count, action_list_done *done, void *user) {
        struct action_order *order = action_order_new(done, user);
        enum which which = how == ACTION_STOP_SERVER ? WHICH_NOT_KEPT : WHICH_ALL;
        flush(list, which, ACTION_JOB_FLUSH_TO_STOP, tickets, count, order);
        stop(list, which, order);
        action_order_close(list, order);
}

void action_list_gather_begin(struct action_list *list) {
        list->gathers = true;
}

void action_list_gather_end(struct action_list *list) {
        list->gathers = false;
        action_queue_kick(list);
}

void action_list_check(struct action_list *list, struct ticket *ticket) {
        int64_t now_us = clock_mono_us(list->env.clock);
        if (list->has_checked && now_us < list->last_check_us + CHECK_US)
                return;
        list->has_checked = true;
        list->last_check_us = now_us;
        struct action_order *order = ticket_order(ticket, NULL, NULL);
        order->is_check = true;
        for (size_t i = 0; i < list->count; i++)
                action_queue_add(list->actions[i], order, ACTION_JOB_CHECK, NULL);
        action_order_close(list, order);
}

uint32_t action_list_epoch(const struct action_list *list) {
        return list->epoch;
}

bool action_list_wants_matches(const struct action_list *list) {
        for (size_t i = 0; i < list->count; i++) {
                const struct action_props *props = &list->actions[i]->props;
                if (list->actions[i]->python)
                        return true; /* who knows */
                for (size_t k = 0; k < props->count; k++) {
                        struct slice text = action_props_text(props, props->items[k].name);
                        if (slice_find(text, SLICE("matches"), 0) < text.len ||
                                slice_find(text, SLICE("<F-*>"), 0) < text.len ||
                                slice_find(text, SLICE("raw-ticket"), 0) < text.len)
                                return true;
                }
        }
        return false;
}

void action_list_reload_begin(struct action_list *list) {
        list->is_reloading = true;
        for (size_t i = 0; i < list->count; i++)
                list->actions[i]->is_untouched = true;
}

/* A new action hears of the bans in force as at a restart; that it is not to hear of old ones, too.
 */
static void catch_up(struct action *action, struct ticket *const *tickets, size_t count,
        struct action_order *order) {
        if (action_props_is_true(&action->props, "norestored"))
                return;
        for (size_t i = 0; i < count; i++)
                action_queue_add(action, order, ACTION_JOB_BAN, tickets[i]);
}

void action_list_reload_end(struct action_list *list, struct ticket *const *tickets, size_t count,
        action_list_done *done, void *user) {
        struct action_order *order = action_order_new(done, user);
        for (size_t i = 0; i < list->count; i++) {
                struct action *action = list->actions[i];
                if (action->is_untouched)
                        continue;
                if (action->is_started) {
                        action_queue_add(action, order, ACTION_JOB_RELOAD, NULL);
                } else {
                        start_one(action, order);
                        catch_up(action, tickets, count, order);
                }
        }
        flush(list, WHICH_UNTOUCHED, ACTION_JOB_FLUSH_TO_STOP, tickets, count, order);
        stop(list, WHICH_UNTOUCHED, order);
        for (size_t i = 0; i < list->count; i++) {
                list->actions[i]->is_dropped =
                        list->actions[i]->is_dropped || list->actions[i]->is_untouched;
                list->actions[i]->is_untouched = false;
        }
        list->is_reloading = false;
        action_order_close(list, order);
}

size_t action_list_pending(const struct action_list *list) {
        return list->pending;
}
