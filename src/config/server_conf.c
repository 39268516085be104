/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban.conf. The order of the commands is that of the table: whatever says where messages go
 * comes first, so that later faults are seen. Upstream: client/fail2banreader.py, 1.1. */
#include "config/server_conf.h"

#include <errno.h>

#include "base/diag.h"
#include "base/repr.h"
#include "config/settings.h"
#include "config/text.h"

static const struct slice definition_section = {"Definition", 10};
static const struct slice thread_section = {"Thread", 6};

/* The settings that programs need, beside their names in the file. */
struct server_setting {
        const char *name;
        struct slice *text;
};

#define SERVER_SETTINGS 5

static void list_settings(
        struct config_server *settings, struct server_setting ret[SERVER_SETTINGS]) {
        ret[0] = (struct server_setting){"socket", &settings->socket};
        ret[1] = (struct server_setting){"pidfile", &settings->pidfile};
        ret[2] = (struct server_setting){"loglevel", &settings->loglevel};
        ret[3] = (struct server_setting){"logtarget", &settings->logtarget};
        ret[4] = (struct server_setting){"syslogsocket", &settings->syslogsocket};
}

static int open_conf(struct conf_store *store, struct conf **ret, struct fault *fault) {
        int r = conf_read(store, SLICE("fail2ban"), ret, fault);
        if (r == 0 && !(*ret)->is_read)
                r = fault_raise(fault, "LookupError", "Read fail2ban configuration failed.");
        return r;
}

int server_conf_read(
        struct conf_store *store, struct config_server *settings, struct fault *fault) {
        struct conf *conf;
        int r = open_conf(store, &conf, fault);
        if (r < 0)
                return r;
        struct settings_reader reader = {
                .store = store, .conf = conf, .section = definition_section};
        struct server_setting rows[SERVER_SETTINGS];
        list_settings(settings, rows);
        struct dict options = {.count = 0};
        for (size_t i = 0; i < SERVER_SETTINGS; i++) {
                r = settings_read_one(&reader,
                        setting_find(SETTINGS_SERVER, slice_of(rows[i].name)), &options, fault);
                if (r < 0)
                        return r;
                if (!rows[i].text->data)
                        *rows[i].text = dict_get(&options, slice_of(rows[i].name))->string;
        }
        return 0;
}

/* ['set', name, value]. */
static void put_setting(
        struct value *stream, const char *name, struct value value, struct arena *arena) {
        struct value command = value_list();
        command.origin = value.origin;
        (void)value_append(&command, value_text("set"), arena);
        (void)value_append(&command, value_text(name), arena);
        (void)value_append(&command, value, arena);
        (void)value_append(stream, command, arena);
}

static int put_thread(struct conf_store *store, const struct conf *conf, struct value *stream,
        struct fault *fault) {
        if (!ini_section(&conf->ini, thread_section))
                return 0;
        struct settings_reader reader = {.store = store, .conf = conf, .section = thread_section};
        struct dict options = {.count = 0};
        int r = settings_read(&reader, SETTINGS_THREAD, &options, fault);
        if (r < 0 || options.count == 0)
                return r;
        struct value sizes = value_dict();
        for (size_t i = 0; i < options.count; i++)
                value_dict_put(&sizes, value_string(options.entries[i].key),
                        options.entries[i].value, store->arena);
        sizes.origin = options.entries[0].value.origin;
        put_setting(stream, "thread", sizes, store->arena);
        return 0;
}

static int check_level(const struct dict *options, struct arena *arena, struct fault *fault) {
        const struct value *level = dict_get(options, SLICE("loglevel"));
        int number;
        if (!level || level->type != VALUE_STRING || diag_level_parse(level->string, &number) == 0)
                return 0;
        return fault_raise(fault, "ValueError", "Invalid log level %.*s",
                SLICE_ARG(repr_text(level->string, arena)));
}

int server_conf_stream(struct conf_store *store, const struct config_server *settings,
        struct value *stream, struct fault *fault) {
        struct conf *conf;
        int r = open_conf(store, &conf, fault);
        if (r < 0)
                return r;
        struct settings_reader reader = {
                .store = store, .conf = conf, .section = definition_section};
        struct dict options = {.count = 0};
        r = settings_read(&reader, SETTINGS_SERVER, &options, fault);
        struct config_server given = *settings;
        struct server_setting rows[SERVER_SETTINGS];
        list_settings(&given, rows);
        for (size_t i = 0; i < SERVER_SETTINGS; i++)
                if (rows[i].text->data)
                        dict_put(&options, slice_of(rows[i].name), value_string(*rows[i].text),
                                store->arena);
        if (r == 0)
                r = check_level(&options, store->arena, fault);
        if (r == 0)
                r = put_thread(store, conf, stream, fault);
        for (size_t i = 0; r == 0 && i < options.count; i++) {
                const struct setting *setting =
                        setting_find(SETTINGS_SERVER, options.entries[i].key);
                if (setting && setting->sent != SENT_NOTHING)
                        put_setting(stream, setting->name, options.entries[i].value, store->arena);
        }
        return r;
}
