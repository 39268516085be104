/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One filter for fail2ban-regex, by name, by path or by jail. Upstream: client/fail2banregex.py
 * readRegex(), 1.1. */
#include <errno.h>

#include "base/diag.h"
#include "config/config.h"
#include "config/interpolate.h"
#include "config/jail_conf.h"
#include "config/options.h"
#include "config/text.h"

#define REGEX_JAIL "fail2ban-regex-jail"

int config_split_options(struct slice text, struct arena *arena, struct slice *ret_name,
        struct value *ret_options, struct fault *fault) {
        struct dict options;
        int r = options_parse(text, arena, ret_name, &options, fault);
        if (r < 0)
                return r;
        *ret_options = value_dict();
        for (size_t i = 0; i < options.count; i++)
                value_dict_put(ret_options, value_string(options.entries[i].key),
                        options.entries[i].value, arena);
        return 0;
}

static struct dict params_of(const struct value *options, struct arena *arena) {
        struct dict params = {.count = 0};
        for (size_t i = 0; options && i + 1 < options->list.count; i += 2)
                dict_put(&params, options->list.items[i].string, options->list.items[i + 1], arena);
        return params;
}

/* What the "Real  filter options" are taken from. */
struct real_options {
        const struct definition *definition; /* or NULL */
        const struct dict *combined;
        struct arena *arena;
        struct value *out;
};

/* The option as it came out: combined, else as [Definition] has it, else none. */
static int put_real(const struct real_options *real, struct slice name, struct fault *fault) {
        const struct value *found = dict_get(real->combined, name);
        struct value value = found ? *found : VALUE_OF_NONE;
        if (!found && real->definition) {
                struct lookup lookup = {.ini = &real->definition->conf->ini,
                        .section = SLICE("Definition"),
                        .arena = real->arena};
                int r = lookup_get(&lookup, name, &value, fault);
                if (r != INTERPOLATE_OK)
                        return r < 0 ? r : 0;
        }
        value_dict_put(real->out, value_string(name), value, real->arena);
        return 0;
}

static int list_real(
        const struct real_options *real, const struct dict *params, struct fault *fault) {
        *real->out = value_dict();
        int r = put_real(real, SLICE("logtype"), fault);
        if (r == 0)
                r = put_real(real, SLICE("datepattern"), fault);
        for (size_t i = 0; r == 0 && i < params->count; i++)
                r = put_real(real, params->entries[i].key, fault);
        return r;
}

static int read_filter(const struct config_filter_request *request, struct conf_store *store,
        struct config_filter_result *ret, struct fault *fault) {
        struct dict params = params_of(request->options, store->arena);
        struct filter_conf filter;
        int r = request->kind == CONFIG_FILTER_PATH
                        ? filter_conf_open_path(
                                  &filter, store, request->name, SLICE(REGEX_JAIL), &params, fault)
                        : filter_conf_open(
                                  &filter, store, request->name, SLICE(REGEX_JAIL), &params, fault);
        if (r < 0)
                return r;
        if (!filter.definition.conf->is_read)
                return CONFIG_E_UNREADABLE;
        filter_conf_set_logtype(&filter, request->backend);
        r = definition_read(&filter.definition, NULL, DEFINITION_TABLE, fault);
        struct dict combined;
        if (r == 0)
                r = definition_combine(&filter.definition, NULL, &combined, fault);
        if (r == 0)
                r = filter_conf_put_options(
                        &combined, filter.jail, &ret->commands, store->arena, fault);
        if (r < 0)
                return r;
        struct real_options real = {&filter.definition, &combined, store->arena, &ret->options};
        /* Those of [Init] have joined the given ones. */
        return list_real(&real, &filter.definition.params, fault);
}

static int list_real_of_jail(
        struct jail_conf *jail, const struct dict *params, struct value *out, struct fault *fault) {
        struct dict combined = dict_copy(&jail->options, jail->store->arena);
        struct definition *definition = jail->filter ? &jail->filter->definition : NULL;
        if (definition) {
                struct dict own;
                int r = definition_combine(definition, NULL, &own, fault);
                if (r < 0)
                        return r;
                dict_merge(&combined, &own, jail->store->arena);
        }
        struct real_options real = {definition, &combined, jail->store->arena, out};
        return list_real(&real, params, fault);
}

static int read_jail(const struct config_filter_request *request, struct conf_store *store,
        struct config_filter_result *ret, struct fault *fault) {
        struct conf *conf;
        int r = conf_read(store, SLICE("jail"), &conf, fault);
        if (r < 0)
                return r;
        if (!ini_section(&conf->ini, request->name) ||
                slice_has_prefix(request->name, SLICE("KNOWN/")))
                return CONFIG_E_NO_JAIL;
        if (request->found)
                request->found(request->user);
        struct dict params = params_of(request->options, store->arena);
        dict_put(&params, SLICE("backend"), value_string(request->backend), store->arena);
        struct jail_conf_forced forced = {.options = &params};
        struct jail_conf jail;
        r = jail_conf_read(&jail, store, conf, request->name, &forced, fault);
        if (r == JAIL_CONF_E_DEFINITION) {
                diag_text(DIAG_ERROR, "fail2ban.jailreader", slice_of(fault_text(fault)));
                return CONFIG_E_WRONG_JAILS;
        }
        if (r == 0)
                r = list_real_of_jail(&jail, &params, &ret->options, fault);
        if (r == 0 && request->ready)
                request->ready(request->user);
        return r < 0 ? r : jail_conf_stream(&jail, JAIL_CONF_LOGS_OPTIONAL, &ret->commands, fault);
}

int config_filter(const struct config_filter_request *request, struct arena *arena,
        struct config_filter_result *ret, struct fault *fault) {
        struct conf_store store;
        conf_store_init(&store, request->basedir, arena);
        *ret = (struct config_filter_result){.commands = value_list(), .options = value_dict()};
        return request->kind == CONFIG_FILTER_JAIL ? read_jail(request, &store, ret, fault)
                                                   : read_filter(request, &store, ret, fault);
}
