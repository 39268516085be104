/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event loop: a thin layer over epoll, with timers, and signalfd. Single-threaded; callbacks may add and remove anything,
 * themselves included. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

struct loop;
struct loop_source; /* one watched fd */

/* events: EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR as they came. */
typedef void loop_fd_handler(void *user, int fd, uint32_t events);
typedef void loop_timer_handler(void *user);
typedef void loop_signal_handler(void *user, const struct signalfd_siginfo *info);

/* A timer is embedded in its owner's struct. Zero-initialise, then loop_timer_set(). */
struct loop_timer {
        int64_t due_us; /* CLOCK_MONOTONIC */
        size_t place;   /* index in the heap plus one; 0 = not set */
        loop_timer_handler *handler;
        void *user;
};

/* Returns NULL (errno set) if the kernel refuses an fd. */
struct loop *loop_new(void);
struct loop *loop_free(struct loop *loop);

/* Watches fd (borrowed: the caller closes it after loop_remove). Returns NULL with errno set on failure. */
struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_handler *handler, void *user);
void loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
/* NULL is allowed. After it the handler is not called again, not even for events already fetched. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Calls handler once, when due_us (CLOCK_MONOTONIC, microseconds) has come, or up to a millisecond later; a set timer is moved. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_us, loop_timer_handler *handler, void *user);
void loop_timer_set_in(struct loop *loop, struct loop_timer *timer, int64_t in_us, loop_timer_handler *handler, void *user);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);

/* Blocks signal number and routes it to handler. Returns 0 or negative errno. */
int loop_signal(struct loop *loop, int number, loop_signal_handler *handler, void *user);
/* The mask that loop_signal() blocked is inherited by children: call this between fork and exec. */
void loop_unblock_signals(void);

/* Runs until loop_stop(). Returns what was passed to loop_stop(), or negative errno. */
int loop_run(struct loop *loop);
/* One round: waits at most max_wait_us (-1: until something happens), handles what is there. Returns 0 or negative errno. */
int loop_step(struct loop *loop, int64_t max_wait_us);
void loop_stop(struct loop *loop, int result);
int64_t loop_now_us(void);
