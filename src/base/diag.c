/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sink and one threshold a process: every program is single-threaded. */
#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>

#include "base/number.h"

static struct {
        diag_sink *sink;
        void *user;
        const struct diag_batch_ops *batch_ops;
        void *batch_user;
        unsigned batches;
        int threshold;
} state = {.threshold = DIAG_WARNING};

static const struct {
        int level;
        const char *name;  /* as set and asked for */
        const char *shown; /* as printed in a line */
} levels[] = {
        {DIAG_CRITICAL,   "CRITICAL",   "CRITICAL"},
        {DIAG_ERROR,      "ERROR",      "ERROR"   },
        {DIAG_WARNING,    "WARNING",    "WARNING" },
        {DIAG_NOTICE,     "NOTICE",     "NOTICE"  },
        {DIAG_INFO,       "INFO",       "INFO"    },
        {DIAG_MSG,        "MSG",        "MSG"     },
        {DIAG_DEBUG,      "DEBUG",      "DEBUG"   },
        {DIAG_TRACEDEBUG, "TRACEDEBUG", "TRACE"   },
        {DIAG_HEAVYDEBUG, "HEAVYDEBUG", "HEAVY"   },
        /* Further names that Python knows: the rows above come first where a name is looked for. */
        {DIAG_WARNING,    "WARN",       "WARNING" },
        {DIAG_CRITICAL,   "FATAL",      "CRITICAL"},
        {0,               "NOTSET",     "NOTSET"  },
};

void diag_set_sink(diag_sink *sink, void *user) {
        state.sink = sink;
        state.user = user;
}

void diag_set_batch_ops(const struct diag_batch_ops *ops, void *user) {
        state.batch_ops = ops;
        state.batch_user = user;
}

void diag_begin_batch(void) {
        if (state.batches++ == 0 && state.batch_ops)
                state.batch_ops->begin(state.batch_user);
}

void diag_end_batch(void) {
        if (--state.batches == 0 && state.batch_ops)
                state.batch_ops->end(state.batch_user);
}

void diag_set_threshold(int level) {
        state.threshold = level;
}

int diag_threshold(void) {
        return state.threshold;
}

bool diag_enabled(enum diag_level level) {
        return (int)level >= state.threshold;
}

void diag_text(enum diag_level level, const char *logger, struct slice text) {
        if (!diag_enabled(level))
                return;
        text = slice_sub(text, 0, DIAG_TEXT_MAX);
        if (state.sink) {
                state.sink(state.user, level, logger, text);
                return;
        }
        (void)fprintf(stderr, "%.*s\n", SLICE_ARG(text));
}

char *diag_room(enum diag_level level, const char *logger, size_t len) {
        if (state.batches == 0 || !state.batch_ops || !state.batch_ops->room || len > DIAG_TEXT_MAX)
                return NULL;
        return state.batch_ops->room(state.batch_user, level, logger, len);
}

/* Most messages are short: they need no memory of their own. */
void diag(enum diag_level level, const char *logger, const char *format, ...) {
        char text[512];
        char *longer = NULL;
        va_list args;
        if (!diag_enabled(level))
                return;
        va_start(args, format);
        int len = vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (len >= (int)sizeof(text)) {
                va_start(args, format);
                len = vasprintf(&longer, format, args);
                va_end(args);
        }
        if (len < 0)
                return;
        diag_text(level, logger, (struct slice){longer ? longer : text, (size_t)len});
        free(longer);
}

const char *diag_level_name(int level) {
        static char other[24];
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
                if (levels[i].level == level)
                        return levels[i].shown;
        (void)snprintf(other, sizeof(other), "Level %d", level);
        return other;
}

int diag_level_parse(struct slice name, int *ret) {
        uint32_t number;
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
                if (slice_equal_nocase(name, slice_of(levels[i].name))) {
                        *ret = levels[i].level;
                        return 0;
                }
        if (number_parse_u32(name, &number) < 0 || number > 1000)
                return -EINVAL;
        *ret = (int)number;
        return 0;
}
