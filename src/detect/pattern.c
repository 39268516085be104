/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRE2 as Python's `re`: the options under which both agree on all regexes of fail2ban and all its sample lines.
 *
 * Each regex is compiled twice where that is possible: for any text, and for text that is ASCII throughout, without UTF and UCP. Both are
 * equal on such text (no character beyond ASCII is named in the regex, and PCRE2's own tables give \w, \d and case for ASCII as Unicode
 * does), and the second is faster. Searches share one match block and one JIT stack: the process has one thread, and a search allocates
 * nothing.
 *
 * A search is bounded by the match limit, as a line may be made to be slow; where the JIT stack is too small for a long line the interpreter
 * takes over, within the same limits and a heap limit. Without JIT (no executable memory) all goes through the interpreter. */
#include "detect/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdint.h>

#include "base/memory.h"
#include "detect/dialect.h"
#include "detect/lean.h"
#include "detect/regex_begin.h"
#include "detect/regex_native.h"

#define JIT_STACK_START ((size_t)64 << 10)
#define JIT_STACK_MAX ((size_t)16 << 20)
#define HEAP_LIMIT_KIB 65536U
#define REGEX_SHOWN 512 /* bytes of a regex in a message */

#define OPTIONS_ALL (PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C)
#define OPTIONS_UTF (PCRE2_UTF | PCRE2_UCP)

/* One compiled form. */
struct form {
        pcre2_code *code; /* NULL: there is none */
        bool jit;
};

/* What is made when the regex has proved to be much in use: our own code (detect/regex_native.h), for lines that lack terms.absent; and
 * where there is none, or much is searched that it is not for, the lean form (detect/lean.h), for ASCII text that fits. */
struct trimmed {
        struct form form;
        struct lean_terms terms; /* texts are parts of the regex */
        struct regex_native *native;
        bool native_tried;
        unsigned searches; /* by PCRE2 since the last of them was made, at most PATTERN_LEAN_AFTER */
};

struct pattern {
        char *regex;
        size_t regex_len;
        struct form any;   /* for every text */
        struct form ascii; /* for ASCII text */
        struct trimmed *trimmed; /* NULL: there is none */
        size_t group_count;
        struct slice *names; /* by group; empty if unnamed */
};

/* Side by side, as a search needs both. */
struct with_trimmed {
        struct pattern pattern;
        struct trimmed trimmed;
};

_Static_assert(PATTERN_UNSET == PCRE2_UNSET, "spans are those of PCRE2");

static struct {
        pcre2_match_data *data;
        pcre2_match_context *context;
        pcre2_compile_context *compile;
        pcre2_jit_stack *stack;
} shared;

static void need(const void *p) {
        if (!p)
                abort(); /* memory is out, see memory.h */
}

static void set_up(void) {
        if (shared.data)
                return;
        shared.compile = pcre2_compile_context_create(NULL);
        need(shared.compile);
        (void)pcre2_set_newline(shared.compile, PCRE2_NEWLINE_LF);
        shared.context = pcre2_match_context_create(NULL);
        need(shared.context);
        (void)pcre2_set_match_limit(shared.context, PATTERN_MATCH_LIMIT);
        (void)pcre2_set_heap_limit(shared.context, HEAP_LIMIT_KIB);
        shared.stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
        if (shared.stack)
                pcre2_jit_stack_assign(shared.context, NULL, shared.stack);
        shared.data = pcre2_match_data_create(PATTERN_GROUPS_MAX + 1, NULL);
        need(shared.data);
}

static int compile_form(struct form *form, struct slice text, uint32_t options, struct fault *fault) {
        int error;
        PCRE2_SIZE at;
        form->code = pcre2_compile((PCRE2_SPTR)text.data, text.len, options | OPTIONS_ALL, &error, &at, shared.compile);
        if (!form->code) {
                PCRE2_UCHAR message[256] = "unknown error";
                (void)pcre2_get_error_message(error, message, sizeof(message));
                return fault_raise(fault, "error", "%s", (const char *)message);
        }
        form->jit = pcre2_jit_compile(form->code, PCRE2_JIT_COMPLETE) == 0;
        return 0;
}

static int translate_form(struct form *form, struct slice regex, struct dialect *dialect, enum dialect_subject subject, uint32_t options,
        struct fault *fault) {
        int r = dialect_translate(regex, subject, dialect, fault);
        if (r < 0)
                return r;
        struct slice text = buffer_view(&dialect->text);
        if (text.len == 0)
                text = SLICE("");
        return compile_form(form, text, options | (subject == DIALECT_UTF ? OPTIONS_UTF : 0), fault);
}

static int translate_and_compile(struct pattern *pattern, struct dialect *dialect, enum dialect_subject subject, uint32_t options,
        struct fault *fault) {
        struct slice regex = {pattern->regex, pattern->regex_len};
        struct form *form = subject == DIALECT_UTF ? &pattern->any : &pattern->ascii;
        return translate_form(form, regex, dialect, subject, options, fault);
}

/* Without it all is done by the others. */
static void compile_lean(const struct pattern *pattern, const struct lean *lean) {
        struct dialect dialect = {.text = BUFFER_INIT(0)};
        struct fault fault = FAULT_INIT;
        struct form *form = &pattern->trimmed->form;
        int r = translate_form(form, buffer_view(&lean->text), &dialect, DIALECT_ASCII, 0, &fault);
        if (r == 0 && dialect.group_count != pattern->group_count)
                r = -EINVAL; /* which does not happen */
        dialect_done(&dialect);
        if (r < 0) {
                pcre2_code_free(form->code);
                form->code = NULL;
        }
        fault_done(&fault);
}

/* Our own code first: hardly anything is left to the lean form then, which waits until there is. */
static void trim(const struct pattern *pattern) {
        struct slice regex = {pattern->regex, pattern->regex_len};
        struct trimmed *trimmed = pattern->trimmed;
        bool is_first = !trimmed->native_tried;
        struct lean lean;
        bool is_found = lean_find(regex, &lean);
        if (is_found)
                trimmed->terms = lean.terms;
        if (is_first)
                trimmed->native = regex_native_new(regex, is_found ? lean.barred : 0);
        trimmed->native_tried = true;
        if (is_found && is_first && trimmed->native)
                trimmed->searches = 0;
        else if (is_found)
                compile_lean(pattern, &lean);
        lean_done(&lean);
}

static void keep_names(struct pattern *pattern, const struct dialect *dialect) {
        pattern->group_count = dialect->group_count;
        pattern->names = memory_new_array(dialect->group_count + 1, sizeof(struct slice));
        for (size_t i = 1; i <= dialect->group_count; i++)
                if (dialect->names[i].len > 0)
                        pattern->names[i] = (struct slice){
                                memory_copy_text(dialect->names[i]), dialect->names[i].len};
}

int pattern_compile(struct slice regex, unsigned flags, struct pattern **ret, struct fault *fault) {
        struct dialect dialect;
        uint32_t options = flags & PATTERN_MULTILINE ? PCRE2_MULTILINE : 0;
        if (regex.len > PATTERN_TEXT_MAX)
                return fault_set(fault, -E2BIG, "regular expression longer than %d bytes", PATTERN_TEXT_MAX);
        set_up();
        struct with_trimmed *both = memory_new(sizeof(*both));
        struct pattern *pattern = &both->pattern;
        pattern->regex = memory_copy_text(regex);
        pattern->regex_len = regex.len;
        int r = translate_and_compile(pattern, &dialect, DIALECT_UTF, options, fault);
        if (r == 0)
                keep_names(pattern, &dialect);
        bool ascii_too = r == 0 && dialect.ascii_only;
        dialect_done(&dialect);
        if (ascii_too) {
                r = translate_and_compile(pattern, &dialect, DIALECT_ASCII, options, fault);
                dialect_done(&dialect);
                if (r == 0 && flags == PATTERN_PLAIN)
                        pattern->trimmed = &both->trimmed;
        }
        if (r < 0)
                (void)pattern_free(pattern);
        else
                *ret = pattern;
        return r;
}

struct pattern *pattern_free(struct pattern *pattern) {
        if (!pattern)
                return NULL;
        pcre2_code_free(pattern->any.code);
        pcre2_code_free(pattern->ascii.code);
        if (pattern->trimmed) {
                pcre2_code_free(pattern->trimmed->form.code);
                (void)regex_native_free(pattern->trimmed->native);
        }
        for (size_t i = 1; pattern->names && i <= pattern->group_count; i++)
                free((char *)(uintptr_t)pattern->names[i].data);
        free(pattern->names);
        free(pattern->regex);
        free(pattern); /* and both */
        return NULL;
}

size_t pattern_group_count(const struct pattern *pattern) {
        return pattern->group_count;
}

struct slice pattern_group_name(const struct pattern *pattern, size_t group) {
        return group >= 1 && group <= pattern->group_count ? pattern->names[group] : SLICE_NULL;
}

size_t pattern_group_number(const struct pattern *pattern, struct slice name) {
        for (size_t i = 1; i <= pattern->group_count; i++)
                if (pattern->names[i].len > 0 && slice_equal(name, pattern->names[i]))
                        return i;
        return 0;
}

static int run(const struct form *form, struct slice subject, size_t from) {
        PCRE2_SPTR text = (PCRE2_SPTR)(subject.data ? subject.data : "");
        int r = PCRE2_ERROR_JIT_STACKLIMIT;
        if (form->jit)
                r = pcre2_jit_match(form->code, text, subject.len, from, PCRE2_NO_UTF_CHECK, shared.data, shared.context);
        if (r == PCRE2_ERROR_JIT_STACKLIMIT)
                r = pcre2_match(form->code, text, subject.len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, shared.data, shared.context);
        return r;
}

static int tell_error(const struct pattern *pattern, int error, struct fault *fault) {
        struct slice shown = slice_sub((struct slice){pattern->regex, pattern->regex_len}, 0, REGEX_SHOWN);
        PCRE2_UCHAR message[256] = "unknown error";
        (void)pcre2_get_error_message(error, message, sizeof(message));
        bool limit = error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_DEPTHLIMIT || error == PCRE2_ERROR_HEAPLIMIT;
        return fault_set(fault, limit ? -ELOOP : -EFAULT, "%s: regular expression '%.*s'", (const char *)message, SLICE_ARG(shown));
}

static int take_spans(int groups, struct pattern_match *ret) {
        ret->spans = pcre2_get_ovector_pointer(shared.data);
        ret->count = (size_t)groups;
        ret->origin = 0;
        ret->groups = UINT64_MAX;
        return 1;
}

static int search(const struct pattern *pattern, const struct form *form, struct slice subject, size_t from, struct pattern_match *ret,
        struct fault *fault) {
        int r = run(form, subject, from);
        if (r == PCRE2_ERROR_NOMATCH)
                return 0;
        if (r <= 0)
                return tell_error(pattern, r, fault);
        return take_spans(r, ret);
}

int pattern_search(const struct pattern *pattern, struct slice subject, size_t from, size_t to, struct pattern_match *ret,
        struct fault *fault) {
        if (to > subject.len)
                to = subject.len;
        if (from > to)
                return 0;
        subject.len = to;
        const struct form *form = pattern->ascii.code && slice_is_ascii(subject) ? &pattern->ascii : &pattern->any;
        return search(pattern, form, subject, from, ret, fault);
}

enum pattern_subject pattern_subject_of_ascii(struct slice subject) {
        bool is_line = subject.len > 0 && slice_find_char(subject, '\n', 0) == subject.len - 1;
        return is_line ? PATTERN_SUBJECT_LINE : PATTERN_SUBJECT_ASCII;
}

enum pattern_subject pattern_subject_of(struct slice subject) {
        return slice_is_ascii(subject) ? pattern_subject_of_ascii(subject) : PATTERN_SUBJECT_OTHER;
}

/* Whether there is a lean form, by now; makes what there is beside the plain one. */
static bool has_lean(const struct pattern *pattern) {
        struct trimmed *trimmed = pattern->trimmed;
        if (!trimmed)
                return false;
        if (trimmed->searches < PATTERN_LEAN_AFTER && ++trimmed->searches == PATTERN_LEAN_AFTER)
                trim(pattern);
        return trimmed->form.code != NULL;
}

/* Returns as pattern_search(), without a fault: where it meets a limit, the plain form may not. */
static int search_lean(const struct trimmed *trimmed, struct slice subject, enum pattern_subject kind, struct pattern_match *ret) {
        const struct lean_terms *terms = &trimmed->terms;
        if (!(kind == PATTERN_SUBJECT_LINE ? lean_fits_line(terms, subject) : lean_fits(terms, subject)))
                return -ELOOP;
        subject.len -= terms->drops_newline;
        int r = run(&trimmed->form, subject, 0);
        if (r == PCRE2_ERROR_NOMATCH)
                return 0;
        return r <= 0 ? -ELOOP : take_spans(r, ret);
}

static int search_whole(const struct pattern *pattern, struct slice subject, enum pattern_subject kind, struct pattern_match *ret,
        struct fault *fault) {
        bool ascii = kind != PATTERN_SUBJECT_OTHER && pattern->ascii.code;
        if (ascii && has_lean(pattern)) {
                int r = search_lean(pattern->trimmed, subject, kind, ret);
                if (r >= 0)
                        return r;
        }
        return search(pattern, ascii ? &pattern->ascii : &pattern->any, subject, 0, ret, fault);
}

bool pattern_begin(const struct pattern *pattern, struct regex_begin *ret) {
        return pattern->trimmed && regex_begin_find((struct slice){pattern->regex, pattern->regex_len}, ret);
}

/* Nearly all searches of nearly all logs end here. */
int pattern_search_whole(const struct pattern *pattern, struct slice subject, enum pattern_subject kind, struct pattern_match *ret,
        struct fault *fault) {
        const struct trimmed *trimmed = pattern->trimmed;
        if (kind != PATTERN_SUBJECT_LINE || !trimmed || !trimmed->native)
                return search_whole(pattern, subject, kind, ret, fault);
        struct slice absent = trimmed->terms.absent;
        if (absent.len > 0 && slice_find(subject, absent, 0) < subject.len)
                return search_whole(pattern, subject, kind, ret, fault);
        enum regex_native_result r = regex_native_search(trimmed->native, subject, &ret->spans, &ret->groups);
        if (r == REGEX_NATIVE_GAVE_UP)
                return search_whole(pattern, subject, kind, ret, fault);
        ret->count = pattern->group_count + 1;
        ret->origin = (size_t)(uintptr_t)subject.data;
        return r == REGEX_NATIVE_MATCH;
}
