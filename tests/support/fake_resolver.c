/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resolver whose answers a test can predict: "two.test" has two addresses, "many.test" as many as
 * it was asked questions, "pid.test" one that tells the process, "crash.test" kills the process,
 * "stop.test" stops it, "hang..." is never answered, "lie.test" breaks the protocol, anything else
 * is unknown; the name of any address is "name.test". */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "resolve/responder.h"

#define CHANNEL_FD 3

static atomic_uint count;

static void add(struct lookup_answer *answer, const char *text) {
        (void)address_parse(slice_of(text), &answer->addresses[answer->count++]);
}

static void add_pid(struct lookup_answer *answer) {
        char text[32];
        unsigned pid = (unsigned)getpid();
        (void)snprintf(
                text, sizeof(text), "10.%u.%u.%u", pid >> 16 & 255, pid >> 8 & 255, pid & 255);
        add(answer, text);
}

static void set_text(struct system_lookup *lookup, const char *text) {
        (void)snprintf(lookup->text, sizeof(lookup->text), "%s", text);
        lookup->answer.text = slice_of(lookup->text);
}

/* Does what a question asks for besides an answer. */
static void act(struct slice text) {
        if (slice_is(text, "crash.test"))
                (void)kill(getpid(), SIGKILL);
        if (slice_is(text, "stop.test"))
                (void)kill(getpid(), SIGSTOP);
        if (slice_is(text, "lie.test") &&
                write(CHANNEL_FD, "\377\377\377\377\377\377\377\377", 8) < 0)
                _exit(1);
        while (slice_has_prefix(text, SLICE("hang")) || slice_is(text, "lie.test"))
                (void)pause();
}

static void work(const struct lookup_question *question, struct system_lookup *ret) {
        *ret = (struct system_lookup){.answer = {.number = question->number}};
        unsigned asked = ++count;
        act(question->text);
        if (question->kind == LOOKUP_NAME) {
                set_text(ret, "name.test");
        } else if (slice_is(question->text, "two.test")) {
                add(&ret->answer, "192.0.2.1");
                add(&ret->answer, "2001:db8::1");
        } else if (slice_is(question->text, "many.test")) {
                while (ret->answer.count < asked)
                        add(&ret->answer, "0.0.0.0");
        } else if (slice_is(question->text, "pid.test")) {
                add_pid(&ret->answer);
        } else {
                ret->answer.failed = true;
                set_text(ret, "Name or service not known");
        }
}

int main(void) {
        struct loop *loop = loop_new();
        struct responder *responder = loop ? responder_new(loop, CHANNEL_FD) : NULL;
        _exit(responder ? responder_run(responder, work) : 1);
}
