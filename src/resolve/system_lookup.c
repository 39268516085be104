/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libc's resolver, and whatever nsswitch.conf makes it load. A name that the answer cannot hold
 * counts as none. */
#include "resolve/system_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

static void set_text(struct system_lookup *lookup, const char *text) {
        size_t len = strnlen(text, LOOKUP_TEXT_MAX);
        memcpy(lookup->text, text, len);
        lookup->answer.text = (struct slice){lookup->text, len};
}

static void set_failed(struct system_lookup *lookup, int error) {
        char text[LOOKUP_TEXT_MAX + 1];
        (void)snprintf(text, sizeof(text), "[Errno %d] %s", error, gai_strerror(error));
        lookup->answer.failed = true;
        lookup->answer.count = 0;
        set_text(lookup, text);
}

static void add_address(const struct sockaddr *from, struct lookup_answer *answer) {
        struct address *address = &answer->addresses[answer->count];
        if (answer->count == LOOKUP_ADDRESSES_MAX)
                return;
        if (from->sa_family == AF_INET) {
                struct sockaddr_in in;
                memcpy(&in, from, sizeof(in));
                *address = (struct address){.family = ADDRESS_INET4, .plen = 32};
                memcpy(address->bytes, &in.sin_addr, sizeof(in.sin_addr));
        } else if (from->sa_family == AF_INET6) {
                struct sockaddr_in6 in;
                memcpy(&in, from, sizeof(in));
                *address = (struct address){.family = ADDRESS_INET6, .plen = 128};
                memcpy(address->bytes, &in.sin6_addr, sizeof(in.sin6_addr));
        } else {
                return;
        }
        answer->count++;
}

static int ask_addresses(const char *text, bool has_ipv6, struct system_lookup *lookup) {
        const struct addrinfo hints = {
                .ai_family = has_ipv6 ? AF_UNSPEC : AF_INET, .ai_socktype = SOCK_STREAM};
        struct addrinfo *list = NULL;
        int r = getaddrinfo(text, NULL, &hints, &list);
        if (r != 0)
                return r;
        for (const struct addrinfo *item = list; item; item = item->ai_next)
                add_address(item->ai_addr, &lookup->answer);
        freeaddrinfo(list);
        return 0;
}

static int ask_name(const char *text, struct system_lookup *lookup) {
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
        struct addrinfo *list = NULL;
        char name[LOOKUP_TEXT_MAX + 1];
        int r = getaddrinfo(text, NULL, &hints, &list);
        if (r != 0)
                return r;
        r = getnameinfo(list->ai_addr, list->ai_addrlen, name, sizeof(name), NULL, 0, NI_NAMEREQD);
        freeaddrinfo(list);
        if (r == 0)
                set_text(lookup, name);
        return r;
}

void system_lookup(const struct lookup_question *question, struct system_lookup *ret) {
        char text[LOOKUP_TEXT_MAX + 1];
        *ret = (struct system_lookup){.answer = {.number = question->number}};
        memcpy(text, question->text.data, question->text.len);
        text[question->text.len] = '\0';
        int r = question->kind == LOOKUP_NAME ? ask_name(text, ret)
                                              : ask_addresses(text, question->has_ipv6, ret);
        if (r != 0)
                set_failed(ret, r);
}
