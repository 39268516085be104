/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests against the real kernel and the real nft or ipset, in a network namespace of the test's
 * own. */
#pragma once

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_include.h"

/* Whether there is such a kernel: as root, with the program, and if the probe succeeds in it. */
static inline bool kernel_begin(const char *program, const char *probe) {
        return access(program, X_OK) == 0 && geteuid() == 0 && unshare(CLONE_NEWNET) == 0 &&
               system(probe) == 0;
}

static inline void shell(const char *command) {
        if (system(command) != 0)
                fail_msg("failed: %s", command);
}

/* What a command prints. */
static inline void kernel_list(const char *command, char *out, size_t size) {
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        size_t len = fread(out, 1, size - 1, pipe);
        out[len] = '\0';
        (void)pclose(pipe);
}

#define KERNEL_BEGIN_NFT kernel_begin("/usr/sbin/nft", "nft add table inet t 2>/dev/null")
