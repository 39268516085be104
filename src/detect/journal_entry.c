/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line is the one that python-systemd and upstream's formatting make of the entry (fail2ban/server/filtersystemd.py, 1.1), down to
 * what they do with odd pids. */
#include "detect/journal_entry.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"

struct slice journal_entry_field(const struct journal_entry *entry, struct slice name) {
        for (size_t i = 0; i < entry->count; i++) {
                struct slice field = entry->fields[i];
                if (slice_has_prefix(field, name) && field.len > name.len && field.data[name.len] == '=')
                        return slice_sub(field, name.len + 1, field.len);
        }
        return SLICE_NULL;
}

static bool read_us(struct slice text, uint64_t *ret) {
        uint64_t sum = 0;
        text = slice_trim(text);
        if (text.len == 0 || text.len > 18)
                return false;
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] < '0' || text.data[i] > '9')
                        return false;
                sum = sum * 10 + (uint64_t)(text.data[i] - '0');
        }
        *ret = sum;
        return true;
}

struct making {
        const struct journal_entry *entry;
        enum line_encoding encoding;
        struct arena *arena;
        struct buffer out;
        bool repaired;
};

static struct slice decode(struct making *making, struct slice raw) {
        bool repaired = false;
        struct slice text = line_decode(making->encoding, raw, making->arena, &repaired);
        making->repaired = making->repaired || repaired;
        return text;
}

static void put(struct making *making, struct slice text) {
        for (size_t at = 0; at <= text.len;) {
                size_t end = slice_find_char(text, '\n', at);
                (void)buffer_append(&making->out, slice_sub(text, at, end)); /* full: the rest is not looked at */
                if (end < text.len)
                        (void)buffer_append(&making->out, SLICE("\\n"));
                at = end + 1;
        }
}

/* Python's int(text, 0), where that is an integer that fits. Anything else stays a text. */
static bool read_pid(struct slice text, long long *ret) {
        char digits[32];
        size_t len = 0;
        text = slice_trim(text);
        for (size_t i = 0; i < text.len; i++) {
                bool joined = text.data[i] == '_' && i > 0 && i + 1 < text.len && text.data[i - 1] != '_';
                if (joined)
                        continue;
                if (len + 1 >= sizeof(digits))
                        return false;
                digits[len++] = text.data[i];
        }
        digits[len] = '\0';
        size_t sign = digits[0] == '-' || digits[0] == '+';
        int base = 10;
        if (digits[sign] == '0' && digits[sign + 1] != '\0') {
                char mark = (char)(digits[sign + 1] | 0x20);
                base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
                *ret = 0;
                if (base == 0) /* leading zeros are allowed of zero alone */
                        return strspn(digits + sign, "0") == len - sign;
                memmove(digits + sign, digits + sign + 2, len - sign - 1);
        }
        const char *first = digits + sign;
        char *end = NULL;
        if (!((*first >= '0' && *first <= '9') || (base == 16 && ((*first | 0x20) >= 'a' && (*first | 0x20) <= 'f'))))
                return false;
        errno = 0;
        *ret = strtoll(digits, &end, base);
        return errno == 0 && *end == '\0';
}

static bool is_zero_pid(struct slice pid, bool integral) {
        long long number;
        return integral && read_pid(pid, &number) && number == 0;
}

static void put_pid(struct making *making) {
        long long number;
        struct slice pid = journal_entry_field(making->entry, SLICE("SYSLOG_PID"));
        if (pid.len == 0 || is_zero_pid(pid, true))
                pid = journal_entry_field(making->entry, SLICE("_PID"));
        if (pid.len == 0 || is_zero_pid(pid, true))
                return;
        if (read_pid(pid, &number))
                (void)buffer_printf(&making->out, "[%lld]", number);
        else {
                put(making, SLICE("["));
                put(making, decode(making, pid));
                put(making, SLICE("]"));
        }
}

static void put_monotonic(struct making *making) {
        uint64_t us;
        if (!read_us(journal_entry_field(making->entry, SLICE("_SOURCE_MONOTONIC_TIMESTAMP")), &us))
                us = making->entry->monotonic_us;
        (void)buffer_printf(&making->out, " [%12.6f]", (double)us / 1e6);
}

/* Each part is parted from what stands before it. */
static void put_blank(struct making *making) {
        if (buffer_len(&making->out) > 0)
                (void)buffer_append_char(&making->out, ' ');
}

static void put_sender(struct making *making) {
        struct slice ident = journal_entry_field(making->entry, SLICE("SYSLOG_IDENTIFIER"));
        if (ident.len == 0)
                ident = journal_entry_field(making->entry, SLICE("_COMM"));
        if (ident.len == 0)
                return;
        put_blank(making);
        size_t start = buffer_len(&making->out);
        put(making, decode(making, ident));
        put_pid(making);
        put(making, SLICE(":"));
        struct slice all = buffer_view(&making->out);
        if (slice_is(slice_sub(all, start, all.len), "kernel:"))
                put_monotonic(making);
}

/* All values of MESSAGE, parted by blanks. */
static void put_message(struct making *making) {
        struct slice name = SLICE("MESSAGE=");
        bool first = true;
        put_blank(making);
        for (size_t i = 0; i < making->entry->count; i++) {
                struct slice field = making->entry->fields[i];
                if (!slice_has_prefix(field, name))
                        continue;
                if (!first)
                        put(making, SLICE(" "));
                first = false;
                put(making, decode(making, slice_sub(field, name.len, field.len)));
        }
}

struct journal_line journal_entry_line(const struct journal_entry *entry, enum line_encoding encoding, struct arena *arena) {
        struct making making = {.entry = entry, .encoding = encoding, .arena = arena, .out = BUFFER_INIT(JOURNAL_TEXT_MAX)};
        struct journal_line line = {0};
        char iso[CLOCK_ISO_MAX];
        uint64_t us;
        struct slice host = journal_entry_field(entry, SLICE("_HOSTNAME"));
        if (host.len > 0)
                put(&making, decode(&making, host));
        put_sender(&making);
        put_message(&making);
        if (!read_us(journal_entry_field(entry, SLICE("_SOURCE_REALTIME_TIMESTAMP")), &us))
                us = entry->realtime_us;
        line.time = (double)us / 1e6;
        line.date_text = arena_printf(arena, "%s ", clock_iso_text(us, iso));
        line.text = arena_copy(arena, buffer_view(&making.out));
        line.repaired = making.repaired;
        buffer_done(&making.out);
        return line;
}

uint64_t journal_entry_size(const struct journal_entry *entry) {
        uint64_t size = 1;
        for (size_t i = 0; i < entry->count; i++)
                if (slice_has_prefix(entry->fields[i], SLICE("MESSAGE=")))
                        size += entry->fields[i].len;
        return size;
}
