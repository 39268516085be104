/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of options and what optparse makes of argv: unique beginnings of long names,
 * "--name=value", clusters of short ones, options behind positional arguments, and its messages,
 * which scripts may look for. */
#include "main/regex_arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/number.h"
#include "base/version.h"

#define NUMBER_BYTES 64 /* of a number not in base 10 */

enum option_kind {
        OPTION_FLAG,
        OPTION_COUNT,
        OPTION_TEXT,
        OPTION_NUMBER,
        OPTION_VERSION,
        OPTION_SHORT_VERSION,
        OPTION_HELP,
};

struct option {
        const char *names[3]; /* short, long, other long */
        enum option_kind kind;
        size_t member;    /* offset */
        const char *help; /* "ARGUMENT|text" or "text" */
};

/* clang-format off */
static const struct option options[] = {
#define OPTION(brief, name, other, kind, member, help) {{brief, name, other}, kind, offsetof(struct regex_arguments, member), help},
#include "main/regex_arguments.def"
#undef OPTION
};
/* clang-format on */
#define OPTION_ROWS (sizeof(options) / sizeof(options[0]))

struct parser {
        struct regex_arguments *out;
        char **argv;
        int argc;
        int next; /* argument to look at */
};

static bool takes_value(const struct option *option) {
        return option->kind == OPTION_TEXT || option->kind == OPTION_NUMBER;
}

static void print_usage(FILE *to, const char *program) {
        (void)fprintf(to, "Usage: %s [OPTIONS] <LOG> <REGEX> [IGNOREREGEX]\n", program);
}

__attribute__((format(printf, 2, 3))) static enum regex_arguments_result refuse(
        const struct parser *p, const char *format, ...) {
        const char *slash = strrchr(p->argv[0], '/');
        va_list args;
        va_start(args, format);
        print_usage(stderr, p->argv[0]);
        (void)fprintf(stderr, "\n%s: error: ", slash ? slash + 1 : p->argv[0]);
        (void)vfprintf(stderr, format, args);
        (void)fputc('\n', stderr);
        va_end(args);
        return REGEX_ARGUMENTS_BAD;
}

void regex_arguments_print_help(const char *program) {
        print_usage(stdout, program);
        (void)printf("\nTries regular expressions, filters and jails of fail2ban on a log.\n"
                     "\n"
                     "LOG          a file, - for standard input, a line of text, or "
                     "systemd-journal[OPTIONS]\n"
                     "REGEX        a failregex, the name of a jail or filter with options "
                     "(sshd[mode=aggressive]),\n"
                     "             or the path of a filter file\n"
                     "IGNOREREGEX  an ignoreregex\n"
                     "\n"
                     "Options:\n");
        for (size_t i = 0; i < OPTION_ROWS; i++) {
                char names[128] = "";
                const char *text = options[i].help;
                const char *bar = takes_value(&options[i]) ? strchr(text, '|') : NULL;
                size_t n = 0;
                for (size_t k = 0; k < 3; k++)
                        if (options[i].names[k])
                                n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
                                        n > 0 ? ", " : "", options[i].names[k]);
                if (bar)
                        (void)snprintf(
                                names + n, sizeof(names) - n, " %.*s", (int)(bar - text), text);
                (void)printf("  %-31s %s\n", names, bar ? bar + 1 : text);
        }
}

static int64_t *number_of(struct regex_arguments *out, const struct option *option) {
        return (int64_t *)(void *)((char *)out + option->member);
}

/* An integer as optparse reads it: "0x1f", "0b11", "017" (octal), else as Python's int() does. */
static int parse_number(struct slice text, int64_t *ret) {
        char digits[NUMBER_BYTES];
        char *end = digits;
        bool is_hex = slice_equal_nocase(slice_sub(text, 0, 2), SLICE("0x"));
        bool is_binary = slice_equal_nocase(slice_sub(text, 0, 2), SLICE("0b"));
        if (!slice_has_prefix(text, SLICE("0")) || text.len == 1)
                return number_parse_python_int(text, ret);
        struct slice rest = slice_sub(text, is_hex || is_binary ? 2 : 1, text.len);
        if (rest.len >= sizeof(digits) || (rest.len > 0 && !isalnum((unsigned char)rest.data[0])))
                return -EINVAL;
        (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(rest));
        errno = 0;
        *ret = strtoll(digits, &end, is_hex ? 16 : is_binary ? 2 : 8);
        bool is_bad = *end != '\0' || errno != 0 || (rest.len == 0 && is_hex);
        return is_bad ? -EINVAL : 0;
}

/* Carries out an option; value: its argument as written after the name, or data NULL. */
static enum regex_arguments_result apply(
        struct parser *p, const struct option *option, const char *name, struct slice value) {
        char *member = (char *)p->out + option->member;
        switch (option->kind) {
        case OPTION_FLAG:
                *(bool *)(void *)member = true;
                break;
        case OPTION_COUNT:
                ++*number_of(p->out, option);
                break;
        case OPTION_TEXT:
                *(struct slice *)(void *)member = value;
                break;
        case OPTION_NUMBER:
                if (parse_number(value, number_of(p->out, option)) < 0)
                        return refuse(p, "option %s: invalid integer value: '%.*s'", name,
                                SLICE_ARG(value));
                break;
        case OPTION_VERSION:
                (void)printf("fail2ban-regex %s\n", FAIL2BAN_VERSION);
                return REGEX_ARGUMENTS_DONE;
        case OPTION_SHORT_VERSION:
                (void)printf("%s\n", FAIL2BAN_VERSION);
                return REGEX_ARGUMENTS_DONE;
        case OPTION_HELP:
                regex_arguments_print_help(p->argv[0]);
                return REGEX_ARGUMENTS_DONE;
        }
        return REGEX_ARGUMENTS_OK;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum regex_arguments_result refuse_ambiguous(
        struct parser *p, struct slice given, const char **hits, size_t count) {
        char list[1024] = "";
        size_t n = 0;
        qsort(hits, count, sizeof(hits[0]), compare_names);
        for (size_t i = 0; i < count; i++)
                n += (size_t)snprintf(
                        list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "", hits[i]);
        return refuse(p, "ambiguous option: %.*s (%s?)", SLICE_ARG(given), list);
}

/* The long option that name means: itself, or the only one that begins so. */
static enum regex_arguments_result find_long(
        struct parser *p, struct slice name, const struct option **ret, const char **ret_name) {
        const char *hits[OPTION_ROWS * 2];
        size_t count = 0;
        for (size_t i = 0; i < OPTION_ROWS; i++) {
                for (size_t k = 1; k < 3; k++) {
                        const char *candidate = options[i].names[k];
                        if (!candidate || !slice_has_prefix(slice_of(candidate), name))
                                continue;
                        *ret = &options[i];
                        *ret_name = candidate;
                        hits[count++] = candidate;
                        if (slice_is(name, candidate))
                                return REGEX_ARGUMENTS_OK;
                }
        }
        if (count == 0)
                return refuse(p, "no such option: %.*s", SLICE_ARG(name));
        return count == 1 ? REGEX_ARGUMENTS_OK : refuse_ambiguous(p, name, hits, count);
}

static enum regex_arguments_result take_value(
        struct parser *p, const char *name, struct slice *ret) {
        if (p->next >= p->argc)
                return refuse(p, "%s option requires 1 argument", name);
        *ret = slice_of(p->argv[p->next++]);
        return REGEX_ARGUMENTS_OK;
}

static enum regex_arguments_result parse_long(struct parser *p, struct slice argument) {
        size_t equals = slice_find_char(argument, '=', 0);
        const struct option *option = NULL;
        const char *name = NULL;
        struct slice value = SLICE_NULL;
        enum regex_arguments_result r =
                find_long(p, slice_sub(argument, 0, equals), &option, &name);
        if (r != REGEX_ARGUMENTS_OK)
                return r;
        if (equals < argument.len && !takes_value(option))
                return refuse(p, "%s option does not take a value", name);
        if (equals < argument.len)
                value = slice_sub(argument, equals + 1, argument.len);
        else if (takes_value(option))
                r = take_value(p, name, &value);
        return r == REGEX_ARGUMENTS_OK ? apply(p, option, name, value) : r;
}

/* A cluster: "-vvL5". */
static enum regex_arguments_result parse_short(struct parser *p, struct slice argument) {
        enum regex_arguments_result r = REGEX_ARGUMENTS_OK;
        for (size_t i = 1; r == REGEX_ARGUMENTS_OK && i < argument.len; i++) {
                char name[3] = {'-', argument.data[i], '\0'};
                const struct option *option = NULL;
                for (size_t k = 0; k < OPTION_ROWS && !option; k++)
                        if (options[k].names[0] && strcmp(options[k].names[0], name) == 0)
                                option = &options[k];
                if (!option)
                        return refuse(p, "no such option: %s", name);
                struct slice value = slice_sub(argument, i + 1, argument.len);
                if (takes_value(option)) {
                        i = argument.len;
                        if (value.len == 0)
                                r = take_value(p, name, &value);
                }
                if (r == REGEX_ARGUMENTS_OK)
                        r = apply(p, option, name, value);
        }
        return r;
}

static void add_positional(struct parser *p, struct slice argument) {
        if (p->out->count < REGEX_POSITIONAL_MAX)
                p->out->positional[p->out->count] = argument;
        p->out->count++;
}

enum regex_arguments_result regex_arguments_parse(
        struct regex_arguments *ret, int argc, char **argv) {
        struct parser p = {.out = ret, .argv = argv, .argc = argc, .next = 1};
        *ret = (struct regex_arguments){
                .config = SLICE("/etc/fail2ban"), .log_level = SLICE("critical")};
        enum regex_arguments_result r = REGEX_ARGUMENTS_OK;
        while (r == REGEX_ARGUMENTS_OK && p.next < argc) {
                struct slice argument = slice_of(argv[p.next++]);
                if (slice_is(argument, "--")) {
                        while (p.next < argc)
                                add_positional(&p, slice_of(argv[p.next++]));
                } else if (slice_has_prefix(argument, SLICE("--"))) {
                        r = parse_long(&p, argument);
                } else if (argument.len > 1 && argument.data[0] == '-') {
                        r = parse_short(&p, argument);
                } else {
                        add_positional(&p, argument);
                }
        }
        if (ret->out.len == 0)
                ret->out = SLICE_NULL; /* as if it were not given */
        return r;
}
