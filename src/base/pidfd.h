/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of pidfd_open(2) and pidfd_send_signal(2), which not every libc has (musl). */
#pragma once

#if __has_include(<sys/pidfd.h>)
#include <sys/pidfd.h>
#else
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline int pidfd_open(pid_t pid, unsigned flags) {
        return (int)syscall(SYS_pidfd_open, pid, flags);
}

static inline int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags) {
        return (int)syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}
#endif
