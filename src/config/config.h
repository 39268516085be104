/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From configuration files to commands: all that programs need of this folder. Messages (unreadable
 * files, jails that are skipped, ...) go out through base/diag.h with the logger names and levels
 * of fail2ban; what ends the reading comes back as a fault. Values carry their origin (file, line)
 * where they have one. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "base/value.h"
#include "config/finding.h"

enum config_result {
        CONFIG_OK,
        CONFIG_E_WRONG_JAILS, /* the result is complete, but fail2ban-client would exit with an
                                 error: see config_stream() */
        CONFIG_E_NO_JAIL,     /* config_filter(): there is no jail of that name */
        CONFIG_E_UNREADABLE,  /* config_filter(): the files cannot be read, which has been said */
};

/* Settings that the programs themselves need. data NULL: not set. */
struct config_server {
        struct slice socket;
        struct slice pidfile;
        struct slice loglevel;
        struct slice logtarget;
        struct slice syslogsocket;
};

/* Fills the settings that are not set (those from the command line are) from fail2ban.conf or
 * defaults; texts are in arena. basedir: e.g. "/etc/fail2ban"; empty means that. Returns 0, or
 * negative errno with a fault to be shown as "ERROR: TEXT". */
int config_read_server(struct slice basedir, struct arena *arena, struct config_server *settings,
        struct fault *fault);

struct config_request {
        struct slice basedir; /* empty means /etc/fail2ban */
        struct slice jail;    /* only this section of jail.conf; empty: all */
        struct config_server
                server; /* what is set here stands before the files, and goes into the stream */
        bool dump; /* -d: missing log files are no error; anything that ends upstream's reading ends
                      this one */
        bool strict; /* -t: any wrong jail makes the result CONFIG_E_WRONG_JAILS; likewise */
        bool brief; /* messages show no line of a file: whoever asks shows findings, too */
        struct findings
                *findings; /* or NULL: takes all that is wrong or strange, instead of messages; then a
                              jail without logs is kept for further tests. Its arena must be that of
                              the result */
};

/* Reads everything and makes the list of commands for the server (memory: arena). Without dump and
 * strict a fault within a jail, or its filter or actions, costs that jail only: it becomes a
 * 'config-error' command and an ERROR message with file, line and jail. With one of them only what
 * upstream survives does so. Returns CONFIG_OK; CONFIG_E_WRONG_JAILS if some jails are wrong and no
 * other is enabled (or strict is set), with the stream in *ret all the same: a server may run on
 * it; or negative errno with a fault, to be shown as "Failed during configuration: TEXT". */
int config_stream(const struct config_request *request, struct arena *arena, struct value *ret,
        struct fault *fault);

enum config_filter_kind {
        CONFIG_FILTER_NAME, /* name in filter.d, or an absolute path without ".conf": all files and
                               .local that belong to it */
        CONFIG_FILTER_PATH, /* path of one file, with its includes */
        CONFIG_FILTER_JAIL, /* section of jail.conf: its filter and its own options */
};

struct config_filter_request {
        struct slice basedir;
        enum config_filter_kind kind;
        struct slice name;
        const struct value *options; /* DICT of texts from the brackets, or NULL */
        struct slice backend;        /* "auto" or "systemd"; decides logtype */
        /* CONFIG_FILTER_JAIL: called when the jail is there, before its options are read, and when
         * they are read (the result's `options` is complete), before commands are made; or NULL. */
        void (*found)(void *user);
        void (*ready)(void *user);
        void *user;
};

struct config_filter_result {
        struct value commands; /* LIST as in config_stream(), of jail "fail2ban-regex-jail" or the
                                  jail asked for */
        struct value options;  /* DICT: logtype, datepattern and the requested options as they came
                                  out ("Real  filter options") */
};

/* Reads one filter for fail2ban-regex. Returns CONFIG_OK, CONFIG_E_NO_JAIL, CONFIG_E_UNREADABLE,
 * CONFIG_E_WRONG_JAILS (the jail's definition is wrong, which has been said), or negative errno
 * with a fault. */
int config_filter(const struct config_filter_request *request, struct arena *arena,
        struct config_filter_result *ret, struct fault *fault);

/* Splits "name[option=value, ...]" into the name and a DICT of texts. Returns 0, or -EINVAL with a
 * fault in upstream's words. */
int config_split_options(struct slice text, struct arena *arena, struct slice *ret_name,
        struct value *ret_options, struct fault *fault);
