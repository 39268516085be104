/* SPDX-License-Identifier: GPL-2.0-or-later */
/* There are no transactions, but many messages can be sent at once, and each is answered. Which
 * type a set is of is the kernel's business: it refuses what does not fit, and then ipset itself is
 * run and says why. */
#include "enforce/ipset.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "enforce/nftset_transaction.h"

#define PROTOCOL 6            /* of the kernel's interface; later kernels speak it too */
#define MESSAGE_BYTES_MAX 256 /* of one: name, address, timeout */

static bool take_name(const char *word, char ret[static NFTSET_NAME_MAX + 1]) {
        size_t len = strlen(word);
        if (len == 0 || len > IPSET_NAME_MAX || word[0] == '-' || strchr(word, ','))
                return false;
        memcpy(ret, word, len + 1);
        return true;
}

static bool parse_timeout(const char *word, uint64_t *ret_ms) {
        uint64_t seconds = 0;
        for (const char *c = word; *c; c++) {
                if (*c < '0' || *c > '9')
                        return false;
                seconds = seconds * 10 + (uint64_t)(*c - '0');
                if (seconds > IPSET_TIMEOUT_MAX_S)
                        return false;
        }
        *ret_ms = seconds > 0 ? seconds * 1000 : NFTSET_FOR_EVER;
        return *word != '\0';
}

bool ipset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        char *const *words = command->words;
        struct address written;
        *ret = (struct nftset_command){.place.is_ipset = true};
        if (command->count < 5 || strcmp(words[1], "-exist") != 0 ||
                !take_name(words[3], ret->place.set))
                return false;
        bool is_delete = strcmp(words[2], "del") == 0;
        if (!is_delete && strcmp(words[2], "add") != 0)
                return false;
        ret->deed = is_delete ? NFTSET_REMOVE : NFTSET_ADD;
        if (address_parse(slice_of(words[4]), &written) < 0 || !address_is_single(&written) ||
                !address_equal(&written, address))
                return false;
        bool has_timeout = !is_delete && command->count == 7 && strcmp(words[5], "timeout") == 0 &&
                           parse_timeout(words[6], &ret->timeout_ms);
        return (has_timeout || command->count == 5) &&
               nftset_command_is_of_system(words[0], "ipset");
}

static void put_address(struct nlmsghdr *header, const struct address *address) {
        bool is_four = address->family == ADDRESS_INET4;
        struct nlattr *nest = mnl_attr_nest_start(header, IPSET_ATTR_IP);
        mnl_attr_put(header,
                (is_four ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) | NLA_F_NET_BYTEORDER,
                is_four ? 4 : 16, address->bytes);
        mnl_attr_nest_end(header, nest);
}

/* Returns the message's length. */
static size_t put_element(char *buffer, const struct nftset_element *element, uint32_t seq) {
        uint8_t command = element->deed == NFTSET_ADD ? IPSET_CMD_ADD : IPSET_CMD_DEL;
        uint8_t family = element->address.family == ADDRESS_INET4 ? AF_INET : AF_INET6;
        struct nlmsghdr *header = nftset_put_header(
                buffer, (uint16_t)(NFNL_SUBSYS_IPSET << 8 | command), NLM_F_ACK, seq, family, 0);
        mnl_attr_put_u8(header, IPSET_ATTR_PROTOCOL, PROTOCOL);
        mnl_attr_put_strz(header, IPSET_ATTR_SETNAME, element->place->set);
        struct nlattr *data = mnl_attr_nest_start(header, IPSET_ATTR_DATA);
        put_address(header, &element->address);
        if (element->timeout_ms > 0) {
                uint32_t seconds = element->timeout_ms == NFTSET_FOR_EVER
                                           ? 0
                                           : (uint32_t)(element->timeout_ms / 1000);
                mnl_attr_put_u32(header, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(seconds));
        }
        mnl_attr_nest_end(header, data);
        return header->nlmsg_len;
}

int ipset_apply(
        struct nftset *link, const struct nftset_element *elements, size_t count, size_t *ret_bad) {
        char *bytes = memory_new(count * MESSAGE_BYTES_MAX + 1);
        uint32_t first = nftset_take_seq(link, (uint32_t)count);
        size_t len = 0;
        for (size_t i = 0; i < count; i++)
                len += put_element(bytes + len, &elements[i], first + (uint32_t)i);
        int r = nftset_exchange(link, bytes, len, first, count, ret_bad);
        free(bytes);
        return r;
}
