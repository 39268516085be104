/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban-client: reads the configuration, sends commands to the server, prints the replies. */
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "base/diag.h"
#include "main/client.h"
#include "main/client_command.h"
#include "main/client_config.h"
#include "main/client_diag.h"
#include "main/client_shell.h"
#include "main/usage.h"

static void leave_on_signal(int number) {
        char text[] = "\nCaught signal ??. Exiting\n";
        char *digits = strchr(text, '?');
        digits[0] = (char)('0' + number / 10);
        digits[1] = (char)('0' + number % 10);
        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
                _exit(CLIENT_EXIT_FAILED + 0);
        _exit(CLIENT_EXIT_FAILED);
}

static void set_signals(void) {
        struct sigaction leave = {.sa_handler = leave_on_signal};
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        (void)sigaction(SIGTERM, &leave, NULL); /* these signals can be caught */
        (void)sigaction(SIGINT, &leave, NULL);
        (void)sigaction(SIGPIPE, &ignore, NULL);
}

/* Python prints UTF-8 unless the locale has another encoding of its own. */
static enum client_print_charset charset(void) {
        (void)setlocale(LC_CTYPE, "");
        struct slice name = slice_of(nl_langinfo(CODESET));
        bool plain = slice_is(name, "ANSI_X3.4-1968");
        return plain || slice_equal_nocase(name, SLICE("UTF-8")) ? CLIENT_PRINT_UTF8
                                                                 : CLIENT_PRINT_ASCII;
}

static int answer(const struct client *client, enum arguments_result result) {
        struct buffer out = BUFFER_INIT(USAGE_MAX);
        const char *slash = strrchr(client->argv[0], '/');
        int status = usage_answer(&out, USAGE_CLIENT, slice_of(slash ? slash + 1 : client->argv[0]),
                result, &client->arguments);
        (void)fwrite(buffer_view(&out).data, 1, buffer_len(&out), stdout);
        buffer_done(&out);
        return status;
}

static enum client_outcome fail_init(void) {
        diag_text(DIAG_ERROR, CLIENT_LOGGER, SLICE("Init of command line failed"));
        return CLIENT_FAILED;
}

static enum client_outcome run_words(struct client *client) {
        const struct arguments *arguments = &client->arguments;
        struct slice *words =
                arena_alloc_array(&client->arena, arguments->word_count, sizeof(*words));
        for (size_t i = 0; i < arguments->word_count; i++)
                words[i] = slice_of(arguments->words[i]);
        return client_command(client, words, arguments->word_count);
}

static enum client_outcome run(struct client *client) {
        if (client_config_settings(client) != CLIENT_DONE)
                return fail_init();
        switch (client_config_inspect(client)) {
        case CLIENT_CONFIG_GO:
                break;
        case CLIENT_CONFIG_DONE:
                return CLIENT_DONE;
        case CLIENT_CONFIG_FAILED:
                return CLIENT_FAILED;
        case CLIENT_CONFIG_ERROR:
                return fail_init();
        case CLIENT_CONFIG_UNTESTED:
                diag_text(DIAG_ERROR, CLIENT_LOGGER, SLICE("ERROR: test configuration failed"));
                return CLIENT_FAILED;
        }
        bool has_words = client->arguments.word_count > 0;
        if (!client->arguments.interactive && !has_words) {
                (void)answer(client, ARGUMENTS_E_USAGE);
                return CLIENT_FAILED;
        }
        enum client_outcome outcome = has_words ? run_words(client) : CLIENT_DONE;
        if (client->arguments.interactive && outcome == CLIENT_DONE)
                outcome = client_shell(client);
        return outcome;
}

int main(int argc, char *argv[]) {
        struct client client = {.argv = argv, .charset = charset()};
        struct fault fault = FAULT_INIT;
        if (argc < 1)
                return CLIENT_EXIT_FAILED;
        set_signals();
        int r = arguments_read(&client.arguments, argc, argv, &fault);
        if (r < 0)
                (void)printf("ERROR: %s\n", fault_text(&fault));
        if (r > 0) {
                int status = answer(&client, (enum arguments_result)r);
                if (status == 0)
                        return 0;
        }
        fault_done(&fault);
        if (r != 0) {
                (void)fflush(stdout);
                (void)fail_init(); /* without a sink it is the bare text */
                return CLIENT_EXIT_FAILED;
        }
        client_diag_init(client.arguments.verbosity);
        enum client_outcome outcome = run(&client);
        arena_done(&client.arena);
        (void)fflush(stdout);
        return outcome == CLIENT_DONE ? 0 : CLIENT_EXIT_FAILED;
}
