/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: what the server would refuse of how long bans last, and of networks.
 */
#pragma once

#include "base/value.h"
#include "config/finding.h"

/* stream: LIST of commands as config_stream() makes it. */
void check_bans(const struct value *stream, struct findings *findings);
