/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters. What decides the order of commands: usedns comes first of all, prefregex and maxlines
 * before the regexes, and a second round for the jail's own options lands in front of the filter's
 * again. Upstream: client/filterreader.py, 1.1. */
#include "config/filter_conf.h"

#include "config/commands.h"
#include "config/options.h"
#include "config/settings.h"

int filter_conf_open(struct filter_conf *filter, struct conf_store *store, struct slice name,
        struct slice jail, const struct dict *params, struct fault *fault) {
        filter->jail = jail;
        return definition_open(&filter->definition, store, SETTINGS_FILTER, name, params, fault);
}

int filter_conf_open_path(struct filter_conf *filter, struct conf_store *store, struct slice path,
        struct slice jail, const struct dict *params, struct fault *fault) {
        filter->jail = jail;
        return definition_open_path(
                &filter->definition, store, SETTINGS_FILTER, path, params, fault);
}

void filter_conf_set_logtype(struct filter_conf *filter, struct slice backend) {
        struct definition *d = &filter->definition;
        const struct value *given = dict_get(&d->params, SLICE("logtype"));
        if ((given && given->string.len > 0) || definition_has(d, SLICE("logtype")))
                return;
        bool journal = slice_has_prefix(backend, SLICE("systemd"));
        dict_put(&d->params, SLICE("logtype"), value_text(journal ? "journal" : "file"),
                d->store->arena);
}

/* One command for all regexes: the list if there are several. Every line is one. */
static void put_regexes(struct slice option, const struct value *value, struct slice jail,
        struct value *stream, struct arena *arena) {
        struct value regexes = value_list();
        struct slice rest = value->string.data ? value->string : SLICE("");
        struct slice line;
        while (slice_next_piece(&rest, '\n', &line)) {
                struct value regex = value_string(line);
                regex.origin = value->origin;
                if (line.len > 0)
                        (void)value_append(&regexes, regex, arena);
        }
        regexes.origin = value->origin;
        if (regexes.list.count == 0)
                return;
        struct value command =
                command_set(jail, arena_printf(arena, "add%.*s", SLICE_ARG(option)), value, arena);
        if (regexes.list.count > 1)
                command.list.items[0] = value_text("multi-set");
        (void)value_append(
                &command, regexes.list.count > 1 ? regexes : regexes.list.items[0], arena);
        (void)value_append(stream, command, arena);
}

static int put_matches(const struct value *value, struct slice jail, struct value *stream,
        struct arena *arena, struct fault *fault) {
        struct slice rest = value->string.data ? value->string : SLICE("");
        struct slice line;
        while (slice_next_piece(&rest, '\n', &line)) {
                if (line.len == 0)
                        continue;
                struct value command = command_set(jail, SLICE("addjournalmatch"), value, arena);
                int r = options_split_shell(line, &command, arena, fault);
                if (r < 0)
                        return r;
                (void)value_append(stream, command, arena);
        }
        return 0;
}

int filter_conf_put_options(const struct dict *options, struct slice jail, struct value *stream,
        struct arena *arena, struct fault *fault) {
        size_t early = 0; /* place behind the early commands of this round */
        for (size_t i = 0; i < options->count; i++) {
                const struct dict_entry *entry = &options->entries[i];
                const struct setting *setting = setting_find(SETTINGS_FILTER, entry->key);
                if (!setting || entry->value.type == VALUE_NONE)
                        continue;
                int r = 0;
                if (setting->sent == SENT_REGEXES)
                        put_regexes(entry->key, &entry->value, jail, stream, arena);
                else if (setting->sent == SENT_MATCHES)
                        r = put_matches(&entry->value, jail, stream, arena, fault);
                else if (setting->sent == SENT_SET)
                        (void)value_append(stream,
                                command_set_value(jail, entry->key, &entry->value, arena), arena);
                else
                        commands_insert(stream, setting->sent == SENT_FIRST ? 0 : early++,
                                command_set_value(jail, entry->key, &entry->value, arena), arena);
                if (setting->sent == SENT_FIRST)
                        early++;
                if (r < 0)
                        return r;
        }
        return 0;
}

int filter_conf_stream(struct filter_conf *filter, struct value *stream, struct fault *fault) {
        struct dict options;
        int r = definition_combine(&filter->definition, NULL, &options, fault);
        return r < 0 ? r
                     : filter_conf_put_options(&options, filter->jail, stream,
                               filter->definition.store->arena, fault);
}
