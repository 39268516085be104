/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: fail2ban/server/ipdns.py FileIPAddrSet, 1.1. The set is replaced only when the whole
 * file has been read. */
#include "enforce/ignore_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"

struct ignore_file {
        const struct clock *clock;
        char *path;
        char *name;
        struct address_set set;
        double next_check;
        struct stat last; /* as when it was read */
};

bool ignore_file_path(struct slice word, struct slice *ret_path) {
        if (!slice_has_prefix(word, SLICE("file:")))
                return false;
        struct slice rest = slice_sub(word, 5, word.len);
        size_t slashes = 0;
        while (slashes < 2 && slashes < rest.len && rest.data[slashes] == '/')
                slashes++;
        *ret_path = slice_sub(rest, slashes, rest.len);
        /* As many slashes as possible are dropped so that an absolute path is left, whose first
         * name is not very short. */
        for (size_t drop = slashes + 1; drop-- > 0;) {
                struct slice path = slice_sub(rest, drop, rest.len);
                if (path.len == 0 || path.data[0] != '/')
                        continue;
                if ((path.len > 1 && path.data[1] == '/') ||
                        (path.len > 2 && path.data[2] == '/') ||
                        (path.len > 3 && path.data[3] == '/'))
                        continue;
                *ret_path = path;
                break;
        }
        return true;
}

struct ignore_file *ignore_file_new(struct slice path, const struct clock *clock) {
        struct ignore_file *file = memory_new(sizeof(*file));
        struct arena arena = ARENA_INIT;
        file->clock = clock;
        file->path = memory_copy_text(path);
        file->name = memory_copy_text(
                arena_printf(&arena, "file:%s%s", file->path[0] == '/' ? "/" : "", file->path));
        arena_done(&arena);
        return file;
}

struct ignore_file *ignore_file_free(struct ignore_file *file) {
        if (!file)
                return NULL;
        address_set_done(&file->set);
        free(file->path);
        free(file->name);
        free(file);
        return NULL;
}

const char *ignore_file_name(const struct ignore_file *file) {
        return file->name;
}

static bool is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Words between blanks and commas, up to a comment: # or ; at the beginning or behind a blank. */
static void add_line(struct address_set *set, struct slice line) {
        for (size_t at = 0; at < line.len;) {
                char c = line.data[at];
                if (is_space(c) || c == ',') {
                        at++;
                        continue;
                }
                if ((c == '#' || c == ';') && (at == 0 || is_space(line.data[at - 1])))
                        return;
                size_t end = at;
                while (end < line.len && !is_space(line.data[end]) && line.data[end] != ',')
                        end++;
                struct address address;
                if (address_parse(slice_sub(line, at, end), &address) == 0)
                        address_set_add(set, &address);
                at = end;
        }
}

static int read_all(int fd, struct buffer *content) {
        for (;;) {
                char *room = buffer_room(content, 65536);
                if (!room)
                        return -EFBIG;
                ssize_t got = read(fd, room, 65536);
                if (got < 0)
                        return -errno;
                if (got == 0)
                        return 0;
                buffer_commit(content, (size_t)got);
        }
}

static int load(struct ignore_file *file) {
        CLEANUP(close_p) int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat now;
        if (fd < 0 || fstat(fd, &now) < 0)
                return -errno;
        if (!S_ISREG(now.st_mode))
                return -EISDIR;
        struct buffer content = BUFFER_INIT(IGNORE_FILE_BYTES_MAX + 65536);
        int r = read_all(fd, &content);
        struct slice rest = buffer_view(&content), line;
        if (r == 0) {
                address_set_clear(&file->set);
                while (rest.data && slice_next_piece(&rest, '\n', &line))
                        add_line(&file->set, line);
                file->last = now;
        }
        buffer_done(&content);
        return r;
}

static bool is_changed(const struct stat *a, const struct stat *b) {
        return a->st_ino != b->st_ino || a->st_size != b->st_size ||
               a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static void refresh(struct ignore_file *file) {
        double now = clock_wall(file->clock);
        if (now <= file->next_check && now > file->next_check - 2 * IGNORE_FILE_RETRY_S)
                return;
        struct stat status;
        file->next_check = now + IGNORE_FILE_CHECK_S;
        int r = stat(file->path, &status) < 0 ? -errno : 0;
        if (r == 0 && is_changed(&status, &file->last))
                r = load(file);
        if (r == 0)
                return;
        struct arena arena = ARENA_INIT;
        file->next_check = now + IGNORE_FILE_RETRY_S;
        struct slice path = repr_text(slice_of(file->path), &arena);
        diag(DIAG_WARNING, "fail2ban.ipdns",
                "Retrieving IPs set from %.*s failed: [Errno %d] %s: %.*s", SLICE_ARG(path), -r,
                strerror(-r), SLICE_ARG(path));
        arena_done(&arena);
}

bool ignore_file_has(struct ignore_file *file, const struct address *address) {
        refresh(file);
        return address_set_find(&file->set, address) != NULL;
}
