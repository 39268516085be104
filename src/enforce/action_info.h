/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a ticket while an action works on it: the values of the tags of spec
 * server.md 4.3, made when they are asked for. */
#pragma once

#include "enforce/action.h"
#include "enforce/action_dynamic.h"

struct action_info {
        const struct action_env *env;
        struct ticket *ticket;  /* referenced; of nobody: an empty one */
        struct address address; /* of <ip>; family NONE if it is none */
        struct slice ip;        /* text of <ip> */
        const char *family;     /* "inet4", "inet6", a family of the action, "" or NULL ("None") */
        struct slice host;      /* <ip-host>; empty: none known */
        uint32_t used;          /* tags that were asked for */
};

/* env, family and arena must outlive info; its texts live in arena. */
void action_info_init(struct action_info *info, const struct action_env *env, struct ticket *ticket,
        struct arena *arena);
/* Of nobody, as in actionstart: everything is empty, the time is now, the family as given. */
void action_info_init_nobody(
        struct action_info *info, const struct action_env *env, const char *family);
void action_info_done(struct action_info *info);
/* Milliseconds until the ban ends, at least 1000, in whole seconds; 0: it never does. */
uint64_t action_info_left_ms(struct action_info *info);
/* For action_dynamic_expand(). */
struct action_dynamic_source action_info_source(struct action_info *info);
/* Of which only <family> is known. */
struct action_dynamic_source action_info_family_source(struct action_info *info);
/* "ActionInfo({...})" with what was asked for. */
struct slice action_info_repr(struct action_info *info, struct arena *arena);
