/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line through a jail's regexes: date, ignoreregex, prefregex, failregex in order, sessions,
 * id. The line itself is on the stack, everything derived from it in the caller's arena; only
 * sessions and buffered lines outlive it. Upstream: fail2ban/server/filter.py findFailure(), 1.1,
 * whose order of steps matters and is kept. */
#include "detect/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/repr.h"
#include "detect/filter_inside.h"
#include "detect/groups.h"
#include "detect/matched_lines.h"

/* What becomes of the line after a step. */
enum { STEP_ON = 0, STEP_END = 1 };

struct run {
        struct filter *filter;
        struct arena *arena;
        struct fault *fault;
        const struct dated_line *line;
        uint64_t lacks;           /* see struct filter_line */
        bool lacks_failregex;     /* none can match */
        bool is_ascii;            /* all lines are known to be */
        bool has_newline;         /* see struct filter_line; of the only line there is */
        struct line_tuple single; /* where `current` has one line */
        struct line_list
                original; /* the buffered lines with this one: what matches are counted in */
        struct line_list current; /* what of them is still searched, and is buffered in the end */
        struct slice text;        /* of current; data NULL: it has changed */
        enum pattern_subject text_kind;
        struct fields inherited; /* groups of the prefregex */
        struct filter_failure *results;
        size_t count, capacity;
        uint32_t *ignore_hits;
        size_t ignore_hit_count;
};

struct filter *filter_new(struct slice name, enum filter_mode mode, const struct filter_env *env) {
        struct filter *filter = memory_new(sizeof(*filter));
        *filter = (struct filter){
                .name = memory_copy_text(name),
                .mode = mode,
                .env = *env,
                .has_dates = true,
                .usedns = FILTER_DNS_WARN,
                .maxlines = 1,
                .encoding = memory_copy_text(SLICE("UTF-8")),
                .check_all = mode == FILTER_TOOL,
                .ignore_pending = mode == FILTER_DAEMON,
                .traces_groups = mode == FILTER_TOOL,
                .keeps_matches = true,
                .trace = {.last_time = (double)NAN},
                .literals = ARENA_INIT,
                .blob = BUFFER_INIT((size_t)1 << 20),
        };
        line_date_init(&filter->dates, filter->name, mode, &filter->env);
        sessions_init(&filter->sessions, env->clock);
        return filter;
}

static void free_regexes(struct regex_list *list) {
        for (size_t i = 0; i < list->count; i++)
                (void)failregex_free(list->items[i]);
        free(list->items);
}

struct filter *filter_free(struct filter *filter) {
        if (!filter)
                return NULL;
        free_regexes(&filter->failregexes);
        free_regexes(&filter->ignoreregexes);
        (void)failregex_free(filter->prefregex);
        line_date_done(&filter->dates);
        line_buffer_done(&filter->buffer);
        sessions_done(&filter->sessions);
        arena_done(&filter->literals);
        buffer_done(&filter->blob);
        free(filter->timezone);
        free(filter->encoding);
        free(filter->name);
        free(filter);
        return NULL;
}

void filter_say(const struct filter *filter, enum diag_level level, struct slice text) {
        if (filter->env.diag)
                filter->env.diag(filter->env.user, level, FILTER_LOGGER, text);
}

/* ---- results ---- */

enum { RESULT_PLAIN = 0, RESULT_RAW_ID = 1, RESULT_NEEDS_DNS = 2 };

/* Most lines have one result: room for more is made when they come. */
static void make_room(struct run *run) {
        if (run->count < run->capacity)
                return;
        struct filter_failure *old = run->results;
        run->capacity = run->count == 0 ? 4 : 2 * run->capacity;
        run->results = arena_alloc_raw(run->arena, run->capacity, sizeof(*run->results));
        for (size_t i = 0; i < run->count; i++)
                run->results[i] = old[i];
}

/* The daemon's: never later than now, and with what the server wants to know. */
static void set_daemons(struct run *run, const struct fields *data, struct filter_failure *result) {
        double now = clock_wall(run->filter->env.clock);
        result->time = run->line->time;
        result->integral_time = run->line->integral;
        if (result->time > now) {
                result->time = now;
                result->integral_time = false;
        }
        fields_copy_known(data, run->arena, &result->fields);
        if (!run->filter->keeps_matches)
                (void)fields_take(&result->fields, FIELD_MATCHES);
}

/* Field by field: a whole one that is copied costs more than all of them. */
static void set_marks(
        struct filter_failure *result, uint32_t regex, struct slice id, unsigned marks) {
        result->regex = regex;
        result->id.data = id.data;
        result->id.len = id.len;
        result->raw_id = (marks & RESULT_RAW_ID) != 0;
        result->needs_dns = (marks & RESULT_NEEDS_DNS) != 0;
        result->nofail = false;
        result->ignored = false;
        result->data.type = VALUE_NONE;
        result->data.origin = NULL;
}

static void add_result(struct run *run, uint32_t regex, const struct fields *data, struct slice id,
        unsigned marks) {
        if (run->count == FILTER_RESULTS_MAX)
                return;
        make_room(run);
        struct filter_failure *result = &run->results[run->count++];
        set_marks(result, regex, id, marks);
        if (run->filter->mode == FILTER_DAEMON) {
                set_daemons(run, data, result);
                return;
        }
        result->time = run->line->time;
        result->integral_time = run->line->integral;
        result->nofail = fields_has(data, FIELD_NOFAIL);
        fields_copy(data, 0, run->arena, &result->fields);
}

/* One result for each address of a host name. */
static void add_resolved(
        struct run *run, uint32_t regex, const struct fields *data, struct slice name) {
        const struct filter *filter = run->filter;
        struct value addresses = value_list();
        if (!filter->env.resolve) {
                add_result(run, regex, data, name, RESULT_NEEDS_DNS);
                return;
        }
        filter->env.resolve(filter->env.user, name, run->arena, &addresses);
        if (filter->usedns == FILTER_DNS_WARN && addresses.list.count > 0 && filter->env.diag) {
                struct value set = addresses;
                set.type = VALUE_SET;
                filter->env.diag(filter->env.user, DIAG_WARNING, "fail2ban.ipdns",
                        ARENA_JOIN(run->arena, SLICE("Determined IP using DNS Lookup: "), name,
                                SLICE(" = "), repr(&set, run->arena)));
        }
        for (size_t i = 0; i < addresses.list.count; i++)
                add_result(run, regex, data, value_item_text(&addresses, i), RESULT_PLAIN);
}

static enum failure_names names_of(const struct filter *filter) {
        if (filter->raw_host || filter->usedns == FILTER_DNS_RAW)
                return FAILURE_NAMES_RAW;
        return filter->usedns == FILTER_DNS_NO ? FAILURE_NAMES_REFUSE : FAILURE_NAMES_RESOLVE;
}

/* The regex matched without any of its id groups: a mistake in it. */
static void tell_no_group(
        const struct run *run, const struct failregex *regex, struct slice searched) {
        filter_say(run->filter, DIAG_ERROR,
                ARENA_JOIN(run->arena, SLICE("No group found in '"), searched, SLICE("' using '"),
                        failregex_repr(regex, run->arena), SLICE("'")));
}

enum has_session { SESSION_NONE, SESSION_KNOWN };

/* Turns the data of a match into results. */
static int report(struct run *run, uint32_t regex, enum has_session has_session,
        struct fields *data, struct slice searched) {
        const struct filter *filter = run->filter;
        static const struct value one = {.type = VALUE_INT, .integer = 1};
        static const struct field pending = {
                .name = FIELD_MLFPENDING, .kind = FIELD_VALUE, .value = &one};
        int next = filter->check_all ? STEP_ON : STEP_END;
        struct failure_id id;
        int r = failure_id_find(data, names_of(filter), run->arena, &id, run->fault);
        if (r < 0)
                return r;
        switch (id.kind) {
        case FAILURE_ID_ABSENT:
                if (has_session == SESSION_NONE) {
                        tell_no_group(run, filter->failregexes.items[regex], searched);
                        return STEP_ON;
                }
                fields_put(data, pending, run->arena);
                if (!filter->check_all && filter->ignore_pending)
                        return STEP_END;
                add_result(run, regex, data, SLICE_NULL, RESULT_PLAIN);
                return next;
        case FAILURE_ID_REFUSED:
                return next;
        case FAILURE_ID_NAME:
                add_resolved(run, regex, data, id.text);
                return next;
        case FAILURE_ID_PLAIN:
        case FAILURE_ID_RAW:
                add_result(run, regex, data, id.text,
                        id.kind == FAILURE_ID_RAW ? RESULT_RAW_ID : RESULT_PLAIN);
                return next;
        }
        return next;
}

/* ---- regexes ---- */

static void note_ignored(struct run *run, size_t index) {
        if (!run->ignore_hits)
                run->ignore_hits = arena_alloc_array(
                        run->arena, FILTER_RESULTS_MAX, sizeof(*run->ignore_hits));
        if (run->ignore_hit_count < FILTER_RESULTS_MAX)
                run->ignore_hits[run->ignore_hit_count++] = (uint32_t)index;
}

/* Whether an ignoreregex is in text. matched: lines of the match in question, which are not
 * searched again; NULL: there is none yet. */
static int is_ignored(struct run *run, struct slice text, const struct matched_lines *matched) {
        const struct filter *filter = run->filter;
        int found = 0;
        if (run->lacks >> FILTER_CLAUSE_IGNOREREGEX & 1)
                return 0;
        for (size_t i = 0; i < filter->ignoreregexes.count; i++) {
                struct pattern_match match;
                int r = pattern_search(filter->ignoreregexes.items[i]->pattern, text, 0, text.len,
                        &match, run->fault);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                found = 1;
                note_ignored(run, i);
                if (matched && (!filter->check_all || filter->maxlines > 1))
                        run->current = matched->unmatched;
                if (!filter->check_all)
                        break;
        }
        return found;
}

/* Lets the failregexes search content, a part of the text, and a newline: the text's own, mostly.
 */
static void narrow(struct run *run, struct slice content) {
        const char *end = run->text.data + run->text.len;
        run->single = (struct line_tuple){.before = SLICE(""), .date = SLICE(""), .after = content};
        run->current = (struct line_list){&run->single, 1};
        run->text = SLICE_NULL;
        if (content.data + content.len + 1 != end || end[-1] != '\n')
                return;
        run->text = (struct slice){content.data, content.len + 1};
        if (run->text_kind == PATTERN_SUBJECT_OTHER)
                run->text_kind = pattern_subject_of(run->text);
}

static int search_prefregex(struct run *run) {
        struct filter *filter = run->filter;
        struct pattern_match match;
        int r = pattern_search_whole(
                filter->prefregex->pattern, run->text, run->text_kind, &match, run->fault);
        filter->trace.prefregex_hit = r > 0;
        if (r <= 0)
                return r < 0 ? r : STEP_END;
        if (run->lacks_failregex && !filter->traces_groups)
                return STEP_END;
        if (filter->traces_groups) {
                struct fields all = groups_read(filter->prefregex, run->text, &match, run->arena);
                filter->trace.prefregex_groups = fields_dict(&all, run->arena);
        }
        struct slice content;
        run->inherited = groups_read_around_content(
                filter->prefregex, run->text, &match, run->arena, &content);
        if (content.len > 0)
                narrow(run, content);
        return STEP_ON;
}

/* As Python prints it. */
static struct slice shown(const struct field *field, struct arena *arena) {
        struct value v = field_value(field, arena);
        return repr(&v, arena);
}

/* A match that counts, with what it and the prefregex captured: it goes together with what its
 * session knows, and gets an id. */
static int take_match(struct run *run, uint32_t index, struct fields *data,
        const struct line_list *lines, struct slice searched) {
        struct filter *filter = run->filter;
        /* The server may want the lines of a session later; the tool says once and for all. */
        bool needs_lines = filter->keeps_matches || filter->mode == FILTER_DAEMON;
        const struct field *mlfid = data->items; /* where it mostly is */
        if (data->count == 0 || mlfid->name != FIELD_MLFID || mlfid->kind == FIELD_NONE)
                mlfid = fields_get(data, FIELD_MLFID);
        size_t count = needs_lines ? lines->count : 0;
        if (!mlfid) {
                fields_put(data,
                        field_lines(FIELD_MATCHES, field_lines_new(lines, run->arena), count),
                        run->arena);
                return report(run, index, SESSION_NONE, data, searched);
        }
        struct field_line one; /* as who needs it longer has a copy */
        const struct field_line *matched = &one;
        if (count == 1)
                field_line_set(&one, &lines->items[0], run->arena);
        else
                matched = field_lines_new(lines, run->arena);
        struct slice id = mlfid->kind == FIELD_TEXT ? field_slice(mlfid) : shown(mlfid, run->arena);
        struct field field = field_lines(FIELD_MATCHES, matched, count);
        struct session_line line = sessions_merge(&filter->sessions, id, &field, data, run->arena);
        int r = STEP_END;
        if (!line.is_quiet || filter->check_all)
                r = report(run, index, SESSION_KNOWN, line.data, searched);
        if (line.session)
                session_keep(&filter->sessions, line.session);
        return r;
}

/* Whether nothing but a newline needs to be behind what the regexes see of a line, and it is: the
 * byte there can be read, as the newline of the whole line is behind it, or is it. */
static bool stands_alone(const struct line_tuple *line) {
        return line->before.len == 0 && line->after.len > 0 &&
               line->after.data[line->after.len] == '\n';
}

static struct slice set_text(struct run *run, const struct line_list *lines) {
        struct slice text;
        if (run->has_newline && lines->count == 1 && stands_alone(&lines->items[0]))
                text = (struct slice){lines->items[0].after.data, lines->items[0].after.len + 1};
        else
                text = line_list_text(lines, run->arena);
        run->text = text;
        if (!run->is_ascii)
                run->text_kind = pattern_subject_of(text);
        else if (run->has_newline && lines == &run->original)
                run->text_kind = PATTERN_SUBJECT_LINE;
        else
                run->text_kind =
                        pattern_subject_of_ascii(text); /* a content may end in its own newline */
        return text;
}

static void read_groups(struct run *run, const struct failregex *regex, struct slice text,
        const struct pattern_match *match, struct fields *ret) {
        if (run->inherited.count == 0) {
                *ret = groups_read(regex, text, match, run->arena);
                return;
        }
        ret->items = run->inherited.items;
        ret->count = run->inherited.count;
        ret->capacity = run->inherited.capacity;
        ret->seen = run->inherited.seen;
        groups_read_over(ret, run->filter->check_all ? GROUPS_COPY : GROUPS_SHARE, regex, text,
                match, run->arena);
}

/* Whether an ignoreregex matches what a failregex took: 1, 0, or negative as is_ignored(). */
static int is_match_ignored(struct run *run, struct slice text, const struct matched_lines *lines) {
        bool is_part = run->filter->maxlines > 1;
        int r = is_ignored(
                run, is_part ? line_list_text(&lines->matched, run->arena) : text, lines);
        if (r > 0)
                run->text = SLICE_NULL;
        return r;
}

/* A line without a date of its own has the time of another, or is worth nothing to a daemon. */
static bool is_undated_match_good(struct run *run, const struct matched_lines *lines) {
        struct filter *filter = run->filter;
        line_date_warn_missing(&filter->dates, run->line, &lines->matched, run->arena);
        return !isnan(run->line->time) || filter->mode != FILTER_DAEMON;
}

/* A failregex has matched in text. */
static int take_hit(struct run *run, uint32_t index, const struct failregex *regex,
        struct slice text, const struct pattern_match *match) {
        struct filter *filter = run->filter;
        struct matched_lines lines;
        struct fields data;
        int r;
        read_groups(run, regex, text, match, &data);
        matched_lines_find(regex, text, match, &run->original, run->arena, &lines);
        if (filter->ignoreregexes.count > 0 && (r = is_match_ignored(run, text, &lines)) != 0)
                return r < 0 ? r : filter->check_all ? STEP_ON : STEP_END;
        if (run->line->is_undated && !is_undated_match_good(run, &lines))
                return STEP_ON;
        if (!filter->check_all || filter->maxlines > 1) {
                run->current = lines.unmatched;
                run->text = SLICE_NULL;
        }
        return take_match(run, index, &data, &lines.matched, text);
}

static int try_failregex(struct run *run, uint32_t index, const struct failregex *regex,
        const struct pattern *pattern) {
        struct pattern_match match;
        struct slice text = run->text.data ? run->text : set_text(run, &run->current);
        int r = pattern_search_whole(pattern, text, run->text_kind, &match, run->fault);
        return r <= 0 ? r : take_hit(run, index, regex, text, &match);
}

/* Of few failregexes, those that can match as far as literals tell, a bit each. */
static uint64_t promising(const struct run *run) {
        const struct filter *filter = run->filter;
        uint64_t all = (UINT64_C(1) << filter->failregexes.count) - 1;
        if (run->lacks != 0 && filter->lacks_failregexes != 0)
                all &= ~run->lacks >> FILTER_CLAUSE_FAILREGEX;
        return all;
}

/* Those, but for what the begin of the line rules out, in order. A match that comes to nothing
 * leaves them the empty text, or the same one: what matches the empty one can begin with anything.
 */
static int search_few(struct run *run) {
        struct filter *filter = run->filter;
        const struct filter_begins *begins = filter_begins(filter);
        uint64_t left = promising(run);
        int r = STEP_ON;
        bool tells =
                run->text.data && run->text_kind == PATTERN_SUBJECT_LINE && filter->maxlines <= 1;
        if (tells)
                left &= begins->failregexes[(unsigned char)run->text.data[0]];
        for (; left != 0 && r == STEP_ON; left &= left - 1) {
                unsigned index = (unsigned)__builtin_ctzll(left);
                const struct filter_begin *of = &begins->of[index];
                if (!tells || regex_begin_fits(&of->begin, run->text))
                        r = try_failregex(run, index, of->regex, of->pattern);
        }
        return r;
}

static int search_failregexes(struct run *run) {
        struct filter *filter = run->filter;
        const struct regex_list *list = &filter->failregexes;
        int r = STEP_ON;
        if (!run->text.data)
                (void)set_text(run, &run->current);
        if (list->count > 0 && !filter_lacks_failregex(run->lacks, 0))
                slice_set(&filter->trace.searched, run->text);
        if (list->count <= FILTER_BEGINS_FAILREGEXES)
                return search_few(run);
        for (size_t i = 0; i < list->count && r == STEP_ON; i++)
                if (!filter_lacks_failregex(run->lacks, i))
                        r = try_failregex(
                                run, (uint32_t)i, list->items[i], list->items[i]->pattern);
        return r;
}

static int search(struct run *run) {
        struct filter *filter = run->filter;
        filter->trace.whole = set_text(run, &run->original);
        /* Few ignoreregexes beside many failregexes are cheaper in front of them; the rule is
         * upstream's, and can be seen from outside. */
        if (filter->ignoreregexes.count > 0 &&
                filter->ignoreregexes.count + 2 < filter->failregexes.count) {
                int r = is_ignored(run, run->text, NULL);
                if (r != 0)
                        return r;
        }
        if (filter->prefregex) {
                int r = search_prefregex(run);
                if (r != STEP_ON)
                        return r;
        }
        return run->lacks_failregex ? STEP_ON : search_failregexes(run);
}

/* ---- the line ---- */

static bool has_line(const struct line_list *lines, const struct line_tuple *line) {
        for (size_t i = 0; i < lines->count; i++)
                if (line_tuple_equal(&lines->items[i], line))
                        return true;
        return false;
}

/* What the line took out of the buffer; before the buffer changes. */
static void trace_consumed(struct run *run) {
        struct filter *filter = run->filter;
        struct line_list consumed = {.items = arena_alloc_array(run->arena, run->original.count,
                                             sizeof(struct line_tuple))};
        for (size_t i = 0; i + 1 < run->original.count; i++)
                if (!has_line(&run->current, &run->original.items[i]))
                        consumed.items[consumed.count++] = run->original.items[i];
        filter->trace.consumed = line_list_value(&consumed, run->arena);
}

static void trace_date(struct filter_trace *trace, const struct dated_line *line) {
        static const struct value nothing = {.type = VALUE_LIST};
        trace->consumed = nothing;
        trace->date = line->tuple.date.len > 0 ? line->tuple.date : SLICE_NULL;
        trace->time = line->time;
        trace->has_own_date = trace->date.data && !line->is_undated;
        trace->date_template = line->template;
}

static void trace_line(struct run *run) {
        struct filter_trace *trace = &run->filter->trace;
        trace->ignore_hits = run->ignore_hits;
        trace->ignore_hit_count = run->ignore_hit_count;
        trace_date(trace, run->line);
        if (run->filter->maxlines <= 1)
                return;
        trace->stripped = ARENA_JOIN(run->arena, run->line->tuple.before, run->line->tuple.after);
        trace_consumed(run);
}

/* Most lines end here, so nothing is done that a hopeless line does not need. */
void filter_trace_passed(struct filter *filter, const struct dated_line *line) {
        bool is_empty = line->tuple.before.len + line->tuple.after.len == 0;
        filter->trace.prefregex_hit = filter->prefregex_in_all && !is_empty;
        if (filter->mode == FILTER_TOOL)
                trace_date(&filter->trace, line);
}

/* A line that is worth a search. */
struct worthy {
        const struct filter_line *line;
        struct dated_line *dated;
        uint64_t lacks;
};

/* Not inline: what it needs on the stack is not small. */
__attribute__((noinline)) static int search_line(struct filter *filter, const struct worthy *worthy,
        struct arena *arena, const struct filter_failure **ret, struct fault *fault) {
        struct run run = {.filter = filter,
                .arena = arena,
                .fault = fault,
                .line = worthy->dated,
                .lacks = worthy->lacks,
                .is_ascii = worthy->line->is_ascii && filter->maxlines <= 1,
                .has_newline = worthy->line->has_newline && filter->maxlines <= 1,
                .inherited = FIELDS_EMPTY};
        struct line_tuple *newest = &worthy->dated->tuple;
        if (filter->maxlines > 1)
                run.original = line_buffer_with(&filter->buffer, newest, filter->maxlines, arena);
        else
                run.original = (struct line_list){newest, 1};
        run.current.items = run.original.items;
        run.current.count = run.original.count;
        run.lacks_failregex =
                filter->lacks_failregexes != 0 && (filter->lacks_failregexes & ~worthy->lacks) == 0;
        int r = search(&run);
        if (filter->mode == FILTER_TOOL)
                trace_line(&run);
        if (filter->maxlines > 1)
                line_buffer_keep(&filter->buffer, &run.current);
        *ret = run.results;
        return r < 0 ? r : (int)run.count;
}

int filter_line(struct filter *filter, const struct filter_line *line, struct arena *arena,
        const struct filter_failure **ret, struct fault *fault) {
        struct dated_line dated;
        filter_trace_begin(filter);
        sessions_settle(&filter->sessions);
        int r = line_date_read(&filter->dates, line, arena, &dated, fault);
        filter->trace.last_time = filter->dates.last;
        filter->trace.last_integral = filter->dates.last_integral;
        if (r <= 0)
                return r;
        uint64_t lacks = filter_lacks(filter, line, &dated.tuple);
        if (!filter_is_hopeless(filter, lacks))
                return search_line(
                        filter, &(struct worthy){line, &dated, lacks}, arena, ret, fault);
        filter_trace_passed(filter, &dated);
        *ret = NULL;
        return 0;
}
