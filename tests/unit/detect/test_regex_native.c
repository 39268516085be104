/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/regex_native.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "base/buffer.h"
#include "detect/pattern.h"
#include "detect/regex_begin.h"
#include "detect/regex_emit.h"

static char *page_end; /* behind it nothing may be read */

static int set_up(void **state) {
        size_t size = (size_t)sysconf(_SC_PAGESIZE);
        (void)state;
        char *pages =
                mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(pages != MAP_FAILED);
        assert_int_equal(mprotect(pages + size, size, PROT_NONE), 0);
        page_end = pages + size;
        return 0;
}

/* The line where the first byte behind it cannot be read. */
static struct slice at_edge(struct slice line) {
        memcpy(page_end - line.len, line.data, line.len);
        return (struct slice){page_end - line.len, line.len};
}

static struct pattern *compile(struct slice regex) {
        struct pattern *pattern = NULL;
        struct fault fault = FAULT_INIT;
        (void)pattern_compile(regex, PATTERN_PLAIN, &pattern, &fault);
        fault_done(&fault);
        return pattern;
}

/* PATTERN_SUBJECT_OTHER is always for PCRE2. Returns what it says, or -1 if there is no telling. */
static int compare(
        const struct regex_native *native, const struct pattern *pattern, struct slice line) {
        const size_t *spans = NULL;
        uint64_t groups = 0;
        struct pattern_match match;
        struct slice edge = at_edge(line);
        size_t origin = (size_t)(uintptr_t)edge.data;
        enum regex_native_result found = regex_native_search(native, edge, &spans, &groups);
        int expected = pattern_search_whole(pattern, line, PATTERN_SUBJECT_OTHER, &match, NULL);
        if (found == REGEX_NATIVE_GAVE_UP || expected < 0)
                return -1;
        assert_int_equal(found == REGEX_NATIVE_MATCH, expected);
        struct regex_begin begin;
        assert_true(pattern_begin(pattern, &begin));
        assert_true(expected == 0 || regex_set_has(&begin.first, (unsigned char)line.data[0]));
        assert_true(expected == 0 || regex_begin_fits(&begin, line));
        for (size_t group = 0; expected > 0 && group <= pattern_group_count(pattern); group++) {
                size_t start;
                size_t end;
                bool is_set = pattern_match_span(&match, group, &start, &end);
                assert_int_equal(groups >> group & 1, is_set);
                if (!is_set)
                        continue;
                assert_int_equal(spans[2 * group] - origin, start);
                assert_int_equal(spans[2 * group + 1] - origin, end);
        }
        return expected;
}

static uint32_t next_random(uint32_t below) {
        static uint32_t seed = 11;
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

#define PICK(texts) slice_of((texts)[next_random(sizeof(texts) / sizeof((texts)[0]))])

/* ---- regexes of any kind ---- */

struct random_regex {
        struct buffer text;
        unsigned groups;
};

static void put(struct random_regex *regex, struct slice text) {
        (void)buffer_append(&regex->text, text);
}

static void put_pieces(struct random_regex *regex, unsigned depth);

static void put_group(struct random_regex *regex, unsigned depth) {
        static const char *const opens[] = {
                "(?:", "(?:", "(", "(?:b|", "(?:a|1b|", "(?!", "(?=", "(?:,)?(?:"};
        static const char *const closes[] = {
                ")", ")", ")?", "|a)", "|)?", ")*", ")+", "){0,2}", "){2}", ")??", ")*?"};
        uint32_t kind = next_random(11);
        if (kind >= 8 && kind < 10 && regex->groups > 0) {
                (void)buffer_printf(&regex->text, "(?(g%u)", 1 + next_random(regex->groups));
                put_pieces(regex, depth - 1);
                put(regex, next_random(2) ? SLICE("|a)") : SLICE(")"));
                return;
        }
        if (kind >= 8)
                (void)buffer_printf(&regex->text, "(?P<g%u>", ++regex->groups);
        else
                put(regex, slice_of(opens[kind]));
        put_pieces(regex, depth - 1);
        put(regex, kind == 5 || kind == 6 ? SLICE(")") : PICK(closes));
}

static void put_pieces(struct random_regex *regex, unsigned depth) {
        static const char *const pieces[] = {"a", "b", ",", " ", "1", "ab", "a,b1 ab,a", "[ab]",
                "[^a]", "[^ ,]", "\\d", "\\w", "\\s", "\\S", "\\W", ".", "$", "(?<=a)", "(?<! )",
                "(?! a)", "(?=[ab1])", "\\.", "(?:\\d{1,3}\\.){3}\\d{1,3}", "(?:(?! a).)*",
                "(?:(?!b)[ab]){1,3}", "[1-9a-b]", "(?:a|b)", "[\\d.]", "aaaaaaa", "(?!)", "\\n",
                "\\b", "\\b", "\\B", ", a,"};
        static const char *const repeats[] = {"", "", "", "", "?", "*", "+", "{2}", "{1,3}",
                "{0,2}", "*?", "+?", "??", "{1,2}?", "{2,}"};
        for (uint32_t left = 1 + next_random(4); left > 0; left--) {
                if (depth > 0 && next_random(3) == 0) {
                        put_group(regex, depth);
                } else {
                        put(regex, PICK(pieces));
                        put(regex, PICK(repeats));
                }
        }
}

static struct slice random_line(char *buffer, size_t size) {
        static const char *const bits[] = {"a", "b", ",", " ", " a", "ab", "1", "12", ".", "A",
                "1.22.3.45", "a,b1 ab,a", "\t", "aaaaaaa", "bb"};
        size_t len = 0;
        for (uint32_t left = next_random(14); left > 0; left--)
                len += (size_t)snprintf(buffer + len, size - len, "%s", PICK(bits).data);
        buffer[len++] = '\n';
        return (struct slice){buffer, len};
}

static void random_regexes_match_as_with_pcre2(void **state) {
        unsigned count = 0;
        unsigned matches = 0;
        unsigned unknown = 0;
        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                struct random_regex regex = {.text = BUFFER_INIT(65536)};
                char line[256];
                put(&regex, next_random(8) == 0 ? SLICE("(?i)^") : SLICE("^"));
                put_pieces(&regex, 3);
                struct slice text = buffer_view(&regex.text);
                struct pattern *pattern = compile(text);
                struct regex_native *native = pattern ? regex_native_new(text, 0) : NULL;
                count += native != NULL;
                for (unsigned i = 0; native && i < 40; i++) {
                        int r = compare(native, pattern, random_line(line, sizeof(line)));
                        matches += r > 0;
                        unknown += r < 0;
                }
                (void)regex_native_free(native);
                (void)pattern_free(pattern);
                buffer_done(&regex.text);
        }
        assert_true(count > 5000);
        assert_true(matches > 50000);
        assert_true(unknown < matches / 100);
}

/* ---- regexes of filters ---- */

#define HOST                                                                                       \
        "(?:\\[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\\d{1,3}\\.){3}\\d{1,3})|(?P<ip6>(?:[0-9a-fA-F]{1,4}:" \
        ":?|"                                                                                      \
        ":){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)))\\]?|(?P<dns>[\\w\\-.^_]*\\w))"

static const char *const filters[] = {
        "^(?P<mlfid>(?:\\[\\])?\\s*(?:<[^.]+\\.[^.]+>\\s+)?(?:\\S+\\s+)?(?:kernel:\\s?\\[ "
        "*\\d+\\.\\d+\\]"
        ":?\\s+)?(?:@vserver_\\S+\\s+)?(?:(?:(?:\\[\\d+\\])?:\\s+[\\[\\(]?sshd(?:-session)?(?:\\("
        "\\S+"
        "\\))?[\\]\\)]?:?|[\\[\\(]?sshd(?:-session)?(?:\\(\\S+\\))?[\\]\\)]?:?(?:\\[\\d+\\])?:?)"
        "\\s+)?"
        ")(?:(?:error|fatal): (?:PAM: )?)?(?P<content>.+)$",
        "^Failed (?:(?P<nofail>publickey)|\\S+) for (?P<inv>invalid user )?(?P<user>(?P<cond>\\S+)|"
        "(?(inv)(?:(?! from ).)*?|[^:]+)) from " HOST "(?: port \\d+){0,2}(?: ssh\\d*)?"
        "(?(cond): |(?:(?:(?! from ).)*)$)",
        "^(?P<user>\\S+|.*?)(?: from)? " HOST "(?: (?:port \\d+|on \\S+|\\[preauth\\])){0,3}\\s*$",
        "^(?i)" HOST "? sshd\\S*(?=: )[^x]*\\[preauth\\]\\s*$",
        "(?i)^ ?(?:H|" HOST ")? ?SSHD\\S*(?=: )[^x]*",
        "^\\s*(?P<a>Failed|\\S+?) (?P<b>\\w+ )*?(?:for|from) " HOST "(?: |$)",
        "^\\s*(?P<a>Failed|\\S+?) (?:\\w+ )*?(?:for|from) " HOST "(?: |$)",
        "^\\s*(?:\\[1\\] )?(?P<content>.*), client: " HOST
        "(?:, (?:server|host): (?:\"[^\"]*\"|\\S*)){0,4}\\s*$",
};

static struct slice filter_line(char *buffer, size_t size) {
        static const char *const words[] = {"Failed", " ", "password", " for ", "invalid user ",
                "root", " from ", "1.2.3.4", "::1", "[fe80::1:2]", "::ffff:1.2.3.4", "1.2.3.400",
                "host.example", " port 22", " ssh2", ": ", ":", "x", "[1]",
                "sshd[12]: ", "error: ", "\t", "publickey", " [preauth]", "h sshd: ", " on x",
                ", client: ", ", client: 1.2.3.4", ", server: \"a, b\"", ", host: x"};
        static const char *const starts[] = {
                "Failed x for ", "Failed publickey for invalid user ", " h sshd[1]: ", ""};
        size_t len = (size_t)snprintf(buffer, size, "%s", PICK(starts).data);
        for (uint32_t left = next_random(9); left > 0; left--)
                len += (size_t)snprintf(buffer + len, size - len, "%s", PICK(words).data);
        buffer[len++] = '\n';
        return (struct slice){buffer, len};
}

static void filters_match_as_with_pcre2(void **state) {
        unsigned natives = 0;
        char line[256];
        (void)state;
        for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
                struct pattern *pattern = compile(slice_of(filters[i]));
                struct regex_native *native = regex_native_new(slice_of(filters[i]), 0);
                unsigned matches = 0;
                natives += native != NULL;
                for (unsigned round = 0; native && round < 20000; round++)
                        matches += compare(native, pattern, filter_line(line, sizeof(line))) > 0;
                assert_true(!native || matches > 100);
                (void)regex_native_free(native);
                (void)pattern_free(pattern);
        }
        assert_int_equal(natives, 6);
}

/* ---- limits ---- */

static enum regex_native_result search(const char *regex, struct slice line) {
        const size_t *spans;
        uint64_t groups;
        struct regex_native *native = regex_native_new(slice_of(regex), 0);
        assert_non_null(native);
        enum regex_native_result r = regex_native_search(native, line, &spans, &groups);
        (void)regex_native_free(native);
        return r;
}

static struct slice line_of(char *buffer, const char *text, size_t times, const char *end) {
        size_t len = 0;
        for (size_t i = 0; i < times; i++, len += strlen(text))
                memcpy(buffer + len, text, strlen(text));
        memcpy(buffer + len, end, strlen(end));
        len += strlen(end);
        buffer[len++] = '\n';
        return (struct slice){buffer, len};
}

static void what_is_made_to_be_slow_is_given_up(void **state) {
        static const char slow[] = "^(?:a|[ab]|\\w)*c";
        char buffer[8192];
        (void)state;
        assert_int_equal(search(slow, line_of(buffer, "a", 6, "")), REGEX_NATIVE_MISS);
        assert_int_equal(search(slow, line_of(buffer, "a", 6, "c")), REGEX_NATIVE_MATCH);
        assert_int_equal(search(slow, line_of(buffer, "a", 20, "")), REGEX_NATIVE_GAVE_UP);
        assert_int_equal(search("^.*b.*b.*b.*b", line_of(buffer, "b", 3, "")), REGEX_NATIVE_MISS);
        assert_int_equal(
                search("^.*b.*b.*b.*bc", line_of(buffer, "b", 200, "")), REGEX_NATIVE_GAVE_UP);
}

static void what_needs_many_choices_is_given_up(void **state) {
        static const char regex[] = "^(?:ab|a[bc])*d";
        char buffer[8192];
        (void)state;
        for (size_t times = 1; times < 1000; times += times / 4 + 1) {
                enum regex_native_result r = search(regex, line_of(buffer, "ab", times, "d"));
                assert_int_equal(r,
                        times < REGEX_EMIT_CHOICES_MAX ? REGEX_NATIVE_MATCH : REGEX_NATIVE_GAVE_UP);
        }
}

static void long_lines_are_searched(void **state) {
        static char buffer[200000];
        (void)state;
        assert_int_equal(search("^.+x (?:\\S+ )?y$", line_of(buffer, "ab ", 60000, "x y")),
                REGEX_NATIVE_MATCH);
        assert_int_equal(
                search("^(?:a|b| )*$", line_of(buffer, "ab ", 60000, "")), REGEX_NATIVE_MATCH);
        assert_int_equal(
                search("^[^x]*?x\\s*$", line_of(buffer, "ab ", 60000, "x")), REGEX_NATIVE_MATCH);
}

static void an_empty_line_is_a_line(void **state) {
        struct slice line = {page_end - 1, 1};
        (void)state;
        page_end[-1] = '\n';
        assert_int_equal(search("^$", line), REGEX_NATIVE_MATCH);
        assert_int_equal(search("^\\s*$", line), REGEX_NATIVE_MATCH);
        assert_int_equal(search("^\\s+(?:a|b)?$", line), REGEX_NATIVE_MATCH);
        assert_int_equal(search("^\\s[^a]", line), REGEX_NATIVE_MISS);
        assert_int_equal(search("^\\sa*b", line), REGEX_NATIVE_MISS);
        assert_int_equal(search("^\\s*(?:\\d{1,3}\\.){3}\\d{1,3} ", line), REGEX_NATIVE_MISS);
        assert_int_equal(search("^.", line), REGEX_NATIVE_MISS);
        assert_int_equal(search("^ab", line), REGEX_NATIVE_MISS);
}

/* It says no more than that a group can be left out where it leads to nothing. */
static void a_barred_group_does_not_match(void **state) {
        const struct slice line = SLICE("aab: \n");
        const size_t *spans;
        uint64_t groups;
        (void)state;
        struct regex_native *native = regex_native_new(SLICE("^(?P<x>a+)?(?(x): |a*b)"), 7);
        assert_non_null(native);
        assert_int_equal(regex_native_search(native, line, &spans, &groups), REGEX_NATIVE_MATCH);
        assert_int_equal(groups & 2, 0);
        assert_int_equal(spans[1] - (size_t)(uintptr_t)line.data, 3);
        (void)regex_native_free(native);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(random_regexes_match_as_with_pcre2),
                cmocka_unit_test(filters_match_as_with_pcre2),
                cmocka_unit_test(what_is_made_to_be_slow_is_given_up),
                cmocka_unit_test(what_needs_many_choices_is_given_up),
                cmocka_unit_test(long_lines_are_searched),
                cmocka_unit_test(an_empty_line_is_a_line),
                cmocka_unit_test(a_barred_group_does_not_match),
        };
        if (!REGEX_EMIT_IS_THERE)
                return 77; /* skipped */
        return cmocka_run_group_tests(tests, set_up, NULL);
}
