/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server does with a scanner's batches, without server and scanner: a jail, its window,
 * and the log of our own messages. For profilers, and for tools/train.
 *
 *     intake-bench BATCHES LOG [MAXRETRY [TIMES]]
 *
 * BATCHES: a file of scan-bench. LOG: where the messages go. TIMES: how often the batches are
 * applied, one round behind the other. Prints failures, ids, bytes that they keep, and CPU time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/diag.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "enforce/diag_target.h"
#include "enforce/jail.h"
#include "enforce/own_addresses.h"
#include "enforce/scan_batch.h"

#define JAIL_ID 1
#define LOG_ID 1

struct bench {
        struct loop *loop;
        struct clock clock;
        struct scan_link *scan;
        struct runner *runner;
        struct own_addresses *self;
        struct scan_plan plan;
        struct jail *jail;
        struct buffer batches; /* each with its length in front */
        uint64_t lines, count;
};

static struct bench bench;

static _Noreturn void give_up(const char *what, const char *why) {
        (void)fprintf(stderr, "intake-bench: %s: %s\n", what, why);
        exit(1);
}

static void on_failure(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        (void)jail;
        jail_failure(bench.jail, record);
}

static void on_failures_ahead(
        void *user, uint32_t jail, struct record *records, size_t count, unsigned step) {
        (void)user;
        (void)jail;
        jail_failures_ahead(bench.jail, records, count, step);
}

static void on_diag(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        (void)jail;
        diag_text(record->diag.level, "fail2ban.filter", record->diag.text);
}

static void on_count(void *user, uint32_t jail, uint64_t lines, uint64_t dropped) {
        (void)user;
        (void)jail;
        (void)dropped;
        bench.lines += lines;
}

static void on_position(
        void *user, uint32_t jail, struct slice path, struct slice hash, uint64_t offset) {
        (void)user;
        (void)jail;
        jail_position(bench.jail, path, hash, offset);
}

static void on_message(void *user, int level, const char *logger, struct slice text) {
        (void)user;
        diag_text((enum diag_level)level, logger, text);
}

static const struct scan_link_ops ops = {
        .on_failure = on_failure,
        .on_failures_ahead = on_failures_ahead,
        .on_diag = on_diag,
        .on_count = on_count,
        .on_position = on_position,
        .on_message = on_message,
};

/* The file, with a batch's head in front of each batch. */
static void read_batches(const char *path) {
        FILE *file = fopen(path, "re");
        uint32_t len;
        bench.batches = BUFFER_INIT(SIZE_MAX / 2);
        if (!file)
                give_up(path, "cannot be read");
        while (fread(&len, sizeof(len), 1, file) == 1) {
                size_t begin = buffer_len(&bench.batches);
                uint32_t whole;
                (void)message_put_u32(&bench.batches, 0);
                (void)message_put_u32(&bench.batches, LOG_ID);
                (void)message_put_u32(&bench.batches, 0);
                (void)message_put_u64(&bench.batches, 0);
                (void)message_put_u64(&bench.batches, 0);
                (void)message_put_u8(&bench.batches, 0);
                (void)message_put_text(&bench.batches, SLICE_NULL);
                char *room = buffer_room(&bench.batches, len);
                if (!room || fread(room, 1, len, file) != len)
                        give_up(path, "cannot be read");
                buffer_commit(&bench.batches, len);
                whole = (uint32_t)(buffer_len(&bench.batches) - begin - sizeof(whole));
                memcpy(bench.batches.bytes + begin, &whole, sizeof(whole));
        }
        (void)fclose(file);
}

static bool next_batch(struct slice *rest, struct slice *ret) {
        uint32_t len;
        if (rest->len < sizeof(len))
                return false;
        memcpy(&len, rest->data, sizeof(len));
        *ret = slice_sub(*rest, sizeof(len), sizeof(len) + len);
        *rest = slice_sub(*rest, sizeof(len) + len, rest->len);
        return true;
}

/* The time of the last failure, which is when all this happens. */
static double last_time(void) {
        struct slice rest = buffer_view(&bench.batches), batch;
        const size_t head = 4 + 4 + 8 + 8 + 1 + 4;
        double time = 0;
        while (next_batch(&rest, &batch)) {
                struct message_reader in = message_reader_of(slice_sub(batch, head, batch.len));
                struct record record;
                while (record_get(&in, &record) == 1)
                        if (record.type == RECORD_FAILURE && record.failure.time > time)
                                time = record.failure.time;
        }
        return time;
}

static void make_jail(unsigned maxretry) {
        static struct store *const no_store = NULL;
        struct fault fault = FAULT_INIT;
        struct jail_env env = {.loop = bench.loop,
                .clock = &bench.clock,
                .scan = bench.scan,
                .store = &no_store,
                .runner = bench.runner,
                .self = bench.self};
        bench.jail =
                jail_new(&env, JAIL_ID, SLICE("sshd"), LOG_WATCH_POLL, SLICE("polling"), &fault);
        if (!bench.jail)
                give_up("jail", fault_text(&fault));
        struct jail_settings *settings = jail_settings(bench.jail);
        settings->maxretry = settings->maxmatches = maxretry;
        settings->findtime_s = 1e6;
        jail_settings_changed(bench.jail);
        jail_start(bench.jail);
}

static void apply(void) {
        struct slice rest = buffer_view(&bench.batches), batch;
        struct fault fault = FAULT_INIT;
        while (next_batch(&rest, &batch)) {
                clock_hold(&bench.clock);
                diag_begin_batch();
                if (scan_batch_apply(&bench.plan, &ops, NULL, batch, &fault) < 0)
                        give_up("batch", fault_text(&fault));
                diag_end_batch();
                clock_release(&bench.clock);
        }
}

static double seconds(struct timeval time) {
        return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void run(unsigned long times) {
        struct rusage before, after;
        (void)getrusage(RUSAGE_SELF, &before);
        for (; times > 0; times--)
                apply();
        (void)getrusage(RUSAGE_SELF, &after);
        double user = seconds(after.ru_utime) - seconds(before.ru_utime);
        double system = seconds(after.ru_stime) - seconds(before.ru_stime);
        struct jail_counts counts = jail_counts(bench.jail);
        (void)printf("lines %" PRIu64 " failures %" PRIu64 " ids %" PRIu64 " banned %" PRIu64
                     " bytes %zu user %.3f s system %.3f s %.4f us/line %.4f us/failure\n",
                bench.lines, counts.failed_total, counts.failing, counts.banned_total, pool_bytes(),
                user, system, (user + system) * 1e6 / (double)bench.lines,
                (user + system) * 1e6 / (double)counts.failed_total);
}

int main(int argc, char **argv) {
        struct fault fault = FAULT_INIT;
        if (argc < 3)
                give_up("usage", "intake-bench BATCHES LOG [MAXRETRY [TIMES]]");
        unsigned maxretry = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 100;
        read_batches(argv[1]);
        clock_fix(&bench.clock, (int64_t)(last_time() * 1e6));
        struct diag_target *target = diag_target_new(&bench.clock, 0);
        diag_set_threshold(DIAG_INFO);
        if (diag_target_set(target, slice_of(argv[2]), &fault) < 0)
                give_up(argv[2], fault_text(&fault));
        bench.loop = loop_new();
        bench.scan = scan_link_new(bench.loop, &bench.clock, NULL, &ops, NULL, &fault);
        if (!bench.scan)
                give_up("scan", fault_text(&fault));
        bench.runner = runner_new(bench.loop, &bench.clock);
        bench.self = own_addresses_new(&bench.clock, NULL);
        make_jail(maxretry);
        scan_plan_init(&bench.plan, NULL);
        struct plan_jail *planned;
        (void)scan_plan_jail_add(&bench.plan, JAIL_ID, SLICE("sshd"), &planned);
        bench.plan.next_log = LOG_ID + 1; /* it has been removed: its records count */
        run(argc > 4 ? strtoul(argv[4], NULL, 10) : 1);
        bench.jail = jail_free(bench.jail);
        scan_plan_done(&bench.plan);
        bench.self = own_addresses_free(bench.self);
        bench.runner = runner_free(bench.runner);
        bench.scan = scan_link_free(bench.scan);
        (void)diag_target_free(target);
        (void)loop_free(bench.loop);
        buffer_done(&bench.batches);
        fault_done(&fault);
        return 0;
}
