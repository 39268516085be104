/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sink of base/diag in the server: a format and an output, replaced together. A new target is
 * opened before the old one is closed, so that a failure leaves everything as it was. The journal
 * gets its native protocol (one datagram of FIELD=value lines,
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL), syslog a datagram "<priority>text NUL" as upstream
 * sends it. */
#include "enforce/diag_target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "base/version.h"
#include "enforce/diag_format.h"
#include "enforce/diag_journal.h"
#include "enforce/diag_options.h"
#include "enforce/diag_output.h"

#define LOGGER "fail2ban.server"
#define LINE_MAX_BYTES (DIAG_TEXT_MAX + 4096)
#define SYSLOG_SOCKET "/dev/log"

enum kind {
        KIND_NONE,
        KIND_FILE,
        KIND_STDOUT,
        KIND_STDERR,
        KIND_SYSOUT,
        KIND_SYSLOG,
        KIND_JOURNAL,
        KIND_INHERITED
};

struct diag_target {
        const struct clock *clock;
        unsigned verbosity;
        int64_t start_mono_us;
        enum kind kind; /* of output; KIND_INHERITED changes only the name */
        int facility;
        char *name; /* NULL: none set yet */
        char *level;
        char *syslog_socket; /* NULL: none set yet */
        const char *system_socket;
        struct diag_format *format;
        struct diag_output *output;
        struct buffer line;
        pid_t pid; /* ours, in a batch of messages; else 0 */
};

static const struct {
        const char *name;
        enum kind kind;
} kinds[] = {
        {"STDOUT",          KIND_STDOUT   },
        {"STDERR",          KIND_STDERR   },
        {"SYSOUT",          KIND_SYSOUT   },
        {"SYSLOG",          KIND_SYSLOG   },
        {"SYSTEMD-JOURNAL", KIND_JOURNAL  },
        {"INHERITED",       KIND_INHERITED},
};

static const struct {
        const char *name;
        int facility;
} facilities[] = {
        {"AUTH",     LOG_AUTH    },
        {"AUTHPRIV", LOG_AUTHPRIV},
        {"CRON",     LOG_CRON    },
        {"DAEMON",   LOG_DAEMON  },
        {"FTP",      LOG_FTP     },
        {"KERN",     LOG_KERN    },
        {"LPR",      LOG_LPR     },
        {"MAIL",     LOG_MAIL    },
        {"NEWS",     LOG_NEWS    },
        {"SYSLOG",   LOG_SYSLOG  },
        {"USER",     LOG_USER    },
        {"UUCP",     LOG_UUCP    },
        {"LOCAL0",   LOG_LOCAL0  },
        {"LOCAL1",   LOG_LOCAL1  },
        {"LOCAL2",   LOG_LOCAL2  },
        {"LOCAL3",   LOG_LOCAL3  },
        {"LOCAL4",   LOG_LOCAL4  },
        {"LOCAL5",   LOG_LOCAL5  },
        {"LOCAL6",   LOG_LOCAL6  },
        {"LOCAL7",   LOG_LOCAL7  },
};

/* By the level's name: numbers between the named levels are warnings. */
static int syslog_priority(enum diag_level level) {
        switch (level) {
        case DIAG_CRITICAL:
                return LOG_CRIT;
        case DIAG_ERROR:
                return LOG_ERR;
        case DIAG_NOTICE:
                return LOG_NOTICE;
        case DIAG_INFO:
                return LOG_INFO;
        case DIAG_DEBUG:
                return LOG_DEBUG;
        case DIAG_WARNING:
        case DIAG_MSG:
        case DIAG_TRACEDEBUG:
        case DIAG_HEAVYDEBUG:
                break;
        }
        return LOG_WARNING;
}

static int put_line(
        struct diag_target *target, const struct diag_record *record, struct buffer *out) {
        int r = 0;
        if (target->kind == KIND_JOURNAL)
                return diag_journal_put(out, record);
        if (target->kind == KIND_SYSLOG)
                r = buffer_printf(out, "<%d>", target->facility | syslog_priority(record->level));
        if (r == 0)
                r = diag_format_put(target->format, record, out);
        return r < 0 ? r : buffer_append_char(out, target->kind == KIND_SYSLOG ? '\0' : '\n');
}

/* Puts the line where others wait to be written together. False, and nothing is there, if none do
 * or they leave no room. */
static bool gather(struct diag_target *target, const struct diag_record *record) {
        struct buffer *gathered = diag_output_gathered(target->output);
        size_t before = gathered ? buffer_len(gathered) : 0;
        if (gathered && put_line(target, record, gathered) == 0)
                return true;
        if (gathered)
                gathered->end = gathered->start + before;
        return false;
}

static struct diag_record record_of(
        const struct diag_target *target, enum diag_level level, const char *logger) {
        return (struct diag_record){
                .wall_us = clock_wall_us(target->clock),
                .relative_ms = (clock_mono_us(target->clock) - target->start_mono_us) / 1000,
                .pid = target->pid > 0
                               ? target->pid
                               : getpid(), /* the server forks after it has made its target */
                .level = level,
                .logger = logger,
        };
}

static void write_message(
        struct diag_target *target, enum diag_level level, const char *logger, struct slice text) {
        struct diag_record record = record_of(target, level, logger);
        record.text = text;
        if (gather(target, &record))
                return;
        buffer_clear(&target->line);
        if (put_line(target, &record, &target->line) == 0)
                diag_output_put(target->output, buffer_view(&target->line));
}

static void tell_dropped(struct diag_target *target) {
        char text[80];
        uint64_t dropped = diag_output_take_dropped(target->output);
        if (dropped == 0)
                return;
        (void)snprintf(text, sizeof(text),
                "%llu messages dropped: the log target did not take them",
                (unsigned long long)dropped);
        write_message(target, DIAG_WARNING, LOGGER, slice_of(text));
}

static void on_message(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct diag_target *target = user;
        if (!target->output) {
                (void)dprintf(STDERR_FILENO, "%.*s\n", SLICE_ARG(text));
                return;
        }
        write_message(target, level, logger, text);
        tell_dropped(target);
}

static void on_batch_begin(void *user) {
        struct diag_target *target = user;
        target->pid = getpid();
        if (target->output)
                diag_output_gather(target->output);
}

static void on_batch_end(void *user) {
        struct diag_target *target = user;
        target->pid = 0;
        if (target->output)
                diag_output_write_out(target->output);
}

/* Where lines are gathered, with all but the text there already. Not where messages were dropped:
 * that has to be told. */
static char *on_room(void *user, enum diag_level level, const char *logger, size_t len) {
        struct diag_target *target = user;
        struct buffer *gathered = target->output ? diag_output_gathered(target->output) : NULL;
        struct slice head;
        if (!gathered || diag_output_has_dropped(target->output))
                return NULL;
        const struct diag_record record = record_of(target, level, logger);
        if (!diag_format_head(target->format, &record, &head))
                return NULL;
        char *room = buffer_room(gathered, head.len + len + 1);
        if (!room)
                return NULL;
        memcpy(room, head.data, head.len);
        room[head.len + len] = '\n';
        buffer_commit(gathered, head.len + len + 1);
        return room + head.len;
}

static const struct diag_batch_ops batch_ops = {
        .begin = on_batch_begin, .end = on_batch_end, .room = on_room};

struct diag_target *diag_target_new(const struct clock *clock, unsigned verbosity) {
        struct diag_target *target = memory_new(sizeof(*target));
        target->clock = clock;
        target->verbosity = verbosity;
        target->system_socket = SYSLOG_SOCKET;
        target->start_mono_us = clock_mono_us(clock);
        target->line = BUFFER_INIT(LINE_MAX_BYTES);
        diag_set_batch_ops(&batch_ops, target);
        return target;
}

struct diag_target *diag_target_free(struct diag_target *target) {
        if (!target)
                return NULL;
        diag_set_sink(NULL, NULL);
        diag_set_batch_ops(NULL, NULL);
        (void)diag_output_free(target->output);
        (void)diag_format_free(target->format);
        buffer_done(&target->line);
        free(target->name);
        free(target->level);
        free(target->syslog_socket);
        free(target);
        return NULL;
}

void diag_target_push(struct diag_target *target) {
        if (!target->output)
                return;
        (void)diag_output_push(target->output);
        tell_dropped(target);
}

static enum kind find_kind(struct slice name) {
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (slice_equal_nocase(name, slice_of(kinds[i].name)))
                        return kinds[i].kind;
        return KIND_FILE;
}

static int find_facility(struct slice name) {
        char shown[64];
        if (name.len == 0)
                return LOG_DAEMON;
        for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
                if (slice_equal_nocase(name, slice_of(facilities[i].name)))
                        return facilities[i].facility;
        (void)snprintf(shown, sizeof(shown), "%.*s", SLICE_ARG(slice_sub(name, 0, 60)));
        diag(DIAG_ERROR, LOGGER, "Unable to set facility '%s', using 'DAEMON'", shown);
        return LOG_DAEMON;
}

/* "auto" becomes the system's own, for good. */
static int open_syslog(struct diag_target *target, struct diag_output **ret) {
        struct stat info;
        const char *path = target->syslog_socket ? target->syslog_socket : "auto";
        if (strcmp(path, "auto") == 0)
                path = target->system_socket;
        int r = stat(path, &info) < 0 ? -errno : S_ISSOCK(info.st_mode) ? 0 : -ENOTSOCK;
        if (r == 0)
                r = diag_output_open_socket(path, ret);
        if (r < 0) {
                diag(DIAG_ERROR, LOGGER,
                        "Syslog socket file: %s does not exists or is not a socket", path);
                return r;
        }
        if (strcmp(path, target->system_socket) == 0) {
                char *name = memory_copy_text(slice_of(path)); /* path may be the old one */
                free(target->syslog_socket);
                target->syslog_socket = name;
        }
        return 0;
}

static void tell_unable(const struct diag_target *target, struct slice name) {
        struct arena arena = ARENA_INIT;
        struct slice new_name = repr_text(name, &arena);
        struct slice old_name =
                target->name ? repr_text(slice_of(target->name), &arena) : SLICE("None");
        diag(DIAG_ERROR, LOGGER, "Unable to log to %.*s", SLICE_ARG(new_name));
        diag(DIAG_INFO, LOGGER, "Logging to previous target %.*s", SLICE_ARG(old_name));
        arena_done(&arena);
}

static int open_output(
        struct diag_target *target, enum kind kind, struct slice name, struct diag_output **ret) {
        if (kind == KIND_STDOUT || kind == KIND_SYSOUT || kind == KIND_STDERR) {
                *ret = diag_output_of_fd(kind == KIND_STDERR ? STDERR_FILENO : STDOUT_FILENO);
                return 0;
        }
        if (kind == KIND_SYSLOG)
                return open_syslog(target, ret);
        CLEANUP(free_p) char *path = memory_copy_text(name);
        bool has_nul = memchr(path, '\0', name.len) != NULL;
        int r = has_nul                ? -EINVAL
                : kind == KIND_JOURNAL ? diag_output_open_socket(DIAG_JOURNAL_SOCKET, ret)
                                       : diag_output_open_file(path, ret);
        if (r < 0)
                tell_unable(target, name);
        return r;
}

static struct diag_format *choose_format(const struct diag_target *target, enum kind kind,
        const struct diag_options *options, struct fault *fault) {
        if (options->format.len > 0)
                return diag_format_new(options->format, fault);
        bool padded = options->padding == DIAG_SWITCH_UNSET ? kind != KIND_SYSLOG
                                                            : options->padding == DIAG_SWITCH_ON;
        bool timed = options->datetime == DIAG_SWITCH_UNSET
                             ? kind != KIND_SYSLOG && kind != KIND_SYSOUT
                             : options->datetime == DIAG_SWITCH_ON;
        unsigned flags = (padded ? DIAG_FORMAT_PADDING : 0) | (timed ? DIAG_FORMAT_TIME : 0);
        return diag_format_standard(target->verbosity > 2 ? target->verbosity - 1 : 0, flags);
}

static void set_name(struct diag_target *target, struct slice name) {
        char *copy = memory_copy_text(name); /* name may be the old one */
        free(target->name);
        target->name = copy;
}

static void tell_changed(const struct diag_target *target, enum kind kind, struct slice name) {
        diag(DIAG_INFO, LOGGER, "Start Fail2ban v%s", FAIL2BAN_VERSION);
        if (kind == KIND_SYSLOG && slice_is(name, "SYSLOG"))
                diag(DIAG_INFO, LOGGER, "Changed logging target to %.*s (%s) for Fail2ban v%s",
                        SLICE_ARG(name), target->syslog_socket, FAIL2BAN_VERSION);
        else
                diag(DIAG_INFO, LOGGER, "Changed logging target to %.*s for Fail2ban v%s",
                        SLICE_ARG(name), FAIL2BAN_VERSION);
}

static int change(struct diag_target *target, enum kind kind, const struct diag_options *options,
        struct fault *fault) {
        struct diag_output *output = NULL;
        struct diag_format *format = choose_format(target, kind, options, fault);
        if (!format)
                return -EINVAL;
        int facility = kind == KIND_SYSLOG ? find_facility(options->facility) : LOG_DAEMON;
        int r = open_output(target, kind, options->name, &output);
        if (r < 0) {
                (void)diag_format_free(format);
                (void)fault_raise(fault, "Exception", "Failed to change log target");
                return r;
        }
        (void)diag_output_free(target->output);
        (void)diag_format_free(target->format);
        target->output = output;
        target->format = format;
        target->kind = kind;
        target->facility = facility;
        diag_set_sink(on_message, target);
        if (target->name)
                tell_changed(target, kind, options->name);
        set_name(target, options->name);
        return 0;
}

int diag_target_set(struct diag_target *target, struct slice text, struct fault *fault) {
        struct diag_options options;
        int r = diag_options_parse(text, &options, fault);
        if (r < 0)
                return r;
        if (target->name && slice_is(options.name, target->name))
                return 0;
        enum kind kind = find_kind(options.name);
        if (kind != KIND_INHERITED)
                return change(target, kind, &options, fault);
        set_name(target, options.name);
        return 0;
}

struct slice diag_target_name(const struct diag_target *target) {
        return slice_of(target->name);
}

/* Upstream opens syslog anew only where the target is named in capitals, and not at all if the name
 * is the same: so it goes on with the old socket until the target changes. Here the new socket is
 * used at once. */
int diag_target_set_syslog_socket(
        struct diag_target *target, struct slice path, struct fault *fault) {
        if (target->syslog_socket && slice_is(path, target->syslog_socket))
                return 0;
        char *old = target->syslog_socket;
        target->syslog_socket = memory_copy_text(path);
        struct diag_output *output = NULL;
        if (target->kind == KIND_SYSLOG) {
                if (open_syslog(target, &output) < 0) {
                        free(old);
                        return fault_raise(fault, "Exception", "Failed to change syslog socket");
                }
                (void)diag_output_free(target->output);
                target->output = output;
        }
        free(old);
        return 0;
}

void diag_target_set_system_socket(struct diag_target *target, const char *path) {
        target->system_socket = path;
}

struct slice diag_target_syslog_socket(const struct diag_target *target) {
        return slice_of(target->syslog_socket);
}

int diag_target_set_level(struct diag_target *target, struct slice level, struct fault *fault) {
        int number;
        CLEANUP(free_p) char *text = memory_copy_text(level);
        for (size_t i = 0; i < level.len; i++)
                if (text[i] >= 'a' && text[i] <= 'z')
                        text[i] = (char)(text[i] - 'a' + 'A');
        if (target->level && slice_is((struct slice){text, level.len}, target->level))
                return 0;
        if (diag_level_parse(level, &number) < 0) {
                struct arena arena = ARENA_INIT;
                struct slice shown = repr_text((struct slice){text, level.len}, &arena);
                int r = fault_raise(
                        fault, "ValueError", "Invalid log level %.*s", SLICE_ARG(shown));
                arena_done(&arena);
                return r;
        }
        diag_set_threshold(number);
        free(target->level);
        target->level = STEAL_PTR(text);
        return 0;
}

struct slice diag_target_level(const struct diag_target *target) {
        return slice_of(target->level);
}

/* Which reply comes depends on how the name was written, as upstream's does. */
const char *diag_target_flush(struct diag_target *target) {
        static const char *const unrolled[] = {"STDERR", "STDOUT", "SYSLOG", "SYSTEMD-JOURNAL"};
        const char *name = target->name ? target->name : "None";
        if (target->output) {
                int r = diag_output_reopen(target->output);
                if (r == 0)
                        diag(DIAG_INFO, LOGGER, "rollover performed on %s", name);
                else if (r != -ENOTSUP)
                        diag(DIAG_ERROR, LOGGER, "Unable to log to '%s': %s", name, strerror(-r));
                else
                        diag(DIAG_INFO, LOGGER, "flush performed on %s", name);
        }
        for (size_t i = 0; i < sizeof(unrolled) / sizeof(unrolled[0]); i++)
                if (strcmp(name, unrolled[i]) == 0)
                        return "flushed";
        return "rolled over";
}
