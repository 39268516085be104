#!/usr/bin/env python3
"""Bans stay in force: what another program takes out of nftables is noticed at once and put back, told once."""
import itertools
import re
import subprocess
import threading
import time

from harness import Skipped, case, expect, main, numbered_address, wait_for
from stage import Stage, StageError

A4, B4, A6 = '203.0.113.5', '203.0.113.6', '2001:db8::5'
SET = ('inet', 'f2b-table', 'addr-set-sshd')
QUIET_S = 1.5       # so long nothing may happen where nothing is to be done
SOON_S = 60.0       # normally a tenth of a second; this machine may be busy


class Guarded:
    """A server in a namespace, with bans in the kernel."""

    def __init__(self, box, options='', action='nftables[type=allports, protocol=tcp{}]'):
        self.box = box
        self.stage = Stage('e2eg', 22)
        self.action = action.format(options)

    def __enter__(self):
        try:
            self.stage.__enter__()
        except StageError as e:
            raise Skipped(f'no namespaces or nftables: {e}') from e
        box = self.box
        box.jails('', action=self.action)
        box.start(within=self.stage.within(self.stage.host))
        box.ask('set', 'sshd', 'banip', A4, B4, A6)
        wait_for(self.is_whole, 'the bans stand in the kernel')
        return self

    def __exit__(self, *_):
        self.box.kill_group()
        self.stage.down()

    def nft(self, *words):
        return self.stage.inside(self.stage.host, 'nft', *words)

    def holds(self, *addresses):
        rules = self.stage.ruleset()
        return all(re.search(rf'(?<![\w.:]){re.escape(address)}(?![\w.:])', rules) for address in addresses)

    def is_whole(self):
        rules = self.stage.ruleset()
        return self.holds(A4, B4, A6) and 'saddr @addr-set-sshd' in rules and 'saddr @addr6-set-sshd' in rules

    def told(self):
        return [line for line in self.box.read('f2b.log').split('\n') if re.search(r'putting (it|them) back', line)]

    def hooked(self):
        return self.box.ask('get', 'sshd', 'action', 'nftables', 'hooked')


@case
def what_is_taken_away_comes_back(box):
    with Guarded(box) as guarded:
        expect(guarded.hooked() == 'True', f'hooked: {guarded.hooked()}')
        status = box.ask('status', 'sshd', 'stockade')
        expect('nftables: yes' in status, f'status says so: {status}')
        told = 0
        for words, sets in ((('flush', 'ruleset'), 2), (('delete', 'table', 'inet', 'f2b-table'), 2),
                            (('flush', 'chain', 'inet', 'f2b-table', 'f2b-chain'), 2)):
            guarded.nft(*words)
            wait_for(guarded.is_whole, f'whole again after nft {" ".join(words)}', SOON_S + 2 ** told)
            told += sets
            wait_for(lambda: len(guarded.told()) >= told, 'it is told')    # pylint: disable=cell-var-from-loop
            expect('nft (pid ' in guarded.told()[-1], f'who has done it is named: {guarded.told()[-1]}')
            expect(guarded.hooked() == 'True', f'hooked: {guarded.hooked()}')
        time.sleep(QUIET_S)
        expect(len(guarded.told()) == told, lambda: 'told once each: ' + '\n'.join(guarded.told()))
        rules = guarded.stage.ruleset()
        expect(rules.count('saddr @addr-set-sshd') == 1, f'the rule is there once: {rules}')
        faults = [line for line in box.read('f2b.log').split('\n') if ' ERROR ' in line]
        expect(not faults, lambda: 'no errors: ' + '\n'.join(faults))
        expect(sorted(box.banned()) == sorted([A4, B4, A6]), f'banned: {box.banned()}')


class Listener:
    """Hears each transaction of the kernel's: what it adds, and who made it."""

    def __init__(self, guarded):
        stage = guarded.stage
        self.process = subprocess.Popen(
            [*stage.within(stage.host), 'stdbuf', '-oL', 'nft', 'monitor'], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding='utf8')
        self.lines, self.reader = [], threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.numbers = itertools.count()
        def is_heard():
            guarded.nft('add', 'table', 'ip', f'hear{next(self.numbers)}')
            return any('hear' in line for line in self.lines)
        wait_for(is_heard, 'the listener hears')

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def transactions(self):
        """Of the server, the oldest first: the lines of each."""
        found, lines = [], []
        for line in list(self.lines):
            lines.append(line)
            if line.startswith('# new generation'):
                if 'fail2ban-server' in line:
                    found.append(lines[:-1])
                lines = []
        return found

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.reader.join()


def lose_and_listen(guarded, many):
    """Lose the set in three ways; return the transactions of the server, and moments with a rule without its bans."""
    listener, gaps, over = Listener(guarded), [], threading.Event()

    def look():
        while not over.is_set():
            rules = guarded.stage.ruleset()
            if '@addr-set-sshd ' in rules and not all(re.search(rf'(?<![\d.]){re.escape(who)}(?![\d.])', rules) for who in (many[0], many[-1], A4)):
                gaps.append(rules)
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for number, losses in enumerate(((('flush', 'ruleset'),), (('delete', 'table', 'inet', 'f2b-table'),),
                                         (('flush', 'chain', 'inet', 'f2b-table', 'f2b-chain'), ('delete', 'set', *SET)))):
            for words in losses:
                guarded.nft(*words)
            wait_for(lambda: len(guarded.told()) >= 2 * (number + 1) and guarded.is_whole(), f'whole after {losses}', SOON_S)  # pylint: disable=cell-var-from-loop
        wait_for(lambda: len(listener.transactions()) >= 3, 'the listener has heard them')
        return listener.transactions(), gaps
    finally:
        over.set()
        watcher.join()
        listener.close()


def check_wholeness(box, action):
    with Guarded(box, action=action) as guarded:
        many = [numbered_address(number) for number in range(3000)]
        box.ask('set', 'sshd', 'banip', *many)
        wait_for(lambda: guarded.holds(many[0], many[-1]), 'all are banned')
        before = guarded.stage.ruleset()
        heard, gaps = lose_and_listen(guarded, many)
        after = guarded.stage.ruleset()
    expect(not gaps, lambda: f'the rule without its bans: {gaps[0][:1500]}')
    with_rule = [lines for lines in heard if any('add rule' in line and '@addr-set-sshd ' in line for line in lines)]
    expect(len(with_rule) == 3, f'a rule was added {len(with_rule)} times')
    for lines in with_rule:
        text = '\n'.join(lines)
        expect('add set inet f2b-table addr-set-sshd ' in text, lambda: f'with its set: {text[:1500]}')        # pylint: disable=cell-var-from-loop
        missing = set(many) - set(re.findall(r'198\.1[89]\.\d+\.\d+', text))
        expect(not missing and A4 in text, f'with all its bans: {len(missing)} are missing')
    rules = [[line.strip() for line in text.split('\n') if 'saddr @' in line] for text in (before, after)]
    expect(sorted(rules[0]) == sorted(rules[1]), f'the rules are as before: {rules}')


@case
def what_is_lost_comes_back_in_one_transaction(box):
    check_wholeness(box, 'nftables[type=allports, protocol=tcp]')


@case
def what_is_lost_comes_back_in_one_transaction_with_its_ends_and_ports(box):
    check_wholeness(box, 'nftset[type=multiport, port="22,80,90:99", protocol="tcp,udp"]')


@case
def what_is_lost_comes_back_in_one_transaction_with_a_map_of_verdicts(box):
    check_wholeness(box, 'nftables[type=allports, protocol=tcp, blocktype="limit rate over 9/second tcp dport vmap \\{{ 22 : drop, 80-90 : continue \\}}"]')


@case
def what_cannot_come_back_so_is_told_and_comes_back_all_the_same(box):
    with Guarded(box) as guarded:
        guarded.nft('add', 'rule', 'inet', 'f2b-table', 'f2b-chain', 'counter')
        box.ask('unban', '--all')
        box.ask('set', 'sshd', 'banip', A4, B4, A6)
        wait_for(guarded.is_whole, 'banned again')
        why = 'cannot be put back as a whole with rules that look into no set with a name, in chain f2b-chain'
        wait_for(lambda: why in box.read('f2b.log'), 'why not is told')
        guarded.nft('delete', 'table', 'inet', 'f2b-table')
        wait_for(guarded.is_whole, 'whole again', SOON_S)
        told = re.findall('set f2b-table (\\S+) of action nftables, if it is lost', box.read('f2b.log'))
        expect(len(told) == len(set(told)), f'once each: {told}')


@case
def elements_come_back_and_unbanned_ones_do_not(box):
    with Guarded(box) as guarded:
        guarded.nft('delete', 'element', *SET, '{', B4, '}')
        wait_for(guarded.is_whole, 'the element is back', SOON_S)
        wait_for(guarded.told, 'it is told')
        expect(len(guarded.told()) == 1, f'told once: {guarded.told()}')
        box.ask('set', 'sshd', 'unbanip', A4)
        wait_for(lambda: not guarded.holds(A4), 'unbanned')
        guarded.nft('flush', 'set', *SET)
        wait_for(lambda: guarded.holds(B4), 'the set is filled again', SOON_S + 2)
        expect(not guarded.holds(A4), 'but not with what was unbanned')


@case
def own_changes_and_those_of_others_beside_it_are_no_loss(box):
    with Guarded(box) as guarded:
        guarded.nft('add', 'table', 'inet', 'other')
        guarded.nft('add', 'set', 'inet', 'f2b-table', 'theirs', '{ type ipv4_addr; }')
        guarded.nft('add', 'element', 'inet', 'f2b-table', 'theirs', '{ 192.0.2.9 }')
        guarded.nft('delete', 'element', 'inet', 'f2b-table', 'theirs', '{ 192.0.2.9 }')
        guarded.nft('delete', 'set', 'inet', 'f2b-table', 'theirs')
        guarded.nft('delete', 'table', 'inet', 'other')
        box.ask('set', 'sshd', 'unbanip', B4)
        box.ask('unban', '--all')
        wait_for(lambda: not guarded.holds(A4), 'unbanned')
        box.ask('set', 'sshd', 'banip', A4, B4, A6)
        wait_for(guarded.is_whole, 'banned again')
        box.ask('reload')
        wait_for(guarded.is_whole, 'reloaded')
        box.ask('restart', 'sshd')
        wait_for(guarded.is_whole, 'restarted')
        time.sleep(QUIET_S)
        expect(not guarded.told(), f'nothing is told: {guarded.told()}')
        expect(box.stop() == 0, 'stop')
        expect('f2b-table' not in guarded.stage.ruleset(), f'stop leaves nothing behind: {guarded.stage.ruleset()}')


@case
def many_go_together_and_what_only_nft_can_do_goes_alone(box):
    with Guarded(box) as guarded:
        many = [numbered_address(number) for number in range(1500)]
        given = many[:700] + ['255.255.255.255'] + many[700:]
        expect(box.ask('set', 'sshd', 'banip', *given) == str(len(given)), 'all are new')
        wait_for(lambda: guarded.holds(many[0], many[699], many[700], many[-1]), 'both halves are in the kernel')
        wait_for(lambda: guarded.holds('255.255.255.255'), 'and what stands between them')
        log = [line.split()[-1] for line in box.read('f2b.log').split('\n') if ' Ban ' in line]
        expect(log[-len(given):] == given, 'told in their order')
        guarded.nft('delete', 'element', *SET, '{', many[5], ',', many[900], '}')
        expect(box.ask('set', 'sshd', 'unbanip', *given) == str(len(given)), 'all are lifted')
        wait_for(lambda: not guarded.holds(many[0]) and not guarded.holds(many[-1]) and not guarded.holds('255.255.255.255'),
                 'in the kernel too')
        expect(guarded.holds(A4, B4), 'but for the others')


@case
def somebody_who_goes_on_deleting_is_answered_ever_less_often(box):
    with Guarded(box) as guarded:
        end, deleted = time.monotonic() + 8, 0
        while time.monotonic() < end:
            if guarded.holds(A4):
                guarded.nft('flush', 'set', *SET)
                deleted += 1
            time.sleep(0.05)
        wait_for(guarded.told, 'it is told')
        told = len(guarded.told())
        expect(told <= 5, f'told {told} times in 8 seconds, {deleted} times deleted')
        expect(box.answers(), 'the server goes on')


@case
def what_is_not_done_in_process_is_not_guarded(box):
    with Guarded(box, ', inprocess=false') as guarded:
        expect(guarded.hooked() == 'None', f'hooked: {guarded.hooked()}')
        guarded.nft('flush', 'set', *SET)
        time.sleep(QUIET_S)
        expect(not guarded.told() and not guarded.holds(A4), 'as fail2ban does it')


main(__doc__)
