/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A match is widened to whole lines; what the skiplinesN groups captured is cut into lines, and
 * each of these is taken out of the matched ones where its text appears next. Upstream:
 * fail2ban/server/failregex.py search(), 1.1. */
#include "detect/matched_lines.h"

#include <stdio.h>
#include <string.h>

#include "detect/digit.h"

static size_t count_newlines(struct slice text, size_t end) {
        size_t count = 0;
        for (size_t at = slice_find_char(text, '\n', 0); at < end;
                at = slice_find_char(text, '\n', at + 1))
                count++;
        return count;
}

/* The start of the line with the match's start in it; a newline there belongs to the line before.
 */
static size_t line_start(struct slice text, size_t match_start) {
        size_t at = match_start < text.len ? match_start + 1 : text.len;
        while (at > 0 && text.data[at - 1] != '\n')
                at--;
        return at;
}

/* Behind the newline of the line with the match's last character. An empty match at the very start
 * counts as one at the end. */
static size_t line_end(struct slice text, size_t match_end) {
        size_t at = slice_find_char(text, '\n', match_end > 0 ? match_end - 1 : text.len - 1);
        return at < text.len ? at + 1 : text.len;
}

/* Takes the next line off *rest, cut where Python's splitlines() cuts. */
static struct slice next_line(struct slice *rest) {
        size_t at = 0;
        size_t len = 0;
        for (; at < rest->len; at += len) {
                uint32_t c = digit_decode_utf8(*rest, at, &len);
                if ((c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 ||
                        c == 0x2028 || c == 0x2029)
                        break;
        }
        struct slice line = slice_sub(*rest, 0, at);
        if (at + 1 < rest->len && rest->data[at] == '\r' && rest->data[at + 1] == '\n')
                len = 2;
        *rest = slice_sub(*rest, at < rest->len ? at + len : at, rest->len);
        return line;
}

static bool has_text(const struct line_tuple *line, struct slice text) {
        return line->before.len + line->after.len == text.len &&
               slice_equal(line->before, slice_sub(text, 0, line->before.len)) &&
               slice_equal(line->after, slice_sub(text, line->before.len, text.len));
}

/* Moves the first line from *next on with this text to the unmatched ones. */
static void skip_line(struct matched_lines *lines, struct slice text, size_t *next) {
        struct line_list *matched = &lines->matched;
        for (size_t i = *next; i < matched->count; i++) {
                if (!has_text(&matched->items[i], text))
                        continue;
                lines->unmatched.items[lines->unmatched.count++] = matched->items[i];
                matched->count--;
                memmove(&matched->items[i], &matched->items[i + 1],
                        (matched->count - i) * sizeof(matched->items[0]));
                *next = i;
                return;
        }
}

/* All that skiplines0, skiplines1, ... captured, one behind the other. */
static struct slice skipped_text(const struct failregex *regex, struct slice text,
        const struct pattern_match *match, struct arena *arena) {
        char *bytes = arena_alloc(arena, text.len + 1);
        struct slice all = {bytes, 0};
        for (unsigned n = 0;; n++) {
                char name[32];
                size_t start;
                size_t stop;
                (void)snprintf(name, sizeof(name), "skiplines%u", n);
                size_t group = pattern_group_number(regex->pattern, slice_of(name));
                if (group == 0)
                        return all;
                if (!pattern_match_span(match, group, &start, &stop) ||
                        all.len + stop - start > text.len)
                        continue;
                memcpy(bytes + all.len, text.data + start, stop - start);
                all.len += stop - start;
        }
}

static void add_lines(
        struct line_list *to, const struct line_list *from, size_t first, size_t last) {
        for (size_t i = first; i < last && i < from->count; i++)
                to->items[to->count++] = from->items[i];
}

void matched_lines_find(const struct failregex *regex, struct slice text,
        const struct pattern_match *match, const struct line_list *lines, struct arena *arena,
        struct matched_lines *ret) {
        *ret = (struct matched_lines){.matched = *lines};
        if (lines->count <= 1)
                return;
        ret->matched = (struct line_list){
                .items = arena_alloc_array(arena, lines->count, sizeof(*lines->items))};
        ret->unmatched = (struct line_list){
                .items = arena_alloc_array(arena, lines->count, sizeof(*lines->items))};
        size_t start = 0;
        size_t end = 0;
        (void)pattern_match_span(match, 0, &start, &end);
        size_t first = count_newlines(text, line_start(text, start));
        size_t last = count_newlines(text, line_end(text, end));
        add_lines(&ret->matched, lines, first, last);
        add_lines(&ret->unmatched, lines, 0, first);
        struct slice rest = skipped_text(regex, text, match, arena);
        for (size_t next = 0; rest.len > 0;)
                skip_line(ret, next_line(&rest), &next);
        add_lines(&ret->unmatched, lines, last > first ? last : first, lines->count);
}
