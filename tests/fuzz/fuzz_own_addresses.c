/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces with addresses of any kind, as getifaddrs() hands them over: those that are internet
 * addresses are this host's, and nothing else is. */
#include "enforce/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "fuzz.h"

#define INTERFACES_MAX 64

struct interface {
        struct ifaddrs entry;
        union {
                struct sockaddr any;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
                struct sockaddr_storage storage;
        } address;
};

static struct interface interfaces[INTERFACES_MAX];
static size_t count;

/* In the place of libc's. */
int getifaddrs(struct ifaddrs **ret) {
        *ret = count > 0 ? &interfaces[0].entry : NULL;
        return 0;
}
void freeifaddrs(struct ifaddrs *list) {
        (void)list;
}

/* A piece is the family and the bytes behind it; an empty one is an interface without address. */
static void add(struct slice piece) {
        struct interface *interface = &interfaces[count];
        *interface = (struct interface){0};
        if (count > 0)
                interfaces[count - 1].entry.ifa_next = &interface->entry;
        count++;
        if (piece.len == 0)
                return;
        interface->address.any.sa_family = fuzz_byte(&piece);
        interface->entry.ifa_addr = &interface->address.any;
        size_t room = sizeof(interface->address) - sizeof(sa_family_t);
        memcpy((char *)&interface->address + sizeof(sa_family_t), piece.data,
                piece.len < room ? piece.len : room);
}

static struct address expected(const struct interface *interface) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        struct address address = {.family = ADDRESS_NONE};
        const uint8_t *six = interface->address.in6.sin6_addr.s6_addr;
        if (!interface->entry.ifa_addr)
                return address;
        if (interface->address.any.sa_family == AF_INET) {
                address = (struct address){.family = ADDRESS_INET4, .plen = 32};
                memcpy(address.bytes, &interface->address.in.sin_addr, 4);
        } else if (interface->address.any.sa_family == AF_INET6) {
                bool is_four = memcmp(six, mapped, sizeof(mapped)) == 0;
                address.family = is_four ? ADDRESS_INET4 : ADDRESS_INET6;
                address.plen = is_four ? 32 : 128;
                memcpy(address.bytes, is_four ? six + 12 : six, is_four ? 4 : 16);
        }
        return address;
}

static bool is_expected(const struct address *address) {
        for (size_t i = 0; i < count; i++) {
                struct address here = expected(&interfaces[i]);
                if (here.family != ADDRESS_NONE && address_equal(&here, address))
                        return true;
        }
        return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct clock clock = {.fixed = true, .mono_us = 1};
        struct slice rest = fuzz_input(data, size), piece;
        struct own_addresses *own = own_addresses_new(&clock, NULL);
        struct address stranger;
        for (count = 0; count < INTERFACES_MAX && fuzz_piece(&rest, &piece);)
                add(piece);
        for (size_t i = 0; i < count; i++) {
                struct address address = expected(&interfaces[i]);
                if (address.family == ADDRESS_NONE)
                        continue;
                FUZZ_REQUIRE(own_addresses_has(own, &address));
                FUZZ_REQUIRE(own_addresses_in(own, &address));
                address.bytes[1] ^= 1;
                FUZZ_REQUIRE(own_addresses_has(own, &address) == is_expected(&address));
        }
        FUZZ_REQUIRE(address_parse(SLICE("192.0.2.1"), &stranger) == 0);
        FUZZ_REQUIRE(own_addresses_has(own, &stranger) == is_expected(&stranger));
        (void)own_addresses_free(own);
        return 0;
}
