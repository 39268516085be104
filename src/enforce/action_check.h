/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routines of a run that look whether the action's environment is sane, and repair it. */
#pragma once

#include "enforce/action_frame.h"

/* frame: repair. Checks every family that is started; one that stays broken counts as not started.
 */
action_routine action_check;
/* frame: family, repair, is_forced (also one that never was started). Runs actioncheck, and repairs
 * what it finds. ACTION_REFUSED: it is broken, and not to be repaired. */
action_routine action_check_family;
/* Runs actionstart of every family that was lost (ACTION_LOST). */
action_routine action_restore;
