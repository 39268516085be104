/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/sessions.h"

#include <stdio.h>

#include "../cmocka_include.h"
#include "base/repr.h"

struct fixture {
        struct clock clock;
        struct arena arena;
        struct sessions sessions;
};

static int setup(void **state) {
        static struct fixture fixture;
        fixture = (struct fixture){.arena = ARENA_INIT};
        clock_fix(&fixture.clock, 1000000000);
        sessions_init(&fixture.sessions, &fixture.clock);
        *state = &fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;
        sessions_done(&f->sessions);
        arena_done(&f->arena);
        return 0;
}

/* A line that matched. */
static struct field line_of(struct fixture *f, const char *text) {
        struct line_tuple tuple = {.after = slice_of(text)};
        return field_lines(
                FIELD_MATCHES, field_lines_new(&(struct line_list){&tuple, 1}, &f->arena), 1);
}

/* Merges and keeps. Returns what results would be made of. */
static struct fields merge(
        struct fixture *f, const char *id, const char *text, struct fields *data) {
        struct field matched = line_of(f, text);
        struct session_line line =
                sessions_merge(&f->sessions, slice_of(id), &matched, data, &f->arena);
        struct fields all;
        fields_copy(line.data, 0, &f->arena, &all);
        assert_ptr_equal(line.data, line.session ? &line.session->data.fields : data);
        assert_int_equal(line.is_quiet, fields_has(&all, FIELD_NOFAIL));
        if (line.session)
                session_keep(&f->sessions, line.session);
        return all;
}

/* A line of session id. marks: "q" quiet, "g" gained, "f" forgets, "u..." with the user that
 * follows. */
static struct fields run(struct fixture *f, const char *id, const char *marks, const char *text) {
        struct fields data = FIELDS_EMPTY;
        sessions_settle(&f->sessions);
        fields_put(&data, field_text(FIELD_MLFID, slice_of(id)), &f->arena);
        for (; *marks; marks++) {
                if (*marks == 'u') {
                        fields_put(&data, field_text(FIELD_USER, slice_of(marks + 1)), &f->arena);
                        break;
                }
                unsigned name = *marks == 'q'   ? FIELD_NOFAIL
                                : *marks == 'g' ? FIELD_MLFGAINED
                                                : FIELD_MLFFORGET;
                fields_put(&data, field_text(name, SLICE("x")), &f->arena);
        }
        return merge(f, id, text, &data);
}

static struct slice text_of(const struct field *lines, size_t i) {
        assert_true(lines && i < lines->len);
        return (struct slice){lines->lines[i].text, field_line_len(&lines->lines[i])};
}

static struct slice matches_of(const struct fields *data, struct fixture *f) {
        const struct field *matches = fields_lines(data, FIELD_MATCHES);
        struct value texts = value_list();
        if (!matches || fields_has(data, FIELD_NOFAIL))
                return SLICE("quiet");
        for (size_t i = 0; i < matches->len; i++)
                (void)value_append(&texts, value_string(text_of(matches, i)), &f->arena);
        return repr(&texts, &f->arena);
}

/* The table of the specification; what needs the caller (pending lines) is in test_filter.c. */
static void lines_of_a_session_add_up(void **state) {
        static const struct {
                const char *marks[5];
                const char *results[5];
        } rows[] = {
                {{"q", "uroot", "uroot"},      {"quiet", "['0', '1']", "['2']"}         },
                {{"q", "uroot", "uadm", "qf"}, {"quiet", "['0', '1']", "['2']", "['3']"}},
                {{"q", "gf"},                  {"quiet", "quiet"}                       },
                {{"q", "uroot", "gfuroot"},    {"quiet", "['0', '1']", "quiet"}         },
                {{"q", "uadm", "gfuroot"},     {"quiet", "['0', '1']", "['2']"}         },
                {{"q", "guroot", "qf"},        {"quiet", "quiet", "quiet"}              },
                {{"q", "guroot", "guadm"},     {"quiet", "quiet", "['0', '1', '2']"}    },
                {{"q", "f"},                   {"quiet", "['0', '1']"}                  },
                {{"q", "q", "qf", "u"},        {"quiet", "quiet", "quiet", "['3']"}     },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                (void)setup(state);
                struct fixture *f = *state;
                for (size_t k = 0; k < 5 && rows[i].marks[k]; k++) {
                        static const char *const names[] = {"0", "1", "2", "3", "4"};
                        struct fields data = run(f, "c1", rows[i].marks[k], names[k]);
                        assert_slice(matches_of(&data, f), rows[i].results[k]);
                }
                (void)teardown(state);
        }
        (void)setup(state);
}

static void sessions_do_not_mix(void **state) {
        struct fixture *f = *state;
        (void)run(f, "c1", "q", "a");
        (void)run(f, "c2", "q", "b");
        struct fields data = run(f, "c1", "ux", "c");
        assert_slice(matches_of(&data, f), "['a', 'c']");
}

static void groups_of_earlier_lines_stay_known(void **state) {
        struct fixture *f = *state;
        (void)run(f, "c1", "quroot", "a");
        struct fields data = run(f, "c1", "", "b");
        assert_slice(field_slice(fields_get(&data, FIELD_USER)), "root");
        assert_slice(repr(fields_get(&data, FIELD_USERS)->value, &f->arena), "{'root'}");
}

static void session_expires_after_its_first_line(void **state) {
        struct fixture *f = *state;
        (void)run(f, "c1", "q", "a");
        clock_advance(&f->clock, (SESSION_TTL_S - 1) * INT64_C(1000000));
        (void)run(f, "c1", "q", "b");
        clock_advance(&f->clock, 1000000);
        struct fields data = run(f, "c1", "", "c");
        assert_slice(matches_of(&data, f), "['c']");
}

static void oldest_session_makes_room(void **state) {
        struct fixture *f = *state;
        char id[16];
        for (int i = 0; i < SESSIONS_MAX + 1; i++) {
                (void)snprintf(id, sizeof(id), "c%d", i);
                (void)run(f, id, "q", "a");
        }
        struct fields second = run(f, "c1", "", "b");
        assert_slice(matches_of(&second, f), "['a', 'b']");
        struct fields first = run(f, "c0", "", "b");
        assert_slice(matches_of(&first, f), "['b']");
}

static void kept_lines_are_bounded(void **state) {
        struct fixture *f = *state;
        for (int i = 0; i < SESSION_MATCHES_MAX + 50; i++)
                (void)run(f, "c1", "q", i < 50 ? "old" : "new");
        struct fields data = run(f, "c1", "", "last");
        const struct field *matches = fields_lines(&data, FIELD_MATCHES);
        assert_int_equal(matches->len, SESSION_MATCHES_MAX + 1);
        assert_slice(text_of(matches, 0), "new");
}

static void kept_users_are_bounded(void **state) {
        struct fixture *f = *state;
        struct fields data = FIELDS_EMPTY;
        char marks[SESSION_USERS_MAX + 50][8];
        for (int i = 0; i < SESSION_USERS_MAX + 50; i++) {
                (void)snprintf(marks[i], sizeof(marks[i]), "u%d", i % 1000);
                data = run(f, "c1", marks[i], "a");
        }
        assert_int_equal(fields_get(&data, FIELD_USERS)->value->list.count, SESSION_USERS_MAX);
}

static void session_of_long_lines_keeps_the_newest(void **state) {
        static char text[SESSION_BYTES_MAX / 3];
        struct fixture *f = *state;
        memset(text, 'x', sizeof(text) - 1);
        for (int i = 0; i < 8; i++)
                (void)run(f, "c1", "q", text);
        struct fields data = run(f, "c1", "", "last");
        assert_in_range(fields_lines(&data, FIELD_MATCHES)->len, 2, 3);
        assert_int_equal(f->sessions.dropped, 0);
}

static void session_too_large_to_keep_is_dropped(void **state) {
        static char text[SESSION_BYTES_MAX + 1];
        struct fixture *f = *state;
        memset(text, 'x', sizeof(text) - 1);
        (void)run(f, "c1", "q", text);
        assert_int_equal(f->sessions.dropped, 1);
        (void)run(f, text, "q", "a");
        assert_int_equal(f->sessions.dropped, 2);
        struct fields data = run(f, "c1", "", "b");
        assert_slice(matches_of(&data, f), "['b']");
}

/* Hundreds of lines leave no waste behind that counts. */
static void memory_of_a_long_session_is_bounded(void **state) {
        struct fixture *f = *state;
        for (int i = 0; i < 3000; i++) {
                (void)run(f, "c1", i % 10 == 9 ? "ux" : "q", "a line of some length");
                arena_reset(&f->arena);
        }
        assert_true(field_box_used(&f->sessions.items[0].data) < 2 * SESSION_BYTES_MAX);
        (void)run(f, "c1", "f", "end");
        sessions_settle(&f->sessions);
        assert_int_equal(field_box_used(&f->sessions.items[0].data), 0);
}

/* The regexes of one line may each find the session. */
static void data_of_a_line_lasts_while_the_line_does(void **state) {
        struct fixture *f = *state;
        struct fields first = FIELDS_EMPTY;
        struct fields second = FIELDS_EMPTY;
        struct field matched = line_of(f, "b");
        (void)run(f, "c1", "q", "a");
        sessions_settle(&f->sessions);
        struct session_line line =
                sessions_merge(&f->sessions, SLICE("c1"), &matched, &first, &f->arena);
        fields_copy(line.data, 0, &f->arena, &first);
        for (int i = 0; i < 100; i++)
                session_keep(&f->sessions, line.session);
        fields_put(&second, field_text(FIELD_MLFFORGET, SLICE("x")), &f->arena);
        line = sessions_merge(&f->sessions, SLICE("c1"), &matched, &second, &f->arena);
        assert_null(line.session);
        assert_ptr_equal(line.data, &second);
        assert_slice(matches_of(&first, f), "['a', 'b']");
        assert_slice(matches_of(&second, f), "['b']");
}

/* What the caller adds before it keeps the session, be it more than there is room for. */
static void changes_by_the_caller_are_kept(void **state) {
        static const unsigned counts[] = {0, 1, 50};
        struct fixture *f = *state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct fields first = FIELDS_EMPTY;
                struct field matched = line_of(f, "b");
                (void)run(f, "c1", "q", "a");
                sessions_settle(&f->sessions);
                struct session_line line =
                        sessions_merge(&f->sessions, SLICE("c1"), &matched, &first, &f->arena);
                for (unsigned name = 100; name < 100 + counts[i]; name++)
                        fields_put(line.data, field_text(name, arena_copy(&f->arena, SLICE("x"))),
                                &f->arena);
                fields_put(line.data,
                        field_text(FIELD_IP, arena_printf(&f->arena, "192.0.2.%zu", i)), &f->arena);
                session_keep(&f->sessions, line.session);
                arena_done(&f->arena);
                f->arena = ARENA_INIT;
                struct fields last = run(f, "c1", "", "c");
                assert_slice(field_slice(fields_get(&last, FIELD_MLFID)), "c1");
                assert_slice(field_slice(fields_get(&last, FIELD_IP)), i == 0   ? "192.0.2.0"
                                                                       : i == 1 ? "192.0.2.1"
                                                                                : "192.0.2.2");
                for (unsigned name = 100; name < 100 + counts[i]; name++)
                        assert_slice(field_slice(fields_get(&last, name)), "x");
        }
}

/* In the session's memory, where results of former lines have them too. */
static void lines_are_put_behind_those_that_are_known(void **state) {
        struct fixture *f = *state;
        struct value texts = value_list();
        struct arena arena = ARENA_INIT; /* lasts longer than a line */
        for (int i = 0; i < 20; i++) {
                struct slice text = arena_printf(&arena, "line %d", i);
                (void)value_append(&texts, value_string(text), &arena);
                (void)run(f, "c1", "q", text.data);
                (void)run(f, "c2", "q", "other");
                struct fields *known = &f->sessions.items[0].data.fields;
                assert_int_equal(fields_lines(known, FIELD_NOFAIL_MATCHES)->len, i + 1);
                arena_reset(&f->arena);
        }
        (void)value_append(&texts, value_text("z"), &arena);
        struct fields data = run(f, "c1", "", "z");
        assert_slice(matches_of(&data, f), repr(&texts, &arena).data);
        arena_done(&arena);
}

static void saved_sessions_come_back_in_order(void **state) {
        struct fixture *f = *state;
        struct sessions other;
        struct buffer blob = BUFFER_INIT(300000);
        sessions_init(&other, &f->clock);
        (void)run(f, "c1", "q", "a");
        (void)run(f, "c2", "q", "b");
        for (size_t i = SESSIONS_MAX; i-- > 0;) {
                buffer_clear(&blob);
                if (sessions_save(&f->sessions, i, &blob))
                        sessions_load(&other, i, buffer_view(&blob));
                assert_false(sessions_save(&f->sessions, i, &blob));
        }
        assert_int_equal(other.next_sequence, 2);
        assert_true(other.items[0].sequence < other.items[1].sequence);
        sessions_done(&f->sessions);
        f->sessions = other;
        struct fields data = run(f, "c1", "f", "c");
        assert_slice(matches_of(&data, f), "['a', 'c']");
        buffer_clear(&blob);
        assert_true(sessions_save(&f->sessions, 0, &blob));
        assert_int_equal(buffer_len(&blob), 0);
        buffer_done(&blob);
}

/* Bytes of what is saved of the only session. */
static size_t saved_bytes(struct fixture *f) {
        struct buffer blob = BUFFER_INIT(SESSION_BYTES_MAX);
        assert_true(sessions_save(&f->sessions, 0, &blob));
        size_t bytes = buffer_len(&blob);
        buffer_done(&blob);
        return bytes;
}

/* They would not be looked at again; who is quiet, or let in, may have to tell them later. */
static void lines_that_have_been_told_are_not_kept(void **state) {
        static char line[500];
        struct fixture *f = *state;
        memset(line, 'x', sizeof(line) - 1);
        (void)run(f, "c", "u", line);
        assert_true(saved_bytes(f) < sizeof(line));
        (void)run(f, "c", "q", line);
        assert_true(saved_bytes(f) > sizeof(line));
        struct fields data = run(f, "c", "u", "last");
        assert_int_equal(fields_lines(&data, FIELD_MATCHES)->len, 2);
        assert_true(saved_bytes(f) < sizeof(line));
        (void)run(f, "c", "gu", line);
        data = run(f, "c", "gu", "again");
        assert_true(saved_bytes(f) > sizeof(line));
}

static void bad_bytes_are_not_loaded(void **state) {
        struct fixture *f = *state;
        static const struct slice rows[] = {
                {"",                                           0 },
                {"x",                                          1 },
                {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0ab", 22}
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                sessions_load(&f->sessions, 0, rows[i]);
                assert_false(f->sessions.items[0].used);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(lines_of_a_session_add_up, setup, teardown),
                cmocka_unit_test_setup_teardown(sessions_do_not_mix, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        groups_of_earlier_lines_stay_known, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        session_expires_after_its_first_line, setup, teardown),
                cmocka_unit_test_setup_teardown(oldest_session_makes_room, setup, teardown),
                cmocka_unit_test_setup_teardown(kept_lines_are_bounded, setup, teardown),
                cmocka_unit_test_setup_teardown(kept_users_are_bounded, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        session_of_long_lines_keeps_the_newest, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        session_too_large_to_keep_is_dropped, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        memory_of_a_long_session_is_bounded, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        data_of_a_line_lasts_while_the_line_does, setup, teardown),
                cmocka_unit_test_setup_teardown(changes_by_the_caller_are_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        lines_are_put_behind_those_that_are_known, setup, teardown),
                cmocka_unit_test_setup_teardown(saved_sessions_come_back_in_order, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        lines_that_have_been_told_are_not_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(bad_bytes_are_not_loaded, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
