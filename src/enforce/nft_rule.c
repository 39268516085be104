/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule is a list of expressions; a lookup names its set. The bytes come from the kernel, nested
 * attributes are walked with their lengths all the same. */
#include "enforce/nft_rule.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

struct search {
        const char *table;
        const char *set; /* NULL: any that has a name of its own */
        bool is_table;   /* the rule is of it */
        bool is_lookup;
        bool is_found;
};

static bool is_text(const struct nlattr *attribute, const char *text) {
        return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0 &&
               strcmp(mnl_attr_get_str(attribute), text) == 0;
}

/* The kernel makes up names that begin with two of these, for sets and maps within a rule. */
static bool has_own_name(const struct nlattr *attribute) {
        return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0 &&
               strncmp(mnl_attr_get_str(attribute), "__", 2) != 0;
}

static int on_lookup(const struct nlattr *attribute, void *user) {
        struct search *search = user;
        if (mnl_attr_get_type(attribute) != NFTA_LOOKUP_SET)
                return MNL_CB_OK;
        if (search->set ? is_text(attribute, search->set) : has_own_name(attribute))
                search->is_found = true;
        return MNL_CB_OK;
}

/* The name comes first. */
static int on_expression(const struct nlattr *attribute, void *user) {
        struct search *search = user;
        if (mnl_attr_get_type(attribute) == NFTA_EXPR_NAME)
                search->is_lookup = is_text(attribute, "lookup");
        else if (mnl_attr_get_type(attribute) == NFTA_EXPR_DATA && search->is_lookup)
                (void)mnl_attr_parse_nested(attribute, on_lookup, search);
        return MNL_CB_OK;
}

static int on_item(const struct nlattr *attribute, void *user) {
        struct search *search = user;
        search->is_lookup = false;
        if (mnl_attr_get_type(attribute) == NFTA_LIST_ELEM)
                (void)mnl_attr_parse_nested(attribute, on_expression, search);
        return MNL_CB_OK;
}

static int on_rule(const struct nlattr *attribute, void *user) {
        struct search *search = user;
        if (mnl_attr_get_type(attribute) == NFTA_RULE_TABLE)
                search->is_table = is_text(attribute, search->table);
        else if (mnl_attr_get_type(attribute) == NFTA_RULE_EXPRESSIONS)
                (void)mnl_attr_parse_nested(attribute, on_item, search);
        return MNL_CB_OK;
}

bool nft_rule_uses(const struct nlmsghdr *header, const char *table, const char *set) {
        struct search search = {.table = table, .set = set};
        (void)mnl_attr_parse(header, sizeof(struct nfgenmsg), on_rule, &search);
        return search.is_table && search.is_found;
}
