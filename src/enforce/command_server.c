/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about the server as a whole: its life, and jails coming and going. */
#include <errno.h>
#include <math.h>

#include "base/diag.h"
#include "base/repr.h"
#include "base/version.h"
#include "build_config.h"
#include "enforce/command.h"
#include "enforce/command_value.h"
#include "enforce/server.h"

#define LOGGER "fail2ban.server"
#define SLEEP_MAX_S 86400.0

void command_ping(struct call *call) {
        call_return(call, value_text("pong"));
}

void command_version(struct call *call) {
        call_return(call, value_text(FAIL2BAN_VERSION "+stockade" STOCKADE_VERSION));
}

void command_echo(struct call *call) {
        struct value words = value_list();
        for (size_t i = 1; i < call_count(call); i++)
                value_append(&words, *call_item(call, i), &call->arena);
        call_return(call, words);
}

void command_server_status(struct call *call) {
        diag(DIAG_DEBUG, "fail2ban.transmitter", "Status: ready");
        call_return(call, value_text("Server ready"));
}

struct sleep {
        struct loop_timer timer;
        struct call *call;
};

static void on_sleep_end(void *user) {
        struct sleep *sleep = user;
        call_return(sleep->call, VALUE_OF_NONE);
}

static void cancel_sleep(struct call *call) {
        struct sleep *sleep = call->state;
        loop_timer_cancel(call->server->loop, &sleep->timer);
}

void command_sleep(struct call *call) {
        struct fault fault = FAULT_INIT;
        double seconds;
        if (command_float(call_item(call, 1), &seconds, &fault) < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        if (!(seconds >= 0) || seconds > SLEEP_MAX_S) {
                call_raise(call, "ValueError", "sleep length must be non-negative and at most %.0f",
                        SLEEP_MAX_S);
                return;
        }
        struct sleep *sleep = arena_alloc(&call->arena, sizeof(*sleep));
        sleep->call = call;
        call->state = sleep;
        call->cancel = cancel_sleep;
        loop_timer_set_in(
                call->server->loop, &sleep->timer, (int64_t)(seconds * 1e6), on_sleep_end, sleep);
}

void command_flushlogs(struct call *call) {
        call_return(call, value_text(server_flush_logs(call->server)));
}

void command_say_config_error(struct call *call) {
        struct slice text = repr_str(call_item(call, 1), &call->arena);
        diag_text(DIAG_ERROR, "fail2ban.transmitter", text);
        call_return(call, VALUE_OF_NONE);
}

/* Jails. */

static void on_stopped(void *user) {
        call_return(user, VALUE_OF_NONE);
}

void command_stop(struct call *call) {
        struct server *server = call->server;
        if (call_count(call) < 2) {
                server_stop(server, call);
                return;
        }
        if (slice_is(call_word(call, 1), "--all")) {
                server_stop_jails(server, JAIL_STOP_ALONE, on_stopped, call);
                return;
        }
        struct jail_entry *entry = jails_find(&server->jails, call_word(call, 1));
        if (entry) {
                jails_stop(&server->jails, entry, JAIL_STOP_ALONE, on_stopped, call);
                return;
        }
        struct slice name = repr_str(call_item(call, 1), &call->arena);
        call_raise(call, "UnknownJailException", "%.*s", SLICE_ARG(name));
}

static struct slice wanted_backend(const struct call *call) {
        return call_count(call) > 2 ? call_word(call, 2) : SLICE("auto");
}

static void add_jail(void *user) {
        struct call *call = user;
        struct fault fault = FAULT_INIT;
        struct slice name = call_word(call, 1);
        /* Somebody else may have taken the name, or may be about to give it up, meanwhile. */
        if (jails_wait_stopped(&call->server->jails, name, add_jail, call))
                return;
        if (jails_add(&call->server->jails, name, wanted_backend(call), &fault))
                call_return(call, *call_item(call, 1));
        else
                call_raise_fault(call, &fault);
}

/* An `add` within a reload of a jail that runs. */
static void take_jail(struct call *call, struct jail_entry *entry) {
        struct slice backend = wanted_backend(call);
        const char *name = jail_name(entry->jail);
        if (slice_is(backend, entry->backend)) {
                diag(DIAG_INFO, LOGGER, "Reload jail '%s'", name);
                entry->reload = JAIL_RELOAD_TAKEN;
                call_return(call, *call_item(call, 1));
                return;
        }
        diag(DIAG_INFO, LOGGER, "Restart jail '%s' (reason: '%s' != '%.*s')", name, entry->backend,
                SLICE_ARG(backend));
        jails_stop(&call->server->jails, entry, JAIL_STOP_ALONE, add_jail, call);
}

void command_add(struct call *call) {
        if (slice_is(call_word(call, 1), "--all")) {
                call_raise(call, "Exception", "Reserved name '--all'");
                return;
        }
        struct jail_entry *entry = jails_find(&call->server->jails, call_word(call, 1));
        if (entry && entry->reload == JAIL_RELOAD_BEGUN)
                take_jail(call, entry);
        else
                add_jail(call);
}

void command_start(struct call *call) {
        struct jail_entry *entry = jails_find(&call->server->jails, call_word(call, 1));
        if (!entry) {
                struct slice name = repr_str(call_item(call, 1), &call->arena);
                call_raise(call, "UnknownJailException", "%.*s", SLICE_ARG(name));
                return;
        }
        struct value matches = scan_options_get(&entry->options, SCAN_OPTION_JOURNALMATCH);
        if (jail_watch_backend(entry->jail) == LOG_WATCH_JOURNAL && !jail_is_started(entry->jail) &&
                matches.list.count == 0)
                diag(DIAG_NOTICE, "fail2ban.filtersystemd",
                        "[%s] Jail started without 'journalmatch' set. Jail regexs will be checked against all "
                        "journal entries, which is not advised for performance reasons.",
                        jail_name(entry->jail));
        bool reloaded = jail_is_started(entry->jail) && entry->reload != JAIL_RELOAD_NONE;
        jail_start(entry->jail);
        if (reloaded) {
                diag(DIAG_INFO, LOGGER, "Jail '%s' reloaded", jail_name(entry->jail));
                entry->reload = JAIL_RELOAD_DONE;
        }
        call_return(call, VALUE_OF_NONE);
}
