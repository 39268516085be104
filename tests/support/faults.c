/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults for tests/e2e/soak.py, loaded into the server with LD_PRELOAD: writes to files, new
 * processes and netlink requests fail as often as the file "faults" beside this library says, and
 * the wall clock is moved by what it says. The children of the server only see the clock moved: what
 * they may write to is checked elsewhere. Programs that are not ours are left alone, so that what
 * an action reports can be relied on; the clock of one that STOCKADE_CLOCK_OF names is moved, too
 * (tests/compare/shadow.py). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The layout that soak.py writes. Chances are of a million. */
struct faults {
        int64_t clock_us;
        uint32_t writes, forks, netlink;
        uint32_t failed_writes, failed_forks, failed_netlink; /* counted here */
};

static struct faults quiet;
static struct faults *faults = &quiet;
static uint64_t state;

__attribute__((constructor)) static void set_up(void) {
        Dl_info info;
        char path[4096];
        int is_server = strcmp(program_invocation_short_name, "fail2ban-server") == 0;
        const char *also = getenv("STOCKADE_CLOCK_OF");
        if (!is_server && strncmp(program_invocation_short_name, "stockade-", 9) != 0 &&
                (!also || strcmp(program_invocation_short_name, also) != 0))
                return;
        if (!dladdr((void *)set_up, &info) || !info.dli_fname)
                return;
        const char *slash = strrchr(info.dli_fname, '/');
        int len = slash ? (int)(slash + 1 - info.dli_fname) : 0;
        (void)snprintf(path, sizeof(path), "%.*sfaults", len, info.dli_fname);
        int fd = open(path, (is_server ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (fd < 0)
                return;
        void *map = mmap(NULL, sizeof(*faults), is_server ? PROT_READ | PROT_WRITE : PROT_READ,
                MAP_SHARED, fd, 0);
        (void)close(fd);
        if (map != MAP_FAILED)
                faults = map;
        state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
}

static int strikes(uint32_t chance, uint32_t *counter) {
        if (chance == 0 || strcmp(program_invocation_short_name, "fail2ban-server") != 0)
                return 0;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        if ((state >> 33) % 1000000 >= chance)
                return 0;
        ++*counter;
        return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int write_strikes(int fd) {
        struct stat info;
        if (faults->writes == 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ||
                !strikes(faults->writes, &faults->failed_writes))
                return 0;
        errno = (state >> 20) & 1 ? ENOSPC : EIO;
        return 1;
}

ssize_t write(int fd, const void *bytes, size_t len) {
        return write_strikes(fd) ? -1 : REAL(write)(fd, bytes, len);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
        return write_strikes(fd) ? -1 : REAL(writev)(fd, pieces, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
        return write_strikes(fd) ? -1 : REAL(pwrite)(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
        return write_strikes(fd) ? -1 : REAL(pwrite64)(fd, bytes, len, at);
}

int fsync(int fd) {
        return write_strikes(fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
        return write_strikes(fd) ? -1 : REAL(fdatasync)(fd);
}

static int fork_strikes(void) {
        return strikes(faults->forks, &faults->failed_forks);
}

pid_t fork(void) {
        if (fork_strikes()) {
                errno = EAGAIN;
                return -1;
        }
        return REAL(fork)();
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
        const posix_spawnattr_t *attributes, char *const words[], char *const environment[]) {
        if (fork_strikes())
                return EAGAIN;
        return REAL(posix_spawn)(pid, path, actions, attributes, words, environment);
}

static int netlink_strikes(int fd) {
        int domain = 0;
        socklen_t len = sizeof(domain);
        if (faults->netlink == 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
                domain != AF_NETLINK || !strikes(faults->netlink, &faults->failed_netlink))
                return 0;
        errno = ENOBUFS;
        return 1;
}

ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
        socklen_t to_len) {
        return netlink_strikes(fd) ? -1 : REAL(sendto)(fd, bytes, len, flags, to, to_len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
        return netlink_strikes(fd) ? -1 : REAL(sendmsg)(fd, message, flags);
}

int clock_gettime(clockid_t which, struct timespec *ret) {
        int r = REAL(clock_gettime)(which, ret);
        if (r < 0 || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE))
                return r;
        int64_t us = faults->clock_us + ret->tv_nsec / 1000;
        int64_t seconds = us / 1000000 - (us % 1000000 < 0);
        ret->tv_sec += seconds;
        ret->tv_nsec = (us - seconds * 1000000) * 1000 + ret->tv_nsec % 1000;
        return r;
}

int gettimeofday(struct timeval *ret, void *zone) {
        struct timespec now;
        (void)zone;
        int r = clock_gettime(CLOCK_REALTIME, &now);
        *ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
        return r;
}

time_t time(time_t *ret) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}
