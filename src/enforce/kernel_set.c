/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An action's commands are of one sort, normally; nothing is lost if they are not. */
#include "enforce/kernel_set.h"

#include "enforce/ipset.h"

bool kernel_set_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        return nftset_recognise(command, address, ret) || ipset_recognise(command, address, ret);
}

int kernel_set_apply(
        struct nftset *link, const struct nftset_element *elements, size_t count, size_t *ret_bad) {
        *ret_bad = count;
        if (count == 0)
                return 0;
        bool is_ipset = elements[0].place->is_ipset;
        for (size_t i = 1; i < count; i++)
                if (elements[i].place->is_ipset != is_ipset) {
                        *ret_bad = i;
                        return NFTSET_E_UNUSUAL;
                }
        return is_ipset ? ipset_apply(link, elements, count, ret_bad)
                        : nftset_apply(link, elements, count, ret_bad);
}
