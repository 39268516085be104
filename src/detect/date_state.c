/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a detector has learnt, as bytes: the order of its templates with their hits, and where the
 * last date stood. Templates are told apart by a hash of their pattern, so that bytes of a detector
 * with other patterns are seen as such, and are not taken. */
#include <errno.h>

#include "base/arena.h"
#include "base/table.h"
#include "channel/message.h"
#include "detect/date_detector.h"

#define VERSION 1

static uint64_t identity(const struct date_template *template) {
        static const uint64_t seed[2] = {0, 0};
        return table_siphash(seed, slice_of(template->key));
}

int date_detector_save(const struct date_detector *detector, struct buffer *out) {
        int r = message_put_u8(out, VERSION);
        r |= message_put_u32(out, (uint32_t)detector->count);
        for (size_t i = 0; i < detector->count; i++) {
                const struct date_entry *entry = &detector->entries[i];
                r |= message_put_u64(out, identity(entry->template));
                r |= message_put_u64(out, entry->template->hits);
                r |= message_put_u64(out, entry->hits);
                r |= message_put_f64(out, entry->last_used);
                r |= message_put_u64(out, entry->distance);
        }
        r |= message_put_u64(out, detector->last);
        r |= message_put_u64(out, detector->first_unused);
        r |= message_put_u64(out, detector->start_chars);
        r |= message_put_u64(out, detector->end_chars);
        r |= message_put_u32(out, detector->before);
        r |= message_put_u32(out, detector->first);
        r |= message_put_u32(out, detector->final);
        r |= message_put_u32(out, detector->after);
        return r == 0 ? 0 : -ENOBUFS;
}

/* Takes the entry of this template out of those not yet placed. */
static bool take_entry(struct date_entry *entries, size_t from, size_t count, uint64_t wanted) {
        for (size_t i = from; i < count; i++) {
                if (identity(entries[i].template) != wanted)
                        continue;
                struct date_entry found = entries[i];
                entries[i] = entries[from];
                entries[from] = found;
                return true;
        }
        return false;
}

static int load_entries(struct message_reader *in, struct date_entry *entries, size_t count) {
        for (size_t i = 0; i < count; i++) {
                if (!take_entry(entries, i, count, message_get_u64(in)))
                        return -EBADMSG;
                uint64_t shared_hits = message_get_u64(in);
                if (!in->bad && shared_hits > entries[i].template->hits)
                        entries[i].template->hits = shared_hits;
                entries[i].hits = message_get_u64(in);
                entries[i].last_used = message_get_f64(in);
                entries[i].distance = message_get_u64(in);
        }
        return in->bad ? -EBADMSG : 0;
}

int date_detector_load(struct date_detector *detector, struct slice blob) {
        struct message_reader in = message_reader_of(blob);
        struct date_detector loaded = *detector;
        uint8_t version = message_get_u8(&in);
        uint32_t count = message_get_u32(&in);
        if (in.bad || version != VERSION || count > DATE_TEMPLATES_MAX)
                return -EBADMSG;
        if (count == 0)
                return 0;
        if (detector->count == 0 && date_detector_use_defaults(detector, NULL) < 0)
                return -EBADMSG;
        if (detector->count != count)
                return -EBADMSG;
        struct arena arena = ARENA_INIT;
        struct date_entry *entries = arena_alloc_array(&arena, count, sizeof(*entries));
        memcpy(entries, detector->entries, count * sizeof(*entries));
        int r = load_entries(&in, entries, count);
        loaded.entries = detector->entries;
        loaded.count = detector->count;
        loaded.capacity = detector->capacity;
        loaded.last = message_get_u64(&in);
        loaded.first_unused = message_get_u64(&in);
        loaded.start_chars = message_get_u64(&in);
        loaded.end_chars = message_get_u64(&in);
        loaded.before = message_get_u32(&in);
        loaded.first = message_get_u32(&in);
        loaded.final = message_get_u32(&in);
        loaded.after = message_get_u32(&in);
        if (r < 0 || !message_read_end(&in)) {
                arena_done(&arena);
                return -EBADMSG;
        }
        memcpy(detector->entries, entries, count * sizeof(*entries));
        *detector = loaded;
        date_memo_forget(&detector->memo);
        arena_done(&arena);
        return 0;
}
