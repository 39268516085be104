#!/usr/bin/env python3
"""Who runs as what: the children's confinement as the kernel tells it, their restart, and what all of it costs."""
import os
import re
import signal
import time

from harness import case, expect, main, wait_for

A = '203.0.113.5'
PSS_KIB = 10 * 1024         # of all three processes, idle, with one jail
ANSWER_S = 1.0              # until a new front answers
CHILDREN = ('stockade-scanner', 'stockade-front')
RESOLVER = 'stockade-resolver'      # comes with the first question
RESOLVER_TASKS = '1024'


def status(pid):
    """The fields of /proc/PID/status."""
    with open(f'/proc/{pid}/status', encoding='utf8') as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)


def limit(pid, name):
    with open(f'/proc/{pid}/limits', encoding='utf8') as f:
        return re.search(rf'^{name}\s+(\S+)', f.read(), re.MULTILINE).group(1)


def start_all(box):
    """Start a server that has had to ask for a name, with the answer in."""
    box.jails('', ignoreip='localhost', usedns='yes')
    box.start()
    box.attack('127.0.0.1', 1)
    wait_for(lambda: 'ignore 127.0.0.1' in box.read('f2b.log').lower(), 'localhost has been looked up')


@case
def children_have_no_privilege_left(box):
    start_all(box)
    for name in (*CHILDREN, RESOLVER):
        pid = box.child(name)
        seen = status(pid)
        expect('0' not in seen['Uid'].split() + seen['Gid'].split(), f'{name} runs as user {seen["Uid"]}, group {seen["Gid"]}')
        expect(not set(seen['Groups'].split()) & {'0'}, f'{name} has groups {seen["Groups"]}')
        expect(seen['NoNewPrivs'] == '1', f'{name}: NoNewPrivs {seen["NoNewPrivs"]}')
        expect(seen['Seccomp'] == '2', f'{name}: Seccomp {seen["Seccomp"]}, not a filter')
        for kind in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            expect(int(seen[kind], 16) == 0, f'{name}: {kind} {seen[kind]}')
        expect(limit(pid, 'Max core file size') == '0', f'{name} may dump its memory')
        expect(limit(pid, 'Max processes') == (RESOLVER_TASKS if name == RESOLVER else '0'), f'{name} may make processes')
        expect(limit(pid, 'Max file size') == '0', f'{name} may write files')


@case
def children_hold_only_what_they_were_handed(box):
    start_all(box)
    box.attack(A)
    wait_for(lambda: box.reported('ban') == [A], 'the server works')
    for name in (*CHILDREN, RESOLVER):
        pid = box.child(name)
        for fd in os.listdir(f'/proc/{pid}/fd'):
            target = os.readlink(f'/proc/{pid}/fd/{fd}')
            fine = re.match(r'(socket|pipe|anon_inode):', target) or target in ('/dev/null', box.log)
            expect(fine, f'{name} holds {target}')
            if target == box.log:
                with open(f'/proc/{pid}/fdinfo/{fd}', encoding='utf8') as f:
                    flags = int(re.search(r'flags:\s+(\d+)', f.read()).group(1), 8)
                expect(name == 'stockade-scanner' and flags & os.O_ACCMODE == os.O_RDONLY, f'{name} may write {target}')


@case
def killed_scanner_comes_back(box):
    box.start()
    for number, how in enumerate((signal.SIGKILL, signal.SIGSEGV)):
        before = box.child('stockade-scanner')
        os.kill(before, how)
        box.attack(f'203.0.113.{number + 10}')
        wait_for(lambda: f'203.0.113.{number + 10}' in box.reported('ban'), f'a ban after {how.name}')
        expect(box.child('stockade-scanner') != before, 'it is a new process')


@case
def killed_resolver_comes_back(box):
    start_all(box)
    before = box.child(RESOLVER)
    os.kill(before, signal.SIGSEGV)
    wait_for(lambda: box.children().get(RESOLVER, before) != before, 'a new one')
    box.ask('set', 'sshd', 'addignoreip', 'localhost.')
    box.attack('203.0.113.77')
    wait_for(lambda: box.reported('ban') == ['203.0.113.77'], 'a ban that needed an answer')


@case
def killed_front_answers_again_within_a_second(box):
    box.start()
    for how in (signal.SIGKILL, signal.SIGSEGV):
        os.kill(box.child('stockade-front'), how)
        begin = time.monotonic()
        wait_for(lambda: box.client('ping')[0] == 0, 'an answer')
        took = time.monotonic() - begin
        expect(took <= ANSWER_S, f'{took:.2f} s after {how.name}')


@case
def children_end_with_a_killed_server(box):
    start_all(box)
    pids = [box.child(name) for name in (*CHILDREN, RESOLVER)]
    box.attack(A)
    wait_for(lambda: A in box.reported('ban'), 'ban')
    box.server.kill()
    box.server.wait()
    wait_for(lambda: not any(os.path.exists(f'/proc/{pid}') for pid in pids), 'the children end')
    box.write('reports', '')
    box.attack('203.0.113.9')
    box.start()
    wait_for(lambda: sorted(box.reported('ban')) == [A, '203.0.113.9'], 'the old ban and the new one')
    expect(box.count('Total failed') == 3, f'{box.count("Total failed")} failures: only what was written meanwhile counts')


@case
def idle_memory_is_small(box):
    box.start()
    box.attack(A)
    wait_for(lambda: A in box.reported('ban'), 'ban')
    seen = box.memory()
    print(f'     PSS of all processes: {seen} KiB')
    expect(seen <= PSS_KIB, f'{seen} KiB, more than {PSS_KIB}')


@case
def ban_follows_at_once(box):
    box.start()
    took = []
    for number in range(11):
        address = f'203.0.113.{number + 20}'
        box.attack(address, 2)
        wait_for(lambda n=number: box.count('Total failed') == 3 * n + 2, 'two failures')
        begin = time.monotonic()
        box.attack(address, 1)
        wait_for(lambda a=address: a in box.reported('ban'), 'ban', pause=0.001)
        took.append(time.monotonic() - begin)
        wait_for(lambda n=number: box.count('Total failed') == 3 * n + 3, 'three failures')
    took.sort()
    print(f'     from the line to the action: median {took[5] * 1000:.1f} ms, worst {took[-1] * 1000:.1f} ms')
    expect(took[5] <= 0.1, f'median {took[5] * 1000:.0f} ms')


main(__doc__)
