/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line that fail2ban-client and fail2ban-server share. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "base/value.h"

#define ARGUMENTS_TIMEOUT_S 30.0

enum arguments_dump { ARGUMENTS_DUMP_NONE, ARGUMENTS_DUMP_PLAIN, ARGUMENTS_DUMP_PRETTY };

/* Texts are those of argv; data NULL: not given. */
struct arguments {
        struct slice conf; /* "/etc/fail2ban" if not given */
        struct slice socket;
        struct slice pidfile;
        struct slice pname;
        struct slice loglevel;
        struct slice logtarget;
        struct slice syslogsocket;
        enum arguments_dump dump;
        bool test;
        bool interactive;
        bool force;
        bool foreground;
        bool async;
        bool json;
        bool strict;
        int verbosity;        /* 0; one more for each -v, one less for each -q */
        double timeout_s;     /* ARGUMENTS_TIMEOUT_S if not given */
        struct value seconds; /* what --str2sec came to */
        char *const *words;   /* from the first that is no option */
        size_t word_count;
};

enum arguments_result {
        ARGUMENTS_OK,              /* go on with the words */
        ARGUMENTS_E_USAGE,         /* an option is wrong: print the usage, exit status 255 */
        ARGUMENTS_E_HELP,          /* print the usage, 0 */
        ARGUMENTS_E_VERSION,       /* print the version, 0 */
        ARGUMENTS_E_VERSION_SHORT, /* the number alone, 0 */
        ARGUMENTS_E_SECONDS,       /* print arguments->seconds, 0 */
};

/* Reads argv (argv[0] is the program). Options end at the first word that is none, or behind "--".
 * All are checked before the first takes effect; then they are taken in order, up to one that asks
 * for an answer. Returns enum arguments_result, or negative errno with a fault for a time that is
 * none (to be shown as "ERROR: TEXT" on stdout, exit status 255). */
int arguments_read(struct arguments *arguments, int argc, char *const argv[], struct fault *fault);
