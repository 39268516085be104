/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole stream: the server's settings, the jails one after the other, and all starts at the
 * very end, so that nothing bans before everything is configured.
 *
 * What upstream does with a fault depends on where it arises: some cost a jail, others the whole
 * configuration. Here all faults within a jail cost that jail, unless the caller asked for
 * upstream's judgement (dump, strict). Messages name file and line, except for the dump, which is
 * for comparing. Upstream: client/configurator.py, client/jailsreader.py, 1.1. */
#include <errno.h>

#include "base/diag.h"
#include "base/repr.h"
#include "config/check_files.h"
#include "config/commands.h"
#include "config/conf_files.h"
#include "config/config.h"
#include "config/excerpt.h"
#include "config/jail_conf.h"
#include "config/server_conf.h"
#include "config/suggest.h"
#include "config/text.h"

#define LOGGER_JAIL "fail2ban.jailreader"
#define LOGGER_JAILS "fail2ban.jailsreader"

struct assembly {
        const struct config_request *request;
        struct conf_store store;
        struct conf *conf;       /* "jail" */
        struct jail_conf *jails; /* the enabled and the wrong ones, in order */
        size_t count;
        size_t wrong;
        struct value *stream;
        struct fault *fault;
};

int config_read_server(struct slice basedir, struct arena *arena, struct config_server *settings,
        struct fault *fault) {
        struct conf_store store;
        conf_store_init(&store, basedir, arena);
        return server_conf_read(&store, settings, fault);
}

/* Whether a fault costs its jail only. */
static bool isolates(const struct assembly *a) {
        return !a->request->dump && !a->request->strict;
}

static struct finding finding_of(const struct assembly *a, struct slice jail, struct slice text) {
        return (struct finding){.severity = FINDING_ERROR,
                .origin = a->store.blame,
                .jail = jail,
                .part = a->store.part,
                .text = text,
                .fix = a->store.fix};
}

/* The blamed line, and what may have been meant: "" if nothing is known of that, or it is not
 * wanted. */
static struct slice explain(const struct assembly *a, const char *before) {
        struct arena *arena = a->store.arena;
        struct excerpt excerpt = {.text = SLICE("")};
        if (a->request->dump || a->request->brief)
                return SLICE("");
        if (a->store.blame)
                excerpt = excerpt_make(a->store.blame, a->store.part, arena);
        return arena_printf(arena, "%s%.*s%s%.*s",
                excerpt.text.len + a->store.fix.len > 0 ? before : "", SLICE_ARG(excerpt.text),
                excerpt.text.len > 0 && a->store.fix.len > 0 ? "\n       = " : "",
                SLICE_ARG(a->store.fix));
}

static void say_wrong(const struct assembly *a, const struct jail_conf *jail) {
        if (jail->broken_at && !a->request->dump)
                diag(DIAG_ERROR, LOGGER_JAIL, "%s:%u: jail '%.*s': %.*s%.*s", jail->broken_at->file,
                        jail->broken_at->line, SLICE_ARG(jail->name), SLICE_ARG(jail->broken),
                        SLICE_ARG(explain(a, "\n")));
        else
                diag_text(DIAG_ERROR, LOGGER_JAIL, jail->broken);
        diag(DIAG_ERROR, LOGGER_JAILS, "Errors in jail %.*s.%s",
                SLICE_ARG(repr_text(jail->name, a->store.arena)),
                a->request->strict ? "" : " Skipping...");
}

static void make_wrong(struct assembly *a, struct jail_conf *jail) {
        jail->broken = arena_copy(a->store.arena, slice_of(fault_text(a->fault)));
        jail->broken_at = a->store.blame;
        jail->broken_fix = a->store.fix;
        fault_done(a->fault);
        a->wrong++;
        if (a->request->findings) {
                struct finding finding = finding_of(a, jail->name, jail->broken);
                findings_add(a->request->findings, &finding);
        } else {
                say_wrong(a, jail);
        }
}

static int read_jail(struct assembly *a, struct slice name) {
        struct jail_conf *jail = &a->jails[a->count];
        int r = jail_conf_read(jail, &a->store, a->conf, name, NULL, a->fault);
        if (r < 0 && !isolates(a))
                return r;
        if (r != 0)
                make_wrong(a, jail);
        if (r != 0 || jail->enabled)
                a->count++;
        return 0;
}

static bool is_jail(struct slice section) {
        return !slice_is(section, "INCLUDES") && !slice_has_prefix(section, SLICE("KNOWN/"));
}

static void suggest_jail(struct assembly *a, struct slice name) {
        const struct ini *ini = &a->conf->ini;
        struct suggest suggest = suggest_begin(name);
        for (size_t i = 0; i < ini->count; i++)
                if (is_jail(ini->sections[i]->name))
                        suggest_offer(&suggest, ini->sections[i]->name);
        a->store.fix = suggest_text(&suggest, a->store.arena);
}

static int read_jails(struct assembly *a) {
        struct ini *ini = &a->conf->ini;
        struct slice only = a->request->jail;
        a->jails = arena_alloc_array(a->store.arena, ini->count + 1, sizeof(*a->jails));
        if (only.len > 0) {
                conf_store_blame(&a->store, NULL);
                if (!ini_section(ini, only)) {
                        suggest_jail(a, only);
                        return fault_raise(a->fault, "NoSectionError", "No section: %.*s",
                                SLICE_ARG(repr_text(only, a->store.arena)));
                }
                return is_jail(only) ? read_jail(a, ini_section(ini, only)->name) : 0;
        }
        for (size_t i = 0; i < ini->count; i++) {
                if (!is_jail(ini->sections[i]->name))
                        continue;
                int r = read_jail(a, ini->sections[i]->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void put_wrong(struct assembly *a, const struct jail_conf *jail) {
        struct arena *arena = a->store.arena;
        struct slice text =
                arena_printf(arena, "Jail '%.*s' skipped, because of wrong configuration: %.*s",
                        SLICE_ARG(jail->name), SLICE_ARG(jail->broken));
        if (slice_has_prefix(jail->broken_fix, SLICE("did you mean")) && !a->request->dump)
                text = arena_printf(
                        arena, "%.*s, %.*s", SLICE_ARG(text), SLICE_ARG(jail->broken_fix));
        if (jail->broken_at && !a->request->dump)
                text = arena_printf(arena, "%.*s (%s:%u)", SLICE_ARG(text), jail->broken_at->file,
                        jail->broken_at->line);
        (void)value_append(a->stream, command_config_error(text, jail->broken_at, arena), arena);
}

static int put_jail(struct assembly *a, struct jail_conf *jail) {
        if (jail->broken.data) {
                put_wrong(a, jail);
                return 0;
        }
        bool optional = a->request->dump || a->request->findings;
        enum jail_conf_logs logs = optional             ? JAIL_CONF_LOGS_OPTIONAL
                                   : a->request->strict ? JAIL_CONF_LOGS_NEEDED
                                                        : JAIL_CONF_LOGS_AWAITED;
        conf_store_blame(&a->store, NULL);
        int r = jail_conf_stream(jail, logs, a->stream, a->fault);
        if (r < 0 && !isolates(a))
                return r;
        if (r < 0) {
                make_wrong(a, jail);
                put_wrong(a, jail);
        }
        return 0;
}

static void put_starts(struct assembly *a) {
        for (size_t i = 0; i < a->count; i++) {
                const struct jail_conf *jail = &a->jails[i];
                if (jail->broken.data || jail->skipped)
                        continue;
                struct value command = value_list();
                (void)value_append(&command, value_text("start"), a->store.arena);
                (void)value_append(&command, value_string(jail->name), a->store.arena);
                (void)value_append(a->stream, command, a->store.arena);
        }
}

static void find_idle(const struct assembly *a) {
        const struct finding finding = {.severity = FINDING_HINT,
                .text = SLICE("no jail is enabled: nothing is watched"),
                .fix = SLICE("put enabled = true into the section of a jail, in jail.local")};
        if (a->count == 0 && a->request->findings && a->request->jail.len == 0)
                findings_add(a->request->findings, &finding);
}

static int assemble(struct assembly *a) {
        int r = server_conf_stream(&a->store, &a->request->server, a->stream, a->fault);
        if (r == 0)
                r = read_jails(a);
        for (size_t i = 0; r == 0 && i < a->count; i++)
                r = put_jail(a, &a->jails[i]);
        if (r < 0)
                return r;
        put_starts(a);
        find_idle(a);
        bool wrong = a->wrong > 0 && (a->request->strict || a->wrong == a->count);
        return wrong ? CONFIG_E_WRONG_JAILS : CONFIG_OK;
}

/* What ended the reading: the fault itself is the caller's to say. */
static void tell_end(const struct assembly *a) {
        if (a->request->findings) {
                struct finding finding = finding_of(a, SLICE(""), slice_of(fault_text(a->fault)));
                findings_add(a->request->findings, &finding);
                return;
        }
        struct slice text = explain(a, "");
        if (text.len == 0)
                return;
        if (a->store.blame)
                diag(DIAG_ERROR, LOGGER_JAILS, "%s:%u:\n%.*s", a->store.blame->file,
                        a->store.blame->line, SLICE_ARG(text));
        else
                diag_text(DIAG_ERROR, LOGGER_JAILS, text);
}

int config_stream(const struct config_request *request, struct arena *arena, struct value *ret,
        struct fault *fault) {
        struct fault own = FAULT_INIT;
        struct conf *server;
        *ret = value_list();
        struct assembly a = {.request = request, .stream = ret, .fault = fault ? fault : &own};
        conf_store_init(&a.store, request->basedir, arena);
        a.store.findings = request->findings;
        int r = conf_read(&a.store, SLICE("fail2ban"), &server, a.fault);
        if (r == 0 && !server->is_read)
                r = fault_raise(a.fault, "LookupError", "Read fail2ban configuration failed.");
        if (r == 0)
                r = conf_read(&a.store, SLICE("jail"), &a.conf, a.fault);
        if (r == 0 && !a.conf->is_read)
                r = fault_raise(a.fault, "LookupError", "Read jails configuration failed.");
        if (r == 0)
                r = assemble(&a);
        if (r >= 0 && request->findings)
                check_files(&a.store, server, a.conf);
        if (r < 0)
                tell_end(&a);
        fault_done(&own);
        return r;
}
