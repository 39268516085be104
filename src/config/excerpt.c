/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file is read anew: excerpts are few, and what was parsed has lost its form. Columns are
 * characters, and what would move a terminal's cursor is shown as a blank. */
#include "config/excerpt.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/ini.h"
#include "config/text.h"

#define MARGIN 20u /* characters in front of what is marked, in a line that is too long */

/* What of a line is marked. */
struct mark {
        struct slice line;
        unsigned number;
        size_t start;
        size_t end;
};

static void read_file(const char *path, struct buffer *out) {
        CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        ssize_t n = fd < 0 ? 0 : 1;
        while (n > 0) {
                char *room = buffer_room(out, 64 << 10);
                n = room ? read(fd, room, 64 << 10) : 0;
                if (n > 0)
                        buffer_commit(out, (size_t)n);
        }
}

/* Where the value starts in an option's first line. */
static size_t value_start(struct slice line) {
        size_t at = 0;
        while (at < line.len && line.data[at] != '=' && line.data[at] != ':')
                at++;
        return at < line.len ? text_skip_blanks(line, at + 1) : 0;
}

static bool goes_on(struct slice line) {
        return line.len == 0 || line.data[0] == ' ' || line.data[0] == '\t' ||
               line.data[0] == '#' || line.data[0] == ';';
}

/* Marks the value in the line, or part of it. Returns whether there is anything to mark. */
static bool mark_line(struct mark *mark, struct slice line, size_t start, struct slice part) {
        size_t end = text_strip_right(line).len;
        size_t found = slice_find(line, part, start);
        if (start >= end || (part.len > 0 && found >= end))
                return false;
        mark->line = slice_sub(line, 0, end);
        mark->start = part.len > 0 ? found : start;
        mark->end = part.len > 0 ? found + part.len : end;
        return true;
}

/* Looks through the lines of the option. */
static bool search(struct mark *mark, struct slice rest, const struct value_origin *origin,
        struct slice part) {
        struct slice line;
        unsigned number = 0;
        while (slice_next_piece(&rest, '\n', &line)) {
                number++;
                if (number < origin->line)
                        continue;
                bool is_first = number == origin->line;
                if ((!is_first && (!origin->option || !goes_on(line))) ||
                        number - origin->line > EXCERPT_LINES_MAX)
                        break;
                bool is_value = is_first && origin->option && !slice_is(part, origin->option);
                size_t start = is_value ? value_start(line) : text_skip_blanks(line, 0);
                mark->number = number;
                if (mark_line(mark, line, start, part))
                        return true;
        }
        return false;
}

/* Bytes that count characters from at take. */
static size_t skip_characters(struct slice s, size_t at, size_t count) {
        size_t end = at;
        while (end < s.len && count > 0) {
                end++;
                while (end < s.len && ((unsigned char)s.data[end] & 0xc0) == 0x80)
                        end++;
                count--;
        }
        return end;
}

static struct slice printable(struct slice s, struct arena *arena) {
        char *out = arena_alloc(arena, s.len + 1);
        for (size_t i = 0; i < s.len; i++) {
                unsigned char c = (unsigned char)s.data[i];
                out[i] = c < 0x20 || c == 0x7f ? ' ' : s.data[i];
        }
        return (struct slice){out, s.len};
}

static struct slice row_of(char c, size_t count, struct arena *arena) {
        char *out = arena_alloc(arena, count + 1);
        memset(out, c, count);
        return (struct slice){out, count};
}

/* Cuts the line so that the mark shows, and draws both. */
static struct slice draw(const struct mark *mark, struct arena *arena) {
        struct slice line = mark->line;
        size_t before = text_length(slice_sub(line, 0, mark->start));
        size_t skipped =
                text_length(line) > EXCERPT_COLUMNS && before > MARGIN ? before - MARGIN : 0;
        size_t from = skip_characters(line, 0, skipped);
        size_t to = skip_characters(line, from, EXCERPT_COLUMNS);
        size_t end = mark->end < to ? mark->end : to;
        size_t carets = end > mark->start ? text_length(slice_sub(line, mark->start, end)) : 1;
        size_t indent = before - skipped + (skipped > 0 ? 3 : 0);
        return arena_printf(arena, "%6u | %s%.*s%s\n       | %.*s%.*s", mark->number,
                skipped > 0 ? "..." : "", SLICE_ARG(printable(slice_sub(line, from, to), arena)),
                to < line.len ? "..." : "", SLICE_ARG(row_of(' ', indent, arena)),
                SLICE_ARG(row_of('^', carets, arena)));
}

bool excerpt_is_written(const char *file, struct slice text) {
        struct buffer bytes = BUFFER_INIT(INI_FILE_MAX + (64 << 10));
        read_file(file, &bytes);
        struct slice view = buffer_view(&bytes);
        bool found = slice_find(view, text, 0) < view.len;
        buffer_done(&bytes);
        return found;
}

struct excerpt excerpt_make(
        const struct value_origin *origin, struct slice part, struct arena *arena) {
        struct buffer bytes = BUFFER_INIT(INI_FILE_MAX + (64 << 10));
        struct mark mark = {.number = 0};
        struct excerpt excerpt = {.line = origin->line, .text = SLICE("")};
        size_t ignored;
        read_file(origin->file, &bytes);
        struct slice text = buffer_view(&bytes);
        bool readable = text.data && !text_utf8_flaw(text, &ignored);
        excerpt.is_exact = readable && part.len > 0 && search(&mark, text, origin, part);
        if (excerpt.is_exact || (readable && search(&mark, text, origin, SLICE("")))) {
                excerpt.line = mark.number;
                excerpt.text = draw(&mark, arena);
        }
        buffer_done(&bytes);
        return excerpt;
}
