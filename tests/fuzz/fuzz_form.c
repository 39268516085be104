/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request in either form: what was read is a value that can be answered with, as a success, as
 * an error's arguments and bare; and each answer reads back, in JSON as one line without the mark
 * that ends a frame. */
#include "front/form.h"

#include <errno.h>

#include "fuzz.h"
#include "wire/frame.h"
#include "wire/json.h"

static void check_json(struct slice text, const struct pickle_reply *reply, struct arena *arena) {
        struct value whole;
        FUZZ_REQUIRE(slice_find_char(text, '\n', 0) == text.len);
        FUZZ_REQUIRE(slice_find(text, SLICE(FRAME_END), 0) == text.len && utf8_is_valid(text));
        FUZZ_REQUIRE(json_decode(text, arena, &whole, NULL) == 0 && whole.type == VALUE_DICT);
        const struct value *ok = value_dict_get(&whole, "ok");
        const struct value *result = value_dict_get(&whole, "result");
        const struct value *error = value_dict_get(&whole, "error");
        FUZZ_REQUIRE(ok && ok->type == VALUE_BOOL);
        FUZZ_REQUIRE(ok->boolean == (reply->outcome == PICKLE_OK));
        FUZZ_REQUIRE(!result == !ok->boolean && !error == ok->boolean);
        if (!error)
                return;
        const struct value *type = value_dict_get(error, "type");
        const struct value *message = value_dict_get(error, "message");
        FUZZ_REQUIRE(type && type->type == VALUE_STRING);
        FUZZ_REQUIRE(message && message->type == VALUE_STRING);
}

static void check_pickle(struct slice text, const struct pickle_reply *reply, struct arena *arena) {
        struct pickle_reply again;
        FUZZ_REQUIRE(pickle_decode_reply(text, arena, &again, NULL) == 0);
        FUZZ_REQUIRE(reply->outcome != PICKLE_OK || again.outcome == PICKLE_OK);
        if (reply->outcome == PICKLE_ERROR)
                FUZZ_REQUIRE(again.outcome == PICKLE_ERROR &&
                             slice_equal(again.error_class, reply->error_class));
}

/* A dict may have keys that are the same in JSON, such as 1 and "1", and is no JSON then. */
static bool has_text_keys(const struct value *value) {
        if (!value_is_container(value))
                return true;
        for (size_t i = 0; i < value->list.count; i++) {
                const struct value *item = &value->list.items[i];
                bool is_key = value->type == VALUE_DICT && i % 2 == 0;
                if (is_key ? item->type != VALUE_STRING : !has_text_keys(item))
                        return false;
        }
        return true;
}

static void answer(enum form form, const struct pickle_reply *reply) {
        struct buffer out = BUFFER_INIT((size_t)16 << 20);
        struct arena arena = ARENA_INIT;
        int r = form_encode(form, &out, reply);
        FUZZ_REQUIRE(r == 0 || r == -ENOBUFS);
        if (r == 0 && form == FORM_JSON && has_text_keys(&reply->value))
                check_json(buffer_view(&out), reply, &arena);
        else if (r == 0 && form == FORM_PICKLE)
                check_pickle(buffer_view(&out), reply, &arena);
        buffer_done(&out);
        arena_done(&arena);
}

static void answer_all(enum form form, const struct value *command) {
        static const char *const classes[] = {"builtins.KeyError", "builtins.OSError",
                "fail2ban.exceptions.UnknownJailException"};
        struct pickle_reply reply = {.value = *command};
        reply.outcome = PICKLE_OK;
        answer(form, &reply);
        reply.outcome = PICKLE_RAW;
        answer(form, &reply);
        reply.outcome = PICKLE_ERROR;
        for (size_t i = 0; i < 3 && command->type == VALUE_LIST; i++) {
                reply.error_class = slice_of(classes[i]);
                answer(form, &reply);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice frame = fuzz_input(data, size);
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value command;
        if (size > 4096)
                return 0;
        int r = form_decode(form_of(frame), frame, &arena, &command, &fault);
        FUZZ_REQUIRE(r == 0 || r == -EBADMSG);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        if (r == 0) {
                answer_all(FORM_JSON, &command);
                answer_all(FORM_PICKLE, &command);
        }
        fault_done(&fault);
        arena_done(&arena);
        return 0;
}
