#!/usr/bin/env python3
"""The shipped configuration as a whole: every jail can be enabled, on every system that has a paths file."""
import ast
import glob
import os
import re
import subprocess

from harness import COMMAND_S, TOP, case, expect, main, wait_for

GOOGLE, OTHER, LIAR = '192.0.2.10', '192.0.2.20', '192.0.2.30'

# Answers for the resolver: a true robot, a stranger, and one whose name claims too much.
GETENT = f'''#!/bin/sh
case "$1 $2" in
    "hosts {GOOGLE}") echo "{GOOGLE} crawl-10.googlebot.com" ;;
    "ahosts crawl-10.googlebot.com") echo "{GOOGLE} STREAM crawl-10.googlebot.com" ;;
    "hosts {OTHER}") echo "{OTHER} crawl.googlebot.com.example.org" ;;
    "hosts {LIAR}") echo "{LIAR} crawl-10.googlebot.com" ;;
    *) exit 2 ;;
esac
'''


def shipped():
    """The names of all jails in jail.conf."""
    with open(os.path.join(TOP, 'config', 'jail.conf'), encoding='utf8') as f:
        return [name for name in re.findall(r'^\[([^\]]+)\]', f.read(), re.MULTILINE) if name not in ('DEFAULT', 'INCLUDES')]


def enable_all(box, options=''):
    """Every jail, each with an empty log of its own."""
    text = ''
    for name in shipped():
        if name != 'sshd':
            box.write(f'{name}.log', '')
            text += f'[{name}]\nenabled = true\nlogpath = {box.path(name + ".log")}\nbackend = polling\n{options}'
    box.jails(text)


def dumped(box):
    """The commands that fail2ban-client -d prints."""
    return [ast.literal_eval(line) for line in box.ask('-d').split('\n') if line.startswith('[')]


def added(commands):
    return {command[1] for command in commands if command[0] == 'add'}


@case
def every_jail_is_off_but_sshd(box):
    os.unlink(box.path('etc/jail.local'))
    expect(added(dumped(box)) == {'sshd'}, 'only sshd is enabled')


@case
def dump_has_every_jail(box):
    enable_all(box)
    commands = dumped(box)
    expect(added(commands) == set(shipped()), lambda: f'missing {sorted(set(shipped()) - added(commands))}')
    for what, word in (('regexes', 'addfailregex'), ('actions', 'addaction'), ('log', 'addlogpath')):
        have = {c[1] for c in commands if c[0] in ('set', 'multi-set') and c[2] == word}
        expect(have == set(shipped()), lambda: f'without {what}: {sorted(set(shipped()) - have)}')
    left = [c for c in commands if c[0] == 'multi-set' and c[2] == 'addfailregex' and re.search(r'<[a-z]+-', str(c[3]))]
    expect(not left, lambda: f'a tag is left over: {left[0]}')


@case
def every_jail_starts(box):
    enable_all(box, f'action = report[target="{box.reports}"]\n')
    box.start()
    names = set(re.sub(r'.*Jail list:\s*', '', box.ask('status'), flags=re.DOTALL).split(', '))
    expect(names == set(shipped()), lambda: f'missing {sorted(set(shipped()) - names)}')
    box.attack('203.0.113.5')
    wait_for(lambda: '203.0.113.5' in box.reported('ban'), 'sshd bans among all of them')
    faults = [line for line in (box.read('f2b.log') + box.read('out')).split('\n') if ' ERROR ' in line or ' CRITICAL ' in line]
    expect(not faults, lambda: faults[0])


@case
def every_system_has_its_paths(box):
    enable_all(box)
    with open(box.path('etc/jail.conf'), encoding='utf8') as f:
        text = f.read()
    systems = sorted(os.path.basename(path) for path in glob.glob(box.path('etc/paths-*.conf')))
    expect(len(systems) > 5, 'the paths files are there')
    for system in systems:
        box.write('etc/jail.conf', re.sub(r'^before = paths-\S+$', f'before = {system}', text, flags=re.MULTILINE))
        found = added(dumped(box))
        expect(found == set(shipped()), lambda: f'{system}: missing {sorted(set(shipped()) - found)}')


@case
def log_path_variables_are_all_known(box):
    used = set(re.findall(r'%\((\w+_(?:log|backend|dir))\)s', box.read('etc/jail.conf')))
    known = set(re.findall(r'^(\w+) =', box.read('etc/paths-common.conf'), re.MULTILINE))
    expect(used and used <= known, lambda: f'not in paths-common.conf: {sorted(used - known)}')


@case
def true_googlebot_is_told_by_its_name(box):
    box.write('getent', GETENT)
    os.chmod(box.path('getent'), 0o755)
    command = box.path('etc/filter.d/ignorecommands/apache-fakegooglebot')
    for words, status in (([GOOGLE], 0), ([OTHER], 1), ([LIAR], 1), (['192.0.2.40', '2'], 1), ([], 2), (['$(id)'], 2),
                          ([GOOGLE, 'x'], 2)):
        done = subprocess.run([command, *words], env={**os.environ, 'PATH': box.folder + ':' + os.environ['PATH']},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_S, check=False)
        expect(done.returncode == status, f'{words}: exit status {done.returncode}, not {status}')


main(__doc__)
