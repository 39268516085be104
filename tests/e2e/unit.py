#!/usr/bin/env python3
"""The units of systemd, under a real one: booted in namespaces of its own, with nothing but these units.

What actions of a machine that only swaps the package need has to work: a setgid sendmail, files below /etc, names, the firewall; through
a start, a reload, a killed runner, a restart and a stop. Skipped where a systemd cannot be booted.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess

from harness import COMMAND_S, TOP, Failed, Skipped, case, expect, in_own_namespaces, main, sshd_line, wait_for

SYSTEMD = '/lib/systemd/systemd'
UNITS = ('fail2ban.service', 'fail2ban-actions.service', 'fail2ban-actions.socket')
TARGETS = ('sysinit', 'basic', 'sockets', 'shutdown', 'network', 'multi-user', 'minimal', 'paths', 'timers')
A, B, C, NAMED = '203.0.113.5', '203.0.113.6', '203.0.113.7', '203.0.113.77'
PROGRAMS = '/run/programs'
GROUP = 60777           # of the catcher of mails
NAME = 'attacker.test'
ENDED_WITH_RUNNER = re.compile('The resolver process has ended|The process of the actions in Python has ended')
# From inside the namespaces. The box is /run/box, its folder "log" is /var/log.
BOOT = '''
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/box /run/programs /run/units /run/none /run/upper /run/work
mount --bind {folder} /run/box
mount --bind {programs} /run/programs
for folder in /var/lib /var/spool /tmp /home /root; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 /tmp
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc 2>/dev/null ||
        {{ mkdir -p /run/etc; mount -t tmpfs -o mode=755 etc /run/etc; mkdir /run/etc/upper /run/etc/work
          mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc; }}
mount --bind /run/box/log /var/log
rm -rf /etc/fail2ban
cp -r /run/box/etc /etc/fail2ban
cp -r /run/box/units/* /run/units/
echo '{named} {name}' >> /etc/hosts
: > /etc/hosts.deny
mkdir /var/spool/catch
chgrp {group} /var/spool/catch
cp "$(readlink -f "$(command -v tee)")" /var/spool/postdrop
chgrp {group} /var/spool/postdrop
chmod 2755 /var/spool/postdrop
umount -R /sys/fs/cgroup
mount --bind -o ro /sys /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
ip link set lo up
export SYSTEMD_UNIT_PATH=/run/units SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none container=e2e
exec {systemd} --system --unit=minimal.target --log-target=null --show-status=no --crash-reboot=no
'''


def cgroup_folder():
    """Where this process stands in the one hierarchy of version 2."""
    with open('/proc/self/mountinfo', encoding='utf8') as f:
        mounts = [line.split() for line in f]
    places = [words[4] for words in mounts if words[words.index('-') + 1] == 'cgroup2']
    with open('/proc/self/cgroup', encoding='utf8') as f:
        own = [line.strip()[3:] for line in f if line.startswith('0::')]
    if not places or not own:
        raise Skipped('no cgroups of version 2')
    return places[0] + own[0].rstrip('/')


class Machine:
    """A systemd in namespaces; use it in a with statement."""

    def __init__(self, box):
        self.box, self.pid, self.process = box, None, None
        self.cgroup = os.path.join(cgroup_folder(), f'stockade-e2e{os.getpid()}')

    def stage(self):
        """The units as they are installed, and the targets that they name."""
        os.makedirs(self.box.path('units'))
        for name in UNITS:
            with open(os.path.join(TOP, 'packaging', 'systemd', name), encoding='utf8') as f:
                self.box.write(f'units/{name}', f.read().replace('@bindir@', PROGRAMS).replace('@libexecdir@', PROGRAMS))
            if name.endswith('.service'):       # there is no journal
                os.makedirs(self.box.path(f'units/{name}.d'))
                self.box.write(f'units/{name}.d/out.conf', '[Service]\nStandardOutput=append:/run/box/out\nStandardError=append:/run/box/out\n')
        for name in TARGETS:
            self.box.write(f'units/{name}.target', f'[Unit]\nDescription={name}\n')

    def __enter__(self):
        if not os.path.exists(SYSTEMD) or not shutil.which('systemctl'):
            raise Skipped('no systemd is here')
        self.stage()
        self.box.write('boot', BOOT.format(folder=self.box.folder, programs=os.path.realpath(self.box.programs), named=NAMED, name=NAME, group=GROUP, systemd=SYSTEMD))
        try:
            os.mkdir(self.cgroup)
        except OSError as e:
            raise Skipped(f'no cgroup of its own: {e}') from e
        try:
            self.boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def boot(self):
        inner = ['unshare', '--pid', '--mount', '--net', '--cgroup', '--uts', '--ipc', '--fork', '--kill-child', 'sh', self.box.path('boot')]
        with open(self.box.path('out'), 'ab') as out:
            self.process = self.box.popen(['sh', '-c', f'echo $$ > {self.cgroup}/cgroup.procs && exec "$@"', 'sh', *inner],
                                          stdout=out, stderr=out)
        try:
            wait_for(lambda: self.process.poll() is not None or self.is_up(), 'systemd answers')
        except Failed:
            pass
        if self.process.poll() is not None or not self.is_up():
            raise Skipped(f'a systemd cannot be booted here: {self.box.read("out").strip()[-300:]}')

    def is_up(self):
        with contextlib.suppress(OSError, ValueError, IndexError), \
                open(f'/proc/{self.process.pid}/task/{self.process.pid}/children', encoding='utf8') as f:
            self.pid = int(f.read().split()[0])
            return self.run('systemctl', 'is-active', 'minimal.target')[1].strip() == 'active'
        return False

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            if self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)       # all of its namespace ends with it
            else:
                self.process.kill()
            self.process.wait()
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            with contextlib.suppress(OSError):
                wait_for(lambda folder=folder: remove(folder), 'its cgroups are empty', seconds=20)

    def run(self, *command):
        """Run a command inside: (exit status, what it printed)."""
        done = subprocess.run(['nsenter', '-t', str(self.pid), '-m', '-n', '-p', '-C', '-u', '-i', *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_S, check=False)
        return done.returncode, done.stdout.decode('utf8', 'replace')

    def do(self, *command):
        status, text = self.run(*command)
        if status:
            raise Failed(f'{" ".join(command)}: {status}: {text.strip()}\n{self.diag()[-1500:]}\n'
                         + self.run('systemctl', 'status', '--no-pager', *UNITS)[1])
        return text

    def client(self, *words):
        return self.do(PROGRAMS + '/fail2ban-client', *words)

    def state(self, unit):
        return self.run('systemctl', 'is-active', unit)[1].strip()

    def main_pid(self, unit):
        """Its main process, as the namespace numbers it; 0: none."""
        return int(self.do('systemctl', 'show', '-p', 'MainPID', '--value', unit))

    def status_of(self, pid):
        return dict(line.split(':\t', 1) for line in self.do('cat', f'/proc/{pid}/status').split('\n') if ':\t' in line)

    def diag(self):
        return self.box.read('log/fail2ban.log')

    def attack(self, who):
        self.box.append(*(sshd_line(who) for _ in range(3)), log=self.box.path('log/auth.log'))

    def mails(self):
        return self.run('cat', '/var/spool/catch/mail')[1]

    def denied(self):
        return self.do('cat', '/etc/hosts.deny')

    def wait_for_effects(self, who):
        """All that a ban of this address is to bring about."""
        wait_for(lambda: f'ban {who} ' in self.mails(), f'the mail about {who}')
        wait_for(lambda: who in self.denied(), f'{who} in hosts.deny')
        if shutil.which('nft'):
            wait_for(lambda: who in self.run('nft', 'list', 'ruleset')[1], f'{who} in the kernel')


def remove(folder):
    with contextlib.suppress(FileNotFoundError, OSError):
        os.rmdir(folder)
    return not os.path.exists(folder)


def configure(box):
    os.makedirs(box.path('log'), exist_ok=True)
    box.write('log/auth.log', '')
    box.write('etc/fail2ban.local', '[DEFAULT]\nloglevel = INFO\n')
    # As sendmail of a mail server: it is setgid, and writes where its group may.
    box.write('etc/action.d/catcher.conf', '[Definition]\nactionstart = echo "start <name>" | <mailer>\nactionstop = echo "stop <name>" '
              '| <mailer>\nactionban = echo "ban <ip> $(id -u) $(umask)" | <mailer>\nactionunban =\n[Init]\n'
              'mailer = /var/spool/postdrop -a /var/spool/catch/mail >/dev/null\n')
    # As the shipped smtp.py: an action in Python.
    box.write('etc/action.d/own.py', 'from fail2ban.server.action import ActionBase\n\n\nclass OwnAction(ActionBase):\n'
              '    def ban(self, info):\n        with open("/var/spool/catch/python", "a", encoding="utf8") as f:\n'
              '            print(info["ip"], file=f)\n\n\nAction = OwnAction\n')
    firewall = 'nftables-multiport[port=ssh]\n ' if shutil.which('nft') else ''
    box.write('etc/jail.local', '[DEFAULT]\nusedns = yes\nmaxretry = 3\nfindtime = 1h\nbantime = 1h\n'
              '[sshd]\nenabled = true\nbackend = polling\nlogpath = /var/log/auth.log\n'
              f'action = {firewall}catcher\n hostsdeny[file=/etc/hosts.deny]\n own.py\n')


@case
def swapped_package_does_what_fail2ban_did(box):
    configure(box)
    with Machine(box) as machine:
        machine.do('systemctl', 'start', 'fail2ban')
        expect(machine.state('fail2ban-actions.socket') == 'active', 'the socket has not come along')
        server = machine.status_of(machine.main_pid('fail2ban.service'))
        expect(server['NoNewPrivs'] == '1' and server['Seccomp'] == '2', f'the server is not closed in: {server}')
        machine.attack(A)
        machine.wait_for_effects(A)
        expect(f'ban {A} 0 0077' in machine.mails(), f'the command ran otherwise than with fail2ban: {machine.mails()}')
        expect(machine.do('stat', '-c', '%g', '/var/spool/catch/mail').strip() == str(GROUP), 'the catcher was not setgid')
        wait_for(lambda: A in machine.run('cat', '/var/spool/catch/python')[1], 'the action in Python has worked')
        first = machine.main_pid('fail2ban-actions.service')
        expect(first > 0, 'no runner runs')

        machine.attack(NAME)
        machine.wait_for_effects(NAMED)
        machine.do('systemctl', 'reload', 'fail2ban')

        machine.do('kill', '-KILL', str(first))
        wait_for(lambda: 'The process of the actions in Python has ended' in machine.diag(), 'what it has started ends with it')
        machine.attack(B)
        machine.wait_for_effects(B)
        wait_for(lambda: B in machine.run('cat', '/var/spool/catch/python')[1], 'the action in Python has worked again')
        second = machine.main_pid('fail2ban-actions.service')
        expect(second not in (0, first), f'the runner is not another: {first}, {second}')
        expect('The connection to stockade-runner has ended' in machine.diag(), 'its end was not told')

        machine.do('systemctl', 'restart', 'fail2ban')
        machine.attack(C)
        machine.wait_for_effects(C)
        wait_for(lambda: f'ban {A} ' in machine.mails().split('stop sshd')[-1], 'the ban is restored')
        expect(machine.main_pid('fail2ban-actions.service') not in (0, second), 'the runner outlived its server')

        machine.do('systemctl', 'stop', 'fail2ban')
        expect(machine.mails().rstrip().endswith('stop sshd'), f'actionstop did not work: {machine.mails()}')
        expect(A not in machine.denied() and C not in machine.denied(), f'hosts.deny still has it: {machine.denied()}')
        for unit in UNITS:
            wait_for(lambda unit=unit: machine.state(unit) == 'inactive', f'{unit} ends')
        faults = [line for line in machine.diag().split('\n') if ' ERROR ' in line]
        expect(all(ENDED_WITH_RUNNER.search(line) for line in faults), faults)


@case
def without_its_runner_the_server_does_what_it_can_and_says_so(box):
    configure(box)
    with Machine(box) as machine:
        machine.do('ln', '-sf', '/dev/null', '/run/units/fail2ban-actions.socket')        # masked
        machine.do('systemctl', 'daemon-reload')
        machine.do('systemctl', 'start', 'fail2ban')
        wait_for(lambda: 'stockade-runner cannot be reached' in machine.diag(), 'the line about it')
        machine.attack(A)
        if shutil.which('nft'):
            wait_for(lambda: A in machine.run('nft', 'list', 'ruleset')[1], 'the ban in the kernel')
        wait_for(lambda: 'hosts.deny: Read-only file system' in machine.diag(), 'hosts.deny is not for the closed server')
        expect(machine.diag().count('cannot be reached') == 1, 'it is said again and again')
        machine.do('cp', '--remove-destination', '/run/box/units/fail2ban-actions.socket', '/run/units/')
        machine.do('systemctl', 'daemon-reload')
        machine.do('systemctl', 'start', 'fail2ban-actions.socket')
        machine.attack(B)
        machine.wait_for_effects(B)
        expect('stockade-runner is there again' in machine.diag(), 'its return was not told')
        machine.do('systemctl', 'stop', 'fail2ban')


in_own_namespaces()
main(__doc__)
