/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bodies of RESOLVE_ASK and RESOLVE_ANSWER: what the server asks its resolver, and what comes
 * back. */
#pragma once

#include "base/address.h"
#include "base/buffer.h"
#include "channel/message.h"

#define LOOKUP_TEXT_MAX 255     /* bytes of a name, or of the reason for a failure */
#define LOOKUP_ADDRESSES_MAX 64 /* of one answer */
#define LOOKUPS_MAX 16 /* questions that the resolver has got at once: as many as it has threads   \
                        */

enum lookup_kind { LOOKUP_ADDRESSES, LOOKUP_NAME, LOOKUP_KIND_COUNT };

struct lookup_question {
        uint32_t number;
        enum lookup_kind kind;
        bool has_ipv6;     /* IPv6 addresses are wanted, too */
        struct slice text; /* a name, or an address whose name is wanted */
};

struct lookup_answer {
        uint32_t number;
        bool failed;
        struct slice text; /* the name that was asked for, or why there is none */
        size_t count;
        struct address addresses[LOOKUP_ADDRESSES_MAX];
};

/* Both append to out. Returns 0, -EMSGSIZE if a text or count is above its cap, -ENOBUFS if out is
 * full. */
int lookup_put_question(struct buffer *out, const struct lookup_question *question);
int lookup_put_answer(struct buffer *out, const struct lookup_answer *answer);
/* Read a whole body; texts borrow from it, and hold no NUL. Returns 0, or -EBADMSG if it is
 * malformed or above a cap. */
int lookup_get_question(struct slice body, struct lookup_question *ret);
int lookup_get_answer(struct slice body, struct lookup_answer *ret);
