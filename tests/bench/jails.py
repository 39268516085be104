#!/usr/bin/env python3
"""What a log costs twenty jails, beside what it costs one: CPU of all processes, from the write to the last count.

    tests/bench/jails.py [--bin build/release] [--lines 400000] [--runs 3] [--json FILE]

The log is sshd's, with few attack lines, some, and nearly nothing else; nineteen more jails of services that write to syslog follow it.
A figure, no test: it is that of this machine with all it does.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'e2e'))
from harness import case, main    # pylint: disable=wrong-import-position

from cost import MAXRETRY, keep, log_of, quiet_cpu_ms, spread    # pylint: disable=wrong-import-position

SHARES = (0.01, 0.2, 0.95)
OTHERS = ('dropbear', 'pam-generic', 'postfix', 'postfix-rbl', 'postfix-sasl', 'dovecot', 'sieve', 'cyrus-imap', 'courier-auth',
          'courier-smtp', 'sendmail-auth', 'sendmail-reject', 'proftpd', 'pure-ftpd', 'vsftpd', 'wuftpd', 'named-refused',
          'xinetd-fail', 'perdition')


def measure(box, log, jails):
    """CPU of the log in ms, and what sshd's jail counted."""
    others = ''.join(f'[{name}]\nenabled = true\nlogpath = {box.log}\n' for name in OTHERS[:jails - 1])
    box.write('auth.log', '')
    box.jails(others, backend='polling', action='', maxretry=str(MAXRETRY))
    box.start()
    before = quiet_cpu_ms(box)
    box.append(log)
    after = quiet_cpu_ms(box)
    counted = box.count('Total failed')
    box.stop()
    return after - before, counted


@case
def twenty_jails_beside_one(box):
    lines, rows = box.options.lines, []
    for share in SHARES:
        costs, counts = {1: [], 1 + len(OTHERS): []}, set()
        for _ in range(box.options.runs):
            log = log_of(share, lines)
            for jails, samples in costs.items():
                ms, counted = measure(box, log, jails)
                samples.append(ms * 1000 / lines)
                counts.add(counted)
        one, all_of_them = (spread(samples) for samples in costs.values())
        ratio = all_of_them['median'] / one['median']
        rows.append({'case': f'20 jails on one log, {share * 100:.0f} % attacks', 'figure': 'CPU per line', 'unit': 'us',
                     'one': one, 'twenty': all_of_them, 'times': ratio, 'failures': sorted(counts)})
        print(f'{rows[-1]["case"]:40} one jail {one["median"]:.3f} us a line, twenty {all_of_them["median"]:.3f} us: '
              f'{ratio:.2f} times; failures of sshd {sorted(counts)}', flush=True)
    keep(box, 'jails', rows)


if __name__ == '__main__':
    main(__doc__, lines={'type': int, 'default': 400000}, runs={'type': int, 'default': 3}, json={'metavar': 'FILE'})
