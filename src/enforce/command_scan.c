/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that are carried out in the scanner: sent there, answered with its answer, which is kept
 * for `get`. */
#include <errno.h>

#include "base/diag.h"
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/server.h"

#define LOGGER "fail2ban.filter"
#define JOURNAL_LOGGER "fail2ban.filtersystemd"

struct scan_row {
        const char *get;
        const char *set, *add, *del; /* commands; NULL: none of this kind */
};

static const struct scan_row rows[SCAN_OPTION_COUNT] = {
        [SCAN_OPTION_PREFREGEX] = {"prefregex",    "prefregex",   NULL,              NULL             },
        [SCAN_OPTION_FAILREGEX] = {"failregex",    NULL,          "addfailregex",    "delfailregex"   },
        [SCAN_OPTION_IGNOREREGEX] = {"ignoreregex",  NULL,          "addignoreregex",  "delignoreregex" },
        [SCAN_OPTION_MAXLINES] = {"maxlines",     "maxlines",    NULL,              NULL             },
        [SCAN_OPTION_DATEPATTERN] = {"datepattern",  "datepattern", NULL,              NULL             },
        [SCAN_OPTION_LOGTIMEZONE] = {"logtimezone",  "logtimezone", NULL,              NULL             },
        [SCAN_OPTION_LOGENCODING] = {"logencoding",  "logencoding", NULL,              NULL             },
        [SCAN_OPTION_JOURNALMATCH] = {"journalmatch", NULL,          "addjournalmatch", "deljournalmatch"},
};

static bool is(const char *name, struct slice word) {
        return name && slice_is(word, name);
}

static enum scan_option option_of(struct slice word) {
        for (int i = 0; i < SCAN_OPTION_COUNT; i++)
                if (is(rows[i].get, word) || is(rows[i].set, word) || is(rows[i].add, word) ||
                        is(rows[i].del, word))
                        return (enum scan_option)i;
        return SCAN_OPTION_COUNT; /* commands.def has no other */
}

void command_get_scan(struct call *call) {
        struct value value = scan_options_get(&call->entry->options, option_of(call_word(call, 2)));
        call_return(call, value_copy(&value, &call->arena));
}

struct scan_call {
        struct call *call;
        uint32_t jail;
        enum scan_option option;
        bool multiple;
};

/* The scanner gives texts as they are shown, and Python shows a KeyError's key in quotes. */
static void raise_reply(struct call *call, const struct fault *fault) {
        const char *kind = fault->kind ? fault->kind : "Exception";
        struct slice text = slice_of(fault_text(fault));
        bool quoted = text.len >= 2 && text.data[0] == '\'' && text.data[text.len - 1] == '\'';
        if (strcmp(kind, "KeyError") == 0 && quoted)
                text = slice_sub(text, 1, text.len - 1);
        call_raise(call, kind, "%.*s", SLICE_ARG(text));
}

/* The words behind the option; of multi-set the items of the list that stands there. */
static struct value arguments_of(struct call *call, bool multiple) {
        struct value arguments = value_list();
        const struct value *list = call_item(call, 3);
        if (multiple && list && value_is_container(list))
                return *list;
        for (size_t i = 3; i < call_count(call); i++)
                value_append(&arguments, *call_item(call, i), &call->arena);
        return arguments;
}

/* repr() of the words, parted by blanks. */
static struct slice joined_words(struct call *call) {
        struct value words = arguments_of(call, slice_is(call_word(call, 0), "multi-set"));
        struct slice text = SLICE("");
        for (size_t i = 0; i < words.list.count; i++) {
                struct slice word = repr_str(&words.list.items[i], &call->arena);
                text = arena_printf(&call->arena, "%.*s%s%.*s", SLICE_ARG(text), i ? " " : "", SLICE_ARG(word));
        }
        return repr_text(text, &call->arena);
}

static void say_match(struct call *call, const char *jail) {
        if (slice_is(call_word(call, 2), "addjournalmatch")) {
                diag(DIAG_INFO, JOURNAL_LOGGER, "[%s] Added journal match for: %.*s", jail, SLICE_ARG(joined_words(call)));
                return;
        }
        struct value words = arguments_of(call, slice_is(call_word(call, 0), "multi-set"));
        struct slice text = repr(&words, &call->arena);
        diag(DIAG_INFO, JOURNAL_LOGGER, "[%s] Removed journal match for: %.*s", jail, SLICE_ARG(text));
}

/* What upstream says about a new value. */
static void say(struct call *call, enum scan_option option, const struct value *value) {
        bool is_regex = option == SCAN_OPTION_FAILREGEX || option == SCAN_OPTION_IGNOREREGEX || option == SCAN_OPTION_PREFREGEX;
        if (is_regex && diag_enabled(DIAG_DEBUG) && !is(rows[option].del, call_word(call, 2))) {
                struct value words = arguments_of(call, slice_is(call_word(call, 0), "multi-set"));
                for (size_t i = 0; i < words.list.count; i++)
                        diag(DIAG_DEBUG, "fail2ban.server", "  %s: %.*s", rows[option].get,
                                SLICE_ARG(repr(&words.list.items[i], &call->arena)));
        }
        if (option == SCAN_OPTION_MAXLINES && value->type == VALUE_INT)
                diag(DIAG_INFO, LOGGER, "  maxLines: %lld", (long long)value->integer);
        if (option == SCAN_OPTION_LOGENCODING && value->type == VALUE_STRING)
                diag(DIAG_INFO, LOGGER, "  encoding: %.*s", SLICE_ARG(value->string));
}

static void on_reply(void *user, const struct fault *fault, const struct value *value) {
        struct scan_call *state = user;
        struct call *call = state->call;
        struct jail_entry *entry = jails_find_id(&call->server->jails, state->jail);
        if (fault) {
                if (state->option == SCAN_OPTION_JOURNALMATCH && slice_is(call_word(call, 2), "addjournalmatch"))
                        diag(DIAG_ERROR, JOURNAL_LOGGER, "Error adding journal match for: %.*s",
                                SLICE_ARG(joined_words(call)));
                raise_reply(call, fault);
                return;
        }
        say(call, state->option, value);
        if (entry && state->option == SCAN_OPTION_JOURNALMATCH)
                say_match(call, jail_name(entry->jail));
        if (entry)
                scan_options_set(&entry->options, state->option, value);
        call_return(call, state->multiple ? value_bool(true) : value_copy(value, &call->arena));
}

void command_set_scan(struct call *call) {
        struct fault fault = FAULT_INIT;
        enum scan_option option = option_of(call_word(call, 2));
        bool multiple = slice_is(call_word(call, 0), "multi-set");
        if (option == SCAN_OPTION_JOURNALMATCH && jail_watch_backend(call->entry->jail) != LOG_WATCH_JOURNAL) {
                command_get_scan(call); /* upstream takes and forgets it, too */
                return;
        }
        struct scan_call *state = arena_alloc(&call->arena, sizeof(*state));
        *state = (struct scan_call){
                .call = call, .jail = call->entry->id, .option = option, .multiple = multiple};
        struct value arguments = arguments_of(call, multiple);
        int r = scan_link_set(jail_scan(call->entry->jail), call->entry->id, call_word(call, 2),
                &arguments, &(struct scan_asker){on_reply, state}, &fault);
        if (r < 0)
                call_raise_fault(call, &fault);
}
