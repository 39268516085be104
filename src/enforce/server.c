/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object that holds everything together. What comes from the scanner is handed to the jail it
 * is about; what comes from clients becomes a call. The end is a chain of steps, each begun when
 * the one before is through: the scanner hands over what it has read, jails stop, then database,
 * socket and pid file go, then the front answers who waits. */
#include "enforce/server.h"

#include <errno.h>

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "enforce/command.h"
#include "enforce/flow_cut.h"
#include "enforce/journal_link.h"
#include "enforce/nft_watch.h"
#include "enforce/pid_file.h"
#include "enforce/python_link.h"
#include "enforce/runner_link.h"

#define LOGGER "fail2ban.server"
#define SECOND_US INT64_C(1000000)
#define PURGE_AGE_S 86400
#define FRONT_STOP_MS 2000

/* From the scanner. */

static void on_failure(void *user, uint32_t jail, const struct record *record) {
        struct server *server = user;
        const struct jail_entry *entry = jails_find_id(&server->jails, jail);
        if (entry)
                jail_failure(entry->jail, record);
}

static void on_failures_ahead(
        void *user, uint32_t jail, struct record *records, size_t count, unsigned step) {
        struct server *server = user;
        const struct jail_entry *entry = jails_find_id(&server->jails, jail);
        if (entry)
                jail_failures_ahead(entry->jail, records, count, step);
}

static void on_scan_diag(void *user, uint32_t jail, const struct record *record) {
        struct server *server = user;
        const struct jail_entry *entry = jails_find_id(&server->jails, jail);
        char *logger = memory_copy_text(record->diag.logger);
        if (entry)
                diag_text(record->diag.level, logger, record->diag.text);
        free(logger);
}

static void on_count(void *user, uint32_t jail, uint64_t lines, uint64_t dropped) {
        struct server *server = user;
        struct jail_entry *entry = jails_find_id(&server->jails, jail);
        if (!entry)
                return;
        entry->lines += lines;
        entry->dropped += dropped;
}

/* A ban is on disk before its command runs, and with it that its lines have been read: a server
 * that is killed neither forgets nor repeats it. Mere positions wait for the timer: their lines are
 * read again, and led to nothing that would be there twice. */
static void commit_bans(struct server *server, struct jail_entry *entry) {
        if (!server->store || !store_is_dirty(server->store))
                return;
        uint64_t banned = jail_counts(entry->jail).banned_total;
        bool has_banned = banned != entry->banned_total;
        entry->banned_total = banned;
        if (has_banned)
                (void)store_commit(server->store); /* it says what is wrong, and tries again */
}

static void on_position(
        void *user, uint32_t jail, struct slice path, struct slice hash, uint64_t offset) {
        struct server *server = user;
        struct jail_entry *entry = jails_find_id(&server->jails, jail);
        if (!entry)
                return;
        jail_position(entry->jail, path, hash, offset);
        commit_bans(server, entry);
}

static void on_child_message(void *user, int level, const char *logger, struct slice text) {
        (void)user;
        diag_text((enum diag_level)level, logger, text);
}

static const struct scan_link_ops scan_ops = {
        .on_failure = on_failure,
        .on_failures_ahead = on_failures_ahead,
        .on_diag = on_scan_diag,
        .on_count = on_count,
        .on_position = on_position,
        .on_message = on_child_message,
};

/* From clients. */

struct client_call {
        struct server *server;
        struct front_request request;
};

static void on_client_done(void *user, const struct call *call) {
        struct client_call *client = user;
        front_link_answer(client->server->front, &client->request, call);
}

static void on_command(
        void *user, const struct front_request *request, const struct value *command) {
        struct server *server = user;
        if (server->state == SERVER_STOPPING) {
                front_link_answer_shutdown(server->front, request);
                return;
        }
        struct call *call = call_new(&server->calls, server, on_client_done, NULL);
        struct client_call *client = arena_alloc(&call->arena, sizeof(*client));
        *client = (struct client_call){server, *request};
        call->user = client;
        call->role = request->role;
        call->command = value_copy(command, &call->arena);
        if (server->calls.count > SERVER_COMMANDS_MAX)
                call_raise(call, "RuntimeError", "too many commands at once");
        else
                command_run(call);
}

static const struct front_link_ops front_ops = {
        .on_command = on_command, .on_message = on_child_message};

void server_command(
        struct server *server, const struct value *command, call_done *done, void *user) {
        struct call *call = call_new(&server->calls, server, done, user);
        call->command = *command;
        command_run(call);
}

/* The database. */

static void on_commit_timer(void *user) {
        struct server *server = user;
        if (server->store && store_is_dirty(server->store))
                (void)store_commit(server->store); /* it says what is wrong, and tries again */
        if (server->store && store_rest(server->store))
                memory_trim();
        loop_timer_set_in(server->loop, &server->commit_timer, (int64_t)STORE_COMMIT_MS * 1000,
                on_commit_timer, server);
}

static void on_purge_timer(void *user) {
        struct server *server = user;
        if (server->store) {
                store_check(server->store);
                store_purge(server->store);
        }
        loop_timer_set_in(server->loop, &server->purge_timer, STORE_PURGE_S * SECOND_US,
                on_purge_timer, server);
}

int server_set_store(struct server *server, const char *path, struct fault *fault) {
        server->store = store_close(server->store);
        server->purge_age = value_int(PURGE_AGE_S);
        if (!path)
                return 0;
        return store_open(path, server->clock, &server->store, fault);
}

/* Settings. */

static int group_of(struct slice name, gid_t *ret, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct group *entry = name.len > 0 ? getgrnam(arena_copy(&arena, name).data) : NULL;
        *ret = entry ? entry->gr_gid : CONTROL_NO_GROUP;
        arena_done(&arena);
        return entry || name.len == 0
                       ? 0
                       : fault_raise(fault, "LookupError", "unknown group: %.*s", SLICE_ARG(name));
}

int server_set_socket_group(struct server *server, struct slice name, struct fault *fault) {
        gid_t group;
        int r = group_of(name, &group, fault);
        if (r == 0)
                r = control_socket_set_group(&server->control, group, fault);
        if (r < 0)
                return r;
        if (server->front)
                front_link_set_readers(server->front, group);
        free(server->socket_group);
        server->socket_group = name.len > 0 ? memory_copy_text(name) : NULL;
        return 0;
}

/* A unit that closes /proc/sys leaves the list of IPv6 addresses: it is empty, or not there,
 * without IPv6. */
static bool system_has_ipv6(void) {
        char text[8];
        CLEANUP(close_p)
        int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                return read(fd, text, sizeof(text)) > 0 && text[0] == '0';
        fd = open("/proc/self/net/if_inet6", O_RDONLY | O_CLOEXEC);
        return fd >= 0 && read(fd, text, sizeof(text)) > 0;
}

void server_set_ipv6(struct server *server, int allowed) {
        server->has_ipv6 = allowed < 0 ? system_has_ipv6() : allowed > 0;
        if (server->resolver)
                resolver_set_ipv6(server->resolver, server->has_ipv6);
}

int server_set_level(struct server *server, struct slice level, struct fault *fault) {
        int r = diag_target_set_level(server->config.target, level, fault);
        if (r < 0)
                return r;
        scan_link_set_threshold(server->scan, diag_threshold());
        if (journal_link_scan(server->journal))
                scan_link_set_threshold(journal_link_scan(server->journal), diag_threshold());
        front_link_set_threshold(server->front, diag_threshold());
        return 0;
}

const char *server_flush_logs(struct server *server) {
        return diag_target_flush(server->config.target);
}

/* Life. */

static void make_parts(struct server *server) {
        if (server->config.runner)
                server->runner_link = runner_link_new(server->loop, server->config.runner);
        server->runner = runner_new(server->loop, server->clock);
        runner_set_link(server->runner, server->runner_link);
        server->python = python_link_new(server->loop, server->config.python);
        python_link_set_runner(server->python, server->runner_link);
        server->resolver = resolver_new(server->loop, server->clock, server->config.resolver);
        resolver_set_runner(server->resolver, server->runner_link);
        server->self = own_addresses_new(server->clock, server->resolver);
        server->nft = nft_watch_new(server->loop);
        server->flows = flow_cut_new(server->loop);
        const struct jail_env env = {
                .loop = server->loop,
                .clock = server->clock,
                .scan = server->scan,
                .journal = server->journal,
                .store = &server->store,
                .runner = server->runner,
                .resolver = server->resolver,
                .self = server->self,
                .nft = server->nft,
                .flows = server->flows,
                .python = server->python,
                .has_ipv6 = &server->has_ipv6,
        };
        jails_init(&server->jails, &env);
        server_set_ipv6(server, -1);
}

struct server *server_new(struct loop *loop, struct clock *clock,
        const struct server_config *config, struct fault *fault) {
        struct server *server = memory_new(sizeof(*server));
        *server = (struct server){
                .loop = loop, .clock = clock, .config = *config, .control = CONTROL_SOCKET_NONE};
        server->purge_age = value_int(PURGE_AGE_S);
        server->scan = scan_link_new(loop, clock, config->scanner, &scan_ops, server, fault);
        if (!server->scan) {
                free(server);
                return NULL;
        }
        server->front = front_link_new(loop, config->front, &server->control, &front_ops, server);
        server->journal = journal_link_new(loop, clock, config->scanner, &scan_ops, server);
        make_parts(server);
        return server;
}

struct server *server_free(struct server *server) {
        if (!server)
                return NULL;
        loop_timer_cancel(server->loop, &server->commit_timer);
        loop_timer_cancel(server->loop, &server->purge_timer);
        server->front = front_link_free(server->front);
        control_socket_close(&server->control);
        jails_done(&server->jails);
        server->flows = flow_cut_free(server->flows);
        server->nft = nft_watch_free(server->nft);
        server->journal = journal_link_free(server->journal);
        server->scan = scan_link_free(server->scan);
        call_list_done(&server->calls);
        stream_queue_done(&server->streams);
        server->self = own_addresses_free(server->self);
        server->resolver = resolver_free(server->resolver);
        server->python = python_link_free(server->python);
        server->runner = runner_free(server->runner);
        server->runner_link = runner_link_free(server->runner_link);
        server->store = store_close(server->store);
        free(server->socket_group);
        free(server);
        return NULL;
}

static void write_pid_file(const struct server *server) {
        struct fault fault = FAULT_INIT;
        if (server->config.pid_file)
                diag(DIAG_DEBUG, LOGGER, "Creating PID file %s", server->config.pid_file);
        if (server->config.pid_file && pid_file_write(server->config.pid_file, &fault) < 0)
                diag(DIAG_ERROR, LOGGER, "Unable to create PID file: %s", fault_text(&fault));
        fault_done(&fault);
}

static void remove_pid_file(const struct server *server) {
        struct fault fault = FAULT_INIT;
        if (server->config.pid_file)
                diag(DIAG_DEBUG, LOGGER, "Remove PID file %s", server->config.pid_file);
        if (server->config.pid_file && pid_file_remove(server->config.pid_file, &fault) < 0)
                diag(DIAG_ERROR, LOGGER, "Unable to remove PID file: %s", fault_text(&fault));
        fault_done(&fault);
}

int server_start(struct server *server, struct fault *fault) {
        int r = control_socket_open(
                &server->control, server->config.socket, server->config.force, fault);
        if (r < 0)
                return r;
        write_pid_file(server);
        r = scan_link_start(server->scan, fault);
        if (r == 0)
                r = front_link_start(server->front, fault);
        if (r < 0) {
                remove_pid_file(server);
                return r;
        }
        server->state = SERVER_RUNNING;
        on_commit_timer(server);
        loop_timer_set_in(server->loop, &server->purge_timer, STORE_PURGE_S * SECOND_US,
                on_purge_timer, server);
        return 0;
}

/* Stopping jails. */

struct stop_all {
        jails_stopped *done;
        void *user;
        size_t pending; /* jails, plus one while they are told */
};

static void on_one_stopped(void *user) {
        struct stop_all *stop = user;
        if (--stop->pending > 0)
                return;
        stop->done(stop->user);
        free(stop);
}

void server_stop_jails(struct server *server, enum jail_stop how, jails_stopped *done, void *user) {
        struct stop_all *stop = memory_new(sizeof(*stop));
        size_t position = 0;
        *stop = (struct stop_all){done, user, 1};
        diag(DIAG_INFO, LOGGER, "Stopping all jails");
        while (position < server->jails.count) {
                struct jail_entry *entry = server->jails.items[position];
                stop->pending++;
                jails_stop(&server->jails, entry, how, on_one_stopped, stop);
                if (position < server->jails.count && server->jails.items[position] == entry)
                        position++; /* else it is gone already */
        }
        on_one_stopped(stop);
}

/* The end, step by step. */

static void on_front_stopped(void *user) {
        struct server *server = user;
        diag(DIAG_INFO, LOGGER, "Exiting Fail2ban");
        loop_stop(server->loop, 0);
}

static void on_jails_stopped(void *user) {
        struct server *server = user;
        server->store = store_close(server->store);
        control_socket_close(&server->control);
        remove_pid_file(server);
        struct call *call = STEAL_PTR(server->stop_call);
        if (call)
                call_return(call, VALUE_OF_NONE);
        front_link_stop(server->front, FRONT_STOP_MS, on_front_stopped, server);
}

static void on_scan_stopped(void *user) {
        struct server *server = user;
        if (--server->scans_to_stop > 0)
                return;
        server_stop_jails(server, JAIL_STOP_SERVER, on_jails_stopped, server);
}

void server_stop(struct server *server, struct call *call) {
        if (server->state == SERVER_STOPPING) {
                if (call)
                        call_return(call, VALUE_OF_NONE);
                return;
        }
        server->state = SERVER_STOPPING;
        server->stop_call = call;
        diag(DIAG_INFO, LOGGER, "Shutdown in progress...");
        diag(DIAG_DEBUG, "fail2ban.asyncserver", "Stop communication, shutdown");
        front_link_stop_listening(server->front);
        struct scan_link *journal = journal_link_scan(server->journal);
        server->scans_to_stop = journal ? 2 : 1;
        if (journal)
                scan_link_stop(journal, SERVER_SCAN_STOP_MS, on_scan_stopped, server);
        scan_link_stop(server->scan, SERVER_SCAN_STOP_MS, on_scan_stopped, server);
}
