/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the head of the queue, jobs are gathered as long as each is such a ban or unban. What a
 * command means is found out once a batch for each property and family (a form); then only the
 * address differs. After a refusal the job that was refused comes by itself, and batches begin
 * small again, so that many refusals in a row cost little. */
#include "enforce/action_batch.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "base/tag.h"
#include "enforce/action_frame.h"
#include "enforce/action_queue.h"
#include "enforce/kernel_set.h"

#define LARGE 64     /* bans of which the watch had rather not hear one by one */
#define FORMS_MAX 16 /* four properties, two families, addresses and networks */

/* What a property's command does for the addresses, or for the networks, of a family. */
struct form {
        const char *property;
        const char *family;
        bool is_net;
        bool has_timeout;
        struct slice text;
        struct nftset_command does;
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
        if (kind == ACTION_JOB_PROLONG)
                return "actionprolong";
        if (kind != ACTION_JOB_REBAN)
                return NULL;
        return action_props_text(&action->props, "actionreban").len > 0 ? "actionreban"
                                                                        : "actionban";
}

/* Whether all tags of text are such whose values are known without the ticket's data, or the same
 * for all of a form; and there is an address. */
static bool has_only_known_tags(struct slice text, bool *ret_has_timeout) {
        size_t start, end;
        bool has_address = false;
        *ret_has_timeout = false;
        for (size_t from = 0; tag_find(text, from, &start, &end); from = end) {
                struct slice tag = slice_sub(text, start, end);
                if (slice_is(tag, "<ip>"))
                        has_address = true;
                else if (slice_is(tag, "<nft-timeout>"))
                        *ret_has_timeout = true;
                else if (!slice_is(tag, "<nft-net>"))
                        return false;
        }
        return has_address;
}

/* The command for somebody; empty if it cannot be made plain. */
static struct slice command_for(
        struct batch *batch, const struct form *form, struct action_info *info) {
        struct action_script script;
        struct action_dynamic_source source = action_info_source(info);
        if (action_dynamic_expand(form->text, &source, &batch->arena, &script) < 0 ||
                script.values.list.count > 0)
                return SLICE("");
        return script.command;
}

static const struct form *form_of(
        struct batch *batch, const char *property, struct action_info *info) {
        bool is_net = !address_is_single(&info->address);
        struct plain_command command;
        struct form *form = batch->forms;
        for (; form < batch->forms + batch->form_count; form++)
                if (form->family == info->family && form->property == property &&
                        form->is_net == is_net)
                        return form;
        if (batch->form_count == FORMS_MAX)
                return NULL;
        batch->form_count++;
        *form = (struct form){.property = property, .family = info->family, .is_net = is_net};
        form->is_plain =
                action_tags_command(
                        batch->action->tags, property, info->family, &form->text, NULL) == 0 &&
                has_only_known_tags(form->text, &form->has_timeout) &&
                plain_command_parse(command_for(batch, form, info), &batch->arena, &command) &&
                nftset_recognise(&command, &info->address, &form->does);
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
        bool is_ready = (bits & wanted) == wanted && info.address.family != ADDRESS_NONE;
        const struct form *form = is_ready ? form_of(batch, property, &info) : NULL;
        if (form && form->is_plain) {
                memory_reserve(&batch->elements, batch->count, &batch->element_capacity,
                        sizeof(batch->elements[0]));
                memory_reserve(&batch->whose, batch->count, &batch->whose_capacity, sizeof(form));
                batch->whose[batch->count] = form;
                batch->elements[batch->count++] =
                        (struct nftset_element){&form->does.place, form->does.deed,
                                form->has_timeout ? action_info_left_ms(&info) : 0, info.address};
        }
        action_info_done(&info);
        return form && form->is_plain;
}

static void gather(struct batch *batch, size_t max) {
        const struct action_job *job = batch->action->first;
        while (job && batch->count < max && take(batch, job))
                job = job->next;
}

static void say_done(struct batch *batch, size_t count) {
        const struct action_job *job = batch->action->first;
        struct action_info info;
        for (size_t i = 0; i < count && diag_enabled(DIAG_DEBUG); i++, job = job->next) {
                action_info_init(&info, &batch->action->list->env, job->ticket, &batch->arena);
                diag(DIAG_DEBUG, ACTION_LOGGER_UTILS, "in process: %.*s -- returned successfully 0",
                        SLICE_ARG(command_for(batch, batch->whose[i], &info)));
                action_info_done(&info);
        }
}

/* kernel_set_apply(), and the watch hears nothing of it. */
static int apply_unheard(struct batch *batch, size_t count, size_t *ret_bad) {
        struct action_list *list = batch->action->list;
        bool is_large = list->env.nft && count >= LARGE;
        if (is_large)
                nft_watch_pause(list->env.nft);
        int r = kernel_set_apply(*action_queue_nftset(list), batch->elements, count, ret_bad);
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

static bool is_same_place(const struct nftset_place *a, const struct nftset_place *b) {
        return a->is_ipset == b->is_ipset && a->family == b->family &&
               strcmp(a->table, b->table) == 0 && strcmp(a->set, b->set) == 0;
}

/* Appends the element of one ticket, unless it stands in another set. */
static int add_element(struct batch *batch, const struct nftset_place *place, struct ticket *ticket,
        struct action_batch_elements *elements) {
        struct action_info info;
        const char *property = property_of(batch->action, ACTION_JOB_REBAN);
        action_info_init(&info, &batch->action->list->env, ticket, &batch->arena);
        const struct form *form = form_of(batch, property, &info);
        bool is_plain = form && form->is_plain && form->does.deed == NFTSET_ADD;
        if (is_plain && is_same_place(&form->does.place, place)) {
                memory_reserve(&elements->items, elements->count, &elements->capacity,
                        sizeof(elements->items[0]));
                elements->items[elements->count++] = (struct nftset_element){place, NFTSET_ADD,
                        form->has_timeout ? action_info_left_ms(&info) : 0, info.address};
        }
        action_info_done(&info);
        return is_plain ? 0 : -1;
}

int action_batch_elements(struct action *action, const struct nftset_place *place, uint8_t family,
        struct ticket *const *tickets, size_t count, struct action_batch_elements *elements) {
        struct batch batch = {.action = action, .arena = ARENA_INIT};
        int r = action_batch_is_allowed(&action->props) ? 0 : -1;
        for (size_t i = 0; i < count && r == 0; i++)
                if (ticket_family(tickets[i]) == family &&
                        !action_queue_is_skipped_when_restored(action, tickets[i]))
                        r = add_element(&batch, place, tickets[i], elements);
        arena_done(&batch.arena);
        return r;
}

bool action_batch_place(struct action *action, struct ticket *ticket, struct nftset_place *ret) {
        struct batch batch = {.action = action, .arena = ARENA_INIT};
        struct action_info info;
        action_info_init(&info, &action->list->env, ticket, &batch.arena);
        const struct form *form =
                action_batch_is_allowed(&action->props) && info.address.family != ADDRESS_NONE
                        ? form_of(&batch, "actionban", &info)
                        : NULL;
        bool is_plain = form && form->is_plain && form->does.deed == NFTSET_ADD &&
                        !form->does.place.is_ipset;
        if (is_plain)
                *ret = form->does.place;
        action_info_done(&info);
        arena_done(&batch.arena);
        return is_plain;
}
