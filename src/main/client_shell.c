/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: client/fail2banclient.py start(), Python's shlex.split(), 1.1. Differs: no history and
 * no editing of lines. */
#include "main/client_shell.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "main/client_command.h"
#include "main/usage.h"

#define PROMPT "fail2ban> "

struct split {
        struct slice line;
        size_t at;
        struct buffer word;
};

static int put(struct split *s, char c) {
        return buffer_append_char(&s->word, c);
}

/* Takes what is in quotes; at is behind the first one. */
static int take_quoted(struct split *s, char quote, struct fault *fault) {
        while (s->at < s->line.len && s->line.data[s->at] != quote) {
                char c = s->line.data[s->at++];
                bool escapes = quote == '"' && c == '\\' && s->at < s->line.len &&
                               (s->line.data[s->at] == '"' || s->line.data[s->at] == '\\');
                (void)put(s, escapes ? s->line.data[s->at++] : c);
        }
        if (s->at++ >= s->line.len)
                return fault_raise(fault, "ValueError", "No closing quotation");
        return 0;
}

static int take_word(struct split *s, struct fault *fault) {
        while (s->at < s->line.len) {
                char c = s->line.data[s->at];
                if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
                        return 0;
                s->at++;
                int r = 0;
                if (c == '\\' && s->at == s->line.len)
                        return fault_raise(fault, "ValueError", "No escaped character");
                if (c == '\'' || c == '"')
                        r = take_quoted(s, c, fault);
                else
                        (void)put(s, c == '\\' ? s->line.data[s->at++] : c);
                if (r < 0)
                        return r;
        }
        return 0;
}

int client_shell_split(
        struct slice line, struct arena *arena, struct value *words, struct fault *fault) {
        struct split s = {.line = line, .word = BUFFER_INIT(line.len + 1)};
        int r = 0;
        for (;;) {
                while (s.at < line.len && strchr(" \t\r\n", line.data[s.at]))
                        s.at++;
                if (s.at >= line.len)
                        break;
                buffer_clear(&s.word);
                r = take_word(&s, fault);
                if (r < 0)
                        break;
                (void)value_append(
                        words, value_string(arena_copy(arena, buffer_view(&s.word))), arena);
        }
        buffer_done(&s.word);
        return r;
}

static void print_help(const struct client *client) {
        struct buffer out = BUFFER_INIT(USAGE_MAX);
        const char *slash = strrchr(client->argv[0], '/');
        (void)usage_put(&out, USAGE_CLIENT, slice_of(slash ? slash + 1 : client->argv[0]));
        (void)fwrite(buffer_view(&out).data, 1, buffer_len(&out), stdout);
        buffer_done(&out);
}

static void run_line(struct client *client, struct slice line) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value words = value_list();
        int r = client_shell_split(line, &arena, &words, &fault);
        if (r < 0) {
                diag(DIAG_ERROR, CLIENT_LOGGER, "%s", fault_text(&fault));
        } else if (words.list.count > 0) {
                struct slice *list = arena_alloc_array(&arena, words.list.count, sizeof(*list));
                for (size_t i = 0; i < words.list.count; i++)
                        list[i] = words.list.items[i].string;
                (void)client_command(client, list, words.list.count); /* it has been said */
        }
        fault_done(&fault);
        arena_done(&arena);
}

/* Reads a line without its newline. Returns false at the end of the input. */
static bool read_line(struct buffer *line) {
        (void)fputs(PROMPT, stdout);
        (void)fflush(stdout);
        buffer_clear(line);
        int c;
        while ((c = getchar()) != EOF && c != '\n')
                (void)buffer_append_char(line, (char)c); /* what is beyond the cap is cut off */
        return c != EOF || buffer_len(line) > 0;
}

enum client_outcome client_shell(struct client *client) {
        struct buffer line = BUFFER_INIT(CLIENT_SHELL_LINE_MAX);
        struct buffer banner = BUFFER_INIT(USAGE_MAX);
        (void)usage_put_banner(&banner);
        (void)fwrite(buffer_view(&banner).data, 1, buffer_len(&banner), stdout);
        buffer_done(&banner);
        bool leave = false;
        while (!leave && read_line(&line)) {
                struct slice text = buffer_view(&line);
                leave = slice_is(text, "exit") || slice_is(text, "quit");
                if (slice_is(text, "help"))
                        print_help(client);
                else if (!leave)
                        run_line(client, text);
        }
        buffer_done(&line);
        if (leave)
                return CLIENT_DONE;
        (void)putchar('\n');
        diag_text(DIAG_ERROR, CLIENT_LOGGER, SLICE("EOF when reading a line"));
        return CLIENT_FAILED;
}
