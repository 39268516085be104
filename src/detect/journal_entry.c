/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line is the one that python-systemd and upstream's formatting make of the entry (fail2ban/server/filtersystemd.py, 1.1), down to
 * what they do with odd pids. */
#include "detect/journal_entry.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/repr.h"

#define PID_SHOWN 1024 /* bytes of one that is no number */

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

/* Python's int(text, 0) of a text with a prefix: "0x1F", "0o17", "0b1". */
static bool read_prefixed(struct slice text, long long *ret) {
        char digits[24];
        char *end = NULL;
        if (text.len < 3 || text.len >= sizeof(digits) || text.data[0] != '0')
                return false;
        memcpy(digits, text.data, text.len);
        digits[text.len] = '\0';
        char mark = (char)(digits[1] | 0x20);
        int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        if (base == 0 || !isxdigit((unsigned char)digits[2]))
                return false;
        errno = 0;
        *ret = strtoll(digits + 2, &end, base);
        return errno == 0 && *end == '\0';
}

static bool is_digits(struct slice text) {
        for (size_t i = 0; i < text.len; i++)
                if (text.data[i] < '0' || text.data[i] > '9')
                        return false;
        return text.len > 0;
}

/* The field's value, or the empty slice where Python takes it for false: empty, or the number zero. */
static struct slice pid_field(const struct making *making, struct slice name) {
        int64_t number;
        struct slice pid = journal_entry_field(making->entry, name);
        return number_parse_python_int(pid, &number) == 0 && number == 0 ? SLICE("") : pid;
}

/* python-systemd gives an int, or bytes where it is none; upstream tries once more, with prefixes, and then shows what it has. */
static void put_pid(struct making *making) {
        int64_t number;
        long long prefixed;
        struct slice pid = pid_field(making, SLICE("SYSLOG_PID"));
        if (pid.len == 0)
                pid = pid_field(making, SLICE("_PID"));
        if (pid.len == 0)
                return;
        const struct value bytes = {.type = VALUE_BYTES, .string = slice_sub(pid, 0, PID_SHOWN)};
        if (number_parse_python_int(pid, &number) == 0)
                (void)buffer_printf(&making->out, "[%lld]", (long long)number);
        else if (read_prefixed(slice_trim(pid), &prefixed))
                (void)buffer_printf(&making->out, "[%lld]", prefixed);
        else
                put(making, arena_printf(making->arena, "[%.*s]", SLICE_ARG(is_digits(pid) ? bytes.string : repr(&bytes, making->arena))));
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
