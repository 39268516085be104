/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of --json: one object for each line that was tried (schema: fail2ban-regex(1)). */
#pragma once

#include <stdio.h>

#include "base/fault.h"
#include "main/regex_line.h"
#include "main/regex_report.h"

/* What filter_line() and the report made of a line. */
struct regex_outcome {
        enum regex_verdict verdict;
        const struct filter_failure *results;
        size_t count;
};

void regex_json_print(FILE *to, const struct regex_report *report, const struct regex_line *line,
        const struct regex_outcome *outcome, struct arena *arena);
/* The same for a line that had to be given up. */
void regex_json_print_fault(
        FILE *to, const struct regex_line *line, const struct fault *fault, struct arena *arena);
