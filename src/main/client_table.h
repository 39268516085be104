/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of "stats": one row a jail. */
#pragma once

#include "main/client_lines.h"

/* Draws the reply, a dictionary of [backend, (failed, total), (banned, total)]. Returns 0, or -1 if
 * it is not one. */
int client_table_print(struct client_lines *text);
