/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit i belongs to attachment i of the log. A jail whose encoding is not ASCII-compatible gets
 * every line: literals are looked for in the raw bytes. Attachments and regexes change between
 * chunks only, so a look at each chunk's beginning is enough. */
#include "detect/log_prefilter.h"

#include "base/memory.h"
#include "detect/scan_log.h"

#define LINES_THAT_TELL 64 /* of fewer lines it says nothing how many are passed over */
#define VAIN_RUN 4         /* lines that are run for one that is passed over */
#define CHUNKS_BETWEEN 8   /* from one in which it is asked in vain to the next */

void log_prefilter_done(struct log_prefilter *log_prefilter) {
        (void)prefilter_free(log_prefilter->prefilter);
        *log_prefilter = (struct log_prefilter){0};
}

/* FNV-1a over what the prefilter depends on. */
static uint64_t key_of(const struct scan_log *log) {
        uint64_t key = UINT64_C(0xcbf29ce484222325);
        for (size_t i = 0; i < log->attachment_count; i++) {
                const struct scan_jail *jail = log->attachments[i].jail;
                const uint64_t parts[] = {
                        jail->id, filter_generation(jail->filter), (uint64_t)jail->encoding};
                for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
                        key = (key ^ parts[k]) * UINT64_C(0x100000001b3);
        }
        return key;
}

static struct prefilter *make(const struct scan_log *log, struct slice sample) {
        struct prefilter_jail jails[PREFILTER_JAILS_MAX] = {{0}};
        if (log->attachment_count > PREFILTER_JAILS_MAX)
                return NULL;
        for (size_t i = 0; i < log->attachment_count; i++) {
                struct scan_jail *jail = log->attachments[i].jail;
                if (line_encoding_is_ascii_compatible(jail->encoding))
                        jails[i].clauses = filter_clauses(jail->filter, sample, &jails[i].count);
        }
        return prefilter_new(jails, log->attachment_count, sample);
}

/* Whether the lines are searched sooner than looked through: of a busy log, whose only jail finds
 * out quickly what each is. Now and then it is asked all the same, as logs change. */
static bool rests(struct log_prefilter *log_prefilter, const struct scan_log *log) {
        if (!log_prefilter->is_vain || log->attachment_count != 1)
                return false;
        const struct scan_jail *jail = log->attachments[0].jail;
        return jail->keeps_ascii && filter_needs_no_hints(jail->filter) &&
               ++log_prefilter->rests % CHUNKS_BETWEEN != 0;
}

bool log_prefilter_scan(
        struct log_prefilter *log_prefilter, const struct scan_log *log, struct slice lines) {
        uint64_t key = key_of(log);
        if (key != log_prefilter->key)
                log_prefilter_done(log_prefilter);
        log_prefilter->key = key;
        log_prefilter->bytes += lines.len;
        if (!log_prefilter->tried && log_prefilter->bytes > LOG_PREFILTER_AFTER) {
                log_prefilter->prefilter = make(log, lines);
                log_prefilter->tried = true;
        }
        if (!log_prefilter->prefilter || rests(log_prefilter, log))
                return false;
        prefilter_scan(log_prefilter->prefilter, lines);
        return true;
}

void log_prefilter_note(struct log_prefilter *log_prefilter, uint64_t run, uint64_t passed) {
        if (run + passed >= LINES_THAT_TELL)
                log_prefilter->is_vain = passed < run / VAIN_RUN;
}

const uint64_t *log_prefilter_line(
        struct log_prefilter *log_prefilter, struct slice line, struct slice lines) {
        size_t start = (size_t)(line.data - lines.data);
        return prefilter_line(log_prefilter->prefilter, line, start, start + line.len);
}
