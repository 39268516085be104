/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban.conf: the server's own settings. */
#pragma once

#include "base/fault.h"
#include "base/value.h"
#include "config/conf_files.h"
#include "config/config.h"

/* Fills those of settings that are not set (data NULL) from fail2ban.conf. Returns 0 or negative
 * errno with a fault. */
int server_conf_read(struct conf_store *store, struct config_server *settings, struct fault *fault);
/* Appends the server's commands; what settings holds stands before what the file says. Returns 0 or
 * negative errno with a fault. */
int server_conf_stream(struct conf_store *store, const struct config_server *settings,
        struct value *stream, struct fault *fault);
