/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two logs through several jails and the whole pipeline, twice: with a prefilter, so that lines are
 * passed over, and without. What is sent must be the same. An input is a byte for the number of
 * jails, two for each of them, and texts parted by form feeds; behind each of these, two bytes tell
 * what happens before the next one. */
#include <sys/mman.h>

#include "channel/record.h"
#include "detect/pipeline.h"
#include "fuzz.h"

#define NOW_US INT64_C(1786702400000000) /* 2026-08-14 10:13:20 UTC */
#define SECOND_US INT64_C(1000000)
#define SENT_MAX ((size_t)64 << 20)
#define TEXT_END '\f'
#define JAILS_MAX 4
#define LOGS 2
#define LINES_A_TURN 15 /* a turn of the pipeline does not look at the clock so soon */
#define BIT(byte, n) (((byte) >> (n)&1U) != 0)

enum way { EACH, PASSING };

struct side {
        struct clock clock;
        struct pipeline pipeline;
        struct scan_jail *jails[JAILS_MAX];
        size_t jail_count;
        struct scan_log *logs[LOGS];
        struct input_buffer buffer;
        struct buffer sent;
        enum way way;
};

static struct side *present;

static void on_send(void *user, enum message_type type, struct slice head, struct slice rest) {
        struct side *side = user;
        (void)buffer_printf(&side->sent, "[%d ", (int)type);
        (void)buffer_append(&side->sent, head);
        (void)buffer_append(&side->sent, rest);
}

static void on_sync(void *user) {
        (void)user;
}

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        pipeline_diag(&present->pipeline, user, level, logger, text);
}

static void set(struct scan_jail *jail, const char *option, const char *text) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value ret;
        (void)value_append(&arguments, value_text(text), &arena);
        FUZZ_REQUIRE(scan_jail_set(jail, slice_of(option), &arguments, &arena, &ret, NULL) == 0);
        arena_done(&arena);
}

static void add_jail(struct side *side, unsigned first, unsigned second) {
        static const char *const dates[] = {"{^LN-BEG}",
                "{^LN-BEG}(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
                "^[^\\[]*\\[(%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?)",
                "{^LN-BEG}%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?"};
        static const char *const regexes[] = {"^ ?<F-MLFID>c\\d?</F-MLFID>: bad <ADDR>$",
                "bad <F-USER>\\S+</F-USER> <ADDR>$", "^ (?:fail|error)(?:ed)? <ADDR>$",
                "^\\S+ - \\[\\] fail <ADDR>", "^<F-NOFAIL>quie<F-MLFID>t</F-MLFID></F-NOFAIL>",
                "bad .* <ADDR>", "(?i)wrong <ADDR>", "^<ADDR>$"};
        const struct filter_env env = {.clock = &side->clock, .diag = on_diag};
        struct scan_jail *jail = scan_jail_new((uint32_t)side->jail_count + 1, SLICE("fuzz"), &env);
        set(jail, "datepattern", dates[first & 3]);
        if (BIT(first, 2))
                set(jail, "prefregex", "^ ?(?:c\\d?: )?<F-CONTENT>.+</F-CONTENT>$");
        if (BIT(first, 3))
                set(jail, "addignoreregex", "ignore");
        if (BIT(first, 4))
                set(jail, "logencoding", BIT(first, 5) ? "latin1" : "gbk");
        set(jail, "findtime", BIT(first, 6) ? "3600" : "30");
        set(jail, "addfailregex", regexes[second & 7]);
        set(jail, "addfailregex", regexes[second >> 3 & 7]);
        side->jails[side->jail_count++] = jail;
        scan_log_attach(side->logs[0], jail, 0);
        if (BIT(second, 6))
                scan_log_attach(side->logs[1], jail, 0);
}

static void side_init(struct side *side, enum way way) {
        *side = (struct side){.way = way, .sent = BUFFER_INIT(SENT_MAX)};
        clock_fix(&side->clock, NOW_US);
        pipeline_init(&side->pipeline, &side->clock, on_send, on_sync, side);
        for (uint32_t i = 0; i < LOGS; i++)
                side->logs[i] =
                        scan_log_new(i + 1, SLICE("/x"), memfd_create("log", MFD_CLOEXEC), 7, 0);
        present = side;
}

/* Only what was sent is left. */
static struct buffer side_done(struct side *side) {
        for (size_t i = 0; i < LOGS; i++)
                (void)scan_log_free(side->logs[i]);
        for (size_t i = 0; i < side->jail_count; i++)
                (void)scan_jail_free(side->jails[i]);
        pipeline_done(&side->pipeline);
        input_buffer_done(&side->buffer);
        return side->sent;
}

/* A prefilter from the first line on, or never. */
static void settle_prefilter(struct side *side, struct scan_log *log) {
        (void)log_prefilter_scan(&log->prefilter, log, SLICE(""));
        log->prefilter.bytes = LOG_PREFILTER_AFTER;
        log->prefilter.tried = log->prefilter.tried || side->way == EACH;
}

static void run(struct side *side, struct scan_log *log, struct slice text) {
        struct input_chunk chunk;
        int r;
        FUZZ_REQUIRE(write(log->files[0].fd, text.data, text.len) == (ssize_t)text.len);
        do {
                settle_prefilter(side, log);
                r = input_file_read(&log->files[0], &side->buffer, &chunk);
                FUZZ_REQUIRE(r >= 0 && r != INPUT_CHANGED);
                if (chunk.lines.len > 0)
                        FUZZ_REQUIRE(pipeline_run(&side->pipeline, log, &chunk) == 0);
        } while (r == INPUT_LINES);
}

/* Each byte at which a line of the text ends, or its end. */
static size_t few_lines(struct slice text) {
        size_t at = 0;
        for (int i = 0; i < LINES_A_TURN && at < text.len; i++)
                at = slice_find_char(text, '\n', at) + 1;
        return at < text.len ? at : text.len;
}

static void disturb(struct side *side, struct scan_log *log, unsigned what, unsigned amount) {
        uint64_t place = log->done + amount;
        struct scan_attachment *attachment =
                log->attachment_count > 0 ? &log->attachments[amount % log->attachment_count]
                                          : NULL;
        if (what == 1)
                log->skip_at = place;
        else if (what == 2 && attachment)
                attachment->from = place;
        else if (what == 3 && attachment)
                attachment->jail->errors = amount;
        else if (what == 4)
                log->in_operation = !log->in_operation;
        else if (what == 5)
                clock_advance(&side->clock, amount * SECOND_US * (BIT(amount, 7) ? 300 : 1));
        else if (what == 6)
                pipeline_flush(&side->pipeline, log, 0);
        log->careful = what == 7;
        log->careful_until = place;
}

static void note_rest(struct side *side) {
        for (size_t i = 0; i < side->jail_count; i++) {
                const struct scan_jail *jail = side->jails[i];
                (void)buffer_printf(&side->sent, "<%u %u %u %d>", (unsigned)jail->lines,
                        (unsigned)jail->dropped, jail->errors, jail->muted);
        }
        for (size_t i = 0; i < LOGS; i++)
                (void)buffer_printf(&side->sent, "<%u>", (unsigned)side->logs[i]->done);
}

/* One after the other: filters share date templates, which count the hits of all. */
static struct buffer carry_out(struct slice input, enum way way) {
        struct side side;
        struct slice text;
        side_init(&side, way);
        for (unsigned left = 1 + fuzz_byte(&input) % JAILS_MAX; left > 0; left--) {
                unsigned first = fuzz_byte(&input);
                add_jail(&side, first, fuzz_byte(&input));
        }
        unsigned log = 0;
        while (input.len > 0 && slice_next_piece(&input, TEXT_END, &text)) {
                for (size_t len; text.len > 0; text = slice_sub(text, len, text.len)) {
                        len = few_lines(text);
                        run(&side, side.logs[log], slice_sub(text, 0, len));
                }
                note_rest(&side);
                unsigned what = fuzz_byte(&input);
                log = BIT(what, 3) ? 1 : 0;
                disturb(&side, side.logs[log], what & 7, fuzz_byte(&input));
        }
        return side_done(&side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        fuzz_be_quiet();
        struct buffer each = carry_out(fuzz_input(data, size), EACH);
        struct buffer passing = carry_out(fuzz_input(data, size), PASSING);
        FUZZ_REQUIRE(slice_equal(buffer_view(&each), buffer_view(&passing)));
        buffer_done(&each);
        buffer_done(&passing);
        return 0;
}
