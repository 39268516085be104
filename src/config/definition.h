/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What filter and action files have in common: options in [Definition], parameters in [Init] that
 * the jail may override, tags between all of them. */
#pragma once

#include "base/fault.h"
#include "config/conf_files.h"
#include "config/dict.h"
#include "config/settings.h"

struct definition {
        struct conf_store *store;
        const struct conf *conf;
        enum settings_table table;
        struct dict params;  /* from the jail's brackets; then also what [Init] adds, and known/NAME
                                of that */
        struct dict options; /* read from [Definition] */
        struct dict given; /* the jail's options and params, as they were when options were read */
        struct dict vars;  /* the same, fit for interpolation */
        struct dict found; /* tags that were looked up so far; VALUE_NONE: not found */
};

/* Whether only the options of the table are read from [Definition], or all that are there. */
enum definition_scope { DEFINITION_TABLE, DEFINITION_ALL };

/* Opens filter.d/NAME or action.d/NAME, as the table is SETTINGS_FILTER or SETTINGS_ACTION (an
 * absolute NAME, or one with "./", stands for itself). params is copied. Returns 0, also if the
 * files cannot be read (definition->conf->is_read is false then), or negative errno with a fault.
 */
int definition_open(struct definition *definition, struct conf_store *store,
        enum settings_table table, struct slice name, const struct dict *params,
        struct fault *fault);
/* The same for one file by its path, with its includes. */
int definition_open_path(struct definition *definition, struct conf_store *store,
        enum settings_table table, struct slice path, const struct dict *params,
        struct fault *fault);
/* Reads options and parameters. jail_options (or NULL) are variables, and stand in for options of
 * the same name. May be called again with other jail_options. Returns 0 or negative errno. */
int definition_read(struct definition *definition, const struct dict *jail_options,
        enum definition_scope scope, struct fault *fault);
/* Options and parameters together, with tags replaced and types converted. ignored: names that tags
 * leave alone, as keys; or NULL. Returns 0 or negative errno. */
int definition_combine(struct definition *definition, const struct dict *ignored, struct dict *ret,
        struct fault *fault);
/* Whether [Definition] itself has option. */
bool definition_has(const struct definition *definition, struct slice option);
