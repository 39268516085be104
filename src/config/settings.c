/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads options as the table says. Values of a wrong type are no faults here: upstream warns, and
 * lets the server refuse the None it gets instead. Upstream: client/configreader.py getOptions(),
 * convertOptions(), 1.1. */
#include "config/settings.h"

#include "base/diag.h"
#include "base/number.h"
#include "base/repr.h"
#include "config/excerpt.h"
#include "config/interpolate.h"
#include "config/text.h"

#define LOGGER "fail2ban.configreader"

#define SETTING(table, name, type, otherwise, sent, doc)                                           \
        {SETTINGS_##table, name, SETTING_##type, otherwise, SENT_##sent},
static const struct setting settings[] = {
#include "config/settings.def"
};
#undef SETTING

#define SETTINGS_COUNT (sizeof(settings) / sizeof(settings[0]))

const struct setting *settings_of(enum settings_table table, size_t *ret_count) {
        size_t first = 0;
        while (settings[first].table != table)
                first++;
        size_t end = first;
        while (end < SETTINGS_COUNT && settings[end].table == table)
                end++;
        *ret_count = end - first;
        return &settings[first];
}

const struct setting *setting_find(enum settings_table table, struct slice name) {
        size_t count;
        const struct setting *rows = settings_of(table, &count);
        for (size_t i = 0; i < count; i++)
                if (slice_is(name, rows[i].name))
                        return &rows[i];
        return NULL;
}

bool settings_is_true(struct slice text) {
        static const char *const words[] = {"1", "on", "true", "yes"};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (slice_equal_nocase(text, slice_of(words[i])))
                        return true;
        return false;
}

/* Returns false if value is no number; then it is unchanged. */
static bool convert(const struct setting *setting, struct value *value) {
        int64_t number;
        if (value->type != VALUE_STRING || setting->type == SETTING_TEXT)
                return true;
        const struct value_origin *origin = value->origin;
        if (setting->type == SETTING_SWITCH)
                *value = value_bool(settings_is_true(value->string));
        else if (number_parse_python_int(text_strip(value->string), &number) == 0)
                *value = value_int(number);
        else
                return false;
        value->origin = origin;
        return true;
}

static struct value default_of(const struct setting *setting) {
        struct value value = VALUE_OF_NONE;
        if (setting->otherwise)
                value = value_text(setting->otherwise);
        (void)convert(
                setting, &value); /* defaults in the table are well-formed, which a test checks */
        return value;
}

static const char *default_repr(const struct setting *setting, struct arena *arena) {
        struct value value = default_of(setting);
        if (value.type == VALUE_STRING)
                return arena_printf(arena, "%.*s", SLICE_ARG(repr_text(value.string, arena))).data;
        struct value text = value_as_text(&value, arena);
        return text.type == VALUE_NONE ? "None" : text.string.data;
}

static void use_default(
        const struct settings_reader *reader, const struct setting *setting, struct dict *options) {
        if (!setting->otherwise)
                return;
        if (diag_enabled(DIAG_DEBUG))
                diag(DIAG_DEBUG, LOGGER, "'%s' not defined in '%.*s'. Using default one: %s",
                        setting->name, SLICE_ARG(reader->section),
                        default_repr(setting, reader->store->arena));
        dict_put(options, slice_of(setting->name), default_of(setting), reader->store->arena);
}

static void find_wrong_value(const struct settings_reader *reader, const struct setting *setting,
        const struct value *value) {
        struct arena *arena = reader->store->arena;
        struct findings *findings = reader->store->findings;
        bool is_borrowed =
                value->origin && !excerpt_make(value->origin, value->string, arena).is_exact;
        if (is_borrowed && findings->counts[FINDING_ERROR] > 0)
                return; /* told where it is written */
        /* What is no number is not sent: a filter does without, a jail is refused. */
        const struct finding finding = {
                .severity = setting->table == SETTINGS_FILTER ? FINDING_WARNING : FINDING_ERROR,
                .origin = value->origin,
                .part = value->string,
                .text = arena_printf(arena, "option '%s' in section '%.*s' is no number: %.*s",
                        setting->name, SLICE_ARG(reader->section),
                        SLICE_ARG(repr_text(value->string, arena))),
                .fix = SLICE("write a whole number, without unit or comment")};
        findings_add(findings, &finding);
}

static struct value wrong_value(const struct settings_reader *reader, const struct setting *setting,
        const struct value *value) {
        if (reader->store->findings)
                find_wrong_value(reader, setting, value);
        else
                diag(DIAG_WARNING, LOGGER,
                        "Wrong value for '%s' in '%.*s'. Using default one: '%s'", setting->name,
                        SLICE_ARG(reader->section), default_repr(setting, reader->store->arena));
        struct value otherwise = default_of(setting);
        otherwise.origin = value->origin;
        return otherwise;
}

int settings_read_one(const struct settings_reader *reader, const struct setting *setting,
        struct dict *options, struct fault *fault) {
        struct arena *arena = reader->store->arena;
        struct lookup lookup = {&reader->conf->ini, reader->section, reader->vars, arena,
                &reader->store->blame, &reader->store->part, &reader->store->fix};
        struct value value;
        int r = lookup_get(&lookup, slice_of(setting->name), &value, fault);
        if (r < 0)
                return r;
        if (r == INTERPOLATE_E_NO_OPTION) {
                use_default(reader, setting, options);
                return 0;
        }
        if (r == INTERPOLATE_E_NO_SECTION) {
                diag(DIAG_ERROR, LOGGER, "No section: %.*s",
                        SLICE_ARG(repr_text(reader->section, arena)));
                dict_put(options, slice_of(setting->name), default_of(setting), arena);
                return r;
        }
        if (reader->conversion == SETTINGS_CONVERTED && !convert(setting, &value))
                value = wrong_value(reader, setting, &value);
        dict_put(options, slice_of(setting->name), value, arena);
        return 0;
}

int settings_read(const struct settings_reader *reader, enum settings_table table,
        struct dict *options, struct fault *fault) {
        size_t count;
        const struct setting *rows = settings_of(table, &count);
        for (size_t i = 0; i < count; i++) {
                if (reader->given && dict_get(reader->given, slice_of(rows[i].name)))
                        continue;
                int r = settings_read_one(reader, &rows[i], options, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

void settings_convert(enum settings_table table, struct dict *options, struct arena *arena) {
        size_t count;
        const struct setting *rows = settings_of(table, &count);
        for (size_t i = 0; i < count; i++) {
                struct value *value = dict_get(options, slice_of(rows[i].name));
                if (!value || convert(&rows[i], value))
                        continue;
                diag(DIAG_WARNING, LOGGER, "Wrong int value %.*s for '%s'. Using default one: %s",
                        SLICE_ARG(repr_text(value->string, arena)), rows[i].name,
                        default_repr(&rows[i], arena));
                const struct value_origin *origin = value->origin;
                *value = default_of(&rows[i]);
                value->origin = origin;
        }
}
