/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: names of options and sections that are written and mean nothing, and
 * switches that are neither on nor off. fail2ban passes over all of them in silence. */
#pragma once

#include "config/conf_files.h"

/* Looks through fail2ban.conf, jail.conf, and all filters and actions that have been read into
 * store; what is found goes to store->findings. */
void check_files(struct conf_store *store, const struct conf *server, const struct conf *jails);
