/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host names to addresses by the system's resolver, IPv4 first, each name asked once.
 * fail2ban-regex runs as its caller and may do so; the scanner never resolves anything. Upstream:
 * fail2ban/server/ipdns.py, 1.1. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#include "base/address.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/table.h"
#include "main/regex_tool.h"

#define NAMES_MAX 100000 /* remembered */
#define NAME_BYTES 1024

struct answer {
        struct arena arena;
        struct value list;
};

static struct table answers;

/* Whether the kernel has IPv6 switched on. */
static bool has_ipv6(void) {
        FILE *file = fopen("/proc/sys/net/ipv6/conf/all/disable_ipv6", "re");
        if (!file)
                return false;
        int c = fgetc(file);
        (void)fclose(file);
        return c == '0';
}

static void add_family(const char *name, int family, struct answer *answer, int *error) {
        struct addrinfo hints = {.ai_family = family, .ai_protocol = IPPROTO_TCP};
        struct addrinfo *found = NULL;
        int r = getaddrinfo(name, NULL, &hints, &found);
        if (r != 0) {
                *error = r;
                return;
        }
        for (const struct addrinfo *i = found; i; i = i->ai_next) {
                char text[INET6_ADDRSTRLEN + 64];
                char normal[ADDRESS_TEXT_MAX];
                struct address address;
                if (getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof(text), NULL, 0,
                            NI_NUMERICHOST) != 0 ||
                        address_parse(slice_of(text), &address) < 0)
                        continue;
                struct slice printed = address_print(&address, normal);
                bool known = false;
                for (size_t k = 0; k < answer->list.list.count; k++)
                        known = known || slice_equal(answer->list.list.items[k].string, printed);
                if (!known)
                        (void)value_append(&answer->list,
                                value_string(arena_copy(&answer->arena, printed)), &answer->arena);
        }
        freeaddrinfo(found);
}

static struct answer *ask(struct slice name) {
        struct answer *answer = memory_new(sizeof(*answer));
        char text[NAME_BYTES];
        int error = 0;
        answer->list = value_list();
        if (name.len >= sizeof(text) || slice_find_char(name, '\0', 0) < name.len)
                return answer;
        (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARG(name));
        add_family(text, AF_INET, answer, &error);
        if (has_ipv6())
                add_family(text, AF_INET6, answer, &error);
        if (answer->list.list.count == 0 && error != 0)
                diag(DIAG_WARNING, "fail2ban.ipdns",
                        "Unable to find a corresponding IP address for %s: [Errno %d] %s", text,
                        error, gai_strerror(error));
        return answer;
}

void regex_dns_resolve(void *user, struct slice name, struct arena *arena, struct value *ret_list) {
        (void)user;
        if (answers.max == 0)
                table_init(&answers, NAMES_MAX);
        struct answer *answer = table_get(&answers, name);
        if (!answer) {
                answer = ask(name);
                if (table_put(&answers, name, answer) < 0) {
                        struct value copy = value_copy(&answer->list, arena);
                        for (size_t i = 0; i < copy.list.count; i++)
                                (void)value_append(ret_list, copy.list.items[i], arena);
                        arena_done(&answer->arena);
                        free(answer);
                        return;
                }
        }
        for (size_t i = 0; i < answer->list.list.count; i++)
                (void)value_append(ret_list, answer->list.list.items[i], arena);
}

void regex_dns_done(void) {
        size_t position = 0;
        if (answers.max == 0)
                return;
        for (struct table_entry *e = table_next(&answers, &position); e;
                e = table_next(&answers, &position)) {
                struct answer *answer = e->value;
                arena_done(&answer->arena);
                free(answer);
        }
        table_done(&answers);
        answers.max = 0;
}
