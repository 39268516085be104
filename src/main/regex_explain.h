/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --explain: what a line went through, in words. */
#pragma once

#include "main/regex_line.h"
#include "main/regex_tool.h"

struct regex_explain;

/* For the filter of tool, which is complete; borrows tool. Colours are used if stdout is a terminal
 * and NO_COLOR is not set. */
struct regex_explain *regex_explain_new(struct regex_tool *tool);
struct regex_explain *regex_explain_free(struct regex_explain *explain);
/* Prints what filter_line() and the report made of the line, as the last line of both. */
void regex_explain_line(struct regex_explain *explain, const struct regex_line *line,
        enum regex_verdict verdict, const struct filter_failure *results, size_t count,
        struct arena *arena);
