/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: regexes, date patterns and what else a scanner would refuse. */
#pragma once

#include "base/value.h"
#include "config/finding.h"

#define CHECK_REGEXES_JAILS_MAX 4096u /* that are tested */

/* stream: LIST of commands as config_stream() makes it. */
void check_regexes(const struct value *stream, struct findings *findings);
