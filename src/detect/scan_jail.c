/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The encoding and the journal matches are options that the filter does not need itself: lines reach it decoded and chosen. */
#include "detect/scan_jail.h"

#include "base/memory.h"
#include "detect/date.h"

struct scan_jail *scan_jail_new(uint32_t id, struct slice name, const struct filter_env *env) {
        struct scan_jail *jail = memory_new(sizeof(*jail));
        *jail = (struct scan_jail){
                .id = id,
                .name = memory_copy_text(name),
                .env = *env,
                .encoding = LINE_UTF8,
                .keeps_ascii = true,
                .encoding_name = memory_copy_text(SLICE("UTF-8")),
        };
        jail->env.user = jail;
        jail->filter = filter_new(slice_of(jail->name), FILTER_DAEMON, &jail->env);
        return jail;
}

struct scan_jail *scan_jail_free(struct scan_jail *jail) {
        if (!jail)
                return NULL;
        (void)filter_free(jail->filter);
        journal_match_done(&jail->match);
        free(jail->encoding_name);
        free(jail->name);
        free(jail);
        return NULL;
}

static int set_match(struct scan_jail *jail, bool add, const struct value *arguments, struct arena *arena, struct value *ret_value,
        struct fault *fault) {
        int r = add ? journal_match_add(&jail->match, arguments, fault) : journal_match_del(&jail->match, arguments, fault);
        jail->match_changes++;
        *ret_value = journal_match_value(&jail->match, arena);
        return r;
}

int scan_jail_set(struct scan_jail *jail, struct slice option, const struct value *arguments, struct arena *arena,
        struct value *ret_value, struct fault *fault) {
        enum line_encoding encoding = jail->encoding;
        bool is_encoding = slice_is(option, "logencoding");
        bool is_match = slice_is(option, "addjournalmatch");
        if (is_match || slice_is(option, "deljournalmatch"))
                return set_match(jail, is_match, arguments, arena, ret_value, fault);
        if (slice_is(option, "begin")) {
                journal_match_done(&jail->match);
                jail->match_changes++;
        }
        if (is_encoding) {
                int r = line_encoding_parse(value_item_text(arguments, 0), &encoding, fault);
                if (r < 0)
                        return r;
        }
        int r = filter_set(jail->filter, option, arguments, arena, ret_value, fault);
        if (r < 0 || !is_encoding)
                return r;
        jail->encoding = encoding;
        jail->keeps_ascii = line_encoding_is_ascii_compatible(encoding);
        free(jail->encoding_name);
        jail->encoding_name = memory_copy_text(ret_value->type == VALUE_STRING ? ret_value->string : value_item_text(arguments, 0));
        return 0;
}

bool scan_jail_date(struct scan_jail *jail, struct slice raw, struct arena *arena, double *ret_time) {
        bool repaired;
        struct date_match match;
        struct fault fault = FAULT_INIT;
        struct slice text = line_strip_end(line_decode(jail->encoding, raw, arena, &repaired));
        int r = date_detector_match(filter_dates(jail->filter), text, &match, &fault);
        fault_done(&fault);
        if (r != DATE_FOUND)
                return false;
        *ret_time = match.time;
        return true;
}
