/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row per tag, in the order in which upstream prints them. Tags that need the jail's books are
 * the jail's (struct action_info_ops). Differs: upstream prints addresses of functions for fid and
 * raw-ticket where they were not used; here they have their values. */
#include "enforce/action_info.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "base/repr.h"

#define REPR_MAX ((size_t)64 << 10)
#define LEFT_MAX_S 31536000000.0 /* a thousand years are for ever */

typedef struct slice tag_text(struct action_info *info, struct arena *arena);

struct tag_row {
        const char *name;
        tag_text *text; /* NULL: the jail knows it */
        bool is_number; /* printed without quotes */
        bool is_always_printed;
};

static struct slice text_ip(struct action_info *info, struct arena *arena) {
        (void)arena;
        return info->ip;
}

static struct slice text_family(struct action_info *info, struct arena *arena) {
        (void)arena;
        return info->family ? slice_of(info->family) : SLICE("None");
}

static struct slice text_reversed(struct action_info *info, struct arena *arena) {
        char buffer[ADDRESS_TEXT_MAX * 2];
        return arena_copy(arena, address_print_reversed(&info->address, buffer));
}

static struct slice text_host(struct action_info *info, struct arena *arena) {
        (void)arena;
        return info->host.len > 0 ? info->host : SLICE("None");
}

static struct slice text_fid(struct action_info *info, struct arena *arena) {
        (void)arena;
        return ticket_id(info->ticket);
}

static struct slice text_u32(uint32_t number, struct arena *arena) {
        return arena_printf(arena, "%" PRIu32, number);
}

static struct slice text_failures(struct action_info *info, struct arena *arena) {
        return text_u32(info->ticket->failures, arena);
}

static struct slice text_ban_count(struct action_info *info, struct arena *arena) {
        return text_u32(info->ticket->ban_count, arena);
}

static struct slice text_time(struct action_info *info, struct arena *arena) {
        if (info->ticket->integral_time)
                return arena_printf(arena, "%.0f", info->ticket->time);
        return value_float_text(info->ticket->time, arena);
}

static struct slice text_matches(struct action_info *info, struct arena *arena) {
        return ticket_matches_text(info->ticket, arena);
}

static struct slice text_restored(struct action_info *info, struct arena *arena) {
        (void)arena;
        return info->ticket->restored ? SLICE("1") : SLICE("0");
}

static struct slice text_data(struct action_info *info, struct arena *arena) {
        struct value data = ticket_data(info->ticket, arena);
        return repr(&data, arena);
}

static struct slice ban_time_text(const struct ticket *ticket, struct arena *arena) {
        if (isnan(ticket->ban_time_s))
                return SLICE("None");
        if (fabs(ticket->ban_time_s) < 1e15 && ticket->ban_time_s == trunc(ticket->ban_time_s))
                return arena_printf(arena, "%.0f", ticket->ban_time_s);
        return value_float_text(ticket->ban_time_s, arena);
}

static struct slice text_raw(struct action_info *info, struct arena *arena) {
        struct value matches = ticket_matches(info->ticket, arena);
        struct slice list = repr(&matches, arena);
        struct slice id = text_fid(info, arena);
        struct slice time = text_time(info, arena);
        struct slice ban_time = ban_time_text(info->ticket, arena);
        struct buffer out = BUFFER_INIT(list.len + id.len + 1024);
        (void)buffer_append(&out, SLICE("BanTicket: ip=")); /* all of it fits */
        (void)buffer_append(&out, id);
        (void)buffer_printf(&out,
                " time=%.*s bantime=%.*s bancount=%" PRIu32 " #attempts=%" PRIu32 " matches=",
                SLICE_ARG(time), SLICE_ARG(ban_time), info->ticket->ban_count,
                info->ticket->failures);
        (void)buffer_append(&out, list);
        struct slice text = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return text;
}

static const struct tag_row tag_rows[] = {
        {"ip",                text_ip,        false, false},
        {"family",            text_family,    false, false},
        {"ip-rev",            text_reversed,  false, false},
        {"ip-host",           text_host,      false, false},
        {"fid",               text_fid,       false, true },
        {"failures",          text_failures,  true,  false},
        {"time",              text_time,      true,  false},
        {"bantime",           NULL,           true,  false},
        {"bancount",          text_ban_count, true,  false},
        {"matches",           text_matches,   false, false},
        {"restored",          text_restored,  true,  false},
        {"F-*",               text_data,      true,  false},
        {"ipmatches",         NULL,           false, false},
        {"ipjailmatches",     NULL,           false, false},
        {"ipfailures",        NULL,           true,  false},
        {"ipjailfailures",    NULL,           true,  false},
        {"raw-ticket",        text_raw,       true,  true },
        {"jail.name",         NULL,           false, false},
        {"jail.banned",       NULL,           true,  false},
        {"jail.banned_total", NULL,           true,  false},
        {"jail.found",        NULL,           true,  false},
        {"jail.found_total",  NULL,           true,  false},
};
#define TAG_ROWS (sizeof(tag_rows) / sizeof(tag_rows[0]))

/* <ip> is the captured address where the id is something else. */
static void find_address(struct action_info *info, struct arena *arena) {
        char buffer[ADDRESS_TEXT_MAX];
        struct slice text;
        info->ip = ticket_id(info->ticket);
        info->address = ticket_address(info->ticket);
        if (!ticket_group(info->ticket, SLICE("ip"), arena, &text))
                return;
        info->ip = text;
        if (address_parse(text, &info->address) < 0)
                info->address = (struct address){.family = ADDRESS_NONE};
        else
                info->ip = arena_copy(arena, address_print(&info->address, buffer));
}

void action_info_init(struct action_info *info, const struct action_env *env, struct ticket *ticket,
        struct arena *arena) {
        *info = (struct action_info){.env = env, .ticket = ticket_ref(ticket), .host = SLICE("")};
        find_address(info, arena);
        info->family = address_family_name(&info->address);
}

void action_info_init_nobody(
        struct action_info *info, const struct action_env *env, const char *family) {
        struct address none = {.family = ADDRESS_NONE};
        *info = (struct action_info){
                .env = env, .family = family, .ip = SLICE(""), .host = SLICE("")};
        info->ticket = ticket_new(SLICE(""), &none, clock_wall(env->clock));
}

void action_info_done(struct action_info *info) {
        info->ticket = ticket_unref(info->ticket);
}

static bool row_text(struct action_info *info, size_t i, struct arena *arena, struct slice *ret) {
        if (tag_rows[i].text) {
                *ret = tag_rows[i].text(info, arena);
                return true;
        }
        return info->env->info && info->env->info->tag(info->env->user, info->ticket,
                                          slice_of(tag_rows[i].name), arena, ret);
}

uint64_t action_info_left_ms(struct action_info *info) {
        struct arena arena = ARENA_INIT;
        struct slice text;
        double left_s = 0;
        if (info->env->info && info->env->info->tag &&
                info->env->info->tag(
                        info->env->user, info->ticket, SLICE("bantime"), &arena, &text)) {
                double ban_time_s = strtod(arena_copy(&arena, text).data, NULL);
                if (ban_time_s >= 0)
                        left_s = fmax(1, ceil(info->ticket->time + ban_time_s -
                                                 clock_wall(info->env->clock)));
        }
        arena_done(&arena);
        return left_s < LEFT_MAX_S ? (uint64_t)left_s * 1000 : 0;
}

/* Tags of our own, for nftables: what goes behind an address in a set with timeouts, and behind the
 * name of a set where networks have one of their own. */
static bool own_tag(
        struct action_info *info, struct slice tag, struct arena *arena, struct slice *ret) {
        if (slice_is(tag, "nft-net")) {
                *ret = info->address.family == ADDRESS_NONE || address_is_single(&info->address)
                               ? SLICE("")
                               : SLICE("-net");
                return true;
        }
        if (!slice_is(tag, "nft-timeout"))
                return false;
        uint64_t left_ms = action_info_left_ms(info);
        *ret = left_ms > 0 ? arena_printf(arena, "timeout %" PRIu64 "s", left_ms / 1000)
                           : SLICE("");
        return true;
}

static bool source_tag(void *user, struct slice tag, struct arena *arena, struct slice *ret) {
        struct action_info *info = user;
        for (size_t i = 0; i < TAG_ROWS; i++)
                if (slice_is(tag, tag_rows[i].name)) {
                        info->used |= 1U << i;
                        return row_text(info, i, arena, ret);
                }
        return own_tag(info, tag, arena, ret);
}

static bool source_group(void *user, struct slice name, struct arena *arena, struct slice *ret) {
        struct action_info *info = user;
        return ticket_group(info->ticket, name, arena, ret);
}

struct action_dynamic_source action_info_source(struct action_info *info) {
        return (struct action_dynamic_source){source_tag, source_group, info};
}

static bool family_tag(void *user, struct slice tag, struct arena *arena, struct slice *ret) {
        if (!slice_is(tag, "family"))
                return false;
        *ret = text_family(user, arena);
        return true;
}

static bool no_group(void *user, struct slice name, struct arena *arena, struct slice *ret) {
        (void)user;
        (void)name;
        (void)arena;
        (void)ret;
        return false;
}

struct action_dynamic_source action_info_family_source(struct action_info *info) {
        return (struct action_dynamic_source){family_tag, no_group, info};
}

struct slice action_info_repr(struct action_info *info, struct arena *arena) {
        struct buffer out = BUFFER_INIT(REPR_MAX);
        const char *separator = "";
        (void)buffer_append(&out, SLICE("ActionInfo({")); /* beyond the cap it is cut: a log line */
        for (size_t i = 0; i < TAG_ROWS; i++) {
                struct slice text;
                bool is_printed =
                        i < 2 || tag_rows[i].is_always_printed || (info->used & (1U << i));
                if (!is_printed || !row_text(info, i, arena, &text))
                        continue;
                (void)buffer_printf(&out, "%s'%s': ", separator, tag_rows[i].name);
                if (tag_rows[i].is_number || (i == 1 && !info->family))
                        (void)buffer_append(&out, text);
                else
                        (void)repr_put_text(&out, text);
                separator = ", ";
        }
        (void)buffer_append(&out, SLICE("})"));
        struct slice text = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return text;
}
