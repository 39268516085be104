/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose behaviour this is: what scripts, configuration (%(fail2ban_version)s) and the log see as the version of fail2ban. */
#pragma once

#define FAIL2BAN_VERSION "1.1.1"
