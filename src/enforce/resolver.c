/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question waits for its turn, is on its way (with the child), or is answered and in the cache.
 * The same question is asked once, however many wait for it. Each has a time until which it is
 * answered, whatever happens: waiting, it is that of its turn; on its way, that of an answer. A
 * child that ends loses what it had got: each of that is suspect, and asked once more, alone. A
 * question that has taken too long leaves a thread of the child occupied; a child that says nothing
 * any more, or has half of its threads so, is replaced, and what else it had is asked anew. What it
 * says is checked: it runs code from anywhere (NSS modules), and talks to the network. */
#include "enforce/resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/table.h"
#include "channel/lookup.h"
#include "enforce/supervise.h"

#define LOGGER "fail2ban.ipdns"
#define PROGRAM "stockade-resolver"
#define SECOND_US INT64_C(1000000)
#define MILLISECOND_US INT64_C(1000)
#define LOOK_US 500000 /* between two looks at what has taken too long */
#define UNKNOWN "Temporary failure in name resolution"

static_assert(
        RESOLVER_ADDRESSES_MAX == LOOKUP_ADDRESSES_MAX && RESOLVER_NAME_MAX == LOOKUP_TEXT_MAX,
        "one cap");

struct waiter {
        resolver_addresses *addresses; /* one of the two */
        resolver_name *name;
        void *user;
        struct waiter *next;
};

enum stage { STAGE_WAITING, STAGE_ON_ITS_WAY, STAGE_ANSWERED };

struct question {
        uint32_t number;
        char *key; /* kind and text */
        enum lookup_kind kind;
        enum stage stage;
        struct waiter *waiters, *last_waiter; /* as many as a flood of lines with one name makes */
        int64_t due_us;   /* answered: until when that holds; else: when it fails */
        unsigned tries;   /* children that ended with it: it is suspect */
        unsigned telling; /* handlers that have its answer in hand: it must stay */
        bool failed;
        char *text; /* name, or why it failed */
        struct address *addresses;
        size_t count;
};

struct resolver {
        struct loop *loop;
        const struct clock *clock;
        struct supervise *supervise;
        bool started; /* from then on supervise keeps one running */
        bool ready;   /* it takes questions */
        int has_ipv6;
        struct table questions; /* key -> question, oldest first */
        size_t pending;         /* not answered */
        size_t on_its_way;      /* of these */
        size_t suspects;        /* of the pending */
        size_t stuck;           /* threads of the child with questions that nobody waits for */
        int64_t heard_us;       /* when the child last said something */
        uint32_t last_number;
        struct loop_timer timer;
};

static int64_t now_us(const struct resolver *resolver) {
        return clock_mono_us(resolver->clock);
}

static void free_waiters(struct question *question) {
        while (question->waiters) {
                struct waiter *waiter = question->waiters;
                question->waiters = waiter->next;
                free(waiter);
        }
}

static void free_question(struct question *question) {
        free_waiters(question);
        free(question->addresses);
        free(question->text);
        free(question->key);
        free(question);
}

/* Answers. */

static void tell(const struct question *question, const struct waiter *waiter) {
        if (waiter->name) {
                waiter->name(
                        waiter->user, question->failed ? SLICE_NULL : slice_of(question->text));
                return;
        }
        assert(waiter->addresses);
        struct fault fault = FAULT_INIT;
        if (question->failed)
                (void)fault_set(&fault, -ENOENT, "%s", question->text);
        waiter->addresses(waiter->user, question->addresses, question->count,
                question->failed ? &fault : NULL);
        fault_done(&fault);
}

/* Said with the answer, not with each use of it, as upstream does. */
static void say_failed(const struct question *question) {
        if (question->failed && question->kind == LOOKUP_ADDRESSES)
                diag(DIAG_WARNING, LOGGER, "Unable to find a corresponding IP address for %s: %s",
                        question->key + 1, question->text);
}

static void set_answered(struct resolver *resolver, struct question *question) {
        say_failed(question);
        if (question->stage == STAGE_ON_ITS_WAY)
                resolver->on_its_way--;
        if (question->tries > 0)
                resolver->suspects--;
        resolver->pending--;
        question->stage = STAGE_ANSWERED;
        question->due_us = now_us(resolver) + RESOLVER_CACHE_S * SECOND_US;
}

/* Handlers may ask, and forget, meanwhile: waiters are taken out one by one. */
static void tell_all(struct question *question) {
        question->telling++;
        while (question->waiters) {
                struct waiter *waiter = question->waiters;
                question->waiters = waiter->next;
                tell(question, waiter);
                free(waiter);
        }
        question->telling--;
}

static bool can_drop(const struct question *question) {
        return question->stage == STAGE_ANSWERED && !question->waiters && question->telling == 0;
}

static void fail(struct resolver *resolver, struct question *question, const char *reason) {
        question->failed = true;
        question->text = memory_copy_text(slice_of(reason));
        set_answered(resolver, question);
        tell_all(question);
}

static struct question *find_number(const struct resolver *resolver, uint32_t number) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (question->number == number && question->stage == STAGE_ON_ITS_WAY)
                        return question;
        }
        return NULL;
}

/* Questions. */

static void send_question(struct resolver *resolver, struct question *question) {
        const struct lookup_question packet = {.number = question->number,
                .kind = question->kind,
                .has_ipv6 = resolver->has_ipv6 != 0,
                .text = slice_of(question->key + 1)};
        struct buffer body = BUFFER_INIT(512);
        /* A channel that cannot be written to ends, and so does the child: the question is then
         * asked again. */
        if (lookup_put_question(&body, &packet) == 0)
                (void)channel_send(supervise_channel(resolver->supervise), MESSAGE_RESOLVE_ASK,
                        buffer_view(&body));
        buffer_done(&body);
        question->stage = STAGE_ON_ITS_WAY;
        question->due_us = now_us(resolver) + RESOLVER_TIMEOUT_MS * MILLISECOND_US;
        if (resolver->on_its_way++ == 0)
                resolver->heard_us = now_us(resolver);
}

/* Sends what waits, as far as the child has threads for it. Suspects come first, each alone. */
static void send_waiting(struct resolver *resolver) {
        bool is_careful = resolver->suspects > 0;
        size_t room = is_careful ? 1 : LOOKUPS_MAX - resolver->stuck;
        size_t position = 0;
        if (!resolver->ready || resolver->pending == resolver->on_its_way)
                return;
        for (struct table_entry *entry; resolver->on_its_way < room &&
                                        (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (question->stage == STAGE_WAITING && (question->tries > 0) == is_careful)
                        send_question(resolver, question);
        }
}

static void wait_again(struct resolver *resolver, struct question *question) {
        question->stage = STAGE_WAITING;
        question->due_us = now_us(resolver) + RESOLVER_WAIT_MS * MILLISECOND_US;
        resolver->on_its_way--;
}

/* The child is gone, or another stands in its place. What it had waits for its turn again. */
static void forget_child(struct resolver *resolver) {
        size_t position = 0;
        resolver->ready = false;
        resolver->stuck = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (question->stage == STAGE_ON_ITS_WAY)
                        wait_again(resolver, question);
        }
}

static struct question *find_late(const struct resolver *resolver) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (question->stage != STAGE_ANSWERED && question->due_us <= now_us(resolver))
                        return question;
        }
        return NULL;
}

/* Fails what has taken too long, and replaces a child that will not do any more. */
static void expire(struct resolver *resolver) {
        bool is_silent = false;
        for (struct question *late; (late = find_late(resolver));) {
                if (late->stage == STAGE_ON_ITS_WAY) {
                        resolver->stuck++;
                        is_silent = is_silent ||
                                    resolver->heard_us + RESOLVER_TIMEOUT_MS * MILLISECOND_US <=
                                            now_us(resolver);
                }
                fail(resolver, late, UNKNOWN);
        }
        if (!resolver->ready || (!is_silent && resolver->stuck < LOOKUPS_MAX / 2))
                return;
        diag(DIAG_WARNING, LOGGER, "The resolver process hangs, another takes its place");
        forget_child(resolver);
        supervise_renew(resolver->supervise);
}

static void pump(struct resolver *resolver);

static void on_timer(void *user) {
        pump(user);
}

static void pump(struct resolver *resolver) {
        expire(resolver);
        send_waiting(resolver);
        if (resolver->pending > 0 && !loop_timer_is_set(&resolver->timer))
                loop_timer_set_in(resolver->loop, &resolver->timer, LOOK_US, on_timer, resolver);
}

/* What the child says. */

static void take_answer(struct resolver *resolver, const struct lookup_answer *answer) {
        struct question *question = find_number(resolver, answer->number);
        resolver->heard_us = now_us(resolver);
        if (!question) { /* it has taken too long, but not for ever */
                resolver->stuck -= resolver->stuck > 0 ? 1 : 0;
                return;
        }
        question->failed = answer->failed;
        question->text = memory_copy_text(answer->text);
        if (question->kind == LOOKUP_ADDRESSES && !question->failed && answer->count > 0) {
                question->addresses = memory_new_array(answer->count, sizeof(struct address));
                memcpy(question->addresses, answer->addresses,
                        answer->count * sizeof(struct address));
                question->count = answer->count;
        }
        set_answered(resolver, question);
        tell_all(question);
}

static int handle_ready(struct resolver *resolver, struct slice body) {
        struct message_reader in = message_reader_of(body);
        uint32_t version = message_get_u32(&in);
        if (!message_read_end(&in) || version != CHANNEL_VERSION || resolver->ready)
                return -EPROTO;
        resolver->ready = true;
        return 0;
}

static int handle_answer(struct resolver *resolver, struct slice body) {
        struct lookup_answer answer;
        if (!resolver->ready || lookup_get_answer(body, &answer) < 0)
                return -EPROTO;
        take_answer(resolver, &answer);
        supervise_progress(resolver->supervise);
        return 0;
}

static void on_message(void *user, struct message *message) {
        struct resolver *resolver = user;
        int r = message->type == MESSAGE_RESOLVE_READY ? handle_ready(resolver, message->body)
                                                       : handle_answer(resolver, message->body);
        if (r < 0)
                supervise_violation(resolver->supervise, "malformed message");
        else
                pump(resolver);
}

static void on_start(void *user, struct channel *channel) {
        (void)user;
        (void)channel; /* it says when it is ready */
}

/* Some question may have been its end, and nobody knows which. */
static void on_end(void *user, const char *how) {
        struct resolver *resolver = user;
        size_t position = 0;
        (void)how;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (question->stage != STAGE_ON_ITS_WAY)
                        continue;
                wait_again(resolver, question);
                if (++question->tries == 1)
                        resolver->suspects++;
                else
                        question->due_us = now_us(
                                resolver); /* it was alone with the second, too: pump() fails it */
        }
        forget_child(resolver);
        pump(resolver);
}

static const struct supervise_ops supervise_ops = {
        .on_start = on_start, .on_message = on_message, .on_end = on_end};

/* The cache. */

static void drop(struct resolver *resolver, struct question *question) {
        (void)table_remove(&resolver->questions, slice_of(question->key));
        free_question(question);
}

/* Makes room for one more: the oldest answer goes. */
static bool make_room(struct resolver *resolver) {
        size_t position = 0;
        if (resolver->pending >= RESOLVER_PENDING_MAX)
                return false;
        if (resolver->questions.count - resolver->pending < RESOLVER_CACHE_MAX)
                return true;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (!can_drop(question))
                        continue;
                drop(resolver, question);
                return true;
        }
        return true;
}

static struct question *find_or_add(
        struct resolver *resolver, enum lookup_kind kind, struct slice text, struct arena *arena) {
        struct slice key =
                arena_printf(arena, "%c%.*s", kind == LOOKUP_NAME ? 'n' : 'a', SLICE_ARG(text));
        struct question *question = table_get(&resolver->questions, key);
        if (question && can_drop(question) && question->due_us <= now_us(resolver)) {
                drop(resolver, question);
                question = NULL;
        }
        if (question)
                return question;
        if (!make_room(resolver))
                return NULL;
        question = memory_new(sizeof(*question));
        *question = (struct question){.number = ++resolver->last_number,
                .key = memory_copy_text(key),
                .kind = kind,
                .due_us = now_us(resolver) + RESOLVER_WAIT_MS * MILLISECOND_US};
        if (table_put(&resolver->questions, key, question) < 0) {
                free_question(question);
                return NULL;
        }
        resolver->pending++;
        return question;
}

static void add_waiter(struct question *question, const struct waiter *waiter) {
        struct waiter *copy = memory_new(sizeof(*copy));
        *copy = *waiter;
        if (question->waiters)
                question->last_waiter->next = copy;
        else
                question->waiters = copy;
        question->last_waiter = copy;
}

static void tell_failure(const struct waiter *waiter, const char *reason) {
        const struct question failed = {.failed = true, .text = memory_copy_text(slice_of(reason))};
        tell(&failed, waiter);
        free(failed.text);
}

static void ask(struct resolver *resolver, enum lookup_kind kind, struct slice text,
        const struct waiter *waiter) {
        struct arena arena = ARENA_INIT;
        bool is_text = text.len > 0 && text.len <= RESOLVER_NAME_MAX &&
                       slice_find_char(text, '\0', 0) == text.len;
        struct question *question = is_text ? find_or_add(resolver, kind, text, &arena) : NULL;
        arena_done(&arena);
        if (!question) {
                tell_failure(waiter, is_text ? "Temporary failure in name resolution"
                                             : "Name or service not known");
                return;
        }
        if (question->stage == STAGE_ANSWERED) {
                question->telling++;
                tell(question, waiter);
                question->telling--;
                return;
        }
        add_waiter(question, waiter);
        struct fault fault = FAULT_INIT;
        if (!resolver->started && supervise_start(resolver->supervise, &fault) < 0) {
                diag(DIAG_ERROR, LOGGER, "Unable to start the resolver: %s", fault_text(&fault));
                fail(resolver, question, fault_text(&fault));
        } else {
                resolver->started = true;
        }
        fault_done(&fault);
        pump(resolver);
}

/* Public. */

struct resolver *resolver_new(struct loop *loop, const struct clock *clock, const char *program) {
        struct resolver *resolver = memory_new(sizeof(*resolver));
        *resolver = (struct resolver){.loop = loop, .clock = clock, .has_ipv6 = 1};
        const struct supervise_config config = {.program = PROGRAM,
                .path = program,
                .label = "resolver",
                .role = CHANNEL_RESOLVER,
                .ops = &supervise_ops,
                .user = resolver};
        resolver->supervise = supervise_new(loop, &config);
        table_init(&resolver->questions, RESOLVER_CACHE_MAX + RESOLVER_PENDING_MAX + 1);
        return resolver;
}

void resolver_set_runner(struct resolver *resolver, struct runner_link *runner) {
        supervise_set_runner(resolver->supervise, runner);
}

struct resolver *resolver_free(struct resolver *resolver) {
        size_t position = 0;
        if (!resolver)
                return NULL;
        loop_timer_cancel(resolver->loop, &resolver->timer);
        resolver->supervise = supervise_free(resolver->supervise);
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));)
                free_question(entry->value);
        table_done(&resolver->questions);
        free(resolver);
        return NULL;
}

/* "52401", "0x7f.1": what getaddrinfo() takes for an address before it asks anybody. Such texts
 * stand where a regex looks for a host in much of what attackers write. */
static bool is_number_of_address(struct slice name, struct address *ret) {
        static const char allowed[] = "0123456789abcdefABCDEFxX.";
        char text[INET6_ADDRSTRLEN];
        struct in_addr number;
        if (name.len == 0 || name.len >= sizeof(text))
                return false;
        memcpy(text, name.data, name.len);
        text[name.len] = '\0';
        if (strspn(text, allowed) != name.len || inet_aton(text, &number) == 0 ||
                !inet_ntop(AF_INET, &number, text, sizeof(text)))
                return false;
        return address_parse(slice_of(text), ret) == 0;
}

void resolver_ask_addresses(
        struct resolver *resolver, struct slice name, resolver_addresses *done, void *user) {
        struct address address;
        if (address_parse(name, &address) == 0 || is_number_of_address(name, &address)) {
                done(user, &address, 1, NULL);
                return;
        }
        const struct waiter waiter = {.addresses = done, .user = user};
        ask(resolver, LOOKUP_ADDRESSES, name, &waiter);
}

void resolver_ask_name(
        struct resolver *resolver, const struct address *address, resolver_name *done, void *user) {
        char text[ADDRESS_TEXT_MAX];
        const struct waiter waiter = {.name = done, .user = user};
        ask(resolver, LOOKUP_NAME, address_print(address, text), &waiter);
}

/* Whom is_meant() picks is not waiting any more; only_done: among those with this handler, NULL:
 * any. */
static void drop_waiters(struct resolver *resolver, resolver_addresses *only_done,
        resolver_is_meant *is_meant, const void *whom) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                for (struct waiter **at = &question->waiters; *at;) {
                        struct waiter *waiter = *at;
                        if ((only_done && waiter->addresses != only_done) ||
                                !is_meant(waiter->user, whom)) {
                                question->last_waiter = waiter;
                                at = &waiter->next;
                                continue;
                        }
                        *at = waiter->next;
                        free(waiter);
                }
        }
}

static bool is_user(const void *user, const void *whom) {
        return user == whom;
}

void resolver_forget(struct resolver *resolver, void *user) {
        drop_waiters(resolver, NULL, is_user, user);
}

void resolver_forget_all(struct resolver *resolver, resolver_addresses *done,
        resolver_is_meant *is_meant, const void *whom) {
        drop_waiters(resolver, done, is_meant, whom);
}

void resolver_clear_cache(struct resolver *resolver) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (can_drop(question))
                        drop(resolver, question);
        }
}

void resolver_set_ipv6(struct resolver *resolver, int has_ipv6) {
        if (resolver->has_ipv6 != has_ipv6)
                resolver_clear_cache(resolver);
        resolver->has_ipv6 = has_ipv6;
}
