/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One jail "j" in the fake surroundings of tests/support/fake_enforce.h, at a fixed time in UTC. */
#pragma once

#include <stdlib.h>
#include <time.h>

#include "../cmocka_include.h"

#include "enforce/jail_state.h"
#include "support/fake_enforce.h"

#define NOW 1700000000.0 /* 2023-11-14 22:13:20 UTC */

static inline struct jail *make(void) {
        setenv("TZ", "UTC0", 1);
        tzset();
        fake_begin(NOW);
        struct jail *jail =
                jail_new(&fake.env, 1, SLICE("j"), LOG_WATCH_POLL, SLICE("polling"), NULL);
        assert_non_null(jail);
        jail->env.resolver = (struct resolver *)(void *)&fake;
        return jail;
}

static inline struct jail *started(void) {
        struct jail *jail = make();
        jail_start(jail);
        (void)fake_orders();
        (void)fake_diags();
        return jail;
}

static inline void end(struct jail *jail) {
        assert_null(jail_free(jail));
        fake_end();
}
