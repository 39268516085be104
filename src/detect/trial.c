/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRE2 calls back before each item of the regex that it tries. The interpreter runs, so that the
 * steps are the same on every machine. */
#include "detect/trial.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/memory.h"
#include "detect/dialect.h"
#include "detect/pattern.h"

#define HEAP_LIMIT_KIB 262144U
#define OPTIONS                                                                                    \
        (PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C | PCRE2_UTF | PCRE2_UCP |                  \
                PCRE2_AUTO_CALLOUT)

struct trial {
        struct dialect dialect; /* its text is what is compiled */
        size_t regex_len;
        pcre2_compile_context *compile;
        pcre2_code *code;
        pcre2_match_context *context;
        pcre2_match_data *data;
};

struct watch {
        struct slice pattern;
        uint64_t steps, max_steps;
        size_t item, reached;
        bool is_behind_dots; /* item is; see trial.h */
};

static void need(const void *p) {
        if (!p)
                abort(); /* memory is out, see memory.h */
}

struct trial *trial_free(struct trial *trial) {
        if (!trial)
                return NULL;
        dialect_done(&trial->dialect);
        pcre2_match_data_free(trial->data);
        pcre2_match_context_free(trial->context);
        pcre2_code_free(trial->code);
        pcre2_compile_context_free(trial->compile);
        free(trial);
        return NULL;
}

static int compile(
        struct trial *trial, unsigned flags, enum trial_purpose purpose, struct fault *fault) {
        struct slice text = buffer_view(&trial->dialect.text);
        uint32_t options = OPTIONS | (flags & PATTERN_MULTILINE ? PCRE2_MULTILINE : 0) |
                           (purpose == TRIAL_REACH ? PCRE2_NO_START_OPTIMIZE : 0);
        int error;
        PCRE2_SIZE at;
        trial->compile = pcre2_compile_context_create(NULL);
        need(trial->compile);
        (void)pcre2_set_newline(trial->compile, PCRE2_NEWLINE_LF);
        trial->code = pcre2_compile((PCRE2_SPTR)(text.len > 0 ? text.data : ""), text.len, options,
                &error, &at, trial->compile);
        if (trial->code)
                return 0;
        PCRE2_UCHAR message[256] = "unknown error";
        (void)pcre2_get_error_message(error, message, sizeof(message));
        return fault_raise(fault, "error", "%s", (const char *)message);
}

int trial_new(struct slice regex, unsigned flags, enum trial_purpose purpose, struct trial **ret,
        struct fault *fault) {
        struct trial *trial = memory_new(sizeof(*trial));
        trial->regex_len = regex.len;
        int r = dialect_translate(regex, DIALECT_UTF, &trial->dialect, fault);
        if (r == 0)
                r = compile(trial, flags, purpose, fault);
        if (r < 0) {
                (void)trial_free(trial);
                return r;
        }
        trial->data = pcre2_match_data_create_from_pattern(trial->code, NULL);
        need(trial->data);
        trial->context = pcre2_match_context_create(NULL);
        need(trial->context);
        (void)pcre2_set_match_limit(trial->context, UINT32_MAX);
        (void)pcre2_set_heap_limit(trial->context, HEAP_LIMIT_KIB);
        *ret = trial;
        return 0;
}

/* Whether ".*" or the like ends just before a place of the pattern. */
static bool is_behind_dots(struct slice pattern, size_t at) {
        while (at > 0 && strchr(")?", pattern.data[at - 1]))
                at--;
        return at >= 2 && pattern.data[at - 2] == '.' && strchr("*+", pattern.data[at - 1]) &&
               (at < 3 || pattern.data[at - 3] != '\\');
}

static int on_item(pcre2_callout_block *block, void *user) {
        struct watch *watch = user;
        size_t item = block->pattern_position;
        watch->steps++;
        size_t place = block->current_position;
        if (item > watch->item) {
                watch->item = item;
                watch->reached = place;
                watch->is_behind_dots = is_behind_dots(watch->pattern, item);
        } else if (item == watch->item &&
                   (watch->is_behind_dots ? place < watch->reached : place > watch->reached)) {
                watch->reached = place;
        }
        return watch->steps >= watch->max_steps ? PCRE2_ERROR_CALLOUT : 0;
}

/* The item of the regex that stands at or before a place in the translation. */
static size_t place_in_regex(const struct trial *trial, size_t to) {
        const struct dialect *dialect = &trial->dialect;
        size_t from = 0;
        if (to >= buffer_len(&dialect->text))
                return trial->regex_len;
        for (size_t i = 0; i < dialect->place_count && dialect->places[i].to <= to; i++)
                from = dialect->places[i].from;
        return from;
}

struct trial_result trial_run(struct trial *trial, struct slice subject, uint64_t max_steps) {
        struct watch watch = {.pattern = buffer_view(&trial->dialect.text), .max_steps = max_steps};
        (void)pcre2_set_callout(trial->context, on_item, &watch);
        int r = pcre2_match(trial->code, (PCRE2_SPTR)(subject.data ? subject.data : ""),
                subject.len, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, trial->data, trial->context);
        enum trial_end end = r > 0                      ? TRIAL_MATCHED
                             : r == PCRE2_ERROR_NOMATCH ? TRIAL_MISSED
                                                        : TRIAL_STOPPED;
        return (struct trial_result){.end = end,
                .steps = watch.steps,
                .item = place_in_regex(trial, watch.item),
                .reached = watch.reached};
}
