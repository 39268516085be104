/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interpolation: "%%" is a percent sign, "%(name)s" the raw value of that name, itself
 * interpolated, and nothing else may follow a percent sign. The names are looked up where the
 * option itself was, whatever section the fetched value came from: a value taken from [lt_file]
 * sees the variables of the section that refers to it.
 *
 * Recursion is bounded by depth (10, upstream's limit), and the result by length and steps, because
 * ten levels may still grow exponentially. Source: Python's BasicInterpolation; fail2ban's
 * extension of it by section references (client/configparserinc.py, 1.1). Differs: a number that
 * comes from a filter (known/maxlines) is a text like any other here, upstream fails on it. */
#include "config/interpolate.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/repr.h"
#include "config/suggest.h"
#include "config/text.h"

#define DEPTH_MAX 10

struct interpolation {
        const struct lookup *lookup;
        struct slice option;
        struct buffer out;
        unsigned steps; /* references followed */
        struct fault *fault;
};

struct value value_as_text(const struct value *value, struct arena *arena) {
        struct value text = *value;
        if (value->type == VALUE_BOOL)
                text = value_text(value->boolean ? "True" : "False");
        else if (value->type == VALUE_INT)
                text = value_string(arena_printf(arena, "%lld", (long long)value->integer));
        text.origin = value->origin;
        return text;
}

struct dict dict_as_vars(const struct dict *dict, struct arena *arena) {
        struct dict vars = {.count = 0};
        for (size_t i = 0; i < dict->count; i++)
                dict_put(&vars, text_lower(dict->entries[i].key, arena),
                        value_as_text(&dict->entries[i].value, arena), arena);
        return vars;
}

static const struct dict *section_options(const struct lookup *lookup) {
        const struct ini_section *section = ini_section(lookup->ini, lookup->section);
        return section ? &section->options : NULL;
}

/* option in lower case. */
static const struct value *find(const struct lookup *lookup, struct slice option) {
        const struct value *value = lookup->vars ? dict_get(lookup->vars, option) : NULL;
        const struct dict *own = section_options(lookup);
        if (!value && own)
                value = dict_get(own, option);
        return value ? value : dict_get(&lookup->ini->defaults, option);
}

int lookup_raw(const struct lookup *lookup, struct slice option, struct value *ret) {
        if (!section_options(lookup) && !slice_is(lookup->section, "DEFAULT"))
                return INTERPOLATE_E_NO_SECTION;
        const struct value *value = find(lookup, text_lower(option, lookup->arena));
        if (!value)
                return INTERPOLATE_E_NO_OPTION;
        *ret = *value;
        return INTERPOLATE_OK;
}

/* Splits "section/option" where the section is of word characters and '-'. Returns false if name
 * has another form. */
static bool split_reference(
        struct slice name, struct slice *ret_section, struct slice *ret_option) {
        size_t slash = 0;
        while (slash < name.len && (text_is_word(name.data[slash]) || name.data[slash] == '-'))
                slash++;
        if (slash == 0 || slash + 1 >= name.len || name.data[slash] != '/')
                return false;
        *ret_section = slice_sub(name, 0, slash);
        *ret_option = slice_sub(name, slash + 1, name.len);
        return true;
}

/* The raw value behind "section/option" in a value of the lookup's section. Names that hold a
 * capital are never found: upstream looks them up in lower case, but keeps them as they are
 * written. */
static const struct value *find_reference(const struct lookup *lookup, struct slice name) {
        struct slice section_name;
        struct slice option;
        if (!split_reference(name, &section_name, &option))
                return NULL;
        const struct ini_section *section = NULL;
        if (slice_is(section_name, "known")) {
                struct slice shadow =
                        arena_printf(lookup->arena, "KNOWN/%.*s", SLICE_ARG(lookup->section));
                section = ini_section(lookup->ini, shadow);
        } else if (!slice_is(section_name, "default")) {
                section = ini_section(lookup->ini, section_name);
                if (!section)
                        return NULL;
        }
        const struct value *value = section ? dict_get(&section->options, option) : NULL;
        return value ? value : dict_get(&lookup->ini->defaults, option);
}

static int blame(struct interpolation *ip, const struct value *value) {
        if (ip->lookup->blame && value->origin)
                *ip->lookup->blame = value->origin;
        return -EINVAL;
}

/* What error messages call the raw value: that of the option without vars, or the text at hand. */
static struct slice raw_of_option(struct interpolation *ip, struct slice rest) {
        struct lookup plain = *ip->lookup;
        plain.vars = NULL;
        struct value raw;
        bool found =
                lookup_raw(&plain, ip->option, &raw) == INTERPOLATE_OK && raw.type == VALUE_STRING;
        return repr_text(found ? raw.string : rest, ip->lookup->arena);
}

static int fail_depth(struct interpolation *ip, const struct value *value) {
        struct arena *arena = ip->lookup->arena;
        (void)fault_raise(ip->fault, "InterpolationDepthError",
                "Recursion limit exceeded in value substitution: option %.*s in section %.*s "
                "contains an interpolation key which "
                "cannot be substituted in %d steps. Raw value: %.*s",
                SLICE_ARG(repr_text(ip->option, arena)),
                SLICE_ARG(repr_text(ip->lookup->section, arena)), DEPTH_MAX,
                SLICE_ARG(raw_of_option(ip, value->string)));
        return blame(ip, value);
}

/* What may have been meant: an option that can be seen from here. */
static void say_meant(struct interpolation *ip, struct slice name) {
        const struct lookup *lookup = ip->lookup;
        const struct dict *dicts[] = {
                lookup->vars, section_options(lookup), &lookup->ini->defaults};
        struct suggest suggest = suggest_begin(name);
        for (size_t i = 0; i < sizeof(dicts) / sizeof(dicts[0]); i++)
                for (size_t k = 0; dicts[i] && k < dicts[i]->count; k++)
                        suggest_offer(&suggest, dicts[i]->entries[k].key);
        if (lookup->part)
                *lookup->part = arena_printf(lookup->arena, "%%(%.*s)s", SLICE_ARG(name));
        if (!lookup->fix)
                return;
        *lookup->fix = suggest_text(&suggest, lookup->arena);
        if (lookup->fix->len == 0)
                *lookup->fix = arena_printf(lookup->arena, "define '%.*s' in [%.*s] or [DEFAULT]",
                        SLICE_ARG(name), SLICE_ARG(lookup->section));
}

static int fail_missing(struct interpolation *ip, const struct value *value, struct slice name) {
        struct arena *arena = ip->lookup->arena;
        (void)fault_raise(ip->fault, "InterpolationMissingOptionError",
                "Bad value substitution: option %.*s in section %.*s contains an interpolation key "
                "%.*s which is not a valid option "
                "name. Raw value: %.*s",
                SLICE_ARG(repr_text(ip->option, arena)),
                SLICE_ARG(repr_text(ip->lookup->section, arena)), SLICE_ARG(repr_text(name, arena)),
                SLICE_ARG(raw_of_option(ip, value->string)));
        say_meant(ip, name);
        return blame(ip, value);
}

static int fail_syntax(
        struct interpolation *ip, const struct value *value, const char *what, struct slice rest) {
        (void)fault_raise(ip->fault, "InterpolationSyntaxError", "%s%.*s", what,
                SLICE_ARG(repr_text(rest, ip->lookup->arena)));
        if (ip->lookup->fix)
                *ip->lookup->fix =
                        SLICE("write %% for a percent sign, %(NAME)s for an option's value");
        return blame(ip, value);
}

static int expand(struct interpolation *ip, const struct value *value, unsigned depth);

/* The value that a reference stands for. */
static int resolve(
        struct interpolation *ip, const struct value *value, struct slice name, unsigned depth) {
        if (++ip->steps > INTERPOLATE_STEPS_MAX)
                return -ENOBUFS;
        struct slice key = text_lower(name, ip->lookup->arena);
        if (slice_is(key, "__name__"))
                return buffer_append(&ip->out, ip->lookup->section);
        const struct value *found = find(ip->lookup, key);
        if (!found && slice_equal(key, name))
                found = find_reference(ip->lookup, name);
        if (!found)
                return fail_missing(ip, value, key);
        if (found->type == VALUE_NONE) {
                (void)fault_raise(
                        ip->fault, "TypeError", "argument of type 'NoneType' is not iterable");
                return blame(ip, value);
        }
        struct value text = value_as_text(found, ip->lookup->arena);
        return expand(ip, &text, depth + 1);
}

/* Handles the percent sign at *at and moves *at behind what it stands for. */
static int expand_percent(
        struct interpolation *ip, const struct value *value, size_t *at, unsigned depth) {
        struct slice rest = slice_sub(value->string, *at, value->string.len);
        char next = rest.len > 1 ? rest.data[1] : '\0';
        if (next == '%') {
                *at += 2;
                return buffer_append_char(&ip->out, '%');
        }
        if (next != '(')
                return fail_syntax(ip, value, "'%' must be followed by '%' or '(', found: ", rest);
        size_t close = slice_find_char(rest, ')', 2);
        if (close == 2 || close + 1 >= rest.len || rest.data[close + 1] != 's')
                return fail_syntax(ip, value, "bad interpolation variable reference ", rest);
        *at += close + 2;
        return resolve(ip, value, slice_sub(rest, 2, close), depth);
}

static int expand(struct interpolation *ip, const struct value *value, unsigned depth) {
        struct slice text = value->string;
        size_t at = slice_find_char(text, '%', 0);
        if (at == text.len)
                return buffer_append(&ip->out, text);
        if (depth > DEPTH_MAX)
                return fail_depth(ip, value);
        int r = buffer_append(&ip->out, slice_sub(text, 0, at));
        while (r == 0 && at < text.len) {
                r = expand_percent(ip, value, &at, depth);
                size_t next = slice_find_char(text, '%', at);
                if (r == 0)
                        r = buffer_append(&ip->out, slice_sub(text, at, next));
                at = next;
        }
        return r;
}

int lookup_get(
        const struct lookup *lookup, struct slice option, struct value *ret, struct fault *fault) {
        struct value raw;
        int r = lookup_raw(lookup, option, &raw);
        if (r != INTERPOLATE_OK)
                return r;
        *ret = value_as_text(&raw, lookup->arena);
        if (raw.type == VALUE_NONE || slice_find_char(ret->string, '%', 0) == ret->string.len)
                return INTERPOLATE_OK;
        struct interpolation ip = {
                .lookup = lookup, .option = text_lower(option, lookup->arena), .fault = fault};
        ip.out = BUFFER_INIT(INTERPOLATE_VALUE_MAX);
        r = expand(&ip, ret, 1);
        if (r == -ENOBUFS) {
                (void)blame(&ip, ret);
                r = fault_set(fault, -E2BIG,
                        "value of option '%.*s' in section '%.*s' is too large when interpolated",
                        SLICE_ARG(option), SLICE_ARG(lookup->section));
        }
        if (r == 0)
                ret->string = arena_copy(lookup->arena, buffer_view(&ip.out));
        buffer_done(&ip.out);
        return r;
}

static bool has_blank(struct slice s) {
        for (size_t at = 0; at < s.len; at++)
                if (text_blank_at(s, at) > 0)
                        return true;
        return false;
}

/* The sections that a tag's prefix names, in order. Returns their number. */
static size_t sections_of(const struct lookup *lookup, struct slice prefix, struct slice ret[2]) {
        struct slice lower = text_lower(prefix, lookup->arena);
        if (slice_is(lower, "known")) {
                ret[0] = arena_printf(lookup->arena, "KNOWN/%.*s", SLICE_ARG(lookup->section));
                ret[1] = lookup->section;
                return 2;
        }
        ret[0] = slice_is(lower, "default") ? SLICE("DEFAULT") : prefix;
        return 1;
}

int lookup_get_tag(
        const struct lookup *lookup, struct slice name, struct value *ret, struct fault *fault) {
        struct slice prefix;
        struct slice option;
        if (split_reference(name, &prefix, &option) && !has_blank(option)) {
                struct slice sections[2];
                size_t count = sections_of(lookup, prefix, sections);
                for (size_t i = 0; i < count; i++) {
                        struct lookup other = *lookup;
                        other.section = sections[i];
                        other.vars = NULL;
                        int r = lookup_get(&other, option, ret, fault);
                        if (r == INTERPOLATE_OK || r < 0)
                                return r;
                }
        }
        return lookup_get(lookup, name, ret, fault);
}
