#!/usr/bin/env python3
"""Children of a probe build (-Dprobe=true) try to break out, once confined, and are stopped by the kernel."""
import os
import re
import signal
import socket
import subprocess

from harness import COMMAND_S, Skipped, case, expect, main

REFUSED = ('openat2', 'create', 'fork', 'kill', 'setuid', 'unlink', 'listen', 'packet', 'firewall', 'elsewhere', 'write')
HANDED = ('open', 'socket', 'unix')     # what the others' fds are for, the resolver has to do itself
DEADLY = ('execve', 'ptrace')           # nothing legitimate comes near these
CHANNEL_FD = 3


def attempt(box, program, names):
    """Start a child as the server would, with a channel, and let it try; return (exit status, what it said)."""
    path = os.path.join(os.path.abspath(box.options.probe), program)
    if not os.path.exists(path):
        raise Skipped(f'{path} is not built')
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)

    def hand_over():
        os.dup2(theirs.fileno(), CHANNEL_FD, inheritable=True)

    with ours, theirs:
        child = subprocess.Popen([path], env={'STOCKADE_PROBE': ','.join(names)}, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=hand_over, close_fds=False)
        ours.shutdown(socket.SHUT_WR)
        theirs.close()
        _, said = child.communicate(timeout=COMMAND_S)
    return child.returncode, said.decode('utf8', 'replace')


def stopped(box, program, refused):
    status, said = attempt(box, program, refused)
    outcome = dict(re.findall(r'^probe (\w+): (?!trying)(\w+)', said, re.MULTILINE))
    if not outcome:
        expect(status != 0, f'{program} said nothing')
        raise Skipped(f'{program} is not a probe build: {said.strip()[-200:]}')
    for name in refused:
        expect(outcome.get(name) in ('EPERM', 'EACCES'), f'{program}: {name}: {outcome.get(name)}')
    for name in DEADLY:
        status, said = attempt(box, program, [name])
        killed = status == -signal.SIGSYS and f'probe {name}: trying' in said
        expect(killed or re.search(rf'probe {name}: E(PERM|ACCES)', said), f'{program}: {name}: status {status}, {said.strip()}')


@case
def scanner_cannot_leave_its_sandbox(box):
    stopped(box, 'stockade-scanner', REFUSED + HANDED)


@case
def front_cannot_leave_its_sandbox(box):
    stopped(box, 'stockade-front', REFUSED + HANDED)


@case
def resolver_cannot_leave_its_sandbox(box):
    stopped(box, 'stockade-resolver', REFUSED)
    _, said = attempt(box, 'stockade-resolver', (*HANDED, 'resolve'))
    for name in (*HANDED, 'resolve'):
        expect(f'probe {name}: ALLOWED' in said, f'the resolver cannot do its work: {name}: {said.strip()}')


main(__doc__, probe={'default': os.path.join('build', 'gcc'), 'metavar': 'DIR', 'help': 'a build with -Dprobe=true'})
