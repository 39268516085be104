/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prefilter tells up to where lines hold no literal of any jail, filter_pass_over() which of
 * these are as usual otherwise; and of a line with literals, which jails have none there. Lines are
 * numbered, and a jail that runs one by itself, or is asked for something, is told how many it has
 * missed: so a line costs nothing for the jails that it is nothing to. All jails move together, so
 * that no jail is ahead of log->done when a batch is made up. Whatever is out of the ordinary - a
 * line to be skipped, one that only some jails get, careful mode - is left to pipeline.c. */
#include "detect/scan_pass.h"

#include "detect/scan_jail.h"
#include "detect/scan_log.h"

#define MANY 2 /* jails of a log: a single one has to run what is not quiet anyway */

_Static_assert(FILTER_PASSES_MAX >= PREFILTER_JAILS_MAX, "all jails of a log can be passed");

void scan_pass_begin(struct scan_pass *pass, struct scan_log *log, const struct input_chunk *chunk,
        bool is_scanned) {
        const struct prefilter *prefilter = log->prefilter.prefilter;
        size_t count = 0;
        pass->log = log;
        line_ends_find(&pass->ends, chunk->lines);
        pass->from = 0;
        if (is_scanned && !log->careful)
                count = log->attachment_count; /* at most PREFILTER_JAILS_MAX */
        for (size_t i = 0; i < count; i++) {
                const struct scan_attachment *attachment = &log->attachments[i];
                pass->passes.items[i].filter = attachment->jail->filter;
                pass->passes.items[i].lacks = ~prefilter_idle(prefilter)[i];
                if (attachment->from > pass->from)
                        pass->from = attachment->from;
        }
        filter_pass_begin(&pass->passes, count);
}

size_t scan_pass_run(struct scan_pass *pass, size_t at) {
        struct scan_log *log = pass->log;
        uint64_t count;
        if (pass->passes.count == 0 || log->done < pass->from)
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
                .is_ascii = pass->ends.is_ascii,
                .in_operation = log->in_operation,
        };
        size_t end = filter_pass_over(&pass->passes, &lines, &count);
        pass->total += count;
        log->done += end - at;
        return end;
}

/* Those that the line leads to something with, as far as its hints tell. */
static uint64_t busy_of(const struct scan_pass *pass, const uint64_t *hints) {
        uint64_t left = prefilter_touched(pass->log->prefilter.prefilter);
        uint64_t busy = 0;
        for (; left != 0; left &= left - 1) {
                size_t i = (size_t)__builtin_ctzll(left);
                if (!filter_is_hopeless(pass->passes.items[i].filter, ~hints[i]))
                        busy |= left & -left;
        }
        return busy;
}

bool scan_pass_line(struct scan_pass *pass, const struct filter_line *line, const uint64_t *hints,
        uint64_t *ret_busy) {
        if (pass->passes.count < MANY || pass->log->done < pass->from)
                return false;
        uint64_t busy = busy_of(pass, hints);
        if (!filter_pass_fits(&pass->passes, line, &busy))
                return false;
        for (uint64_t left = busy; left != 0; left &= left - 1)
                scan_pass_settle(pass, (size_t)__builtin_ctzll(left));
        filter_pass_add(&pass->passes, line, busy);
        pass->total++;
        *ret_busy = busy;
        return true;
}

void scan_pass_settle(struct scan_pass *pass, size_t index) {
        if (index >= pass->passes.count)
                return;
        uint64_t lines = filter_pass_settle(&pass->passes, index);
        if (lines > 0)
                scan_jail_note_passed(pass->log->attachments[index].jail, lines);
}

void scan_pass_settle_all(struct scan_pass *pass) {
        for (size_t i = 0; i < pass->passes.count; i++)
                scan_pass_settle(pass, i);
}

void scan_pass_end(struct scan_pass *pass) {
        scan_pass_settle_all(pass);
        pass->passes.count = 0;
}
