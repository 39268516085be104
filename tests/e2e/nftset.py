#!/usr/bin/env python3
"""The action nftset: the kernel knows when bans end, so they hold and end without the server, and nothing opens at a restart."""
import os
import re
import signal
import socket
import threading
import time

from harness import Skipped, case, expect, main, numbered_address, wait_for
from stage import FAMILIES, Stage, StageError

A4, A6, NET4, NET6 = '203.0.113.5', '2001:db8::5', '198.51.100.0/24', '2001:db8:1::/48'
SETS = {A4: 'addr-set-sshd', A6: 'addr6-set-sshd', NET4: 'addr-set-sshd-net', NET6: 'addr6-set-sshd-net'}


def is_open(path):
    """Whether somebody holds the socket: a child that was just forked may, for a moment."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
            return True
        except OSError:
            return False


class Kernel:
    """A namespace in which the server uses nftset."""

    def __init__(self, box, options='', **jail):
        self.box = box
        self.stage = Stage('e2en', 22)
        box.jails('', action=f'nftset[type=allports, protocol=tcp{options}]', **jail)

    def __enter__(self):
        try:
            self.stage.__enter__()
        except StageError as e:
            raise Skipped(f'no namespaces or nftables: {e}') from e
        self.start()
        return self

    def __exit__(self, *_):
        self.box.kill_group()
        self.stage.down()

    def start(self):
        """Start the server, and wait for its jail: what is banned before that is restored, with an end of its own."""
        def started():
            return self.box.read('f2b.log').count("Jail 'sshd' started")
        before = started()
        self.box.start(within=self.stage.within(self.stage.host))
        wait_for(lambda: started() > before, 'the jail has started')

    def kill(self):
        os.killpg(self.box.server.pid, signal.SIGKILL)
        self.box.server.wait()
        wait_for(lambda: not is_open(self.box.socket), 'nobody holds the socket')

    def nft(self, *words):
        return self.stage.inside(self.stage.host, 'nft', *words, check=False)

    def left(self, address):
        """Seconds until the kernel takes the address out: None if it is not there, 0 if never."""
        listed = self.nft('list', 'set', 'inet', 'f2b-table', SETS.get(address, 'addr-set-sshd'))
        found = re.search(rf'(?<![\w.:]){re.escape(address)}(?![\w.:/])([^,}}]*)', listed)
        if not found:
            return None
        expires = re.search(r'expires (\S+)', found.group(1))
        parts = re.findall(r'(\d+)(ms|[dhms])', expires.group(1)) if expires else []
        return sum(int(number) * {'d': 86400, 'h': 3600, 'm': 60, 's': 1, 'ms': 0.001}[unit] for number, unit in parts)

    def is_held(self, *addresses):
        return all(self.left(address) is not None for address in addresses)


@case
def bans_have_their_end_in_the_kernel(box):
    with Kernel(box, bantime='1h') as kernel:
        box.ask('set', 'sshd', 'banip', A4, A6, NET4, NET6)
        wait_for(lambda: kernel.is_held(A4, A6, NET4, NET6), 'all stand in their sets')
        for address in SETS:
            expect(3400 < kernel.left(address) <= 3601, f'{address}: {kernel.left(address)} s left')
        expect(box.ask('get', 'sshd', 'action', 'nftset', 'hooked') == 'True', 'hooked')
        box.ask('set', 'sshd', 'bantime', '7200')
        wait_for(lambda: all(7000 < (kernel.left(a) or 0) <= 7201 for a in SETS), 'ends move with the ban time')
        box.ask('set', 'sshd', 'unbanip', A4, NET6)
        wait_for(lambda: not kernel.is_held(A4) and not kernel.is_held(NET6), 'unbanned')
        kernel.nft('delete', 'element', 'inet', 'f2b-table', SETS[NET4], '{', NET4, '}')
        wait_for(lambda: kernel.is_held(NET4), 'what others take out comes back')
        box.ask('set', 'sshd', 'bantime', '-1')
        box.ask('set', 'sshd', 'banip', A4)
        wait_for(lambda: kernel.is_held(A4) and kernel.left(A4) == 0, 'a ban for ever has no end')
        box.ask('unban', '--all')
        wait_for(lambda: not any(kernel.is_held(a) for a in SETS), 'all are lifted')
        expect(' ERROR ' not in box.read('f2b.log'), lambda: box.read('f2b.log'))
        expect(box.stop() == 0, 'stop')
        expect('f2b-table' not in kernel.stage.ruleset(), f'stop leaves nothing behind: {kernel.stage.ruleset()}')


@case
def the_kernel_refuses_them(box):
    with Kernel(box) as kernel:
        for family, who in FAMILIES.items():
            expect(kernel.stage.call('attacker', family) == 'connected', f'IPv{family}: connects before')
            net = re.sub(r'[0-9a-f]+$', '64/26' if family == 4 else '60/124', who['attacker'])
            for banned in (who['attacker'], net):
                box.ask('set', 'sshd', 'banip', banned)
                wait_for(lambda: kernel.stage.call('attacker', family) != 'connected', f'refused by {banned}')   # pylint: disable=cell-var-from-loop
                box.ask('set', 'sshd', 'unbanip', banned)
                wait_for(lambda: kernel.stage.call('attacker', family) == 'connected', f'free of {banned}')      # pylint: disable=cell-var-from-loop


@case
def bans_outlive_a_killed_server_and_end_without_it(box):
    with Kernel(box, bantime='1h') as kernel:
        begin = time.monotonic()
        box.ask('set', 'sshd', 'banip', A4, A6)
        wait_for(lambda: kernel.is_held(A4, A6), 'banned')
        lasts = int(time.monotonic() - begin) + 10      # from the ban on: ten seconds from now
        box.ask('set', 'sshd', 'bantime', str(lasts))
        wait_for(lambda: all((kernel.left(a) or 0) <= lasts for a in (A4, A6)), 'the ends are near')
        kernel.kill()
        expect(kernel.is_held(A4, A6) or time.monotonic() - begin > lasts - 1, 'still there')
        wait_for(lambda: not kernel.is_held(A4) and not kernel.is_held(A6), 'they end by themselves')


@case
def a_restart_takes_the_sets_over_without_a_gap(box):
    with Kernel(box, ', keeponstop=true', bantime='1h') as kernel:
        many = [numbered_address(number) for number in range(300)]
        box.ask('set', 'sshd', 'banip', A4, NET4, *many)
        wait_for(lambda: kernel.is_held(A4, NET4, many[-1]), 'banned')
        box.ask('set', 'sshd', 'unbanip', many[0])
        wait_for(lambda: not kernel.is_held(many[0]), 'one is unbanned')
        gaps, over = [], threading.Event()

        def look():
            while not over.is_set():
                rules = kernel.stage.ruleset()
                if A4 not in rules or NET4 not in rules or '@addr-set-sshd ' not in rules or '@addr-set-sshd-net ' not in rules:
                    gaps.append(rules)
        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            expect(box.stop() == 0, 'stop')
            kernel.start()
            kernel.kill()
            kernel.start()
            wait_for(lambda: sorted(box.banned()) == sorted([A4, NET4, *many[1:]]), 'all bans are known again')
            wait_for(lambda: kernel.is_held(*many[-3:]), 'and in the kernel')
        finally:
            over.set()
            watcher.join()
        expect(not gaps, lambda: f'a moment without: {gaps[0][:2000]}')
        rules = kernel.stage.ruleset()
        expect(rules.count('@addr-set-sshd ') == 1, f'the rule is there once: {rules[:3000]}')
        box.ask('stop', 'sshd')
        wait_for(lambda: 'f2b-table' not in kernel.stage.ruleset(), 'a jail that is stopped alone lifts its bans')


@case
def thousands_go_together(box):
    with Kernel(box, bantime='1h') as kernel:
        many = [numbered_address(number) for number in range(5000)]
        for first in range(0, len(many), 500):
            box.ask('set', 'sshd', 'banip', *many[first:first + 500])
        wait_for(lambda: kernel.is_held(many[0], many[2500], many[-1]), 'banned')
        box.ask('set', 'sshd', 'bantime', '1')
        wait_for(lambda: box.banned() == [], 'all end in the same second')
        wait_for(lambda: len(kernel.nft('list', 'set', 'inet', 'f2b-table', 'addr-set-sshd')) < 300, 'the set is empty')
        wait_for(lambda: box.read('f2b.log').count(' Unban ') >= len(many), 'it is told')
        log = [line for line in box.read('f2b.log').split('\n') if ' Unban ' in line]
        expect(sorted(line.split()[-1] for line in log) == sorted(many), 'each was unbanned once')
        expect(' ERROR ' not in box.read('f2b.log'), 'no errors')


main(__doc__)
