/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the regexes come from: the REGEX argument is the name of a jail, of a filter, the path of a
 * filter file, or a regex; which one is found out by looking, in this order. Upstream:
 * fail2ban/client/fail2banregex.py readRegex(), 1.1. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/duration.h"
#include "base/repr.h"
#include "config/config.h"
#include "config/text.h"
#include "main/regex_tool.h"

struct source {
        struct slice text; /* the argument */
        struct slice name;
        struct value options;
        struct slice basedir;
        struct config_filter_result result;
        bool found;
};

static bool is_word(char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
               (c & 0x80) != 0;
}

static bool ends_line(struct slice s, size_t at) {
        return at == s.len || s.data[at] == '\n';
}

/* (?ms)^/{0,3}[\w/_\-.]+(?:\[.*\])?$ found anywhere */
static bool looks_like_name(struct slice s) {
        for (size_t i = 0; i < s.len; i++) {
                if (i > 0 && s.data[i - 1] != '\n')
                        continue;
                size_t end = i;
                while (end < s.len && (is_word(s.data[end]) || strchr("/-.", s.data[end])))
                        end++;
                if (end > i && ends_line(s, end))
                        return true;
                if (end == i || end >= s.len || s.data[end] != '[')
                        continue;
                for (size_t close = end + 1; close < s.len; close++)
                        if (s.data[close] == ']' && ends_line(s, close + 1))
                                return true;
        }
        return false;
}

static bool is_file(struct slice path, struct arena *arena) {
        struct stat st;
        return stat(arena_copy(arena, path).data, &st) == 0 && S_ISREG(st.st_mode);
}

static struct slice directory_of(struct slice path) {
        size_t slash = text_name_start(path);
        while (slash > 1 && path.data[slash - 1] == '/')
                slash--;
        return slice_sub(path, 0, slash);
}

static struct slice base_of(struct slice path) {
        return slice_sub(path, text_name_start(path), path.len);
}

static bool has_char(struct slice s, char c) {
        return slice_find_char(s, c, 0) < s.len;
}

/* A dot near the end: the name has its suffix already. */
static bool has_suffix(struct slice name) {
        return has_char(slice_sub(name, name.len > 6 ? name.len - 6 : 0, name.len), '.');
}

static struct slice join_path(struct slice a, struct slice b, struct arena *arena) {
        if (b.len > 0 && b.data[0] == '/')
                return b;
        return arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(a),
                slice_has_suffix(a, SLICE("/")) ? "" : "/", SLICE_ARG(b));
}

/* Looks for the filter's file: by name in the configuration, or by its path, which then changes
 * source->basedir. */
static bool find_file(struct regex_tool *tool, struct source *source) {
        static const char *const suffixes[] = {"", ".conf", ".local"};
        size_t count = has_suffix(source->name) ? 1 : 3;
        for (size_t i = 0; i < count; i++) {
                struct slice candidate =
                        arena_printf(&tool->arena, "%.*s%s", SLICE_ARG(source->name), suffixes[i]);
                struct slice path = candidate;
                bool is_plain = !has_char(candidate, '/');
                if (slice_is(directory_of(candidate), "filter.d") ||
                        (is_plain && slice_is(base_of(source->basedir), "filter.d")))
                        path = join_path(source->basedir, candidate, &tool->arena);
                else if (is_plain)
                        path = join_path(
                                join_path(source->basedir, SLICE("filter.d"), &tool->arena),
                                candidate, &tool->arena);
                else
                        source->basedir = directory_of(candidate);
                if (is_file(path, &tool->arena))
                        return true;
        }
        return false;
}

static void show_options(struct regex_tool *tool, const char *label, const struct source *source) {
        if (source->options.list.count > 0)
                regex_tool_say(tool, "Use %s options : %.*s\n", label,
                        SLICE_ARG(repr(&source->options, &tool->arena)));
}

static void show_real_options(struct regex_tool *tool, const struct source *source) {
        if (tool->arguments.verbose > 1 || diag_threshold() <= DIAG_DEBUG)
                regex_tool_say(tool, "Real  filter options : %.*s\n",
                        SLICE_ARG(repr(&source->result.options, &tool->arena)));
}

/* What was wrong has been said; who wants to know more gets the exception, as from upstream. */
static enum regex_end give_up(const struct regex_tool *tool, const struct fault *fault) {
        return tool->arguments.verbose > 0 ? regex_tool_uncaught(fault) : REGEX_FAILED;
}

static enum regex_end wrong_name(
        const struct regex_tool *tool, const struct source *source, const struct fault *fault) {
        (void)printf("ERROR: Wrong filter name or options: %s\n       while parsing: %.*s\n",
                fault_text(fault), SLICE_ARG(source->text));
        return give_up(tool, fault);
}

struct jail_search {
        struct regex_tool *tool;
        struct source *source;
};

/* Said before the messages of reading it. */
static void show_jail(void *user) {
        const struct jail_search *search = user;
        search->source->found = true;
        regex_tool_say(
                search->tool, "Use             jail : %.*s\n", SLICE_ARG(search->source->name));
        show_options(search->tool, "jail/flt", search->source);
}

static void show_jail_options(void *user) {
        const struct jail_search *search = user;
        show_real_options(search->tool, search->source);
}

/* Reads the jail of that name, if there is one. */
static enum regex_end try_jail(
        struct regex_tool *tool, struct source *source, struct fault *fault) {
        struct config_filter_request request = {
                .basedir = source->basedir,
                .kind = CONFIG_FILTER_JAIL,
                .name = source->name,
                .options = &source->options,
                .backend = slice_of(tool->backend),
                .found = show_jail,
                .ready = show_jail_options,
                .user = &(struct jail_search){tool, source}
        };
        int r = config_filter(&request, &tool->arena, &source->result, fault);
        if (r == CONFIG_E_NO_JAIL)
                return REGEX_GO_ON;
        if (r < 0)
                return wrong_name(tool, source, fault);
        if (r != CONFIG_OK) {
                (void)printf("ERROR: Failed to get jail for '%.*s'\n", SLICE_ARG(source->text));
                return REGEX_FAILED;
        }
        return REGEX_GO_ON;
}

/* Reads the filter whose file was found. */
static enum regex_end read_filter(
        struct regex_tool *tool, struct source *source, struct fault *fault) {
        struct config_filter_request request = {.kind = CONFIG_FILTER_NAME,
                .options = &source->options,
                .backend = slice_of(tool->backend)};
        bool by_name = slice_equal(source->basedir, tool->arguments.config) ||
                       slice_is(base_of(source->basedir), "filter.d") ||
                       (!has_suffix(source->name) && !has_char(source->name, '/'));
        if (by_name) {
                if (slice_is(base_of(source->basedir), "filter.d"))
                        source->basedir = directory_of(source->basedir);
                source->name = base_of(source->name);
                size_t dot = source->name.len;
                while (dot > 1 && source->name.data[dot - 1] != '.')
                        dot--;
                if (dot > 1)
                        source->name = slice_sub(source->name, 0, dot - 1);
                regex_tool_say(tool, "Use      filter file : %.*s, basedir: %.*s\n",
                        SLICE_ARG(source->name), SLICE_ARG(source->basedir));
                request.basedir = source->basedir;
        } else {
                regex_tool_say(tool, "Use      filter file : %.*s\n", SLICE_ARG(source->name));
                request.kind = CONFIG_FILTER_PATH;
        }
        request.name = source->name;
        show_options(tool, "  filter", source);
        int r = config_filter(&request, &tool->arena, &source->result, fault);
        if (r < 0)
                (void)printf("Wrong config file: %s\n", fault_text(fault));
        if (r < 0 && tool->arguments.verbose > 0)
                return give_up(tool, fault);
        if (r != CONFIG_OK) {
                (void)printf("ERROR: failed to load filter %.*s\n", SLICE_ARG(source->text));
                return REGEX_FAILED;
        }
        source->found = true;
        show_real_options(tool, source);
        return REGEX_GO_ON;
}

/* Finds out what the argument names; source->found is false if it is a plain regex. */
static enum regex_end find_source(
        struct regex_tool *tool, struct source *source, struct fault *fault) {
        if (!looks_like_name(source->text))
                return REGEX_GO_ON;
        if (config_split_options(
                    source->text, &tool->arena, &source->name, &source->options, fault) < 0)
                return wrong_name(tool, source, fault);
        enum regex_end end = REGEX_GO_ON;
        if (!has_char(source->name, '/') && !slice_has_suffix(source->name, SLICE(".conf")) &&
                !slice_has_suffix(source->name, SLICE(".local")))
                end = try_jail(tool, source, fault);
        if (end != REGEX_GO_ON || source->found || !find_file(tool, source))
                return end;
        return read_filter(tool, source, fault);
}

/* ---- applying ---- */

static enum regex_end regex_error(const struct fault *fault) {
        (void)printf("ERROR: %s\n", fault_text(fault));
        return REGEX_FAILED;
}

static int set_prefregex(struct regex_tool *tool, struct slice text,
        const struct value_origin *origin, struct fault *fault) {
        tool->prefregex = text;
        tool->prefregex_origin = origin;
        return regex_tool_set(tool, "prefregex", text, fault);
}

/* Sets one option of a command. Regexes are only collected: they are compiled when everything else
 * is set. */
static int apply_text(struct regex_tool *tool, struct slice option, struct slice text,
        const struct value_origin *origin, struct fault *fault) {
        if (slice_is(option, "addfailregex"))
                regex_report_add_regex(&tool->report, &tool->report.fail, text, origin);
        else if (slice_is(option, "addignoreregex"))
                regex_report_add_regex(&tool->report, &tool->report.ignore, text, origin);
        else if (slice_is(option, "prefregex"))
                return set_prefregex(tool, text, origin, fault);
        else if (slice_is(option, "addignoreip"))
                (void)value_append(&tool->ignoreip, value_string(text), &tool->arena);
        else if (slice_is(option, "findtime"))
                return duration_parse(text, &tool->findtime, fault);
        else if (slice_is(option, "maxlines"))
                return regex_tool_set_maxlines(tool, text, fault);
        else if (slice_is(option, "datepattern"))
                return regex_tool_set_datepattern(tool, text, fault);
        return 0;
}

static enum regex_end apply_command(struct regex_tool *tool, const struct source *source,
        const struct value *command, struct fault *fault) {
        struct slice verb = value_item_text(command, 0);
        struct slice option = value_item_text(command, 2);
        const struct value *fourth = value_item(command, 3);
        bool multi = slice_is(verb, "multi-set");
        if (!fourth || (multi ? !value_is_container(fourth) : !slice_is(verb, "set")))
                return REGEX_GO_ON;
        const struct value *items = multi ? fourth->list.items : &command->list.items[3];
        size_t count = multi ? fourth->list.count : command->list.count - 3;
        if (slice_is(option, "addjournalmatch") && !tool->arguments.journalmatch.data) {
                tool->journalmatch = value_list();
                for (size_t i = 0; i < count; i++)
                        (void)value_append(&tool->journalmatch, items[i], &tool->arena);
                tool->has_journalmatch = true;
        }
        for (size_t i = 0; i < count; i++) {
                struct slice text = repr_str(&items[i], &tool->arena);
                if (apply_text(tool, option, text, items[i].origin, fault) == 0)
                        continue;
                if (slice_is(option, "prefregex"))
                        return regex_error(fault);
                if (fault->kind && strcmp(fault->kind, "ValueError") != 0)
                        return regex_tool_uncaught(fault);
                (void)printf("ERROR: Invalid value for %.*s (%.*s) read from %.*s: %s\n",
                        SLICE_ARG(option), SLICE_ARG(repr(&items[i], &tool->arena)),
                        SLICE_ARG(source->text), fault_text(fault));
                return REGEX_FAILED;
        }
        return REGEX_GO_ON;
}

static enum regex_end add_regexes(struct regex_tool *tool, const char *option,
        const struct regex_stats *stats, struct fault *fault) {
        for (size_t i = 0; i < stats->count; i++)
                if (regex_tool_set(tool, option, stats->items[i].regex, fault) < 0)
                        return regex_error(fault);
        return REGEX_GO_ON;
}

enum regex_end regex_source_read(struct regex_tool *tool, struct slice regex) {
        struct source source = {.text = regex, .basedir = tool->arguments.config};
        struct fault fault = FAULT_INIT;
        enum regex_end end = find_source(tool, &source, &fault);
        size_t count = source.found && end == REGEX_GO_ON ? source.result.commands.list.count : 0;
        for (size_t i = 0; end == REGEX_GO_ON && i < count; i++)
                end = apply_command(tool, &source, &source.result.commands.list.items[i], &fault);
        if (end == REGEX_GO_ON && count == 0) {
                regex_tool_say(tool, "Use   failregex line : %.*s\n",
                        SLICE_ARG(regex_tool_shorten(regex, &tool->arena)));
                regex_report_add_regex(&tool->report, &tool->report.fail, regex, NULL);
        }
        if (end == REGEX_GO_ON)
                end = add_regexes(tool, "addfailregex", &tool->report.fail, &fault);
        if (end == REGEX_GO_ON)
                end = add_regexes(tool, "addignoreregex", &tool->report.ignore, &fault);
        fault_done(&fault);
        return end;
}

enum regex_end regex_source_read_ignore(struct regex_tool *tool, struct slice regex) {
        struct fault fault = FAULT_INIT;
        enum regex_end end = REGEX_GO_ON;
        while (end == REGEX_GO_ON && filter_ignoreregex_count(tool->filter) > 0)
                if (regex_tool_set(tool, "delignoreregex", SLICE("0"), &fault) < 0)
                        end = regex_error(&fault);
        regex_report_clear_regexes(&tool->report.ignore);
        regex_tool_say(tool, "Use ignoreregex line : %.*s\n",
                SLICE_ARG(regex_tool_shorten(regex, &tool->arena)));
        regex_report_add_regex(&tool->report, &tool->report.ignore, regex, NULL);
        if (end == REGEX_GO_ON)
                end = add_regexes(tool, "addignoreregex", &tool->report.ignore, &fault);
        fault_done(&fault);
        return end;
}
