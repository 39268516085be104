/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small part of the shell's grammar: words, quotes, the operators between commands, keywords. A
 * text that asks by itself whether a program is there (command -v, which, type, test -x) knows what
 * it does: nothing is taken from it.
 *
 * What waits in pending becomes certain when its command ends in anything but "||". */
#include "config/check_programs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const keywords[] = {
        "if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"};
static const char *const builtins[] = {".", ":", "[", "[[", "alias", "bg", "break", "cd", "command",
        "continue", "echo", "env", "eval", "exec", "exit", "export", "false", "fc", "fg", "fi",
        "for", "getopts", "hash", "in", "jobs", "kill", "let", "local", "nice", "nohup", "printf",
        "pwd", "read", "readonly", "return", "set", "shift", "source", "sudo", "test", "timeout",
        "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait", "done", "}",
        "esac"};
/* What ends the understanding. */
static const char *const strange[] = {"case", "function", "select", "coproc"};
static const char *const guards[] = {"command -v", "which ", "type ", "hash ", " -x "};

struct shell {
        struct slice text;
        size_t at;
        struct arena *arena;
        struct value *list;
        struct slice pending; /* data NULL: none */
        bool is_start;        /* the next word is a command's first one */
        bool after_or;        /* that command runs if another one fails */
};

static bool is_among(struct slice word, const char *const *words, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (slice_is(word, words[i]))
                        return true;
        return false;
}
#define IS_AMONG(word, words) is_among((word), (words), sizeof(words) / sizeof((words)[0]))

static bool is_plain(struct slice word) {
        for (size_t i = 0; i < word.len; i++) {
                char c = word.data[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (!letter && !(c >= '0' && c <= '9') && !strchr("_./+-", c))
                        return false;
        }
        bool is_path = slice_find_char(word, '/', 0) < word.len;
        return word.len > 0 && word.data[0] != '-' && (!is_path || word.data[0] == '/');
}

static void settle(struct shell *s) {
        bool known = !s->pending.data || s->list->list.count >= CHECK_PROGRAMS_MAX;
        for (size_t i = 0; !known && i < s->list->list.count; i++)
                known = slice_equal(s->list->list.items[i].string, s->pending);
        if (!known)
                (void)value_append(s->list, value_string(s->pending), s->arena);
        s->pending = SLICE_NULL;
}

/* Takes a word; *ret_literal is false if quotes or variables are part of it. Returns false where it
 * is not understood. */
static bool take_word(struct shell *s, struct slice *ret, bool *ret_literal) {
        size_t start = s->at;
        *ret_literal = true;
        while (s->at < s->text.len && !strchr(" \t\n;&|()<>", s->text.data[s->at])) {
                char c = s->text.data[s->at];
                if (c == '`' ||
                        (c == '$' && s->at + 1 < s->text.len && s->text.data[s->at + 1] == '('))
                        return false;
                *ret_literal &= c != '"' && c != '\'' && c != '\\' && c != '$';
                size_t end = s->at;
                if (c == '\\')
                        end = s->at + 1;
                if (c == '\'')
                        end = slice_find_char(s->text, c, s->at + 1);
                for (end += c == '"'; c == '"' && end < s->text.len && s->text.data[end] != c;
                        end++) {
                        bool command =
                                s->text.data[end] == '`' ||
                                slice_has_prefix(slice_sub(s->text, end, end + 2), SLICE("$("));
                        if (command)
                                return false;
                        end += s->text.data[end] == '\\';
                }
                if (end >= s->text.len)
                        return false;
                s->at = end + 1;
        }
        *ret = slice_sub(s->text, start, s->at);
        return true;
}

/* A command's first word. Returns false if the rest is not understood. */
static bool first_word(struct shell *s, struct slice word, bool literal) {
        bool assignment = slice_find_char(word, '=', 0) < word.len;
        if (assignment || (literal && IS_AMONG(word, keywords)))
                return true;
        s->is_start = false;
        if (literal && IS_AMONG(word, strange))
                return false;
        if (literal && is_plain(word) && !IS_AMONG(word, builtins) && !s->after_or)
                s->pending = word;
        s->after_or = false;
        return true;
}

/* A redirection, with the word behind it. Here-documents are not understood. */
static bool redirect(struct shell *s) {
        struct slice word;
        bool literal;
        char c = s->text.data[s->at];
        s->at++;
        if (s->at < s->text.len && s->text.data[s->at] == c && c == '<')
                return false;
        while (s->at < s->text.len && strchr("<>&| \t", s->text.data[s->at]))
                s->at++;
        return take_word(s, &word, &literal);
}

/* What stands between commands. Returns false for "()", which makes a function, and "(": a shell
 * within the shell. */
static bool operate(struct shell *s) {
        char c = s->text.data[s->at];
        if (c == '(')
                return false;
        bool is_double = s->at + 1 < s->text.len && s->text.data[s->at + 1] == c && c != '\n';
        if (c == '|' && is_double) {
                s->pending = SLICE_NULL;
                s->after_or = true;
        } else {
                settle(s);
                s->after_or = false;
        }
        s->is_start = c != ')';
        s->at += 1 + is_double;
        return true;
}

static bool step(struct shell *s) {
        struct slice word;
        bool literal;
        char c = s->text.data[s->at];
        if (c == ' ' || c == '\t') {
                s->at++;
                return true;
        }
        if (slice_has_prefix(slice_sub(s->text, s->at, s->text.len), SLICE("\\\n"))) {
                s->at += 2;
                return true;
        }
        if (c == '#') {
                s->at = slice_find_char(s->text, '\n', s->at);
                return true;
        }
        if (c == '<' || c == '>')
                return redirect(s);
        if (strchr("\n;&|()", c))
                return operate(s);
        if (!take_word(s, &word, &literal))
                return false;
        return !s->is_start || first_word(s, word, literal);
}

void check_programs_list(struct slice text, struct value *list, struct arena *arena) {
        struct shell s = {.text = text, .arena = arena, .list = list, .is_start = true};
        for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
                if (slice_find(text, slice_of(guards[i]), 0) < text.len)
                        return;
        bool understood = true;
        while (understood && s.at < text.len)
                understood = step(&s);
        if (understood)
                settle(&s);
}

/* ---- looking for them ---- */

static bool is_program(struct slice path, struct arena *arena) {
        struct stat st;
        const char *name = arena_copy(arena, path).data;
        return stat(name, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static bool is_in(const char *folders, struct slice program, struct arena *arena) {
        struct slice rest = slice_of(folders);
        struct slice folder;
        while (rest.data && slice_next_piece(&rest, ':', &folder))
                if (is_program(
                            arena_printf(arena, "%.*s/%.*s", SLICE_ARG(folder), SLICE_ARG(program)),
                            arena))
                        return true;
        return false;
}

bool check_programs_is_there(struct slice program, struct arena *arena) {
        if (slice_has_prefix(program, SLICE("/")))
                return is_program(program, arena);
        const char *path = getenv("PATH");
        return (path && is_in(path, program, arena)) ||
               is_in("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", program,
                       arena);
}
