/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/scan_batch.h"

#include <errno.h>

#include "scan_fixture.h"

#define HASH "3f786850e387550fdab836ed7e6dc881de23001b"

/* What the callbacks were told. */
static struct {
        unsigned failures, ahead, diags, positions;
        uint64_t lines, dropped, offset;
        char id[64], hash[64];
} told;

static void on_failure(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        assert_int_equal(jail, 1);
        told.failures++;
        (void)snprintf(told.id, sizeof(told.id), "%.*s", SLICE_ARG(record->failure.id));
}

static void on_diag(void *user, uint32_t jail, const struct record *record) {
        (void)user;
        (void)jail;
        (void)record;
        told.diags++;
}

static void on_count(void *user, uint32_t jail, uint64_t lines, uint64_t dropped) {
        (void)user;
        (void)jail;
        told.lines += lines;
        told.dropped += dropped;
}

static void on_position(
        void *user, uint32_t jail, struct slice path, struct slice hash, uint64_t offset) {
        struct fixture *f = user;
        assert_int_equal(jail, 1);
        assert_slice(path, f->path);
        told.positions++;
        told.offset = offset;
        (void)snprintf(told.hash, sizeof(told.hash), "%.*s", SLICE_ARG(hash));
}

static const struct scan_link_ops ops = {on_failure, on_diag, on_count, on_position, NULL, NULL};

static int setup(void **state) {
        memset(&told, 0, sizeof(told));
        return fixture_setup(state);
}

struct head {
        uint32_t log, generation;
        uint64_t before, after;
        uint8_t flags;
        const char *hash;
};

static struct head head_of(const struct fixture *f) {
        return (struct head){f->log->id, f->log->files[0].generation, 0, 7, 0, HASH};
}

static void put_records(struct buffer *out) {
        struct record failure = {.type = RECORD_FAILURE, .jail = 1};
        failure.failure.time = 1795500000;
        failure.failure.id = SLICE("192.0.2.1");
        struct record kept = {
                .type = RECORD_STATE, .jail = 1, .state = {SLICE("key"), SLICE("blob")}
        };
        struct record count = {
                .type = RECORD_COUNT, .jail = 1, .count = {5, 2}
        };
        struct record gone = failure;
        gone.jail = 99;
        assert_int_equal(record_put(out, &failure), 0);
        assert_int_equal(record_put(out, &kept), 0);
        assert_int_equal(record_put(out, &count), 0);
        assert_int_equal(record_put(out, &gone), 0);
}

static struct buffer empty_body_of(const struct head *head) {
        struct buffer body = BUFFER_INIT(100000);
        (void)message_put_u32(&body, head->log);
        (void)message_put_u32(&body, head->generation);
        (void)message_put_u64(&body, head->before);
        (void)message_put_u64(&body, head->after);
        (void)message_put_u8(&body, head->flags);
        (void)message_put_text(&body, slice_of(head->hash));
        return body;
}

static struct buffer body_of(const struct head *head) {
        struct buffer body = empty_body_of(head);
        put_records(&body);
        return body;
}

static int apply(struct fixture *f, const struct head *head) {
        struct buffer body = body_of(head);
        struct fault fault = FAULT_INIT;
        int r = scan_batch_apply(&f->plan, &ops, f, buffer_view(&body), &fault);
        assert_int_equal(r < 0, fault.text != NULL);
        fault_done(&fault);
        buffer_done(&body);
        return r;
}

static void a_batch_is_applied_in_one_step(void **state) {
        struct fixture *f = *state;
        struct head head = head_of(f);
        f->log->answered = true;
        assert_int_equal(apply(f, &head), SCAN_BATCH_E_PROGRESS);
        assert_int_equal(told.failures, 1); /* not the one of a jail that is gone */
        assert_string_equal(told.id, "192.0.2.1");
        assert_int_equal(told.lines, 5);
        assert_int_equal(told.dropped, 2);
        assert_int_equal(told.positions, 1);
        assert_int_equal(told.offset, 7);
        assert_string_equal(told.hash, HASH);
        assert_int_equal(f->log->offset, 7);
        assert_slice(buffer_view(table_get(&f->jail->states, SLICE("key"))), "blob");
}

static void what_does_not_follow_is_refused_and_nothing_applied(void **state) {
        struct fixture *f = *state;
        struct head good = head_of(f);
        struct head bad[8];
        for (size_t i = 0; i < 8; i++)
                bad[i] = good;
        bad[0].log = 0;
        bad[1].log = 1000;
        bad[2].generation++;
        bad[3].before = 1;
        bad[4].before = f->log->offset;
        bad[4].after = UINT64_MAX;
        bad[5].hash = "short";
        bad[6].hash = "3F786850e387550fdab836ed7e6dc881de23001b";
        bad[7].after = (uint64_t)INT64_MAX + 1;
        for (size_t i = 0; i < 8; i++)
                assert_int_equal(apply(f, &bad[i]), -EPROTO);
        assert_int_equal(told.failures + told.positions, 0);
        assert_int_equal(f->log->offset, 0);
        assert_int_equal(apply(f, &good), SCAN_BATCH_E_PROGRESS);
        assert_int_equal(apply(f, &good), -EPROTO); /* a second time it does not follow */
        assert_int_equal(told.failures, 1);
}

static void cut_batches_are_refused_whole(void **state) {
        struct fixture *f = *state;
        struct head head = head_of(f);
        struct buffer body = body_of(&head);
        struct slice whole = buffer_view(&body);
        unsigned refused = 0;
        for (size_t len = 0; len < whole.len; len++) {
                unsigned before = told.failures;
                struct fault fault = FAULT_INIT;
                int r = scan_batch_apply(&f->plan, &ops, f, slice_sub(whole, 0, len), &fault);
                refused += r == -EPROTO;
                if (r == -EPROTO)
                        assert_int_equal(told.failures, before);
                f->log->offset = 0;
                fault_done(&fault);
        }
        assert_true(refused > whole.len / 2); /* only cuts between records leave a shorter batch */
        buffer_done(&body);
}

static void put_failures(struct buffer *out, unsigned count);

static void a_bad_record_behind_many_good_ones_refuses_all(void **state) {
        static const unsigned counts[] = {
                0, 10, SCAN_BATCH_KEPT_MAX - 1, SCAN_BATCH_KEPT_MAX, SCAN_BATCH_KEPT_MAX + 1, 3000};
        struct fixture *f = *state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct head head = head_of(f);
                struct buffer body = empty_body_of(&head);
                struct fault fault = FAULT_INIT;
                put_failures(&body, counts[i]);
                (void)message_put_u8(&body, RECORD_TYPE_COUNT);
                assert_int_equal(
                        scan_batch_apply(&f->plan, &ops, f, buffer_view(&body), &fault), -EPROTO);
                assert_int_equal(told.failures, 0);
                assert_int_equal(f->log->offset, 0);
                fault_done(&fault);
                buffer_done(&body);
        }
}

static void records_of_a_removed_log_still_count(void **state) {
        struct fixture *f = *state;
        struct head head = head_of(f);
        scan_plan_log_del(&f->plan, f->log);
        assert_int_equal(apply(f, &head), 0);
        assert_int_equal(told.failures, 1);
        assert_int_equal(told.positions, 0);
}

static void truncation_begins_the_file_anew(void **state) {
        struct fixture *f = *state;
        struct buffer body = BUFFER_INIT(4096);
        struct plan_log *log = NULL;
        struct slice reason;
        uint32_t next = generation_truncated(f->log->files[0].generation);
        f->log->offset = 7;
        (void)message_put_u32(&body, f->log->id);
        (void)message_put_u32(&body, next);
        (void)message_put_text(&body, SLICE("size 0, position 7"));
        assert_int_equal(
                scan_batch_truncated(&f->plan, buffer_view(&body), &log, &reason, NULL), 0);
        assert_ptr_equal(log, f->log);
        assert_slice(reason, "size 0, position 7");
        assert_int_equal(f->log->offset, 0);
        assert_int_equal(f->log->files[0].generation, next);
        assert_int_equal(scan_batch_truncated(&f->plan, buffer_view(&body), &log, &reason, NULL),
                -EPROTO); /* not the next one */
        buffer_done(&body);
}

static void draining_needs_a_next_file(void **state) {
        struct fixture *f = *state;
        struct buffer body = BUFFER_INIT(4096);
        struct plan_log *log = NULL;
        (void)message_put_u32(&body, f->log->id);
        (void)message_put_u32(&body, f->log->files[0].generation);
        assert_int_equal(scan_batch_drained(&f->plan, buffer_view(&body), &log, NULL), -EPROTO);
        assert_int_equal(plan_log_push(f->log, f->log->files[0].file), 0);
        assert_int_equal(scan_batch_drained(&f->plan, buffer_view(&body), &log, NULL), 0);
        assert_int_equal(f->log->file_count, 1);
        buffer_done(&body);
}

/* The steps of one are told in order, others in between; all of them before it comes. */
static void on_failures_ahead(
        void *user, uint32_t jail, struct record *records, size_t count, unsigned step) {
        (void)user;
        assert_int_equal(jail, 1);
        assert_true(count >= 1 && count <= SCAN_AHEAD_MAX && step < SCAN_AHEAD_STEPS);
        for (size_t i = 0; i < count; i++) {
                assert_true(records[i].type == RECORD_FAILURE && records[i].jail == 1);
                assert_int_equal(records[i].failure.hash, step);
                records[i].failure.hash++;
                told.ahead += step + 1 == SCAN_AHEAD_STEPS;
        }
        assert_true(told.ahead >= told.failures);
}

/* As on_failure(), of a record that was told of before. */
static void on_known_failure(void *user, uint32_t jail, const struct record *record) {
        assert_int_equal(record->failure.hash, SCAN_AHEAD_STEPS);
        on_failure(user, jail, record);
}

static void put_failures(struct buffer *out, unsigned count) {
        for (unsigned i = 0; i < count; i++) {
                char id[16];
                struct record failure = {.type = RECORD_FAILURE, .jail = 1};
                failure.failure.time = 1795500000;
                failure.failure.id = (struct slice){id, (size_t)snprintf(id, sizeof(id), "%u", i)};
                assert_int_equal(record_put(out, &failure), 0);
        }
}

static void failures_are_told_ahead_and_then_come_in_order(void **state) {
        static const struct scan_link_ops looking = {.on_failure = on_known_failure,
                .on_position = on_position,
                .on_failures_ahead = on_failures_ahead};
        static const unsigned counts[] = {1, SCAN_AHEAD_MAX - 1, SCAN_AHEAD_MAX, SCAN_AHEAD_MAX + 1,
                SCAN_AHEAD_STEPS * SCAN_AHEAD_MAX, (SCAN_AHEAD_STEPS + 2) * SCAN_AHEAD_MAX + 3,
                SCAN_BATCH_KEPT_MAX - 1, SCAN_BATCH_KEPT_MAX, SCAN_BATCH_KEPT_MAX + 1,
                3 * SCAN_BATCH_KEPT_MAX + 5};
        struct fixture *f = *state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct head head = head_of(f);
                head.before = f->log->offset;
                head.after = head.before + 7;
                struct buffer body = empty_body_of(&head);
                char last[16];
                told.failures = told.ahead = 0;
                put_failures(&body, counts[i]);
                assert_int_equal(scan_batch_apply(&f->plan, &looking, f, buffer_view(&body), NULL),
                        SCAN_BATCH_E_PROGRESS);
                assert_int_equal(told.failures, counts[i]);
                assert_int_equal(told.ahead, counts[i]);
                (void)snprintf(last, sizeof(last), "%u", counts[i] - 1);
                assert_string_equal(told.id, last);
                buffer_done(&body);
        }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_batch_is_applied_in_one_step),
                CASE(what_does_not_follow_is_refused_and_nothing_applied),
                CASE(cut_batches_are_refused_whole),
                CASE(a_bad_record_behind_many_good_ones_refuses_all),
                CASE(records_of_a_removed_log_still_count),
                CASE(truncation_begins_the_file_anew),
                CASE(draining_needs_a_next_file),
                CASE(failures_are_told_ahead_and_then_come_in_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
