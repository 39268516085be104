/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to addresses and back, in an unprivileged child process, never waiting: answers come from the loop or from the cache
 * (300 s, also for failures). The child is started with the first question. Spec filter.md 3.6. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/slice.h"

#define RESOLVER_CACHE_S 300
#define RESOLVER_CACHE_MAX 1000
#define RESOLVER_TIMEOUT_MS 10000   /* of one question, once it is asked */
#define RESOLVER_WAIT_MS 30000      /* for its turn; also when there is no process to ask */
#define RESOLVER_PENDING_MAX 10000  /* questions; beyond, they fail at once */
#define RESOLVER_ADDRESSES_MAX 64   /* of one answer */
#define RESOLVER_NAME_MAX 255

struct resolver;
struct runner_link;

/* addresses: none if the name has none or cannot be asked; fault then says why ("[Errno -2] Name or service not known"), else it is NULL. A
 * WARNING has been logged when the answer came. */
typedef void resolver_addresses(void *user, const struct address *addresses, size_t count, const struct fault *fault);
/* name: empty if there is none. */
typedef void resolver_name(void *user, struct slice name);
/* Whether user belongs to whom. */
typedef bool resolver_is_meant(const void *user, const void *whom);

/* program: path of stockade-resolver, NULL: found as supervise.h says. */
/* Time is the clock's; while somebody waits, it is looked at twice a second. */
struct resolver *resolver_new(struct loop *loop, const struct clock *clock, const char *program);
/* Has its process started by stockade-runner. runner: NULL: by our own fork; outlives resolver. */
void resolver_set_runner(struct resolver *resolver, struct runner_link *runner);
struct resolver *resolver_free(struct resolver *resolver); /* not from inside its handlers */
/* A text that is an address, or a number that getaddrinfo() takes for one, is answered at once. done may be called from within. */
void resolver_ask_addresses(struct resolver *resolver, struct slice name, resolver_addresses *done, void *user);
void resolver_ask_name(struct resolver *resolver, const struct address *address, resolver_name *done, void *user);
/* Answers to user are not wanted any more. */
void resolver_forget(struct resolver *resolver, void *user);
/* Nor are those to all users of the handler done that is_meant(user, whom) picks: one look for any number of them. */
void resolver_forget_all(struct resolver *resolver, resolver_addresses *done, resolver_is_meant *is_meant, const void *whom);
void resolver_clear_cache(struct resolver *resolver);
/* Whether IPv6 addresses are asked for (allowipv6). */
void resolver_set_ipv6(struct resolver *resolver, int has_ipv6);
