/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream asks the resolver, which may block for seconds and brings strangers' answers into the
 * server; the hosts file is where installers put the full name. */
#include "enforce/host_name.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"

static bool next_word(struct slice *rest, struct slice *ret) {
        *rest = slice_trim(*rest);
        size_t at = 0;
        while (at < rest->len && rest->data[at] != ' ' && rest->data[at] != '\t')
                at++;
        *ret = slice_sub(*rest, 0, at);
        *rest = slice_sub(*rest, at, rest->len);
        return ret->len > 0;
}

/* The first dotted name of the line if it has name among its names; else the empty slice. */
static struct slice look_up(struct slice line, struct slice name) {
        struct slice rest = slice_sub(line, 0, slice_find_char(line, '#', 0));
        struct slice word, full = SLICE("");
        bool is_named = false;
        (void)next_word(&rest, &word); /* the address */
        while (next_word(&rest, &word)) {
                if (slice_equal_nocase(word, name))
                        is_named = true;
                if (full.len == 0 && slice_find_char(word, '.', 0) < word.len)
                        full = word;
        }
        return is_named ? full : SLICE("");
}

struct slice host_name_complete(struct slice name, struct slice hosts) {
        struct slice line;
        if (slice_find_char(name, '.', 0) < name.len)
                return name;
        while (hosts.data && slice_next_piece(&hosts, '\n', &line)) {
                struct slice full = look_up(line, name);
                if (full.len > 0)
                        return full;
        }
        return name;
}

struct slice host_name_short(struct arena *arena) {
        char name[HOST_NAME_MAX + 1] = "";
        if (gethostname(name, sizeof(name) - 1) < 0)
                return SLICE("localhost");
        return arena_copy(arena, slice_of(name));
}

struct slice host_name_full(struct arena *arena) {
        struct slice name = host_name_short(arena);
        struct buffer hosts = BUFFER_INIT(HOST_NAME_FILE_MAX);
        CLEANUP(close_p) int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
        for (char *room; fd >= 0 && (room = buffer_room(&hosts, 4096));) {
                ssize_t len = read(fd, room, 4096);
                if (len <= 0)
                        break;
                buffer_commit(&hosts, (size_t)len);
        }
        struct slice full = arena_copy(arena, host_name_complete(name, buffer_view(&hosts)));
        buffer_done(&hosts);
        return full;
}
