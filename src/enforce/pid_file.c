/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Written beside and renamed, so that nobody reads half a number, and what stands there is never
 * written through. */
#include "enforce/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/number.h"

int pid_file_write(const char *path, struct fault *fault) {
        char text[32];
        char *beside = NULL;
        int r = folder_make_for(path, fault);
        if (r < 0)
                return r;
        if (asprintf(&beside, "%s.new", path) < 0)
                return fault_set(fault, -ENOMEM, "out of memory");
        CLEANUP(free_p) char *owned = beside;
        (void)unlink(owned); /* left by somebody who was killed */
        CLEANUP(close_p)
        int fd = open(owned, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return fault_set_errno(fault, -errno, "'%s'", owned);
        int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
        ssize_t written = write(fd, text, (size_t)length);
        if (written != length || rename(owned, path) < 0) {
                r = written >= 0 && written != length ? -ENOSPC : -errno;
                (void)unlink(owned);
                return fault_set_errno(fault, r, "'%s'", path);
        }
        return 0;
}

int pid_file_remove(const char *path, struct fault *fault) {
        char text[32];
        uint64_t pid = 0;
        CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return fault_set_errno(fault, -errno, "'%s'", path);
        ssize_t length = read(fd, text, sizeof(text));
        struct slice number = slice_trim((struct slice){text, length > 0 ? (size_t)length : 0});
        if (number_parse_u64(number, &pid) < 0 || pid != (uint64_t)getpid())
                return 0; /* another server's */
        if (unlink(path) < 0)
                return fault_set_errno(fault, -errno, "'%s'", path);
        return 0;
}
