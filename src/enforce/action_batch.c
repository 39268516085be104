/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the head of the queue, jobs are gathered as long as each is such a ban or unban. What a
 * command means is found out once a batch for each property and family (a form); then only the
 * address differs. After a refusal the job that was refused comes by itself, and batches begin
 * small again, so that many refusals in a row cost little. */
#include "enforce/action_batch.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/action_frame.h"
#include "enforce/action_queue.h"

#define LARGE 64    /* bans of which the watch had rather not hear one by one */
#define FORMS_MAX 6 /* three properties, two families */

/* What a property's command does for the addresses of a family. */
struct form {
        const char *property;
        const char *family;
        struct slice text;
        struct nftset_place place;
        bool is_delete;
        bool is_plain;
};

struct batch {
        struct action *action;
        struct arena arena;
        struct form forms[FORMS_MAX];
        size_t form_count;
        struct nftset_element *elements; /* of the first jobs */
        const struct form **whose;
        size_t count, element_capacity, whose_capacity;
};

bool action_batch_is_allowed(const struct action_props *props) {
        struct arena arena = ARENA_INIT;
        const struct value *wanted = action_props_get(props, SLICE("inprocess"));
        bool is_off = wanted && (slice_is(repr_str(wanted, &arena), "false") ||
                                        slice_is(repr_str(wanted, &arena), "False"));
        arena_done(&arena);
        return !is_off;
}

static const char *property_of(const struct action *action, enum action_job_kind kind) {
        if (kind == ACTION_JOB_BAN)
                return "actionban";
        if (kind == ACTION_JOB_UNBAN)
                return "actionunban";
        if (kind != ACTION_JOB_REBAN)
                return NULL;
        return action_props_text(&action->props, "actionreban").len > 0 ? "actionreban"
                                                                        : "actionban";
}

#define TAG SLICE("<ip>")

/* Whether the only tag of text is one <ip>; then the rest is the same for every address. */
static bool has_only_the_address(struct slice text) {
        size_t at = slice_find(text, TAG, 0);
        return at < text.len && slice_find_char(text, '<', 0) == at &&
               slice_find_char(text, '<', at + 1) == text.len;
}

static struct slice command_for(const struct form *form, struct slice ip, struct arena *arena) {
        size_t at = slice_find(form->text, TAG, 0);
        struct slice before = slice_sub(form->text, 0, at),
                     after = slice_sub(form->text, at + TAG.len, form->text.len);
        return arena_printf(
                arena, "%.*s%.*s%.*s", SLICE_ARG(before), SLICE_ARG(ip), SLICE_ARG(after));
}

static const struct form *form_of(
        struct batch *batch, const char *property, const struct action_info *info) {
        struct plain_command command;
        struct form *form = batch->forms;
        for (; form < batch->forms + batch->form_count; form++)
                if (form->family == info->family && form->property == property)
                        return form;
        if (batch->form_count == FORMS_MAX)
                return NULL;
        batch->form_count++;
        *form = (struct form){.property = property, .family = info->family};
        form->is_plain = action_tags_command(batch->action->tags, property, info->family,
                                 &form->text, NULL) == 0 &&
                         has_only_the_address(form->text) &&
                         plain_command_parse(command_for(form, info->ip, &batch->arena),
                                 &batch->arena, &command) &&
                         nftset_recognise(&command, &info->address, &form->place, &form->is_delete);
        return form;
}

/* Takes a job into the batch; false if it cannot be in one. */
static bool take(struct batch *batch, const struct action_job *job) {
        struct action *action = batch->action;
        const char *property = property_of(action, job->kind);
        struct action_info info;
        if (!property || !job->ticket || action_queue_is_skipped(action, job))
                return false;
        action_info_init(&info, &action->list->env, job->ticket, &batch->arena);
        unsigned bits = action_state_bits(&action->state, info.family),
                 wanted = ACTION_STARTED | ACTION_HOLDS_BANS;
        bool is_ready = (bits & wanted) == wanted && info.address.family != ADDRESS_NONE &&
                        address_is_single(&info.address);
        const struct form *form = is_ready ? form_of(batch, property, &info) : NULL;
        action_info_done(&info);
        if (!form || !form->is_plain)
                return false;
        memory_reserve(&batch->elements, batch->count, &batch->element_capacity,
                sizeof(batch->elements[0]));
        memory_reserve(&batch->whose, batch->count, &batch->whose_capacity, sizeof(form));
        batch->whose[batch->count] = form;
        batch->elements[batch->count++] = (struct nftset_element){
                .place = &form->place, .is_delete = form->is_delete, .address = info.address};
        return true;
}

static void gather(struct batch *batch, size_t max) {
        const struct action_job *job = batch->action->first;
        while (job && batch->count < max && take(batch, job))
                job = job->next;
}

static void say_done(struct batch *batch, size_t count) {
        char ip[ADDRESS_TEXT_MAX];
        if (!diag_enabled(DIAG_DEBUG))
                return;
        for (size_t i = 0; i < count; i++)
                diag(DIAG_DEBUG, ACTION_LOGGER_UTILS, "in process: %.*s -- returned successfully 0",
                        SLICE_ARG(command_for(batch->whose[i],
                                address_print(&batch->elements[i].address, ip), &batch->arena)));
}

/* nftset_apply(), and the watch hears nothing of it. */
static int apply_unheard(struct batch *batch, size_t count, size_t *ret_bad) {
        struct action_list *list = batch->action->list;
        bool is_large = list->env.nft && count >= LARGE;
        if (is_large)
                nft_watch_pause(list->env.nft);
        int r = nftset_apply(*action_queue_nftset(list), batch->elements, count, ret_bad);
        if (is_large)
                nft_watch_resume(list->env.nft, r == 0 ? 1 : 0);
        return r;
}

/* Returns how many of the jobs, from the first on, the kernel has taken. */
static size_t apply(struct batch *batch) {
        struct action *action = batch->action;
        struct nftset **nftset = action_queue_nftset(action->list);
        size_t bad, count = batch->count;
        if (count > 0 && !*nftset)
                *nftset = nftset_new();
        if (count == 0 || !*nftset)
                return 0;
        if (apply_unheard(batch, count, &bad) == 0) {
                action->batch_max *= 2;
                return count;
        }
        action->batch_max = 1;
        action->has_refused = true;
        if (bad == 0 || bad == count || apply_unheard(batch, bad, &count) != 0)
                return 0;
        return bad;
}

size_t action_batch_run(struct action *action) {
        struct batch batch = {.action = action, .arena = ARENA_INIT};
        size_t max = action->batch_max;
        bool has_refused = action->has_refused;
        action->has_refused = false;
        if (has_refused || !property_of(action, action->first->kind) ||
                !action_batch_is_allowed(&action->props))
                return 0;
        if (max == 0 || max > NFTSET_BATCH_MAX)
                action->batch_max = max = NFTSET_BATCH_MAX;
        gather(&batch, max);
        size_t done = apply(&batch);
        say_done(&batch, done);
        free(batch.elements);
        free(batch.whose);
        arena_done(&batch.arena);
        return done;
}

bool action_batch_place(
        struct action *action, const struct ticket *ticket, struct nftset_place *ret) {
        struct batch batch = {.action = action, .arena = ARENA_INIT};
        char ip[ADDRESS_TEXT_MAX];
        struct action_info info = {.address = ticket->address,
                .ip = address_print(&ticket->address, ip),
                .family = address_family_name(&ticket->address)};
        const struct form *form = action_batch_is_allowed(&action->props) && info.family
                                          ? form_of(&batch, "actionban", &info)
                                          : NULL;
        bool is_plain = form && form->is_plain && !form->is_delete;
        if (is_plain)
                *ret = form->place;
        arena_done(&batch.arena);
        return is_plain;
}
