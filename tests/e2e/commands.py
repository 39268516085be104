#!/usr/bin/env python3
"""The commands of an administrator, by our client and by fail2ban's own, which must print the same."""
import contextlib
import grp
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

from harness import COMMAND_S, PATIENCE_S, Skipped, case, expect, main, wait_for

A, B = '203.0.113.5', '203.0.113.6'
# Asked one after the other on the same server; the answers of both clients must be the same text and status.
ASKED = (
    'ping', 'version', 'status', 'status sshd', 'status nope', 'banned', f'banned {A}', 'get sshd banip', 'get sshd banned',
    'get sshd ignoreip', 'get sshd logpath', 'get sshd bantime', 'get sshd findtime', 'get sshd maxretry', 'get sshd usedns',
    'get sshd failregex', 'get sshd actions', 'get loglevel', 'get logtarget', 'get dbfile', 'get dbpurgeage',
    f'set sshd unbanip {B}', 'set sshd addignoreip 198.51.100.0/24', 'set sshd delignoreip 192.0.2.0/24', 'set sshd banip',
    'set sshd nonsense 1', 'get sshd nonsense', 'nonsense', 'get nope banip', 'echo one two')


@case
def status_shows_what_happened(box):
    box.start()
    expect(box.ask('ping') == 'Server replied: pong', box.ask('ping'))
    expect(re.fullmatch(r'1\.1\.1(\+stockade\d+\.\d+\.\d+)?', box.ask('version')), box.ask('version'))
    expect(box.ask('status') == 'Status\n|- Number of jail:\t1\n`- Jail list:\tsshd', box.ask('status'))
    box.attack(A)
    wait_for(lambda: box.banned() == [A], 'ban')
    expect(box.ask('status', 'sshd') == '\n'.join((
        'Status for the jail: sshd', '|- Filter', '|  |- Currently failed:\t0', '|  |- Total failed:\t3',
        f'|  `- File list:\t{box.log}', '`- Actions', '   |- Currently banned:\t1', '   |- Total banned:\t1',
        f'   `- Banned IP list:\t{A}')), box.ask('status', 'sshd'))


@case
def wrong_words_are_refused(box):
    box.start()
    for words, answer in ((('status', 'nope'), "Sorry but the jail 'nope' does not exist"), (('nonsense',), 'Invalid command'),
                          (('set', 'sshd', 'bantime'), 'Sorry but the command is invalid')):
        status, text = box.client(*words)
        expect(status == 255 and answer in text, f'{words}: {status} {text}')


@case
def log_paths_come_and_go(box):
    box.start()
    more = box.path('more.log')
    box.write('more.log', '')
    box.ask('set', 'sshd', 'addlogpath', more)
    expect(more in box.ask('get', 'sshd', 'logpath'), box.ask('get', 'sshd', 'logpath'))
    box.attack(A, log=more)
    wait_for(lambda: A in box.reported('ban'), 'the new log is read')
    box.ask('set', 'sshd', 'dellogpath', more)
    expect(more not in box.ask('get', 'sshd', 'logpath'), box.ask('get', 'sshd', 'logpath'))


@case
def reload_keeps_bans_and_takes_changes(box):
    box.start()
    box.attack(A)
    wait_for(lambda: A in box.reported('ban'), 'ban')
    box.jails(f'[second]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\nmaxretry = 1\n', maxretry='7')
    expect(box.ask('reload') == 'OK', 'reload answers OK')
    expect(box.banned() == [A], f'banned after reload: {box.banned()}')
    expect(box.ask('get', 'sshd', 'maxretry') == '7', 'the new value holds')
    box.attack(B, 1)
    wait_for(lambda: B in box.banned('second'), 'the new jail bans')


@case
def restart_brings_a_new_server(box):
    status, text = box.client('start')
    expect(status == 0 and 'Server ready' in text, f'start: {status} {text}')
    try:
        first = box.read('f2b.pid')
        status, text = box.client('start')
        expect(status == 255 and 'already running' in text, f'a second start: {status} {text}')
        status, text = box.client('restart')
        expect(status == 0, f'restart: {status} {text}')
        expect(box.read('f2b.pid') not in ('', first), 'the process is a new one')
        box.attack(A)
        wait_for(lambda: A in box.reported('ban'), 'the new server bans')
    finally:
        status, text = box.client('stop')
    expect(status == 0 and 'Shutdown successful' in text, f'stop: {status} {text}')
    wait_for(lambda: not os.path.exists(box.socket) and not os.path.exists(box.path('f2b.pid')), 'socket and pid file go')


@case
def test_and_dump_need_no_server(box):
    expect('OK: configuration test is successful' in box.ask('-t'), box.ask('-t'))
    expect("['add', 'sshd', 'auto']" in box.ask('-d'), box.ask('-d'))
    box.write('etc/jail.local', '[sshd]\nenabled = true\nfilter = nowhere\n')
    status, text = box.client('-t')
    expect(status == 255 and 'nowhere' in text, f'-t: {status} {text}')


def as_member(box, group, *words):
    """Run a client as a user who has nothing but this group."""
    def drop():
        os.setgroups([group] if group else [])
        os.setgid(65534)
        os.setuid(65534)
    client, *rest = box.command('fail2ban-client', *words)
    within_reach = shutil.copy(client, box.path('client'))  # the build may stand where only root gets, as in /root
    done = subprocess.run([within_reach, *rest], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=COMMAND_S, check=False, preexec_fn=drop)
    return done.returncode, done.stdout.decode('utf8', 'replace')


@case
def members_of_the_group_may_look_and_nothing_else(box):
    if os.geteuid():
        raise Skipped('needs root')
    group = grp.getgrnam('daemon').gr_gid
    box.start()
    status, text = as_member(box, group, 'status')
    expect(status == 255, f'without socketgroup: {status} {text}')
    expect(box.ask('set', 'socketgroup', 'daemon') == 'daemon', 'set socketgroup')
    status, text = as_member(box, group, 'status', 'sshd')
    expect(status == 0 and 'Status for the jail: sshd' in text, f'a member looks: {status} {text}')
    for words in (('set', 'sshd', 'banip', A), ('stop',), ('reload',), ('set', 'socketgroup', 'root')):
        status, text = as_member(box, group, *words)
        expect(status == 255, f'a member says {words}: {status} {text}')
    status, text = as_member(box, None, 'status')
    expect(status == 255, f'somebody else looks: {status} {text}')
    expect(box.banned() == [] and box.ask('ping'), 'nothing has changed')
    box.ask('set', 'socketgroup', '')
    status, text = as_member(box, group, 'status')
    expect(status == 255, f'after it was taken back: {status} {text}')


@case
def socketgroup_comes_from_the_configuration(box):
    if os.geteuid():
        raise Skipped('needs root')
    with open(box.path('etc/fail2ban.local'), 'a', encoding='utf8') as f:
        f.write('socketgroup = daemon\n')
    box.start()
    expect(box.ask('get', 'socketgroup') == 'daemon', box.ask('get', 'socketgroup'))
    status, text = as_member(box, grp.getgrnam('daemon').gr_gid, 'ping')
    expect(status == 0 and 'pong' in text, f'{status} {text}')


END = b'<F2B_END_COMMAND>'


def connect(box):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S * 5)
    connection.connect(box.socket)
    return connection


def answer_of(connection, end=b'\n'):
    text = b''
    while not text.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            break
        text += piece
    return text


def while_member_does(group, deed):
    """Start a process of a member of the group, which does the deed and then waits; returns its id."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([group])
            os.setgid(65534)
            os.setuid(65534)
            kept = deed()       # open until the end
            os.write(done, b'x' if kept else b'?')
            signal.pause()
        finally:
            os._exit(1)
    os.close(done)
    expect(os.read(ready, 1) == b'x', 'the member has done it')
    os.close(ready)
    return pid


@case
def readers_cannot_keep_the_administrator_out(box):
    group = grp.getgrnam('daemon').gr_gid
    box.start()
    box.ask('set', 'socketgroup', 'daemon')

    def sit():
        seats = []
        for _ in range(1200):
            seat = socket.socket(socket.AF_UNIX)
            seat.setblocking(False)
            try:
                seat.connect(box.socket)
            except BlockingIOError:
                break
            seats.append(seat)
        return seats
    pid = while_member_does(group, sit)
    try:
        for _ in range(20):
            expect(box.ask('ping') == 'Server replied: pong', 'the administrator is answered')
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    wait_for(lambda: 'pong' in as_member(box, group, 'ping')[1], 'members are answered again')


@case
def a_reader_may_ask_little(box):
    """64 KiB; an administrator 32 MiB."""
    group = grp.getgrnam('daemon').gr_gid
    box.start()
    box.ask('set', 'socketgroup', 'daemon')
    text = json.dumps(['echo', 'x' * 100000]).encode() + b'\n'
    with connect(box) as connection:
        connection.sendall(text)
        expect(len(answer_of(connection)) > 100000, 'an administrator is answered')
    box.write('answer', '')
    os.chmod(box.path('answer'), 0o666)

    def ask():
        with connect(box) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(text)
            with open(box.path('answer'), 'wb') as f:
                f.write(answer_of(connection))
        return True
    pid = while_member_does(group, ask)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    answer = json.loads(box.read('answer'))
    expect(not answer['ok'] and 'too large' in answer['error']['message'], answer)
    wait_for(lambda: 'pong' in as_member(box, group, 'ping')[1], 'the next one is answered')


@case
def a_thousand_clients_at_once_are_served(box):
    """Beside one who asks without end, one who never ends its request, and one who takes no answer."""
    box.start()
    stuck, deaf, greedy = connect(box), connect(box), connect(box)
    stuck.sendall(b'["ping"')
    deaf.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(100000):
            deaf.send(b'["status","sshd"]\n' * 100)
    over = threading.Event()
    greed = [0]

    def ask_without_end():
        while not over.is_set():
            greedy.sendall(b'["ping"]\n' * 50)
            left = 50
            while left > 0:
                left -= answer_of(greedy).count(b'\n')
            greed[0] += 50
    threading.stack_size(256 * 1024)
    asker = threading.Thread(target=ask_without_end, daemon=True)
    asker.start()
    wrong = []

    def ask_once():
        try:
            with connect(box) as connection:
                connection.sendall(b'["ping"]\n')
                answer = answer_of(connection)
                if answer != b'{"ok":true,"result":"pong"}\n':
                    wrong.append(answer)
        except OSError as e:
            wrong.append(repr(e))
    threads = [threading.Thread(target=ask_once) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not wrong, lambda: f'{len(wrong)} of 1000 were not served: {wrong[0]}')
    wait_for(lambda: greed[0] > 0, 'the greedy one is served too')
    over.set()
    asker.join()
    for connection in (stuck, deaf, greedy):
        connection.close()
    expect(box.ask('ping') == 'Server replied: pong', 'afterwards')


@case
def commands_sent_before_hanging_up_are_carried_out(box):
    """As fail2ban does."""
    box.start()
    options = ('maxretry', 'findtime', 'bantime', 'maxmatches')
    for number, ends in ((71, (END,) * 4), (72, (b'\n',) * 4)):
        with connect(box) as connection:
            connection.sendall(b''.join(json.dumps(['set', 'sshd', option, str(number)]).encode() + end
                                        for option, end in zip(options, ends)) + b'["set","sshd","maxretry","99"]')
        wait_for(lambda number=number: [box.ask('get', 'sshd', option) for option in options] == [str(number)] * 4,
                 'all four have been set, and the unfinished one has not')


def asked(box, words, programs):
    """The answer to a command, in the same situation each time."""
    box.client('set', 'sshd', 'banip', B)
    box.client('set', 'sshd', 'addignoreip', '192.0.2.0/24')
    return box.client(*words.split(), programs=programs)


@case
def upstream_client_prints_the_same(box):
    if not os.path.exists(os.path.join(box.real, 'fail2ban-client')):
        raise Skipped('real fail2ban is not here (../shared/conform/get-real-fail2ban build/real)')
    box.start()
    box.attack(A)
    wait_for(lambda: box.banned() == [A], 'ban')
    for words in ASKED:
        ours, theirs = (asked(box, words, programs) for programs in (None, box.real))
        strip = [re.sub(r'^[\d-]+ [\d:,]+ fail2ban\s+\[\d+\]: ', '', text, flags=re.MULTILINE) for _, text in (ours, theirs)]
        expect(ours[0] == theirs[0], f'{words}: exit status {ours[0]} ours, {theirs[0]} theirs')
        expect(strip[0] == strip[1], f'{words}: ours {strip[0]!r}, theirs {strip[1]!r}')


@case
def our_client_works_with_upstreams_server(box):
    """The same answers as upstream's client gives there; and reload, which sends what ours has read."""
    if not os.path.exists(os.path.join(box.real, 'fail2ban-server')):
        raise Skipped('real fail2ban is not here (../shared/conform/get-real-fail2ban build/real)')
    with open(box.path('out'), 'ab') as out:
        box.server = subprocess.Popen([os.path.join(box.real, 'fail2ban-server'), '-c', box.etc, '-xf', 'start'], stdin=subprocess.DEVNULL,
                                      stdout=out, stderr=out, start_new_session=True)
    wait_for(box.answers, "upstream's server answers", seconds=PATIENCE_S * 3)
    box.attack(A)
    wait_for(lambda: box.banned() == [A], 'ban', seconds=PATIENCE_S * 3)
    for words in ASKED:
        ours, theirs = (asked(box, words, programs) for programs in (None, box.real))
        strip = [re.sub(r'^[\d-]+ [\d:,]+ fail2ban\s+\[\d+\]: ', '', text, flags=re.MULTILINE) for _, text in (ours, theirs)]
        expect(ours[0] == theirs[0] and strip[0] == strip[1], f'{words}: ours {ours}, theirs {theirs}')
    box.jails('', maxretry='7')
    expect(box.ask('reload') == 'OK' and box.ask('get', 'sshd', 'maxretry') == '7', 'reload')
    expect(json.loads(box.ask('--json', 'ping')) == {'ok': True, 'result': 'pong'}, 'JSON')
    expect(box.stop() == 0, 'stop')


main(__doc__)
