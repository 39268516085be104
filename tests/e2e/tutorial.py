#!/usr/bin/env python3
"""A mail server set up by a widely read tutorial for qmail, with our configuration underneath, from log line to kernel.

The tutorial's files lie beside this tree (SEED): its jails and filters, nftables in the FORWARD chain for a bridge that has
its services behind it, mails by sendmail. Only the log paths are moved. A client, the machine and a server behind it are
namespaces; sendmail and whois are stand-ins. Skipped where the tutorial's files are not.
"""
import contextlib
import os
import re
import shutil
import subprocess
import time

from harness import COMMAND_S, TOP, Skipped, case, expect, main, wait_for
from room import Room

SEED = os.path.join(os.path.dirname(TOP), 'shared', 'conform', 'seed-config')
CLIENT, ROUTER_OUT, ROUTER_IN, SERVER = '203.0.113.66', '203.0.113.1', '198.51.100.1', '198.51.100.2'
ACCEPT = 'import socket\ns = socket.create_server(("{0}", 25))\nwhile True:\n    s.accept()[0].close()\n'
CONNECT = 'import socket\nsocket.create_connection(("{0}", 25), timeout=30)\n'
STAND_INS = {'sbin/sendmail': (True, ''), 'bin/whois': (False, 'echo "a network of examples"')}


def tai64n():
    """Now, as multilog writes it."""
    return f'@{2 ** 62 + 10 + int(time.time()):016x}{0x1de678ec:08x}'


def lines(address):
    """What each of the logs says of a failed attempt, by the path that the tutorial gives it."""
    syslog = time.strftime('%b %d %H:%M:%S')
    rejected = (f'{tai64n()} qlogenvelope: result=rejected code=553 reason=rblreject detail=bl.example.org helo=a.example '
                f'mailfrom=a@example.com rcptto=b@example.org relay=no rcpthosts=yes size= authuser= localport=25 '
                f'remoteip={address} remoteport=15630 remotehost= qp= pid=20003\n')
    return {
        'log/qmail/smtpd/current': rejected,
        'log/qmail/submission/current': f'{tai64n()} GREETDELAY from {address}: client sent data before greeting\n',
        'log/maillog': f"{syslog} qmail vpopmail[6383]: vchkpw-submission: password fail (pass: 'x') a@example.org:{address}\n",
        'log/qma-auth.log':
            f'{time.strftime("%Y/%m/%d %H:%M:%S")} user:postmaster@example.org ip:{address} auth:failed [@example.org]\n',
        'www/roundcube/logs/userlogins.log':
            f'[{time.strftime("%d-%b-%Y %H:%M:%S %z")}]: <3lq5onb8> Failed login for postmaster from 192.0.2.1 '
            f'(X-Forwarded-For: {address}) in session 3lq5onb87b7oqnc7 (error: 1)\n',
        'log/dovecot/dovecot.log': f'{syslog} auth-worker(27283): Info: sql(a@example.org,{address}): Password mismatch\n',
    }


# The jails in the order of the file: log, how many failures, the name in the kernel, the ports.
JAILS = {
    'qmail-smtp': ('log/qmail/smtpd/current', 5, 'SMTP'),
    'qmail-submission': ('log/qmail/submission/current', 5, 'SUBMISSION'),
    'vpopmail': ('log/maillog', 5, 'VPOPMAIL'),
    'qmailadmin': ('log/qma-auth.log', 4, 'QMA'),
    'roundcube-auth': ('www/roundcube/logs/userlogins.log', 4, 'RC'),
    'dovecot-pop3': ('log/dovecot/dovecot.log', 6, 'POP3'),
    'dovecot-imap': ('log/dovecot/dovecot.log', 6, 'IMAP'),
}


def set_up(box):
    """The tutorial's files over ours, with its logs in the box."""
    if not os.path.isdir(SEED):
        raise Skipped(f'{SEED} is not here')
    for part in ('action.d', 'filter.d'):
        for name in os.listdir(os.path.join(SEED, part)):
            shutil.copy(os.path.join(SEED, part, name), os.path.join(box.etc, part, name))
    with open(os.path.join(SEED, 'jail.local'), encoding='utf8') as f:
        box.write('etc/jail.local', f.read().replace('/var/', box.path('var/')))
    os.makedirs(box.path('etc/jail.d'), exist_ok=True)
    box.write('etc/jail.d/here.local', '[DEFAULT]\nusedns = no\nbackend = polling\n[sshd]\nenabled = false\n')
    for path, _, _ in JAILS.values():
        os.makedirs(os.path.dirname(box.path('var/' + path)), exist_ok=True)
        box.write('var/' + path, '')


def attack(box, jail, address, times):
    path = JAILS[jail][0]
    box.append(lines(address)[path] * times, log=box.path('var/' + path))


def ready(box):
    wait_for(lambda: all(f"Jail '{jail}' started" in box.read('f2b.log') for jail in JAILS), 'all jails are started')


def faults(box):
    return [line for line in (box.read('f2b.log') + box.read('out')).split('\n') if ' ERROR ' in line or ' CRITICAL ' in line]


@contextlib.contextmanager
def neighbours(room):
    """A client in front of the room and a server behind it, reached through it."""
    names = {CLIENT: (f'{room.name}-c', ROUTER_OUT), SERVER: (f'{room.name}-s', ROUTER_IN)}
    server = None
    try:
        for address, (name, gate) in names.items():
            end = 'c0' if address == CLIENT else 's0'
            for command in (f'ip netns add {name}',
                            f'ip -n {room.name} link add {end} type veth peer name eth0 netns {name}',
                            f'ip -n {room.name} addr add {gate}/24 dev {end}', f'ip -n {room.name} link set {end} up',
                            f'ip -n {name} addr add {address}/24 dev eth0', f'ip -n {name} link set eth0 up',
                            f'ip -n {name} link set lo up', f'ip -n {name} route add default via {gate}'):
                done = subprocess.run(command.split(), capture_output=True, check=False, timeout=COMMAND_S)
                if done.returncode:
                    raise Skipped(f'no virtual network: {command}: {done.stderr.decode()}')
        room.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
        server = subprocess.Popen(['ip', 'netns', 'exec', names[SERVER][0], 'python3', '-c', ACCEPT.format(SERVER)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def connects():
            done = subprocess.run(['ip', 'netns', 'exec', names[CLIENT][0], 'python3', '-c', CONNECT.format(SERVER)],
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=COMMAND_S)
            return done.returncode == 0
        yield connects
    finally:
        if server is not None:
            server.kill()
            server.wait()
        for name, _ in names.values():
            subprocess.run(['ip', 'netns', 'del', name], capture_output=True, check=False)


def mails(room):
    """The mails that sendmail was given: (words, text)."""
    return [(words, text) for words, text in room.calls() if words[0] == 'sendmail']


@case
def every_jail_bans_from_its_log(box):
    set_up(box)
    with Room(box, STAND_INS) as room:
        box.start(room.within)
        ready(box)
        for number, (jail, (_, times, _)) in enumerate(JAILS.items()):
            if jail != 'dovecot-imap':          # reads the log of dovecot-pop3
                attack(box, jail, f'203.0.113.{10 + number}', times)
        for number, (jail, (_, _, name)) in enumerate(JAILS.items()):
            address = f'203.0.113.{10 + min(number, 5)}'
            wait_for(lambda jail=jail, address=address: address in box.banned(jail), f'{jail} bans {address}')
            wait_for(lambda name=name, address=address: address in room.run(
                'nft', 'list', 'set', 'inet', 'f2b-table', f'addr-set-{name}'), f'the kernel has {address} of {jail}')
        chain = room.run('nft', 'list', 'chain', 'inet', 'f2b-table', 'f2b-chain')
        expect('hook forward' in chain, f'the chain looks at what is forwarded: {chain}')
        for protocol in ('tcp', 'udp', 'udplite', 'sctp'):
            expect(re.search(rf'\b{protocol} dport \{{ 25, 465, 587 \}} ip saddr @addr-set-SMTP', chain), f'{protocol}: {chain}')
        box.stop()
        expect(not faults(box), lambda: faults(box)[0])
        expect('f2b-table' not in room.run('nft', 'list', 'tables'), 'nothing is left in the kernel')


@case
def fewer_failures_do_not_ban(box):
    set_up(box)
    with Room(box, STAND_INS) as room:
        box.start(room.within)
        ready(box)
        for jail, (_, times, _) in JAILS.items():
            if jail != 'dovecot-imap':
                attack(box, jail, '203.0.113.9', times - 1)
        for jail, (_, times, _) in JAILS.items():
            wait_for(lambda jail=jail, times=times: box.count('Total failed', jail) == times - 1, f'{jail} has counted')
            expect(not box.banned(jail), f'{jail} bans nobody')


@case
def mails_tell_the_postmaster_of_each_ban(box):
    set_up(box)
    with Room(box, STAND_INS) as room:
        box.start(room.within)
        ready(box)
        attack(box, 'qmail-smtp', '203.0.113.7', 5)
        told = wait_for(lambda: [mail for mail in mails(room) if 'banned 203.0.113.7' in mail[1]], 'a mail of the ban')
        words, text = told[0]
        expect(words[1:] == ['-f', 'fail2ban@yourdomain.xy', 'postmaster@yourdomain.xy'], f'to whom: {words}')
        for part in ('Subject: [Fail2Ban] SMTP: banned 203.0.113.7', 'To: postmaster@yourdomain.xy', 'fail2ban@yourdomain.xy',
                     'after 5 failures', 'a network of examples', 'qlogenvelope: result=rejected'):
            expect(part in text, f'{part!r} in the mail: {text}')
        wait_for(lambda: len(mails(room)) >= 1 + len(JAILS), 'a mail of each start')


@case
def what_is_behind_the_machine_is_guarded(box):
    set_up(box)
    with Room(box, STAND_INS) as room, neighbours(room) as connects:
        wait_for(connects, 'the client reaches the server through the machine')
        box.start(room.within)
        ready(box)
        expect(connects(), 'without a ban it still does')
        attack(box, 'qmail-smtp', CLIENT, 5)
        wait_for(lambda: CLIENT in box.banned('qmail-smtp'), 'the client is banned')
        wait_for(lambda: not connects(), 'and is refused')
        box.ask('set', 'qmail-smtp', 'unbanip', CLIENT)
        wait_for(connects, 'until it is let in again')


@case
def regex_tool_knows_the_dates_of_qmail(box):
    set_up(box)
    log = box.path('var/log/qmail/smtpd/current')
    for _ in range(3):
        attack(box, 'qmail-smtp', '203.0.113.7', 1)
        box.append(f'{tai64n()} qmail-smtpd[20003]: rcptcheck: checking <a@example.org> at 203.0.113.7\n', log=log)
    done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, log,
                           box.path('etc/filter.d/qmail-smtp.conf')], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=COMMAND_S, check=False)
    text = done.stdout.decode('utf8', 'replace')
    for part in (r'\[6\] \S*TAI64N', 'Lines: 6 lines, 0 ignored, 3 matched, 3 missed', 'Failregex: 3 total'):
        expect(re.search(part, text), f'{part!r}: {text}')


@case
def regex_tool_reads_the_sample_lines_of_the_tutorial(box):
    set_up(box)
    for name, matched in (('qmail-smtp', 3), ('vpopmail', 2), ('qmailadmin', 1), ('roundcube-auth', 2), ('dovecot', 1)):
        done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, os.path.join(SEED, 'seed-samples.log'),
                               box.path(f'etc/filter.d/{name}.conf')], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=COMMAND_S, check=False)
        text = done.stdout.decode('utf8', 'replace')
        for part in (r'\[8\] \S*TAI64N', f'Lines: 17 lines, 0 ignored, {matched} matched, {17 - matched} missed'):
            expect(re.search(part, text), f'{name}: {part!r}: {text}')


@case
def sample_lines_of_the_tutorial_match_with_our_own_filters(box):
    set_up(box)
    shutil.rmtree(box.path('etc/filter.d'))
    shutil.copytree(os.path.join(TOP, 'config', 'filter.d'), box.path('etc/filter.d'), ignore=shutil.ignore_patterns('tests'))
    for number, (jail, (path, times, _)) in enumerate(JAILS.items()):
        attack(box, jail, f'203.0.113.{10 + number}', times)
        name = 'dovecot' if jail.startswith('dovecot') else 'qmail-smtp' if jail.startswith('qmail-') else jail
        done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, '-o', '<ip>',
                               box.path('var/' + path), name], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=COMMAND_S, check=False)
        # Our filter does not believe what the client says of itself (X-Forwarded-For): the connection's address counts.
        wanted = '192.0.2.1' if jail == 'roundcube-auth' else f'203.0.113.{10 + number}'
        expect(done.stdout.decode().split().count(wanted) == times, f'{jail}: {done.stdout.decode()} {done.stderr.decode()}')


main(__doc__)
