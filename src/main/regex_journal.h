/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The systemd journal as LOG argument. */
#pragma once

#include "detect/journal_entry.h"
#include "main/regex_tool.h"

/* Runs one entry. */
typedef enum regex_end regex_journal_line(void *user, const struct journal_line *line);

/* log: "systemd-journal" with or without options in brackets. Says on stdout what is used, as upstream does, and why it cannot be. */
enum regex_end regex_journal_process(struct regex_tool *tool, struct slice log, regex_journal_line *run, void *user);
