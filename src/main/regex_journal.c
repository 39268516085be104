/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LOG argument "systemd-journal[...]": all entries from the first one on, made to lines by the code that the scanner runs. */
#include "main/regex_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "build_config.h"
#include "detect/input_journal.h"

static struct slice joined_words(const struct value *words, struct arena *arena) {
        struct slice text = SLICE("");
        for (size_t i = 0; i < words->list.count; i++)
                text = ARENA_JOIN(arena, text, i ? SLICE(" ") : SLICE(""), value_item_text(words, i));
        return text;
}

static int apply_match(struct regex_tool *tool, struct input_journal *journal, struct fault *fault) {
        struct journal_match match = JOURNAL_MATCH_INIT;
        const struct journal_match *matches[] = {&match};
        if (!tool->has_journalmatch || tool->journalmatch.list.count == 0)
                return 0;
        int r = journal_match_add(&match, &tool->journalmatch, fault);
        if (r == 0)
                r = input_journal_set_matches(journal, matches, 1);
        journal_match_done(&match);
        if (r < 0)
                return r;
        regex_tool_say(tool, "Use    journal match : %.*s\n", SLICE_ARG(joined_words(&tool->journalmatch, &tool->arena)));
        return 0;
}

static enum regex_end run_entries(struct regex_tool *tool, struct input_journal *journal, enum line_encoding encoding,
        regex_journal_line *run, void *user) {
        struct arena arena = ARENA_INIT;
        struct journal_entry entry;
        enum regex_end end = REGEX_GO_ON;
        int r = 0;
        clock_fix(&tool->now, clock_wall_us(&tool->clock));
        while (end == REGEX_GO_ON && (r = input_journal_next(journal, &arena, &entry)) > 0) {
                struct journal_line line = journal_entry_line(&entry, encoding, &arena);
                end = run(user, &line);
                arena_reset(&arena);
        }
        if (r < 0)
                diag(DIAG_ERROR, "fail2ban", "Error reading line from systemd journal: %s", strerror(-r));
        arena_done(&arena);
        return r < 0 ? REGEX_FAILED : end;
}

static enum regex_end process(struct regex_tool *tool, struct input_journal *journal, enum line_encoding encoding,
        regex_journal_line *run, void *user, struct fault *fault) {
        int r = input_journal_open(journal, UINT64_MAX, fault);
        if (r == INPUT_JOURNAL_E_EMPTY)
                diag(DIAG_WARNING, "fail2ban", "%s", fault_text(fault));
        if (r >= 0)
                r = apply_match(tool, journal, fault);
        if (r < 0)
                return regex_tool_uncaught(fault);
        regex_tool_say(tool, "\n");
        return run_entries(tool, journal, encoding, run, user);
}

enum regex_end regex_journal_process(struct regex_tool *tool, struct slice log, regex_journal_line *run, void *user) {
        struct fault fault = FAULT_INIT;
        struct journal_source source;
        enum line_encoding encoding;
        enum regex_end end = REGEX_FAILED;
        if (!HAVE_JOURNAL) {
                (void)printf("Error: systemd library not found. Exiting...\n");
                return REGEX_FAILED;
        }
        regex_tool_say(tool, "Use         systemd journal\n");
        regex_tool_say(tool, "Use         encoding : %.*s\n", SLICE_ARG(tool->encoding));
        tool->report.has_dates = tool->has_datepattern;
        struct slice options = slice_sub(log, slice_find_char(log, '[', 0), log.len);
        struct input_journal *journal = NULL;
        if (line_encoding_parse(tool->encoding, &encoding, &fault) == 0 &&
                journal_source_parse(options, getenv("F2B_SYSTEMD_DEFAULT_FLAGS"), &tool->arena, &source, &fault) == 0)
                journal = input_journal_new(journal_source_text(&source, &tool->arena), &fault);
        if (journal)
                end = process(tool, journal, encoding, run, user, &fault);
        else
                end = regex_tool_uncaught(&fault);
        (void)input_journal_free(journal);
        fault_done(&fault);
        return end;
}
