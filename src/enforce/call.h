/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One command being carried out, from its words to its result. Handlers never wait: they end the
 * call at once or later, from the loop. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"

struct server;
struct jail_entry;
struct call;
struct call_list;

enum call_role {
        CALL_ADMIN,
        CALL_READER, /* may look, change nothing */
};

enum call_mode {
        CALL_SINGLE,    /* a client waits for the value */
        CALL_IN_STREAM, /* one of many: only its failure is of interest, a missing log is waited for
                         */
};

/* What a client is to see of an error: a Python exception. */
struct call_error {
        struct slice class_name; /* "builtins.ValueError",
                                    "fail2ban.exceptions.UnknownJailException", ... */
        struct value arguments;  /* LIST */
        struct slice text;       /* as str() of the exception */
};

/* Called once. The call and all that is in its arena are gone afterwards. */
typedef void call_done(void *user, const struct call *call);

struct call {
        struct arena arena;
        struct server *server;
        enum call_role role;
        enum call_mode mode;
        struct value command;     /* LIST; lives in arena, or as long as the call */
        struct jail_entry *entry; /* the jail it is about, while its handler runs */
        bool failed;
        bool told;               /* the failure has been logged in its parts */
        struct value result;     /* unless failed */
        struct call_error error; /* if failed */
        void *state;             /* the handler's own, in arena */
        void (*cancel)(
                struct call *call); /* the server ends: state is not to be used any more; or NULL */
        call_done *done;
        void *user;
        struct call_list *list;
        struct call *previous, *next;
};

struct call_list {
        struct call *first;
        size_t count;
};

/* A call in list. done may be NULL. */
struct call *call_new(struct call_list *list, struct server *server, call_done *done, void *user);
/* Frees all calls that have not ended, without telling anybody but their handlers (cancel). */
void call_list_done(struct call_list *list);

/* Ends the call: done is called, then it is freed. Nobody may touch it any more. */
void call_return(struct call *call, struct value result);
/* The same with an exception. class_name: plain ("ValueError") or with its module; the text becomes
 * the only argument. */
void call_raise(struct call *call, const char *class_name, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* With what fault says (its kind, or Exception), which is then done with. */
void call_raise_fault(struct call *call, struct fault *fault);
/* An OSError: code is a negative errno, path the file in question. */
void call_raise_os(struct call *call, int code, struct slice path);

/* With the error of another call; its parts have been logged. */
void call_fail(struct call *call, const struct call_error *error);

/* Item index of the command as text; the empty slice if it is none. */
struct slice call_word(const struct call *call, size_t index);
const struct value *call_item(const struct call *call, size_t index);
size_t call_count(const struct call *call);
/* repr() of the exception: ValueError('...'). */
struct slice call_error_repr(const struct call_error *error, struct arena *arena);
