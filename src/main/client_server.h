/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the server's program, and waiting for it to come and go. */
#pragma once

#include <sys/types.h>

#include "main/client.h"

/* Runs the server in the background, unconfigured. Gives the process that was started in *ret_pid.
 * Returns 0 or negative errno with a fault. */
int client_server_spawn(struct client *client, pid_t *ret_pid, struct fault *fault);
/* Replaces this process by a server in the foreground, with the same options. Returns only if that
 * fails: negative errno with a fault. */
int client_server_become(struct client *client, struct fault *fault);

enum client_server_wanted { CLIENT_SERVER_ALIVE, CLIENT_SERVER_GONE };

/* Waits until a server answers, or none does any more, for at most the time of --timeout. pid: the
 * one just started, whose failure ends the waiting; or 0. Returns 0, or -ETIMEDOUT. */
int client_server_wait(struct client *client, enum client_server_wanted wanted, pid_t pid);
