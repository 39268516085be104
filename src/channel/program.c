/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two lists of texts behind fixed fields. Counts are compared with the bytes that are there before
 * anything is allocated for them. */
#include "channel/program.h"

#include <errno.h>

#include "base/exec.h"
#include "channel/message.h"

#define TEXT_MIN 4 /* bytes of the shortest text */

static size_t count_of(char *const *texts) {
        size_t count = 0;
        while (texts[count])
                count++;
        return count;
}

static int put_list(struct buffer *out, char *const *texts, size_t count) {
        int r = message_put_u32(out, (uint32_t)count);
        for (size_t i = 0; i < count && r == 0; i++)
                r = message_put_text(out, slice_of(texts[i]));
        return r;
}

int program_put(struct buffer *out, const struct program *program) {
        size_t words = count_of(program->words), variables = count_of(program->environment);
        if (words + variables > PROGRAM_WORDS_MAX)
                return -E2BIG;
        int r = message_put_u32(out, program->number);
        if (r == 0)
                r = message_put_u32(out, program->mask);
        if (r == 0)
                r = message_put_u8(out, program->fds);
        if (r == 0)
                r = message_put_text(out, slice_of(program->folder));
        if (r == 0)
                r = message_put_text(out, slice_of(program->path));
        if (r == 0)
                r = put_list(out, program->words, words);
        if (r == 0)
                r = put_list(out, program->environment, variables);
        return r == 0 ? 0 : -E2BIG;
}

static char *get_text(struct message_reader *in, struct arena *arena) {
        struct slice text = message_get_text(in);
        if (slice_find_char(text, '\0', 0) < text.len)
                in->bad = true;
        return (char *)(uintptr_t)arena_copy(arena, text).data;
}

static const char *get_path(struct message_reader *in, struct arena *arena) {
        const char *path = get_text(in, arena);
        if (path[0] != '/')
                in->bad = true;
        return path;
}

static char *const *get_list(struct message_reader *in, struct arena *arena) {
        uint32_t count = message_get_u32(in);
        if (count > PROGRAM_WORDS_MAX || count > in->rest.len / TEXT_MIN) {
                in->bad = true;
                count = 0;
        }
        char **texts = arena_alloc_array(arena, (size_t)count + 1, sizeof(*texts));
        for (uint32_t i = 0; i < count && !in->bad; i++)
                texts[i] = get_text(in, arena);
        return texts;
}

int program_get(struct slice body, struct arena *arena, struct program *ret) {
        struct message_reader in = message_reader_of(body);
        ret->number = message_get_u32(&in);
        ret->mask = message_get_u32(&in);
        ret->fds = message_get_u8(&in);
        ret->folder = get_path(&in, arena);
        ret->path = get_path(&in, arena);
        ret->words = get_list(&in, arena);
        ret->environment = get_list(&in, arena);
        bool is_whole = message_read_end(&in) && ret->mask <= 0777 &&
                        ret->fds < 1U << EXEC_FDS_MAX && ret->words[0];
        return is_whole ? 0 : -EBADMSG;
}
