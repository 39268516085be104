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

/* Position of the quote that ends what starts behind at; text.len if there is none. */
static size_t end_of_quote(struct slice text, size_t at, char quote) {
        size_t end = at + 1;
        while (end < text.len && text.data[end] != quote)
                end += quote != '\'' && text.data[end] == '\\' ? 2 : 1;
        return end < text.len ? end : text.len;
}

/* The same of "$(": what is inside is not looked at. */
static size_t end_of_parentheses(struct slice text, size_t at) {
        unsigned depth = 0;
        for (size_t end = at + 1; end < text.len; end++) {
                char c = text.data[end];
                if (c == '"' || c == '\'' || c == '`')
                        end = end_of_quote(text, end, c);
                else if (c == '\\')
                        end++;
                else if (c == '(')
                        depth++;
                else if (c == ')' && --depth == 0)
                        return end;
        }
        return text.len;
}

static bool opens_command(struct slice text, size_t at) {
        return slice_has_prefix(slice_sub(text, at, text.len), SLICE("$("));
}

/* Position of the last byte of the double-quoted piece that starts at at; text.len if it is open.
 */
static size_t end_of_double_quote(struct slice text, size_t at) {
        for (size_t end = at + 1; end < text.len; end++) {
                if (text.data[end] == '"')
                        return end;
                if (text.data[end] == '\\')
                        end++;
                else if (text.data[end] == '`')
                        end = end_of_quote(text, end, '`');
                else if (opens_command(text, end))
                        end = end_of_parentheses(text, end);
        }
        return text.len;
}

/* Position of the last byte of the piece of a word at at: a character, or a quoted or replaced
 * piece. */
static size_t end_of_piece(struct slice text, size_t at) {
        char c = text.data[at];
        if (c == '\\')
                return at + 1;
        if (c == '\'' || c == '`')
                return end_of_quote(text, at, c);
        if (c == '"')
                return end_of_double_quote(text, at);
        return opens_command(text, at) ? end_of_parentheses(text, at) : at;
}

/* Takes a word; *ret_literal is false if quotes or variables are part of it. Returns false where it
 * is not understood. */
static bool take_word(struct shell *s, struct slice *ret, bool *ret_literal) {
        size_t start = s->at;
        *ret_literal = true;
        while (s->at < s->text.len && !strchr(" \t\n;&|()<>", s->text.data[s->at])) {
                *ret_literal &= !strchr("\"'\\$`", s->text.data[s->at]);
                size_t end = end_of_piece(s->text, s->at);
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
