/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that tells scripts the server's process id. */
#pragma once

#include "base/fault.h"

/* Writes our process id and a newline; makes the last level of its folder. A path that is a
 * symbolic link is replaced, not followed. Returns 0, or negative errno with fault. */
int pid_file_write(const char *path, struct fault *fault);
/* Removes it if it still has our process id. Returns 0 or negative errno with fault. */
int pid_file_remove(const char *path, struct fault *fault);
