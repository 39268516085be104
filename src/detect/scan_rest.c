/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A long log needs memory that is a multiple of what a scanner holds else. It is given back with
 * the first look after which little was read: while reading goes on it would be asked for again at
 * once. Who reads little never has a timer set. */
#include "detect/scan_rest.h"

void scan_rest_init(struct scan_rest *rest, struct loop *loop, scan_rest_call *call, void *user) {
        *rest = (struct scan_rest){.loop = loop, .call = call, .user = user};
}

void scan_rest_done(struct scan_rest *rest) {
        if (rest->loop)
                loop_timer_cancel(rest->loop, &rest->timer);
}

static void on_timer(void *user);

static void look_later(struct scan_rest *rest) {
        rest->read = 0;
        loop_timer_set_in(rest->loop, &rest->timer, SCAN_REST_US, on_timer, rest);
}

static void on_timer(void *user) {
        struct scan_rest *rest = user;
        if (rest->read >= SCAN_REST_BYTES)
                look_later(rest);
        else
                rest->call(rest->user);
}

void scan_rest_note(struct scan_rest *rest, uint64_t bytes) {
        rest->read += bytes;
        if (rest->read >= SCAN_REST_BYTES && !loop_timer_is_set(&rest->timer))
                look_later(rest);
}
