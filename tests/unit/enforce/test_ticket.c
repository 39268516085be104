/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ticket.h"

#include "../cmocka_include.h"

#include "../../support/failure_parts.h"

#include "base/buffer.h"
#include "base/repr.h"

static struct value list_of(struct arena *arena, const char *a, const char *b, const char *c) {
        struct value list = value_list();
        (void)value_append(&list, value_text(a), arena);
        (void)value_append(&list, value_text(b), arena);
        (void)value_append(&list, value_text(c), arena);
        return list;
}

static void data_is_kept_in_upstreams_order(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list();
        (void)state;
        (void)value_append(&matches, list_of(&arena, "", "DATE", " fail"), &arena);
        value_dict_put(&data, value_text("user"), value_text("bob"), &arena);
        value_dict_put(&data, value_text("nothing"), VALUE_OF_NONE, &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        value_dict_put(&data, value_text("failures"), value_int(4), &arena);
        struct ticket *ticket = ticket_new(SLICE("1.2.3.4"), NULL, 1);
        ticket_set_data(ticket, &data);
        struct value got = ticket_data(ticket, &arena);
        assert_slice(repr(&got, &arena),
                "{'matches': [['', 'DATE', ' fail']], 'failures': 4, 'user': 'bob'}");
        assert_true(ticket_retry(ticket) == 4);
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void group_that_repeats_the_id_costs_nothing_and_is_there(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict();
        struct slice got;
        (void)state;
        value_dict_put(&data, value_text("ip4"), value_text("192.0.2.1"), &arena);
        value_dict_put(&data, value_text("user"), value_text("bob"), &arena);
        struct ticket *ticket = ticket_new(SLICE("192.0.2.1"), NULL, 1);
        ticket_set_data(ticket, &data);
        struct value all = ticket_data(ticket, &arena);
        assert_slice(repr(&all, &arena),
                "{'matches': [], 'failures': 0, 'ip4': '192.0.2.1', 'user': 'bob'}");
        assert_true(ticket_group(ticket, SLICE("ip4"), &arena, &got));
        assert_slice(got, "192.0.2.1");
        size_t with = ticket_bytes(ticket);
        (void)ticket_unref(ticket);
        ticket = ticket_new(SLICE("192.0.2.1"), NULL, 1);
        assert_true(with - ticket_bytes(ticket) <= 12);
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void ticket_without_data_has_the_keys(void **state) {
        struct arena arena = ARENA_INIT;
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        struct value got = ticket_data(ticket, &arena);
        assert_slice(repr(&got, &arena), "{'matches': [], 'failures': 0}");
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void added_matches_are_texts_and_the_newest_stay(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list();
        (void)state;
        (void)value_append(&matches, list_of(&arena, "a ", "DATE", " b"), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        struct ticket *first = ticket_new(SLICE("x"), NULL, 1),
                      *second = ticket_new(SLICE("x"), NULL, 2);
        ticket_set_data(first, &data);
        ticket_set_data(second, &data);
        ticket_add_matches(first, second, 5);
        struct value got = ticket_matches(first, &arena);
        assert_slice(repr(&got, &arena), "[['a ', 'DATE', ' b'], 'a DATE b']");
        assert_slice(ticket_matches_text(first, &arena), "a DATE b\na DATE b");
        ticket_keep_matches(first, 1);
        assert_slice(ticket_matches_text(first, &arena), "a DATE b");
        ticket_add_matches(first, second, 0);
        assert_int_equal(first->match_count, 0);
        (void)ticket_unref(first);
        (void)ticket_unref(second);
        arena_done(&arena);
}

/* Its coded form may look like a text behind the first byte. */
static void added_matches_that_are_no_texts_are_shown(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list();
        (void)state;
        (void)value_append(&matches, value_int(0x304), &arena);
        (void)value_append(&matches, value_text("text"), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        struct ticket *from = ticket_new(SLICE("x"), NULL, 1);
        struct ticket *to = ticket_new(SLICE("x"), NULL, 1);
        ticket_set_data(from, &data);
        ticket_add_matches(to, from, 5);
        struct value got = ticket_matches(to, &arena);
        assert_slice(repr(&got, &arena), "['772', 'text']");
        (void)ticket_unref(from);
        (void)ticket_unref(to);
        arena_done(&arena);
}

static void groups_are_found_by_name(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict();
        struct slice got;
        (void)state;
        value_dict_put(&data, value_text("user"), value_text("bob"), &arena);
        value_dict_put(&data, value_text("n"), value_int(7), &arena);
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        assert_false(ticket_group(ticket, SLICE("user"), &arena, &got));
        ticket_set_data(ticket, &data);
        assert_true(ticket_group(ticket, SLICE("user"), &arena, &got));
        assert_slice(got, "bob");
        assert_true(ticket_group(ticket, SLICE("n"), &arena, &got));
        assert_slice(got, "7");
        assert_false(ticket_group(ticket, SLICE("use"), &arena, &got));
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void addresses_are_those_that_were_given(void **state) {
        static const struct {
                struct slice text;
                unsigned plen; /* as given apart; 255: none */
                const char *id;
                uint8_t family, kept;
        } rows[] = {
                {{"192.0.2.1", 9},       255, "192.0.2.1",     ADDRESS_INET4, 32 },
                {{"192.0.2.0/24", 12},   255, "192.0.2.0/24",  ADDRESS_INET4, 24 },
                {{"192.0.2.1", 9},       0,   "0.0.0.0",       ADDRESS_INET4, 0  },
                {{"192.0.2.1", 9},       33,  "192.0.2.1",     ADDRESS_INET4, 33 },
                {{"2001:DB8::1", 11},    255, "2001:db8::1",   ADDRESS_INET6, 128},
                {{"2001:db8::1", 11},    64,  "2001:db8::/64", ADDRESS_INET6, 64 },
                {{"::ffff:1.2.3.4", 14}, 255, "1.2.3.4",       ADDRESS_INET4, 32 },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address given;
                char text[ADDRESS_TEXT_MAX];
                int r = rows[i].plen == 255
                                ? address_parse(rows[i].text, &given)
                                : address_parse_with_plen(rows[i].text, rows[i].plen, &given);
                assert_int_equal(r, 0);
                struct ticket *ticket = ticket_new(address_print(&given, text), &given, 1);
                assert_string_equal(ticket->id, rows[i].id);
                assert_int_equal(ticket_family(ticket), rows[i].family);
                struct address got = ticket_address(ticket);
                assert_true(address_equal(&got, &given));
                assert_int_equal(got.plen, rows[i].kept);
                (void)ticket_unref(ticket);
        }
        struct ticket *ticket = ticket_new(SLICE("192.0.2.1"), NULL, 1);
        assert_int_equal(ticket_address(ticket).family, ADDRESS_NONE);
        (void)ticket_unref(ticket);
}

/* Observers add half failures; what is not to be counted stays at the largest. */
static void retries_are_counted_in_halves(void **state) {
        static const struct {
                double set, kept;
        } rows[] = {
                {0,    0               },
                {0.5,  0.5             },
                {7,    7               },
                {2e7,  2e7             },
                {1e12, UINT32_MAX / 2.0},
                {-1,   0               }
        };
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                ticket_set_retry(ticket, rows[i].set);
                assert_true(ticket_retry(ticket) == rows[i].kept);
                struct ticket *other = ticket_new(SLICE("x"), NULL, 1);
                ticket_set_retry(other, rows[i].kept + 1);
                ticket_add_retry(ticket);
                assert_true(ticket_retry(ticket) == ticket_retry(other));
                (void)ticket_unref(other);
        }
        for (uint32_t left = 3; left < 4; left--) {
                ticket->retry_halves = UINT32_MAX - left;
                ticket_add_retry(ticket);
                assert_int_equal(
                        ticket->retry_halves, left < 2 ? UINT32_MAX : UINT32_MAX - left + 2);
        }
        (void)ticket_unref(ticket);
}

/* Hundreds of thousands are kept: a ban 80 bytes with malloc's own eight, a failure of sshd's its
 * text and a little. */
static void tickets_are_small(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list(), users = value_set();
        const char *line =
                " host sshd[1234]: Failed password for root from 192.0.2.100 port 22 ssh2";
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("255.255.255.255"), NULL, 1);
        assert_true(ticket_bytes(ticket) <= 72);
        (void)value_append(&matches, list_of(&arena, "", "Nov 26 02:50:41", line), &arena);
        (void)value_append(&users, value_text("bob"), &arena);
        value_dict_put(&data, value_text("mlfid"), value_text(" host sshd[1234]: "), &arena);
        value_dict_put(&data, value_text("user"), value_text("bob"), &arena);
        value_dict_put(&data, value_text("ip4"), value_text("255.255.255.255"), &arena);
        value_dict_put(&data, value_text("users"), users, &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        ticket_set_data(ticket, &data);
        assert_true(ticket_bytes(ticket) <= 72 + 18 + 6 + 15 + strlen(line) + 32);
        /* Two failures more: the lines, and two bytes of each. */
        size_t before = ticket_bytes(ticket);
        struct ticket *later = ticket_new(SLICE("255.255.255.255"), NULL, 1);
        ticket_set_data(later, &data);
        for (unsigned i = 0; i < 2; i++)
                ticket_add_matches(ticket, later, 5);
        assert_true(ticket_bytes(ticket) <= before + 2 * (15 + strlen(line) + 2));
        (void)ticket_unref(later);
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void matches_beyond_the_cap_push_out_older_ones(void **state) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list();
        (void)state;
        char *big = arena_alloc(&arena, TICKET_DATA_MAX / 3);
        memset(big, 'x', TICKET_DATA_MAX / 3);
        for (int i = 0; i < 5; i++)
                (void)value_append(
                        &matches, value_string((struct slice){big, TICKET_DATA_MAX / 3}), &arena);
        (void)value_append(&matches, value_string((struct slice){big, 5}), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        ticket_set_data(ticket, &data);
        assert_int_equal(ticket->match_count, 3);
        assert_true(ticket_bytes(ticket) < TICKET_DATA_MAX + 100);
        struct value got = ticket_matches(ticket, &arena);
        assert_int_equal(got.list.items[2].string.len, 5);
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void end_is_by_own_time_or_the_jails(void **state) {
        static const struct {
                double own_s, jail_s, end;
        } rows[] = {
                {TICKET_BAN_TIME_JAIL, 600, 700             },
                {60,                   600, 160             },
                {TICKET_BAN_TIME_JAIL, -1,  (double)INFINITY},
                {-1,                   600, (double)INFINITY},
                {60,                   -1,  160             }
        };
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 100);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                ticket->ban_time_s = rows[i].own_s;
                assert_true(ticket_end(ticket, rows[i].jail_s) == rows[i].end);
        }
        (void)ticket_unref(ticket);
}

/* As many as a busy id has, of all lengths: the newest are those that a list of texts would keep.
 */
static void many_matches_are_kept_like_a_list(void **state) {
        static const uint32_t maxes[] = {1, 2, 7, 30};
        (void)state;
        for (size_t row = 0; row < sizeof(maxes) / sizeof(maxes[0]); row++) {
                struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
                char texts[200][1000]; /* of which some need a block for themselves */
                for (size_t i = 0; i < 200; i++) {
                        struct arena arena = ARENA_INIT;
                        struct value data = value_dict(), matches = value_list();
                        (void)snprintf(texts[i], sizeof(texts[i]), "%zu-%0*d", i,
                                (int)(i * 37 % 250 + (i % 7 == 3 ? 600 : 0)), 0);
                        (void)value_append(&matches, list_of(&arena, "", texts[i], ""), &arena);
                        value_dict_put(&data, value_text("matches"), matches, &arena);
                        struct record record = {.failure.id = SLICE("x")};
                        failure_parts_set(&record, &data, &arena);
                        ticket_add_record(ticket, &record, maxes[row]);
                        struct value got = ticket_matches(ticket, &arena);
                        size_t count = i + 1 < maxes[row] ? i + 1 : maxes[row];
                        assert_int_equal(ticket->match_count, count);
                        assert_int_equal(got.list.count, count);
                        for (size_t k = 0; k < count; k++)
                                assert_slice(got.list.items[k].string, texts[i + 1 - count + k]);
                        assert_true(ticket_bytes(ticket) <
                                    600 + (300 + 16) * maxes[row] + 650 * (maxes[row] / 7 + 1));
                        arena_done(&arena);
                }
                (void)ticket_unref(ticket);
        }
}

static void failures_of_data_are_a_number_or_none(void **state) {
        static const struct {
                int64_t number;
                uint32_t failures;
        } rows[] = {
                {0,                0         },
                {3,                3         },
                {-1,               0         },
                {UINT32_MAX,       UINT32_MAX},
                {INT64_C(1) << 32, 0         }
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
                struct value data = value_dict();
                value_dict_put(&data, value_int(7), value_text("no text for a key"), &arena);
                value_dict_put(&data, value_text("failures"), value_int(rows[i].number), &arena);
                value_dict_put(&data, value_text("matches"), value_text("no list"), &arena);
                ticket_set_data(ticket, &data);
                assert_int_equal(ticket->failures, rows[i].failures);
                assert_int_equal(ticket->match_count, 0);
                assert_null(ticket->groups);
                (void)ticket_unref(ticket);
                arena_done(&arena);
        }
}

/* What a scanner may tell: nothing of how it was told is seen. */
static struct value data_of(unsigned row, struct arena *arena) {
        struct value data = value_dict(), matches = value_list(), users = value_set();
        struct value tuple = list_of(arena, "", "DATE", " fail");
        tuple.type = VALUE_TUPLE;
        if (row & 1)
                (void)value_append(&matches, tuple, arena);
        if (row & 2)
                (void)value_append(&matches, list_of(arena, "a", "", "b"), arena);
        if (row & 4)
                (void)value_append(&matches, value_text("a text"), arena);
        if (row & 8)
                (void)value_append(&matches, value_int(5), arena);
        if (row & 7)
                value_dict_put(&data, value_text("user"), value_text("bob"), arena);
        value_dict_put(&data, value_text("ip6"), value_text("2001:DB8::1"), arena);
        if (row & 8)
                value_dict_put(&data, value_text("ip4"), value_text("2001:db8::1"), arena);
        value_dict_put(&data, value_text("matches"), matches, arena);
        if (row & 9)
                (void)value_append(&users, value_text("bob"), arena);
        if (row & 1)
                (void)value_append(&users, value_text("2001:DB8::1"), arena);
        value_dict_put(&data, value_text("users"), users, arena);
        value_dict_put(&data, value_text("empty"), value_text(""), arena);
        value_dict_put(&data, value_text("none"), VALUE_OF_NONE, arena);
        value_dict_put(&data, value_text(""), value_text("no name"), arena);
        value_dict_put(&data, value_text("failures"), value_text("no number"), arena);
        value_dict_put(&data, value_text("n"), value_int(row), arena);
        return data;
}

static void record_is_taken_as_its_data_are(void **state) {
        static const char *const ids[] = {"2001:DB8::1", "2001:db8::1", "x"};
        (void)state;
        for (unsigned row = 0; row < 16 * 3; row++) {
                struct arena arena = ARENA_INIT;
                struct value data = data_of(row % 16, &arena);
                struct record record = {.failure.id = SLICE("2001:DB8::1")};
                struct ticket *from_data = ticket_new(slice_of(ids[row / 16]), NULL, 1),
                              *from_record = ticket_new(slice_of(ids[row / 16]), NULL, 1);
                failure_parts_set(&record, &data, &arena);
                ticket_set_data(from_data, &data);
                ticket_set_record(from_record, &record);
                struct value a = ticket_data(from_data, &arena),
                             b = ticket_data(from_record, &arena);
                assert_slice(repr(&b, &arena), arena_copy(&arena, repr(&a, &arena)).data);
                assert_true(value_equal(&a, &b));
                assert_int_equal(ticket_bytes(from_record), ticket_bytes(from_data));
                for (uint32_t max = 12; max < 13; max -= 2) {
                        struct ticket *later = ticket_new(SLICE("x"), NULL, 2);
                        ticket_set_data(later, &data);
                        ticket_add_matches(from_data, later, max);
                        ticket_add_record(from_record, &record, max);
                        a = ticket_matches(from_data, &arena);
                        b = ticket_matches(from_record, &arena);
                        assert_true(value_equal(&a, &b));
                        assert_int_equal(from_record->failures, from_data->failures);
                        (void)ticket_unref(later);
                }
                (void)ticket_unref(from_data);
                (void)ticket_unref(from_record);
                arena_done(&arena);
        }
}

static void record_that_is_too_large_is_taken_without_what_is(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        char *big = arena_alloc(&arena, TICKET_DATA_MAX + 1);
        memset(big, 'x', TICKET_DATA_MAX);
        struct value data = value_dict(), matches = value_list();
        (void)value_append(&matches, value_text("small"), &arena);
        (void)value_append(&matches, value_text(big), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        value_dict_put(&data, value_text("user"), value_text(big), &arena);
        struct record record = {.failure.id = SLICE("x")};
        failure_parts_set(&record, &data, &arena);
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        ticket_set_record(ticket, &record);
        assert_null(ticket->groups);
        assert_int_equal(ticket->match_count, 1);
        ticket_add_record(ticket, &record, 5);
        assert_slice(ticket_matches_text(ticket, &arena), "small\nsmall");
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

/* Names and the id travel as less than they take here; ASan sees what is written beyond the room.
 */
static void record_of_very_many_groups_is_taken(void **state) {
        static const char *const names[] = {"nofail-matches", "cidr", "ip", "x", ""};
        static char id[200], text[100], groups[1 << 16];
        struct slice value = {text, sizeof(text)};
        (void)state;
        memset(id, 'i', sizeof(id));
        memset(text, 't', sizeof(text));
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                for (unsigned form = FAILURE_GROUP_TEXT; form <= FAILURE_GROUP_SET; form++) {
                        struct record record = {
                                .failure.id = {id, form == FAILURE_GROUP_ID ? 200 : 3}
                        };
                        struct failure_name name = failure_name_of(slice_of(names[i]));
                        struct arena arena = ARENA_INIT;
                        struct value set = value_set();
                        char *to = groups;
                        (void)value_append(&set, value_string(value), &arena);
                        while (to < groups + sizeof(groups) - 200) {
                                if (form == FAILURE_GROUP_ID)
                                        to = failure_group_write_text(
                                                to, name, record.failure.id, record.failure.id);
                                else if (form == FAILURE_GROUP_SET)
                                        to = failure_group_write(to, name, &set, record.failure.id);
                                else
                                        to = failure_group_write_text(
                                                to, name, value, record.failure.id);
                        }
                        record.failure.groups = (struct slice){groups, (size_t)(to - groups)};
                        struct ticket *ticket = ticket_new(SLICE("other"), NULL, 1);
                        ticket_set_record(ticket, &record);
                        assert_int_equal(ticket->match_count, 0);
                        (void)ticket_unref(ticket);
                        arena_done(&arena);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(data_is_kept_in_upstreams_order),
                cmocka_unit_test(group_that_repeats_the_id_costs_nothing_and_is_there),
                cmocka_unit_test(ticket_without_data_has_the_keys),
                cmocka_unit_test(added_matches_are_texts_and_the_newest_stay),
                cmocka_unit_test(added_matches_that_are_no_texts_are_shown),
                cmocka_unit_test(groups_are_found_by_name),
                cmocka_unit_test(addresses_are_those_that_were_given),
                cmocka_unit_test(retries_are_counted_in_halves),
                cmocka_unit_test(tickets_are_small),
                cmocka_unit_test(matches_beyond_the_cap_push_out_older_ones),
                cmocka_unit_test(end_is_by_own_time_or_the_jails),
                cmocka_unit_test(many_matches_are_kept_like_a_list),
                cmocka_unit_test(failures_of_data_are_a_number_or_none),
                cmocka_unit_test(record_is_taken_as_its_data_are),
                cmocka_unit_test(record_that_is_too_large_is_taken_without_what_is),
                cmocka_unit_test(record_of_very_many_groups_is_taken),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
