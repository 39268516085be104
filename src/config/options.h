/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small syntaxes inside of values: "name[option=value, ...]", lists of such items, lists of
 * words, shell words. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"
#include "config/dict.h"

#define OPTIONS_TEXT_MAX (1u << 20) /* bytes of a list of items, or of one item */
#define OPTIONS_STEPS_MAX 1000000u  /* of looking for the ends of brackets in a list */
#define OPTIONS_COUNT_MAX 2000u     /* options of one item in a list */

/* Splits "name[a=b, c="d, e"][f='g']" into its name and parameters (texts in arena). A blank at the
 * end of the name stays. Returns 0, or -EINVAL with a fault in upstream's words. */
int options_parse(struct slice text, struct arena *arena, struct slice *ret_name,
        struct dict *ret_options, struct fault *fault);
/* Splits a list of such items at blanks and line ends outside of brackets; items are views of text.
 * Malformed brackets fall apart at their blanks. *ret is a LIST. Returns 0 or -E2BIG. */
int options_split(struct slice text, struct arena *arena, struct value *ret, struct fault *fault);
/* Appends to list the words of text, which blanks and commas part. */
void options_split_words(struct slice text, struct value *list, struct arena *arena);
/* Appends to list the words of text as a POSIX shell would take them (quotes and backslashes,
 * nothing else). Returns 0, or -EINVAL if a quote is not closed or nothing follows a backslash. */
int options_split_shell(
        struct slice text, struct value *list, struct arena *arena, struct fault *fault);
/* Length of the option name ("port", "blocktype?family=inet6") that is followed by '=' at from, or
 * 0 if there is none. */
size_t options_name_at(struct slice text, size_t from);
/* "blocktype?family=inet6" to "blocktype" and "?family=inet6"; *ret_condition is empty, and the
 * result the name, if it has none. */
struct slice options_split_condition(struct slice name, struct slice *ret_condition);
