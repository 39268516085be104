/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jails. The filter is read before the jail's own options, because these may build upon the
 * filter's (%(known/failregex)s); after them it is read again, because they may replace and
 * parametrise what the filter says.
 *
 * store->blame follows what is being read, so that whoever reports a fault can name the line.
 * Upstream: client/jailreader.py, 1.1. */
#include "config/jail_conf.h"

#include <errno.h>

#include "base/diag.h"
#include "base/journal_source.h"
#include "base/repr.h"
#include "base/version.h"
#include "config/check_logs.h"
#include "config/commands.h"
#include "config/log_files.h"
#include "config/options.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "config/text.h"

#define LOGGER "fail2ban.jailreader"

/* ---- reading ---- */

static struct slice text_option(const struct jail_conf *jail, const char *name) {
        const struct value *value = dict_get(&jail->options, slice_of(name));
        return value && value->type == VALUE_STRING ? value->string : SLICE("");
}

static bool switch_option(const struct jail_conf *jail, const char *name) {
        const struct value *value = dict_get(&jail->options, slice_of(name));
        return value && value->type == VALUE_BOOL && value->boolean;
}

static const struct value_origin *blame_option(struct jail_conf *jail, const char *name) {
        const struct value *value = dict_get(&jail->options, slice_of(name));
        if (value && value->origin)
                conf_store_blame(jail->store, value->origin);
        return value ? value->origin : NULL;
}

static void provide_defaults(struct jail_conf *jail) {
        struct dict *defaults = &jail->conf->ini.defaults;
        dict_put(defaults, SLICE("fail2ban_version"), value_text(FAIL2BAN_VERSION),
                jail->store->arena);
        dict_put(defaults, SLICE("fail2ban_confpath"), value_string(jail->store->basedir),
                jail->store->arena);
}

static struct settings_reader reader_of(const struct jail_conf *jail) {
        return (struct settings_reader){
                .store = jail->store, .conf = jail->conf, .section = jail->name};
}

/* What must be known before anything else, and all that is read of a disabled jail. */
static int read_first(struct jail_conf *jail, struct fault *fault) {
        static const char *const names[] = {"enabled", "backend", "filter"};
        struct settings_reader reader = reader_of(jail);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                int r = settings_read_one(&reader, setting_find(SETTINGS_JAIL, slice_of(names[i])),
                        &jail->options, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int wrong_definition(
        const char *what, struct slice text, struct conf_store *store, struct fault *fault) {
        struct arena *arena = store->arena;
        struct slice why = arena_copy(arena, slice_of(fault_text(fault)));
        (void)fault_set(fault, -EINVAL, "Invalid %s definition %.*s: %.*s", what,
                SLICE_ARG(repr_text(text, arena)), SLICE_ARG(why));
        store->part = text;
        store->fix = SLICE("write NAME or NAME[OPTION=VALUE, OPTION=\"VALUE, WITH COMMA\"]");
        return JAIL_CONF_E_DEFINITION;
}

/* The filter's options become variables known/NAME of the jail. */
static int merge_known(struct jail_conf *jail, struct fault *fault) {
        struct arena *arena = jail->store->arena;
        struct dict options;
        int r = definition_combine(&jail->filter->definition, NULL, &options, fault);
        if (r < 0)
                return r;
        struct dict *own = &ini_section(&jail->conf->ini, jail->name)->options;
        for (size_t i = 0; i < options.count; i++) {
                struct slice key = options.entries[i].key;
                if (!slice_has_prefix(key, SLICE("known/")) && !slice_is(key, "__name__"))
                        dict_put(own, arena_printf(arena, "known/%.*s", SLICE_ARG(key)),
                                options.entries[i].value, arena);
        }
        return 0;
}

/* Names what of the blamed value is not there, and which file of the folder may have been meant. */
static void suggest_file(struct conf_store *store, const char *folder, struct slice name) {
        struct suggest suggest = suggest_begin(name);
        struct value names = conf_store_names(store, folder);
        for (size_t i = 0; i < names.list.count; i++)
                suggest_offer(&suggest, names.list.items[i].string);
        store->part = name;
        store->fix = suggest_text(&suggest, store->arena);
        if (store->fix.len == 0)
                store->fix = arena_printf(store->arena, "there is no %.*s/%s/%.*s.conf",
                        SLICE_ARG(store->basedir), folder, SLICE_ARG(name));
}

static int open_filter(struct jail_conf *jail, struct slice text,
        const struct jail_conf_forced *forced, struct fault *fault) {
        struct arena *arena = jail->store->arena;
        struct slice name;
        struct dict params;
        if (options_parse(text, arena, &name, &params, fault) < 0)
                return wrong_definition("filter", text, jail->store, fault);
        for (size_t i = 0; i < params.count; i++)
                params.entries[i].value.origin = jail->store->blame;
        if (forced && forced->options)
                dict_merge(&params, forced->options, arena);
        jail->filter = arena_alloc(arena, sizeof(*jail->filter));
        int r = filter_conf_open(jail->filter, jail->store, name, jail->name, &params, fault);
        if (r < 0)
                return r;
        if (!jail->filter->definition.conf->is_read) {
                (void)fault_set(fault, -ENOENT, "Unable to read the filter %.*s",
                        SLICE_ARG(repr_text(name, arena)));
                suggest_file(jail->store, "filter.d", name);
                return JAIL_CONF_E_DEFINITION;
        }
        return 0;
}

static int read_filter(
        struct jail_conf *jail, const struct jail_conf_forced *forced, struct fault *fault) {
        struct slice text = text_option(jail, "filter");
        (void)blame_option(jail, "filter");
        if (text.len == 0) {
                if (!jail->store->findings)
                        diag(DIAG_WARNING, LOGGER, "No filter set for jail %.*s",
                                SLICE_ARG(jail->name));
                return 0;
        }
        int r = open_filter(jail, text, forced, fault);
        if (r != 0)
                return r;
        filter_conf_set_logtype(jail->filter, text_option(jail, "backend"));
        r = definition_read(&jail->filter->definition, &jail->options, DEFINITION_ALL, fault);
        return r < 0 ? r : merge_known(jail, fault);
}

static int read_options(struct jail_conf *jail, struct fault *fault) {
        struct settings_reader reader = reader_of(jail);
        jail->options = (struct dict){.count = 0};
        int r = settings_read(&reader, SETTINGS_JAIL, &jail->options, fault);
        if (r == 0)
                r = settings_read(&reader, SETTINGS_FILTER, &jail->options, fault);
        if (r == 0 && jail->filter)
                r = definition_read(
                        &jail->filter->definition, &jail->options, DEFINITION_TABLE, fault);
        return r;
}

static struct action_conf *action_slot(struct jail_conf *jail) {
        if (jail->action_count == jail->action_capacity) {
                size_t capacity = jail->action_capacity ? jail->action_capacity * 2 : 4;
                struct action_conf *grown =
                        arena_alloc_array(jail->store->arena, capacity, sizeof(*grown));
                if (jail->action_count > 0)
                        memcpy(grown, jail->actions, jail->action_count * sizeof(*grown));
                jail->actions = grown;
                jail->action_capacity = capacity;
        }
        return &jail->actions[jail->action_count];
}

/* Whether Python shows the exception by its text alone; others come as Kind('text'). */
static bool is_parser_error(const char *kind) {
        return strncmp(kind, "Interpolation", 13) == 0 || strncmp(kind, "Duplicate", 9) == 0 ||
               strcmp(kind, "MissingSectionHeaderError") == 0 || strcmp(kind, "ParsingError") == 0;
}

/* Any other trouble with an action than a missing file: upstream's text for it. */
static int error_in_action(struct slice text, int code, struct arena *arena, struct fault *fault) {
        struct slice why = arena_copy(arena, slice_of(fault_text(fault)));
        if (fault && fault->kind && !is_parser_error(fault->kind))
                why = arena_printf(
                        arena, "%s(%.*s)", fault->kind, SLICE_ARG(repr_text(why, arena)));
        (void)fault_raise(fault, "ValueError", "Error in action definition %.*s: %.*s",
                SLICE_ARG(repr_text(text, arena)), SLICE_ARG(why));
        return code;
}

static int read_action(struct jail_conf *jail, struct slice text, const struct value_origin *origin,
        struct fault *fault) {
        struct arena *arena = jail->store->arena;
        struct slice name;
        struct dict params;
        if (jail->action_count == JAIL_ACTIONS_MAX)
                return fault_set(fault, -E2BIG, "jail '%.*s' has more than %u actions",
                        SLICE_ARG(jail->name), JAIL_ACTIONS_MAX);
        if (options_parse(text, arena, &name, &params, fault) < 0)
                return wrong_definition("action", text, jail->store, fault);
        for (size_t i = 0; i < params.count; i++)
                params.entries[i].value.origin = origin;
        struct action_conf *action = action_slot(jail);
        action_conf_init(action, jail->store, jail->name, origin);
        int r = action_conf_open(action, name, &params, fault);
        if (r < 0)
                return error_in_action(text, r, arena, fault);
        if (!action_conf_is_read(action)) {
                (void)fault_set(fault, -ENOENT, "Unable to read action %.*s",
                        SLICE_ARG(repr_text(name, arena)));
                suggest_file(jail->store, "action.d", name);
                return JAIL_CONF_E_DEFINITION;
        }
        r = action_conf_read(action, &jail->options, fault);
        if (r < 0)
                return error_in_action(text, r, arena, fault);
        jail->action_count++;
        return 0;
}

static void say_no_actions(const struct jail_conf *jail, const struct value_origin *origin) {
        const struct finding finding = {.severity = FINDING_WARNING,
                .origin = origin,
                .jail = jail->name,
                .text = SLICE("no action is defined: failures are counted, and nobody is kept out"),
                .fix = SLICE("set banaction or action")};
        if (jail->store->findings)
                findings_add(jail->store->findings, &finding);
        else
                diag(DIAG_WARNING, LOGGER, "No actions were defined for %.*s",
                        SLICE_ARG(jail->name));
}

static int read_actions(struct jail_conf *jail, struct fault *fault) {
        const struct value_origin *origin = blame_option(jail, "action");
        struct value items;
        int r = options_split(text_option(jail, "action"), jail->store->arena, &items, fault);
        for (size_t i = 0; r == 0 && i < items.list.count; i++)
                r = read_action(jail, text_strip(items.list.items[i].string), origin, fault);
        if (r == 0 && jail->action_count == 0)
                say_no_actions(jail, origin);
        return r;
}

int jail_conf_read(struct jail_conf *jail, struct conf_store *store, struct conf *conf,
        struct slice name, const struct jail_conf_forced *forced, struct fault *fault) {
        *jail = (struct jail_conf){.store = store, .conf = conf, .name = name};
        conf_store_blame(store, NULL);
        provide_defaults(jail);
        int r = read_first(jail, fault);
        if (r < 0)
                return r;
        if (forced && forced->options)
                dict_merge(&jail->options, forced->options, store->arena);
        jail->enabled = forced || switch_option(jail, "enabled");
        if (!jail->enabled)
                return JAIL_CONF_OK;
        r = read_filter(jail, forced, fault);
        if (r == 0)
                r = read_options(jail, fault);
        if (r == 0)
                r = read_actions(jail, fault);
        return r;
}

/* ---- commands ---- */

/* What one jail's conversion is about. */
struct jail_stream {
        struct jail_conf *jail;
        enum jail_conf_logs logs;
        struct slice backend;
        struct value commands;
        struct value log_commands; /* come behind the commands of all other options */
};

static void put_log(
        struct jail_stream *s, const struct value *value, struct slice path, struct slice from) {
        struct arena *arena = s->jail->store->arena;
        struct value command = command_set(s->jail->name, SLICE("addlogpath"), value, arena);
        (void)value_append(&command, value_string(path), arena);
        (void)value_append(&command, value_string(from), arena);
        (void)value_append(&s->log_commands, command, arena);
}

static void put_logs(struct jail_stream *s, const struct value *value, struct slice line) {
        struct value paths = value_list();
        struct slice from;
        struct slice pattern = check_logs_split(line, &from);
        if (log_files_find(pattern, &paths, s->jail->store->arena) == 0)
                diag(DIAG_NOTICE, LOGGER, "No file(s) found for glob %.*s", SLICE_ARG(pattern));
        for (size_t i = 0; i < paths.list.count; i++)
                put_log(s, value, paths.list.items[i].string, from);
}

/* The files that are named will be waited for. */
static void put_awaited_logs(struct jail_stream *s, const struct value *value) {
        struct slice rest = value->string.data ? value->string : SLICE("");
        struct slice line;
        struct slice from;
        while (slice_next_piece(&rest, '\n', &line)) {
                struct slice path = check_logs_split(line, &from);
                if (log_files_is_path(path))
                        put_log(s, value, path, from);
        }
}

static void say_without_logs(struct slice name, bool journal, bool skip, bool waits) {
        diag(DIAG_WARNING, LOGGER, "Have not found any log file for '%.*s' jail.%s",
                SLICE_ARG(name),
                journal ? " Jail will monitor systemd journal."
                : waits ? " Jail will wait for it."
                        : "");
        if (skip)
                diag(DIAG_WARNING, LOGGER, "Jail '%.*s' skipped, because of missing log files.",
                        SLICE_ARG(name));
}

static bool names_a_file(const struct value *value) {
        struct slice rest = value->string.data ? value->string : SLICE("");
        struct slice line;
        struct slice from;
        while (slice_next_piece(&rest, '\n', &line))
                if (log_files_is_path(check_logs_split(line, &from)))
                        return true;
        return false;
}

static bool journal_has_files(struct arena *arena) {
        struct value found = value_list();
        return log_files_find(SLICE(JOURNAL_RUNTIME "/*/*.journal"), &found, arena) > 0 ||
               log_files_find(SLICE(JOURNAL_PERSISTENT "/*/*.journal"), &found, arena) > 0;
}

/* Whether a jail without log files reads the journal. One that could wait does so only where a
 * journal is kept: on a machine without journald its log will be a file. */
static bool takes_journal(const struct jail_stream *s, const struct value *value) {
        const struct value *match = dict_get(&s->jail->options, SLICE("journalmatch"));
        if (!slice_has_prefix(s->backend, SLICE("auto")) ||
                !switch_option(s->jail, "systemd_if_nologs") || !match || match->type == VALUE_NONE)
                return false;
        return s->logs != JAIL_CONF_LOGS_AWAITED || !names_a_file(value) ||
               journal_has_files(s->jail->store->arena);
}

/* No log file was found: takes the journal instead, skips the jail, waits, or is a fault. */
static int without_logs(struct jail_stream *s, const struct value *value, struct fault *fault) {
        struct jail_conf *jail = s->jail;
        struct slice name = jail->name;
        bool journal = takes_journal(s, value);
        bool skip = !journal && switch_option(jail, "skip_if_nologs");
        if (!journal && !skip && s->logs == JAIL_CONF_LOGS_AWAITED)
                put_awaited_logs(s, value);
        bool waits = s->log_commands.list.count > 0;
        if (!journal && !skip && !waits && s->logs != JAIL_CONF_LOGS_OPTIONAL)
                return fault_raise(fault, "ValueError",
                        "Have not found any log file for '%.*s' jail.", SLICE_ARG(name));
        if (jail->store->findings)
                check_logs(jail->store, name, value,
                        journal ? CHECK_LOGS_JOURNAL
                        : skip  ? CHECK_LOGS_SKIPPED
                                : CHECK_LOGS_NONE);
        else
                say_without_logs(name, journal, skip, waits);
        if (journal)
                s->backend = SLICE("systemd");
        jail->skipped = skip;
        return 0;
}

static int put_logpath(struct jail_stream *s, const struct value *value, struct fault *fault) {
        if (slice_has_prefix(s->backend, SLICE("systemd")) || slice_is(s->backend, "bans"))
                return 0;
        struct slice rest = value->string.data ? value->string : SLICE("");
        struct slice line;
        while (slice_next_piece(&rest, '\n', &line))
                put_logs(s, value, line);
        if (s->log_commands.list.count > 0 && s->jail->store->findings)
                check_logs(s->jail->store, s->jail->name, value, CHECK_LOGS_SOME);
        if (s->log_commands.list.count > 0)
                return 0;
        if (value->origin)
                conf_store_blame(s->jail->store, value->origin);
        return without_logs(s, value, fault);
}

static int put_option(struct jail_stream *s, const struct dict_entry *entry, struct fault *fault) {
        struct arena *arena = s->jail->store->arena;
        const struct setting *setting = setting_find(SETTINGS_JAIL, entry->key);
        if (!setting || setting->sent == SENT_NOTHING)
                return 0;
        if (setting->sent == SENT_LOGS)
                return put_logpath(s, &entry->value, fault);
        if (setting->sent == SENT_WORDS) {
                struct value command =
                        command_set(s->jail->name, SLICE("addignoreip"), &entry->value, arena);
                options_split_words(entry->value.string, &command, arena);
                (void)value_append(&s->commands, command, arena);
                return 0;
        }
        (void)value_append(&s->commands,
                command_set_value(s->jail->name, entry->key, &entry->value, arena), arena);
        return 0;
}

static int put_filter(struct jail_stream *s, struct fault *fault) {
        struct jail_conf *jail = s->jail;
        (void)blame_option(jail, "filter");
        int r = jail->filter ? filter_conf_stream(jail->filter, &s->commands, fault) : 0;
        if (r < 0)
                return r;
        return filter_conf_put_options(
                &jail->options, jail->name, &s->commands, jail->store->arena, fault);
}

static int put_options(struct jail_stream *s, struct fault *fault) {
        for (size_t i = 0; i < s->jail->options.count; i++) {
                int r = put_option(s, &s->jail->options.entries[i], fault);
                if (r < 0 || s->jail->skipped)
                        return r;
        }
        commands_append_all(&s->commands, &s->log_commands, s->jail->store->arena);
        return 0;
}

static int put_actions(struct jail_stream *s, struct fault *fault) {
        (void)blame_option(s->jail, "action");
        for (size_t i = 0; i < s->jail->action_count; i++) {
                int r = action_conf_stream(&s->jail->actions[i], &s->commands, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

static struct value add_command(const struct jail_stream *s) {
        struct arena *arena = s->jail->store->arena;
        struct value command = value_list();
        const struct value *backend = dict_get(&s->jail->options, SLICE("backend"));
        command.origin = backend ? backend->origin : NULL;
        (void)value_append(&command, value_text("add"), arena);
        (void)value_append(&command, value_string(s->jail->name), arena);
        (void)value_append(&command, value_string(s->backend), arena);
        return command;
}

int jail_conf_stream(struct jail_conf *jail, enum jail_conf_logs logs, struct value *stream,
        struct fault *fault) {
        struct arena *arena = jail->store->arena;
        struct jail_stream s = {
                .jail = jail, .logs = logs, .backend = text_option(jail, "backend")};
        s.commands = value_list();
        s.log_commands = value_list();
        int r = put_filter(&s, fault);
        if (r == 0)
                r = put_options(&s, fault);
        if (r < 0)
                return r;
        if (jail->skipped) {
                struct slice text =
                        arena_printf(arena, "Jail '%.*s' skipped, because of missing log files.",
                                SLICE_ARG(jail->name));
                (void)value_append(
                        stream, command_config_error(text, jail->store->blame, arena), arena);
                return 0;
        }
        r = put_actions(&s, fault);
        if (r < 0)
                return r;
        (void)value_append(stream, add_command(&s), arena);
        commands_append_all(stream, &s.commands, arena);
        return 0;
}
