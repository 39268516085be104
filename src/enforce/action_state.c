/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handful of families in the order of their first use, which is the order in which they are
 * stopped. Differs: upstream remembers a flush for ever, so that of two families with the same
 * actionflush the second flush of a jail ran nothing and left the bans in the firewall; here the
 * caller forgets flushes and reloads before each new one. */
#include "enforce/action_state.h"

#include "base/memory.h"

static bool is_same(const char *a, const char *b) {
        if (!a || !b)
                return a == b;
        return strcmp(a, b) == 0;
}

static struct action_family *find(const struct action_state *state, const char *family) {
        for (size_t i = 0; i < state->count; i++)
                if (is_same(state->families[i].name, family))
                        return (struct action_family *)(uintptr_t)&state->families[i];
        return NULL;
}

static struct action_family *find_or_add(struct action_state *state, const char *family) {
        struct action_family *entry = find(state, family);
        if (entry || state->count == ACTION_FAMILIES_MAX)
                return entry;
        entry = &state->families[state->count++];
        *entry = (struct action_family){.name = family ? memory_copy_text(slice_of(family)) : NULL};
        return entry;
}

void action_state_done(struct action_state *state) {
        action_state_forget_commands(state);
        for (size_t i = 0; i < state->count; i++)
                free(state->families[i].name);
        *state = (struct action_state){0};
}

unsigned action_state_bits(const struct action_state *state, const char *family) {
        const struct action_family *entry = find(state, family);
        return entry && entry->is_known ? entry->bits : 0;
}

bool action_state_knows(const struct action_state *state, const char *family) {
        const struct action_family *entry = find(state, family);
        return entry && entry->is_known;
}

void action_state_set(struct action_state *state, const char *family, unsigned bits) {
        struct action_family *entry = find_or_add(state, family);
        if (!entry)
                return;
        entry->bits = bits;
        entry->is_known = true;
}

void action_state_clear(struct action_state *state) {
        for (size_t i = 0; i < state->count; i++) {
                state->families[i].bits = 0;
                state->families[i].is_known = false;
        }
}

bool action_state_has_run(const struct action_state *state, enum action_operation operation,
        const char *family, struct slice command) {
        for (size_t i = 0; i < state->count; i++) {
                const struct action_family *entry = &state->families[i];
                if (!is_same(entry->name, family) && entry->commands[operation] &&
                        slice_is(command, entry->commands[operation]))
                        return true;
        }
        return false;
}

void action_state_remember(struct action_state *state, enum action_operation operation,
        const char *family, struct slice command) {
        struct action_family *entry = find_or_add(state, family);
        if (!entry)
                return;
        free(entry->commands[operation]);
        entry->commands[operation] = memory_copy_text(command);
}

static void forget_one(struct action_family *entry, enum action_operation operation) {
        free(entry->commands[operation]);
        entry->commands[operation] = NULL;
}

void action_state_forget(
        struct action_state *state, enum action_operation operation, const char *family) {
        struct action_family *entry = find(state, family);
        if (!entry || !entry->commands[operation])
                return;
        char *command = entry->commands[operation];
        entry->commands[operation] = NULL;
        for (size_t i = 0; i < state->count; i++) {
                struct action_family *other = &state->families[i];
                if (other->commands[operation] && strcmp(other->commands[operation], command) == 0)
                        forget_one(other, operation);
        }
        free(command);
}

void action_state_forget_operation(struct action_state *state, enum action_operation operation) {
        for (size_t i = 0; i < state->count; i++)
                forget_one(&state->families[i], operation);
}

void action_state_forget_commands(struct action_state *state) {
        for (int operation = 0; operation < ACTION_OPERATION_COUNT; operation++)
                action_state_forget_operation(state, (enum action_operation)operation);
}
