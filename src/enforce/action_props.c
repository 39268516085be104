/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted array: the order is that in which upstream lists and expands them, and the number is
 * small. */
#include "enforce/action_props.h"

#include <errno.h>

#include "base/duration.h"
#include "base/memory.h"
#include "base/repr.h"

static const char *const standard_commands[] = {"actionban", "actioncheck", "actionflush",
        "actionreban", "actionreload", "actionrepair", "actionstart", "actionstop", "actionunban"};

/* Index of name, or of the place where it belongs. */
static size_t find(const struct action_props *props, struct slice name, bool *ret_found) {
        size_t low = 0, high = props->count;
        *ret_found = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = slice_compare(slice_of(props->items[middle].name), name);
                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void value_free(struct value *value) {
        if (value->type == VALUE_STRING)
                free((char *)(uintptr_t)value->string.data);
        *value = VALUE_OF_NONE;
}

/* A copy on the heap; what is no plain value becomes its text. */
static struct value own(const struct value *value) {
        struct value copy = *value;
        struct arena arena = ARENA_INIT;
        copy.origin = NULL;
        if (value->type != VALUE_STRING && !value_is_container(value) && value->type != VALUE_BYTES)
                return copy;
        struct slice text = value->type == VALUE_STRING ? value->string : repr_str(value, &arena);
        copy = value_string((struct slice){memory_copy_text(text), text.len});
        arena_done(&arena);
        return copy;
}

static int put(struct action_props *props, struct slice name, const struct value *value,
        struct fault *fault) {
        bool found;
        size_t at = find(props, name, &found);
        if (!found && props->count == ACTION_PROPS_MAX)
                return fault_raise(
                        fault, "ValueError", "too many properties, at most %d", ACTION_PROPS_MAX);
        struct value copy = own(value);
        if (found) {
                value_free(&props->items[at].value);
        } else {
                memory_reserve(
                        &props->items, props->count + 1, &props->capacity, sizeof(props->items[0]));
                memmove(&props->items[at + 1], &props->items[at],
                        (props->count - at) * sizeof(props->items[0]));
                props->items[at].name = memory_copy_text(name);
                props->count++;
        }
        props->items[at].value = copy;
        props->version++;
        return 0;
}

void action_props_clear(struct action_props *props) {
        struct value empty = value_text("");
        struct value timeout = value_int(ACTION_TIMEOUT_S);
        for (size_t i = 0; i < sizeof(standard_commands) / sizeof(standard_commands[0]); i++)
                (void)put(props, slice_of(standard_commands[i]), &empty,
                        NULL); /* there is room, or it is there */
        (void)put(props, SLICE("timeout"), &timeout, NULL);
}

void action_props_init(struct action_props *props) {
        *props = (struct action_props){.version = 1};
        action_props_clear(props);
}

void action_props_done(struct action_props *props) {
        for (size_t i = 0; i < props->count; i++) {
                value_free(&props->items[i].value);
                free(props->items[i].name);
        }
        free(props->items);
        *props = (struct action_props){0};
}

static int set_timeout(struct action_props *props, const struct value *value, struct fault *fault) {
        struct value seconds = *value;
        if (value->type == VALUE_STRING) {
                int r = duration_parse(value->string, &seconds, fault);
                if (r < 0)
                        return r;
        }
        return put(props, SLICE("timeout"), &seconds, fault);
}

int action_props_set(struct action_props *props, struct slice name, const struct value *value,
        struct fault *fault) {
        if (name.len == 0 || name.len > ACTION_PROP_NAME_MAX ||
                slice_find_char(name, '\0', 0) < name.len)
                return fault_raise(fault, "ValueError", "bad name of a property");
        if ((value->type == VALUE_STRING || value->type == VALUE_BYTES) &&
                value->string.len > ACTION_PROP_TEXT_MAX)
                return fault_raise(
                        fault, "ValueError", "property %.*s is too long", SLICE_ARG(name));
        if (slice_is(name, "banEpoch"))
                return fault_raise(fault, "AttributeError",
                        "property 'banEpoch' of 'CommandAction' object has no setter");
        if (slice_is(name, "bantime"))
                return 0;
        if (slice_is(name, "timeout"))
                return set_timeout(props, value, fault);
        return put(props, name, value, fault);
}

const struct value *action_props_get(const struct action_props *props, struct slice name) {
        bool found;
        size_t at = find(props, name, &found);
        return found ? &props->items[at].value : NULL;
}

struct slice action_props_text(const struct action_props *props, const char *name) {
        const struct value *value = action_props_get(props, slice_of(name));
        return value && value->type == VALUE_STRING ? value->string : SLICE("");
}

static bool is_true(const struct value *value) {
        if (value->type == VALUE_BOOL)
                return value->boolean;
        if (value->type == VALUE_INT)
                return value->integer != 0;
        if (value->type == VALUE_FLOAT)
                return value->real < 0 || value->real > 0;
        return value->type == VALUE_STRING && value->string.len > 0;
}

bool action_props_is_true(const struct action_props *props, const char *name) {
        const struct value *value = action_props_get(props, slice_of(name));
        return value && is_true(value);
}

double action_props_timeout_s(const struct action_props *props) {
        const struct value *value = action_props_get(props, SLICE("timeout"));
        if (value && value->type == VALUE_INT)
                return (double)value->integer;
        if (value && value->type == VALUE_FLOAT)
                return value->real;
        return ACTION_TIMEOUT_S;
}

/* ^\w+\?family=; a byte beyond ASCII counts as a letter. */
static bool is_conditional(const char *name) {
        const char *at = name;
        while (*at == '_' || (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
                (*at >= 'A' && *at <= 'Z') || (unsigned char)*at >= 0x80)
                at++;
        return at > name && strncmp(at, "?family=", 8) == 0;
}

bool action_props_are_conditional(const struct action_props *props) {
        for (size_t i = 0; i < props->count; i++)
                if (is_conditional(props->items[i].name))
                        return true;
        return false;
}

bool action_props_start_on_demand(const struct action_props *props) {
        const struct value *value = action_props_get(props, SLICE("actionstart_on_demand"));
        if (value && value->type != VALUE_NONE)
                return is_true(value);
        return action_props_are_conditional(props);
}
