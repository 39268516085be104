/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about connections, to and from the kernel: of its connection tracking (a flow is an
 * entry of that), and of local TCP sockets. For flow_cut.c. */
#pragma once

#include <stddef.h>

#include "base/address.h"

#define FLOW_MESSAGE_MAX 512 /* bytes of one to the kernel */
#define FLOW_TUPLE_MAX 256   /* bytes of a flow's own part in it */

struct nlmsghdr;
struct nlattr;

struct flow_end {
        struct address address;
        uint16_t port; /* in the order of the net; 0: none is known */
};

/* One entry of the connection tracking. */
struct flow {
        struct address source;             /* who began it */
        uint8_t protocol;                  /* IPPROTO_* */
        struct flow_end local, peer;       /* as a socket of this host would have them */
        const struct nlattr *tuple, *zone; /* parts of the message; zone: NULL if there is none */
        uint32_t id;                       /* as it stands there */
};

/* A question for all flows, of which the kernel may leave out what does not come from only (NULL:
 * from everybody); old ones do not. family: of a socket, AF_UNSPEC for all. Each of these puts a
 * message at buffer, which has room for FLOW_MESSAGE_MAX bytes, and returns its length. */
size_t flow_ask(char *buffer, uint32_t seq, uint8_t family, const struct address *only);
/* Takes an answer to it. Returns 0, or FLOW_E_OTHER if it is not about a flow that can be deleted.
 */
enum { FLOW_E_OTHER = 1 };
int flow_parse(const struct nlmsghdr *header, struct flow *ret);
size_t flow_delete(char *buffer, uint32_t seq, const struct flow *flow);
/* A question for the flow's socket here. */
size_t flow_ask_socket(char *buffer, uint32_t seq, const struct flow *flow);
/* The end of the connected socket that an answer is about; *ret_peer: whose connection that is.
 * Returns the length, or 0 if it is about none. */
size_t flow_end_socket(
        char *buffer, uint32_t seq, const struct nlmsghdr *answer, struct address *ret_peer);
