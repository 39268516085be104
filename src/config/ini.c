/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parser of the INI dialect. It works line by line and has one open option at most, whose lines are
 * gathered until something else begins. A line belongs to the open option if it is indented deeper
 * than the line the option began on; blank lines in between count, comments do not. Malformed lines
 * do not stop the parser: they are collected, so that one message lists them all.
 *
 * Lines may end in LF, CRLF or CR. Keys are lower-cased, names of sections are not.
 * Source: spec of the dialect (Python's configparser with fail2ban's settings: '=' and ':', inline
 * ';', strict). */
#include "config/ini.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/repr.h"
#include "config/text.h"

struct ini_parser {
        struct ini *ini;
        const char *name;
        struct arena *arena;
        struct fault *fault;
        unsigned line_number;
        size_t indent; /* of the line that the open option or section began on */
        struct slice
                section; /* name of the current one, NUL behind; data is NULL before the first */
        struct dict *options; /* of the current section */
        struct slice option;  /* the open one, NUL behind; empty if there is none */
        unsigned option_line;
        struct buffer value;  /* lines of the open option, each with an LF behind */
        struct buffer errors; /* the list of malformed lines, as the message shows it */
        unsigned error_count;
};

struct ini_section *ini_section(const struct ini *ini, struct slice name) {
        const struct value *place = dict_get(&ini->places, name);
        return place ? ini->sections[place->integer] : NULL;
}

struct ini_section *ini_section_make(struct ini *ini, struct slice name, struct arena *arena) {
        struct ini_section *section = ini_section(ini, name);
        if (section)
                return section;
        if (ini->count == ini->capacity) {
                ini->capacity = ini->capacity ? ini->capacity * 2 : 16;
                struct ini_section **grown =
                        arena_alloc_array(arena, ini->capacity, sizeof(struct ini_section *));
                if (ini->count > 0)
                        memcpy(grown, ini->sections, ini->count * sizeof(struct ini_section *));
                ini->sections = grown;
        }
        section = arena_alloc(arena, sizeof(*section));
        section->name = name;
        dict_put(&ini->places, name, value_int((int64_t)ini->count), arena);
        ini->sections[ini->count++] = section;
        return section;
}

static struct slice quote(struct ini_parser *p, struct slice s) {
        return repr_text(s, p->arena);
}

static const struct value_origin *origin_new(struct ini_parser *p) {
        struct value_origin *origin = arena_alloc(p->arena, sizeof(*origin));
        *origin = (struct value_origin){p->name, p->option_line, p->section.data, p->option.data};
        return origin;
}

/* Stores the open option: its lines without the blank ones at the end. */
static void close_option(struct ini_parser *p) {
        if (p->option.data && p->options) {
                struct value value = value_string(
                        arena_copy(p->arena, text_strip_right(buffer_view(&p->value))));
                value.origin = origin_new(p);
                dict_put(p->options, p->option, value, p->arena);
        }
        p->option = SLICE_NULL;
        buffer_clear(&p->value);
}

static int gather(struct ini_parser *p, struct slice line) {
        int r = buffer_append(&p->value, line);
        return r < 0 ? r : buffer_append_char(&p->value, '\n');
}

/* Remembers the present line as that of the fault, unless there was one before. */
static void blame_line(struct ini_parser *p) {
        if (p->ini->fault_at)
                return;
        struct value_origin *origin = arena_alloc(p->arena, sizeof(*origin));
        *origin = (struct value_origin){p->name, p->line_number, p->section.data, NULL};
        p->ini->fault_at = origin;
}

static int malformed(struct ini_parser *p, struct slice raw) {
        bool is_first = !p->ini->fault_at;
        blame_line(p);
        if (is_first)
                p->ini->fault_fix =
                        slice_has_prefix(raw, SLICE("["))
                                ? "close the name of the section: [NAME]"
                                : "write NAME = VALUE, or indent it to go on with the value above";
        if (++p->error_count > INI_ERRORS_MAX)
                return 0;
        return buffer_printf(
                &p->errors, "\n\t[line %2u]: %.*s", p->line_number, SLICE_ARG(quote(p, raw)));
}

/* Where a comment begins: at the first ';' behind a blank, or at once in a line that only holds
 * one. s.len if there is none. */
static size_t comment_start(struct slice line) {
        size_t first = text_skip_blanks(line, 0);
        if (first < line.len && (line.data[first] == '#' || line.data[first] == ';'))
                return 0;
        for (size_t at = slice_find_char(line, ';', 0); at < line.len;
                at = slice_find_char(line, ';', at + 1))
                if (text_blank_before(line, at) > 0)
                        return at;
        return line.len;
}

/* The name between '[' and the last ']'; data is NULL if the line is no header. */
static struct slice header_name(struct slice line) {
        if (line.len < 3 || line.data[0] != '[')
                return SLICE_NULL;
        size_t end = line.len - 1;
        while (end > 1 && line.data[end] != ']')
                end--;
        return end > 1 ? slice_sub(line, 1, end) : SLICE_NULL;
}

static int open_section(struct ini_parser *p, struct slice name) {
        close_option(p);
        p->section = arena_copy(p->arena, name);
        if (slice_is(name, "DEFAULT")) {
                p->options = &p->ini->defaults;
                return 0;
        }
        if (ini_section(p->ini, name))
                return fault_raise(p->fault, "DuplicateSectionError",
                        "While reading from %.*s [line %2u]: section %.*s already exists",
                        SLICE_ARG(quote(p, slice_of(p->name))), p->line_number,
                        SLICE_ARG(quote(p, name)));
        if (p->ini->count >= INI_SECTIONS_MAX)
                return fault_set(p->fault, -E2BIG, "%s:%u: more than %u sections", p->name,
                        p->line_number, INI_SECTIONS_MAX);
        p->options = &ini_section_make(p->ini, p->section, p->arena)->options;
        return 0;
}

/* A line without delimiter leaves the option before it open: what follows indented belongs to that
 * one. */
static int open_option(struct ini_parser *p, struct slice line, struct slice raw) {
        size_t delimiter = 0;
        while (delimiter < line.len && line.data[delimiter] != '=' && line.data[delimiter] != ':')
                delimiter++;
        if (delimiter == line.len)
                return malformed(p, raw);
        close_option(p);
        struct slice key = arena_copy(
                p->arena, text_lower(text_strip_right(slice_sub(line, 0, delimiter)), p->arena));
        if (dict_get(p->options, key))
                return fault_raise(p->fault, "DuplicateOptionError",
                        "While reading from %.*s [line %2u]: option %.*s in section %.*s already exists",
                        SLICE_ARG(quote(p, slice_of(p->name))), p->line_number, SLICE_ARG(quote(p, key)),
                        SLICE_ARG(quote(p, p->section)));
        if (key.len == 0) {
                dict_put(p->options, key, VALUE_OF_NONE, p->arena); /* the file is refused; a second one is a duplicate */
                return malformed(p, raw);
        }
        p->option = key;
        p->option_line = p->line_number;
        return gather(p, text_strip(slice_sub(line, delimiter + 1, line.len)));
}

/* content: the line without comment and outer blanks. raw: the line with its LF, for messages. */
static int begin(struct ini_parser *p, struct slice content, struct slice raw) {
        struct slice header = header_name(content);
        if (header.data)
                return open_section(p, header);
        if (!p->section.data)
                return fault_raise(p->fault, "MissingSectionHeaderError",
                        "File contains no section headers.\nfile: %.*s, line: %u\n%.*s",
                        SLICE_ARG(quote(p, slice_of(p->name))), p->line_number,
                        SLICE_ARG(quote(p, raw)));
        return open_option(p, content, raw);
}

static int parse_line(struct ini_parser *p, struct slice line, struct slice raw) {
        size_t comment = comment_start(line);
        struct slice content = text_strip(slice_sub(line, 0, comment));
        if (content.len == 0)
                return p->option.len > 0 && comment == line.len ? gather(p, content) : 0;
        size_t indent = text_indent(line);
        if (p->option.len > 0 && indent > p->indent)
                return gather(p, content);
        p->indent = indent;
        return begin(p, content, raw);
}

/* Takes a line off *rest. *ret_raw is what a message shows: the line with "\n" whatever its end
 * was, or without at the end of the file. */
static struct slice next_line(struct slice *rest, struct arena *arena, struct slice *ret_raw) {
        size_t end = 0;
        while (end < rest->len && rest->data[end] != '\n' && rest->data[end] != '\r')
                end++;
        struct slice line = slice_sub(*rest, 0, end);
        bool is_cr = end < rest->len && rest->data[end] == '\r';
        size_t next = end + (end < rest->len) +
                      (is_cr && end + 1 < rest->len && rest->data[end + 1] == '\n');
        if (end == rest->len)
                *ret_raw = line;
        else if (is_cr)
                *ret_raw = arena_printf(arena, "%.*s\n", SLICE_ARG(line));
        else
                *ret_raw = slice_sub(*rest, 0, end + 1);
        *rest = slice_sub(*rest, next, rest->len);
        return line;
}

static int parse_lines(struct ini_parser *p, struct slice rest) {
        int r = 0;
        while (rest.len > 0 && r == 0) {
                if (++p->line_number > INI_LINES_MAX)
                        r = fault_set(
                                p->fault, -E2BIG, "%s: more than %u lines", p->name, INI_LINES_MAX);
                if (r < 0)
                        break;
                struct slice raw;
                struct slice line = next_line(&rest, p->arena, &raw);
                r = parse_line(p, line, raw);
        }
        if (r < 0)
                blame_line(p);
        close_option(p);
        return r;
}

int ini_parse(struct slice text, const char *name, struct arena *arena, struct ini *ret,
        struct fault *fault) {
        if (text.len > INI_FILE_MAX)
                return fault_set(fault, -E2BIG, "configuration file '%s' is larger than %u bytes",
                        name, INI_FILE_MAX);
        *ret = (struct ini){.count = 0};
        struct ini_parser p = {.ini = ret, .name = name, .arena = arena, .fault = fault};
        p.value = BUFFER_INIT((size_t)INI_FILE_MAX * 2);
        p.errors = BUFFER_INIT((size_t)INI_FILE_MAX * 6);
        int r = parse_lines(&p, text);
        if (r == -ENOBUFS)
                r = fault_set(fault, -E2BIG, "%s:%u: too long", name, p.line_number);
        if (r == 0 && p.error_count > 0)
                r = fault_raise(fault, "ParsingError", "Source contains parsing errors: %.*s%.*s",
                        SLICE_ARG(quote(&p, slice_of(name))), SLICE_ARG(buffer_view(&p.errors)));
        buffer_done(&p.value);
        buffer_done(&p.errors);
        return r;
}
