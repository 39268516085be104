/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list made anew when it is older than OWN_ADDRESSES_S: interfaces at once, the addresses of this
 * host's names as the resolver answers; until then the addresses of the former names stay valid.
 * Upstream: DNSUtils.getSelfIPs(), 1.1. */
#include "enforce/own_addresses.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/resolver.h"

#define OWN_ADDRESSES_S 300
#define ADDRESSES_MAX 4096

struct list {
        struct address *items;
        size_t count;
        size_t capacity;
};

struct own_addresses {
        const struct clock *clock;
        struct resolver *resolver;
        bool loaded;
        int64_t loaded_us; /* monotonic */
        struct list interfaces;
        struct list names;
        unsigned epoch;
        bool names_are_old; /* the first answer of a round replaces them */
};

struct own_addresses *own_addresses_new(const struct clock *clock, struct resolver *resolver) {
        struct own_addresses *own = memory_new(sizeof(*own));
        own->clock = clock;
        own->resolver = resolver;
        return own;
}

struct own_addresses *own_addresses_free(struct own_addresses *own) {
        if (!own)
                return NULL;
        if (own->resolver)
                resolver_forget(own->resolver, own);
        free(own->interfaces.items);
        free(own->names.items);
        free(own);
        return NULL;
}

static void push(struct list *list, const struct address *address) {
        if (list->count >= ADDRESSES_MAX)
                return;
        memory_reserve(&list->items, list->count, &list->capacity, sizeof(*list->items));
        list->items[list->count++] = *address;
}

static bool has(const struct list *list, const struct address *address) {
        for (size_t i = 0; i < list->count; i++)
                if (address_equal(&list->items[i], address))
                        return true;
        return false;
}

static bool address_of(const struct sockaddr *from, struct address *ret) {
        char text[ADDRESS_TEXT_MAX];
        if (!from || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
                return false;
        socklen_t len = from->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                   : sizeof(struct sockaddr_in6);
        if (getnameinfo(from, len, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
                return false;
        text[strcspn(text, "%")] = 0; /* fe80::1%eth0 */
        return address_parse(slice_of(text), ret) == 0;
}

static void load_interfaces(struct own_addresses *own) {
        struct ifaddrs *all = NULL;
        struct address address;
        own->interfaces.count = 0;
        if (getifaddrs(&all) < 0)
                return;
        for (struct ifaddrs *at = all; at; at = at->ifa_next)
                if (address_of(at->ifa_addr, &address))
                        push(&own->interfaces, &address);
        freeifaddrs(all);
}

static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        struct own_addresses *own = user;
        (void)fault; /* a name that cannot be resolved has no addresses */
        own->epoch += count > 0;
        if (count > 0 && own->names_are_old) {
                own->names.count = 0;
                own->names_are_old = false;
        }
        for (size_t i = 0; i < count; i++)
                if (!has(&own->names, &addresses[i]))
                        push(&own->names, &addresses[i]);
}

static void ask_names(struct own_addresses *own) {
        char host[256] = "";
        if (!own->resolver)
                return;
        own->names_are_old = true;
        resolver_ask_addresses(own->resolver, SLICE("localhost"), on_addresses, own);
        if (gethostname(host, sizeof(host) - 1) == 0 && host[0])
                resolver_ask_addresses(own->resolver, slice_of(host), on_addresses, own);
}

void own_addresses_refresh(struct own_addresses *own) {
        int64_t now_us = clock_mono_us(own->clock);
        if (!own->loaded || now_us - own->loaded_us > (int64_t)OWN_ADDRESSES_S * 1000000) {
                own->loaded = true;
                own->epoch++;
                own->loaded_us = now_us;
                load_interfaces(own);
                ask_names(own);
        }
}

unsigned own_addresses_epoch(const struct own_addresses *own) {
        return own->epoch;
}

bool own_addresses_has(struct own_addresses *own, const struct address *address) {
        own_addresses_refresh(own);
        return has(&own->interfaces, address) || has(&own->names, address);
}

static bool any_in(const struct list *list, const struct address *net) {
        for (size_t i = 0; i < list->count; i++)
                if (address_in(&list->items[i], net))
                        return true;
        return false;
}

bool own_addresses_in(struct own_addresses *own, const struct address *net) {
        own_addresses_refresh(own);
        return any_in(&own->interfaces, net) || any_in(&own->names, net);
}
