#!/usr/bin/env python3
"""Nothing is lost and nothing is counted twice: processes are killed in the middle of a burst, again and again."""
import contextlib
import os
import random
import signal
import sqlite3
import time

from harness import CONNECTIONS, case, expect, main, numbered_address, wait_for

LINES = 100000
ADDRESSES = 500
KILLS = 10
PIECES = 40
BURST_S = 300       # longest wait for a burst; only what fails takes it


def burst(lines, seed):
    """Lines of a busy log: a fifth are failed logins of many addresses, the rest is daily life."""
    chosen = random.Random(seed)
    stamp = time.strftime('%b %e %H:%M:%S')
    text, failures = [], {}
    for _ in range(lines):
        pid = next(CONNECTIONS)
        if chosen.random() < 0.2:
            address = numbered_address(chosen.randrange(ADDRESSES))
            failures[address] = failures.get(address, 0) + 1
            text.append(f'{stamp} host sshd[{pid}]: Failed password for invalid user u{pid} from {address} port 40000 ssh2\n')
        else:
            text.append(f'{stamp} host CRON[{pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n')
    return ''.join(text), failures


def kill_scanner(box, how):
    """Kill the present scanner, if there is one; return how many were killed."""
    pid = box.children().get('stockade-scanner')
    if pid is None:
        return 0
    os.kill(pid, how)
    return 1


def feed(box, text, kills, chosen):
    """Append the text in pieces, with a kill after some of them, so soon that much of the piece is still to be read; return the kills.

    Who is killed has read something: a line that three scanners in a row do not get past is left out on purpose (scan_link.h).
    """
    size, killed, counted = len(text) // PIECES + 1, 0, -1
    for k in range(PIECES):
        kill = killed < kills and k % (PIECES // kills) == 0
        if kill:
            wait_for(lambda: (box.count('Total failed') or 0) > counted, 'it reads on', BURST_S)    # pylint: disable=cell-var-from-loop
            counted = box.count('Total failed') or 0
        box.append(text[k * size:(k + 1) * size])
        if kill:
            time.sleep(chosen.uniform(0, 0.02))
            killed += kill_scanner(box, chosen.choice((signal.SIGKILL, signal.SIGSEGV)))
    return killed


def burst_with_kills(box, kills, seed):
    """One burst; the counts must be those of the lines, whatever was killed."""
    box.write('auth.log', '')
    box.write('reports', '')
    box.jails('', maxretry='5')
    box.start()
    text, failures = burst(LINES, seed)
    wanted = sum(failures.values())
    killed = feed(box, text, kills, random.Random(seed))
    wait_for(lambda: (box.count('Total failed') or 0) >= wanted, 'all failures', BURST_S, 0.2)
    bans = sorted(address for address, times in failures.items() if times >= 5)
    wait_for(lambda: len(box.reported('ban')) >= len(bans), 'all bans', BURST_S, 0.2)
    time.sleep(0.5)     # what comes too much comes now
    expect(box.count('Total failed') == wanted, f'{box.count("Total failed")} failures counted of {wanted}, {killed} kills')
    expect(sorted(box.reported('ban')) == bans, f'{len(box.reported("ban"))} bans run, {len(bans)} wanted, {killed} kills')
    expect(sorted(box.banned()) == bans, f'{len(box.banned())} banned, {len(bans)} wanted')
    expect(killed >= min(kills, 5), f'only {killed} kills hit the burst')
    box.stop()
    return killed


@case
def undisturbed_burst_is_counted(box):
    burst_with_kills(box, 0, 1)


@case
def ten_killed_scanners_lose_nothing(box):
    killed = burst_with_kills(box, KILLS, 2)
    print(f'     {killed} scanners killed')


@case
def killed_server_loses_nothing(box):
    box.jails('', maxretry='5')
    box.start()
    text, failures = burst(LINES // 10, 3)
    half = text.index('\n', len(text) // 2) + 1
    box.append(text[:half])
    wait_for(lambda: (box.count('Total failed') or 0) > 100, 'it reads')
    box.server.kill()
    box.server.wait()
    box.append(text[half:])
    box.start()
    bans = sorted(address for address, times in failures.items() if times >= 10)
    wait_for(lambda: set(bans) <= set(box.banned()), 'whoever has failed 5 times in one half is banned', BURST_S, 0.2)


GATED_ACTION = '''[Definition]
actionban = echo "ban <ip> <name>" >> <target>
actionunban = while [ -e <gate> ]; do sleep 0.05; done; echo "unban <ip> <name>" >> <target>
[Init]
target = /dev/null
gate = /dev/null/none
'''


def kill_all(box):
    """Kill the server with all that it has begun."""
    os.killpg(box.server.pid, signal.SIGKILL)
    box.server.wait()


def mark(box):
    """Since when bans may have ended that nobody has lifted; 0: never."""
    with contextlib.closing(sqlite3.connect(box.path('f2b.sqlite3'), timeout=30)) as db:
        return db.execute('PRAGMA user_version').fetchone()[0]


def newest(box):
    """When the database was written last."""
    return max(os.stat(path).st_mtime for path in (box.path('f2b.sqlite3'), box.path('f2b.sqlite3-wal')) if os.path.exists(path))


@case
def a_server_killed_twice_lifts_what_ended(box):
    gate, addresses = box.path('gate'), [f'192.0.2.{number}' for number in range(1, 6)]
    box.write('etc/action.d/gated.conf', GATED_ACTION)
    box.write('gate', '')
    box.jails('', action=f'gated[target="{box.reports}", gate="{gate}"]', bantime='2s')
    box.start()
    box.ask('set', 'sshd', 'banip', *addresses)
    wait_for(lambda: len(box.reported('ban')) == 5, 'all are banned')
    with contextlib.closing(sqlite3.connect(box.path('f2b.sqlite3'), timeout=30)) as db:
        wait_for(lambda: db.execute('SELECT count(*) FROM bans').fetchone()[0] == 5, 'all are written')
    kill_all(box)
    time.sleep(6)               # they end while nobody is there, well before the next server writes anything
    for number in range(2):     # two servers begin to lift, and are killed before they are done
        box.write('f2b.log', '')
        box.start()
        wait_for(lambda: box.read('f2b.log').count('] Unban 192.0.2.') >= 5, 'it begins to lift them')
        marked = mark(box)
        expect(marked > 0, 'what is to be lifted is marked')
        box.attack(f'192.0.2.{99 + number}')        # so that the database is newer
        wait_for(lambda: newest(box) > marked + 4, 'and it is written')     # pylint: disable=cell-var-from-loop
        kill_all(box)
        time.sleep(3)
        expect(not box.reported('unban'), 'nobody has lifted anything yet')
    os.remove(gate)
    box.start()
    wait_for(lambda: set(addresses) <= set(box.reported('unban')), 'all are lifted')
    wait_for(lambda: mark(box) == 0, 'nothing is left to be lifted')
    kill_all(box)
    lifted = len(box.reported('unban'))
    box.start()
    wait_for(lambda: "Jail 'sshd' started" in box.read('f2b.log').rsplit('Starting Fail2ban', 1)[-1], 'it has started')
    expect(not set(addresses) & set(box.reported('unban')[lifted:]), 'none is lifted again')


main(__doc__)
