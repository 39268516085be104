/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: client/fail2bancmdline.py, 1.1. */
#include "main/client_config.h"

#include "base/diag.h"
#include "base/repr.h"
#include "main/client_check.h"
#include "main/client_pretty.h"

enum client_outcome client_config_settings(struct client *client) {
        const struct arguments *arguments = &client->arguments;
        client->settings = (struct config_server){
                .socket = arguments->socket,
                .pidfile = arguments->pidfile,
                .loglevel = arguments->loglevel,
                .logtarget = arguments->logtarget,
                .syslogsocket = arguments->syslogsocket,
        };
        struct config_server *settings = &client->settings;
        struct fault fault = FAULT_INIT;
        bool complete = settings->socket.data && settings->pidfile.data &&
                        settings->loglevel.data && settings->logtarget.data &&
                        settings->syslogsocket.data;
        if (!complete &&
                config_read_server(arguments->conf, &client->arena, settings, &fault) < 0) {
                (void)printf("ERROR: %s\n", fault_text(&fault));
                fault_done(&fault);
                return CLIENT_FAILED;
        }
        int level;
        if (diag_level_parse(settings->loglevel, &level) < 0) {
                struct slice shown = repr_text(settings->loglevel, &client->arena);
                (void)printf("ERROR: Invalid log level %.*s\n", SLICE_ARG(shown));
                (void)fputs("       = loglevel in fail2ban.conf or fail2ban.local, or --loglevel: "
                            "CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG, TRACEDEBUG or "
                            "HEAVYDEBUG\n",
                        stderr);
                return CLIENT_FAILED;
        }
        diag(DIAG_INFO, CLIENT_LOGGER, "Using socket file %.*s", SLICE_ARG(settings->socket));
        diag(DIAG_INFO, CLIENT_LOGGER, "Using pid file %.*s, [%s] logging to %.*s",
                SLICE_ARG(settings->pidfile), diag_level_name(level),
                SLICE_ARG(settings->logtarget));
        return CLIENT_DONE;
}

enum client_outcome client_config_stream(
        struct client *client, struct slice jail, struct arena *arena, struct value *ret) {
        const struct config_request request = {
                .basedir = client->arguments.conf,
                .jail = jail,
                .server = client->settings,
                .dump = client->arguments.dump != ARGUMENTS_DUMP_NONE,
                .strict = client->arguments.test || client->arguments.strict,
                .brief = client->arguments.test,
        };
        struct fault fault = FAULT_INIT;
        int r = config_stream(&request, arena, ret, &fault);
        if (r < 0) {
                *ret = VALUE_OF_NONE;
                diag(DIAG_ERROR, CLIENT_LOGGER, "Failed during configuration: %s",
                        fault_text(&fault));
        }
        fault_done(&fault);
        return r == CONFIG_OK ? CLIENT_DONE : CLIENT_FAILED;
}

static void dump(const struct value *stream, enum arguments_dump form) {
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < stream->list.count; i++) {
                const struct value *command = &stream->list.items[i];
                struct slice line = form == ARGUMENTS_DUMP_PRETTY ? client_pretty(command, &arena)
                                                                  : repr(command, &arena);
                (void)fwrite(line.data, 1, line.len, stdout);
                (void)putchar('\n');
                arena_reset(&arena);
        }
        arena_done(&arena);
}

static enum client_config_result inspect(struct client *client, struct arena *arena) {
        const struct arguments *arguments = &client->arguments;
        struct value stream;
        enum client_outcome outcome = client_config_stream(client, SLICE(""), arena, &stream);
        if (arguments->dump != ARGUMENTS_DUMP_NONE) {
                if (stream.type == VALUE_NONE)
                        (void)puts("ERROR: The configuration stream failed because of the "
                                   "invalid syntax.");
                else
                        dump(&stream, arguments->dump);
                if (!arguments->test)
                        return outcome == CLIENT_DONE ? CLIENT_CONFIG_DONE : CLIENT_CONFIG_ERROR;
        }
        if (client_check(client, outcome == CLIENT_DONE ? CLIENT_CHECK_OK : CLIENT_CHECK_FAILED) !=
                CLIENT_DONE)
                outcome = CLIENT_FAILED;
        if (arguments->word_count > 0)
                return outcome == CLIENT_DONE ? CLIENT_CONFIG_GO : CLIENT_CONFIG_UNTESTED;
        if (arguments->json)
                return outcome == CLIENT_DONE ? CLIENT_CONFIG_DONE : CLIENT_CONFIG_FAILED;
        (void)puts(outcome == CLIENT_DONE ? "OK: configuration test is successful"
                                          : "ERROR: test configuration failed");
        return outcome == CLIENT_DONE ? CLIENT_CONFIG_DONE : CLIENT_CONFIG_FAILED;
}

enum client_config_result client_config_inspect(struct client *client) {
        if (client->arguments.dump == ARGUMENTS_DUMP_NONE && !client->arguments.test)
                return CLIENT_CONFIG_GO;
        struct arena arena = ARENA_INIT;
        enum client_config_result result = inspect(client, &arena);
        arena_done(&arena);
        return result;
}
