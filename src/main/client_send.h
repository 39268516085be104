/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands to the server and their replies to the terminal. */
#pragma once

#include "main/client.h"
#include "main/client_socket.h"

/* Whether replies and errors are shown. "echo" and "server-status" always are. */
enum client_send_show { CLIENT_SEND_SHOW, CLIENT_SEND_QUIET };

/* Sends each of commands (a LIST of LISTs) over one connection. A refused command does not stop the
 * next; an error of the connection does. CLIENT_FAILED if any was refused or failed. */
enum client_outcome client_send(struct client *client, const struct value *commands,
        enum client_send_show show, double timeout_s);
/* Whether a server answers. */
bool client_send_ping(struct client *client, double timeout_s);
