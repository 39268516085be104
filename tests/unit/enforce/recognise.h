/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the text of a command is one that a recogniser knows, for an address. */
#pragma once

#include "enforce/nftset_command.h"

typedef bool recogniser(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret);

static inline bool recognise_text(
        recogniser *recognise, const char *text, const char *of, struct nftset_command *ret) {
        struct arena arena = ARENA_INIT;
        struct plain_command command;
        struct address address;
        (void)address_parse(slice_of(of), &address);
        bool is = plain_command_parse(slice_of(text), &arena, &command) &&
                  recognise(&command, &address, ret);
        arena_done(&arena);
        return is;
}
