/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: client/fail2banclient.py __processCmd(), 1.1. Differs: an error within a stream is
 * followed by the file and line that it is about; replies that are no pair show what they say. */
#include "main/client_send.h"

#include <errno.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/repr.h"
#include "config/check_values.h"
#include "config/excerpt.h"
#include "main/client_error.h"
#include "main/client_origin.h"
#include "wire/json.h"

#define LOGGER_PRINT "fail2ban.beautifier"

struct exchange {
        struct client *client;
        const struct value *command;
        bool show;
        struct arena arena; /* of one reply */
};

static struct slice first_word(const struct exchange *e) {
        return value_item_text(e->command, 0);
}

static void print_line(struct slice text) {
        (void)fwrite(text.data, 1, text.len, stdout);
        (void)putchar('\n');
}

static void print_json(const struct value *value) {
        struct buffer out = BUFFER_INIT(CLIENT_PRINT_MAX);
        if (json_encode(&out, value) == 0)
                print_line(buffer_view(&out));
        else
                diag(DIAG_ERROR, CLIENT_LOGGER, "the reply is too large for JSON");
        buffer_done(&out);
}

/* In the form that the socket has for JSON. */
static void print_json_error(struct exchange *e, struct slice type, struct slice message) {
        struct value whole = value_dict();
        struct value error = value_dict();
        value_dict_put(&error, value_text("type"), value_string(type), &e->arena);
        value_dict_put(&error, value_text("message"), value_string(message), &e->arena);
        value_dict_put(&whole, value_text("ok"), value_bool(false), &e->arena);
        value_dict_put(&whole, value_text("error"), error, &e->arena);
        print_json(&whole);
}

static void print_reply(struct exchange *e, const struct value *reply) {
        if (e->client->arguments.json) {
                struct value whole = value_dict();
                value_dict_put(&whole, value_text("ok"), value_bool(true), &e->arena);
                value_dict_put(&whole, value_text("result"), *reply, &e->arena);
                print_json(&whole);
                return;
        }
        struct slice text;
        if (client_print(e->command, reply, e->client->charset, &e->arena, &text) !=
                CLIENT_PRINT_OK) {
                diag(DIAG_WARNING, LOGGER_PRINT, "Beautifier error. Please report the error");
                diag(DIAG_ERROR, LOGGER_PRINT, "Beautify %.*s with %.*s failed",
                        SLICE_ARG(repr(reply, &e->arena)), SLICE_ARG(repr(e->command, &e->arena)));
        }
        print_line(text);
}

static void say_place(struct exchange *e, const struct value_origin *origin) {
        struct excerpt excerpt = excerpt_make(origin, SLICE(""), &e->arena);
        diag(DIAG_ERROR, CLIENT_LOGGER, "%s:%u: in [%s] %s%s%.*s", origin->file, origin->line,
                origin->section, origin->option, excerpt.text.len > 0 ? "\n" : "",
                SLICE_ARG(excerpt.text));
}

/* The error names nothing that is in the configuration: shows what a test of its values finds. */
static void say_suspects(struct exchange *e, const struct value *stream) {
        struct findings findings = {.arena = &e->arena};
        check_values(stream, &findings);
        for (size_t i = 0; i < findings.count; i++) {
                const struct finding *item = &findings.items[i];
                if (item->severity != FINDING_ERROR || !item->origin)
                        continue;
                struct excerpt excerpt = excerpt_make(item->origin, item->part, &e->arena);
                diag(DIAG_ERROR, CLIENT_LOGGER, "%s:%u: jail '%.*s': %.*s%s%.*s",
                        item->origin->file, excerpt.line, SLICE_ARG(item->jail),
                        SLICE_ARG(item->text), excerpt.text.len > 0 ? "\n" : "",
                        SLICE_ARG(excerpt.text));
        }
}

/* For commands that carry a stream of the configuration: server-stream STREAM, reload JAIL OPTIONS
 * STREAM. An error about a jail's name is about no value. */
static void say_origin(struct exchange *e, const struct pickle_reply *reply, struct slice error) {
        const struct value *stream = NULL;
        if (slice_has_suffix(reply->error_class, SLICE("JailException")))
                return;
        if (slice_is(first_word(e), "server-stream"))
                stream = value_item(e->command, 1);
        if (slice_is(first_word(e), "reload"))
                stream = value_item(e->command, 3);
        const struct value_origin *origin = stream ? client_origin_find(stream, error) : NULL;
        if (origin)
                say_place(e, origin);
        else if (stream)
                say_suspects(e, stream);
}

static void print_error(struct exchange *e, const struct pickle_reply *reply) {
        struct value arguments = client_error_arguments(reply, &e->arena);
        struct slice text = client_error_text(reply, &e->arena);
        diag(DIAG_ERROR, CLIENT_LOGGER, "NOK: %.*s", SLICE_ARG(repr(&arguments, &e->arena)));
        say_origin(e, reply, text);
        if (!e->show)
                return;
        if (e->client->arguments.json)
                print_json_error(e, reply->error_class, text);
        else
                print_line(text);
}

/* Says what is wrong with the socket, as far as can be seen. */
static void say_socket_error(struct exchange *e, const struct fault *fault) {
        struct slice path = arena_copy(&e->arena, e->client->settings.socket);
        if (access(path.data, F_OK) < 0)
                diag(DIAG_ERROR, CLIENT_LOGGER,
                        "Failed to access socket path: %.*s. Is fail2ban running?",
                        SLICE_ARG(path));
        else if (access(path.data, W_OK) < 0)
                diag(DIAG_ERROR, CLIENT_LOGGER,
                        "Permission denied to socket: %.*s, (you must be root)", SLICE_ARG(path));
        else if (slice_is(first_word(e), "ping"))
                diag(DIAG_ERROR, CLIENT_LOGGER, "%s", fault_text(fault));
        else
                diag(DIAG_ERROR, CLIENT_LOGGER, "[%s] Unable to contact server. Is it running?",
                        fault_text(fault));
}

static void say_error(struct exchange *e, const struct fault *fault) {
        if (!e->show && e->client->arguments.verbosity < 1)
                return;
        bool is_socket = fault->kind && slice_is(slice_of(fault->kind), "OSError");
        if (e->show && e->client->arguments.json)
                print_json_error(e, slice_of(fault->kind ? fault->kind : "Exception"),
                        slice_of(fault_text(fault)));
        if (is_socket && !e->show && slice_is(first_word(e), "ping"))
                diag(DIAG_HEAVYDEBUG, CLIENT_LOGGER, " -- ping failed -- %s", fault_text(fault));
        else if (is_socket)
                say_socket_error(e, fault);
        else
                diag(DIAG_ERROR, CLIENT_LOGGER, "%s", fault_text(fault));
}

/* Sends one command and shows its reply. Returns 0; 1 if it was refused; negative errno. */
static int exchange(struct exchange *e, struct client_socket *socket, struct fault *fault) {
        struct pickle_reply reply;
        if (e->client->arguments.verbosity > 1)
                diag(DIAG_HEAVYDEBUG, CLIENT_LOGGER, "CMD: %.*s",
                        SLICE_ARG(repr(e->command, &e->arena)));
        int r = client_socket_send(socket, e->command, fault);
        if (r == 0)
                r = client_socket_receive(socket, &e->arena, &reply, fault);
        if (r < 0)
                return r;
        switch (reply.outcome) {
        case PICKLE_OK:
                if (e->show || slice_is(first_word(e), "echo") ||
                        slice_is(first_word(e), "server-status"))
                        print_reply(e, &reply.value);
                return 0;
        case PICKLE_ERROR:
                print_error(e, &reply);
                return 1;
        case PICKLE_RAW:
                break;
        }
        return fault_raise(
                fault, "ValueError", "%.*s", SLICE_ARG(repr_str(&reply.value, &e->arena)));
}

enum client_outcome client_send(struct client *client, const struct value *commands,
        enum client_send_show show, double timeout_s) {
        struct client_socket socket = CLIENT_SOCKET_INIT;
        struct exchange e = {.client = client, .show = show == CLIENT_SEND_SHOW};
        struct fault fault = FAULT_INIT;
        enum client_outcome outcome = CLIENT_DONE;
        int r = 0;
        for (size_t i = 0; r >= 0 && i < commands->list.count; i++) {
                e.command = &commands->list.items[i];
                if (i == 0)
                        r = client_socket_open(&socket, client->settings.socket, timeout_s, &fault);
                if (r >= 0)
                        r = exchange(&e, &socket, &fault);
                if (r != 0)
                        outcome = CLIENT_FAILED;
                if (r < 0)
                        say_error(&e, &fault);
                arena_reset(&e.arena);
        }
        client_socket_close(&socket);
        fault_done(&fault);
        arena_done(&e.arena);
        (void)fflush(stdout);
        return outcome;
}

bool client_send_ping(struct client *client, double timeout_s) {
        struct arena arena = ARENA_INIT;
        struct value commands = value_list();
        struct value ping = value_list();
        (void)value_append(&ping, value_text("ping"), &arena);
        if (timeout_s >= 0)
                (void)value_append(&ping, value_float(timeout_s), &arena);
        (void)value_append(&commands, ping, &arena);
        bool alive = client_send(client, &commands, CLIENT_SEND_QUIET, timeout_s) == CLIENT_DONE;
        arena_done(&arena);
        return alive;
}
