#!/usr/bin/env python3
"""Runs a command as closed in as a unit of systemd says, as far as the kernel does that: capabilities, no_new_privs, system calls, address
families, a file system that is read-only, a /proc of processes alone.

    tests/e2e/as_unit.py UNIT[:DROP-IN] WRITABLE-FOLDER COMMAND...

Run it in a mount namespace of its own. Needs libseccomp, and systemd-analyze for what "@system-service" means; exit status 77 without.
"""
import ctypes
import errno
import os
import shutil
import socket
import subprocess
import sys

SKIPPED = 77
ALLOW, ERRNO = 0x7fff0000, 0x00050000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
COMPARE_EQUAL = 4
CAPABILITIES = ('CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE '
                'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN '
                'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE '
                'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE').split()


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp"""
    _fields_ = [('arg', ctypes.c_uint), ('op', ctypes.c_int), ('a', ctypes.c_uint64), ('b', ctypes.c_uint64)]


def settings(paths):
    """Each option's values in the order of the files; what begins with ~ takes away."""
    found = {}
    for path in paths:
        with open(path, encoding='utf8') as f:
            for line in f:
                name, equals, value = line.strip().partition('=')
                if equals and not name.startswith('#'):
                    found.setdefault(name, []).append(value.split())
    return found


def gathered(values, expand=lambda word: {word}):
    """A set from lists of words, of which those that begin with ~ are taken out."""
    result = set()
    for words in values:
        takes_away = words[0].startswith('~')
        for word in words:
            result = result - expand(word.lstrip('~')) if takes_away else result | expand(word)
    return result


def calls_of(word):
    """The system calls of a name or of a group of systemd's."""
    if not word.startswith('@'):
        return {word}
    listed = subprocess.run(['systemd-analyze', 'syscall-filter', word], stdout=subprocess.PIPE, check=True).stdout.decode().split('\n')
    return set().union(*(calls_of(line.strip()) for line in listed[1:] if line.strip() and not line.strip().startswith('#')))


def close_files(writable):
    """ProtectSystem=strict, but for what is to be written."""
    for folder in writable:
        if os.path.isdir(folder):
            subprocess.run(['mount', '--bind', folder, folder], check=True)
    subprocess.run(['mount', '-o', 'remount,bind,ro', '/'], check=True)


def close_proc(unit):
    """ProcSubset=pid, and ProtectProc=invisible."""
    if unit.get('ProcSubset', [[]])[-1] == ['pid']:
        subprocess.run(['mount', '-t', 'proc', '-o', 'subset=pid,hidepid=2', 'proc', '/proc'], check=True)


def close_calls(seccomp, unit):
    seccomp.seccomp_init.restype = ctypes.c_void_p
    filters = ctypes.c_void_p(seccomp.seccomp_init(ERRNO | errno.EPERM))
    families = [getattr(socket, name) for name in gathered(unit['RestrictAddressFamilies'])]
    for name in gathered(unit['SystemCallFilter'], calls_of) | calls_of('@default'):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue            # not of this architecture
        if name != 'socket':
            seccomp.seccomp_rule_add_array(filters, ALLOW, number, 0, None)
            continue
        for family in families:
            seccomp.seccomp_rule_add_array(filters, ALLOW, number, 1, ctypes.byref(Comparison(0, COMPARE_EQUAL, family, 0)))
    if seccomp.seccomp_load(filters) != 0:
        raise OSError('the filter of system calls cannot be loaded')


def main():
    paths, folder, command = sys.argv[1].split(':'), sys.argv[2], sys.argv[3:]
    if not shutil.which('systemd-analyze'):
        print('systemd-analyze is not here')
        sys.exit(SKIPPED)
    try:
        seccomp = ctypes.CDLL('libseccomp.so.2')
    except OSError as e:
        print(e)
        sys.exit(SKIPPED)
    unit, libc = settings(paths), ctypes.CDLL(None, use_errno=True)
    kept = {name.removeprefix('CAP_') for name in gathered(unit['CapabilityBoundingSet'])}
    close_proc(unit)
    close_files([word.lstrip('-') for words in unit['ReadWritePaths'] for word in words] + [folder, '/tmp'])
    for number, name in enumerate(CAPABILITIES):
        if name not in kept and libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), name)
    if unit['NoNewPrivileges'][-1] == ['yes']:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    close_calls(seccomp, unit)
    os.execvp(command[0], command)


main()
