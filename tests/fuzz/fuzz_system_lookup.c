/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libc hands over of DNS answers, and any question: the answer fits its message, and the
 * server reads it back in normal form. */
#include "resolve/system_lookup.h"

#include <netdb.h>
#include <netinet/in.h>

#include "fuzz.h"

#define ITEMS_MAX 128

static union {
        struct sockaddr any;
        struct sockaddr_storage storage;
} addresses[ITEMS_MAX];
static struct addrinfo items[ITEMS_MAX];
static struct slice from; /* the pieces of the answer: family and bytes of each address */

/* In the place of libc's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
        struct addrinfo **ret) {
        struct slice piece;
        size_t count = 0;
        FUZZ_REQUIRE(node && strlen(node) <= LOOKUP_TEXT_MAX && !service && hints);
        while (count < ITEMS_MAX && fuzz_piece(&from, &piece)) {
                memset(&addresses[count], 0, sizeof(addresses[count]));
                addresses[count].any.sa_family = fuzz_byte(&piece);
                size_t room = sizeof(addresses[count]) - sizeof(sa_family_t);
                if (piece.len > 0)
                        memcpy((char *)&addresses[count] + sizeof(sa_family_t), piece.data,
                                piece.len < room ? piece.len : room);
                items[count] = (struct addrinfo){.ai_addr = &addresses[count].any,
                        .ai_addrlen = sizeof(struct sockaddr_in6)};
                if (count > 0)
                        items[count - 1].ai_next = &items[count];
                count++;
        }
        *ret = count > 0 ? &items[0] : NULL;
        return count > 0 ? 0 : EAI_NONAME;
}
void freeaddrinfo(struct addrinfo *list) {
        (void)list;
}
int getnameinfo(const struct sockaddr *address, socklen_t address_len, char *host, socklen_t size,
        char *service, socklen_t service_size, int flags) {
        struct slice piece;
        (void)address, (void)address_len, (void)service, (void)service_size, (void)flags;
        if (!fuzz_piece(&from, &piece))
                return EAI_NONAME;
        if (piece.len >= size)
                return EAI_OVERFLOW;
        if (piece.len > 0)
                memcpy(host, piece.data, piece.len);
        host[piece.len] = '\0';
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice body;
        struct lookup_question question;
        struct lookup_answer answer;
        struct system_lookup lookup;
        from = fuzz_input(data, size);
        if (!fuzz_piece(&from, &body) || lookup_get_question(body, &question) < 0)
                return 0;
        system_lookup(&question, &lookup);
        struct buffer out = BUFFER_INIT(message_info(MESSAGE_RESOLVE_ANSWER)->body_max);
        FUZZ_REQUIRE(lookup_put_answer(&out, &lookup.answer) == 0);
        FUZZ_REQUIRE(lookup_get_answer(buffer_view(&out), &answer) == 0);
        FUZZ_REQUIRE(answer.number == question.number && answer.failed == lookup.answer.failed);
        FUZZ_REQUIRE(answer.count == lookup.answer.count && (!answer.failed || answer.count == 0));
        buffer_done(&out);
        return 0;
}
