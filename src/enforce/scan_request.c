/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scanner answers in order, so the first request is the one that a death or a silence is about. */
#include "enforce/scan_request.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "channel/value_code.h"

#define KINDS_MAX 64
#define KIND_LEN_MAX 64
#define BODY_MAX (((size_t)16 << 20) - 64)

void scan_requests_init(struct scan_requests *requests) {
        *requests = (struct scan_requests){0};
        requests->end = &requests->first;
}

void scan_requests_done(struct scan_requests *requests) {
        struct scan_request *request;
        while ((request = scan_requests_take(requests)))
                (void)scan_request_free(request);
}

struct scan_request *scan_request_free(struct scan_request *request) {
        if (!request)
                return NULL;
        free(request->option);
        free(request->bytes);
        free(request);
        return NULL;
}

static uint32_t next_number(struct scan_requests *requests) {
        if (++requests->last_number == 0)
                requests->last_number = 1;
        return requests->last_number;
}

int scan_requests_add(struct scan_requests *requests, uint32_t jail, struct slice option, const struct value *arguments,
        struct scan_request **ret, struct fault *fault) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        if (requests->count >= SCAN_REQUESTS_MAX)
                return fault_set(fault, -ENOBUFS, "more than %d options wait for the scanner", SCAN_REQUESTS_MAX);
        int r = message_put_text(&body, option);
        if (r == 0)
                r = value_put(&body, arguments);
        if (r < 0) {
                buffer_done(&body);
                return fault_set(fault, -ENOBUFS, "the value of '%.*s' is too large", SLICE_ARG(option));
        }
        struct scan_request *request = memory_new(sizeof(*request));
        struct slice bytes = buffer_view(&body);
        *request = (struct scan_request){
                .number = next_number(requests),
                .jail = jail,
                .option = memory_copy_text(option),
                .bytes = memory_new(bytes.len),
                .len = bytes.len,
        };
        memcpy(request->bytes, bytes.data, bytes.len);
        buffer_done(&body);
        *requests->end = request;
        requests->end = &request->next;
        requests->count++;
        *ret = request;
        return 0;
}

struct scan_request *scan_requests_take(struct scan_requests *requests) {
        struct scan_request *request = requests->first;
        if (!request)
                return NULL;
        requests->first = request->next;
        if (!requests->first)
                requests->end = &requests->first;
        requests->count--;
        request->next = NULL;
        return request;
}

/* Class names come from the scanner; faults hold static strings. */
static const char *intern_kind(struct slice kind) {
        static char *kinds[KINDS_MAX];
        if (kind.len > KIND_LEN_MAX)
                return "Exception";
        for (size_t i = 0; i < KINDS_MAX; i++) {
                if (!kinds[i])
                        kinds[i] = memory_copy_text(kind);
                if (slice_is(kind, kinds[i]))
                        return kinds[i];
        }
        return "Exception";
}

int scan_requests_match(struct scan_requests *requests, struct slice body, struct arena *arena, struct scan_reply *ret,
        struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        uint32_t number = message_get_u32(&in);
        struct slice kind = message_get_text(&in);
        struct slice text = message_get_text(&in);
        *ret = (struct scan_reply){.fault = FAULT_INIT, .value = value_get(&in, arena)};
        if (!message_read_end(&in) || text.len > DIAG_TEXT_MAX)
                return fault_set(fault, -EPROTO, "malformed reply");
        if (!requests->first || requests->first->number != number)
                return fault_set(fault, -EPROTO, "reply %u that is not due", (unsigned)number);
        ret->request = scan_requests_take(requests);
        if (kind.len > 0)
                (void)fault_raise(&ret->fault, intern_kind(kind), "%.*s", SLICE_ARG(text));
        return 0;
}

void scan_request_answer(struct scan_request *request, const struct fault *fault, const struct value *value) {
        const struct value none = VALUE_OF_NONE;
        scan_link_reply *reply = request->reply;
        request->reply = NULL;
        if (reply)
                reply(request->user, fault, value ? value : &none);
}

void scan_requests_fail_jail(struct scan_requests *requests, uint32_t jail) {
        struct fault fault = FAULT_INIT;
        (void)fault_set(&fault, -ENOENT, "the jail has been removed");
        for (struct scan_request *request = requests->first; request; request = request->next) {
                if (request->jail != jail)
                        continue;
                request->dead = true;
                scan_request_answer(request, &fault, NULL);
        }
        fault_done(&fault);
}

static void drop_dead(struct scan_requests *requests) {
        struct scan_requests kept;
        struct scan_request *request;
        scan_requests_init(&kept);
        while ((request = scan_requests_take(requests))) {
                if (request->dead) {
                        (void)scan_request_free(request);
                        continue;
                }
                *kept.end = request;
                kept.end = &request->next;
                kept.count++;
        }
        kept.last_number = requests->last_number;
        *requests = kept;
        if (!requests->first)
                requests->end = &requests->first;
}

void scan_requests_note_death(struct scan_requests *requests) {
        drop_dead(requests);
        if (!requests->first || ++requests->first->deaths < SCAN_REQUEST_DEATHS_MAX)
                return;
        struct fault fault = FAULT_INIT;
        struct scan_request *request = scan_requests_take(requests);
        (void)fault_set(&fault, -EPIPE, "the scanner died of option '%s'", request->option);
        scan_request_answer(request, &fault, NULL);
        (void)scan_request_free(request);
        fault_done(&fault);
}
