/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts what is known about a ticket into a text with tags: <ip>, <F-USER>, ... (spec
 * server.md 4.3, 4.4). */
#pragma once

#include "base/arena.h"
#include "base/value.h"
#include "enforce/action.h"
#include "enforce/ticket.h"

#define TICKET_TAGS_MAX 1000 /* tags replaced in one text; the rest stays as it is */

struct ticket_tags {
        const struct ticket *ticket;
        const struct action_info_ops *info; /* tags that the jail knows, or NULL */
        void *user;                         /* of info */
};

/* The tags replaced by the values themselves. */
struct slice ticket_tags_text(
        const struct ticket_tags *tags, struct slice text, struct arena *arena);
/* The same for a shell: values that could mean something to it are not put in, but travel as $0,
 * $1, ... (*ret_values: LIST of texts, for process.h), under variables that the text assigns first.
 */
struct slice ticket_tags_command(const struct ticket_tags *tags, struct slice text,
        struct arena *arena, struct value *ret_values);
