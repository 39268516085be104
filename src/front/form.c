/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An error's message in JSON is what Python's str() makes of the exception, so that both forms read
 * the same. */
#include "front/form.h"

#include <errno.h>

#include "base/repr.h"
#include "wire/json.h"

enum form form_of(struct slice frame) {
        return frame.len > 0 && (frame.data[0] == '[' || frame.data[0] == '{') ? FORM_JSON
                                                                               : FORM_PICKLE;
}

int form_decode(enum form form, struct slice frame, struct arena *arena, struct value *ret,
        struct fault *fault) {
        struct value root;
        if (form == FORM_PICKLE)
                return pickle_decode(frame, arena, ret, fault);
        int r = json_decode(frame, arena, &root, fault);
        if (r < 0)
                return r;
        if (root.type == VALUE_DICT) {
                const struct value *command = value_dict_get(&root, "command");
                if (!command || command->type != VALUE_LIST || root.list.count != 2)
                        return fault_set(
                                fault, -EBADMSG, "JSON: an object must be {\"command\": [...]}");
                root = *command;
        }
        *ret = root;
        return 0;
}

/* str() of an exception: OSError has the form "[Errno N] text: 'path'", KeyError shows its key. */
static struct slice error_text(
        struct slice class, const struct value *arguments, struct arena *arena) {
        if (!value_is_container(arguments))
                return repr_str(arguments, arena);
        const struct value *items = arguments->list.items;
        size_t count = arguments->list.count;
        if (count == 0)
                return SLICE_NULL;
        if (count == 1)
                return slice_has_suffix(class, SLICE(".KeyError")) ? repr(&items[0], arena)
                                                                   : repr_str(&items[0], arena);
        if (items[0].type == VALUE_INT && items[1].type == VALUE_STRING) {
                struct slice text = arena_printf(arena, "[Errno %lld] %.*s",
                        (long long)items[0].integer, SLICE_ARG(items[1].string));
                if (count == 2)
                        return text;
                return arena_printf(
                        arena, "%.*s: %.*s", SLICE_ARG(text), SLICE_ARG(repr(&items[2], arena)));
        }
        struct value tuple = *arguments;
        tuple.type = VALUE_TUPLE;
        return repr(&tuple, arena);
}

static struct value error_of(const struct pickle_reply *reply, struct arena *arena) {
        struct value error = value_dict();
        struct slice class = reply->error_class;
        struct slice text;
        if (reply->outcome == PICKLE_ERROR) {
                text = error_text(class, &reply->value, arena);
        } else {
                bool is_list = reply->value.type == VALUE_LIST; /* ['SHUTDOWN'] */
                class = is_list ? SLICE("Shutdown") : SLICE("ProtocolError");
                text = is_list ? SLICE("the server shuts down") : repr_str(&reply->value, arena);
        }
        value_dict_put(&error, value_text("type"), value_string(class), arena);
        value_dict_put(&error, value_text("message"), value_string(text), arena);
        return error;
}

int form_encode(enum form form, struct buffer *out, const struct pickle_reply *reply) {
        struct arena arena = ARENA_INIT;
        struct value whole = value_dict();
        bool ok = reply->outcome == PICKLE_OK;
        if (form == FORM_PICKLE)
                return pickle_encode_reply(out, reply);
        value_dict_put(&whole, value_text("ok"), value_bool(ok), &arena);
        if (ok)
                value_dict_put(&whole, value_text("result"), reply->value, &arena);
        else
                value_dict_put(&whole, value_text("error"), error_of(reply, &arena), &arena);
        int r = json_encode(out, &whole);
        arena_done(&arena);
        return r;
}
