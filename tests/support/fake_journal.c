/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/fake_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "build_config.h"
#include "unit/cmocka_include.h"

#define REMOTE "/lib/systemd/systemd-journal-remote"

bool fake_journal_is_possible(void) {
        return HAVE_JOURNAL && access(REMOTE, X_OK) == 0;
}

void fake_journal_begin(struct fake_journal *journal) {
        *journal = (struct fake_journal){.folder = "/tmp/stockade-journal-XXXXXX", .tick = 1000};
        assert_non_null(mkdtemp(journal->folder));
        (void)snprintf(journal->file, sizeof(journal->file), "%s/system.journal", journal->folder);
}

void fake_journal_end(struct fake_journal *journal) {
        char command[128];
        (void)snprintf(command, sizeof(command), "rm -rf %s", journal->folder);
        assert_int_equal(system(command), 0);
}

void fake_journal_append(struct fake_journal *journal, const char *unit, const char *message, unsigned count, uint64_t realtime_us) {
        char command[256];
        (void)snprintf(command, sizeof(command), REMOTE " -o %s - >/dev/null 2>&1", journal->file);
        FILE *pipe = popen(command, "we");
        assert_non_null(pipe);
        for (unsigned i = 0; i < count; i++) {
                assert_true(fprintf(pipe,
                                    "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n_BOOT_ID=%032x\n_MACHINE_ID=%032x\n"
                                    "_SYSTEMD_UNIT=%s\nMESSAGE=%s\n\n",
                                    (unsigned long long)(realtime_us + i), (unsigned long long)journal->tick++, 17U, 18U, unit,
                                    message) > 0);
        }
        assert_int_equal(pclose(pipe), 0);
}

void fake_journal_rotate(struct fake_journal *journal) {
        char name[256];
        (void)snprintf(name, sizeof(name), "%s/system@%016llx.journal", journal->folder, (unsigned long long)journal->tick);
        assert_int_equal(rename(journal->file, name), 0);
}
