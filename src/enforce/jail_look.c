/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others may see of a jail: counts, lists, and the tags of actions that need the jail. */
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/jail_state.h"

#define TIME_END 253402214400.0 /* from here on the year 9999 might be over somewhere */

/* Whether it may be printed: *ret_s is the second. */
static bool is_date(double time, time_t *ret_s) {
        if (!(time > -TIME_END && time < TIME_END))
                return false;
        *ret_s = (time_t)floor(rint(time * 1e6) / 1e6);
        return true;
}

static void print_second(time_t s, bool is_good, char buffer[static JAIL_TIME_TEXT_MAX]) {
        struct tm local;
        if (!is_good || !localtime_r(&s, &local) ||
                strftime(buffer, JAIL_TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &local) == 0)
                (void)snprintf(buffer, JAIL_TIME_TEXT_MAX, "9999-12-31 23:59:59");
}

/* Many failures are of one second, and many of these are told without a fraction. */
struct slice jail_time_short(double time) {
        static struct {
                double time;
                bool is_good;
                time_t s;
                size_t len;
                char text[JAIL_TIME_TEXT_MAX];
        } last = {.time = (double)NAN};
        time_t s = 0;
        if (time == last.time)
                return (struct slice){last.text, last.len};
        bool is_good = is_date(time, &s);
        if (last.len == 0 || is_good != last.is_good || s != last.s) {
                print_second(s, is_good, last.text);
                last.len = strlen(last.text);
        }
        last.time = time;
        last.is_good = is_good;
        last.s = s;
        return (struct slice){last.text, last.len};
}

const char *jail_time_text(double time, char buffer[static JAIL_TIME_TEXT_MAX]) {
        struct slice text = jail_time_short(time);
        return memcpy(buffer, text.data, text.len + 1);
}

struct jail_counts jail_counts(struct jail *jail) {
        window_cleanup(&jail->window, jail_now(jail));
        return (struct jail_counts){jail->window.table.count, jail->window.total,
                jail->book.table.count, jail->book.total};
}

struct value jail_log_paths(const struct jail *jail, struct arena *arena) {
        struct value list = value_list();
        struct slice path;
        for (size_t i = 0;
                !jail->journal && scan_link_log_at(jail->env.scan, jail->id, i, &path) == 0; i++)
                (void)value_append(&list, value_string(arena_copy(arena, path)), arena);
        return list;
}

static struct ticket **ordered(const struct jail *jail, enum jail_order order, size_t *ret_count) {
        return order == JAIL_BY_END ? ban_book_by_end(&jail->book, ret_count)
                                    : ban_book_by_ban(&jail->book, ret_count);
}

struct value jail_banned(const struct jail *jail, enum jail_order order, struct arena *arena) {
        size_t count;
        struct value list = value_list();
        struct ticket **tickets = ordered(jail, order, &count);
        for (size_t i = 0; i < count; i++)
                (void)value_append(
                        &list, value_string(arena_copy(arena, ticket_id(tickets[i]))), arena);
        free(tickets);
        return list;
}

static double ban_time_of(const struct jail *jail, const struct ticket *ticket) {
        return isnan(ticket->ban_time_s) ? (double)jail->settings.bantime_s : ticket->ban_time_s;
}

struct value jail_banned_with_time(const struct jail *jail, struct arena *arena) {
        size_t count;
        char from[JAIL_TIME_TEXT_MAX], until[JAIL_TIME_TEXT_MAX];
        struct value list = value_list();
        struct ticket **tickets = ordered(jail, JAIL_BY_END, &count);
        for (size_t i = 0; i < count; i++) {
                const struct ticket *ticket = tickets[i];
                struct slice text = arena_printf(arena, "%s \t%s + %.0f = %s", ticket->id,
                        jail_time_text(ticket->time, from), trunc(ban_time_of(jail, ticket)),
                        jail_time_text(
                                ticket_end(ticket, (double)jail->settings.bantime_s), until));
                (void)value_append(&list, value_string(text), arena);
        }
        free(tickets);
        return list;
}

bool jail_is_banned(const struct jail *jail, struct slice id) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        if (ban_book_find(&jail->book, id))
                return true;
        if (address_parse(id, &address) < 0)
                return false;
        /* Another way to write the same address. */
        if (ban_book_find(&jail->book, address_print(&address, text)))
                return true;
        /* Of networks that were banned by hand upstream does not tell so. */
        struct address network;
        return ban_prefix_of(&jail->prefix, &address, &network) &&
               ban_book_find(&jail->book, address_print(&network, text));
}

bool jail_network_of(const struct jail *jail, struct slice id, struct address *ret) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        if (address_parse(id, &address) < 0)
                return false;
        unsigned full = address.family == ADDRESS_INET4 ? 32 : 128;
        for (unsigned plen = address.plen < full ? address.plen : full; plen-- > 1;) {
                *ret = address_network(&address, plen);
                if (ban_book_find(&jail->book, address_print(ret, text)))
                        return true;
        }
        return false;
}

/* <ipmatches> and <ipfailures> over all jails, <ipjailmatches> and <ipjailfailures> of this one;
 * from the ticket where the database has none. */
static bool merged(const struct jail *jail, const struct ticket *ticket, struct slice tag,
        struct arena *arena, struct slice *ret) {
        bool is_jail = slice_has_prefix(tag, SLICE("ipjail"));
        struct slice what = slice_sub(tag, is_jail ? 6 : 2, tag.len);
        bool is_failures = slice_is(what, "failures");
        if (!is_failures && !slice_is(what, "matches"))
                return false;
        struct value matches = VALUE_OF_NONE;
        int64_t failures = ticket->failures;
        bool has_rows = jail_store(jail) && store_ban_merged(jail_store(jail),
                                                    is_jail ? slice_of(jail->name) : SLICE_NULL,
                                                    ticket_id(ticket), arena, &matches, &failures);
        if (is_failures) {
                *ret = arena_printf(arena, "%lld", (long long)failures);
                return true;
        }
        if (has_rows) {
                struct ticket *all = ticket_new(SLICE(""), NULL, 0);
                struct value data = value_dict();
                value_dict_put(&data, value_text("matches"), matches, arena);
                ticket_set_data(all, &data);
                *ret = ticket_matches_text(all, arena);
                (void)ticket_unref(all);
                return true;
        }
        *ret = ticket_matches_text(ticket, arena);
        return true;
}

static bool info_tag(void *user, const struct ticket *ticket, struct slice tag, struct arena *arena,
        struct slice *ret) {
        struct jail *jail = user;
        struct jail_counts counts = jail_counts(jail);
        if (slice_is(tag, "bantime"))
                *ret = arena_printf(arena, "%.0f", trunc(ban_time_of(jail, ticket)));
        else if (slice_is(tag, "jail.name"))
                *ret = slice_of(jail->name);
        else if (slice_is(tag, "jail.banned"))
                *ret = arena_printf(arena, "%llu", (unsigned long long)counts.banned);
        else if (slice_is(tag, "jail.banned_total"))
                *ret = arena_printf(arena, "%llu", (unsigned long long)counts.banned_total);
        else if (slice_is(tag, "jail.found"))
                *ret = arena_printf(arena, "%llu", (unsigned long long)counts.failing);
        else if (slice_is(tag, "jail.found_total"))
                *ret = arena_printf(arena, "%llu", (unsigned long long)counts.failed_total);
        else
                return slice_has_prefix(tag, SLICE("ip")) && merged(jail, ticket, tag, arena, ret);
        return true;
}

static struct ticket **info_tickets(void *user, size_t *ret_count) {
        const struct jail *jail = user;
        return ban_book_by_ban(&jail->book, ret_count);
}

const struct action_info_ops jail_info_ops = {info_tag, info_tickets};
