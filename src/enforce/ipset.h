/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same as nftset.h for the kernel's older sets: what `ipset -exist add SET ADDRESS` and `ipset
 * -exist del SET ADDRESS` do, without starting ipset. */
#pragma once

#include "enforce/nftset_command.h"

#define IPSET_NAME_MAX 31            /* bytes of a set's name */
#define IPSET_TIMEOUT_MAX_S 2147483U /* more does not fit the kernel's timers */

/* Whether the command is exactly one of these for this single address, and its program the system's
 * ipset:
 *      ipset -exist add SET ADDRESS
 *      ipset -exist add SET ADDRESS timeout NUMBER
 *      ipset -exist del SET ADDRESS */
bool ipset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret);
/* Does them one after the other. Returns 0, or what the kernel says of the first that it refuses:
 * negative errno or less than that, *ret_bad its index, count if nobody said which. Others have
 * been done all the same; to do one again changes nothing. */
int ipset_apply(
        struct nftset *link, const struct nftset_element *elements, size_t count, size_t *ret_bad);
