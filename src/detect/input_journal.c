/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read follows upstream: unless asked otherwise, a list of the files that are not rotated ones, because each open file costs.
 * libsystemd does not look for new files then, so this file does: when the list is another than before, everything is opened
 * anew. Other than upstream, a file that was rotated since the last look is read, too: entries that came in between are in it,
 * and nowhere else. */
#include "detect/input_journal.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build_config.h"
#if HAVE_JOURNAL
#include <systemd/sd-journal.h>
#endif

#include "base/cleanup.h"
#include "base/memory.h"

int input_journal_cursor_time(struct slice cursor, uint64_t *ret_realtime_us) {
        size_t at = slice_find(cursor, SLICE(";t="), 0);
        uint64_t sum = 0;
        size_t i = at + 3;
        if (at == cursor.len)
                return -EINVAL;
        for (; i < cursor.len && cursor.data[i] != ';'; i++) {
                char c = cursor.data[i];
                if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) || sum >> 60)
                        return -EINVAL;
                sum = sum * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        if (i == at + 3)
                return -EINVAL;
        *ret_realtime_us = sum;
        return 0;
}

#if HAVE_JOURNAL

#define CURRENT_USER 8
#define DATA_MAX JOURNAL_TEXT_MAX
#define ROTATED_SLACK_S 5 /* of clocks that are not exact */

struct journal_file {
        char *path;
        dev_t device;
        ino_t inode;
};

struct file_list {
        struct journal_file *files; /* by path */
        size_t count;
        size_t capacity;
        size_t unreadable;
};

struct input_journal {
        sd_journal *handle; /* NULL: not open */
        struct arena arena; /* of source */
        struct journal_source source;
        struct file_list list; /* what is open; of list mode */
        bool pending;          /* the present entry has not been given yet */
};

static void list_done(struct file_list *list) {
        for (size_t i = 0; i < list->count; i++)
                free(list->files[i].path);
        free(list->files);
        *list = (struct file_list){0};
}

struct input_journal *input_journal_new(struct slice source, struct fault *fault) {
        struct input_journal *journal = memory_new(sizeof(*journal));
        *journal = (struct input_journal){.arena = ARENA_INIT};
        if (journal_source_parse(arena_copy(&journal->arena, source), NULL, &journal->arena, &journal->source, fault) < 0)
                return input_journal_free(journal);
        return journal;
}

struct input_journal *input_journal_free(struct input_journal *journal) {
        if (!journal)
                return NULL;
        sd_journal_close(journal->handle);
        list_done(&journal->list);
        arena_done(&journal->arena);
        free(journal);
        return NULL;
}

/* Which files. */

static bool list_has(const struct file_list *list, const struct stat *info) {
        for (size_t i = 0; i < list->count; i++)
                if (list->files[i].device == info->st_dev && list->files[i].inode == info->st_ino)
                        return true;
        return false;
}

static void list_add(struct file_list *list, const char *path) {
        struct stat info;
        if (stat(path, &info) < 0 || !S_ISREG(info.st_mode) || list_has(list, &info) || list->count == INPUT_JOURNAL_FILES_MAX)
                return;
        if (access(path, R_OK) < 0) {
                list->unreadable++;
                return;
        }
        memory_reserve(&list->files, list->count, &list->capacity, sizeof(list->files[0]));
        list->files[list->count++] = (struct journal_file){memory_copy_text(slice_of(path)), info.st_dev, info.st_ino};
}

static bool is_rotated(const char *path) {
        const char *name = strrchr(path, '/');
        return strchr(name ? name : path, '@') != NULL;
}

/* Whether the file may hold entries from since_us on: its rotation was a change, too. */
static bool is_recent(const char *path, uint64_t since_us) {
        struct stat info;
        if (stat(path, &info) < 0)
                return false;
        int64_t changed = info.st_mtim.tv_sec > info.st_ctim.tv_sec ? info.st_mtim.tv_sec : info.st_ctim.tv_sec;
        return changed >= 0 && (uint64_t)changed + ROTATED_SLACK_S >= since_us / 1000000;
}

/* since_us: 0 for all files, rotated ones too. */
static void list_glob(struct file_list *list, const char *pattern, uint64_t since_us) {
        glob_t found = {0};
        if (glob(pattern, 0, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++)
                        if (since_us == 0 || !is_rotated(found.gl_pathv[i]) || is_recent(found.gl_pathv[i], since_us))
                                list_add(list, found.gl_pathv[i]);
        globfree(&found);
}

/* The present files of that name, and those rotated since. */
static void list_name(struct file_list *list, const char *folder, const char *name, uint64_t since_us, struct arena *arena) {
        if (since_us == 0)
                since_us = 1;
        list_glob(list, arena_printf(arena, "%s/%s.journal", folder, name).data, since_us);
        if (since_us < UINT64_MAX)
                list_glob(list, arena_printf(arena, "%s/%s@*.journal*", folder, name).data, since_us);
}

/* flags: -1 for none given. */
static void list_folder(struct file_list *list, const char *folder, int flags, uint64_t since_us, struct arena *arena) {
        if (flags < 0 || (flags & SD_JOURNAL_SYSTEM))
                list_name(list, folder, "system", since_us, arena);
        if (flags >= 0 && (flags & CURRENT_USER))
                list_name(list, folder, arena_printf(arena, "user-%u", (unsigned)geteuid()).data, since_us, arena);
        if (flags < 0 || !(flags & (SD_JOURNAL_SYSTEM | CURRENT_USER)))
                list_name(list, folder, "*", since_us, arena);
}

/* Whether the source is read as a list of files. */
static bool is_list(const struct journal_source *source) {
        return source->files.len > 0 || (!source->rotated && source->name_space.len == 0);
}

static void make_list(const struct journal_source *source, uint64_t since_us, struct file_list *list) {
        struct arena arena = ARENA_INIT;
        struct slice rest = source->files;
        struct slice pattern;
        while (journal_source_next_glob(&rest, &pattern))
                list_glob(list, arena_copy(&arena, pattern).data, 0);
        int flags = source->has_flags ? source->flags : -1;
        if (source->files.len > 0 || !is_list(source)) {
                arena_done(&arena);
                return;
        }
        if (source->path.len > 0) {
                list_folder(list, arena_copy(&arena, source->path).data, flags < 0 ? SD_JOURNAL_LOCAL_ONLY : flags, since_us, &arena);
        } else {
                if (flags < 0 || !(flags & SD_JOURNAL_RUNTIME_ONLY))
                        list_folder(list, JOURNAL_PERSISTENT "/*", flags, since_us, &arena);
                list_folder(list, JOURNAL_RUNTIME "/*", flags, since_us, &arena);
        }
        arena_done(&arena);
}

static bool lists_equal(const struct file_list *a, const struct file_list *b) {
        for (size_t i = 0; i < b->count; i++)
                if (!list_has(a, &(struct stat){.st_dev = b->files[i].device, .st_ino = b->files[i].inode}))
                        return false;
        return a->count == b->count;
}

/* Opening. */

static int open_list(struct input_journal *journal) {
        const char **paths = memory_new_array(journal->list.count + 1, sizeof(*paths));
        for (size_t i = 0; i < journal->list.count; i++)
                paths[i] = journal->list.files[i].path;
        int r = sd_journal_open_files(&journal->handle, paths, 0);
        free(paths);
        return r;
}

static int open_place(struct input_journal *journal) {
        const struct journal_source *source = &journal->source;
        int flags = source->has_flags ? source->flags : 0;
        if (source->name_space.len > 0)
                return sd_journal_open_namespace(&journal->handle, source->name_space.data, flags);
        if (source->path.len > 0)
                return sd_journal_open_directory(&journal->handle, source->path.data, flags);
        return sd_journal_open(&journal->handle, source->has_flags ? flags : SD_JOURNAL_LOCAL_ONLY);
}

/* libsystemd opens a folder of which it may read nothing, and is silent. */
static bool has_content(const struct input_journal *journal) {
        uint64_t bytes = 0;
        return journal->list.count > 0 || (sd_journal_get_usage(journal->handle, &bytes) >= 0 && bytes > 0);
}

static struct slice place_text(const struct input_journal *journal) {
        const struct journal_source *source = &journal->source;
        if (source->files.len > 0)
                return source->files;
        return source->path.len > 0 ? source->path : SLICE(JOURNAL_PERSISTENT " and " JOURNAL_RUNTIME);
}

int input_journal_open(struct input_journal *journal, uint64_t since_us, struct fault *fault) {
        list_done(&journal->list);
        sd_journal_close(STEAL_PTR(journal->handle));
        journal->pending = false;
        make_list(&journal->source, since_us, &journal->list);
        size_t unreadable = journal->list.unreadable;
        int r = 0;
        if (journal->list.count > 0)
                r = open_list(journal);
        else if (journal->source.files.len == 0 && unreadable == 0)
                r = open_place(journal);
        if (r < 0)
                list_done(&journal->list);
        if (r < 0 && r != -ENOENT)
                return fault_set_errno(fault, r, "the journal in %.*s", SLICE_ARG(place_text(journal)));
        if (journal->handle)
                (void)sd_journal_set_data_threshold(journal->handle, DATA_MAX);
        if (journal->handle && has_content(journal))
                return 0;
        (void)fault_set(fault, -ENOENT, "%s in %.*s",
                unreadable ? "all journal files are unreadable" : "there are no journal files that can be read",
                SLICE_ARG(place_text(journal)));
        return INPUT_JOURNAL_E_EMPTY;
}

bool input_journal_has_moved(struct input_journal *journal, uint64_t since_us) {
        struct file_list list = {0};
        if (!journal->handle)
                return true;
        if (!is_list(&journal->source))
                return false;
        make_list(&journal->source, since_us, &list);
        bool moved = !lists_equal(&journal->list, &list);
        list_done(&list);
        return moved;
}

/* Places. */

static int add_group(sd_journal *handle, const struct journal_match_group *group) {
        int r = 0;
        for (size_t i = 0; r >= 0 && i < group->count; i++)
                r = sd_journal_add_match(handle, group->words[i], 0);
        return r < 0 ? r : sd_journal_add_disjunction(handle);
}

static bool wants_all(const struct journal_match *match) {
        for (size_t i = 0; i < match->count; i++)
                if (match->groups[i].count > 0)
                        return false;
        return true;
}

int input_journal_set_matches(struct input_journal *journal, const struct journal_match *const *matches, size_t count) {
        int r = 0;
        if (!journal->handle)
                return 0;
        sd_journal_flush_matches(journal->handle);
        for (size_t i = 0; i < count; i++)
                if (wants_all(matches[i]))
                        return 0;
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; r >= 0 && k < matches[i]->count; k++)
                        if (matches[i]->groups[k].count > 0)
                                r = add_group(journal->handle, &matches[i]->groups[k]);
        return r < 0 ? r : 0;
}

/* What a cursor says of its entry, without the number that its journald gave it: an entry that is copied gets another. */
static struct slice essence(const char *cursor) {
        struct slice text = slice_of(cursor);
        return slice_sub(text, slice_find(text, SLICE(";b="), 0), text.len);
}

/* Whether this is the entry of the cursor, or a copy: journald moves all that is in /run to /var, early in each boot. */
static bool is_at(struct input_journal *journal, const char *cursor) {
        char here[INPUT_JOURNAL_CURSOR_MAX];
        if (sd_journal_test_cursor(journal->handle, cursor) > 0)
                return true;
        if (input_journal_cursor(journal, here) < 0 || essence(here).len == 0 || !slice_equal(essence(here), essence(cursor)))
                return false;
        size_t number = slice_find(slice_of(here), SLICE(";i="), 0); /* behind the name of the numbers' series */
        return !slice_equal(slice_sub(slice_of(here), 0, number), slice_sub(slice_of(cursor), 0, number));
}

int input_journal_seek_cursor(struct input_journal *journal, const char *cursor) {
        journal->pending = false;
        if (!journal->handle)
                return 0;
        int r = sd_journal_seek_cursor(journal->handle, cursor);
        if (r >= 0)
                r = sd_journal_next(journal->handle);
        if (r > 0)
                journal->pending = !is_at(journal, cursor);
        return r < 0 ? r : 0;
}

int input_journal_seek_time(struct input_journal *journal, uint64_t realtime_us) {
        journal->pending = false;
        return journal->handle ? sd_journal_seek_realtime_usec(journal->handle, realtime_us) : 0;
}

int input_journal_cursor(struct input_journal *journal, char ret[INPUT_JOURNAL_CURSOR_MAX]) {
        char *cursor = NULL;
        int r = sd_journal_get_cursor(journal->handle, &cursor);
        if (r < 0)
                return r;
        size_t len = strlen(cursor);
        if (len < INPUT_JOURNAL_CURSOR_MAX)
                memcpy(ret, cursor, len + 1);
        free(cursor);
        return len < INPUT_JOURNAL_CURSOR_MAX ? 0 : -E2BIG;
}

/* Entries. */

static void read_fields(sd_journal *handle, struct arena *arena, struct journal_entry *entry) {
        size_t capacity = 64;
        const void *data;
        size_t len;
        entry->fields = arena_alloc_array(arena, capacity, sizeof(struct slice));
        sd_journal_restart_data(handle);
        /* An error ends the entry: what has been read of it counts. */
        while (entry->count < JOURNAL_FIELDS_MAX && sd_journal_enumerate_available_data(handle, &data, &len) > 0) {
                if (entry->count == capacity) {
                        struct slice *more = arena_alloc_array(arena, capacity * 2, sizeof(struct slice));
                        memcpy(more, entry->fields, capacity * sizeof(struct slice));
                        entry->fields = more;
                        capacity *= 2;
                }
                entry->fields[entry->count++] = arena_copy(arena, slice_sub((struct slice){data, len}, 0, DATA_MAX));
        }
}

int input_journal_next(struct input_journal *journal, struct arena *arena, struct journal_entry *ret) {
        sd_id128_t boot;
        *ret = (struct journal_entry){0};
        if (!journal->handle)
                return 0;
        if (!journal->pending) {
                int r = sd_journal_next(journal->handle);
                if (r <= 0)
                        return r;
        }
        journal->pending = false;
        int r = sd_journal_get_realtime_usec(journal->handle, &ret->realtime_us);
        if (r < 0)
                return r;
        (void)sd_journal_get_monotonic_usec(journal->handle, &ret->monotonic_us, &boot); /* else 0 */
        read_fields(journal->handle, arena, ret);
        return 1;
}

int input_journal_fd(struct input_journal *journal) {
        return journal->handle ? sd_journal_get_fd(journal->handle) : -ENOENT;
}

bool input_journal_process(struct input_journal *journal) {
        return journal->handle && sd_journal_process(journal->handle) == SD_JOURNAL_INVALIDATE;
}

#else

struct input_journal *input_journal_new(struct slice source, struct fault *fault) {
        (void)source;
        (void)fault_set(fault, -EOPNOTSUPP, "this program was built without libsystemd");
        return NULL;
}

struct input_journal *input_journal_free(struct input_journal *journal) {
        (void)journal;
        return NULL;
}

int input_journal_open(struct input_journal *journal, uint64_t since_us, struct fault *fault) {
        (void)journal;
        (void)since_us;
        return fault_set(fault, -EOPNOTSUPP, "this program was built without libsystemd");
}

bool input_journal_has_moved(struct input_journal *journal, uint64_t since_us) {
        (void)journal;
        (void)since_us;
        return false;
}

int input_journal_set_matches(struct input_journal *journal, const struct journal_match *const *matches, size_t count) {
        (void)journal;
        (void)matches;
        (void)count;
        return -EOPNOTSUPP;
}

int input_journal_seek_cursor(struct input_journal *journal, const char *cursor) {
        (void)journal;
        (void)cursor;
        return -EOPNOTSUPP;
}

int input_journal_seek_time(struct input_journal *journal, uint64_t realtime_us) {
        (void)journal;
        (void)realtime_us;
        return -EOPNOTSUPP;
}

int input_journal_next(struct input_journal *journal, struct arena *arena, struct journal_entry *ret) {
        (void)journal;
        (void)arena;
        (void)ret;
        return -EOPNOTSUPP;
}

int input_journal_cursor(struct input_journal *journal, char ret[INPUT_JOURNAL_CURSOR_MAX]) {
        (void)journal;
        (void)ret;
        return -EOPNOTSUPP;
}

int input_journal_fd(struct input_journal *journal) {
        (void)journal;
        return -EOPNOTSUPP;
}

bool input_journal_process(struct input_journal *journal) {
        (void)journal;
        return false;
}

#endif
