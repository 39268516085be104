/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ban_prefix.h"

#include "../cmocka_include.h"

static struct ban_prefix prefix;

static int setup(void **state) {
        (void)state;
        ban_prefix_init(&prefix);
        return 0;
}

static int teardown(void **state) {
        (void)state;
        ban_prefix_done(&prefix);
        return 0;
}

static void set(const char *name, int64_t number) {
        struct value value = value_int(number);
        assert_int_equal(ban_prefix_set(&prefix, slice_of(name), &value, NULL), 0);
}

/* A failure; returns the id of the network that is to be banned therefore, "" if none is. */
static const char *failure(const char *id, double time) {
        static char banned[ADDRESS_TEXT_MAX];
        struct address address;
        (void)address_parse(slice_of(id), &address);
        struct ticket *ticket =
                ticket_new(slice_of(id), address.family == ADDRESS_NONE ? NULL : &address, time);
        struct ticket *network = ban_prefix_count(&prefix, ticket, 1);
        (void)snprintf(banned, sizeof(banned), "%s", network ? network->id : "");
        (void)ticket_unref(network);
        (void)ticket_unref(ticket);
        return banned;
}

static void it_is_off_unless_set(void **state) {
        (void)state;
        for (char last = '1'; last <= '9'; last++) {
                char id[] = "192.0.2.0";
                id[sizeof(id) - 2] = last;
                assert_string_equal(failure(id, 100), "");
        }
        assert_int_equal(prefix.window.table.count, 0);
        assert_int_equal(ban_prefix_get(&prefix, SLICE("v4")).type, VALUE_NONE);
        assert_int_equal(ban_prefix_get(&prefix, SLICE("min")).integer, BAN_PREFIX_MIN);
}

static void enough_failures_from_enough_addresses_ban_the_network(void **state) {
        (void)state;
        set("v4", 24);
        set("v6", 64);
        for (int i = 0; i < 9; i++) /* one alone is not enough, however often it fails */
                assert_string_equal(failure("192.0.2.1", 100), "");
        assert_string_equal(failure("192.0.2.2", 101), "");
        assert_string_equal(failure("192.0.3.9", 101), "");
        assert_string_equal(failure("somebody", 101), "");
        assert_string_equal(failure("192.0.2.0/25", 101), "");
        assert_string_equal(failure("192.0.2.77", 102), "192.0.2.0/24");
        assert_string_equal(failure("192.0.2.78", 102), ""); /* it begins anew */
        assert_string_equal(failure("2001:db8:1:2::1", 100), "");
        assert_string_equal(failure("2001:db8:1:2:ffff::1", 100), "");
        assert_string_equal(failure("2001:db8:1:3::1", 100), "");
        assert_string_equal(failure("2001:db8:1:2::9", 100), "2001:db8:1:2::/64");
}

static void few_failures_do_not_however_many_addresses(void **state) {
        (void)state;
        set("v4", 16);
        set("min", 2);
        prefix.window.maxretry = 5;
        assert_string_equal(failure("10.1.0.1", 100), "");
        assert_string_equal(failure("10.1.0.2", 100), "");
        assert_string_equal(failure("10.1.0.3", 100), "");
        assert_string_equal(failure("10.1.0.4", 100), "");
        assert_string_equal(failure("10.1.0.4", 100), "10.1.0.0/16");
}

static void addresses_count_within_findtime_only(void **state) {
        (void)state;
        set("v4", 24);
        prefix.window.maxretry = 1;
        prefix.window.findtime_s = 60;
        assert_string_equal(failure("192.0.2.1", 100), "");
        assert_string_equal(failure("192.0.2.2", 150), "");
        assert_string_equal(failure("192.0.2.3", 161), ""); /* the first is too old */
        assert_string_equal(failure("192.0.2.4", 162), "192.0.2.0/24");
}

static void evidence_of_all_is_kept(void **state) {
        struct address address;
        struct arena arena = ARENA_INIT;
        struct ticket *network = NULL;
        (void)state;
        set("v4", 24);
        for (char last = '1'; last <= '3'; last++) {
                char id[] = "192.0.2.0", text[] = "line 0";
                id[sizeof(id) - 2] = last;
                text[sizeof(text) - 2] = last;
                assert_int_equal(address_parse(slice_of(id), &address), 0);
                struct ticket *ticket = ticket_new(slice_of(id), &address, 100);
                struct value dict = value_dict(), matches = value_list();
                value_append(&matches, value_text(text), &arena);
                value_dict_put(&dict, value_text("matches"), matches, &arena);
                value_dict_put(&dict, value_text("failures"), value_int(2), &arena);
                ticket_set_data(ticket, &dict);
                network = ban_prefix_count(&prefix, ticket, 1);
                (void)ticket_unref(ticket);
        }
        assert_non_null(network);
        assert_int_equal(network->failures, 6);
        assert_slice(ticket_matches_text(network, &arena), "line 1\nline 2\nline 3");
        (void)ticket_unref(network);
        arena_done(&arena);
}

static void values_have_limits(void **state) {
        static const struct {
                const char *name;
                int64_t number;
                bool is;
        } rows[] = {
                {"v4",  7,   false},
                {"v4",  8,   true },
                {"v4",  32,  true },
                {"v4",  33,  false},
                {"v6",  31,  false},
                {"v6",  128, true },
                {"v6",  129, false},
                {"v4",  0,   true },
                {"v4",  -1,  false},
                {"min", 0,   true },
                {"min", 64,  true },
                {"min", 65,  false},
                {"x",   1,   false}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value value = value_int(rows[i].number);
                struct fault fault = FAULT_INIT;
                int r = ban_prefix_set(&prefix, slice_of(rows[i].name), &value, &fault);
                if ((r == 0) != rows[i].is)
                        fail_msg("%s = %d", rows[i].name, (int)rows[i].number);
                fault_done(&fault);
        }
        assert_int_equal(ban_prefix_get(&prefix, SLICE("min")).integer, 64);
}

static void the_same_value_again_forgets_nothing(void **state) {
        (void)state;
        set("v4", 24);
        (void)failure("192.0.2.1", 100);
        (void)failure("192.0.2.2", 100);
        set("v4", 24);
        set("min", BAN_PREFIX_MIN);
        assert_string_equal(failure("192.0.2.3", 100), "192.0.2.0/24");
        (void)failure("192.0.2.1", 100);
        (void)failure("192.0.2.2", 100);
        set("min", 2);
        assert_string_equal(failure("192.0.2.3", 100), "");
}

static void old_networks_are_forgotten(void **state) {
        (void)state;
        set("v4", 24);
        for (unsigned i = 0; i < 200; i++) {
                char id[32];
                (void)snprintf(id, sizeof(id), "10.0.%u.1", i);
                assert_string_equal(failure(id, 100), "");
        }
        assert_int_equal(prefix.seen.count, 200);
        ban_prefix_cleanup(&prefix, 200);
        assert_int_equal(prefix.seen.count, 200);
        ban_prefix_cleanup(&prefix, 100 + prefix.window.findtime_s + 1);
        assert_int_equal(prefix.seen.count, 0);
        assert_int_equal(prefix.window.table.count, 0);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(it_is_off_unless_set),
                CASE(enough_failures_from_enough_addresses_ban_the_network),
                CASE(few_failures_do_not_however_many_addresses),
                CASE(addresses_count_within_findtime_only),
                CASE(evidence_of_all_is_kept),
                CASE(values_have_limits),
                CASE(the_same_value_again_forgets_nothing),
                CASE(old_networks_are_forgotten),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
