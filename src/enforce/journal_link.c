/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process may read is fixed before it reads the first entry. So a further folder, or one that has come to exist, means
 * another process, which goes on where the one before it was applied. */
#include "enforce/journal_link.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "build_config.h"
#include "enforce/supervise.h"

#define FOLDERS_MAX (SUPERVISE_ARGUMENTS_MAX - 2)

struct journal_link {
        struct loop *loop;
        struct clock *clock;
        const char *program;
        const struct scan_link_ops *ops;
        void *user;
        struct scan_link *scan;
        char *folders[FOLDERS_MAX];
        bool is_there[FOLDERS_MAX]; /* when the process was started */
        size_t folder_count;
        struct loop_timer timer;
};

struct journal_link *journal_link_new(struct loop *loop, struct clock *clock, const char *program, const struct scan_link_ops *ops,
        void *user) {
        struct journal_link *journal = memory_new(sizeof(*journal));
        *journal = (struct journal_link){.loop = loop, .clock = clock, .program = program, .ops = ops, .user = user};
        return journal;
}

struct journal_link *journal_link_free(struct journal_link *journal) {
        if (!journal)
                return NULL;
        loop_timer_cancel(journal->loop, &journal->timer);
        journal->scan = scan_link_free(journal->scan);
        for (size_t i = 0; i < journal->folder_count; i++)
                free(journal->folders[i]);
        free(journal);
        return NULL;
}

struct scan_link *journal_link_scan(const struct journal_link *journal) {
        return journal->scan;
}

static bool is_folder(const char *path) {
        struct stat info;
        return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Hands the folders over if another one is there now. */
static void tell_folders(struct journal_link *journal) {
        bool changed = false;
        for (size_t i = 0; i < journal->folder_count; i++) {
                bool there = is_folder(journal->folders[i]);
                changed = changed || (there && !journal->is_there[i]);
                journal->is_there[i] = there;
        }
        if (changed)
                scan_link_set_folders(journal->scan, (const char *const *)journal->folders, journal->folder_count);
}

static void on_timer(void *user) {
        struct journal_link *journal = user;
        tell_folders(journal);
        loop_timer_set_in(journal->loop, &journal->timer, (int64_t)JOURNAL_LINK_LOOK_MS * 1000, on_timer, journal);
}

static int add_folder(struct journal_link *journal, struct slice folder, struct fault *fault) {
        if (folder.len < 2 || folder.data[0] != '/')
                return fault_raise(fault, "ValueError", "journal files of '%.*s' are not in a folder with an absolute path",
                        SLICE_ARG(folder));
        for (size_t i = 0; i < journal->folder_count; i++)
                if (slice_is(folder, journal->folders[i]))
                        return 0;
        if (journal->folder_count == FOLDERS_MAX)
                return fault_raise(fault, "RuntimeError", "more than %d folders of journals", FOLDERS_MAX);
        journal->is_there[journal->folder_count] = false;
        journal->folders[journal->folder_count++] = memory_copy_text(folder);
        return 0;
}

static int start(struct journal_link *journal, struct fault *fault) {
        journal->scan = scan_link_new_journal(journal->loop, journal->clock, journal->program, journal->ops, journal->user, fault);
        if (!journal->scan)
                return -EIO;
        scan_link_set_folders(journal->scan, (const char *const *)journal->folders, journal->folder_count);
        tell_folders(journal);
        int r = scan_link_start(journal->scan, fault);
        if (r < 0)
                journal->scan = scan_link_free(journal->scan);
        else
                on_timer(journal);
        return r;
}

struct scan_link *journal_link_use(struct journal_link *journal, const struct journal_source *source, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct value folders = journal_source_folders(source, &arena);
        int r = HAVE_JOURNAL ? 0 : fault_set(fault, -EOPNOTSUPP, "no support for the journal in this build");
        for (size_t i = 0; r == 0 && i < folders.list.count; i++)
                r = add_folder(journal, value_item_text(&folders, i), fault);
        arena_done(&arena);
        if (r == 0 && !journal->scan)
                r = start(journal, fault);
        else if (r == 0)
                tell_folders(journal);
        return r == 0 ? journal->scan : NULL;
}
