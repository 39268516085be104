/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LOG argument: a file, or lines given on the command line. A file is read in pieces; its last
 * line counts only with its newline, as in the daemon. Upstream: fail2ban/client/fail2banregex.py
 * process(), 1.1. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/repr.h"
#include "detect/filter_pass.h"
#include "detect/line.h"
#include "detect/log_prefilter.h"
#include "main/regex_explain.h"
#include "main/regex_input.h"
#include "main/regex_journal.h"
#include "main/regex_json.h"
#include "main/regex_output.h"
#include "main/regex_progress.h"
#include "main/regex_tool.h"

#define READ_BYTES ((size_t)256 << 10)
#define LINE_BYTES_MAX ((size_t)64 << 20) /* of one line */
#define SHOWN_LINES 5
#define DROPPED_SHOWN 10

struct reader {
        struct regex_tool *tool;
        struct slice path;
        enum line_encoding encoding;
        uint64_t dropped;   /* lines that were too much work */
        bool has_warned;    /* about bytes that are not of the encoding */
        struct arena arena; /* of one line */
        struct prefilter *prefilter;
        uint64_t scanned_bytes;
        uint64_t total_bytes; /* of the file; 0: not known */
        bool has_tried;       /* to make a prefilter */
        bool is_plain;  /* what has been read is ASCII, which every encoding but the wide ones keeps
                         */
        uint64_t lacks; /* of the present line, see struct filter_line */
        struct filter_passes passes; /* of lines without any literal */
        struct line_ends ends;       /* of what has been read */
        struct regex_line line;      /* the present one */
};

/* The results with their data as dicts. */
static const struct filter_failure *spell_out(
        struct reader *reader, const struct filter_failure *results, size_t count) {
        struct filter_failure *spelt = arena_alloc_array(&reader->arena, count + 1, sizeof(*spelt));
        for (size_t i = 0; i < count; i++) {
                spelt[i] = results[i];
                filter_failure_spell_out(&spelt[i], &reader->arena);
        }
        return spelt;
}

static enum regex_end print_failures(struct reader *reader, struct slice line,
        const struct filter_failure *results, size_t count, struct fault *fault) {
        struct regex_tool *tool = reader->tool;
        struct filter_failure *kept = arena_alloc_array(&reader->arena, count + 1, sizeof(*kept));
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
                if (!results[i].nofail && !results[i].ignored)
                        kept[n++] = results[i];
        if ((n > 0) == tool->arguments.invert)
                return REGEX_GO_ON;
        if (n == 0 && !tool->arguments.invert)
                return REGEX_GO_ON;
        if (n == 0) {
                const struct filter_trace *trace = filter_trace(tool->filter);
                kept[n++] = regex_output_inverted(
                        line, trace->last_time, trace->last_integral, &reader->arena);
        }
        if (regex_output_print(tool->arguments.out, kept, n, &tool->clock, &reader->arena, fault) <
                0)
                return regex_tool_uncaught(fault);
        return REGEX_GO_ON;
}

/* On stderr, and not for each of very many. */
static void tell_dropped(struct reader *reader, const struct fault *fault) {
        if (reader->dropped++ < DROPPED_SHOWN)
                (void)fprintf(stderr, "Line %" PRIu64 " is taken for missed: %s\n",
                        reader->line.number, fault_text(fault));
}

static void tell_all_dropped(const struct reader *reader) {
        if (reader->dropped > DROPPED_SHOWN)
                (void)fprintf(stderr, "%" PRIu64 " lines in all were taken for missed\n",
                        reader->dropped);
}

/* An exception ends the program, as it does upstream's; with --json that is said, and the next line
 * runs. A limit of ours costs the line only. */
static enum regex_end give_up(struct reader *reader, const struct fault *fault) {
        struct regex_tool *tool = reader->tool;
        if (fault->kind && !tool->json)
                return regex_tool_uncaught(fault);
        if (tool->json)
                regex_json_print_fault(tool->json, &reader->line, fault, &reader->arena);
        else
                tell_dropped(reader, fault);
        regex_report_missed(&tool->report, reader->line.text);
        return REGEX_GO_ON;
}

static void report(struct reader *reader, const struct filter_failure *results, size_t count) {
        struct regex_tool *tool = reader->tool;
        enum regex_verdict verdict =
                regex_report_line(&tool->report, reader->line.text, results, count, &reader->arena);
        if (tool->explain || tool->json)
                results = spell_out(reader, results, count);
        if (tool->explain)
                regex_explain_line(
                        tool->explain, &reader->line, verdict, results, count, &reader->arena);
        if (tool->json)
                regex_json_print(tool->json, &tool->report, &reader->line,
                        &(struct regex_outcome){verdict, results, count}, &reader->arena);
}

/* text: the line as the report has it. */
static enum regex_end run_line(
        struct reader *reader, const struct filter_line *line, struct slice text) {
        struct regex_tool *tool = reader->tool;
        struct fault fault = FAULT_INIT;
        const struct filter_failure *results = NULL;
        reader->line.text = text;
        int r = filter_line(tool->filter, line, &reader->arena, &results, &fault);
        enum regex_end end = REGEX_GO_ON;
        if (r < 0)
                end = give_up(reader, &fault);
        else if (tool->arguments.out.data)
                end = print_failures(
                        reader, text, spell_out(reader, results, (size_t)r), (size_t)r, &fault);
        else
                report(reader, results, (size_t)r);
        fault_done(&fault);
        return end;
}

/* One line of text, without its end. */
static enum regex_end process(struct reader *reader, struct slice text, bool has_newline) {
        struct filter_line line = {.text = text,
                .is_ascii = reader->is_plain,
                .has_newline = has_newline,
                .lacks = reader->lacks};
        reader->line.number++;
        if (text.len == 0 || text.data[0] == '#')
                return REGEX_GO_ON;
        return run_line(reader, &line, text);
}

static enum regex_end run_entry(void *user, const struct journal_line *entry) {
        struct reader *reader = user;
        struct filter_line line = {.text = entry->text,
                .has_time = true,
                .time = entry->time,
                .date_text = entry->date_text};
        arena_reset(&reader->arena);
        reader->line.number++;
        return run_line(reader, &line, ARENA_JOIN(&reader->arena, entry->date_text, entry->text));
}

/* Bytes that are not of the encoding are worth a warning, once. */
static void warn_repaired(struct reader *reader, struct slice raw) {
        enum diag_level level = reader->has_warned ? DIAG_TRACEDEBUG : DIAG_WARNING;
        reader->has_warned = true;
        if (!diag_enabled(level))
                return;
        struct slice encoding = reader->tool->encoding;
        struct value bytes = {.type = VALUE_BYTES, .string = raw};
        diag(level, "fail2ban.filter", "Error decoding line from '%.*s' with '%.*s'.",
                SLICE_ARG(reader->path), SLICE_ARG(encoding));
        diag(level, "fail2ban.filter",
                "Consider setting logencoding to appropriate encoding for this jail. "
                "Continuing to process line ignoring invalid characters: %.*s",
                SLICE_ARG(repr(&bytes, &reader->arena)));
}

static enum regex_end process_raw(struct reader *reader, struct slice raw) {
        bool repaired;
        arena_reset(&reader->arena);
        if (reader->is_plain) {
                reader->line.raw = SLICE_NULL;
                struct slice text = line_strip_end(raw);
                return process(reader, text, raw.data[text.len] == '\n');
        }
        struct slice text = line_decode(reader->encoding, raw, &reader->arena, &repaired);
        reader->line.raw = repaired ? raw : SLICE_NULL;
        if (repaired)
                warn_repaired(reader, raw);
        return process(reader, line_strip_end(text), false);
}

static struct prefilter *make_prefilter(struct filter *filter, struct slice sample) {
        struct prefilter_jail jail;
        jail.clauses = filter_clauses(filter, sample, &jail.count);
        return prefilter_new(&jail, 1, sample);
}

/* Lines of a long file that hold no literal need not be searched. Returns whether there is a
 * prefilter to ask. */
static bool scan_buffer(struct reader *reader, struct slice lines) {
        reader->scanned_bytes += lines.len;
        if (!reader->prefilter && !reader->has_tried &&
                reader->scanned_bytes > LOG_PREFILTER_AFTER &&
                line_encoding_is_ascii_compatible(reader->encoding)) {
                reader->prefilter = make_prefilter(reader->tool->filter, lines);
                reader->has_tried = true;
        }
        if (reader->prefilter) {
                prefilter_scan(reader->prefilter, lines);
                reader->passes.items[0].filter = reader->tool->filter;
                reader->passes.items[0].lacks = ~prefilter_idle(reader->prefilter)[0];
                filter_pass_begin(&reader->passes, 1);
        }
        return reader->prefilter != NULL;
}

/* Whether lines that lead to nothing need no more than being counted. */
static bool can_pass_over(const struct reader *reader) {
        const struct regex_tool *tool = reader->tool;
        return reader->prefilter && !tool->json && !tool->explain && !tool->arguments.out.data &&
               regex_report_needs_count_only(&tool->report);
}

/* Such lines from the place on, where one of that length is, as many as can be told at a glance.
 * Returns where they end. */
static size_t pass_over(struct reader *reader, size_t at, size_t len) {
        struct regex_tool *tool = reader->tool;
        size_t quiet = prefilter_quiet(reader->prefilter);
        uint64_t count;
        if (at + len > quiet || !can_pass_over(reader))
                return at;
        const struct filter_lines several = {
                .ends = &reader->ends, .start = at, .end = quiet, .is_ascii = reader->is_plain};
        at = filter_pass_over(&reader->passes, &several, &count);
        (void)filter_pass_settle(&reader->passes, 0);
        reader->line.number += count;
        if (count > 0)
                regex_report_passed(&tool->report, count);
        return at;
}

/* Bytes of the line at that offset, its end included; 0: it has none yet. */
static size_t length_at(struct reader *reader, struct slice lines, size_t at) {
        if (line_unit(reader->encoding) > 1)
                return line_length(reader->encoding, slice_sub(lines, at, lines.len));
        size_t next = line_ends_next(&reader->ends, at);
        return next > 0 ? next - at : 0;
}

/* All complete lines of what has been read so far. */
static enum regex_end process_buffer(struct reader *reader, struct buffer *buffer) {
        enum regex_end end = REGEX_GO_ON;
        struct slice lines = buffer_view(buffer);
        size_t at = 0;
        bool has_hints = scan_buffer(reader, lines);
        /* Where units have several bytes, a long line may be full of newline bytes that are none.
         */
        if (line_unit(reader->encoding) == 1)
                line_ends_find(&reader->ends, lines);
        reader->is_plain =
                line_encoding_is_ascii_compatible(reader->encoding) && reader->ends.is_ascii;
        clock_fix(&reader->tool->now, clock_wall_us(&reader->tool->clock));
        while (end == REGEX_GO_ON) {
                size_t len = length_at(reader, lines, at);
                if (len == 0)
                        break;
                size_t next = has_hints ? pass_over(reader, at, len) : at;
                if (next > at) {
                        at = next;
                        continue;
                }
                struct slice raw = slice_sub(lines, at, at + len);
                reader->lacks =
                        has_hints ? ~prefilter_line(reader->prefilter, raw, at, at + len)[0] : 0;
                end = process_raw(reader, raw);
                at += len;
        }
        buffer_consume(buffer, at);
        return end;
}

/* Lines that are printed meanwhile on the same terminal would get mixed up with it. */
static bool wants_progress(const struct regex_tool *tool) {
        const struct regex_arguments *a = &tool->arguments;
        bool prints = a->out.data || a->json || a->explain || a->verbose > 1;
        return isatty(STDERR_FILENO) && !(prints && isatty(STDOUT_FILENO));
}

static enum regex_end process_input(
        struct reader *reader, struct regex_input *input, struct fault *fault) {
        struct regex_tool *tool = reader->tool;
        struct regex_progress progress;
        regex_progress_init(
                &progress, wants_progress(tool) ? stderr : NULL, &tool->clock, reader->total_bytes);
        struct buffer buffer = BUFFER_INIT(LINE_BYTES_MAX);
        enum regex_end end = REGEX_GO_ON;
        ssize_t n = 0;
        while (end == REGEX_GO_ON) {
                char *room = buffer_room(&buffer, READ_BYTES);
                n = room ? regex_input_read(input, room, READ_BYTES, fault)
                         : fault_set(fault, -E2BIG, "a line is longer than %zu bytes",
                                   LINE_BYTES_MAX);
                if (n <= 0)
                        break;
                buffer_commit(&buffer, (size_t)n);
                end = process_buffer(reader, &buffer);
                regex_progress_step(&progress, regex_input_position(input), reader->line.number);
        }
        regex_progress_done(&progress);
        buffer_done(&buffer);
        return n < 0 ? regex_tool_uncaught(fault) : end;
}

static enum regex_end process_file(struct reader *reader, int fd) {
        struct fault fault = FAULT_INIT;
        struct regex_input *input = NULL;
        struct stat st;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                reader->total_bytes = (uint64_t)st.st_size;
        enum regex_end end;
        if (regex_input_new(fd, &input, &fault) < 0)
                end = regex_tool_uncaught(&fault);
        else
                end = process_input(reader, input, &fault);
        (void)regex_input_free(input);
        fault_done(&fault);
        return end;
}

/* Differs: "-" is standard input, for upstream a text. */
static bool open_file(struct slice path, struct arena *arena, int *ret_fd) {
        struct stat st;
        if (slice_is(path, "-")) {
                *ret_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
                return true;
        }
        const char *name = arena_copy(arena, path).data;
        if (stat(name, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        *ret_fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return true;
}

static void show_lines(const struct reader *reader, struct slice log, size_t count) {
        struct regex_tool *tool = reader->tool;
        struct slice rest = log;
        struct slice piece;
        regex_tool_say(tool, "Use      multi line : %zu line(s)\n", count);
        for (unsigned i = 0; slice_next_piece(&rest, '\n', &piece); i++) {
                if (i >= SHOWN_LINES) {
                        regex_tool_say(tool, "| ...\n");
                        break;
                }
                regex_tool_say(tool, "| %2u: %.*s\n", i + 1,
                        SLICE_ARG(regex_tool_shorten(piece, &tool->arena)));
        }
        regex_tool_say(tool, "`-\n");
}

/* Lines from the command line. */
static enum regex_end process_text(struct reader *reader, struct slice log) {
        size_t count = 1;
        for (size_t i = 0; i < log.len; i++)
                count += log.data[i] == '\n';
        if (count > 1 || reader->tool->report.multi_line)
                show_lines(reader, log, count);
        else
                regex_tool_say(reader->tool, "Use      single line : %.*s\n",
                        SLICE_ARG(regex_tool_shorten(log, &reader->tool->arena)));
        regex_tool_say(reader->tool, "\n");
        struct slice rest = log;
        struct slice piece;
        enum regex_end end = REGEX_GO_ON;
        while (end == REGEX_GO_ON && slice_next_piece(&rest, '\n', &piece)) {
                arena_reset(&reader->arena);
                end = process(reader, line_strip_end(piece), false);
        }
        return end;
}

/* "auto" is the daemon's word, not a codec. */
static int choose_encoding(struct reader *reader, struct fault *fault) {
        struct slice name = reader->tool->encoding;
        if (slice_equal_nocase(name, SLICE("auto")))
                return fault_raise(fault, "LookupError", "unknown encoding: %.*s", SLICE_ARG(name));
        return line_encoding_parse(name, &reader->encoding, fault);
}

static enum regex_end process_path(struct reader *reader, int fd) {
        int error = errno; /* of opening it */
        struct fault fault = FAULT_INIT;
        if (choose_encoding(reader, &fault) < 0) {
                enum regex_end end = regex_tool_uncaught(&fault);
                fault_done(&fault);
                return end;
        }
        if (fd < 0) {
                (void)printf(
                        "[Errno %d] %s: '%.*s'\n", error, strerror(error), SLICE_ARG(reader->path));
                return REGEX_FAILED;
        }
        regex_tool_say(reader->tool, "Use         log file : %.*s\n", SLICE_ARG(reader->path));
        regex_tool_say(
                reader->tool, "Use         encoding : %.*s\n\n", SLICE_ARG(reader->tool->encoding));
        return process_file(reader, fd);
}

enum regex_end regex_log_run(struct regex_tool *tool, struct slice log, double *ret_elapsed_s) {
        struct reader reader = {
                .tool = tool, .path = log, .encoding = LINE_UTF8, .arena = ARENA_INIT};
        CLEANUP(close_p) int fd = -1;
        int64_t begin_us = clock_mono_us(&tool->clock);
        enum regex_end end;
        reader.line.source = log;
        if (open_file(log, &tool->arena, &fd)) {
                end = process_path(&reader, fd);
        } else if (slice_has_prefix(log, SLICE("systemd-journal"))) {
                end = regex_journal_process(tool, log, run_entry, &reader);
        } else {
                reader.line.source = SLICE_NULL;
                end = process_text(&reader, log);
        }
        tell_all_dropped(&reader);
        *ret_elapsed_s = (double)(clock_mono_us(&tool->clock) - begin_us) / 1e6;
        (void)prefilter_free(reader.prefilter);
        line_ends_done(&reader.ends);
        arena_done(&reader.arena);
        return end;
}
