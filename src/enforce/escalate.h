/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ban times that grow with the number of bans: bantime.* (spec filter.md 3.10). */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"

struct escalate_settings;

struct escalate_settings *escalate_new(void);
struct escalate_settings *escalate_free(struct escalate_settings *settings);
/* set JAIL bantime.NAME VALUE (name without "bantime."): returns 0 with the value that `set` answers, or negative errno with fault. */
int escalate_set(struct escalate_settings *settings, struct slice name, const struct value *value, struct arena *arena, struct value *ret,
        struct fault *fault);
/* get JAIL bantime.NAME. */
struct value escalate_get(const struct escalate_settings *settings, struct slice name, struct arena *arena);
bool escalate_is_on(const struct escalate_settings *settings);
bool escalate_over_all_jails(const struct escalate_settings *settings);
/* Longest ban for restored tickets (-1: no limit). */
double escalate_max_s(const struct escalate_settings *settings, double jail_ban_time_s);
/* Ban time of the ban after count earlier ones. random: [0, 1). Returns 0, or -EINVAL with fault (formula, caller uses the base time). */
int escalate_ban_time(const struct escalate_settings *settings, double base_s, uint32_t count, double random, double *ret_s,
        struct fault *fault);
