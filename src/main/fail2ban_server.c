/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban-server: reads the configuration, becomes a daemon if it is to, and runs the server on
 * it. What needs no server (-d, -t, other commands) is fail2ban-client's business. Upstream:
 * client/fail2banserver.py, 1.1. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "base/version.h"
#include "config/config.h"
#include "enforce/runner_link.h"
#include "enforce/server.h"
#include "main/arguments.h"
#include "main/client_diag.h"
#include "main/daemon.h"
#include "main/notify.h"
#include "main/usage.h"
#include "main/watchdog.h"

#define LOGGER "fail2ban"
#define SERVER_LOGGER "fail2ban.server"
#define EXIT_FAILED 255
#define NAME "fail2ban-server"
#define CLIENT "fail2ban-client"
#define PATH_BYTES 4096

struct program {
        struct arguments arguments;
        struct config_server settings;
        struct arena arena;  /* of settings and stream */
        struct value stream; /* LIST, or NONE: a client will send it (--async) */
        bool has_jails;      /* the stream adds some */
        int report;          /* of daemon.h, or -1 */
        int status;          /* to exit with */
        struct clock clock;
        struct server *server;
};

/* Before the server. */

static int answer(
        const char *path, enum arguments_result result, const struct arguments *arguments) {
        struct buffer out = BUFFER_INIT(USAGE_MAX);
        const char *slash = strrchr(path, '/');
        int status = usage_answer(
                &out, USAGE_SERVER, slice_of(slash ? slash + 1 : path), result, arguments);
        (void)fwrite(buffer_view(&out).data, 1, buffer_len(&out), stdout);
        buffer_done(&out);
        return status;
}

/* Whether it is for the client to do: everything but starting a server. */
static bool is_for_client(const struct arguments *arguments) {
        bool starts =
                arguments->word_count == 1 && slice_is(slice_of(arguments->words[0]), "start");
        if (arguments->interactive || arguments->dump != ARGUMENTS_DUMP_NONE)
                return true;
        if (arguments->word_count == 0)
                return arguments->test;
        return !starts;
}

/* The client stands beside us. */
static int become_client(char *const argv[]) {
        char path[PATH_BYTES];
        ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(CLIENT) - 1);
        char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
        if (slash) {
                memcpy(slash + 1, CLIENT, sizeof(CLIENT));
                (void)execv(path, argv);
        }
        (void)execvp(CLIENT, argv);
        (void)fprintf(stderr, "%s: %s\n", CLIENT, strerror(errno));
        return EXIT_FAILED;
}

static int read_settings(struct program *program) {
        struct config_server *settings = &program->settings;
        const struct arguments *arguments = &program->arguments;
        struct fault fault = FAULT_INIT;
        int level;
        *settings = (struct config_server){arguments->socket, arguments->pidfile,
                arguments->loglevel, arguments->logtarget, arguments->syslogsocket};
        /* A client that starts us gives all of it. */
        bool complete = settings->socket.data && settings->pidfile.data &&
                        settings->loglevel.data && settings->logtarget.data &&
                        settings->syslogsocket.data;
        if (!complete &&
                config_read_server(arguments->conf, &program->arena, settings, &fault) < 0) {
                (void)printf("ERROR: %s\n", fault_text(&fault));
                fault_done(&fault);
                return -EINVAL;
        }
        if (diag_level_parse(settings->loglevel, &level) < 0) {
                struct slice shown = repr_text(settings->loglevel, &program->arena);
                (void)printf("ERROR: Invalid log level %.*s\n", SLICE_ARG(shown));
                return -EINVAL;
        }
        return 0;
}

static int read_stream(struct program *program) {
        const struct config_request request = {.basedir = program->arguments.conf,
                .server = program->settings,
                .strict = program->arguments.test || program->arguments.strict};
        struct fault fault = FAULT_INIT;
        int r = config_stream(&request, &program->arena, &program->stream, &fault);
        if (r < 0)
                diag(DIAG_ERROR, LOGGER, "Failed during configuration: %s", fault_text(&fault));
        fault_done(&fault);
        if (r != CONFIG_OK)
                return -EINVAL;
        for (size_t i = 0; i < program->stream.list.count; i++)
                if (slice_is(value_item_text(&program->stream.list.items[i], 0), "add"))
                        program->has_jails = true;
        return 0;
}

static int prepare(struct program *program) {
        struct slice socket = arena_copy(&program->arena, program->settings.socket);
        if (program->arguments.async)
                return 0;
        /* One that the init system made is alive before us. */
        if (!control_socket_is_handed_over() && control_socket_is_alive(socket.data)) {
                diag(DIAG_ERROR, LOGGER, "Server already running");
                diag(DIAG_ERROR, LOGGER, "Async configuration of server failed");
                return -EADDRINUSE;
        }
        int r = read_stream(program);
        if (r < 0 && program->arguments.test)
                diag(DIAG_ERROR, LOGGER, "ERROR: test configuration failed");
        else if (r < 0)
                diag(DIAG_ERROR, LOGGER, "Async configuration of server failed");
        return r;
}

/* The server. */

static void on_end_signal(void *user, const struct signalfd_siginfo *info) {
        struct program *program = user;
        diag(DIAG_DEBUG, SERVER_LOGGER, "Caught signal %u. Exiting", info->ssi_signo);
        server_stop(program->server, NULL);
}

static void on_flush_signal(void *user, const struct signalfd_siginfo *info) {
        struct program *program = user;
        diag(DIAG_DEBUG, SERVER_LOGGER, "Caught signal %u. Flushing logs", info->ssi_signo);
        (void)server_flush_logs(program->server);
}

static void say_ready(struct program *program) {
        (void)notify_send("READY=1"); /* nobody is harmed if it is lost: start-up then counts as
                                         failed, and is said by the init system */
        if (program->report < 0 && !program->arguments.async) {
                (void)puts("Server ready");
                (void)fflush(stdout);
        }
        daemon_report(&program->report, 0);
}

static bool has_started_jail(const struct server *server) {
        size_t position = 0;
        for (struct jail_entry *entry; (entry = jails_next(&server->jails, &position));)
                if (jail_is_started(entry->jail))
                        return true;
        return false;
}

/* One wrong jail harms no other; a server without any was not meant. */
static void on_configured(void *user, const struct call *call) {
        struct program *program = user;
        bool is_strict = program->arguments.strict;
        if (!call->failed ||
                (!is_strict && (has_started_jail(program->server) || !program->has_jails))) {
                say_ready(program);
                return;
        }
        diag(DIAG_ERROR, SERVER_LOGGER, "%s",
                is_strict ? "Not started, as --strict asks: the configuration is wrong"
                          : "No jail could be started");
        program->status = EXIT_FAILED;
        server_stop(program->server, NULL);
}

static void configure(struct program *program) {
        if (program->arguments.async) {
                say_ready(program);
                return;
        }
        struct value command = value_list();
        value_append(&command, value_text("server-stream"), &program->arena);
        value_append(&command, program->stream, &program->arena);
        server_command(program->server, &command, on_configured, program);
}

static int route_signals(struct loop *loop, struct program *program) {
        (void)signal(SIGPIPE, SIG_IGN);
        int r = loop_signal(loop, SIGTERM, on_end_signal, program);
        if (r == 0)
                r = loop_signal(loop, SIGINT, on_end_signal, program);
        if (r == 0)
                r = loop_signal(loop, SIGUSR1, on_flush_signal, program);
        return r;
}

static struct diag_target *open_diag(struct program *program) {
        const struct config_server *settings = &program->settings;
        unsigned verbosity =
                program->arguments.verbosity > 0 ? (unsigned)program->arguments.verbosity : 0;
        struct diag_target *target = diag_target_new(&program->clock, verbosity);
        /* What cannot be had has been said, and messages go on to where they went. */
        (void)diag_target_set_syslog_socket(target, settings->syslogsocket, NULL);
        (void)diag_target_set_level(target, settings->loglevel, NULL);
        (void)diag_target_set(target, settings->logtarget, NULL);
        diag(DIAG_INFO, SERVER_LOGGER, "--------------------------------------------------");
        diag(DIAG_INFO, SERVER_LOGGER, "Starting Fail2ban v%s", FAIL2BAN_VERSION);
        if (program->report >= 0)
                diag(DIAG_INFO, SERVER_LOGGER, "Daemon started");
        return target;
}

/* The unit's word, not for those whom we start. NULL: it has said nothing. */
static const char *take_runner(struct arena *arena) {
        const char *path = getenv(RUNNER_LINK_ENV);
        const char *copy = path && path[0] ? arena_copy(arena, slice_of(path)).data : NULL;
        (void)unsetenv(RUNNER_LINK_ENV);
        return copy;
}

static int serve(struct program *program, struct loop *loop, struct diag_target *target) {
        const char *runner = take_runner(&program->arena);
        const struct server_config config = {
                .runner = runner,
                .socket = arena_copy(&program->arena, program->settings.socket).data,
                .pid_file = arena_copy(&program->arena, program->settings.pidfile).data,
                .force = program->arguments.force ? CONTROL_FORCE : CONTROL_CAREFUL,
                .target = target,
        };
        struct fault fault = FAULT_INIT;
        int r = route_signals(loop, program);
        if (r < 0)
                (void)fault_set_errno(&fault, r, "signals");
        if (r == 0)
                program->server = server_new(loop, &program->clock, &config, &fault);
        r = program->server ? server_start(program->server, &fault) : -EIO;
        if (r < 0) {
                diag(DIAG_ERROR, SERVER_LOGGER, "Could not start server: %s", fault_text(&fault));
                program->status = EXIT_FAILED;
        } else {
                configure(program);
                r = loop_run(loop);
        }
        fault_done(&fault);
        program->server = server_free(program->server);
        return r < 0 ? EXIT_FAILED : program->status;
}

static int run(struct program *program) {
        (void)umask(077);
        daemon_raise_fds();
        struct slice name = program->arguments.pname;
        daemon_set_name(name.data ? arena_copy(&program->arena, name).data : NAME);
        struct loop *loop = loop_new();
        if (!loop)
                return EXIT_FAILED;
        struct diag_target *target = open_diag(program);
        struct watchdog watchdog;
        watchdog_start(&watchdog, loop);
        int status = serve(program, loop, target);
        watchdog_stop(&watchdog);
        (void)diag_target_free(target);
        (void)loop_free(loop);
        daemon_report(&program->report, status);
        return status;
}

static int start(struct program *program) {
        enum daemon_side side = DAEMON_SERVER;
        struct fault fault = FAULT_INIT;
        if (read_settings(program) < 0 || prepare(program) < 0)
                return EXIT_FAILED;
        if (program->arguments.foreground)
                return run(program);
        if (daemon_detach(&side, &program->report, &fault) < 0) {
                diag(DIAG_ERROR, LOGGER, "%s", fault_text(&fault));
                fault_done(&fault);
                return EXIT_FAILED;
        }
        if (side == DAEMON_SERVER)
                return run(program);
        int status = daemon_wait(program->report, (int)(program->arguments.timeout_s * 1000));
        if (status == 0 && !program->arguments.async)
                (void)puts("Server ready");
        else if (status != 0)
                diag(DIAG_ERROR, LOGGER, "Could not start %s, see %.*s", NAME,
                        SLICE_ARG(program->settings.logtarget));
        return status;
}

int main(int argc, char *argv[]) {
        struct program program = {.report = -1, .clock = CLOCK_INIT};
        struct fault fault = FAULT_INIT;
        (void)setlocale(LC_CTYPE, "");
        memory_init();
        int result = arguments_read(&program.arguments, argc, argv, &fault);
        if (result < 0) {
                (void)printf("ERROR: %s\n", fault_text(&fault));
                fault_done(&fault);
                return EXIT_FAILED;
        }
        if (result != ARGUMENTS_OK)
                return answer(argv[0], (enum arguments_result)result, &program.arguments);
        client_diag_init(program.arguments.verbosity);
        if (is_for_client(&program.arguments))
                return become_client(argv);
        int status = start(&program);
        arena_done(&program.arena);
        return status;
}
