/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two inotify instances. One has the log files themselves (IN_MODIFY) and is read by the scanner alone, so that a written line wakes
 * nobody else. The other is ours: directories, in which names come and go, and files, whose own unlinking or renaming shows a
 * rotation even where the directory is behind a symbolic link. Every event ends in the same question, answered by stat(): which
 * inode stands under the path now? An inode that we have open cannot be reused, so (device, inode) tells files apart.
 * A path whose directory is missing has its nearest existing ancestor watched. What events cannot tell (network file systems, links
 * changed far up) a slow look finds: 0.2 s after an absence, then doubling to a minute; polled paths each second.
 * A file for which too few descriptors would be left for clients and actions counts as absent: its turn comes when some are free.
 * Watches are put on /proc/self/fd/N, so that file and watch are the same inode whatever happens to the path meanwhile. */
#include "enforce/log_watch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"

#define DIRECTORY_EVENTS (IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR)
#define FILE_EVENTS (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
#define EVENT_ROUNDS 16 /* reads a wake-up at most */

struct log_path {
        char *path;
        const char *name; /* behind the last slash */
        void *user;
        enum log_watch_backend backend;
        struct log_file *file; /* the one that was told last; stays while the path is absent */
        bool absent;
        int64_t retry_ms;
        int64_t due_us; /* next look without an event; 0: none */
        int directory_watch; /* -1: none */
        bool directory_is_parent; /* false: of an ancestor, the parent does not exist */
        int file_watch;           /* of path->file in our instance; -1: none */
        struct timespec polled_mtime;
        off_t polled_size;
};

struct log_watch {
        struct loop *loop;
        struct loop_source *source;
        const struct log_watch_ops *ops;
        void *user;
        int notify_fd; /* the scanner's */
        int own_fd;
        struct log_path **paths;
        size_t path_count;
        size_t path_capacity;
        struct log_file **files;
        size_t file_count;
        size_t file_capacity;
        struct loop_timer timer;
        unsigned epoch;           /* changes with each removal of a path */
        bool is_looking;          /* at all that is due: the timer is set when that is done */
};

static void on_events(void *user, int fd, uint32_t events);

struct log_watch *log_watch_new(struct loop *loop, const struct log_watch_ops *ops, void *user, struct fault *fault) {
        struct log_watch *watch = memory_new(sizeof(*watch));
        *watch = (struct log_watch){.loop = loop, .ops = ops, .user = user};
        watch->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        watch->own_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (watch->notify_fd >= 0 && watch->own_fd >= 0)
                watch->source = loop_add(loop, watch->own_fd, EPOLLIN, on_events, watch);
        if (watch->source)
                return watch;
        (void)fault_set_errno(fault, -errno, "inotify");
        return log_watch_free(watch);
}

struct log_watch *log_watch_free(struct log_watch *watch) {
        if (!watch)
                return NULL;
        assert(watch->path_count == 0 && watch->file_count == 0);
        loop_timer_cancel(watch->loop, &watch->timer);
        loop_remove(watch->loop, watch->source);
        close_p(&watch->notify_fd);
        close_p(&watch->own_fd);
        free(watch->paths);
        free(watch->files);
        free(watch);
        return NULL;
}

int log_watch_notify_fd(const struct log_watch *watch) {
        return watch->notify_fd;
}

static int watch_fd(int notify_fd, int fd, uint32_t events) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return inotify_add_watch(notify_fd, path, events);
}

/* Takes fd over. */
static struct log_file *file_of(struct log_watch *watch, int fd, const struct stat *info) {
        for (size_t i = 0; i < watch->file_count; i++) {
                struct log_file *known = watch->files[i];
                if (known->device == info->st_dev && known->inode == info->st_ino) {
                        (void)close(fd);
                        return log_file_ref(known);
                }
        }
        struct log_file *file = memory_new(sizeof(*file));
        *file = (struct log_file){.fd = fd, .device = info->st_dev, .inode = info->st_ino, .refs = 1, .home = watch};
        file->watch = watch_fd(watch->notify_fd, fd, IN_MODIFY);
        memory_reserve(&watch->files, watch->file_count, &watch->file_capacity, sizeof(struct log_file *));
        watch->files[watch->file_count++] = file;
        return file;
}

/* What stands for the journal: nobody watches it, and each path has its own. */
static struct log_file *file_of_journal(struct log_watch *watch) {
        struct log_file *file = memory_new(sizeof(*file));
        *file = (struct log_file){.fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .watch = -1, .refs = 1, .home = watch};
        memory_reserve(&watch->files, watch->file_count, &watch->file_capacity, sizeof(struct log_file *));
        watch->files[watch->file_count++] = file;
        return file;
}

struct log_file *log_file_ref(struct log_file *file) {
        file->refs++;
        return file;
}

struct log_file *log_file_unref(struct log_watch *watch, struct log_file *file) {
        if (!file || --file->refs > 0)
                return NULL;
        for (size_t i = 0; i < watch->file_count; i++)
                if (watch->files[i] == file)
                        watch->files[i] = watch->files[--watch->file_count];
        if (file->watch >= 0)
                (void)inotify_rm_watch(watch->notify_fd, file->watch);
        (void)close(file->fd);
        free(file);
        return NULL;
}

/* Two paths may share an inode or a directory, and then a watch: the last one takes it down. */
static void release_watch(struct log_watch *watch, int *number) {
        int old = *number;
        *number = -1;
        if (old < 0)
                return;
        for (size_t i = 0; i < watch->path_count; i++)
                if (watch->paths[i]->directory_watch == old || watch->paths[i]->file_watch == old)
                        return;
        (void)inotify_rm_watch(watch->own_fd, old);
}

/* Watches the path's directory, or the nearest ancestor that exists. */
static void watch_directory(struct log_watch *watch, struct log_path *path) {
        char directory[PATH_MAX];
        size_t len = (size_t)(path->name - path->path);
        int number = -1;
        bool parent = true;
        for (;;) {
                while (len > 1 && path->path[len - 1] == '/')
                        len--;
                (void)snprintf(directory, sizeof(directory), "%.*s", (int)len, path->path);
                number = inotify_add_watch(watch->own_fd, directory, DIRECTORY_EVENTS);
                if (number >= 0 || len <= 1)
                        break;
                while (len > 0 && path->path[len - 1] != '/')
                        len--;
                parent = false;
        }
        int old = path->directory_watch;
        path->directory_watch = number;
        path->directory_is_parent = parent && number >= 0;
        if (old != number)
                release_watch(watch, &old);
}

static int refuse(struct fault *fault, int code, const char *path) {
        const char *kind = "OSError";
        if (code == -ENOENT)
                kind = "FileNotFoundError";
        else if (code == -EACCES || code == -EPERM)
                kind = "PermissionError";
        (void)fault_raise(fault, kind, "[Errno %d] %s: '%s'", -code, strerror(-code), path);
        if (fault)
                fault->code = code;
        return code;
}

/* What a file is opened for. */
enum opening { OPENING_LOG, OPENING_NEXT_FILE };

/* The lowest free descriptor, which fd is, tells how many are in use. */
static int check_room(int fd, enum opening opening, const char *path, struct fault *fault) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
                return 0;
        rlim_t kept = limit.rlim_cur / 4 < LOG_WATCH_FDS_KEPT ? limit.rlim_cur / 4 : LOG_WATCH_FDS_KEPT;
        if (opening == OPENING_NEXT_FILE)
                kept /= 2;
        if ((rlim_t)fd < limit.rlim_cur - kept)
                return 0;
        (void)fault_raise(fault, "OSError",
                "[Errno %d] %s: '%s': of %llu file descriptors (ulimit -n, LimitNOFILE) the last %llu are kept for clients and actions",
                EMFILE, strerror(EMFILE), path, (unsigned long long)limit.rlim_cur, (unsigned long long)kept);
        if (fault)
                fault->code = -EMFILE;
        return -EMFILE;
}

/* stat() comes first: open() of some devices does things. */
static int open_log(const char *path, enum opening opening, struct stat *ret_info, struct fault *fault) {
        if (stat(path, ret_info) < 0)
                return refuse(fault, -errno, path);
        CLEANUP(close_p) int fd = -1;
        if (S_ISREG(ret_info->st_mode)) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
                if (fd < 0 || fstat(fd, ret_info) < 0)
                        return refuse(fault, -errno, path);
                int r = check_room(fd, opening, path, fault);
                if (r < 0)
                        return r;
        }
        if (!S_ISREG(ret_info->st_mode)) {
                (void)fault_raise(fault, "OSError", "not a regular file: '%s'", path);
                return -EINVAL;
        }
        return steal_fd(&fd);
}

/* Makes the file under the path the present one. Returns 1 if it is another than before, 0 if it is the same, negative errno. */
static int look(struct log_watch *watch, struct log_path *path, struct fault *fault) {
        struct stat info;
        if (path->file && stat(path->path, &info) == 0 && info.st_dev == path->file->device && info.st_ino == path->file->inode)
                return 0;
        int fd = open_log(path->path, path->file ? OPENING_NEXT_FILE : OPENING_LOG, &info, fault);
        if (fd < 0)
                return fd;
        struct log_file *file = file_of(watch, fd, &info);
        if (file == path->file) {
                (void)log_file_unref(watch, file);
                return 0;
        }
        release_watch(watch, &path->file_watch);
        (void)log_file_unref(watch, path->file);
        path->file = file;
        path->file_watch = watch_fd(watch->own_fd, file->fd, FILE_EVENTS);
        path->polled_size = -1;
        return 1;
}

static void on_timer(void *user);

static void arm(struct log_watch *watch) {
        int64_t due = 0;
        if (watch->is_looking)
                return;
        for (size_t i = 0; i < watch->path_count; i++)
                if (watch->paths[i]->due_us && (!due || watch->paths[i]->due_us < due))
                        due = watch->paths[i]->due_us;
        if (due)
                loop_timer_set(watch->loop, &watch->timer, due, on_timer, watch);
        else
                loop_timer_cancel(watch->loop, &watch->timer);
}

bool log_path_polled(const struct log_path *path) {
        if (path->backend == LOG_WATCH_JOURNAL)
                return false;
        return path->backend == LOG_WATCH_POLL || (path->file && path->file->watch < 0);
}

int64_t log_watch_due_us(int64_t now_us, int64_t wait_ms) {
        const int64_t step_us = INT64_C(1000) * LOG_WATCH_POLL_MS;
        int64_t due_us = now_us + wait_ms * 1000;
        return wait_ms < LOG_WATCH_POLL_MS ? due_us : due_us - due_us % step_us;
}

/* Sets when the path is looked at next without being asked. */
static void plan_look(struct log_path *path) {
        int64_t wait_ms = 0;
        if (log_path_polled(path))
                wait_ms = LOG_WATCH_POLL_MS;
        if (path->absent) {
                path->retry_ms = path->retry_ms ? path->retry_ms * 2 : LOG_WATCH_RETRY_MIN_MS;
                if (path->retry_ms > LOG_WATCH_RETRY_MAX_MS)
                        path->retry_ms = LOG_WATCH_RETRY_MAX_MS;
                if (!wait_ms || path->retry_ms < wait_ms)
                        wait_ms = path->retry_ms;
        } else {
                path->retry_ms = 0;
        }
        path->due_us = wait_ms ? log_watch_due_us(loop_now_us(), wait_ms) : 0;
}

static bool has_changed(struct log_path *path) {
        struct stat info;
        if (!path->file || fstat(path->file->fd, &info) < 0)
                return false;
        if (info.st_size == path->polled_size && info.st_mtim.tv_sec == path->polled_mtime.tv_sec &&
                info.st_mtim.tv_nsec == path->polled_mtime.tv_nsec)
                return false;
        path->polled_size = info.st_size;
        path->polled_mtime = info.st_mtim;
        return true;
}

void log_watch_check(struct log_watch *watch, struct log_path *path) {
        struct fault fault = FAULT_INIT;
        if (path->backend == LOG_WATCH_JOURNAL)
                return;
        if (!path->directory_is_parent)
                watch_directory(watch, path);
        int r = look(watch, path, &fault);
        bool was_absent = path->absent;
        path->absent = r < 0;
        plan_look(path);
        arm(watch);
        /* A callback may remove the path: nothing of it is touched after one. */
        if (r == 1 || (r == 0 && was_absent))
                watch->ops->on_file(watch->user, path, path->file);
        else if (r < 0 && !was_absent)
                watch->ops->on_absent(watch->user, path, &fault);
        else if (r == 0 && log_path_polled(path) && has_changed(path))
                watch->ops->on_poke(watch->user, path);
        fault_done(&fault);
}

static void on_timer(void *user) {
        struct log_watch *watch = user;
        int64_t now = loop_now_us();
        watch->is_looking = true;
        for (size_t i = 0; i < watch->path_count; i++) {
                unsigned epoch = watch->epoch;
                if (watch->paths[i]->due_us && watch->paths[i]->due_us <= now)
                        log_watch_check(watch, watch->paths[i]);
                if (epoch != watch->epoch)
                        i = (size_t)-1; /* start over: those done are not due any more */
        }
        watch->is_looking = false;
        arm(watch);
}

/* Whether the event is about this path; notes what it says about watches. */
static bool concerns(struct log_path *path, const struct inotify_event *event) {
        bool gone = event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF);
        if (event->mask & IN_Q_OVERFLOW)
                return true;
        if (event->wd == path->file_watch) {
                if (event->mask & IN_IGNORED)
                        path->file_watch = -1;
                return true;
        }
        if (event->wd != path->directory_watch)
                return false;
        if (event->mask & IN_IGNORED)
                path->directory_watch = -1;
        if (gone)
                path->directory_is_parent = false;
        return gone || !path->directory_is_parent || (event->len > 0 && strcmp(event->name, path->name) == 0);
}

static void handle_event(struct log_watch *watch, const struct inotify_event *event) {
        /* Paths may be removed by callbacks: those from the end on have been seen, whatever moves into their places. */
        for (size_t i = watch->path_count; i-- > 0;)
                if (i < watch->path_count && concerns(watch->paths[i], event))
                        log_watch_check(watch, watch->paths[i]);
}

static void on_events(void *user, int fd, uint32_t events) {
        struct log_watch *watch = user;
        (void)events;
        for (int round = 0; round < EVENT_ROUNDS; round++) {
                _Alignas(struct inotify_event) char bytes[8192];
                ssize_t len = read(fd, bytes, sizeof(bytes));
                if (len <= 0)
                        return;
                for (ssize_t at = 0; at < len;) {
                        const struct inotify_event *event = (const void *)(bytes + at);
                        handle_event(watch, event);
                        at += (ssize_t)(sizeof(*event) + event->len);
                }
        }
}

int log_watch_add(struct log_watch *watch, struct slice text, enum log_watch_backend backend, void *user, struct log_path **ret,
        struct fault *fault) {
        if (text.len >= PATH_MAX)
                return fault_set(fault, -E2BIG, "log path of %zu bytes is too long", text.len);
        if (text.len == 0 || (text.data[0] != '/' && backend != LOG_WATCH_JOURNAL) || memchr(text.data, '\0', text.len))
                return fault_set(fault, -EINVAL, "log path '%.*s' is not absolute", SLICE_ARG(text));
        if (watch->path_count >= LOG_WATCH_PATHS_MAX)
                return fault_set(fault, -ENOBUFS, "more than %d log paths", LOG_WATCH_PATHS_MAX);
        struct log_path *path = memory_new(sizeof(*path));
        *path = (struct log_path){
                .path = memory_copy_text(text),
                .user = user,
                .backend = backend,
                .directory_watch = -1,
                .file_watch = -1,
        };
        path->name = strrchr(path->path, '/') ? strrchr(path->path, '/') + 1 : path->path;
        memory_reserve(&watch->paths, watch->path_count, &watch->path_capacity, sizeof(struct log_path *));
        watch->paths[watch->path_count++] = path;
        if (backend == LOG_WATCH_JOURNAL) {
                path->file = file_of_journal(watch);
                *ret = path;
                return 0;
        }
        watch_directory(watch, path); /* before the look, so that nothing falls between */
        path->absent = look(watch, path, fault) < 0;
        (void)has_changed(path);
        plan_look(path);
        arm(watch);
        *ret = path;
        return path->absent ? LOG_WATCH_E_ABSENT : 0;
}

void log_watch_remove(struct log_watch *watch, struct log_path *path) {
        for (size_t i = 0; i < watch->path_count; i++) {
                if (watch->paths[i] != path)
                        continue;
                watch->path_count--;
                memmove(&watch->paths[i], &watch->paths[i + 1], (watch->path_count - i) * sizeof(struct log_path *));
                break;
        }
        watch->epoch++;
        release_watch(watch, &path->directory_watch);
        release_watch(watch, &path->file_watch);
        (void)log_file_unref(watch, path->file);
        free(path->path);
        free(path);
        arm(watch);
}

struct slice log_path_text(const struct log_path *path) {
        return slice_of(path->path);
}

void *log_path_user(const struct log_path *path) {
        return path->user;
}

struct log_file *log_path_file(const struct log_path *path) {
        return path->file;
}
