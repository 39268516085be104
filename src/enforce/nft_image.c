/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel is asked for one thing after the other; if its ruleset has another number at the end
 * than at the beginning, once more. A rule in the same chain that looks into no set with a name
 * belongs to nobody knows whom: whoever put it there has to put it back himself. Rules of other
 * sets, as those of other jails, are left to these. */
#include "enforce/nft_image.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/memory.h"
#include "enforce/nft_attribute.h"
#include "enforce/nft_copy.h"
#include "enforce/nft_rule.h"

#define TRIES_MAX 5
#define CHAINS_MAX 8
#define RULES_MAX 64

/* An image that is being taken. */
struct work {
        struct nftset *link;
        struct nft_image *image;
        struct nft_copy copy;
        const struct nft_copy_inner *inner; /* about which the kernel is asked */
        struct buffer rules;
        size_t rule_count;
        char chains[CHAINS_MAX][NFTSET_NAME_MAX + 1];
        size_t chain_count;
        int result;                  /* 0, or why it cannot be taken */
        char why[NFT_IMAGE_WHY_MAX]; /* the same for people, with NFT_IMAGE_E_UNUSUAL */
};

/* What stands in the way first counts. */
static void refuse(struct work *work, const char *what, const char *name) {
        if (work->result != 0)
                return;
        work->result = NFT_IMAGE_E_UNUSUAL;
        (void)snprintf(work->why, sizeof(work->why), "%s%.*s", what, NFTSET_NAME_MAX, name);
}

static bool knows_chain(const struct work *work, const char *name) {
        for (size_t i = 0; i < work->chain_count; i++)
                if (strcmp(work->chains[i], name) == 0)
                        return true;
        return false;
}

static void note_chain(struct work *work, const char *name) {
        if (knows_chain(work, name))
                return;
        size_t len = strlen(name);
        if (work->chain_count == CHAINS_MAX || len > NFTSET_NAME_MAX)
                refuse(work, "too many chains", "");
        else
                memcpy(work->chains[work->chain_count++], name, len + 1);
}

static int on_own_rule(const struct nlmsghdr *header, void *user) {
        struct work *work = user;
        const struct nftset_place *place = work->image->place;
        if (!nft_rule_uses(header, place->table, place->set))
                return MNL_CB_OK;
        if (++work->rule_count > RULES_MAX)
                refuse(work, "too many rules", "");
        note_chain(work, nft_attribute_of(header, NFTA_RULE_CHAIN).text);
        if (nft_copy_rule(&work->copy, header, &work->rules) != 0)
                refuse(work, "a rule with ",
                        work->copy.refused[0] ? work->copy.refused : "something unknown");
        return MNL_CB_OK;
}

static int on_rule_beside(const struct nlmsghdr *header, void *user) {
        struct work *work = user;
        const char *chain = nft_attribute_of(header, NFTA_RULE_CHAIN).text;
        if (knows_chain(work, chain) && !nft_rule_uses(header, work->image->place->table, NULL))
                refuse(work, "rules that look into no set with a name, in chain ", chain);
        return MNL_CB_OK;
}

static int on_table(const struct nlmsghdr *header, void *user) {
        struct work *work = user;
        if (nft_copy_table(header, &work->image->before) != 0)
                refuse(work, "flags or an owner of the table", "");
        return MNL_CB_OK;
}

static int on_chain(const struct nlmsghdr *header, void *user) {
        struct work *work = user;
        if (nft_copy_chain(header, &work->image->before) != 0)
                refuse(work, "no hook, or a policy other than accept, of chain ",
                        nft_attribute_of(header, NFTA_CHAIN_NAME).text);
        return MNL_CB_OK;
}

static int on_set(const struct nlmsghdr *header, void *user) {
        struct work *work = user;
        if (nft_copy_set(&work->copy, header, work->inner,
                    work->inner ? &work->image->after : &work->image->before) != 0)
                refuse(work,
                        work->inner ? "a set in a rule that is of an unusual kind"
                                    : "a set of an unusual kind",
                        "");
        return MNL_CB_OK;
}

static int on_elements(const struct nlmsghdr *header, void *user) {
        struct work *work = user;
        if (nft_copy_elements(&work->copy, header, work->inner, &work->image->after) != 0)
                refuse(work, "elements in a rule with ",
                        work->copy.refused[0] ? work->copy.refused : "something unknown");
        return MNL_CB_OK;
}

/* A name in a question. */
struct named {
        uint16_t attribute;
        const char *text;
};

/* Asks, unless it is clear by now that there will be no image. */
static void ask(struct work *work, uint8_t type, uint16_t flags, struct named first,
        struct named second, mnl_cb_t on_answer) {
        char buffer[NFTSET_MESSAGE_MAX];
        if (work->result != 0)
                return;
        struct nlmsghdr *header =
                nftset_put_header(buffer, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
                        nftset_take_seq(work->link, 1), work->image->place->family, 0);
        mnl_attr_put_strz(header, first.attribute, first.text);
        if (second.text)
                mnl_attr_put_strz(header, second.attribute, second.text);
        int r = nftset_ask(work->link, header, on_answer, work);
        if (r < 0)
                work->result = r;
}

static void ask_rules(struct work *work) {
        const struct named none = {0}, table = {NFTA_RULE_TABLE, work->image->place->table};
        ask(work, NFT_MSG_GETRULE, NLM_F_DUMP, table, none, on_own_rule);
        if (work->rule_count == 0)
                refuse(work, "no rule that looks into it", "");
        ask(work, NFT_MSG_GETRULE, NLM_F_DUMP, table, none, on_rule_beside);
}

static void ask_frame(struct work *work) {
        const char *table = work->image->place->table;
        ask(work, NFT_MSG_GETTABLE, NLM_F_ACK, (struct named){NFTA_TABLE_NAME, table},
                (struct named){0}, on_table);
        for (size_t i = 0; i < work->chain_count; i++)
                ask(work, NFT_MSG_GETCHAIN, NLM_F_ACK, (struct named){NFTA_CHAIN_TABLE, table},
                        (struct named){NFTA_CHAIN_NAME, work->chains[i]}, on_chain);
        ask(work, NFT_MSG_GETSET, NLM_F_ACK, (struct named){NFTA_SET_TABLE, table},
                (struct named){NFTA_SET_NAME, work->image->place->set}, on_set);
}

/* The sets that are part of the rules, and what is in them. */
static void ask_inner(struct work *work) {
        const char *table = work->image->place->table;
        for (size_t i = 0; i < work->copy.inner_count; i++) {
                work->inner = &work->copy.inner[i];
                ask(work, NFT_MSG_GETSET, NLM_F_ACK, (struct named){NFTA_SET_TABLE, table},
                        (struct named){NFTA_SET_NAME, work->inner->name}, on_set);
                ask(work, NFT_MSG_GETSETELEM, NLM_F_DUMP,
                        (struct named){NFTA_SET_ELEM_LIST_TABLE, table},
                        (struct named){NFTA_SET_ELEM_LIST_SET, work->inner->name}, on_elements);
        }
        work->inner = NULL;
}

/* Returns 0, why not, or -EINTR if it has to be done again. */
static int take(struct work *work) {
        uint32_t before, after;
        struct nft_image *image = work->image;
        buffer_clear(&image->before);
        buffer_clear(&image->after);
        buffer_clear(&work->rules);
        work->rule_count = work->chain_count = work->copy.inner_count = 0;
        work->copy.refused[0] = work->why[0] = '\0';
        work->result = nftset_generation(work->link, &before);
        if (work->result == 0)
                work->result = nftset_ask_kind(work->link, image->place, &image->kind);
        ask_rules(work);
        ask_frame(work);
        ask_inner(work);
        if (work->result == 0 && buffer_append(&image->after, buffer_view(&work->rules)) < 0)
                refuse(work, "too much of it", "");
        if (work->result >= 0 && nftset_generation(work->link, &after) == 0 && after != before)
                return -EINTR;
        return work->result;
}

int nft_image_take(struct nftset *link, const struct nftset_place *place, struct nft_image **ret,
        char ret_why[static NFT_IMAGE_WHY_MAX]) {
        struct work *work = memory_new(sizeof(*work));
        *work = (struct work){.link = link, .rules = BUFFER_INIT(NFT_COPY_ALL_MAX)};
        work->copy = (struct nft_copy){.set = place->set, .next_id = nftset_take_seq(link, 100)};
        work->image = memory_new(sizeof(*work->image));
        *work->image = (struct nft_image){.place = place,
                .before = BUFFER_INIT(NFT_COPY_ALL_MAX),
                .after = BUFFER_INIT(NFT_COPY_ALL_MAX)};
        int r = -EINTR;
        for (unsigned i = 0; i < TRIES_MAX && r == -EINTR; i++)
                r = take(work);
        *ret = r == 0 ? work->image : nft_image_free(work->image);
        memcpy(ret_why, work->why, sizeof(work->why));
        buffer_done(&work->rules);
        free(work);
        return r;
}

struct nft_image *nft_image_free(struct nft_image *image) {
        if (!image)
                return NULL;
        buffer_done(&image->before);
        buffer_done(&image->after);
        free(image);
        return NULL;
}
