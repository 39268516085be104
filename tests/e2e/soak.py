#!/usr/bin/env python3
"""Faults at random for --seconds: processes killed, writes, forks and netlink failing, disk full, clock jumping, logs rotated, reloads.

Each round has addresses of its own. When its faults are over, the kernel's set, the ban book and the database must hold
exactly the addresses that crossed maxretry, each banned once; then the clock goes behind the end of the bans, and each is
unbanned once. The seed is printed: --seed N makes the same choices again. What a kill may cost is what fail2ban's own
restart costs: failures that did not yet ban are counted from new, so attackers whose lines were under way then go on
attacking; and a ban that had not reached the database within its second is made again.
"""
import collections
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import time

from harness import TOP, Skipped, case, expect, in_own_namespaces, main, numbered_address, small_disk, sshd_line, wait_for

SET, TABLE = 'addr-set-sshd', 'f2b-table'
MAXRETRY, BAN_S, FIND_S = 3, 3600, 3600
LAYOUT = '<qIIIIII'             # struct faults of tests/support/faults.c
ADDRESSES = 60                  # of a round; a third of them stays below maxretry
STEPS = 40                      # of a round
DISK = '8m'
QUIET_S = 180                   # bound of each wait: never reached but in vain
STOP_S = 120


class Faults:
    """The file that the library in the server looks at."""

    def __init__(self, path):
        with open(path, 'wb') as f:
            f.write(bytes(struct.calcsize(LAYOUT)))
        os.chmod(path, 0o644)
        self.path = path
        self.clock_us = 0
        self.base_s = 0         # where the clock stands between its jumps: it comes back to it

    def set(self, writes=0, forks=0, netlink=0):
        """Chances in a million."""
        with open(self.path, 'r+b') as f:
            f.write(struct.pack('<qIII', self.clock_us, writes, forks, netlink))

    def counts(self):
        with open(self.path, 'rb') as f:
            return struct.unpack(LAYOUT, f.read())[4:]

    def jump(self, seconds):
        self.clock_us = int((self.base_s + seconds) * 1e6)
        with open(self.path, 'r+b') as f:
            f.write(struct.pack('<q', self.clock_us))

    def now(self):
        return time.time() + self.clock_us / 1e6


class Soak:
    """One server with its faults, from round to round."""

    def __init__(self, box, seed):
        self.box, self.chosen = box, random.Random(seed)
        self.disk = box.path('disk')
        self.number = 0
        self.totals = {}
        self.library()
        self.faults = Faults(box.path('faults'))
        small_disk(self.disk, DISK)
        box.write('etc/fail2ban.local', '[DEFAULT]\n'
                  f'socket = {box.socket}\npidfile = {box.path("f2b.pid")}\ndbfile = {self.disk}/f2b.sqlite3\n'
                  f'logtarget = {self.disk}/f2b.log\nloglevel = INFO\n')
        box.write('etc/action.d/report.local', '[Definition]\nactionban = echo "ban <ip> <restored>" >> <target>\n')
        box.jails('', maxretry=str(MAXRETRY), bantime=str(BAN_S), findtime=str(FIND_S),
                  action=f'report[target="{box.reports}"]\n    nftables[type=allports]')
        self.begin_round()
        self.begin_server()

    def library(self):
        compiler = os.environ.get('CC', 'cc')
        if not shutil.which(compiler):
            raise Skipped('needs a C compiler')
        subprocess.run([compiler, '-shared', '-fPIC', '-D_GNU_SOURCE', '-O1', '-o', self.box.path('faults.so'),
                        os.path.join(TOP, 'tests', 'support', 'faults.c')], check=True)

    def begin_round(self):
        with contextlib.suppress(FileNotFoundError):
            os.truncate(f'{self.disk}/f2b.log', 0)      # the small disk shall not be full of what is over
        self.crossing, self.harmless = [], []
        self.in_flight, self.may_repeat = set(), collections.Counter()
        self.box.write('reports', '')
        self.number += 1

    # the server

    def begin_server(self, after='killed'):
        """Start it as a service manager does: again, until it stays. after: how the one before has ended."""
        end = time.monotonic() + QUIET_S
        self.box.write('reports', f'life {after}\n', 'a')
        while True:
            self.box.start(within=('env', f'LD_PRELOAD={self.box.path("faults.so")}'), wait=False)
            while self.box.server.poll() is None:
                if self.box.answers():
                    return
                expect(time.monotonic() < end, 'the server does not answer')
                time.sleep(0.05)
            expect(time.monotonic() < end, 'the server does not start')
            time.sleep(0.1)

    def patient(self, *words):
        """A command that must succeed in the end, whatever dies meanwhile."""
        return wait_for(lambda: self.try_command(words), f'{" ".join(words)} is answered', QUIET_S)

    def try_command(self, words):
        status, text = self.box.client(*words)
        return text or ' ' if status == 0 else None

    def stored(self):
        """The addresses that the database holds. A copy is read: the server may have the file for itself."""
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, 'db')
            for end in ('', '-wal'):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(f'{self.disk}/f2b.sqlite3{end}', copy + end)
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(copy)) as db:
                return {row[0] for row in db.execute("SELECT ip FROM bips WHERE jail = 'sshd'")}
        return set()

    def kernel(self):
        done = subprocess.run(['nft', '-j', 'list', 'set', 'inet', TABLE, SET], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False)
        if done.returncode:
            return None
        elements = [item['set'].get('elem', []) for item in json.loads(done.stdout)['nftables'] if 'set' in item][0]
        found = set()
        for element in elements:
            element = element.get('elem', {}).get('val', element) if isinstance(element, dict) else element
            found.add(json.dumps(element) if isinstance(element, dict) else element)
        return found

    def reported(self):
        """The addresses of new bans, in order."""
        return [line.split()[1] for line in self.box.read('reports').split('\n') if line.startswith('ban ') and line.endswith(' 0')]

    def lives(self):
        """What each server did to each address: [{address: [word, ...]}, ...], the present one last."""
        lives, killed = [{}], False
        for line in self.box.read('reports').split('\n'):
            words = line.split()
            if line.startswith('life'):
                lives.append({})
                killed = words[-1] == 'killed'
            elif words and words[0] in ('ban', 'unban'):
                done = lives[-1].get(words[1], [])
                is_late = line.endswith(' 1') or (len(lives) > 2 and words[1] in self.in_flight)
                if words[0] == 'ban' and is_late and done == ['ban']:
                    continue    # one of the two is a command of the server before, which was killed, and has ended late
                is_extra = words[0] == 'unban' and done != ['ban']
                life = self.unban_of(lives, words[1]) if killed and is_extra else lives[-1]
                life.setdefault(words[1], []).append(words[0])
        return lives

    def unban_of(self, lives, address):
        """The life of the unban that the present server has no ban for: one before it, if that banned and was killed when it lifted."""
        before = next((life for life in reversed(lives[:-1]) if address in life), {})
        return before if before.get(address) == ['ban'] else lives[-1]

    def unbanned(self):
        """Whose last word, whichever server said it, is unban."""
        last = {}
        for life in self.lives():
            last.update({address: words[-1] for address, words in life.items()})
        return {address for address, word in last.items() if word == 'unban'}

    # what happens at random

    def step_lines(self):
        """Some attackers at once, their lines mixed, among daily life."""
        lines = []
        for _ in range(self.chosen.randrange(1, 6)):
            if len(self.crossing) + len(self.harmless) >= ADDRESSES:
                break
            address = numbered_address(self.number % 250 << 8 | len(self.crossing) + len(self.harmless))
            is_harmless = self.chosen.random() < 1 / 3
            (self.harmless if is_harmless else self.crossing).append(address)
            lines += [sshd_line(address, when=self.faults.now()) for _ in range(MAXRETRY - is_harmless)]
        self.chosen.shuffle(lines)
        self.box.append(*lines)

    def step_kill_child(self):
        name = self.chosen.choice(('stockade-scanner', 'stockade-front'))
        pid = self.box.children().get(name)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, self.chosen.choice((signal.SIGKILL, signal.SIGSEGV)))

    def note_loss(self):
        """What the server has not yet done for good when it is gone."""
        unstored = set(self.crossing) - self.stored()     # reported or not: the command may still be running
        self.may_repeat.update(unstored)
        self.in_flight |= unstored | set(self.crossing) - set(self.reported())

    def step_kill_server(self):
        self.box.server.kill()
        self.box.server.wait()
        self.note_loss()
        self.begin_server()

    def step_restart(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.box.client('stop')
            self.box.server.wait(STOP_S)
        expect(self.box.server.poll() is not None, 'the server does not stop')
        self.note_loss()
        self.begin_server('stopped')

    def step_faults(self):
        """Half of the writes and netlink requests fail at worst; forks less often, or a child stays away for longer than a command waits."""
        self.faults.set(*(self.chosen.choice((0, 0, 20000, 200000, worst)) for worst in (500000, 200000, 500000)))

    def step_no_faults(self):
        self.faults.set()

    def step_fill_disk(self):
        with contextlib.suppress(OSError), open(os.path.join(self.disk, 'fill'), 'ab', buffering=0) as f:
            while True:
                f.write(bytes(4096))

    def step_clear_disk(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.disk, 'fill'))

    def step_jump(self):
        self.faults.jump(self.chosen.choice((0, 60, 600, -60, -600, self.chosen.uniform(-900, 900))))

    def holds_log(self):
        """Whether the server has the present log open. Nobody rotates twice within a moment: of a log that comes and goes unseen, nothing can be read."""
        with contextlib.suppress(OSError):
            return any(os.path.samefile(f'/proc/{self.box.server.pid}/fd/{fd}', self.box.log)
                       for fd in os.listdir(f'/proc/{self.box.server.pid}/fd') if os.path.exists(f'/proc/{self.box.server.pid}/fd/{fd}'))
        return False

    def step_rename(self):
        wait_for(lambda: self.box.server.poll() is not None or self.holds_log(), 'the server has the log open', QUIET_S)
        os.rename(self.box.log, self.box.log + '.1')
        self.box.write('auth.log', '')

    def step_copytruncate(self):
        """Its own race loses what was not read yet: those attackers go on."""
        shutil.copyfile(self.box.log, self.box.log + '.copy')       # not over a rotated log, which may still be read
        self.in_flight |= set(self.crossing) - set(self.reported())
        os.truncate(self.box.log, 0)

    def step_reload(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.box.client('reload')

    def step_flushlogs(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.box.client('flushlogs')

    STEPS = {
        step_lines: 14, step_kill_child: 6, step_kill_server: 2, step_restart: 1, step_faults: 4, step_no_faults: 3,
        step_fill_disk: 2, step_clear_disk: 2, step_jump: 3, step_rename: 2, step_copytruncate: 1, step_reload: 2,
        step_flushlogs: 1,
    }

    def disturb(self, steps, but=()):
        """Take this many steps at random."""
        table = {step: weight for step, weight in self.STEPS.items() if step not in but}
        for _ in range(steps):
            step = self.chosen.choices(list(table), list(table.values()))[0]
            self.totals[step.__name__] = self.totals.get(step.__name__, 0) + 1
            step(self)
            time.sleep(self.chosen.uniform(0, 0.15))

    def calm(self):
        self.faults.set()
        self.faults.jump(0)
        self.step_clear_disk()
        if self.box.server.poll() is not None:
            self.note_loss()
            self.begin_server()

    # what must hold

    def differ(self, what, seen, wanted):
        seen, wanted = set(seen or ()), set(wanted)
        return f'{what}: {len(wanted - seen)} missing {sorted(wanted - seen)[:5]}, {len(seen - wanted)} too much {sorted(seen - wanted)[:5]}'

    def settle(self, what, seen, wanted):
        """Wait until seen() is what is wanted."""
        wanted = set(wanted)
        end = time.monotonic() + QUIET_S
        while set(now := seen() or ()) != wanted:
            expect(time.monotonic() < end, lambda: self.differ(what, now, wanted))
            time.sleep(0.1)

    def agree(self, wanted):
        self.settle('banned', lambda: self.box.banned(), wanted)
        self.settle('kernel', self.kernel, wanted)

    def round(self):
        self.disturb(STEPS)
        self.calm()
        self.settle('banned without another attack', lambda: set(self.reported()) - self.in_flight,
                    set(self.crossing) - self.in_flight)
        again = sorted(self.in_flight - set(self.box.banned()))
        self.box.append(*(sshd_line(a, when=self.faults.now()) for a in again for _ in range(MAXRETRY)))
        self.agree(self.crossing)
        self.settle('database', lambda: self.stored() & set(self.crossing), self.crossing)
        times = self.reported()
        for address in self.crossing:
            # A ban that was stored but not reported when the server was killed is made as a restored one.
            least, most = int(address not in self.in_flight), 1 + self.may_repeat[address]
            expect(least <= times.count(address) <= most, f'{address} was banned {times.count(address)} times, not {least} to {most}')
        wrong = set(times) - set(self.crossing)
        expect(not wrong, f'banned though they did not cross maxretry: {sorted(wrong)}')
        self.end_bans()

    def end_bans(self):
        """Time goes by; what dies meanwhile must not matter."""
        self.faults.base_s += BAN_S + 1800
        self.faults.jump(0)
        others = (Soak.step_lines, Soak.step_restart, Soak.step_jump, Soak.step_kill_server)
        self.disturb(3, but=others)
        if self.chosen.random() < 0.5:      # once: its successor has to come to lifting what ended
            if self.chosen.random() < 0.5:  # in the middle of it
                self.calm()
                wait_for(lambda: self.unbanned() & set(self.crossing), 'something is unbanned', QUIET_S)
            self.step_kill_server()
        self.disturb(3, but=others)
        self.calm()
        self.agree(())
        self.settle('unbanned', lambda: self.unbanned() & set(self.crossing), self.crossing)
        for life in self.lives():
            odd = {address: words for address, words in life.items()
                   if address in self.crossing and words not in (['ban'], ['ban', 'unban'])}
            expect(not odd, f'not banned once and unbanned once: {odd}')


@case
def faults_at_random_lose_nothing(box):
    seed = int(box.options.seed) or random.SystemRandom().randrange(1, 1 << 30)
    print(f'     seed {seed}', flush=True)
    end = time.monotonic() + float(box.options.seconds)
    soak = Soak(box, seed)
    while True:
        try:
            soak.round()
        except BaseException:
            sizes = {entry.name: entry.stat().st_size for entry in os.scandir(soak.disk)}
            print(f'     round {soak.number} of seed {seed}; free: {shutil.disk_usage(soak.disk).free}; {sizes}', flush=True)
            box.write('f2b.log', open(os.path.join(soak.disk, 'f2b.log'), encoding='utf8', errors='replace').read()[-200000:])
            raise
        if time.monotonic() >= end:
            break
        soak.begin_round()
    print(f'     {soak.number} rounds; failed writes, forks, netlink requests: {soak.faults.counts()}; '
          + ', '.join(f'{count} {name[5:]}' for name, count in sorted(soak.totals.items())), flush=True)
    expect(soak.box.stop() == 0, 'the server stops with status 0')


in_own_namespaces()
main(__doc__, seconds={'default': '60', 'help': 'how long to go on (a round is finished)'},
     seed={'default': '0', 'help': 'of the choices; 0: any'})
