/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help. Its layout is upstream's, for completions of shells read it: options behind four
 * blanks; commands in a column of 41, what they do beside it in lines of 34. The texts are those of
 * arguments.def and client_commands.def. */
#include "main/usage.h"

#include "base/repr.h"
#include "base/version.h"

#define OPTION_WIDTH 24
#define COMMAND_WIDTH 41
#define HELP_WIDTH 34
#define EXIT_WRONG 255

/* clang-format off */
#define OPTION(name, letter, long_name, other, argument, help) {letter, {long_name, other}, argument, help},
static const struct {
        char letter;
        const char *names[2];
        const char *argument;
        const char *help;
} options[] = {
#include "main/arguments.def"
};
#undef OPTION

/* Sections have no help. */
#define SECTION(section, heading) {heading, NULL, NULL},
#define COMMAND(section, words, arguments, help) {words, arguments, help},
static const struct {
        const char *words;
        const char *arguments;
        const char *help;
} commands[] = {
#include "base/client_commands.def"
};
#undef SECTION
#undef COMMAND
/* clang-format on */

int usage_put_banner(struct buffer *out) {
        return buffer_printf(out,
                "Fail2Ban v%s, rebuilt as Stockade: follows logs for failed logins and other\n"
                "attacks, and bans the addresses they come from.\n\n",
                FAIL2BAN_VERSION);
}

/* "-v, --verbose", "-s, --socket PATH". */
static void print_names(size_t i, char left[static 128]) {
        char letter[3] = {'-', options[i].letter, '\0'};
        const char *const *names = options[i].names;
        bool both = options[i].letter && names[0];
        (void)snprintf(left, 128, "%s%s%s%s%s%s%s%s", options[i].letter ? letter : "",
                both ? ", " : "", names[0] ? "--" : "", names[0] ? names[0] : "",
                names[1] ? ", --" : "", names[1] ? names[1] : "", options[i].argument ? " " : "",
                options[i].argument ? options[i].argument : "");
}

static int put_options(struct buffer *out) {
        int r = buffer_append(out, SLICE("Options:\n"));
        for (size_t i = 0; r == 0 && i < sizeof(options) / sizeof(options[0]); i++) {
                char left[128] = "";
                print_names(i, left);
                r = buffer_printf(out, "    %-*s%s%s\n", OPTION_WIDTH, left,
                        strlen(left) >= OPTION_WIDTH ? " " : "", options[i].help);
        }
        return r;
}

/* Takes as many words off *rest as fit into a line. */
static struct slice take_line(struct slice *rest) {
        size_t end = rest->len;
        if (end > HELP_WIDTH) {
                end = HELP_WIDTH;
                while (end > 0 && rest->data[end] != ' ')
                        end--;
                if (end == 0)
                        end = slice_find_char(*rest, ' ', 0);
        }
        struct slice line = slice_sub(*rest, 0, end);
        *rest = slice_sub(*rest, end + 1, rest->len);
        return line;
}

static int put_command(
        struct buffer *out, const char *words, const char *arguments, const char *help) {
        char left[160];
        (void)snprintf(left, sizeof(left), "%s%s%s", words, arguments[0] ? " " : "", arguments);
        int r = buffer_printf(out, "    %-*s", COMMAND_WIDTH, left);
        struct slice rest = slice_of(help);
        bool indent = strlen(left) >= COMMAND_WIDTH;
        if (r == 0 && indent)
                r = buffer_append_char(out, '\n');
        while (r == 0 && rest.len > 0) {
                struct slice line = take_line(&rest);
                r = buffer_printf(
                        out, "%*s%.*s\n", indent ? 4 + COMMAND_WIDTH : 0, "", SLICE_ARG(line));
                indent = true;
        }
        return r;
}

static int put_commands(struct buffer *out) {
        int r = buffer_append(out, SLICE("\nCommand:\n"));
        for (size_t i = 0; r == 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
                if (commands[i].help)
                        r = put_command(
                                out, commands[i].words, commands[i].arguments, commands[i].help);
                else
                        r = buffer_printf(out, "%s%*s%s\n", i == 0 ? "" : "\n", 4 + COMMAND_WIDTH,
                                "", commands[i].words);
        }
        return r;
}

int usage_put(struct buffer *out, enum usage_program program, struct slice name) {
        int r = buffer_printf(out, "Usage: %.*s [OPTIONS]%s\n\n", SLICE_ARG(name),
                program == USAGE_CLIENT ? " <COMMAND>" : "");
        if (r == 0)
                r = usage_put_banner(out);
        if (r == 0)
                r = put_options(out);
        if (r == 0 && program == USAGE_CLIENT)
                r = put_commands(out);
        if (r < 0)
                return r;
        return buffer_append(
                out, SLICE("\nReport bugs to https://github.com/fail2ban/fail2ban/issues\n"));
}

int usage_answer(struct buffer *out, enum usage_program program, struct slice name,
        enum arguments_result result, const struct arguments *arguments) {
        struct arena arena = ARENA_INIT;
        switch (result) {
        case ARGUMENTS_OK:
                break;
        case ARGUMENTS_E_USAGE:
        case ARGUMENTS_E_HELP:
                (void)usage_put(out, program, name); /* the caller's buffer may be too small */
                break;
        case ARGUMENTS_E_VERSION:
                (void)buffer_append(out, SLICE("Fail2Ban v" FAIL2BAN_VERSION "\n"));
                break;
        case ARGUMENTS_E_VERSION_SHORT:
                (void)buffer_append(out, SLICE(FAIL2BAN_VERSION "\n"));
                break;
        case ARGUMENTS_E_SECONDS:
                (void)buffer_printf(out, "%.*s\n", SLICE_ARG(repr(&arguments->seconds, &arena)));
                break;
        }
        arena_done(&arena);
        return result == ARGUMENTS_E_USAGE ? EXIT_WRONG : 0;
}
