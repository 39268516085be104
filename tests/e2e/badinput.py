#!/usr/bin/env python3
"""What is wrong is refused and named, and everything else goes on: files, configurations, and the control socket."""
import contextlib
import os
import pickle
import resource
import select
import socket
import time

from harness import PATIENCE_S, Failed, Skipped, case, expect, main, sshd_line, wait_for

A = '203.0.113.5'
END = b'<F2B_END_COMMAND>'
GROWTH_KIB = 8 * 1024       # what hostile clients may add to the memory of all processes
CONNECTIONS = 10000
LOGS = 1200


def works(box, address=A):
    """The sshd jail still bans."""
    box.attack(address)
    wait_for(lambda: address in box.reported('ban'), 'the sshd jail still bans')


def logged(box, *words):
    """A line of the log, or of the server's output, that holds all the words."""
    return [line for line in (box.read('f2b.log') + box.read('out')).split('\n') if all(word in line for word in words)]


@case
def missing_log_is_waited_for(box):
    late = box.path('late.log')
    box.jails(f'[late]\nenabled = true\nfilter = sshd\nlogpath = {late}\n')
    box.start()
    works(box)
    expect('late' in box.ask('status'), 'the jail is there')
    expect(logged(box, 'late.log') or logged(box, "'late'"), 'the log names it')
    box.attack('203.0.113.8', log=late)
    wait_for(lambda: '203.0.113.8' in box.banned('late'), 'the jail reads the log once it is there')


@case
def more_logs_than_files_may_be_open(box):
    os.mkdir(box.path('many'))
    for i in range(LOGS):
        box.write(f'many/{i}.log', '')
    box.jails(f'[many]\nenabled = true\nfilter = sshd\nlogpath = {box.path("many")}/*.log\n')
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * LOGS:
        raise Skipped(f'no more than {hard} files may be open here')
    box.start(within=('prlimit', f'--nofile=256:{hard}', '--'))     # a tenth of what it takes
    box.attack('203.0.113.8', log=box.path(f'many/{LOGS - 1}.log'))
    wait_for(lambda: '203.0.113.8' in box.banned('many'), 'the last log is read')
    works(box)


@case
def unreadable_log_harms_no_other(box):
    box.jails(f'[odd]\nenabled = true\nfilter = sshd\nlogpath = {box.path("folder")}\n')
    os.mkdir(box.path('folder'))
    box.start()
    works(box)
    expect(logged(box, box.path('folder')), 'the log names the path')


@case
def broken_regex_names_its_jail(box):
    box.write('etc/filter.d/broken.conf', '[Definition]\nfailregex = ^bad (unclosed <HOST>$\n')
    box.jails(f'[broken]\nenabled = true\nlogpath = {box.log}\nfilter = broken\n')
    box.start()
    works(box)
    wait_for(lambda: logged(box, 'ERROR', 'unclosed'), 'the log has the regex')
    expect(logged(box, 'broken'), 'the log names the jail')


@case
def unknown_action_names_its_jail(box):
    box.jails(f'[lost]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\naction = no-such-action\n')
    box.start()
    works(box)
    expect(logged(box, "'lost'", 'no-such-action') or logged(box, 'lost') and logged(box, 'no-such-action'), 'the log names both')


@case
def unknown_value_names_its_jail(box):
    box.jails(f'[wrong]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\nmaxretry = many\n')
    box.start()
    works(box)
    expect(logged(box, 'maxretry') and logged(box, 'wrong'), 'the log names option and jail')


@case
def no_valid_jail_still_runs(box):
    box.jails('', sshd='false')
    box.start()
    expect('Number of jail:\t0' in box.ask('status'), box.ask('status'))


def connect(box):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE_S)
    s.connect(box.socket)
    return s


def exchange(s, request):
    """Send bytes; return what comes back up to the terminator or the end."""
    s.sendall(request)
    answer = b''
    while not answer.endswith(END):
        part = s.recv(65536)
        if not part:
            break
        answer += part
    return answer


def ask_ping(box):
    with connect(box) as s:
        answer = exchange(s, pickle.dumps(['ping'], 4) + END)
    expect(b'pong' in answer, f'ping is answered by {answer[:200]!r}')


@case
def garbage_is_refused_and_the_connection_usable(box):
    box.start()
    with connect(box) as s:
        for garbage in (b'', b'\x00', b'hello', b'\x80\x04.', b'\x80\x04]\x94(', os.urandom(1000).replace(END, b''),
                        b'\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.', b'(' * 100000):
            exchange(s, garbage + END)
    ask_ping(box)
    works(box)


@case
def no_request_runs_code(box):
    box.start()
    mark = box.path('mark')
    class Evil:     # pylint: disable=too-few-public-methods
        def __reduce__(self):
            return os.system, (f'touch {mark}',)
    with connect(box) as s:
        for protocol in range(5):
            exchange(s, pickle.dumps(['set', Evil()], protocol) + END)
    ask_ping(box)
    expect(not os.path.exists(mark), 'a pickled call was made')


@case
def half_frames_hold_nothing_up(box):
    box.start()
    halves = [connect(box) for _ in range(20)]
    for s in halves:
        s.sendall(b'\x80\x04\x95\x0c')
    ask_ping(box)
    for s in halves:
        s.close()
    ask_ping(box)
    works(box)


@case
def huge_frame_is_cut_off(box):
    box.start()
    ask_ping(box)
    before = box.memory()
    block, sent, most = b'x' * 65536, 0, before
    with connect(box) as s:
        s.setblocking(False)
        end = time.monotonic() + PATIENCE_S
        while sent < 100 << 20 and time.monotonic() < end:
            try:
                if select.select([], [s], [], 1)[1]:
                    sent += s.send(block)
            except OSError:
                break       # the server has had enough
            if sent % (4 << 20) < 65536:
                most = max(most, box.memory())
    ask_ping(box)
    with contextlib.suppress(Failed):       # the connection's end is noticed a moment later; if it is not, what is seen tells
        wait_for(lambda: box.memory() <= before + GROWTH_KIB, 'the memory is given back')
    after = box.memory()
    print(f'     took {sent >> 20} MiB; PSS before {before}, most {most}, after {after} KiB')
    expect(after <= before + GROWTH_KIB, f'memory stays {after - before} KiB higher')
    expect(most <= before + 48 * 1024, f'memory grew by {most - before} KiB for a frame of 100 MiB')
    works(box)


@case
def idle_connections_are_bounded(box):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 500), hard))
    box.start()
    ask_ping(box)
    before, held, refused = box.memory(), [], 0
    try:
        for _ in range(CONNECTIONS):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            try:
                s.connect(box.socket)
                held.append(s)
            except OSError:
                s.close()
                refused += 1
                time.sleep(0.001)
        works(box)
        after = box.memory()
        print(f'     {len(held)} connected, {refused} not accepted yet; PSS before {before}, after {after} KiB')
        expect(after <= before + GROWTH_KIB, f'memory grew by {after - before} KiB')
        size = len(box.read('f2b.log'))
        expect(size < 200000, f'the log has grown to {size} bytes')
    finally:
        for s in held:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_for(lambda: box.client('ping')[0] == 0, 'clients are answered once they are gone')


@case
def hostile_log_bytes_harm_nothing(box):
    box.start()
    with open(box.log, 'ab') as f:
        f.write(os.urandom(1 << 20) + b'\n')
        f.write(b'\x00' * 65536 + b'\n')
        f.write(b'a' * (4 << 20) + b'\n')
        f.write('Failed password for \ufffe\U0001F600 from ::1 port 1 ssh2\n'.encode() * 10)
        f.write(b'Nov 24 00:00:00 host sshd[1]: Failed password for ' + b' from 1.1.1.1' * 20000 + b'\n')
    works(box)


@case
def shell_words_in_a_line_run_nothing(box):
    mark = box.path('mark')
    box.write('etc/action.d/shout.conf',
              '[Definition]\nactionban = echo "ban <ip> <F-USER> <matches>" >> <target>\n[Init]\n'
              f'target = {box.reports}\n')
    box.jails('', action='shout')
    box.start()
    for user in (f'$(touch {mark})', f'`touch {mark}`', f'";touch {mark};"', f"';touch {mark};'"):
        box.append(sshd_line(A, user=user))
    wait_for(lambda: A in box.reported('ban'), 'ban')
    time.sleep(0.2)
    expect(not os.path.exists(mark), 'a log line ran a command')


main(__doc__)
