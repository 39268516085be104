/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of a jail that the server itself keeps: times, counts, who is ignored, how bans grow. */
#include <errno.h>
#include <math.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/ban_prefix.h"
#include "enforce/command.h"
#include "enforce/command_value.h"
#include "enforce/escalate.h"
#include "enforce/server.h"

#define FILTER "fail2ban.filter"
#define INTEGRAL_MAX 9e15 /* whole numbers up to this are exact as double */

static struct jail_settings *settings_of(const struct call *call) {
        return jail_settings(call->entry->jail);
}

static struct ignore *ignore_of(const struct call *call) {
        return jail_ignore(call->entry->jail);
}

void command_set_idle(struct call *call) {
        struct slice word = call_word(call, 3);
        if (!slice_is(word, "on") && !slice_is(word, "off")) {
                call_raise(call, "Exception", "Invalid idle option, must be 'on' or 'off'");
                return;
        }
        jail_set_state(call->entry->jail, slice_is(word, "on") ? JAIL_IDLE : JAIL_ACTIVE);
        call_return(call, value_bool(jail_state(call->entry->jail) == JAIL_IDLE));
}

/* Who is ignored. */

void command_get_ignoreself(struct call *call) {
        call_return(call, value_bool(ignore_self(ignore_of(call))));
}

void command_set_ignoreself(struct call *call) {
        ignore_set_self(ignore_of(call), command_bool(call_item(call, 3)));
        command_get_ignoreself(call);
}

void command_get_ignoreip(struct call *call) {
        call_return(call, ignore_list(ignore_of(call), &call->arena));
}

void command_addignoreip(struct call *call) {
        struct fault fault = FAULT_INIT;
        for (size_t i = 3; i < call_count(call); i++) {
                struct slice word = repr_str(call_item(call, i), &call->arena);
                if (ignore_add(ignore_of(call), word, &fault) < 0) {
                        call_raise_fault(call, &fault);
                        return;
                }
        }
        command_get_ignoreip(call);
}

void command_delignoreip(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (ignore_del(ignore_of(call), call_word(call, 3), &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_ignoreip(call);
}

void command_get_ignorecommand(struct call *call) {
        call_return(call, ignore_command(ignore_of(call), &call->arena));
}

void command_set_ignorecommand(struct call *call) {
        ignore_set_command(ignore_of(call), call_word(call, 3));
        command_get_ignorecommand(call);
}

void command_get_ignorecache(struct call *call) {
        call_return(call, ignore_cache(ignore_of(call), &call->arena));
}

void command_set_ignorecache(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (ignore_set_cache(ignore_of(call), call_word(call, 3), &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_ignorecache(call);
}

/* Times and counts. */

void command_get_usedns(struct call *call) {
        call_return(
                call, value_string(arena_copy(&call->arena, slice_of(settings_of(call)->usedns))));
}

static struct slice known_usedns(struct slice text) {
        static const char *const known[] = {"yes", "warn", "no", "raw"};
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (slice_equal_nocase(text, slice_of(known[i])))
                        return slice_of(known[i]);
        return SLICE_NULL;
}

/* Regexes that are added from now on are expanded accordingly, so the scanner has to know at once.
 */
static int tell_usedns(struct call *call, struct slice value, struct fault *fault) {
        struct value arguments = value_list();
        value_append(&arguments, value_string(value), &call->arena);
        return scan_link_set(jail_scan(call->entry->jail), call->entry->id, SLICE("usedns"),
                &arguments, NULL, fault);
}

void command_set_usedns(struct call *call) {
        struct fault fault = FAULT_INIT;
        const struct value *given = call_item(call, 3);
        struct slice value = known_usedns(call_word(call, 3));
        if (given->type == VALUE_BOOL)
                value = given->boolean ? SLICE("yes") : SLICE("no");
        if (value.len == 0) {
                struct slice text = repr(given, &call->arena);
                diag(DIAG_ERROR, FILTER,
                        "Incorrect value %.*s specified for usedns. Using safe 'no'",
                        SLICE_ARG(text));
                value = SLICE("no");
        }
        if (tell_usedns(call, value, &fault) < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        struct jail_settings *settings = settings_of(call);
        free(settings->usedns);
        settings->usedns = memory_copy_text(value);
        jail_settings_changed(call->entry->jail);
        command_get_usedns(call);
}

void command_get_findtime(struct call *call) {
        const struct jail_settings *settings = settings_of(call);
        bool whole = settings->findtime_integral && fabs(settings->findtime_s) < INTEGRAL_MAX;
        call_return(call, whole ? value_int((int64_t)settings->findtime_s)
                                : value_float(settings->findtime_s));
}

void command_set_findtime(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct value seconds;
        if (command_duration(call_item(call, 3), &seconds, &fault) < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        struct jail_settings *settings = settings_of(call);
        settings->findtime_s = command_number(&seconds);
        settings->findtime_integral = seconds.type == VALUE_INT;
        jail_settings_changed(call->entry->jail);
        struct slice text = repr(&seconds, &call->arena);
        diag(DIAG_INFO, FILTER, "  findtime: %.*s", SLICE_ARG(text));
        command_get_findtime(call);
}

void command_get_maxretry(struct call *call) {
        call_return(call, value_int(settings_of(call)->maxretry));
}

static bool take_count(struct call *call, uint32_t *ret) {
        struct fault fault = FAULT_INIT;
        int64_t number;
        if (command_int(call_item(call, 3), &number, &fault) < 0) {
                call_raise_fault(call, &fault);
                return false;
        }
        *ret = command_u32(number);
        jail_settings_changed(call->entry->jail);
        return true;
}

void command_set_maxretry(struct call *call) {
        if (!take_count(call, &settings_of(call)->maxretry))
                return;
        diag(DIAG_INFO, FILTER, "  maxRetry: %u", (unsigned)settings_of(call)->maxretry);
        command_get_maxretry(call);
}

void command_get_maxmatches(struct call *call) {
        call_return(call, value_int(settings_of(call)->maxmatches));
}

void command_set_maxmatches(struct call *call) {
        if (take_count(call, &settings_of(call)->maxmatches))
                command_get_maxmatches(call);
}

void command_get_bantime(struct call *call) {
        call_return(call, value_int(settings_of(call)->bantime_s));
}

void command_set_bantime(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct value seconds;
        int64_t whole = 0;
        int r = command_duration(call_item(call, 3), &seconds, &fault);
        if (r == 0)
                r = command_int(&seconds, &whole, &fault);
        if (r < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        settings_of(call)->bantime_s = whole;
        jail_settings_changed(call->entry->jail);
        diag(DIAG_INFO, "fail2ban.actions", "  banTime: %.*s",
                SLICE_ARG(repr_str(&seconds, &call->arena))); /* a fraction is told, not kept */
        command_get_bantime(call);
}

/* bantime.NAME */

static struct slice extra_name(const struct call *call) {
        struct slice word = call_word(call, 2);
        return slice_sub(word, sizeof("bantime.") - 1, word.len);
}

void command_get_bantime_extra(struct call *call) {
        call_return(call,
                escalate_get(jail_escalation(call->entry->jail), extra_name(call), &call->arena));
}

void command_set_bantime_extra(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct value result;
        struct slice name = extra_name(call);
        const struct value *value = call_item(call, 3);
        struct slice text = repr_str(value, &call->arena);
        if (text.len == 0)
                text = SLICE("None"); /* which nothing stands for */
        diag(DIAG_INFO, "fail2ban.jail", "Set banTime.%.*s = %.*s", SLICE_ARG(name),
                SLICE_ARG(text));
        if (escalate_set(jail_escalation(call->entry->jail), name, value, &call->arena, &result,
                    &fault) < 0) {
                call_raise_fault(call, &fault);
                return;
        }
        if (slice_is(name, "increment") && command_bool(value) && !call->server->store)
                diag(DIAG_WARNING, "fail2ban.jail",
                        "ban time increment is not available as long jail database is not set");
        jail_settings_changed(call->entry->jail);
        call_return(call, result);
}

/* banprefix.NAME */

static struct slice prefix_name(const struct call *call) {
        struct slice word = call_word(call, 2);
        return slice_sub(word, sizeof("banprefix.") - 1, word.len);
}

void command_get_banprefix(struct call *call) {
        call_return(call, ban_prefix_get(jail_prefix(call->entry->jail), prefix_name(call)));
}

void command_set_banprefix(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (ban_prefix_set(jail_prefix(call->entry->jail), prefix_name(call), call_item(call, 3),
                    &fault) < 0)
                call_raise_fault(call, &fault);
        else
                command_get_banprefix(call);
}

/* bancut */

void command_get_bancut(struct call *call) {
        call_return(call, value_bool(settings_of(call)->cuts_flows));
}

void command_set_bancut(struct call *call) {
        settings_of(call)->cuts_flows = command_bool(call_item(call, 3));
        command_get_bancut(call);
}
