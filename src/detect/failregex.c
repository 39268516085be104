/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiling a regex of the configuration. Python's global flags are legal at the start only;
 * fail2ban makes "((?i)x)" legal by turning it into "(?i:x)", and so do we, although that loses the
 * outer group. Upstream: fail2ban/server/failregex.py, 1.1. */
#include "detect/failregex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/repr.h"
#include "detect/fields.h"

DEFINE_CLEANUP(struct failregex *, failregex_free);

#define ALT SLICE("alt_")
#define TUPLE SLICE("tuple_")
#define TARGET_BYTES 256
#define REPR_CHARS 200 /* of a regex that Python shows */

/* Length of the "(?letters)" at from without its closing parenthesis, or 0. */
static size_t flag_group_length(struct slice text, size_t from) {
        size_t at = from + 2;
        if (!slice_has_prefix(slice_sub(text, from, text.len), SLICE("(?")))
                return 0;
        while (at < text.len && text.data[at] >= 'a' && text.data[at] <= 'z')
                at++;
        return at > from + 2 && at < text.len && text.data[at] == ')' ? at - from : 0;
}

/* Where the flag group begins that the parenthesis at from opens with, or 0. */
static size_t find_flag_group(struct slice text, size_t from) {
        if (from > 0 && text.data[from - 1] == '\\')
                return 0;
        bool is_plain = slice_has_prefix(slice_sub(text, from + 1, text.len), SLICE("?:"));
        if (is_plain && flag_group_length(text, from + 3) > 0)
                return from + 3;
        return flag_group_length(text, from + 1) > 0 ? from + 1 : 0;
}

static int localise_flags(struct slice text, struct buffer *out) {
        size_t at = 0;
        int r = 0;
        while (r == 0 && at < text.len) {
                size_t open = slice_find_char(text, '(', at);
                r = buffer_append(out, slice_sub(text, at, open));
                at = open;
                if (r < 0 || open == text.len)
                        break;
                size_t group = find_flag_group(text, open);
                if (group == 0) {
                        r = buffer_append_char(out, '(');
                        at++;
                        continue;
                }
                size_t len = flag_group_length(text, group);
                r = buffer_append(out, slice_sub(text, group, group + len));
                if (r == 0)
                        r = buffer_append_char(out, ':');
                at = group + len + 1;
        }
        return r;
}

static int expand(struct slice regex, enum tag_hosts hosts, char **ret, struct fault *fault) {
        struct buffer expanded = BUFFER_INIT(FAILREGEX_TEXT_MAX);
        struct buffer local = BUFFER_INIT(FAILREGEX_TEXT_MAX);
        int r = tag_expand(regex, hosts, &expanded);
        if (r == 0 && slice_trim(buffer_view(&expanded)).len == 0) {
                r = fault_raise(fault, "RegexException", "Cannot add empty regex");
        } else {
                if (r == 0)
                        r = localise_flags(buffer_view(&expanded), &local);
                if (r < 0)
                        r = fault_raise(fault, "RegexException",
                                "Regular expression is longer than %zu bytes", FAILREGEX_TEXT_MAX);
                else
                        *ret = memory_copy_text(buffer_view(&local));
        }
        buffer_done(&expanded);
        buffer_done(&local);
        return r;
}

/* "user" of "alt_user_2", the prefix being off already: without one "_2", in the names of groups.
 */
static int merge_target(struct slice rest) {
        char buffer[TARGET_BYTES];
        size_t digits = 0;
        while (digits < rest.len && rest.data[rest.len - 1 - digits] >= '0' &&
                rest.data[rest.len - 1 - digits] <= '9')
                digits++;
        if (digits > 0 && digits < rest.len && rest.data[rest.len - 1 - digits] == '_')
                rest.len -= digits + 1;
        return field_name_of(tag_group_name(rest, buffer, sizeof(buffer)));
}

static int by_name(const void *a, const void *b) {
        const struct failregex_merge *left = a;
        const struct failregex_merge *right = b;
        return slice_compare(left->name, right->name);
}

/* Returns 0, or a negative error if there are too many names. */
static int find_merges(const struct pattern *pattern, struct slice prefix,
        struct failregex_merge **ret, size_t *ret_count) {
        size_t groups = pattern_group_count(pattern);
        size_t count = 0;
        struct failregex_merge *merges = memory_new_array(groups + 1, sizeof(*merges));
        *ret = merges;
        for (size_t group = 1; group <= groups; group++) {
                struct slice name = pattern_group_name(pattern, group);
                if (name.len <= ALT.len || !slice_has_prefix(name, prefix))
                        continue;
                int target = merge_target(slice_sub(name, prefix.len, name.len));
                if (target < 0)
                        return target;
                merges[count++] = (struct failregex_merge){group, name, (uint16_t)target};
        }
        qsort(merges, count, sizeof(*merges), by_name);
        *ret_count = count;
        return 0;
}

static int find_groups(struct failregex *regex) {
        size_t count = pattern_group_count(regex->pattern);
        regex->groups = memory_new_array(count + 1, sizeof(*regex->groups));
        for (size_t number = 1; number <= count; number++) {
                struct slice name = pattern_group_name(regex->pattern, number);
                if (name.len == 0)
                        continue;
                int field = field_name_of(name);
                if (field < 0)
                        return field;
                regex->groups[regex->group_count++] = (struct failregex_group){
                        (uint32_t)number, (uint16_t)field, fields_bit((unsigned)field)};
                regex->group_fields |= fields_bit((unsigned)field);
                if (field == FIELD_CONTENT)
                        regex->content = (uint32_t)number;
        }
        return 0;
}

static int find_names(struct failregex *regex, struct fault *fault) {
        int r = find_groups(regex);
        if (r == 0)
                r = find_merges(regex->pattern, ALT, &regex->alts, &regex->alt_count);
        if (r == 0)
                r = find_merges(regex->pattern, TUPLE, &regex->tuples, &regex->tuple_count);
        if (r < 0)
                return fault_raise(fault, "RegexException",
                        "Regular expressions have more than %d different names of groups",
                        FIELD_NAMES_MAX);
        return 0;
}

static bool names_an_id(const struct pattern *pattern) {
        static const char *const names[] = {"fid", "ip4", "ip6", "dns", "mlfid"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (pattern_group_number(pattern, slice_of(names[i])) > 0)
                        return true;
        return false;
}

int failregex_new(struct slice regex, enum tag_hosts hosts, unsigned flags, struct failregex **ret,
        struct fault *fault) {
        CLEANUP(failregex_freep) struct failregex *new = memory_new(sizeof(*new));
        struct fault reason = FAULT_INIT;
        if (slice_find_char(regex, '\0', 0) < regex.len)
                return fault_raise(fault, "RegexException",
                        "Regular expression has a NUL character in it; write \\0");
        int r = expand(regex, hosts, &new->text, fault);
        if (r < 0)
                return r;
        r = pattern_compile(slice_of(new->text), flags, &new->pattern, &reason);
        if (r < 0)
                r = fault_raise(fault, "RegexException",
                        "Unable to compile regular expression '%s':\n%s", new->text,
                        fault_text(&reason));
        fault_done(&reason);
        if (r < 0)
                return r;
        r = find_names(new, fault);
        if (r < 0)
                return r;
        new->flags = flags;
        new->has_id = names_an_id(new->pattern);
        *ret = STEAL_PTR(new);
        return 0;
}

struct failregex *failregex_free(struct failregex *regex) {
        if (!regex)
                return NULL;
        free(regex->groups);
        free(regex->alts);
        free(regex->tuples);
        (void)pattern_free(regex->pattern);
        free(regex->text);
        free(regex);
        return NULL;
}

static bool has_flag(const struct failregex *regex, char letter) {
        size_t len = flag_group_length(slice_of(regex->text), 0);
        if (letter == 'm' && (regex->flags & PATTERN_MULTILINE))
                return true;
        return memchr(regex->text, letter, len) != NULL;
}

static struct slice cut(struct slice text, size_t chars) {
        size_t at = 0;
        for (; at < text.len; at++)
                if (((unsigned char)text.data[at] & 0xc0) != 0x80 && chars-- == 0)
                        break;
        return slice_sub(text, 0, at);
}

struct slice failregex_repr(const struct failregex *regex, struct arena *arena) {
        static const struct {
                char letter;
                const char *name;
        } flags[] = {
                {'i', "re.IGNORECASE"},
                {'m', "re.MULTILINE" },
                {'s', "re.DOTALL"    },
                {'x', "re.VERBOSE"   },
                {'a', "re.ASCII"     }
        };
        struct slice text = cut(repr_text(slice_of(regex->text), arena), REPR_CHARS);
        struct slice names = SLICE("");
        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
                if (has_flag(regex, flags[i].letter))
                        names = arena_printf(arena, "%.*s%s%s", SLICE_ARG(names),
                                names.len > 0 ? "|" : ", ", flags[i].name);
        return arena_printf(arena, "re.compile(%.*s%.*s)", SLICE_ARG(text), SLICE_ARG(names));
}
