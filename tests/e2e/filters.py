#!/usr/bin/env python3
"""The sample lines of the shipped filters (config/filter.d/tests), through fail2ban-regex."""
import os

import samples
from harness import case, expect, main


def make(name):
    """A case for one samples file."""
    def check(box):
        for options, rows in samples.sections(name):
            wanted = {(row.wanted, row.line) for row in rows if row.wanted != '-'}
            seen = samples.failures(box, name, options, [row.line for row in rows])
            expect(seen == wanted, f'[{options}]: missing {sorted(wanted - seen)}, too many {sorted(seen - wanted)}')
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
