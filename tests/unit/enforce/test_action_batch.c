/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs of an action whose kernel takes everything but what the test names. */
#include "enforce/action_batch.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "fake_nftset.h"

#include "base/buffer.h"
#include "enforce/action_queue.h"
#include "enforce/nftset_command.h"

static struct fixture {
        struct loop *loop;
        struct clock clock;
        struct action_list *list;
        struct action *action;
        struct action_order *order;
        struct buffer done;  /* what the kernel has done, a transaction in brackets */
        const char *refused; /* an address */
        bool says_which;
        unsigned transactions;
} fixture;

/* In the place of nftset.c. */
struct nftset *nftset_new(void) {
        return (struct nftset *)&fixture;
}

bool nftset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        struct address written;
        *ret = (struct nftset_command){
                .deed = strcmp(command->words[0], "del") == 0 ? NFTSET_REMOVE : NFTSET_ADD};
        return (ret->deed || strcmp(command->words[0], "add") == 0) && command->count >= 2 &&
               (command->count == 2 || strcmp(command->words[2], "timeout") == 0) &&
               address_parse(slice_of(command->words[1]), &written) == 0 &&
               address_equal(address, &written);
}

int nftset_restore(struct nftset *nftset, const struct nft_image *const *images, size_t image_count,
        const struct nftset_element *elements, size_t count, uint32_t *ret_transactions) {
        (void)nftset;
        (void)images;
        (void)image_count;
        (void)elements;
        (void)count;
        *ret_transactions = 0;
        return -EIO;
}
int nftset_apply(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        size_t *ret_bad) {
        char text[ADDRESS_TEXT_MAX];
        (void)nftset;
        fixture.transactions++;
        for (size_t i = 0; fixture.refused && i < count; i++)
                if (slice_is(address_print(&elements[i].address, text), fixture.refused)) {
                        *ret_bad = fixture.says_which ? i : count;
                        return -ENOENT;
                }
        (void)buffer_append(&fixture.done, SLICE("["));
        for (size_t i = 0; i < count; i++)
                (void)buffer_printf(&fixture.done,
                        elements[i].timeout_ms ? "%s%.*s/%us " : "%s%.*s ",
                        elements[i].deed ? "-" : "+",
                        SLICE_ARG(address_print(&elements[i].address, text)),
                        (unsigned)(elements[i].timeout_ms / 1000));
        (void)buffer_append(&fixture.done, SLICE("]"));
        return 0;
}

int nftset_look(struct nftset *nftset, const struct nftset_place *place, uint8_t family,
        enum nftset_state *ret) {
        (void)nftset;
        (void)place;
        (void)family;
        *ret = NFTSET_UNUSUAL;
        return 0;
}

static void set(const char *name, struct value value) {
        assert_int_equal(action_props_set(&fixture.action->props, slice_of(name), &value, NULL), 0);
}

static struct ticket *queue_ticket(enum action_job_kind kind, const char *id) {
        struct address address;
        bool is_address = address_parse(slice_of(id), &address) == 0;
        struct ticket *ticket = ticket_new(slice_of(id), is_address ? &address : NULL, 1);
        action_queue_add(fixture.action, fixture.order, kind, ticket);
        return ticket;
}

static void queue(enum action_job_kind kind, const char *id) {
        (void)ticket_unref(queue_ticket(kind, id));
}

static size_t run(const char *done) {
        size_t count = action_batch_run(fixture.action);
        assert_slice(buffer_view(&fixture.done), done);
        buffer_clear(&fixture.done);
        return count;
}

static int setup(void **state) {
        (void)state;
        fixture = (struct fixture){
                .clock = CLOCK_INIT, .done = BUFFER_INIT(1 << 20), .says_which = true};
        fixture.loop = loop_new();
        struct action_env env = {.loop = fixture.loop, .clock = &fixture.clock};
        fixture.list = action_list_new(&env, SLICE("J"));
        assert_int_equal(action_list_add(fixture.list, SLICE("a"), NULL), 0);
        fixture.action = action_list_find(fixture.list, SLICE("a"), NULL);
        fixture.order = action_order_new(NULL, NULL);
        set("actionban", value_text("add <ip>"));
        set("actionunban", value_text("del <ip>"));
        action_state_set(&fixture.action->state, "inet4", ACTION_STARTED | ACTION_HOLDS_BANS);
        action_state_set(&fixture.action->state, "inet6", ACTION_STARTED | ACTION_HOLDS_BANS);
        return 0;
}

static int teardown(void **state) {
        (void)state;
        action_order_close(fixture.list, fixture.order);
        (void)action_list_free(fixture.list);
        (void)loop_free(fixture.loop);
        buffer_done(&fixture.done);
        return 0;
}

static void bans_and_unbans_go_together_in_their_order(void **state) {
        (void)state;
        queue(ACTION_JOB_BAN, "192.0.2.1");
        queue(ACTION_JOB_UNBAN, "192.0.2.1");
        queue(ACTION_JOB_BAN, "2001:db8::1");
        queue(ACTION_JOB_REBAN, "192.0.2.1");
        assert_int_equal(run("[+192.0.2.1 -192.0.2.1 +2001:db8::1 +192.0.2.1 ]"), 4);
}

static void something_else_ends_the_batch(void **state) {
        (void)state;
        queue(ACTION_JOB_BAN, "192.0.2.1");
        action_queue_add(fixture.action, fixture.order, ACTION_JOB_CHECK, NULL);
        queue(ACTION_JOB_BAN, "192.0.2.2");
        assert_int_equal(run("[+192.0.2.1 ]"), 1);
}

static void only_plain_jobs_of_a_family_that_is_ready_are_taken(void **state) {
        static const struct {
                const char *id;
                const char *ban, *inprocess;
                unsigned bits;
        } rows[] = {
                {"192.0.2.1", "add <ip>; true",    NULL,    3                },
                {"192.0.2.1", "add <fid>",         NULL,    3                },
                {"192.0.2.1", "add <ip><matches>", NULL,    3                },
                {"192.0.2.1", "other <ip>",        NULL,    3                },
                {"192.0.2.1", "",                  NULL,    3                },
                {"192.0.2.1", "add <ip>",          "false", 3                },
                {"192.0.2.1", "add <ip>",          NULL,    ACTION_STARTED   },
                {"192.0.2.1", "add <ip>",          NULL,    ACTION_HOLDS_BANS},
                {"somebody",  "add <ip>",          NULL,    3                },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                set("actionban", value_text(rows[i].ban));
                if (rows[i].inprocess)
                        set("inprocess", value_text(rows[i].inprocess));
                else
                        set("inprocess", value_text("true"));
                action_state_set(&fixture.action->state, "inet4", rows[i].bits);
                queue(ACTION_JOB_BAN, rows[i].id);
                assert_int_equal(run(""), 0);
                action_queue_clear(fixture.action);
        }
        assert_int_equal(fixture.transactions, 0);
}

static void restored_bans_are_skipped_where_the_action_says_so(void **state) {
        (void)state;
        struct ticket *ticket = queue_ticket(ACTION_JOB_BAN, "192.0.2.1");
        ticket->restored = true;
        (void)ticket_unref(ticket);
        set("norestored", value_bool(true));
        assert_int_equal(run(""), 0);
        set("norestored", value_bool(false));
        assert_int_equal(run("[+192.0.2.1 ]"), 1);
}

static bool bantime_tag(void *user, const struct ticket *ticket, struct slice tag,
        struct arena *arena, struct slice *ret) {
        (void)user;
        *ret = arena_printf(arena, "%.0f", ticket->ban_time_s);
        return slice_is(tag, "bantime");
}

static void timeouts_end_with_the_ban_and_networks_go_along(void **state) {
        static const struct action_info_ops ops = {bantime_tag, NULL};
        static const struct {
                const char *id;
                double ban_time_s;
        } rows[] = {
                {"192.0.2.1",    600             },
                {"192.0.2.0/24", 3600            },
                {"192.0.2.2",    TICKET_PERMANENT},
                {"192.0.2.3",    99              }
        };
        (void)state;
        clock_fix(&fixture.clock, INT64_C(101500000));
        fixture.list->env.info = &ops;
        set("actionban", value_text("add <ip> <nft-timeout>"));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ticket *ticket = queue_ticket(ACTION_JOB_BAN, rows[i].id);
                ticket->time = 1;
                ticket->ban_time_s = rows[i].ban_time_s;
                (void)ticket_unref(ticket);
        }
        assert_int_equal(run("[+192.0.2.1/500s +192.0.2.0/24/3500s +192.0.2.2 +192.0.2.3/1s ]"), 4);
}

static void drop_first(size_t count) {
        for (size_t i = 0; i < count; i++) {
                struct action_job *job = fixture.action->first;
                fixture.action->first = job->next;
                (void)ticket_unref(job->ticket);
                fixture.order->pending--;
                fixture.list->pending--;
                free(job);
        }
}

static void what_is_refused_runs_by_itself_and_the_rest_together(void **state) {
        char id[] = "192.0.2.1";
        (void)state;
        for (char last = '1'; last <= '9'; last++) {
                id[sizeof(id) - 2] = last;
                queue(ACTION_JOB_BAN, id);
        }
        fixture.refused = "192.0.2.3";
        assert_int_equal(run("[+192.0.2.1 +192.0.2.2 ]"), 2);
        drop_first(2);
        unsigned before = fixture.transactions;
        assert_int_equal(run(""), 0); /* it is not even tried again */
        assert_int_equal(fixture.transactions, before);
        drop_first(1);
        assert_int_equal(run("[+192.0.2.4 ]"), 1); /* small steps at first */
        drop_first(1);
        assert_int_equal(run("[+192.0.2.5 +192.0.2.6 ]"), 2);
        drop_first(2);
        assert_int_equal(run("[+192.0.2.7 +192.0.2.8 +192.0.2.9 ]"), 3);
}

static void what_is_refused_without_a_reason_is_done_one_by_one(void **state) {
        (void)state;
        fixture.says_which = false;
        fixture.refused = "192.0.2.2";
        queue(ACTION_JOB_BAN, "192.0.2.1");
        queue(ACTION_JOB_BAN, "192.0.2.2");
        assert_int_equal(run(""), 0);
        drop_first(1);
        assert_int_equal(run(""), 0);
}

static void no_batch_is_larger_than_a_transaction_may_be(void **state) {
        (void)state;
        for (unsigned i = 0; i < NFTSET_BATCH_MAX + 5; i++)
                queue(ACTION_JOB_BAN, "192.0.2.1");
        assert_int_equal(action_batch_run(fixture.action), NFTSET_BATCH_MAX);
        drop_first(NFTSET_BATCH_MAX);
        assert_int_equal(action_batch_run(fixture.action), 5);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(bans_and_unbans_go_together_in_their_order),
                CASE(something_else_ends_the_batch),
                CASE(only_plain_jobs_of_a_family_that_is_ready_are_taken),
                CASE(timeouts_end_with_the_ban_and_networks_go_along),
                CASE(restored_bans_are_skipped_where_the_action_says_so),
                CASE(what_is_refused_runs_by_itself_and_the_rest_together),
                CASE(what_is_refused_without_a_reason_is_done_one_by_one),
                CASE(no_batch_is_larger_than_a_transaction_may_be),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
