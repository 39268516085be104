#!/usr/bin/env python3
"""What a steady log costs: each wake-up, and each line beyond it. CPU of all processes.

    tests/bench/steady.py [--bin build/release] [--seconds 10] [--runs 3] [--json FILE]

Every fiftieth of a second some lines are written at once, a fifth of them attacks: 10, which makes 500 a second, and in another server
50. Both wake up as often, so that the difference is that of the lines. A figure, no test: it is that of this machine with all it does.
"""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'e2e'))
from harness import case, expect, main    # pylint: disable=wrong-import-position

from cost import MAXRETRY, keep, log_of, quiet_cpu_ms, spread    # pylint: disable=wrong-import-position

BACKENDS = ('polling', 'pyinotify')
WRITES_S, FEW, MANY, SHARE = 50, 10, 50, 0.2


def measure(box, backend, each, seconds):
    """CPU in ms of so many seconds with so many lines a write, that of an idle server taken off."""
    writes = seconds * WRITES_S
    lines = log_of(SHARE, writes * each).splitlines(keepends=True)
    box.write('auth.log', '')
    box.jails('', backend=backend, action='', maxretry=str(MAXRETRY))
    box.start()
    box.append(*lines[:each])   # what is made at the first lines is made
    idle = quiet_cpu_ms(box)
    time.sleep(seconds)
    before = quiet_cpu_ms(box)
    begin = time.monotonic()
    for number in range(writes):
        box.append(*lines[number * each:(number + 1) * each])
        time.sleep(max(0.0, begin + (number + 1) / WRITES_S - time.monotonic()))
    after = quiet_cpu_ms(box)
    failures = box.count('Total failed')
    expect(failures > len(lines) * SHARE / 4, f'{failures} failures of {len(lines)} lines')
    box.stop()
    return after - before - (before - idle)


@case
def wake_ups_and_lines(box):
    seconds, rows = box.options.seconds, []
    for backend in BACKENDS:
        costs = {FEW: [], MANY: []}
        for _ in range(box.options.runs):
            for each, samples in costs.items():
                samples.append(measure(box, backend, each, seconds) * 1000 / (seconds * WRITES_S))      # us a write
        few, many = (statistics.median(costs[each]) for each in (FEW, MANY))
        line = (many - few) / (MANY - FEW)
        rows.append({'case': f'steady {FEW * WRITES_S} lines/s, {backend}', 'write': few - FEW * line, 'line': line,
                     'all': few / FEW, 'few': spread(costs[FEW]), 'many': spread(costs[MANY])})
        print(f'{rows[-1]["case"]:36} a wake-up {rows[-1]["write"]:.1f} us, a line beyond it {line:.2f} us; '
              f'in all {few / FEW:.2f} us a line', flush=True)
    keep(box, 'steady', rows)


if __name__ == '__main__':
    main(__doc__, seconds={'type': int, 'default': 10}, runs={'type': int, 'default': 3}, json={'metavar': 'FILE'})
