/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process of the actions in Python writes, in pieces: each request is answered at most
 * once, with a message or with a reason; and what is no JSON ends the process, after which all is
 * answered. */
#include "enforce/python_link.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enforce/child.h"
#include "fuzz.h"

#define REQUESTS 4
#define STEPS_MAX 200

static struct loop *loop;
static int theirs = -1;
static unsigned answers[REQUESTS];

/* In the place of libc's: no process is started, its end of the pair is ours. */
int socketpair(int domain, int type, int protocol, int fds[2]) {
        if (syscall(SYS_socketpair, domain, type, protocol, fds) < 0)
                return -1;
        if (theirs >= 0)
                (void)close(theirs);
        theirs = dup(fds[1]);
        return 0;
}
/* In the place of child.c. */
int child_start(struct loop *its_loop, struct runner_link *link, const struct child_request *request,
        const struct child_ops *ops, void *user, struct child **ret) {
        (void)its_loop, (void)link, (void)ops, (void)user;
        FUZZ_REQUIRE(request->fds[0] >= 0 && request->fds[0] == request->fds[1]);
        *ret = NULL;
        return 0;
}
bool child_is_lost(const struct child *child) {
        (void)child;
        return false;
}
struct child *child_free(struct child *child) {
        FUZZ_REQUIRE(!child);
        return NULL;
}

static void on_answer(void *user, const struct value *answer, const struct fault *fault) {
        unsigned *count = user;
        FUZZ_REQUIRE(!answer != !fault);
        FUZZ_REQUIRE(!answer || answer->type == VALUE_DICT);
        FUZZ_REQUIRE(!fault || (fault->text && fault->kind));
        FUZZ_REQUIRE(++*count == 1);
}

static bool on_tag(void *user, struct slice tag, struct arena *arena, struct value *ret) {
        (void)user, (void)arena;
        FUZZ_REQUIRE(utf8_is_valid(tag));
        *ret = value_string(tag);
        return tag.len % 2 == 0;
}

static void on_restart(void *user) {
        (void)user;
}

static void step(void) {
        FUZZ_REQUIRE(loop_step(loop, 0) == 0);
}

static void swallow(void) {
        char bytes[4096];
        while (recv(theirs, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
                continue;
}

static void say(struct slice piece) {
        while (piece.len > 0) {
                ssize_t len = send(theirs, piece.data, piece.len, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (len <= 0)
                        return; /* ended, and nobody reads it */
                piece = slice_sub(piece, (size_t)len, piece.len);
                step();
                swallow();
        }
}

static void talk(struct python_link *link, struct slice rest) {
        struct slice piece;
        for (size_t i = 0; i < REQUESTS; i++) {
                answers[i] = 0;
                python_link_ask(link, value_dict(), on_answer, on_tag, &answers[i]);
        }
        while (fuzz_piece(&rest, &piece))
                say(piece);
        say(SLICE("\nx\n")); /* no JSON */
        for (unsigned i = 0; i < STEPS_MAX; i++)
                step();
        for (size_t i = 0; i < REQUESTS; i++)
                FUZZ_REQUIRE(answers[i] == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct python_watcher watcher = {.on_restart = on_restart};
        if (!loop) {
                fuzz_be_quiet();
                loop = loop_new();
                FUZZ_REQUIRE(loop);
        }
        struct python_link *link = python_link_new(loop, "/nonexistent");
        python_link_watch(link, &watcher);
        talk(link, fuzz_input(data, size));
        python_link_unwatch(link, &watcher);
        (void)python_link_free(link);
        (void)close(theirs);
        theirs = -1;
        return 0;
}
