/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of addresses: what a plain reading of it, word by word, finds is found by the sorted one,
 * and nothing else; each line is looked at as an entry of ignoreip, too. */
#include "enforce/ignore_file.h"

#include <unistd.h>

#include "fuzz.h"

static char path[FUZZ_PATH_MAX];
static int fd = -1;

static void remove_file(void) {
        (void)unlink(path);
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The first word of rest, which is cut off it. */
static bool next_word(struct slice *rest, struct slice *ret) {
        size_t from = 0, to;
        while (from < rest->len && (is_blank(rest->data[from]) || rest->data[from] == ','))
                from++;
        for (to = from; to < rest->len && !is_blank(rest->data[to]) && rest->data[to] != ',';)
                to++;
        bool is_alone = from == 0 || is_blank(rest->data[from - 1]);
        *ret = slice_sub(*rest, from, to);
        if (ret->len == 0 || (is_alone && (ret->data[0] == '#' || ret->data[0] == ';')))
                return false;
        *rest = slice_sub(*rest, to, rest->len);
        return true;
}

static bool plain_has(struct slice text, const struct address *address) {
        struct slice line, word;
        struct address net;
        while (slice_next_piece(&text, '\n', &line)) {
                while (next_word(&line, &word))
                        if (address_parse(word, &net) == 0 && address_in(address, &net))
                                return true;
        }
        return false;
}

static void check(struct ignore_file *file, struct slice text, struct slice word) {
        struct address address;
        if (address_parse(word, &address) < 0)
                return;
        FUZZ_REQUIRE(ignore_file_has(file, &address) == plain_has(text, &address));
        address.plen = address.family == ADDRESS_INET4 ? 32 : 128;
        address.bytes[3] ^= 1;
        FUZZ_REQUIRE(ignore_file_has(file, &address) == plain_has(text, &address));
}

static void write_text(struct slice text) {
        FUZZ_REQUIRE(ftruncate(fd, 0) == 0);
        FUZZ_REQUIRE(pwrite(fd, text.data, text.len, 0) == (ssize_t)text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct clock clock = {.fixed = true, .wall_s = 1e9};
        struct slice text = fuzz_input(data, size), rest = text, line, word, name;
        if (fd < 0) {
                fuzz_be_quiet();
                fuzz_path(path);
                fd = mkstemp(path);
                FUZZ_REQUIRE(fd >= 0 && atexit(remove_file) == 0);
        }
        if (size == 0 || size > 2000)
                return 0;
        write_text(text);
        struct ignore_file *file = ignore_file_new(slice_of(path), &clock);
        while (slice_next_piece(&rest, '\n', &line)) {
                if (ignore_file_path(line, &name))
                        FUZZ_REQUIRE(name.len <= line.len && slice_has_suffix(line, name));
                while (next_word(&line, &word))
                        check(file, text, word);
        }
        (void)ignore_file_free(file);
        return 0;
}
