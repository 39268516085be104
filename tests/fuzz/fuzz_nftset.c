/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the kernel to what is asked about sets and done with them (the first byte chooses
 * what): nothing beyond a datagram is read, silence is no success, and who is blamed was there. */
#include "enforce/nftset.h"

#include <linux/netfilter.h>

#include "enforce/ipset.h"
#include "fake_netlink.h"

static const struct nftset_place inet = {.family = NFPROTO_INET, .table = "f2b", .set = "four"};
static const struct nftset_place six = {.family = NFPROTO_INET, .table = "f2b", .set = "six"};
static const struct nftset_place old = {.is_ipset = true, .set = "f2b-sshd"};

static struct nftset_element element(
        const struct nftset_place *place, enum nftset_deed deed, const char *text) {
        struct nftset_element e = {.place = place, .deed = deed, .timeout_ms = 1000};
        FUZZ_REQUIRE(address_parse(slice_of(text), &e.address) == 0);
        return e;
}

static void apply(struct nftset *link) {
        const struct nftset_element elements[] = {
                element(&inet, NFTSET_ADD, "192.0.2.1"),
                element(&inet, NFTSET_REMOVE, "198.51.100.0/24"),
                element(&six, NFTSET_RENEW, "2001:db8::1"),
                element(&six, NFTSET_DELETE, "2001:db8:1::/64"),
        };
        size_t count = fake_answers.len % 4 + 1, bad = SIZE_MAX;
        bool is_silent = fake_answers.len < 2;
        int r = nftset_apply(link, elements, count, &bad);
        FUZZ_REQUIRE(bad <= count && r <= NFTSET_E_UNUSUAL);
        FUZZ_REQUIRE(!is_silent || r < 0);
}

static void apply_old(struct nftset *link) {
        const struct nftset_element elements[] = {
                element(&old, NFTSET_ADD, "192.0.2.1"),
                element(&old, NFTSET_DELETE, "2001:db8::1"),
        };
        size_t bad = SIZE_MAX;
        bool is_silent = fake_answers.len < 2;
        int r = ipset_apply(link, elements, 2, &bad);
        FUZZ_REQUIRE(bad <= 2 && r <= 0 && (!is_silent || r < 0));
}

static void look(struct nftset *link, uint8_t family) {
        enum nftset_state state = NFTSET_HOOKED;
        bool is_silent = fake_answers.len < 2;
        int r = nftset_look(link, family == ADDRESS_INET4 ? &inet : &six, family, &state);
        FUZZ_REQUIRE(r <= 0 && state <= NFTSET_HOOKED && (!is_silent || r < 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        fake_answers = fuzz_input(data, size);
        unsigned choice = fuzz_byte(&fake_answers) % 5;
        struct nftset *link = nftset_new();
        uint32_t generation;
        if (choice == 0)
                apply(link);
        else if (choice == 1)
                apply_old(link);
        else if (choice == 4)
                FUZZ_REQUIRE(nftset_generation(link, &generation) <= 0);
        else
                look(link, choice == 2 ? ADDRESS_INET4 : ADDRESS_INET6);
        (void)nftset_free(link);
        return 0;
}
