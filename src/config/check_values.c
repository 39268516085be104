/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row for each option whose values have a form: what is checked, and how bad it is. Values are
 * those of the stream, so what another option or file brought in is seen as the server sees it. */
#include "config/check_values.h"

#include <sys/stat.h>

#include "base/address.h"
#include "base/duration.h"
#include "base/number.h"
#include "base/repr.h"
#include "config/options.h"
#include "config/suggest.h"
#include "config/text.h"

struct check {
        struct findings *findings;
        struct slice jail;
        struct slice option;
        const struct value_origin *origin;
};

static void find(const struct check *c, enum finding_severity severity, struct slice part,
        struct slice text, struct slice fix) {
        const struct finding finding = {severity, c->origin, c->jail, 0, part, text, fix};
        findings_add(c->findings, &finding);
}

static struct slice about(const struct check *c, struct slice value, const char *what) {
        struct arena *arena = c->findings->arena;
        size_t verb = slice_has_prefix(c->option, SLICE("add")) ? 3 : 0;
        return arena_printf(arena, "%.*s %.*s %s",
                SLICE_ARG(slice_sub(c->option, verb, c->option.len)),
                SLICE_ARG(repr_text(value, arena)), what);
}

/* ---- forms ---- */

static void check_duration(const struct check *c, const struct value *value) {
        struct value seconds;
        struct fault fault = FAULT_INIT;
        if (value->type == VALUE_STRING && duration_parse(value->string, &seconds, &fault) < 0)
                find(c, FINDING_ERROR, value->string, about(c, value->string, "is no time"),
                        SLICE("write seconds, or for example 10m, 1h 30m, 1d, 2w"));
        fault_done(&fault);
}

/* A time that must pass for anything to count. */
static void check_span(const struct check *c, const struct value *value) {
        struct value seconds;
        struct fault fault = FAULT_INIT;
        check_duration(c, value);
        if (value->type == VALUE_STRING && duration_parse(value->string, &seconds, &fault) == 0 &&
                seconds.type == VALUE_INT && seconds.integer <= 0)
                find(c, FINDING_WARNING, value->string,
                        about(c, value->string, "leaves no failure to count"),
                        SLICE("write a time above 0, for example 10m"));
        fault_done(&fault);
}

static void check_multipliers(const struct check *c, const struct value *value) {
        struct value words = value_list();
        int64_t number;
        if (value->type == VALUE_STRING)
                options_split_words(value->string, &words, c->findings->arena);
        for (size_t i = 0; i < words.list.count; i++)
                if (number_parse_python_int(words.list.items[i].string, &number) < 0)
                        find(c, FINDING_ERROR, words.list.items[i].string,
                                about(c, words.list.items[i].string, "is no whole number"),
                                SLICE("write whole numbers, for example 1 2 4 8 16"));
}

static void check_count(const struct check *c, const struct value *value) {
        if (value->type == VALUE_INT && value->integer < 1)
                find(c, FINDING_WARNING, SLICE(""),
                        arena_printf(c->findings->arena, "%.*s is %lld, not above 0",
                                SLICE_ARG(c->option), (long long)value->integer),
                        SLICE("write a whole number from 1"));
}

/* "write yes, warn, no or raw" */
static struct slice list_words(const char *const *words, struct arena *arena) {
        struct slice all = arena_printf(arena, "write %s", words[0]);
        for (size_t i = 1; words[i]; i++)
                all = arena_printf(
                        arena, "%.*s%s%s", SLICE_ARG(all), words[i + 1] ? ", " : " or ", words[i]);
        return all;
}

static void check_word(const struct check *c, struct slice word, const char *const *words,
        enum finding_severity severity, const char *what) {
        struct suggest suggest = suggest_begin(word);
        for (size_t i = 0; words[i]; i++) {
                if (slice_equal_nocase(word, slice_of(words[i])))
                        return;
                suggest_offer(&suggest, slice_of(words[i]));
        }
        struct slice fix = suggest_text(&suggest, c->findings->arena);
        find(c, severity, word, about(c, word, what),
                fix.len > 0 ? fix : list_words(words, c->findings->arena));
}

static void check_backend(const struct check *c, const struct value *value) {
        static const char *const words[] = {"auto", "polling", "pyinotify", "systemd", "bans", NULL};
        struct slice name = value->type == VALUE_STRING ? value->string : SLICE("");
        check_word(c, slice_sub(name, 0, slice_find_char(name, '[', 0)), words, FINDING_ERROR,
                "is no backend");
}

static void check_usedns(const struct check *c, const struct value *value) {
        static const char *const words[] = {"yes", "warn", "no", "raw", NULL};
        if (value->type == VALUE_STRING)
                check_word(c, value->string, words, FINDING_WARNING, "counts as 'no'");
}

/* Whether it can be nothing but an address: no name of a host is made so. */
static bool has_address_form(struct slice word) {
        size_t digits = 0, colons = 0, others = 0;
        for (size_t i = 0; i < word.len; i++) {
                char ch = word.data[i];
                bool hex = (ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F');
                digits += ch >= '0' && ch <= '9';
                colons += ch == ':';
                others += !(ch >= '0' && ch <= '9') && !strchr("./:", ch) && !hex;
                others += hex && slice_find_char(word, ':', 0) == word.len;
        }
        return others == 0 && digits + colons > 0;
}

static void check_ignored(const struct check *c, struct slice word) {
        struct address address;
        int r = address_parse(word, &address);
        bool wide = r == 0 && address.plen > (address.family == ADDRESS_INET4 ? 32 : 128);
        if (has_address_form(word) && (r < 0 || wide))
                find(c, FINDING_WARNING, word,
                        about(c, word, "is neither an address nor a network"),
                        SLICE("write ADDRESS or ADDRESS/PREFIX, for example 192.0.2.0/24"));
}

/* ---- rows ---- */

/* What is a path's folder; empty if there is none. */
static struct slice folder_of(struct slice path) {
        size_t end = text_name_start(path);
        return slice_sub(path, 0, end > 1 ? end - 1 : end);
}

static bool is_folder(struct slice path, struct arena *arena) {
        struct stat st;
        return stat(arena_copy(arena, path).data, &st) == 0 && S_ISDIR(st.st_mode);
}

static void find_folder(const struct check *c, struct slice path, struct slice folder) {
        find(c, FINDING_WARNING, path, about(c, path, "cannot be made, its folder is not there"),
                arena_printf(c->findings->arena, "make folder %.*s, or choose another one",
                        SLICE_ARG(folder)));
}

/* A log of the server's own, with options in brackets perhaps. */
static void check_log_target(const struct check *c, const struct value *value) {
        struct slice text = value->type == VALUE_STRING ? value->string : SLICE("");
        struct slice path = slice_trim(slice_sub(text, 0, slice_find_char(text, '[', 0)));
        struct slice folder = folder_of(path);
        if (slice_has_prefix(path, SLICE("/")) && !is_folder(folder, c->findings->arena))
                find_folder(c, path, folder);
}

/* The server makes the last folder by itself. */
static void check_database(const struct check *c, const struct value *value) {
        struct slice path = value->type == VALUE_STRING ? value->string : SLICE("");
        struct slice folder = folder_of(path);
        struct arena *arena = c->findings->arena;
        if (slice_has_prefix(path, SLICE("/")) && !is_folder(folder, arena) &&
                !is_folder(folder_of(folder), arena))
                find_folder(c, path, folder);
}

static void check_allow_ipv6(const struct check *c, const struct value *value) {
        static const char *const words[] = {
                "auto", "yes", "no", "true", "false", "on", "off", "1", "0", NULL};
        if (value->type == VALUE_STRING)
                check_word(c, value->string, words, FINDING_WARNING, "is neither on nor off");
}

static const struct {
        const char *option;
        void (*check)(const struct check *c, const struct value *value);
} rows[] = {
        {"bantime",             check_duration   },
        {"findtime",            check_span       },
        {"bantime.maxtime",     check_duration   },
        {"bantime.rndtime",     check_duration   },
        {"bantime.multipliers", check_multipliers},
        {"dbpurgeage",          check_duration   },
        {"timeout",             check_duration   },
        {"maxretry",            check_count      },
        {"usedns",              check_usedns     },
        {"logtarget",           check_log_target },
        {"dbfile",              check_database   },
        {"allowipv6",           check_allow_ipv6 },
};

static void check_row(const struct check *c, const struct value *value) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (slice_is(c->option, rows[i].option))
                        rows[i].check(c, value);
}

static void check_properties(struct check *c, const struct value *pairs) {
        for (size_t i = 0; pairs && value_is_container(pairs) && i < pairs->list.count; i++) {
                const struct value *pair = &pairs->list.items[i];
                const struct value *value = value_item(pair, 1);
                c->option = value_item_text(pair, 0);
                c->origin = pair->origin;
                if (value && slice_is(c->option, "timeout"))
                        check_row(c, value);
        }
}

/* set OPTION VALUE, set JAIL OPTION VALUE..., multi-set JAIL action NAME PAIRS, add JAIL BACKEND */
static void check_command(struct findings *findings, const struct value *command) {
        struct check c = {.findings = findings, .origin = command->origin};
        struct slice verb = value_item_text(command, 0);
        size_t count = command->list.count;
        if (slice_is(verb, "add") && count == 3) {
                c.jail = value_item_text(command, 1);
                c.option = SLICE("backend");
                check_backend(&c, value_item(command, 2));
        } else if (slice_is(verb, "set") && count == 3) {
                c.option = value_item_text(command, 1);
                check_row(&c, value_item(command, 2));
        } else if (slice_is(verb, "set") && count > 3) {
                c.jail = value_item_text(command, 1);
                c.option = value_item_text(command, 2);
                check_row(&c, value_item(command, 3));
                for (size_t i = 3; slice_is(c.option, "addignoreip") && i < count; i++)
                        check_ignored(&c, value_item_text(command, i));
        } else if (slice_is(verb, "multi-set") && count == 5) {
                c.jail = value_item_text(command, 1);
                check_properties(&c, value_item(command, 4));
        }
}

void check_values(const struct value *stream, struct findings *findings) {
        for (size_t i = 0; i < stream->list.count; i++)
                if (value_is_container(&stream->list.items[i]))
                        check_command(findings, &stream->list.items[i]);
}
