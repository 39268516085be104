/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One jail: its section of jail.conf, its filter and actions, to commands. */
#pragma once

#include <stdbool.h>

#include "base/fault.h"
#include "base/value.h"
#include "config/action_conf.h"
#include "config/conf_files.h"
#include "config/filter_conf.h"

#define JAIL_ACTIONS_MAX 256u /* of one jail */

enum jail_conf_result {
        JAIL_CONF_OK,
        JAIL_CONF_E_DEFINITION, /* filter or action are missing or malformed: upstream skips such a
                                   jail and goes on */
};

struct jail_conf {
        struct conf_store *store;
        struct conf *conf; /* "jail"; the filter's options are merged into the jail's section */
        struct slice name;
        bool enabled;
        bool skipped;        /* for want of log files, by its own wish */
        struct slice broken; /* why the jail is skipped as wrong; data is NULL if it is not */
        const struct value_origin *broken_at; /* or NULL */
        struct slice broken_fix;              /* what may have been meant; may be empty */
        struct dict options;
        struct filter_conf *filter; /* or NULL */
        struct action_conf *actions;
        size_t action_count;
        size_t action_capacity;
};

/* Enables the jail, whatever it says, and gives it further options (e.g. backend) for its filter;
 * see fail2ban-regex. */
struct jail_conf_forced {
        const struct dict *options; /* or NULL */
};

/* Reads the section called name, which exists. forced may be NULL. Returns JAIL_CONF_OK (enabled
 * tells whether there is anything to convert), JAIL_CONF_E_DEFINITION with a fault, or negative
 * errno with a fault: something in its files is malformed. */
int jail_conf_read(struct jail_conf *jail, struct conf_store *store, struct conf *conf,
        struct slice name, const struct jail_conf_forced *forced, struct fault *fault);

/* A jail without any log file is a fault, is kept (dump), or waits for those of its files that are
 * named without wildcards; if there is none of them it is a fault, too. With a journalmatch it
 * reads the journal instead (backend auto, systemd_if_nologs), when it could wait only if there are
 * journal files on this machine. */
enum jail_conf_logs { JAIL_CONF_LOGS_NEEDED, JAIL_CONF_LOGS_OPTIONAL, JAIL_CONF_LOGS_AWAITED };

/* Appends the jail's commands, without its start. Sets jail->skipped. Returns 0 or negative errno
 * with a fault; then nothing was appended. */
int jail_conf_stream(struct jail_conf *jail, enum jail_conf_logs logs, struct value *stream,
        struct fault *fault);
