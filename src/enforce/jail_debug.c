/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: fail2ban/server/filter.py, failmanager.py, actions.py, observer.py, jail.py, 1.1. What
 * tells of upstream's own inside (threads, idle mode, its observer's queue) is not said. */
#include "enforce/jail_debug.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/repr.h"
#include "enforce/jail_state.h"

#define LOGGER_FAILURES "fail2ban.failmanager"

void jail_debug_line(const struct ticket *ticket) {
        if (!diag_enabled(DIAG_DEBUG))
                return;
        struct arena arena = ARENA_INIT;
        diag(DIAG_DEBUG, JAIL_LOG_FILTER, "Processing line with time:%.*s and ip:%s",
                SLICE_ARG(value_float_text(ticket->time, &arena)), ticket->id);
        arena_done(&arena);
}

void jail_debug_failures(const struct jail *jail) {
        const struct ticket_table *table = &jail->window.table;
        struct buffer out = BUFFER_INIT(DIAG_TEXT_MAX);
        const struct ticket *ticket;
        uint32_t position = 0, listed = 0;
        if (!diag_enabled(DIAG_DEBUG))
                return;
        (void)buffer_printf(&out,
                "Total # of detected failures: %" PRIu64 ". Current failures from %" PRIu32
                " IPs (IP:count): ",
                jail->window.total, table->count);
        while (listed < JAIL_DEBUG_IDS_MAX && (ticket = ticket_table_next(table, &position)))
                (void)buffer_printf(&out, "%s%s:%" PRIu32, listed++ > 0 ? ", " : "", ticket->id,
                        ticket->failures); /* beyond the cap it is cut: a log line */
        diag_text(DIAG_DEBUG, LOGGER_FAILURES, buffer_view(&out));
        buffer_done(&out);
}

void jail_debug_ban(const struct jail *jail, const struct ticket *ticket) {
        if (!diag_enabled(DIAG_DEBUG))
                return;
        double ban_time_s =
                isnan(ticket->ban_time_s) ? (double)jail->settings.bantime_s : ticket->ban_time_s;
        if (!ticket->restored)
                diag(DIAG_DEBUG, JAIL_LOG_OBSERVER, "[%s] Observer: ban found %s, %.0f", jail->name,
                        ticket->id, ban_time_s);
        diag(DIAG_DEBUG, JAIL_LOG_ACTIONS, "Banned 1 / %" PRIu64 ", %" PRIu32 " ticket(s) in '%s'",
                jail->book.total, jail->book.table.count, jail->name);
}

void jail_debug_unban(const struct jail *jail, const struct ticket *ticket) {
        struct arena arena = ARENA_INIT;
        if (!diag_enabled(DIAG_DEBUG))
                return;
        struct value names = action_list_names(jail->actions, &arena);
        for (size_t i = 0; i < names.list.count; i++)
                diag(DIAG_DEBUG, JAIL_LOG_ACTIONS, "[%s] action %.*s: unban %s", jail->name,
                        SLICE_ARG(repr(value_item(&names, i), &arena)), ticket->id);
        arena_done(&arena);
}

void jail_debug_expired(const struct jail *jail, uint32_t count) {
        if (count > 0)
                diag(DIAG_DEBUG, JAIL_LOG_ACTIONS,
                        "Unbanned %" PRIu32 ", %" PRIu32 " ticket(s) in '%s'", count,
                        jail->book.table.count, jail->name);
}

void jail_debug_flush(const struct jail *jail, size_t count) {
        diag(DIAG_DEBUG, JAIL_LOG_ACTIONS, "  Flush ban list");
        diag(DIAG_DEBUG, JAIL_LOG_ACTIONS, "  Unbanned %zu, %" PRIu32 " ticket(s) in '%s'", count,
                jail->book.table.count, jail->name);
}

void jail_debug_stop(const struct jail *jail) {
        struct arena arena = ARENA_INIT;
        diag(DIAG_DEBUG, JAIL_LOG_JAIL, "Stopping jail '%s'", jail->name);
        if (jail->journal || !diag_enabled(DIAG_INFO))
                return;
        struct value paths = jail_log_paths(jail, &arena);
        for (size_t i = 0; i < paths.list.count; i++)
                diag(DIAG_INFO, JAIL_LOG_FILTER, "Removed logfile: %.*s",
                        SLICE_ARG(repr(value_item(&paths, i), &arena)));
        arena_done(&arena);
}
