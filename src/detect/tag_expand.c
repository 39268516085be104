/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass from left to right over everything of the form <word>, </word> or <word/>; inserted text
 * is never looked at again. Tags are ASCII: a <word> with other letters is no tag, and stays.
 * Upstream: fail2ban/server/failregex.py, 1.1. */
#include "detect/tag_expand.h"

#include <string.h>

#define IP4_TEXT "(?:\\d{1,3}\\.){3}\\d{1,3}"
#define IP6_TEXT "(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)"
#define IP4 "(?:::f{4,6}:)?(?P<ip4>" IP4_TEXT ")"
#define IP6 "(?P<ip6>" IP6_TEXT ")"
#define DNS "(?P<dns>[\\w\\-.^_]*\\w)"
#define ADDR "\\[?(?:" IP4 "|" IP6 ")\\]?"
#define HOST "(?:" ADDR "|" DNS ")"
#define CIDR "(?P<cidr>\\d+)"
#define SUBNET "\\[?(?:" IP4 "|" IP6 ")(?:/" CIDR ")?\\]?"

#define OPEN_TAGS_MAX 64 /* different names of one regex that a closing tag can refer to */
#define NAME_BYTES 256   /* of a <F-...> tag; a longer one stays as it is */

static const struct {
        const char *tag;
        const char *regex;
} fixed_tags[] = {
        {"IP4",       IP4              },
        {"F-IP4/",    IP4              },
        {"IP6",       IP6              },
        {"F-IP6/",    IP6              },
        {"DNS",       DNS              },
        {"F-DNS/",    DNS              },
        {"ADDR",      ADDR             },
        {"F-ADDR/",   ADDR             },
        {"CIDR",      CIDR             },
        {"F-CIDR/",   CIDR             },
        {"SUBNET",    SUBNET           },
        {"F-SUBNET/", SUBNET           },
        {"F-ID/",     "(?P<fid>\\S+)"  },
        {"F-PORT/",   "(?P<fport>\\w+)"},
};

struct expansion {
        enum tag_hosts hosts;
        unsigned skips; /* <SKIPLINES> so far */
        struct slice open[OPEN_TAGS_MAX];
        size_t open_count;
        struct buffer *out;
};

static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
}

/* The length of the <...> that starts at from, or 0 if there is none. */
static size_t token_length(struct slice regex, size_t from) {
        size_t at = from + 1;
        if (at < regex.len && regex.data[at] == '/')
                at++;
        size_t word = at;
        while (at < regex.len && is_word(regex.data[at]))
                at++;
        if (at == word)
                return 0;
        if (at < regex.len && regex.data[at] == '/')
                at++;
        return at < regex.len && regex.data[at] == '>' ? at + 1 - from : 0;
}

static bool is_custom_name(struct slice name) {
        for (size_t i = 0; i < name.len; i++)
                if (!is_word(name.data[i]) || (name.data[i] >= 'a' && name.data[i] <= 'z'))
                        return false;
        return name.len > 0 && name.len < NAME_BYTES;
}

static bool is_open(const struct expansion *e, struct slice name) {
        for (size_t i = 0; i < e->open_count; i++)
                if (slice_equal(e->open[i], name))
                        return true;
        return false;
}

struct slice tag_group_name(struct slice name, char *buffer, size_t size) {
        size_t len = name.len < size ? name.len : size;
        for (size_t i = 0; i < len; i++) {
                char c = name.data[i];
                buffer[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
        struct slice lower = {buffer, len};
        if (slice_is(lower, "id"))
                return SLICE("fid");
        return slice_is(lower, "port") ? SLICE("fport") : lower;
}

/* <F-NAME> and </F-NAME>. */
static int put_custom(struct expansion *e, struct slice token, bool closes, struct slice name) {
        char lower[NAME_BYTES];
        if (closes)
                return buffer_append(e->out, is_open(e, name) ? SLICE(")") : token);
        if (!is_open(e, name) && e->open_count < OPEN_TAGS_MAX)
                e->open[e->open_count++] = name;
        struct slice group = tag_group_name(name, lower, sizeof(lower));
        return buffer_printf(e->out, "(?P<%.*s>", SLICE_ARG(group));
}

static int put_token(struct expansion *e, struct slice token) {
        struct slice tag = slice_sub(token, 1, token.len - 1);
        if (slice_is(tag, "HOST"))
                return buffer_append(
                        e->out, e->hosts == TAG_HOSTS_NAMED ? SLICE(HOST) : SLICE(ADDR));
        if (slice_is(tag, "SKIPLINES"))
                return buffer_printf(e->out, "\\n(?P<skiplines%u>(?:(?:.*\\n)*?))", e->skips++);
        for (size_t i = 0; i < sizeof(fixed_tags) / sizeof(fixed_tags[0]); i++)
                if (slice_is(tag, fixed_tags[i].tag))
                        return buffer_append(e->out, slice_of(fixed_tags[i].regex));
        bool closes = slice_has_prefix(tag, SLICE("/"));
        struct slice custom = slice_sub(tag, closes, tag.len);
        struct slice name = slice_sub(custom, 2, custom.len);
        if (slice_has_prefix(custom, SLICE("F-")) && is_custom_name(name))
                return put_custom(e, token, closes, name);
        return buffer_append(e->out, token);
}

int tag_expand(struct slice regex, enum tag_hosts hosts, struct buffer *out) {
        struct expansion e = {.hosts = hosts, .out = out};
        size_t at = 0;
        int r = 0;
        while (r == 0 && at < regex.len) {
                size_t tag = slice_find_char(regex, '<', at);
                r = buffer_append(out, slice_sub(regex, at, tag));
                if (r < 0 || tag == regex.len)
                        break;
                size_t len = token_length(regex, tag);
                if (len == 0)
                        r = buffer_append_char(out, '<');
                else
                        r = put_token(&e, slice_sub(regex, tag, tag + len));
                at = tag + (len == 0 ? 1 : len);
        }
        return r;
}
