/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban-regex: tries a regex, filter or jail on a log, with the code that the scanner runs, and
 * reports. What it prints is fail2ban's, byte for byte: people and scripts compare. Upstream:
 * fail2ban/client/fail2banregex.py, 1.1. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/diag.h"
#include "config/options.h"
#include "config/text.h"
#include "detect/date.h"
#include "detect/line.h"
#include "main/regex_explain.h"
#include "main/regex_place.h"
#include "main/regex_tool.h"

#define EXIT_USAGE 2
#define SHOWN_MAX 53 /* characters of a regex or line */
#define OUTPUT_BYTES ((size_t)64 << 10)

/* ---- messages (-l) ---- */

struct message_form {
        int64_t verbose;
        int64_t start_us;
        struct clock clock;
};

static void put_time(const struct message_form *form) {
        int64_t now_us = clock_wall_us(&form->clock);
        time_t seconds = (time_t)(now_us / 1000000);
        struct tm local;
        char text[64];
        if (localtime_r(&seconds, &local) &&
                strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local) > 0)
                (void)printf("%s,%03d", text, (int)(now_us / 1000 % 1000));
}

static void print_message(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        const struct message_form *form = user;
        const char *name = diag_level_name((int)level);
        uintptr_t thread = (uintptr_t)pthread_self();
        if (form->verbose <= 1) {
                put_time(form);
                (void)printf(" %-24s[%d]: %-7s%.1s: ", logger, (int)getpid(), name, name);
        } else if (form->verbose == 2) {
                (void)putchar(' ');
                put_time(form);
                (void)printf(" %" PRIXPTR " %-5.5s ", thread, name);
        } else {
                (void)printf(" +%5" PRId64 " %" PRIXPTR " %-25.25s %-5.5s ",
                        (clock_mono_us(&form->clock) - form->start_us) / 1000, thread, logger,
                        name);
                if (form->verbose > 3)
                        (void)printf("| %15.15s-%-2d: %-20.20s | ",
                                strncmp(logger, "fail2ban.", 9) == 0 ? logger + 9 : logger,
                                (int)level, "");
        }
        (void)fwrite(text.data, 1, text.len, stdout);
        (void)putchar('\n');
}

static void forward_message(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        diag_text(level, logger, text);
}

/* ---- what the parts share ---- */

void regex_tool_say(const struct regex_tool *tool, const char *format, ...) {
        va_list args;
        if (tool->arguments.out.data || tool->arguments.check.data || tool->json)
                return;
        va_start(args, format);
        (void)vprintf(format, args);
        va_end(args);
}

struct slice regex_tool_shorten(struct slice text, struct arena *arena) {
        if (text_length(text) <= SHOWN_MAX)
                return text;
        struct slice head = text_head(text, SHOWN_MAX - 3);
        return arena_printf(arena, "%.*s...", SLICE_ARG(head));
}

enum regex_end regex_tool_uncaught(const struct fault *fault) {
        (void)fflush(stdout);
        const char *kind = fault->kind ? fault->kind : "Error";
        (void)fprintf(stderr, "%s: %s\n", strcmp(kind, "error") == 0 ? "re.error" : kind,
                fault_text(fault));
        return REGEX_UNCAUGHT;
}

static int set_value(struct regex_tool *tool, const char *option, struct value item,
        struct value *ret, struct fault *fault) {
        struct value arguments = value_list();
        (void)value_append(&arguments, item, &tool->arena);
        return filter_set(tool->filter, slice_of(option), &arguments, &tool->arena, ret, fault);
}

int regex_tool_set(
        struct regex_tool *tool, const char *option, struct slice text, struct fault *fault) {
        struct value ret = VALUE_OF_NONE;
        return set_value(tool, option, value_string(text), &ret, fault);
}

int regex_tool_set_bool(struct regex_tool *tool, const char *option, bool on, struct fault *fault) {
        struct value ret = VALUE_OF_NONE;
        return set_value(tool, option, value_bool(on), &ret, fault);
}

int regex_tool_set_maxlines(struct regex_tool *tool, struct slice text, struct fault *fault) {
        struct value ret = VALUE_OF_NONE;
        if (tool->has_maxlines)
                return 0;
        int r = set_value(tool, "maxlines", value_string(text), &ret, fault);
        if (r < 0)
                return r;
        tool->has_maxlines = true;
        tool->report.multi_line = ret.type == VALUE_INT && ret.integer > 1;
        regex_tool_say(tool, "Use         maxlines : %" PRId64 "\n",
                ret.type == VALUE_INT ? ret.integer : 1);
        return 0;
}

int regex_tool_set_datepattern(struct regex_tool *tool, struct slice pattern, struct fault *fault) {
        struct slice unused;
        struct slice name;
        if (tool->has_datepattern)
                return 0;
        int r = regex_tool_set(tool, "datepattern", pattern, fault);
        if (r < 0)
                return r;
        tool->has_datepattern = true;
        (void)date_detector_describe(filter_dates(tool->filter), &unused, &name);
        regex_tool_say(
                tool, "Use      datepattern : %.*s : %.*s\n", SLICE_ARG(pattern), SLICE_ARG(name));
        return 0;
}

/* ---- the run ---- */

/* The codec of the locale, under Python's name. */
static struct slice locale_encoding(void) {
        const char *codeset = setlocale(LC_CTYPE, "") ? nl_langinfo(CODESET) : "";
        if (codeset[0] == '\0' || strcmp(codeset, "ANSI_X3.4-1968") == 0)
                return SLICE("utf-8");
        return slice_of(codeset);
}

/* Wrong combinations of arguments: help, then the reasons. */
static bool refuse_arguments(const struct regex_arguments *a, const char *program) {
        const char *errors[5];
        size_t count = 0;
        if (a->print_no_missed && a->print_all_missed)
                errors[count++] =
                        "ERROR: --print-no-missed and --print-all-missed are mutually exclusive.";
        if (a->print_no_ignored && a->print_all_ignored)
                errors[count++] =
                        "ERROR: --print-no-ignored and --print-all-ignored are mutually exclusive.";
        if (a->json + a->explain + (a->out.data != NULL) > 1)
                errors[count++] = "ERROR: --json, --explain and --out are mutually exclusive.";
        if (a->check.data && (a->count > 0 || a->json || a->explain || a->out.data))
                errors[count++] = "ERROR: --check needs a filter, and nothing else.";
        else if (!a->check.data && (a->count < 2 || a->count > 3))
                errors[count++] = "ERROR: provide both <LOG> and <REGEX>.";
        if (count == 0)
                return false;
        regex_arguments_print_help(program);
        (void)fflush(stdout);
        (void)fputc('\n', stderr);
        for (size_t i = 0; i < count; i++)
                (void)fprintf(stderr, "%s\n", errors[i]);
        return true;
}

static int set_journalmatch(struct regex_tool *tool, struct fault *fault) {
        tool->journalmatch = value_list();
        tool->has_journalmatch = true;
        return options_split_shell(
                tool->arguments.journalmatch, &tool->journalmatch, &tool->arena, fault);
}

/* Options that act on the filter, in upstream's order. */
static int apply_arguments(struct regex_tool *tool, struct fault *fault) {
        const struct regex_arguments *a = &tool->arguments;
        int r = 0;
        if (a->maxlines != 0)
                r = regex_tool_set_maxlines(
                        tool, arena_printf(&tool->arena, "%" PRId64, a->maxlines), fault);
        if (r >= 0 && a->journalmatch.data)
                r = set_journalmatch(tool, fault);
        if (r >= 0 && a->timezone.len > 0)
                r = regex_tool_set(tool, "logtimezone", a->timezone, fault);
        if (r >= 0 && a->datepattern.len > 0)
                r = regex_tool_set_datepattern(tool, a->datepattern, fault);
        if (r >= 0 && a->usedns.len > 0)
                r = regex_tool_set(tool, "usedns", a->usedns, fault);
        if (r >= 0 && a->raw)
                r = regex_tool_set_bool(tool, "rawhost", true, fault);
        if (r >= 0 && (a->no_check_all || a->out.data))
                r = regex_tool_set_bool(tool, "checkall", false, fault);
        if (r >= 0 && a->out.data)
                r = regex_tool_set_bool(tool, "ignorepending", true, fault);
        if (r >= 0 && a->verbose == 0 && !a->explain)
                r = regex_tool_set_bool(tool, "tracegroups", false, fault);
        if (r >= 0 && a->verbose == 0 && !a->explain && !a->json && !a->out.data)
                r = regex_tool_set_bool(tool, "keepmatches", false, fault);
        return r;
}

static enum regex_end check(struct regex_tool *tool) {
        enum regex_end end = regex_source_read(tool, tool->arguments.check);
        return end == REGEX_GO_ON ? regex_check_run(tool) : end;
}

static void find_places(struct regex_stats *stats) {
        for (size_t i = 0; i < stats->count; i++)
                if (stats->items[i].origin)
                        stats->items[i].line =
                                regex_place_line(stats->items[i].origin, stats->items[i].regex);
}

static enum regex_end run(struct regex_tool *tool) {
        const struct regex_arguments *a = &tool->arguments;
        struct fault fault = FAULT_INIT;
        double elapsed_s = 0;
        if (apply_arguments(tool, &fault) < 0) {
                if (a->verbose > 0 || diag_threshold() <= DIAG_DEBUG)
                        diag(DIAG_CRITICAL, "fail2ban", "%s", fault_text(&fault));
                else
                        (void)printf("ERROR: %s\n", fault_text(&fault));
                fault_done(&fault);
                return REGEX_FAILED;
        }
        if (a->check.data)
                return check(tool);
        enum regex_end end = regex_source_read(tool, a->positional[1]);
        if (end == REGEX_GO_ON && a->count == 3)
                end = regex_source_read_ignore(tool, a->positional[2]);
        if (end == REGEX_GO_ON && (a->json || a->explain)) {
                find_places(&tool->report.fail);
                find_places(&tool->report.ignore);
        }
        if (end == REGEX_GO_ON && a->explain)
                tool->explain = regex_explain_new(tool);
        if (end == REGEX_GO_ON)
                end = regex_log_run(tool, a->positional[0], &elapsed_s);
        tool->explain = regex_explain_free(tool->explain);
        if (end == REGEX_GO_ON && !a->out.data && !tool->json)
                regex_report_print(&tool->report, elapsed_s);
        return end;
}

static int set_log_level(struct slice level) {
        int number;
        if (diag_level_parse(level, &number) < 0) {
                struct fault fault = FAULT_INIT;
                (void)fault_raise(
                        &fault, "ValueError", "Invalid log level '%.*s'", SLICE_ARG(level));
                (void)regex_tool_uncaught(&fault);
                fault_done(&fault);
                return -EINVAL;
        }
        diag_set_threshold(number);
        return 0;
}

/* Arguments are bytes; the rest of the program wants text. */
static void repair_arguments(struct regex_tool *tool) {
        bool repaired;
        for (size_t i = 0; i < REGEX_POSITIONAL_MAX; i++)
                tool->arguments.positional[i] = line_decode(
                        LINE_UTF8, tool->arguments.positional[i], &tool->arena, &repaired);
        if (tool->arguments.out.data)
                tool->arguments.out =
                        line_decode(LINE_UTF8, tool->arguments.out, &tool->arena, &repaired);
        tool->arguments.datepattern =
                line_decode(LINE_UTF8, tool->arguments.datepattern, &tool->arena, &repaired);
}

static int work(struct regex_tool *tool) {
        struct message_form form = {.verbose = tool->arguments.verbose, .clock = tool->clock};
        form.start_us = clock_mono_us(&tool->clock);
        diag_set_sink(print_message, &form);
        regex_tool_say(tool, "\nRunning tests\n=============\n\n");
        if (set_log_level(tool->arguments.log_level) < 0)
                return REGEX_UNCAUGHT;
        struct filter_env env = {
                .clock = &tool->now, .diag = forward_message, .resolve = regex_dns_resolve};
        tool->filter = filter_new(SLICE("~jailless~"), FILTER_TOOL, &env);
        regex_report_init(&tool->report, &tool->arguments, &tool->clock, tool->filter);
        enum regex_end end = run(tool);
        regex_report_done(&tool->report);
        (void)filter_free(tool->filter);
        regex_dns_done();
        diag_set_sink(NULL, NULL);
        return (int)end;
}

/* The objects get stdout for themselves: what else is printed there goes to stderr. */
static int divert_output(struct regex_tool *tool) {
        int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        tool->json = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (tool->json && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
                return 0;
        (void)fprintf(stderr, "ERROR: output: %s\n", strerror(errno));
        return -errno;
}

/* Whether nobody reads any more. */
static bool is_broken(FILE *output) {
        return output && fflush(output) != 0 && errno == EPIPE;
}

int main(int argc, char **argv) {
        static char output[OUTPUT_BYTES];
        struct regex_tool tool = {
                .clock = CLOCK_INIT, .now = CLOCK_INIT, .arena = ARENA_INIT, .backend = "auto", .ignoreip = value_list()};
        struct slice encoding = locale_encoding();
        (void)setvbuf(stdout, output, _IOFBF, sizeof(output));
        (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe ends the program quietly */
        switch (regex_arguments_parse(&tool.arguments, argc, argv)) {
        case REGEX_ARGUMENTS_OK:
                break;
        case REGEX_ARGUMENTS_DONE:
                return EXIT_SUCCESS;
        case REGEX_ARGUMENTS_BAD:
                return EXIT_USAGE;
        }
        if (refuse_arguments(&tool.arguments, argv[0]))
                return REGEX_FAILED;
        if (slice_has_prefix(tool.arguments.positional[0], SLICE("systemd-journal")))
                tool.backend = "systemd";
        tool.encoding = tool.arguments.encoding.data ? tool.arguments.encoding : encoding;
        repair_arguments(&tool);
        if (tool.arguments.json && divert_output(&tool) < 0)
                return REGEX_FAILED;
        int code = work(&tool);
        bool broken = is_broken(tool.json) || is_broken(stdout);
        arena_done(&tool.arena);
        return broken ? EXIT_SUCCESS : code;
}
