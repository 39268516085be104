/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/timezone.h"

#include <errno.h>

#include "../cmocka_include.h"

static void zones_are_fixed_offsets(void **state) {
        (void)state;
        static const struct {
                const char *text;
                int result;
                int minutes;
        } rows[] = {
                {"",              TIMEZONE_OK,  0   },
                {"UTC",           TIMEZONE_OK,  0   },
                {"Z",             TIMEZONE_OK,  0   },
                {"CET",           TIMEZONE_OK,  60  },
                {"CET+0100",      TIMEZONE_OK,  120 },
                {"UTC+01",        TIMEZONE_OK,  60  },
                {"-03:30",        TIMEZONE_OK,  -210},
                {"-0330",         TIMEZONE_OK,  -210},
                {"NPT",           TIMEZONE_OK,  345 },
                {"YEKST",         TIMEZONE_OK,  360 },
                {"Y",             TIMEZONE_OK,  -720},
                {"+1\xd9\xa2",    TIMEZONE_OK,  720 }, /* Arabic-Indic two */
                {"utc",           TIMEZONE_BAD, 0   },
                {"UT",            TIMEZONE_BAD, 0   },
                {"ABCDEF",        TIMEZONE_BAD, 0   },
                {"Europe/Berlin", TIMEZONE_BAD, 0   },
                {"+1",            TIMEZONE_BAD, 0   },
                {"+2000",         TIMEZONE_BAD, 0   },
                {"+01:",          TIMEZONE_BAD, 0   },
                {"+01::00",       TIMEZONE_BAD, 0   },
                {"+01000",        TIMEZONE_BAD, 0   },
                {"+010",          TIMEZONE_BAD, 0   },
                {"UTC 01",        TIMEZONE_BAD, 0   },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int minutes = 0;
                if (timezone_parse(slice_of(rows[i].text), &minutes, NULL) != rows[i].result || minutes != rows[i].minutes)
                        fail_msg("'%s': %d", rows[i].text, minutes);
        }
}

static void an_unknown_abbreviation_is_a_key_error(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        int minutes;
        assert_int_equal(timezone_parse(SLICE("XYZ+01"), &minutes, &fault), -EINVAL);
        assert_string_equal(fault.kind, "KeyError");
        assert_string_equal(fault_text(&fault), "'XYZ'");
        fault_done(&fault);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(zones_are_fixed_offsets),
                cmocka_unit_test(an_unknown_abbreviation_is_a_key_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
