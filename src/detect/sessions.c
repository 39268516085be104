/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's data is kept as it is used, and coded only to be saved. A line changes it in place;
 * what it adds is copied when all of it is known. What was replaced may still be part of the line's
 * results, so memory of the session must last while the line does: it is put in order by
 * sessions_settle(), between lines.
 * Invariant: what a session holds is not more than SESSION_BYTES_MAX when coded. Upstream:
 * fail2ban/server/filter.py _mergeFailure() and utils.py Cache, 1.1. */
#include "detect/sessions.h"

#include <string.h>
#include <sys/random.h>

#include "channel/value_code.h"

/* What the newest line says of its session. */
enum {
        LINE_QUIET = 1,    /* nofail, or gained */
        LINE_FORGETS = 2,  /* ends the session */
        SESSION_QUIET = 4, /* the line before it was quiet */
        LINE_GAINED = 8,   /* somebody was let in */
};

void sessions_init(struct sessions *sessions, const struct clock *clock) {
        *sessions = (struct sessions){.clock = clock};
        if (getrandom(&sessions->seed, sizeof(sessions->seed), 0) < 0)
                sessions->seed = (uint64_t)clock_mono_us(clock);
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
                sessions->order[i] = (uint8_t)i;
                sessions->items[i].id = BUFFER_INIT(SESSION_BYTES_MAX);
                sessions->items[i].data = FIELD_BOX_INIT;
        }
}

void sessions_done(struct sessions *sessions) {
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
                buffer_done(&sessions->items[i].id);
                field_box_done(&sessions->items[i].data);
        }
}

static size_t number_of(const struct sessions *sessions, const struct session *session) {
        return (size_t)(session - sessions->items);
}

static void unsettle(struct sessions *sessions, struct session *session) {
        if (session->unsettled)
                return;
        session->unsettled = true;
        sessions->unsettled[sessions->unsettled_count++] = (uint8_t)number_of(sessions, session);
}

void sessions_settle_all(struct sessions *sessions) {
        for (size_t i = 0; i < sessions->unsettled_count; i++) {
                struct session *session = &sessions->items[sessions->unsettled[i]];
                field_box_settle(&session->data);
                session->unsettled = false;
        }
        sessions->unsettled_count = 0;
}

static uint8_t *head_of(struct sessions *sessions, uint64_t hash) {
        return &sessions->heads[hash >> 32 & (SESSION_BUCKETS - 1)];
}

/* 0: it is not in use. */
static void set_hash(struct sessions *sessions, const struct session *session, uint64_t hash) {
        size_t number = number_of(sessions, session);
        uint64_t *place = &sessions->hashes[number];
        if (*place != 0) {
                uint8_t *link = head_of(sessions, *place);
                while (*link != number + 1)
                        link = &sessions->next[*link - 1];
                *link = sessions->next[number];
        }
        *place = hash;
        if (hash == 0)
                return;
        uint8_t *head = head_of(sessions, hash);
        sessions->next[number] = *head;
        *head = (uint8_t)(number + 1);
}

/* Moves the number at order[from] to order[to]. */
static void move(uint8_t *order, size_t from, size_t to) {
        uint8_t number = order[from];
        if (from < to)
                memmove(&order[from], &order[from + 1], to - from);
        else
                memmove(&order[to + 1], &order[to], from - to);
        order[to] = number;
}

static size_t place_of(const struct sessions *sessions, const struct session *session) {
        const uint8_t *place =
                memchr(sessions->order, (int)number_of(sessions, session), SESSIONS_MAX);
        return (size_t)(place - sessions->order);
}

/* Puts it among those in use, in the order of their sequence numbers. */
static void take_in(struct sessions *sessions, const struct session *session) {
        size_t to = sessions->count;
        while (to > 0 && sessions->items[sessions->order[to - 1]].sequence > session->sequence)
                to--;
        move(sessions->order, place_of(sessions, session), to);
        sessions->count++;
}

static void drop(struct sessions *sessions, struct session *session) {
        if (session->used)
                move(sessions->order, place_of(sessions, session), --sessions->count);
        buffer_clear(&session->id);
        field_box_clear(&session->data);
        unsettle(sessions, session);
        session->used = false;
        session->changed = true;
        set_hash(sessions, session, 0);
}

static uint64_t mix(uint64_t hash, const char *bytes, size_t len) {
        uint64_t word = 0;
        memcpy(&word, bytes, len);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        return hash ^ hash >> 29;
}

/* Never 0, which stands for "none". Ids that are made to collide gain nothing: there are at most
 * SESSIONS_MAX to look through. */
static uint64_t hash_of(const struct sessions *sessions, struct slice id) {
        uint64_t hash = sessions->seed ^ id.len;
        size_t at = 0;
        for (; at + sizeof(uint64_t) <= id.len; at += sizeof(uint64_t))
                hash = mix(hash, id.data + at, sizeof(uint64_t));
        if (at < id.len && at > 0) /* with bytes that were there already */
                hash = mix(hash, id.data + id.len - sizeof(uint64_t), sizeof(uint64_t));
        else if (at < id.len)
                hash = mix(hash, id.data, id.len);
        return hash | 1;
}

static struct session *find(struct sessions *sessions, struct slice id, uint64_t hash) {
        size_t next = *head_of(sessions, hash);
        for (; next != 0; next = sessions->next[next - 1]) {
                struct session *session = &sessions->items[next - 1];
                if (sessions->hashes[next - 1] != hash ||
                        !slice_equal(buffer_view(&session->id), id))
                        continue;
                if (session->expires > clock_wall(sessions->clock))
                        return session;
                drop(sessions, session);
                return NULL;
        }
        return NULL;
}

/* As upstream's cache does it: from the oldest on, all that have expired, and one more. */
static void make_room(struct sessions *sessions) {
        double now = clock_wall(sessions->clock);
        while (sessions->count > 0) {
                struct session *oldest = &sessions->items[sessions->order[0]];
                bool lives = oldest->expires > now;
                drop(sessions, oldest);
                if (lives)
                        return;
        }
}

static struct session *add(struct sessions *sessions, struct slice id, uint64_t hash) {
        if (sessions->count == SESSIONS_MAX)
                make_room(sessions);
        struct session *session = &sessions->items[sessions->order[sessions->count]];
        if (buffer_append(&session->id, id) < 0) {
                sessions->dropped++;
                return NULL;
        }
        session->used = true;
        session->changed = true;
        session->sequence = sessions->next_sequence++;
        take_in(sessions, session);
        set_hash(sessions, session, hash);
        session->expires = clock_wall(sessions->clock) + SESSION_TTL_S;
        return session;
}

/* Leaves out the oldest matched lines of a kind, all but max. */
static void shorten(struct fields *data, unsigned name, size_t max) {
        struct field *field = fields_find(data, name);
        if (!field || field->kind != FIELD_LINES || field->len <= max)
                return;
        field->lines += field->len - max;
        field->len = (uint32_t)max;
}

static bool fits(const struct session *session) {
        return fields_coded_size(&session->data.fields) + buffer_len(&session->id) <=
               SESSION_BYTES_MAX;
}

/* Whether update() will take the matched lines for handed out, without a look at them. */
static bool has_told_lines(const struct fields *data) {
        return fields_find(data, FIELD_MATCHES) && !fields_has(data, FIELD_NOFAIL) &&
               !fields_has(data, FIELD_MLFGAINED) && !fields_has(data, FIELD_MLFPENDING);
}

void session_keep(struct sessions *sessions, struct session *session) {
        struct fields *data = &session->data.fields;
        size_t max = SESSION_MATCHES_MAX;
        session->changed = true;
        if (has_told_lines(data))
                (void)fields_take(data, FIELD_MATCHES);
        shorten(data, FIELD_MATCHES, max);
        field_box_keep(&session->data, fields_bit(FIELD_IP) | fields_bit(FIELD_MATCHES));
        if (field_box_is_wasteful(&session->data))
                unsettle(sessions, session);
        if (field_box_used(&session->data) <= SESSION_BYTES_MAX / 2)
                return; /* coded it is smaller still, and so is the id, which is part of it */
        while (!fits(session) && (max /= 4) > 0) {
                shorten(data, FIELD_NOFAIL_MATCHES, max);
                shorten(data, FIELD_MATCHES, max);
        }
        if (max > 0)
                return;
        sessions->dropped++;
        drop(sessions, session);
}

static bool has_member(const struct value *set, const struct field *item) {
        for (size_t i = 0; i < set->list.count; i++) {
                const struct value *member = &set->list.items[i];
                if (item->kind == FIELD_TEXT
                                ? member->type == VALUE_STRING &&
                                          slice_equal(member->string, field_slice(item))
                                : item->kind == FIELD_VALUE && value_equal(member, item->value))
                        return true;
        }
        return false;
}

/* Tells data, all of which is in arena if it is a session's, of the user. Returns how many the
 * session has named so far. */
static size_t add_user(struct fields *data, const struct field *user, struct arena *arena) {
        const struct field *known = fields_get(data, FIELD_USERS);
        bool is_set = known && known->kind == FIELD_VALUE && known->value->type == VALUE_SET;
        size_t count = is_set ? known->value->list.count : 0;
        if (!user || count >= SESSION_USERS_MAX || (is_set && has_member(known->value, user)))
                return count;
        struct value users = is_set ? *known->value : value_set();
        struct value name = field_value(user, arena);
        (void)value_append(&users, value_copy(&name, arena), arena);
        fields_put_value(data, FIELD_USERS, &users, arena);
        return users.list.count;
}

static const struct field *user_of(const struct fields *data) {
        const struct field *user = fields_get(data, FIELD_USER);
        return user && field_is_true(user) ? user : NULL;
}

static bool may_have_flags(const struct fields *data) {
        return (data->seen & (fields_bit(FIELD_MLFFORGET) | fields_bit(FIELD_MLFGAINED) |
                                     fields_bit(FIELD_NOFAIL))) != 0;
}

/* Takes the field out. Returns whether Python takes its value for true. */
static bool take_flag(struct fields *data, unsigned name) {
        struct field flag = fields_take(data, name);
        return field_is_true(&flag);
}

static unsigned read_flags(struct fields *data, struct arena *arena) {
        if (!may_have_flags(data))
                return 0;
        unsigned flags = take_flag(data, FIELD_MLFFORGET) ? LINE_FORGETS : 0;
        const struct field *gained = fields_get(data, FIELD_MLFGAINED);
        bool is_quiet = fields_has(data, FIELD_NOFAIL);
        if (gained && field_is_true(gained)) {
                flags |= LINE_GAINED | LINE_QUIET;
                struct field nofail = *gained;
                nofail.name = FIELD_NOFAIL;
                if (!is_quiet)
                        fields_put(data, nofail, arena);
        } else if (is_quiet) {
                flags |= LINE_QUIET;
        }
        return flags;
}

/* Lets the newest line's data into those of the session: only it decides whether the session is
 * quiet now. */
static void update(struct field_box *box, const struct fields *newest, unsigned *flags) {
        struct fields *known = &box->fields;
        if (take_flag(known, FIELD_NOFAIL))
                *flags |= SESSION_QUIET;
        if (take_flag(known, FIELD_MLFGAINED))
                *flags |= SESSION_QUIET;
        if (*flags & LINE_GAINED)
                (void)fields_take(known, FIELD_MLFPENDING);
        /* Without anything pending the lines kept so far have been handed out with a failure. */
        if (!(*flags & SESSION_QUIET) && !fields_has(known, FIELD_MLFPENDING))
                (void)fields_take(known, FIELD_MATCHES);
        field_box_overlay(box, newest);
}

/* The lines of all these fields, some of which may be missing, as the field name. */
static void put_lines(struct fields *data, unsigned name, const struct field *const *parts,
        size_t count, struct arena *arena) {
        size_t total = 0;
        for (size_t i = 0; i < count; i++)
                total += parts[i] ? parts[i]->len : 0;
        struct field_line *lines = arena_alloc_raw(arena, total, sizeof(*lines));
        struct field_line *end = lines;
        for (size_t i = 0; i < count; i++) {
                if (!parts[i] || parts[i]->len == 0)
                        continue;
                memcpy(end, parts[i]->lines, parts[i]->len * sizeof(*end));
                end += parts[i]->len;
        }
        fields_put(data, field_lines(name, lines, total), arena);
}

/* They are lent to the session, which mostly gives them back. */
static void merge_told_lines(
        struct session_line *line, const struct field *matched, struct arena *arena) {
        struct fields *data = line->data;
        struct field quiet = fields_take(data, FIELD_NOFAIL_MATCHES);
        if (line->session)
                field_box_lend(&line->session->data);
        put_lines(data, FIELD_MATCHES,
                (const struct field *const[]){quiet.kind == FIELD_LINES ? &quiet : NULL,
                        fields_lines(data, FIELD_MATCHES), matched},
                3, arena);
}

static void merge_quiet_lines(
        struct session_line *line, const struct field *matched, struct arena *arena) {
        struct session *session = line->session;
        if (!session) {
                const struct field *known = fields_lines(line->data, FIELD_NOFAIL_MATCHES);
                put_lines(line->data, FIELD_NOFAIL_MATCHES,
                        (const struct field *const[]){known, matched}, 2, arena);
                return;
        }
        field_box_add_lines(&session->data, FIELD_NOFAIL_MATCHES, matched, SESSION_MATCHES_MAX);
        field_box_lend(&session->data);
}

/* A session with what its first line captured, or NULL. */
static struct session *begin(
        struct sessions *sessions, struct slice id, uint64_t hash, const struct fields *data) {
        struct session *session = add(sessions, id, hash);
        if (session)
                field_box_put(&session->data, data, FIELDS_ADDED_MAX);
        return session;
}

/* Fills in line. Returns the number of users that the session has named. */
static size_t join(struct sessions *sessions, struct slice id, unsigned *flags,
        struct session_line *line, struct arena *arena) {
        struct fields *data = line->data;
        const struct field *user = user_of(data);
        uint64_t hash = hash_of(sessions, id);
        struct session *session = find(sessions, id, hash);
        bool ends = (*flags & LINE_FORGETS) != 0;
        size_t users = 0;
        if (session) {
                field_box_reserve(&session->data, data->count + FIELDS_ADDED_MAX);
                users = add_user(&session->data.fields, user, &session->data.arena);
                update(&session->data, data, flags);
        } else if (!ends) {
                session = begin(sessions, id, hash, data);
                users = session ? add_user(&session->data.fields, user, &session->data.arena)
                                : add_user(data, user, arena);
        }
        if (session && ends) {
                fields_copy(&session->data.fields, FIELDS_ADDED_MAX, arena, data);
                drop(sessions, session);
                session = NULL;
        }
        line->session = session;
        line->data = session ? &session->data.fields : data;
        return users;
}

struct session_line sessions_merge(struct sessions *sessions, struct slice id,
        const struct field *matched, struct fields *data, struct arena *arena) {
        struct session_line line = {.data = data};
        unsigned flags = read_flags(data, arena);
        size_t users = join(sessions, id, &flags, &line, arena);
        if (take_flag(line.data, FIELD_MLFPENDING) || users > 1) {
                (void)fields_take(line.data, FIELD_NOFAIL);
                (void)fields_take(line.data, FIELD_MLFGAINED);
                flags &= ~(unsigned)(LINE_QUIET | LINE_GAINED);
        }
        line.is_quiet = (flags & LINE_QUIET) != 0;
        if (!line.is_quiet)
                merge_told_lines(&line, matched, arena);
        else if (!(flags & LINE_FORGETS))
                merge_quiet_lines(&line, matched, arena);
        return line;
}

bool sessions_save(struct sessions *sessions, size_t index, struct buffer *out) {
        struct session *session = &sessions->items[index];
        bool changed = session->changed;
        session->changed = false;
        if (!changed || !session->used)
                return changed;
        size_t size = fields_coded_size(&session->data.fields);
        int r = message_put_u64(out, session->sequence);
        r |= message_put_f64(out, session->expires);
        r |= message_put_text(out, buffer_view(&session->id));
        r |= message_put_u32(out, (uint32_t)size);
        char *room = r == 0 && size > 0 ? buffer_room(out, size) : NULL;
        if (room) {
                (void)fields_write(room, &session->data.fields);
                buffer_commit(out, size);
        } else {
                buffer_clear(out); /* which is larger than a session can be: this does not happen */
        }
        return true;
}

void sessions_load(struct sessions *sessions, size_t index, struct slice blob) {
        struct session *session = &sessions->items[index];
        struct message_reader in = message_reader_of(blob);
        uint64_t sequence = message_get_u64(&in);
        double expires = message_get_f64(&in);
        struct slice id = message_get_text(&in);
        struct message_reader data_in = message_reader_of(message_get_text(&in));
        struct arena arena = ARENA_INIT;
        drop(sessions, session);
        session->changed = false;
        struct value data = value_get(&data_in, &arena);
        struct fields fields;
        if (message_read_end(&in) && message_read_end(&data_in) && data.type == VALUE_DICT &&
                fields_of_dict(&data, &arena, &fields) && buffer_append(&session->id, id) == 0) {
                field_box_put(&session->data, &fields, FIELDS_ADDED_MAX);
                session->used = true;
                session->sequence = sequence;
                take_in(sessions, session);
                set_hash(sessions, session, hash_of(sessions, id));
                session->expires = expires;
                if (sequence >= sessions->next_sequence)
                        sessions->next_sequence = sequence + 1;
        } else {
                buffer_clear(&session->id);
        }
        arena_done(&arena);
}
