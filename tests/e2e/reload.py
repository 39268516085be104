#!/usr/bin/env python3
"""Reloads while lines are written and bans are in force: nothing is missed, lost, or done twice. In a network namespace of its own."""
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from harness import Skipped, case, expect, main, numbered_address, sshd_line, wait_for

ROUNDS = 12
ATTACKERS_MAX = 1500
FLOOD = 200000        # lines
MARKS = itertools.count(1)
EFFECT_S = 400      # longest wait for all bans, each of two processes; only what fails takes it
A, B, C = '203.0.113.5', '203.0.113.6', '2001:db8::7'


def held(jail):
    """The IPv4 addresses that the kernel has for a jail; None: there is no set."""
    done = subprocess.run(['nft', '-j', 'list', 'set', 'inet', 'f2b-table', f'addr-set-{jail}'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        return None
    elements = [item['set'].get('elem', []) for item in json.loads(done.stdout)['nftables'] if 'set' in item][0]
    return {str(e.get('elem', {}).get('val', e) if isinstance(e, dict) else e) for e in elements}


@contextlib.contextmanager
def watched(box):
    """What the kernel's tables go through meanwhile: gives a function that returns the events so far."""
    with open(box.path('events'), 'wb') as out:
        monitor = subprocess.Popen(['nft', 'monitor'], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        def events():
            """All events up to now: a table of our own marks the place."""
            mark = next(MARKS)
            subprocess.run(['nft', 'add', 'table', 'inet', f'mark{mark}'], check=True)
            wait_for(lambda: f'add table inet mark{mark}\n' in box.read('events'), 'the monitor has come so far')
            return [line for line in box.read('events').split('\n') if ' mark' not in line and not line.startswith('#')]
        wait_for(lambda: try_mark(box), 'the monitor listens')
        yield events
    finally:
        monitor.terminate()
        monitor.wait()


def try_mark(box):
    subprocess.run(['nft', 'add', 'table', 'inet', 'mark0'], check=True)
    subprocess.run(['nft', 'delete', 'table', 'inet', 'mark0'], check=True)
    return 'mark0' in box.read('events')


def need_nft():
    if not shutil.which('nft') or subprocess.run(['nft', 'list', 'ruleset'], capture_output=True, check=False).returncode:
        raise Skipped('no nftables in a namespace')


class Writer(threading.Thread):
    """Appends a line of another attacker again and again until it is told to stop."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.box, self.over, self.written = box, threading.Event(), []

    def run(self):
        while not self.over.is_set() and len(self.written) < ATTACKERS_MAX:
            address = numbered_address(len(self.written) + 1)
            self.box.append(sshd_line(address))
            self.written.append(address)
            time.sleep(0.005)

    def end(self):
        self.over.set()
        self.join()
        return self.written


def report_to(box, name):
    return f'action = report[target="{box.path(name)}"]\n         nftables[type=allports]\n'


def bans_in(box, name):
    return [line.split()[1] for line in box.read(name).split('\n') if line.startswith('ban ')]


def words_in(box, name, word):
    return sum(line.startswith(word + ' ') for line in box.read(name).split('\n'))


def configure(box, number):
    """sshd stays as it is; another jail changes with each round; a third one comes and goes, with another filter each time."""
    box.write('etc/filter.d/coming.conf', '[Definition]\nfailregex = ^.*sshd\\[\\d+\\]: Failed password for root from <HOST> port '
              f'\\d+ ssh{number % 3}$\n')
    coming = (f'[coming]\nenabled = true\nfilter = coming\nlogpath = {box.log}\nmaxretry = 1\naction = report[target="/dev/null"]\n'
              if number % 2 else '')
    box.write('etc/jail.local', f'''[DEFAULT]
usedns = no
findtime = 1h
bantime = 1h
[sshd]
enabled = true
logpath = {box.log}
maxretry = 1
{report_to(box, 'steady')}
[changing]
enabled = true
filter = sshd[mode={('normal', 'aggressive')[number % 2]}]
logpath = {box.log}
maxretry = 1
findtime = {60 + number}m
{report_to(box, 'changing')}
{coming}''')


@case
def no_line_is_missed_and_nobody_banned_twice(box):
    need_nft()
    configure(box, 0)
    box.start()
    writer = Writer(box)
    with watched(box) as events:
        writer.start()
        for number in range(1, ROUNDS + 1):
            configure(box, number)
            before = len(writer.written)
            expect(box.ask('reload') == 'OK', 'reload')
            expect(('coming' in box.ask('status')) == (number % 2 == 1), f'round {number}: {box.ask("status")}')
            expect(box.ask('get', 'changing', 'findtime') == str(60 * (60 + number)), 'the change is in force')
            wait_for(lambda before=before: len(writer.written) > before or not writer.is_alive(), 'lines are written meanwhile')
        wanted = writer.end()
        for name in ('steady', 'changing'):
            wait_for(lambda name=name: set(bans_in(box, name)) == set(wanted), f'{name}: all {len(wanted)} attackers are banned', EFFECT_S)
            expect(len(bans_in(box, name)) == len(wanted), f'{name}: {len(bans_in(box, name))} bans of {len(wanted)} attackers')
            expect(words_in(box, name, 'unban') == 0, f'{name}: somebody was unbanned')
            expect(words_in(box, name, 'start') == 1 and words_in(box, name, 'stop') == 0, f'{name}: its actions started or stopped anew')
        for jail in ('sshd', 'changing'):
            wait_for(lambda jail=jail: held(jail) == set(wanted), f'{jail}: the kernel has all')
            expect(set(box.banned(jail)) == set(wanted), f'{jail}: the server knows all')
            expect(box.count('Total failed', jail) == len(wanted), f'{jail}: {box.count("Total failed", jail)} failures of {len(wanted)}')
        deleted = [line for line in events() if line.startswith(('delete', 'destroy')) or ' flush' in line]
        expect(not deleted, lambda: f'the kernel lost something meanwhile: {deleted[:3]}')
    print(f'     {ROUNDS} reloads, {len(wanted)} attackers')


@case
def a_flood_of_lines_is_counted_to_the_last(box):
    """Also across a rotation, and by a jail whose filter changes meanwhile."""
    def jails(number):
        box.jails('[other]\nenabled = true\nfilter = sshd[mode=%s]\nlogpath = %s\n' % (('normal', 'aggressive')[number % 2], box.log),
                  maxretry=str(1000000 + number), findtime=f'{100 + number}h',
                  systemd_if_nologs='false')    # in the moment of the rotation there is none
    jails(0)
    box.start()
    over, written = threading.Event(), [0]

    def flood():
        while not over.is_set():
            if written[0] < FLOOD or not os.path.exists(box.log):
                box.append(*(sshd_line(A) for _ in range(200)))
                written[0] += 200
            else:
                time.sleep(0.01)
    writer = threading.Thread(target=flood, daemon=True)
    writer.start()
    for number in range(1, ROUNDS + 1):
        jails(number)
        answer = box.ask('reload')
        expect(answer.split('\n')[-1] == 'OK', f'reload: {answer}')     # a log that is missing for a moment is said before it
        if number == ROUNDS // 2:
            os.rename(box.log, box.log + '.1')
    over.set()
    writer.join()
    for jail in ('sshd', 'other'):
        wait_for(lambda jail=jail: box.count('Total failed', jail) == written[0], f'{jail}: all {written[0]} lines are counted', EFFECT_S)
    print(f'     {ROUNDS} reloads, {written[0]} lines')


@case
def bans_of_a_removed_jail_go_and_come_back_with_it(box):
    need_nft()
    both = '\n'.join(f'[{name}]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\n{report_to(box, name)}' for name in ('stays', 'goes'))
    box.jails(both, sshd='false')
    box.start()
    box.attack(A)
    for jail in ('stays', 'goes'):
        wait_for(lambda jail=jail: held(jail) == {A}, f'{jail} bans')
    with watched(box) as events:
        box.jails(both.replace('enabled = true', 'enabled = false').replace('enabled = false', 'enabled = true', 1), sshd='false')
        box.ask('reload')
        wait_for(lambda: not held('goes'), 'the bans of the removed jail are lifted')
        wait_for(lambda: 'goes' not in box.ask('status') and words_in(box, 'goes', 'stop') == 1, 'the jail has stopped')
        expect(held('stays') == {A}, 'the other one is untouched')
        box.jails(both, sshd='false')
        box.ask('reload')
        wait_for(lambda: held('goes') == {A} and box.banned('goes') == [A], 'its bans are taken up again')
        touched = [line for line in events() if 'addr-set-stays' in line]
        expect(not touched, lambda: f'the other jail was touched: {touched}')
    wait_for(lambda: words_in(box, 'stays', 'ban') > 0, 'its other action has banned')
    expect(words_in(box, 'stays', 'start') == 1 and words_in(box, 'stays', 'ban') == 1, box.read('stays'))


@case
def actions_come_change_and_go(box):
    def with_actions(*names):
        return 'action = ' + '\n         '.join(f'report[target="{box.path(name)}", actname={name[:5]}]' for name in names) + '\n'

    def jail(action):
        box.jails(f'[one]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\n{action}', sshd='false')
    jail(with_actions('first'))
    box.start()
    box.attack(A)
    wait_for(lambda: bans_in(box, 'first') == [A], 'a ban')
    jail(with_actions('first', 'second'))
    box.ask('reload')
    wait_for(lambda: bans_in(box, 'second') == [A], 'a new action hears of the ban that is in force')
    expect(bans_in(box, 'first') == [A] and words_in(box, 'first', 'stop') == 0, 'the old one does not hear of it again')
    box.attack(B)
    wait_for(lambda: bans_in(box, 'first') == bans_in(box, 'second') == [A, B], 'both act')
    jail(with_actions('second'))
    box.ask('reload')
    wait_for(lambda: words_in(box, 'first', 'stop') == 1, 'the removed action stops')
    expect(words_in(box, 'first', 'unban') == 2, f'it lifts its bans: {box.read("first")}')
    expect(words_in(box, 'second', 'unban') == 0 and words_in(box, 'second', 'start') == 1, f'the other stays: {box.read("second")}')
    jail(with_actions('second-elsewhere'))      # the same name, another target
    box.ask('reload')
    expect(set(box.banned('one')) == {A, B} and words_in(box, 'second', 'unban') == 0, 'a changed action leaves bans in force')
    box.append(*(sshd_line(C) for _ in range(3)))
    wait_for(lambda: C in bans_in(box, 'second-elsewhere'), 'and acts')
    expect(C not in bans_in(box, 'second') and C not in bans_in(box, 'first'), 'the former forms do not')


@case
def filters_change(box):
    def regex(word):
        box.write('etc/filter.d/own.conf', f'[Definition]\nfailregex = ^.* own: {word} <HOST>$\n')

    def line(word, address):
        return f'{time.strftime("%b %e %H:%M:%S")} host own: {word} {address}\n'
    box.jails(f'[own]\nenabled = true\nfilter = own\nlogpath = {box.log}\nmaxretry = 1\n', sshd='false')
    regex('old')
    box.start()
    box.append(line('old', A))
    wait_for(lambda: box.banned('own') == [A], 'the filter as it was')
    regex('new')
    expect(box.ask('reload') == 'OK', 'reload')
    expect('own: new' in box.ask('get', 'own', 'failregex') and 'own: old' not in box.ask('get', 'own', 'failregex'), 'the filter as it is')
    box.append(line('old', B), line('new', C))
    wait_for(lambda: C in box.banned('own'), 'the new expression finds')
    expect(B not in box.banned('own'), 'the old one does not')


# What is wrong, in the jail that runs or beside it; what the answer must name.
BROKEN = (
    ('[sshd]\nenabled = true\nno delimiter\n', r'jail\.local.*line +\d|jail\.local:\d+', 'a line that is none'),
    ('[sshd]\nenabled = true\nmaxretry = 5\nmaxretry = 6\n', r'already exists', 'an option twice'),
    ('[sshd]\nfilter = sshdd\n', r"jail\.local:\d+: jail 'sshd': Unable to read the filter 'sshdd'", 'a filter that is not there'),
    ('[sshd]\naction = reprot\n', r"jail\.local:\d+: jail 'sshd': Unable to read action 'reprot'", 'an action that is not there'),
    ('[sshd]\nmaxretry = 5\nfindtime = %(nowhere)s\n', r"jail\.local:\d+: jail 'sshd'.*nowhere", 'a variable that is not there'),
    ('[sshd]\nfailregex = ^( <HOST>\n', r'(?i)regular expression.*\n?.*unterminated', 'an expression that is none'),
    ('[sshd]\nmaxretry = 5\nbantime = 1 hur\n', r"jail\.local:\d+: jail 'sshd': bantime '1 hur' is no time", 'a time that is none'),
)


def state(box):
    """What must not change."""
    names = ('maxretry', 'findtime', 'bantime', 'failregex', 'actions', 'logpath', 'banned')
    return [box.ask('status')] + [box.ask('get', 'sshd', name) for name in names]


def breaks(box, text):
    """Write the running configuration with the text in the place of one of its sections."""
    with open(box.path('etc/jail.local'), 'a', encoding='utf8') as f:
        f.write(text.replace('[sshd]\n', '', 1))


@case
def a_broken_configuration_leaves_the_running_one(box):
    box.start()
    box.attack(A)
    wait_for(lambda: box.banned() == [A], 'a ban')
    before = state(box)
    for number, (text, answer, what) in enumerate(BROKEN):
        box.jails('')
        breaks(box, text)
        status, said = box.client('reload')
        expect(status == 255, f'{what}: exit status {status}: {said}')
        expect(re.search(answer, said), f'{what}: the answer does not say why: {said}')
        expect(state(box) == before, f'{what}: {before} has become {state(box)}')
        other = f'203.0.113.{100 + number}'
        box.attack(other)
        wait_for(lambda other=other: other in box.banned(), f'{what}: the jail bans on')
        box.ask('set', 'sshd', 'unbanip', other)
        wait_for(lambda: state(box) == before, 'as before')
    wait_for(lambda: A in bans_in(box, 'reports'), 'the ban is reported')
    expect(bans_in(box, 'reports').count(A) == 1 and words_in(box, 'reports', 'start') == 1, 'the ban was not touched')
    box.jails('', maxretry='8')
    expect(box.ask('reload') == 'OK' and box.ask('get', 'sshd', 'maxretry') == '8', 'mended, it is taken')


@case
def a_broken_jail_harms_no_other_and_none_if_strict(box):
    box.start()
    wrong = f'[wrong]\nenabled = true\nfilter =\nfailregex = ^( <HOST>\nlogpath = {box.log}\n'
    right = f'[right]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\n'
    box.jails(wrong + right, maxretry='6')
    status, said = box.client('--strict', 'reload')
    expect(status == 255 and 'jail.local' in said and 'unterminated' in said and '--strict' in said, f'strict: {status} {said}')
    expect(box.ask('get', 'sshd', 'maxretry') == '3' and 'right' not in box.ask('status'), 'strict: nothing has changed')
    status, said = box.client('reload')
    expect(status == 255 and 'unterminated' in said and 'jail.local' in said, f'{status} {said}')
    expect(re.search(r'\n +\d+ \| failregex = .*\n +\| +\^+', said), f'the line is shown: {said}')
    expect(box.ask('get', 'sshd', 'maxretry') == '6' and 'right' in box.ask('status'), 'the others have taken their changes')
    box.attack(A, 6)
    wait_for(lambda: A in box.banned() and A in box.banned('right'), 'both ban')


def in_own_namespace():
    if os.geteuid() == 0 and 'STOCKADE_RELOAD' not in os.environ:
        os.environ['STOCKADE_RELOAD'] = '1'
        with contextlib.suppress(FileNotFoundError):
            os.execvp('unshare', ['unshare', '-n', sys.executable, '-B', os.path.abspath(sys.argv[0]), *sys.argv[1:]])


in_own_namespace()
main(__doc__)
