/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

static char folder[64];
static char path[128];

static int set_up(void **state) {
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/pid_file_XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        (void)snprintf(path, sizeof(path), "%s/run/pid", folder);
        return 0;
}

static int tear_down(void **state) {
        char run[80];
        (void)state;
        (void)unlink(path);
        (void)snprintf(run, sizeof(run), "%s/run", folder);
        (void)rmdir(run);
        return rmdir(folder);
}

static void put(const char *name, const char *text) {
        FILE *file = fopen(name, "w");
        assert_non_null(file);
        (void)fputs(text, file);
        (void)fclose(file);
}

static void the_file_has_our_id_and_a_newline(void **state) {
        (void)state;
        char text[32] = "";
        char wanted[32];
        struct fault fault = FAULT_INIT;
        assert_int_equal(pid_file_write(path, &fault), 0);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        (void)fclose(file);
        (void)snprintf(wanted, sizeof(wanted), "%ld\n", (long)getpid());
        assert_string_equal(text, wanted);
        assert_int_equal(pid_file_remove(path, &fault), 0);
        assert_int_equal(access(path, F_OK), -1);
}

static void a_link_is_replaced_not_followed(void **state) {
        (void)state;
        char target[128];
        struct stat info;
        struct fault fault = FAULT_INIT;
        (void)snprintf(target, sizeof(target), "%s/target", folder);
        put(target, "precious");
        assert_int_equal(pid_file_write(path, &fault), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(target, path), 0);
        assert_int_equal(pid_file_write(path, &fault), 0);
        assert_int_equal(lstat(path, &info), 0);
        assert_true(S_ISREG(info.st_mode));
        assert_int_equal(stat(target, &info), 0);
        assert_int_equal(info.st_size, 8);
        assert_int_equal(unlink(target), 0);
}

static void another_servers_file_stays(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        assert_int_equal(pid_file_write(path, &fault), 0);
        put(path, "1\n");
        assert_int_equal(pid_file_remove(path, &fault), 0);
        assert_int_equal(access(path, F_OK), 0);
}

static void what_cannot_be_written_is_a_fault(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        assert_int_equal(pid_file_write("/proc/no/such/pid", &fault), -ENOENT);
        assert_non_null(strstr(fault_text(&fault), "/proc/no/such"));
        assert_int_equal(pid_file_remove(path, &fault), -ENOENT);
        fault_done(&fault);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        the_file_has_our_id_and_a_newline, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_link_is_replaced_not_followed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(another_servers_file_stays, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_cannot_be_written_is_a_fault, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
