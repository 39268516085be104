/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files make up a logical configuration, and their merge.
 *
 * NAME is NAME.conf, NAME.d/?*.conf, NAME.local, NAME.d/?*.local, each with the files it includes
 * before and after it. Every file is parsed on its own, then merged option by option into one
 * struct ini; what an option was before a later file replaced it stays in a shadow section
 * KNOWN/NAME, so that the later file can build upon it. Files and results are kept in the store:
 * stock configurations include the same few files again and again.
 *
 * Faults of syntax are returned; files that cannot be read are only said (ERROR) and make the
 * configuration unread, as upstream has it. Upstream: client/configreader.py,
 * client/configparserinc.py, 1.1. Differs: caps on depth, number and size. */
#include "config/conf_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/repr.h"
#include "config/interpolate.h"
#include "config/options.h"
#include "config/text.h"

#define LOGGER_READER "fail2ban.configreader"
#define LOGGER_PARSER "fail2ban.configparserinc"

/* One physical file. */
struct conf_file {
        struct slice path; /* NUL behind */
        enum { FILE_READ, FILE_UNREADABLE, FILE_UNDECODABLE, FILE_FAULTY } state;
        struct ini ini;
        int code;         /* of FILE_FAULTY */
        const char *kind; /* likewise */
        const char *text; /* why it is faulty or undecodable */
};

/* Paths in order. */
struct path_list {
        struct slice *items;
        size_t count;
        size_t capacity;
};

/* The files that are being expanded, innermost first. */
struct ancestor {
        struct slice path;
        const struct ancestor *parent;
        unsigned depth;
};

static void path_list_add(struct path_list *list, struct slice path, struct arena *arena) {
        if (list->count == list->capacity) {
                list->capacity = list->capacity ? list->capacity * 2 : 8;
                struct slice *grown = arena_alloc_array(arena, list->capacity, sizeof(*grown));
                if (list->count > 0)
                        memcpy(grown, list->items, list->count * sizeof(*grown));
                list->items = grown;
        }
        list->items[list->count++] = path;
}

static bool path_list_has(const struct path_list *list, struct slice path) {
        for (size_t i = 0; i < list->count; i++)
                if (slice_equal(list->items[i], path))
                        return true;
        return false;
}

void conf_store_init(struct conf_store *store, struct slice basedir, struct arena *arena) {
        if (basedir.len == 0)
                basedir = SLICE(CONF_BASEDIR);
        while (basedir.len > 0 && basedir.data[basedir.len - 1] == '/')
                basedir.len--;
        *store = (struct conf_store){.arena = arena, .basedir = arena_copy(arena, basedir)};
}

void conf_store_blame(struct conf_store *store, const struct value_origin *origin) {
        store->blame = origin;
        store->part = SLICE("");
        store->fix = SLICE("");
}

/* ---- one file ---- */

/* Reads until the end, at most limit bytes. Returns 0 or negative errno. */
static int read_all(const char *path, struct buffer *out) {
        CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        for (;;) {
                char *room = buffer_room(out, 64 << 10);
                if (!room)
                        return -E2BIG;
                ssize_t n = read(fd, room, 64 << 10);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buffer_commit(out, (size_t)n);
        }
}

static const struct value_origin *origin_at(const struct conf_file *file, struct slice bytes,
        size_t at, struct arena *arena) {
        struct value_origin *origin = arena_alloc(arena, sizeof(*origin));
        *origin = (struct value_origin){.file = file->path.data, .line = 1};
        for (size_t i = slice_find_char(bytes, '\n', 0); i < at; i = slice_find_char(bytes, '\n', i + 1))
                origin->line++;
        return origin;
}

static void parse_file(struct conf_file *file, struct slice bytes, struct arena *arena) {
        size_t at = 0;
        const char *flaw = text_utf8_flaw(bytes, &at);
        if (flaw) {
                file->state = FILE_UNDECODABLE;
                file->text = arena_printf(arena,
                        "'utf-8' codec can't decode byte 0x%02x in position %zu: %s",
                        (unsigned)(unsigned char)bytes.data[at], at, flaw)
                                     .data;
                file->ini.fault_at = origin_at(file, bytes, at, arena);
                return;
        }
        struct fault fault = FAULT_INIT;
        file->code =
                ini_parse(arena_copy(arena, bytes), file->path.data, arena, &file->ini, &fault);
        file->kind = fault.kind;
        file->state = file->code < 0 ? FILE_FAULTY : FILE_READ;
        if (file->code < 0)
                file->text = arena_copy(arena, slice_of(fault_text(&fault))).data;
        fault_done(&fault);
}

static struct conf_file *file_new(struct conf_store *store, struct slice path) {
        struct conf_file *file = arena_alloc(store->arena, sizeof(*file));
        file->path = arena_copy(store->arena, path);
        struct buffer bytes = BUFFER_INIT(INI_FILE_MAX + (64 << 10));
        int r = read_all(file->path.data, &bytes);
        if (r == -E2BIG || buffer_len(&bytes) > INI_FILE_MAX) {
                file->state = FILE_FAULTY;
                file->code = -E2BIG;
                file->text = arena_printf(store->arena,
                        "configuration file '%.*s' is larger than %u bytes", SLICE_ARG(file->path),
                        INI_FILE_MAX)
                                     .data;
        } else if (r < 0) {
                file->state = FILE_UNREADABLE;
        } else {
                parse_file(file, buffer_view(&bytes), store->arena);
        }
        buffer_done(&bytes);
        return file;
}

static struct conf_file *load_file(struct conf_store *store, struct slice path) {
        const struct value *place = dict_get(&store->files, path);
        if (place)
                return store->file_list[place->integer];
        if (!store->file_list)
                store->file_list =
                        arena_alloc_array(store->arena, CONF_FILES_MAX, sizeof(struct conf_file *));
        if (store->file_count == CONF_FILES_MAX)
                return NULL;
        struct conf_file *file = file_new(store, path);
        dict_put(&store->files, file->path, value_int((int64_t)store->file_count), store->arena);
        store->file_list[store->file_count++] = file;
        return file;
}

/* ---- includes ---- */

static bool is_file(struct slice path) {
        struct stat st;
        return stat(path.data, &st) == 0 && S_ISREG(st.st_mode);
}

static struct slice directory_of(struct slice path) {
        return slice_sub(path, 0, text_name_start(path));
}

/* "x.conf" to "x.local": the last '.' of the file's name, if it is not its first character, starts
 * what is replaced. */
static struct slice local_twin(struct slice path, struct arena *arena) {
        size_t start = text_name_start(path);
        size_t dot = path.len;
        while (dot > start && path.data[dot - 1] != '.')
                dot--;
        struct slice stem = dot > start + 1 ? slice_sub(path, 0, dot - 1) : path;
        return arena_printf(arena, "%.*s.local", SLICE_ARG(stem));
}

static struct path_list with_local_twins(const struct path_list *files, struct arena *arena) {
        struct path_list all = {.count = 0};
        for (size_t i = 0; i < files->count; i++) {
                path_list_add(&all, files->items[i], arena);
                struct slice twin = local_twin(files->items[i], arena);
                if (!path_list_has(files, twin) && is_file(twin))
                        path_list_add(&all, twin, arena);
        }
        return all;
}

static bool is_ancestor(const struct ancestor *a, struct slice path) {
        for (; a; a = a->parent)
                if (slice_equal(a->path, path))
                        return true;
        return false;
}

/* One for this machine alone may be missing. */
static void find_missing(
        struct conf_store *store, struct slice path, struct slice name, const struct value *names) {
        struct arena *arena = store->arena;
        if (is_file(path) || slice_has_suffix(path, SLICE(".local")) ||
                is_file(local_twin(path, arena)))
                return;
        const struct finding finding = {.severity = FINDING_WARNING,
                .origin = names->origin,
                .part = name,
                .text = arena_printf(arena, "included file '%.*s' is not there", SLICE_ARG(path)),
                .fix = SLICE("correct its name, or remove it")};
        findings_add(store->findings, &finding);
}

static int expand_files(struct conf_store *store, const struct path_list *files,
        const struct ancestor *above, struct path_list *ret, struct fault *fault);

/* Adds what option ("before" or "after") of file's [INCLUDES] names. above: the ancestors of file,
 * without itself. */
static int expand_includes(struct conf_store *store, const struct conf_file *file,
        const char *option, const struct ancestor *above, struct path_list *ret,
        struct fault *fault) {
        struct arena *arena = store->arena;
        struct lookup lookup = {.ini = &file->ini,
                .section = SLICE("INCLUDES"),
                .arena = arena,
                .blame = &store->blame,
                .part = &store->part,
                .fix = &store->fix};
        struct value names;
        int r = lookup_get(&lookup, slice_of(option), &names, fault);
        if (r != INTERPOLATE_OK)
                return r < 0 ? r : 0;
        struct ancestor here = {
                .path = file->path, .parent = above, .depth = above ? above->depth + 1 : 1};
        if (here.depth > CONF_INCLUDE_DEPTH_MAX)
                return fault_set(fault, -E2BIG, "%s: more than %d files include each other",
                        file->path.data, CONF_INCLUDE_DEPTH_MAX);
        struct slice rest = names.string.data ? names.string : SLICE("");
        struct slice name;
        while (slice_next_piece(&rest, '\n', &name)) {
                bool absolute = name.len > 0 && name.data[0] == '/';
                struct slice directory = absolute ? SLICE("") : directory_of(file->path);
                struct slice path =
                        arena_printf(arena, "%.*s%.*s", SLICE_ARG(directory), SLICE_ARG(name));
                if (name.len == 0 || is_ancestor(above, path))
                        continue;
                if (store->findings)
                        find_missing(store, path, name, &names);
                struct path_list one = {.count = 0};
                path_list_add(&one, path, arena);
                r = expand_files(store, &one, &here, ret, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What mends a file that cannot be parsed. */
static struct slice fix_of(const struct conf_file *file) {
        if (file->ini.fault_fix)
                return slice_of(file->ini.fault_fix);
        if (!file->kind)
                return SLICE("");
        if (strncmp(file->kind, "Duplicate", 9) == 0)
                return SLICE("remove one of the two");
        if (strcmp(file->kind, "MissingSectionHeaderError") != 0)
                return SLICE("");
        return strstr(file->text, "\n'\\ufeff[")
                       ? SLICE("the file begins with a byte order mark (BOM): save it without one")
                       : SLICE("put a line with its [section] above it");
}

static void find_undecodable(struct conf_store *store, const struct conf_file *file) {
        const struct finding finding = {.severity = FINDING_ERROR,
                .origin = file->ini.fault_at,
                .text = slice_of(file->text),
                .fix = SLICE("save the file as UTF-8")};
        findings_add(store->findings, &finding);
}

static int expand_file(struct conf_store *store, struct slice path, const struct ancestor *above,
        struct path_list *ret, struct fault *fault) {
        struct conf_file *file = load_file(store, path);
        if (!file || store->arena->used > CONF_MEMORY_MAX)
                return fault_set(fault, -E2BIG, "configuration is too large, at file '%.*s'",
                        SLICE_ARG(path));
        switch (file->state) {
        case FILE_UNREADABLE:
                return 0;
        case FILE_UNDECODABLE:
                if (store->findings)
                        find_undecodable(store, file);
                else
                        diag(DIAG_ERROR, LOGGER_PARSER, "Error decoding config file '%s': %s",
                                file->path.data, file->text);
                return 0;
        case FILE_FAULTY:
                conf_store_blame(store, file->ini.fault_at);
                store->fix = fix_of(file);
                (void)fault_raise(fault, file->kind, "%s", file->text);
                return file->code;
        case FILE_READ:
                break;
        }
        bool includes = ini_section(&file->ini, SLICE("INCLUDES")) != NULL;
        int r = includes ? expand_includes(store, file, "before", above, ret, fault) : 0;
        if (r < 0)
                return r;
        path_list_add(ret, file->path, store->arena);
        if (ret->count > CONF_FILES_MAX)
                return fault_set(fault, -E2BIG, "%s: configuration includes more than %u files",
                        file->path.data, CONF_FILES_MAX);
        return includes ? expand_includes(store, file, "after", above, ret, fault) : 0;
}

/* Files with their twins and includes. The result is remembered by the list of files, whatever the
 * ancestors were, as upstream does: it makes a difference for files that include each other. */
static int expand_files(struct conf_store *store, const struct path_list *files,
        const struct ancestor *above, struct path_list *ret, struct fault *fault) {
        struct arena *arena = store->arena;
        struct path_list all = with_local_twins(files, arena);
        struct slice key = SLICE_NULL;
        for (size_t i = 0; i < all.count; i++)
                key = arena_printf(arena, "%.*s\001%.*s", SLICE_ARG(key), SLICE_ARG(all.items[i]));
        struct value *known = dict_get(&store->includes, key);
        for (size_t i = 0; known && i < known->list.count; i++)
                path_list_add(ret, known->list.items[i].string, arena);
        if (known)
                return 0;
        size_t first = ret->count;
        for (size_t i = 0; i < all.count; i++) {
                int r = expand_file(store, all.items[i], above, ret, fault);
                if (r < 0)
                        return r;
        }
        struct value expanded = value_list();
        for (size_t i = first; i < ret->count; i++)
                (void)value_append(&expanded, value_string(ret->items[i]), arena);
        dict_put(&store->includes, key, expanded, arena);
        return 0;
}

/* ---- merge ---- */

static struct dict conditional_options(
        const struct dict *options, struct slice condition, struct arena *arena) {
        struct dict renamed = {.count = 0};
        for (size_t i = 0; i < options->count; i++) {
                struct slice key = arena_printf(arena, "%.*s%.*s",
                        SLICE_ARG(options->entries[i].key), SLICE_ARG(condition));
                dict_put(&renamed, key, options->entries[i].value, arena);
        }
        return renamed;
}

/* What the section holds for the keys that options is about to replace goes to its shadow. */
static void keep_known(struct ini *ini, const struct ini_section *section,
        const struct dict *options, struct arena *arena) {
        struct slice name = arena_printf(arena, "KNOWN/%.*s", SLICE_ARG(section->name));
        struct ini_section *shadow = ini_section_make(ini, name, arena);
        for (size_t i = 0; i < section->options.count; i++) {
                const struct dict_entry *entry = &section->options.entries[i];
                if (dict_get(options, entry->key))
                        dict_put(&shadow->options, entry->key, entry->value, arena);
        }
}

static void merge_section(struct ini *ini, const struct ini_section *from, struct arena *arena) {
        struct slice condition;
        struct slice name = options_split_condition(from->name, &condition);
        struct dict options = condition.len > 0
                                      ? conditional_options(&from->options, condition, arena)
                                      : from->options;
        struct ini_section *section = ini_section(ini, name);
        if (section) {
                keep_known(ini, section, &options, arena);
                dict_merge(&section->options, &options, arena);
                return;
        }
        section = ini_section_make(ini, name, arena);
        section->options = dict_copy(&options, arena);
}

static void merge_file(struct ini *ini, const struct ini *from, struct arena *arena) {
        dict_merge(&ini->defaults, &from->defaults, arena);
        for (size_t i = 0; i < from->count; i++)
                merge_section(ini, from->sections[i], arena);
}

static int merge_files(struct conf_store *store, const struct path_list *files, struct ini *ini,
        struct fault *fault) {
        for (size_t i = 0; i < files->count; i++) {
                if (store->arena->used > CONF_MEMORY_MAX)
                        return fault_set(fault, -E2BIG,
                                "configuration is too large, at file '%.*s'",
                                SLICE_ARG(files->items[i]));
                merge_file(ini, &load_file(store, files->items[i])->ini, store->arena);
        }
        return 0;
}

/* ---- logical configurations ---- */

static int compare_paths(const void *a, const void *b) {
        return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static bool exists(struct slice path) {
        struct stat st;
        return stat(path.data, &st) == 0;
}

/* Adds the files of directory whose names end in suffix, sorted. */
static void add_drop_ins(
        struct path_list *files, struct slice directory, const char *suffix, struct arena *arena) {
        DIR *dir = opendir(directory.data);
        if (!dir)
                return;
        size_t first = files->count;
        for (struct dirent *entry; (entry = readdir(dir)) && files->count < CONF_FILES_MAX;) {
                struct slice name = slice_of(entry->d_name);
                if (name.data[0] == '.' || !slice_has_suffix(name, slice_of(suffix)))
                        continue;
                struct slice path =
                        arena_printf(arena, "%.*s/%.*s", SLICE_ARG(directory), SLICE_ARG(name));
                if (exists(path))
                        path_list_add(files, path, arena);
        }
        (void)closedir(dir); /* only read from */
        if (files->count > first)
                qsort(files->items + first, files->count - first, sizeof(*files->items),
                        compare_paths);
}

static struct path_list files_of(struct slice base, struct arena *arena) {
        struct path_list files = {.count = 0};
        static const char *const suffixes[] = {".conf", ".local"};
        for (size_t i = 0; i < 2; i++) {
                struct slice main = arena_printf(arena, "%.*s%s", SLICE_ARG(base), suffixes[i]);
                if (exists(main))
                        path_list_add(&files, main, arena);
                add_drop_ins(
                        &files, arena_printf(arena, "%.*s.d", SLICE_ARG(base)), suffixes[i], arena);
        }
        return files;
}

struct value conf_store_names(const struct conf_store *store, const char *folder) {
        struct path_list files = {.count = 0};
        struct value names = value_list();
        struct arena *arena = store->arena;
        add_drop_ins(&files,
                arena_printf(arena, "%.*s/%s", SLICE_ARG(store->basedir), folder), ".conf", arena);
        for (size_t i = 0; i < files.count; i++) {
                struct slice path = files.items[i];
                struct slice name = slice_sub(
                        path, directory_of(path).len, path.len - SLICE(".conf").len);
                (void)value_append(&names, value_string(name), arena);
        }
        return names;
}

static struct conf *conf_new(struct conf_store *store, struct slice name) {
        struct conf *conf = arena_alloc(store->arena, sizeof(*conf));
        conf->name = arena_copy(store->arena, name);
        return conf;
}

static void conf_remember(struct conf_store *store, struct conf *conf) {
        if (!store->conf_list)
                store->conf_list =
                        arena_alloc_array(store->arena, CONF_FILES_MAX, sizeof(struct conf *));
        if (store->conf_count == CONF_FILES_MAX)
                return;
        dict_put(&store->confs, conf->name, value_int((int64_t)store->conf_count), store->arena);
        store->conf_list[store->conf_count++] = conf;
}

/* Says which of the wanted files are not among those read. Returns whether all are. */
static bool check_missed(
        const struct path_list *wanted, const struct path_list *read, struct arena *arena) {
        struct slice missed = SLICE_NULL;
        for (size_t i = 0; i < wanted->count; i++)
                if (!path_list_has(read, wanted->items[i]))
                        missed = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(missed),
                                missed.len > 0 ? ", " : "", SLICE_ARG(wanted->items[i]));
        if (missed.len > 0)
                diag(DIAG_ERROR, LOGGER_READER, "Could not read config files: %.*s",
                        SLICE_ARG(missed));
        return missed.len == 0;
}

static struct slice path_list_repr(const struct path_list *list, struct arena *arena) {
        struct value texts = value_list();
        for (size_t i = 0; i < list->count; i++)
                (void)value_append(&texts, value_string(list->items[i]), arena);
        return repr(&texts, arena);
}

static int read_files(struct conf_store *store, struct conf *conf, const struct path_list *wanted,
        struct path_list *ret_read, struct fault *fault) {
        int r = expand_files(store, wanted, NULL, ret_read, fault);
        if (r < 0)
                return r;
        if (ret_read->count > 0 && diag_enabled(DIAG_INFO))
                diag(DIAG_INFO, LOGGER_PARSER, "  Loading files: %.*s",
                        SLICE_ARG(path_list_repr(ret_read, store->arena)));
        return merge_files(store, ret_read, &conf->ini, fault);
}

static struct slice absolute_path(struct slice path, struct arena *arena) {
        if (path.len > 0 && path.data[0] == '/')
                return path;
        while (slice_has_prefix(path, SLICE("./")))
                path = slice_sub(path, 2, path.len);
        char cwd[4096];
        return arena_printf(arena, "%s/%.*s", getcwd(cwd, sizeof(cwd)) ? cwd : "", SLICE_ARG(path));
}

int conf_read(struct conf_store *store, struct slice name, struct conf **ret, struct fault *fault) {
        struct arena *arena = store->arena;
        const struct value *place = dict_get(&store->confs, name);
        if (place) {
                *ret = store->conf_list[place->integer];
                return 0;
        }
        diag(DIAG_INFO, LOGGER_READER, "Loading configs for %.*s under %.*s ", SLICE_ARG(name),
                SLICE_ARG(store->basedir));
        if (!exists(store->basedir.len > 0 ? store->basedir : SLICE("/")))
                return fault_raise(fault, "ValueError",
                        "Base configuration directory %.*s does not exist ",
                        SLICE_ARG(store->basedir));
        struct conf *conf = conf_new(store, name);
        struct slice shown =
                slice_has_prefix(name, SLICE("./")) ? absolute_path(name, arena) : name;
        struct slice base = shown.len > 0 && shown.data[0] == '/'
                                    ? shown
                                    : arena_printf(arena, "%.*s/%.*s", SLICE_ARG(store->basedir),
                                              SLICE_ARG(shown));
        struct path_list wanted = files_of(base, arena);
        struct path_list read = {.count = 0};
        int r = wanted.count > 0 ? read_files(store, conf, &wanted, &read, fault) : 0;
        if (r < 0)
                return r;
        conf->is_read = wanted.count > 0 && check_missed(&wanted, &read, arena);
        if (wanted.count == 0 && !store->findings) /* whoever asked finds more to say */
                diag(DIAG_ERROR, LOGGER_READER,
                        "Found no accessible config files for %.*s under %.*s",
                        SLICE_ARG(repr_text(shown, arena)), SLICE_ARG(store->basedir));
        conf_remember(store, conf);
        *ret = conf;
        return 0;
}

int conf_read_path(
        struct conf_store *store, struct slice path, struct conf **ret, struct fault *fault) {
        struct path_list wanted = {.count = 0};
        struct path_list read = {.count = 0};
        struct conf *conf = conf_new(store, absolute_path(path, store->arena));
        path_list_add(&wanted, conf->name, store->arena);
        int r = read_files(store, conf, &wanted, &read, fault);
        if (r < 0)
                return r;
        conf->is_read = read.count > 0;
        *ret = conf;
        return 0;
}
