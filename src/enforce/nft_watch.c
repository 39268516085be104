/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket in the multicast group of nftables. A transaction arrives as its messages, each with the
 * port of the socket that asked for it, and last the new generation with the name of the process.
 * Messages about our own transactions are dropped in the kernel by a filter: a hundred thousand
 * bans would be as many messages. An event is only a hint: whoever is told looks for himself. When
 * events were lost, everything is suspect. */
#include "enforce/nft_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/nft_attribute.h"
#include "enforce/nft_rule.h"

#define READS_MAX 64 /* datagrams in one go */

struct nft_watched {
        struct nft_watched *next;
        struct nft_watch *watch;
        struct nftset_place place;
        unsigned lost; /* in the events that are being read */
        nft_watch_lost *told;
        void *user;
};

struct nft_watch {
        struct loop *loop;
        struct nftset *link;
        struct mnl_socket *socket; /* NULL: nothing is watched */
        struct loop_source *source;
        struct nft_watched *first;
        unsigned pauses;
        uint32_t generation; /* when the pause began */
        char culprit[NFT_WATCH_CULPRIT_MAX];
};

struct nft_watch *nft_watch_new(struct loop *loop) {
        struct nft_watch *watch = memory_new(sizeof(*watch));
        watch->loop = loop;
        return watch;
}

static void stop_listening(struct nft_watch *watch) {
        if (!watch->socket)
                return;
        loop_remove(watch->loop, watch->source);
        (void)mnl_socket_close(watch->socket);
        watch->source = NULL;
        watch->socket = NULL;
}

struct nft_watch *nft_watch_free(struct nft_watch *watch) {
        if (!watch)
                return NULL;
        stop_listening(watch);
        watch->link = nftset_free(watch->link);
        free(watch);
        return NULL;
}

struct nftset **nft_watch_link(struct nft_watch *watch) {
        return &watch->link;
}

const char *nft_watch_culprit(const struct nft_watch *watch) {
        return watch->culprit[0] ? watch->culprit : "somebody";
}

/* Messages that tell of a loss, and where they have the names. */
static const struct {
        uint8_t type;
        uint16_t table, set; /* attributes; 0: none */
        unsigned lost;
} kinds[] = {
        {NFT_MSG_DELTABLE,   NFTA_TABLE_NAME,          0,                      NFT_WATCH_HOOK    },
        {NFT_MSG_DELCHAIN,   NFTA_CHAIN_TABLE,         0,                      NFT_WATCH_HOOK    },
        {NFT_MSG_DELRULE,    NFTA_RULE_TABLE,          0,                      NFT_WATCH_HOOK    },
        {NFT_MSG_DELSET,     NFTA_SET_TABLE,           NFTA_SET_NAME,          NFT_WATCH_HOOK    },
        {NFT_MSG_DELSETELEM, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, NFT_WATCH_ELEMENTS},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *text_of(const struct nlmsghdr *header, uint16_t type) {
        return nft_attribute_of(header, type).text;
}

static bool is_about(const struct nlmsghdr *header, size_t kind, const struct nftset_place *place) {
        const struct nfgenmsg *generic = mnl_nlmsg_get_payload(header);
        if (generic->nfgen_family != place->family ||
                strcmp(text_of(header, kinds[kind].table), place->table) != 0)
                return false;
        if (kinds[kind].type == NFT_MSG_DELRULE)
                return nft_rule_uses(header, place->table, place->set);
        return kinds[kind].set == 0 || strcmp(text_of(header, kinds[kind].set), place->set) == 0;
}

static void remember_culprit(struct nft_watch *watch, const struct nlmsghdr *header) {
        (void)snprintf(watch->culprit, sizeof(watch->culprit), "%.32s (pid %u)",
                text_of(header, NFTA_GEN_PROC_NAME),
                nft_attribute_of(header, NFTA_GEN_PROC_PID).number);
        for (char *c = watch->culprit; *c; c++) /* a process may call itself anything */
                if (*c < ' ' || *c > '~')
                        *c = '?';
}

static int on_event(const struct nlmsghdr *header, void *user) {
        struct nft_watch *watch = user;
        uint8_t type = (uint8_t)(header->nlmsg_type & 0xff);
        if (header->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
                mnl_nlmsg_get_payload_len(header) < sizeof(struct nfgenmsg))
                return MNL_CB_OK;
        if (type == NFT_MSG_NEWGEN)
                remember_culprit(watch, header);
        for (size_t kind = 0; kind < KINDS; kind++)
                for (struct nft_watched *at = watch->first; kinds[kind].type == type && at;
                        at = at->next)
                        if (is_about(header, kind, &at->place))
                                at->lost |= kinds[kind].lost;
        return MNL_CB_OK;
}

static void suspect_all(struct nft_watch *watch, unsigned lost) {
        for (struct nft_watched *at = watch->first; at; at = at->next)
                at->lost |= lost;
}

/* Begins anew after each call, which may have changed the list. */
static void tell(struct nft_watch *watch) {
        struct nft_watched *at = watch->first;
        while (at) {
                unsigned lost = at->lost;
                at->lost = 0;
                if (lost)
                        at->told(at->user, lost);
                at = lost ? watch->first : at->next;
        }
}

void nft_watch_read(struct nft_watch *watch) {
        if (!watch->socket)
                return;
        int fd = mnl_socket_get_fd(watch->socket);
        char *bytes = memory_new((size_t)MNL_SOCKET_BUFFER_SIZE);
        for (unsigned i = 0; i < READS_MAX; i++) {
                ssize_t len = recv(fd, bytes, (size_t)MNL_SOCKET_BUFFER_SIZE, MSG_DONTWAIT);
                if (len > 0)
                        (void)mnl_cb_run(bytes, (size_t)len, 0, 0, on_event, watch);
                else if (len < 0 && errno == ENOBUFS)
                        suspect_all(watch, NFT_WATCH_ELEMENTS | NFT_WATCH_HOOK);
                else if (len == 0 || errno != EINTR)
                        break;
        }
        free(bytes);
        tell(watch);
}

static void on_readable(void *user, int fd, uint32_t events) {
        (void)fd;
        (void)events;
        nft_watch_read(user);
}

/* Lets through what does not come from port. The first message of a datagram tells: a datagram
 * never holds messages of two transactions. */
static int attach_filter(int fd, uint32_t port) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
                BPF_STMT(BPF_RET | BPF_K, 0),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        };
        const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int set_member(struct nft_watch *watch, int how) {
        int group = NFNLGRP_NFTABLES;
        return mnl_socket_setsockopt(watch->socket, how, &group, sizeof(group));
}

void nft_watch_pause(struct nft_watch *watch) {
        if (watch->pauses++ > 0 || !watch->socket)
                return;
        if (!watch->link || nftset_generation(watch->link, &watch->generation) < 0)
                watch->generation = 0;
        (void)set_member(watch, NETLINK_DROP_MEMBERSHIP); /* else it hears more than it needs */
}

void nft_watch_resume(struct nft_watch *watch, uint32_t transactions) {
        uint32_t generation = 0;
        if (--watch->pauses > 0 || !watch->socket)
                return;
        if (set_member(watch, NETLINK_ADD_MEMBERSHIP) < 0)
                diag(DIAG_ERROR, "fail2ban.actions", "nftables is not watched any more: %s",
                        strerror(errno));
        if (transactions == NFT_WATCH_SOME)
                suspect_all(watch, NFT_WATCH_HOOK);
        else if (!watch->link || nftset_generation(watch->link, &generation) < 0 ||
                 generation - watch->generation > transactions)
                suspect_all(watch, NFT_WATCH_ELEMENTS | NFT_WATCH_HOOK);
        tell(watch);
}

static bool set_up(struct nft_watch *watch) {
        int room = NFT_WATCH_ROOM;
        int fd = mnl_socket_get_fd(watch->socket);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        if (watch->link && attach_filter(fd, nftset_port(watch->link)) < 0)
                return false;
        if (mnl_socket_bind(watch->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
                set_member(watch, NETLINK_ADD_MEMBERSHIP) < 0)
                return false;
        watch->source = loop_add(watch->loop, fd, EPOLLIN, on_readable, watch);
        return watch->source != NULL;
}

static bool listen_now(struct nft_watch *watch) {
        if (watch->socket)
                return true;
        watch->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
        if (watch->socket && set_up(watch))
                return true;
        if (watch->socket)
                (void)mnl_socket_close(watch->socket);
        watch->socket = NULL;
        return false;
}

struct nft_watched *nft_watch_add(struct nft_watch *watch, const struct nftset_place *place,
        nft_watch_lost *lost, void *user) {
        if (!listen_now(watch))
                return NULL;
        struct nft_watched *watched = memory_new(sizeof(*watched));
        *watched = (struct nft_watched){
                .next = watch->first, .watch = watch, .place = *place, .told = lost, .user = user};
        watch->first = watched;
        return watched;
}

struct nft_watched *nft_watch_remove(struct nft_watched *watched) {
        if (!watched)
                return NULL;
        struct nft_watch *watch = watched->watch;
        struct nft_watched **at = &watch->first;
        while (*at != watched)
                at = &(*at)->next;
        *at = watched->next;
        free(watched);
        if (!watch->first)
                stop_listening(watch);
        return NULL;
}
