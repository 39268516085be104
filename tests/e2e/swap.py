#!/usr/bin/env python3
"""Real fail2ban and this one on the same machine, one after the other: the stock configuration, the same database, bans in the kernel.
Whoever comes next holds who was held; and each client speaks with each server."""
import json
import os
import shutil
import subprocess
import time

from harness import Skipped, case, expect, in_own_namespaces, main, sshd_line, wait_for

HELD = ['203.0.113.5', '203.0.113.6', '2001:db8::5', '203.0.113.7', '2001:db8::7', '203.0.113.8']
BRIEF_S = 3
ASKED = ('status', 'status sshd', 'banned', 'get sshd banip', 'get sshd banip --with-time', 'get sshd actions', 'status --all', 'get sshd bantime',
         'get sshd logpath', 'get sshd action nftables-multiport actionban', 'status nope', 'set sshd unbanip 198.51.100.1', 'ping')


def set_the_stage(box):
    """The stock configuration of fail2ban 1.1.1, with two jails."""
    stock = os.path.join(os.path.dirname(box.real), 'etc', 'fail2ban')
    if not os.path.isdir(stock) or not os.path.exists(os.path.join(box.real, 'fail2ban-server')):
        raise Skipped('no real fail2ban here')
    if os.environ.get('STOCKADE_NAMESPACES') != 'own' or not shutil.which('nft'):
        raise Skipped('needs namespaces of its own, and nft')
    local = box.read('etc/fail2ban.local')
    shutil.rmtree(box.etc)
    shutil.copytree(stock, box.etc, ignore=shutil.ignore_patterns('jail.d'))
    box.write('etc/fail2ban.local', local)
    box.write('brief.log', '')
    box.write('etc/jail.local', '[DEFAULT]\nbackend = polling\nusedns = no\nmaxretry = 3\nbantime = 1h\nbanaction = nftables-multiport\n'
              f'[sshd]\nenabled = true\nbackend = polling\nlogpath = {box.log}\n'
              f'[brief]\nenabled = true\nfilter = sshd\nport = ssh\nbantime = {BRIEF_S}\nlogpath = {box.path("brief.log")}\n')


def serve(box, programs):
    box.programs = programs
    return box.start()


def kernel():
    """All addresses in all sets."""
    done = subprocess.run(['nft', '-j', 'list', 'sets'], stdout=subprocess.PIPE, check=True)
    found = [element for item in json.loads(done.stdout)['nftables'] if 'set' in item for element in item['set'].get('elem', [])]
    return sorted(element['elem']['val'] if isinstance(element, dict) else element for element in found)


def tables():
    return subprocess.run(['nft', 'list', 'tables'], stdout=subprocess.PIPE, check=True).stdout.decode()


def holds(box, held):
    wait_for(lambda: sorted(box.banned()) == sorted(held), f'{box.programs} holds {held}')
    wait_for(lambda: kernel() == sorted(held), f'so does the kernel: {kernel()}')


def clients_agree(box, ours):
    for text in ASKED:
        answers = [box.client(*text.split(), programs=programs) for programs in (ours, box.real)]
        for at, (status, answer) in enumerate(answers):
            answers[at] = status, '\n'.join(line for line in answer.split('\n') if 'NOK' not in line)      # has the time and the process
        expect(answers[0] == answers[1], lambda text=text, answers=answers: f'{text}: ours {answers[0]}, real {answers[1]}')


@case
def a_running_machine_changes_hands(box):
    set_the_stage(box)
    ours, held = box.programs, []
    for programs in (box.real, ours, box.real, ours):
        serve(box, programs)
        holds(box, held)
        for address in HELD[len(held):len(held) + 1]:
            box.ask('set', 'sshd', 'banip', address)
            held.append(address)
        attacker = HELD[len(held)] if len(held) < len(HELD) else None
        if attacker and programs != ours:
            box.append(*(sshd_line(attacker) for _ in range(3)))
            held.append(attacker)
        holds(box, held)
        clients_agree(box, ours)
        expect(box.stop() == 0, 'it stops')
        expect('f2b-table' not in tables(), f'nothing is left in the kernel: {tables()}')


@case
def what_a_killed_one_left_is_taken_over(box):
    set_the_stage(box)
    ours = box.programs
    for programs, other in ((box.real, ours), (ours, box.real)):
        serve(box, programs)
        box.ask('unban', '--all')
        for address in HELD[:3]:
            box.ask('set', 'sshd', 'banip', address)
        box.ask('set', 'brief', 'banip', HELD[3])
        end = time.time() + BRIEF_S
        wait_for(lambda: HELD[0] in kernel() and HELD[2] in kernel(), 'they stand in the kernel')
        wait_for(lambda: 'brief' in str(stored(box)) and 'sshd' in str(stored(box)), 'and in the database')    # pylint: disable=cell-var-from-loop
        box.kill_group()
        wait_for(lambda: time.time() > end + 2, 'the brief ban has ended')     # pylint: disable=cell-var-from-loop
        serve(box, other)
        wait_for(lambda: sorted(box.banned()) == sorted(HELD[:3]), f'{other} holds them')
        wait_for(lambda: set(HELD[:3]) <= set(kernel()), f'so does the kernel: {kernel()}')
        if other == ours:
            wait_for(lambda: kernel() == sorted(HELD[:3]), f'but not who was to be let go meanwhile: {kernel()}')
        expect(box.stop() == 0, 'it stops')
        subprocess.run(['nft', 'flush', 'ruleset'], check=True)


def stored(box):
    import sqlite3      # pylint: disable=import-outside-toplevel
    import tempfile     # pylint: disable=import-outside-toplevel
    with tempfile.TemporaryDirectory() as folder:
        for end in ('', '-wal'):
            if os.path.exists(box.path('f2b.sqlite3' + end)):
                shutil.copyfile(box.path('f2b.sqlite3' + end), os.path.join(folder, 'db' + end))
        try:
            return sqlite3.connect(os.path.join(folder, 'db')).execute('SELECT jail, ip FROM bips').fetchall()
        except sqlite3.Error:
            return []


in_own_namespaces()
main(__doc__)
