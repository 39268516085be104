/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sandbox of the children, in this order: limits, user, no_new_privs, landlock, seccomp. Each step is checked, and the user change
 * is tried back, because a sandbox that silently failed is worse than none. Most children open nothing by path, and landlock gets no rule
 * for them: what they read comes as fds. Only the journal, which libsystemd opens file by file, and the name service, which loads what
 * nsswitch.conf says, are let in by their folders, for reading. The lists below are what libc, PCRE2's JIT and our loop use (found with
 * report mode and strace); the resolver's is wider, as its modules are not ours, but has no way to another program, file or listener.
 * Sources: seccomp(2), landlock(7), OpenSSH's sandbox-seccomp-filter.c for the order. */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/securebits.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/pidfd.h"
#include "base/sanitized.h"

#ifdef __GLIBC__
#define RESOURCE(number) ((__rlimit_resource_t)(number)) /* an enum there */
#else
#define RESOURCE(number) (number)
#endif

#define INT_BITS UINT32_MAX /* of an argument; the other half of its register may hold anything */
#define USER_FALLBACK 65534 /* nobody, where a user namespace does not map the role's own number */

static const struct {
        const char *user;
        uid_t uid; /* above what passwd files and systemd's dynamic users (61184..65519) use */
        rlim_t nofile;
        rlim_t memory_bytes;
        rlim_t tasks; /* of all processes of the user together */
} roles[CONFINE_ROLE_COUNT] = {
        [CONFINE_SCANNER] = {"stockade-scanner", 60701, 8192, (rlim_t)2 << 30, 0},
        [CONFINE_JOURNAL] = {"stockade-journal", 60704, 4096, (rlim_t)16 << 30, 0}, /* of each file some windows are mapped */
        [CONFINE_FRONT] = {"stockade-front", 60702, 4096, (rlim_t)1 << 30, 0},
        [CONFINE_RESOLVER] = {"stockade-resolver", 60703, 1024, (rlim_t)4 << 30, 1024}, /* each thread reserves stack and heap */
};

/* What name services read: their configuration, the modules that they load, and files that their daemons keep for them. */
static const char *const resolver_paths[] = {"/etc", "/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64",
        "/usr/libx32", "/usr/local/lib", "/usr/share/zoneinfo", "/usr/share/locale", "/nix/store", "/gnu/store", "/run/systemd/resolve",
        "/run/systemd/machines", "/run/nscd", "/run/resolvconf", "/run/NetworkManager", "/run/connman", "/run/netconfig",
        "/run/avahi-daemon", "/run/samba", "/var/cache/nscd", "/var/lib/sss/mc", "/var/lib/misc", "/var/lib/libvirt/dnsmasq",
        "/dev/null", "/dev/urandom", "/dev/random"};
/* Often links to elsewhere. */
static const char *const resolver_files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"};

static const int calls_common[] = {
        SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(fstat),
        SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk),
        SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
        SCMP_SYS(gettimeofday), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid),
        SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(exit), SCMP_SYS(exit_group),
        SCMP_SYS(restart_syscall), SCMP_SYS(tgkill), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(getrusage), SCMP_SYS(sigaltstack),
};
static const int calls_scanner[] = {SCMP_SYS(pread64), SCMP_SYS(sysinfo), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity)};
static const int calls_journal[] = {SCMP_SYS(openat), SCMP_SYS(getdents64), SCMP_SYS(inotify_init1), SCMP_SYS(inotify_add_watch),
        SCMP_SYS(inotify_rm_watch), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(statx), SCMP_SYS(stat), SCMP_SYS(lstat),
        SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(geteuid),
        SCMP_SYS(getuid), SCMP_SYS(getegid), SCMP_SYS(getgid), SCMP_SYS(uname), SCMP_SYS(dup)};
static const int calls_resolver[] = {SCMP_SYS(pipe2), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(sendto), SCMP_SYS(sendmmsg),
        SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
        SCMP_SYS(shutdown), SCMP_SYS(ioctl), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(eventfd2), SCMP_SYS(epoll_create1),
        SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(getdents64), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(statx), SCMP_SYS(stat),
        SCMP_SYS(lstat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
        SCMP_SYS(getcwd), SCMP_SYS(geteuid), SCMP_SYS(getuid), SCMP_SYS(getegid), SCMP_SYS(getgid), SCMP_SYS(getppid),
        SCMP_SYS(uname), SCMP_SYS(dup), SCMP_SYS(clock_getres), SCMP_SYS(time), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
        SCMP_SYS(membarrier), SCMP_SYS(get_robust_list), SCMP_SYS(flock)};
static const int calls_front[] = {SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(getsockopt)};
/* Nothing that is not an exploit tries these. */
static const int calls_deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load), SCMP_SYS(mount), SCMP_SYS(setns), SCMP_SYS(unshare),
        SCMP_SYS(process_vm_readv), SCMP_SYS(kexec_file_load), SCMP_SYS(delete_module), SCMP_SYS(pivot_root), SCMP_SYS(umount2),
        SCMP_SYS(swapon), SCMP_SYS(reboot), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd)};

void confine_close_from(int first) {
        (void)syscall(SYS_close_range, (unsigned)first, ~0U, 0U); /* not every libc has a function for it */
}

static int set_limit(int resource, rlim_t limit, struct fault *fault) {
        struct rlimit now;
        if (getrlimit(RESOURCE(resource), &now) < 0)
                return fault_set_errno(fault, -errno, "confine: getrlimit %d", resource);
        if (limit > now.rlim_max)
                limit = now.rlim_max;
        if (setrlimit(RESOURCE(resource), &(struct rlimit){limit, limit}) < 0)
                return fault_set_errno(fault, -errno, "confine: setrlimit %d", resource);
        return 0;
}

static int set_limits(enum confine_role role, struct fault *fault) {
        const struct {
                int resource;
                rlim_t limit;
        } limits[] = {
                {RLIMIT_CORE,    0                       },
                {RLIMIT_FSIZE,   0                       },
                {RLIMIT_MEMLOCK, 0                       },
                {RLIMIT_NOFILE,  roles[role].nofile      },
#if !BASE_SANITIZED
                {RLIMIT_AS,      roles[role].memory_bytes},
#endif
        };
        int r = 0;
        for (size_t i = 0; r == 0 && i < sizeof(limits) / sizeof(limits[0]); i++)
                r = set_limit(limits[i].resource, limits[i].limit, fault);
        /* Who stays the user that he was shares this limit with all that the user runs; a fork is refused all the same. */
        if (r == 0 && (roles[role].tasks == 0 || geteuid() == 0))
                r = set_limit(RLIMIT_NPROC, roles[role].tasks, fault);
        return r;
}

static const char *const *journal_folders;
static size_t journal_folder_count;

void confine_folders(const char *const *folders, size_t count) {
        journal_folders = folders;
        journal_folder_count = count;
}

/* Returns whether there is a group whose members may read the journal. */
static bool journal_group(gid_t *ret) {
        struct stat info;
        const struct group *entry = getgrnam("systemd-journal");
        if (entry) {
                *ret = entry->gr_gid;
                return entry->gr_gid != 0;
        }
        for (size_t i = 0; i < journal_folder_count; i++) {
                if (stat(journal_folders[i], &info) < 0 || info.st_gid == 0)
                        continue;
                *ret = info.st_gid;
                return true;
        }
        return false;
}

/* The role's user: the system's entry for it, or our number. */
static void find_user(enum confine_role role, uid_t *ret_uid, gid_t *ret_gid) {
        const struct passwd *entry = getpwnam(roles[role].user);
        bool is_there = entry && entry->pw_uid != 0;
        *ret_uid = is_there ? entry->pw_uid : roles[role].uid;
        *ret_gid = is_there ? entry->pw_gid : (gid_t)roles[role].uid;
}

static int drop_user(enum confine_role role, struct fault *fault) {
        uid_t uid;
        gid_t gid, group = 0;
        if (geteuid() != 0)
                return 0;
        find_user(role, &uid, &gid);
        size_t groups = role == CONFINE_JOURNAL && journal_group(&group) ? 1 : 0;
        if (setgroups(groups, &group) < 0 && errno != EPERM) /* EPERM: a user namespace that denies setgroups */
                return fault_set_errno(fault, -errno, "confine: setgroups");
        if (setresgid(gid, gid, gid) < 0 && setresgid(USER_FALLBACK, USER_FALLBACK, USER_FALLBACK) < 0)
                return fault_set_errno(fault, -errno, "confine: setresgid %u", (unsigned)gid);
        if (setresuid(uid, uid, uid) < 0 && setresuid(USER_FALLBACK, USER_FALLBACK, USER_FALLBACK) < 0)
                return fault_set_errno(fault, -errno, "confine: setresuid %u", (unsigned)uid);
        if (setuid(0) == 0 || geteuid() == 0 || getegid() == 0)
                return fault_set(fault, -EPERM, "confine: root could be regained");
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) /* the change of user has cleared it */
                return fault_set_errno(fault, -errno, "confine: death signal");
        return 0;
}

static int set_no_new_privs(struct fault *fault) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return fault_set_errno(fault, -errno, "confine: no_new_privs");
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return fault_set_errno(fault, -errno, "confine: dumpable");
        return 0;
}

/* A folder that may be read, or a file. */
static int allow_path(int ruleset, const char *path, struct fault *fault) {
        struct stat info;
        CLEANUP(close_p) int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &info) < 0)
                return 0; /* what is absent needs no permission */
        struct landlock_path_beneath_attr rule = {
                .parent_fd = fd,
                .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | (S_ISDIR(info.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0U),
        };
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) < 0)
                return fault_set_errno(fault, -errno, "confine: landlock_add_rule %s", path);
        return 0;
}

/* libsystemd tells this machine's files from others' by the machine's id. */
static int allow_journal(int ruleset, struct fault *fault) {
        int r = allow_path(ruleset, "/etc/machine-id", fault);
        for (size_t i = 0; r == 0 && i < journal_folder_count; i++)
                r = allow_path(ruleset, journal_folders[i], fault);
        return r;
}

/* The folder of what a link leads to: resolvers replace their files, so the file itself would not do. */
static int allow_target(int ruleset, const char *path, struct fault *fault) {
        CLEANUP(free_p) char *target = realpath(path, NULL);
        if (!target)
                return 0;
        char *slash = strrchr(target, '/');
        if (slash > target)
                *slash = '\0';
        return allow_path(ruleset, target, fault);
}

static int allow_resolver(int ruleset, struct fault *fault) {
        int r = 0;
        for (size_t i = 0; r == 0 && i < sizeof(resolver_paths) / sizeof(resolver_paths[0]); i++)
                r = allow_path(ruleset, resolver_paths[i], fault);
        for (size_t i = 0; r == 0 && i < sizeof(resolver_files) / sizeof(resolver_files[0]); i++)
                r = allow_target(ruleset, resolver_files[i], fault);
        return r;
}

static int deny_files(enum confine_role role, struct fault *fault) {
        struct landlock_ruleset_attr rules = {
                .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                        LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                        LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
        CLEANUP(close_p) int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0U);
        if (fd < 0)
                return fault_set_errno(fault, -errno, "confine: landlock (needs Linux 5.13 with landlock enabled)");
        int r = role == CONFINE_JOURNAL ? allow_journal(fd, fault) : role == CONFINE_RESOLVER ? allow_resolver(fd, fault) : 0;
        if (r < 0)
                return r;
        if (syscall(SYS_landlock_restrict_self, fd, 0U) < 0)
                return fault_set_errno(fault, -errno, "confine: landlock_restrict_self");
        return 0;
}

static int allow_calls(scmp_filter_ctx filter, uint32_t verdict, const int *calls, size_t count) {
        for (size_t i = 0; i < count; i++) {
                int r = seccomp_rule_add(filter, verdict, calls[i], 0);
                if (r < 0 && r != -EDOM) /* EDOM: no such call on this architecture */
                        return r;
        }
        return 0;
}

/* Names are asked for over the network, a daemon's socket, and what the kernel says about routes. */
static int allow_sockets(scmp_filter_ctx filter) {
        const scmp_datum_t families[] = {AF_UNIX, AF_INET, AF_INET6};
        int r = 0;
        for (size_t i = 0; r == 0 && i < sizeof(families) / sizeof(families[0]); i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, families[i]));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                        SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, AF_NETLINK), SCMP_A2(SCMP_CMP_MASKED_EQ, INT_BITS, NETLINK_ROUTE));
        return r;
}

/* Threads, and no processes. clone3's flags lie in memory, where no filter sees them: libc takes clone instead when there is none. */
static int allow_threads(scmp_filter_ctx filter) {
#ifdef __s390__
        const struct scmp_arg_cmp is_thread = SCMP_A1(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
#else
        const struct scmp_arg_cmp is_thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
#endif
        int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        return r == 0 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, is_thread) : r;
}

/* Landlock says which. */
static int allow_reading(scmp_filter_ctx filter) {
        const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
        int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
        return r == -EDOM ? 0 : r;
}

static int fill_resolver(scmp_filter_ctx filter) {
        int r = allow_calls(filter, SCMP_ACT_ALLOW, calls_resolver, sizeof(calls_resolver) / sizeof(calls_resolver[0]));
        if (r == 0)
                r = allow_sockets(filter);
        if (r == 0)
                r = allow_threads(filter);
        return r == 0 ? allow_reading(filter) : r;
}

static int fill_filter(scmp_filter_ctx filter, enum confine_role role) {
        int r = allow_calls(filter, SCMP_ACT_ALLOW, calls_common, sizeof(calls_common) / sizeof(calls_common[0]));
        if (r == 0 && role == CONFINE_JOURNAL)
                r = allow_calls(filter, SCMP_ACT_ALLOW, calls_journal, sizeof(calls_journal) / sizeof(calls_journal[0]));
        if (r == 0 && role != CONFINE_FRONT)
                r = allow_calls(filter, SCMP_ACT_ALLOW, calls_scanner, sizeof(calls_scanner) / sizeof(calls_scanner[0]));
        if (r == 0 && role == CONFINE_RESOLVER)
                r = fill_resolver(filter);
        if (r == 0 && role == CONFINE_FRONT)
                r = allow_calls(filter, SCMP_ACT_ALLOW, calls_front, sizeof(calls_front) / sizeof(calls_front[0]));
        if (r == 0)
                r = allow_calls(filter, SCMP_ACT_KILL_PROCESS, calls_deadly, sizeof(calls_deadly) / sizeof(calls_deadly[0]));
        if (r == 0) /* making an fd non-blocking is all that fcntl is for */
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 0);
        return r;
}

static int deny_calls(enum confine_role role, struct fault *fault) {
        const char *mode = geteuid() != 0 ? getenv("STOCKADE_CONFINE") : NULL;
        bool report = mode && strcmp(mode, "report") == 0;
        scmp_filter_ctx filter = seccomp_init(report ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return fault_set(fault, -ENOMEM, "confine: seccomp_init");
        int r = fill_filter(filter, role);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        memory_trim(); /* making the filter takes more than some of these processes ever need again */
        return r < 0 ? fault_set_errno(fault, r, "confine: seccomp") : 0;
}

int confine(enum confine_role role, struct fault *fault) {
        tzset(); /* reads /etc/localtime, which is out of reach afterwards */
        int r = set_limits(role, fault);
        if (r == 0)
                r = drop_user(role, fault);
        if (r == 0)
                r = set_no_new_privs(fault);
        if (r == 0)
                r = deny_files(role, fault);
        if (r == 0)
                r = deny_calls(role, fault);
        return r;
}

/* In a process of its own. */
static int kill_as(int pidfd, uid_t uid) {
        if (setresuid((uid_t)-1, uid, (uid_t)-1) < 0)
                return -errno;
        int r = pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
        return setresuid((uid_t)-1, 0, (uid_t)-1) < 0 && r < 0 ? -errno : r;
}

static bool kill_as_any(int pidfd) {
        for (int role = 0; role < CONFINE_ROLE_COUNT; role++) {
                uid_t uid;
                gid_t gid;
                find_user((enum confine_role)role, &uid, &gid);
                if (kill_as(pidfd, uid) == 0)
                        return true;
        }
        return kill_as(pidfd, USER_FALLBACK) == 0;
}

int confine_kill(int pidfd) {
        int status = 0;
        if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0)
                return 0;
        if (errno != EPERM || geteuid() != 0)
                return -errno;
        pid_t pid = fork();
        if (pid == 0)
                _exit(kill_as_any(pidfd) ? 0 : 1);
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}
