/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine's name, for <fq-hostname> and <sh-hostname>, without asking the network. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#define HOST_NAME_FILE_MAX ((size_t)1 << 20) /* bytes of /etc/hosts that are looked at */

struct slice host_name_short(struct arena *arena);
/* The name if it has a dot; else the first name with a dot of the line of /etc/hosts that names it;
 * else the name. */
struct slice host_name_full(struct arena *arena);
/* The same for a given name and the text of a hosts file. */
struct slice host_name_complete(struct slice name, struct slice hosts);
