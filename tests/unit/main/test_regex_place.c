/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/regex_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_include.h"

static const char text[] = "[Definition]\n"                                               /* 1 */
                           "_prefix = ^host \\S+:\n"                                      /* 2 */
                           "other = ^gone from <HOST>\n"                                  /* 3 */
                           "   ^left by <HOST> 100%% sure$\n"                             /* 4 */
                           "failregex = %(_prefix)s refused <HOST>$\n"                    /* 5 */
                           "            %(_prefix)s denied <HOST>$\n"                     /* 6 */
                           "# comment\n"                                                  /* 7 */
                           "            %(other)s\n"                                      /* 8 */
                           "            <mode>\n"                                         /* 9 */
                           "            ^<bound> by <F-USER>\\S+</F-USER> from <HOST>$\n" /* 10 */
                           "\n"                                                           /* 11 */
                           "ignoreregex = denied <HOST>$\n";                              /* 12 */

static void line_is_the_one_the_regex_was_written_in(void **state) {
        static const struct {
                const char *regex;
                unsigned line;
        } rows[] = {
                {"^host \\S+: refused <HOST>$",              5 },
                {"^host \\S+: denied <HOST>$",               6 },
                {"^gone from <HOST>",                        3 },
                {"^left by <HOST> 100% sure$",               4 },
                {"^x by <F-USER>\\S+</F-USER> from <HOST>$", 10},
                {"^something else$",                         5 },
        };
        char path[] = "/tmp/regex_place.XXXXXX";
        (void)state;
        int fd = mkstemp(path);
        assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
        close(fd);
        const struct value_origin origin = {.file = path, .line = 5};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unsigned line = regex_place_line(&origin, slice_of(rows[i].regex));
                if (line != rows[i].line)
                        fail_msg("%s: %u", rows[i].regex, line);
        }
        assert_int_equal(unlink(path), 0);
}

static void unreadable_file_leaves_the_options_line(void **state) {
        const struct value_origin origin = {.file = "/nonexistent/x.conf", .line = 7};
        (void)state;
        assert_int_equal(regex_place_line(&origin, SLICE("^x <HOST>")), 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(line_is_the_one_the_regex_was_written_in),
                cmocka_unit_test(unreadable_file_leaves_the_options_line),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
