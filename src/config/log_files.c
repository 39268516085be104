/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Globbing of log paths, component by component from the right: the directories of a pattern are
 * found by the same function. Not the libc's glob(), because the order must be that of the
 * directory, files whose names begin with a dot are only found by a pattern that does, and a
 * backslash is no escape. Upstream: Python's glob.glob() in client/jailreader.py, 1.1. */
#include "config/log_files.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "config/text.h"

static bool has_magic(struct slice s) {
        for (size_t i = 0; i < s.len; i++)
                if (s.data[i] == '*' || s.data[i] == '?' || s.data[i] == '[')
                        return true;
        return false;
}

/* At the last '/': the directory without '/' at its end (unless it is the root), and the name
 * behind. */
static struct slice split_path(struct slice path, struct slice *ret_name) {
        size_t name = text_name_start(path);
        *ret_name = slice_sub(path, name, path.len);
        size_t end = name;
        while (end > 0 && path.data[end - 1] == '/')
                end--;
        return slice_sub(path, 0, end > 0 ? end : name);
}

static struct slice join(struct slice directory, struct slice name, struct arena *arena) {
        bool slash = directory.len > 0 && directory.data[directory.len - 1] != '/';
        return arena_printf(
                arena, "%.*s%s%.*s", SLICE_ARG(directory), slash ? "/" : "", SLICE_ARG(name));
}

static void add(struct value *list, struct slice path, struct arena *arena) {
        if (list->list.count < LOG_FILES_MAX)
                (void)value_append(list, value_string(path), arena);
}

static void find_matching(
        struct slice directory, struct slice pattern, struct value *list, struct arena *arena) {
        const char *text = arena_copy(arena, pattern).data;
        DIR *dir = opendir(directory.len > 0 ? arena_copy(arena, directory).data : ".");
        if (!dir)
                return;
        for (struct dirent *entry; (entry = readdir(dir));) {
                bool is_self = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
                if (is_self || (entry->d_name[0] == '.' && text[0] != '.'))
                        continue;
                if (fnmatch(text, entry->d_name, FNM_NOESCAPE) == 0)
                        add(list, join(directory, slice_of(entry->d_name), arena), arena);
        }
        (void)closedir(dir); /* only read from */
}

static void find_named(
        struct slice directory, struct slice name, struct value *list, struct arena *arena) {
        struct slice path = join(directory, name, arena);
        if (name.len == 0 && directory.len > 0 && directory.data[directory.len - 1] != '/')
                path = arena_printf(arena, "%.*s/", SLICE_ARG(directory));
        struct stat st;
        if (path.len > 0 && lstat(path.data, &st) == 0)
                add(list, path, arena);
}

static void find(struct slice pattern, struct value *list, struct arena *arena) {
        struct slice name;
        struct slice directory = split_path(pattern, &name);
        struct value directories = value_list();
        if (has_magic(directory))
                find(directory, &directories, arena);
        else
                add(&directories, directory, arena);
        for (size_t i = 0; i < directories.list.count; i++) {
                struct slice parent = directories.list.items[i].string;
                if (has_magic(name))
                        find_matching(parent, name, list, arena);
                else
                        find_named(parent, name, list, arena);
        }
}

size_t log_files_find(struct slice pattern, struct value *list, struct arena *arena) {
        struct value found = value_list();
        if (pattern.len > 0 && pattern.len < PATH_MAX)
                find(pattern, &found, arena);
        size_t count = 0;
        for (size_t i = 0; i < found.list.count; i++) {
                struct stat st;
                struct slice path = found.list.items[i].string;
                if (stat(path.data, &st) < 0) {
                        diag(DIAG_WARNING, "fail2ban.jailreader",
                                "File %.*s is a dangling link, thus cannot be monitored",
                                SLICE_ARG(path));
                        continue;
                }
                (void)value_append(list, found.list.items[i], arena);
                count++;
        }
        return count;
}

bool log_files_is_path(struct slice pattern) {
        return pattern.len > 1 && pattern.len < PATH_MAX && pattern.data[0] == '/' &&
               pattern.data[pattern.len - 1] != '/' && !has_magic(pattern);
}
