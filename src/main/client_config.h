/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration as the client needs it: its own settings, and the stream for the server. */
#pragma once

#include "main/client.h"

/* Fills client->settings from the command line and fail2ban.conf, and checks the log level. Returns
 * CLIENT_FAILED when "ERROR: ..." was printed. */
enum client_outcome client_config_settings(struct client *client);

/* Reads the stream (in arena) of one jail, or of all if jail is empty. Returns CLIENT_FAILED if the
 * configuration is wrong, which has been said; *ret is VALUE_NONE if there is nothing to send. */
enum client_outcome client_config_stream(
        struct client *client, struct slice jail, struct arena *arena, struct value *ret);

enum client_config_result {
        CLIENT_CONFIG_GO,     /* go on with the command */
        CLIENT_CONFIG_DONE,   /* all is done */
        CLIENT_CONFIG_FAILED, /* the configuration is wrong, which has been printed */
        CLIENT_CONFIG_ERROR,  /* the same, but it remains to be said that it was the command line */
        CLIENT_CONFIG_UNTESTED, /* -t with a command, whose test failed */
};

/* What -d and -t ask for. */
enum client_config_result client_config_inspect(struct client *client);
