/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the real kernel, in a network namespace of the test's own; skipped without root or nft.
 */
#include "enforce/flow_cut.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../cmocka_include.h"
#include "base/diag.h"
#include "kernel_fixture.h"

#define PATIENCE_US 60000000 /* only what fails takes it */

static bool has_kernel;
static struct loop *loop;

static int set_up_all(void **state) {
        (void)state;
        has_kernel = KERNEL_BEGIN_NFT &&
                     system("ip link set lo up && ip addr add 2001:db8::1/64 dev lo nodad && ip "
                            "addr add 2001:db8::66/64 dev lo nodad && nft 'add chain inet t c { "
                            "type filter hook input priority 0; }; add rule inet t c ct state new "
                            "counter'") == 0;
        loop = loop_new();
        return 0;
}

static int tear_down_all(void **state) {
        (void)state;
        loop = loop_free(loop);
        return 0;
}

/* A connection of somebody with a listener of this host. */
struct connection {
        int listener, client, server;
};

static struct sockaddr_in6 address_of(const char *text, socklen_t *ret_len) {
        union {
                struct sockaddr_in four;
                struct sockaddr_in6 six;
        } address = {.six = {.sin6_family = AF_INET6}};
        *ret_len = sizeof(address.six);
        if (inet_pton(AF_INET6, text, &address.six.sin6_addr) == 1)
                return address.six;
        address.four = (struct sockaddr_in){.sin_family = AF_INET};
        assert_int_equal(inet_pton(AF_INET, text, &address.four.sin_addr), 1);
        *ret_len = sizeof(address.four);
        return address.six;
}

/* listen_on: what the server is bound to, target: where the client goes. */
static struct connection connect_as(const char *who, const char *target, const char *listen_on) {
        struct connection c;
        socklen_t len, from_len, to_len;
        struct sockaddr_in6 at = address_of(listen_on, &len), from = address_of(who, &from_len),
                            to = address_of(target, &to_len);
        c.listener = socket(at.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(c.listener, (struct sockaddr *)&at, len), 0);
        assert_int_equal(listen(c.listener, 4), 0);
        assert_int_equal(getsockname(c.listener, (struct sockaddr *)&at, &len), 0);
        to.sin6_port = at.sin6_port; /* of both families at the same place */
        c.client = socket(from.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(c.client, (struct sockaddr *)&from, from_len), 0);
        assert_int_equal(connect(c.client, (struct sockaddr *)&to, to_len), 0);
        c.server = accept(c.listener, NULL, NULL);
        assert_true(c.server >= 0);
        assert_int_equal(write(c.client, "x", 1), 1);
        return c;
}

static void disconnect(struct connection *c) {
        (void)close(c->client);
        (void)close(c->server);
        (void)close(c->listener);
}

/* Whether the server's end is what it was. */
static bool lives(const struct connection *c) {
        struct pollfd poll_of = {.fd = c->server, .events = POLLOUT};
        return poll(&poll_of, 1, 0) == 1 && !(poll_of.revents & (POLLERR | POLLHUP));
}

static bool still_listens(const struct connection *c) {
        int is_listening = 0;
        socklen_t len = sizeof(is_listening);
        return getsockopt(c->listener, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) == 0 &&
               is_listening;
}

/* How many flows the kernel knows of somebody. */
static unsigned flows_of(const char *who) {
        char command[256], out[64];
        (void)snprintf(command, sizeof(command),
                "grep -c ' src=%s ' /proc/net/nf_conntrack 2>/dev/null", who);
        kernel_list(command, out, sizeof(out));
        return (unsigned)strtoul(out, NULL, 10);
}

static void ban(struct flow_cut *cut, const char *who) {
        struct address address;
        assert_int_equal(address_parse(slice_of(who), &address), 0);
        flow_cut_add(cut, &address);
}

static void run_until_cut(const struct flow_cut *cut, const char *who, uint64_t count) {
        int64_t end_us = loop_now_us() + PATIENCE_US;
        while (flow_cut_count(cut) < count && loop_now_us() < end_us)
                assert_int_equal(loop_step(loop, 10000), 0);
        if (flow_cut_count(cut) < count)
                fail_msg("%s: %u cut, not %u", who, (unsigned)flow_cut_count(cut), (unsigned)count);
}

static void who_is_banned_loses_his_connections_and_nobody_else(void **state) {
        static const struct {
                const char *who, *target, *listen_on, *banned;
        } rows[] = {
                {"127.0.0.66",   "127.0.0.1",   "127.0.0.1",   "127.0.0.66"      },
                {"127.0.0.66",   "127.0.0.1",   "::",          "127.0.0.66"      },
                {"127.0.0.66",   "127.0.0.1",   "0.0.0.0",     "127.0.0.64/29"   },
                {"2001:db8::66", "2001:db8::1", "2001:db8::1", "2001:db8::66"    },
                {"2001:db8::66", "2001:db8::1", "::",          "2001:db8::60/124"},
        };
        (void)state;
        if (!has_kernel)
                skip();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct flow_cut *cut = flow_cut_new(loop);
                struct connection visitor = connect_as("127.0.0.77", "127.0.0.1", "127.0.0.1");
                struct connection attacker =
                        connect_as(rows[i].who, rows[i].target, rows[i].listen_on);
                assert_true(lives(&attacker));
                ban(cut, rows[i].banned);
                run_until_cut(cut, rows[i].banned, 1);
                if (lives(&attacker) || !lives(&visitor) || !still_listens(&attacker))
                        fail_msg("%s: %d %d %d", rows[i].banned, lives(&attacker), lives(&visitor),
                                still_listens(&attacker));
                disconnect(&attacker);
                disconnect(&visitor);
                (void)flow_cut_free(cut);
        }
}

static void one_list_does_for_all_bans_that_have_gathered(void **state) {
        (void)state;
        if (!has_kernel)
                skip();
        struct flow_cut *cut = flow_cut_new(loop);
        struct connection four = connect_as("127.0.0.66", "127.0.0.1", "127.0.0.1"),
                          six = connect_as("2001:db8::66", "2001:db8::1", "2001:db8::1");
        for (unsigned i = 0; i < 1000; i++) {
                char text[32];
                (void)snprintf(text, sizeof(text), "198.51.%u.%u", i / 250, i % 250);
                ban(cut, text);
        }
        ban(cut, "2001:db8::66");
        ban(cut, "127.0.0.66");
        run_until_cut(cut, "both", 2);
        assert_false(lives(&four));
        assert_false(lives(&six));
        disconnect(&four);
        disconnect(&six);
        (void)flow_cut_free(cut);
}

static void connections_of_the_host_itself_to_him_are_left(void **state) {
        (void)state;
        if (!has_kernel)
                skip();
        struct flow_cut *cut = flow_cut_new(loop);
        struct connection ours = connect_as("127.0.0.77", "127.0.0.66", "127.0.0.66"),
                          his = connect_as("127.0.0.66", "127.0.0.1", "127.0.0.1");
        ban(cut, "127.0.0.66");
        run_until_cut(cut, "127.0.0.66", 1);
        assert_true(lives(&ours));
        assert_false(lives(&his));
        disconnect(&ours);
        disconnect(&his);
        (void)flow_cut_free(cut);
}

static void thousands_of_flows_go(void **state) {
        enum { FLOWS = 3000 };
        (void)state;
        if (!has_kernel || access("/proc/net/nf_conntrack", R_OK) != 0)
                skip();
        struct flow_cut *cut = flow_cut_new(loop);
        socklen_t len, from_len;
        struct sockaddr_in6 to = address_of("127.0.0.1", &len),
                            from = address_of("127.0.0.90", &from_len);
        for (unsigned i = 0; i < FLOWS; i++) {
                int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                to.sin6_port = htons((uint16_t)(10000 + i));
                assert_int_equal(bind(fd, (struct sockaddr *)&from, from_len), 0);
                assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, len), 1);
                (void)close(fd);
        }
        assert_true(flows_of("127.0.0.90") > 0);
        ban(cut, "127.0.0.80/28");
        run_until_cut(cut, "127.0.0.90", 1);
        int64_t end_us = loop_now_us() + PATIENCE_US;
        while (flows_of("127.0.0.90") > 0 && loop_now_us() < end_us)
                assert_int_equal(loop_step(loop, 10000), 0);
        assert_int_equal(flows_of("127.0.0.90"), 0);
        (void)flow_cut_free(cut);
}

static unsigned warnings;

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)logger;
        if (level == DIAG_WARNING &&
                slice_has_prefix(
                        text, SLICE("bancut: connections of banned addresses are not cut")))
                warnings++;
}

/* In a process of its own, which gives up its rights. */
static int cut_without_rights(void) {
        if (setresuid(65534, 65534, 65534) < 0)
                return 2;
        struct loop *own = loop_new();
        struct flow_cut *cut = flow_cut_new(own);
        diag_set_sink(on_diag, NULL);
        for (unsigned i = 0; i < 3; i++) {
                int64_t end_us = loop_now_us() + FLOW_CUT_GATHER_US * 5;
                ban(cut, i == 0 ? "192.0.2.1" : "2001:db8::5");
                while (loop_now_us() < end_us ||
                        (warnings == 0 && loop_now_us() < end_us + PATIENCE_US))
                        (void)loop_step(own, 1000);
        }
        (void)flow_cut_free(cut);
        (void)loop_free(own);
        return warnings == 1 ? 0 : 1;
}

static void without_the_right_to_it_there_is_one_warning(void **state) {
        int status;
        (void)state;
        if (!has_kernel)
                skip();
        pid_t pid = fork();
        if (pid == 0)
                _exit(cut_without_rights());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void who_is_no_address_and_what_waits_at_the_end_do_no_harm(void **state) {
        (void)state;
        struct flow_cut *cut = flow_cut_new(loop);
        flow_cut_add(cut, &(struct address){.family = ADDRESS_NONE});
        ban(cut, "192.0.2.1");
        assert_null(flow_cut_free(cut));
        assert_null(flow_cut_free(NULL));
        assert_int_equal(loop_step(loop, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_is_banned_loses_his_connections_and_nobody_else),
                cmocka_unit_test(one_list_does_for_all_bans_that_have_gathered),
                cmocka_unit_test(connections_of_the_host_itself_to_him_are_left),
                cmocka_unit_test(thousands_of_flows_go),
                cmocka_unit_test(without_the_right_to_it_there_is_one_warning),
                cmocka_unit_test(who_is_no_address_and_what_waits_at_the_end_do_no_harm),
        };
        return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
