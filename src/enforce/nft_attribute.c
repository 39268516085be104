/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An attribute does not say of what kind it is: its bytes are taken for both, where they can be. */
#include "enforce/nft_attribute.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

struct search {
        uint16_t type;
        struct nft_attribute found;
};

static int on_attribute(const struct nlattr *attribute, void *user) {
        struct search *search = user;
        if (mnl_attr_get_type(attribute) != search->type)
                return MNL_CB_OK;
        search->found.is_there = true;
        if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
                search->found.text = mnl_attr_get_str(attribute);
        if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
                search->found.number = ntohl(mnl_attr_get_u32(attribute));
        return MNL_CB_OK;
}

struct nft_attribute nft_attribute_of(const struct nlmsghdr *header, uint16_t type) {
        struct search search = {.type = type, .found = {.text = ""}};
        (void)mnl_attr_parse(header, sizeof(struct nfgenmsg), on_attribute, &search);
        return search.found;
}
