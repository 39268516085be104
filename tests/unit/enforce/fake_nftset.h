/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the place of nftset.c: the parts of a kernel that no test asks. A test adds nftset_new(),
 * nftset_recognise(), nftset_apply(), nftset_restore() and nftset_look(), which say what it is
 * about. */
#pragma once

#include "enforce/nftset.h"
#include "enforce/nftset_command.h"
#include "enforce/nftset_transaction.h"

struct nftset *nftset_free(struct nftset *nftset) {
        (void)nftset;
        return NULL;
}

int nftset_generation(struct nftset *nftset, uint32_t *ret) {
        (void)nftset;
        *ret = 1;
        return 0;
}

int nftset_ask_kind(
        struct nftset *nftset, const struct nftset_place *place, struct nftset_kind *ret) {
        (void)nftset;
        (void)place;
        *ret = (struct nftset_kind){0};
        return 0;
}

int nftset_ask(struct nftset *nftset, struct nlmsghdr *header,
        int (*on_answer)(const struct nlmsghdr *header, void *user), void *user) {
        (void)nftset;
        (void)header;
        (void)on_answer;
        (void)user;
        return -1;
}

bool nftset_command_is_of_system(const char *name, const char *program) {
        (void)name;
        (void)program;
        return false;
}

uint32_t nftset_take_seq(struct nftset *nftset, uint32_t count) {
        (void)nftset;
        return count;
}

int nftset_exchange(struct nftset *nftset, const char *bytes, size_t len, uint32_t first,
        size_t count, size_t *ret_bad) {
        (void)nftset;
        (void)bytes;
        (void)len;
        (void)first;
        *ret_bad = count;
        return -1;
}

uint32_t nftset_port(const struct nftset *nftset) {
        (void)nftset;
        return 1;
}
