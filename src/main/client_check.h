/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The deeper half of -t, done by a program of its own (stockade_check.c). */
#pragma once

#include "main/client.h"

/* What the client's own half came to. */
enum client_check_before { CLIENT_CHECK_OK, CLIENT_CHECK_FAILED };

/* Has the configuration looked through and the findings shown: on stderr, or as JSON on stdout.
 * Returns CLIENT_FAILED if a jail could not run. Where the program is missing, or ends badly, that
 * is said (WARNING), and the result is CLIENT_DONE. */
enum client_outcome client_check(struct client *client, enum client_check_before before);
