/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/finding.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "findings_text.h"

static struct finding make(enum finding_severity severity, const char *jail, const char *text) {
        return (struct finding){
                .severity = severity, .jail = slice_of(jail), .text = slice_of(text)};
}

static void the_same_of_several_jails_is_one_finding(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        static const char *const jails[] = {"a", "b", "b2", "a"};
        for (size_t i = 0; i < 4; i++) {
                struct finding finding = make(FINDING_ERROR, jails[i], "same");
                findings_add(&findings, &finding);
        }
        struct finding other = make(FINDING_WARNING, "a", "same");
        findings_add(&findings, &other);
        assert_int_equal(findings.count, 2);
        assert_int_equal(findings.items[0].more_jails, 2);
        assert_int_equal(findings.counts[FINDING_ERROR], 1);
        config_tree_done(&tree);
}

static void lists_are_bounded(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        char text[64];
        for (unsigned i = 0; i < FINDINGS_MAX + 50; i++) {
                (void)snprintf(text, sizeof(text), "number %u", i);
                struct finding hint = make(FINDING_HINT, "", text);
                findings_add(&findings, &hint);
        }
        assert_int_equal(findings.count, FINDING_HINTS_MAX);
        for (unsigned i = 0; i < FINDINGS_MAX + 50; i++) {
                (void)snprintf(text, sizeof(text), "number %u", i);
                struct finding error = make(FINDING_ERROR, "", text);
                findings_add(&findings, &error);
        }
        assert_int_equal(findings.count, FINDINGS_MAX);
        assert_int_equal(findings.counts[FINDING_ERROR], FINDINGS_MAX + 50);
        struct buffer out = BUFFER_INIT(1 << 20);
        assert_int_equal(findings_print(&findings, &out), 0);
        assert_true(slice_find(buffer_view(&out), SLICE("\nand 300 more findings\n"), 0) <
                    buffer_len(&out));
        buffer_done(&out);
        config_tree_done(&tree);
}

static void a_text_is_one_line_of_bounded_length(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        struct finding finding = make(FINDING_ERROR, "", "a\nb\tc\033d");
        findings_add(&findings, &finding);
        assert_slice(findings.items[0].text, "a b c d");
        char text[FINDING_TEXT_MAX * 2];
        memset(text, 'x', sizeof(text));
        for (size_t i = 1; i + 1 < sizeof(text); i += 2)
                memcpy(text + i, "\303\274", 2);
        finding.text = (struct slice){text, sizeof(text)};
        findings_add(&findings, &finding);
        struct slice cut = findings.items[1].text;
        size_t at;
        assert_true(cut.len <= FINDING_TEXT_MAX + 3);
        assert_true(slice_has_suffix(cut, SLICE("\303\274...")));
        assert_null(text_utf8_flaw(cut, &at));
        config_tree_done(&tree);
}

static void errors_are_printed_first_with_place_and_fix(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "f", "[j]\na = b\n");
        const struct value_origin origin = {config_tree_path(&tree, "f").data, 2, "j", "a"};
        struct findings findings = {.arena = &tree.arena};
        struct finding warning = make(FINDING_WARNING, "", "strange");
        struct finding error = {.severity = FINDING_ERROR,
                .origin = &origin,
                .jail = SLICE("j"),
                .part = SLICE("b"),
                .text = SLICE("wrong"),
                .fix = SLICE("write c")};
        findings_add(&findings, &warning);
        findings_add(&findings, &error);
        struct buffer out = BUFFER_INIT(1 << 16);
        assert_int_equal(findings_print(&findings, &out), 0);
        assert_string_equal(
                config_tree_mask(&tree, arena_copy(&tree.arena, buffer_view(&out)).data),
                "ROOT/f:2: error: jail 'j': wrong\n     2 | a = b\n       |     ^\n"
                "       = write c\nwarning: strange\n");
        struct buffer small = BUFFER_INIT(20);
        assert_int_equal(findings_print(&findings, &small), -ENOBUFS);
        buffer_done(&small);
        buffer_done(&out);
        struct value list = findings_value(&findings);
        const struct value *item = value_item(&list, 1);
        assert_slice(value_dict_get(item, "severity")->string, "error");
        assert_int_equal(value_dict_get(item, "line")->integer, 2);
        assert_slice(value_dict_get(item, "option")->string, "a");
        assert_int_equal(value_dict_get(value_item(&list, 0), "file")->type, VALUE_NONE);
        assert_int_equal(value_dict_get(value_item(&list, 0), "jails")->integer, 0);
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_same_of_several_jails_is_one_finding),
                cmocka_unit_test(lists_are_bounded),
                cmocka_unit_test(a_text_is_one_line_of_bounded_length),
                cmocka_unit_test(errors_are_printed_first_with_place_and_fix),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
