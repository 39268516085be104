/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A jail's filter: filter.d/NAME and its parameters to options and commands. */
#pragma once

#include "base/fault.h"
#include "base/value.h"
#include "config/definition.h"

struct filter_conf {
        struct definition definition;
        struct slice jail;
};

/* Opens filter.d/NAME; an absolute NAME stands for itself. Returns as definition_open(). */
int filter_conf_open(struct filter_conf *filter, struct conf_store *store, struct slice name,
        struct slice jail, const struct dict *params, struct fault *fault);
/* Opens one file by its path, with its includes. */
int filter_conf_open_path(struct filter_conf *filter, struct conf_store *store, struct slice path,
        struct slice jail, const struct dict *params, struct fault *fault);
/* Sets the parameter logtype to what fits the backend, unless jail or filter say so themselves. */
void filter_conf_set_logtype(struct filter_conf *filter, struct slice backend);
/* Appends the filter's commands. Returns 0 or negative errno. */
int filter_conf_stream(struct filter_conf *filter, struct value *stream, struct fault *fault);
/* Puts the commands of those of options that belong to filters into stream: some at its beginning,
 * the others at its end. Used for the filter's own options and then for those the jail sets itself.
 * Returns 0, or -EINVAL for a journalmatch with an open quote. */
int filter_conf_put_options(const struct dict *options, struct slice jail, struct value *stream,
        struct arena *arena, struct fault *fault);
