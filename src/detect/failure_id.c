/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups ip4, ip6 and dns are the address, in this order; fid is the id where there is one.
 * Only fid has the liberties of configuration (brackets, masks); ip4 and ip6 are what a tag
 * matched, and count as an address of their family or as mere text. Upstream:
 * fail2ban/server/filter.py findFailure(), ipdns.py IPAddr, 1.1. */
#include "detect/failure_id.h"

#include <errno.h>

#include "base/address.h"
#include "base/repr.h"
#include "detect/digit.h"

/* What a group says: a text, or the parts of a tuple as Python prints them. */
static struct slice text_of(const struct field *field, struct arena *arena) {
        if (field->kind == FIELD_TEXT)
                return field_slice(field);
        struct value v = field_value(field, arena);
        return repr(&v, arena);
}

static struct slice print(const struct address *address, struct arena *arena) {
        char buffer[ADDRESS_TEXT_MAX];
        return arena_copy(arena, address_print(address, buffer));
}

static bool is_bare(struct slice text) {
        return slice_find_char(text, '/', 0) == text.len &&
               slice_find_char(text, '[', 0) == text.len;
}

static bool has_digits_only(struct slice text) {
        for (size_t i = 0; i < text.len; i++)
                if (text.data[i] < '0' || text.data[i] > '9')
                        return false;
        return text.len > 0;
}

/* Of a text that is no address although it may look like one with a mask: then the mask is lost. */
static struct slice name_of(struct slice text) {
        size_t slash = slice_find_char(text, '/', 0);
        struct slice host = slice_sub(text, 0, slash);
        struct slice mask = slice_sub(text, slash + 1, text.len);
        bool has_host = address_looks_inet4(host) || address_looks_inet6(host);
        bool has_mask =
                has_digits_only(mask) || address_looks_inet4(mask) || address_looks_inet6(mask);
        return has_host && has_mask ? host : text;
}

/* With a prefix length in ASCII digits, whatever script it is written in. */
static struct slice plain_digits(struct slice text, struct arena *arena) {
        size_t slash = slice_find_char(text, '/', 0);
        struct slice tail = slice_sub(text, slash + 1, text.len);
        char *buffer = arena_alloc(arena, tail.len + 1);
        struct slice digits = digit_to_ascii(tail, buffer, tail.len + 1);
        if (!has_digits_only(digits))
                return text;
        return ARENA_JOIN(arena, slice_sub(text, 0, slash + 1), digits);
}

/* The mask of text in the form that messages show it in. */
static struct slice mask_of(struct slice text, struct arena *arena) {
        struct slice mask = slice_sub(text, slice_find_char(text, '/', 0) + 1, text.len);
        struct address address;
        return address_parse(mask, &address) == 0 ? print(&address, arena) : mask;
}

/* An id as one may write it in a configuration. */
static int normalise(
        struct slice text, struct arena *arena, struct slice *ret, struct fault *fault) {
        struct address address;
        if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
                text = slice_sub(text, 1, text.len - 1);
        /* Only one pair of brackets is taken off. */
        bool is_bracketed = text.len > 2 && text.data[0] == '[';
        text = plain_digits(text, arena);
        int r = is_bracketed ? -EINVAL : address_parse(text, &address);
        if (r == -EDOM)
                return fault_raise(fault, "ValueError", "invalid mask %.*s, no plen representation",
                        SLICE_ARG(repr_text(mask_of(text, arena), arena)));
        *ret = r == 0 ? print(&address, arena) : name_of(text);
        return 0;
}

/* The prefix length captured beside an address; -1: none. */
static int read_plen(
        const struct fields *data, struct arena *arena, int64_t *ret, struct fault *fault) {
        *ret = -1;
        if (!fields_has(data, FIELD_CIDR))
                return 0;
        const struct field *cidr = fields_get(data, FIELD_CIDR);
        struct slice text = text_of(cidr, arena);
        int r = digit_parse_int(text, ret);
        char *buffer = arena_alloc(arena, text.len + 1);
        if (r == -ERANGE && has_digits_only(digit_to_ascii(text, buffer, text.len + 1)))
                *ret = 255;
        else if (r < 0)
                return fault_raise(fault, "ValueError",
                        "invalid literal for int() with base 10: %.*s",
                        SLICE_ARG(repr_text(text, arena)));
        return 0;
}

/* What ip4 or ip6 captured. Without a prefix length only the family of the group counts. */
static struct slice address_text(
        struct slice text, uint8_t family, int64_t plen, struct arena *arena) {
        struct address address;
        if (plen < 0 && family == ADDRESS_INET4 && address_is_normal_inet4(text))
                return text;
        if (!is_bare(text))
                return text;
        if (plen >= 0)
                return address_parse_with_plen(text, plen > 255 ? 255 : (unsigned)plen, &address) ==
                                       0
                               ? print(&address, arena)
                               : text;
        bool is_inet6 = slice_find_char(text, ':', 0) < text.len;
        if (is_inet6 != (family == ADDRESS_INET6) || address_parse(text, &address) < 0)
                return text;
        return print(&address, arena);
}

/* A host name, unless it is an address after all. */
static struct failure_id name_id(struct slice text, enum failure_names names, struct arena *arena) {
        struct slice plain = text;
        struct address address;
        if (names == FAILURE_NAMES_RAW)
                return (struct failure_id){FAILURE_ID_RAW, text};
        if (plain.len > 0 && plain.data[0] == '[')
                plain = slice_sub(plain, 1, plain.len);
        if (plain.len > 0 && plain.data[plain.len - 1] == ']')
                plain = slice_sub(plain, 0, plain.len - 1);
        bool looks = address_looks_inet4(text) || address_looks_inet6(plain);
        if (looks && address_parse(plain, &address) == 0)
                return (struct failure_id){FAILURE_ID_PLAIN, print(&address, arena)};
        return (struct failure_id){
                names == FAILURE_NAMES_RESOLVE ? FAILURE_ID_NAME : FAILURE_ID_REFUSED, text};
}

/* fid alone, or beside an address. A tuple is nothing but itself. */
static int own_id(const struct field *fid, enum failure_names names, struct arena *arena,
        struct failure_id *ret, struct fault *fault) {
        ret->text = text_of(fid, arena);
        ret->kind = names == FAILURE_NAMES_RAW || fid->kind != FIELD_TEXT ? FAILURE_ID_RAW
                                                                          : FAILURE_ID_PLAIN;
        return ret->kind == FAILURE_ID_RAW ? 0 : normalise(ret->text, arena, &ret->text, fault);
}

/* Without an address. */
static int other_id(struct fields *data, const struct field *fid, enum failure_names names,
        struct arena *arena, struct failure_id *ret, struct fault *fault) {
        const struct field *dns = fields_get(data, FIELD_DNS);
        /* usedns = raw makes a name an id like any other, which an own id then stands above. */
        if (dns && (names != FAILURE_NAMES_RAW || !fid)) {
                *ret = name_id(text_of(dns, arena), names, arena);
                return 0;
        }
        if (!fid)
                return 0;
        struct field own = *fid;
        if (dns && !field_equal(dns, fid))
                fields_put(data, field_text(FIELD_IP, text_of(dns, arena)), arena);
        return own_id(&own, names, arena, ret, fault);
}

int failure_id_find(struct fields *data, enum failure_names names, struct arena *arena,
        struct failure_id *ret, struct fault *fault) {
        const struct field *fid = fields_get(data, FIELD_FID);
        const struct field *ip = fields_get(data, FIELD_IP4);
        uint8_t family = ADDRESS_INET4;
        int64_t plen;
        *ret = (struct failure_id){.kind = FAILURE_ID_ABSENT};
        if (!ip) {
                ip = fields_get(data, FIELD_IP6);
                family = ADDRESS_INET6;
        }
        if (!ip)
                return other_id(data, fid, names, arena, ret, fault);
        int r = read_plen(data, arena, &plen, fault);
        if (r < 0)
                return r;
        struct slice address = ip->kind == FIELD_TEXT
                                       ? address_text(field_slice(ip), family, plen, arena)
                                       : text_of(ip, arena);
        if (!fid || field_equal(fid, ip)) {
                *ret = (struct failure_id){
                        ip->kind == FIELD_TEXT ? FAILURE_ID_PLAIN : FAILURE_ID_RAW, address};
                return 0;
        }
        struct field own = *fid;
        fields_put(data, field_text(FIELD_IP, address), arena);
        return own_id(&own, names, arena, ret, fault);
}
