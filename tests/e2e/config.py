#!/usr/bin/env python3
"""The shipped configuration as a whole: every jail can be enabled, on every system that has a paths file."""
import ast
import glob
import json
import os
import re
import subprocess

from harness import COMMAND_S, TOP, case, expect, main, wait_for
from room import Room

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
def default_action_bans_in_the_kernel(box):
    box.write('etc/jail.local', f'[DEFAULT]\nusedns = no\n[sshd]\nlogpath = {box.log}\n'
              f'[recidive]\nenabled = true\nlogpath = {box.log}\nfilter = sshd\nmaxretry = 5\nbackend = polling\n')
    with Room(box, {}) as room:
        box.start(room.within)
        box.attack('203.0.113.5', 5)
        for jail in ('sshd', 'recidive'):
            wait_for(lambda jail=jail: '203.0.113.5' in room.run('nft', 'list', 'set', 'inet', 'f2b-table', f'addr-set-{jail}'),
                     f'{jail} bans')
        chain = room.run('nft', 'list', 'chain', 'inet', 'f2b-table', 'f2b-chain')
        expect(re.search(r'tcp dport (?:\{ )?22 (?:\} )?ip saddr @addr-set-sshd ', chain), f'sshd: its port: {chain}')
        expect(re.search(r'meta l4proto tcp ip saddr @addr-set-recidive ', chain), f'recidive: every port: {chain}')
        box.stop()
        expect('f2b-table' not in room.run('nft', 'list', 'tables'), 'nothing is left in the kernel')


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


def found(box):
    """What fail2ban-client -t finds: its answer as JSON."""
    status, text = box.client('-t', '--json')
    answer = json.loads(re.search(r'^\{.*\}$', text, re.MULTILINE).group(0))
    expect(answer['ok'] == (status == 0), lambda: f'exit status {status}, but ok is {answer["ok"]}')
    return answer


@case
def test_finds_nothing_wrong_in_what_is_shipped(box):
    enable_all(box)
    noise = [f for f in found(box)['findings'] if 'is not there' not in f['message']]
    expect(not noise, lambda: noise)
    box.jails('')
    expect(box.client('-t') == (0, 'OK: configuration test is successful\n'), box.client('-t'))


@case
def test_goes_to_the_bottom(box):
    box.write('etc/action.d/own.conf', '[Definition]\nactionban = no-such-program <ip> <tiem>\n')
    box.write('etc/filter.d/own.conf', '[Definition]\nhead = ^own:\nfailregex = <head> fine <HOST>$\n'
              '            <head> broken (parenthesis <HOST>$\n')
    wrong = ('[regex]\nenabled = true\nfilter = own\n', '[name]\nenabled = true\nfilter = sshdd\n',
             '[span]\nenabled = true\nfilter = sshd\nbantime = 1 hur\n',
             '[log]\nenabled = true\nfilter = sshd\nlogpath = %s\n' % box.path('auth.lgo'))
    strange = ('[act]\nenabled = true\nfilter = sshd\naction = own\n', '[opt]\nenabled = true\nfilter = sshd\nmaxrety = 3\n',
               '[ports]\nenabled = true\nfilter = sshd\naction = iptables-multiport[port="22"]\n'
               '[also]\nenabled = true\nfilter = sshd\naction = nftables-multiport[port="ssh"]\n')
    log = f'logpath = {box.log}\n'
    expected = {'regex': ('own.conf', 4, 'unterminated subpattern', ''), 'name': ('jail.local', 12, 'filter', "did you mean 'sshd'?"),
                'span': ('jail.local', 13, "'1 hur' is no time", ''), 'log': ('jail.local', 13, 'no log file', "'auth.log'"),
                'act': ('own.conf', 2, 'no-such-program', 'install'), 'opt': ('jail.local', 13, 'maxrety', "'maxretry'"),
                'ports': ('jail.local', 16, 'port ssh', 'same banaction')}
    for text in wrong + strange:
        name = re.match(r'\[(\w+)', text).group(1)
        box.jails(text.replace('filter =', log + 'filter =') if name != 'log' else text)
        answer = found(box)
        file, line, message, fix = expected[name]
        hits = [f for f in answer['findings'] if message in f['message'] and (f['file'] or '').endswith('/' + file)]
        expect(len(hits) == 1, lambda: f'{name}: {answer}')
        hit = hits[0]
        expect(hit['severity'] == ('error' if text in wrong else 'warning'), hit)
        expect(answer['ok'] == (text in strange), lambda: f'{name}: {answer}')
        expect(abs(hit['line'] - line) <= 3 and '^' in hit['excerpt'] and fix in (hit['fix'] or ''), hit)
        status, printed = box.client('-t')
        said = 'OK: configuration test is successful' if text in strange else 'ERROR: test configuration failed'
        expect(said in printed.split('\n') and (status == 0) == (text in strange), printed)
        place = rf'/{file}:{hit["line"]}: {hit["severity"]}: .*{re.escape(message)}.*\n +{hit["line"]} \| .*\n +\| +\^+\n'
        expect(re.search(place, printed), lambda: f'{place}: {printed}')


@case
def one_wrong_jail_harms_no_other_unless_strict(box):
    box.jails(f'[wrong]\nenabled = true\nfilter = sshdd\nlogpath = {box.log}\n')
    status, text = box.client('--strict', 'start')
    expect(status == 255 and "did you mean 'sshd'?" in text, lambda: f'{status} {text}')
    expect(re.search(r'filter = sshdd\n +\| +\^{5}\n', text), text)
    expect(box.client('ping')[0] == 255, 'strict: nothing runs')
    box.start()
    box.attack('203.0.113.5')
    wait_for(lambda: '203.0.113.5' in box.reported('ban'), 'the healthy jail bans')
    box.jails(f'[wrong]\nenabled = true\nfilter = sshdd\nlogpath = {box.log}\n[new]\nenabled = true\nfilter = sshd\n'
              f'logpath = {box.log}\n')
    status, text = box.client('--strict', 'reload')
    expect(status == 255 and 'new' not in box.ask('status'), lambda: f'strict reload: {status} {text}')
    box.client('reload')
    expect('new' in box.ask('status'), 'a reload that is not strict takes the healthy jails')


@case
def strict_server_ends_when_a_jail_is_refused(box):
    box.jails(f'[wrong]\nenabled = true\nfilter =\nfailregex = ( <HOST>\nlogpath = {box.log}\n')
    status, text = box.client('--strict', 'start')
    expect(status == 255 and '--strict' in text, lambda: f'{status} {text}')
    wait_for(lambda: box.client('ping')[0] == 255, 'the server ends')
    done = subprocess.run(box.command('fail2ban-server', '--strict', '-xf', 'start'), stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=COMMAND_S, check=False)
    expect(done.returncode == 255, f'in the foreground: exit status {done.returncode}')
    status, text = box.client('start')
    expect(box.client('ping')[0] == 0, lambda: f'without it the healthy jail runs: {text}')
    box.ask('stop')
    wait_for(lambda: box.client('ping')[0] == 255, 'the server ends')


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
