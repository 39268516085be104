/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a resolver says that may be anybody's: each question is answered at most once, with
 * addresses in normal form or with a reason, or with a name that is one word of text. */
#include "enforce/resolver.h"

#include "fake_supervise.h"

#define QUESTIONS 4

static struct loop *loop;
static unsigned answers[QUESTIONS];

static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        unsigned *number = user;
        FUZZ_REQUIRE(++*number == 1 && count <= RESOLVER_ADDRESSES_MAX);
        FUZZ_REQUIRE(!fault || (count == 0 && fault->text));
        for (size_t i = 0; i < count; i++)
                FUZZ_REQUIRE(address_is_single(&addresses[i]));
}

static void on_name(void *user, struct slice name) {
        unsigned *number = user;
        FUZZ_REQUIRE(++*number == 1 && name.len <= RESOLVER_NAME_MAX);
        FUZZ_REQUIRE(slice_find_char(name, '\0', 0) == name.len);
}

static void ask(struct resolver *resolver) {
        struct address address;
        FUZZ_REQUIRE(address_parse(SLICE("192.0.2.1"), &address) == 0);
        resolver_ask_addresses(resolver, SLICE("a.example"), on_addresses, &answers[0]);
        resolver_ask_addresses(resolver, SLICE("b.example"), on_addresses, &answers[1]);
        resolver_ask_addresses(resolver, SLICE("a.example"), on_addresses, &answers[2]);
        resolver_ask_name(resolver, &address, on_name, &answers[3]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct clock clock = {.fixed = true, .mono_us = 1, .wall_us = 1};
        if (!loop) {
                fuzz_be_quiet();
                loop = loop_new();
                FUZZ_REQUIRE(loop);
        }
        memset(answers, 0, sizeof(answers));
        struct resolver *resolver = resolver_new(loop, &clock, "/nonexistent");
        ask(resolver);
        fake_child_says(fuzz_input(data, size));
        FUZZ_REQUIRE(answers[0] == answers[2]);
        (void)resolver_free(resolver);
        return 0;
}
