/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban's tags in a regex (<HOST>, <F-USER>, <SKIPLINES>, ...) to plain regex (spec
 * filter.md 1.1). */
#pragma once

#include "base/buffer.h"
#include "base/slice.h"

enum tag_hosts {
        TAG_HOSTS_NAMED, /* <HOST> matches a host name too */
        TAG_HOSTS_PLAIN, /* addresses only (usedns = no) */
};

/* Appends regex with its tags expanded; what is no tag stays as it is. Returns 0, or -ENOBUFS if
 * out is full. */
int tag_expand(struct slice regex, enum tag_hosts hosts, struct buffer *out);
/* The name of the group that a tag or a complex group (alt_NAME_1) stands for: in lower case, "id"
 * and "port" as "fid" and "fport". Returns the view of buffer, cut to its size. */
struct slice tag_group_name(struct slice name, char *buffer, size_t size);
