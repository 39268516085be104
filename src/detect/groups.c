/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: fail2ban/server/failregex.py getGroups(), 1.1. */
#include "detect/groups.h"

#define OTHERS_MAX 8 /* groups that most regexes have */

/* In place: a field that is built elsewhere is copied. */
static void set_group(struct field *field, unsigned name, size_t group, struct slice subject,
        const struct pattern_match *match) {
        size_t start;
        size_t end;
        if (pattern_match_span(match, group, &start, &end)) {
                field_set_text(field, name, (struct slice){subject.data + start, end - start});
                return;
        }
        field->name = (uint16_t)name;
        field->kind = FIELD_NONE;
}

/* The first alternative that has a text fills a target that has none. */
static void merge_alts(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct fields *fields, struct arena *arena) {
        for (size_t i = 0; i < regex->alt_count; i++) {
                const struct failregex_merge *alt = &regex->alts[i];
                struct field field;
                set_group(&field, alt->target, alt->group, subject, match);
                if (field_is_true(&field) && !fields_has(fields, alt->target))
                        fields_put(fields, field, arena);
        }
}

/* Each part goes behind its target, which becomes a tuple with the first. */
static void merge_tuples(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct fields *fields, struct arena *arena) {
        for (size_t i = 0; i < regex->tuple_count; i++) {
                const struct failregex_merge *part = &regex->tuples[i];
                const struct field *present = fields_find(fields, part->target);
                struct value tuple = present ? field_value(present, arena) : VALUE_OF_NONE;
                if (tuple.type != VALUE_TUPLE) {
                        struct value first = tuple;
                        tuple = value_tuple();
                        (void)value_append(&tuple, first, arena);
                }
                struct field field;
                set_group(&field, part->target, part->group, subject, match);
                (void)value_append(&tuple, field_value(&field, arena), arena);
                fields_put_value(fields, part->target, &tuple, arena);
        }
}

struct fields groups_read(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena) {
        struct fields fields =
                fields_new(regex->group_count + OTHERS_MAX + FIELDS_ADDED_MAX, arena);
        for (size_t i = 0; i < regex->group_count; i++)
                set_group(&fields.items[i], regex->groups[i].field, regex->groups[i].number,
                        subject, match);
        fields.count = (uint32_t)regex->group_count;
        fields.seen = regex->group_fields;
        merge_alts(regex, subject, match, &fields, arena);
        merge_tuples(regex, subject, match, &fields, arena);
        return fields;
}

struct fields groups_read_around_content(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena, struct slice *ret) {
        bool is_plain = regex->alt_count == 0 && regex->tuple_count == 0;
        if (!is_plain) {
                struct fields fields = groups_read(regex, subject, match, arena);
                struct field content = fields_take(&fields, FIELD_CONTENT);
                *ret = content.kind == FIELD_TEXT ? field_slice(&content) : SLICE_NULL;
                return fields;
        }
        struct fields fields =
                fields_new(regex->group_count + OTHERS_MAX + FIELDS_ADDED_MAX, arena);
        struct field *next = fields.items;
        const struct failregex_group *group = regex->groups, *last = group + regex->group_count;
        for (; group < last; group++)
                if (group->number != regex->content)
                        set_group(next++, group->field, group->number, subject, match);
        size_t start, end;
        slice_set(ret, SLICE_NULL);
        if (regex->content > 0 && pattern_match_span(match, regex->content, &start, &end))
                slice_set(ret, (struct slice){subject.data + start, end - start});
        fields.count = (uint32_t)(next - fields.items);
        fields.seen = regex->group_fields & ~fields_bit(FIELD_CONTENT);
        return fields;
}

/* Puts the groups that took part behind the others, which have other names. */
static void append_groups(struct fields *fields, const struct failregex *regex,
        struct slice subject, const struct pattern_match *match) {
        const struct failregex_group *group = regex->groups, *last = group + regex->group_count;
        struct field *end = fields->items + fields->count;
        uint64_t seen = fields->seen;
        for (; group < last && group->number < match->count; group++) {
                size_t from, to;
                if (!pattern_match_span(match, group->number, &from, &to))
                        continue;
                field_set_text(end++, group->field, (struct slice){subject.data + from, to - from});
                seen |= group->field_bit;
        }
        fields->count = (uint32_t)(end - fields->items);
        fields->seen = seen;
}

void groups_read_over(struct fields *fields, enum groups_base use, const struct failregex *regex,
        struct slice subject, const struct pattern_match *match, struct arena *arena) {
        bool is_plain = regex->alt_count == 0 && regex->tuple_count == 0;
        if (is_plain && (fields->seen & regex->group_fields) == 0) {
                size_t room = regex->group_count + FIELDS_ADDED_MAX;
                if (use == GROUPS_COPY || fields->capacity - fields->count < room)
                        fields_grow(fields, room, arena);
                append_groups(fields, regex, subject, match);
                return;
        }
        struct fields groups = groups_read(regex, subject, match, arena);
        fields_grow(fields, groups.count + FIELDS_ADDED_MAX, arena);
        fields_overlay(fields, &groups, arena);
}
