/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With the filter of tests/support/fake_filter.c. */
#include "detect/pipeline.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/memory.h"
#include "channel/record.h"

#define NOW_US ((int64_t)2000000000)
#define BATCHES_MAX 64

/* One batch as it was sent; its records in short: "F:id", "S:key", "D:text", "C:lines/dropped". */
struct batch {
        uint32_t log, generation;
        uint64_t before, after;
        uint8_t flags;
        char hash[64];
        char records[4096];
};

struct test {
        struct clock clock;
        struct pipeline pipeline;
        struct scan_jail *jail;
        struct scan_log *log;
        struct input_buffer buffer;
        struct batch batches[BATCHES_MAX];
        size_t count;
        unsigned syncs;
        double last_time; /* of a failure */
};

static struct test *present;

static void print_record(struct test *t, const struct record *record, char *out, size_t size) {
        switch (record->type) {
        case RECORD_FAILURE:
                t->last_time = record->failure.time;
                (void)snprintf(out, size, "F:%.*s ", SLICE_ARG(record->failure.id));
                break;
        case RECORD_STATE:
                (void)snprintf(out, size, "S:%.*s ", SLICE_ARG(record->state.key));
                break;
        case RECORD_DIAG:
                (void)snprintf(out, size, "D:%.*s ", SLICE_ARG(record->diag.text));
                break;
        case RECORD_COUNT:
                (void)snprintf(out, size, "C:%u/%u ", (unsigned)record->count.lines,
                        (unsigned)record->count.dropped);
                break;
        case RECORD_TYPE_COUNT:
                fail();
        }
}

static void on_send(void *user, enum message_type type, struct slice head, struct slice rest) {
        struct test *t = user;
        struct message_reader in = message_reader_of(head);
        struct record record;
        assert_int_equal(type, MESSAGE_SCAN_BATCH);
        assert_true(t->count < BATCHES_MAX);
        struct batch *batch = &t->batches[t->count++];
        batch->log = message_get_u32(&in);
        batch->generation = message_get_u32(&in);
        batch->before = message_get_u64(&in);
        batch->after = message_get_u64(&in);
        batch->flags = message_get_u8(&in);
        struct slice hash = message_get_text(&in);
        (void)snprintf(batch->hash, sizeof(batch->hash), "%.*s", SLICE_ARG(hash));
        assert_true(message_read_end(&in));
        in = message_reader_of(rest);
        int r;
        while ((r = record_get(&in, &record)) == 1) {
                size_t used = strlen(batch->records);
                print_record(t, &record, batch->records + used, sizeof(batch->records) - used);
        }
        assert_int_equal(r, 0);
        assert_false(in.bad);
}

static void on_sync(void *user) {
        ((struct test *)user)->syncs++;
}

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        pipeline_diag(&present->pipeline, user, level, logger, text);
}

static struct scan_log *new_log(struct test *t, uint32_t id, const char *text, size_t len) {
        int fd = memfd_create("log", MFD_CLOEXEC);
        assert_int_equal(write(fd, text, len), (ssize_t)len);
        struct scan_log *log = scan_log_new(id, SLICE("/var/log/x"), fd, 7, 0);
        scan_log_attach(log, t->jail, 0);
        return log;
}

static void begin(struct test *t, const char *text) {
        *t = (struct test){0};
        present = t;
        clock_fix(&t->clock, NOW_US);
        const struct filter_env env = {.clock = &t->clock, .diag = on_diag};
        pipeline_init(&t->pipeline, &t->clock, on_send, on_sync, t);
        t->jail = scan_jail_new(5, SLICE("sshd"), &env);
        t->log = new_log(t, 1, text, strlen(text));
}

static void finish(struct test *t) {
        (void)scan_log_free(t->log);
        (void)scan_jail_free(t->jail);
        pipeline_done(&t->pipeline);
        input_buffer_done(&t->buffer);
}

static void run(struct test *t, struct scan_log *log) {
        struct input_chunk chunk;
        int r;
        do {
                r = input_file_read(&log->files[0], &t->buffer, &chunk);
                assert_true(r == INPUT_LINES || r == INPUT_LAST || r == INPUT_END);
                if (chunk.lines.len > 0)
                        assert_int_equal(pipeline_run(&t->pipeline, log, &chunk), 0);
        } while (r == INPUT_LINES);
}

/* What more is written while the first chunk's records are held back goes with them. */
static void chunks_in_a_row_go_in_one_batch(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\nsession 1 b\n");
        t.pipeline.holds = true;
        run(&t, t.log);
        assert_int_equal(t.count, 0);
        assert_ptr_equal(t.jail->unreported, t.log);
        assert_int_equal(write(t.log->files[0].fd, "fail c\n", 7), 7);
        run(&t, t.log);
        assert_int_equal(t.count, 0);
        pipeline_release(&t.pipeline, t.log);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.batches[0].before, 0);
        assert_int_equal(t.batches[0].after, 26);
        assert_string_equal(t.batches[0].records, "F:a F:c C:3/0 S:next S:0 ");
        assert_null(t.jail->unreported);
        pipeline_release(&t.pipeline, t.log);
        assert_int_equal(t.count, 1);
        finish(&t);
}

/* Another log of the same jail does not run before. */
static void records_held_back_go_before_those_of_another_log(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\n");
        struct scan_log *other = new_log(&t, 2, "fail b\n", 7);
        t.pipeline.holds = true;
        run(&t, t.log);
        run(&t, other);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.batches[0].log, 1);
        pipeline_release(&t.pipeline, other);
        assert_int_equal(t.count, 2);
        assert_int_equal(t.batches[1].log, 2);
        (void)scan_log_free(other);
        finish(&t);
}

static void batch_tells_offsets_and_what_the_lines_did(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\nnothing\nsession 1 b\nfail c\n");
        run(&t, t.log);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.batches[0].log, 1);
        assert_int_equal(t.batches[0].generation, 7);
        assert_int_equal(t.batches[0].before, 0);
        assert_int_equal(t.batches[0].after, 34);
        assert_string_equal(t.batches[0].records, "F:a F:c C:4/0 S:next S:0 ");
        assert_int_equal(strlen(t.batches[0].hash), 40);
        finish(&t);
}

static void mere_progress_is_told_by_the_flush(void **state) {
        struct test t;
        (void)state;
        begin(&t, "nothing\nnothing\n");
        run(&t, t.log);
        assert_int_equal(t.count, 0);
        assert_true(scan_log_has_unreported(t.log));
        assert_ptr_equal(t.jail->unreported, t.log);
        pipeline_flush(&t.pipeline, t.log, 0);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.batches[0].after, 16);
        assert_string_equal(t.batches[0].records, "C:2/0 ");
        assert_null(t.jail->unreported);
        pipeline_flush(&t.pipeline, t.log, 0); /* nothing left to tell */
        assert_int_equal(t.count, 1);
        pipeline_flush(&t.pipeline, t.log, BATCH_STOPPED);
        assert_int_equal(t.count, 2);
        assert_int_equal(t.batches[1].flags, BATCH_STOPPED);
        pipeline_announce(&t.pipeline, t.log, 0);
        assert_int_equal(t.count, 3);
        finish(&t);
}

/* The state of a jail is one for all its logs: it may not run ahead of what was told of another
 * log. */
static void sibling_log_is_told_before_another_runs(void **state) {
        struct test t;
        (void)state;
        begin(&t, "nothing\n");
        struct scan_log *other = new_log(&t, 2, "fail b\n", 7);
        run(&t, t.log);
        run(&t, other);
        assert_int_equal(t.count, 2);
        assert_int_equal(t.batches[0].log, 1);
        assert_int_equal(t.batches[0].after, 8);
        assert_int_equal(t.batches[1].log, 2);
        (void)scan_log_free(other);
        finish(&t);
}

static void line_that_fails_is_counted_and_told(void **state) {
        struct test t;
        (void)state;
        begin(&t, "error it's\nfail a\n");
        run(&t, t.log);
        assert_string_equal(
                t.batches[0].records, "D:[sshd] Failed to process line: 'error it\\'s', caught "
                                      "exception: ValueError('cannot') F:a C:2/1 ");
        finish(&t);
}

static void messages_about_failing_lines_end_at_the_cap(void **state) {
        struct test t;
        struct buffer text = BUFFER_INIT(100000);
        unsigned told = 0;
        unsigned capped = 0;
        (void)state;
        begin(&t, "");
        for (int i = 0; i < 3 * SCAN_ERRORS_MAX; i++)
                assert_int_equal(buffer_printf(&text, "error\n"), 0);
        struct scan_log *log = new_log(&t, 2, buffer_view(&text).data, buffer_len(&text));
        log->careful = true; /* a batch a line, so that all can be looked at */
        log->careful_until = UINT64_MAX;
        struct input_chunk chunk;
        assert_int_equal(input_file_read(&log->files[0], &t.buffer, &chunk), INPUT_LAST);
        while (chunk.lines.len > 0) {
                struct input_chunk one = chunk;
                one.lines = slice_sub(chunk.lines, 0, 6);
                assert_int_equal(pipeline_run(&t.pipeline, log, &one), 0);
                told += strstr(t.batches[1].records, "Failed to process") != NULL;
                capped += strstr(t.batches[1].records, "Too many errors") != NULL;
                memset(t.batches, 0, sizeof(t.batches));
                t.count = 0;
                chunk.lines = slice_sub(chunk.lines, 6, chunk.lines.len);
        }
        assert_int_equal(told, SCAN_ERRORS_MAX - 1);
        assert_int_equal(capped, 1);
        (void)scan_log_free(log);
        buffer_done(&text);
        finish(&t);
}

static void careful_mode_announces_each_line_before_it_runs(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\nfail b\nfail c\n");
        t.log->careful = true;
        t.log->careful_until = 14;
        run(&t, t.log);
        assert_int_equal(t.syncs, 2);
        assert_int_equal(t.count, 5);
        assert_int_equal(t.batches[0].flags, BATCH_TRYING);
        assert_int_equal(t.batches[0].after, 0);
        assert_int_equal(t.batches[1].after, 7);
        assert_string_equal(t.batches[1].records, "F:a C:1/0 ");
        assert_int_equal(t.batches[2].flags, BATCH_TRYING);
        assert_int_equal(t.batches[2].after, 7);
        assert_int_equal(t.batches[4].flags, 0); /* not careful any more */
        finish(&t);
}

static void skipped_line_is_not_run_and_counts_as_dropped(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\nfail b\nfail c\n");
        t.log->skip_at = 7;
        run(&t, t.log);
        assert_string_equal(t.batches[0].records, "F:a F:c C:3/1 ");
        finish(&t);
}

static void lines_before_the_jails_start_are_not_for_it(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\nfail b\n");
        t.log->attachments[0].from = 7;
        run(&t, t.log);
        assert_string_equal(t.batches[0].records, "F:b C:1/0 ");
        finish(&t);
}

static void undecodable_bytes_are_told_once_a_day(void **state) {
        struct test t;
        (void)state;
        begin(&t, "x \xff\ny \xff\nfail a\n");
        run(&t, t.log);
        const char *first = strstr(
                t.batches[0].records, "D:Error decoding line from '/var/log/x' with 'UTF-8'.");
        assert_non_null(first);
        assert_null(strstr(first + 10, "Error decoding"));
        assert_non_null(strstr(t.batches[0].records, "'x \\xff\\x0a'"));
        finish(&t);
}

/* A chunk of nothing but ASCII is not decoded: its lines are the same. */
static void line_ends_go_from_plain_and_other_chunks(void **state) {
        static const char *const texts[] = {
                "fail a\r\nfail b\n\r\nfail c\r\r\n",
                "fail a\r\nfail b\n\r\nfail c\r\r\nn\xc3\xb6thing\n",
        };
        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct test t;
                begin(&t, texts[i]);
                run(&t, t.log);
                assert_int_equal(t.count, 1);
                assert_int_equal(t.pipeline.pass.ends.is_ascii, i == 0);
                assert_non_null(strstr(t.batches[0].records, "F:a F:b F:c C:"));
                finish(&t);
        }
}

/* The text in units of so many bytes; '%' is a character that has newline bytes in it. */
static size_t widen(const char *text, size_t unit, bool big, char *out) {
        size_t len = 0;
        for (; *text; text++, len += unit) {
                memset(out + len, 0, unit);
                out[len + (big ? unit - 1 : 0)] = *text == '%' ? '\n' : *text;
                out[len + (big ? unit - 2 : 1)] = *text == '%' ? '\n' : '\0';
        }
        return len;
}

/* Else whoever gets such a character into a line could begin another one. */
static void a_newline_byte_of_another_character_ends_no_line(void **state) {
        static const struct {
                enum line_encoding encoding;
                size_t unit;
                bool big;
        } rows[] = {
                {LINE_UTF16LE, 2, false},
                {LINE_UTF16BE, 2, true },
                {LINE_UTF16,   2, false},
                {LINE_UTF32LE, 4, false},
                {LINE_UTF32BE, 4, true },
                {LINE_UTF32,   4, false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct test t;
                char bytes[256];
                size_t len = widen("fail a\nuser %fail b\r\nfail c\n", rows[i].unit, rows[i].big, bytes);
                begin(&t, "");
                (void)scan_log_free(t.log);
                t.jail->encoding = rows[i].encoding;
                t.jail->keeps_ascii = line_encoding_is_ascii_compatible(rows[i].encoding);
                t.log = new_log(&t, 1, bytes, len);
                run(&t, t.log);
                assert_int_equal(t.count, 1);
                if (!strstr(t.batches[0].records, "F:a F:c C:3/0"))
                        fail_msg("row %zu: %s", i, t.batches[0].records);
                finish(&t);
        }
}

static void failures_lie_neither_in_the_future_nor_before_the_epoch(void **state) {
        struct test t;
        (void)state;
        begin(&t, "fail a\n");
        clock_fix(&t.clock, 500000000);
        run(&t, t.log);
        assert_true(t.last_time == 500); /* the fake filter says 1000 */
        finish(&t);
}

static void id_that_is_too_long_is_dropped(void **state) {
        struct test t;
        char text[RECORD_ID_MAX + 16] = "fail ";
        (void)state;
        memset(text + 5, 'x', RECORD_ID_MAX + 1);
        text[5 + RECORD_ID_MAX + 1] = '\n';
        begin(&t, text);
        run(&t, t.log);
        pipeline_flush(&t.pipeline, t.log, 0);
        assert_string_equal(t.batches[0].records, "C:1/1 ");
        finish(&t);
}

static void long_line_is_cut_and_passed(void **state) {
        struct test t;
        size_t len = INPUT_LINE_MAX + 10;
        char *text = memory_new(len + 8);
        (void)state;
        memset(text, 'x', len);
        memcpy(text + len, "\nfail a\n", 8);
        begin(&t, "");
        struct scan_log *log = new_log(&t, 2, text, len + 8);
        run(&t, log);
        assert_int_equal(t.batches[t.count - 1].after, len + 8);
        assert_string_equal(t.batches[t.count - 1].records, "F:a C:1/0 ");
        (void)scan_log_free(log);
        free(text);
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(batch_tells_offsets_and_what_the_lines_did),
                cmocka_unit_test(chunks_in_a_row_go_in_one_batch),
                cmocka_unit_test(records_held_back_go_before_those_of_another_log),
                cmocka_unit_test(mere_progress_is_told_by_the_flush),
                cmocka_unit_test(sibling_log_is_told_before_another_runs),
                cmocka_unit_test(line_that_fails_is_counted_and_told),
                cmocka_unit_test(messages_about_failing_lines_end_at_the_cap),
                cmocka_unit_test(careful_mode_announces_each_line_before_it_runs),
                cmocka_unit_test(skipped_line_is_not_run_and_counts_as_dropped),
                cmocka_unit_test(lines_before_the_jails_start_are_not_for_it),
                cmocka_unit_test(undecodable_bytes_are_told_once_a_day),
                cmocka_unit_test(line_ends_go_from_plain_and_other_chunks),
                cmocka_unit_test(a_newline_byte_of_another_character_ends_no_line),
                cmocka_unit_test(failures_lie_neither_in_the_future_nor_before_the_epoch),
                cmocka_unit_test(id_that_is_too_long_is_dropped),
                cmocka_unit_test(long_line_is_cut_and_passed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
