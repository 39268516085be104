/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scanner process: carries out what the server says (channel/messages.def), follows the logs it was handed. */
#pragma once

#include "base/clock.h"
#include "base/loop.h"

#define SCANNER_PENDING_MAX ((size_t)512 << 10)   /* bytes the server has not taken yet, above which no log is read */
#define SCANNER_REPORT_US ((int64_t)1000000)      /* mere progress is told this often at most */
#define SCANNER_FILL_US ((int64_t)2000000)        /* what comes into an empty log within this time may be old */
#define SCANNER_TURN_US ((int64_t)4000)           /* chunks of a log that is far behind run in a row for so long ... */
#define SCANNER_TURN_BYTES ((uint64_t)1 << 20)    /* ... and so far: what they led to goes in one batch */
#define SCANNER_CAREFUL_BYTES ((uint64_t)4 << 20) /* how far careful mode goes: further than lines can have been run untold */

struct scanner;

/* Takes over channel_fd. loop and clock must outlive it. Returns NULL (errno set) if fd is unusable. */
struct scanner *scanner_new(struct loop *loop, struct clock *clock, int channel_fd);
struct scanner *scanner_free(struct scanner *scanner);
/* Tells the server that the process is confined, then works until the server closes the channel. Returns the exit code: 0, or 1 if the
 * server broke the protocol. */
int scanner_run(struct scanner *scanner);
