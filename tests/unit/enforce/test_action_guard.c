/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that stands as the test says, runs that succeed at once, time that passes as told. */
#include "enforce/action_guard.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "../cmocka_include.h"
#include "fake_nftset.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "enforce/action_queue.h"
#include "enforce/nft_image.h"
#include "enforce/nftset_command.h"

#define TICKETS_MAX 4

struct action_run {
        const struct action_run_subject *subject;
};

struct nft_watched {
        nft_watch_lost *told;
        void *user;
        bool is_removed;
};

static struct fixture {
        struct loop *loop;
        struct clock clock;
        struct action_list *list;
        struct action *action;
        struct nftset *link;
        struct nft_watched watched[4];
        size_t watched_count;
        enum nftset_state state;
        struct ticket *tickets[TICKETS_MAX];
        size_t ticket_count;
        struct buffer begun, diags;
        int restore_result;
        bool has_image;
        bool nets_apart; /* networks have a set of their own */
        int whole_result;
        size_t images, elements; /* of the last nftset_restore() */
        unsigned reads, pauses;
} fixture;

/* In the place of nftset.c, nft_watch.c and action_run.c. */
struct nftset *nftset_new(void) {
        return (struct nftset *)&fixture;
}
bool nftset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        *ret = (struct nftset_command){
                .place = {false, NFPROTO_INET, "t", "s"}
        };
        if (fixture.nets_apart && !address_is_single(address))
                memcpy(ret->place.set, "s-net", sizeof("s-net"));
        return strcmp(command->words[0], "add") == 0;
}
int nftset_apply(struct nftset *nftset, const struct nftset_element *elements, size_t count,
        size_t *ret_bad) {
        (void)nftset;
        (void)elements;
        *ret_bad = count;
        return -EIO; /* so that each ban is a run of its own, which is seen */
}
int nftset_look(struct nftset *nftset, const struct nftset_place *place, uint8_t family,
        enum nftset_state *ret) {
        (void)nftset;
        (void)place;
        (void)family;
        *ret = fixture.state;
        return 0;
}
int nftset_restore(struct nftset *nftset, const struct nft_image *const *images, size_t image_count,
        const struct nftset_element *elements, size_t count, uint32_t *ret_transactions) {
        (void)nftset;
        (void)images;
        fixture.images = image_count;
        fixture.elements = count;
        for (size_t i = 0; i < count; i++)
                assert_string_equal(elements[i].place->set,
                        fixture.nets_apart && !address_is_single(&elements[i].address) ? "s-net"
                                                                                       : "s");
        *ret_transactions = 1;
        return fixture.whole_result;
}
int nft_image_take(struct nftset *link, const struct nftset_place *place, struct nft_image **ret,
        char ret_why[static NFT_IMAGE_WHY_MAX]) {
        (void)snprintf(ret_why, NFT_IMAGE_WHY_MAX, "a reason");
        (void)link;
        *ret = fixture.has_image ? memory_new(sizeof(**ret)) : NULL;
        if (*ret)
                (*ret)->place = place;
        return *ret ? 0 : NFT_IMAGE_E_UNUSUAL;
}
struct nft_image *nft_image_free(struct nft_image *image) {
        free(image);
        return NULL;
}
struct nft_watch *nft_watch_new(struct loop *loop) {
        (void)loop;
        return NULL;
}
struct nft_watch *nft_watch_free(struct nft_watch *watch) {
        (void)watch;
        return NULL;
}
struct nftset **nft_watch_link(struct nft_watch *watch) {
        (void)watch;
        return &fixture.link;
}
struct nft_watched *nft_watch_add(struct nft_watch *watch, const struct nftset_place *place,
        nft_watch_lost *lost, void *user) {
        (void)watch;
        assert_true(fixture.nets_apart || strcmp(place->set, "s") == 0);
        assert_true(fixture.watched_count < 4);
        fixture.watched[fixture.watched_count] = (struct nft_watched){lost, user, false};
        return &fixture.watched[fixture.watched_count++];
}
struct nft_watched *nft_watch_remove(struct nft_watched *watched) {
        if (watched)
                watched->is_removed = true;
        return NULL;
}
void nft_watch_pause(struct nft_watch *watch) {
        (void)watch;
        fixture.pauses++;
}
void nft_watch_resume(struct nft_watch *watch, uint32_t transactions) {
        (void)watch;
        assert_true(transactions == NFT_WATCH_SOME || transactions == 1);
        assert_true(fixture.pauses-- > 0);
}
void nft_watch_read(struct nft_watch *watch) {
        (void)watch;
        fixture.reads++;
}
const char *nft_watch_culprit(const struct nft_watch *watch) {
        (void)watch;
        return "nft (pid 7)";
}

struct action_run *action_run_new(
        const struct action_run_subject *subject, action_run_done *done, void *user) {
        struct action_run *run = memory_new(sizeof(*run));
        (void)subject;
        (void)done;
        (void)user;
        return run;
}
struct action_run *action_run_free(struct action_run *run) {
        free(run);
        return NULL;
}
int action_run_start(struct action_run *run, enum action_job_kind kind, struct ticket *ticket) {
        (void)run;
        (void)buffer_printf(&fixture.begun, "%s%s ",
                kind == ACTION_JOB_RESTORE ? "restore"
                : kind == ACTION_JOB_REBAN ? "reban "
                : kind == ACTION_JOB_BAN   ? "ban "
                                           : "?",
                ticket ? ticket->id : "");
        if (kind == ACTION_JOB_RESTORE && fixture.restore_result == 0) {
                fixture.state = NFTSET_HOOKED;
                action_state_set(&fixture.action->state, "inet4", ACTION_STARTED);
        }
        return kind == ACTION_JOB_RESTORE ? fixture.restore_result : 0;
}
const struct fault *action_run_fault(const struct action_run *run) {
        (void)run;
        return NULL;
}

static struct ticket **all_tickets(void *user, size_t *ret_count) {
        struct ticket **list = memory_new_array(TICKETS_MAX, sizeof(*list));
        (void)user;
        memcpy(list, fixture.tickets, sizeof(fixture.tickets));
        *ret_count = fixture.ticket_count;
        return list;
}

static const struct action_info_ops info_ops = {NULL, all_tickets};

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        (void)buffer_append(&fixture.diags, text);
        (void)buffer_append(&fixture.diags, SLICE("\n"));
}

static struct ticket *ticket(const char *id) {
        struct address address;
        assert_int_equal(address_parse(slice_of(id), &address), 0);
        struct ticket *ticket = ticket_new(slice_of(id), &address, 1);
        fixture.tickets[fixture.ticket_count++] = ticket;
        return ticket;
}

static int setup(void **state) {
        (void)state;
        fixture = (struct fixture){.clock = CLOCK_INIT,
                .state = NFTSET_HOOKED,
                .whole_result = -EIO,
                .begun = BUFFER_INIT(1 << 16),
                .diags = BUFFER_INIT(1 << 16)};
        clock_fix(&fixture.clock, INT64_C(1000000000));
        fixture.loop = loop_new();
        struct action_env env = {.loop = fixture.loop,
                .clock = &fixture.clock,
                .nft = (struct nft_watch *)&fixture,
                .info = &info_ops};
        fixture.list = action_list_new(&env, SLICE("J"));
        assert_int_equal(action_list_add(fixture.list, SLICE("a"), NULL), 0);
        fixture.action = action_list_find(fixture.list, SLICE("a"), NULL);
        struct value command = value_text("add <ip>");
        assert_int_equal(
                action_props_set(&fixture.action->props, SLICE("actionban"), &command, NULL), 0);
        action_state_set(&fixture.action->state, "inet4", ACTION_STARTED | ACTION_HOLDS_BANS);
        diag_set_sink(on_diag, NULL);
        return 0;
}

static int teardown(void **state) {
        (void)state;
        diag_set_sink(NULL, NULL);
        (void)action_list_free(fixture.list);
        for (size_t i = 0; i < fixture.watched_count; i++)
                assert_true(fixture.watched[i].is_removed);
        assert_int_equal(fixture.pauses, 0);
        for (size_t i = 0; i < fixture.ticket_count; i++)
                (void)ticket_unref(fixture.tickets[i]);
        (void)loop_free(fixture.loop);
        buffer_done(&fixture.begun);
        buffer_done(&fixture.diags);
        return 0;
}

/* Something is heard, and the guard's timer comes. */
static void hear(size_t set, unsigned what) {
        fixture.watched[set].told(fixture.watched[set].user, what);
}

static void fire(void) {
        struct loop_timer *timer = &fixture.action->guard.timer;
        assert_true(loop_timer_is_set(timer));
        loop_timer_cancel(fixture.loop, timer);
        timer->handler(timer->user);
        assert_int_equal(loop_step(fixture.loop, 0), 0);
}

static void expect(const char *begun) {
        assert_slice(buffer_view(&fixture.begun), begun);
        buffer_clear(&fixture.begun);
}

static size_t lines_said(void) {
        size_t count = 0;
        struct slice said = buffer_view(&fixture.diags);
        for (size_t i = 0; i < said.len; i++)
                count += said.data[i] == '\n';
        return count;
}

static void guard_two_bans(void) {
        action_guard_learn(fixture.action, ticket("192.0.2.1"));
        action_guard_learn(fixture.action, ticket("192.0.2.2"));
        assert_int_equal(fixture.watched_count, 1);
}

static void a_lost_set_is_started_again_and_filled(void **state) {
        (void)state;
        guard_two_bans();
        (void)ticket("2001:db8::1"); /* of another family, which is not guarded */
        hear(0, NFT_WATCH_HOOK);
        fixture.state = NFTSET_MISSING;
        assert_int_equal(action_guard_look(fixture.action), ACTION_GUARD_BROKEN);
        fire();
        expect("restore reban 192.0.2.1 reban 192.0.2.2 ");
        assert_slice(buffer_view(&fixture.diags),
                "[J] nft (pid 7) has disabled set t s of action a: putting it back, 2 ban(s)\n");
        assert_int_equal(action_guard_look(fixture.action), ACTION_GUARD_GOOD);
        assert_false(loop_timer_is_set(&fixture.action->guard.timer));
}

static void with_an_image_all_of_it_comes_back_at_once(void **state) {
        (void)state;
        fixture.has_image = true;
        fixture.whole_result = 0;
        guard_two_bans();
        (void)ticket("2001:db8::1");
        fixture.state = NFTSET_MISSING;
        hear(0, NFT_WATCH_HOOK);
        fire();
        expect("");
        assert_int_equal(fixture.images, 1);
        assert_int_equal(fixture.elements, 2);
        assert_int_equal(lines_said(), 1);
        fixture.state = NFTSET_HOOKED;
        clock_advance(&fixture.clock, ACTION_GUARD_GAP_US);
        hear(0, NFT_WATCH_ELEMENTS);
        fire();
        expect("");
        assert_int_equal(fixture.images, 0);
        assert_int_equal(fixture.elements, 2);
        fixture.whole_result = -EIO; /* what the kernel refuses is left to the action's commands */
        fixture.state = NFTSET_MISSING;
        clock_advance(&fixture.clock, 2 * ACTION_GUARD_GAP_US);
        hear(0, NFT_WATCH_HOOK);
        fire();
        expect("restore reban 192.0.2.1 reban 192.0.2.2 ");
}

static void why_there_is_no_image_is_told_once(void **state) {
        int threshold = diag_threshold();
        (void)state;
        diag_set_threshold(DIAG_INFO);
        guard_two_bans();
        action_guard_settle(fixture.action);
        action_guard_settle(fixture.action);
        diag_set_threshold(threshold);
        assert_slice(buffer_view(&fixture.diags),
                "[J] set t s of action a, if it is lost, is set up by actionstart and then filled: "
                "it cannot be put back as a whole with a reason\n");
}

static void what_a_network_covers_is_not_given_beside_it(void **state) {
        static const char *const more[] = {"192.0.2.0/24", "192.0.0.0/16"};
        (void)state;
        fixture.whole_result = 0;
        guard_two_bans();
        for (size_t i = 0; i < 2; i++)
                action_guard_learn(fixture.action, ticket(more[i]));
        assert_int_equal(fixture.watched_count, 1); /* a set for both */
        hear(0, NFT_WATCH_ELEMENTS);
        fire();
        assert_int_equal(fixture.elements, 1);
        assert_non_null(strstr(fixture.diags.bytes, "4 ban(s)"));
}

/* The network may be unbanned first: then nobody would stop him whose element was left out. */
static void what_a_network_covers_in_another_set_is_given(void **state) {
        (void)state;
        fixture.whole_result = 0;
        fixture.has_image = true;
        fixture.nets_apart = true;
        action_guard_learn(fixture.action, ticket("192.0.2.1"));
        action_guard_learn(fixture.action, ticket("192.0.2.0/24"));
        action_guard_learn(fixture.action, ticket("192.0.0.0/16"));
        assert_int_equal(fixture.watched_count, 2);
        fixture.state = NFTSET_MISSING;
        hear(0, NFT_WATCH_HOOK);
        hear(1, NFT_WATCH_HOOK);
        fire();
        expect("");
        assert_int_equal(fixture.images, 2);
        assert_int_equal(fixture.elements, 2);
}

static void what_was_never_told_is_not_put_back(void **state) {
        struct value yes = value_text("true");
        (void)state;
        fixture.whole_result = 0;
        (void)action_props_set(&fixture.action->props, SLICE("norestored"), &yes, NULL);
        guard_two_bans();
        fixture.tickets[1]->restored = true;
        hear(0, NFT_WATCH_ELEMENTS);
        fire();
        assert_int_equal(fixture.elements, 1);
}

static void elements_are_put_back_without_a_start(void **state) {
        (void)state;
        guard_two_bans();
        hear(0, NFT_WATCH_ELEMENTS);
        hear(0, NFT_WATCH_ELEMENTS);
        fire();
        expect("reban 192.0.2.1 reban 192.0.2.2 ");
        assert_int_equal(lines_said(), 1);
}

static void what_looks_well_is_left_alone(void **state) {
        (void)state;
        guard_two_bans();
        hear(0, NFT_WATCH_HOOK);
        fire();
        expect("");
        assert_int_equal(lines_said(), 0);
        assert_int_equal(fixture.action->guard.gap_us, 0);
}

static void what_is_stopped_is_not_put_back(void **state) {
        (void)state;
        guard_two_bans();
        action_state_clear(&fixture.action->state);
        fixture.state = NFTSET_MISSING;
        hear(0, NFT_WATCH_HOOK | NFT_WATCH_ELEMENTS);
        fire();
        expect("");
}

static void a_rule_is_expected_only_where_there_was_one(void **state) {
        (void)state;
        fixture.state = NFTSET_UNHOOKED;
        guard_two_bans();
        hear(0, NFT_WATCH_HOOK);
        fire();
        expect("");
        fixture.state = NFTSET_MISSING;
        hear(0, NFT_WATCH_HOOK);
        fire();
        expect("restore reban 192.0.2.1 reban 192.0.2.2 ");
}

static void bans_wait_until_the_start_works(void **state) {
        (void)state;
        guard_two_bans();
        fixture.state = NFTSET_MISSING;
        fixture.restore_result = -EIO;
        hear(0, NFT_WATCH_HOOK);
        fire();
        expect("restore ");
        fixture.restore_result = 0;
        fire(); /* it is tried again by itself, but not yet */
        expect("");
        clock_advance(&fixture.clock, ACTION_GUARD_GAP_US);
        fire();
        expect("restore reban 192.0.2.1 reban 192.0.2.2 ");
}

static void again_and_again_takes_longer_and_longer(void **state) {
        int64_t waited_us = 0;
        (void)state;
        guard_two_bans();
        for (unsigned i = 0; i < 12; i++) {
                hear(0, NFT_WATCH_ELEMENTS);
                fire();
                while (buffer_len(&fixture.begun) == 0) {
                        clock_advance(&fixture.clock, ACTION_GUARD_GAP_US);
                        waited_us += ACTION_GUARD_GAP_US;
                        fire();
                }
                buffer_clear(&fixture.begun);
        }
        assert_int_equal(
                waited_us, ACTION_GUARD_GAP_US * (1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 256) +
                                   2 * ACTION_GUARD_GAP_MAX_US);
        assert_int_equal(lines_said(), 12);
        clock_advance(&fixture.clock, ACTION_GUARD_FORGET_US + 1);
        hear(0, NFT_WATCH_ELEMENTS);
        fire();
        expect("reban 192.0.2.1 reban 192.0.2.2 ");
        assert_int_equal(fixture.action->guard.gap_us, ACTION_GUARD_GAP_US);
}

static void own_flushes_are_no_loss(void **state) {
        (void)state;
        guard_two_bans();
        struct action_order *order = action_order_new(NULL, NULL);
        action_queue_add(fixture.action, order, ACTION_JOB_FLUSH, NULL);
        action_order_close(fixture.list, order);
        hear(0, NFT_WATCH_ELEMENTS);
        assert_int_equal(loop_step(fixture.loop, 0), 0);
        expect("? ");
        assert_int_equal(fixture.reads, 1);
        assert_int_equal(fixture.pauses, 0);
        fire();
        expect("");
}

static void only_sets_filled_in_process_are_guarded(void **state) {
        struct value off = value_text("false"), other = value_text("other <ip>");
        (void)state;
        fixture.state = NFTSET_UNUSUAL;
        action_guard_learn(fixture.action, ticket("192.0.2.1"));
        assert_int_equal(fixture.watched_count, 0);
        assert_int_equal(action_guard_look(fixture.action), ACTION_GUARD_UNKNOWN);
        fixture.state = NFTSET_HOOKED;
        (void)action_props_set(&fixture.action->props, SLICE("inprocess"), &off, NULL);
        action_guard_learn(fixture.action, fixture.tickets[0]);
        assert_int_equal(fixture.watched_count, 0);
        off = value_text("true");
        (void)action_props_set(&fixture.action->props, SLICE("inprocess"), &off, NULL);
        (void)action_props_set(&fixture.action->props, SLICE("actionban"), &other, NULL);
        action_guard_learn(fixture.action, fixture.tickets[0]);
        assert_int_equal(fixture.watched_count, 0);
}

static void other_properties_make_it_learn_anew(void **state) {
        struct value text = value_text("x");
        (void)state;
        guard_two_bans();
        (void)action_props_set(&fixture.action->props, SLICE("name"), &text, NULL);
        action_guard_learn(fixture.action, fixture.tickets[0]);
        assert_int_equal(fixture.watched_count, 2);
        assert_true(fixture.watched[0].is_removed);
        assert_int_equal(fixture.action->guard.count, 1);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_lost_set_is_started_again_and_filled),
                CASE(with_an_image_all_of_it_comes_back_at_once),
                CASE(why_there_is_no_image_is_told_once),
                CASE(what_a_network_covers_is_not_given_beside_it),
                CASE(what_a_network_covers_in_another_set_is_given),
                CASE(what_was_never_told_is_not_put_back),
                CASE(elements_are_put_back_without_a_start),
                CASE(what_looks_well_is_left_alone),
                CASE(what_is_stopped_is_not_put_back),
                CASE(a_rule_is_expected_only_where_there_was_one),
                CASE(bans_wait_until_the_start_works),
                CASE(again_and_again_takes_longer_and_longer),
                CASE(own_flushes_are_no_loss),
                CASE(only_sets_filled_in_process_are_guarded),
                CASE(other_properties_make_it_learn_anew),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
