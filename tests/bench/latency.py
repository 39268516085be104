#!/usr/bin/env python3
"""From the line that reaches the threshold to the address in the kernel's set: how long, alone and while much else goes on.

    tests/bench/latency.py [--bin build/release] [--samples 300] [--bans 10000] [--mails 1000]

A figure, no test: it is that of this machine with all it does. The time runs from before the write of the line to the moment
in which nft monitor has told of the element, so its own way to this script is part of it.
"""
import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'e2e'))
from harness import case, main, numbered_address, sshd_line, wait_for  # pylint: disable=wrong-import-position
from stage import Stage     # pylint: disable=wrong-import-position

BUSY_S = 5.0        # the other bans and mails are spread over so long
SLICES = 100
MAIL = '''[Definition]
actionban = printf 'Subject: %%s\\n\\n%%s\\n' '<ip>' "<matches>" | sh -c 'sleep 0.02; cat >> {sent}'
'''
JAIL = '[{name}]\nenabled = true\nfilter = sshd\nport = ssh\nlogpath = {log}\naction = {action}\n'


class Watch:
    """Who was added to the set of a jail, and when, as nft monitor tells it."""

    def __init__(self, stage):
        self.seen = {}
        self.monitor = subprocess.Popen(stage.within(stage.host) + ['nft', 'monitor', 'new', 'elements'], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.monitor.kill()
        self.monitor.wait()

    def read(self):
        for line in self.monitor.stdout:
            now = time.monotonic()
            for address in re.findall(r'\d+\.\d+\.\d+\.\d+', line):
                self.seen.setdefault(address, now)


def sample(box, watch, address):
    """Milliseconds until the address is in the set."""
    box.attack(address, 2)
    time.sleep(0.005)
    line = sshd_line(address)
    begin = time.monotonic()
    box.append(line)
    wait_for(lambda: address in watch.seen, f'{address} is banned', pause=0.0005)
    return (watch.seen[address] - begin) * 1000


def told(name, samples):
    samples.sort()
    at = {part: samples[min(len(samples) - 1, int(len(samples) * part))] for part in (0.5, 0.9, 0.99)}
    print(f'     {name}: {len(samples)} bans, median {at[0.5]:.1f} ms, 90 % {at[0.9]:.1f} ms, 99 % {at[0.99]:.1f} ms, worst {samples[-1]:.1f} ms',
          flush=True)


def crowd(box, bans, mails, over):
    """The others: so many attackers of two other jails, spread over BUSY_S."""
    for k in range(SLICES):
        for name, count, first in (('mass.log', bans, 1 << 16), ('mails.log', mails, 0)):
            numbers = range(first + count * k // SLICES, first + count * (k + 1) // SLICES)
            box.append(*(sshd_line(numbered_address(n)) for n in numbers for _ in range(3)), log=box.path(name))
        time.sleep(BUSY_S / SLICES)
    over.set()


@case
def from_the_line_to_the_kernel(box):
    samples, bans, mails = (int(getattr(box.options, name)) for name in ('samples', 'bans', 'mails'))
    for name in ('mass.log', 'mails.log', 'sent'):
        box.write(name, '')
    box.write('etc/action.d/mailed.conf', MAIL.format(sent=box.path('sent')))
    box.jails(JAIL.format(name='mass', log=box.path('mass.log'), action='nftables-multiport[name=mass]')
              + JAIL.format(name='mails', log=box.path('mails.log'), action='mailed'), action='nftables-multiport[name=sshd, port=ssh]')
    with Stage('bench', 22) as stage, Watch(stage) as watch:
        box.start(within=stage.within(stage.host))
        sample_of = (f'203.0.{k >> 8 & 255}.{k & 255}' for k in range(1, 1 << 16))
        box.attack(next(sample_of))
        wait_for(lambda: watch.seen, 'the first ban, which makes the table')
        told('alone', [sample(box, watch, next(sample_of)) for _ in range(samples)])
        over, busy = threading.Event(), []
        others = threading.Thread(target=crowd, args=(box, bans, mails, over))
        others.start()
        while not over.is_set():
            busy.append(sample(box, watch, next(sample_of)))
        others.join()
        told(f'beside {bans} bans and {mails} mails', busy)
        wait_for(lambda: len(box.banned('mass')) == bans and box.read('sent').count('Subject:') == mails, 'all others are done', pause=0.5)
        box.stop()


main(__doc__, samples={'default': '300'}, bans={'default': '10000'}, mails={'default': '1000'})
