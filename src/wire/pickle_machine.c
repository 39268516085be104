/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values are made on the stack and move into containers below them, so each has one owner and the
 * result is a tree. The memo is where pickles could share: recalling copies instead, and every copy
 * counts as values made, and by its size with its texts, so that a short pickle cannot stand for a
 * huge tree, nor for a long text once that is written out. A container goes into the memo before
 * its content: its memo entry follows its changes while it is on the stack. Invariants: items <=
 * PICKLE_ITEMS_MAX; copied <= PICKLE_COPIED_MAX; no container is higher than VALUE_DEPTH_MAX, so
 * recursion over it is bounded; only PLAIN entries enter containers. Error texts are those of
 * CPython's unpickler where it has them. */
#include "wire/pickle_machine.h"

#include <errno.h>

#include "base/memory.h"
#include "wire/pickle.h"

void pickle_machine_done(struct pickle_machine *m) {
        free(m->stack);
        free(m->memo);
        m->stack = NULL;
        m->memo = NULL;
}

static int count_item(struct pickle_machine *m) {
        if (m->items == PICKLE_ITEMS_MAX)
                return fault_set(
                        m->fault, -EBADMSG, "pickle of more than %d values", PICKLE_ITEMS_MAX);
        m->items++;
        return 0;
}

static int push_entry(struct pickle_machine *m, const struct pickle_entry *entry) {
        memory_reserve(&m->stack, m->count, &m->capacity, sizeof(*m->stack));
        m->stack[m->count++] = *entry;
        return 0;
}

int pickle_machine_push_kind(struct pickle_machine *m, struct value v, enum pickle_kind kind) {
        int r = count_item(m);
        return r < 0 ? r : push_entry(m, &(struct pickle_entry){.v = v, .kind = (uint8_t)kind});
}

int pickle_machine_push(struct pickle_machine *m, struct value v) {
        return pickle_machine_push_kind(m, v, PICKLE_PLAIN);
}

static size_t fence(const struct pickle_machine *m) {
        return m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0;
}

static int underflow(struct pickle_machine *m) {
        return fault_set(m->fault, -EBADMSG,
                m->mark_count > 0 ? "unexpected MARK found" : "unpickling stack underflow");
}

int pickle_machine_top(struct pickle_machine *m, struct pickle_entry **ret) {
        if (m->count == fence(m))
                return underflow(m);
        *ret = &m->stack[m->count - 1];
        return 0;
}

int pickle_machine_pop(struct pickle_machine *m, struct pickle_entry *ret) {
        struct pickle_entry *top;
        int r = pickle_machine_top(m, &top);
        if (r < 0)
                return r;
        *ret = *top;
        m->count--;
        return 0;
}

int pickle_machine_mark(struct pickle_machine *m) {
        if (m->mark_count == PICKLE_MARKS_MAX)
                return fault_set(m->fault, -EBADMSG, "pickle is nested too deep");
        m->marks[m->mark_count++] = m->count;
        return 0;
}

int pickle_machine_unmark(struct pickle_machine *m, size_t *ret) {
        if (m->mark_count == 0)
                return fault_set(m->fault, -EBADMSG, "could not find MARK");
        *ret = m->count - m->marks[--m->mark_count];
        return 0;
}

/* The Python type in v for which hash() fails, or NULL. */
static const char *unhashable(const struct value *v) {
        const char *found = v->type == VALUE_LIST   ? "list"
                            : v->type == VALUE_DICT ? "dict"
                            : v->type == VALUE_SET  ? "set"
                                                    : NULL;
        for (size_t i = 0; !found && v->type == VALUE_TUPLE && i < v->list.count; i++)
                found = unhashable(&v->list.items[i]);
        return found;
}

/* Whether entry may become item number index of a container of type. */
static int check_item(struct pickle_machine *m, enum value_type type, size_t index,
        const struct pickle_entry *entry) {
        bool is_key = type == VALUE_SET || (type == VALUE_DICT && index % 2 == 0);
        if (entry->kind != PICKLE_PLAIN)
                return fault_set(m->fault, -EBADMSG, "pickled classes and objects are refused");
        const char *type_name = is_key ? unhashable(&entry->v) : NULL;
        if (type_name)
                return fault_set(m->fault, -EBADMSG, "unhashable type: '%s'", type_name);
        if (entry->height >= VALUE_DEPTH_MAX)
                return fault_set(m->fault, -EBADMSG, "pickle is nested too deep");
        return 0;
}

static void reserve_items(struct pickle_machine *m, struct value *container, size_t more) {
        size_t wanted = container->list.count + more;
        if (wanted <= container->list.capacity)
                return;
        if (wanted < container->list.capacity * 2)
                wanted = container->list.capacity * 2;
        struct value *items = arena_alloc_array(m->arena, wanted, sizeof(*items));
        if (container->list.count > 0)
                memcpy(items, container->list.items, container->list.count * sizeof(*items));
        container->list.items = items;
        container->list.capacity = wanted;
}

/* Moves the last count entries of the stack into container. */
static int move_in(struct pickle_machine *m, struct pickle_entry *container, size_t count) {
        const struct pickle_entry *entries = m->stack + m->count - count;
        reserve_items(m, &container->v, count);
        for (size_t i = 0; i < count; i++) {
                int r = check_item(m, container->v.type, i, &entries[i]);
                if (r < 0)
                        return r;
                if (container->height <= entries[i].height)
                        container->height = (uint8_t)(entries[i].height + 1);
                container->v.list.items[container->v.list.count++] = entries[i].v;
        }
        m->count -= count;
        return 0;
}

int pickle_machine_collect(struct pickle_machine *m, enum value_type type, size_t count) {
        struct pickle_entry container = {.v = {.type = type}};
        if (count > m->count - fence(m))
                return underflow(m);
        if (type == VALUE_DICT && count % 2 != 0)
                return fault_set(m->fault, -EBADMSG, "odd number of items for DICT");
        int r = count_item(m);
        if (r == 0)
                r = move_in(m, &container, count);
        return r < 0 ? r : push_entry(m, &container);
}

int pickle_machine_extend(struct pickle_machine *m, enum value_type type, size_t count) {
        if (count >= m->count - fence(m))
                return underflow(m);
        if (type == VALUE_DICT && count % 2 != 0)
                return fault_set(m->fault, -EBADMSG, "odd number of items for SETITEMS");
        struct pickle_entry *container = &m->stack[m->count - count - 1];
        if (container->v.type != type || container->kind != PICKLE_PLAIN)
                return fault_set(
                        m->fault, -EBADMSG, "pickle adds items to something of another type");
        int r = move_in(m, container, count);
        if (r == 0 && container->memo > 0)
                m->memo[container->memo - 1].entry = *container;
        return r;
}

static void reserve_memo(struct pickle_machine *m, size_t index) {
        if (index < m->memo_capacity)
                return;
        size_t wanted = m->memo_capacity ? m->memo_capacity * 2 : 32;
        if (wanted <= index)
                wanted = index + 1;
        struct pickle_memo *memo = memory_new_array(wanted, sizeof(*memo));
        if (m->memo)
                memcpy(memo, m->memo, m->memo_capacity * sizeof(*memo));
        free(m->memo);
        m->memo = memo;
        m->memo_capacity = wanted;
}

int pickle_machine_memoize(struct pickle_machine *m, uint64_t index) {
        struct pickle_entry *top;
        int r = pickle_machine_top(m, &top);
        if (r < 0)
                return r;
        if (index >= PICKLE_MEMO_MAX)
                return fault_set(
                        m->fault, -EBADMSG, "pickle of more than %d memo entries", PICKLE_MEMO_MAX);
        reserve_memo(m, index);
        /* Python's pickler does neither: two entries that follow one container, or one that follows
         * two, would need shared values. */
        if (m->memo[index].set || top->memo > 0)
                return fault_set(m->fault, -EBADMSG, "pickle memoizes twice");
        if (value_is_container(&top->v) && top->kind == PICKLE_PLAIN)
                top->memo = (uint32_t)index + 1;
        m->memo[index] = (struct pickle_memo){.entry = *top, .set = true};
        m->memo_count++;
        return 0;
}

static int count_copy(struct pickle_machine *m, const struct value *v) {
        bool has_text = v->type == VALUE_STRING || v->type == VALUE_BYTES;
        size_t size = sizeof(*v) + (has_text ? v->string.len : 0);
        if (size > PICKLE_COPIED_MAX - m->copied)
                return fault_set(m->fault, -EBADMSG, "pickle repeats more than %zu bytes",
                        PICKLE_COPIED_MAX);
        m->copied += size;
        return count_item(m);
}

static int copy(struct pickle_machine *m, const struct value *from, struct value *to) {
        int r = count_copy(m, from);
        *to = *from;
        if (r < 0 || !value_is_container(from))
                return r;
        to->list.items = arena_alloc_array(m->arena, from->list.count, sizeof(*to));
        to->list.capacity = from->list.count;
        for (size_t i = 0; r == 0 && i < from->list.count; i++)
                r = copy(m, &from->list.items[i], &to->list.items[i]);
        return r;
}

int pickle_machine_recall(struct pickle_machine *m, uint64_t index) {
        if (index >= m->memo_capacity || !m->memo[index].set)
                return fault_set(m->fault, -EBADMSG, "Memo value not found at index %llu",
                        (unsigned long long)index);
        struct pickle_entry entry = m->memo[index].entry;
        int r = copy(m, &m->memo[index].entry.v, &entry.v);
        entry.memo = 0;
        return r < 0 ? r : push_entry(m, &entry);
}

int pickle_machine_repeat(struct pickle_machine *m) {
        struct pickle_entry *top;
        int r = pickle_machine_top(m, &top);
        if (r < 0)
                return r;
        struct pickle_entry entry = *top;
        r = copy(m, &top->v, &entry.v);
        entry.memo = 0;
        return r < 0 ? r : push_entry(m, &entry);
}
