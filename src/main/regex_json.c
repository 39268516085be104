/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines as JSON. A text is what the regexes saw, so it is valid UTF-8; where the line had other
 * bytes, "raw" has all of them in base 64, and nothing is lost. */
#include "main/regex_json.h"

#include <math.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "wire/json.h"

#define OBJECT_MAX ((size_t)1 << 30) /* bytes; a line has at most 64 MiB */

static void put(struct value *dict, const char *key, struct value item, struct arena *arena) {
        value_dict_put(dict, value_text(key), item, arena);
}

static struct value text_or_none(struct slice text) {
        return text.data ? value_string(text) : VALUE_OF_NONE;
}

static struct slice base64(struct slice bytes, struct arena *arena) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char *out = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1);
        size_t n = 0;
        for (size_t i = 0; i < bytes.len; i += 3) {
                uint32_t group = 0;
                size_t left = bytes.len - i < 3 ? bytes.len - i : 3;
                for (size_t k = 0; k < 3; k++)
                        group = group << 8 | (k < left ? (unsigned char)bytes.data[i + k] : 0U);
                for (size_t k = 0; k < 4; k++)
                        out[n++] = k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
        }
        return (struct slice){out, n};
}

static void put_time(struct value *dict, double time, struct arena *arena) {
        char text[CLOCK_ISO_MAX];
        bool known = isfinite(time) && time >= 0;
        put(dict, "time", known ? value_float(time) : VALUE_OF_NONE, arena);
        put(dict, "time_iso",
                known ? value_string(arena_copy(arena,
                                slice_of(clock_iso_text((uint64_t)llround(time * 1e6), text))))
                      : VALUE_OF_NONE,
                arena);
}

static struct value line_object(
        const struct regex_line *line, const char *verdict, struct arena *arena) {
        struct value object = value_dict();
        put(&object, "verdict", value_text(verdict), arena);
        put(&object, "source", text_or_none(line->source), arena);
        put(&object, "line", value_int((int64_t)line->number), arena);
        put(&object, "text", value_string(line->text), arena);
        if (line->raw.data)
                put(&object, "raw", value_string(base64(line->raw, arena)), arena);
        return object;
}

/* Which regex, counted from 1 as in the report, and where it is written. */
static void put_regex(struct value *dict, const char *key, const struct regex_stats *stats,
        uint32_t index, struct arena *arena) {
        const struct value_origin *origin =
                index < stats->count ? stats->items[index].origin : NULL;
        put(dict, key, value_int((int64_t)index + 1), arena);
        put(dict, "file", origin ? value_text(origin->file) : VALUE_OF_NONE, arena);
        put(dict, "file_line", origin ? value_int(stats->items[index].line) : VALUE_OF_NONE, arena);
}

/* Whole lines of a match that took several. */
static struct value lines_of(const struct value *matches, struct arena *arena) {
        struct value lines = value_list();
        for (size_t i = 0; i < matches->list.count; i++) {
                const struct value *match = &matches->list.items[i];
                struct slice text =
                        match->type == VALUE_STRING
                                ? match->string
                                : ARENA_JOIN(arena, value_item_text(match, 0),
                                          value_item_text(match, 1), value_item_text(match, 2));
                (void)value_append(&lines, value_string(text), arena);
        }
        return lines;
}

static struct value result_object(const struct regex_report *report,
        const struct filter_failure *result, struct arena *arena) {
        struct value object = value_dict();
        struct value groups = value_dict();
        const struct value *matches = value_dict_get(&result->data, "matches");
        for (size_t i = 0; i + 1 < result->data.list.count; i += 2)
                if (!slice_has_suffix(result->data.list.items[i].string, SLICE("matches")))
                        value_dict_put(&groups, result->data.list.items[i],
                                result->data.list.items[i + 1], arena);
        put_regex(&object, "failregex", &report->fail, result->regex, arena);
        put(&object, "id", text_or_none(result->id), arena);
        put_time(&object, result->time, arena);
        put(&object, "counts",
                value_bool(!result->nofail && !result->ignored && result->id.data != NULL), arena);
        put(&object, "groups", groups, arena);
        if (matches && value_is_container(matches) && matches->list.count > 1)
                put(&object, "lines", lines_of(matches, arena), arena);
        return object;
}

static void print(FILE *to, const struct value *object) {
        struct buffer out = BUFFER_INIT(OBJECT_MAX);
        if (json_encode(&out, object) < 0) {
                buffer_clear(&out);
                (void)buffer_append(&out, SLICE("{\"error\":\"too long\"}"));
        }
        struct slice text = buffer_view(&out);
        (void)fwrite(text.data, 1, text.len, to);
        (void)fputc('\n', to);
        buffer_done(&out);
}

void regex_json_print(FILE *to, const struct regex_report *report, const struct regex_line *line,
        const struct regex_outcome *outcome, struct arena *arena) {
        static const char *const words[] = {[REGEX_MATCHED] = "matched",
                [REGEX_IGNORED] = "ignored",
                [REGEX_MISSED] = "missed"};
        const struct filter_trace *trace = filter_trace(report->filter);
        struct value list = value_list();
        struct value ignored = value_list();
        struct value object = line_object(line, words[outcome->verdict], arena);
        put_time(&object, trace->time, arena);
        put(&object, "date", text_or_none(trace->date), arena);
        for (size_t i = 0; i < outcome->count; i++)
                if (!outcome->results[i].ignored)
                        (void)value_append(
                                &list, result_object(report, &outcome->results[i], arena), arena);
        put(&object, "results", list, arena);
        for (size_t i = 0; i < trace->ignore_hit_count; i++) {
                struct value hit = value_dict();
                put_regex(&hit, "ignoreregex", &report->ignore, trace->ignore_hits[i], arena);
                (void)value_append(&ignored, hit, arena);
        }
        put(&object, "ignored_by", ignored, arena);
        print(to, &object);
}

void regex_json_print_fault(
        FILE *to, const struct regex_line *line, const struct fault *fault, struct arena *arena) {
        struct value object = line_object(line, "missed", arena);
        struct value error = value_dict();
        put(&error, "type", fault->kind ? value_text(fault->kind) : VALUE_OF_NONE, arena);
        put(&error, "message", value_text(fault_text(fault)), arena);
        put(&object, "error", error, arena);
        print(to, &object);
}
