/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: u8 type, u32 jail, then the type's fields. */
#include "channel/record.h"

#include <endian.h>
#include <errno.h>

#include "channel/failure_code.h"

char *record_write_failure_head(char *to, const struct record *record) {
        uint64_t bits;
        uint32_t jail = htole32(record->jail);
        memcpy(&bits, &record->failure.time, sizeof(bits));
        bits = htole64(bits);
        *to++ = RECORD_FAILURE;
        memcpy(to, &jail, sizeof(jail));
        to += sizeof(jail);
        memcpy(to, &bits, sizeof(bits));
        to += sizeof(bits);
        *to++ = (char)record->failure.flags;
        to = message_write_number(to, record->failure.regex);
        to = message_write_number(to, (uint32_t)record->failure.id.len);
        if (record->failure.id.len > 0)
                memcpy(to, record->failure.id.data, record->failure.id.len);
        return to + record->failure.id.len;
}

void record_write_length(char *begin, const char *end) {
        uint32_t len = htole32((uint32_t)(end - begin - (ptrdiff_t)RECORD_LENGTH_BYTES));
        memcpy(begin, &len, sizeof(len));
}

static int put_failure(struct buffer *out, const struct record *record) {
        char *room = buffer_room(out, RECORD_FAILURE_HEAD_MAX + record->failure.id.len);
        if (!room || record->failure.id.len > UINT32_MAX)
                return -ENOBUFS;
        buffer_commit(out, (size_t)(record_write_failure_head(room, record) - room));
        int r = message_put_text(out, record->failure.lines);
        return r < 0 ? r : message_put_text(out, record->failure.groups);
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

static int put_head(struct buffer *out, const struct record *record) {
        int r = message_put_u8(out, (uint8_t)record->type);
        return r < 0 ? r : message_put_u32(out, record->jail);
}

static int put_any(struct buffer *out, const struct record *record) {
        if (record->type == RECORD_FAILURE)
                return put_failure(out, record);
        int r = put_head(out, record);
        if (r < 0)
                return r;
        switch (record->type) {
        case RECORD_STATE:
                return put_state(out, record);
        case RECORD_DIAG:
                return put_diag(out, record);
        case RECORD_COUNT:
                return put_count(out, record);
        case RECORD_FAILURE:
        case RECORD_TYPE_COUNT:
                break;
        }
        return -EINVAL;
}

int record_put(struct buffer *out, const struct record *record) {
        size_t before = buffer_len(out);
        int r = put_any(out, record);
        if (r < 0)
                out->end = out->start + before;
        return r;
}

/* A failure's fields as nearly all are: numbers of one byte. Returns false, and reads nothing,
 * where they are others, or may be none. */
static inline bool get_plain_failure(struct message_reader *in, struct record *record) {
        enum { HEAD = sizeof(double) + 3, LENGTH = sizeof(uint32_t), LENGTHS = 2 * LENGTH };
        const char *p = in->rest.data;
        size_t left = in->rest.len;
        uint64_t bits;
        uint32_t lines_len, groups_len;
        if (left < HEAD || p[HEAD - 2] & '\x80' || p[HEAD - 1] & '\x80')
                return false;
        size_t id_len = (size_t)(unsigned char)p[HEAD - 1];
        if (left < HEAD + id_len + LENGTHS)
                return false;
        left -= HEAD + id_len + LENGTHS;
        memcpy(&lines_len, p + HEAD + id_len, LENGTH);
        lines_len = le32toh(lines_len);
        if (left < lines_len)
                return false;
        const char *groups = p + HEAD + id_len + LENGTH + lines_len + LENGTH;
        memcpy(&groups_len, groups - LENGTH, LENGTH);
        groups_len = le32toh(groups_len);
        if (left - lines_len < groups_len)
                return false;
        memcpy(&bits, p, sizeof(bits));
        bits = le64toh(bits);
        memcpy(&record->failure.time, &bits, sizeof(bits));
        record->failure.flags = (uint8_t)p[HEAD - 3];
        record->failure.regex = (uint8_t)p[HEAD - 2];
        record->failure.id = (struct slice){p + HEAD, id_len};
        record->failure.lines = (struct slice){p + HEAD + id_len + LENGTH, lines_len};
        record->failure.groups = (struct slice){groups, groups_len};
        in->rest = (struct slice){groups + groups_len, left - lines_len - groups_len};
        return true;
}

static void get_failure(struct message_reader *in, struct record *record) {
        if (!in->bad && get_plain_failure(in, record))
                return;
        record->failure.time = message_get_f64(in);
        record->failure.flags = message_get_u8(in);
        record->failure.regex = message_get_number(in);
        record->failure.id = message_get_bytes(in, message_get_number(in));
        record->failure.lines = message_get_text(in);
        record->failure.groups = message_get_text(in);
}

static bool is_failure(const struct record *record) {
        return record->failure.id.len <= RECORD_ID_MAX && failure_lines_are_good(record->failure.lines) &&
               failure_groups_are_good(record->failure.groups) && record->failure.time >= 0 &&
               record->failure.time < 1e11; /* false for NaN */
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

int record_get(struct message_reader *in, struct record *ret) {
        int r = record_get_checked(in, ret);
        if (r > 0 && ret->type == RECORD_FAILURE && !is_failure(ret))
                r = -EBADMSG;
        if (r > 0 && ret->type == RECORD_STATE && !is_state(ret))
                r = -EBADMSG;
        in->bad = in->bad || r < 0;
        return r;
}
