/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fault in a file that many jails use is one finding. Two are the same if they say the same of
 * the same line; the list is short (FINDINGS_MAX), so it is searched from its end. */
#include "config/finding.h"

#include "config/excerpt.h"

static const char *const severities[FINDING_SEVERITY_COUNT] = {"error", "warning", "hint"};

/* One line, and not too long a one. */
static struct slice cut(struct slice text, struct arena *arena) {
        size_t end = text.len;
        if (end > FINDING_TEXT_MAX)
                for (end = FINDING_TEXT_MAX; ((unsigned char)text.data[end] & 0xc0) == 0x80;)
                        end--;
        char *line = arena_alloc(arena, end + 1);
        for (size_t i = 0; i < end; i++)
                line[i] = (unsigned char)text.data[i] < ' ' ? ' ' : text.data[i];
        return end == text.len ? (struct slice){line, end}
                               : arena_printf(arena, "%.*s...", (int)end, line);
}

static bool is_same_place(const struct value_origin *a, const struct value_origin *b) {
        return a == b || (a && b && a->line == b->line && strcmp(a->file, b->file) == 0);
}

static struct finding *find(const struct findings *findings, const struct finding *wanted) {
        for (size_t i = findings->count; i-- > 0;) {
                struct finding *item = &findings->items[i];
                if (is_same_place(item->origin, wanted->origin) &&
                        item->severity == wanted->severity && slice_equal(item->text, wanted->text))
                        return item;
        }
        return NULL;
}

void findings_add(struct findings *findings, const struct finding *finding) {
        struct finding copy = *finding;
        copy.text = cut(finding->text, findings->arena);
        struct finding *known = find(findings, &copy);
        if (known) {
                known->more_jails += !slice_equal(known->jail, finding->jail);
                return;
        }
        bool is_full = findings->count == FINDINGS_MAX ||
                       (finding->severity == FINDING_HINT &&
                               findings->counts[FINDING_HINT] == FINDING_HINTS_MAX);
        if (is_full) {
                findings->dropped++;
                findings->counts[finding->severity] += finding->severity != FINDING_HINT;
                return;
        }
        if (!findings->items)
                findings->items = arena_alloc_array(findings->arena, FINDINGS_MAX, sizeof(copy));
        copy.jail = arena_copy(findings->arena, finding->jail);
        copy.part = arena_copy(findings->arena, finding->part);
        copy.fix = cut(finding->fix, findings->arena);
        findings->counts[finding->severity]++;
        findings->items[findings->count++] = copy;
}

/* ---- for people ---- */

static int print_place(const struct finding *finding, unsigned line, struct buffer *out) {
        if (finding->origin)
                return buffer_printf(out, "%s:%u: ", finding->origin->file, line);
        return 0;
}

static int print_jail(const struct finding *finding, struct buffer *out) {
        if (finding->jail.len == 0)
                return 0;
        if (finding->more_jails == 0)
                return buffer_printf(out, "jail '%.*s': ", SLICE_ARG(finding->jail));
        return buffer_printf(
                out, "jail '%.*s' and %u more: ", SLICE_ARG(finding->jail), finding->more_jails);
}

static struct excerpt excerpt_of(const struct finding *finding, struct arena *arena) {
        if (!finding->origin)
                return (struct excerpt){.line = 0, .text = SLICE("")};
        return excerpt_make(finding->origin, finding->part, arena);
}

static int print_one(
        const struct findings *findings, const struct finding *finding, struct buffer *out) {
        struct excerpt excerpt = excerpt_of(finding, findings->arena);
        int r = print_place(finding, excerpt.line, out);
        if (r == 0)
                r = buffer_printf(out, "%s: ", severities[finding->severity]);
        if (r == 0)
                r = print_jail(finding, out);
        if (r == 0)
                r = buffer_printf(out, "%.*s\n", SLICE_ARG(finding->text));
        if (r == 0 && excerpt.text.len > 0)
                r = buffer_printf(out, "%.*s\n", SLICE_ARG(excerpt.text));
        if (r == 0 && finding->fix.len > 0)
                r = buffer_printf(out, "       = %.*s\n", SLICE_ARG(finding->fix));
        return r;
}

int findings_print(const struct findings *findings, struct buffer *out) {
        int r = 0;
        for (int severity = 0; severity < FINDING_SEVERITY_COUNT; severity++)
                for (size_t i = 0; r == 0 && i < findings->count; i++)
                        if ((int)findings->items[i].severity == severity)
                                r = print_one(findings, &findings->items[i], out);
        if (r == 0 && findings->dropped > 0)
                r = buffer_printf(out, "and %zu more findings\n", findings->dropped);
        return r;
}

/* ---- for programs ---- */

static struct value text_or_none(struct slice text) {
        return text.len > 0 ? value_string(text) : VALUE_OF_NONE;
}

static void put(struct value *dict, const char *key, struct value item, struct arena *arena) {
        value_dict_put(dict, value_text(key), item, arena);
}

static struct value one_value(const struct finding *finding, struct arena *arena) {
        static const struct value_origin nowhere = {.file = ""};
        const struct value_origin *origin = finding->origin ? finding->origin : &nowhere;
        struct excerpt excerpt = excerpt_of(finding, arena);
        struct value dict = value_dict();
        int64_t jails = finding->jail.len > 0 ? (int64_t)finding->more_jails + 1 : 0;
        put(&dict, "severity", value_text(severities[finding->severity]), arena);
        put(&dict, "jail", text_or_none(finding->jail), arena);
        put(&dict, "jails", value_int(jails), arena);
        put(&dict, "file", text_or_none(slice_of(origin->file)), arena);
        put(&dict, "line", finding->origin ? value_int(excerpt.line) : VALUE_OF_NONE, arena);
        put(&dict, "section", text_or_none(slice_of(origin->section)), arena);
        put(&dict, "option", text_or_none(slice_of(origin->option)), arena);
        put(&dict, "message", value_string(finding->text), arena);
        put(&dict, "fix", text_or_none(finding->fix), arena);
        put(&dict, "excerpt", text_or_none(excerpt.text), arena);
        return dict;
}

struct value findings_value(const struct findings *findings) {
        struct value list = value_list();
        for (size_t i = 0; i < findings->count; i++)
                (void)value_append(
                        &list, one_value(&findings->items[i], findings->arena), findings->arena);
        return list;
}
