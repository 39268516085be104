/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One jail: failures come in, are counted within findtime, become bans, which end; actions, database and log hear of it
 * (spec filter.md 3, server.md 4.1, 5.4). */
#pragma once

#include "channel/record.h"
#include "enforce/action.h"
#include "enforce/ignore.h"
#include "enforce/scan_link.h"
#include "enforce/store.h"

#define JAIL_IDS_MAX 1000000  /* ids that have failed and are not banned; beyond, the oldest is forgotten and counted */
#define JAIL_BANS_MAX 1000000 /* beyond, a ban is refused with an ERROR and counted */

struct jail;
struct ticket;
struct escalate_settings; /* escalate.h: bantime.* */
struct ban_prefix;        /* ban_prefix.h: banprefix.* */
struct flow_cut;

/* What surrounds all jails. Everything must outlive them. */
struct jail_env {
        struct loop *loop;
        const struct clock *clock;
        struct scan_link *scan;
        struct journal_link *journal; /* or NULL: no jail can read the journal */
        struct store *const *store;  /* *store NULL: no database */
        struct runner *runner;
        struct resolver *resolver;   /* or NULL */
        struct nft_watch *nft;       /* or NULL */
        struct flow_cut *flows;      /* for bancut; or NULL */
        struct own_addresses *self;  /* or NULL */
        struct python_link *python;  /* or NULL: no actions in Python */
        const bool *has_ipv6;
        /* A jail has made a new ban; or NULL. */
        void (*on_ban)(void *ban_user, const struct jail *jail, const struct ticket *ticket);
        void *ban_user;
};

struct jail_settings {
        double findtime_s;   /* 600 */
        bool findtime_integral; /* `get` prints 600, not 600.0 */
        int64_t bantime_s;   /* 600; -1 permanent */
        uint32_t maxretry;   /* 3 */
        uint32_t maxmatches; /* 5 */
        char *usedns;        /* "warn" */
        bool cuts_flows;     /* bancut */
};

/* id: as in scan_link.h; name is copied. backend LOG_WATCH_JOURNAL: env->scan is the journal's link. Makes itself known to scan and store. Returns NULL with fault if scan refuses. */
struct jail *jail_new(const struct jail_env *env, uint32_t id, struct slice name, enum log_watch_backend backend, struct slice backend_name,
        struct fault *fault);
/* Before its start: what fails for it is bans of other jails, by jail_other_banned(), and no log is read (backend = bans). */
void jail_count_bans(struct jail *jail);
bool jail_counts_bans(const struct jail *jail);
void jail_other_banned(struct jail *jail, const struct jail *other, const struct ticket *ticket);
/* Before its start: that it reads the journal; source is a text of journal_source_text(). */
void jail_set_journal(struct jail *jail, struct slice source);
/* Without flushing or stopping anything in the kernel: see jail_stop(). */
struct jail *jail_free(struct jail *jail);
uint32_t jail_id(const struct jail *jail);
const char *jail_name(const struct jail *jail);
/* "pyinotify", "polling", ... as `stats` shows it. */
const char *jail_backend(const struct jail *jail);
enum log_watch_backend jail_watch_backend(const struct jail *jail);
/* Where its options are carried out. */
struct scan_link *jail_scan(const struct jail *jail);
/* Edit, then call jail_settings_changed(): it tells books, actions and scanner. */
struct jail_settings *jail_settings(struct jail *jail);
void jail_settings_changed(struct jail *jail);
struct escalate_settings *jail_escalation(struct jail *jail);
struct ban_prefix *jail_prefix(struct jail *jail);
struct ignore *jail_ignore(struct jail *jail);
struct action_list *jail_actions(struct jail *jail);

/* Life. start: runs actionstart, restores bans, lets the scanner read; starting a jail that runs ends its idle state and a reload.
 * stop: flushes and stops the actions, disables it in the database unless the whole server stops, then calls done; the caller frees it. */
typedef void jail_done(void *user, struct jail *jail);
void jail_start(struct jail *jail);
bool jail_is_started(const struct jail *jail);
enum jail_stop { JAIL_STOP_ALONE, JAIL_STOP_SERVER };
void jail_stop(struct jail *jail, enum jail_stop how, jail_done *done, void *user);
enum jail_state { JAIL_ACTIVE, JAIL_IDLE };
void jail_set_state(struct jail *jail, enum jail_state state);
enum jail_state jail_state(const struct jail *jail);
/* Reload: idle, ignoreip cleared, actions marked, regexes cleared in the scanner ("begin"). The end comes with jail_start(): unused logs and
 * actions go. done, when its actions are through. */
void jail_reload_begin(struct jail *jail);
void jail_reload_end(struct jail *jail, jail_done *done, void *user);
bool jail_is_reloading(const struct jail *jail);

/* From the scan link. */
void jail_failure(struct jail *jail, const struct record *record);
/* jail_failure() comes for each of these next: fetches what it will look at, step
 * by step (0 to SCAN_AHEAD_STEPS - 1), and tells them their hashes in the first. */
void jail_failures_ahead(
        struct jail *jail, struct record *records, size_t count, unsigned step);
void jail_position(struct jail *jail, struct slice path, struct slice hash, uint64_t offset);

/* Logs: position from the database. Returns as scan_link_log_add(). A log that is there already is kept (reload), else said as ERROR
 * "PATH already exists" with return 0. */
int jail_log_add(struct jail *jail, struct slice path, enum scan_start_at at, struct fault *fault);
int jail_log_del(struct jail *jail, struct slice path);
int jail_log_undo(struct jail *jail, struct slice path); /* the same of one that was added just now: nothing is said */

/* Commands. ids: LIST of texts. done comes once, from the loop, when the actions have run; count: newly banned / unbanned; absent: LIST of texts
 * that were not banned (unban only). */
typedef void jail_count_done(void *user, uint64_t count, const struct value *absent);
void jail_ban_ids(struct jail *jail, const struct value *ids, jail_count_done *done, void *user);
void jail_unban_ids(struct jail *jail, const struct value *ids, jail_count_done *done, void *user);
enum jail_unban_scope { JAIL_UNBAN_KEEP_ROWS, JAIL_UNBAN_WITH_ROWS };
void jail_unban_all(struct jail *jail, enum jail_unban_scope scope, jail_count_done *done, void *user);
/* attempt IP [match...]: count 1, or 0 if ignored. */
void jail_attempt(struct jail *jail, struct slice id, const struct value *matches, jail_count_done *done, void *user);

/* Looking. */
struct jail_counts {
        uint64_t failing, failed_total; /* ids that have failed and are not banned; failures since the start */
        uint64_t banned, banned_total;
};
struct jail_counts jail_counts(struct jail *jail); /* what is too old is forgotten first */
struct value jail_log_paths(const struct jail *jail, struct arena *arena);
/* LIST of banned ids in the order of the bans / by their ends. */
enum jail_order { JAIL_BY_BAN, JAIL_BY_END };
struct value jail_banned(const struct jail *jail, enum jail_order order, struct arena *arena);
/* The items of `get JAIL banip --with-time`. */
struct value jail_banned_with_time(const struct jail *jail, struct arena *arena);
/* Whether id is banned, by itself or (banprefix) as one of its network. */
bool jail_is_banned(const struct jail *jail, struct slice id);
/* The smallest banned network that id, an address, lies in; false if there is none. */
bool jail_network_of(const struct jail *jail, struct slice id, struct address *ret);
