/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/cymru.h"

#include "../cmocka_include.h"
#include "base/repr.h"

static struct value names_of(const char *const *texts, size_t count, struct arena *arena) {
        struct value names = value_list();
        for (size_t i = 0; i < count; i++)
                value_append(&names, value_text(texts[i]), arena);
        return names;
}

static void answers_are_told_for_each_name(void **state) {
        static const char *const texts[] = {"4.3.2.1.origin.asn.cymru.com",
                "14.3.2.1.origin.asn.cymru.com", "8.8.8.8.origin.asn.cymru.com"};
        static const char answers[] =
                "4.3.2.1.origin.asn.cymru.com. 86400 IN TXT \"23028 | 1.2.3.0/24 | US | arin | "
                "1998-09-25\"\n"
                "4.3.2.1.origin.asn.cymru.com. 86400 IN TXT \"100 | 1.2.0.0/16 | DE | ripencc | "
                "\"\n"
                "14.3.2.1.origin.asn.cymru.com. 86400 IN TXT \" | 1.2.3.0/24 | a\001b | x\"\n"
                "8.8.8.8.origin.asn.cymru.com.\t60\tIN\tTXT\t\"15169 | 8.8.8.0/24 |  | arin | "
                "2023\"\n";
        struct arena arena = ARENA_INIT;
        struct value lists[CYMRU_COUNT];
        (void)state;
        struct value names = names_of(texts, 3, &arena);
        cymru_read(slice_of(answers), &names, &arena, lists);
        assert_slice(repr(&lists[CYMRU_ASN], &arena), "['100, 23028', 'nxdomain', '15169']");
        assert_slice(repr(&lists[CYMRU_COUNTRY], &arena), "['DE, US', 'nxdomain', 'unknown']");
        assert_slice(repr(&lists[CYMRU_RIR], &arena), "['arin, ripencc', 'nxdomain', 'arin']");
        arena_done(&arena);
}

static void nonsense_is_no_answer(void **state) {
        static const char *const texts[] = {"4.3.2.1.origin.asn.cymru.com"};
        static const char *const answers[] = {"", "\n\n", ";; connection timed out\n",
                "4.3.2.1.origin.asn.cymru.com. 1 IN TXT \"\n",
                "4.3.2.1.origin.asn.cymru.com. 1 IN TXT \"a|b|c|d|e|f\"\n",
                "4.3.2.1.origin.asn.cymru.common. 1 IN TXT \"1|b|c|d|e\"\n"};
        (void)state;
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value lists[CYMRU_COUNT];
                struct value names = names_of(texts, 1, &arena);
                cymru_read(slice_of(answers[i]), &names, &arena, lists);
                assert_slice(repr(&lists[CYMRU_ASN], &arena), "['nxdomain']");
                arena_done(&arena);
        }
}

static void on_lists(void *user, const struct value lists[static CYMRU_COUNT]) {
        char *text = user;
        struct arena arena = ARENA_INIT;
        (void)snprintf(text, 256, "%.*s", SLICE_ARG(repr(&lists[CYMRU_ASN], &arena)));
        arena_done(&arena);
}

static void without_dig_there_is_an_error_and_without_addresses_nothing(void **state) {
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        char text[256] = "", *path = strdup(getenv("PATH"));
        (void)state;
        value_append(&ids, value_text("somebody"), &arena);
        assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
        cymru_ask(NULL, &ids, on_lists, text);
        assert_string_equal(text, "['error']");
        assert_int_equal(setenv("PATH", path, 1), 0);
        free(path);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_are_told_for_each_name),
                cmocka_unit_test(nonsense_is_no_answer),
                cmocka_unit_test(without_dig_there_is_an_error_and_without_addresses_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
