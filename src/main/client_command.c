/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: client/fail2banclient.py __processCommand(), 1.1. Differs: "start" in the foreground
 * becomes the server's program, which reads the configuration itself. */
#include "main/client_command.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/number.h"
#include "base/repr.h"
#include "main/client_check.h"
#include "main/client_config.h"
#include "main/client_send.h"
#include "main/client_server.h"

static enum client_outcome fail(const char *text) {
        diag_text(DIAG_ERROR, CLIENT_LOGGER, slice_of(text));
        return CLIENT_FAILED;
}

static struct value words_value(const struct slice *words, size_t count, struct arena *arena) {
        struct value list = value_list();
        for (size_t i = 0; i < count; i++)
                (void)value_append(&list, value_string(words[i]), arena);
        return list;
}

/* Words in brackets for the one that watches. */
static void say_step(const struct client *client, const char *step) {
        if (client->arguments.interactive)
                (void)printf("  ## %s ... \n", step);
}

static enum client_outcome send_words(
        struct client *client, const struct slice *words, size_t count, double timeout_s) {
        struct arena arena = ARENA_INIT;
        struct value commands = value_list();
        (void)value_append(&commands, words_value(words, count, &arena), &arena);
        enum client_outcome outcome = client_send(client, &commands, CLIENT_SEND_SHOW, timeout_s);
        arena_done(&arena);
        return outcome;
}

/* ---- start ---- */

/* Waits for the server, then configures it. */
static enum client_outcome configure(
        struct client *client, struct value stream, pid_t pid, struct arena *arena) {
        if (client_server_wait(client, CLIENT_SERVER_ALIVE, pid) < 0) {
                diag(DIAG_ERROR, CLIENT_LOGGER,
                        "Could not start server. Maybe an old socket file is still present. Try to "
                        "remove %.*s. If you used fail2ban-client to start the server, adding the "
                        "-x option will do it",
                        SLICE_ARG(client->settings.socket));
                return CLIENT_FAILED;
        }
        const struct slice stop = SLICE("stop");
        struct value commands = value_list();
        struct value all = value_list();
        struct value status = value_list();
        (void)value_append(&all, value_text("server-stream"), arena);
        (void)value_append(&all, stream, arena);
        (void)value_append(&status, value_text("server-status"), arena);
        (void)value_append(&commands, all, arena);
        (void)value_append(&commands, status, arena);
        enum client_outcome outcome =
                client_send(client, &commands, CLIENT_SEND_QUIET, CLIENT_SOCKET_NO_TIMEOUT);
        if (outcome == CLIENT_DONE || !client->arguments.strict)
                return outcome;
        (void)send_words(client, &stop, 1, CLIENT_SOCKET_NO_TIMEOUT); /* it may have gone already */
        return fail("Not started, as --strict asks: the configuration is wrong");
}

/* Whether something stands where the socket is to be, and says so. */
static bool is_in_the_way(const struct client *client, struct arena *arena) {
        struct stat info;
        if (lstat(arena_copy(arena, client->settings.socket).data, &info) < 0)
                return false;
        (void)fail("Fail2ban seems to be in unexpected state (not running but the socket exists)");
        diag(DIAG_ERROR, CLIENT_LOGGER, "%.*s %s", SLICE_ARG(client->settings.socket),
                S_ISSOCK(info.st_mode) ? "was left by a server that has been killed: start with -x"
                                       : "is no socket: remove it, or choose another path by -s");
        return true;
}

static enum client_outcome start_in(struct client *client, struct arena *arena) {
        struct fault fault = FAULT_INIT;
        struct value stream = VALUE_OF_NONE;
        pid_t pid = 0;
        if (client_send_ping(client, 0.1))
                return fail("Server already running");
        if (!client->arguments.foreground &&
                client_config_stream(client, SLICE(""), arena, &stream) != CLIENT_DONE)
                return CLIENT_FAILED;
        if (!client->arguments.force && is_in_the_way(client, arena))
                return CLIENT_FAILED;
        int r = client->arguments.foreground ? client_server_become(client, &fault)
                                             : client_server_spawn(client, &pid, &fault);
        if (r == 0)
                return configure(client, stream, pid, arena);
        diag(DIAG_ERROR, CLIENT_LOGGER, "%s", fault_text(&fault));
        fault_done(&fault);
        return CLIENT_FAILED;
}

static enum client_outcome start(struct client *client) {
        struct arena arena = ARENA_INIT;
        enum client_outcome outcome = start_in(client, &arena);
        arena_done(&arena);
        return outcome;
}

/* ---- reload, restart ---- */

static bool is_reload_option(struct slice word) {
        return slice_is(word, "--restart") || slice_is(word, "--unban") ||
               slice_is(word, "--if-exists");
}

static enum client_outcome send_reload(struct client *client, struct slice jail,
        const struct slice *options, size_t count, struct arena *arena) {
        struct value stream;
        bool all = slice_is(jail, "--all");
        if (!client_send_ping(client, CLIENT_SOCKET_NO_TIMEOUT))
                return fail("Could not find server");
        if (client_config_stream(client, all ? SLICE("") : jail, arena, &stream) != CLIENT_DONE)
                return CLIENT_FAILED;
        if (client->arguments.strict && client_check(client, CLIENT_CHECK_OK) != CLIENT_DONE)
                return fail("Not reloaded, as --strict asks: the configuration is wrong");
        say_step(client, "reload");
        struct value commands = value_list();
        struct value reload = value_list();
        (void)value_append(&reload, value_text("reload"), arena);
        (void)value_append(&reload, value_string(jail), arena);
        (void)value_append(&reload, words_value(options, count, arena), arena);
        (void)value_append(&reload, stream, arena);
        (void)value_append(&commands, reload, arena);
        return client_send(client, &commands, CLIENT_SEND_SHOW, CLIENT_SOCKET_NO_TIMEOUT);
}

/* words: what follows "reload". */
static enum client_outcome reload(struct client *client, const struct slice *words, size_t count) {
        struct arena arena = ARENA_INIT;
        size_t options = 0;
        while (options < count && is_reload_option(words[options]))
                options++;
        enum client_outcome outcome;
        if (count - options > 1) {
                struct value rest = words_value(words + options, count - options, &arena);
                diag(DIAG_ERROR, CLIENT_LOGGER, "Unexpected argument(s) for reload: %.*s",
                        SLICE_ARG(repr(&rest, &arena)));
                outcome = CLIENT_FAILED;
        } else {
                struct slice jail = options < count ? words[options] : SLICE("--all");
                outcome = send_reload(client, jail, words, options, &arena);
        }
        arena_done(&arena);
        return outcome;
}

/* The jail's: "reload --restart" with what follows. */
static enum client_outcome restart_jail(
        struct client *client, const struct slice *words, size_t count) {
        struct arena arena = ARENA_INIT;
        struct slice *all = arena_alloc_array(&arena, count + 1, sizeof(*all));
        all[0] = SLICE("--restart");
        memcpy(all + 1, words, count * sizeof(*all));
        enum client_outcome outcome = reload(client, all, count + 1);
        arena_done(&arena);
        return outcome;
}

static enum client_outcome restart(struct client *client) {
        const struct slice stop = SLICE("stop");
        say_step(client, "stop");
        (void)send_words(client, &stop, 1, CLIENT_SOCKET_NO_TIMEOUT); /* it may not be running */
        if (client_server_wait(client, CLIENT_SERVER_GONE, 0) < 0)
                return fail("Could not stop server");
        if (client->arguments.interactive) {
                say_step(client, "load configuration");
                if (client_config_settings(client) != CLIENT_DONE)
                        return CLIENT_FAILED;
        }
        say_step(client, "start");
        return start(client);
}

/* ---- the others ---- */

/* words[1]: how long to wait. */
static enum client_outcome ping(struct client *client, const struct slice *words, size_t count) {
        double timeout_s;
        if (number_parse_double(words[1], &timeout_s) < 0) {
                struct arena arena = ARENA_INIT;
                diag(DIAG_ERROR, CLIENT_LOGGER, "could not convert string to float: %.*s",
                        SLICE_ARG(repr_text(words[1], &arena)));
                arena_done(&arena);
                return CLIENT_FAILED;
        }
        bool none = timeout_s > -1.1 && timeout_s < -0.9;
        if (timeout_s < 0 && !none)
                return fail("Timeout value out of range");
        return send_words(client, words, count, timeout_s);
}

enum client_outcome client_command(struct client *client, const struct slice *words, size_t count) {
        struct slice name = words[0];
        if (slice_is(name, "start") && count == 1)
                return start(client);
        if (slice_is(name, "restart"))
                return count == 1 ? restart(client) : restart_jail(client, words + 1, count - 1);
        if (slice_is(name, "reload"))
                return reload(client, words + 1, count - 1);
        if (slice_is(name, "ping") && count > 1)
                return ping(client, words, count);
        return send_words(client, words, count, CLIENT_SOCKET_NO_TIMEOUT);
}
