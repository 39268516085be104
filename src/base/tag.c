/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One idea of what a tag is, for the configuration and for actions. A '<' inside of a tag begins
 * another one, so the innermost of nested tags is found. */
#include "base/tag.h"

#include <errno.h>

bool tag_find(struct slice text, size_t from, size_t *ret_start, size_t *ret_end) {
        size_t start = slice_find_char(text, '<', from);
        while (start < text.len) {
                size_t end = start + 1;
                while (end < text.len && text.data[end] != ' ' && text.data[end] != '<' &&
                        text.data[end] != '>')
                        end++;
                if (end < text.len && text.data[end] == '>' && end > start + 1) {
                        *ret_start = start;
                        *ret_end = end + 1;
                        return true;
                }
                start = slice_find_char(text, '<', end);
        }
        return false;
}

int tag_replace(struct slice text, tag_replacement *replacement, void *user, struct buffer *out) {
        size_t from = 0;
        size_t start;
        size_t end;
        while (tag_find(text, from, &start, &end)) {
                int r = buffer_append(out, slice_sub(text, from, start));
                if (r == 0)
                        r = buffer_append(out, replacement(user, slice_sub(text, start, end)));
                if (r < 0)
                        return r;
                from = end;
        }
        return buffer_append(out, slice_sub(text, from, text.len));
}

int tag_replace_all(struct slice *text, struct slice whole, struct slice with, size_t max,
        struct arena *arena) {
        struct buffer out = BUFFER_INIT(max);
        int r = 0;
        for (size_t at = 0; r == 0 && at < text->len;) {
                size_t next = slice_find(*text, whole, at);
                r = buffer_append(&out, slice_sub(*text, at, next));
                if (r == 0 && next < text->len)
                        r = buffer_append(&out, with);
                at = next + whole.len;
        }
        if (r == 0)
                *text = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return r < 0 ? -E2BIG : 0;
}
