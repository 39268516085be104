/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

struct end {
        struct channel *channel;
        int messages;
        size_t bytes;
        enum message_type last;
        ino_t inode; /* of the last fd */
        int closed;
        char why[256];
        bool frees_itself;
        struct slice expected; /* bodies are compared with it */
        size_t same;           /* so many were equal */
};

struct world {
        struct loop *loop;
        int raw;            /* the peer's side of server's channel, where a test speaks bytes itself */
        struct end server;
        struct end scanner;
};

static void on_message(void *user, struct message *message) {
        struct end *end = user;
        struct stat st;
        end->messages++;
        end->bytes += message->body.len;
        end->last = message->type;
        end->same += end->expected.len > 0 && slice_equal(end->expected, message->body);
        if (message->fds[0] >= 0 && fstat(message->fds[0], &st) == 0)
                end->inode = st.st_ino;
        if (end->frees_itself)
                end->channel = channel_free(end->channel);
}

static void on_close(void *user, const struct fault *fault) {
        struct end *end = user;
        end->closed++;
        (void)snprintf(end->why, sizeof(end->why), "%s", fault_text(fault));
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

static int setup_pair(void **state) {
        struct world *w = calloc(1, sizeof(*w));
        int fds[2];
        w->raw = -1;
        w->loop = loop_new();
        if (channel_pair(fds) < 0)
                return -1;
        w->server.channel = channel_new(
                w->loop, fds[0], CHANNEL_SERVER, CHANNEL_SCANNER, &channel_ops, &w->server);
        w->scanner.channel = channel_new(
                w->loop, fds[1], CHANNEL_SCANNER, CHANNEL_SERVER, &channel_ops, &w->scanner);
        *state = w;
        return 0;
}

static int setup_raw(void **state) {
        struct world *w = calloc(1, sizeof(*w));
        int fds[2];
        w->loop = loop_new();
        if (channel_pair(fds) < 0)
                return -1;
        w->server.channel = channel_new(
                w->loop, fds[0], CHANNEL_SERVER, CHANNEL_SCANNER, &channel_ops, &w->server);
        w->raw = fds[1];
        *state = w;
        return 0;
}

static int teardown(void **state) {
        struct world *w = *state;
        channel_free(w->server.channel);
        channel_free(w->scanner.channel);
        loop_free(w->loop);
        if (w->raw >= 0)
                (void)close(w->raw);
        free(w);
        return 0;
}

static void turn(struct world *w, int rounds) {
        for (int i = 0; i < rounds; i++)
                assert_int_equal(loop_step(w->loop, 0), 0);
}

static void messages_arrive_whole_and_in_order(void **state) {
        struct world *w = *state;
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_JAIL_DEL, SLICE("abcd")), 0);
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_LOG_START, SLICE("efgh")), 0);
        turn(w, 5);
        assert_int_equal(w->scanner.messages, 2);
        assert_int_equal(w->scanner.last, MESSAGE_SCAN_LOG_START);
}

static void large_bodies_pass_through_a_small_socket(void **state) {
        struct world *w = *state;
        size_t size = (size_t)3 << 20;
        char *big = calloc(1, size);
        for (int i = 0; i < 4; i++)
                assert_int_equal(channel_send(w->scanner.channel, MESSAGE_SCAN_BATCH, (struct slice){big, size}), 0);
        assert_true(channel_pending(w->scanner.channel) > 0);
        turn(w, 1000);
        assert_int_equal(w->server.messages, 4);
        assert_int_equal(w->server.bytes, 4 * size);
        assert_int_equal(channel_pending(w->scanner.channel), 0);
        free(big);
}

/* Around what is read at once, small ones and large ones behind each other; each is a part of the
 * same pattern. */
static void bodies_of_all_sizes_stay_apart(void **state) {
        static const size_t sizes[] = {0, 1, 262143, 262136, 7, 262135, 262144, 300000, 0, 8, 9,
                524288, 524272, 3, 131072};
        enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), LARGEST = 524288 };
        struct world *w = *state;
        char *pattern = malloc(LARGEST);
        for (size_t i = 0; i < LARGEST; i++)
                pattern[i] = (char)(i * 31 >> 3);
        for (size_t i = 0; i < SIZES * SIZES; i++) {
                size_t size = sizes[i % 2 ? i / SIZES : i % SIZES];
                assert_int_equal(channel_send(w->scanner.channel, MESSAGE_SCAN_BATCH,
                                         (struct slice){pattern, size}),
                        0);
                w->server.expected = (struct slice){pattern, size};
                if (i % 7 == 0)
                        w->server.expected = SLICE_NULL; /* several wait: they are only counted */
                for (int k = 0; i % 7 != 0 && k < 1000 && w->server.messages <= (int)i; k++)
                        turn(w, 1);
        }
        turn(w, 100);
        assert_int_equal(w->server.messages, SIZES * SIZES);
        assert_int_equal(channel_pending(w->scanner.channel), 0);
        assert_true(w->server.same > SIZES * SIZES / 2);
        free(pattern);
}

/* Whatever of it the socket takes at once. */
static void body_of_two_pieces_is_one(void **state) {
        struct world *w = *state;
        size_t size = (size_t)1 << 20;
        char *big = calloc(1, size);
        const size_t cuts[] = {0, 1, 100, size / 2, size};
        for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
                struct slice all = {big, size};
                for (size_t k = 0; k < size; k++)
                        big[k] = (char)(k * 7 + i);
                w->server.expected = all;
                assert_int_equal(channel_send_pieces(w->scanner.channel, MESSAGE_SCAN_BATCH,
                                         slice_sub(all, 0, cuts[i]), slice_sub(all, cuts[i], size)),
                        0);
                turn(w, 300);
                assert_int_equal(w->server.messages, i + 1);
                assert_int_equal(w->server.same, i + 1);
        }
        assert_int_equal(channel_send_pieces(w->scanner.channel, MESSAGE_SCAN_TRUNCATED,
                                 (struct slice){big, size}, (struct slice){big, size}),
                -EMSGSIZE);
        free(big);
}

static void fds_stay_with_their_messages(void **state) {
        struct world *w = *state;
        char *big = calloc(1, (size_t)1 << 20);
        for (int i = 0; i < 20; i++) {
                int fds[2];
                struct stat st;
                assert_int_equal(pipe(fds), 0);
                assert_int_equal(fstat(fds[0], &st), 0);
                assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_STATE_PUT, (struct slice){big, (size_t)1 << 20}), 0);
                assert_int_equal(channel_send_fd(w->server.channel, MESSAGE_SCAN_LOG_ADD, SLICE("x"), fds[0]), 0);
                (void)close(fds[0]);
                (void)close(fds[1]);
                turn(w, 200);
                assert_int_equal(w->scanner.last, MESSAGE_SCAN_LOG_ADD);
                assert_int_equal(w->scanner.inode, st.st_ino);
        }
        free(big);
}

struct lent {
        int fd;
        unsigned given_back;
};

static void give_back(void *owner) {
        struct lent *lent = owner;
        lent->given_back++;
        (void)close(lent->fd);
}

static void borrow(struct lent *lent) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        (void)close(fds[1]);
        *lent = (struct lent){.fd = fds[0]};
}

static int send_lent(struct world *w, struct lent *lent) {
        return channel_send_lent(w->server.channel, MESSAGE_SCAN_LOG_ADD, SLICE("x"), lent->fd, give_back, lent);
}

/* Until the socket takes no more. Returns the number of messages. */
static int fill_up(struct world *w, struct slice body) {
        int count = 0;
        while (channel_pending(w->server.channel) == 0 && count < 100) {
                assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_STATE_PUT, body), 0);
                count++;
        }
        assert_true(channel_pending(w->server.channel) > 0);
        return count;
}

/* At once; when its turn comes; when the channel goes; when it is gone already. */
static void lent_fds_are_given_back_once(void **state) {
        struct world *w = *state;
        struct lent lent[4];
        size_t size = (size_t)1 << 20;
        char *big = calloc(1, size);
        for (size_t i = 0; i < 4; i++)
                borrow(&lent[i]);
        assert_int_equal(send_lent(w, &lent[0]), 0);
        assert_int_equal(lent[0].given_back, 1);
        int count = fill_up(w, (struct slice){big, size});
        assert_int_equal(send_lent(w, &lent[1]), 0);
        assert_int_equal(lent[1].given_back, 0);
        for (int i = 0; i < 10000 && w->scanner.messages < count + 2; i++)
                turn(w, 1);
        assert_int_equal(lent[1].given_back, 1);
        assert_int_equal(w->scanner.messages, count + 2);
        assert_int_not_equal(w->scanner.inode, 0);
        channel_pause(w->scanner.channel, true);
        (void)fill_up(w, (struct slice){big, size});
        assert_int_equal(send_lent(w, &lent[2]), 0);
        assert_int_equal(lent[2].given_back, 0);
        w->scanner.channel = channel_free(w->scanner.channel);
        turn(w, 10);
        assert_int_equal(w->server.closed, 1);
        assert_int_equal(lent[2].given_back, 1);
        assert_int_equal(send_lent(w, &lent[3]), -EPIPE);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(lent[i].given_back, 1);
        free(big);
}

static void what_the_table_forbids_closes_the_channel(void **state) {
        struct world *w = *state;
        const unsigned char wrong_way[8] = {0, 0, 0, 0, MESSAGE_SCAN_HELLO, 0, 0, 0};
        assert_int_equal(write(w->raw, wrong_way, 8), 8);
        turn(w, 3);
        assert_int_equal(w->server.closed, 1);
        assert_non_null(strstr(w->server.why, "not permitted"));
        assert_int_equal(w->server.messages, 0);
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_LOG_START, SLICE("efgh")), -EPIPE);
}

static void lengths_above_the_table_close_the_channel_before_the_body_comes(void **state) {
        struct world *w = *state;
        const unsigned char huge[8] = {0xff, 0xff, 0xff, 0x7f, MESSAGE_SCAN_BATCH, 0, 0, 0};
        assert_int_equal(write(w->raw, huge, 8), 8);
        turn(w, 3);
        assert_int_equal(w->server.closed, 1);
        assert_non_null(strstr(w->server.why, "too large"));
}

static void whole_messages_before_the_end_are_handled_first(void **state) {
        struct world *w = *state;
        for (uint8_t i = 0; i < 100; i++) {
                const unsigned char ready[12] = {4, 0, 0, 0, MESSAGE_SCAN_READY, 0, 0, 0, i, 0, 0, 0};
                assert_int_equal(write(w->raw, ready, 12), 12);
        }
        const unsigned char half[9] = {4, 0, 0, 0, MESSAGE_SCAN_READY, 0, 0, 0, 1};
        assert_int_equal(write(w->raw, half, 9), 9);
        channel_pause(w->server.channel, true);
        (void)close(w->raw);
        w->raw = -1;
        turn(w, 3);
        assert_int_equal(w->server.messages, 100);
        assert_int_equal(w->server.closed, 1);
}

/* Also by somebody who has something to send still. */
static void whole_messages_of_a_peer_that_reads_no_more_are_handled_too(void **state) {
        struct world *w = *state;
        static const unsigned char ready[12] = {4, 0, 0, 0, MESSAGE_SCAN_READY};
        size_t size = (size_t)4 << 20;
        char *big = calloc(1, size);
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_JAIL_SET, (struct slice){big, size}), 0);
        turn(w, 2);
        assert_true(channel_pending(w->server.channel) > 0);
        assert_int_equal(write(w->raw, ready, sizeof(ready)), sizeof(ready));
        (void)close(w->raw);
        w->raw = -1;
        turn(w, 3);
        assert_int_equal(w->server.messages, 1);
        assert_int_equal(w->server.closed, 1);
        assert_string_equal(w->server.why, "the peer has closed the channel");
        free(big);
}

static void handler_may_free_its_channel(void **state) {
        struct world *w = *state;
        w->scanner.frees_itself = true;
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_JAIL_DEL, SLICE("abcd")), 0);
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_JAIL_DEL, SLICE("abcd")), 0);
        turn(w, 5);
        assert_int_equal(w->scanner.messages, 1);
        assert_int_equal(w->server.closed, 1);
}

static void bodies_above_the_maximum_are_not_sent(void **state) {
        struct world *w = *state;
        static char big[100];
        assert_int_equal(channel_send(w->server.channel, MESSAGE_SCAN_JAIL_DEL, (struct slice){big, sizeof(big)}), -EMSGSIZE);
}

static void lagging_peer_hits_the_cap(void **state) {
        struct world *w = *state;
        size_t size = (size_t)16 << 20;
        char *big = calloc(1, size);
        int r = 0;
        for (int i = 0; i < 9 && r == 0; i++)
                r = channel_send(w->server.channel, MESSAGE_SCAN_JAIL_SET, (struct slice){big, size});
        assert_int_equal(r, -ENOBUFS);
        free(big);
}

/* Somebody else's end: who a socket's peer is, is noted when the pair is made. */
static void a_peer_is_known_by_its_user(void **state) {
        int own[2], foreign[2], pipes[2];
        (void)state;
        assert_int_equal(channel_pair(own), 0);
        assert_int_equal(pipe(pipes), 0);
        assert_true(channel_peer_is_own_user(own[0]));
        assert_false(channel_peer_is_own_user(pipes[0]));
        if (geteuid() == 0) {
                assert_int_equal(seteuid(65534), 0);
                int r = channel_pair(foreign);
                assert_int_equal(seteuid(0), 0);
                assert_int_equal(r, 0);
                assert_false(channel_peer_is_own_user(foreign[0]));
                close(foreign[0]);
                close(foreign[1]);
        }
        close(own[0]);
        close(own[1]);
        close(pipes[0]);
        close(pipes[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        messages_arrive_whole_and_in_order, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(
                        large_bodies_pass_through_a_small_socket, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(
                        bodies_of_all_sizes_stay_apart, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(body_of_two_pieces_is_one, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(fds_stay_with_their_messages, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(lent_fds_are_given_back_once, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(what_the_table_forbids_closes_the_channel, setup_raw, teardown),
                cmocka_unit_test_setup_teardown(lengths_above_the_table_close_the_channel_before_the_body_comes, setup_raw, teardown),
                cmocka_unit_test_setup_teardown(whole_messages_before_the_end_are_handled_first, setup_raw, teardown),
                cmocka_unit_test_setup_teardown(whole_messages_of_a_peer_that_reads_no_more_are_handled_too, setup_raw, teardown),
                cmocka_unit_test_setup_teardown(handler_may_free_its_channel, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(bodies_above_the_maximum_are_not_sent, setup_pair, teardown),
                cmocka_unit_test_setup_teardown(lagging_peer_hits_the_cap, setup_raw, teardown),
                cmocka_unit_test(a_peer_is_known_by_its_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
