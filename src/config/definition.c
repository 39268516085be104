/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filter and action definitions. A parameter from the jail beats [Init], which beats the jail's own
 * options, which beat [Definition]; whoever wins is what <tags> and %(variables)s see.
 *
 * Tags that are no options of the combined set are looked up in the file's sections, and
 * remembered: a filter is combined twice (for known/ variables of the jail, then for the stream),
 * and upstream keeps what the first round found. Upstream: client/configreader.py
 * DefinitionInitConfigReader, 1.1. */
#include "config/definition.h"

#include "config/interpolate.h"
#include "config/options.h"
#include "config/tags.h"

static const struct slice definition_section = {"Definition", 10};
static const struct slice init_section = {"Init", 4};

static struct lookup lookup_in(
        const struct definition *d, struct slice section, const struct dict *vars) {
        return (struct lookup){&d->conf->ini, section, vars, d->store->arena, &d->store->blame,
                &d->store->part, &d->store->fix};
}

int definition_open(struct definition *definition, struct conf_store *store,
        enum settings_table table, struct slice name, const struct dict *params,
        struct fault *fault) {
        const char *directory = table == SETTINGS_FILTER ? "filter.d" : "action.d";
        *definition = (struct definition){
                .store = store, .table = table, .params = dict_copy(params, store->arena)};
        bool by_path = slice_has_prefix(name, SLICE("/")) || slice_has_prefix(name, SLICE("./"));
        struct slice full =
                by_path ? name : arena_printf(store->arena, "%s/%.*s", directory, SLICE_ARG(name));
        struct conf *conf;
        int r = conf_read(store, full, &conf, fault);
        if (r < 0)
                return r;
        definition->conf = conf;
        return 0;
}

int definition_open_path(struct definition *definition, struct conf_store *store,
        enum settings_table table, struct slice path, const struct dict *params,
        struct fault *fault) {
        *definition = (struct definition){
                .store = store, .table = table, .params = dict_copy(params, store->arena)};
        struct conf *conf;
        int r = conf_read_path(store, path, &conf, fault);
        if (r < 0)
                return r;
        definition->conf = conf;
        return 0;
}

bool definition_has(const struct definition *definition, struct slice option) {
        const struct ini_section *section = ini_section(&definition->conf->ini, definition_section);
        return section && dict_get(&section->options, option);
}

/* The value of an option of [Init] that has no parameter. One with a condition takes that of the
 * plain name, if the jail gives it. */
static int init_value(
        struct definition *d, struct slice key, struct value *value, struct fault *fault) {
        struct slice condition;
        struct slice plain = options_split_condition(key, &condition);
        const struct value *given = condition.len > 0 ? dict_get(&d->given, plain) : NULL;
        if (given)
                *value = *given;
        if (value->type != VALUE_NONE)
                return 0;
        struct lookup lookup = lookup_in(d, init_section, NULL);
        int r = lookup_get(&lookup, key, value, fault);
        return r < 0 ? r : 0;
}

static int read_init_option(struct definition *d, struct slice key, struct fault *fault) {
        struct arena *arena = d->store->arena;
        struct value value = VALUE_OF_NONE;
        if (!slice_has_prefix(key, SLICE("known/"))) {
                struct lookup lookup = lookup_in(d, init_section, NULL);
                int r = lookup_get(&lookup, key, &value, fault);
                if (r < 0)
                        return r;
                dict_put(&d->params, arena_printf(arena, "known/%.*s", SLICE_ARG(key)), value,
                        arena);
        }
        if (dict_get(&d->params, key))
                return 0;
        int r = init_value(d, key, &value, fault);
        if (r == 0)
                dict_put(&d->params, key, value, arena);
        return r;
}

static int read_init(struct definition *d, struct fault *fault) {
        const struct ini_section *section = ini_section(&d->conf->ini, init_section);
        for (size_t i = 0; section && i < section->options.count; i++) {
                int r = read_init_option(d, section->options.entries[i].key, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Adds the options of [Definition] that are not read yet, as they are without variables of the
 * jail. */
static int read_others(struct definition *d, struct fault *fault) {
        const struct ini_section *section = ini_section(&d->conf->ini, definition_section);
        struct lookup lookup = lookup_in(d, definition_section, NULL);
        for (size_t i = 0; section && i < section->options.count; i++) {
                struct slice key = section->options.entries[i].key;
                struct value value;
                if (dict_get(&d->options, key))
                        continue;
                int r = lookup_get(&lookup, key, &value, fault);
                if (r < 0)
                        return r;
                dict_put(&d->options, key, value, d->store->arena);
        }
        return 0;
}

int definition_read(struct definition *definition, const struct dict *jail_options,
        enum definition_scope scope, struct fault *fault) {
        struct arena *arena = definition->store->arena;
        definition->given =
                jail_options ? dict_copy(jail_options, arena) : (struct dict){.count = 0};
        dict_merge(&definition->given, &definition->params, arena);
        definition->vars = dict_as_vars(&definition->given, arena);
        definition->options = (struct dict){.count = 0};
        struct settings_reader reader = {.store = definition->store,
                .conf = definition->conf,
                .section = definition_section,
                .vars = &definition->vars,
                .given = &definition->given,
                .conversion = SETTINGS_AS_TEXT};
        int r = settings_read(&reader, definition->table, &definition->options, fault);
        if (r == 0)
                r = read_init(definition, fault);
        if (r == 0 && scope == DEFINITION_ALL)
                r = read_others(definition, fault);
        return r;
}

/* tags_resolver: a tag that is no option of the combined set. */
static int resolve_tag(void *user, struct slice tag, struct value *ret, struct fault *fault) {
        struct definition *d = user;
        const struct value *found = dict_get(&d->found, tag);
        if (found) {
                *ret = *found;
                return 0;
        }
        struct lookup lookup = lookup_in(d, definition_section, &d->vars);
        int r = lookup_get_tag(&lookup, tag, ret, fault);
        if (r < 0)
                return r;
        if (r != INTERPOLATE_OK)
                *ret = VALUE_OF_NONE;
        dict_put(&d->found, tag, *ret, d->store->arena);
        return 0;
}

int definition_combine(struct definition *definition, const struct dict *ignored, struct dict *ret,
        struct fault *fault) {
        struct arena *arena = definition->store->arena;
        *ret = dict_copy(&definition->options, arena);
        dict_merge(ret, &definition->params, arena);
        struct dict left_alone = ignored ? dict_copy(ignored, arena) : (struct dict){.count = 0};
        for (size_t i = 0; i < ret->count; i++) {
                struct slice condition;
                struct slice plain = options_split_condition(ret->entries[i].key, &condition);
                if (condition.len > 0)
                        dict_put(&left_alone, plain, value_bool(true), arena);
        }
        struct tags tags = {.ignored = &left_alone,
                .resolver = resolve_tag,
                .user = definition,
                .blame = &definition->store->blame};
        int r = tags_substitute(&tags, ret, arena, fault);
        if (r == 0)
                settings_convert(definition->table, ret, arena);
        return r;
}
