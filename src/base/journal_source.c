/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syntax is the one of all bracket options: name=value, name="value", name='value', parted by commas; "[a=1][b=2]" is the same as
 * "[a=1, b=2]". */
#include "base/journal_source.h"

#include <errno.h>
#include <limits.h>

#include "base/number.h"

#define SYSTEM_ONLY 4

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static struct slice rest_of(struct slice text, size_t from) {
        return slice_sub(text, from, text.len);
}

/* Takes a value off *text. Returns whether it is well-formed. */
static bool take_value(struct slice *text, struct slice *ret) {
        while (text->len > 0 && is_blank(text->data[0]))
                *text = rest_of(*text, 1);
        size_t end = 0;
        if (text->len > 0 && (text->data[0] == '"' || text->data[0] == '\'')) {
                end = slice_find_char(*text, text->data[0], 1);
                bool closed = end < text->len;
                *ret = slice_sub(*text, 1, end);
                *text = rest_of(*text, end + 1);
                return closed;
        }
        while (end < text->len && text->data[end] != ',' && text->data[end] != ']')
                end++;
        *ret = slice_trim(slice_sub(*text, 0, end));
        *text = rest_of(*text, end);
        return true;
}

static int refuse_syntax(struct slice options, struct fault *fault) {
        return fault_raise(fault, "ValueError", "wrong syntax of backend options: '%.*s'", SLICE_ARG(slice_sub(options, 0, 200)));
}

/* One "[...]" at the start of *text. */
static bool take_group(struct slice *text, struct arena *arena, struct value *options) {
        *text = rest_of(*text, 1);
        for (;;) {
                size_t len = 0;
                struct slice value;
                while (text->len > 0 && (is_blank(text->data[0]) || text->data[0] == ','))
                        *text = rest_of(*text, 1);
                if (text->len > 0 && text->data[0] == ']') {
                        *text = rest_of(*text, 1);
                        return true;
                }
                while (len < text->len && is_name(text->data[len]))
                        len++;
                struct slice name = slice_sub(*text, 0, len);
                *text = rest_of(*text, len);
                while (text->len > 0 && is_blank(text->data[0]))
                        *text = rest_of(*text, 1);
                if (len == 0 || text->len == 0 || text->data[0] != '=')
                        return false;
                *text = rest_of(*text, 1);
                if (!take_value(text, &value))
                        return false;
                value_dict_put(options, value_string(arena_copy(arena, name)), value_string(arena_copy(arena, value)), arena);
        }
}

static bool is_true(struct slice text) {
        return slice_is(text, "1") || slice_equal_nocase(text, SLICE("true")) || slice_equal_nocase(text, SLICE("yes")) ||
                slice_equal_nocase(text, SLICE("on"));
}

static int read_flags(struct slice text, struct journal_source *source, struct fault *fault) {
        int64_t number;
        if (number_parse_python_int(text, &number) < 0 || number < 0 || number > INT_MAX)
                return fault_raise(fault, "ValueError", "invalid literal for int() with base 10: '%.*s'", SLICE_ARG(text));
        source->has_flags = true;
        source->flags = (int)number;
        return 0;
}

static int apply(struct slice name, struct slice value, struct journal_source *source, struct fault *fault) {
        if (slice_is(name, "journalpath"))
                source->path = value;
        else if (slice_is(name, "journalfiles"))
                source->files = value;
        else if (slice_is(name, "namespace"))
                source->name_space = value;
        else if (slice_is(name, "rotated"))
                source->rotated = is_true(value);
        else if (slice_is(name, "journalflags"))
                return read_flags(value, source, fault);
        else
                return fault_raise(fault, "TypeError", "JournalFilter.__init__() got an unexpected keyword argument '%.*s'", SLICE_ARG(name));
        return 0;
}

int journal_source_parse(struct slice options, const char *default_flags, struct arena *arena, struct journal_source *ret,
        struct fault *fault) {
        struct slice rest = slice_trim(options);
        int r = 0;
        *ret = (struct journal_source){.given = value_dict()};
        if (options.len > JOURNAL_SOURCE_MAX)
                return fault_raise(fault, "ValueError", "backend options of more than %d bytes", JOURNAL_SOURCE_MAX);
        while (rest.len > 0) {
                if (rest.data[0] != '[' || !take_group(&rest, arena, &ret->given))
                        return refuse_syntax(options, fault);
                rest = slice_trim(rest);
        }
        for (size_t i = 0; r == 0 && i + 1 < ret->given.list.count; i += 2)
                r = apply(ret->given.list.items[i].string, ret->given.list.items[i + 1].string, ret, fault);
        if (r < 0 || ret->has_flags || ret->files.len > 0 || ret->path.len > 0)
                return r;
        if (default_flags)
                return read_flags(arena_copy(arena, slice_of(default_flags)), ret, fault);
        if (ret->rotated) {
                ret->has_flags = true;
                ret->flags = SYSTEM_ONLY;
        }
        return 0;
}

static void put_option(struct slice *text, const char *name, struct slice value, struct arena *arena) {
        const char *quote = slice_find_char(value, '"', 0) < value.len ? "'" : "\"";
        if (value.len > 0)
                *text = arena_printf(arena, "%.*s%s%s=%s%.*s%s", SLICE_ARG(*text), text->len ? ", " : "[", name, quote, SLICE_ARG(value),
                        quote);
}

struct slice journal_source_text(const struct journal_source *source, struct arena *arena) {
        struct slice text = SLICE("");
        put_option(&text, "journalpath", source->path, arena);
        put_option(&text, "journalfiles", source->files, arena);
        put_option(&text, "namespace", source->name_space, arena);
        if (source->has_flags)
                put_option(&text, "journalflags", arena_printf(arena, "%d", source->flags), arena);
        if (source->rotated)
                put_option(&text, "rotated", SLICE("1"), arena);
        return text.len ? arena_printf(arena, "%.*s]", SLICE_ARG(text)) : text;
}

bool journal_source_next_glob(struct slice *rest, struct slice *ret) {
        size_t len = 0;
        while (rest->len > 0 && (is_blank(rest->data[0]) || rest->data[0] == ','))
                *rest = rest_of(*rest, 1);
        while (len < rest->len && !is_blank(rest->data[len]) && rest->data[len] != ',')
                len++;
        *ret = slice_sub(*rest, 0, len);
        *rest = rest_of(*rest, len);
        return len > 0;
}

static struct slice folder_of(struct slice glob) {
        size_t end = 0;
        const struct slice special = SLICE("*?[\\");
        for (size_t i = 0; i < glob.len && slice_find_char(special, glob.data[i], 0) == special.len;
                i++)
                if (glob.data[i] == '/')
                        end = i;
        return end > 0 ? slice_sub(glob, 0, end) : SLICE("/");
}

struct value journal_source_folders(const struct journal_source *source, struct arena *arena) {
        struct value folders = value_list();
        struct slice rest = source->files;
        struct slice glob;
        while (journal_source_next_glob(&rest, &glob))
                (void)value_append(&folders, value_string(arena_copy(arena, folder_of(glob))), arena);
        if (source->path.len > 0)
                (void)value_append(&folders, value_string(arena_copy(arena, source->path)), arena);
        if (folders.list.count > 0)
                return folders;
        (void)value_append(&folders, value_text(JOURNAL_PERSISTENT), arena);
        (void)value_append(&folders, value_text(JOURNAL_RUNTIME), arena);
        return folders;
}
