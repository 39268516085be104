#!/usr/bin/env python3
"""bancut: a firewall that accepts what is established leaves an attacker his connections; with the option they end with the ban."""
import contextlib
import re
import subprocess
import sys

from harness import Skipped, case, expect, main, wait_for
from stage import FAMILIES, Stage, StageError

PORT = 22
RULES = '''
add table inet own
add set inet own bad4 { type ipv4_addr; flags interval; }
add set inet own bad6 { type ipv6_addr; flags interval; }
add chain inet own input { type filter hook input priority 0; policy accept; }
add rule inet own input ct state established,related accept
add rule inet own input ip saddr @bad4 drop
add rule inet own input ip6 saddr @bad6 drop
'''
LATE_ACTION = '''[Definition]
actionban = nft add element inet own <set> '{ <ip> }'
actionunban = nft delete element inet own <set> '{ <ip> }'
[Init]
set = bad4
[Init?family=inet6]
set = bad6
'''
# Sends to everybody all the time: what is cut only in the kernel's memory would come back by that.
TALKER = '''
import select, socket, sys
listeners, callers = [], []
for family, address in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, int(sys.argv[1])))
    s.listen(64)
    listeners.append(s)
print('listening', flush=True)
while True:
    for s in select.select(listeners, [], [], 0.05)[0]:
        callers.append(s.accept()[0])
    for c in list(callers):
        try:
            c.setblocking(False)
            c.send(b'x')
        except BlockingIOError:
            pass
        except OSError:
            callers.remove(c)
'''
HEARER = '''
import socket, sys
source, target, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ':' in target else socket.AF_INET)
s.bind((source, 0))
s.connect((target, port))
try:
    while s.recv(100):
        s.send(b'y')
        print('heard', flush=True)
    print('end', flush=True)
except OSError as e:
    print('cut', flush=True)
'''


class Connection:
    """Somebody's connection with the host, on which something is heard all the time."""

    def __init__(self, box, stage, who, family):
        self.box, self.name = box, f'heard-{who}-{family}-{len(box.others)}'
        with open(box.path(self.name), 'wb') as out:
            self.process = box.popen(
                [*stage.within(stage.far), sys.executable, '-c', HEARER, FAMILIES[family][who], FAMILIES[family]['host'], str(PORT + 1)],
                stdout=out, stderr=subprocess.DEVNULL)
        box.others.append(self.process)
        self.goes_on('the connection stands')

    def heard(self):
        return self.box.read(self.name).count('heard')

    def goes_on(self, what):
        before = self.heard()
        wait_for(lambda: self.heard() > before + 3, what)

    def ends(self, what):
        wait_for(lambda: self.process.poll() is not None, what)


@contextlib.contextmanager
def scene(box, **options):
    """A server behind such a firewall, and a talker."""
    talker = None
    try:
        with Stage('e2ef', PORT) as stage:
            if not stage.inside(stage.host, 'sh', '-c', 'nft add table inet probe && nft "add chain inet probe c; add rule inet probe c ct state new" && echo yes',
                                check=False).strip():
                raise Skipped('no connection tracking here')
            stage.inside(stage.host, 'nft', 'delete', 'table', 'inet', 'probe')
            box.write('rules', RULES)
            stage.inside(stage.host, 'nft', '-f', box.path('rules'))
            talker = subprocess.Popen([*stage.within(stage.host), sys.executable, '-c', TALKER, str(PORT + 1)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            expect(talker.stdout.readline(), 'the talker listens')
            box.write('etc/action.d/late.conf', LATE_ACTION)
            box.jails('', action='late', ignoreself='false', **options)
            box.start(within=stage.within(stage.host))
            yield stage
    except StageError as e:
        raise Skipped(f'no namespaces or nftables: {e}') from e
    finally:
        for process in [talker, *box.others]:
            if process is not None:
                process.kill()
                process.wait()
        box.kill_group()


def ban(box, stage):
    for family in (4, 6):
        address = FAMILIES[family]['attacker']
        box.attack(address)
        wait_for(lambda: address in stage.ruleset(), 'the ban stands in the kernel')    # pylint: disable=cell-var-from-loop


def told(box):
    """How many connections were cut, and how many of them here."""
    found = re.findall(r'bancut: cut (\d+) connection\(s\) of banned addresses, (\d+) of them here', box.read('f2b.log'))
    return [sum(int(pair[i]) for pair in found) for i in (0, 1)]


@case
def without_it_connections_go_on(box):
    with scene(box) as stage:
        expect(box.ask('get', 'sshd', 'bancut') == 'False', 'off, unless it is asked for')
        connections = [Connection(box, stage, 'attacker', family) for family in (4, 6)]
        ban(box, stage)
        for connection in connections:
            connection.goes_on('a banned one goes on hearing')
        expect('bancut' not in box.read('f2b.log'), 'nothing is said')


@case
def with_it_they_end_and_nobody_elses(box):
    with scene(box, bancut='true') as stage:
        expect(box.ask('get', 'sshd', 'bancut') == 'True', 'the option is known')
        attackers = [Connection(box, stage, 'attacker', family) for family in (4, 6)]
        visitors = [Connection(box, stage, 'visitor', family) for family in (4, 6)]
        ban(box, stage)
        for attacker in attackers:
            attacker.ends('the connection of the banned one ends')
        for visitor in visitors:
            visitor.goes_on('others go on')
        wait_for(lambda: told(box) == [2, 2], 'it is said')
        expect(not re.search('(ERROR|WARNING).*bancut', box.read('f2b.log')), lambda: box.read('f2b.log')[-2000:])


@case
def networks_and_restored_bans_too(box):
    with scene(box, bancut='true') as stage:
        box.ask('set', 'sshd', 'banip', '192.0.2.64/28')
        wait_for(lambda: '192.0.2.64/28' in stage.ruleset(), 'the network is banned')
        expect(box.stop() == 0, 'stop')
        expect('192.0.2.64/28' not in stage.ruleset(), 'lifted')
        attacker = Connection(box, stage, 'attacker', 4)
        other = Connection(box, stage, 'attacker', 6)
        box.start(within=stage.within(stage.host))
        attacker.ends('the connection that was made meanwhile ends')
        other.goes_on('others go on')


@case
def without_the_right_to_it_there_is_one_warning(box):
    with scene(box, bancut='true') as stage:
        expect(box.stop() == 0, 'stop')
        # Without rights over the network, nft fails too: an action that needs none.
        box.jails('', bancut='true', ignoreself='false')
        box.start(within=[*stage.within(stage.host), 'setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin'])
        for last in (1, 2, 3):
            address = f'203.0.113.{last}'
            box.attack(address)
            wait_for(lambda: address in box.reported('ban'), 'it is banned')     # pylint: disable=cell-var-from-loop
            wait_for(lambda: 'bancut: connections of banned addresses are not cut' in box.read('f2b.log'), 'it is said')
        expect(box.read('f2b.log').count('bancut') == 1, 'once')


main(__doc__)
