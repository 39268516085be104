/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel lists its flows once for all bans that have gathered, piece by piece as the loop finds
 * time; those that a banned address began are deleted as they are seen. A flow alone is not enough
 * where a server of this host is the other end: what that sends makes the kernel take the
 * connection for its own, established again by the first answer. So its socket is asked for and
 * ended. Both requests are answered by the kernel while they are sent: nothing waits. */
#include "enforce/flow_cut.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/address_set.h"

#define LOGGER "fail2ban.actions"
#define ROOM (1 << 20)   /* bytes of answers that may wait */
#define READ_BYTES 32768 /* of one datagram: the kernel does not make longer ones */
#define MAX_ERRNO 4095   /* the kernel's */
#define READS_MAX 8      /* datagrams in one go, about a millisecond */
#define OUT_MAX ((size_t)256 * FLOW_MESSAGE_MAX)

/* A socket to the kernel, and what is to be sent to it. */
struct line {
        struct mnl_socket *socket; /* NULL: it is not there */
        size_t len;
        char *out;
};

struct flow_cut {
        struct loop *loop;
        struct loop_timer timer; /* until the next pass, or for its end */
        struct loop_source *source;
        struct address_set waiting, banned; /* of the next pass, of the one under way */
        struct line flows, sockets;
        char *room;
        uint32_t seq;   /* of the last message */
        uint32_t asked; /* of the question that is being answered */
        int64_t began_us, idle_until_us;
        uint64_t cut, reset; /* connections, in all */
        uint64_t cut_before, reset_before;
        uint64_t refused;
        bool is_narrowed; /* the kernel was asked for one address's flows */
        bool is_listed, said_unable, said_full;
};

struct flow_cut *flow_cut_new(struct loop *loop) {
        struct flow_cut *cut = memory_new(sizeof(*cut));
        cut->loop = loop;
        return cut;
}

static void close_line(struct line *line) {
        if (line->socket)
                (void)mnl_socket_close(line->socket);
        free(line->out);
        *line = (struct line){0};
}

static void close_all(struct flow_cut *cut) {
        loop_remove(cut->loop, cut->source);
        cut->source = NULL;
        close_line(&cut->flows);
        close_line(&cut->sockets);
        free(cut->room);
        cut->room = NULL;
        address_set_done(&cut->banned);
}

struct flow_cut *flow_cut_free(struct flow_cut *cut) {
        if (!cut)
                return NULL;
        close_all(cut);
        loop_timer_cancel(cut->loop, &cut->timer);
        address_set_done(&cut->waiting);
        free(cut);
        return NULL;
}

uint64_t flow_cut_count(const struct flow_cut *cut) {
        return cut->cut;
}

static bool open_line(struct line *line, int bus) {
        int room = ROOM, brief = 1;
        line->socket = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (!line->socket)
                return false;
        int fd = mnl_socket_get_fd(line->socket);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        (void)mnl_socket_setsockopt(line->socket, NETLINK_CAP_ACK, &brief, sizeof(brief));
        line->out = memory_new(OUT_MAX);
        return mnl_socket_bind(line->socket, 0, MNL_SOCKET_AUTOPID) == 0;
}

/* Sends what there is. Returns 0 or negative errno; the messages are gone in any case. */
static int flush(struct line *line) {
        size_t len = line->len;
        line->len = 0;
        if (len == 0 || mnl_socket_sendto(line->socket, line->out, len) >= 0)
                return 0;
        return -errno;
}

static char *next_out(struct line *line) {
        if (OUT_MAX - line->len < FLOW_MESSAGE_MAX)
                (void)flush(line);
        return line->out + line->len;
}

static ssize_t receive(struct flow_cut *cut, struct line *line) {
        return recv(mnl_socket_get_fd(line->socket), cut->room, READ_BYTES, MSG_DONTWAIT);
}

/* Once: whoever wants it has to hear that he does not get it. */
static void say_unable(struct flow_cut *cut, int r) {
        if (!cut->said_unable)
                diag(DIAG_WARNING, LOGGER,
                        "bancut: connections of banned addresses are not cut, the kernel does not "
                        "list them: %s (it needs nf_conntrack and nf_conntrack_netlink)",
                        strerror(-r));
        cut->said_unable = true;
}

static void arm(struct flow_cut *cut);

static void end_pass(struct flow_cut *cut) {
        int64_t now_us = loop_now_us();
        uint64_t flows = cut->cut - cut->cut_before, sockets = cut->reset - cut->reset_before;
        if (flows > 0)
                diag(DIAG_INFO, LOGGER,
                        "bancut: cut %llu connection(s) of banned addresses, %llu of them here",
                        (unsigned long long)flows, (unsigned long long)sockets);
        cut->idle_until_us = now_us + FLOW_CUT_IDLE_FACTOR * (now_us - cut->began_us);
        close_all(cut);
        loop_timer_cancel(cut->loop, &cut->timer);
        if (cut->waiting.count > 0)
                arm(cut);
}

static void on_socket(struct flow_cut *cut, const struct nlmsghdr *header) {
        struct address peer;
        char *out = next_out(&cut->sockets);
        size_t len = flow_end_socket(out, ++cut->seq, header, &peer);
        if (len == 0 || !address_set_find(&cut->banned, &peer))
                return;
        cut->sockets.len += len;
        cut->reset++;
}

/* Ends the sockets that were asked for. What the kernel does not find has ended, or is not here. */
static void end_sockets(struct flow_cut *cut) {
        if (!cut->sockets.socket || cut->sockets.len == 0 || flush(&cut->sockets) < 0)
                return;
        for (ssize_t got; (got = receive(cut, &cut->sockets)) > 0;) {
                int len = (int)got;
                for (const struct nlmsghdr *header = (const void *)cut->room;
                        mnl_nlmsg_ok(header, len); header = mnl_nlmsg_next(header, &len))
                        on_socket(cut, header);
        }
        (void)flush(&cut->sockets);
}

static void on_flow(struct flow_cut *cut, const struct nlmsghdr *header) {
        struct flow flow;
        if (flow_parse(header, &flow) != 0 || !address_set_find(&cut->banned, &flow.source))
                return;
        char *out = next_out(&cut->flows);
        cut->flows.len += flow_delete(out, ++cut->seq, &flow);
        cut->cut++;
        if (flow.protocol != IPPROTO_TCP || flow.local.port == 0 || flow.peer.port == 0 ||
                flow.local.address.family != flow.peer.address.family || !cut->sockets.socket)
                return;
        out = cut->sockets.out + cut->sockets.len;
        if (OUT_MAX - cut->sockets.len >= FLOW_MESSAGE_MAX) /* enough for a datagram's flows */
                cut->sockets.len += flow_ask_socket(out, ++cut->seq, &flow);
}

/* Asks for the flows, with all that the kernel may leave out of its list left out. */
static int ask(struct flow_cut *cut, bool is_narrowed) {
        const struct address *first = cut->banned.items;
        uint8_t family = first->family == ADDRESS_INET4 ? AF_INET : AF_INET6;
        for (size_t i = 1; i < cut->banned.count; i++)
                if (cut->banned.items[i].family != first->family)
                        family = AF_UNSPEC;
        cut->is_narrowed = is_narrowed;
        cut->asked = ++cut->seq;
        cut->flows.len = flow_ask(cut->flows.out, cut->asked, family, is_narrowed ? first : NULL);
        return flush(&cut->flows);
}

static void say_refused(struct flow_cut *cut, int r) {
        if (cut->refused++ == 0)
                diag(DIAG_WARNING, LOGGER, "bancut: the kernel refuses to cut a connection: %s",
                        strerror(-r));
}

/* The list has ended, well or not. */
static void on_listed(struct flow_cut *cut, int r) {
        if (r < 0 && cut->is_narrowed)
                r = ask(cut, false); /* kernels differ in what they leave out */
        else
                cut->is_listed = true;
        if (r < 0) {
                say_unable(cut, r);
                cut->is_listed = true;
        }
}

/* Of the list, or of a deletion: a flow that has ended by itself meanwhile is no fault. */
static void on_error(struct flow_cut *cut, const struct nlmsghdr *header) {
        if (mnl_nlmsg_get_payload_len(header) < sizeof(struct nlmsgerr))
                return;
        const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
        int r = error->error > 0 || error->error < -MAX_ERRNO ? -EIO : error->error;
        if (header->nlmsg_seq == cut->asked) {
                on_listed(cut, r);
                return;
        }
        if (r < 0 && cut->cut > cut->cut_before)
                cut->cut--;
        if (r < 0 && r != -ENOENT)
                say_refused(cut, r);
}

/* The end of a list says whether that is whole. */
static void on_done(struct flow_cut *cut, const struct nlmsghdr *header) {
        int r = 0;
        if (mnl_nlmsg_get_payload_len(header) >= sizeof(r))
                memcpy(&r, mnl_nlmsg_get_payload(header), sizeof(r));
        on_listed(cut, r < 0 && r >= -MAX_ERRNO ? r : 0);
}

static void read_flows(struct flow_cut *cut, ssize_t got) {
        int len = (int)got;
        for (const struct nlmsghdr *header = (const void *)cut->room; mnl_nlmsg_ok(header, len);
                header = mnl_nlmsg_next(header, &len)) {
                if (header->nlmsg_type == NLMSG_DONE && header->nlmsg_seq == cut->asked)
                        on_done(cut, header);
                else if (header->nlmsg_type == NLMSG_ERROR)
                        on_error(cut, header);
                else if (header->nlmsg_type >= NLMSG_MIN_TYPE && header->nlmsg_seq == cut->asked)
                        on_flow(cut, header);
        }
        int r = flush(&cut->flows);
        if (r < 0)
                say_refused(cut, r);
        end_sockets(cut);
}

static void give_up(struct flow_cut *cut) {
        diag(DIAG_WARNING, LOGGER,
                "bancut: connections of %zu banned address(es) may go on: the kernel has not "
                "listed all connections within %d s",
                cut->banned.count, FLOW_CUT_PASS_MAX_US / 1000000);
        end_pass(cut);
}

/* The list is through when its end has been read, and what the last deletions have led to. */
static void on_readable(void *user, int fd, uint32_t events) {
        struct flow_cut *cut = user;
        (void)fd;
        (void)events;
        for (unsigned i = 0; i < READS_MAX || cut->is_listed; i++) {
                ssize_t got = receive(cut, &cut->flows);
                if (got > 0) {
                        read_flows(cut, got);
                        continue;
                }
                if (got == 0 || (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)) {
                        say_unable(cut, got < 0 ? -errno : -EIO);
                        cut->is_listed = true;
                }
                if (cut->is_listed) {
                        end_pass(cut);
                        return;
                }
                break;
        }
        if (loop_now_us() - cut->began_us > FLOW_CUT_PASS_MAX_US)
                give_up(cut);
}

static void on_deadline(void *user) {
        give_up(user);
}

/* Whether the kernel can leave out all others' flows. Of IPv6 addresses it leaves out the one that
 * is asked for (Linux 5.8 to 6.18 at least compare them the wrong way round). */
static bool is_one(const struct flow_cut *cut) {
        const struct address *first = cut->banned.items;
        return cut->banned.count == 1 && address_is_single(first) && first->family == ADDRESS_INET4;
}

static int begin_pass(struct flow_cut *cut) {
        if (!open_line(&cut->flows, NETLINK_NETFILTER))
                return -errno;
        if (!open_line(&cut->sockets, NETLINK_SOCK_DIAG))
                close_line(&cut->sockets); /* then only the kernel's memory is cut */
        cut->room = memory_new(READ_BYTES);
        int r = ask(cut, is_one(cut));
        if (r < 0)
                return r;
        cut->source = loop_add(
                cut->loop, mnl_socket_get_fd(cut->flows.socket), EPOLLIN, on_readable, cut);
        return cut->source ? 0 : -errno;
}

static void on_gathered(void *user) {
        struct flow_cut *cut = user;
        cut->banned = cut->waiting;
        cut->waiting = (struct address_set){0};
        cut->began_us = loop_now_us();
        cut->cut_before = cut->cut;
        cut->reset_before = cut->reset;
        cut->is_listed = false;
        loop_timer_set_in(cut->loop, &cut->timer, FLOW_CUT_PASS_MAX_US + 1, on_deadline, cut);
        int r = begin_pass(cut);
        if (r < 0) {
                say_unable(cut, r);
                end_pass(cut);
        }
}

static void arm(struct flow_cut *cut) {
        int64_t now_us = loop_now_us(), due_us = now_us + FLOW_CUT_GATHER_US;
        if (due_us < cut->idle_until_us)
                due_us = cut->idle_until_us;
        loop_timer_set(cut->loop, &cut->timer, due_us, on_gathered, cut);
}

void flow_cut_add(struct flow_cut *cut, const struct address *address) {
        if (address->family == ADDRESS_NONE)
                return;
        if (cut->waiting.count >= FLOW_CUT_MAX) {
                if (!cut->said_full)
                        diag(DIAG_WARNING, LOGGER,
                                "bancut: too many bans at once, connections of some may go on");
                cut->said_full = true;
                return;
        }
        address_set_add(&cut->waiting, address);
        if (!loop_timer_is_set(&cut->timer) && !cut->source)
                arm(cut);
}
