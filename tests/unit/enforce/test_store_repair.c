/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

#include <fcntl.h>

/* Overwrites pages in the middle of the file. */
static void damage(const struct fixture *f) {
        struct stat info;
        static char noise[8192];
        memset(noise, 0x5a, sizeof(noise));
        int fd = open(f->path, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0 && fstat(fd, &info) == 0);
        assert_int_equal(
                pwrite(fd, noise, sizeof(noise), info.st_size / 2 / 4096 * 4096), sizeof(noise));
        (void)close(fd);
}

static void what_can_be_read_comes_over(void **state) {
        struct fixture *f = *state;
        char id[32];
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        for (int i = 0; i < 5000; i++) {
                (void)snprintf(id, sizeof(id), "10.0.%d.%d", i / 256, i % 256);
                fixture_add(f, "sshd", id, (double)NOW_S);
        }
        fixture_close(f);
        damage(f);
        fixture_open(f);
        assert_true(fixture_said(f, "20 Trying to repair database "));
        assert_true(fixture_said(f, "Repair seems to be successful, restored "));
        struct slice bans = fixture_query(f, "SELECT count(*) > 2500, count(*) <= 5000 FROM bans");
        assert_slice(bans, "1|1");
        assert_slice(fixture_query(f, "SELECT name FROM jails"), "sshd");
        fixture_add(f, "sshd", "new", 1);
        assert_int_equal(store_commit(f->store), 0);
        struct slice backup = arena_printf(&f->arena, "%s.20261124-060000", f->path);
        assert_int_equal(access(backup.data, F_OK), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(what_can_be_read_comes_over),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
