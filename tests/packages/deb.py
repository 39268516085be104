#!/usr/bin/env python3
"""The Debian package in a fresh Debian: over a running fail2ban with bans in the kernel, over itself, and back to fail2ban.

Needs root, debootstrap and Debian's archive; without them it is skipped. The Debian is made once (build/packages/bookworm) and copied
for each run. The kernel's side is that of a network namespace; nothing of this machine's is touched.
"""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORE = os.path.join(TOP, 'build', 'packages')
SUITE, MIRROR = 'bookworm', 'http://deb.debian.org/debian'
# What a machine has; the rest is what the two packages ask for. iproute2 is for looking.
MACHINE = ('ca-certificates', 'nftables', 'iptables', 'procps', 'iproute2')
MAKE_S, FETCH_S, PLAY_S = 600, 600, 600
MISSING = 77


class Skipped(Exception):
    """Something is not here."""


def run(*command, limit_s=60, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s,
                          check=False, **options)
    return done.returncode, done.stdout.decode('utf8', 'replace')


def must(*command, **options):
    status, said = run(*command, **options)
    if status:
        raise RuntimeError(f'{" ".join(command)}: exit status {status}:\n{said[-3000:]}')
    return said


def make_base():
    """A Debian with the packages that tests start from, and those that they will install in its cache."""
    base = os.path.join(STORE, SUITE)
    if os.path.exists(base + '.made'):
        return base
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(STORE, exist_ok=True)
    if not shutil.which('debootstrap'):
        raise Skipped('debootstrap is not here')
    status, said = run('debootstrap', '--variant=minbase', SUITE, base, MIRROR, limit_s=MAKE_S)
    if status:
        raise Skipped(f"a Debian cannot be made, perhaps the archive cannot be reached: {said[-300:]}")
    within(base, 'apt-get', 'update', limit_s=FETCH_S)
    within(base, 'apt-get', 'install', '-y', '--no-install-recommends', *MACHINE, limit_s=FETCH_S)
    within(base, 'apt-get', 'install', '-y', '--no-install-recommends', '--download-only', 'fail2ban', limit_s=FETCH_S)
    with open(base + '.made', 'w', encoding='utf8'):
        pass
    return base


def within(root, *command, limit_s):
    """Run a command in a Debian, with the network."""
    shutil.copy('/etc/resolv.conf', os.path.join(root, 'etc', 'resolv.conf'))
    return must('unshare', '-m', '-p', '-f', '--propagation', 'private', 'chroot', root,
                'env', 'DEBIAN_FRONTEND=noninteractive', *command, limit_s=limit_s)


def play(root, package):
    """Go through the story, which is a script within."""
    shutil.copy(package, os.path.join(root, 'root', 'stockade.deb'))
    within(root, 'apt-get', 'install', '-y', '--no-install-recommends', '--download-only', '/root/stockade.deb', limit_s=FETCH_S)
    shutil.copy(os.path.join(TOP, 'tests', 'packages', 'deb-story'), os.path.join(root, 'root', 'story'))
    proc = os.path.join(root, 'proc')
    enter = f'mount -t proc proc {proc} && mount -t tmpfs tmpfs {root}/run && mount -t devpts devpts {root}/dev/pts; exec chroot {root} sh /root/story'
    done = subprocess.run(['unshare', '-m', '-p', '-f', '-n', '--kill-child', '--propagation', 'private', 'sh', '-c', enter],
                          stdin=subprocess.DEVNULL, timeout=PLAY_S, check=False,
                          env={'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C.UTF-8',
                               'DEBIAN_FRONTEND': 'noninteractive', 'WAIT_S': os.environ.get('WAIT_S', '60')})
    return done.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('package', help='the .deb')
    parser.add_argument('--keep', action='store_true', help='keep the Debian that was played in')
    options = parser.parse_args()
    root = os.path.join(STORE, f'{SUITE}-{os.getpid()}')
    try:
        if os.geteuid():
            raise Skipped('needs root')
        base = make_base()
        must('cp', '-a', '--reflink=auto', base, root, limit_s=FETCH_S)
        failed = play(root, options.package)
    except Skipped as e:
        print(f'skip deb: {e}')
        return 0
    except (RuntimeError, subprocess.TimeoutExpired) as e:
        print(f'FAIL deb: {e}')
        return 1
    finally:
        if not options.keep:
            with contextlib.suppress(OSError):
                shutil.rmtree(root)
    return failed


sys.exit(main())
