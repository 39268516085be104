/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be seen of nftables from outside of a set: whether a rule uses it. For nftset.c and
 * nft_watch.c. */
#pragma once

#include <stdbool.h>

struct nlmsghdr;

/* Whether the message, of a rule that is there or was deleted, is of a rule of this table that
 * looks something up in this set; NULL: in any that has a name of its own, and so is not part of a
 * rule. */
bool nft_rule_uses(const struct nlmsghdr *header, const char *table, const char *set);
