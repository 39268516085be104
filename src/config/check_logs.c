/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns that match nothing are usual (they name the places of several systems), and no finding
 * while other lines match. A plain path that is not there is one, with a name beside it that looks
 * much like it. */
#include "config/check_logs.h"

#include <dirent.h>
#include <sys/stat.h>

#include "config/log_files.h"
#include "config/suggest.h"
#include "config/text.h"

#define ENTRIES_MAX 10000u /* of a folder that are compared */
#define NAMED_MAX 300u     /* bytes of patterns that a text shows */

struct slice check_logs_split(struct slice line, struct slice *ret_from) {
        size_t blank = line.len;
        while (blank > 0 && line.data[blank - 1] != ' ')
                blank--;
        *ret_from = blank > 0 ? slice_sub(line, blank, line.len) : SLICE("head");
        return blank > 0 ? slice_sub(line, 0, blank - 1) : line;
}

/* A file of the same folder that has nearly the same name. */
static struct slice suggest_path(struct slice path, struct arena *arena) {
        size_t slash = text_name_start(path);
        struct suggest suggest = suggest_begin(slice_sub(path, slash, path.len));
        DIR *dir = slash > 0 ? opendir(arena_copy(arena, slice_sub(path, 0, slash)).data) : NULL;
        struct dirent *entry;
        for (unsigned i = 0; dir && i < ENTRIES_MAX && (entry = readdir(dir)); i++)
                suggest_offer(&suggest, arena_copy(arena, slice_of(entry->d_name)));
        if (dir)
                (void)closedir(dir); /* only read from */
        return suggest_text(&suggest, arena);
}

static void look_at_path(struct conf_store *store, struct slice jail, const struct value *logpath,
        struct slice path) {
        struct stat st;
        bool missing = stat(arena_copy(store->arena, path).data, &st) < 0;
        if (!missing && !S_ISDIR(st.st_mode))
                return;
        struct finding finding = {.severity = missing ? FINDING_HINT : FINDING_WARNING,
                .origin = logpath->origin,
                .jail = jail,
                .part = path};
        finding.text = arena_printf(store->arena,
                missing ? "log file '%.*s' does not exist, only the jail's other logs are followed"
                        : "'%.*s' is a folder, not a log file",
                SLICE_ARG(path));
        finding.fix = missing ? suggest_path(path, store->arena)
                              : SLICE("name its files, for example with /*.log");
        findings_add(store->findings, &finding);
}

/* The patterns, as far as a text has room for them; *ret_path is the only one, if it is a plain
 * path. */
static struct slice list_patterns(
        const struct value *logpath, struct slice *ret_path, struct arena *arena) {
        struct slice named = SLICE("");
        struct slice rest = logpath->string.data ? logpath->string : SLICE("");
        struct slice line, from;
        size_t count = 0;
        while (slice_next_piece(&rest, '\n', &line)) {
                struct slice pattern = check_logs_split(line, &from);
                if (pattern.len == 0)
                        continue;
                count++;
                *ret_path = count == 1 && log_files_is_path(pattern) ? pattern : SLICE("");
                if (named.len + pattern.len < NAMED_MAX)
                        named = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(named),
                                named.len > 0 ? ", " : "", SLICE_ARG(pattern));
        }
        return named;
}

static void find_none(struct conf_store *store, struct slice jail, const struct value *logpath,
        enum check_logs_end end) {
        static const char *const ends[] = {
                [CHECK_LOGS_JOURNAL] = "the jail follows the journal instead",
                [CHECK_LOGS_SKIPPED] = "the jail is skipped",
                [CHECK_LOGS_NONE] = "there is nothing to follow",
        };
        static const enum finding_severity severities[] = {
                [CHECK_LOGS_JOURNAL] = FINDING_HINT,
                [CHECK_LOGS_SKIPPED] = FINDING_WARNING,
                [CHECK_LOGS_NONE] = FINDING_ERROR,
        };
        struct arena *arena = store->arena;
        struct slice path = SLICE("");
        struct slice named = list_patterns(logpath, &path, arena);
        struct finding finding = {
                .severity = severities[end], .origin = logpath->origin, .jail = jail};
        finding.text = named.len == 0 ? arena_printf(arena, "no log file is named: %s", ends[end])
                                      : arena_printf(arena, "no log file found (%.*s): %s",
                                                SLICE_ARG(named), ends[end]);
        finding.fix = path.len > 0 ? suggest_path(path, arena) : SLICE("");
        if (finding.fix.len == 0)
                finding.fix = SLICE("set logpath to where the service logs, or backend = systemd");
        findings_add(store->findings, &finding);
}

void check_logs(struct conf_store *store, struct slice jail, const struct value *logpath,
        enum check_logs_end end) {
        struct slice rest = logpath->string.data ? logpath->string : SLICE("");
        struct slice line, from;
        if (end != CHECK_LOGS_SOME) {
                find_none(store, jail, logpath, end);
                return;
        }
        while (slice_next_piece(&rest, '\n', &line)) {
                struct slice pattern = check_logs_split(line, &from);
                if (log_files_is_path(pattern))
                        look_at_path(store, jail, logpath, pattern);
        }
}
