/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routines of a run that work for its ticket, run->info. */
#pragma once

#include "enforce/action_frame.h"

/* frame: property (actionban, actionreban). */
action_routine action_ticket_ban;
/* Only if its family holds bans. */
action_routine action_ticket_unban;
action_routine action_ticket_prolong;
