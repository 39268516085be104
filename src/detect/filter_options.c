/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the command stream that concern detection: one row and one function each. Errors
 * have upstream's texts, and regexes that cannot be used are told in the log too. Upstream:
 * fail2ban/server/transmitter.py, filter.py, 1.1. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/repr.h"
#include "detect/filter_inside.h"
#include "detect/line.h"

struct call {
        struct filter *filter;
        const struct value *arguments;
        const struct value *first; /* argument; None if there is none */
        struct arena *arena;
        struct value *ret;
        struct fault *fault;
};

static const char *const dns_names[FILTER_DNS_COUNT] = {"yes", "warn", "no", "raw"};

static enum tag_hosts hosts_of(const struct filter *filter) {
        return filter->usedns == FILTER_DNS_NO ? TAG_HOSTS_PLAIN : TAG_HOSTS_NAMED;
}

/* ---- regexes ---- */

static void reply_regexes(const struct call *call, const struct regex_list *list) {
        *call->ret = value_list();
        for (size_t i = 0; i < list->count; i++)
                (void)value_append(call->ret,
                        value_string(arena_copy(call->arena, slice_of(list->items[i]->text))),
                        call->arena);
}

static int add_regex(
        const struct call *call, struct regex_list *list, struct slice text, bool needs_id) {
        const struct filter *filter = call->filter;
        struct failregex *regex = NULL;
        unsigned flags = needs_id && filter->maxlines > 1 ? PATTERN_MULTILINE : PATTERN_PLAIN;
        if (list->count >= FILTER_REGEXES_MAX)
                return fault_raise(call->fault, "RegexException",
                        "More than %d regular expressions", FILTER_REGEXES_MAX);
        int r = failregex_new(text, hosts_of(filter), flags, &regex, call->fault);
        if (r == 0 && needs_id && !regex->has_id &&
                !(filter->prefregex && filter->prefregex->has_id)) {
                r = fault_raise(
                        call->fault, "RegexException", "No failure-id group in '%s'", regex->text);
                regex = failregex_free(regex);
        }
        if (r < 0) {
                filter_say(filter, DIAG_ERROR,
                        arena_copy(call->arena, slice_of(fault_text(call->fault))));
                return r;
        }
        memory_reserve(&list->items, list->count, &list->capacity, sizeof(struct failregex *));
        list->items[list->count++] = regex;
        return 0;
}

static int add_regexes(const struct call *call, struct regex_list *list, bool needs_id) {
        for (size_t i = 0; i < call->arguments->list.count; i++) {
                int r = add_regex(call, list, value_item_text(call->arguments, i), needs_id);
                if (r < 0)
                        return r;
        }
        reply_regexes(call, list);
        return 0;
}

static int read_int(const struct call *call, int64_t *ret) {
        if (call->first->type == VALUE_INT) {
                *ret = call->first->integer;
                return 0;
        }
        if (call->first->type == VALUE_STRING &&
                number_parse_python_int(call->first->string, ret) == 0)
                return 0;
        return fault_raise(call->fault, "ValueError",
                "invalid literal for int() with base 10: %.*s",
                SLICE_ARG(repr(call->first, call->arena)));
}

/* Negative indices count from the end, as in Python. */
static int delete_regex(const struct call *call, struct regex_list *list) {
        int64_t index;
        int r = read_int(call, &index);
        if (r < 0)
                return r;
        int64_t count = (int64_t)list->count;
        int64_t at = index < 0 && index >= -count ? index + count : index;
        if (at >= 0 && at < count) {
                (void)failregex_free(list->items[at]);
                for (size_t i = (size_t)at + 1; i < list->count; i++)
                        list->items[i - 1] = list->items[i];
                list->count--;
        } else {
                filter_say(call->filter, DIAG_ERROR,
                        arena_printf(call->arena,
                                "Cannot remove regular expression. Index %lld is not valid",
                                (long long)index));
        }
        reply_regexes(call, list);
        return 0;
}

static void clear_regexes(struct regex_list *list) {
        while (list->count > 0)
                (void)failregex_free(list->items[--list->count]);
}

static int set_addfailregex(const struct call *call) {
        return add_regexes(call, &call->filter->failregexes, true);
}

static int set_delfailregex(const struct call *call) {
        return delete_regex(call, &call->filter->failregexes);
}

static int set_addignoreregex(const struct call *call) {
        return add_regexes(call, &call->filter->ignoreregexes, false);
}

static int set_delignoreregex(const struct call *call) {
        return delete_regex(call, &call->filter->ignoreregexes);
}

static int set_prefregex(const struct call *call) {
        struct filter *filter = call->filter;
        struct failregex *regex = NULL;
        struct slice text = value_item_text(call->arguments, 0);
        if (text.len > 0) {
                int r = failregex_new(text, hosts_of(filter), PATTERN_PLAIN, &regex, call->fault);
                if (r < 0)
                        return r;
        }
        (void)failregex_free(filter->prefregex);
        filter->prefregex = regex;
        *call->ret =
                value_string(regex ? arena_copy(call->arena, slice_of(regex->text)) : SLICE(""));
        return 0;
}

static int set_begin(const struct call *call) {
        clear_regexes(&call->filter->failregexes);
        clear_regexes(&call->filter->ignoreregexes);
        *call->ret = VALUE_OF_NONE;
        return 0;
}

/* ---- the others ---- */

static struct slice lower(struct slice text, struct arena *arena) {
        char *out = arena_alloc(arena, text.len + 1);
        for (size_t i = 0; i < text.len; i++)
                out[i] = text.data[i] >= 'A' && text.data[i] <= 'Z'
                                 ? (char)(text.data[i] - 'A' + 'a')
                                 : text.data[i];
        return (struct slice){out, text.len};
}

static int set_usedns(const struct call *call) {
        struct slice name = lower(value_item_text(call->arguments, 0), call->arena);
        enum filter_usedns found = FILTER_DNS_COUNT;
        if (call->first->type == VALUE_BOOL)
                found = call->first->boolean ? FILTER_DNS_YES : FILTER_DNS_NO;
        for (int i = 0; i < FILTER_DNS_COUNT && found == FILTER_DNS_COUNT; i++)
                if (slice_is(name, dns_names[i]))
                        found = (enum filter_usedns)i;
        if (found == FILTER_DNS_COUNT) {
                filter_say(call->filter, DIAG_ERROR,
                        arena_printf(call->arena,
                                "Incorrect value %.*s specified for usedns. Using safe 'no'",
                                SLICE_ARG(repr_text(name, call->arena))));
                found = FILTER_DNS_NO;
        }
        call->filter->usedns = found;
        *call->ret = value_text(dns_names[found]);
        return 0;
}

static int set_maxlines(const struct call *call) {
        int64_t lines;
        int r = read_int(call, &lines);
        if (r < 0)
                return r;
        if (lines <= 0)
                return fault_raise(
                        call->fault, "ValueError", "maxlines must be integer greater than zero");
        call->filter->maxlines = lines > LINE_BUFFER_MAX ? LINE_BUFFER_MAX : (uint32_t)lines;
        *call->ret = value_int(lines);
        return 0;
}

static int set_datepattern(const struct call *call) {
        struct filter *filter = call->filter;
        struct slice pattern;
        struct slice name;
        filter->has_dates = call->first->type != VALUE_NONE;
        *call->ret = VALUE_OF_NONE;
        if (!filter->has_dates)
                return 0;
        int r = date_detector_set_pattern(
                filter->dates.detector, value_item_text(call->arguments, 0), call->fault);
        if (r < 0)
                return r;
        int is_default = date_detector_describe(filter->dates.detector, &pattern, &name);
        *call->ret = value_tuple();
        (void)value_append(call->ret,
                is_default || pattern.len == 0 ? VALUE_OF_NONE
                                               : value_string(arena_copy(call->arena, pattern)),
                call->arena);
        (void)value_append(call->ret,
                value_string(
                        arena_copy(call->arena, is_default ? SLICE("Default Detectors") : name)),
                call->arena);
        return 0;
}

static int set_logtimezone(const struct call *call) {
        struct filter *filter = call->filter;
        struct slice zone = value_item_text(call->arguments, 0);
        int r = date_detector_set_timezone(filter->dates.detector, zone, call->fault);
        if (r < 0)
                return r;
        free(filter->timezone);
        filter->timezone = call->first->type == VALUE_STRING ? memory_copy_text(zone) : NULL;
        *call->ret = filter->timezone ? value_string(arena_copy(call->arena, zone)) : VALUE_OF_NONE;
        return 0;
}

static int set_logencoding(const struct call *call) {
        struct slice name = value_item_text(call->arguments, 0);
        enum line_encoding encoding;
        if (slice_equal_nocase(name, SLICE("auto")))
                name = SLICE("UTF-8");
        int r = line_encoding_parse(name, &encoding, call->fault);
        if (r < 0)
                return r;
        free(call->filter->encoding);
        call->filter->encoding = memory_copy_text(name);
        *call->ret = value_string(arena_copy(call->arena, name));
        return 0;
}

static int set_findtime(const struct call *call) {
        struct value findtime = *call->first;
        if (findtime.type != VALUE_INT && findtime.type != VALUE_FLOAT) {
                int r = duration_parse(value_item_text(call->arguments, 0), &findtime, call->fault);
                if (r < 0)
                        return -EINVAL;
        }
        call->filter->dates.findtime = findtime;
        *call->ret = findtime;
        return 0;
}

/* False or 0: whoever takes the results has no use for the lines in them. */
static int set_keepmatches(const struct call *call) {
        int64_t number = call->first->type == VALUE_BOOL ? call->first->boolean : 0;
        if (call->first->type != VALUE_BOOL) {
                int r = read_int(call, &number);
                if (r < 0)
                        return r;
        }
        call->filter->keeps_matches = number != 0;
        *call->ret = *call->first;
        return 0;
}

static int set_switch(const struct call *call, bool *target) {
        if (call->filter->mode != FILTER_TOOL || call->first->type != VALUE_BOOL)
                return fault_raise(call->fault, "Exception", "Not an option of a jail");
        *target = call->first->boolean;
        *call->ret = *call->first;
        return 0;
}

static int set_checkall(const struct call *call) {
        return set_switch(call, &call->filter->check_all);
}

static int set_ignorepending(const struct call *call) {
        return set_switch(call, &call->filter->ignore_pending);
}

static int set_tracegroups(const struct call *call) {
        return set_switch(call, &call->filter->traces_groups);
}

static int set_rawhost(const struct call *call) {
        return set_switch(call, &call->filter->raw_host);
}

static const struct {
        const char *name;
        int (*set)(const struct call *call);
} options[] = {
        {"usedns",         set_usedns        },
        {"prefregex",      set_prefregex     },
        {"addfailregex",   set_addfailregex  },
        {"delfailregex",   set_delfailregex  },
        {"addignoreregex", set_addignoreregex},
        {"delignoreregex", set_delignoreregex},
        {"maxlines",       set_maxlines      },
        {"datepattern",    set_datepattern   },
        {"logtimezone",    set_logtimezone   },
        {"logencoding",    set_logencoding   },
        {"findtime",       set_findtime      },
        {"keepmatches",    set_keepmatches   },
        {"begin",          set_begin         },
        {"checkall",       set_checkall      },
        {"ignorepending",  set_ignorepending },
        {"rawhost",        set_rawhost       },
        {"tracegroups",    set_tracegroups   },
};

int filter_set(struct filter *filter, struct slice option, const struct value *arguments,
        struct arena *arena, struct value *ret_value, struct fault *fault) {
        static const struct value none = {.type = VALUE_NONE};
        const struct value *first = value_item(arguments, 0);
        struct fault own = FAULT_INIT;
        struct call call = {
                filter, arguments, first ? first : &none, arena, ret_value, fault ? fault : &own};
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
                if (!slice_is(option, options[i].name))
                        continue;
                int r = options[i].set(&call);
                filter_forget_literals(filter);
                fault_done(&own);
                return r;
        }
        return fault_raise(fault, "Exception",
                "Invalid command '%.*s' (no set action or not yet implemented)", SLICE_ARG(option));
}

/* ---- reading what is set ---- */

static struct slice text_at(const struct regex_list *list, size_t index) {
        return index < list->count ? slice_of(list->items[index]->text) : SLICE_NULL;
}

size_t filter_failregex_count(const struct filter *filter) {
        return filter->failregexes.count;
}

struct slice filter_failregex(const struct filter *filter, size_t index) {
        return text_at(&filter->failregexes, index);
}

size_t filter_ignoreregex_count(const struct filter *filter) {
        return filter->ignoreregexes.count;
}

struct slice filter_ignoreregex(const struct filter *filter, size_t index) {
        return text_at(&filter->ignoreregexes, index);
}

struct slice filter_prefregex(const struct filter *filter) {
        return filter->prefregex ? slice_of(filter->prefregex->text) : SLICE_NULL;
}

struct date_detector *filter_dates(struct filter *filter) {
        return filter->dates.detector;
}
