/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel deletes a flow that it is shown as it showed it: tuple, zone and number. Asked to
 * delete without a tuple it would delete all there are, so an answer that lacks one is none. A
 * socket is ended by the cookie that the kernel gave for it: by its ports alone the kernel would
 * fall back to a socket that listens there. */
#include "enforce/flow_message.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define FILTER_BY_SOURCE 1U /* the kernel's number: the source address of a tuple */

static struct nlmsghdr *put_header(
        char *buffer, uint8_t type, uint16_t flags, uint32_t seq, uint8_t family) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
        header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
        header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
        header->nlmsg_seq = seq;
        struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));
        generic->nfgen_family = family;
        generic->version = NFNETLINK_V0;
        return header;
}

static uint8_t socket_family(const struct address *address) {
        return address->family == ADDRESS_INET4 ? AF_INET : AF_INET6;
}

static size_t len_of(const struct address *address) {
        return address->family == ADDRESS_INET4 ? 4 : 16;
}

size_t flow_ask(char *buffer, uint32_t seq, uint8_t family, const struct address *only) {
        struct nlmsghdr *header = put_header(
                buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, seq, only ? socket_family(only) : family);
        if (!only)
                return header->nlmsg_len;
        struct nlattr *tuple = mnl_attr_nest_start(header, CTA_TUPLE_ORIG);
        struct nlattr *ip = mnl_attr_nest_start(header, CTA_TUPLE_IP);
        mnl_attr_put(header, only->family == ADDRESS_INET4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC,
                len_of(only), only->bytes);
        mnl_attr_nest_end(header, ip);
        mnl_attr_nest_end(header, tuple);
        struct nlattr *filter = mnl_attr_nest_start(header, CTA_FILTER);
        mnl_attr_put_u32(header, CTA_FILTER_ORIG_FLAGS, FILTER_BY_SOURCE);
        mnl_attr_put_u32(header, CTA_FILTER_REPLY_FLAGS, 0);
        mnl_attr_nest_end(header, filter);
        return header->nlmsg_len;
}

struct tuple {
        struct flow_end source, target;
        uint8_t protocol;
};

static void take_address(
        const struct nlattr *attribute, enum address_family family, struct address *ret) {
        struct address address = {
                .family = (uint8_t)family, .plen = family == ADDRESS_INET4 ? 32 : 128};
        if (mnl_attr_get_payload_len(attribute) != len_of(&address))
                return;
        memcpy(address.bytes, mnl_attr_get_payload(attribute), len_of(&address));
        *ret = address;
}

static int on_ip(const struct nlattr *attribute, void *user) {
        struct tuple *tuple = user;
        uint16_t type = mnl_attr_get_type(attribute);
        enum address_family family =
                type == CTA_IP_V4_SRC || type == CTA_IP_V4_DST ? ADDRESS_INET4 : ADDRESS_INET6;
        if (type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC)
                take_address(attribute, family, &tuple->source.address);
        else if (type == CTA_IP_V4_DST || type == CTA_IP_V6_DST)
                take_address(attribute, family, &tuple->target.address);
        return MNL_CB_OK;
}

static int on_protocol(const struct nlattr *attribute, void *user) {
        struct tuple *tuple = user;
        uint16_t type = mnl_attr_get_type(attribute);
        if (type == CTA_PROTO_NUM && mnl_attr_validate(attribute, MNL_TYPE_U8) == 0)
                tuple->protocol = mnl_attr_get_u8(attribute);
        else if (type == CTA_PROTO_SRC_PORT && mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
                tuple->source.port = mnl_attr_get_u16(attribute);
        else if (type == CTA_PROTO_DST_PORT && mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
                tuple->target.port = mnl_attr_get_u16(attribute);
        return MNL_CB_OK;
}

/* Of parts that are there twice the kernel takes the last, as a whole. */
static int on_tuple(const struct nlattr *attribute, void *user) {
        struct tuple *tuple = user;
        if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP) {
                tuple->source.address = tuple->target.address = (struct address){0};
                (void)mnl_attr_parse_nested(attribute, on_ip, user);
        } else if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO) {
                (void)mnl_attr_parse_nested(attribute, on_protocol, user);
        }
        return MNL_CB_OK;
}

struct parts {
        struct flow *flow;
        struct tuple there, back; /* of what comes from who began it, and of the answers */
        bool has_id;
};

static int on_part(const struct nlattr *attribute, void *user) {
        struct parts *parts = user;
        switch (mnl_attr_get_type(attribute)) {
        case CTA_TUPLE_ORIG:
                parts->flow->tuple = attribute;
                parts->there = (struct tuple){0};
                (void)mnl_attr_parse_nested(attribute, on_tuple, &parts->there);
                break;
        case CTA_TUPLE_REPLY:
                parts->back = (struct tuple){0};
                (void)mnl_attr_parse_nested(attribute, on_tuple, &parts->back);
                break;
        case CTA_ZONE:
                parts->flow->zone = attribute;
                break;
        case CTA_ID:
                parts->has_id = mnl_attr_validate(attribute, MNL_TYPE_U32) == 0;
                if (parts->has_id)
                        parts->flow->id = mnl_attr_get_u32(attribute);
                break;
        default:
                break;
        }
        return MNL_CB_OK;
}

int flow_parse(const struct nlmsghdr *header, struct flow *ret) {
        *ret = (struct flow){.id = 0};
        struct parts parts = {.flow = ret};
        if (header->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
                mnl_nlmsg_get_payload_len(header) < sizeof(struct nfgenmsg))
                return FLOW_E_OTHER;
        (void)mnl_attr_parse(header, sizeof(struct nfgenmsg), on_part, &parts);
        if (!ret->tuple || mnl_attr_get_len(ret->tuple) > FLOW_TUPLE_MAX || !parts.has_id ||
                parts.there.source.address.family == ADDRESS_NONE)
                return FLOW_E_OTHER;
        if (ret->zone && mnl_attr_validate(ret->zone, MNL_TYPE_U16) < 0)
                return FLOW_E_OTHER;
        ret->source = parts.there.source.address;
        ret->protocol = parts.there.protocol;
        ret->local = parts.back.source;
        ret->peer = parts.back.target;
        return 0;
}

size_t flow_delete(char *buffer, uint32_t seq, const struct flow *flow) {
        struct nlmsghdr *header =
                put_header(buffer, IPCTNL_MSG_CT_DELETE, 0, seq, socket_family(&flow->source));
        mnl_attr_put(header, CTA_TUPLE_ORIG | NLA_F_NESTED, mnl_attr_get_payload_len(flow->tuple),
                mnl_attr_get_payload(flow->tuple));
        if (flow->zone)
                mnl_attr_put_u16(header, CTA_ZONE, mnl_attr_get_u16(flow->zone));
        mnl_attr_put_u32(header, CTA_ID, flow->id);
        return header->nlmsg_len;
}

static size_t put_socket(char *buffer, uint16_t type, uint32_t seq, uint8_t family,
        const struct inet_diag_sockid *id) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
        header->nlmsg_type = type;
        header->nlmsg_flags = NLM_F_REQUEST;
        header->nlmsg_seq = seq;
        struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
        request->sdiag_family = family;
        request->sdiag_protocol = IPPROTO_TCP;
        request->idiag_states = UINT32_MAX;
        request->id = *id;
        return header->nlmsg_len;
}

size_t flow_ask_socket(char *buffer, uint32_t seq, const struct flow *flow) {
        struct inet_diag_sockid id = {
                .idiag_sport = flow->local.port,
                .idiag_dport = flow->peer.port,
                .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
        };
        memcpy(id.idiag_src, flow->local.address.bytes, sizeof(flow->local.address.bytes));
        memcpy(id.idiag_dst, flow->peer.address.bytes, sizeof(flow->peer.address.bytes));
        return put_socket(
                buffer, SOCK_DIAG_BY_FAMILY, seq, socket_family(&flow->local.address), &id);
}

/* An IPv4 address in a socket of IPv6 is IPv4. */
static bool take_peer(const struct inet_diag_msg *socket, struct address *ret) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        const uint8_t *bytes = (const uint8_t *)socket->id.idiag_dst;
        bool is_mapped =
                socket->idiag_family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0;
        if (socket->idiag_family != AF_INET && socket->idiag_family != AF_INET6)
                return false;
        *ret = (struct address){.family = ADDRESS_INET4, .plen = 32};
        if (socket->idiag_family == AF_INET6 && !is_mapped)
                *ret = (struct address){.family = ADDRESS_INET6, .plen = 128};
        memcpy(ret->bytes, is_mapped ? bytes + sizeof(mapped) : bytes, len_of(ret));
        return true;
}

size_t flow_end_socket(
        char *buffer, uint32_t seq, const struct nlmsghdr *answer, struct address *ret_peer) {
        if (answer->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
                mnl_nlmsg_get_payload_len(answer) < sizeof(struct inet_diag_msg))
                return 0;
        const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(answer);
        bool is_connected = socket->idiag_state != TCP_LISTEN && socket->idiag_state != TCP_CLOSE &&
                            socket->idiag_state != TCP_TIME_WAIT && socket->id.idiag_dport != 0;
        bool has_cookie = socket->id.idiag_cookie[0] != INET_DIAG_NOCOOKIE ||
                          socket->id.idiag_cookie[1] != INET_DIAG_NOCOOKIE;
        if (!is_connected || !has_cookie || !take_peer(socket, ret_peer))
                return 0;
        return put_socket(buffer, SOCK_DESTROY, seq, socket->idiag_family, &socket->id);
}
