/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_enforce.h"
#include "failure_parts.h"

#include <assert.h>
#include <errno.h>
#include <math.h>

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/process.h"
#include "enforce/resolver.h"

#define TEXT_MAX ((size_t)64 << 20)

struct fake fake;
static char *last_orders, *last_diags;

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)buffer_printf(
                &fake.diags, "%s %s %.*s\n", diag_level_name((int)level), logger, SLICE_ARG(text));
}

void fake_begin(double now_s) {
        fake = (struct fake){.loop = loop_new(), .clock = CLOCK_INIT, .max_matches = 10};
        fake.orders = BUFFER_INIT(TEXT_MAX);
        fake.diags = BUFFER_INIT(TEXT_MAX);
        clock_fix(&fake.clock, (int64_t)llround(now_s * 1e6));
        fake.store = FAKE_STORE;
        fake.env = (struct jail_env){.loop = fake.loop, .clock = &fake.clock, .store = &fake.store};
        diag_set_sink(on_diag, NULL);
        diag_set_threshold(DIAG_INFO);
}

static void row_free(struct fake_row *row) {
        free(row->jail);
        free(row->id);
        arena_done(&row->arena);
}

void fake_end(void) {
        while (fake.row_count > 0)
                row_free(&fake.rows[--fake.row_count]);
        for (size_t i = 0; i < fake.question_count; i++)
                free(fake.questions[i].name);
        for (size_t i = 0; i < fake.command_count; i++)
                free(fake.commands[i].text);
        free(fake.log_path);
        free(fake.log_hash);
        free(last_orders);
        free(last_diags);
        last_orders = last_diags = NULL;
        buffer_done(&fake.orders);
        buffer_done(&fake.diags);
        fake.loop = loop_free(fake.loop);
        diag_set_sink(NULL, NULL);
        diag_set_threshold(DIAG_WARNING);
}

static const char *take(struct buffer *from, char **last) {
        free(*last);
        *last = memory_copy_text(buffer_view(from));
        buffer_clear(from);
        return *last;
}

const char *fake_orders(void) {
        return take(&fake.orders, &last_orders);
}

const char *fake_diags(void) {
        return take(&fake.diags, &last_diags);
}

void fake_settle(void) {
        for (int i = 0; i < 20; i++) {
                size_t count = fake.done_count;
                fake.done_count = 0;
                for (size_t k = 0; k < count; k++)
                        fake.dones[k](fake.done_users[k], 0);
                (void)loop_step(fake.loop, 0);
        }
}

void fake_advance(double s) {
        clock_advance(&fake.clock, (int64_t)llround(s * 1e6));
}

void fake_failure(
        struct jail *jail, double time, const char *id, uint8_t flags, const char *match) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list(), parts = value_tuple();
        (void)value_append(&parts, value_text(""), &arena);
        (void)value_append(&parts, value_text("DATE"), &arena);
        (void)value_append(&parts, value_text(match ? match : ""), &arena);
        (void)value_append(&matches, parts, &arena);
        if (match)
                value_dict_put(&data, value_text("matches"), matches, &arena);
        value_dict_put(&data, value_text("ip4"), value_text(id), &arena);
        struct record record = {.type = RECORD_FAILURE, .jail = jail_id(jail)};
        record.failure.time = time;
        record.failure.flags = flags;
        record.failure.id = slice_of(id);
        failure_parts_set(&record, &data, &arena);
        jail_failure(jail, &record);
        arena_done(&arena);
}

/* Actions. */

struct action_list {
        size_t pending;
};

static void later(action_list_done *done, void *user) {
        if (!done || fake.done_count >= FAKE_PENDING_MAX)
                return;
        fake.dones[fake.done_count] = done;
        fake.done_users[fake.done_count++] = user;
}

static void order(struct action_list *list, const char *what, const struct ticket *ticket) {
        list->pending += fake.actions_are_slow;
        (void)buffer_printf(
                &fake.orders, "%s%s%s\n", what, ticket ? " " : "", ticket ? ticket->id : "");
}

struct action_list *action_list_new(const struct action_env *env, struct slice jail) {
        (void)env;
        (void)jail;
        return memory_new(sizeof(struct action_list));
}

struct action_list *action_list_free(struct action_list *list) {
        free(list);
        return NULL;
}

void action_list_start(struct action_list *list, action_list_done *done, void *user) {
        order(list, "start", NULL);
        later(done, user);
}

void action_list_ban(
        struct action_list *list, struct ticket *ticket, action_list_done *done, void *user) {
        order(list, "ban", ticket);
        later(done, user);
}

void action_list_gather_begin(struct action_list *list) {
        (void)list;
}

void action_list_gather_end(struct action_list *list) {
        (void)list;
}

void action_list_reban(
        struct action_list *list, struct ticket *ticket, action_list_done *done, void *user) {
        order(list, "reban", ticket);
        later(done, user);
}

void action_list_prolong(struct action_list *list, struct ticket *ticket) {
        order(list, "prolong", ticket);
}

void action_list_unban(
        struct action_list *list, struct ticket *ticket, action_list_done *done, void *user) {
        order(list, "unban", ticket);
        later(done, user);
}

static void order_all(struct action_list *list, const char *what, size_t count,
        action_list_done *done, void *user) {
        list->pending += fake.actions_are_slow;
        (void)buffer_printf(&fake.orders, "%s %zu\n", what, count);
        later(done, user);
}

void action_list_flush(struct action_list *list, struct ticket *const *tickets, size_t count,
        action_list_done *done, void *user) {
        (void)tickets;
        order_all(list, "flush", count, done, user);
}

void action_list_stop(struct action_list *list, enum action_stop how, struct ticket *const *tickets,
        size_t count, action_list_done *done, void *user) {
        (void)tickets;
        (void)how;
        order_all(list, "stop", count, done, user);
}

void action_list_check(struct action_list *list, struct ticket *ticket) {
        order(list, "check", ticket);
}

struct value action_list_names(const struct action_list *list, struct arena *arena) {
        (void)list;
        struct value names = value_list();
        (void)value_append(&names, value_text("act"), arena);
        return names;
}

void action_list_say_reban(const struct action_list *list, const struct ticket *ticket) {
        (void)list;
        diag(DIAG_NOTICE, "fail2ban.actions", "[j] Reban %s, action 'act'", ticket->id);
}

uint32_t action_list_epoch(const struct action_list *list) {
        (void)list;
        return fake.epoch;
}

bool action_list_follows_ends(const struct action_list *list) {
        (void)list;
        return fake.follows_ends;
}

void action_list_end_moved(struct action_list *list, struct ticket *ticket) {
        order(list, "end moved", ticket);
}

bool action_list_can_prolong(const struct action_list *list) {
        (void)list;
        return fake.can_prolong;
}

bool action_list_wants_matches(const struct action_list *list) {
        (void)list;
        return fake.wants_matches;
}

void action_list_reload_begin(struct action_list *list) {
        order(list, "reload begin", NULL);
}

void action_list_reload_end(struct action_list *list, struct ticket *const *tickets, size_t count,
        action_list_done *done, void *user) {
        (void)tickets;
        order_all(list, "reload end", count, done, user);
}

size_t action_list_pending(const struct action_list *list) {
        return list->pending;
}

/* Database. */

void store_jail_add(struct store *store, struct slice jail) {
        (void)store;
        (void)buffer_printf(&fake.orders, "store jail %.*s\n", SLICE_ARG(jail));
}

void store_jail_disable(struct store *store, struct slice jail) {
        (void)store;
        (void)buffer_printf(&fake.orders, "store disable %.*s\n", SLICE_ARG(jail));
}

bool store_jail_was_killed(struct store *store, struct slice jail, double *ret_written_s) {
        (void)store;
        (void)jail;
        *ret_written_s = fake.killed_s;
        return fake.killed_s > 0;
}

void store_jail_lifted(struct store *store) {
        (void)store;
        (void)buffer_printf(&fake.orders, "lifted\n");
}

int64_t store_max_matches(const struct store *store) {
        (void)store;
        return fake.max_matches;
}

bool store_log_get(struct store *store, struct slice jail, struct slice path, struct arena *arena,
        struct slice *ret_hash, uint64_t *ret_offset) {
        (void)store;
        (void)jail;
        if (!fake.log_path || !slice_is(path, fake.log_path))
                return false;
        *ret_hash = arena_copy(arena, slice_of(fake.log_hash));
        *ret_offset = fake.log_offset;
        return true;
}

void store_log_put(struct store *store, struct slice jail, struct slice path, struct slice hash,
        uint64_t offset) {
        (void)store;
        (void)jail;
        free(fake.log_path);
        free(fake.log_hash);
        fake.log_path = memory_copy_text(path);
        fake.log_hash = memory_copy_text(hash);
        fake.log_offset = offset;
        (void)buffer_printf(&fake.orders, "position %llu\n", (unsigned long long)offset);
}

bool store_log_get_time(
        struct store *store, struct slice jail, struct slice path, double *ret_time) {
        (void)store;
        (void)jail;
        if (fake.journal_time <= 0 || !slice_is(path, STORE_JOURNAL_PATH))
                return false;
        *ret_time = fake.journal_time;
        return true;
}

void store_log_put_time(
        struct store *store, struct slice jail, struct slice path, struct slice iso, double time) {
        (void)store;
        (void)jail;
        fake.journal_time = time;
        (void)buffer_printf(
                &fake.orders, "time %.*s %.*s %.6f\n", SLICE_ARG(path), SLICE_ARG(iso), time);
}

static struct fake_row *find_row(struct slice jail, struct slice id) {
        for (size_t i = 0; i < fake.row_count; i++)
                if (slice_is(jail, fake.rows[i].jail) && slice_is(id, fake.rows[i].id))
                        return &fake.rows[i];
        return NULL;
}

void store_ban_add(struct store *store, const struct store_ban *ban) {
        (void)store;
        struct fake_row *row = find_row(ban->jail, ban->id);
        if (row)
                row_free(row);
        else if (fake.row_count < FAKE_ROWS_MAX)
                row = &fake.rows[fake.row_count++];
        else
                return;
        *row = (struct fake_row){.jail = memory_copy_text(ban->jail),
                .id = memory_copy_text(ban->id),
                .arena = ARENA_INIT};
        row->time = rint(ban->time);
        row->ban_time_s = ban->ban_time_s;
        row->count = ban->count;
        row->data = value_copy(&ban->data, &row->arena);
        fake.ban_rows++;
        (void)buffer_printf(&fake.orders, "row %s %.0f %.0f #%u\n", row->id, row->time,
                row->ban_time_s, row->count);
}

int64_t store_ban_del(struct store *store, struct slice jail, struct slice id) {
        (void)store;
        struct fake_row *row = find_row(jail, id);
        if (!row)
                return 0;
        (void)buffer_printf(&fake.orders, "row del %s\n", row->id);
        row_free(row);
        *row = fake.rows[--fake.row_count];
        return 1;
}

int64_t store_ban_del_all(struct store *store, struct slice jail) {
        (void)store;
        (void)jail;
        int64_t count = (int64_t)fake.row_count;
        while (fake.row_count > 0)
                row_free(&fake.rows[--fake.row_count]);
        (void)buffer_printf(&fake.orders, "row del all\n");
        return count;
}

void store_list_init(struct store_list *list, double now, double newer_than) {
        *list = (struct store_list){now, newer_than, BUFFER_INIT(1000000), false};
}

void store_list_done(struct store_list *list) {
        buffer_done(&list->after);
}

/* In the order in which they were added; after holds how many have been read. */
bool store_bans_current(struct store *store, struct slice jail, struct store_list *list,
        uint32_t max, store_ban_row *on_row, void *user) {
        (void)store;
        size_t read = buffer_len(&list->after), last = fake.row_count;
        if (last - read > max)
                last = read + max;
        for (size_t i = read; i < last; i++) {
                struct fake_row *row = &fake.rows[i];
                (void)buffer_append_char(&list->after, '+');
                if (!slice_is(jail, row->jail) ||
                        !(row->time + row->ban_time_s > list->now || row->ban_time_s <= -1) ||
                        !(row->time > list->newer_than || list->newer_than == 0))
                        continue;
                struct store_ban ban = {
                        jail, slice_of(row->id), row->time, row->ban_time_s, row->count, row->data};
                on_row(user, &ban);
        }
        return last < fake.row_count;
}

bool store_ban_history(struct store *store, struct slice jail, struct slice id, uint32_t *ret_count,
        double *ret_time, double *ret_ban_time_s) {
        (void)store;
        bool any = false;
        *ret_count = 0;
        *ret_time = 0;
        for (size_t i = 0; i < fake.row_count; i++) {
                struct fake_row *row = &fake.rows[i];
                if (!slice_is(id, row->id) || (jail.len > 0 && !slice_is(jail, row->jail)))
                        continue;
                any = true;
                *ret_count += row->count;
                *ret_time = fmax(*ret_time, row->time);
                *ret_ban_time_s = row->ban_time_s;
        }
        return any;
}

bool store_ban_merged(struct store *store, struct slice jail, struct slice id, struct arena *arena,
        struct value *ret_matches, int64_t *ret_failures) {
        (void)store;
        (void)arena;
        struct fake_row *row = find_row(jail, id);
        const struct value *matches = row ? value_dict_get(&row->data, "matches") : NULL;
        if (!matches)
                return false;
        *ret_matches = *matches;
        *ret_failures = value_dict_get(&row->data, "failures")->integer;
        return true;
}

/* Scanner. */

static char paths[8][256];
static size_t path_count;

int scan_link_jail_add(struct scan_link *link, uint32_t jail, struct slice name) {
        (void)link;
        (void)jail;
        path_count = 0;
        return slice_is(name, "refused") ? -ENOBUFS : 0;
}

void scan_link_jail_del(struct scan_link *link, uint32_t jail) {
        (void)link;
        (void)jail;
}

void scan_link_jail_start(struct scan_link *link, uint32_t jail, double seek_time) {
        (void)link;
        (void)jail;
        (void)buffer_printf(&fake.orders, "scan start %.0f\n", seek_time);
}

void scan_link_jail_set_state(struct scan_link *link, uint32_t jail, enum scan_jail_state state) {
        (void)link;
        (void)jail;
        (void)buffer_printf(&fake.orders, "scan %s\n", state == SCAN_JAIL_IDLE ? "idle" : "active");
}

int scan_link_set(struct scan_link *link, uint32_t jail, struct slice option,
        const struct value *arguments, const struct scan_asker *asker, struct fault *fault) {
        (void)link;
        (void)jail;
        (void)asker;
        (void)fault;
        (void)buffer_printf(&fake.orders, "set %.*s", SLICE_ARG(option));
        const struct value *v = value_item(arguments, 0);
        if (v)
                (void)buffer_printf(&fake.orders, " %lld",
                        v->type == VALUE_BOOL  ? (long long)v->boolean
                        : v->type == VALUE_INT ? (long long)v->integer
                                               : (long long)v->real);
        (void)buffer_append_char(&fake.orders, '\n');
        return 0;
}

int scan_link_log_add(struct scan_link *link, uint32_t jail, struct slice path,
        enum log_watch_backend backend, const struct scan_start *start, struct fault *fault) {
        (void)link;
        (void)jail;
        (void)backend;
        (void)fault;
        for (size_t i = 0; i < path_count; i++)
                if (slice_is(path, paths[i]))
                        return SCAN_LINK_E_KNOWN;
        (void)snprintf(paths[path_count++], sizeof(paths[0]), "%.*s", SLICE_ARG(path));
        (void)buffer_printf(&fake.orders, "log %.*s %s %llu\n", SLICE_ARG(path),
                start->at == SCAN_START_TAIL ? "tail" : "head", (unsigned long long)start->offset);
        return 0;
}

int scan_link_log_del(struct scan_link *link, uint32_t jail, struct slice path) {
        (void)link;
        (void)jail;
        for (size_t i = 0; i < path_count; i++)
                if (slice_is(path, paths[i])) {
                        memmove(paths[i], paths[i + 1], (--path_count - i) * sizeof(paths[0]));
                        return 0;
                }
        return -ENOENT;
}

int scan_link_log_at(
        const struct scan_link *link, uint32_t jail, size_t index, struct slice *ret_path) {
        (void)link;
        (void)jail;
        if (index >= path_count)
                return -ENOENT;
        *ret_path = slice_of(paths[index]);
        return 0;
}

/* Resolver. */

void resolver_ask_addresses(
        struct resolver *resolver, struct slice name, resolver_addresses *done, void *user) {
        (void)resolver;
        assert(fake.question_count < 64);
        fake.questions[fake.question_count++] =
                (struct fake_question){memory_copy_text(name), done, user};
}

void resolver_forget_all(struct resolver *resolver, resolver_addresses *done,
        resolver_is_meant *is_meant, const void *whom) {
        (void)resolver;
        size_t kept = 0;
        fake.forgets++;
        for (size_t i = 0; i < fake.question_count; i++)
                if (fake.questions[i].done == done && is_meant(fake.questions[i].user, whom))
                        free(fake.questions[i].name);
                else
                        fake.questions[kept++] = fake.questions[i];
        fake.question_count = kept;
}

void resolver_forget(struct resolver *resolver, void *user) {
        (void)resolver;
        size_t kept = 0;
        fake.forgets++;
        for (size_t i = 0; i < fake.question_count; i++)
                if (fake.questions[i].user == user)
                        free(fake.questions[i].name);
                else
                        fake.questions[kept++] = fake.questions[i];
        fake.question_count = kept;
}

void fake_answer(const char *addresses) {
        struct address list[8];
        size_t count = 0;
        struct slice rest = slice_of(addresses), piece;
        while (rest.data && slice_next_piece(&rest, ' ', &piece))
                count += address_parse(piece, &list[count]) == 0;
        assert(fake.question_count > 0);
        struct fake_question question = fake.questions[0];
        memmove(fake.questions, fake.questions + 1, --fake.question_count * sizeof(question));
        question.done(question.user, list, count, NULL);
        free(question.name);
}

/* Commands. */

struct process {
        int unused;
};
static struct process some_process;

struct process *process_run(struct runner *runner, const struct process_request *request,
        process_done *done, void *user) {
        (void)runner;
        assert(fake.command_count < 64);
        fake.commands[fake.command_count++] =
                (struct fake_command){memory_copy_text(request->command), done, user};
        (void)buffer_printf(&fake.orders, "run %.*s", SLICE_ARG(request->command));
        for (size_t i = 0; request->values && i < request->values->list.count; i++)
                (void)buffer_printf(&fake.orders, " $%zu=%.*s", i,
                        SLICE_ARG(value_item_text(request->values, i)));
        (void)buffer_append_char(&fake.orders, '\n');
        return &some_process;
}

void process_cancel(struct process *process) {
        (void)process;
        (void)buffer_printf(&fake.orders, "cancel\n");
}

void fake_exit(int status) {
        assert(fake.command_count > 0);
        struct fake_command command = fake.commands[0];
        struct process_result result = {.status = status};
        memmove(fake.commands, fake.commands + 1, --fake.command_count * sizeof(command));
        command.done(command.user, &result);
        free(command.text);
}
