/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client under test says: its messages, instead of stderr. */
#pragma once

#include "base/diag.h"

#include "capture.h"

static char client_said[8192]; /* "LEVEL text\n" for each message */

static inline void client_said_hear(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)logger;
        size_t used = strlen(client_said);
        (void)snprintf(client_said + used, sizeof(client_said) - used, "%s %.*s\n",
                diag_level_name((int)level), SLICE_ARG(text));
}

static inline void client_said_begin(void) {
        client_said[0] = '\0';
        diag_set_threshold(DIAG_WARNING);
        diag_set_sink(client_said_hear, NULL);
}
