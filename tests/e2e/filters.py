#!/usr/bin/env python3
"""The sample lines of the shipped filters (tests/data/filters), through fail2ban-regex."""
import os
import subprocess

from harness import COMMAND_S, TOP, case, expect, main

SAMPLES = os.path.join(TOP, 'tests', 'data', 'filters')
MARK = '~|~'


def sections(path):
    """(options, [(wanted address or -, log line)]) of a samples file."""
    found = []
    with open(path, encoding='utf8') as f:
        for line in f.read().split('\n'):
            if line.startswith('['):
                found.append((line[1:-1], []))
            elif line:
                found[-1][1].append(tuple(line.split('\t', 1)))
    return found


def failures(box, name, options, lines):
    """(address, last line of the failure) of all failures."""
    box.write('samples', ''.join(line + '\n' for line in lines))
    wanted = os.path.join(box.etc, 'filter.d', name + '.conf') + (f'[{options}]' if options else '')
    done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, '-o', f'{MARK}<fid>{MARK}<matches>',
                           box.path('samples'), wanted], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=COMMAND_S, check=False)
    expect(done.returncode == 0, f'{name}[{options}]: {(done.stderr or done.stdout).decode("utf8", "replace")[-500:]}')
    records = done.stdout.decode('utf8', 'replace').split('\n' + MARK)
    records[0] = records[0].removeprefix(MARK)
    return {(record.split(MARK)[0], record.rstrip('\n').split('\n')[-1].split(MARK)[-1]) for record in records if MARK in record}


def make(name):
    """A case for one samples file."""
    def samples(box):
        for options, rows in sections(os.path.join(SAMPLES, name + '.samples')):
            wanted = {(address, line) for address, line in rows if address != '-'}
            seen = failures(box, name, options, [line for _, line in rows])
            expect(seen == wanted, f'[{options}]: missing {sorted(wanted - seen)}, too many {sorted(seen - wanted)}')
    samples.__name__ = name
    return samples


for sample in sorted(os.listdir(SAMPLES)):
    if sample.endswith('.samples'):
        case(make(sample.removesuffix('.samples')))


@case
def every_filter_of_a_jail_has_samples(box):
    shipped = {name.removesuffix('.conf') for name in os.listdir(os.path.join(box.etc, 'filter.d'))
               if name.endswith('.conf') and 'common' not in name}
    sampled = {name.removesuffix('.samples') for name in os.listdir(SAMPLES) if name.endswith('.samples')}
    expect(shipped == sampled, f'without samples: {sorted(shipped - sampled)}; without filter: {sorted(sampled - shipped)}')


main(__doc__)
