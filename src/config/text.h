/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Python's str does to text, as far as configuration files show it: blanks, lower case,
 * UTF-8. And where the name in a path begins. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"

/* Length in bytes of the blank (in the sense of str.isspace) that starts at / ends before at; 0 if
 * there is none. */
size_t text_blank_at(struct slice s, size_t at);
size_t text_blank_before(struct slice s, size_t at);
/* Position of the first byte at or after from that is no blank, or s.len. */
size_t text_skip_blanks(struct slice s, size_t from);
struct slice text_strip(struct slice s);
struct slice text_strip_right(struct slice s);
/* Number of blank characters (not bytes) s starts with. */
size_t text_indent(struct slice s);
/* Letters, digits, '_' and everything beyond ASCII, as \w. */
bool text_is_word(char c);
/* Characters of s (valid UTF-8), and s cut to so many. */
size_t text_length(struct slice s);
struct slice text_head(struct slice s, size_t characters);
/* Where the last name of a path begins: behind its last '/', or 0. */
size_t text_name_start(struct slice path);
/* ASCII letters in lower case; s itself if it has no capital. */
struct slice text_lower(struct slice s, struct arena *arena);
/* The JSON string that Python's json.dumps() makes of s (valid UTF-8): ASCII only. */
struct slice text_json(struct slice s, struct arena *arena);
/* NULL if s is valid UTF-8; else why not, in the words of Python's codec, with the offending byte's
 * position in *ret_at. */
const char *text_utf8_flaw(struct slice s, size_t *ret_at);
