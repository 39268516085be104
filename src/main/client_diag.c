/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of log lines for -v, -vv and more (spec server.md 3.7). Where upstream shows a thread,
 * this is the process; where it shows a function, nothing. Upstream: helpers.py
 * getVerbosityFormat(), 1.1. */
#include "main/client_diag.h"

#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
        int verbosity;
        int64_t start_us;
} state;

static const char *module_of(const char *logger) {
        const char *dot = strrchr(logger, '.');
        return dot ? dot + 1 : logger;
}

struct slice client_diag_line(int verbosity, int64_t moment_us, enum diag_level level,
        const char *logger, struct slice text, struct arena *arena) {
        const char *name = diag_level_name((int)level);
        char date[64] = "";
        time_t second = (time_t)(moment_us / 1000000);
        struct tm local;
        if (localtime_r(&second, &local))
                (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
        int ms = (int)(moment_us / 1000 % 1000);
        int pid = (int)getpid();
        if (verbosity <= 1)
                return arena_printf(arena, "%s,%03d %-24s[%d]: %-7s %.*s", date, ms, logger, pid,
                        name, SLICE_ARG(text));
        if (verbosity == 2)
                return arena_printf(arena, " %s,%03d %X %-5.5s %.*s", date, ms, (unsigned)pid, name,
                        SLICE_ARG(text));
        struct slice place = SLICE("");
        if (verbosity > 3)
                place = arena_printf(
                        arena, " | %15.15s-%-2d: %-20s |", module_of(logger), (int)level, "");
        return arena_printf(arena, " +%5lld %X %-25.25s %-5.5s%.*s %.*s",
                (long long)((moment_us - state.start_us) / 1000), (unsigned)pid, logger, name,
                SLICE_ARG(place), SLICE_ARG(text));
}

static void write_line(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        struct arena arena = ARENA_INIT;
        struct clock clock = CLOCK_INIT;
        struct slice line = client_diag_line(
                state.verbosity, clock_wall_us(&clock), level, logger, text, &arena);
        (void)fflush(stdout); /* what was printed before comes before */
        (void)fprintf(stderr, "%.*s\n", SLICE_ARG(line));
        arena_done(&arena);
}

void client_diag_init(int verbosity) {
        static const int thresholds[] = {DIAG_ERROR, DIAG_WARNING, DIAG_INFO, DIAG_DEBUG};
        struct clock clock = CLOCK_INIT;
        state.verbosity = verbosity;
        state.start_us = clock_wall_us(&clock);
        diag_set_threshold(verbosity >= 3  ? DIAG_HEAVYDEBUG
                           : verbosity < 0 ? DIAG_ERROR
                                           : thresholds[verbosity + 1]);
        diag_set_sink(write_line, NULL);
}
