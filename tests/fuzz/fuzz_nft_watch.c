/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of nftables: nothing beyond a datagram is read, only sets whose names are in it are told
 * of, and a process's name is printable. */
#include "enforce/nft_watch.h"

#include <linux/netfilter.h>
#include <sys/eventfd.h>

#include "fake_netlink.h"

static const struct nftset_place places[] = {
        {.family = NFPROTO_INET, .table = "f2b",   .set = "four"},
        {.family = NFPROTO_INET, .table = "f2b",   .set = "six" },
        {.family = NFPROTO_IPV4, .table = "other", .set = "four"},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

/* In the place of libc's, for nft_watch_read(). */
ssize_t recv(int fd, void *room, size_t size, int flags) {
        (void)fd, (void)flags;
        return fake_receive(room, size);
}

static struct loop *loop;
static struct slice all;

/* Without its end: that may be what a datagram is padded with. */
static bool holds(const char *name) {
        return slice_find(all, slice_of(name), 0) < all.len;
}

static void on_lost(void *user, unsigned what) {
        const struct nftset_place *place = user;
        FUZZ_REQUIRE(what != 0 && what <= (NFT_WATCH_ELEMENTS | NFT_WATCH_HOOK));
        FUZZ_REQUIRE(holds(place->table));
        FUZZ_REQUIRE(what == NFT_WATCH_HOOK || holds(place->set));
}

static void begin_once(void) {
        if (loop)
                return;
        fuzz_be_quiet();
        loop = loop_new();
        FUZZ_REQUIRE(loop);
        fake_socket.fd = eventfd(0, EFD_CLOEXEC); /* something that can be watched */
        FUZZ_REQUIRE(fake_socket.fd >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct nft_watched *watched[PLACES];
        begin_once();
        fake_answers = all = fuzz_input(data, size);
        struct nft_watch *watch = nft_watch_new(loop);
        for (size_t i = 0; i < PLACES; i++) {
                watched[i] =
                        nft_watch_add(watch, &places[i], on_lost, (void *)(uintptr_t)&places[i]);
                FUZZ_REQUIRE(watched[i]);
        }
        nft_watch_read(watch);
        for (const char *c = nft_watch_culprit(watch); *c; c++)
                FUZZ_REQUIRE(*c >= ' ' && *c <= '~');
        for (size_t i = 0; i < PLACES; i++)
                (void)nft_watch_remove(watched[i]);
        (void)nft_watch_free(watch);
        return 0;
}
