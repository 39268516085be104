/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands are dealt out to lanes, one for each jail, in order; those about no jail are run as
 * they come. Within a lane a command waits for those before it only where it must: `start` for all,
 * and everything for an `add` or `stop` that has to wait for actions. A lane that fails drops what
 * is left of it, and is run once more with the commands that the jail came from, if there are any.
 */
#include "enforce/stream.h"

#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/table.h"
#include "enforce/command.h"
#include "enforce/server.h"

#define LOGGER "fail2ban.server"
#define WRONG_BEGIN SLICE("Jail '")
#define WRONG_END SLICE("' skipped, because of wrong configuration")

struct lane {
        struct stream *stream;
        struct slice jail;
        struct value commands; /* LIST, shallow */
        struct value indexes;  /* LIST of INT: where in the stream each of them stands */
        size_t next;
        size_t running; /* commands that have not ended */
        bool blocked;   /* nothing more before the last one has ended */
        bool pumping;
        bool failed;
        bool former; /* this is the second run, with the former commands */
        bool finished;
        bool started;        /* its last command was `start`, and went well */
        struct slice reason; /* of the failure */
};

struct stream {
        struct server *server;
        struct arena arena;
        struct stream_request request;
        stream_done *done;
        void *user;
        struct table lanes; /* jail -> lane */
        size_t open; /* lanes and commands that have not ended, plus one while commands are dealt
                        out */
        bool dealt;
        bool failed;
        size_t failed_index; /* of the first command that failed */
        struct call_error error;
};

/* One command that runs. */
struct member {
        struct stream *stream;
        struct lane *lane; /* NULL: it is about no jail */
        const struct value *command;
        size_t index; /* in the whole stream */
        bool blocks;
};

static void pump(struct lane *lane);

static void free_stream(struct stream *stream) {
        table_done(&stream->lanes);
        arena_done(&stream->arena);
        free(stream);
}

/* The stream may be gone afterwards. */
static void release(struct stream *stream) {
        if (--stream->open > 0)
                return;
        stream->server->streams.current = NULL;
        stream->done(stream->user, stream->failed ? &stream->error : NULL);
        free_stream(stream);
}

static void copy_error(struct stream *stream, const struct call_error *error) {
        stream->error.class_name = arena_copy(&stream->arena, error->class_name);
        stream->error.arguments = value_copy(&error->arguments, &stream->arena);
        stream->error.text = arena_copy(&stream->arena, error->text);
}

/* Where in the configuration a command was written, as " (FILE:LINE)"; empty if nobody knows. */
static struct slice origin_of(struct stream *stream, const struct value *command) {
        const struct value_origin *origin = command->origin;
        for (size_t i = command->list.count; !origin && i-- > 0;)
                origin = command->list.items[i].origin;
        if (!origin || !origin->file)
                return SLICE_NULL;
        return arena_printf(&stream->arena, " (%s:%u)", origin->file, origin->line);
}

static void note_failure(struct member *member, const struct call *call) {
        struct stream *stream = member->stream;
        struct lane *lane = member->lane;
        if (!stream->failed || member->index < stream->failed_index) {
                stream->failed = true;
                stream->failed_index = member->index;
                copy_error(stream, &call->error);
        }
        if (!lane || lane->failed)
                return;
        struct slice origin = origin_of(stream, member->command);
        lane->failed = true;
        lane->next = lane->commands.list.count;
        lane->reason = arena_printf(
                &stream->arena, "%.*s%.*s", SLICE_ARG(call->error.text), SLICE_ARG(origin));
}

static void on_member(void *user, const struct call *call) {
        struct member *member = user;
        struct lane *lane = member->lane;
        if (call->failed)
                note_failure(member, call);
        if (!lane) {
                release(member->stream);
                return;
        }
        lane->running--;
        if (member->blocks)
                lane->blocked = false;
        lane->started = !call->failed && slice_is(value_item_text(member->command, 0), "start");
        pump(lane);
}

static void run(
        struct stream *stream, struct lane *lane, const struct value *command, size_t index) {
        struct member *member = arena_alloc(&stream->arena, sizeof(*member));
        struct slice word = value_item_text(command, 0);
        *member =
                (struct member){.stream = stream, .lane = lane, .command = command, .index = index};
        member->blocks = slice_is(word, "add") || slice_is(word, "stop");
        struct call *call = call_new(&stream->server->calls, stream->server, on_member, member);
        call->mode = CALL_IN_STREAM;
        call->command = *command;
        if (lane) {
                lane->running++;
                lane->blocked = lane->blocked || member->blocks;
        } else {
                stream->open++;
        }
        command_run(call);
}

static bool may_run(const struct lane *lane) {
        if (lane->next >= lane->commands.list.count || lane->blocked)
                return false;
        struct slice word = value_item_text(&lane->commands.list.items[lane->next], 0);
        return lane->running == 0 || !slice_is(word, "start");
}

/* Back to what the jail came from. Returns whether there is a second run. */
static void on_cleared(void *user) {
        struct lane *lane = user;
        lane->blocked = false;
        pump(lane);
}

static bool go_back(struct lane *lane) {
        struct stream *stream = lane->stream;
        struct arena *arena = &stream->arena;
        if (lane->former || !stream->request.former || stream->server->state == SERVER_STOPPING)
                return false;
        struct slice name = arena_copy(arena, lane->jail); /* NUL-terminated */
        const struct value *former = value_dict_get(stream->request.former, name.data);
        if (!former || former->list.count == 0)
                return false;
        diag(DIAG_ERROR, LOGGER, "Jail '%.*s' keeps its former configuration: %.*s",
                SLICE_ARG(lane->jail), SLICE_ARG(lane->reason));
        lane->former = true;
        lane->failed = false;
        lane->commands = *former;
        lane->next = 0;
        struct jail_entry *entry = jails_find(&stream->server->jails, lane->jail);
        if (entry && entry->reload != JAIL_RELOAD_NONE) {
                jails_reload_begin(entry);
                entry->reload = JAIL_RELOAD_BEGUN;
        } else if (entry) { /* a half made one is in the way */
                lane->blocked = true;
                jails_stop(&stream->server->jails, entry, JAIL_STOP_ALONE, on_cleared, lane);
                return true;
        }
        pump(lane);
        return true;
}

static void end_lane(struct lane *lane) {
        struct jail_entry *entry = jails_find(&lane->stream->server->jails, lane->jail);
        lane->finished = true;
        if (lane->failed && lane->stream->server->state != SERVER_STOPPING)
                diag(DIAG_ERROR, LOGGER, "Jail '%.*s' is not started: %.*s", SLICE_ARG(lane->jail),
                        SLICE_ARG(lane->reason));
        else if (entry && lane->started &&
                 slice_is(value_item_text(&lane->commands.list.items[0], 0), "add"))
                jail_entry_keep_config(entry, &lane->commands);
        release(lane->stream);
}

static void pump(struct lane *lane) {
        struct stream *stream = lane->stream;
        if (lane->pumping)
                return;
        lane->pumping = true;
        if (stream->server->state == SERVER_STOPPING)
                lane->next = lane->commands.list.count;
        while (may_run(lane)) {
                size_t at = lane->next++;
                /* What goes wrong in a second run is of no interest any more. */
                size_t index =
                        lane->former ? SIZE_MAX : (size_t)lane->indexes.list.items[at].integer;
                run(stream, lane, &lane->commands.list.items[at], index);
        }
        lane->pumping = false;
        if (!stream->dealt || lane->finished || lane->running > 0 || lane->blocked)
                return;
        if (lane->failed && go_back(lane))
                return;
        end_lane(lane);
}

static struct lane *lane_of(struct stream *stream, struct slice jail) {
        struct lane *lane = table_get(&stream->lanes, jail);
        if (lane)
                return lane;
        lane = arena_alloc(&stream->arena, sizeof(*lane));
        *lane = (struct lane){.stream = stream,
                .jail = arena_copy(&stream->arena, jail),
                .commands = value_list(),
                .indexes = value_list()};
        if (table_put(&stream->lanes, jail, lane) < 0)
                return NULL;
        stream->open++;
        return lane;
}

/* The jail of ['config-error', "Jail 'x' skipped, because of wrong configuration: ..."]. */
static struct slice wrong_jail(const struct value *command) {
        struct slice text = value_item_text(command, 1);
        if (!slice_is(value_item_text(command, 0), "config-error") ||
                !slice_has_prefix(text, WRONG_BEGIN))
                return SLICE_NULL;
        size_t end = slice_find(text, WRONG_END, WRONG_BEGIN.len);
        return end < text.len ? slice_sub(text, WRONG_BEGIN.len, end) : SLICE_NULL;
}

static void deal_wrong(struct stream *stream, const struct value *command) {
        struct slice jail = wrong_jail(command);
        struct lane *lane = jail.len > 0 && stream->request.former ? lane_of(stream, jail) : NULL;
        if (!lane || lane->failed)
                return;
        lane->failed = true;
        lane->reason = value_item_text(command, 1);
}

static void deal(struct stream *stream, const struct value *command, size_t index) {
        struct slice jail = command_jail(command);
        struct lane *lane = jail.len > 0 ? lane_of(stream, jail) : NULL;
        if (!lane) {
                deal_wrong(stream, command);
                run(stream, NULL, command, index);
                return;
        }
        value_append(&lane->commands, *command, &stream->arena);
        value_append(&lane->indexes, value_int((int64_t)index), &stream->arena);
        if (lane->failed)
                lane->next = lane->commands.list.count;
        pump(lane);
}

void stream_run(struct server *server, const struct stream_request *request, stream_done *done,
        void *user) {
        struct stream *stream = memory_new(sizeof(*stream));
        *stream = (struct stream){
                .server = server, .request = *request, .done = done, .user = user, .open = 1};
        table_init(&stream->lanes, JAILS_MAX);
        server->streams.current = stream;
        for (size_t i = 0; i < request->commands->list.count; i++)
                deal(stream, &request->commands->list.items[i], i);
        stream->dealt = true;
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&stream->lanes, &position));)
                pump(entry->value);
        release(stream);
}

/* The queue. */

int stream_queue_enter(struct stream_queue *queue, stream_turn *turn, void *user) {
        if (queue->busy && queue->count == STREAM_WAITING_MAX)
                return -EBUSY;
        if (queue->busy) {
                queue->waiting[queue->count++] = (struct stream_waiter){turn, user};
                return 0;
        }
        queue->busy = true;
        turn(user);
        return 0;
}

void stream_queue_leave(struct stream_queue *queue) {
        queue->busy = false;
        if (queue->count == 0)
                return;
        struct stream_waiter first = queue->waiting[0];
        queue->count--;
        memmove(queue->waiting, queue->waiting + 1, queue->count * sizeof(first));
        queue->busy = true;
        first.turn(first.user);
}

void stream_queue_done(struct stream_queue *queue) {
        if (queue->current)
                free_stream(queue->current);
        *queue = (struct stream_queue){0};
}
