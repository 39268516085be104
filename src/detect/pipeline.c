/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The promise is exactness across a death of this process: each batch tells everything that the lines up to its end offset did, the
 * detection state included, so the server can make a new process go on behind them. A jail with several logs has one state for all of
 * them; therefore at most one of its logs may have untold lines (scan_jail.unreported): before a line of another log runs, that one
 * is told.
 *
 * A line that cannot be run is counted and told, and costs nothing else: upstream sleeps and at last goes idle, which would let an
 * attacker who can provoke errors switch a jail off. */
#include "detect/pipeline.h"

#include <errno.h>
#include <math.h>

#include "base/loop.h"
#include "channel/record.h"
#include "detect/failure_record.h"

#define LOGGER "fail2ban.filter"
#define ENTRY_BYTES_FLUSH 16384 /* failures of a journal are told this often: it is read slowly, and no progress looks like a poisoned entry */
#define LINES_A_LOOK 16 /* lines from one look at the clock to the next; those passed over count only as bytes of one chunk */
#define HOLD_US 1000   /* the present that lines see is no older than this and so many lines */

void pipeline_init(struct pipeline *pipeline, struct clock *clock, pipeline_send *send, pipeline_sync *sync, void *user) {
        *pipeline = (struct pipeline){
                .clock = clock,
                .send = send,
                .sync = sync,
                .user = user,
                .arena = ARENA_INIT,
                .records = BUFFER_INIT(PIPELINE_RECORDS_MAX),
                .head = BUFFER_INIT(PIPELINE_HEAD_MAX),
        };
}

void pipeline_done(struct pipeline *pipeline) {
        buffer_done(&pipeline->records);
        buffer_done(&pipeline->head);
        line_ends_done(&pipeline->pass.ends);
        arena_done(&pipeline->arena);
}

void pipeline_rest(struct pipeline *pipeline) {
        if (buffer_len(&pipeline->records) == 0)
                buffer_done(&pipeline->records);
        line_ends_done(&pipeline->pass.ends);
        arena_done(&pipeline->arena);
}

/* Sends the records collected so far. after: the end offset they bring the log to. */
static void send_batch(struct pipeline *pipeline, struct scan_log *log, uint64_t after, uint8_t flags) {
        struct buffer *message = &pipeline->head;
        buffer_clear(message);
        (void)message_put_u32(message, log->id); /* all of this fits: the records are limited to 15 of 16 MiB */
        (void)message_put_u32(message, log->files[0].generation);
        (void)message_put_u64(message, log->reported);
        (void)message_put_u64(message, after);
        (void)message_put_u8(message, flags);
        (void)message_put_text(message, scan_log_hash(log));
        log->reported = after;
        pipeline->send(pipeline->user, MESSAGE_SCAN_BATCH, buffer_view(message), buffer_view(&pipeline->records));
        buffer_clear(&pipeline->records);
}

struct saving {
        struct pipeline *pipeline;
        struct scan_log *log;
        struct scan_jail *jail;
};

static void put_state(void *user, struct slice key, struct slice blob) {
        struct saving *saving = user;
        struct record record = {.type = RECORD_STATE, .jail = saving->jail->id, .state = {.key = key, .blob = blob}};
        if (key.len > RECORD_STATE_KEY_MAX || blob.len > RECORD_STATE_BLOB_MAX)
                return;
        if (record_put(&saving->pipeline->records, &record) == 0)
                return;
        /* More state than one batch holds: ahead of its lines, which is inexact only if we die in this moment. */
        send_batch(saving->pipeline, saving->log, saving->log->reported, 0);
        (void)record_put(&saving->pipeline->records, &record);
}

static void put_counts(struct pipeline *pipeline, struct scan_jail *jail) {
        struct record record = {.type = RECORD_COUNT, .jail = jail->id, .count = {.lines = jail->lines, .dropped = jail->dropped}};
        if (jail->lines == 0 || record_put(&pipeline->records, &record) < 0)
                return; /* the next batch takes them */
        jail->lines = 0;
        jail->dropped = 0;
}

static void close_batch(struct pipeline *pipeline, struct scan_log *log, uint8_t flags) {
        scan_pass_settle_all(&pipeline->pass);
        for (size_t i = 0; i < log->attachment_count; i++) {
                struct scan_jail *jail = log->attachments[i].jail;
                struct saving saving = {pipeline, log, jail};
                put_counts(pipeline, jail);
                filter_save(jail->filter, put_state, &saving);
                jail->unreported = NULL;
        }
        send_batch(pipeline, log, log->done, flags);
}

void pipeline_flush(struct pipeline *pipeline, struct scan_log *log, uint8_t flags) {
        if (flags || buffer_len(&pipeline->records) > 0 || scan_log_has_unreported(log))
                close_batch(pipeline, log, flags);
}

void pipeline_announce(struct pipeline *pipeline, struct scan_log *log, uint8_t flags) {
        close_batch(pipeline, log, flags);
}

void pipeline_diag(struct pipeline *pipeline, struct scan_jail *jail, enum diag_level level, const char *logger, struct slice text) {
        if (!diag_enabled(level))
                return;
        text = slice_sub(text, 0, DIAG_TEXT_MAX);
        struct record record = {
                .type = RECORD_DIAG,
                .jail = jail->id,
                .diag = {.level = (uint8_t)level, .logger = slice_of(logger), .text = text},
        };
        if (pipeline->log)
                (void)record_put(&pipeline->records, &record); /* full: lost, the line's failures matter more */
        else
                diag_text(level, logger, text);
}

/* A line in a message: printable, and not longer than a message should be. */
static struct slice show(struct pipeline *pipeline, struct slice line) {
        struct buffer out = BUFFER_INIT((size_t)PIPELINE_LINE_SHOWN * 8);
        line = slice_sub(line, 0, PIPELINE_LINE_SHOWN);
        for (size_t i = 0; i < line.len; i++) {
                unsigned char c = (unsigned char)line.data[i];
                if (c == '\'' || c == '\\')
                        (void)buffer_printf(&out, "\\%c", c);
                else if (c < 0x20 || c >= 0x7f)
                        (void)buffer_printf(&out, "\\x%02x", c);
                else
                        (void)buffer_append_char(&out, (char)c);
        }
        struct slice shown = arena_copy(&pipeline->arena, buffer_view(&out));
        buffer_done(&out);
        return shown;
}

static void tell_error(struct pipeline *pipeline, struct scan_jail *jail, struct slice line, const struct fault *fault) {
        jail->dropped++;
        jail->errors++;
        if (jail->errors >= SCAN_ERRORS_MAX) {
                if (!jail->muted)
                        pipeline_diag(pipeline, jail, DIAG_ERROR, LOGGER,
                                arena_printf(&pipeline->arena, "[%s] Too many errors at once (%u), further ones are not reported",
                                        jail->name, jail->errors));
                jail->muted = true;
                return;
        }
        jail->muted = false;
        struct slice shown = show(pipeline, line);
        pipeline_diag(pipeline, jail, DIAG_ERROR, LOGGER,
                arena_printf(&pipeline->arena, "[%s] Failed to process line: '%.*s', caught exception: %s%s%s%s", jail->name,
                        SLICE_ARG(shown), fault->kind ? fault->kind : "", fault->kind ? "('" : "", fault_text(fault),
                        fault->kind ? "')" : ""));
}

static void tell_repaired(struct pipeline *pipeline, struct scan_log *log, struct scan_jail *jail, struct slice raw) {
        int64_t now = clock_wall_us(pipeline->clock);
        if (log->repaired_said_us && now - log->repaired_said_us < PIPELINE_DAY_US && now >= log->repaired_said_us)
                return;
        log->repaired_said_us = now;
        pipeline_diag(pipeline, jail, DIAG_WARNING, LOGGER,
                arena_printf(&pipeline->arena, "Error decoding line from '%s' with '%s'.", log->path, jail->encoding_name));
        struct slice shown = show(pipeline, raw);
        pipeline_diag(pipeline, jail, DIAG_WARNING, LOGGER,
                arena_printf(&pipeline->arena,
                        "Bytes that are invalid in this encoding are replaced; perhaps 'logencoding' of jail '%s' should be set: '%.*s'",
                        jail->name, SLICE_ARG(shown)));
}

static void put_failure(struct pipeline *pipeline, struct scan_jail *jail, const struct filter_failure *failure) {
        if (failure->id.len == 0 || failure->id.len > RECORD_ID_MAX || !isfinite(failure->time)) {
                jail->dropped++;
                return;
        }
        struct record record = {.type = RECORD_FAILURE, .jail = jail->id};
        double now = clock_wall(pipeline->clock);
        double time = failure->time < now ? failure->time : now;
        record.failure.time = time > 0 ? time : 0;
        record.failure.flags = (uint8_t)((failure->raw_id ? FAILURE_RAW_ID : 0U) | (failure->needs_dns ? FAILURE_NEEDS_DNS : 0U) |
                (failure->integral_time ? FAILURE_INTEGRAL_TIME : 0U));
        record.failure.regex = failure->regex;
        record.failure.id = failure->id;
        if (failure_record_put(&pipeline->records, &record, &failure->fields) == 0)
                return;
        struct fields shorter;
        fields_copy(&failure->fields, 0, &pipeline->arena, &shorter);
        (void)fields_take(&shorter, FIELD_MATCHES); /* it does not fit otherwise */
        if (failure_record_put(&pipeline->records, &record, &shorter) < 0)
                jail->dropped++;
}

static bool is_big(enum line_encoding encoding) {
        return encoding == LINE_UTF16BE || encoding == LINE_UTF32BE;
}

/* Units of two and four bytes: a line end's other bytes stand behind the byte at which the file was split (little endian, as is
 * everything behind the first line of one that begins with a mark). */
static struct slice align(enum line_encoding encoding, struct slice raw, uint64_t offset) {
        size_t unit = line_unit(encoding);
        if (unit == 1 || is_big(encoding))
                return raw;
        for (; offset % unit != 0 && raw.len > 0 && raw.data[0] == '\0'; offset++)
                raw = slice_sub(raw, 1, raw.len);
        return raw.len % unit == 1 ? slice_sub(raw, 0, raw.len - 1) : raw;
}

/* The encoding of all jails of the log if its units have several bytes, else another. */
static enum line_encoding wide_encoding(const struct scan_log *log) {
        enum line_encoding encoding = log->attachment_count > 0 ? log->attachments[0].jail->encoding : LINE_UTF8;
        for (size_t i = 1; i < log->attachment_count; i++)
                if (log->attachments[i].jail->encoding != encoding)
                        return LINE_UTF8;
        return encoding;
}

/* Whether the newline byte at that place, offset in the file, is one, and not a part of another character. What is not there yet is
 * taken for the rest of one. */
static bool is_line_end(enum line_encoding encoding, struct slice lines, size_t at, uint64_t offset) {
        static const char zeros[3] = {0};
        size_t unit = line_unit(encoding);
        bool big = is_big(encoding);
        if (unit == 1)
                return true;
        if (offset % unit != (big ? unit - 1 : 0) || (big && at + 1 < unit))
                return false;
        struct slice others = big ? slice_sub(lines, at + 1 - unit, at) : slice_sub(lines, at + 1, at + unit);
        return memcmp(others.data, zeros, others.len) == 0;
}

/* Bytes of the first line, where units have several bytes. */
static size_t first_wide_line(const struct scan_log *log, struct slice rest, enum line_encoding encoding) {
        for (const char *end = memchr(rest.data, '\n', rest.len); end;) {
                size_t at = (size_t)(end - rest.data);
                if (is_line_end(encoding, rest, at, log->done + at))
                        return at + 1;
                end = memchr(end + 1, '\n', rest.len - at - 1);
        }
        return rest.len;
}

/* The line at that offset in the chunk: up to its newline byte, or all. */
static struct slice line_at(struct pipeline *pipeline, size_t at, enum line_encoding encoding) {
        struct slice lines = pipeline->pass.ends.text;
        if (line_unit(encoding) > 1) {
                struct slice rest = slice_sub(lines, at, lines.len);
                return slice_sub(rest, 0, first_wide_line(pipeline->log, rest, encoding));
        }
        size_t next = line_ends_next(&pipeline->pass.ends, at);
        return (struct slice){lines.data + at, (next > 0 ? next : lines.len) - at};
}

struct decoded {
        bool there;
        enum line_encoding encoding;
        struct slice text;
};

static struct slice decode(struct pipeline *pipeline, struct scan_jail *jail, struct slice raw, struct decoded *cache) {
        bool repaired = false;
        if (cache->there && cache->encoding == jail->encoding)
                return cache->text;
        struct slice aligned = align(jail->encoding, raw, pipeline->log->done);
        struct slice text = line_strip_end(line_decode(jail->encoding, aligned, &pipeline->arena, &repaired));
        if (repaired)
                tell_repaired(pipeline, pipeline->log, jail, raw);
        *cache = (struct decoded){true, jail->encoding, text};
        return text;
}

static void run_jail(struct pipeline *pipeline, struct scan_jail *jail, const struct filter_line *line) {
        const struct filter_failure *failures = NULL;
        struct fault fault = FAULT_INIT;
        jail->lines++;
        int count = filter_line(jail->filter, line, &pipeline->arena, &failures, &fault);
        if (count < 0)
                tell_error(pipeline, jail, line->text, &fault);
        else
                jail->errors /= 2;
        for (int i = 0; i < count; i++)
                put_failure(pipeline, jail, &failures[i]);
        if (fault.text)
                fault_done(&fault);
}

/* A line of ASCII is the same to all jails with an encoding that keeps it. */
static void set_plain_line(struct filter_line *line, const struct scan_log *log, struct slice raw) {
        size_t len = raw.len;
        if (len > 0 && raw.data[len - 1] == '\n')
                len--;
        if (len > 0 && raw.data[len - 1] <= '\r')
                len = line_strip_end(slice_sub(raw, 0, len)).len;
        line->text.data = raw.data;
        line->text.len = len;
        line->is_ascii = true;
        line->in_operation = log->in_operation;
        line->has_time = false;
        line->has_newline = len < raw.len && raw.data[len] == '\n';
}

/* For a jail that the line has to be decoded for. Not inline: that is rare. */
__attribute__((noinline)) static void run_decoded(struct pipeline *pipeline, size_t index, struct slice raw, uint64_t lacks,
        struct decoded *cache) {
        struct scan_jail *jail = pipeline->log->attachments[index].jail;
        const struct filter_line line = {
                .text = decode(pipeline, jail, raw, cache),
                .in_operation = pipeline->log->in_operation,
                .lacks = lacks,
        };
        scan_pass_settle(&pipeline->pass, index);
        run_jail(pipeline, jail, &line);
}

/* A line that is to be run. */
struct raw_line {
        struct slice raw;
        struct filter_line plain; /* it, if it is of ASCII */
        bool is_ascii;
        const uint64_t *hints; /* see log_prefilter_line(); or NULL */
        struct decoded decoded;
};

/* For one jail. */
static void run_line_for(struct pipeline *pipeline, size_t index, struct raw_line *line) {
        struct scan_jail *jail = pipeline->log->attachments[index].jail;
        uint64_t lacks = line->hints ? ~line->hints[index] : 0;
        if (!line->is_ascii || !jail->keeps_ascii) {
                run_decoded(pipeline, index, line->raw, lacks, &line->decoded);
                return;
        }
        line->plain.lacks = lacks;
        scan_pass_settle(&pipeline->pass, index);
        run_jail(pipeline, jail, &line->plain);
}

/* A line that most jails can mostly pass over. Returns whether it has been run. */
static bool run_for_busy(struct pipeline *pipeline, struct raw_line *line) {
        uint64_t busy;
        if (!line->hints || !line->is_ascii || !scan_pass_line(&pipeline->pass, &line->plain, line->hints, &busy))
                return false;
        for (; busy != 0; busy &= busy - 1)
                run_line_for(pipeline, (size_t)__builtin_ctzll(busy), line);
        return true;
}

static void run_for_all(struct pipeline *pipeline, struct scan_log *log, struct raw_line *line, bool cut, bool skip) {
        for (size_t i = 0; i < log->attachment_count; i++) {
                const struct scan_attachment *attachment = &log->attachments[i];
                if (log->done < attachment->from)
                        continue;
                if (cut || skip)
                        attachment->jail->dropped++;
                if (skip)
                        attachment->jail->lines++;
                else
                        run_line_for(pipeline, i, line);
        }
}

/* The line starts at log->done. hints: see log_prefilter_line(); or NULL. */
static void run_line(struct pipeline *pipeline, struct scan_log *log, struct slice raw, const struct input_chunk *chunk,
        const uint64_t *hints) {
        struct raw_line line;
        bool skip = log->done == log->skip_at;
        line.raw = raw;
        line.is_ascii = pipeline->pass.ends.is_ascii || slice_is_ascii(raw);
        line.hints = hints;
        line.decoded.there = false;
        set_plain_line(&line.plain, log, raw);
        if (skip || !run_for_busy(pipeline, &line))
                run_for_all(pipeline, log, &line, chunk->cut, skip);
        if (skip)
                log->skip_at = SCAN_LOG_NO_SKIP;
        arena_reset(&pipeline->arena);
}

/* Tells what other logs of the same jails have behind them. */
static void tell_siblings(struct pipeline *pipeline, struct scan_log *log) {
        for (size_t i = 0; i < log->attachment_count; i++) {
                struct scan_jail *jail = log->attachments[i].jail;
                if (jail->unreported && jail->unreported != log)
                        close_batch(pipeline, jail->unreported, 0);
        }
}

static void note_unreported(struct scan_log *log) {
        if (!scan_log_has_unreported(log))
                return;
        for (size_t i = 0; i < log->attachment_count; i++)
                log->attachments[i].jail->unreported = log;
}

/* Lets lines see the present, which they ask for often. Returns it as turns are measured by. */
static int64_t hold_clock(struct pipeline *pipeline) {
        const struct clock *clock = pipeline->clock;
        int64_t now = clock->fixed ? clock_mono_us(clock) : loop_now_us();
        if (pipeline->clock->held && now - pipeline->held_us < HOLD_US)
                return now;
        scan_pass_settle_all(&pipeline->pass);
        clock_hold(pipeline->clock);
        pipeline->held_us = now;
        return now;
}

/* In careful mode the server learns of each line before it is run, so that a line that kills us is known by its offset. */
static void announce_line(struct pipeline *pipeline, struct scan_log *log) {
        send_batch(pipeline, log, log->reported, BATCH_TRYING);
        pipeline->sync(pipeline->user);
        (void)hold_clock(pipeline);
}

/* Runs the line and moves behind it. */
static void run_and_pass(struct pipeline *pipeline, struct scan_log *log, struct slice raw, const struct input_chunk *chunk,
        const uint64_t *hints) {
        if (log->careful)
                announce_line(pipeline, log);
        run_line(pipeline, log, raw, chunk, hints);
        log->done = chunk->cut ? chunk->end : log->done + raw.len;
        if (log->careful || buffer_len(&pipeline->records) >= PIPELINE_FLUSH)
                close_batch(pipeline, log, 0);
        if (log->careful && log->done >= log->careful_until)
                log->careful = false;
}

/* All but a little progress. */
static void send_much(struct pipeline *pipeline, struct scan_log *log) {
        if (buffer_len(&pipeline->records) > 0 || log->done - log->reported >= PIPELINE_FLUSH)
                close_batch(pipeline, log, 0);
}

void pipeline_release(struct pipeline *pipeline, struct scan_log *log) {
        pipeline->holds = false;
        send_much(pipeline, log);
        note_unreported(log);
}

int pipeline_run(struct pipeline *pipeline, struct scan_log *log, const struct input_chunk *chunk) {
        struct slice lines = chunk->lines;
        int64_t deadline = hold_clock(pipeline) + PIPELINE_TURN_US;
        bool late = false;
        enum line_encoding encoding = wide_encoding(log);
        bool has_hints = !chunk->cut && log_prefilter_scan(&log->prefilter, log, lines);
        tell_siblings(pipeline, log);
        pipeline->log = log;
        scan_pass_begin(&pipeline->pass, log, chunk, has_hints);
        uint64_t run = 0, passed = pipeline->pass.total;
        size_t at = 0;
        while (at < lines.len && !late) {
                at = scan_pass_run(&pipeline->pass, at);
                if (at == lines.len)
                        break;
                struct slice raw = line_at(pipeline, at, encoding);
                run_and_pass(pipeline, log, raw, chunk, has_hints ? log_prefilter_line(&log->prefilter, raw, lines) : NULL);
                at += raw.len;
                run++;
                late = run % LINES_A_LOOK == 0 && at < lines.len && hold_clock(pipeline) > deadline;
        }
        scan_pass_end(&pipeline->pass);
        if (has_hints)
                log_prefilter_note(&log->prefilter, run, pipeline->pass.total - passed);
        clock_release(pipeline->clock);
        pipeline->log = NULL;
        input_file_take(&log->files[0], log->done);
        if (!pipeline->holds || buffer_len(&pipeline->records) >= PIPELINE_FLUSH)
                send_much(pipeline, log);
        note_unreported(log);
        return late ? PIPELINE_E_LATE : 0;
}

/* The journal. */

struct entry_line {
        bool there;
        enum line_encoding encoding;
        struct journal_line line;
};

static const struct journal_line *line_of(struct pipeline *pipeline, const struct scan_jail *jail, const struct journal_entry *entry,
        struct entry_line *cache) {
        if (!cache->there || cache->encoding != jail->encoding)
                *cache = (struct entry_line){true, jail->encoding, journal_entry_line(entry, jail->encoding, &pipeline->arena)};
        return &cache->line;
}

/* The entry stands at log->done. */
static void run_entry(struct pipeline *pipeline, struct scan_log *log, const struct journal_entry *entry) {
        struct entry_line cache = {0};
        bool skip = log->done == log->skip_at;
        for (size_t i = 0; i < log->attachment_count; i++) {
                const struct scan_attachment *attachment = &log->attachments[i];
                struct scan_jail *jail = attachment->jail;
                if ((double)entry->realtime_us < attachment->seek_time * 1e6 ||
                        !journal_match_fits(&jail->match, entry->fields, entry->count))
                        continue;
                if (skip) {
                        jail->lines++;
                        jail->dropped++;
                        continue;
                }
                const struct journal_line *from = line_of(pipeline, jail, entry, &cache);
                struct filter_line line = {
                        .text = from->text,
                        .in_operation = log->in_operation,
                        .has_time = true,
                        .time = from->time,
                        .date_text = from->date_text,
                };
                run_jail(pipeline, jail, &line);
        }
        if (skip)
                log->skip_at = SCAN_LOG_NO_SKIP;
}

/* Runs the entry and moves behind it. */
static int run_and_pass_entry(struct pipeline *pipeline, struct scan_log *log, const struct journal_entry *entry,
        const struct pipeline_source *source, void *user) {
        char cursor[SCAN_LOG_CURSOR_MAX];
        int r = source->place(user, cursor, sizeof(cursor));
        if (r < 0)
                return r;
        if (log->careful)
                announce_line(pipeline, log);
        run_entry(pipeline, log, entry);
        log->done += journal_entry_size(entry);
        memcpy(log->cursor, cursor, sizeof(cursor));
        bool is_much = log->done - log->reported >= ENTRY_BYTES_FLUSH && buffer_len(&pipeline->records) > 0;
        if (log->careful || is_much || buffer_len(&pipeline->records) >= PIPELINE_FLUSH)
                close_batch(pipeline, log, 0);
        if (log->careful && log->done >= log->careful_until)
                log->careful = false;
        return 0;
}

int pipeline_run_entries(struct pipeline *pipeline, struct scan_log *log, const struct pipeline_source *source, void *user) {
        int64_t deadline = hold_clock(pipeline) + PIPELINE_TURN_US;
        struct journal_entry entry;
        bool late = false;
        int r = 0;
        tell_siblings(pipeline, log);
        pipeline->log = log;
        for (unsigned entries = 1; !late && (r = source->next(user, &pipeline->arena, &entry)) > 0; entries++) {
                r = run_and_pass_entry(pipeline, log, &entry, source, user);
                arena_reset(&pipeline->arena);
                if (r < 0)
                        break;
                late = entries % LINES_A_LOOK == 0 && hold_clock(pipeline) > deadline;
        }
        clock_release(pipeline->clock);
        pipeline->log = NULL;
        arena_reset(&pipeline->arena);
        send_much(pipeline, log);
        note_unreported(log);
        if (r < 0)
                return r;
        return late ? PIPELINE_E_LATE : 0;
}
