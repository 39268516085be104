#!/usr/bin/env python3
"""The static programs in a root that has nothing but them, a configuration and a log: no libc, no shell, no users.

    static.py [--bin build/static/src/main]
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ('fail2ban-server', 'fail2ban-client', 'fail2ban-regex', 'stockade-check',
            'stockade-scanner', 'stockade-front', 'stockade-resolver', 'stockade-runner')
CHILDREN = 'usr/local/libexec/stockade'     # where the prefix that is set without being told has them
LIMIT_S = 30
ADDRESS = '203.0.113.5'
JAIL = '''[DEFAULT]
backend = polling
usedns = no
[sshd]
enabled = true
maxretry = 3
logpath = /var/log/auth.log
action =
'''
failed = []


def report(name, is_right, said):
    print(f'{"ok" if is_right else "FAIL"} static.{name}' + ('' if is_right else f': {said}'))
    if not is_right:
        failed.append(name)


def inside(root, *command):
    done = subprocess.run(['chroot', root, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode('utf8', 'replace')


def wait_for(condition):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def line(pid):
    return time.strftime('%b %d %H:%M:%S', time.gmtime()) + f' box sshd[{pid}]: Failed password for root from {ADDRESS} port 4000 ssh2\n'


def furnish(root, programs):
    for folder in ('bin', 'var/run/fail2ban', 'var/lib/fail2ban', 'var/log', 'dev', CHILDREN):
        os.makedirs(os.path.join(root, folder))
    with open(os.path.join(root, 'dev', 'null'), 'wb'):     # a file will do
        pass
    shutil.copytree(os.path.join(TOP, 'config'), os.path.join(root, 'etc', 'fail2ban'))
    for name in PROGRAMS:
        shutil.copy(os.path.join(programs, name), os.path.join(root, 'bin' if name.startswith('fail2ban') else CHILDREN))
    with open(os.path.join(root, 'etc', 'fail2ban', 'jail.local'), 'w', encoding='ascii') as f:
        f.write(JAIL)
    with open(os.path.join(root, 'var', 'log', 'auth.log'), 'w', encoding='ascii') as f:
        f.write(line(1))


def serves(root):
    status, said = inside(root, '/bin/fail2ban-client', '-t')
    report('client_finds_the_configuration_good', status == 0, said)
    status, said = inside(root, '/bin/fail2ban-regex', '/var/log/auth.log', 'sshd')
    report('regex_reads_a_log', status == 0 and '1 matched' in said, said)
    server = subprocess.Popen(['chroot', root, '/bin/fail2ban-server', '-f', 'start'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        report('server_answers', wait_for(lambda: inside(root, '/bin/fail2ban-client', 'ping')[0] == 0), 'no answer to ping')
        with open(os.path.join(root, 'var', 'log', 'auth.log'), 'a', encoding='ascii') as f:
            f.write(line(2) + line(3) + line(4))
        banned = wait_for(lambda: ADDRESS in inside(root, '/bin/fail2ban-client', 'banned')[1])
        report('server_bans', banned, inside(root, '/bin/fail2ban-client', 'status', 'sshd')[1])
        report('server_stops', inside(root, '/bin/fail2ban-client', 'stop')[0] == 0 and server.wait(LIMIT_S) == 0, 'it went on, or failed')
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default=os.path.join(TOP, 'build', 'static', 'src', 'main'))
    programs = parser.parse_args().bin
    if not os.path.exists(os.path.join(programs, PROGRAMS[0])):
        print(f'skip static: {programs} is not built')
        return 0
    for name in PROGRAMS:
        with open(os.path.join(programs, name), 'rb') as f:
            report(f'{name} needs no loader', b'/ld-' not in f.read(4096), 'it names one')
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        furnish(root, programs)
        serves(root)
    print(f'{len(failed)} failed')
    return 1 if failed else 0


sys.exit(main())
