/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of flows and sockets: nothing beyond a datagram is read, and whatever it
 * says, only a flow that a banned address has begun is deleted, by its tuple and number (without
 * them the kernel would delete all), and only a connection with a banned address is ended. */
#include "enforce/flow_cut.h"

#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>

#include "fake_netlink.h"

#define WAKES_MAX 64

/* In the place of libc's. */
ssize_t recv(int fd, void *room, size_t size, int flags) {
        (void)fd, (void)flags;
        return fake_receive(room, size);
}

/* In the place of the loop: the target calls what it would call. */
static struct loop_timer *set_timer;
static loop_fd_handler *readable;
static void *readable_user;
static int64_t now_us;

int64_t loop_now_us(void) {
        return ++now_us;
}
struct loop_source *loop_add(
        struct loop *loop, int fd, uint32_t events, loop_fd_handler *handler, void *user) {
        (void)loop, (void)fd, (void)events;
        readable = handler;
        readable_user = user;
        return (struct loop_source *)(void *)&readable;
}
void loop_remove(struct loop *loop, struct loop_source *source) {
        (void)loop;
        if (source)
                readable = NULL;
}
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_us,
        loop_timer_handler *handler, void *user) {
        (void)loop;
        *timer = (struct loop_timer){due_us, 1, handler, user};
        set_timer = timer;
}
void loop_timer_set_in(struct loop *loop, struct loop_timer *timer, int64_t in_us,
        loop_timer_handler *handler, void *user) {
        loop_timer_set(loop, timer, now_us + in_us, handler, user);
}
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer) {
        (void)loop;
        timer->place = 0;
        set_timer = NULL;
}
bool loop_timer_is_set(const struct loop_timer *timer) {
        return timer->place > 0;
}

static void ring(void) {
        struct loop_timer *timer = set_timer;
        if (!timer)
                return;
        set_timer = NULL;
        timer->place = 0;
        timer->handler(timer->user);
}

static struct address banned[2];

static bool is_banned(uint8_t family, const uint8_t *bytes) {
        struct address address = {.family = family, .plen = family == ADDRESS_INET4 ? 32 : 128};
        memcpy(address.bytes, bytes, family == ADDRESS_INET4 ? 4 : 16);
        return address_in(&address, &banned[0]) || address_in(&address, &banned[1]);
}

static bool is_for_banned; /* by the last source, which counts */
static unsigned ids;

static int on_ip(const struct nlattr *attribute, void *user) {
        uint16_t type = mnl_attr_get_type(attribute);
        bool is_four = type == CTA_IP_V4_SRC;
        (void)user;
        if ((is_four || type == CTA_IP_V6_SRC) &&
                mnl_attr_get_payload_len(attribute) == (is_four ? 4 : 16))
                is_for_banned = is_banned(
                        is_four ? ADDRESS_INET4 : ADDRESS_INET6, mnl_attr_get_payload(attribute));
        return MNL_CB_OK;
}

static int on_tuple(const struct nlattr *attribute, void *user) {
        if (mnl_attr_get_type(attribute) != CTA_TUPLE_IP)
                return MNL_CB_OK;
        is_for_banned = false;
        (void)mnl_attr_parse_nested(attribute, on_ip, user);
        return MNL_CB_OK;
}

static int on_part(const struct nlattr *attribute, void *user) {
        unsigned *tuples = user;
        if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG) {
                ++*tuples;
                FUZZ_REQUIRE(mnl_attr_get_payload_len(attribute) > 0);
                (void)mnl_attr_parse_nested(attribute, on_tuple, NULL);
        }
        ids += mnl_attr_get_type(attribute) == CTA_ID;
        return MNL_CB_OK;
}

static void on_sent(const char *bytes, size_t len) {
        int left = (int)len;
        for (const struct nlmsghdr *header = (const void *)bytes; mnl_nlmsg_ok(header, left);
                header = mnl_nlmsg_next(header, &left)) {
                unsigned tuples = 0;
                ids = 0;
                is_for_banned = false;
                if (header->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE)) {
                        (void)mnl_attr_parse(header, sizeof(struct nfgenmsg), on_part, &tuples);
                        FUZZ_REQUIRE(tuples == 1 && ids == 1 && is_for_banned);
                }
                if (header->nlmsg_type != SOCK_DESTROY)
                        continue;
                const struct inet_diag_req_v2 *request = mnl_nlmsg_get_payload(header);
                const uint8_t *peer = (const uint8_t *)request->id.idiag_dst;
                bool is_four = request->sdiag_family == AF_INET;
                FUZZ_REQUIRE(is_banned(is_four ? ADDRESS_INET4 : ADDRESS_INET6, peer) ||
                             (!is_four && is_banned(ADDRESS_INET4, peer + 12)));
                FUZZ_REQUIRE(request->id.idiag_dport != 0);
        }
        FUZZ_REQUIRE(left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        fuzz_be_quiet();
        fake_sent = on_sent;
        fake_answers = fuzz_input(data, size);
        bool is_one = fuzz_byte(&fake_answers) & 1;
        FUZZ_REQUIRE(address_parse(SLICE("192.0.2.66"), &banned[0]) == 0);
        FUZZ_REQUIRE(address_parse(SLICE("2001:db8::/64"), &banned[1]) == 0);
        if (is_one)
                banned[1] = banned[0];
        struct flow_cut *cut = flow_cut_new(NULL);
        flow_cut_add(cut, &banned[0]);
        if (!is_one)
                flow_cut_add(cut, &banned[1]);
        ring();
        FUZZ_REQUIRE(readable);
        for (unsigned i = 0; i < WAKES_MAX && readable; i++)
                readable(readable_user, -1, EPOLLIN);
        ring(); /* nothing more comes */
        FUZZ_REQUIRE(!readable);
        FUZZ_REQUIRE(flow_cut_count(cut) <= size);
        FUZZ_REQUIRE(!flow_cut_free(cut));
        return 0;
}
