/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: times, numbers, words and addresses that a server would refuse, or
 * take for something else. */
#pragma once

#include "base/value.h"
#include "config/finding.h"

/* stream: LIST of commands as config_stream() makes it. */
void check_values(const struct value *stream, struct findings *findings);
