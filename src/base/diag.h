/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own messages ("log" means the input here). Levels and logger names are fail2ban's (spec server.md 3.7); where the text goes
 * is the program's business: it sets one sink. Libraries below main/, pipelines and jails should return faults instead. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

enum diag_level {
        DIAG_HEAVYDEBUG = 5,
        DIAG_TRACEDEBUG = 7,
        DIAG_DEBUG = 10,
        DIAG_MSG = 18,
        DIAG_INFO = 20,
        DIAG_NOTICE = 25,
        DIAG_WARNING = 30,
        DIAG_ERROR = 40,
        DIAG_CRITICAL = 50,
};

#define DIAG_TEXT_MAX 65536 /* longer messages are cut */

/* logger: e.g. "fail2ban.filter". text: one message, without newline at the end; may hold newlines inside. */
typedef void diag_sink(void *user, enum diag_level level, const char *logger, struct slice text);

/* Messages below threshold are dropped before formatting. Without a sink they go to stderr as bare text. */
void diag_set_sink(diag_sink *sink, void *user);
/* Tells the sink that many messages may come until diag_end_batch(), so that it may write them together. Batches may be nested; each ends
 * before the program waits for anything. */
struct diag_batch_ops {
        void (*begin)(void *user);
        void (*end)(void *user);
        char *(*room)(void *user, enum diag_level level, const char *logger,
                size_t len); /* as diag_room(), or NULL: there never is */
};
void diag_set_batch_ops(const struct diag_batch_ops *ops, void *user);
void diag_begin_batch(void);
void diag_end_batch(void);
void diag_set_threshold(int level);
int diag_threshold(void);
bool diag_enabled(enum diag_level level);
void diag(enum diag_level level, const char *logger, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The text as it is. */
void diag_text(enum diag_level level, const char *logger, struct slice text);
/* In a batch: where the text of a message of that level, len bytes, is to be written at once, and
 * that is all there is to it; NULL: it has to be said by diag_text(). For messages that there are
 * very many of. The level must be enabled. */
char *diag_room(enum diag_level level, const char *logger, size_t len);
/* "INFO", "TRACE", "HEAVY", ...; "Level N" for other numbers. */
const char *diag_level_name(int level);
/* A level from its name (any case; NOTICE, MSG, TRACEDEBUG, ... or digits). Returns 0 or -EINVAL. */
int diag_level_parse(struct slice name, int *ret);
