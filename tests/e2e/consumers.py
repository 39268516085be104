#!/usr/bin/env python3
"""Tools that read fail2ban's status, log, database, configuration and socket, each run against a live server of ours.

Debian's packages are fetched with apt-get and unpacked below build/consumers; nothing is installed, and no service of theirs is started.
What cannot be fetched is skipped by name.
"""
import ast
import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from harness import COMMAND_S, PATIENCE_S, TOP, Box, Skipped, case, expect, main, wait_for

import tables       # tools/lib, see harness

CACHE = os.path.join(TOP, 'build', 'consumers')
FETCH_S = 120
MONIT_S = 300
A, B = '203.0.113.5', '2001:db8::5'


def package(*names):
    """The folder that the packages are unpacked in."""
    root = os.path.join(CACHE, 'root')
    os.makedirs(root, exist_ok=True)
    for name in names:
        done = os.path.join(CACHE, name + '.unpacked')
        if os.path.exists(done):
            continue
        if not shutil.which('apt-get'):
            raise Skipped(f'{name}: there is no apt-get')
        try:
            fetch = subprocess.run(['apt-get', 'download', '-q', name], cwd=CACHE, stdin=subprocess.DEVNULL, capture_output=True,
                                   timeout=FETCH_S, check=False)
        except subprocess.TimeoutExpired as e:
            raise Skipped(f'{name}: apt-get does not end') from e
        files = sorted(glob.glob(os.path.join(CACHE, name + '_*.deb')))
        if fetch.returncode or not files:
            raise Skipped(f'{name}: apt-get cannot fetch it')
        subprocess.run(['dpkg', '-x', files[-1], root], check=True, timeout=COMMAND_S)
        with open(done, 'w', encoding='utf8') as f:
            f.write(files[-1])
    return root


def need(program):
    if not shutil.which(program):
        raise Skipped(f'{program} is not installed')
    return program


def run(words, **more):
    environment = {**os.environ, 'LC_ALL': 'C', **more.pop('env', {})}
    done = subprocess.run(words, env=environment, stdin=more.pop('stdin', subprocess.DEVNULL), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=COMMAND_S, check=False, **more)
    return done.returncode, done.stdout.decode('utf8', 'replace'), done.stderr.decode('utf8', 'replace')


def busy(box):
    """A server with two jails; sshd has seen one attacker, who is banned, and another who is not."""
    box.write('more.log', '')
    box.jails(f'[more-ssh]\nenabled  = true\nfilter = sshd\nlogpath = {box.path("more.log")}\n')
    box.start()
    box.attack(A)
    box.attack('203.0.113.6', times=2)
    wait_for(lambda: box.banned() == [A] and box.count('Total failed') == 5, 'a ban, and five failures')


def our_client(box):
    """A fail2ban-client in a folder of its own that needs no options, for tools that give none."""
    os.makedirs(box.path('bin'), exist_ok=True)
    box.write('bin/fail2ban-client', f'#!/bin/sh\nexec {box.programs}/fail2ban-client -c {box.etc} "$@"\n')
    os.chmod(box.path('bin/fail2ban-client'), 0o755)
    return box.path('bin/fail2ban-client')


@case
def munin(box):
    root = package('munin-common', 'munin-plugins-core')
    need('bash')
    busy(box)
    env = {'MUNIN_LIBDIR': root + '/usr/share/munin', 'client': box.programs + '/fail2ban-client', 'config_dir': box.etc}
    plugin = root + '/usr/share/munin/plugins/fail2ban'
    _, text, error = run(['bash', plugin], env=env)
    expect(set(text.split('\n')) == {'sshd.value 1', 'more_ssh.value 0', ''}, f'values: {text} {error}')
    expect('sshd.label sshd\n' in run(['bash', plugin, 'config'], env=env)[1], 'config')
    expect(run(['bash', plugin, 'autoconf'], env=env)[1] == 'yes\n', 'autoconf')
    box.stop()
    expect(run(['bash', plugin, 'autoconf'], env=env)[1].startswith('no '), 'autoconf without a server')


@case
def nagios(box):
    plugin = package('fail2ban') + '/usr/share/doc/fail2ban/examples/nagios/check_fail2ban'
    need('perl')
    client = our_client(box)
    busy(box)
    plugin = ['perl', plugin, '-P', client, '-p']
    status, text, _ = run([*plugin, '-w', '1', '-c', '2'])
    expect(status == 1 and 'WARNING - 2 detected jails with 1 current banned IP(s)' in text, f'{status} {text}')
    expect('sshd.currentBannedIP=1' in text and 'more-ssh.currentBannedIP=0' in text, text)
    expect(run([*plugin, '-w', '5', '-c', '9', '-j', 'sshd'])[:2] == (0, 'CHECK FAIL2BAN ACTIVITY - OK - 1 current banned IP(s) for '
                                                                     'the specific jail sshd | 1 '), 'one jail')
    expect(run([*plugin, '-j', 'nope'])[0] == 2, 'a jail that is not there')
    box.stop()
    expect(run(plugin)[0] == 2, 'no server')


@case
def cacti(box):
    script = package('fail2ban') + '/usr/share/doc/fail2ban/examples/cacti/fail2ban_stats.sh'
    need('bash')
    client = our_client(box)
    busy(box)
    path = {'PATH': os.path.dirname(client) + ':' + os.environ['PATH']}
    expect(run(['bash', script, 'sshd'], env=path)[1] == 'failed:5 banned:1\n', run(['bash', script, 'sshd'], env=path))
    expect(run(['bash', script, 'more-ssh'], env=path)[1] == 'failed:0 banned:0\n', 'an idle jail')


@case
def logwatch(box):
    root = package('logwatch')
    need('perl')
    busy(box)
    box.ask('set', 'more-ssh', 'banip', B)
    box.ask('set', 'more-ssh', 'banip', B)
    box.ask('set', 'sshd', 'unbanip', A)
    box.ask('reload')
    box.stop()
    with open(box.path('f2b.log'), 'rb') as log:
        status, text, error = run(['perl', '-I', root + '/usr/share/logwatch/lib', root + '/usr/share/logwatch/scripts/services/fail2ban'],
                                  stdin=log, env={'LOGWATCH_DETAIL_LEVEL': '10'})
    expect(status == 0 and not error, f'{status} {error}')
    expect(re.search(rf'sshd:\s*.*\n\s*{re.escape(A)}\s.*1:1', text) or re.search(rf'{re.escape(A)}.*1:1', text), text)
    expect(B in text, text)
    expect('Unmatched' not in text and 'unmatched' not in text, text)


NETDATA = '''import sys, json, types
sys.path[:0] = [sys.argv[1] + '/python_modules', sys.argv[1]]
sys.dont_write_bytecode = True
import importlib.machinery
module = importlib.machinery.SourceFileLoader('chart', sys.argv[1] + '/fail2ban.chart.py').load_module()
job = module.Service(configuration={'update_every': 1, 'priority': 1, 'autodetection_retry': 0, 'job_name': 'x', 'chart_cleanup': 0,
    'penalty': False, 'override_name': '', 'module_name': 'fail2ban', 'retries': 1, 'log_path': sys.argv[2], 'conf_path': sys.argv[3], 'conf_dir': sys.argv[4]}, name='x')
assert job.check()
job._last_position = 0
job.find_recent_log_file = lambda: True
print(json.dumps([job.monitoring_jails, job.get_data()]))
'''


def python():
    """Debian's own interpreter, which its packages are made for."""
    interpreter = '/usr/bin/python3'
    if not os.path.exists(interpreter):
        raise Skipped('Debian\'s python3 is not installed')
    version = tuple(map(int, run([interpreter, '-c', 'import sys; print(*sys.version_info[:2])'])[1].split()))
    if version >= (3, 12):
        raise Skipped('fail2ban 1.0.2 and netdata 1.37 need a Python before 3.12')
    return interpreter


@case
def netdata(box):
    root = package('netdata-plugins-python')
    interpreter = python()
    busy(box)
    box.ask('set', 'sshd', 'unbanip', A)
    box.ask('set', 'sshd', 'banip', '203.0.113.7')
    wait_for(lambda: 'Ban 203.0.113.7' in box.read('f2b.log'), 'the ban is in the log')
    jails = box.read('etc/jail.local').replace('enabled = true', 'enabled  = true')
    box.write('jail.local', jails)      # netdata wants two blanks
    os.mkdir(box.path('jail.d'))
    status, text, error = run([interpreter, '-c', NETDATA, root + '/usr/lib/netdata/python.d', box.path('f2b.log'), box.path('jail.local'),
                               box.path('jail.d') + '/'])
    expect(status == 0, f'{text} {error[-600:]}')
    monitored, data = json.loads(text.strip().split('\n')[-1])
    expect({'sshd', 'more-ssh'} <= set(monitored), monitored)
    expect((data['sshd'], data['sshd_failed_attempts'], data['sshd_in_jail'], data['more-ssh']) == (2, 5, 1, 0), data)


def monit_recipe(box, name, recipe):
    """A folder for monit with the recipe, whose paths are those of the box."""
    with open(recipe, encoding='utf8') as f:
        text = f.read()
    for path, ours in (('/var/run/fail2ban/fail2ban.pid', box.path('f2b.pid')), ('/var/run/fail2ban/fail2ban.sock', box.socket),
                       ('/var/log/fail2ban.log', box.path('f2b.log')), ('/etc/init.d/fail2ban', '/bin/true')):
        text = text.replace(path, ours)
    folder = box.path('monit-' + name)
    os.mkdir(folder)
    with open(folder + '/rc', 'w', encoding='utf8') as f:
        f.write(f'set daemon 1\nset log {folder}/log\nset pidfile {folder}/pid\nset idfile {folder}/id\nset statefile {folder}/state\n'
                + text)
    os.chmod(folder + '/rc', 0o700)
    return folder


@case
def monit(box):
    program = package('monit') + '/usr/bin/monit'
    recipes = {'debian': package('fail2ban') + '/etc/monit/monitrc.d/fail2ban', 'own': TOP + '/packaging/monit/fail2ban'}
    busy(box)
    folders = [monit_recipe(box, name, path) for name, path in recipes.items()]
    watches = []
    try:
        for folder in folders:
            status, said, error = run([program, '-c', folder + '/rc', '-t'])
            if 'error while loading shared libraries' in error:
                raise Skipped(f'monit: {error.strip().split(": ", 2)[-1]}')
            expect(status == 0, f'{folder}: monit refuses the recipe: {said} {error}')
            watches.append(subprocess.Popen([program, '-c', folder + '/rc', '-Iv'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL))
        for name in recipes:
            wait_for(lambda name=name: f"'fail2ban' succeeded testing protocol [DEFAULT] at {box.socket}" in box.read(f'monit-{name}/log'),
                     f'{name}: the socket answers (monit first waits for half a minute)', seconds=MONIT_S)
            wait_for(lambda name=name: all(said in box.read(f'monit-{name}/log') for said in ("'fail2ban' process is running with pid",
                                                                                            "'fail2ban_log' file exists")), f'{name}: both are looked at')
            log = box.read(f'monit-{name}/log')
            expect('trying to restart' not in log and 'process is not running' not in log, log)
        box.append('2026-01-01 00:00:00,000 fail2ban.x [1]: ERROR   a fault\n', log=box.path('f2b.log'))
        for name in recipes:
            wait_for(lambda name=name: "'fail2ban_log' content match" in re.sub('content match (?:skipped|done).*', '',
                                                                             box.read(f'monit-{name}/log')), f'{name}: an error is seen')
    finally:
        for watch in watches:
            watch.send_signal(signal.SIGTERM)
            watch.wait(COMMAND_S)
    expect(box.answers(), 'the server has not been disturbed')


@case
def augeas(box):
    root = package('libaugeas0', 'augeas-lenses', 'augeas-tools')
    library = os.path.dirname(glob.glob(root + '/usr/lib/*/libaugeas.so.0')[0])
    tree = box.path('tree')
    shutil.copytree(box.etc, tree + '/etc/fail2ban')
    # Its lens does not take fail2ban's own jail.conf either: it knows no options of several lines with '='.
    commands = ('set /augeas/load/F/lens Fail2ban.lns\nset /augeas/load/F/incl[1] /etc/fail2ban/jail.local\n'
                'set /augeas/load/F/incl[2] /etc/fail2ban/fail2ban.conf\nload\nprint /augeas//error\n'
                'get /files/etc/fail2ban/jail.local/sshd/enabled\nget /files/etc/fail2ban/fail2ban.conf/DEFAULT/loglevel\n'
                'set /files/etc/fail2ban/jail.local/sshd/maxretry 7\nsave\n')
    box.write('commands', commands)
    with open(box.path('commands'), 'rb') as f:
        status, text, error = run([root + '/usr/bin/augtool', '-A', '-I', root + '/usr/share/augeas/lenses/dist', '-r', tree], stdin=f,
                                  env={'LD_LIBRARY_PATH': library})
    if 'error while loading shared libraries' in error:
        raise Skipped(f'augeas: {error.strip().split(": ", 2)[-1]}')
    expect(status == 0 and '/error' not in text and 'error' not in error, f'{status} {text} {error}')
    expect('sshd/enabled = true' in text and 'DEFAULT/loglevel = INFO' in text and 'Saved 1 file(s)' in text, text)
    box.etc = tree + '/etc/fail2ban'
    expect("['set', 'sshd', 'maxretry', 7]" in box.ask('-d'), 'what augeas has written is read')


@case
def lynis(box):
    """It asks by a pipeline of its own which jails are enabled."""
    with open(package('lynis') + '/usr/share/lynis/include/tests_tooling', encoding='utf8') as f:
        pipeline = re.search(r'FIND=\$\((\$\{FAIL2BANCLIENT\} -d .*)\)$', f.read(), re.MULTILINE)
    expect(pipeline, 'lynis asks fail2ban-client -d')
    busy(box)
    _, text, error = run(['sh', '-c', pipeline.group(1)],
                         env={'FAIL2BANCLIENT': our_client(box), 'TRBINARY': 'tr', 'AWKBINARY': 'awk'})
    expect(set(text.split()) == {'sshd', 'more-ssh'}, f'{text} {error}')


@case
def database_readers(box):
    busy(box)
    wait_for(lambda: os.path.exists(box.path('f2b.sqlite3')), 'the database')

    def rows(question):
        with sqlite3.connect(f'file:{box.path("f2b.sqlite3")}?mode=ro', uri=True, timeout=PATIENCE_S) as db:
            return db.execute(question).fetchall()
    wait_for(lambda: rows('select ip from bans') and rows('select ip from bips'), 'the ban is written')
    (jail, ip, when, bantime, count, data), = rows('select jail, ip, timeofban, bantime, bancount, data from bans')
    expect((jail, ip, bantime, count) == ('sshd', A, 3600, 1) and abs(when - time.time()) < 600, (jail, ip, when, bantime, count))
    expect(json.loads(data)['failures'] == 3 and len(json.loads(data)['matches']) == 3, data)
    expect(rows('select ip, jail, bantime from bips') == [(A, 'sshd', 3600)], rows('select * from bips'))
    expect(sorted(rows('select name, enabled from jails')) == [('more-ssh', 1), ('sshd', 1)], rows('select * from jails'))


def debian_client(root, box, *words):
    """Debian's fail2ban-client, which is Python, on our server."""
    status, text, error = run([python(), '-B', root + '/usr/bin/fail2ban-client', '-c', box.etc, *words],
                              env={'PYTHONPATH': root + '/usr/lib/python3/dist-packages'})
    return status, text, re.sub(r'^[\d-]+ [\d:,]+ fail2ban\S*\s+\[\d+\]: ', '', error, flags=re.MULTILINE)


# What stands for the arguments of a command, by its fixed words; others have an argument that tells by itself.
VALUES = {
    'set loglevel': 'INFO', 'set logtarget': 'LOG', 'set syslogsocket': 'auto', 'set dbfile': 'DB', 'set dbmaxmatches': '5',
    'set dbpurgeage': '2d', 'add': 'extra polling', 'start': 'extra', 'stop': 'extra', 'unban': A, 'banned': A, 'restart': 'sshd',
    'reload': 'sshd', 'set <JAIL> idle': 'off', 'set <JAIL> ignoreself': 'true', 'set <JAIL> ignorecommand': '/bin/false <ip>',
    'set <JAIL> ignorecache': 'key="<ip>"', 'set <JAIL> addlogpath': 'MORE', 'set <JAIL> dellogpath': 'MORE',
    'set <JAIL> logencoding': 'utf-8', 'set <JAIL> logtimezone': 'UTC+0100', 'set <JAIL> addjournalmatch': '_COMM=sshd',
    'set <JAIL> deljournalmatch': '_COMM=sshd', 'set <JAIL> prefregex': '^<F-CONTENT>.+</F-CONTENT>$',
    'set <JAIL> addfailregex': '^more <HOST>$', 'set <JAIL> delfailregex': '0', 'set <JAIL> addignoreregex': '^less',
    'set <JAIL> delignoreregex': '0', 'set <JAIL> findtime': '20m', 'set <JAIL> bantime': '30m', 'set <JAIL> datepattern': '%Y-%m-%d',
    'set <JAIL> usedns': 'no', 'set <JAIL> banprefix.v4': '24', 'set <JAIL> banprefix.v6': '64', 'set <JAIL> banprefix.min': '3',
    'set <JAIL> bancut': 'true', 'set <JAIL> maxretry': '9', 'set <JAIL> maxmatches': '4', 'set <JAIL> maxlines': '2',
    'set <JAIL> addignoreip': '198.51.100.0/24', 'set <JAIL> delignoreip': '198.51.100.0/24', 'set <JAIL> addaction': 'second',
    'set <JAIL> delaction': 'second', 'set <JAIL> banip': '203.0.113.9 203.0.113.8', 'set <JAIL> unbanip': '203.0.113.9',
    'set <JAIL> attempt': '203.0.113.77', 'get <JAIL> banned': A, 'get <JAIL> actionproperties': 'report',
    'get <JAIL> actionmethods': 'report',
}
# fail2ban 1.0.2 has not these yet: its client prints the answer as it comes.
NEWER = ('stats', 'status --all')
READING = ('get', 'status', 'banned', 'ping', 'version')
# Not tried: they would start Debian's server, or end ours.
LEFT_OUT = {'start': ('',), 'restart': ('',), 'stop': ('',)}


def examples(box):
    """At least one command for each row of the table of commands."""
    places = {'LOG': box.path('f2b.log'), 'DB': box.path('f2b.sqlite3'), 'MORE': box.path('more.log')}
    for _, words, arguments, _ in tables.rows('src/base/client_commands.def', 'COMMAND'):
        if not arguments and words in LEFT_OUT:
            continue
        value = VALUES.get(words, '') if arguments else ''
        value = 'on' if words.endswith('actionstart') or words.endswith('actionstop') else value
        if arguments.startswith('--'):
            value = '--all'
        if arguments and not value and words.split()[-1] in ('actioncheck', 'actionban', 'actionunban', 'timeout', '<PROPERTY>'):
            value = '60' if words.endswith('timeout') else 'true'
        if words.endswith('bantime.<OPTION>'):
            for name, option in (('increment', 'true'), ('factor', '2'), ('maxtime', '5w'), ('rndtime', '0'), ('overalljails', 'false'),
                                 ('multipliers', '1 2 4')):
                yield words.replace('<OPTION>', name).replace('<JAIL>', 'sshd') + (f' {option}' if arguments else '')
            continue
        if words.endswith('<METHOD>['):
            words, value = words.replace('<METHOD>[', 'executeCmd'), '{}'
        command = words.replace('stat[istic]s', 'stats').replace('<JAIL>', 'sshd').replace('<ACT>', 'report')
        command = command.replace('<PROPERTY>', 'name')
        optional = not arguments or arguments[0] in '[' or words in ('status', 'banned')
        expect(value or optional, f'no example for "{words} {arguments}"')
        for place, path in places.items():
            value = re.sub(rf'\b{place}\b', path, value)
        yield command + (' ' + value if value else '')


def shown(box, answer):
    """An answer without what differs from server to server."""
    status, text, error = answer
    return status, re.sub(r'\d{10}\.\d+', 'TIME', (text + error).replace(box.folder, 'BOX'))


def both(root, servers, one, two):
    """The answers of Debian's client and of ours, each on its server."""
    status, text, error = run(servers[1].command('fail2ban-client', *two.split(' ')))
    error = re.sub(r'^[\d-]+ [\d:,]+ fail2ban\S*\s+\[\d+\]: ', '', error, flags=re.MULTILINE)
    return shown(servers[0], debian_client(root, servers[0], *one.split(' '))), shown(servers[1], (status, text, error))


@case
def debians_client(box):
    """Every command by Debian's fail2ban-client, on one server of ours, and by our client on another: the same answers."""
    root = package('fail2ban')
    python()
    other = Box(box.programs, box.real)
    try:
        servers = (box, other)
        for server in servers:
            server.write('more.log', '')
            server.start()
            server.attack(A)
            wait_for(lambda server=server: server.banned() == [A], 'a ban')
        commands = [list(examples(server)) for server in servers]
        expect(len(commands[0]) > 100, f'only {len(commands[0])} commands')
        different = []
        for one, two in zip(*commands):
            answers = both(root, servers, one, two)
            if one in NEWER:
                expect(answers[0][0] == answers[1][0] == 0 and 'sshd' in answers[0][1], f'{one}: {answers}')
                continue
            end = time.monotonic() + PATIENCE_S     # bans and counts come a moment after the command that made them
            while answers[0] != answers[1] and one.startswith(READING) and time.monotonic() < end:
                answers = both(root, servers, one, two)
            if answers[0] != answers[1]:
                different.append(f'{one}: {answers[0]} ours: {answers[1]}')
        expect(not different, lambda: f'{len(different)} of {len(commands[0])}:\n' + '\n'.join(different))
    finally:
        other.close(False)
    status, text, error = debian_client(root, box, 'stop')
    expect((status, text) == (0, 'Shutdown successful\n'), f'{status} {text} {error}')
    box.server.wait(COMMAND_S)
    expect(debian_client(root, box, 'ping')[0] == 255, 'nobody answers')


@case
def debians_client_reads_our_configuration(box):
    """Its reload sends what it has read itself."""
    root = package('fail2ban')
    python()
    busy(box)
    box.jails(f'[third]\nenabled = true\nfilter = sshd\nlogpath = {box.path("more.log")}\n', maxretry='7')
    status, text, error = debian_client(root, box, 'reload')
    expect((status, text) == (0, 'OK\n'), f'{status} {text} {error}')
    expect(box.ask('get', 'sshd', 'maxretry') == '7' and 'third' in box.ask('status') and 'more-ssh' not in box.ask('status'), 'taken over')
    expect(box.banned() == [A], 'the ban is kept')


SOCKET = '''import sys
from fail2ban.client.csocket import CSocket
socket = CSocket(sys.argv[1])
print([socket.send(command.split()) for command in sys.argv[2:]])
'''


@case
def python_socket(box):
    """fail2ban's module for talking to the socket, as other Python programs use it."""
    root = package('fail2ban')
    busy(box)
    status, text, error = run([python(), '-B', '-c', SOCKET, box.socket, 'ping', 'status', 'get sshd bantime', 'status sshd'],
                              env={'PYTHONPATH': root + '/usr/lib/python3/dist-packages'})
    expect(status == 0, error)
    ping, overview, bantime, sshd = ast.literal_eval(text)
    expect((ping, bantime) == ((0, 'pong'), (0, 3600)), text)
    expect(overview == (0, [('Number of jail', 2), ('Jail list', 'sshd, more-ssh')])
           or overview == (0, [('Number of jail', 2), ('Jail list', 'more-ssh, sshd')]), overview)
    expect(dict(sshd[1][1][1])['Banned IP list'] == [A], sshd)


main(__doc__)
