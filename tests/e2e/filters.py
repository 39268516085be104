#!/usr/bin/env python3
"""The sample lines of the shipped filters (config/filter.d/tests), through fail2ban-regex, and what its --check says of them."""
import os
import re
import subprocess

import samples
from harness import COMMAND_S, case, expect, main

# What filter.d/common.conf knows besides a file of syslog.
LOGTYPES = ('short', 'journal', 'rfc5424')


def variants(box, name):
    """The options with which a filter is tried: those of its samples, each of its modes, and each form of a line's beginning."""
    text = box.read(f'etc/filter.d/{name}.conf')
    options = [options for options, _ in samples.sections(name)]
    options += [f'mode={mode}' for mode in re.findall(r'^mdre-(\w+) =', text, re.MULTILINE)]
    options += [f'logtype={kind}' for kind in LOGTYPES if re.search(r'^before = common\.conf$', text, re.MULTILINE)]
    return dict.fromkeys(options)


def judge(box, name, options):
    """fail2ban-regex --check knows no line that fools or stalls the filter."""
    done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, '--check', f'{name}[{options}]'],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=5 * COMMAND_S, check=False)
    expect(done.returncode == 0, lambda: f'[{options}]: ' + (done.stdout + done.stderr).decode('utf8', 'replace').strip())


def make(name):
    """A case for one samples file."""
    def check(box):
        for options, rows in samples.sections(name):
            wanted = {(row.wanted, row.line) for row in rows if row.wanted != '-'}
            seen = samples.failures(box, name, options, [row.line for row in rows])
            expect(seen == wanted, f'[{options}]: missing {sorted(wanted - seen)}, too many {sorted(seen - wanted)}')
        for options in variants(box, name):
            judge(box, name, options)
    check.__name__ = name
    return check


for sample in samples.names():
    case(make(sample))


@case
def every_filter_of_a_jail_has_samples(box):
    shipped = {name.removesuffix('.conf') for name in os.listdir(os.path.join(box.etc, 'filter.d'))
               if name.endswith('.conf') and 'common' not in name}
    sampled = set(samples.names())
    expect(shipped == sampled, f'without samples: {sorted(shipped - sampled)}; without filter: {sorted(sampled - shipped)}')


main(__doc__)
