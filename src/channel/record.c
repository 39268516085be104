/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: u8 type, u32 jail, then the type's fields. */
#include "channel/record.h"

#include <errno.h>

#include "channel/value_code.h"

static int put_failure(struct buffer *out, const struct record *record) {
        int r = message_put_f64(out, record->failure.time);
        if (r == 0)
                r = message_put_u8(out, record->failure.flags);
        if (r == 0)
                r = message_put_u32(out, record->failure.regex);
        if (r == 0)
                r = message_put_text(out, record->failure.id);
        if (r == 0)
                r = value_put(out, &record->failure.data);
        return r;
}

static int put_state(struct buffer *out, const struct record *record) {
        int r = message_put_text(out, record->state.key);
        return r < 0 ? r : message_put_text(out, record->state.blob);
}

static int put_diag(struct buffer *out, const struct record *record) {
        int r = message_put_u8(out, record->diag.level);
        if (r == 0)
                r = message_put_text(out, record->diag.logger);
        if (r == 0)
                r = message_put_text(out, record->diag.text);
        return r;
}

static int put_count(struct buffer *out, const struct record *record) {
        int r = message_put_u64(out, record->count.lines);
        return r < 0 ? r : message_put_u64(out, record->count.dropped);
}

static int put_body(struct buffer *out, const struct record *record) {
        switch (record->type) {
        case RECORD_FAILURE:
                return put_failure(out, record);
        case RECORD_STATE:
                return put_state(out, record);
        case RECORD_DIAG:
                return put_diag(out, record);
        case RECORD_COUNT:
                return put_count(out, record);
        case RECORD_TYPE_COUNT:
                break;
        }
        return -EINVAL;
}

int record_put(struct buffer *out, const struct record *record) {
        size_t before = buffer_len(out);
        int r = message_put_u8(out, (uint8_t)record->type);
        if (r == 0)
                r = message_put_u32(out, record->jail);
        if (r == 0)
                r = put_body(out, record);
        if (r < 0)
                out->end = out->start + before;
        return r;
}

static void get_failure(struct message_reader *in, struct arena *arena, struct record *record) {
        record->failure.time = message_get_f64(in);
        record->failure.flags = message_get_u8(in);
        record->failure.regex = message_get_u32(in);
        record->failure.id = message_get_text(in);
        enum value_type type;
        if (arena) {
                record->failure.data = value_get(in, arena);
                type = record->failure.data.type;
        } else {
                type = value_skip(in);
        }
        if (record->failure.id.len > RECORD_ID_MAX || type != VALUE_DICT)
                in->bad = true;
        if (!(record->failure.time >= 0 && record->failure.time < 1e11)) /* also catches NaN */
                in->bad = true;
}

static void get_state(struct message_reader *in, struct record *record) {
        record->state.key = message_get_text(in);
        record->state.blob = message_get_text(in);
        if (record->state.key.len > RECORD_STATE_KEY_MAX || record->state.blob.len > RECORD_STATE_BLOB_MAX)
                in->bad = true;
}

int record_get(struct message_reader *in, struct arena *arena, struct record *ret) {
        if (!in->bad && in->rest.len == 0)
                return 0;
        uint8_t type = message_get_u8(in);
        *ret = (struct record){.type = (enum record_type)type, .jail = message_get_u32(in)};
        if (in->bad || type >= RECORD_TYPE_COUNT)
                return -EBADMSG;
        switch (ret->type) {
        case RECORD_FAILURE:
                get_failure(in, arena, ret);
                break;
        case RECORD_STATE:
                get_state(in, ret);
                break;
        case RECORD_DIAG:
                ret->diag.level = message_get_u8(in);
                ret->diag.logger = message_get_text(in);
                ret->diag.text = message_get_text(in);
                break;
        case RECORD_COUNT:
                ret->count.lines = message_get_u64(in);
                ret->count.dropped = message_get_u64(in);
                break;
        case RECORD_TYPE_COUNT:
                break;
        }
        return in->bad ? -EBADMSG : 1;
}
