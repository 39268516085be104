/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of fail2ban-client share. */
#pragma once

#include "base/arena.h"
#include "config/config.h"
#include "main/arguments.h"
#include "main/client_print.h"

#define CLIENT_LOGGER "fail2ban"
#define CLIENT_EXIT_FAILED 255

/* What a command came to; texts have been printed and said by then. */
enum client_outcome { CLIENT_DONE, CLIENT_FAILED };

struct client {
        struct arguments arguments;
        struct config_server settings; /* of the command line, then of fail2ban.conf */
        char *const *argv;
        enum client_print_charset charset;
        struct arena arena; /* of settings */
};
