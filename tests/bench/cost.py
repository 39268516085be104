"""What the benchmarks of this folder share: a log, and the CPU of a server's processes."""
import json
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'e2e'))
from harness import Failed, numbered_address    # pylint: disable=wrong-import-position

MAXRETRY = 10 ** 6      # nobody is banned: what is measured is the way to there
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
QUIET_S, TURNS_MAX = 0.6, 100


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


def spread(samples):
    return {'median': statistics.median(samples), 'min': min(samples), 'max': max(samples)}


def keep(box, name, rows):
    """For tests/bench/report.py, if --json says where."""
    if box.options.json:
        with open(box.options.json, 'w', encoding='utf8') as f:
            json.dump({name: rows}, f, indent=1)
