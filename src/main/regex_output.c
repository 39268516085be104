/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of -o. A text with <tags> is filled in as an action's command would be, in two passes
 * as upstream does it: first the fixed tags, then <F-NAME> over the result. Nothing is escaped: the
 * output is meant for a reader or a script of his. Upstream: fail2ban/client/fail2banregex.py,
 * fail2ban/server/actions.py, 1.1. */
#include "main/regex_output.h"

#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/repr.h"
#include "main/regex_repr.h"

#define OUTPUT_MAX ((size_t)64 << 20)
#define HOST_NAME_BYTES 1025
/* Stands for <msg> until the line is known; lines and what is cut from them are valid UTF-8. */
#define MESSAGE_MARK "\xff\xfemessage"

static void print_line(struct slice text) {
        (void)fwrite(text.data ? text.data : "", 1, text.len, stdout);
        (void)fputc('\n', stdout);
}

/* Full text of one matched line: its parts put together. */
static struct slice match_text(const struct value *match, struct arena *arena) {
        if (match->type == VALUE_STRING)
                return match->string;
        return ARENA_JOIN(arena, value_item_text(match, 0), value_item_text(match, 1),
                value_item_text(match, 2));
}

static const struct value *matches_of(const struct filter_failure *failure) {
        static const struct value none = {.type = VALUE_LIST};
        const struct value *matches = value_dict_get(&failure->data, "matches");
        return matches && value_is_container(matches) ? matches : &none;
}

static struct slice id_text(const struct filter_failure *failure) {
        return failure->id.data ? failure->id : SLICE("None");
}

static struct slice ip_text(const struct filter_failure *failure, struct arena *arena) {
        const struct value *ip = value_dict_get(&failure->data, "ip");
        return ip ? repr_str(ip, arena) : id_text(failure);
}

static struct slice time_text(const struct filter_failure *failure, struct arena *arena) {
        return regex_repr_time(
                failure->time, failure->integral_time ? REGEX_TIME_INT : REGEX_TIME_FLOAT, arena);
}

static void print_messages(const struct filter_failure *failure, struct arena *arena) {
        const struct value *matches = matches_of(failure);
        for (size_t i = 0; i < matches->list.count; i++)
                print_line(match_text(&matches->list.items[i], arena));
}

static void print_row(const struct filter_failure *failure, struct arena *arena) {
        struct value data = value_dict();
        for (size_t i = 0; i + 1 < failure->data.list.count; i += 2) {
                const struct value *key = &failure->data.list.items[i];
                if (!slice_is(key->string, "matches"))
                        value_dict_put(&data, *key, failure->data.list.items[i + 1], arena);
        }
        struct value id = failure->id.data ? value_string(failure->id) : VALUE_OF_NONE;
        struct slice id_repr = failure->raw_id && slice_has_prefix(failure->id, SLICE("("))
                                       ? failure->id
                                       : repr(&id, arena);
        print_line(ARENA_JOIN(arena, SLICE("["), id_repr, SLICE(",\t"), time_text(failure, arena),
                SLICE(",\t"), repr(&data, arena), SLICE("],")));
}

static void print_member(
        struct slice name, const struct filter_failure *failure, struct arena *arena) {
        if (slice_is(name, "matches")) {
                print_line(regex_repr_matches(matches_of(failure), arena));
                return;
        }
        for (size_t i = 0; i + 1 < failure->data.list.count; i += 2) {
                if (slice_equal(failure->data.list.items[i].string, name)) {
                        print_line(repr_str(&failure->data.list.items[i + 1], arena));
                        return;
                }
        }
        print_line(SLICE("None"));
}

/* ---- texts with tags ---- */

struct template {
        const struct filter_failure *failure;
        struct arena *arena;
        struct fault *fault;
        bool has_message; /* a <msg> that several lines stand for */
};

static struct slice join_matches(const struct filter_failure *failure, struct arena *arena) {
        const struct value *matches = matches_of(failure);
        struct slice text = SLICE("");
        for (size_t i = 0; i < matches->list.count; i++)
                text = ARENA_JOIN(arena, text, slice_of(i > 0 ? "\n" : ""),
                        match_text(&matches->list.items[i], arena));
        return text;
}

static struct slice message(struct template *t) {
        if (!t->has_message && matches_of(t->failure)->list.count <= 1)
                return join_matches(t->failure, t->arena);
        t->has_message = true;
        return SLICE(MESSAGE_MARK);
}

static struct slice reversed(struct slice ip, struct arena *arena) {
        struct address address;
        char buffer[ADDRESS_TEXT_MAX * 2];
        if (address_parse(ip, &address) < 0)
                return SLICE("");
        return arena_copy(arena, address_print_reversed(&address, buffer));
}

static struct slice family(struct slice ip) {
        struct address address;
        return address_parse(ip, &address) < 0 ? SLICE("None")
                                               : slice_of(address_family_name(&address));
}

/* The name of an address, asked from the resolver; "None" if there is none. */
static struct slice host_name(struct slice ip, struct arena *arena) {
        struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
        struct addrinfo *found = NULL;
        char name[HOST_NAME_BYTES];
        if (getaddrinfo(arena_copy(arena, ip).data, NULL, &hints, &found) != 0)
                return SLICE("None");
        int r = getnameinfo(
                found->ai_addr, found->ai_addrlen, name, sizeof(name), NULL, 0, NI_NAMEREQD);
        freeaddrinfo(found);
        return r == 0 ? arena_copy(arena, slice_of(name)) : SLICE("None");
}

/* The failure's data as a ticket holds it: matches and count first, nothing that is None. */
static struct slice ticket_data(const struct filter_failure *failure, struct arena *arena) {
        struct slice text = ARENA_JOIN(arena, SLICE("{'matches': "),
                regex_repr_matches(matches_of(failure), arena), SLICE(", 'failures': 0"));
        for (size_t i = 0; i + 1 < failure->data.list.count; i += 2) {
                const struct value *key = &failure->data.list.items[i];
                const struct value *item = key + 1;
                if (item->type != VALUE_NONE && !slice_is(key->string, "matches"))
                        text = ARENA_JOIN(arena, text, SLICE(", "), repr(key, arena), SLICE(": "),
                                repr(item, arena));
        }
        return ARENA_JOIN(arena, text, SLICE("}"));
}

static struct slice raw_ticket(const struct filter_failure *failure, struct arena *arena) {
        return ARENA_JOIN(arena, SLICE("BanTicket: ip="), id_text(failure), SLICE(" time="),
                time_text(failure, arena), SLICE(" bantime=None bancount=0 #attempts=0 matches="),
                regex_repr_matches(matches_of(failure), arena));
}

static struct slice own_host(bool qualified, struct arena *arena) {
        char name[HOST_NAME_BYTES] = "";
        (void)gethostname(name, sizeof(name) - 1); /* an empty name will do */
        struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;
        struct slice result = arena_copy(arena, slice_of(name));
        if (!qualified)
                return slice_sub(result, 0, slice_find_char(result, '.', 0));
        if (getaddrinfo(name, NULL, &hints, &found) == 0) {
                if (found->ai_canonname)
                        result = arena_copy(arena, slice_of(found->ai_canonname));
                freeaddrinfo(found);
        }
        return result;
}

/* Tags that only a jail can fill in. */
static bool needs_jail(struct slice tag) {
        static const char *const tags[] = {
                "bantime", "ipmatches", "ipjailmatches", "ipfailures", "ipjailfailures"};
        for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
                if (slice_is(tag, tags[i]))
                        return true;
        return slice_has_prefix(tag, SLICE("jail."));
}

/* The value of a fixed tag. Returns 1 with *ret, 0 if tag is none, or -EINVAL with a fault. */
static int fixed_tag(struct template *t, struct slice tag, struct slice *ret) {
        struct slice ip = ip_text(t->failure, t->arena);
        if (needs_jail(tag))
                return fault_raise(
                        t->fault, "AttributeError", "<%.*s> needs a jail", SLICE_ARG(tag));
        if (slice_is(tag, "ip"))
                *ret = ip;
        else if (slice_is(tag, "fid"))
                *ret = id_text(t->failure);
        else if (slice_is(tag, "family"))
                *ret = family(ip);
        else if (slice_is(tag, "ip-rev"))
                *ret = reversed(ip, t->arena);
        else if (slice_is(tag, "ip-host"))
                *ret = host_name(ip, t->arena);
        else if (slice_is(tag, "time"))
                *ret = time_text(t->failure, t->arena);
        else if (slice_is(tag, "failures") || slice_is(tag, "bancount") ||
                 slice_is(tag, "restored"))
                *ret = SLICE("0");
        else if (slice_is(tag, "matches"))
                *ret = join_matches(t->failure, t->arena);
        else if (slice_is(tag, "msg"))
                *ret = message(t);
        else if (slice_is(tag, "F-*"))
                *ret = ticket_data(t->failure, t->arena);
        else if (slice_is(tag, "raw-ticket"))
                *ret = raw_ticket(t->failure, t->arena);
        else if (slice_is(tag, "br"))
                *ret = SLICE("\n");
        else if (slice_is(tag, "sp"))
                *ret = SLICE(" ");
        else if (slice_is(tag, "fq-hostname") || slice_is(tag, "sh-hostname"))
                *ret = own_host(slice_is(tag, "fq-hostname"), t->arena);
        else
                return 0;
        return 1;
}

/* The value of <F-NAME>; empty if the failure has none, "failures" and "matches" as a ticket has
 * them. */
static struct slice group_tag(const struct template *t, struct slice name) {
        char key[256];
        if (name.len >= sizeof(key))
                return SLICE("");
        for (size_t i = 0; i <= name.len; i++)
                key[i] = i == name.len                                ? '\0'
                         : name.data[i] >= 'A' && name.data[i] <= 'Z' ? (char)(name.data[i] + 32)
                                                                      : name.data[i];
        const char *wanted = strcmp(key, "id") == 0     ? "fid"
                             : strcmp(key, "port") == 0 ? "fport"
                                                        : key;
        if (strcmp(wanted, "matches") == 0)
                return regex_repr_matches(matches_of(t->failure), t->arena);
        const struct value *v = value_dict_get(&t->failure->data, wanted);
        if (!v && strcmp(wanted, "failures") == 0)
                return SLICE("0");
        return v && v->type != VALUE_NONE ? repr_str(v, t->arena) : SLICE("");
}

/* The tag at position at: its length with brackets and its name; 0 if there is none. */
static size_t tag_at(struct slice text, size_t at, struct slice *ret_name) {
        if (text.data[at] != '<')
                return 0;
        size_t end = at + 1;
        while (end < text.len && !strchr(" <>", text.data[end]))
                end++;
        if (end >= text.len || text.data[end] != '>' || end == at + 1)
                return 0;
        *ret_name = slice_sub(text, at + 1, end);
        return end + 1 - at;
}

static bool is_group_tag(struct slice name) {
        if (!slice_has_prefix(name, SLICE("F-")) || name.len < 3)
                return false;
        for (size_t i = 2; i < name.len; i++) {
                char c = name.data[i];
                if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
                        return false;
        }
        return true;
}

/* NULs of a value as "\\x00": upstream has them for its own mark. */
static struct slice show_nuls(struct slice value, struct arena *arena) {
        size_t nul = slice_find_char(value, '\0', 0);
        if (nul == value.len)
                return value;
        char *shown = arena_alloc(arena, value.len * 4 + 1);
        size_t len = 0;
        for (size_t i = 0; i < value.len; i++) {
                bool is_nul = value.data[i] == '\0';
                memcpy(shown + len, is_nul ? "\\x00" : value.data + i, is_nul ? 4 : 1);
                len += is_nul ? 4 : 1;
        }
        return (struct slice){shown, len};
}

enum pass { PASS_FIXED, PASS_GROUPS };

static int expand(struct template *t, struct slice text, enum pass pass, struct buffer *out) {
        for (size_t i = 0; i < text.len;) {
                struct slice name;
                struct slice value = SLICE_NULL;
                size_t len = tag_at(text, i, &name);
                int r = 0;
                if (len > 0 && pass == PASS_FIXED)
                        r = fixed_tag(t, name, &value);
                else if (len > 0 && is_group_tag(name)) {
                        value = group_tag(t, slice_sub(name, 2, name.len));
                        r = 1;
                }
                if (r < 0)
                        return r;
                if (r > 0 && !slice_is(name, "msg"))
                        value = show_nuls(value, t->arena);
                if (buffer_append(out, r > 0 ? value : slice_sub(text, i, i + 1)) < 0)
                        return fault_set(t->fault, -E2BIG, "output too long");
                i += r > 0 ? len : 1;
        }
        return 0;
}

static int fill_in(struct template *t, struct slice form, struct slice *ret) {
        struct buffer fixed = BUFFER_INIT(OUTPUT_MAX);
        struct buffer whole = BUFFER_INIT(OUTPUT_MAX);
        int r = expand(t, form, PASS_FIXED, &fixed);
        if (r == 0)
                r = expand(t, buffer_view(&fixed), PASS_GROUPS, &whole);
        if (r == 0)
                *ret = arena_copy(t->arena, buffer_view(&whole));
        buffer_done(&fixed);
        buffer_done(&whole);
        return r;
}

static void print_with_message(struct slice text, struct slice line) {
        struct slice mark = SLICE(MESSAGE_MARK);
        size_t at = 0;
        for (size_t hit = slice_find(text, mark, 0); hit < text.len;
                hit = slice_find(text, mark, at)) {
                (void)fwrite(text.data + at, 1, hit - at, stdout);
                (void)fwrite(line.data, 1, line.len, stdout);
                at = hit + mark.len;
        }
        print_line(slice_sub(text, at, text.len));
}

/* A failure as a ticket has it: without a date of its own it is of the present time. */
static struct filter_failure *as_tickets(const struct filter_failure *failures, size_t count,
        const struct clock *clock, struct arena *arena) {
        struct filter_failure *tickets = arena_alloc_array(arena, count + 1, sizeof(*tickets));
        for (size_t i = 0; i < count; i++) {
                tickets[i] = failures[i];
                if (!isnan(failures[i].time))
                        continue;
                tickets[i].time = clock_wall(clock);
                tickets[i].integral_time = false;
        }
        return tickets;
}

static int print_tagged(struct slice form, const struct filter_failure *failures, size_t count,
        struct arena *arena, struct fault *fault) {
        struct slice *texts = arena_alloc_array(arena, count + 1, sizeof(*texts));
        struct template t = {.arena = arena, .fault = fault};
        size_t first_kept = count;
        for (size_t i = 0; i < count; i++) {
                t.failure = &failures[i];
                int r = fill_in(&t, form, &texts[i]);
                if (r < 0)
                        return r;
                if (t.has_message && first_kept == count)
                        first_kept = i;
                if (!t.has_message)
                        print_line(texts[i]);
        }
        for (size_t i = first_kept; i < count; i++) {
                const struct value *matches = matches_of(&failures[i]);
                for (size_t k = 0; k < matches->list.count; k++)
                        print_with_message(texts[i], match_text(&matches->list.items[k], arena));
        }
        return 0;
}

int regex_output_print(struct slice form, const struct filter_failure *failures, size_t count,
        const struct clock *clock, struct arena *arena, struct fault *fault) {
        if (slice_find_char(form, '<', 0) < form.len)
                return print_tagged(
                        form, as_tickets(failures, count, clock, arena), count, arena, fault);
        for (size_t i = 0; i < count; i++) {
                if (slice_is(form, "id") || slice_is(form, "fid"))
                        print_line(id_text(&failures[i]));
                else if (slice_is(form, "ip"))
                        print_line(ip_text(&failures[i], arena));
                else if (slice_is(form, "msg"))
                        print_messages(&failures[i], arena);
                else if (slice_is(form, "row"))
                        print_row(&failures[i], arena);
                else
                        print_member(form, &failures[i], arena);
        }
        return 0;
}

struct filter_failure regex_output_inverted(
        struct slice line, double last_time, bool integral, struct arena *arena) {
        struct filter_failure failure = {.id = SLICE(""),
                .time = last_time,
                .integral_time = integral,
                .data = value_dict()};
        struct value matches = value_list();
        (void)value_append(&matches, value_string(line), arena);
        value_dict_put(&failure.data, value_text("fid"), value_text(""), arena);
        value_dict_put(&failure.data, value_text("matches"), matches, arena);
        return failure;
}
