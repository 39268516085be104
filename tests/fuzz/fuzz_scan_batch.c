/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a scanner that may be anybody's, against a plan with one jail and one log (the first
 * byte chooses the message, and whether its head is right): what is refused changes nothing and is
 * told to nobody; what is not, moves the log forward. */
#include <math.h>
#include <unistd.h>

#include "enforce/scan_batch.h"
#include "enforce/ticket.h"
#include "fuzz.h"

static struct loop *loop;
static struct log_watch *watch;
static struct log_path *path;
static unsigned told;

static void on_watch_file(void *user, struct log_path *log_path, struct log_file *file) {
        (void)user, (void)log_path, (void)file;
}
static void on_watch_poke(void *user, struct log_path *log_path) {
        (void)user, (void)log_path;
}
static void on_watch_absent(void *user, struct log_path *log_path, const struct fault *fault) {
        (void)user, (void)log_path, (void)fault;
}
static const struct log_watch_ops watch_ops = {on_watch_file, on_watch_poke, on_watch_absent};

/* As a jail does it with the first failure of an id, and with later ones. */
static void take(const struct record *record) {
        struct ticket *ticket = ticket_new(record->failure.id, NULL, record->failure.time);
        struct arena arena = ARENA_INIT;
        ticket_set_record(ticket, record);
        struct value data = ticket_data(ticket, &arena);
        FUZZ_REQUIRE(data.type == VALUE_DICT);
        ticket_add_record(ticket, record, 3);
        FUZZ_REQUIRE(ticket->match_count <= 3);
        (void)ticket_matches_text(ticket, &arena);
        arena_done(&arena);
        (void)ticket_unref(ticket);
}

static void on_failure(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        FUZZ_REQUIRE(jail == 1 && isfinite(record->failure.time));
        take(record);
        told++;
}
static void on_diag(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        FUZZ_REQUIRE(jail == 1 && record->type == RECORD_DIAG);
        told++;
}
static void on_count(void *user, uint32_t jail, uint64_t lines, uint64_t dropped) {
        (void)user, (void)jail, (void)lines, (void)dropped;
        told++;
}
static void on_position(
        void *user, uint32_t jail, struct slice text, struct slice hash, uint64_t offset) {
        (void)user, (void)text;
        FUZZ_REQUIRE(jail == 1 && hash.len <= PLAN_HASH_LEN && offset <= INT64_MAX);
}
static const struct scan_link_ops ops = {on_failure, on_diag, on_count, on_position, NULL, NULL};

static void begin_once(void) {
        char name[] = "/tmp/stockade-fuzz-XXXXXX";
        if (watch)
                return;
        int fd = mkstemp(name);
        FUZZ_REQUIRE(fd >= 0);
        (void)close(fd);
        loop = loop_new();
        watch = log_watch_new(loop, &watch_ops, NULL, NULL);
        FUZZ_REQUIRE(watch && log_watch_add(watch, slice_of(name), LOG_WATCH_INOTIFY, NULL, &path,
                                      NULL) == 0);
        (void)unlink(name); /* it stays open */
}

static void put_head(struct buffer *out, const struct plan_log *log) {
        (void)message_put_u32(out, log->id);
        (void)message_put_u32(out, log->files[0].generation);
        (void)message_put_u64(out, log->offset);
        (void)message_put_u64(out, log->offset + 7);
        (void)message_put_u8(out, BATCH_AT_END);
        (void)message_put_text(out, SLICE(""));
}

static void apply(struct scan_plan *plan, const struct plan_log *log, struct slice body) {
        struct fault fault = FAULT_INIT;
        uint64_t before = log->offset;
        told = 0;
        int r = scan_batch_apply(plan, &ops, NULL, body, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        FUZZ_REQUIRE(r >= 0 || (told == 0 && log->offset == before));
        FUZZ_REQUIRE(
                log->offset >= before && (r == SCAN_BATCH_E_PROGRESS) == (log->offset > before));
        fault_done(&fault);
}

static void send(
        struct scan_plan *plan, const struct plan_log *log, unsigned choice, struct slice rest) {
        struct buffer body = BUFFER_INIT((size_t)1 << 20);
        struct plan_log *named = NULL;
        struct slice reason;
        if (choice == 0)
                put_head(&body, log);
        (void)buffer_append(&body, rest);
        if (choice <= 1)
                apply(plan, log, buffer_view(&body));
        else if (choice == 2)
                (void)scan_batch_truncated(plan, rest, &named, &reason, NULL);
        else
                (void)scan_batch_drained(plan, rest, &named, NULL);
        FUZZ_REQUIRE(!named || named == log);
        buffer_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct scan_plan plan;
        struct plan_jail *jail;
        if (size == 0)
                return 0;
        begin_once();
        scan_plan_init(&plan, watch);
        FUZZ_REQUIRE(scan_plan_jail_add(&plan, 1, SLICE("sshd"), &jail) == 0);
        struct plan_log *log = scan_plan_log_add(&plan);
        log->watch = path;
        FUZZ_REQUIRE(plan_log_push(log, log_path_file(path)) == 0);
        FUZZ_REQUIRE(plan_log_push(log, log_path_file(path)) == 0);
        plan_log_attach(log, jail);
        send(&plan, log, data[0] % 4, fuzz_input(data + 1, size - 1));
        FUZZ_REQUIRE(log->file_count >= 1 && jail->states.count <= RECORD_STATES_MAX);
        while (log->file_count > 0) {
                size_t last = --log->file_count;
                log->files[last].file = log_file_unref(watch, log->files[last].file);
        }
        log->watch = NULL;
        scan_plan_done(&plan);
        return 0;
}
