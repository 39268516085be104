/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines NAME=VALUE are an action's properties; a line without '=' is what an attacker wrote. Its
 * command is expanded: nothing of the attacker's that means something to a shell gets into the
 * script, and what travels as an argument can be one. */
#include "enforce/action_dynamic.h"
#include "enforce/action_tags.h"
#include "enforce/plain_command.h"
#include "fuzz.h"

#define HOSTILE "\x01;\x01" /* in front of all that is the attacker's */

static bool tag(void *user, struct slice name, struct arena *arena, struct slice *ret) {
        (void)arena;
        if (!slice_is(name, "ip") && !slice_is(name, "matches") && !slice_is(name, "x"))
                return false;
        *ret = *(struct slice *)user;
        return true;
}

static bool group(void *user, struct slice name, struct arena *arena, struct slice *ret) {
        (void)arena;
        *ret = *(struct slice *)user;
        return name.len < 8;
}

static void expand(struct slice command, struct slice hostile, struct arena *arena) {
        const struct action_dynamic_source source = {tag, group, &hostile};
        struct action_script script;
        struct plain_command plain;
        if (action_dynamic_expand(command, &source, arena, &script) < 0)
                return;
        struct slice marker = SLICE(HOSTILE);
        FUZZ_REQUIRE(slice_find(script.command, marker, 0) == script.command.len);
        FUZZ_REQUIRE(script.values.list.count <= ACTION_DYNAMIC_VALUES_MAX);
        for (size_t i = 0; i < script.values.list.count; i++) {
                struct slice value = value_item_text(&script.values, i);
                FUZZ_REQUIRE(value.len <= ACTION_DYNAMIC_VALUE_MAX &&
                             slice_find_char(value, '\0', 0) == value.len);
        }
        FUZZ_REQUIRE(script.values.list.count == 0 ||
                     !plain_command_parse(script.command, arena, &plain));
        (void)plain_command_parse(command, arena, &plain);
}

static void run(const struct action_props *props, struct slice hostile, struct arena *arena) {
        static const char *const families[] = {NULL, "", "inet4", "inet6"};
        struct action_tags *tags = action_tags_new(props);
        for (size_t i = 0; i < 4; i++) {
                struct fault fault = FAULT_INIT;
                struct slice command = SLICE("");
                int r = action_tags_command(tags, "actionban", families[i], &command, &fault);
                FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
                if (r == 0) {
                        FUZZ_REQUIRE(command.len <= ACTION_TAGS_TEXT_MAX);
                        if (slice_find(command, SLICE(HOSTILE), 0) == command.len)
                                expand(command, hostile, arena);
                }
                fault_done(&fault);
        }
        (void)action_tags_free(tags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size), line, hostile = SLICE(HOSTILE);
        struct arena arena = ARENA_INIT;
        struct action_props props;
        if (size == 0 || size > 2000)
                return 0;
        action_props_init(&props);
        while (slice_next_piece(&rest, '\n', &line)) {
                size_t equals = slice_find_char(line, '=', 0);
                struct value value = value_string(slice_sub(line, equals + 1, line.len));
                if (equals == line.len)
                        hostile = ARENA_JOIN(&arena, SLICE(HOSTILE), line);
                else
                        (void)action_props_set(&props, slice_sub(line, 0, equals), &value, NULL);
        }
        run(&props, hostile, &arena);
        action_props_done(&props);
        arena_done(&arena);
        return 0;
}
