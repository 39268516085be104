/* SPDX-License-Identifier: GPL-2.0-or-later */
/* epoll + signalfd. Sources removed during a round are only marked, and freed when the round ends, because epoll may have
 * returned further events for them. Timers sit in a binary heap; each knows its place, so that cancelling needs no search. The earliest
 * bounds the wait, in whole milliseconds, never too short: a timerfd would be more exact, but costs two system calls each time. */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"

#define EVENTS_MAX 64

struct loop_source {
        int fd;
        uint32_t events;
        bool removed;
        loop_fd_handler *handler;
        void *user;
        struct loop_source *next_removed;
};

struct signal_route {
        loop_signal_handler *handler;
        void *user;
};

struct loop {
        int epoll_fd;
        int signal_fd;
        sigset_t signals;
        struct signal_route routes[65];
        struct loop_timer **heap;
        size_t heap_count;
        size_t heap_capacity;
        struct loop_source *signal_source;
        struct loop_source *removed;
        bool stopped;
        int result;
};

int64_t loop_now_us(void) {
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void on_signal_fd(void *user, int fd, uint32_t events) {
        struct loop *loop = user;
        struct signalfd_siginfo info;
        (void)events;
        while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
                struct signal_route *route = &loop->routes[info.ssi_signo < 65 ? info.ssi_signo : 0];
                if (route->handler)
                        route->handler(route->user, &info);
        }
}

struct loop *loop_new(void) {
        struct loop *loop = memory_new(sizeof(*loop));
        loop->signal_fd = -1;
        (void)sigemptyset(&loop->signals);
        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        return loop->epoll_fd >= 0 ? loop : loop_free(loop);
}

static void free_removed(struct loop *loop) {
        while (loop->removed) {
                struct loop_source *source = loop->removed;
                loop->removed = source->next_removed;
                free(source);
        }
}

struct loop *loop_free(struct loop *loop) {
        if (!loop)
                return NULL;
        loop_remove(loop, loop->signal_source);
        free_removed(loop);
        close_p(&loop->epoll_fd);
        close_p(&loop->signal_fd);
        free(loop->heap);
        free(loop);
        return NULL;
}

struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_handler *handler, void *user) {
        struct loop_source *source = memory_new(sizeof(*source));
        *source = (struct loop_source){.fd = fd, .events = events, .handler = handler, .user = user};
        struct epoll_event event = {.events = events, .data.ptr = source};
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
                free(source);
                return NULL;
        }
        return source;
}

void loop_change(struct loop *loop, struct loop_source *source, uint32_t events) {
        if (events == source->events)
                return;
        source->events = events;
        struct epoll_event event = {.events = events, .data.ptr = source};
        int r = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
        assert(r == 0);
        (void)r;
}

void loop_remove(struct loop *loop, struct loop_source *source) {
        if (!source)
                return;
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL); /* the fd may be closed already */
        source->removed = true;
        source->next_removed = loop->removed;
        loop->removed = source;
}

static void heap_place(struct loop *loop, size_t at, struct loop_timer *timer) {
        loop->heap[at] = timer;
        timer->place = at + 1;
}

static void heap_up(struct loop *loop, size_t at) {
        struct loop_timer *timer = loop->heap[at];
        while (at > 0 && loop->heap[(at - 1) / 2]->due_us > timer->due_us) {
                heap_place(loop, at, loop->heap[(at - 1) / 2]);
                at = (at - 1) / 2;
        }
        heap_place(loop, at, timer);
}

static void heap_down(struct loop *loop, size_t at) {
        struct loop_timer *timer = loop->heap[at];
        for (;;) {
                size_t child = at * 2 + 1;
                if (child >= loop->heap_count)
                        break;
                if (child + 1 < loop->heap_count && loop->heap[child + 1]->due_us < loop->heap[child]->due_us)
                        child++;
                if (loop->heap[child]->due_us >= timer->due_us)
                        break;
                heap_place(loop, at, loop->heap[child]);
                at = child;
        }
        heap_place(loop, at, timer);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer) {
        if (timer->place == 0)
                return;
        size_t at = timer->place - 1;
        struct loop_timer *last = loop->heap[--loop->heap_count];
        timer->place = 0;
        if (last == timer)
                return;
        heap_place(loop, at, last);
        heap_up(loop, at);
        heap_down(loop, last->place - 1);
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_us, loop_timer_handler *handler, void *user) {
        loop_timer_cancel(loop, timer);
        timer->due_us = due_us;
        timer->handler = handler;
        timer->user = user;
        memory_reserve(&loop->heap, loop->heap_count, &loop->heap_capacity, sizeof(struct loop_timer *));
        heap_place(loop, loop->heap_count++, timer);
        heap_up(loop, loop->heap_count - 1);
}

void loop_timer_set_in(struct loop *loop, struct loop_timer *timer, int64_t in_us, loop_timer_handler *handler, void *user) {
        loop_timer_set(loop, timer, loop_now_us() + in_us, handler, user);
}

bool loop_timer_is_set(const struct loop_timer *timer) {
        return timer->place != 0;
}

/* For epoll_wait(): until the earliest timer is due, at most max_wait_us (-1: no such limit). */
static int wait_ms(const struct loop *loop, int64_t max_wait_us) {
        int64_t wait_us = max_wait_us;
        if (loop->heap_count > 0) {
                int64_t left_us = loop->heap[0]->due_us - loop_now_us();
                if (wait_us < 0 || left_us < wait_us)
                        wait_us = left_us > 0 ? left_us : 0;
        }
        if (wait_us < 0)
                return -1;
        return wait_us / 1000 < INT_MAX ? (int)((wait_us + 999) / 1000) : INT_MAX;
}

/* Only timers due at the start of the round run in it: one that sets itself again to "now" cannot hold the loop. */
static void run_timers(struct loop *loop) {
        int64_t now = loop_now_us();
        size_t budget = loop->heap_count;
        while (loop->heap_count > 0 && loop->heap[0]->due_us <= now && budget-- > 0) {
                struct loop_timer *timer = loop->heap[0];
                loop_timer_cancel(loop, timer);
                timer->handler(timer->user);
        }
}

int loop_signal(struct loop *loop, int number, loop_signal_handler *handler, void *user) {
        sigset_t one;
        (void)sigemptyset(&one);
        (void)sigaddset(&one, number);
        (void)sigaddset(&loop->signals, number);
        if (sigprocmask(SIG_BLOCK, &one, NULL) < 0)
                return -errno;
        int fd = signalfd(loop->signal_fd, &loop->signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (!loop->signal_source)
                loop->signal_source = loop_add(loop, fd, EPOLLIN, on_signal_fd, loop);
        if (!loop->signal_source) {
                int r = -errno;
                (void)close(fd);
                return r;
        }
        loop->signal_fd = fd;
        loop->routes[number] = (struct signal_route){handler, user};
        return 0;
}

void loop_unblock_signals(void) {
        sigset_t none;
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int loop_step(struct loop *loop, int64_t max_wait_us) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, wait_ms(loop, max_wait_us));
        if (count < 0 && errno != EINTR)
                return -errno;
        for (int i = 0; i < count; i++) {
                struct loop_source *source = events[i].data.ptr;
                if (!source->removed)
                        source->handler(source->user, source->fd, events[i].events);
        }
        run_timers(loop);
        free_removed(loop);
        return 0;
}

int loop_run(struct loop *loop) {
        loop->stopped = false;
        while (!loop->stopped) {
                int r = loop_step(loop, -1);
                if (r < 0)
                        return r;
        }
        return loop->result;
}

void loop_stop(struct loop *loop, int result) {
        loop->stopped = true;
        loop->result = result;
}
