/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scanner does with a log, without the scanner: no server, no sandbox, one jail. For
 * profilers, which cannot look into a confined child, and for tools/train. See scan_bench.py.
 *
 *     scan-bench OPTIONS LOG [BATCHES]
 *
 * OPTIONS: a file with the jail's options, an option and an argument in turn, each with a NUL
 * behind it. Prints lines, failures, bytes of batches, and CPU time; BATCHES: a file that gets the
 * batches' records, each with its length (u32, native) in front. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "channel/record.h"
#include "detect/pipeline.h"

struct bench {
        struct clock clock;
        struct pipeline pipeline;
        struct scan_jail *jail;
        FILE *batches;
        uint64_t lines, failures, bytes;
};

static struct bench bench;

static _Noreturn void give_up(const char *what, const char *why) {
        (void)fprintf(stderr, "scan-bench: %s: %s\n", what, why);
        exit(1);
}

static void count_records(struct slice records) {
        struct message_reader in = message_reader_of(records);
        struct record record;
        while (record_get(&in, &record) == 1) {
                if (record.type == RECORD_FAILURE)
                        bench.failures++;
                else if (record.type == RECORD_COUNT)
                        bench.lines += record.count.lines;
                else if (record.type == RECORD_DIAG)
                        (void)fprintf(stderr, "%.*s\n", SLICE_ARG(record.diag.text));
        }
}

static void keep_records(struct slice records) {
        uint32_t len = (uint32_t)records.len;
        if (fwrite(&len, sizeof(len), 1, bench.batches) != 1 ||
                fwrite(records.data, 1, records.len, bench.batches) != records.len)
                give_up("batches", "cannot be written");
}

static void on_send(void *user, enum message_type type, struct slice head, struct slice rest) {
        (void)user;
        (void)type;
        bench.bytes += head.len + rest.len;
        count_records(rest);
        if (bench.batches)
                keep_records(rest);
}

static void on_sync(void *user) {
        (void)user;
}

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        pipeline_diag(&bench.pipeline, user, level, logger, text);
}

static void set(char *option, char *argument) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value arguments = value_list(), answer;
        (void)value_append(&arguments, value_text(argument), &arena);
        if (scan_jail_set(bench.jail, slice_of(option), &arguments, &arena, &answer, &fault) < 0)
                give_up(option, fault_text(&fault));
        fault_done(&fault);
        arena_done(&arena);
}

static void set_all(const char *path) {
        char *option = NULL, *argument = NULL;
        size_t option_size = 0, argument_size = 0;
        FILE *file = fopen(path, "re");
        if (!file)
                give_up(path, "cannot be read");
        while (getdelim(&option, &option_size, '\0', file) > 0 &&
                getdelim(&argument, &argument_size, '\0', file) > 0)
                set(option, argument);
        free(option);
        free(argument);
        (void)fclose(file);
}

static void run(const char *path) {
        struct input_buffer buffer = {0};
        struct input_chunk chunk;
        int r, fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat status;
        if (fd < 0 || fstat(fd, &status) < 0)
                give_up(path, "cannot be read");
        clock_fix(&bench.clock, (int64_t)status.st_mtim.tv_sec * 1000000);
        struct scan_log *log = scan_log_new(1, slice_of(path), fd, 0, 0);
        scan_log_attach(log, bench.jail, 0);
        log->in_operation = true;
        do {
                r = input_file_read(&log->files[0], &buffer, &chunk);
                while (r >= 0 && chunk.lines.len > 0 &&
                        pipeline_run(&bench.pipeline, log, &chunk) == PIPELINE_E_LATE)
                        r = input_file_read(&log->files[0], &buffer, &chunk);
        } while (r == INPUT_LINES);
        pipeline_flush(&bench.pipeline, log, 0);
        (void)scan_log_free(log);
        input_buffer_done(&buffer);
}

static double cpu_s(void) {
        struct timespec t;
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
        const struct filter_env env = {.clock = &bench.clock, .diag = on_diag};
        if (argc < 3)
                give_up("usage", "scan-bench OPTIONS LOG [BATCHES]");
        if (argc > 3 && !(bench.batches = fopen(argv[3], "we")))
                give_up(argv[3], "cannot be written");
        pipeline_init(&bench.pipeline, &bench.clock, on_send, on_sync, &bench);
        bench.jail = scan_jail_new(1, SLICE("bench"), &env);
        set_all(argv[1]);
        double begun = cpu_s();
        run(argv[2]);
        double taken = cpu_s() - begun;
        (void)printf("lines %" PRIu64 " failures %" PRIu64 " bytes %" PRIu64
                     " cpu %.3f s %.4f us/line\n",
                bench.lines, bench.failures, bench.bytes, taken, taken * 1e6 / (double)bench.lines);
        (void)scan_jail_free(bench.jail);
        pipeline_done(&bench.pipeline);
        return bench.batches && fclose(bench.batches) != 0;
}
