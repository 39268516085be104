/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hears from the kernel when somebody else takes away what bans rest on: an element, a set, a rule
 * that looks into a set, a chain, a table. Listens only while a set is watched; what the server
 * itself does over its own link is not heard. */
#pragma once

#include "base/loop.h"
#include "enforce/nftset.h"

#define NFT_WATCH_CULPRIT_MAX 64 /* bytes of who has changed something, NUL included */
#define NFT_WATCH_ROOM                                                                             \
        (2 << 20) /* bytes of events that may wait; beyond, everything is suspect                  \
                   */

struct nft_watch;   /* the server's ear and its link */
struct nft_watched; /* one set */

/* What may be gone; bits. */
#define NFT_WATCH_ELEMENTS 1U /* something that was in the set */
#define NFT_WATCH_HOOK 2U     /* the set, or what makes the kernel look into it */

/* From the loop. The watched may be removed in it. */
typedef void nft_watch_lost(void *user, unsigned what);

struct nft_watch *nft_watch_new(struct loop *loop);
/* Nothing may be watched any more. NULL is allowed. Returns NULL. */
struct nft_watch *nft_watch_free(struct nft_watch *watch);
/* The one link for all that the server does; whoever needs it first makes it. Freed with watch. */
struct nftset **nft_watch_link(struct nft_watch *watch);
/* place is copied. Returns NULL if the kernel lets nobody listen. */
struct nft_watched *nft_watch_add(struct nft_watch *watch, const struct nftset_place *place,
        nft_watch_lost *lost, void *user);
/* NULL is allowed. Returns NULL. */
struct nft_watched *nft_watch_remove(struct nft_watched *watched);
/* Until it is resumed nothing is heard, and the kernel need not tell: a transaction of thousands of
 * elements would be told element by element. May be nested. Resume: transactions is how many of our
 * own there were at most (one that changes nothing does not count); if there were others,
 * everything is suspect. NFT_WATCH_SOME: of a number that nobody knows; then whether all sets are
 * in place has to be looked at, losses of elements stay unheard. */
#define NFT_WATCH_SOME UINT32_MAX
void nft_watch_pause(struct nft_watch *watch);
void nft_watch_resume(struct nft_watch *watch, uint32_t transactions);
/* Hears what has come by now. */
void nft_watch_read(struct nft_watch *watch);
/* Who has made the last change, as far as the kernel says: "nft (pid 123)", or "somebody". */
const char *nft_watch_culprit(const struct nft_watch *watch);
