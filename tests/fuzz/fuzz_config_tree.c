/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole configuration: pieces are files of a tree that hangs together. Reading it ends, with a
 * reason or with a list of commands that can be sent, each a list of texts, numbers and such that
 * begins with the name of a command; and a test of it ends likewise, each finding with its text. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "config/config.h"
#include "fuzz.h"

static const char *const names[] = {"fail2ban.conf", "fail2ban.local", "jail.conf", "jail.local",
        "jail.d/a.conf", "filter.d/f.conf", "filter.d/f.local", "filter.d/common.conf",
        "action.d/a.conf", "action.d/a.local", "paths.conf"};
static const char *const folders[] = {"jail.d", "filter.d", "action.d"};
#define NAMES (sizeof(names) / sizeof(names[0]))
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

static char base[FUZZ_PATH_MAX];
static int base_fd = -1;

static void remove_files(void) {
        for (size_t i = 0; i < NAMES; i++)
                (void)unlinkat(base_fd, names[i], 0);
}

static void remove_tree(void) {
        remove_files();
        for (size_t i = 0; i < FOLDERS; i++)
                (void)unlinkat(base_fd, folders[i], AT_REMOVEDIR);
        (void)rmdir(base);
}

static void begin_once(void) {
        if (base_fd >= 0)
                return;
        fuzz_be_quiet();
        fuzz_path(base);
        FUZZ_REQUIRE(mkdtemp(base) && atexit(remove_tree) == 0);
        base_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; i < FOLDERS; i++)
                FUZZ_REQUIRE(mkdirat(base_fd, folders[i], 0700) == 0);
}

static void write_file(const char *name, struct slice text) {
        int fd = openat(base_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        FUZZ_REQUIRE(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len);
        (void)close(fd);
}

/* What stands elsewhere on this machine is no part of the input, but for the names of logs. */
static bool is_of_tree(struct slice text) {
        static const char *const others[] = {"/dev", "/proc", "/sys", "/*", "/?", "/[", ".."};
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                if (slice_find(text, slice_of(others[i]), 0) < text.len)
                        return false;
        return true;
}

static void check_command(const struct value *command) {
        static const char *const first[] = {"set", "add", "start", "multi-set", "config-error",
                "server-stream", "server-status", "sleep", "reload"};
        bool is_known = false;
        FUZZ_REQUIRE(command->type == VALUE_LIST && command->list.count > 0);
        for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
                is_known = is_known || slice_is(value_item_text(command, 0), first[i]);
        FUZZ_REQUIRE(is_known);
}

static void read_tree(bool is_test) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value stream = VALUE_OF_NONE;
        struct findings findings = {.arena = &arena};
        struct config_request request = {.basedir = slice_of(base),
                .dump = !is_test,
                .strict = is_test,
                .findings = is_test ? &findings : NULL};
        int r = config_stream(&request, &arena, &stream, &fault);
        FUZZ_REQUIRE((r < 0) == (fault.text != NULL));
        FUZZ_REQUIRE(r < 0 || r == CONFIG_OK || r == CONFIG_E_WRONG_JAILS);
        if (r >= 0) {
                FUZZ_REQUIRE(stream.type == VALUE_LIST);
                for (size_t i = 0; i < stream.list.count; i++)
                        check_command(&stream.list.items[i]);
        }
        if (is_test) {
                struct buffer out = BUFFER_INIT((size_t)16 << 20);
                FUZZ_REQUIRE(findings_print(&findings, &out) == 0);
                FUZZ_REQUIRE(utf8_is_valid(buffer_view(&out)));
                buffer_done(&out);
                struct value all = findings_value(&findings);
                FUZZ_REQUIRE(all.type == VALUE_LIST && all.list.count <= FINDINGS_MAX);
        }
        fault_done(&fault);
        arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size), piece;
        if (size > 20000 || !is_of_tree(rest))
                return 0;
        begin_once();
        remove_files();
        while (rest.len > 0) {
                const char *name = names[fuzz_byte(&rest) % NAMES];
                if (fuzz_piece(&rest, &piece))
                        write_file(name, piece);
        }
        read_tree(false);
        read_tree(true);
        return 0;
}
