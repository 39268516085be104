/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which text belongs to which command. A row of a table names the word that tells the command apart
 * and its printer; the rows are tried in order, as upstream does. A printer that finds a value of
 * another type than it needs stops there, for a server of another version may send anything; then
 * what there is is shown as it is. Upstream: client/beautifier.py, 1.1. */
#include "main/client_print.h"

#include <math.h>

#include "base/diag.h"
#include "base/repr.h"
#include "main/client_lines.h"
#include "main/client_table.h"

#define FAILED CLIENT_PRINT_E_UNFIT

/* The word at index, or the empty slice. */
static struct slice word(const struct client_lines *text, size_t index) {
        return value_item_text(text->command, index);
}

static int print_ping(struct client_lines *text) {
        return client_lines_put_string(text, "Server replied: ", text->reply, "");
}

static int print_as_is(struct client_lines *text) {
        (void)text;
        return 0;
}

static int print_start(struct client_lines *text) {
        return client_lines_put(text, SLICE("Jail started"));
}

static int print_stop(struct client_lines *text) {
        if (text->reply->type != VALUE_NONE)
                return 0;
        return client_lines_put(text, text->command->list.count == 1 ? SLICE("Shutdown successful")
                                                                     : SLICE("Jail stopped"));
}

static int print_add(struct client_lines *text) {
        return client_lines_put_string(text, "Added jail ", text->reply, "");
}

static int print_flushlogs(struct client_lines *text) {
        return client_lines_put_string(text, "logs: ", text->reply, "");
}

static int print_echo(struct client_lines *text) {
        return client_lines_put_joined(text, text->reply, SLICE(" "));
}

static int print_table(struct client_lines *text) {
        return client_table_print(text);
}

static int print_syslogsocket(struct client_lines *text) {
        (void)client_lines_put(text, SLICE("Current syslog socket is:\n"));
        return client_lines_put_string(text, "`- ", text->reply, "");
}

static int print_logtarget(struct client_lines *text) {
        (void)client_lines_put(text, SLICE("Current logging target is:\n"));
        return client_lines_put_string(text, "`- ", text->reply, "");
}

static int print_loglevel(struct client_lines *text) {
        (void)client_lines_put(text, SLICE("Current logging level is "));
        struct value level = *text->reply;
        if (level.type == VALUE_INT)
                level = value_text(diag_level_name((int)level.integer));
        return client_lines_put(text, repr(&level, text->arena));
}

static int print_dbfile(struct client_lines *text) {
        if (text->reply->type == VALUE_NONE)
                return client_lines_put(text, SLICE("Database currently disabled"));
        (void)client_lines_put(text, SLICE("Current database file is:\n"));
        return client_lines_put_string(text, "`- ", text->reply, "");
}

static int print_dbpurgeage(struct client_lines *text) {
        const struct value *age = text->reply;
        if (age->type == VALUE_NONE)
                return client_lines_put(text, SLICE("Database currently disabled"));
        (void)client_lines_put(text, SLICE("Current database purge age is:\n"));
        if (age->type == VALUE_FLOAT)
                return client_lines_put(
                        text, arena_printf(text->arena, "`- %.0fseconds", trunc(age->real)));
        if (age->type != VALUE_INT)
                return FAILED;
        return client_lines_put(
                text, arena_printf(text->arena, "`- %lldseconds", (long long)age->integer));
}

/* A heading, then one item a line, drawn as branches. */
static int print_items(struct client_lines *text, const char *none, const char *heading,
        enum client_lines_items items) {
        size_t count;
        if (!client_lines_count(text->reply, &count))
                return FAILED;
        if (count == 0)
                return client_lines_put(text, slice_of(none));
        (void)client_lines_put(text, slice_of(heading));
        return client_lines_put_branches(text, text->reply, items);
}

static int print_logpath(struct client_lines *text) {
        return print_items(text, "No file is currently monitored",
                "Current monitored log file(s):\n", CLIENT_LINES_TEXTS);
}

static int print_ignoreip(struct client_lines *text) {
        return print_items(text, "No IP address/network is ignored",
                "These IP addresses/networks are ignored:\n", CLIENT_LINES_ANY);
}

static int print_regexes(struct client_lines *text) {
        return print_items(text, "No regular expression is defined",
                "The following regular expression are defined:\n", CLIENT_LINES_NUMBERED);
}

static int print_logencoding(struct client_lines *text) {
        (void)client_lines_put(text, SLICE("Current log encoding is set to:\n"));
        return client_lines_put_string(text, "", text->reply, "");
}

static int print_journalmatch(struct client_lines *text) {
        size_t count;
        if (!client_lines_count(text->reply, &count))
                return FAILED;
        if (count == 0)
                return client_lines_put(text, SLICE("No journal match filter set"));
        (void)client_lines_put(text, SLICE("Current match filter:\n"));
        if (text->reply->type != VALUE_LIST && text->reply->type != VALUE_TUPLE)
                return FAILED;
        struct value groups = value_list();
        for (size_t i = 0; i < count; i++) {
                struct slice group;
                if (!client_lines_join(value_item(text->reply, i), SLICE(" "), text->arena, &group))
                        return FAILED;
                (void)value_append(&groups, value_string(group), text->arena);
        }
        return client_lines_put_joined(text, &groups, SLICE(" + "));
}

static int print_datepattern(struct client_lines *text) {
        (void)client_lines_put(text, SLICE("Current date pattern set to: "));
        if (text->reply->type == VALUE_NONE)
                return client_lines_put(text, SLICE("Not set/required"));
        const struct value *pattern = value_item(text->reply, 0);
        const struct value *name = value_item(text->reply, 1);
        if (!pattern || !name)
                return FAILED;
        struct slice shown = repr_str(name, text->arena);
        if (pattern->type == VALUE_NONE)
                return client_lines_put(text, shown);
        if (text->reply->type != VALUE_TUPLE || text->reply->list.count != 2)
                return FAILED;
        return client_lines_put(
                text, arena_printf(text->arena, "%.*s (%.*s)",
                              SLICE_ARG(repr_str(pattern, text->arena)), SLICE_ARG(shown)));
}

/* "No THINGS for jail J", or "The jail J has the following THINGS:" and them. of: "", or " action
 * A". */
static int print_names(struct client_lines *text, const char *things, struct slice of) {
        size_t count;
        if (!client_lines_count(text->reply, &count))
                return FAILED;
        struct slice jail = word(text, 1);
        if (count == 0)
                return client_lines_put(text, arena_printf(text->arena, "No %s for jail %.*s%.*s",
                                                      things, SLICE_ARG(jail), SLICE_ARG(of)));
        (void)client_lines_put(
                text, arena_printf(text->arena, "The jail %.*s%.*s has the following %s:\n",
                              SLICE_ARG(jail), SLICE_ARG(of), things));
        return client_lines_put_joined(text, text->reply, SLICE(", "));
}

static int print_actions(struct client_lines *text) {
        return print_names(text, "actions", SLICE(""));
}

static int print_of_action(struct client_lines *text, const char *things) {
        if (text->command->list.count < 4)
                return FAILED;
        return print_names(
                text, things, arena_printf(text->arena, " action %.*s", SLICE_ARG(word(text, 3))));
}

static int print_actionproperties(struct client_lines *text) {
        return print_of_action(text, "properties");
}

static int print_actionmethods(struct client_lines *text) {
        return print_of_action(text, "methods");
}

static int print_banip(struct client_lines *text) {
        if (!slice_is(word(text, 0), "get") || text->reply->type != VALUE_LIST)
                return 0;
        struct slice separator = text->command->list.count > 3 ? word(text, 3) : SLICE(" ");
        if (slice_is(separator, "--with-time"))
                separator = SLICE("\n");
        return client_lines_put_joined(text, text->reply, separator);
}

static const struct {
        size_t at; /* index of the word that counts */
        const char *word;
        int (*print)(struct client_lines *text);
} printers[] = {
        {0, "ping",             print_ping            },
        {0, "version",          print_as_is           },
        {0, "start",            print_start           },
        {0, "stop",             print_stop            },
        {0, "add",              print_add             },
        {0, "flushlogs",        print_flushlogs       },
        {0, "echo",             print_echo            },
        {0, "status",           client_lines_status   },
        {0, "stats",            print_table           },
        {0, "statistics",       print_table           },
        {1, "syslogsocket",     print_syslogsocket    },
        {1, "logtarget",        print_logtarget       },
        {1, "loglevel",         print_loglevel        },
        {1, "dbfile",           print_dbfile          },
        {1, "dbpurgeage",       print_dbpurgeage      },
        {2, "logpath",          print_logpath         },
        {2, "addlogpath",       print_logpath         },
        {2, "dellogpath",       print_logpath         },
        {2, "logencoding",      print_logencoding     },
        {2, "journalmatch",     print_journalmatch    },
        {2, "addjournalmatch",  print_journalmatch    },
        {2, "deljournalmatch",  print_journalmatch    },
        {2, "datepattern",      print_datepattern     },
        {2, "ignoreip",         print_ignoreip        },
        {2, "addignoreip",      print_ignoreip        },
        {2, "delignoreip",      print_ignoreip        },
        {2, "failregex",        print_regexes         },
        {2, "addfailregex",     print_regexes         },
        {2, "delfailregex",     print_regexes         },
        {2, "ignoreregex",      print_regexes         },
        {2, "addignoreregex",   print_regexes         },
        {2, "delignoreregex",   print_regexes         },
        {2, "actions",          print_actions         },
        {2, "actionproperties", print_actionproperties},
        {2, "actionmethods",    print_actionmethods   },
        {2, "banip",            print_banip           },
};

enum client_print_result client_print(const struct value *command, const struct value *reply,
        enum client_print_charset charset, struct arena *arena, struct slice *ret) {
        struct client_lines text;
        client_lines_init(&text, command, reply, arena);
        text.utf8 = charset == CLIENT_PRINT_UTF8;
        int r = 0;
        for (size_t i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
                if (!slice_is(word(&text, printers[i].at), printers[i].word))
                        continue;
                r = printers[i].print(&text);
                break;
        }
        *ret = r == 0 ? client_lines_text(&text)
                      : arena_printf(arena, "%.*s%.*s", SLICE_ARG(client_lines_repr(&text)),
                                SLICE_ARG(repr(reply, arena)));
        client_lines_done(&text);
        return r == 0 ? CLIENT_PRINT_OK : CLIENT_PRINT_E_UNFIT;
}
