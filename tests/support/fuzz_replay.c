/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the place of libFuzzer: gives a target each file of a folder once, so that every build tries
 * the seeds, and with them what was found once. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

#define SEED_MAX ((size_t)1 << 20)

static void play(int folder, const char *name) {
        int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        uint8_t *room = malloc(SEED_MAX);
        FUZZ_REQUIRE(fd >= 0 && room);
        ssize_t len = read(fd, room, SEED_MAX);
        FUZZ_REQUIRE(len >= 0);
        /* Exactly as large as it is: what reads beyond it is seen by a sanitizer. */
        uint8_t *exact = realloc(room, len > 0 ? (size_t)len : 1);
        (void)printf("%s\n", name);
        (void)fflush(stdout);
        FUZZ_REQUIRE(exact && LLVMFuzzerTestOneInput(exact, (size_t)len) == 0);
        free(exact);
        (void)close(fd);
}

int main(int count, char **words) {
        DIR *folder = count == 2 ? opendir(words[1]) : NULL;
        unsigned seeds = 0;
        if (!folder)
                return 2;
        for (struct dirent *entry; (entry = readdir(folder));) {
                if (entry->d_name[0] == '.')
                        continue;
                play(dirfd(folder), entry->d_name);
                seeds++;
        }
        (void)closedir(folder);
        return seeds > 0 ? 0 : 1;
}
