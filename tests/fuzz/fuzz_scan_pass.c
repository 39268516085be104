/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two logs through several jails and the whole pipeline, twice: with a prefilter, so that lines are
 * passed over, and without. What is sent must be the same. An input is a byte for the number of
 * jails, two for each of them, and texts parted by form feeds; behind each of these, two bytes tell
 * what happens before the next one. */
#include "../support/scan_side.h"
#include "fuzz.h"

#define NOW_US INT64_C(1786702400000000) /* 2026-08-14 10:13:20 UTC */
#define SECOND_US INT64_C(1000000)
#define TEXT_END '\f'
#define JAILS_MAX 4
#define LINES_A_TURN 15 /* a turn of the pipeline does not look at the clock so soon */
#define BIT(byte, n) (((byte) >> (n)&1U) != 0)

static void set(struct scan_jail *jail, const char *option, const char *text) {
        FUZZ_REQUIRE(scan_side_set(jail, option, text) == 0);
}

static void add_jail(struct scan_side *side, unsigned first, unsigned second) {
        static const char *const dates[] = {"{^LN-BEG}",
                "{^LN-BEG}(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
                "^[^\\[]*\\[(%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?)",
                "{^LN-BEG}%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?"};
        static const char *const regexes[] = {"^ ?<F-MLFID>c\\d?</F-MLFID>: bad <ADDR>$",
                "bad <F-USER>\\S+</F-USER> <ADDR>$", "^ (?:fail|error)(?:ed)? <ADDR>$",
                "^\\S+ - \\[\\] fail <ADDR>", "^<F-NOFAIL>quie<F-MLFID>t</F-MLFID></F-NOFAIL>",
                "bad .* <ADDR>", "(?i)wrong <ADDR>", "^<ADDR>$"};
        struct scan_jail *jail = scan_side_add_jail(side);
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
        scan_log_attach(side->logs[0], jail, 0);
        if (BIT(second, 6))
                scan_log_attach(side->logs[1], jail, 0);
}

static void run(struct scan_side *side, struct scan_log *log, struct slice text) {
        struct input_chunk chunk;
        int r;
        FUZZ_REQUIRE(write(log->files[0].fd, text.data, text.len) == (ssize_t)text.len);
        do {
                scan_side_settle_prefilter(side, log);
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

static void disturb(struct scan_side *side, struct scan_log *log, unsigned what, unsigned amount) {
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

/* One after the other: filters share date templates, which count the hits of all. */
/* Returns what was sent. */
static struct buffer carry_out(struct slice input, bool passes) {
        struct scan_side side;
        struct slice text;
        scan_side_init(&side, passes, NOW_US);
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
                scan_side_note_rest(&side);
                unsigned what = fuzz_byte(&input);
                log = BIT(what, 3) ? 1 : 0;
                disturb(&side, side.logs[log], what & 7, fuzz_byte(&input));
        }
        scan_side_done(&side);
        return side.sent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        fuzz_be_quiet();
        struct buffer each = carry_out(fuzz_input(data, size), false);
        struct buffer passing = carry_out(fuzz_input(data, size), true);
        FUZZ_REQUIRE(slice_equal(buffer_view(&each), buffer_view(&passing)));
        buffer_done(&each);
        buffer_done(&passing);
        return 0;
}
