/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope exit frees; STEAL marks the hand-over of ownership. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Defines FUNCTIONp(T **), fit for CLEANUP, which calls function(*p) unless *p is NULL. */
#define DEFINE_CLEANUP(type, function)                                                             \
        static inline void function##p(type *p) {                                                  \
                if (*p)                                                                            \
                        (void)function(*p);                                                        \
        }                                                                                          \
        struct cleanup_needs_semicolon_##function

#define STEAL_PTR(p)                                                                               \
        __extension__({                                                                            \
                __typeof__(p) stolen_ = (p);                                                       \
                (p) = NULL;                                                                        \
                stolen_;                                                                           \
        })

static inline int steal_fd(int *fd) {
        int stolen = *fd;
        *fd = -1;
        return stolen;
}

static inline void close_p(int *fd) {
        if (*fd >= 0)
                (void)close(*fd); /* nothing can be done about an error here */
        *fd = -1;
}

static inline void free_p(void *p) {
        free(*(void **)p);
}
