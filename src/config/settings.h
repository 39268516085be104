/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of options (settings.def), and reading a whole table's options from a section. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"
#include "config/conf_files.h"
#include "config/dict.h"

enum settings_table {
        SETTINGS_SERVER,
        SETTINGS_THREAD,
        SETTINGS_JAIL,
        SETTINGS_FILTER,
        SETTINGS_ACTION,
        SETTINGS_TABLE_COUNT
};
enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_SWITCH };
enum setting_sent {
        SENT_NOTHING,
        SENT_SET,
        SENT_FIRST,
        SENT_EARLY,
        SENT_REGEXES,
        SENT_MATCHES,
        SENT_WORDS,
        SENT_LOGS,
        SENT_PROPERTY,
};

struct setting {
        enum settings_table table;
        const char *name;
        enum setting_type type;
        const char *otherwise; /* the default, or NULL */
        enum setting_sent sent;
};

/* The rows of a table, in order. */
const struct setting *settings_of(enum settings_table table, size_t *ret_count);
/* The row called name, or NULL. */
const struct setting *setting_find(enum settings_table table, struct slice name);

enum settings_conversion { SETTINGS_CONVERTED, SETTINGS_AS_TEXT };

/* Where and how options are read. */
struct settings_reader {
        struct conf_store *store;
        const struct conf *conf;
        struct slice section;
        const struct dict *vars; /* for interpolation, keys in lower case; or NULL */
        const struct dict
                *given; /* options that are not read, because they are given already; or NULL */
        enum settings_conversion conversion;
};

/* Reads one option into options: its value, else its default, else nothing. A value of the wrong
 * type is said (WARNING) and replaced by the default, VALUE_NONE if it has none. Returns 0;
 * INTERPOLATE_E_NO_SECTION (said as ERROR, value as if wrong); or negative errno with a fault. */
int settings_read_one(const struct settings_reader *reader, const struct setting *setting,
        struct dict *options, struct fault *fault);
/* Reads a whole table. Returns 0 or negative errno. */
int settings_read(const struct settings_reader *reader, enum settings_table table,
        struct dict *options, struct fault *fault);
/* Converts a text value of a set of options in place to the setting's type, saying (WARNING) what
 * is wrong. */
void settings_convert(enum settings_table table, struct dict *options, struct arena *arena);
/* Python's int(text) / bool for configuration. */
bool settings_is_true(struct slice text);
