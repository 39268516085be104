#!/usr/bin/env python3
"""What a log costs twenty jails, beside what it costs one: CPU of all processes, from the write to the last count.

    tests/bench/jails.py [--bin build/release] [--lines 400000] [--runs 3] [--json FILE]

The log is sshd's, with few attack lines, some, and nearly nothing else; nineteen more jails of services that write to syslog follow it.
A figure, no test: it is that of this machine with all it does.
"""
import json
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'e2e'))
from harness import Failed, case, main, numbered_address    # pylint: disable=wrong-import-position

SHARES = (0.01, 0.2, 0.95)
OTHERS = ('dropbear', 'pam-generic', 'postfix', 'postfix-rbl', 'postfix-sasl', 'dovecot', 'sieve', 'cyrus-imap', 'courier-auth',
          'courier-smtp', 'sendmail-auth', 'sendmail-reject', 'proftpd', 'pure-ftpd', 'vsftpd', 'wuftpd', 'named-refused',
          'xinetd-fail', 'perdition')
ATTACK = ('Failed password for root from {address} port 40000 ssh2',
          'Invalid user admin from {address} port 40000',
          'Failed password for invalid user admin from {address} port 40000 ssh2',
          'Connection closed by authenticating user root {address} port 40000 [preauth]',
          'Received disconnect from {address} port 40000:11: Bye Bye [preauth]')
QUIET = ('CRON[{pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
         'systemd[1]: Started Session {pid} of user alice.',
         'kernel: [ 1234.{pid}] eth0: link becomes ready',
         'sshd[{pid}]: Accepted publickey for alice from 198.51.100.7 port 41000 ssh2: ED25519 SHA256:abcd',
         'dhclient[{pid}]: bound to 192.0.2.10 -- renewal in 3000 seconds.')
QUIET_S, TURNS_MAX, MAXRETRY = 0.6, 100, 10 ** 6


def log_of(share, lines):
    """So many lines of the last two minutes; the same each time, but for the times."""
    choice = random.Random(7)
    begin = time.time() - 120
    stamps = [time.strftime('%b %d %H:%M:%S gate ', time.localtime(begin + second)) for second in range(121)]
    parts = []
    for number in range(lines):
        words = {'pid': 1000 + number % 30000, 'address': numbered_address(choice.randrange(max(1000, lines // 20)))}
        text = 'sshd[{pid}]: ' + choice.choice(ATTACK) if choice.random() < share else choice.choice(QUIET)
        parts.append(stamps[number * 120 // lines] + text.format(**words))
    return '\n'.join(parts) + '\n'


def cpu_ms(box):
    """Of all processes of the server."""
    total = 0
    for pid in [box.server.pid, *box.children().values()]:
        with open(f'/proc/{pid}/schedstat', encoding='ascii') as f:
            total += int(f.read().split()[0])
    return total / 1e6


def quiet_cpu_ms(box):
    """The same, when nothing is done any more."""
    for _ in range(TURNS_MAX):
        before = cpu_ms(box)
        time.sleep(QUIET_S)     # what is measured is CPU, not how long it takes
        now = cpu_ms(box)
        if now - before < 1:
            return now
    raise Failed('the server does not come to rest')


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


def spread(samples):
    return {'median': statistics.median(samples), 'min': min(samples), 'max': max(samples)}


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
    if box.options.json:
        with open(box.options.json, 'w', encoding='utf8') as f:
            json.dump({'jails': rows}, f, indent=1)


if __name__ == '__main__':
    main(__doc__, lines={'type': int, 'default': 400000}, runs={'type': int, 'default': 3}, json={'metavar': 'FILE'})
