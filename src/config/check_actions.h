/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: tags of actions that nothing will replace, and programs that are not
 * there. */
#pragma once

#include "base/value.h"
#include "config/finding.h"

#define CHECK_ACTIONS_TEXT_MAX (1u << 20) /* bytes of a command with its tags replaced */

/* stream: LIST of commands as config_stream() makes it. */
void check_actions(const struct value *stream, struct findings *findings);
