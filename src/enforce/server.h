/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged server: jails, actions, database, and its two children. Commands work on this
 * object; it has no state beside it. */
#pragma once

#include "enforce/call.h"
#include "enforce/control_socket.h"
#include "enforce/diag_target.h"
#include "enforce/front_link.h"
#include "enforce/jails.h"
#include "enforce/own_addresses.h"
#include "enforce/resolver.h"
#include "enforce/stream.h"

#define SERVER_SCAN_STOP_MS                                                                        \
        2000 /* for the scanner to hand over what it has read, when the server ends */
#define SERVER_COMMANDS_MAX 10000 /* being carried out at once; beyond, they are refused */

struct server_config {
        const char *socket;   /* control socket, unless the init system hands one over */
        const char *pid_file; /* NULL: none */
        enum control_force force;
        struct diag_target *target;             /* outlives the server */
        const char *runner; /* socket of stockade-runner; NULL: there is none */
        const char *scanner, *front, *resolver, *python; /* programs; NULL: found as supervise.h says */
};

enum server_state { SERVER_NEW, SERVER_RUNNING, SERVER_STOPPING };

struct server {
        struct loop *loop;
        struct clock *clock;
        struct server_config config;
        enum server_state state;
        struct store *store;
        struct value purge_age; /* as set: INT or FLOAT */
        int64_t stack_kib;      /* answered, and nothing else: there are no threads */
        struct loop_timer commit_timer, purge_timer;
        struct runner_link *runner_link; /* or NULL */
        struct runner *runner;
        struct resolver *resolver;
        struct python_link *python;
        struct own_addresses *self;
        struct nft_watch *nft;
        struct flow_cut *flows;
        bool has_ipv6;
        struct scan_link *scan;
        struct journal_link *journal;
        unsigned scans_to_stop;
        struct jails jails;
        struct call_list calls;
        struct stream_queue streams;
        struct control_socket control;
        char *socket_group; /* as set, or NULL */
        struct front_link *front;
        struct call *stop_call; /* answered when everything has stopped */
};

/* config is copied, its texts are not. Returns NULL with fault if the kernel refuses something. */
struct server *server_new(struct loop *loop, struct clock *clock,
        const struct server_config *config, struct fault *fault);
/* Whatever still runs is dropped. NULL is allowed. Returns NULL. */
struct server *server_free(struct server *server);
/* Makes the pid file and the control socket, starts the children. Returns 0 or negative errno with
 * fault (-EADDRINUSE: "Server already running"). */
int server_start(struct server *server, struct fault *fault);
/* Ends in order: no more commands, jails stop, database, socket and pid file go, then the loop
 * stops with 0. Once begun, further calls do nothing. call: to be answered at the end, or NULL. */
void server_stop(struct server *server, struct call *call);
/* Stops all jails; done when they are gone. */
void server_stop_jails(struct server *server, enum jail_stop how, jails_stopped *done, void *user);
/* A command from within, e.g. ['server-stream', LIST]; command must live as long as the call. */
void server_command(
        struct server *server, const struct value *command, call_done *done, void *user);

/* allowipv6: 1, 0, or -1: as the system has it. */
void server_set_ipv6(struct server *server, int allowed);
/* Members of this group may look over the control socket; empty: nobody. Returns 0, or negative errno
 * with fault (LookupError: there is no such group). */
int server_set_socket_group(struct server *server, struct slice name, struct fault *fault);
/* Opens another database; path NULL: none. Returns 0 or negative errno with fault. */
int server_set_store(struct server *server, const char *path, struct fault *fault);
/* set loglevel, for all processes. */
int server_set_level(struct server *server, struct slice level, struct fault *fault);
/* "rolled over" or "flushed". */
const char *server_flush_logs(struct server *server);
