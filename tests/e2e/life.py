#!/usr/bin/env python3
"""The server under an init system: readiness, signs of life, a socket that is handed over."""
import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from harness import COMMAND_S, PATIENCE_S, TOP, Skipped, case, expect, main, wait_for
from room import Room

A, B, C = '203.0.113.5', '203.0.113.6', '203.0.113.7'
UNIT = os.path.join(TOP, 'packaging', 'systemd', 'fail2ban.service')
STRICT = UNIT + '.d/strict.conf'
CHILDREN = ('stockade-scanner', 'stockade-front')
# An action of each kind: what shows its bans, and what has to be there for it.
KINDS = {
    'nftables-multiport': (['nft', 'list', 'ruleset'], 'nft'),
    'iptables-multiport': (['iptables', '-S'], 'iptables'),
    'iptables-ipset': (['ipset', 'list'], 'ipset'),
    'iptables-multiport[iptables="iptables-legacy -w"]': (['iptables-legacy', '-S'], 'iptables-legacy'),
}
LISTEN_FD = 3           # where handed over sockets begin
QUIET_S = 0.5           # many times as long as the interval of signs
STRICT_KINDS = ('nftables-multiport', 'iptables-multiport')


class Runner:
    """What fail2ban-actions.socket and .service are: a socket, and a runner on it whenever somebody connects. Use it in a with statement."""

    def __init__(self, box, within):
        self.path, self.process, self.starts, self.is_over = box.path('runner'), None, 0, False
        self.command = [*within, os.path.join(box.programs, 'stockade-runner')]
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o600)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve)

    def place(self):
        os.dup2(self.listener.fileno(), LISTEN_FD)
        os.set_inheritable(LISTEN_FD, True)

    def serve(self):
        while not self.is_over:
            if not select.select([self.listener], [], [], 0.1)[0]:
                continue
            with subprocess.Popen(self.command, stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=self.place) as process:
                self.starts += 1
                self.process = process      # every word in front of it is exec'ed away
                process.wait()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        if self.process:
            self.process.kill()         # nobody, if it has ended
        self.thread.join()
        self.listener.close()


class Init:
    """What an init system has: a socket that it is told things on."""

    def __init__(self, box):
        self.path = box.path('notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def told(self):
        """All that has come since the last time."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found += self.socket.recv(4096).decode().split('\n')
        return found

    def environment(self, **more):
        return ['env', f'NOTIFY_SOCKET={self.path}', *(f'{name}={value}' for name, value in more.items())]


def heard(init, word):
    return lambda: word in init.told()


@case
def readiness_is_told_once_bans_can_be_made(box):
    init = Init(box)
    box.start(within=init.environment(), wait=False)
    wait_for(heard(init, 'READY=1'), 'readiness')
    expect('Server ready' in box.ask('server-status'), 'it is not ready')
    box.attack(A)
    wait_for(lambda: box.reported('ban') == [A], 'ban')
    expect(not [word for word in init.told() if word.startswith('WATCHDOG')], 'signs of life that nobody wants')


@case
def signs_of_life_stop_with_the_loop(box):
    init = Init(box)
    box.start(within=init.environment(WATCHDOG_USEC=20000))
    for _ in range(3):
        wait_for(heard(init, 'WATCHDOG=1'), 'a sign of life')
    os.kill(box.server.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, box.server.pid, os.WSTOPPED | os.WNOWAIT)
    init.told()
    time.sleep(QUIET_S)
    told = init.told()
    os.kill(box.server.pid, signal.SIGCONT)
    expect(not told, f'{told} from a server that stands still')
    wait_for(heard(init, 'WATCHDOG=1'), 'a sign of life after that')
    expect(box.stop() == 0, 'it ends well')


def hand_over(box, listener, name):
    """Start the server as systemd would, with listener as fd 3."""
    def place():
        os.dup2(listener.fileno(), LISTEN_FD)
        os.set_inheritable(LISTEN_FD, True)

    with open(box.path('out'), 'ab') as out:
        box.server = box.popen(['sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh', 'env', 'LISTEN_FDS=1',
                                f'LISTEN_FDNAMES={name}', *box.command('fail2ban-server', '-xf', 'start')], stdout=out, stderr=out,
                               close_fds=False, preexec_fn=place)


@case
def socket_of_the_init_system_is_served_and_stays(box):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(box.socket)
        os.chmod(box.socket, 0o600)
        listener.listen(16)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as early:      # a client before there is a server
            early.connect(box.socket)
            early.sendall(b'["ping"]\n')
            hand_over(box, listener, 'fail2ban')
            early.settimeout(PATIENCE_S)
            expect(b'pong' in early.recv(4096), 'the early client got no answer')
        wait_for(lambda: box.server.poll() is not None or box.answers(), 'the server answers')
        expect(box.server.poll() is None, lambda: f'the server ended: {box.read("out")[-800:]}')
        expect('Using socket activation' in box.read('f2b.log'), 'it made a socket of its own')
        box.attack(A)
        wait_for(lambda: box.reported('ban') == [A], 'ban')
        expect(box.stop() == 0, 'it ends well')
        expect(os.path.exists(box.socket), "it removed the init system's socket")
        hand_over(box, listener, 'fail2ban')
        wait_for(lambda: box.server.poll() is not None or box.answers(), 'the next server answers')
        wait_for(lambda: box.banned() == [A], 'the next server holds the ban')


def bans_within_unit(box, units, kinds, with_runner):
    """Run the server closed in as the unit says, with a runner outside; every action must work, and the children must get their sandbox."""
    as_unit = ['python3', '-B', os.path.join(TOP, 'tests', 'e2e', 'as_unit.py'), units, box.folder]
    with Room(box, {}) as room:
        tried = box.popen([*room.within, *as_unit, 'true'])
        status = tried.wait(COMMAND_S)
        if status == 77:
            raise Skipped('systemd-analyze or libseccomp is not here')
        expect(status == 0, f'the sandbox of the unit cannot be made: {status}')
        kinds = {name: how for name, how in kinds.items() if shutil.which(how[1]) and room.works(*how[0])}
        box.jails(''.join(f'[j{i}]\nenabled = true\nfilter = sshd\nport = ssh\nlogpath = {box.log}\naction = {name}\n'
                          for i, name in enumerate(kinds)), sshd='false')
        with Runner(box, room.within) if with_runner else contextlib.nullcontext() as runner:
            told = ['env', f'STOCKADE_RUNNER={runner.path}'] if runner else []
            box.start(within=[*room.within, *told, *as_unit])
            for name in CHILDREN:
                box.child(name)
            ban_and_unban(box, room, kinds, A)
            if runner:
                outside_of_unit(box, room, runner, kinds)
            faults = [line for line in box.read('f2b.log').split('\n') if ' ERROR ' in line]
            expect(all('The resolver process has ended' in line for line in faults), faults)       # with the killed runner
            expect(box.stop() == 0, 'it ends well')
        return sorted(kinds)


def ban_and_unban(box, room, kinds, who):
    box.attack(who)
    for i, (name, (show, _)) in enumerate(kinds.items()):
        wait_for(lambda jail=f'j{i}': box.banned(jail) == [who], f'{name} bans')
        wait_for(lambda show=show: who in room.run(*show), f'{name} has it in the kernel')
    box.ask('unban', who)
    for name, (show, _) in kinds.items():
        wait_for(lambda show=show: who not in room.run(*show), f'{name} takes it back')


def outside_of_unit(box, room, runner, kinds):
    """A runner that is killed is followed by another, and what it runs is not closed in."""
    expect(runner.process, 'nothing was run by the runner')
    runner.process.kill()
    ban_and_unban(box, room, kinds, B)
    wait_for(lambda: runner.starts > 1, 'another runner')
    box.ask('set', 'j0', 'addaction', 'outside')
    box.ask('set', 'j0', 'action', 'outside', 'actionban',
            f'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status > {box.path("outside")}.new && mv {box.path("outside")}.new {box.path("outside")}')
    box.ask('set', 'j0', 'banip', C)
    wait_for(lambda: box.read('outside'), 'the own action has run')
    expect(box.read('outside').split() == ['NoNewPrivs:', '0', 'Seccomp:', '0'], lambda: box.read('outside'))


@case
def unit_lets_firewalls_and_children_do_their_work(box):
    print('     tried: ' + ', '.join(bans_within_unit(box, UNIT, KINDS, True)))


@case
def strict_unit_lets_nftables_do_its_work(box):
    print('     tried: ' + ', '.join(bans_within_unit(box, f'{UNIT}:{STRICT}', {name: KINDS[name] for name in STRICT_KINDS}, False)))


main(__doc__)
