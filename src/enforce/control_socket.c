/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only a socket is ever removed, and only one that nobody listens on: a second server started by
 * mistake takes nothing from the first. */
#include "enforce/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/number.h"

#define LOGGER "fail2ban.asyncserver"
#define LISTEN_FIRST 3 /* SD_LISTEN_FDS_START */
#define LISTEN_MAX 64
#define ALIVE_PAUSE_MS 50

#define GROUPS_MAX 4096 /* that a peer may be in; with more it is in none */

static int address_of(const char *path, struct sockaddr_un *ret, struct fault *fault) {
        size_t length = strlen(path);
        if (length == 0 || length >= sizeof(ret->sun_path))
                return fault_set(fault, -ENAMETOOLONG, "socket path '%s' has more than %zu bytes",
                        path, sizeof(ret->sun_path) - 1);
        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        memcpy(ret->sun_path, path, length + 1);
        return 0;
}

static bool listens(const struct sockaddr_un *address) {
        CLEANUP(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return false;
        /* EAGAIN: its backlog is full, so there is one. */
        return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
               errno == EAGAIN;
}

bool control_socket_is_alive(const char *path) {
        const struct timespec pause = {.tv_nsec = ALIVE_PAUSE_MS * 1000000L};
        struct sockaddr_un address;
        if (address_of(path, &address, NULL) < 0 || !listens(&address))
                return false;
        for (int waited_ms = 0; waited_ms < CONTROL_ALIVE_MS; waited_ms += ALIVE_PAUSE_MS) {
                (void)nanosleep(&pause, NULL);
                if (!listens(&address))
                        return false;
        }
        return true;
}

/* Position of "fail2ban" among the colon separated names; 0 if it is not there. */
static unsigned named_fd(const char *names, unsigned count) {
        struct slice rest = slice_of(names ? names : "");
        struct slice name;
        for (unsigned i = 0; i < count && rest.data && slice_next_piece(&rest, ':', &name); i++)
                if (slice_is(name, "fail2ban"))
                        return i;
        return 0;
}

/* How many fds the init system has handed to this process. */
static unsigned activated_count(void) {
        uint32_t pid = 0;
        uint32_t count = 0;
        const char *pid_text = getenv("LISTEN_PID");
        const char *count_text = getenv("LISTEN_FDS");
        bool is_ours = pid_text && count_text && number_parse_u32(slice_of(pid_text), &pid) == 0 &&
                       number_parse_u32(slice_of(count_text), &count) == 0 &&
                       pid == (uint32_t)getpid();
        return is_ours && count <= LISTEN_MAX ? count : 0;
}

bool control_socket_is_handed_over(void) {
        return activated_count() > 0;
}

static int activated_fd(void) {
        unsigned count = activated_count();
        int fd = count > 0 ? LISTEN_FIRST + (int)named_fd(getenv("LISTEN_FDNAMES"), count) : -1;
        (void)unsetenv("LISTEN_PID");
        (void)unsetenv("LISTEN_FDS");
        (void)unsetenv("LISTEN_FDNAMES");
        return fd;
}

static int take_activated(struct control_socket *control, int fd, struct fault *fault) {
        int listening = 0;
        socklen_t size = sizeof(listening);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening)
                return fault_set(fault, -ENOTSOCK,
                        "file descriptor %d, handed over for the control socket, does not listen",
                        fd);
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
                fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return fault_set_errno(fault, -errno, "control socket");
        diag(DIAG_INFO, LOGGER, "Using socket activation, inherited socket %d", fd);
        control->fd = fd;
        return 0;
}

static int clear_path(const char *path, enum control_force force, struct fault *fault) {
        struct stat info;
        if (lstat(path, &info) < 0)
                return 0;
        diag(DIAG_ERROR, LOGGER, "Fail2ban seems to be already running");
        if (force != CONTROL_FORCE || !S_ISSOCK(info.st_mode) || control_socket_is_alive(path))
                return fault_set(fault, -EADDRINUSE, "Server already running");
        diag(DIAG_WARNING, LOGGER, "Forcing execution of the server");
        if (unlink(path) < 0)
                return fault_set_errno(fault, -errno, "Unable to remove socket %s", path);
        return 0;
}

int control_socket_open(struct control_socket *control, const char *path, enum control_force force,
        struct fault *fault) {
        struct sockaddr_un address;
        *control = CONTROL_SOCKET_NONE;
        int activated = activated_fd();
        if (activated >= 0)
                return take_activated(control, activated, fault);
        int r = address_of(path, &address, fault);
        if (r == 0)
                r = folder_make_for(path, fault);
        if (r == 0)
                r = clear_path(path, force, fault);
        if (r < 0)
                return r;
        CLEANUP(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return fault_set_errno(fault, -errno, "control socket");
        mode_t old = umask(077);
        r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
        (void)umask(old);
        if (r < 0)
                return fault_set_errno(fault, r, "Unable to bind socket %s", path);
        if (listen(fd, CONTROL_BACKLOG) < 0)
                return fault_set_errno(fault, -errno, "socket %s", path);
        control->fd = steal_fd(&fd);
        control->path = memory_copy_text(slice_of(path));
        return 0;
}

void control_socket_close(struct control_socket *control) {
        if (control->fd >= 0)
                (void)close(control->fd);
        if (control->path)
                if (unlink(control->path) == 0) /* it may have been removed by somebody */
                        diag(DIAG_DEBUG, LOGGER, "Removed socket file %s", control->path);
        free(control->path);
        *control = CONTROL_SOCKET_NONE;
}

int control_socket_accept(struct control_socket *control, int *ret_fd, uid_t *ret_uid) {
        struct ucred peer;
        socklen_t size = sizeof(peer);
        CLEANUP(close_p) int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return errno == EWOULDBLOCK ? -EAGAIN : -errno;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        *ret_uid = peer.uid;
        *ret_fd = steal_fd(&fd);
        return 0;
}

int control_socket_set_group(
        const struct control_socket *control, gid_t group, struct fault *fault) {
        bool is_open = group != CONTROL_NO_GROUP;
        if (!control->path)
                return 0;
        /* First the group, then the mode: in between it is nobody else's. */
        if (chown(control->path, (uid_t)-1, is_open ? group : getegid()) < 0 ||
                chmod(control->path, is_open ? 0770 : 0700) < 0)
                return fault_set_errno(fault, -errno, "group of socket %s", control->path);
        return 0;
}

bool control_socket_peer_is_in(int fd, gid_t group) {
        struct ucred credentials;
        socklen_t size = sizeof(credentials);
        if (group == CONTROL_NO_GROUP)
                return false;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
                credentials.gid == group)
                return true;
        gid_t groups[GROUPS_MAX];
        size = sizeof(groups);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
                return false;
        for (size_t i = 0; i < size / sizeof(groups[0]); i++)
                if (groups[i] == group)
                        return true;
        return false;
}
