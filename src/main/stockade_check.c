/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stockade-check: what fail2ban-client -t looks at beyond what fail2ban does. A program of its own,
 * because it needs the engine of the regexes, which a client has no use for otherwise.
 *
 *     stockade-check text|json ok|failed FOLDER
 *
 * ok, failed: what the client's own test came to. The findings go to stderr as text, or to stdout
 * as one JSON object. Exit status: 0; 1 if a jail could not run; 2 if the words are wrong. */
#include "base/diag.h"
#include "config/check_actions.h"
#include "config/check_ports.h"
#include "config/check_values.h"
#include "config/config.h"
#include "main/check_bans.h"
#include "main/check_regexes.h"
#include "wire/json.h"

#define OUTPUT_MAX ((size_t)16 << 20) /* bytes */
#define EXIT_FINDINGS 1
#define EXIT_WORDS 2

/* Messages of the reading are findings without a place. */
static void hear(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct findings *findings = user;
        const struct finding finding = {
                .severity = level >= DIAG_ERROR ? FINDING_ERROR : FINDING_WARNING, .text = text};
        (void)logger;
        findings_add(findings, &finding);
}

static void find_all(struct slice folder, struct findings *findings, struct arena *arena) {
        const struct config_request request = {.basedir = folder, .findings = findings};
        struct fault fault = FAULT_INIT;
        struct value stream;
        int r = config_stream(&request, arena, &stream, &fault); /* a fault is a finding by now */
        fault_done(&fault);
        if (r < 0)
                return;
        check_values(&stream, findings);
        check_bans(&stream, findings);
        check_regexes(&stream, findings);
        check_actions(&stream, findings);
        check_ports(&stream, findings);
}

static int put_json(const struct findings *findings, bool is_ok, struct buffer *out) {
        static const char *const names[FINDING_SEVERITY_COUNT] = {"errors", "warnings", "hints"};
        struct arena *arena = findings->arena;
        struct value all = value_dict();
        value_dict_put(&all, value_text("ok"), value_bool(is_ok), arena);
        for (size_t i = 0; i < FINDING_SEVERITY_COUNT; i++)
                value_dict_put(
                        &all, value_text(names[i]), value_int((int64_t)findings->counts[i]), arena);
        value_dict_put(&all, value_text("findings"), findings_value(findings), arena);
        int r = json_encode(out, &all);
        return r < 0 ? r : buffer_append_char(out, '\n');
}

int main(int argc, char *argv[]) {
        struct arena arena = ARENA_INIT;
        struct findings findings = {.arena = &arena};
        if (argc != 4) {
                (void)fputs("stockade-check is run by fail2ban-client -t\n", stderr);
                return EXIT_WORDS;
        }
        bool is_json = strcmp(argv[1], "json") == 0;
        bool was_ok = strcmp(argv[2], "ok") == 0;
        diag_set_threshold(DIAG_WARNING);
        diag_set_sink(hear, &findings);
        find_all(slice_of(argv[3]), &findings, &arena);
        diag_set_sink(NULL, NULL);
        bool runs = findings.counts[FINDING_ERROR] == 0;
        struct buffer out = BUFFER_INIT(OUTPUT_MAX);
        int r = is_json ? put_json(&findings, was_ok && runs, &out)
                        : findings_print(&findings, &out);
        (void)fwrite(buffer_view(&out).data, 1, buffer_len(&out), is_json ? stdout : stderr);
        if (r < 0)
                (void)fputs("stockade-check: more findings than can be shown\n", stderr);
        buffer_done(&out);
        arena_done(&arena);
        return runs ? 0 : EXIT_FINDINGS;
}
