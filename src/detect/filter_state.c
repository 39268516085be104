/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a killed scanner must find again: sessions, buffered lines and the last date. One key a
 * session, so that a batch carries only what its lines touched. And what is known of the last line:
 * filter_trace(). */
#include "channel/record.h"
#include "detect/filter_inside.h"

#include <assert.h>
#include <stdio.h>

#include "base/number.h"

#define KEY_SESSION "session."
#define KEY_LINES "lines"
#define KEY_DATES "dates"

static_assert(SESSIONS_MAX + 2 <= RECORD_STATES_MAX, "each key has its place with the server");
static_assert(SESSION_BYTES_MAX + 64 <= RECORD_STATE_BLOB_MAX, "each session fits a record");

/* A batch has a hundred of these: snprintf() would cost more than the sessions. */
static struct slice session_key(
        size_t number, char key[static sizeof(KEY_SESSION) + NUMBER_DIGITS_MAX]) {
        const size_t prefix = sizeof(KEY_SESSION) - 1;
        memcpy(key, KEY_SESSION, prefix);
        return (struct slice){key, prefix + number_print_u64(number, key + prefix)};
}

void filter_save(struct filter *filter,
        void (*put)(void *user, struct slice key, struct slice blob), void *user) {
        struct buffer *blob = &filter->blob;
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
                char key[sizeof(KEY_SESSION) + NUMBER_DIGITS_MAX];
                buffer_clear(blob);
                if (sessions_save(&filter->sessions, i, blob))
                        put(user, session_key(i, key), buffer_view(blob));
        }
        if (filter->buffer.changed) {
                buffer_clear(blob);
                line_buffer_save(&filter->buffer, RECORD_STATE_BLOB_MAX, blob);
                put(user, SLICE(KEY_LINES), buffer_view(blob));
        }
        buffer_clear(blob);
        if (line_date_save(&filter->dates, blob))
                put(user, SLICE(KEY_DATES), buffer_view(blob));
}

void filter_load(struct filter *filter, struct slice key, struct slice blob) {
        uint32_t index;
        struct slice prefix = SLICE(KEY_SESSION);
        if (slice_is(key, KEY_LINES))
                line_buffer_load(&filter->buffer, blob);
        else if (slice_is(key, KEY_DATES))
                line_date_load(&filter->dates, blob);
        else if (slice_has_prefix(key, prefix) &&
                 number_parse_u32(slice_sub(key, prefix.len, key.len), &index) == 0 &&
                 index < SESSIONS_MAX)
                sessions_load(&filter->sessions, index, blob);
}

void filter_trace_begin(struct filter *filter) {
        filter->trace.ignore_hit_count = 0;
        filter->trace.whole = SLICE_NULL;
        filter->trace.searched = SLICE_NULL;
}

const struct filter_trace *filter_trace(const struct filter *filter) {
        return &filter->trace;
}
