/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies as people and scripts read them: the same bytes that fail2ban-client prints. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

#define CLIENT_PRINT_MAX ((size_t)512 << 20) /* bytes of one text */

/* What tables are drawn with. */
enum client_print_charset { CLIENT_PRINT_ASCII, CLIENT_PRINT_UTF8 };

enum client_print_result {
        CLIENT_PRINT_OK,
        CLIENT_PRINT_E_UNFIT, /* the reply has not the form that the command's has: the text is the
                                 repr of what was made so far, then of the reply */
};

/* Makes the text for the reply to command (a LIST), without a newline at its end, in arena. */
enum client_print_result client_print(const struct value *command, const struct value *reply,
        enum client_print_charset charset, struct arena *arena, struct slice *ret);
