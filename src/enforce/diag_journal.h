/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message as the systemd journal takes it, without its library: https://systemd.io/JOURNAL_NATIVE_PROTOCOL */
#pragma once

#include "base/buffer.h"
#include "enforce/diag_format.h"

#define DIAG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Appends the record as one datagram of FIELD=value lines. Returns 0 or -ENOBUFS. */
int diag_journal_put(struct buffer *out, const struct diag_record *record);
