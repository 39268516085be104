/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question is in one of three states: in the cache with its answer, on its way with those who
 * wait for it, or unknown. The same question is asked once, however many wait. A child that dies
 * fails what is on its way, and the next question starts another. What it says is checked: it runs
 * code from anywhere (NSS modules), and talks to the network. */
#include "enforce/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/table.h"
#include "build_config.h"
#include "channel/resolver_packet.h"

#define LOGGER "fail2ban.ipdns"
#define PROGRAM "stockade-resolver"
#define SECOND_US INT64_C(1000000)
#define ON_ITS_WAY_MAX 64 /* questions the child has got at once; the others wait here */
#define PATH_BYTES 4096

struct waiter {
        resolver_addresses *addresses; /* one of the two */
        resolver_name *name;
        void *user;
        struct waiter *next;
};

struct question {
        uint32_t number;
        char *key; /* kind and text */
        enum resolver_kind kind;
        struct waiter *waiters;
        bool sent;
        bool answered;  /* then it is in the cache until expires_us */
        int64_t due_us; /* answered: expiry; else: when it has taken too long (0: not sent) */
        unsigned telling; /* handlers that have its answer in hand: it must stay */
        bool lost;        /* its child is gone */
        bool failed;
        char *text; /* name, or why it failed */
        struct address *addresses;
        size_t count;
};

struct resolver {
        struct loop *loop;
        const struct clock *clock;
        char *program;
        int has_ipv6;
        struct table questions; /* key -> question, oldest first */
        size_t pending;         /* not answered */
        size_t on_its_way;      /* of these, sent */
        uint32_t last_number;
        int fd; /* to the child; -1: none runs */
        pid_t pid;
        struct loop_source *source;
        struct loop_timer timer;
};

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

/* The child. */

static void find_program(char ret[static PATH_BYTES]) {
        ssize_t length = readlink("/proc/self/exe", ret, PATH_BYTES - sizeof(PROGRAM));
        char *slash = length > 0 ? memrchr(ret, '/', (size_t)length) : NULL;
        if (slash) {
                memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
                if (access(ret, X_OK) == 0)
                        return;
        }
        (void)snprintf(ret, PATH_BYTES, "%s/%s", STOCKADE_LIBEXECDIR, PROGRAM);
}

static _Noreturn void become(const char *path, int fd, pid_t parent) {
        char *const arguments[] = {(char[]){"stockade-resolver"}, NULL};
        char *const environment[] = {NULL};
        loop_unblock_signals();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() == parent && dup2(fd, RESOLVER_PACKET_FD) >= 0 &&
                fcntl(RESOLVER_PACKET_FD, F_SETFD, 0) == 0) {
                confine_close_from(RESOLVER_PACKET_FD + 1);
                (void)execve(path, arguments, environment);
        }
        _exit(127);
}

static void on_child(void *user, int fd, uint32_t events);

static int start(struct resolver *resolver) {
        char path[PATH_BYTES];
        int ends[2];
        if (resolver->program)
                (void)snprintf(path, sizeof(path), "%s", resolver->program);
        else
                find_program(path);
        if (access(path, X_OK) < 0)
                return -errno;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        CLEANUP(close_p) int ours = ends[0];
        CLEANUP(close_p) int theirs = ends[1];
        if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        pid_t parent = getpid();
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                become(path, theirs, parent);
        resolver->source = loop_add(resolver->loop, ours, EPOLLIN, on_child, resolver);
        resolver->fd = steal_fd(&ours);
        resolver->pid = pid;
        return 0;
}

static void end_child(struct resolver *resolver) {
        if (resolver->fd < 0)
                return;
        loop_remove(resolver->loop, resolver->source);
        resolver->source = NULL;
        close_p(&resolver->fd);
        (void)kill(resolver->pid, SIGKILL);
        (void)waitpid(resolver->pid, NULL, 0); /* it was killed: this does not last */
        resolver->pid = 0;
}

/* Answers. */

static void tell(const struct question *question, const struct waiter *waiter) {
        if (waiter->name) {
                waiter->name(
                        waiter->user, question->failed ? SLICE_NULL : slice_of(question->text));
                return;
        }
        struct fault fault = FAULT_INIT;
        if (question->failed)
                (void)fault_set(&fault, -ENOENT, "%s", question->text);
        waiter->addresses(waiter->user, question->addresses, question->count,
                question->failed ? &fault : NULL);
        fault_done(&fault);
}

/* Said with the answer, not with each use of it, as upstream does. */
static void say_failed(const struct question *question) {
        if (question->failed && question->kind == RESOLVER_KIND_ADDRESSES)
                diag(DIAG_WARNING, LOGGER, "Unable to find a corresponding IP address for %s: %s",
                        question->key + 1, question->text);
}

static void set_answered(struct resolver *resolver, struct question *question) {
        say_failed(question);
        if (question->sent)
                resolver->on_its_way--;
        resolver->pending--;
        question->answered = true;
        question->sent = false;
        question->due_us = loop_now_us() + RESOLVER_CACHE_S * SECOND_US;
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
        return question->answered && !question->waiters && question->telling == 0;
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
                if (question->number == number && question->sent)
                        return question;
        }
        return NULL;
}

static void take_addresses(struct question *question, const struct resolver_answer *answer) {
        question->addresses = memory_new_array((size_t)answer->count + 1, sizeof(struct address));
        for (size_t i = 0; i < answer->count; i++) {
                char text[INET6_ADDRSTRLEN];
                int family = answer->addresses[i].is_inet6 ? AF_INET6 : AF_INET;
                struct address address;
                if (inet_ntop(family, answer->addresses[i].bytes, text, sizeof(text)) &&
                        address_parse(slice_of(text), &address) == 0)
                        question->addresses[question->count++] = address;
        }
}

static void pump(struct resolver *resolver);

static void on_timer(void *user);

/* Handles one answer. Returns 0, -EAGAIN if there is none, -EPIPE if the child is gone, -EPROTO. */
static int take_answer(struct resolver *resolver) {
        struct resolver_answer answer;
        ssize_t n = recv(resolver->fd, &answer, sizeof(answer), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return -EAGAIN;
        if (n <= 0)
                return -EPIPE;
        if (n != sizeof(answer) || answer.count > RESOLVER_ADDRESSES_MAX ||
                !memchr(answer.text, '\0', sizeof(answer.text)))
                return -EPROTO;
        struct question *question = find_number(resolver, answer.number);
        if (!question)
                return 0; /* it has taken too long */
        question->failed = answer.failed != 0;
        question->text = memory_copy_text(slice_of(answer.text));
        if (question->kind == RESOLVER_KIND_ADDRESSES && !question->failed)
                take_addresses(question, &answer);
        set_answered(resolver, question);
        tell_all(question);
        return 0;
}

/* Fails everything that the child has got. */
static void lose_child(struct resolver *resolver, const char *why) {
        end_child(resolver);
        diag(DIAG_ERROR, LOGGER, "The resolver process has ended (%s)", why);
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                question->lost = question->sent;
        }
        position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (!question->lost || question->answered)
                        continue; /* not sent, or sent by a handler to the next child */
                fail(resolver, question, "Temporary failure in name resolution");
                position = 0; /* the table may have changed */
        }
}

static void on_child(void *user, int fd, uint32_t events) {
        struct resolver *resolver = user;
        (void)fd;
        (void)events;
        int r;
        do
                r = take_answer(resolver);
        while (r == 0 && resolver->fd >= 0);
        if (r == -EPIPE)
                lose_child(resolver, "it has hung up");
        else if (r == -EPROTO)
                lose_child(resolver, "protocol violation");
        pump(resolver);
}

/* Questions. */

static void send_question(struct resolver *resolver, struct question *question) {
        struct resolver_question packet = {.number = question->number,
                .kind = (uint8_t)question->kind,
                .has_ipv6 = resolver->has_ipv6 != 0};
        (void)snprintf(packet.text, sizeof(packet.text), "%s", question->key + 1);
        if (send(resolver->fd, &packet, sizeof(packet), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                return; /* full: at the next answer; gone: that will show */
        question->sent = true;
        question->due_us = loop_now_us() + (int64_t)RESOLVER_TIMEOUT_MS * 1000;
        resolver->on_its_way++;
        if (!loop_timer_is_set(&resolver->timer))
                loop_timer_set(
                        resolver->loop, &resolver->timer, question->due_us, on_timer, resolver);
}

/* Sends what waits, as far as there is room. */
static void pump(struct resolver *resolver) {
        size_t position = 0;
        if (resolver->pending == resolver->on_its_way)
                return;
        if (resolver->fd < 0 && start(resolver) < 0)
                return;
        for (struct table_entry *entry; resolver->on_its_way < ON_ITS_WAY_MAX &&
                                        (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (!question->answered && !question->sent)
                        send_question(resolver, question);
        }
}

static struct question *find_late(const struct resolver *resolver, int64_t *ret_next_us) {
        size_t position = 0;
        *ret_next_us = INT64_MAX;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                if (!question->sent)
                        continue;
                if (question->due_us <= loop_now_us())
                        return question;
                if (question->due_us < *ret_next_us)
                        *ret_next_us = question->due_us;
        }
        return NULL;
}

static void on_timer(void *user) {
        struct resolver *resolver = user;
        struct question *late;
        int64_t next_us;
        bool any = false;
        while ((late = find_late(resolver, &next_us))) {
                fail(resolver, late, "Temporary failure in name resolution");
                any = true;
        }
        /* Its threads hang in what nobody waits for any more. */
        if (any && resolver->on_its_way == 0)
                end_child(resolver);
        if (next_us != INT64_MAX)
                loop_timer_set(resolver->loop, &resolver->timer, next_us, on_timer, resolver);
        pump(resolver);
}

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

static struct question *find_or_add(struct resolver *resolver, enum resolver_kind kind,
        struct slice text, struct arena *arena) {
        struct slice key = arena_printf(
                arena, "%c%.*s", kind == RESOLVER_KIND_NAME ? 'n' : 'a', SLICE_ARG(text));
        struct question *question = table_get(&resolver->questions, key);
        if (question && can_drop(question) && question->due_us <= loop_now_us()) {
                drop(resolver, question);
                question = NULL;
        }
        if (question)
                return question;
        if (!make_room(resolver))
                return NULL;
        question = memory_new(sizeof(*question));
        *question = (struct question){
                .number = ++resolver->last_number, .key = memory_copy_text(key), .kind = kind};
        if (table_put(&resolver->questions, key, question) < 0) {
                free_question(question);
                return NULL;
        }
        resolver->pending++;
        return question;
}

static void add_waiter(struct question *question, const struct waiter *waiter) {
        struct waiter **end = &question->waiters;
        while (*end)
                end = &(*end)->next;
        *end = memory_new(sizeof(**end));
        **end = *waiter;
}

static void tell_failure(const struct waiter *waiter, const char *reason) {
        const struct question failed = {.failed = true, .text = memory_copy_text(slice_of(reason))};
        tell(&failed, waiter);
        free(failed.text);
}

static void ask(struct resolver *resolver, enum resolver_kind kind, struct slice text,
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
        if (question->answered) {
                question->telling++;
                tell(question, waiter);
                question->telling--;
                return;
        }
        add_waiter(question, waiter);
        if (resolver->fd < 0) {
                int r = start(resolver);
                if (r < 0) {
                        diag(DIAG_ERROR, LOGGER, "Unable to start the resolver: %s", strerror(-r));
                        fail(resolver, question, strerror(-r));
                        return;
                }
        }
        pump(resolver);
}

/* Public. */

struct resolver *resolver_new(struct loop *loop, const struct clock *clock, const char *program) {
        struct resolver *resolver = memory_new(sizeof(*resolver));
        *resolver = (struct resolver){.loop = loop,
                .clock = clock,
                .program = program ? memory_copy_text(slice_of(program)) : NULL,
                .has_ipv6 = 1,
                .fd = -1};
        table_init(&resolver->questions, RESOLVER_CACHE_MAX + RESOLVER_PENDING_MAX + 1);
        return resolver;
}

struct resolver *resolver_free(struct resolver *resolver) {
        size_t position = 0;
        if (!resolver)
                return NULL;
        loop_timer_cancel(resolver->loop, &resolver->timer);
        end_child(resolver);
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));)
                free_question(entry->value);
        table_done(&resolver->questions);
        free(resolver->program);
        free(resolver);
        return NULL;
}

void resolver_ask_addresses(
        struct resolver *resolver, struct slice name, resolver_addresses *done, void *user) {
        struct address address;
        if (address_parse(name, &address) == 0) {
                done(user, &address, 1, NULL);
                return;
        }
        const struct waiter waiter = {.addresses = done, .user = user};
        ask(resolver, RESOLVER_KIND_ADDRESSES, name, &waiter);
}

void resolver_ask_name(
        struct resolver *resolver, const struct address *address, resolver_name *done, void *user) {
        char text[ADDRESS_TEXT_MAX];
        const struct waiter waiter = {.name = done, .user = user};
        ask(resolver, RESOLVER_KIND_NAME, address_print(address, text), &waiter);
}

void resolver_forget(struct resolver *resolver, void *user) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&resolver->questions, &position));) {
                struct question *question = entry->value;
                for (struct waiter **at = &question->waiters; *at;) {
                        struct waiter *waiter = *at;
                        if (waiter->user != user) {
                                at = &waiter->next;
                                continue;
                        }
                        *at = waiter->next;
                        free(waiter);
                }
        }
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
