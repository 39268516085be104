#!/usr/bin/env python3
"""banprefix: many addresses of one network that each fail a little are banned as the network they are."""
from harness import Skipped, case, expect, main, wait_for
from stage import Stage, StageError

NET4, NET6 = '203.0.113.0/24', '2001:db8:5:6::/64'
OPTIONS = {'banprefix.v4': '24', 'banprefix.v6': '64', 'banprefix.min': '3'}


@case
def networks_are_banned_as_a_whole(box):
    box.jails('', ignoreself='false', **OPTIONS)
    box.start()
    expect(box.ask('get', 'sshd', 'banprefix.v6') == '64', 'the option is known')
    for last in (1, 2, 3):
        box.attack(f'203.0.113.{last}', 1)
        box.attack(f'2001:db8:5:6::{last}', 1)
        box.attack(f'198.51.{last}.1', 1)
    wait_for(lambda: len(box.reported('ban')) == 2, 'two networks are banned')
    expect(sorted(box.reported('ban')) == [NET6, NET4], f'banned: {box.reported("ban")}')
    box.attack('203.0.113.77', 3)
    wait_for(lambda: f'{NET4} already banned' in box.read('f2b.log') or box.count('Total failed') == 12, 'its other addresses are banned with it')
    expect(sorted(box.banned()) == [NET6, NET4], f'banned: {box.banned()}')
    expect(box.stop() == 0, 'stop')
    box.write('reports', '')
    box.start()
    wait_for(lambda: sorted(box.reported('ban')) == [NET6, NET4], 'and after a restart')
    expect(box.ask('banned', '203.0.113.99', '203.0.114.99') == "[['sshd'], []]", 'an address of it is banned')
    status, text = box.client('set', 'sshd', 'unbanip', '--report-absent', '203.0.113.99')
    expect(status != 0 and f'203.0.113.99 is banned with {NET4}' in text, f'who cannot be freed alone is told with what he is: {text}')
    expect(sorted(box.banned()) == [NET6, NET4], 'and stays so')
    expect(box.ask('set', 'sshd', 'unbanip', NET4) == '1', 'unban by its name')
    expect(box.ask('banned', '203.0.113.99') == '[[]]', 'then he is free')


@case
def single_bans_within_it_are_absorbed(box):
    try:
        with Stage('e2ep', 22) as stage:
            box.jails('', ignoreself='false', action='nftables[type=allports, protocol=tcp]', **OPTIONS)
            box.start(within=stage.within(stage.host))
            box.attack('203.0.113.1')
            box.attack('203.0.113.2')
            wait_for(lambda: len(box.banned()) == 2, 'two addresses are banned')
            box.attack('203.0.113.3', 1)
            wait_for(lambda: box.banned() == [NET4], 'then the network')
            wait_for(lambda: NET4 in stage.ruleset(), 'in the kernel')
            wait_for(lambda: '203.0.113.1' not in stage.ruleset(), 'and the addresses no more')
            expect(box.stop() == 0, 'stop')
            box.start(within=stage.within(stage.host))
            wait_for(lambda: NET4 in stage.ruleset(), 'after a restart')
            expect(box.banned() == [NET4], f'banned: {box.banned()}')
            expect(' ERROR ' not in box.read('f2b.log'), lambda: box.read('f2b.log')[-3000:])
    except StageError as e:
        raise Skipped(f'no namespaces or nftables: {e}') from e


@case
def nobody_who_is_ignored_is_banned_with_the_others(box):
    box.jails('', ignoreself='false', ignoreip='203.0.113.200', **OPTIONS)
    box.start()
    for last in range(1, 6):
        box.attack(f'203.0.113.{last}', 1)
    wait_for(lambda: f'{NET4} is not banned as a whole' in box.read('f2b.log'), 'it is said')
    box.attack('203.0.113.9')
    wait_for(lambda: box.reported('ban') == ['203.0.113.9'], 'addresses are')


@case
def without_the_option_nothing_changes(box):
    box.start()
    expect('banprefix' not in box.ask('-d'), 'not in the stream')
    for last in range(1, 9):
        box.attack(f'203.0.113.{last}', 1)
    box.attack('203.0.113.9')
    wait_for(lambda: box.reported('ban') == ['203.0.113.9'], 'only who has failed often enough')


main(__doc__)
