/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All addresses are asked for by one run of dig, beside the loop. The answers are somebody else's
 * text: of each only fields of printable characters are taken. Upstream:
 * fail2ban/server/banmanager.py getBanListExtendedCymruInfo(), 1.1. */
#include "enforce/cymru.h"

#include <stdlib.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "enforce/plain_command.h"

#define LOGGER "fail2ban.banmanager"
#define COMMAND "dig +noall +answer +time=2 +tries=1"
#define COMMAND_MAX ((size_t)128 << 10)
#define FIELDS 5 /* asn | net | country | rir | changed */

struct question {
        struct arena arena;
        struct value names;
        cymru_done *done;
        void *user;
};

static void all_are(const char *text, struct arena *arena, struct value ret[static CYMRU_COUNT]) {
        for (size_t i = 0; i < CYMRU_COUNT; i++) {
                ret[i] = value_list();
                value_append(&ret[i], value_text(text), arena);
        }
}

static struct slice clean(struct slice field, struct arena *arena) {
        field = slice_trim(field);
        while (field.len > 0 && (field.data[0] == '"' || field.data[0] == '\''))
                field = slice_trim(slice_sub(field, 1, field.len));
        while (field.len > 0 &&
                (field.data[field.len - 1] == '"' || field.data[field.len - 1] == '\''))
                field = slice_trim(slice_sub(field, 0, field.len - 1));
        if (field.len > CYMRU_TEXT_MAX)
                field = slice_sub(field, 0, CYMRU_TEXT_MAX);
        for (size_t i = 0; i < field.len; i++)
                if (field.data[i] < ' ' || field.data[i] > '~')
                        return SLICE("unknown");
        return field.len > 0 ? arena_copy(arena, field) : SLICE("unknown");
}

/* The fields that are shown of one answer; false if it is none. */
static bool split(struct slice text, struct arena *arena, struct slice ret[static CYMRU_COUNT]) {
        static const int shown[FIELDS] = {CYMRU_ASN, -1, CYMRU_COUNTRY, CYMRU_RIR, -1};
        struct slice rest = text, field;
        size_t count = 0;
        while (slice_next_piece(&rest, '|', &field)) {
                if (count < FIELDS && shown[count] >= 0)
                        ret[shown[count]] = clean(field, arena);
                count++;
        }
        return count == FIELDS;
}

static int compare(const void *a, const void *b) {
        const struct value *left = a, *right = b;
        return slice_compare(left->string, right->string);
}

/* Adds text to a set of texts. */
static void add(struct value *set, struct slice text, struct arena *arena) {
        for (size_t i = 0; i < set->list.count; i++)
                if (slice_equal(set->list.items[i].string, text))
                        return;
        value_append(set, value_string(text), arena);
}

static struct slice join_sorted(struct value *set, struct arena *arena) {
        struct slice text = SLICE("");
        if (set->list.count == 0)
                return SLICE("nxdomain");
        qsort(set->list.items, set->list.count, sizeof(set->list.items[0]), compare);
        for (size_t i = 0; i < set->list.count; i++)
                text = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(text), i > 0 ? ", " : "",
                        SLICE_ARG(set->list.items[i].string));
        return text;
}

static void read_one(struct slice answers, struct slice name, struct arena *arena,
        struct value ret[static CYMRU_COUNT]) {
        struct value sets[CYMRU_COUNT] = {value_list(), value_list(), value_list()};
        struct slice rest = answers, line, fields[CYMRU_COUNT];
        while (slice_next_piece(&rest, '\n', &line)) {
                size_t quote = slice_find_char(line, '"', 0);
                bool is_its = slice_has_prefix(line, name) && line.len > name.len &&
                              line.data[name.len] == '.';
                if (!is_its || quote == line.len ||
                        !split(slice_sub(line, quote, line.len), arena, fields))
                        continue;
                for (size_t i = 0; i < CYMRU_COUNT; i++)
                        add(&sets[i], fields[i], arena);
        }
        for (size_t i = 0; i < CYMRU_COUNT; i++)
                value_append(&ret[i], value_string(join_sorted(&sets[i], arena)), arena);
}

void cymru_read(struct slice answers, const struct value *names, struct arena *arena,
        struct value ret[static CYMRU_COUNT]) {
        for (size_t i = 0; i < CYMRU_COUNT; i++)
                ret[i] = value_list();
        for (size_t i = 0; i < names->list.count; i++)
                read_one(answers, value_item_text(names, i), arena, ret);
}

static void on_answers(void *user, const struct process_result *result) {
        struct question *question = user;
        struct value lists[CYMRU_COUNT];
        if (result->status == 0)
                cymru_read(result->output, &question->names, &question->arena, lists);
        else
                all_are("error", &question->arena, lists);
        question->done(question->user, lists);
        arena_done(&question->arena);
        free(question);
}

/* LIST of the names to ask for. */
static struct value names_of(const struct value *ids, struct arena *arena) {
        struct value names = value_list();
        struct address address;
        char text[ADDRESS_TEXT_MAX * 2];
        for (size_t i = 0; i < ids->list.count && names.list.count < CYMRU_IDS_MAX; i++) {
                if (address_parse(value_item_text(ids, i), &address) < 0 ||
                        !address_is_single(&address))
                        continue;
                struct slice reversed = address_print_reversed(&address, text);
                const char *zone = address.family == ADDRESS_INET4 ? "origin.asn.cymru.com"
                                                                   : "origin6.asn.cymru.com";
                value_append(&names,
                        value_string(arena_printf(arena, "%.*s%s", SLICE_ARG(reversed), zone)),
                        arena);
        }
        return names;
}

static void answer_at_once(const char *text, cymru_done *done, void *user) {
        struct arena arena = ARENA_INIT;
        struct value lists[CYMRU_COUNT];
        all_are(text, &arena, lists);
        if (text[0] == '\0')
                for (size_t i = 0; i < CYMRU_COUNT; i++)
                        lists[i] = value_list();
        done(user, lists);
        arena_done(&arena);
}

void cymru_ask(struct runner *runner, const struct value *ids, cymru_done *done, void *user) {
        char path[PATH_MAX];
        if (!plain_command_find("dig", path)) {
                diag(DIAG_ERROR, LOGGER, "dig is required but could not be found");
                answer_at_once("error", done, user);
                return;
        }
        struct question *question = memory_new(sizeof(*question));
        *question = (struct question){.arena = ARENA_INIT, .done = done, .user = user};
        question->names = names_of(ids, &question->arena);
        if (question->names.list.count == 0) {
                arena_done(&question->arena);
                free(question);
                answer_at_once("", done, user);
                return;
        }
        struct buffer command = BUFFER_INIT(COMMAND_MAX);
        (void)buffer_append(&command, SLICE(COMMAND)); /* all of it fits */
        for (size_t i = 0; i < question->names.list.count; i++)
                (void)buffer_printf(
                        &command, " %.*s TXT", SLICE_ARG(value_item_text(&question->names, i)));
        struct process_request request = {.command = buffer_view(&command),
                .timeout_s = CYMRU_TIMEOUT_S,
                .logger = "fail2ban.utils"};
        (void)process_run(runner, &request, on_answers, question);
        buffer_done(&command);
}
