/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields are lines; only a value that holds a newline has its length before it. Upstream's handler
 * sends the bare message, and so do we: the journal has time, level and process itself. */
#include "enforce/diag_journal.h"

#include <endian.h>
#include <syslog.h>

/* By ranges, as Python's journal handler maps them: a NOTICE is a warning there. */
static int journal_priority(enum diag_level level) {
        if (level <= DIAG_DEBUG)
                return LOG_DEBUG;
        if (level <= DIAG_INFO)
                return LOG_INFO;
        if (level <= DIAG_WARNING)
                return LOG_WARNING;
        return level <= DIAG_ERROR ? LOG_ERR : level <= DIAG_CRITICAL ? LOG_CRIT : LOG_ALERT;
}

/* A text with newlines has its length before it instead of an end mark. */
static int put_field(struct buffer *out, const char *field, struct slice text) {
        if (slice_find_char(text, '\n', 0) == text.len)
                return buffer_printf(out, "%s=%.*s\n", field, SLICE_ARG(text));
        uint64_t len = htole64((uint64_t)text.len);
        int r = buffer_printf(out, "%s\n", field);
        if (r == 0)
                r = buffer_append(out, (struct slice){(const char *)&len, sizeof(len)});
        if (r == 0)
                r = buffer_append(out, text);
        return r < 0 ? r : buffer_append_char(out, '\n');
}

int diag_journal_put(struct buffer *out, const struct diag_record *record) {
        int r = buffer_printf(out,
                "PRIORITY=%d\nSYSLOG_IDENTIFIER=fail2ban\nSYSLOG_PID=%d\nLOGGER=%s\n",
                journal_priority(record->level), (int)record->pid, record->logger);
        return r < 0 ? r : put_field(out, "MESSAGE", record->text);
}
