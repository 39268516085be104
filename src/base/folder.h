/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders for files that the server makes. */
#pragma once

#include "base/fault.h"

/* Makes the folder that path, an absolute one, is in: its last level only, as upstream does; with
 * the modes that the umask leaves. Any other path needs none. Returns 0, also if it is there, or
 * negative errno. */
int folder_make_for(const char *path, struct fault *fault);
