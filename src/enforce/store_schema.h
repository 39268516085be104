/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done to the database's file as a whole, for store*.c only: its tables made, brought up to
 * the present version, or saved from a damaged file. */
#pragma once

#include "enforce/store_db.h"

/* Creates what is missing. Returns SQLITE_OK or the result code. */
int store_schema_create(sqlite3 *db);
/* Brings a version below STORE_VERSION up to it, in one transaction, after a backup. Returns 0 or
 * negative errno with fault. */
int store_schema_upgrade(struct store *store, int64_t version, struct fault *fault);
/* The name of a backup made now, e.g. FILE.20261123-112808. */
struct slice store_backup_name(const struct store *store, struct arena *arena);
/* Sets the damaged file aside and copies what can be read into a new one. The connection is closed.
 * Returns 0 (the file is there, perhaps without a schema), or negative errno with fault if not even
 * that works. */
int store_repair(struct store *store, struct fault *fault);
