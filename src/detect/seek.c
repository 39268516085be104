/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bisection over byte offsets: a probe goes to the next line start and asks the first few lines for a date. It only narrows the low end
 * behind a line that is known to be older, so that an error costs time, never lines. The last window is gone through line by line. */
#include "detect/seek.h"

#include <errno.h>
#include <unistd.h>

#define WINDOW ((size_t)64 << 10)
#define LINES_ASKED 6
#define ROUNDS_MAX 64 /* offsets have 64 bits */

struct search {
        const struct input_file *file;
        double target;
        seek_date *date;
        void *user;
        uint64_t low;  /* start of a line; all before is older */
        uint64_t high; /* nothing known at and behind it needs to be looked at */
};

static size_t read_window(const struct search *search, uint64_t offset, char *bytes) {
        ssize_t got = pread(search->file->fd, bytes, WINDOW, (off_t)offset);
        return got > 0 ? (size_t)got : 0;
}

/* Goes through the lines of window, which starts at a line start at offset base. Returns true if a line at or after target came; all
 * older lines move low. */
static bool scan_lines(struct search *search, struct slice window, uint64_t base, unsigned lines_max, bool *ret_dated) {
        *ret_dated = false;
        size_t at = 0;
        for (unsigned i = 0; i < lines_max && at < window.len; i++) {
                size_t end = slice_find_char(window, '\n', at);
                if (end == window.len)
                        break;
                double time;
                if (search->date(search->user, slice_sub(window, at, end + 1), &time)) {
                        *ret_dated = true;
                        if (time >= search->target)
                                return true;
                        search->low = base + end + 1;
                }
                at = end + 1;
        }
        return false;
}

/* One bisection step. Returns false if it brought nothing. */
static bool probe(struct search *search, char *bytes) {
        uint64_t middle = search->low + (search->high - search->low) / 2;
        struct slice window = {bytes, read_window(search, middle, bytes)};
        size_t end = slice_find_char(window, '\n', 0);
        uint64_t low = search->low;
        bool dated;
        if (end == window.len) {
                search->high = middle;
                return true;
        }
        struct slice lines = slice_sub(window, end + 1, window.len);
        if (scan_lines(search, lines, middle + end + 1, LINES_ASKED, &dated) || !dated)
                search->high = middle;
        return search->high == middle || search->low != low;
}

uint64_t seek_time(const struct input_file *file, double target, seek_date *date, void *user) {
        char bytes[WINDOW];
        struct search search = {file, target, date, user, file->position, input_file_size(file)};
        if (search.high <= search.low)
                return search.low;
        for (int round = 0; round < ROUNDS_MAX && search.high > search.low + WINDOW / 2; round++)
                if (!probe(&search, bytes))
                        break;
        for (uint64_t from = search.low;;) {
                bool dated;
                struct slice window = {bytes, read_window(&search, from, bytes)};
                if (scan_lines(&search, window, from, UINT32_MAX, &dated) || search.low == from)
                        return search.low;
                from = search.low;
        }
}
