/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns are as wide as their longest cell; two pairs of them share a heading. Upstream:
 * client/beautifier.py, 1.1. */
#include "main/client_table.h"

#include "base/repr.h"
#include "main/client_print.h"

#define COLUMNS 6
#define GROUPS 4 /* columns as the headings have them: jail, backend, filter, actions */

/* What lines are drawn with. */
struct glyphs {
        const char *bar;      /* between groups */
        const char *double_;  /* of the strong lines */
        const char *tee;      /* where the headings' line begins */
        const char *cross;    /* where it crosses a bar */
        const char *crossing; /* where the upper strong line crosses a bar */
        const char *foot;     /* where the lower one ends one */
        const char *thin;     /* within a group */
        const char *dash;     /* of the headings' line */
};

static const struct glyphs ascii = {"|", "-", "|", "x", "x", "-", "|", "-"};
static const struct glyphs utf8 = {
        "\u2551", "\u2550", "\u255f", "\u256b", "\u256c", "\u2569", "\u2502", "\u2500"};

struct table_print {
        struct client_lines *text;
        const struct glyphs *glyphs;
        size_t width[COLUMNS];
        struct slice (*rows)[COLUMNS];
        size_t count;
};

static size_t length(struct slice s) {
        size_t count = 0;
        for (size_t i = 0; i < s.len; i++)
                count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
        return count;
}

static bool is_pair(const struct value *value) {
        return value && (value->type == VALUE_TUPLE || value->type == VALUE_LIST) &&
               value->list.count == 2;
}

static bool read_row(struct table_print *table, const struct value *jail, const struct value *row) {
        struct arena *arena = table->text->arena;
        const struct value *backend = value_item(row, 0);
        const struct value *failed = value_item(row, 1);
        const struct value *banned = value_item(row, 2);
        if (!backend || !is_pair(failed) || !is_pair(banned))
                return false;
        const struct value *cells[COLUMNS] = {jail, backend, &failed->list.items[0],
                &failed->list.items[1], &banned->list.items[0], &banned->list.items[1]};
        for (size_t i = 0; i < COLUMNS; i++) {
                struct slice cell = repr_str(cells[i], arena);
                table->rows[table->count][i] = cell;
                if (length(cell) > table->width[i])
                        table->width[i] = length(cell);
        }
        table->count++;
        return true;
}

static bool read_rows(struct table_print *table) {
        const struct value *jails = table->text->reply;
        if (jails->type != VALUE_DICT)
                return false;
        table->rows =
                arena_alloc_array(table->text->arena, jails->list.count, sizeof(*table->rows));
        for (size_t i = 0; i < jails->list.count; i += 2)
                if (!read_row(table, &jails->list.items[i], &jails->list.items[i + 1]))
                        return false;
        return true;
}

static void put(struct table_print *table, const char *glyph, size_t times) {
        for (; times > 0; times--)
                (void)buffer_append(&table->text->text, slice_of(glyph)); /* widths are small */
}

/* A cell with blanks on the left (numbers) or the right. */
static void put_cell(struct table_print *table, struct slice cell, size_t width, bool right) {
        size_t blanks = width > length(cell) ? width - length(cell) : 0;
        if (right)
                put(table, " ", blanks);
        (void)client_lines_put(table->text, cell);
        if (!right)
                put(table, " ", blanks);
}

static void put_bar(struct table_print *table) {
        put(table, " ", 1);
        put(table, table->glyphs->bar, 1);
        put(table, " ", 1);
}

/* A line of all columns. */
static void put_row(struct table_print *table, const struct slice row[COLUMNS]) {
        put(table, "\n ", 1);
        for (size_t i = 0; i < COLUMNS; i++) {
                bool second = i == 3 || i == 5;
                if (second) {
                        put(table, " ", 1);
                        put(table, table->glyphs->thin, 1);
                        put(table, " ", 1);
                } else if (i > 0) {
                        put_bar(table);
                }
                put_cell(table, row[i], table->width[i], i >= 2);
        }
}

static void group_widths(const struct table_print *table, size_t ret[GROUPS]) {
        ret[0] = table->width[0];
        ret[1] = table->width[1];
        ret[2] = 3 + table->width[2] + table->width[3];
        ret[3] = 3 + table->width[4] + table->width[5];
}

static void put_headings(struct table_print *table) {
        static const struct slice names[COLUMNS] = {
                {"",    0},
                {"",    0},
                {"cur", 3},
                {"tot", 3},
                {"cur", 3},
                {"tot", 3}
        };
        size_t widths[GROUPS];
        group_widths(table, widths);
        put(table, " ", 1);
        for (size_t i = 0; i < GROUPS; i++) {
                if (i > 0)
                        put_bar(table);
                put_cell(table,
                        i == 2   ? SLICE("Filter")
                        : i == 3 ? SLICE("Actions")
                                 : SLICE(""),
                        widths[i], false);
        }
        put(table, "\n ", 1);
        put_cell(table, SLICE("Jail"), widths[0], false);
        put_bar(table);
        put_cell(table, SLICE("Backend"), widths[1], false);
        put(table, " ", 1);
        put(table, table->glyphs->tee, 1);
        put(table, table->glyphs->dash, widths[2] + 2);
        put(table, table->glyphs->cross, 1);
        put(table, table->glyphs->dash, widths[3] + 2);
        put_row(table, names);
}

/* A strong line; corner stands where bars are. */
static void put_line(struct table_print *table, const char *corner) {
        size_t widths[GROUPS];
        group_widths(table, widths);
        put(table, "\n", 1);
        for (size_t i = 0; i < GROUPS; i++) {
                if (i > 0)
                        put(table, corner, 1);
                put(table, table->glyphs->double_, widths[i] + 2);
        }
}

int client_table_print(struct client_lines *text) {
        size_t count;
        bool is_empty = client_lines_count(text->reply, &count) ? count == 0
                                                                : text->reply->type == VALUE_NONE;
        if (is_empty)
                return client_lines_put(text, SLICE("No jails found."));
        struct table_print table = {
                .text = text, .glyphs = text->utf8 ? &utf8 : &ascii, .width = {8, 8, 3, 3, 3, 3}
        };
        if (!read_rows(&table))
                return -1;
        put_headings(&table);
        put_line(&table, table.glyphs->crossing);
        for (size_t i = 0; i < table.count; i++)
                put_row(&table, table.rows[i]);
        put_line(&table, table.glyphs->foot);
        return 0;
}
