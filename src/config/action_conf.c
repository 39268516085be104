/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions. A jail may use the same file several times: their names differ by the parameter "name",
 * or by "actname". Upstream: client/actionreader.py, client/jailreader.py, 1.1. */
#include "config/action_conf.h"

#include "config/commands.h"
#include "config/settings.h"
#include "config/text.h"

/* Tags that hold what an attacker wrote, or change from ban to ban: only the server may fill them
 * in. */
static const char *const runtime_tags[] = {
        "matches", "ipmatches", "ipjailmatches", "timeout", "bantime"};

static struct slice stem_of(struct slice file) {
        size_t dot = file.len;
        while (dot > 0 && file.data[dot - 1] != '.')
                dot--;
        return dot > 1 ? slice_sub(file, 0, dot - 1) : file;
}

static bool is_python(struct slice file) {
        return slice_has_suffix(file, SLICE(".py"));
}

/* params as a JSON object, as Python's json.dumps() prints it, without the name that became the
 * command's. */
static struct slice params_json(const struct dict *params, struct arena *arena) {
        struct slice all = SLICE("{");
        for (size_t i = 0; i < params->count; i++) {
                const struct dict_entry *entry = &params->entries[i];
                if (slice_is(entry->key, "actname"))
                        continue;
                all = arena_printf(arena, "%.*s%s%.*s: %.*s", SLICE_ARG(all),
                        all.len == 1 ? "" : ", ", SLICE_ARG(text_json(entry->key, arena)),
                        SLICE_ARG(text_json(entry->value.string, arena)));
        }
        return arena_printf(arena, "%.*s}", SLICE_ARG(all));
}

static void make_python(struct action_conf *action, struct slice file, const struct dict *params) {
        struct arena *arena = action->store->arena;
        struct value source = VALUE_OF_NONE;
        source.origin = action->origin;
        const struct value *actname = dict_get(params, SLICE("actname"));
        action->name = actname ? actname->string : stem_of(file);
        bool absolute = slice_has_prefix(file, SLICE("/"));
        struct slice path = absolute ? file
                                     : arena_printf(arena, "%.*s/action.d/%.*s",
                                               SLICE_ARG(action->store->basedir), SLICE_ARG(file));
        action->command = command_set(action->jail, SLICE("addaction"), &source, arena);
        (void)value_append(&action->command, value_string(action->name), arena);
        (void)value_append(&action->command, value_string(path), arena);
        (void)value_append(&action->command, value_string(params_json(params, arena)), arena);
}

/* The file's name, with what sets the parameter "name" apart from the jail's. */
static struct slice default_name(
        struct slice file, struct slice name, struct slice jail, struct arena *arena) {
        if (slice_equal(name, jail))
                return file;
        if (slice_has_prefix(name, jail))
                return arena_printf(arena, "%.*s%.*s", SLICE_ARG(file),
                        SLICE_ARG(slice_sub(name, jail.len, name.len)));
        return arena_printf(arena, "%.*s-%.*s", SLICE_ARG(file), SLICE_ARG(name));
}

void action_conf_init(struct action_conf *action, struct conf_store *store, struct slice jail,
        const struct value_origin *origin) {
        *action = (struct action_conf){
                .store = store, .jail = jail, .origin = origin, .command = VALUE_OF_NONE};
}

int action_conf_open(struct action_conf *action, struct slice file, const struct dict *params,
        struct fault *fault) {
        struct arena *arena = action->store->arena;
        if (is_python(file)) {
                make_python(action, file, params);
                return 0;
        }
        struct dict all = dict_copy(params, arena);
        if (!dict_get(&all, SLICE("name")))
                dict_put(&all, SLICE("name"), value_string(action->jail), arena);
        if (!dict_get(&all, SLICE("actname"))) {
                struct slice name = default_name(
                        file, dict_get(&all, SLICE("name"))->string, action->jail, arena);
                dict_put(&all, SLICE("actname"), value_string(name), arena);
        }
        action->name = dict_get(&all, SLICE("actname"))->string;
        return definition_open(
                &action->definition, action->store, SETTINGS_ACTION, file, &all, fault);
}

bool action_conf_is_read(const struct action_conf *action) {
        return action->command.type != VALUE_NONE || action->definition.conf->is_read;
}

int action_conf_read(
        struct action_conf *action, const struct dict *jail_options, struct fault *fault) {
        if (action->command.type != VALUE_NONE)
                return 0;
        return definition_read(&action->definition, jail_options, DEFINITION_TABLE, fault);
}

static void put_property(
        struct value *properties, const struct dict_entry *entry, struct arena *arena) {
        struct value property = value_list();
        property.origin = entry->value.origin;
        (void)value_append(&property, value_string(entry->key), arena);
        (void)value_append(&property, entry->value, arena);
        (void)value_append(properties, property, arena);
}

/* The commands first, with tags replaced; then parameters as they are, for the server to fill in.
 */
static struct value properties_of(
        const struct action_conf *action, const struct dict *options, struct arena *arena) {
        struct value properties = value_list();
        for (size_t i = 0; i < options->count; i++)
                if (setting_find(SETTINGS_ACTION, options->entries[i].key))
                        put_property(&properties, &options->entries[i], arena);
        const struct dict *params = &action->definition.params;
        for (size_t i = 0; i < params->count; i++) {
                struct slice key = params->entries[i].key;
                if (!setting_find(SETTINGS_ACTION, key) && !slice_has_prefix(key, SLICE("known/")))
                        put_property(&properties, &params->entries[i], arena);
        }
        return properties;
}

int action_conf_stream(struct action_conf *action, struct value *stream, struct fault *fault) {
        struct arena *arena = action->store->arena;
        if (action->command.type != VALUE_NONE) {
                (void)value_append(stream, action->command, arena);
                return 0;
        }
        struct dict ignored = {.count = 0};
        for (size_t i = 0; i < sizeof(runtime_tags) / sizeof(runtime_tags[0]); i++)
                dict_put(&ignored, slice_of(runtime_tags[i]), value_bool(true), arena);
        struct dict options;
        int r = definition_combine(&action->definition, &ignored, &options, fault);
        if (r < 0)
                return r;
        struct value source = VALUE_OF_NONE;
        source.origin = action->origin;
        struct value add = command_set(action->jail, SLICE("addaction"), &source, arena);
        (void)value_append(&add, value_string(action->name), arena);
        (void)value_append(stream, add, arena);
        struct value set = command_set(action->jail, SLICE("action"), &source, arena);
        set.list.items[0] = value_text("multi-set");
        (void)value_append(&set, value_string(action->name), arena);
        (void)value_append(&set, properties_of(action, &options, arena), arena);
        (void)value_append(stream, set, arena);
        return 0;
}
