/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration file: sections are unique and found again, and each option is interpolated to a
 * text within its cap or refused with a reason. */
#include "config/ini.h"
#include "config/interpolate.h"
#include "fuzz.h"

static void interpolate(const struct ini *ini, struct slice section, const struct dict *options,
        struct arena *arena) {
        const struct lookup lookup = {.ini = ini, .section = section, .arena = arena};
        for (size_t i = 0; i < options->count && i < 50; i++) {
                struct fault fault = FAULT_INIT;
                struct value value = VALUE_OF_NONE;
                int r = lookup_get(&lookup, options->entries[i].key, &value, &fault);
                FUZZ_REQUIRE(r != INTERPOLATE_E_NO_SECTION && (r < 0) == (fault.text != NULL));
                if (r == INTERPOLATE_OK && value.type == VALUE_STRING)
                        FUZZ_REQUIRE(value.string.len <= INTERPOLATE_VALUE_MAX &&
                                     utf8_is_valid(value.string));
                fault_done(&fault);
                (void)lookup_get_tag(&lookup, options->entries[i].key, &value, NULL);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice text = fuzz_input(data, size);
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct ini ini = {0};
        if (!utf8_is_valid(text))
                return 0;
        int r = ini_parse(text, "jail.conf", &arena, &ini, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        if (r == 0) {
                interpolate(&ini, SLICE("DEFAULT"), &ini.defaults, &arena);
                for (size_t i = 0; i < ini.count; i++) {
                        FUZZ_REQUIRE(ini_section(&ini, ini.sections[i]->name) == ini.sections[i]);
                        interpolate(&ini, ini.sections[i]->name, &ini.sections[i]->options, &arena);
                }
        }
        fault_done(&fault);
        arena_done(&arena);
        return 0;
}
