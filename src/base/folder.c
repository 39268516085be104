/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More than one level that is missing is rather a typo than a wish. */
#include "base/folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/memory.h"

int folder_make_for(const char *path, struct fault *fault) {
        const char *slash = strrchr(path, '/');
        if (path[0] != '/' || slash == path)
                return 0;
        CLEANUP(free_p)
        char *folder = memory_copy_text((struct slice){path, (size_t)(slash - path)});
        if (mkdir(folder, 0777) < 0 && errno != EEXIST)
                return fault_set_errno(fault, -errno, "folder '%s'", folder);
        return 0;
}
