/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options as Python's getopt reads them: short ones may be joined (-xf, -cDIR), long ones be cut
 * short while they stay unique, their argument follows '=' or is the next word. getopt_long() of
 * the C library differs in what it takes as ambiguous, and prints. Upstream:
 * client/fail2bancmdline.py, 1.1. */
#include "main/arguments.h"

#include <errno.h>

#include "base/duration.h"

/* clang-format off */
#define OPTION(name, letter, long_name, other, argument, help) OPTION_##name,
enum option_id {
#include "main/arguments.def"
        OPTION_COUNT
};
#undef OPTION

struct option_row {
        char letter;
        const char *names[2];
        bool has_argument;
};

#define OPTION(name, letter, long_name, other, argument, help) {letter, {long_name, other}, (argument) != NULL},
static const struct option_row rows[OPTION_COUNT] = {
#include "main/arguments.def"
};
#undef OPTION
/* clang-format on */

/* One option found. */
struct found {
        enum option_id id;
        bool is_short;
        struct slice argument;
};

struct scan {
        char *const *words;
        size_t count;
        size_t next;        /* index into words */
        struct slice joint; /* what is left of joined short options */
};

enum scan_result { SCAN_OPTION, SCAN_END, SCAN_E_WRONG };

/* The argument of an option whose word ended. */
static enum scan_result take_word(struct scan *scan, struct slice *ret) {
        if (scan->next == scan->count)
                return SCAN_E_WRONG;
        *ret = slice_of(scan->words[scan->next++]);
        return SCAN_OPTION;
}

static enum scan_result scan_short(struct scan *scan, struct found *ret) {
        char letter = scan->joint.data[0];
        scan->joint = slice_sub(scan->joint, 1, scan->joint.len);
        size_t id = 0;
        while (id < OPTION_COUNT && (letter == '\0' || rows[id].letter != letter))
                id++;
        if (id == OPTION_COUNT)
                return SCAN_E_WRONG;
        *ret = (struct found){.id = (enum option_id)id, .is_short = true};
        if (!rows[id].has_argument)
                return SCAN_OPTION;
        if (scan->joint.len == 0)
                return take_word(scan, &ret->argument);
        ret->argument = scan->joint;
        scan->joint = SLICE_NULL;
        return SCAN_OPTION;
}

/* The option called name, or the only one that begins so; OPTION_COUNT if there is none. */
static enum option_id find_long(struct slice name) {
        size_t found = OPTION_COUNT;
        unsigned count = 0;
        for (size_t id = 0; id < OPTION_COUNT; id++)
                for (size_t i = 0; i < 2 && rows[id].names[i]; i++) {
                        if (slice_is(name, rows[id].names[i]))
                                return (enum option_id)id;
                        if (slice_has_prefix(slice_of(rows[id].names[i]), name)) {
                                found = id;
                                count++;
                        }
                }
        return count == 1 ? (enum option_id)found : OPTION_COUNT;
}

static enum scan_result scan_long(struct scan *scan, struct slice word, struct found *ret) {
        size_t equals = slice_find_char(word, '=', 0);
        *ret = (struct found){.id = find_long(slice_sub(word, 0, equals))};
        if (ret->id == OPTION_COUNT)
                return SCAN_E_WRONG;
        bool given = equals < word.len;
        if (given)
                ret->argument = slice_sub(word, equals + 1, word.len);
        if (given && !rows[ret->id].has_argument)
                return SCAN_E_WRONG;
        return rows[ret->id].has_argument && !given ? take_word(scan, &ret->argument) : SCAN_OPTION;
}

static enum scan_result scan_next(struct scan *scan, struct found *ret) {
        if (scan->joint.len > 0)
                return scan_short(scan, ret);
        if (scan->next == scan->count)
                return SCAN_END;
        struct slice word = slice_of(scan->words[scan->next]);
        if (word.len < 2 || word.data[0] != '-')
                return SCAN_END;
        scan->next++;
        if (slice_is(word, "--"))
                return SCAN_END;
        if (word.data[1] == '-')
                return scan_long(scan, slice_sub(word, 2, word.len), ret);
        scan->joint = slice_sub(word, 1, word.len);
        return scan_short(scan, ret);
}

static int take_timeout(struct arguments *arguments, struct slice text, struct fault *fault) {
        struct value seconds;
        int r = duration_parse(text, &seconds, fault);
        if (r < 0)
                return r;
        arguments->timeout_s = seconds.type == VALUE_FLOAT ? seconds.real : (double)seconds.integer;
        return ARGUMENTS_OK;
}

/* Options that are texts. */
static struct slice *text_of(struct arguments *arguments, enum option_id id) {
        struct slice *const texts[OPTION_COUNT] = {
                [OPTION_CONF] = &arguments->conf,
                [OPTION_SOCKET] = &arguments->socket,
                [OPTION_PIDFILE] = &arguments->pidfile,
                [OPTION_PNAME] = &arguments->pname,
                [OPTION_LOGLEVEL] = &arguments->loglevel,
                [OPTION_LOGTARGET] = &arguments->logtarget,
                [OPTION_SYSLOGSOCKET] = &arguments->syslogsocket,
        };
        return texts[id];
}

/* Options that only set something. */
static void set(struct arguments *arguments, enum option_id id) {
        arguments->test |= id == OPTION_TEST;
        arguments->interactive |= id == OPTION_INTERACTIVE;
        arguments->force |= id == OPTION_FORCE;
        arguments->async |= id == OPTION_ASYNC;
        arguments->json |= id == OPTION_JSON;
        arguments->strict |= id == OPTION_STRICT;
        arguments->verbosity += (id == OPTION_VERBOSE) - (id == OPTION_QUIET);
        if (id == OPTION_FOREGROUND || id == OPTION_BACKGROUND)
                arguments->foreground = id == OPTION_FOREGROUND;
        if (id == OPTION_DUMP || id == OPTION_DUMP_PRETTY)
                arguments->dump = id == OPTION_DUMP ? ARGUMENTS_DUMP_PLAIN : ARGUMENTS_DUMP_PRETTY;
}

static int apply(struct arguments *arguments, const struct found *found, struct fault *fault) {
        if (found->id == OPTION_HELP)
                return ARGUMENTS_E_HELP;
        if (found->id == OPTION_VERSION)
                return found->is_short ? ARGUMENTS_E_VERSION_SHORT : ARGUMENTS_E_VERSION;
        if (found->id == OPTION_TIMEOUT)
                return take_timeout(arguments, found->argument, fault);
        if (found->id == OPTION_STR2SEC) {
                int r = duration_parse(found->argument, &arguments->seconds, fault);
                return r < 0 ? r : ARGUMENTS_E_SECONDS;
        }
        struct slice *text = text_of(arguments, found->id);
        if (text)
                *text = found->argument;
        else
                set(arguments, found->id);
        return ARGUMENTS_OK;
}

int arguments_read(struct arguments *arguments, int argc, char *const argv[], struct fault *fault) {
        *arguments = (struct arguments){
                .conf = SLICE("/etc/fail2ban"), .timeout_s = ARGUMENTS_TIMEOUT_S};
        struct scan start = {.words = argv, .count = (size_t)argc, .next = argc > 0};
        struct scan scan = start;
        struct found found;
        enum scan_result result;
        while ((result = scan_next(&scan, &found)) == SCAN_OPTION)
                ;
        if (result == SCAN_E_WRONG)
                return ARGUMENTS_E_USAGE;
        arguments->words = argv + scan.next;
        arguments->word_count = scan.count - scan.next;
        int r = ARGUMENTS_OK;
        scan = start;
        while (r == ARGUMENTS_OK && scan_next(&scan, &found) == SCAN_OPTION)
                r = apply(arguments, &found, fault);
        return r;
}
