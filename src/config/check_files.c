/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every option may be a variable of others, so a name is only unknown if no table has it and no
 * value refers to it, as %(name)s or <name>, wherever that is. Filters and actions have options of
 * their own: there, and in [DEFAULT], only names are told that look much like one that would mean
 * something. */
#include "config/check_files.h"

#include "base/repr.h"
#include "base/tag.h"
#include "config/options.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "config/text.h"

struct check {
        struct conf_store *store;
        struct dict used; /* names that values refer to, as keys */
};

/* ---- what is referred to ---- */

static void use(struct check *c, struct slice name) {
        dict_put(&c->used, slice_sub(name, text_name_start(name), name.len), value_bool(true),
                c->store->arena);
        dict_put(&c->used, name, value_bool(true), c->store->arena);
}

static void use_all_of(struct check *c, struct slice text) {
        size_t start, end;
        for (size_t from = 0; tag_find(text, from, &start, &end); from = start + 1)
                use(c, slice_sub(text, start + 1, end - 1));
        for (size_t at = slice_find(text, SLICE("%("), 0); at < text.len;
                at = slice_find(text, SLICE("%("), at + 2))
                use(c, slice_sub(text, at + 2, slice_find_char(text, ')', at)));
}

static void use_options(struct check *c, const struct dict *options) {
        for (size_t i = 0; i < options->count; i++)
                if (options->entries[i].value.type == VALUE_STRING)
                        use_all_of(c, options->entries[i].value.string);
}

static void use_conf(struct check *c, const struct conf *conf) {
        use_options(c, &conf->ini.defaults);
        for (size_t i = 0; i < conf->ini.count; i++)
                use_options(c, &conf->ini.sections[i]->options);
}

/* ---- names of options ---- */

static bool is_known(const struct check *c, struct slice name, const enum settings_table *tables) {
        for (; *tables != SETTINGS_TABLE_COUNT; tables++)
                if (setting_find(*tables, name))
                        return true;
        return dict_get(&c->used, name) != NULL;
}

static struct suggest nearest(const struct check *c, struct slice name,
        const enum settings_table *tables, const struct dict *others) {
        struct suggest suggest = suggest_begin(name);
        for (; *tables != SETTINGS_TABLE_COUNT; tables++) {
                size_t count;
                const struct setting *rows = settings_of(*tables, &count);
                for (size_t i = 0; i < count; i++)
                        suggest_offer(&suggest, slice_of(rows[i].name));
        }
        for (size_t i = 0; others && i < others->count; i++)
                if (dict_get(&c->used, others->entries[i].key))
                        suggest_offer(&suggest, others->entries[i].key);
        return suggest;
}

/* A variable that makes up a known option: action_mwl, banaction_allports. */
static bool is_variant(
        const struct check *c, struct slice name, const enum settings_table *tables) {
        size_t end = slice_find_char(name, '_', 0);
        return end < name.len && is_known(c, slice_sub(name, 0, end), tables);
}

/* Whether names that look like nothing known are told, too. */
enum strangers { STRANGERS_PASS, STRANGERS_TOLD };

/* others: options whose names may have been meant, if something refers to them; or NULL. */
static void check_option(struct check *c, const struct dict_entry *entry, struct slice section,
        const enum settings_table *tables, const struct dict *others, enum strangers strangers) {
        struct slice condition;
        struct slice name = options_split_condition(entry->key, &condition);
        if (is_known(c, name, tables) || is_variant(c, name, tables) || !entry->value.origin ||
                slice_find_char(name, '/', 0) < name.len ||
                slice_has_prefix(name, SLICE("fail2ban_")) || slice_has_prefix(name, SLICE("__")))
                return;
        struct suggest suggest = nearest(c, name, tables, others);
        if (!suggest.best.data && strangers == STRANGERS_PASS)
                return;
        struct finding finding = {.severity = suggest.best.data ? FINDING_WARNING : FINDING_HINT,
                .origin = entry->value.origin,
                .part = entry->key,
                .text = arena_printf(c->store->arena,
                        "option '%.*s' in section '%.*s' is unknown, and nothing refers to it",
                        SLICE_ARG(name), SLICE_ARG(section)),
                .fix = suggest_text(&suggest, c->store->arena)};
        if (finding.fix.len == 0)
                finding.fix = arena_printf(
                        c->store->arena, "remove it, or use it as %%(%.*s)s", SLICE_ARG(name));
        findings_add(c->store->findings, &finding);
}

/* ---- switches ---- */

static bool is_switch(struct slice text) {
        static const char *const words[] = {
                "1", "on", "true", "yes", "0", "off", "false", "no", "none", ""};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (slice_equal_nocase(text, slice_of(words[i])))
                        return true;
        return slice_find_char(text, '%', 0) < text.len || slice_find_char(text, '<', 0) < text.len;
}

static void check_switch(
        struct check *c, const struct dict_entry *entry, const enum settings_table *tables) {
        const struct setting *setting = NULL;
        for (; *tables != SETTINGS_TABLE_COUNT && !setting; tables++)
                setting = setting_find(*tables, entry->key);
        if (!setting || setting->type != SETTING_SWITCH || entry->value.type != VALUE_STRING ||
                is_switch(entry->value.string))
                return;
        struct arena *arena = c->store->arena;
        struct finding finding = {.severity = FINDING_WARNING,
                .origin = entry->value.origin,
                .part = entry->value.string,
                .text = arena_printf(arena,
                        "option '%s' is neither on nor off: %.*s counts as false", setting->name,
                        SLICE_ARG(repr_text(entry->value.string, arena))),
                .fix = SLICE("write true or false")};
        findings_add(c->store->findings, &finding);
}

static void check_options(struct check *c, const struct dict *options, struct slice section,
        const enum settings_table *tables, const struct dict *others, enum strangers strangers) {
        for (size_t i = 0; i < options->count; i++) {
                check_option(c, &options->entries[i], section, tables, others, strangers);
                check_switch(c, &options->entries[i], tables);
        }
}

/* ---- names of sections ---- */

/* Its first option: a merged section has no line of its own. */
static const struct value_origin *place_of(const struct ini_section *section) {
        const struct value_origin *first = NULL;
        for (size_t i = 0; i < section->options.count; i++) {
                const struct value_origin *origin = section->options.entries[i].value.origin;
                if (origin && (!first || origin->line < first->line))
                        first = origin;
        }
        return first;
}

static void find_section(struct check *c, const struct ini_section *section,
        const struct suggest *suggest, const char *why) {
        const struct value_origin *place = place_of(section);
        struct finding finding = {.severity = FINDING_WARNING,
                .origin = place,
                .part = slice_of(place ? place->option : NULL),
                .text = arena_printf(
                        c->store->arena, "section [%.*s] %s", SLICE_ARG(section->name), why),
                .fix = suggest_text(suggest, c->store->arena)};
        if (suggest->best.data)
                findings_add(c->store->findings, &finding);
}

/* names: those that mean something, NULL behind the last. */
static void check_section(
        struct check *c, const struct ini_section *section, const char *const *names) {
        struct suggest suggest = suggest_begin(section->name);
        if (slice_has_prefix(section->name, SLICE("KNOWN/")))
                return;
        for (; *names; names++) {
                if (slice_is(section->name, *names))
                        return;
                suggest_offer(&suggest, slice_of(*names));
        }
        find_section(c, section, &suggest, "means nothing");
}

/* A section of a jail that no file enables, and that has nearly the name of another one. */
static void check_jail_name(
        struct check *c, const struct conf *jails, const struct ini_section *section) {
        static const char *const own[] = {"enabled", "filter", "logpath", "failregex", "backend"};
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
                if (dict_get(&section->options, slice_of(own[i])))
                        return;
        struct suggest suggest = suggest_begin(section->name);
        suggest_offer(&suggest, SLICE("DEFAULT"));
        for (size_t i = 0; i < jails->ini.count; i++)
                if (dict_get(&jails->ini.sections[i]->options, SLICE("logpath")))
                        suggest_offer(&suggest, jails->ini.sections[i]->name);
        find_section(c, section, &suggest, "belongs to no jail that is defined");
}

/* ---- files ---- */

static const enum settings_table jail_tables[] = {
        SETTINGS_JAIL, SETTINGS_FILTER, SETTINGS_TABLE_COUNT};

static void check_jails(struct check *c, const struct conf *jails) {
        const struct dict *defaults = &jails->ini.defaults;
        check_options(c, defaults, SLICE("DEFAULT"), jail_tables, NULL, STRANGERS_PASS);
        for (size_t i = 0; i < jails->ini.count; i++) {
                const struct ini_section *section = jails->ini.sections[i];
                if (slice_is(section->name, "INCLUDES") ||
                        slice_has_prefix(section->name, SLICE("KNOWN/")))
                        continue;
                check_options(
                        c, &section->options, section->name, jail_tables, defaults, STRANGERS_TOLD);
                check_jail_name(c, jails, section);
        }
}

static void check_server(struct check *c, const struct conf *server) {
        static const char *const names[] = {
                "Definition", "Thread", "Init", "INCLUDES", "DEFAULT", NULL};
        static const enum settings_table definition[] = {SETTINGS_SERVER, SETTINGS_TABLE_COUNT};
        static const enum settings_table thread[] = {SETTINGS_THREAD, SETTINGS_TABLE_COUNT};
        check_options(c, &server->ini.defaults, SLICE("DEFAULT"), definition, NULL, STRANGERS_PASS);
        for (size_t i = 0; i < server->ini.count; i++) {
                const struct ini_section *section = server->ini.sections[i];
                check_section(c, section, names);
                if (slice_is(section->name, "Definition"))
                        check_options(c, &section->options, section->name, definition, NULL,
                                STRANGERS_TOLD);
                if (slice_is(section->name, "Thread"))
                        check_options(
                                c, &section->options, section->name, thread, NULL, STRANGERS_TOLD);
        }
}

static void check_definition(struct check *c, const struct conf *conf, enum settings_table table) {
        static const char *const names[] = {"Definition", "Init", "INCLUDES", "DEFAULT", NULL};
        const enum settings_table tables[] = {table, SETTINGS_TABLE_COUNT};
        for (size_t i = 0; i < conf->ini.count; i++) {
                const struct ini_section *section = conf->ini.sections[i];
                check_section(c, section, names);
                if (slice_is(section->name, "Definition") || slice_is(section->name, "Init"))
                        check_options(
                                c, &section->options, section->name, tables, NULL, STRANGERS_PASS);
        }
}

void check_files(struct conf_store *store, const struct conf *server, const struct conf *jails) {
        struct check c = {.store = store};
        for (size_t i = 0; i < store->conf_count; i++)
                use_conf(&c, store->conf_list[i]);
        check_server(&c, server);
        check_jails(&c, jails);
        for (size_t i = 0; i < store->conf_count; i++) {
                const struct conf *conf = store->conf_list[i];
                if (slice_has_prefix(conf->name, SLICE("filter.d/")))
                        check_definition(&c, conf, SETTINGS_FILTER);
                else if (slice_has_prefix(conf->name, SLICE("action.d/")))
                        check_definition(&c, conf, SETTINGS_ACTION);
        }
}
