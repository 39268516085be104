/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question, put to the system's name service. */
#pragma once

#include "channel/lookup.h"

/* An answer with room for its text. */
struct system_lookup {
        struct lookup_answer answer;
        char text[LOOKUP_TEXT_MAX + 1];
};

/* Answers question as getaddrinfo() or getnameinfo() do; may take long. A failure's text is "[Errno
 * N] " and libc's text for it. Several threads may ask at once. */
void system_lookup(const struct lookup_question *question, struct system_lookup *ret);
