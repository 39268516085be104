/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server and its resolver say to each other, over a socket that keeps packets whole: one
 * of these each. Texts end with a NUL; whoever receives checks that. */
#pragma once

#include <stdint.h>

#define RESOLVER_PACKET_FD 3
#define RESOLVER_PACKET_TEXT 256
#define RESOLVER_PACKET_ADDRESSES 64

enum resolver_kind { RESOLVER_KIND_ADDRESSES, RESOLVER_KIND_NAME };

struct resolver_question {
        uint32_t number;
        uint8_t kind;
        uint8_t has_ipv6;                /* IPv6 addresses are wanted, too */
        char text[RESOLVER_PACKET_TEXT]; /* a name, or an address whose name is wanted */
};

struct resolver_answer {
        uint32_t number;
        uint8_t failed;                  /* text says why */
        uint8_t count;                   /* of addresses */
        char text[RESOLVER_PACKET_TEXT]; /* the name that was asked for */
        struct {
                uint8_t is_inet6;
                uint8_t bytes[16];
        } addresses[RESOLVER_PACKET_ADDRESSES];
};
