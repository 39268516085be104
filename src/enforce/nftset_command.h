/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognises nft's commands that put one ban into a set or take it out, so that they can be done
 * without nft (nftset.h). Positive: anything unusual is left to nft itself. */
#pragma once

#include "enforce/nftset.h"
#include "enforce/plain_command.h"

/* What a command does with its address. */
struct nftset_command {
        struct nftset_place place;
        enum nftset_deed deed;
        uint64_t timeout_ms;
};

/* Whether the command is exactly one of these for this address, and its program the system's nft:
 *      nft add element FAMILY TABLE SET { ADDRESS }
 *      nft add element FAMILY TABLE SET { ADDRESS timeout NUMBERs }
 *      nft delete element FAMILY TABLE SET { ADDRESS }
 *      nft "add element FAMILY TABLE SET { ADDRESS }; delete element FAMILY TABLE SET { ADDRESS }"
 * and the last with "; add element FAMILY TABLE SET { ADDRESS timeout NUMBERs }" behind it, with or
 * without the timeout. */
bool nftset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret);
/* Whether a shell would find name where systems have this program. */
bool nftset_command_is_of_system(const char *name, const char *program);
