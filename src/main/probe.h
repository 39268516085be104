/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts to break out of the sandbox, for tests (meson option probe). */
#pragma once

#ifdef STOCKADE_WITH_PROBE
/* Makes the attempts that the environment variable STOCKADE_PROBE names (separated by commas) and
 * writes a line on each to stderr. */
void probe_run(void);
#else
static inline void probe_run(void) {}
#endif
