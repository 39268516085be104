/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/value_pack.h"

#include "../cmocka_include.h"

#include "channel/value_code.h"

#define ID SLICE("192.0.2.1")

/* Packed and unpacked again; *ret_len: bytes packed. */
static struct value there_and_back(
        const struct value *value, size_t *ret_len, struct arena *arena) {
        size_t size = value_coded_size(value);
        char *coded = arena_alloc(arena, size), *packed = malloc(size);
        (void)value_write(coded, value);
        struct message_reader in = message_reader_of((struct slice){coded, size});
        *ret_len = (size_t)(value_pack(packed, &in, ID) - packed);
        assert_true(message_read_end(&in));
        assert_true(*ret_len <= size);
        char *kept = arena_alloc(arena, *ret_len);
        memcpy(kept, packed, *ret_len);
        free(packed);
        in = message_reader_of((struct slice){kept, *ret_len});
        struct value back = value_unpack(&in, ID, arena);
        assert_true(message_read_end(&in));
        return back;
}

static struct value text_of(size_t len, struct arena *arena) {
        char *text = arena_alloc(arena, len + 1);
        memset(text, 'x', len);
        return value_string((struct slice){text, len});
}

/* Around the lengths at which the form changes; one of the caller's own comes to the same. */
static void texts_come_back_and_take_one_byte_or_two_more(void **state) {
        static const struct {
                size_t len, more;
        } rows[] = {
                {0,     1},
                {1,     1},
                {63,    1},
                {64,    2},
                {16383, 2},
                {16384, 5},
                {70000, 5}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                size_t len;
                struct value text = text_of(rows[i].len, &arena),
                             back = there_and_back(&text, &len, &arena);
                assert_true(value_equal(&text, &back));
                assert_int_equal(len, rows[i].len + rows[i].more);
                assert_int_equal(value_pack_text_size(rows[i].len), len);
                char head[VALUE_PACK_HEAD_MAX];
                assert_int_equal(value_pack_text_head(head, rows[i].len) - head, rows[i].more);
                arena_done(&arena);
        }
}

static void containers_of_all_sizes_come_back(void **state) {
        static const enum value_type types[] = {VALUE_LIST, VALUE_TUPLE, VALUE_DICT, VALUE_SET};
        static const size_t counts[] = {0, 2, 14, 16, 300};
        (void)state;
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
                        struct arena arena = ARENA_INIT;
                        size_t len;
                        struct value list = value_list(), outer = value_list();
                        for (size_t n = 0; n < counts[k]; n++)
                                (void)value_append(&list, value_int((int64_t)n * 1000), &arena);
                        list.type = types[i];
                        (void)value_append(&outer, list, &arena);
                        (void)value_append(&outer, value_text("behind"), &arena);
                        struct value back = there_and_back(&outer, &len, &arena);
                        assert_true(value_equal(&outer, &back));
                        arena_done(&arena);
                }
}

static void other_values_come_back(void **state) {
        const struct value rows[] = {
                value_bool(false),
                value_bool(true),
                value_int(-1),
                value_int(INT64_MAX),
                value_float(-0.5),
                {.type = VALUE_NONE           },
                { .type = VALUE_BYTES, .string = SLICE("\xff\x00z")},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                size_t len;
                struct value back = there_and_back(&rows[i], &len, &arena);
                assert_true(value_equal(&rows[i], &back));
                arena_done(&arena);
        }
}

/* A failure of sshd's: what stands for the id, and for names that all have, is one byte each. */
static void the_id_and_usual_names_take_one_byte(void **state) {
        struct arena arena = ARENA_INIT;
        size_t len;
        struct value groups = value_dict(), users = value_set();
        (void)state;
        (void)value_append(&users, value_text("bob"), &arena);
        value_dict_put(&groups, value_text("mlfid"), value_text("12345678"), &arena);
        value_dict_put(&groups, value_text("user"), value_text("bob"), &arena);
        value_dict_put(&groups, value_text("ip4"), value_string(ID), &arena);
        value_dict_put(&groups, value_text("users"), users, &arena);
        value_dict_put(&groups, value_text("own"), value_text("x"), &arena);
        struct value back = there_and_back(&groups, &len, &arena);
        assert_true(value_equal(&groups, &back));
        assert_int_equal(len, 1 + (1 + 9) + (1 + 4) + (1 + 1) + (1 + 1 + 4) + (4 + 2));
        arena_done(&arena);
}

/* Whatever the bytes are: no crash, no byte beyond them is read or written (ASan looks). */
static void cut_and_changed_bytes_do_no_harm(void **state) {
        struct arena arena = ARENA_INIT, kept = ARENA_INIT;
        struct value groups = value_dict(), list = value_tuple();
        (void)state;
        (void)value_append(&list, value_text("a longer text"), &kept);
        (void)value_append(&list, value_float(1.5), &kept);
        value_dict_put(&groups, value_text("mlfid"), list, &kept);
        value_dict_put(&groups, value_text("user"), value_string(ID), &kept);
        size_t size = value_coded_size(&groups);
        char *coded = arena_alloc(&kept, size);
        (void)value_write(coded, &groups);
        for (size_t at = 0; at < size; at++)
                for (unsigned byte = 0; byte < 256; byte += 3)
                        for (unsigned cut = 0; cut < 2; cut++) {
                                size_t len = cut ? at : size;
                                char *bad = malloc(len + 1), *packed = malloc(len + 1);
                                memcpy(bad, coded, len);
                                if (!cut)
                                        bad[at] = (char)byte;
                                struct message_reader in =
                                        message_reader_of((struct slice){bad, len});
                                char *end = value_pack(packed, &in, ID);
                                assert_true(end <= packed + len);
                                in = message_reader_of((struct slice){bad, len});
                                (void)value_unpack(&in, ID, &arena);
                                free(bad);
                                free(packed);
                                arena_reset(&arena);
                        }
        arena_done(&arena);
        arena_done(&kept);
}

static void every_usual_name_takes_one_byte(void **state) {
        static const char *const usual[] = {"ip4", "ip6", "dns", "fid", "user", "root", "users",
                "mlfid", "error", "admin", "nofail", "content", "ip-host", "alt_user", "alt_user1",
                "mlfforget", "mlfgained", "mlfpending"};
        static const char *const others[] = {
                "", "x", "ip", "ip5", "ip44", "usex", "alt_user12", "mlfpendin", "mlfpending1"};
        char packed[64];
        (void)state;
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
                assert_int_equal(value_pack_text(packed, slice_of(usual[i]), ID) - packed, 1);
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                assert_int_equal(value_pack_text(packed, slice_of(others[i]), ID) - packed,
                        1 + strlen(others[i]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_come_back_and_take_one_byte_or_two_more),
                cmocka_unit_test(containers_of_all_sizes_come_back),
                cmocka_unit_test(other_values_come_back),
                cmocka_unit_test(the_id_and_usual_names_take_one_byte),
                cmocka_unit_test(cut_and_changed_bytes_do_no_harm),
                cmocka_unit_test(every_usual_name_takes_one_byte),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
