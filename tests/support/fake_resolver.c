/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resolver whose answers a test can predict: "two.test" has two addresses, "many.test" as many as
 * it was asked questions, "crash.test" kills the process, "lie.test" breaks the protocol, anything
 * else is unknown; the name of any address is "name.test". */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/resolver_packet.h"

int main(void) {
        struct resolver_question question;
        unsigned count = 0;
        while (recv(RESOLVER_PACKET_FD, &question, sizeof(question), 0) == sizeof(question)) {
                struct resolver_answer answer = {.number = question.number};
                count++;
                if (strcmp(question.text, "crash.test") == 0)
                        (void)raise(SIGKILL);
                if (question.kind == RESOLVER_KIND_NAME) {
                        (void)snprintf(answer.text, sizeof(answer.text), "name.test");
                } else if (strcmp(question.text, "two.test") == 0) {
                        static const unsigned char inet4[] = {192, 0, 2, 1};
                        static const unsigned char inet6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
                        answer.count = 2;
                        memcpy(answer.addresses[0].bytes, inet4, sizeof(inet4));
                        memcpy(answer.addresses[1].bytes, inet6, sizeof(inet6));
                        answer.addresses[1].is_inet6 = 1;
                } else if (strcmp(question.text, "many.test") == 0) {
                        answer.count = (unsigned char)count;
                } else if (strcmp(question.text, "lie.test") == 0) {
                        answer.count = 255;
                } else {
                        answer.failed = 1;
                        (void)snprintf(
                                answer.text, sizeof(answer.text), "Name or service not known");
                }
                if (send(RESOLVER_PACKET_FD, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
                        return 1;
        }
        return 0;
}
