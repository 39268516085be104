/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that each answer one question at a time, so that one that takes long delays nobody. */
#pragma once

#include "base/loop.h"
#include "resolve/system_lookup.h"

#define LOOKUP_POOL_QUEUE_MAX 256 /* questions that wait for a thread */

struct lookup_pool;

/* How a question is answered; called in a thread of the pool. */
typedef void lookup_pool_work(const struct lookup_question *question, struct system_lookup *ret);
/* An answer has come; called from the loop. */
typedef void lookup_pool_done(void *user, const struct lookup_answer *answer);

/* Starts as many of the wanted threads as there may be. Returns NULL (errno set) if there can be
 * none. loop must outlive it. */
struct lookup_pool *lookup_pool_new(struct loop *loop, size_t threads, lookup_pool_work *work,
        lookup_pool_done *done, void *user);
/* Waits for the questions that are being worked on, and drops the others. NULL is allowed. Returns
 * NULL. */
struct lookup_pool *lookup_pool_free(struct lookup_pool *pool);
/* Takes a question, with a copy of its text. Returns 0, or -ENOBUFS if too many wait. */
int lookup_pool_ask(struct lookup_pool *pool, const struct lookup_question *question);
