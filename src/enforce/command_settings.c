/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about settings of the server: its own log, the database, threads that it does not have.
 */
#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/command_value.h"
#include "enforce/server.h"

/* The log. */

void command_get_loglevel(struct call *call) {
        call_return(call, value_string(arena_copy(
                                  &call->arena, diag_target_level(call->server->config.target))));
}

void command_set_loglevel(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct slice level = repr_str(call_item(call, 2), &call->arena);
        if (server_set_level(call->server, level, &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_loglevel(call);
}

void command_get_logtarget(struct call *call) {
        call_return(call, value_string(arena_copy(
                                  &call->arena, diag_target_name(call->server->config.target))));
}

void command_set_logtarget(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (diag_target_set(call->server->config.target, call_word(call, 2), &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_logtarget(call);
}

void command_get_syslogsocket(struct call *call) {
        call_return(call, value_string(arena_copy(&call->arena,
                                  diag_target_syslog_socket(call->server->config.target))));
}

void command_set_syslogsocket(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (diag_target_set_syslog_socket(call->server->config.target, call_word(call, 2), &fault) <
                0)
                call_raise_fault(call, &fault);
        else
                command_get_syslogsocket(call);
}

/* Threads: the option is taken and given back, for configurations that have it. */

void command_get_thread(struct call *call) {
        struct value options = value_dict();
        value_dict_put(&options, value_text("stacksize"), value_int(call->server->stack_kib),
                &call->arena);
        call_return(call, options);
}

void command_set_thread(struct call *call) {
        struct fault fault = FAULT_INIT;
        const struct value *options = call_item(call, 2);
        int64_t number = call->server->stack_kib;
        if (options->type != VALUE_DICT) {
                call_raise(call, "AttributeError", "'str' object has no attribute 'items'");
                return;
        }
        for (size_t i = 0; i + 1 < options->list.count; i += 2) {
                if (!slice_is(
                            value_item_text(
                                    &(struct value){.type = VALUE_LIST, .list = options->list}, i),
                            "stacksize")) {
                        struct slice name = repr(&options->list.items[i], &call->arena);
                        call_raise(call, "KeyError", "unknown option %.*s", SLICE_ARG(name));
                        return;
                }
                if (command_int(&options->list.items[i + 1], &number, &fault) < 0) {
                        call_raise_fault(call, &fault);
                        return;
                }
        }
        call->server->stack_kib = number;
        call_return(call, VALUE_OF_NONE);
}

void command_set_allowipv6(struct call *call) {
        const struct value *value = call_item(call, 2);
        bool is_auto = value->type == VALUE_STRING && slice_is(value->string, "auto");
        server_set_ipv6(call->server, is_auto ? -1 : command_bool(value));
        call_return(call, *value);
}

void command_get_socketgroup(struct call *call) {
        const char *group = call->server->socket_group;
        call_return(call,
                group ? value_string(arena_copy(&call->arena, slice_of(group))) : VALUE_OF_NONE);
}

void command_set_socketgroup(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (server_set_socket_group(call->server, call_word(call, 2), &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_socketgroup(call);
}

/* The database. */

void command_get_dbfile(struct call *call) {
        if (call->server->store)
                call_return(call, value_string(arena_copy(&call->arena,
                                          slice_of(store_path(call->server->store)))));
        else
                call_return(call, VALUE_OF_NONE);
}

void command_set_dbfile(struct call *call) {
        struct server *server = call->server;
        struct fault fault = FAULT_INIT;
        struct slice path = call_word(call, 2);
        bool none = slice_equal_nocase(path, SLICE("none"));
        if (server->store ? slice_is(path, store_path(server->store)) : none) {
                command_get_dbfile(call);
                return;
        }
        if (jails_count(&server->jails) > 0) {
                call_raise(call, "RuntimeError",
                        "Cannot change database when there are jails present");
                return;
        }
        struct slice kept = arena_copy(&call->arena, path);
        if (server_set_store(server, none ? NULL : kept.data, &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_dbfile(call);
}

static bool has_store(struct call *call, const char *option) {
        if (call->server->store)
                return true;
        diag(DIAG_MSG, "fail2ban.transmitter", "%s setting was not in effect since no db yet",
                option);
        call_return(call, VALUE_OF_NONE);
        return false;
}

void command_get_dbmaxmatches(struct call *call) {
        if (call->server->store)
                call_return(call, value_int(store_max_matches(call->server->store)));
        else
                call_return(call, VALUE_OF_NONE);
}

void command_set_dbmaxmatches(struct call *call) {
        struct fault fault = FAULT_INIT;
        int64_t number;
        if (!has_store(call, "dbmaxmatches"))
                return;
        if (command_int(call_item(call, 2), &number, &fault) < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        store_set_max_matches(call->server->store, number);
        command_get_dbmaxmatches(call);
}

void command_get_dbpurgeage(struct call *call) {
        call_return(call, call->server->store ? call->server->purge_age : VALUE_OF_NONE);
}

void command_set_dbpurgeage(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct value seconds;
        if (!has_store(call, "dbpurgeage"))
                return;
        if (command_duration(call_item(call, 2), &seconds, &fault) < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        seconds.origin = NULL;
        call->server->purge_age = seconds;
        store_set_purge_age(call->server->store, command_number(&seconds));
        command_get_dbpurgeage(call);
}
