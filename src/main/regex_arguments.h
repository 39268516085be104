/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of fail2ban-regex, read as Python's optparse reads it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define REGEX_POSITIONAL_MAX 3

/* Texts with data NULL were not given. */
struct regex_arguments {
        struct slice config, datepattern, timezone, encoding, usedns, journalmatch, log_level, out, check;
        int64_t maxlines;
        int64_t verbose;
        bool raw, verbose_date, debuggex, no_check_all, invert, print_no_missed, print_no_ignored,
                print_all_matched, print_all_missed, print_all_ignored, log_traceback,
                full_traceback, json, explain;
        struct slice positional[REGEX_POSITIONAL_MAX];
        size_t count; /* of positional arguments, those beyond the array included */
};

enum regex_arguments_result {
        REGEX_ARGUMENTS_OK,
        REGEX_ARGUMENTS_DONE, /* help or version has been printed: exit with 0 */
        REGEX_ARGUMENTS_BAD,  /* said on stderr: exit with 2 */
};

/* Reads the arguments; texts borrow from argv. */
enum regex_arguments_result regex_arguments_parse(
        struct regex_arguments *ret, int argc, char **argv);
void regex_arguments_print_help(const char *program);
