/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the init system (NOTIFY_SOCKET, sd_notify's protocol) how the server is doing. */
#pragma once

/* Sends state, e.g. "READY=1". Does nothing if nobody wants to know. Returns 1 if it was sent, 0 if
 * nobody wants it, negative errno. */
int notify_send(const char *state);
