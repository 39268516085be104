/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One datagram: no library is needed for it, and systems without systemd lose nothing. Source:
 * sd_notify(3). */
#include "main/notify.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

int notify_send(const char *state) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        if (!path || !path[0])
                return 0;
        size_t length = strlen(path);
        if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
                return -EINVAL;
        memcpy(address.sun_path, path, length);
        if (path[0] == '@') /* the abstract name space */
                address.sun_path[0] = '\0';
        CLEANUP(close_p) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                    (const struct sockaddr *)&address, size) < 0)
                return -errno;
        return 1;
}
