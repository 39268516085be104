/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A written line consists of pieces between references; the regex must have all of them in their
 * order, the first in front and the last at its end. The line with most letters in its pieces is
 * the regex's; one within the option beats others. */
#include "main/regex_place.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/text.h"

#define LETTERS_MIN 4 /* fewer say nothing */

static void read_file(const char *path, struct buffer *out) {
        CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return;
        for (;;) {
                char *room = buffer_room(out, 65536);
                ssize_t n = room ? read(fd, room, 65536) : 0;
                if (n <= 0)
                        return;
                buffer_commit(out, (size_t)n);
        }
}

static bool is_name(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '/' || c == '?';
}

/* Length of the reference at from: %(name)s, %% or <name>. */
static size_t reference_at(struct slice text, size_t from) {
        char c = text.data[from];
        size_t at = from + 1;
        if (c == '%' && at < text.len && text.data[at] == '(') {
                size_t end = slice_find_char(text, ')', at);
                return end + 1 < text.len ? end + 2 - from : 0;
        }
        if (c == '%' && at < text.len && text.data[at] == '%')
                return 2;
        if (c != '<')
                return 0;
        while (at < text.len && is_name(text.data[at]))
                at++;
        return at < text.len && text.data[at] == '>' && at > from + 1 ? at + 1 - from : 0;
}

/* Letters of the pieces if written can have become regex, else 0. A tag of a regex (<HOST>) stays
 * as it is, so it counts as a piece where the regex has it. */
static size_t fit(struct slice written, struct slice regex) {
        size_t at = 0; /* in regex */
        size_t letters = 0;
        size_t start = 0;
        bool is_free = false; /* a reference came before: the piece may stand anywhere */
        for (size_t i = 0; i <= written.len; i++) {
                size_t len = i < written.len ? reference_at(written, i) : 1;
                if (len == 0)
                        continue;
                struct slice piece = slice_sub(written, start, i);
                bool is_last = i == written.len;
                size_t hit = is_last && is_free && piece.len <= regex.len - at
                                     ? regex.len - piece.len
                                     : slice_find(regex, piece, at);
                bool found = hit <= regex.len - piece.len && piece.len <= regex.len &&
                             slice_has_prefix(slice_sub(regex, hit, regex.len), piece) &&
                             (is_free || hit == at) && (!is_last || hit + piece.len == regex.len);
                if (!found)
                        return 0;
                at = hit + piece.len;
                letters += piece.len;
                struct slice reference = slice_sub(written, i, i + len);
                is_free = !slice_has_prefix(slice_sub(regex, at, regex.len), reference);
                if (!is_free && !is_last) {
                        at += len;
                        letters += len;
                }
                i += is_last ? 0 : len - 1;
                start = i + 1;
        }
        return letters;
}

/* What of a line is a value: all of a continuation, or what comes behind the name. */
static struct slice value_of(struct slice line) {
        bool goes_on = line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
        size_t equals = goes_on ? line.len : slice_find_char(line, '=', 0);
        return text_strip(equals < line.len ? slice_sub(line, equals + 1, line.len) : line);
}

static bool is_comment(struct slice line) {
        struct slice text = text_strip(line);
        return text.len == 0 || text.data[0] == '#' || text.data[0] == ';';
}

unsigned regex_place_line(const struct value_origin *origin, struct slice regex) {
        struct buffer file = BUFFER_INIT(REGEX_PLACE_FILE_MAX);
        unsigned best = origin->line;
        size_t most = LETTERS_MIN - 1;
        unsigned number = 0;
        bool is_own = false;
        struct slice line;
        read_file(origin->file, &file);
        struct slice rest = buffer_view(&file);
        while (rest.data && slice_next_piece(&rest, '\n', &line)) {
                number++;
                if (number == origin->line)
                        is_own = true;
                else if (line.len > 0 && line.data[0] != ' ' && line.data[0] != '\t' &&
                         !is_comment(line))
                        is_own = false;
                if (is_comment(line))
                        continue;
                size_t letters = fit(value_of(line), regex);
                letters += letters >= LETTERS_MIN && is_own ? regex.len : 0;
                if (letters > most) {
                        most = letters;
                        best = number;
                }
        }
        buffer_done(&file);
        return best;
}
