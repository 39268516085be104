/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bancut: ends the connections that a banned address has. A firewall that lets through what is
 * established would go on doing so: the kernel is made to forget them (conntrack), and those that
 * end at this host are reset. */
#pragma once

#include "base/loop.h"
#include "enforce/flow_message.h"

#define FLOW_CUT_MAX 1000000          /* addresses that wait; beyond, their connections are left */
#define FLOW_CUT_GATHER_US 20000      /* bans that come within it go together */
#define FLOW_CUT_PASS_MAX_US 10000000 /* for one look at all connections, then it is given up */
#define FLOW_CUT_IDLE_FACTOR 4        /* a look that took 1 s is followed by at least 4 s without */

struct flow_cut;

/* The loop must outlive it. */
struct flow_cut *flow_cut_new(struct loop *loop);
/* NULL is allowed. Returns NULL. */
struct flow_cut *flow_cut_free(struct flow_cut *cut);
/* The kernel keeps out this address or network from now on: what it has begun before is to end,
 * soon. One without a family is nobody. */
void flow_cut_add(struct flow_cut *cut, const struct address *address);
/* Flows that the kernel was made to forget so far. */
uint64_t flow_cut_count(const struct flow_cut *cut);
