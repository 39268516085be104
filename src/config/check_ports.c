/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is no port makes the firewall refuse the whole rule.
 * Whoever is banned by one of two such jails is banned twice, and unbanning one leaves the other: a
 * half-done move from one firewall to another looks so. An action guards a port if it has the
 * parameter, and one of its commands has its value in it. Two actions are the same if their
 * actionban is written in the same place: names differ from jail to jail. Jails that share an
 * action are all right, whatever else they do. */
#include "config/check_ports.h"

#include <netdb.h>

#include "base/number.h"
#include "config/options.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "config/text.h"

#define PORT_MAX 65535

/* A jail guards a port by an action. */
struct guard {
        struct slice port; /* PORT/PROTOCOL; a range as it is written */
        struct slice jail;
        struct slice action;
        const struct value_origin *made;  /* where its actionban is written */
        const struct value_origin *named; /* where the jail names it */
        struct slice shown;               /* the port as it is written */
};

struct check {
        struct findings *findings;
        struct arena *arena;
        struct guard *guards;
        size_t count;
};

static const struct value *pair_of(const struct value *pairs, const char *name) {
        for (size_t i = 0; i < pairs->list.count; i++)
                if (slice_is(value_item_text(&pairs->list.items[i], 0), name))
                        return &pairs->list.items[i];
        return NULL;
}

static struct slice text_of(const struct value *pairs, const char *name) {
        const struct value *pair = pair_of(pairs, name);
        return pair ? value_item_text(pair, 1) : SLICE("");
}

static bool is_word(struct slice text, size_t at) {
        return at < text.len && (text_is_word(text.data[at]) || text.data[at] == '-');
}

/* Whether text has the ports, with no letter or digit beside them. */
static bool has_ports(struct slice text, struct slice ports) {
        for (size_t at = slice_find(text, ports, 0); at < text.len;
                at = slice_find(text, ports, at + 1))
                if ((at == 0 || !is_word(text, at - 1)) && !is_word(text, at + ports.len))
                        return true;
        return slice_find(text, SLICE("<port>"), 0) < text.len;
}

static bool mentions(const struct value *pairs, struct slice ports) {
        for (size_t i = 0; i < pairs->list.count; i++) {
                const struct value *pair = &pairs->list.items[i];
                if (setting_find(SETTINGS_ACTION, value_item_text(pair, 0)) &&
                        has_ports(value_item_text(pair, 1), ports))
                        return true;
        }
        return false;
}

/* A name of a service as its number; all ports are none. */
static struct slice port_number(struct slice port, struct slice protocol, struct arena *arena) {
        int64_t number;
        if (port.len == 0 || slice_is(port, "0:65535") || slice_is(port, "1:65535") ||
                slice_is(port, "0-65535") || slice_equal_nocase(port, SLICE("all")) ||
                slice_equal_nocase(port, SLICE("any")))
                return SLICE("");
        if (number_parse_python_int(port, &number) == 0)
                return port;
        const struct servent *service =
                getservbyname(arena_copy(arena, port).data, arena_copy(arena, protocol).data);
        if (!service)
                return port;
        unsigned network = (unsigned)service->s_port;
        return arena_printf(arena, "%u", ((network & 0xff) << 8) | (network >> 8 & 0xff));
}

/* ---- names of ports ---- */

/* A number, or a name that any protocol has. */
static bool is_port(struct slice text, struct arena *arena, int64_t *ret) {
        *ret = 0;
        if (number_parse_python_int(text, ret) == 0)
                return *ret >= 0 && *ret <= PORT_MAX;
        return getservbyname(arena_copy(arena, text).data, NULL) != NULL;
}

/* PORT, or FIRST:LAST; iptables and ipset write the one, nft the other. */
static bool is_port_or_range(struct slice text, struct arena *arena) {
        int64_t first, last;
        if (is_port(text, arena, &first))
                return true;
        size_t middle = slice_find_char(text, ':', 0);
        if (middle == text.len)
                middle = slice_find_char(text, '-', 0);
        return middle < text.len && is_port(slice_sub(text, 0, middle), arena, &first) &&
               is_port(slice_sub(text, middle + 1, text.len), arena, &last) &&
               (first <= last || last == 0);
}

static struct slice suggest_port(struct slice port, struct arena *arena) {
        struct suggest suggest = suggest_begin(port);
        setservent(1);
        for (const struct servent *service; (service = getservent());)
                suggest_offer(&suggest, arena_copy(arena, slice_of(service->s_name)));
        endservent();
        struct slice fix = suggest_text(&suggest, arena);
        return fix.len > 0 ? fix : SLICE("write numbers, names of /etc/services, or FIRST:LAST");
}

/* Where there are no names of services, none is wrong. */
static void check_port(const struct check *c, const struct guard *guard, const struct value *pair,
        struct slice port) {
        int64_t ignored;
        if (slice_equal_nocase(port, SLICE("all")) || slice_equal_nocase(port, SLICE("any")) ||
                slice_find_char(port, '<', 0) < port.len || is_port_or_range(port, c->arena) ||
                !is_port(SLICE("ssh"), c->arena, &ignored))
                return;
        const struct finding finding = {.severity = FINDING_WARNING,
                .origin = pair->origin ? pair->origin : guard->named,
                .jail = guard->jail,
                .part = port,
                .text = arena_printf(c->findings->arena,
                        "port '%.*s' of action '%.*s' is no port, and no service that this system "
                        "knows",
                        SLICE_ARG(port), SLICE_ARG(guard->action)),
                .fix = suggest_port(port, c->arena)};
        findings_add(c->findings, &finding);
}

static void add_guards(struct check *c, const struct guard *guard, const struct value *pairs) {
        struct value ports = value_list();
        struct value protocols = value_list();
        struct slice protocol = text_of(pairs, "protocol");
        options_split_words(text_of(pairs, "port"), &ports, c->arena);
        options_split_words(protocol.len > 0 ? protocol : SLICE("tcp"), &protocols, c->arena);
        for (size_t i = 0; i < ports.list.count; i++)
                check_port(c, guard, pair_of(pairs, "port"), ports.list.items[i].string);
        for (size_t i = 0; i < ports.list.count; i++)
                for (size_t k = 0; k < protocols.list.count && c->count < CHECK_PORTS_MAX; k++) {
                        struct slice port = ports.list.items[i].string;
                        struct slice number =
                                port_number(port, protocols.list.items[k].string, c->arena);
                        if (number.len == 0)
                                continue;
                        struct guard *added = &c->guards[c->count++];
                        *added = *guard;
                        added->shown = port;
                        added->port = arena_printf(c->arena, "%.*s/%.*s", SLICE_ARG(number),
                                SLICE_ARG(protocols.list.items[k].string));
                }
}

static void add_action(struct check *c, const struct value *command) {
        const struct value *pairs = value_item(command, 4);
        if (!pairs || !value_is_container(pairs))
                return;
        const struct value *ban = pair_of(pairs, "actionban");
        struct slice port = text_of(pairs, "port");
        if (!ban || !ban->origin || port.len == 0 || !mentions(pairs, port))
                return;
        const struct guard guard = {.jail = value_item_text(command, 1),
                .action = value_item_text(command, 3),
                .made = ban->origin,
                .named = command->origin};
        add_guards(c, &guard, pairs);
}

static bool is_same_action(const struct guard *a, const struct guard *b) {
        return a->made->line == b->made->line && strcmp(a->made->file, b->made->file) == 0;
}

/* Whether the two jails have an action in common on that port. */
static bool share_action(const struct check *c, const struct guard *a, const struct guard *b) {
        for (size_t i = 0; i < c->count; i++)
                for (size_t k = 0; k < c->count && slice_equal(c->guards[i].jail, a->jail); k++)
                        if (slice_equal(c->guards[k].jail, b->jail) &&
                                slice_equal(c->guards[i].port, a->port) &&
                                slice_equal(c->guards[k].port, a->port) &&
                                is_same_action(&c->guards[i], &c->guards[k]))
                                return true;
        return false;
}

/* Returns whether the guard collides with an earlier one, which then has been told. */
static bool compare(const struct check *c, size_t index) {
        const struct guard *b = &c->guards[index];
        for (size_t i = 0; i < index; i++) {
                const struct guard *a = &c->guards[i];
                if (slice_equal(a->jail, b->jail) || is_same_action(a, b) ||
                        !slice_equal(a->port, b->port) || share_action(c, a, b))
                        continue;
                const struct finding finding = {.severity = FINDING_WARNING,
                        .origin = b->named,
                        .jail = b->jail,
                        .text = arena_printf(c->findings->arena,
                                "bans on port %.*s by '%.*s', but jail '%.*s' bans there by '%.*s'",
                                SLICE_ARG(b->shown), SLICE_ARG(b->action), SLICE_ARG(a->jail),
                                SLICE_ARG(a->action)),
                        .fix = SLICE("use the same banaction for both, or other ports")};
                findings_add(c->findings, &finding);
                return true;
        }
        return false;
}

void check_ports(const struct value *stream, struct findings *findings) {
        struct arena arena = ARENA_INIT;
        struct check c = {.findings = findings, .arena = &arena};
        c.guards = arena_alloc_array(&arena, CHECK_PORTS_MAX, sizeof(*c.guards));
        for (size_t i = 0; i < stream->list.count; i++) {
                const struct value *command = &stream->list.items[i];
                if (slice_is(value_item_text(command, 0), "multi-set") &&
                        slice_is(value_item_text(command, 2), "action"))
                        add_action(&c, command);
        }
        struct slice told = SLICE("");
        for (size_t i = 0; i < c.count; i++)
                if (!slice_equal(c.guards[i].jail, told) && compare(&c, i))
                        told = c.guards[i].jail;
        arena_done(&arena);
}
