/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that take more than sending them: start, restart, reload, ping. */
#pragma once

#include "main/client.h"

#define CLIENT_COMMAND_WORDS_MAX 100000u

/* Runs one command. words are borrowed. */
enum client_outcome client_command(struct client *client, const struct slice *words, size_t count);
