/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prefilter tells up to where lines hold no literal of any jail, filter_pass_over() which of
 * these are as usual otherwise. All jails move together, so that no jail is ahead of log->done when
 * a batch is made up. Whatever is out of the ordinary - a line to be skipped, one that only some
 * jails get, careful mode - is left to pipeline.c. */
#include "detect/scan_pass.h"

#include "detect/scan_log.h"

#define MANY 2 /* jails of a log: a single one is asked about lines that are not quiet anyway */

void scan_pass_begin(
        struct scan_pass *pass, const struct scan_log *log, const struct input_chunk *chunk) {
        const struct prefilter *prefilter = log->prefilter.prefilter;
        line_ends_init(&pass->ends, chunk->lines);
        pass->is_ascii = slice_is_ascii(chunk->lines);
        pass->count = 0;
        pass->from = 0;
        if (!prefilter || chunk->cut || log->careful)
                return;
        pass->count = log->attachment_count; /* at most PREFILTER_JAILS_MAX: it has a prefilter */
        for (size_t i = 0; i < pass->count; i++) {
                const struct scan_attachment *attachment = &log->attachments[i];
                pass->passes[i] = (struct filter_pass){
                        .filter = attachment->jail->filter,
                        .lacks = ~prefilter_idle(prefilter)[i],
                };
                if (attachment->from > pass->from)
                        pass->from = attachment->from;
        }
}

static void note_passed(struct scan_log *log, uint64_t lines) {
        for (size_t i = 0; i < log->attachment_count; i++)
                scan_jail_note_passed(log->attachments[i].jail, lines);
}

size_t scan_pass_run(struct scan_pass *pass, struct scan_log *log, size_t at) {
        uint64_t count;
        if (pass->count == 0 || log->done < pass->from)
                return at;
        size_t quiet = prefilter_quiet(log->prefilter.prefilter);
        bool is_skipped = log->skip_at - log->done < pass->ends.text.len - at;
        size_t next = quiet > at ? line_ends_next(&pass->ends, at) : 0;
        if (next == 0 || next > quiet || is_skipped)
                return at; /* of a busy log, most */
        const struct filter_lines lines = {
                .ends = &pass->ends,
                .start = at,
                .end = quiet,
                .is_ascii = pass->is_ascii,
                .in_operation = log->in_operation,
        };
        size_t end = filter_pass_over(pass->passes, pass->count, &lines, &count);
        if (end == at)
                return at;
        note_passed(log, count);
        pass->total += count;
        log->done += end - at;
        return end;
}

bool scan_pass_line(struct scan_pass *pass, size_t index, const struct filter_line *line) {
        if (pass->count < MANY || !filter_pass_line(&pass->passes[index], line))
                return false;
        pass->total++;
        return true;
}

void scan_pass_settle(struct scan_pass *pass, size_t index) {
        if (index < pass->count)
                filter_pass_settle(&pass->passes[index]);
}

void scan_pass_settle_all(struct scan_pass *pass) {
        for (size_t i = 0; i < pass->count; i++)
                filter_pass_settle(&pass->passes[i]);
}

void scan_pass_end(struct scan_pass *pass) {
        scan_pass_settle_all(pass);
        pass->count = 0;
}
