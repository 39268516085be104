/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: jails that guard the same port by different means. */
#pragma once

#include "base/value.h"
#include "config/finding.h"

#define CHECK_PORTS_MAX 4096u /* uses of ports by jails that are compared */

/* stream: LIST of commands as config_stream() makes it. Each jail is told of once at most, beside
 * the first jail that it collides with. */
void check_ports(const struct value *stream, struct findings *findings);
