#!/usr/bin/env python3
"""Children of a probe build (-Dprobe=true) try to break out, once confined, and are stopped by the kernel."""
import os
import re
import signal
import socket
import subprocess

from harness import COMMAND_S, Skipped, case, expect, main

REFUSED = ('open', 'openat2', 'create', 'socket', 'unix', 'fork', 'kill', 'setuid', 'unlink')
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


def stopped(box, program):
    status, said = attempt(box, program, REFUSED)
    outcome = dict(re.findall(r'^probe (\w+): (?!trying)(\w+)', said, re.MULTILINE))
    if not outcome:
        expect(status != 0, f'{program} said nothing')
        raise Skipped(f'{program} is not a probe build: {said.strip()[-200:]}')
    for name in REFUSED:
        expect(outcome.get(name) in ('EPERM', 'EACCES'), f'{program}: {name}: {outcome.get(name)}')
    for name in DEADLY:
        status, said = attempt(box, program, [name])
        killed = status == -signal.SIGSYS and f'probe {name}: trying' in said
        expect(killed or re.search(rf'probe {name}: E(PERM|ACCES)', said), f'{program}: {name}: status {status}, {said.strip()}')


@case
def scanner_cannot_leave_its_sandbox(box):
    stopped(box, 'stockade-scanner')


@case
def front_cannot_leave_its_sandbox(box):
    stopped(box, 'stockade-front')


main(__doc__, probe={'default': os.path.join('build', 'gcc'), 'metavar': 'DIR', 'help': 'a build with -Dprobe=true'})
