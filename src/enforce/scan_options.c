/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scanner is not asked for `get`: it could only be asked what it was told. */
#include "enforce/scan_options.h"

#include <langinfo.h>

static void reset(struct scan_options *options, enum scan_option option, struct value value) {
        scan_options_set(options, option, &value);
}

void scan_options_init(struct scan_options *options) {
        *options = (struct scan_options){0};
        const char *encoding = nl_langinfo(CODESET);
        /* Upstream's "auto" is the locale's encoding, and plain ASCII counts as UTF-8. */
        bool is_ascii = strcmp(encoding, "ANSI_X3.4-1968") == 0;
        scan_options_begin_reload(options);
        reset(options, SCAN_OPTION_PREFREGEX, value_text(""));
        reset(options, SCAN_OPTION_MAXLINES, value_int(1));
        reset(options, SCAN_OPTION_LOGTIMEZONE, VALUE_OF_NONE);
        reset(options, SCAN_OPTION_LOGENCODING, value_text(is_ascii ? "UTF-8" : encoding));
        struct value items[2] = {VALUE_OF_NONE, value_text("Default Detectors")};
        struct value pattern = value_tuple();
        pattern.list.items = items;
        pattern.list.count = 2;
        reset(options, SCAN_OPTION_DATEPATTERN, pattern);
}

void scan_options_done(struct scan_options *options) {
        for (size_t i = 0; i < SCAN_OPTION_COUNT; i++)
                arena_done(&options->arenas[i]);
}

void scan_options_begin_reload(struct scan_options *options) {
        reset(options, SCAN_OPTION_FAILREGEX, value_list());
        reset(options, SCAN_OPTION_IGNOREREGEX, value_list());
        reset(options, SCAN_OPTION_JOURNALMATCH, value_list());
}

void scan_options_set(
        struct scan_options *options, enum scan_option option, const struct value *value) {
        arena_done(&options->arenas[option]);
        options->arenas[option] = ARENA_INIT;
        options->values[option] = value_copy(value, &options->arenas[option]);
}

struct value scan_options_get(const struct scan_options *options, enum scan_option option) {
        return options->values[option];
}
