/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that fill sets of the kernel, whichever they are: nftset.h or ipset.h. */
#pragma once

#include "enforce/nftset_command.h"

/* Whether one of the two knows the command. */
bool kernel_set_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret);
/* As nftset_apply(). With sets of both sorts, those of the other sort than the first are
 * NFTSET_E_UNUSUAL. */
int kernel_set_apply(
        struct nftset *link, const struct nftset_element *elements, size_t count, size_t *ret_bad);
