#!/usr/bin/env python3
"""Nothing is lost and nothing is counted twice: processes are killed in the middle of a burst, again and again."""
import os
import random
import signal
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


main(__doc__)
