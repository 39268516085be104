/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options sent to the scanner and not yet answered, in order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "enforce/scan_link.h"

#define SCAN_REQUEST_DEATHS_MAX 2 /* of processes that had a request to answer, until it is given up */

struct scan_request {
        uint32_t number; /* not 0 */
        uint32_t jail;   /* 0: a ping */
        char *option;
        char *bytes; /* text option, value arguments */
        size_t len;
        unsigned deaths;
        bool dead; /* its jail is gone: the answer is awaited, but nobody's */
        scan_link_reply *reply;
        void *user;
        struct scan_request *next;
};

struct scan_requests {
        struct scan_request *first;
        struct scan_request **end;
        size_t count;
        uint32_t last_number;
};

void scan_requests_init(struct scan_requests *requests);
/* Frees them without replies. */
void scan_requests_done(struct scan_requests *requests);
/* Encodes and appends a request. *ret is owned by the queue. Returns 0 or -ENOBUFS with fault. */
int scan_requests_add(struct scan_requests *requests, uint32_t jail, struct slice option, const struct value *arguments,
        struct scan_request **ret, struct fault *fault);
/* Takes the first one out; the caller frees it. NULL if there is none. */
struct scan_request *scan_requests_take(struct scan_requests *requests);
struct scan_request *scan_request_free(struct scan_request *request);
/* Reads a SCAN_SET_REPLY. On success the first request is taken out of the queue into ret->request (the caller frees it), ret->fault (the
 * caller's to be done with) is what the scanner says went wrong, and ret->value lives in arena and the body. Returns 0, or -EPROTO with
 * fault if the reply is malformed or not the one that is due. */
struct scan_reply {
        struct scan_request *request;
        struct fault fault;
        struct value value;
};
int scan_requests_match(struct scan_requests *requests, struct slice body, struct arena *arena, struct scan_reply *ret,
        struct fault *fault);
/* Tells the waiting caller, once. */
void scan_request_answer(struct scan_request *request, const struct fault *fault, const struct value *value);
/* All requests of the jail fail now. */
void scan_requests_fail_jail(struct scan_requests *requests, uint32_t jail);
/* The process has died: takes out what need not be sent again (dead ones, and the first one if it has seen too many deaths) and answers
 * it. */
void scan_requests_note_death(struct scan_requests *requests);
