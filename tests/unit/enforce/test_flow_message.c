/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/flow_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "../cmocka_include.h"

/* What the kernel says of a flow, with parts left out or made too short. */
#define NO_TUPLE 1U
#define NO_ID 2U
#define SHORT_ID 4U
#define SHORT_ADDRESS 8U
#define LONG_TUPLE 16U
#define SHORT_ZONE 32U
#define WITH_ZONE 64U
#define OTHER_TYPE 128U
#define NO_SOURCE 256U

static char room[4096], out[FLOW_MESSAGE_MAX];

static void put_tuple(struct nlmsghdr *header, uint16_t type, const uint8_t source[4],
        const uint8_t target[4], uint16_t source_port, uint16_t target_port, unsigned how) {
        static const char filler[FLOW_TUPLE_MAX];
        struct nlattr *tuple = mnl_attr_nest_start(header, type);
        struct nlattr *ip = mnl_attr_nest_start(header, CTA_TUPLE_IP);
        if (!(how & NO_SOURCE))
                mnl_attr_put(header, CTA_IP_V4_SRC, how & SHORT_ADDRESS ? 3 : 4, source);
        mnl_attr_put(header, CTA_IP_V4_DST, 4, target);
        mnl_attr_nest_end(header, ip);
        struct nlattr *protocol = mnl_attr_nest_start(header, CTA_TUPLE_PROTO);
        mnl_attr_put_u8(header, CTA_PROTO_NUM, IPPROTO_TCP);
        mnl_attr_put_u16(header, CTA_PROTO_SRC_PORT, htons(source_port));
        mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(target_port));
        mnl_attr_nest_end(header, protocol);
        if (how & LONG_TUPLE)
                mnl_attr_put(header, 99, sizeof(filler), filler);
        mnl_attr_nest_end(header, tuple);
}

/* An attacker on a public address, whose connection is led on to another one. */
static const uint8_t attacker[4] = {192, 0, 2, 66}, public[4] = {192, 0, 2, 1},
                     behind[4] = {10, 0, 0, 2};

static const struct nlmsghdr *answer(unsigned how) {
        memset(room, 0, sizeof(room));
        struct nlmsghdr *header = mnl_nlmsg_put_header(room);
        header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 |
                                        (how & OTHER_TYPE ? IPCTNL_MSG_CT_GET : IPCTNL_MSG_CT_NEW));
        struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));
        generic->nfgen_family = AF_INET;
        if (!(how & NO_TUPLE))
                put_tuple(header, CTA_TUPLE_ORIG, attacker, public, 4000, 22, how);
        put_tuple(header, CTA_TUPLE_REPLY, behind, attacker, 2222, 4000, 0);
        if (how & SHORT_ID)
                mnl_attr_put_u16(header, CTA_ID, 1);
        else if (!(how & NO_ID))
                mnl_attr_put_u32(header, CTA_ID, 0x12345678);
        if (how & (WITH_ZONE | SHORT_ZONE))
                mnl_attr_put(header, CTA_ZONE, how & WITH_ZONE ? 2 : 1, "\0\7");
        return header;
}

static const char *text_of(const struct address *address) {
        static char text[ADDRESS_TEXT_MAX];
        struct slice printed = address_print(address, text);
        text[printed.len] = '\0';
        return text;
}

static void a_flow_is_read_with_both_its_ends(void **state) {
        struct flow flow;
        (void)state;
        assert_int_equal(flow_parse(answer(0), &flow), 0);
        assert_string_equal(text_of(&flow.source), "192.0.2.66");
        assert_string_equal(text_of(&flow.local.address), "10.0.0.2");
        assert_string_equal(text_of(&flow.peer.address), "192.0.2.66");
        assert_int_equal(ntohs(flow.local.port), 2222);
        assert_int_equal(ntohs(flow.peer.port), 4000);
        assert_int_equal(flow.protocol, IPPROTO_TCP);
        assert_null(flow.zone);
}

static void what_could_not_be_deleted_alone_is_no_flow(void **state) {
        static const unsigned rows[] = {NO_TUPLE, NO_ID, SHORT_ID, SHORT_ADDRESS, NO_SOURCE,
                LONG_TUPLE, SHORT_ZONE, OTHER_TYPE};
        struct flow flow;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (flow_parse(answer(rows[i]), &flow) != FLOW_E_OTHER)
                        fail_msg("%u", rows[i]);
        struct nlmsghdr *header = (struct nlmsghdr *)(void *)room;
        (void)answer(0);
        header->nlmsg_len = sizeof(*header) + 2;
        assert_int_equal(flow_parse(header, &flow), FLOW_E_OTHER);
}

struct found {
        bool has_tuple;
        size_t tuple_len;
        uint32_t id, filter;
        uint16_t zone;
};

static int on_filter(const struct nlattr *attribute, void *user) {
        struct found *found = user;
        if (mnl_attr_get_type(attribute) == CTA_FILTER_ORIG_FLAGS)
                found->filter = mnl_attr_get_u32(attribute);
        return MNL_CB_OK;
}

static int on_attribute(const struct nlattr *attribute, void *user) {
        struct found *found = user;
        switch (mnl_attr_get_type(attribute)) {
        case CTA_TUPLE_ORIG:
                found->has_tuple = true;
                found->tuple_len = mnl_attr_get_payload_len(attribute);
                break;
        case CTA_ID:
                found->id = mnl_attr_get_u32(attribute);
                break;
        case CTA_ZONE:
                found->zone = ntohs(mnl_attr_get_u16(attribute));
                break;
        case CTA_FILTER:
                (void)mnl_attr_parse_nested(attribute, on_filter, user);
                break;
        default:
                break;
        }
        return MNL_CB_OK;
}

static struct found look(size_t len) {
        struct found found = {0};
        const struct nlmsghdr *header = (const void *)out;
        assert_int_equal(header->nlmsg_len, len);
        assert_true(len <= FLOW_MESSAGE_MAX);
        (void)mnl_attr_parse(header, sizeof(struct nfgenmsg), on_attribute, &found);
        return found;
}

static void a_flow_is_deleted_as_it_was_shown(void **state) {
        struct flow flow;
        (void)state;
        for (unsigned how = 0; how <= WITH_ZONE; how += WITH_ZONE) {
                assert_int_equal(flow_parse(answer(how), &flow), 0);
                struct found found = look(flow_delete(out, 5, &flow));
                const struct nlmsghdr *header = (const void *)out;
                assert_int_equal(
                        header->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
                assert_int_equal(header->nlmsg_seq, 5);
                assert_true(found.has_tuple);
                assert_int_equal(found.tuple_len, mnl_attr_get_payload_len(flow.tuple));
                assert_int_equal(found.id, 0x12345678);
                assert_int_equal(found.zone, how ? 7 : 0);
        }
}

static void one_address_may_be_asked_for_alone(void **state) {
        static const char *const rows[] = {"192.0.2.66", "2001:db8::66"};
        struct address address;
        (void)state;
        struct found found = look(flow_ask(out, 1, AF_UNSPEC, NULL));
        assert_false(found.has_tuple);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(address_parse(slice_of(rows[i]), &address), 0);
                found = look(flow_ask(out, 1, AF_UNSPEC, &address));
                const struct nlmsghdr *header = (const void *)out;
                const struct nfgenmsg *generic = mnl_nlmsg_get_payload(header);
                assert_true(found.has_tuple);
                assert_int_equal(found.filter, 1);
                assert_int_equal(generic->nfgen_family, i == 0 ? AF_INET : AF_INET6);
                assert_true(header->nlmsg_flags & NLM_F_DUMP);
        }
}

static const struct nlmsghdr *socket_answer(uint8_t family, uint8_t socket_state, uint16_t port,
        uint32_t cookie, const char *peer, size_t len) {
        memset(room, 0, sizeof(room));
        struct nlmsghdr *header = mnl_nlmsg_put_header(room);
        header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
        struct inet_diag_msg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
        message->idiag_family = family;
        message->idiag_state = socket_state;
        message->id.idiag_dport = htons(port);
        message->id.idiag_cookie[0] = message->id.idiag_cookie[1] = cookie;
        assert_int_equal(
                inet_pton(strchr(peer, ':') ? AF_INET6 : AF_INET, peer, message->id.idiag_dst), 1);
        if (len > 0)
                header->nlmsg_len = (uint32_t)len;
        return header;
}

static void only_a_connected_socket_is_ended(void **state) {
        static const struct {
                uint8_t family, state;
                uint16_t port;
                uint32_t cookie;
                const char *peer, *want;
                size_t len;
        } rows[] = {
                {AF_INET,  TCP_ESTABLISHED, 4000, 9,   "192.0.2.66",        "192.0.2.66",   0 },
                {AF_INET6, TCP_CLOSE_WAIT,  4000, 9,   "2001:db8::66",      "2001:db8::66", 0 },
                {AF_INET6, TCP_ESTABLISHED, 4000, 9,   "::ffff:192.0.2.66", "192.0.2.66",   0 },
                {AF_INET,  TCP_LISTEN,      0,    9,   "0.0.0.0",           NULL,           0 },
                {AF_INET,  TCP_LISTEN,      4000, 9,   "192.0.2.66",        NULL,           0 },
                {AF_INET,  TCP_TIME_WAIT,   4000, 9,   "192.0.2.66",        NULL,           0 },
                {AF_INET,  TCP_ESTABLISHED, 0,    9,   "192.0.2.66",        NULL,           0 },
                {AF_INET,  TCP_ESTABLISHED, 4000, ~0U, "192.0.2.66",        NULL,           0 },
                {AF_UNIX,  TCP_ESTABLISHED, 4000, 9,   "192.0.2.66",        NULL,           0 },
                {AF_INET,  TCP_ESTABLISHED, 4000, 9,   "192.0.2.66",        NULL,           40},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address peer;
                size_t len = flow_end_socket(out, 3,
                        socket_answer(rows[i].family, rows[i].state, rows[i].port, rows[i].cookie,
                                rows[i].peer, rows[i].len),
                        &peer);
                if ((len > 0) != (rows[i].want != NULL))
                        fail_msg("row %zu", i);
                if (len == 0)
                        continue;
                const struct nlmsghdr *header = (const void *)out;
                const struct inet_diag_req_v2 *request = mnl_nlmsg_get_payload(header);
                assert_string_equal(text_of(&peer), rows[i].want);
                assert_int_equal(header->nlmsg_type, SOCK_DESTROY);
                assert_int_equal(request->id.idiag_cookie[0], 9);
                assert_int_equal(request->sdiag_family, rows[i].family);
        }
}

static void a_socket_is_asked_for_by_the_ends_that_it_has(void **state) {
        struct flow flow;
        (void)state;
        assert_int_equal(flow_parse(answer(0), &flow), 0);
        size_t len = flow_ask_socket(out, 4, &flow);
        const struct nlmsghdr *header = (const void *)out;
        const struct inet_diag_req_v2 *request = mnl_nlmsg_get_payload(header);
        assert_int_equal(header->nlmsg_len, len);
        assert_int_equal(header->nlmsg_type, SOCK_DIAG_BY_FAMILY);
        assert_int_equal(request->sdiag_protocol, IPPROTO_TCP);
        assert_memory_equal(request->id.idiag_src, behind, 4);
        assert_memory_equal(request->id.idiag_dst, attacker, 4);
        assert_int_equal(ntohs(request->id.idiag_sport), 2222);
        assert_int_equal(ntohs(request->id.idiag_dport), 4000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_flow_is_read_with_both_its_ends),
                cmocka_unit_test(what_could_not_be_deleted_alone_is_no_flow),
                cmocka_unit_test(a_flow_is_deleted_as_it_was_shown),
                cmocka_unit_test(one_address_may_be_asked_for_alone),
                cmocka_unit_test(only_a_connected_socket_is_ended),
                cmocka_unit_test(a_socket_is_asked_for_by_the_ends_that_it_has),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
