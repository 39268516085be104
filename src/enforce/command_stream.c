/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server-stream and reload: a whole configuration at once (spec server.md 3.6).
 * A reload goes in steps, each of which may take its time: bans end (--unban), jails stop
 * (--restart), the affected jails are made to await their new configuration, the stream is run, and
 * whatever it has not named goes. */
#include <errno.h>

#include "base/diag.h"
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/server.h"

#define LOGGER "fail2ban.server"

static bool is_list(const struct value *value) {
        return value->type == VALUE_LIST || value->type == VALUE_TUPLE;
}

/* Whether a stream can be begun; else the call has ended. */
static bool may_enter(struct call *call, size_t index) {
        if (call->mode == CALL_IN_STREAM) {
                call_raise(call, "Exception", "Invalid command");
                return false;
        }
        if (!is_list(call_item(call, index))) {
                call_raise(call, "TypeError", "the stream is no list");
                return false;
        }
        return true;
}

static void enter(struct call *call, stream_turn *turn, void *user) {
        if (stream_queue_enter(&call->server->streams, turn, user) < 0)
                call_raise(call, "ValueError", "Reload already in progress");
}

/* server-stream */

static void on_stream_done(void *user, const struct call_error *error) {
        struct call *call = user;
        struct server *server = call->server;
        if (error)
                call_fail(call, error);
        else
                call_return(call, VALUE_OF_NONE);
        stream_queue_leave(&server->streams);
}

static void begin_stream(void *user) {
        struct call *call = user;
        const struct stream_request request = {.commands = call_item(call, 1)};
        stream_run(call->server, &request, on_stream_done, call);
}

void command_stream(struct call *call) {
        if (may_enter(call, 1))
                enter(call, begin_stream, call);
}

/* reload */

struct reload {
        struct call *call;
        struct slice jail; /* "--all" or one */
        bool all, if_exists, unban, restart;
        size_t pending; /* jails that have not finished the present step, plus one while they are
                           told */
        void (*next)(struct reload *reload);
        struct value former; /* DICT */
        bool failed;
        struct call_error error;
};

static void step_done(struct reload *reload) {
        if (--reload->pending == 0)
                reload->next(reload);
}

static struct jails *jails_of(const struct reload *reload) {
        return &reload->call->server->jails;
}

/* The next jail that is reloaded. */
static struct jail_entry *next_affected(const struct reload *reload, size_t *position) {
        for (struct jail_entry *entry; (entry = jails_next(jails_of(reload), position));)
                if (reload->all || slice_is(reload->jail, jail_name(entry->jail)))
                        return entry;
        return NULL;
}

static void finish_reload(struct reload *reload) {
        struct call *call = reload->call;
        struct server *server = call->server;
        diag(DIAG_INFO, LOGGER, "Reload finished.");
        if (reload->failed)
                call_fail(call, &reload->error);
        else
                call_return(call, value_text("OK"));
        stream_queue_leave(&server->streams);
}

static void on_removed(void *user) {
        step_done(user);
}

static void on_committed(void *user, struct jail *jail) {
        (void)jail;
        step_done(user);
}

/* What the new configuration has not named goes, the rest is done. */
static void end_reload(struct reload *reload) {
        struct jails *jails = jails_of(reload);
        size_t position = 0;
        reload->pending = 1;
        reload->next = finish_reload;
        for (struct jail_entry *entry; (entry = jails_next(jails, &position));) {
                enum jail_reload state = entry->reload;
                entry->reload = JAIL_RELOAD_NONE;
                if (state == JAIL_RELOAD_NONE)
                        continue;
                reload->pending++;
                if (state == JAIL_RELOAD_DONE) {
                        jail_reload_end(entry->jail, on_committed, reload);
                        continue;
                }
                size_t before = jails->count;
                jails_stop(jails, entry, JAIL_STOP_ALONE, on_removed, reload);
                position -= before - jails->count; /* it may have gone at once */
        }
        step_done(reload);
}

static void on_reload_stream(void *user, const struct call_error *error) {
        struct reload *reload = user;
        struct arena *arena = &reload->call->arena;
        if (error) {
                reload->failed = true;
                reload->error.class_name = arena_copy(arena, error->class_name);
                reload->error.arguments = value_copy(&error->arguments, arena);
                reload->error.text = arena_copy(arena, error->text);
        }
        end_reload(reload);
}

static void run_stream(struct reload *reload) {
        size_t position = 0;
        for (struct jail_entry *entry; (entry = next_affected(reload, &position));) {
                entry->reload = JAIL_RELOAD_BEGUN;
                jails_reload_begin(entry);
        }
        const struct stream_request request = {
                .commands = call_item(reload->call, 3), .former = &reload->former};
        stream_run(reload->call->server, &request, on_reload_stream, reload);
}

static void stop_affected(struct reload *reload) {
        size_t position = 0;
        reload->pending = 1;
        reload->next = run_stream;
        if (reload->restart && reload->all)
                diag(DIAG_INFO, LOGGER, "Stopping all jails");
        for (struct jail_entry *entry;
                reload->restart && (entry = next_affected(reload, &position));) {
                size_t before = jails_of(reload)->count;
                reload->pending++;
                jails_stop(jails_of(reload), entry, JAIL_STOP_ALONE, on_removed, reload);
                position -= before - jails_of(reload)->count;
        }
        step_done(reload);
}

static void on_unbanned(void *user, uint64_t count, const struct value *absent) {
        (void)count;
        (void)absent;
        step_done(user);
}

static void unban_affected(struct reload *reload) {
        size_t position = 0;
        reload->pending = 1;
        reload->next = stop_affected;
        for (struct jail_entry *entry;
                reload->unban && (entry = next_affected(reload, &position));) {
                reload->pending++;
                jail_unban_all(entry->jail, JAIL_UNBAN_WITH_ROWS, on_unbanned, reload);
        }
        step_done(reload);
}

static void remember_former(struct reload *reload) {
        struct arena *arena = &reload->call->arena;
        size_t position = 0;
        reload->former = value_dict();
        for (struct jail_entry *entry; (entry = next_affected(reload, &position));) {
                struct slice name = arena_copy(arena, slice_of(jail_name(entry->jail)));
                value_dict_put(&reload->former, value_string(name),
                        value_copy(&entry->config, arena), arena);
        }
}

static void begin_reload(void *user) {
        struct reload *reload = user;
        struct call *call = reload->call;
        diag(DIAG_INFO, LOGGER, "Reload %s%.*s", reload->all ? "all jails" : "jail ",
                reload->all ? 0 : (int)reload->jail.len, reload->jail.data);
        if (!reload->all && !reload->if_exists && !jails_find(jails_of(reload), reload->jail)) {
                struct server *server = call->server;
                diag(DIAG_INFO, LOGGER, "Reload finished.");
                call_raise(call, "UnknownJailException", "%.*s", SLICE_ARG(reload->jail));
                stream_queue_leave(&server->streams);
                return;
        }
        if (reload->all && call->server->resolver)
                resolver_clear_cache(call->server->resolver);
        remember_former(reload);
        unban_affected(reload);
}

static bool has_option(const struct value *options, const char *name) {
        for (size_t i = 0; is_list(options) && i < options->list.count; i++)
                if (slice_is(value_item_text(options, i), name))
                        return true;
        return false;
}

void command_reload(struct call *call) {
        if (!may_enter(call, 3))
                return;
        const struct value *options = call_item(call, 2);
        struct reload *reload = arena_alloc(&call->arena, sizeof(*reload));
        *reload = (struct reload){
                .call = call,
                .jail = call_word(call, 1),
                .all = slice_is(call_word(call, 1), "--all"),
                .if_exists = has_option(options, "--if-exists"),
                .unban = has_option(options, "--unban"),
                .restart = has_option(options, "--restart"),
        };
        enter(call, begin_reload, reload);
}
