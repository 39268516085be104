#!/usr/bin/env python3
"""Failures become bans, and bans end: thresholds, times, exceptions, restarts, and the kernel's own set."""
import os
import re
import time

from harness import PATIENCE_S, Failed, Skipped, case, expect, main, sshd_line, wait_for
from stage import FAMILIES, Stage, StageError

A, B = '203.0.113.5', '203.0.113.6'


def stamp_of(box, words):
    """The time of the log's line with these words, in seconds."""
    stamp = re.search(rf'^(\S+ \S+),(\d+) .*{words}$', box.read('f2b.log'), re.MULTILINE)
    return time.mktime(time.strptime(stamp.group(1), '%Y-%m-%d %H:%M:%S')) + int(stamp.group(2)) / 1000


@case
def threshold_bans_and_one_less_does_not(box):
    box.start()
    box.attack(B, 2)
    box.attack(A, 3)
    wait_for(lambda: A in box.reported('ban'), 'the third failure bans')
    wait_for(lambda: box.count('Total failed') == 5, 'all five failures are counted')
    expect(box.banned() == [A], f'banned: {box.banned()}')
    expect(box.count('Currently failed') == 1, 'the address with two failures is still watched')


@case
def ban_ends_on_time(box):
    box.jails('', bantime='3')
    box.start()
    failed = int(time.time())       # as a line's stamp has it; the ban counts from there, however late it is made
    box.ask('set', 'sshd', 'banip', B)
    box.attack(A)
    wait_for(lambda: B in box.reported('unban'), 'the ban ends')
    for address in (A, B):
        wait_for(lambda address=address: re.search(rf'(Unban|Ignore) {address}\b', box.read('f2b.log')), f'{address} is free')
        ended = stamp_of(box, rf'(?:Unban {address}|Ignore {address}, expired bantime)') - failed
        expect(2.9 <= ended <= PATIENCE_S, f'{address}: it ended {ended:.1f} s after the failure instead of 3')
    expect(box.banned() == [], f'still banned: {box.banned()}')


@case
def old_failures_do_not_count(box):
    old = time.time() - 7200
    box.jails('', findtime='10m')
    box.append(*(sshd_line(A, when=old) for _ in range(5)))
    box.start()
    box.attack(B)
    wait_for(lambda: B in box.reported('ban'), 'the new attacker is banned')
    expect(box.reported('ban') == [B], f'banned: {box.reported("ban")}')


@case
def ignored_addresses_are_not_banned(box):
    box.jails('', ignoreip='203.0.113.0/25 2001:db8::/32')
    box.start()
    for address in (A, '2001:db8::9', '127.0.0.1', '203.0.113.200'):
        box.attack(address)
    wait_for(lambda: '203.0.113.200' in box.reported('ban'), 'the one that is not ignored is banned')
    expect(box.reported('ban') == ['203.0.113.200'], f'banned: {box.reported("ban")}')
    box.ask('set', 'sshd', 'delignoreip', '203.0.113.0/25')
    box.attack(A)
    wait_for(lambda: A in box.reported('ban'), 'banned once it is not ignored any more')


@case
def ban_and_unban_by_hand(box):
    box.start()
    expect(box.ask('set', 'sshd', 'banip', A, B) == '2', 'banip answers the number of new bans')
    expect(box.ask('set', 'sshd', 'banip', A) == '0', 'a second ban of the same address is none')
    expect(sorted(box.banned()) == [A, B], f'banned: {box.banned()}')
    expect(box.ask('set', 'sshd', 'unbanip', A) == '1', 'unbanip answers the number of ended bans')
    expect(box.ask('unban', '--all') == '1', 'unban --all answers the rest')
    wait_for(lambda: sorted(box.reported('unban')) == [A, B], 'both were unbanned')
    expect(box.ask('banned') == "[{'sshd': []}]", box.ask('banned'))


@case
def bans_and_positions_survive_a_restart(box):
    box.start()
    box.attack(A)
    box.attack(B, 1)
    wait_for(lambda: A in box.reported('ban') and box.count('Total failed') == 4, 'ban')
    expect(box.stop() == 0, 'stop ends the server with status 0')
    box.attack(B, 1)
    box.write('reports', '')
    box.start()
    wait_for(lambda: box.reported('ban') == [A], 'the ban is restored')
    expect(box.banned() == [A], f'banned: {box.banned()}')
    wait_for(lambda: box.count('Total failed') == 1, 'only what was written meanwhile is read')
    expect('Restore Ban ' + A in box.read('f2b.log'), 'the log says so')


@case
def rotation_and_truncation_lose_nothing(box):
    box.start()
    box.attack(A, 2)
    wait_for(lambda: box.count('Total failed') == 2, 'two failures')
    os.rename(box.log, box.log + '.1')
    box.append(sshd_line(B), log=box.log + '.1')        # a program that has not reopened its log yet
    box.attack(A, 1)
    wait_for(lambda: A in box.reported('ban'), 'the third failure is in the new file')
    wait_for(lambda: box.count('Total failed') == 4, 'the late line of the old file is counted')
    with open(box.log, 'w', encoding='utf8'):
        pass
    box.attack(B, 2)
    wait_for(lambda: B in box.reported('ban'), 'truncated and written anew')


@case
def whoever_is_banned_again_and_again_is_banned_for_long(box):
    box.jails('[again]\nenabled = true\nfilter = recidive\nbackend = bans\nmaxretry = 3\nbantime = 1w\nfindtime = 1d\n'
              f'logpath = {box.path("f2b.log")}\n')
    box.start()
    for _ in range(2):
        box.ask('set', 'sshd', 'banip', A, B)
        box.ask('set', 'sshd', 'unbanip', A, B)
    expect(box.banned('again') == [], f'twice is not enough: {box.banned("again")}')
    box.attack(A)
    wait_for(lambda: box.banned('again') == [A], 'three bans make a longer one')
    expect(box.count('Total failed', 'again') == 5, f'five bans were counted, not {box.count("Total failed", "again")}')
    expect('+ 604800 =' in box.ask('get', 'again', 'banip', '--with-time'), 'for a week')


@case
def status_tells_who_announces_the_banned(box):
    os.mkdir(box.path('bin'))
    box.write('bin/dig', f'#!/bin/sh\necho "$@" > {box.path("asked")}\n'
              'echo \'5.113.0.203.origin.asn.cymru.com. 60 IN TXT "64500 | 203.0.113.0/24 | ZZ | arin | 2020-01-01"\'\n')
    os.chmod(box.path('bin/dig'), 0o755)
    box.start(within=('env', f'PATH={box.path("bin")}:{os.environ["PATH"]}'))
    expect('Banned ASN list:' in box.ask('status', 'sshd', 'cymru') and not box.read('asked'), 'of nobody nothing is asked')
    box.ask('set', 'sshd', 'banip', A, B)
    text = box.ask('status', 'sshd', 'cymru')
    for label, values in (('ASN', '64500 nxdomain'), ('Country', 'ZZ nxdomain'), ('RIR', 'arin nxdomain')):
        expect(re.search(rf'Banned {label} list:\s+{values}$', text, re.MULTILINE), text)
    all_jails = box.ask('status', '--all', 'cymru')
    expect(len(re.findall(r'Banned ASN list:\s+64500 nxdomain$', all_jails, re.MULTILINE)) == 1, all_jails)
    expect('5.113.0.203.origin.asn.cymru.com TXT 6.113.0.203.origin.asn.cymru.com TXT' in box.read('asked'), box.read('asked'))


@case
def several_jails_share_a_log(box):
    box.jails(f'[second]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\nmaxretry = 2\n')
    box.start()
    box.attack(A, 2)
    wait_for(lambda: box.banned('second') == [A], 'the stricter jail bans')
    expect(box.banned() == [], 'the other does not')


@case
def kernel_refuses_the_banned(box):
    try:
        with Stage('e2e', 22) as stage:
            box.jails('', action='%(action_)s')
            box.start(within=stage.within(stage.host))
            for family, who in FAMILIES.items():
                kernel_refuses(box, stage, family, who['attacker'])
            expect(box.stop() == 0, 'stop')
            expect('f2b-table' not in stage.ruleset(), f'stop leaves nothing behind: {stage.ruleset()}')
    except StageError as e:
        raise Skipped(f'no namespaces or nftables: {e}') from e


def kernel_refuses(box, stage, family, attacker):
    def held():
        return re.search(rf'(?<![\w.:]){re.escape(attacker)}(?![\w.:])', stage.ruleset()) is not None

    expect(stage.call('attacker', family) == 'connected', f'IPv{family}: connects before')
    box.attack(attacker)
    wait_for(held, f'IPv{family}: the attacker stands in the set')
    seen = stage.call('attacker', family)
    if seen not in ('refused', 'no answer'):
        raise Failed(f'IPv{family}: the banned attacker saw: {seen}')
    expect(stage.call('visitor', family) == 'connected', f'IPv{family}: the visitor still connects')
    box.ask('set', 'sshd', 'unbanip', attacker)
    wait_for(lambda: not held(), f'IPv{family}: unban leaves the set')
    expect(stage.call('attacker', family) == 'connected', f'IPv{family}: connects again')


main(__doc__)
