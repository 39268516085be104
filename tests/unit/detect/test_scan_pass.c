/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With the real filter and the whole pipeline, twice: one passes over, the other has no prefilter,
 * so that each line is run by itself. Both must send the same bytes in the same batches. Each in a
 * process of its own, as date templates count the hits of all filters of a process. */
#include "detect/scan_pass.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "../../support/scan_side.h"

#define NOW_S INT64_C(1764000000) /* 2025-11-24 16:00:00 UTC */
#define SETTINGS 4
#define STALLED 9 /* exit status: a turn took so long that it ended before its lines; try again */

struct setting {
        const char *option, *value;
};

static const struct setting kinds[][SETTINGS] = {
        {{"addfailregex", "Failed .* <ADDR>"},         {"datepattern", "{^LN-BEG}"}},
        {{"prefregex", "^<F-CONTENT>.+</F-CONTENT>$"},
         {"addfailregex", "^ host Failed <F-MLFID>x</F-MLFID> .*<ADDR>"},
         {"addfailregex", "^ host <F-NOFAIL>again</F-NOFAIL> <F-MLFID>x</F-MLFID>"}},
        {{"addfailregex", "Failed .* <ADDR>"},                                            {"findtime", "30"}                                    },
        {{"addfailregex", "^ host Failed <ADDR>$"},                                            {"addignoreregex", "192\\.0\\.2\\.7"}},
        {{"addfailregex", "<ADDR> and (?i:wrong)"},                                            {"logencoding", "latin1"},
         {"datepattern", "{^LN-BEG}"}},
        {{"datepattern", "^[^\\[]*\\[({DATE})"},                 {"addfailregex", "^<ADDR> . \\[ host"}                                            },
 /* with these nothing can be passed over */
        {{"addfailregex", "^.*<ADDR>$"}},
        {{"addfailregex", "Failed <ADDR>"},                                                       {"logencoding", "utf-16le"}},
        {{"addfailregex", "Failed .* <ADDR>"},                                            {"maxlines", "3"}                                                  },
};
enum {
        KINDS_OF_ONE_DATE = 5,
        KINDS_THAT_PASS = 6,
        KINDS = sizeof(kinds) / sizeof(kinds[0]),
};

static void add_jail(struct scan_side *side, size_t kind) {
        struct scan_jail *jail = scan_side_add_jail(side);
        for (size_t i = 0; i < SETTINGS && kinds[kind][i].option; i++)
                assert_int_equal(
                        scan_side_set(jail, kinds[kind][i].option, kinds[kind][i].value), 0);
}

static void run(struct scan_side *side, struct scan_log *log, struct slice text) {
        struct input_chunk chunk;
        int r;
        scan_side_present = side;
        assert_int_equal(write(log->files[0].fd, text.data, text.len), (ssize_t)text.len);
        do {
                scan_side_settle_prefilter(side, log);
                r = input_file_read(&log->files[0], &side->buffer, &chunk);
                assert_true(r == INPUT_LINES || r == INPUT_LAST || r == INPUT_END);
                if (chunk.lines.len > 0 &&
                        pipeline_run(&side->pipeline, log, &chunk) == PIPELINE_E_LATE)
                        _exit(STALLED);
        } while (r == INPUT_LINES);
}

static uint32_t seed;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

/* brackets: most dates are in some. */
static void add_line(struct buffer *out, bool brackets) {
        static const char *const dates[] = {"Nov 24 15:59:01", "Nov 24 15:59:02", "Nov 24 15:59:60",
                "Nov 24 15:58:02", "Nov 24 14:00:00", "Nov 24 16:30:00",
                "192.0.2.9 - [24/Nov/2025:15:59:09 +0000", "Fai[24/Nov/2025:15:59:10 +0000]",
                "#[24/Nov/2025:15:59:10 +0000]", "# ", "", "Nov 24 15:59:59", "2025-11-24 15:59:03",
                "[24/Nov/2025:15:59:10 +0000]"};
        static const char *const texts[] = {" host quiet", " host quite so",
                " host Failed x 192.0.2.1", " host caf\xc3\xa9", " host bad \xff byte", "",
                "x 192.0.2.2", " host Failed 192.0.2.7", " host Failed 192.0.2.8", " host again x",
                "\r", "led \"Failed", " 192.0.2.3 and wrOng", " \r quiet", "led x 192.0.2.4",
                " host"};
        uint32_t usual = pick(8);
        const char *date = !usual     ? dates[pick(14)]
                           : brackets ? dates[6 + pick(2)]
                                      : dates[pick(2)];
        (void)buffer_printf(out, "%s%s", date, usual > 1 ? texts[pick(2)] : texts[pick(16)]);
        if (pick(200) == 0)
                (void)buffer_append(out, (struct slice){"a\0b", 3});
        (void)buffer_printf(out, "%s", pick(8) ? "\n" : "\r\n");
}

/* So much that there are several batches, while quiet lines are between. */
static void add_attack(struct buffer *out) {
        for (unsigned i = 0; i < 5000; i++)
                (void)buffer_printf(out, "Nov 24 15:59:%02u host %s\n", pick(60),
                        pick(9) ? "Failed x 192.0.2.1" : "quiet");
}

/* Jails of these kinds, all on the first log, and some on the second too. */
static void add_jails(struct scan_side *side, size_t count, uint32_t below) {
        for (size_t i = 0; i < count; i++) {
                add_jail(side, pick(below));
                scan_log_attach(side->logs[0], side->jails[i], 0);
                if (pick(2) == 0)
                        scan_log_attach(side->logs[1], side->jails[i], 0);
        }
}

/* The start of some line in text, or its end. */
static size_t some_line(struct slice text) {
        return text.len > 0 ? slice_find_char(text, '\n', pick((uint32_t)text.len)) + 1 : 0;
}

/* What happens now and then while a log is read. */
static void disturb(struct scan_side *side, struct scan_log *log, struct slice text) {
        uint32_t what = pick(8);
        uint64_t place = log->done + some_line(text);
        struct scan_attachment *attachment =
                log->attachment_count > 0 ? &log->attachments[pick((uint32_t)log->attachment_count)]
                                          : NULL;
        int64_t later = pick(10) ? pick(3) : pick(100000);
        if (what == 0)
                log->skip_at = place;
        else if (what == 1 && attachment)
                attachment->from = place;
        else if (what == 2 && attachment)
                attachment->jail->errors = 90;
        else if (what == 3)
                log->in_operation = !log->in_operation;
        else if (what == 4)
                clock_advance(&side->clock, later * 1000000);
        else if (what == 5)
                pipeline_flush(&side->pipeline, log, 0);
        log->careful = what == 6 && pick(3) == 0;
        log->careful_until = place;
}

struct plan {
        uint32_t seed;
        size_t jails;
        uint32_t kinds;
};

static void carry_out(const struct plan *plan, struct scan_side *side) {
        struct buffer text = BUFFER_INIT((size_t)1 << 20);
        seed = plan->seed;
        add_jails(side, plan->jails, plan->kinds);
        for (unsigned turn = 0; turn < 150; turn++) {
                bool brackets = pick(4) == 0;
                buffer_clear(&text);
                for (uint32_t k = pick(pick(10) ? 40 : 400); k > 0; k--)
                        add_line(&text, brackets);
                if (turn == 20)
                        add_attack(&text);
                struct slice view = buffer_view(&text);
                struct scan_log *log = side->logs[pick(4) == 0];
                size_t cut = view.len > 0 ? pick((uint32_t)view.len) : 0;
                disturb(side, log, view);
                run(side, log, slice_sub(view, 0, cut));
                run(side, log, slice_sub(view, cut, view.len));
                scan_side_note_rest(side);
                (void)buffer_append(&side->sent, view); /* for who looks for a difference */
        }
        buffer_done(&text);
}

static void put(int fd, struct slice bytes) {
        assert_int_equal(write(fd, bytes.data, bytes.len), (ssize_t)bytes.len);
}

/* In a child. fd gets the lines passed over, and what was sent. Returns its exit status. */
static int carry_out_alone(const struct plan *plan, bool passes, int fd) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                struct scan_side side;
                scan_side_init(&side, passes, NOW_S * 1000000);
                carry_out(plan, &side);
                uint64_t total = side.pipeline.pass.total;
                put(fd, (struct slice){(const char *)&total, sizeof(total)});
                put(fd, buffer_view(&side.sent));
                scan_side_done(&side);
                buffer_done(&side.sent);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

/* Returns the lines passed over, with what was sent in *ret. */
static uint64_t result_of(const struct plan *plan, bool passes, struct buffer *ret) {
        int fd = memfd_create("sent", MFD_CLOEXEC);
        uint64_t total;
        *ret = BUFFER_INIT((size_t)64 << 20);
        int status;
        while ((status = carry_out_alone(plan, passes, fd)) == STALLED)
                continue;
        assert_int_equal(status, 0);
        size_t size = (size_t)lseek(fd, 0, SEEK_END) - sizeof(total);
        assert_int_equal(pread(fd, &total, sizeof(total), 0), sizeof(total));
        assert_int_equal(pread(fd, buffer_room(ret, size), size, sizeof(total)), size);
        buffer_commit(ret, size);
        (void)close(fd);
        return total;
}

/* Some bytes around a place, printable. */
static const char *show(struct slice text, size_t at, char out[static 400]) {
        size_t n = 0;
        for (size_t i = at < 40 ? 0 : at - 40; i < text.len && i < at + 40; i++)
                n += (size_t)snprintf(out + n, 400 - n,
                        text.data[i] >= ' ' && text.data[i] < 127 ? "%c" : "\\x%02x",
                        (unsigned char)text.data[i]);
        return out;
}

static void assert_same(struct slice left, struct slice right) {
        size_t at = 0;
        char shown[2][400] = {{0}};
        while (at < left.len && at < right.len && left.data[at] == right.data[at])
                at++;
        if (at < left.len || at < right.len)
                fail_msg("at %zu: '%s' and '%s'", at, show(left, at, shown[0]),
                        show(right, at, shown[1]));
}

/* Returns the lines passed over. */
static uint64_t compare(const struct plan *plan) {
        struct buffer each, passing;
        assert_int_equal(result_of(plan, false, &each), 0);
        uint64_t total = result_of(plan, true, &passing);
        assert_same(buffer_view(&each), buffer_view(&passing));
        buffer_done(&each);
        buffer_done(&passing);
        return total;
}

static void lines_passed_over_are_as_if_each_had_been_run(void **state) {
        static const struct {
                size_t jails;
                uint32_t kinds;
        } rows[] = {
                {1,                   KINDS_THAT_PASS  },
                {2,                   KINDS_THAT_PASS  },
                {3,                   KINDS_THAT_PASS  },
                {3,                   KINDS            },
                {SCAN_SIDE_JAILS_MAX, KINDS_OF_ONE_DATE},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t passed = 0;
                for (uint32_t round = 0; round < (rows[i].jails == 1 ? 8 : 3); round++) {
                        const struct plan plan = {
                                round * 1000 + (uint32_t)i, rows[i].jails, rows[i].kinds};
                        passed += compare(&plan);
                }
                print_message("%zu jails: %u\n", rows[i].jails, (unsigned)passed);
                assert_true(passed > 1000);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_passed_over_are_as_if_each_had_been_run),
        };
        (void)setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
