/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scanner's insides without the scanner, and all that they have sent: for what compares passing
 * over lines with running each by itself. */
#pragma once

#include <sys/mman.h>

#include "base/buffer.h"
#include "channel/record.h"
#include "detect/pipeline.h"

#define SCAN_SIDE_JAILS_MAX 20
#define SCAN_SIDE_LOGS 2

struct scan_side {
        struct clock clock;
        struct pipeline pipeline;
        struct scan_jail *jails[SCAN_SIDE_JAILS_MAX];
        size_t jail_count;
        struct scan_log *logs[SCAN_SIDE_LOGS];
        struct input_buffer buffer;
        struct buffer sent;
        bool passes; /* lines are passed over */
};

static struct scan_side *scan_side_present; /* whose jails speak */

static inline void scan_side_send(
        void *user, enum message_type type, struct slice head, struct slice rest) {
        struct scan_side *side = user;
        (void)buffer_printf(&side->sent, "[%d ", (int)type);
        (void)buffer_append(&side->sent, head);
        (void)buffer_append(&side->sent, rest);
        (void)buffer_append_char(&side->sent, ']');
}

static inline void scan_side_sync(void *user) {
        (void)user;
}

static inline void scan_side_diag(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        pipeline_diag(&scan_side_present->pipeline, user, level, logger, text);
}

static inline void scan_side_init(struct scan_side *side, bool passes, int64_t now_us) {
        *side = (struct scan_side){.passes = passes, .sent = BUFFER_INIT((size_t)64 << 20)};
        clock_fix(&side->clock, now_us);
        pipeline_init(&side->pipeline, &side->clock, scan_side_send, scan_side_sync, side);
        for (uint32_t i = 0; i < SCAN_SIDE_LOGS; i++)
                side->logs[i] =
                        scan_log_new(i + 1, SLICE("/x"), memfd_create("log", MFD_CLOEXEC), 7, 0);
        scan_side_present = side;
}

/* What was sent is left. */
static inline void scan_side_done(struct scan_side *side) {
        for (size_t i = 0; i < SCAN_SIDE_LOGS; i++)
                (void)scan_log_free(side->logs[i]);
        for (size_t i = 0; i < side->jail_count; i++)
                (void)scan_jail_free(side->jails[i]);
        pipeline_done(&side->pipeline);
        input_buffer_done(&side->buffer);
}

static inline struct scan_jail *scan_side_add_jail(struct scan_side *side) {
        const struct filter_env env = {.clock = &side->clock, .diag = scan_side_diag};
        struct scan_jail *jail = scan_jail_new((uint32_t)side->jail_count + 1, SLICE("test"), &env);
        side->jails[side->jail_count++] = jail;
        return jail;
}

/* Carries out the option. Returns what scan_jail_set() does. */
static inline int scan_side_set(struct scan_jail *jail, const char *option, const char *text) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value answer;
        (void)value_append(&arguments, value_text(text), &arena);
        int r = scan_jail_set(jail, slice_of(option), &arguments, &arena, &answer, NULL);
        arena_done(&arena);
        return r;
}

/* A prefilter from the first line on, or never. */
static inline void scan_side_settle_prefilter(struct scan_side *side, struct scan_log *log) {
        (void)log_prefilter_scan(&log->prefilter, log, SLICE(""));
        log->prefilter.bytes = LOG_PREFILTER_AFTER;
        log->prefilter.tried = log->prefilter.tried || !side->passes;
}

/* Appends what is known besides what has been sent. */
static inline void scan_side_note_rest(struct scan_side *side) {
        for (size_t i = 0; i < side->jail_count; i++) {
                const struct scan_jail *jail = side->jails[i];
                (void)buffer_printf(&side->sent, "<%u %u %u %d>", (unsigned)jail->lines,
                        (unsigned)jail->dropped, jail->errors, jail->muted);
        }
        for (size_t i = 0; i < SCAN_SIDE_LOGS; i++)
                (void)buffer_printf(&side->sent, "<%u>", (unsigned)side->logs[i]->done);
}
