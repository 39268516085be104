/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What surrounds a jail, for tests of jails: actions, database, scanner, resolver and commands that
 * do nothing but write down what they are told, and answer what a test has laid out. Defines the
 * functions of action.h, store.h, scan_link.h, resolver.h and process.h that jails use. One at a
 * time. */
#pragma once

#include "base/buffer.h"
#include "enforce/jail.h"
#include "enforce/process.h"
#include "enforce/resolver.h"

#define FAKE_ROWS_MAX 4096
#define FAKE_PENDING_MAX 4096

struct fake_row {
        char *jail;
        char *id;
        double time;
        double ban_time_s;
        uint32_t count;
        struct arena arena;
        struct value data;
};

struct fake_question {
        char *name;
        resolver_addresses *done;
        void *user;
};

struct fake_command {
        char *text;
        process_done *done;
        void *user;
};

struct fake {
        struct loop *loop;
        struct clock clock;
        struct buffer orders;                /* one line each: "ban 1.2.3.4\n" */
        struct buffer diags;                 /* "NOTICE fail2ban.actions [j] Ban 1.2.3.4\n" */
        struct fake_row rows[FAKE_ROWS_MAX]; /* bips */
        size_t row_count;
        size_t ban_rows; /* written to bans */
        double killed_s; /* the server before was killed, and had written its database then; 0: not */
        int64_t max_matches;
        char *log_path, *log_hash;
        uint64_t log_offset;
        double journal_time; /* 0: none */
        uint32_t epoch;
        bool can_prolong;
        bool follows_ends;
        bool wants_matches;
        bool actions_are_slow; /* dones come with fake_settle() only, and orders count as pending */
        action_list_done *dones[FAKE_PENDING_MAX];
        void *done_users[FAKE_PENDING_MAX];
        size_t done_count;
        struct fake_question questions[64];
        size_t question_count;
        unsigned forgets; /* looks through the questions for those that are not wanted */
        struct fake_command commands[64];
        size_t command_count;
        struct jail_env env;
        struct store *store; /* what env.store points to: NULL or FAKE_STORE */
};

extern struct fake fake;
#define FAKE_STORE ((struct store *)(void *)&fake.rows)

/* now_s: wall clock. The database is there. Messages from INFO on are collected. */
void fake_begin(double now_s);
void fake_end(void);
/* Lets actions finish and the loop run until nothing is due. */
void fake_settle(void);
void fake_advance(double s);
/* What has been ordered / said since the last call; valid until the next. */
const char *fake_orders(void);
const char *fake_diags(void);
/* Answers the oldest question of the resolver; "" for none, else addresses separated by blanks. */
void fake_answer(const char *addresses);
/* Ends the oldest command. */
void fake_exit(int status);
/* A failure as the scanner reports it. */
void fake_failure(struct jail *jail, double time, const char *id, uint8_t flags, const char *match);
