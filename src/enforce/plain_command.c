/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A positive list: only bytes that no shell gives a meaning are taken, outside and inside of
 * quotes; everything else is a doubt. The first word is stricter, because shells look there for
 * assignments, keywords and commands of their own. */
#include "enforce/plain_command.h"

#include <sys/stat.h>
#include <unistd.h>

/* Keywords and built-in commands of dash, bash, busybox ash, ksh and zsh's sh mode. */
static const char *const shell_words[] = {".", ":", "[", "[[", "alias", "autoload", "bg", "bind",
        "break", "builtin", "caller", "case", "cd", "chdir", "command", "compgen", "complete",
        "compopt", "continue", "coproc", "declare", "dirs", "disown", "do", "done", "echo", "elif",
        "else", "enable", "end", "esac", "eval", "exec", "exit", "export", "false", "fc", "fg",
        "fi", "float", "for", "foreach", "function", "functions", "getopts", "hash", "help",
        "history", "if", "in", "integer", "jobs", "kill", "let", "local", "login", "logout",
        "mapfile", "nameref", "newgrp", "nocorrect", "noglob", "popd", "print", "printf", "pushd",
        "pwd", "r", "read", "readarray", "readonly", "redirect", "repeat", "return", "select",
        "set", "shift", "shopt", "sleep", "source", "stop", "suspend", "test", "then", "time",
        "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "until",
        "wait", "whence", "where", "which", "while"};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static bool is_name_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
}

static bool is_bare(char c) {
        return is_name_char(c) || (c && strchr("@%+:,./=-", c));
}

static bool is_escapable(char c) {
        return is_bare(c) || (c && strchr("{};()<>|&*?[]#$'\"`\\ ~!^", c));
}

/* Bytes within quotes: printable ASCII without what a quote of that kind leaves special. */
static bool is_quotable(char c, char quote) {
        if (quote == '"' && strchr("$`\\!", c))
                return false;
        return c >= ' ' && c < 0x7f;
}

/* Takes one quoted piece; *at stands behind the opening quote. */
static bool take_quoted(struct slice text, size_t *at, char quote, char *out, size_t *len) {
        for (; *at < text.len; (*at)++) {
                char c = text.data[*at];
                if (c == quote) {
                        (*at)++;
                        return true;
                }
                if (!is_quotable(c, quote))
                        return false;
                out[(*len)++] = c;
        }
        return false;
}

/* Takes the word at *at into out. */
static bool take_word(struct slice text, size_t *at, char *out, size_t *len) {
        while (*at < text.len && !is_blank(text.data[*at])) {
                char c = text.data[(*at)++];
                if (is_bare(c)) {
                        out[(*len)++] = c;
                } else if (c == '\\' && *at < text.len && is_escapable(text.data[*at])) {
                        out[(*len)++] = text.data[(*at)++];
                } else if (c == '\'' || c == '"') {
                        if (!take_quoted(text, at, c, out, len))
                                return false;
                } else {
                        return false;
                }
        }
        return true;
}

static bool is_program(struct slice raw, const char *word) {
        for (size_t i = 0; i < raw.len; i++)
                if (!is_name_char(raw.data[i]) && !strchr("./-", raw.data[i]))
                        return false;
        for (size_t i = 0; i < sizeof(shell_words) / sizeof(shell_words[0]); i++)
                if (strcmp(word, shell_words[i]) == 0)
                        return false;
        return raw.len > 0 && raw.data[0] != '-';
}

bool plain_command_parse(struct slice text, struct arena *arena, struct plain_command *ret) {
        size_t at = 0;
        *ret = (struct plain_command){0};
        while (text.len > 0 &&
                (is_blank(text.data[text.len - 1]) || text.data[text.len - 1] == '\n'))
                text.len--;
        if (text.len > 0 && text.len < PLAIN_COMMAND_LEN_MAX && text.data[text.len - 1] == '\\')
                return false; /* it may have escaped the blank that was cut off */
        if (text.len == 0 || text.len >= PLAIN_COMMAND_LEN_MAX)
                return false;
        for (;;) {
                while (at < text.len && is_blank(text.data[at]))
                        at++;
                if (at == text.len)
                        break;
                if (ret->count == PLAIN_COMMAND_WORDS_MAX)
                        return false;
                size_t start = at, len = 0;
                char *word = arena_alloc(arena, text.len - at + 1);
                if (!take_word(text, &at, word, &len))
                        return false;
                if (ret->count == 0 && !is_program(slice_sub(text, start, at), word))
                        return false;
                ret->words[ret->count++] = word;
        }
        return ret->count > 0;
}

static bool is_executable_file(const char *path) {
        struct stat st;
        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool plain_command_find(const char *name, char ret_path[static PATH_MAX]) {
        struct slice rest = slice_of(getenv("PATH"));
        struct slice folder;
        if (strchr(name, '/')) {
                int len = snprintf(ret_path, PATH_MAX, "%s", name);
                return len < PATH_MAX && is_executable_file(ret_path);
        }
        while (rest.data && slice_next_piece(&rest, ':', &folder)) {
                if (folder.len == 0 || folder.len >= PATH_MAX)
                        return false; /* the current folder: let the shell find it */
                int len = snprintf(ret_path, PATH_MAX, "%.*s/%s", SLICE_ARG(folder), name);
                if (len < PATH_MAX && is_executable_file(ret_path))
                        return true;
        }
        return false;
}
