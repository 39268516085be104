/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A window of networks beside the jail's window of addresses, and for each network the last
 * addresses with their times, as many as are needed. Invariant: an entry of seen whose network is
 * not in the window any more goes with the next cleanup. */
#include "enforce/ban_prefix.h"

#include "base/memory.h"
#include "enforce/command_value.h"

struct sighting {
        double time;
        struct address address;
};

struct seen {
        uint32_t count;
        struct sighting sightings[]; /* min of them */
};

void ban_prefix_init(struct ban_prefix *prefix) {
        *prefix = (struct ban_prefix){.min = BAN_PREFIX_MIN};
        window_init(&prefix->window, BAN_PREFIXES_MAX);
        table_init(&prefix->seen, 2 * (size_t)BAN_PREFIXES_MAX);
}

void ban_prefix_done(struct ban_prefix *prefix) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&prefix->seen, &position));)
                free(entry->value);
        table_done(&prefix->seen);
        window_done(&prefix->window);
}

static void forget_all(struct ban_prefix *prefix) {
        struct window before = prefix->window;
        ban_prefix_done(prefix);
        window_init(&prefix->window, BAN_PREFIXES_MAX);
        table_init(&prefix->seen, 2 * (size_t)BAN_PREFIXES_MAX);
        prefix->window.findtime_s = before.findtime_s;
        prefix->window.maxretry = before.maxretry;
        prefix->window.maxmatches = before.maxmatches;
}

static const struct {
        const char *name;
        int64_t smallest, largest;
} rows[] = {
        {"v4",  BAN_PREFIX_SHORTEST4, 32                },
        {"v6",  BAN_PREFIX_SHORTEST6, 128               },
        {"min", 1,                    BAN_PREFIX_MIN_MAX},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

int ban_prefix_set(struct ban_prefix *prefix, struct slice name, const struct value *value,
        struct fault *fault) {
        size_t row = 0;
        int64_t number = 0;
        while (row < ROWS && !slice_is(name, rows[row].name))
                row++;
        if (row == ROWS)
                return fault_raise(
                        fault, "ValueError", "there is no option banprefix.%.*s", SLICE_ARG(name));
        int r = value->type == VALUE_NONE ? 0 : command_int(value, &number, fault);
        if (r < 0)
                return r;
        bool is_off = number == 0;
        if (!is_off && (number < rows[row].smallest || number > rows[row].largest))
                return fault_raise(fault, "ValueError",
                        "banprefix.%s must be 0 (off), or %lld to %lld", rows[row].name,
                        (long long)rows[row].smallest, (long long)rows[row].largest);
        struct ban_prefix before = *prefix;
        if (row == 0)
                prefix->len4 = number == 32 ? 0 : (uint8_t)number;
        else if (row == 1)
                prefix->len6 = number == 128 ? 0 : (uint8_t)number;
        else
                prefix->min = is_off ? BAN_PREFIX_MIN : (uint32_t)number;
        if (before.len4 != prefix->len4 || before.len6 != prefix->len6 || before.min != prefix->min)
                forget_all(prefix);
        return 0;
}

struct value ban_prefix_get(const struct ban_prefix *prefix, struct slice name) {
        int64_t number = slice_is(name, "v4")    ? prefix->len4
                         : slice_is(name, "v6")  ? prefix->len6
                         : slice_is(name, "min") ? prefix->min
                                                 : 0;
        return number > 0 ? value_int(number) : VALUE_OF_NONE;
}

bool ban_prefix_is_on(const struct ban_prefix *prefix) {
        return prefix->len4 > 0 || prefix->len6 > 0;
}

bool ban_prefix_of(
        const struct ban_prefix *prefix, const struct address *address, struct address *ret) {
        uint8_t len = address->family == ADDRESS_INET4   ? prefix->len4
                      : address->family == ADDRESS_INET6 ? prefix->len6
                                                         : 0;
        if (len == 0 || !address_is_single(address))
                return false;
        *ret = address_network(address, len);
        return true;
}

static struct seen *seen_of(struct ban_prefix *prefix, struct slice id) {
        struct seen *seen = table_get(&prefix->seen, id);
        if (seen)
                return seen;
        seen = memory_new(sizeof(*seen) + prefix->min * sizeof(seen->sightings[0]));
        if (table_put(&prefix->seen, id, seen) == 0)
                return seen;
        free(seen); /* full: until the next cleanup */
        return NULL;
}

/* Remembers the address, in the place of the one that was seen longest ago. */
static void remember(const struct ban_prefix *prefix, struct seen *seen,
        const struct address *address, double time) {
        struct sighting *oldest = seen->sightings;
        for (uint32_t i = 0; i < seen->count; i++) {
                struct sighting *sighting = &seen->sightings[i];
                if (address_equal(&sighting->address, address)) {
                        sighting->time = time > sighting->time ? time : sighting->time;
                        return;
                }
                if (sighting->time < oldest->time)
                        oldest = sighting;
        }
        if (seen->count < prefix->min)
                oldest = &seen->sightings[seen->count++];
        *oldest = (struct sighting){time, *address};
}

static bool has_enough(const struct ban_prefix *prefix, const struct seen *seen, double time) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < seen->count; i++)
                count += seen->sightings[i].time > time - prefix->window.findtime_s;
        return count >= prefix->min;
}

/* The failure as one of the network. */
static double add(struct ban_prefix *prefix, const struct ticket *ticket,
        const struct address *network, struct slice id, double weight) {
        struct ticket *whole = ticket_new(id, network, ticket->time);
        ticket_add_matches(whole, ticket, prefix->window.maxmatches);
        whole->failures = ticket->failures;
        ticket_set_retry(whole, ticket_retry(ticket));
        double count = window_add(&prefix->window, whole, weight, WINDOW_FROM_LOG);
        (void)ticket_unref(whole);
        return count;
}

struct ticket *ban_prefix_count(
        struct ban_prefix *prefix, const struct ticket *ticket, double weight) {
        struct address network;
        char text[ADDRESS_TEXT_MAX];
        if (!ban_prefix_is_on(prefix))
                return NULL;
        struct address address = ticket_address(ticket);
        if (!ban_prefix_of(prefix, &address, &network))
                return NULL;
        struct slice id = address_print(&network, text);
        double count = add(prefix, ticket, &network, id, weight);
        struct seen *seen = seen_of(prefix, id);
        if (!seen)
                return NULL;
        remember(prefix, seen, &address, ticket->time);
        if (count < prefix->window.maxretry || !has_enough(prefix, seen, ticket->time))
                return NULL;
        free(table_remove(&prefix->seen, id));
        return window_take(&prefix->window, id);
}

void ban_prefix_cleanup(struct ban_prefix *prefix, double now) {
        double before = prefix->window.next_cleanup;
        size_t position = 0;
        window_cleanup(&prefix->window, now);
        if (before == prefix->window.next_cleanup)
                return;
        for (struct table_entry *entry; (entry = table_next(&prefix->seen, &position));)
                if (!ticket_table_find(&prefix->window.table, entry->key))
                        free(table_remove(&prefix->seen, entry->key));
}
