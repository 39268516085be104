#!/usr/bin/env python3
"""The systemd journal as a source: journals are made by systemd-journal-remote, or by a journald of the case's own."""
import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import uuid

from harness import COMMAND_S, CONNECTIONS, PATIENCE_S, Skipped, case, expect, main, numbered_address, wait_for
from room import Room

MACHINE = '0123456789abcdef0123456789abcdef'
REMOTE = '/lib/systemd/systemd-journal-remote'
BURST = 20000
BURST_S = 300
KILLS = 6


class Journal:
    """A folder with journal files; entries are appended to the present one."""

    def __init__(self, box, name='journal'):
        if not os.path.exists(REMOTE):
            raise Skipped('systemd-journal-remote is not installed')
        if not supported(box):
            raise Skipped('built without libsystemd')
        self.folder = box.path(name)
        os.mkdir(self.folder)
        self.file = os.path.join(self.folder, 'system.journal')
        self.boot, self.machine, self.tick = uuid.uuid4().hex, uuid.uuid4().hex, 1000000

    def entry(self, message, comm='sshd', unit='ssh.service', when=None, **more):
        """One entry in the export format."""
        self.tick += 1
        when = time.time() if when is None else when
        fields = {'__REALTIME_TIMESTAMP': int(when * 1000000), '__MONOTONIC_TIMESTAMP': self.tick, '_BOOT_ID': self.boot,
                  '_MACHINE_ID': self.machine, '_HOSTNAME': 'host', '_COMM': comm, '_SYSTEMD_UNIT': unit,
                  'SYSLOG_IDENTIFIER': comm, '_PID': next(CONNECTIONS), '_TRANSPORT': 'syslog', 'MESSAGE': message, **more}
        return ''.join(f'{k}={v}\n' for k, v in fields.items()) + '\n'

    def failed(self, address, **more):
        """A failed login of sshd."""
        return self.entry(f'Failed password for root from {address} port 50000 ssh2', **more)

    def append(self, *entries):
        """Write the entries, as journald would own them."""
        subprocess.run([REMOTE, '-o', self.file, '-'], input=''.join(entries).encode(), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=COMMAND_S)
        for name in os.listdir(self.folder):
            with contextlib.suppress(LookupError):
                shutil.chown(os.path.join(self.folder, name), group='systemd-journal')
            os.chmod(os.path.join(self.folder, name), 0o640)

    def rotate(self):
        """What journald does: the file gets another name, entries go to a new one."""
        os.rename(self.file, os.path.join(self.folder, f'system@{uuid.uuid4().hex}-{self.tick:016x}-{self.tick:016x}.journal'))


def supported(box):
    """Whether the programs were built with libsystemd."""
    out = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), 'systemd-journal[journalfiles=/nonexistent]', 'x <HOST>'],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=COMMAND_S).stdout
    return b'library not found' not in out


def jail(name, journal, match='', more=''):
    """A section of jail.local."""
    return (f'[{name}]\nenabled = true\nfilter = sshd\nbackend = systemd[journalpath="{journal.folder}"]\n'
            + (f'journalmatch = {match}\n' if match else '') + more)


def children(box):
    """Process ids of the scanners that read journals."""
    found = []
    for entry in os.listdir('/proc'):
        with contextlib.suppress(OSError, ValueError):
            with open(f'/proc/{int(entry)}/cmdline', 'rb') as line, open(f'/proc/{entry}/stat', encoding='utf8') as stat:
                if b'--journal' in line.read() and int(stat.read().rsplit(')', 1)[1].split()[1]) == box.server.pid:
                    found.append(int(entry))
    return found


@case
def old_and_new_entries_ban(box):
    journal = Journal(box)
    now = time.time()
    journal.append(*(journal.failed('203.0.113.1', when=now - 7200 + i) for i in range(3)),
                   *(journal.failed('203.0.113.2', when=now - 600 + i) for i in range(3)))
    box.jails(jail('sshd-journal', journal), sshd='false')
    box.start()
    wait_for(lambda: box.banned('sshd-journal') == ['203.0.113.2'], 'what failed within findtime is banned')
    wait_for(lambda: '[sshd-journal] Jail is in operation now (process new journal entries)' in box.read('f2b.log'), 'in operation')
    journal.append(*(journal.failed('203.0.113.3') for _ in range(3)))
    wait_for(lambda: '203.0.113.3' in box.banned('sshd-journal'), 'what fails now is banned')
    expect('203.0.113.1' not in box.banned('sshd-journal'), 'an entry older than findtime counts')
    status = box.ask('status', 'sshd-journal')
    expect('Journal matches:\t' in status and '_SYSTEMD_UNIT=ssh' in status, status)
    log = box.read('f2b.log')
    expect("Initiated 'systemd' backend" in log, 'no line about the backend')
    expect("[sshd-journal] Added journal match for: '" in log, 'no line about the match')
    expect(box.stop() == 0, 'stops')
    rows = sqlite3.connect(box.path('f2b.sqlite3')).execute("SELECT lastfilepos, firstlinemd5 FROM logs WHERE path='systemd-journal'").fetchall()
    expect(len(rows) == 1 and abs(rows[0][0] - time.time()) < 3600, f'position in the database: {rows}')
    expect(re.match(r'\d{4}-\d\d-\d\dT', rows[0][1]), f'time in the database: {rows}')


@case
def jails_share_a_reader_and_see_their_own(box):
    journal = Journal(box)
    journal.append(journal.entry('nothing'))
    box.jails(jail('one', journal, '_COMM=one') + jail('two', journal, '_COMM=two + _SYSTEMD_UNIT=second.service'), sshd='false')
    box.start()
    journal.append(*(journal.failed('203.0.113.1', comm='one', SYSLOG_IDENTIFIER='sshd') for _ in range(3)),
                   *(journal.failed('203.0.113.2', comm='two', SYSLOG_IDENTIFIER='sshd') for _ in range(3)),
                   *(journal.failed('203.0.113.3', comm='x', unit='second.service', SYSLOG_IDENTIFIER='sshd') for _ in range(3)),
                   *(journal.failed('203.0.113.4', comm='x', SYSLOG_IDENTIFIER='sshd') for _ in range(3)))
    wait_for(lambda: len(box.banned('two')) == 2 and len(box.banned('one')) == 1, 'bans')
    expect(box.banned('one') == ['203.0.113.1'], box.banned('one'))
    expect(sorted(box.banned('two')) == ['203.0.113.2', '203.0.113.3'], box.banned('two'))
    expect(len(children(box)) == 1, 'one process reads the journal for all')


@case
def commands_of_matches(box):
    journal = Journal(box)
    journal.append(journal.entry('nothing'))
    box.jails(jail('one', journal, '_COMM=one'), sshd='true')
    box.start()
    wait_for(lambda: '_COMM=one' in box.client('get', 'one', 'journalmatch')[1], 'get')
    text = box.ask('set', 'one', 'addjournalmatch', '_COMM=a', 'X=1', '+', '_COMM=b')
    expect('_COMM=one + _COMM=a X=1 + _COMM=b' in text, text)
    text = box.ask('set', 'one', 'deljournalmatch', '_COMM=one')
    expect('_COMM=a X=1 + _COMM=b' in text and '_COMM=one' not in text, text)
    status, text = box.client('set', 'one', 'deljournalmatch', '_COMM=zz')
    expect(status != 0 and "Match ['_COMM=zz'] not found" in text, text)
    status, text = box.client('set', 'one', 'addjournalmatch', 'lower=1')
    expect(status != 0 and 'Invalid match' in text, text)
    expect("Error adding journal match for: 'lower=1'" in box.read('f2b.log'), 'no line about the error')
    journal.append(*(journal.failed('203.0.113.9', comm='b', SYSLOG_IDENTIFIER='sshd') for _ in range(3)))
    wait_for(lambda: box.banned('one') == ['203.0.113.9'], 'a match that was added counts')
    expect('No journal match filter set' in box.ask('get', 'sshd', 'journalmatch'), 'a jail of files has none')


@case
def rotation_loses_nothing(box):
    journal = Journal(box)
    journal.append(journal.entry('nothing'))
    box.jails(jail('one', journal, more='maxretry = 1000\n'), sshd='false')
    box.start()
    wait_for(lambda: 'in operation' in box.read('f2b.log'), 'in operation')
    for turn in range(4):
        journal.append(*(journal.failed('203.0.113.1') for _ in range(50)))
        journal.rotate()
        journal.append(*(journal.failed('203.0.113.1') for _ in range(50)))
        time.sleep(0.3 * turn)
    wait_for(lambda: (box.count('Total failed', 'one') or 0) >= 400, 'all are counted', BURST_S)
    time.sleep(1)
    expect(box.count('Total failed', 'one') == 400, f'{box.count("Total failed", "one")} of 400')


@case
def killed_readers_lose_nothing(box):
    journal = Journal(box)
    journal.append(journal.entry('nothing'))
    box.jails(jail('one', journal, more='maxretry = 5\n'), sshd='false')
    box.start()
    wait_for(lambda: 'in operation' in box.read('f2b.log'), 'in operation')
    entries = [journal.failed(numbered_address(i % 500)) for i in range(BURST)]
    killed, counted = 0, -1
    for k in range(20):
        journal.append(*entries[k * BURST // 20:(k + 1) * BURST // 20])
        if k % 3 == 1:      # who is killed has read something: an entry that some readers in a row do not get past is left out on purpose
            wait_for(lambda: (box.count('Total failed', 'one') or 0) > counted, 'it reads on', BURST_S)    # pylint: disable=cell-var-from-loop
            counted = box.count('Total failed', 'one') or 0
            for pid in wait_for(lambda: children(box), 'somebody reads'):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
    wait_for(lambda: (box.count('Total failed', 'one') or 0) >= BURST, 'all are counted', BURST_S, 0.2)
    time.sleep(1)
    expect(box.count('Total failed', 'one') == BURST, f'{box.count("Total failed", "one")} of {BURST}, {killed} kills')
    wait_for(lambda: len(box.banned('one')) == 500, 'all are banned')
    expect(killed >= KILLS, f'only {killed} kills')
    print(f'     {killed} readers killed')


@case
def a_restarted_server_goes_on(box):
    journal = Journal(box)
    journal.append(*(journal.failed('203.0.113.1') for _ in range(2)))
    box.jails(jail('one', journal, more='maxretry = 4\n'), sshd='false')
    box.start()
    wait_for(lambda: box.count('Total failed', 'one') == 2, 'both are read')
    box.stop()
    journal.append(journal.failed('203.0.113.2'))
    box.start()
    wait_for(lambda: 'Found 203.0.113.2' in box.read('f2b.log'), 'what came meanwhile is read')
    time.sleep(1)
    expect(box.count('Total failed', 'one') == 1, f'{box.count("Total failed", "one")}: entries were read again')


@case
def an_unreadable_journal_is_said(box):
    journal = Journal(box)
    journal.append(*(journal.failed('203.0.113.1') for _ in range(3)))
    os.chmod(journal.file, 0o600)
    box.jails(jail('one', journal) + f'[two]\nenabled = true\nfilter = sshd\nbackend = auto\nlogpath = {box.log}\n', sshd='false')
    box.start()
    wait_for(lambda: 'all journal files are unreadable' in box.read('f2b.log'), 'it is said')
    box.attack('203.0.113.7')
    wait_for(lambda: box.banned('two') == ['203.0.113.7'], 'other jails run')
    os.chmod(journal.file, 0o644)
    wait_for(lambda: box.banned('one') == ['203.0.113.1'], 'it is read when it can be')


@case
def an_absent_folder_is_waited_for(box):
    journal = Journal(box)
    os.rmdir(journal.folder)
    box.jails(jail('one', journal), sshd='true')
    box.start()
    wait_for(lambda: 'there are no journal files' in box.read('f2b.log'), 'it is said')
    box.attack('203.0.113.7')
    wait_for(lambda: box.banned() == ['203.0.113.7'], 'other jails run')
    os.mkdir(journal.folder)
    journal.append(*(journal.failed('203.0.113.1') for _ in range(3)))
    wait_for(lambda: box.banned('one') == ['203.0.113.1'], 'it is read when it has come')


@case
def debians_sshd_jail_reads_the_journal(box):
    """As Debian ships it: backend by name, matches by the filter."""
    journal = Journal(box)
    journal.append(*(journal.failed('203.0.113.1') for _ in range(5)))
    box.write('etc/jail.local', f'[DEFAULT]\nsshd_backend = systemd[journalfiles="{journal.folder}/*.journal"]\nfindtime = 1h\n'
              f'action = report[target="{box.reports}"]\n[sshd]\nenabled = true\nbackend = %(sshd_backend)s\n')
    box.start()
    wait_for(lambda: box.banned() == ['203.0.113.1'], 'it bans')


@case
def reader_is_confined(box):
    journal = Journal(box)
    journal.append(journal.entry('nothing'))
    box.jails(jail('one', journal), sshd='false')
    box.start()
    wait_for(lambda: 'in operation' in box.read('f2b.log'), 'in operation')
    pid = children(box)[0]
    with open(f'/proc/{pid}/status', encoding='utf8') as f:
        status = f.read()
    for name, wanted in (('Seccomp', '2'), ('NoNewPrivs', '1'), ('CapEff', '0' * 16), ('CapPrm', '0' * 16)):
        found = re.search(rf'^{name}:\s*(\S+)', status, re.MULTILINE).group(1)
        expect(found == wanted, f'{name} is {found}')
    uids = re.search(r'^Uid:\s*(.*)', status, re.MULTILINE).group(1).split()
    expect('0' not in uids, f'user ids {uids}')


@case
def regex_counts_what_is_there(box):
    journal = Journal(box)
    journal.append(*(journal.failed('203.0.113.1') for _ in range(300)), *(journal.entry('daily life', comm='cron') for _ in range(200)))
    log = f'systemd-journal[journalfiles={journal.file}]'
    for words, wanted in (((), 'Lines: 500 lines, 0 ignored, 300 matched, 200 missed'),
                          (('-m', '_COMM=sshd'), 'Lines: 300 lines, 0 ignored, 300 matched, 0 missed')):
        done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), *words, log, r'Failed password for root from <HOST>'],
                              stdout=subprocess.PIPE, check=False, timeout=COMMAND_S)
        text = done.stdout.decode()
        expect(wanted in text, text)
        expect('Use         systemd journal' in text, text)

DAEMON = '/lib/systemd/systemd-journald'
DAEMON_CONFIG = '[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=\nForwardToWall=no\nRateLimitIntervalSec=0\n'


class Journald:
    """A journald of the case's own, over folders of the box, and those who write to it. Use it in a with statement."""

    def __init__(self, box):
        if not os.path.exists(DAEMON) or not shutil.which('journalctl'):
            raise Skipped('systemd-journald is not installed')
        if not supported(box):
            raise Skipped('built without libsystemd')
        self.box, self.process = box, None
        self.sockets, self.runtime, self.persistent = (box.path(name) for name in ('sockets', 'run-log', 'var-log'))
        for folder in (self.sockets, self.runtime, self.persistent, box.path('over-etc/systemd')):
            os.makedirs(folder)
        for folder in (self.runtime, self.persistent):      # as tmpfiles.d has it
            os.mkdir(os.path.join(folder, 'journal'))
            shutil.chown(os.path.join(folder, 'journal'), group='systemd-journal')
            os.chmod(os.path.join(folder, 'journal'), 0o2755)
        box.write('over-etc/machine-id', uuid.uuid4().hex + '\n')
        box.write('over-etc/systemd/journald.conf', DAEMON_CONFIG)
        self.room = Room(box, {}, 'mount -t tmpfs none /run\nmkdir -p /run/systemd/journal /run/log\n'
                         f'mount --bind {self.sockets} /run/systemd/journal\nmount --bind {self.runtime} /run/log\n'
                         f'mount --bind {self.persistent} /var/log\nmount -t overlay overlay -o lowerdir={box.path("over-etc")}:/etc /etc\n'
                         'mount -t cgroup2 none /sys/fs/cgroup\n')     # journald asks where its writers stand

    def __enter__(self):
        self.room.__enter__()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)
        self.room.__exit__()

    @property
    def within(self):
        return self.room.within

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.sockets, 'io.systemd.journal'))
        with open(self.box.path('journald'), 'ab') as out:
            self.process = self.box.popen([*self.within, DAEMON], stdout=out, stderr=out)
        wait_for(lambda: self.process.poll() is not None or self.works(), 'journald answers')
        if self.process.poll() is not None:
            raise Skipped(f'journald does not run here: {self.box.read("journald").strip()[-200:]}')

    def works(self):
        return self.control('--sync').returncode == 0

    def end(self, number=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_S)

    def control(self, *words):
        return subprocess.run([*self.within, 'journalctl', *words], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=COMMAND_S)

    def order(self, *words):
        """What journald is to do, done when this returns."""
        done = self.control(*words)
        expect(done.returncode == 0, lambda: f'journalctl {" ".join(words)}: {done.stderr.decode()}')

    def send(self, name, data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.connect(os.path.join(self.sockets, name))
            link.sendall(data)

    def native(self, message, **more):
        """As sd_journal_send() writes: a text with newlines goes with its length."""
        fields = {'SYSLOG_IDENTIFIER': 'sshd', **more, 'MESSAGE': message}
        self.send('socket', b''.join(k.encode() + b'\n' + len(v.encode()).to_bytes(8, 'little') + v.encode() + b'\n' if '\n' in v
                                     else f'{k}={v}\n'.encode() for k, v in fields.items()))

    def syslog(self, message):
        """As syslog(3) writes."""
        self.send('dev-log', f'<86>{time.strftime("%b %e %H:%M:%S")} sshd[{next(CONNECTIONS)}]: {message}'.encode())

    def stream(self, *messages):
        """As a service writes that has its output there."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(os.path.join(self.sockets, 'stdout'))
            link.sendall(('sshd\n\n6\n0\n0\n0\n0\n' + ''.join(m + '\n' for m in messages)).encode())

    def fail(self, address, count=1):
        for _ in range(count):
            self.native(f'Failed password for root from {address} port 50000 ssh2', SYSLOG_PID=str(next(CONNECTIONS)))

    def files(self, where=None):
        """The journal's files, in one folder or in both."""
        return [os.path.join(folder, name) for top in ([where] if where else [self.runtime, self.persistent])
                for folder, _, names in os.walk(top) for name in names]


def live_jail(name, more=''):
    return f'[{name}]\nenabled = true\nfilter = sshd\nbackend = systemd\njournalmatch = SYSLOG_IDENTIFIER=sshd\n' + more


def failed_in(box, total):
    """All that was written has been counted, and nothing twice."""
    wait_for(lambda: (box.count('Total failed', 'one') or 0) >= total, f'{total} failures are counted', BURST_S, 0.1)
    expect(box.count('Total failed', 'one') == total, lambda: f'{box.count("Total failed", "one")} of {total}')


@case
def what_is_written_to_a_live_journald_bans(box):
    with Journald(box) as journald:
        journald.fail('203.0.113.1', 3)
        box.jails(live_jail('one'), sshd='false')
        box.start(journald.within)
        wait_for(lambda: box.banned('one') == ['203.0.113.1'], 'what was there bans')
        journald.fail('203.0.113.2', 3)
        wait_for(lambda: '203.0.113.2' in box.banned('one'), 'what is sent to the journal bans')
        for _ in range(3):
            journald.syslog('Failed password for root from 203.0.113.3 port 50000 ssh2')
        wait_for(lambda: '203.0.113.3' in box.banned('one'), 'what is sent to syslog bans')
        journald.stream(*(f'Failed password for u{i} from 203.0.113.4 port 50000 ssh2' for i in range(3)))
        wait_for(lambda: '203.0.113.4' in box.banned('one'), 'what a service prints bans')
        for _ in range(3):
            journald.native('nothing\nFailed password for root from 203.0.113.5 port 50000 ssh2')
            journald.native('Failed password for root from 203.0.113.6 port 50000 ssh2', SYSLOG_IDENTIFIER='other')
        journald.fail('203.0.113.7', 3)
        wait_for(lambda: '203.0.113.7' in box.banned('one'), 'the last bans')
        expect(sorted(box.banned('one')) == [f'203.0.113.{i}' for i in (1, 2, 3, 4, 7)], lambda: box.banned('one'))


@case
def a_live_journald_that_rotates_moves_and_vacuums_loses_nothing(box):
    with Journald(box) as journald:
        box.jails(live_jail('one', 'maxretry = 100000\n'), sshd='false')
        box.start(journald.within)
        wait_for(lambda: 'in operation' in box.read('f2b.log'), 'in operation')
        journald.fail('203.0.113.1', 50)
        journald.order('--flush')                  # from /run to /var, as early in each boot
        journald.fail('203.0.113.1', 50)
        failed_in(box, 100)
        expect(journald.files(journald.persistent), 'nothing was moved to /var/log')
        for _ in range(4):
            journald.fail('203.0.113.1', 25)
            journald.order('--rotate')
            journald.fail('203.0.113.1', 25)
            journald.process.send_signal(signal.SIGUSR2)
        failed_in(box, 300)
        before = len(journald.files())
        expect(before > 4, lambda: f'journald has not rotated: {journald.files()}')
        journald.order('--vacuum-files=1')
        expect(len(journald.files()) < before, lambda: f'journald has not vacuumed: {journald.files()}')
        journald.fail('203.0.113.1', 25)
        journald.order('--rotate', '--vacuum-files=1')
        journald.fail('203.0.113.1', 25)
        failed_in(box, 350)


@case
def a_live_journald_that_starts_again_loses_nothing(box):
    with Journald(box) as journald:
        journald.order('--flush')
        box.jails(live_jail('one', 'maxretry = 100000\n'), sshd='false')
        box.start(journald.within)
        wait_for(lambda: 'in operation' in box.read('f2b.log'), 'in operation')
        total = 0
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
            journald.fail('203.0.113.1', 50)
            journald.order('--sync')
            journald.end(number)
            journald.start()
            journald.order('--flush')
            journald.fail('203.0.113.1', 50)
            total += 100
            failed_in(box, total)
        box.stop()
        journald.fail('203.0.113.2', 3)
        box.start(journald.within)
        failed_in(box, 3)


# Where sshd of a fresh machine logs to: which files there are, whether a journal, and how it is told.
FRESH = ('auth.log', 'secure', 'journal', 'nothing yet')


def fresh(kind):
    def check(box):
        """The shipped jail as it is, on a machine whose sshd logs to one place or to none yet."""
        os.unlink(box.log)
        box.write('etc/jail.local', f'[DEFAULT]\nusedns = no\naction = report[target="{box.reports}"]\n')
        box.write('etc/paths-overrides.local', f'[DEFAULT]\nsshd_log = {box.path("auth.log")}\n           {box.path("secure")}\n')
        journal = Journal(box, 'machine') if kind == 'journal' else None
        if journal:
            journal.append(journal.entry('nothing'))
        elif kind != 'nothing yet':
            box.write(kind, '')
        kept = f'mkdir /run/log/journal/{MACHINE}; mount --bind {box.path("machine")} /run/log/journal/{MACHINE}' if journal else ':'
        with Room(box, {}, f'mkdir -p /run/log; mount -t tmpfs none /run/log; mount -t tmpfs none /var/log; '
                           f'mkdir /run/log/journal; {kept}\n') as room:
            box.start(room.within)
            wait_for(lambda: "Jail 'sshd' started" in box.read('f2b.log'), 'the jail is started')
            if journal:
                wait_for(lambda: 'in operation' in box.read('f2b.log'), 'it reads the journal')
                journal.append(*(journal.failed('203.0.113.5') for _ in range(5)))
            else:
                box.attack('203.0.113.5', 5, log=box.path('secure' if kind == 'nothing yet' else kind))
            wait_for(lambda: box.banned() == ['203.0.113.5'], 'it bans')
            expect(' ERROR ' not in box.read('f2b.log'), lambda: box.read('f2b.log'))
    check.__name__ = 'sshd_of_a_fresh_machine_logs_to_' + kind.replace(' ', '_').replace('.', '_')
    return check


for place in FRESH:
    case(fresh(place))


main(__doc__)
