/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the system's resolver, which may take its time and load what it likes: in a process of its
 * own, as a user who owns nothing. Only the server starts it (enforce/resolver.c), with a socket of
 * whole packets as fd 3. Several threads take questions from it; each gets a whole one. */
#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/resolver_packet.h"

#define THREADS 8
#define USER "stockade-resolver"
#define USER_NUMBER 60703 /* where there is no such user: nobody else's */
#define EXIT_USAGE 2
#define EXIT_CONFINE 3

static int confine_self(void) {
        const struct rlimit none = {0, 0};
        const struct passwd *entry = getpwnam(USER);
        uid_t uid = entry ? entry->pw_uid : USER_NUMBER;
        gid_t gid = entry ? entry->pw_gid : USER_NUMBER;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
                setrlimit(RLIMIT_FSIZE, &none) < 0)
                return -1;
        if (geteuid() != 0)
                return 0;
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return -1;
        return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* the change of user has cleared it */
}

static void add_address(const struct sockaddr *address, struct resolver_answer *answer) {
        if (answer->count == RESOLVER_PACKET_ADDRESSES)
                return;
        if (address->sa_family == AF_INET) {
                struct sockaddr_in in;
                memcpy(&in, address, sizeof(in));
                memcpy(answer->addresses[answer->count++].bytes, &in.sin_addr, 4);
        } else if (address->sa_family == AF_INET6) {
                struct sockaddr_in6 in;
                memcpy(&in, address, sizeof(in));
                memcpy(answer->addresses[answer->count].bytes, &in.sin6_addr, 16);
                answer->addresses[answer->count++].is_inet6 = 1;
        }
}

static int ask_addresses(const struct resolver_question *question, struct resolver_answer *answer) {
        const struct addrinfo hints = {
                .ai_family = question->has_ipv6 ? AF_UNSPEC : AF_INET, .ai_socktype = SOCK_STREAM};
        struct addrinfo *list = NULL;
        int r = getaddrinfo(question->text, NULL, &hints, &list);
        if (r != 0)
                return r;
        for (const struct addrinfo *item = list; item; item = item->ai_next)
                add_address(item->ai_addr, answer);
        freeaddrinfo(list);
        return 0;
}

static int ask_name(const struct resolver_question *question, struct resolver_answer *answer) {
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
        struct addrinfo *list = NULL;
        int r = getaddrinfo(question->text, NULL, &hints, &list);
        if (r != 0)
                return r;
        r = getnameinfo(list->ai_addr, list->ai_addrlen, answer->text, sizeof(answer->text), NULL,
                0, NI_NAMEREQD);
        freeaddrinfo(list);
        return r;
}

static _Noreturn void *work(void *unused) {
        (void)unused;
        struct resolver_question question;
        while (recv(RESOLVER_PACKET_FD, &question, sizeof(question), 0) == sizeof(question)) {
                struct resolver_answer answer = {.number = question.number};
                question.text[sizeof(question.text) - 1] = '\0';
                int r = question.kind == RESOLVER_KIND_NAME ? ask_name(&question, &answer)
                                                            : ask_addresses(&question, &answer);
                if (r != 0) {
                        answer.failed = 1;
                        (void)snprintf(answer.text, sizeof(answer.text), "[Errno %d] %s", r,
                                gai_strerror(r));
                }
                if (send(RESOLVER_PACKET_FD, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
                        break;
        }
        exit(0); /* the server is gone, and nobody waits for the other threads */
}

int main(void) {
        struct stat info;
        pthread_t thread;
        if (fstat(RESOLVER_PACKET_FD, &info) < 0 || !S_ISSOCK(info.st_mode)) {
                (void)fputs("stockade-resolver is started by fail2ban-server only\n", stderr);
                return EXIT_USAGE;
        }
        if (confine_self() < 0)
                return EXIT_CONFINE;
        for (int i = 1; i < THREADS; i++)
                if (pthread_create(&thread, NULL, work, NULL) != 0)
                        break; /* fewer will do */
        work(NULL);
}
