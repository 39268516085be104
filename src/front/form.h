/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two forms that requests and replies have: pickles, and JSON (wire/json.h). A reply has the
 * form of its request. */
#pragma once

#include "wire/pickle.h"

enum form { FORM_PICKLE, FORM_JSON };

enum form form_of(struct slice frame);
/* Decodes a request into arena; of a JSON object {"command": [...]} its command. Returns 0, or
 * -EBADMSG with a fault. */
int form_decode(enum form form, struct slice frame, struct arena *arena, struct value *ret,
        struct fault *fault);
/* Appends the reply, without its end. A bare value is no success in JSON: that is how what could
 * not be decoded, and a server that shuts down, are told. Returns 0 or -ENOBUFS. */
int form_encode(enum form form, struct buffer *out, const struct pickle_reply *reply);
