/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a jail, for the files jail*.c alone. */
#pragma once

#include "enforce/ban_book.h"
#include "enforce/ban_prefix.h"
#include "enforce/escalate.h"
#include "enforce/jail.h"
#include "enforce/window.h"

#define JAIL_LOG_FILTER "fail2ban.filter"
#define JAIL_LOG_ACTIONS "fail2ban.actions"
#define JAIL_LOG_OBSERVER "fail2ban.observer"
#define JAIL_LOG_JAIL "fail2ban.jail"

#define JAIL_INTAKE_PAUSE                                                                          \
        10000 /* failures that wait for names or commands, after which reading pauses ... */
#define JAIL_INTAKE_RESUME 1000  /* ... until only so many are left */
#define JAIL_INTAKE_MAX 1000000  /* beyond, failures are dropped and counted */
#define JAIL_RESTORE_PART 1024   /* bans read from the database in one go */
#define JAIL_CHECKS_AHEAD 16     /* failures that are checked against ignoreip at once */
#define JAIL_PROLONGS_MAX 100000 /* delayed actionprolongs; beyond, they come at once */
#define JAIL_UNBAN_CHUNK                                                                           \
        64 /* bans lifted at first in one go; doubles while the actions keep up                    \
            */
#define JAIL_UNBAN_CHUNK_MAX 65536
#define JAIL_TIME_TEXT_MAX 20 /* "2026-11-25 10:00:00" and NUL */

struct intake_item;
struct jail_job; /* jail_jobs.h */
struct jail_restore;

/* What waits for names, ignoreip and the commands behind it, in the order of the log. */
struct intake {
        struct intake_item *first;
        struct intake_item *last;
        struct intake_item *last_restored; /* of bans that are restored; NULL: none waits */
        size_t count;
        bool is_pumping;
        bool is_paused; /* the scanner has been told to wait */
        uint64_t dropped;
        bool said_no_resolver;
        bool said_dropped;
        bool said_forgotten;
};

struct jail_prolong {
        struct jail_prolong *next;
        int64_t due_us; /* monotonic, loop_now_us() */
        struct ticket *ticket;
};

/* A path whose place has not been told yet, or that a reload has not named yet. */
struct jail_path {
        struct jail_path *next;
        char *path;
};

struct jail {
        struct jail_env env;
        uint32_t id;
        char *name;
        struct slice found_head; /* "[NAME] Found ", ours */
        char *backend_name;
        enum log_watch_backend backend;
        double journal_time; /* up to which the journal has been read by somebody who left no cursor; 0: nobody */
        char *journal; /* path of the log that is the journal; NULL: it reads files */
        struct jail_settings settings;
        double told_findtime_s; /* what the scanner knows; NAN: nothing yet */
        int told_keep_matches;  /* -1: nothing yet */
        struct escalate_settings *escalation;
        struct ignore *ignore;
        struct action_list *actions;
        struct window window;
        struct ban_book book;
        struct ban_prefix prefix;
        bool said_no_prefix; /* that a network is not banned, for the sake of somebody in it */
        struct intake intake;
        struct jail_job *jobs;
        struct jail_prolong *prolongs;      /* by due_us */
        struct jail_prolong *prolongs_last; /* NULL if there are none */
        size_t prolong_count;
        struct loop_timer prolong_timer;
        struct loop_timer expire_timer;
        uint32_t unban_chunk;
        uint64_t refused;              /* bans for which there was no room */
        struct jail_path *unannounced; /* "Added logfile" is said when their place is known */
        struct jail_path *unnamed;     /* reload: logs not added again so far */
        struct jail_restore *restore; /* bans that have not been read yet; NULL: none */
        size_t lifts;     /* of bans that ended while nobody was there, under way */
        bool counts_bans; /* of the others */
        bool is_started;
        bool is_idle;
        bool is_reloading;
        bool is_stopping;
        jail_done *stop_done;
        void *stop_user;
        enum jail_stop stop_how;
        jail_done *reload_done;
        void *reload_user;
        uint64_t random; /* state of the generator for rndtime */
};

/* Local time as upstream prints it; far ends are 9999-12-31 23:59:59. */
struct slice jail_time_short(double time); /* the same; until the next call */
const char *jail_time_text(double time, char buffer[static JAIL_TIME_TEXT_MAX]);
double jail_now(const struct jail *jail);
struct store *jail_store(const struct jail *jail);
/* Whether failures may be worked on and bans may end now. */
bool jail_is_working(const struct jail *jail);
/* The id as upstream's addresses have it: normal form, or the text itself. */
struct ticket *jail_ticket_of(struct slice id, double time);

/* jail_intake.c. */
void jail_intake_pump(struct jail *jail);
/* Goes before all failures that wait. */
void jail_intake_restore(struct jail *jail, struct ticket *ticket);
/* Attempts are answered with 0; nothing is worked on any more. */
void jail_intake_stop(struct jail *jail);
void jail_intake_done(struct jail *jail);

/* jail_bans.c: bans, or finds that it is banned. Returns how many bans were ordered (0 or 1); done
 * then comes from the actions. */
unsigned jail_ban_ticket(
        struct jail *jail, struct ticket *ticket, action_list_done *done, void *user);
/* Lifts what has ended, and sets the timer for the next end. */
void jail_expire(struct jail *jail);
void jail_expire_arm(struct jail *jail);

/* jail_observe.c: bantime.increment. A failure of somebody known weighs more: returns the ticket
 * that has to be banned therefore (the caller's), or NULL. */
struct ticket *jail_observe_failure(struct jail *jail, struct ticket *ticket);
/* A new ban: makes it longer if id is known, and stores it. */
void jail_observe_ban(struct jail *jail, struct ticket *ticket);
void jail_observe_done(struct jail *jail);

/* jail_restore.c. */
void jail_restore(struct jail *jail);
/* Before bans are made or lifted from outside: what has not been read yet is read now. */
void jail_restore_finish(struct jail *jail);
/* Drops what has not been read yet. */
void jail_restore_done(struct jail *jail);
/* Lifts under way need not be waited for any more. */
void jail_restore_stop(struct jail *jail);

/* jail_look.c: the tags that need the jail; user is the jail. */
extern const struct action_info_ops jail_info_ops;
