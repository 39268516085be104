/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: u8 type, u32 jail, then the type's fields. */
#include "channel/record.h"

#include <errno.h>

#include "channel/value_code.h"

/* As a text, so that a reader may step over it. */
static int put_data(struct buffer *out, const struct value *data) {
        size_t size = value_coded_size(data);
        char *room = size > 0 && size <= UINT32_MAX ? buffer_room(out, sizeof(uint32_t) + size) : NULL;
        if (!room)
                return -ENOBUFS;
        (void)message_put_u32(out, (uint32_t)size); /* there is room */
        (void)value_write(room + sizeof(uint32_t), data);
        buffer_commit(out, size);
        return 0;
}

static int put_failure(struct buffer *out, const struct record *record) {
        int r = message_put_f64(out, record->failure.time);
        if (r == 0)
                r = message_put_u8(out, record->failure.flags);
        if (r == 0)
                r = message_put_u32(out, record->failure.regex);
        if (r == 0)
                r = message_put_text(out, record->failure.id);
        if (r < 0)
                return r;
        return record->failure.coded.len > 0 ? message_put_text(out, record->failure.coded)
                                             : put_data(out, &record->failure.data);
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

/* Whether data is one dict. With an arena it is built, too. */
static bool is_dict(struct slice data, struct arena *arena, struct value *ret) {
        struct message_reader in = message_reader_of(data);
        enum value_type type = value_skip(&in);
        if (type != VALUE_DICT || !message_read_end(&in))
                return false;
        in = message_reader_of(data);
        if (arena)
                *ret = value_get(&in, arena);
        return true;
}

static void get_failure(struct message_reader *in, struct record *record) {
        record->failure.time = message_get_f64(in);
        record->failure.flags = message_get_u8(in);
        record->failure.regex = message_get_u32(in);
        record->failure.id = message_get_text(in);
        record->failure.coded = message_get_text(in);
}

static bool is_failure(struct record *record, struct arena *arena) {
        return record->failure.id.len <= RECORD_ID_MAX && is_dict(record->failure.coded, arena, &record->failure.data) &&
               record->failure.time >= 0 && record->failure.time < 1e11; /* false for NaN */
}

static void get_state(struct message_reader *in, struct record *record) {
        record->state.key = message_get_text(in);
        record->state.blob = message_get_text(in);
}

static bool is_state(const struct record *record) {
        return record->state.key.len <= RECORD_STATE_KEY_MAX && record->state.blob.len <= RECORD_STATE_BLOB_MAX;
}

int record_get_checked(struct message_reader *in, struct record *ret) {
        if (!in->bad && in->rest.len == 0)
                return 0;
        uint8_t type = message_get_u8(in);
        *ret = (struct record){.type = (enum record_type)type, .jail = message_get_u32(in)};
        if (in->bad || type >= RECORD_TYPE_COUNT)
                return -EBADMSG;
        switch (ret->type) {
        case RECORD_FAILURE:
                get_failure(in, ret);
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

int record_get(struct message_reader *in, struct arena *arena, struct record *ret) {
        int r = record_get_checked(in, ret);
        if (r > 0 && ret->type == RECORD_FAILURE && !is_failure(ret, arena))
                r = -EBADMSG;
        if (r > 0 && ret->type == RECORD_STATE && !is_state(ret))
                r = -EBADMSG;
        in->bad = in->bad || r < 0;
        return r;
}
