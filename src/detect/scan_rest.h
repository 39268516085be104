/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells when much reading has come to an end: what it needed may be given back then. */
#pragma once

#include <stdint.h>

#include "base/loop.h"

#define SCAN_REST_US ((int64_t)250000) /* from one look to the next */
#define SCAN_REST_BYTES ((uint64_t)512 << 10) /* fewer between two looks are no busy log */

typedef void scan_rest_call(void *user);

struct scan_rest {
        struct loop *loop;
        struct loop_timer timer; /* set while there is something to give back */
        uint64_t read;           /* bytes since the last look */
        scan_rest_call *call;
        void *user;
};

/* loop and user must outlive it. call: once after each time that SCAN_REST_BYTES and more were read,
 * when hardly anything is read any more. */
void scan_rest_init(struct scan_rest *rest, struct loop *loop, scan_rest_call *call, void *user);
void scan_rest_done(struct scan_rest *rest);
/* So many bytes have been read. Costs next to nothing. */
void scan_rest_note(struct scan_rest *rest, uint64_t bytes);
