#!/usr/bin/env python3
"""Every shipped action: it starts, bans and unbans both families, flushes and stops, and leaves nothing behind.

Kernel actions and ufw work on the kernel of a namespace; programs that are not of this system are stand-ins that write
down what they were told. The log is hostile throughout: what it holds must never be carried out.
"""
import ast
import ipaddress
import json
import os
import re
import shutil
import time

from harness import PATIENCE_S, TOP, case, expect, main, wait_for
from room import Room

A4, A6 = '192.0.2.66', '2001:db8::66'
ACTIONS = sorted(name[:-5] for name in os.listdir(os.path.join(TOP, 'config', 'action.d'))
                 if name.endswith('.conf') and not name.endswith('-common.conf'))

FILTER = '''[Definition]
failregex = ^\\s*attack from <HOST> user <F-USER>.*</F-USER>$
datepattern = ^EPOCH
'''


def jail(action):
    """The jail of an action; short, for the names of sets and chains are."""
    return f'j{ACTIONS.index(action):02}x'


def hostile(box):
    """A user name that tries each way out."""
    pwned = box.path('pwned')
    return (f'$(touch {pwned}1)`touch {pwned}2`"; touch {pwned}3; \'; touch {pwned}4; \' | ~!touch {pwned}5 '
            f'\\n~!touch {pwned}6\\n.\\n%s%n%99999999s \\047 }} {{ \x1b[2J \udcff\udcfe end')


def set_up(box, actions, options=''):
    """One jail for each action (its name to its parameters), all reading one log."""
    box.write('etc/filter.d/hostile.conf', FILTER)
    box.write('etc/jail.local', '[DEFAULT]\nusedns = no\nmaxretry = 1\nfindtime = 1h\nbantime = 1h\n' + options
              + '[sshd]\nenabled = false\n' + ''.join(
                  f'[{jail(name)}]\nenabled = true\nfilter = hostile\nbackend = polling\nlogpath = {box.log}\n'
                  f'action = {name}[{values}]\n' for name, values in actions.items()))


def attack(box, *addresses):
    for address in addresses:
        box.append(f'{int(time.time())} attack from {address} user {hostile(box)}\n')


def settle(box, names, text):
    """Wait until every jail has said this in the server's log."""
    wait_for(lambda: box.read('f2b.log').count(text) >= len(names), f'{len(names)} times in the log: {text}')


def faults(box):
    return [line for line in box.read('f2b.log').split('\n') if ' ERROR ' in line or ' CRITICAL ' in line]


def unharmed(box):
    found = [name for name in os.listdir(box.folder) if name.startswith('pwned')]
    expect(not found, f'hostile text was carried out: {found}')
    expect(not faults(box), lambda: 'no errors: ' + '\n'.join(faults(box)[:6]))


@case
def every_action_gives_its_properties(box):
    set_up(box, {name: '' for name in ACTIONS})
    text = box.ask('-d')
    for name in ACTIONS:
        found = [line for line in text.split('\n') if line.startswith(f"['multi-set', '{jail(name)}', 'action', '{name}',")]
        expect(len(found) == 1, f'{name} has {len(found)} lists of properties')
        expect("['actionban', '" in found[0] or '["actionban"' in found[0] or "['actionban', \"" in found[0],
               f'{name} bans nothing: {found[0][:300]}')
        for command, text_of_command in commands_of(found[0]):
            loose = [tag for tag in STRANGERS if tag in ''.join(outside_double_quotes(text_of_command))]
            expect(not loose, f'{name}, {command}: {loose} stand outside double quotes: {text_of_command}')


STRANGERS = ('<matches>', '<ipmatches>', '<ipjailmatches>', '<ip-host>', '<ip-rev>', '<fid>', '<F-')


def commands_of(line):
    """The commands of a dumped action, by name."""
    return [pair for pair in ast.literal_eval(line)[4] if pair[0].startswith('action') and isinstance(pair[1], str)]


def outside_double_quotes(command):
    """What of a shell command stands in single quotes or in none; $( ) in double quotes begins anew."""
    inside, i = [], 0
    while i < len(command):
        at, two = inside[-1] if inside else '', command[i:i + 2]
        if at != "'" and two[0] == '\\':
            i += 1
        elif at == "'":
            if two[0] == "'":
                inside.pop()
            else:
                yield two[0]
        elif two == '$(':
            inside.append(two)
            i += 1
        elif two[0] == '"':
            inside.pop() if at == '"' else inside.append('"')
        elif two[0] == "'" and at != '"':
            inside.append("'")
        elif two[0] == ')' and at == '$(':
            inside.pop()
        elif at != '"':
            yield two[0]
        i += 1


@case
def shortcuts_of_jail_conf(box):
    names = ('', 'mw', 'mwl', 'xarf', 'cf_mwl', 'blocklist_de', 'abuseipdb')
    box.jails('', cfemail='a@example.org', cfapikey='k', blocklist_de_apikey='k',
              action='\n '.join(f'%(action_{name})s' for name in names))
    text = box.ask('-d')
    for name in ('nftset', 'sendmail-whois', 'sendmail-whois-lines', 'xarf-login-attack', 'cloudflare', 'blocklist_de',
                 'abuseipdb'):
        expect(f"'addaction', '{name}']" in text, f'{name} is among the actions: {text[-800:]}')


# Kernel actions: where their bans are seen, and what is looked for there. {a} is the address.
NFT, IPSET, ROUTE = ['nft', 'list', 'ruleset'], ['ipset', 'list'], ['sh', '-c', 'ip route; ip -6 route']
IPTABLES = ['sh', '-c', 'iptables-save; ip6tables-save']
KERNEL = {
    'iptables': (IPTABLES, r'-A f2b-{j} -s {a}/\d+ -j REJECT'),
    'iptables-allports': (IPTABLES, r'-A f2b-{j} -s {a}/\d+ -j REJECT'),
    'iptables-multiport': (IPTABLES, r'-A f2b-{j} -s {a}/\d+ -j REJECT'),
    'iptables-new': (IPTABLES, r'-A f2b-{j} -s {a}/\d+ -j REJECT'),
    'iptables-multiport-log': (IPTABLES, r'-A f2b-{j} -s {a}/\d+ -j f2b-{j}-log'),
    'iptables-ipset': (IPSET, r'Name: f2b-{j}6?\n(?:.+\n)*{a} '),
    'iptables-ipset-proto4': (IPSET, r'Name: f2b-{j}\n(?:.+\n)*{a}\n'),
    'iptables-ipset-proto6': (IPSET, r'Name: f2b-{j}6?\n(?:.+\n)*{a} '),
    'iptables-ipset-proto6-allports': (IPSET, r'Name: f2b-{j}6?\n(?:.+\n)*{a} '),
    'iptables-xt_recent-echo': (['sh', '-c', 'grep -H . /proc/net/xt_recent/*'], r'/f2b-{j}6?:src={e} '),
    'nftables': (NFT, r'set addr6?-set-{j} \{{[^}}]*elements = \{{[^}}]*{a}'),
    'nftables-allports': (NFT, r'set addr6?-set-{j} \{{[^}}]*elements = \{{[^}}]*{a}'),
    'nftables-multiport': (NFT, r'set addr6?-set-{j} \{{[^}}]*elements = \{{[^}}]*{a}'),
    'nftset': (NFT, r'set addr6?-set-{j} \{{[^}}]*elements = \{{[^}}]*{a}'),
    'route': (ROUTE, r'unreachable {a} '),
    'shorewall-ipset-proto6': (IPSET, r'Name: f2b-{j}\n(?:.+\n)*{a} '),
    'ufw': (['cat', '{box}/ufw/user.rules', '{box}/ufw/user6.rules'], r'-j REJECT|tuple ### reject any any \S+ any {a} in'),
    'hostsdeny': (['cat', '{box}/hosts.deny'], r'(?m)^ALL: \[?{a}\]?$'),
    'dummy': (['cat', '{box}/dummy'], None),
}
KERNEL['ufw'] = (KERNEL['ufw'][0], r'tuple ### reject any any \S+ any {a} in')
ONLY_IPV4 = ('iptables-ipset-proto4', 'shorewall-ipset-proto6')
NEEDED = {      # what must work in the namespace for an action to be tried
    'iptables': [['iptables', '-nL'], ['ip6tables', '-nL']],
    'iptables-multiport-log': [['sh', '-c', 'iptables -N try && iptables -A try -m limit --limit 6/m -j LOG && iptables -F try && iptables -X try']],
    'iptables-xt_recent-echo': [['sh', '-c', 'iptables -N try && iptables -A try -m recent --update --seconds 9 --name try && iptables -F try && iptables -X try']],
    'iptables-ipset': [['ipset', 'list']],
    'nftables': [['nft', 'list', 'ruleset']],
    'nftset': [['nft', 'list', 'ruleset']],
    'ufw': [['ufw', 'version']],
    'shorewall': [['ipset', 'list']],
}
UFW = 'if [ -d {ufw} ]; then mount --bind {ufw} /etc/ufw; ufw --force enable >/dev/null; fi'


def tried(room, names):
    """The actions that can work here; says which cannot."""
    found = []
    for name in names:
        needs = [need for prefix, all_of in NEEDED.items() if name.startswith(prefix) for need in all_of]
        missing = [need[0] for need in needs if not room.works(*need)]
        if missing:
            print(f'skip actions.{name}: does not work here: {", ".join(missing)}', flush=True)
        else:
            found.append(name)
    return found


def seen(room, box, name, address):
    probe, pattern = KERNEL[name]
    text = room.run(*(word.format(box=box.folder) for word in probe))
    return re.search(pattern.format(j=jail(name), a=re.escape(address),
                                    e=ipaddress.ip_address(address).exploded), text) is not None


def expect_seen(room, box, names, address, wanted, when):
    for name in names:
        if name == 'dummy' or wanted and ':' in address and name in ONLY_IPV4:
            continue
        end = time.monotonic() + PATIENCE_S
        while seen(room, box, name, address) != wanted:
            expect(time.monotonic() < end and not faults(box),
                   lambda name=name: f'{name}, {when}: {address} {"is not" if wanted else "still"} there; '
                   + '\n'.join(faults(box)[:6]))
            time.sleep(0.05)


def kernel_state(room):
    # the set of shorewall-ipset stays: Shorewall's own rules refer to it
    return '\n'.join(line for line in (room.run(*IPTABLES) + room.run(*IPSET) + room.run(*NFT) + room.run(*ROUTE)).split('\n')
                     if 'f2b' in line and line != 'Name: f2b-' + jail('shorewall-ipset-proto6') or 'addr-set' in line or 'addr6-set' in line or line.startswith('unreachable '))


@case
def kernel_actions(box):
    """Bans stand in the kernel or a file as long as they last."""
    ufw = box.path('ufw')
    if os.path.isdir('/etc/ufw'):
        shutil.copytree('/etc/ufw', ufw)
    box.write('hosts.deny', 'ALL: 198.51.100.1\n')
    with Room(box, {}, UFW.format(ufw=ufw)) as room:
        names = tried(room, KERNEL)
        values = {name: '' for name in names} | {'hostsdeny': f'file={box.path("hosts.deny")}',
                                                 'dummy': f'target={box.path("dummy")}'}
        set_up(box, values)
        box.start(within=room.within)
        four = [name for name in names if name not in ONLY_IPV4]
        attack(box, A4)
        settle(box, names, f'Ban {A4}')
        expect_seen(room, box, names, A4, True, 'banned')
        unharmed(box)
        for name in four:
            box.ask('set', jail(name), 'banip', A6)
        expect_seen(room, box, four, A6, True, 'banned')
        unharmed(box)
        box.ask('unban', A4, A6)
        for address in (A4, A6):
            expect_seen(room, box, four, address, False, 'unbanned')
        for name in names:
            box.ask('set', jail(name), 'banip', A4)
        expect_seen(room, box, names, A4, True, 'banned again')
        box.ask('unban', '--all')
        expect_seen(room, box, names, A4, False, 'flushed')
        for name in four:
            box.ask('set', jail(name), 'banip', A4, A6)
        unharmed(box)
        expect(box.stop() == 0, 'stop')
        for address in (A4, A6):
            expect_seen(room, box, names, address, False, 'stopped')
        expect(not kernel_state(room), lambda: f'stop leaves nothing behind: {kernel_state(room)}')
        expect(box.read('hosts.deny') == 'ALL: 198.51.100.1\n', f'hosts.deny: {box.read("hosts.deny")}')
        unharmed(box)



# Programs that are not of this system: what they are told at a ban and its end. Each entry: the calls (words joined by
# blanks, in any order among others); {a} the address, {j} the jail, {r} the reversed address.
PROGRAMS = {
    'apf': (['apf --deny {a} banned by Fail2Ban {j}'], ['apf --remove {a}']),
    'csf': (['csf --deny {a} banned by Fail2Ban {j}'], ['csf --denyrm {a}']),
    'bsd-ipfw': (['ipfw table 1 add {a}'], ['ipfw table 1 delete {a}']),
    'ipfilter': (['ipf -f - < block return-icmp(port-unr) in quick from {a}/32'],
                 ['ipf -r -f - < block return-icmp(port-unr) in quick from {a}/32']),
    'ipfw': (['ipfw add unreach port tcp from {a} to 127.0.0.1 ssh'], ['ipfw delete 00100']),
    'osx-ipfw': (['ipfw add {n} set 10 unreach port log tcp from {a} to me ssh'], ['ipfw delete {n}']),
    'npf': (['npfctl table fail2ban add {a}'], ['npfctl table fail2ban rem {a}']),
    'osx-afctl': (['afctl -a {a} -t 3600'], ['afctl -r {a}']),
    'pf': (['pfctl -a f2b/{j} -t f2b-{j} -T add {a}'], ['pfctl -a f2b/{j} -t f2b-{j} -T delete {a}']),
    'shorewall': (['shorewall{six} reject {a}'], ['shorewall{six} allow {a}']),
    'firewallcmd-allports': (['firewall-cmd --direct --add-rule {f} filter f2b-{j} 0 -s {a} -j REJECT --reject-with {t}'],
                             ['firewall-cmd --direct --remove-rule {f} filter f2b-{j} 0 -s {a} -j REJECT --reject-with {t}']),
    'firewallcmd-rich-rules': (
        ['firewall-cmd --zone=public --add-rich-rule=rule family="{f}" source address="{a}" port port="1-65535" '
         'protocol="tcp" reject type=\'{t}\''],
        ['firewall-cmd --zone=public --remove-rich-rule=rule family="{f}" source address="{a}" port port="1-65535" '
         'protocol="tcp" reject type=\'{t}\'']),
    'firewallcmd-rich-logging': (
        ['firewall-cmd --zone=public --add-rich-rule=rule family="{f}" source address="{a}" port port="1-65535" '
         'protocol="tcp" log prefix=\'f2b-{j}\' level=\'info\' limit value=\'1/m\' reject type=\'{t}\''],
        ['firewall-cmd --zone=public --remove-rich-rule=rule family="{f}" source address="{a}" port port="1-65535" '
         'protocol="tcp" log prefix=\'f2b-{j}\' level=\'info\' limit value=\'1/m\' reject type=\'{t}\'']),
    'firewallcmd-ipset': (['ipset -exist add f2b-{j}{six} {a} timeout 0'], ['ipset -exist del f2b-{j}{six} {a}']),
    'symbiosis-blacklist-allports': (['iptables -w -I blacklist 1 -s {a} -j DROP'], ['iptables -w -D blacklist -s {a} -j DROP']),
    'mikrotik': (['ssh -l admin -p22 -i /key router.example /ip firewall address-list add list="Fail2Ban" address={a} '
                  'comment=f2b-{j}-{a}'],
                 ['ssh -l admin -p22 -i /key router.example /ip firewall address-list remove [find list="Fail2Ban" '
                  'comment=f2b-{j}-{a}]']),
    'nsupdate': (['nsupdate -k /key < prereq nxrrset {r}bl.example. TXT\nupdate add {r}bl.example. 60 IN TXT '
                  '"Your IP has been banned"\nsend'], ['nsupdate -k /key < update delete {r}bl.example.\nsend']),
    'apprise': (['apprise -c /etc/fail2ban/apprise.conf -n warning -t [Fail2Ban] {j}: banned {a} from {h} < The address {a} '
                 'has been banned by the jail {j} after 1 failures.'], []),
    'nginx-block-map': (['nginx -s reload'], ['nginx -s reload']),
    'iptables-ipset': (['ipset -exist add f2b-{j}{six} {a} timeout 3600'], ['ipset -exist del f2b-{j}{six} {a}']),
}
for like in ('firewallcmd-multiport', 'firewallcmd-new'):
    PROGRAMS[like] = PROGRAMS['firewallcmd-allports']
FIRST = {       # what is heard at the start, or at the first ban
    'bsd-ipfw': ['ipfw -q add 112 unreach port ip from table(1) to me'],
    'ipfilter': ['ipf -E'],
    'pf': ['pfctl -a f2b/{j} -f- < table <f2b-{j}> persist counters',
           'pfctl -a f2b/{j} -f- < block quick proto {{tcp}} from <f2b-{j}> to any port {{22,80}}'],
    'firewallcmd-allports': ['firewall-cmd --direct --add-chain ipv4 filter f2b-{j}',
                             'firewall-cmd --direct --add-rule ipv4 filter INPUT_direct 0 -j f2b-{j}'],
    'firewallcmd-multiport': ['firewall-cmd --direct --add-rule ipv6 filter INPUT_direct 0 -m conntrack --ctstate NEW -p tcp '
                              '-m multiport --dports 1:65535 -j f2b-{j}'],
    'firewallcmd-new': ['firewall-cmd --direct --add-rule ipv6 filter INPUT_direct 0 -m state --state NEW -p tcp '
                        '-m multiport --dports 1:65535 -j f2b-{j}'],
    'firewallcmd-ipset': ['ipset -exist create f2b-{j}6 hash:ip timeout 0 maxelem 65536 family inet6',
                          'firewall-cmd --direct --add-rule ipv4 filter INPUT_direct 0 -p tcp -m multiport --dports 1:65535 '
                          '-m set --match-set f2b-{j} src -j REJECT --reject-with icmp-port-unreachable'],
}
LAST = {
    'bsd-ipfw': ['ipfw -q delete 112'],
    'pf': ['pfctl -a f2b/{j} -t f2b-{j} -T flush', 'pfctl -a f2b/{j} -t f2b-{j} -T kill'],
    'firewallcmd-allports': ['firewall-cmd --direct --remove-chain ipv4 filter f2b-{j}',
                             'firewall-cmd --direct --remove-chain ipv6 filter f2b-{j}'],
    'firewallcmd-ipset': ['ipset destroy f2b-{j}', 'ipset destroy f2b-{j}6'],
    'mikrotik': ['ssh -l admin -p22 -i /key router.example /ip firewall address-list remove [find list="Fail2Ban" '
                 'comment~"^f2b-{j}-"]'],
    'nginx-block-map': ['nginx -s reload'],
}
IPFW = ('case "$*" in *list|show) n=100; case "$*" in -S*) n=10001;; esac; printf "00111 allow ip from any to any\\n"; '
        f'for a in {A4} {A6}; do case "$*" in -S*) echo "$n set 10 unreach port log tcp from $a to me dst-port 22";; '
        '*) echo "00100 unreach port tcp from $a to 127.0.0.1 dst-port 22";; esac; done;; esac')
SYMBIOSIS = 'mount -t overlay overlay -o lowerdir={box}/more:/etc /etc; mount --bind {box}/symbiosis /etc/symbiosis'
STAND_INS = {where: (False, 'status=0') for where in (
    'sbin/apf', 'sbin/csf', 'sbin/firewall-cmd', 'sbin/ipset', 'sbin/iptables', 'sbin/ip6tables', 'sbin/npfctl',
    'libexec/afctl', 'sbin/shorewall', 'sbin/shorewall6', 'bin/ssh', 'sbin/nginx')}
STAND_INS |= {'sbin/ipf': (True, ''), 'sbin/pfctl': (True, ''), 'bin/nsupdate': (True, ''), 'bin/apprise': (True, ''),
              'sbin/ipfw': (False, IPFW)}


def told(room):
    """Each call as text: words joined by blanks, and what was on its input."""
    return [' '.join(words) + (' < ' + given.rstrip('\n') if given else '') for words, given in room.calls()]


def expect_told(room, box, name, calls, address=A4):
    six = ':' in address
    values = {'a': address, 'j': jail(name), 'six': '6' if six else '', 'f': 'ipv6' if six else 'ipv4', 'n': r'1\d{4}',
              't': 'icmp6-port-unreachable' if six else 'icmp-port-unreachable', 'h': '[^ ]+',
              'r': ipaddress.ip_address(address).reverse_pointer.replace('in-addr.arpa', '').replace('ip6.arpa', '')}
    for call in calls:
        pattern = re.escape(call).replace(r'\{\{', '\0').replace(r'\}\}', '\1')
        pattern = re.sub(r'\\\{(\w+)\\\}', lambda m: values[m[1]] if m[1] in 'nh' else re.escape(values[m[1]]), pattern)
        pattern = pattern.replace('\0', r'\{').replace('\1', r'\}')
        if six and name.startswith('symbiosis'):
            pattern = pattern.replace('iptables', 'ip6tables', 1).replace('DROP', 'REJECT.*')
        wait_for(lambda pattern=pattern: any(re.fullmatch(pattern, said) for said in told(room)) or faults(box),
                 f'{name} is told: {pattern}; it was: ' + ' | '.join(told(room)[-40:])[:3000])
        expect(not faults(box), lambda: '\n'.join(faults(box)[:6]))


@case
def foreign_programs(box):
    """Firewalls of other systems hear what they should; nothing else reaches them."""
    values = {name: '' for name in PROGRAMS} | {
        'bsd-ipfw': f'startstatefile={box.path("ipfw")}', 'pf': 'port="22,80"', 'iptables-ipset': 'ipsettime=<timeout-bantime>',
        'mikrotik': 'user=admin, host=router.example, keyfile=/key', 'nsupdate': 'domain=bl.example., keyfile=/key',
        'nginx-block-map': f'srv_cfg_path={box.path("nginx")}, srv_pid={box.path("f2b.pid")}'}
    os.makedirs(box.path('nginx'))
    os.makedirs(box.path('symbiosis/firewall/blacklist.d'))
    os.makedirs(box.path('more/symbiosis'))
    blocked = box.path('nginx/blacklisted-sessions.map')
    with Room(box, STAND_INS, SYMBIOSIS.format(box=box.folder)) as room:
        set_up(box, values)
        box.start(within=room.within)
        attack(box, A4, A6)
        settle(box, values, f'Ban {A6}')
        for name, (ban, _) in PROGRAMS.items():
            for address in (A4, A6):
                expect_told(room, box, name, ban, address)
            expect_told(room, box, name, FIRST.get(name, []))
        wait_for(lambda: box.read(blocked) == f'\\{A4} 1;\n\\{A6} 1;\n', f'nginx: {box.read(blocked)!r}')
        wait_for(lambda: sorted(os.listdir(box.path('symbiosis/firewall/blacklist.d'))) == sorted(f'{a}.auto' for a in (A4, A6)), 'symbiosis')
        room.forget()
        box.ask('unban', A4, A6)
        for name, (_, unban) in PROGRAMS.items():
            for address in (A4, A6):
                expect_told(room, box, name, unban, address)
        wait_for(lambda: box.read(blocked) == '', f'nginx: {box.read(blocked)!r}')
        wait_for(lambda: not os.listdir(box.path('symbiosis/firewall/blacklist.d')), 'symbiosis, unbanned')
        box.ask('set', jail('mikrotik'), 'banip', A4)
        box.ask('set', jail('nginx-block-map'), 'banip', A4)
        room.forget()
        expect(box.stop() == 0, 'stop')
        for name, calls in LAST.items():
            expect_told(room, box, name, calls)
        expect(not box.read('ipfw') and not box.read(blocked), 'no rest in files')
        expect(box.path('pwned') not in ''.join(told(room)), 'no stranger\'s text reaches a firewall')
        unharmed(box)


# Mail. The stand-ins obey what real programs obey: sendmail ends at a lone dot, mail carries out lines that begin with ~!.
SENDMAIL = 'sed "/^\\.$/q" "$input" > /dev/null; if grep -qx "\\." "$input"; then echo "cut short" >&2; status=1; fi'
MAIL = 'sed -n "s/^~!//p" "$input" | sh'
MAILERS = [name for name in ACTIONS if name.startswith(('sendmail', 'mail', 'complain', 'xarf', 'dshield'))]


def strange_answer(box):
    pwned = box.path('pwned')
    return f'owner: $(touch {pwned}7) `touch {pwned}8`\n~!touch {pwned}9\n.\n%s%n \\n.\\n "; touch {pwned}10 #\nlast words\n'


@case
def mails(box):
    """Each mailing action sends what happened, whole, to whom it should; and nothing in it is obeyed."""
    box.write('answer', strange_answer(box))
    box.write('contacts', f'"abuse@example.org,-oQ/tmp@example.org,$(touch {box.path("pwned")}11)@x"\n;; late\n')
    stand_ins = {'sbin/sendmail': (True, SENDMAIL), 'bin/mail': (True, MAIL), 'bin/dig': (False, f'cat {box.path("contacts")}'),
                 'bin/whois': (False, f'cat {box.path("answer")}'), 'bin/geoiplookup': (False, f'cat {box.path("answer")}')}
    values = {name: 'dest="admin@example.org", sender="f2b@example.org"' for name in MAILERS}
    values |= {name: values[name] + f', logpath="{box.log}"' for name in MAILERS if name.endswith('-lines') or name == 'complain'}
    values |= {name: values[name] + f', lines=2, tmpfile="{box.path(name)}"' for name in MAILERS if name.endswith('-buffered')}
    values['dshield'] = f'dest="admin@example.org", lines=2, tmpfile="{box.path("dshield")}"'
    values['xarf-login-attack'] = 'service=ssh, sender="f2b@example.org"'
    with Room(box, stand_ins) as room:
        set_up(box, values)
        box.start(within=room.within)
        attack(box, A4, A6)
        settle(box, values, f'Ban {A6}')
        for name in MAILERS:
            wait_for(lambda name=name: mail_of(room, name) or faults(box), f'{name} mails')
            expect(not faults(box), lambda: '\n'.join(faults(box)[:6]))
            check_mail(box, name, *mail_of(room, name))
        expect(box.stop() == 0, 'stop')
        stopped = [said for said in told(room) if re.search(r'\[Fail2Ban\] j\d\dx: stopped on ', said)]
        expect(len(stopped) == len(MAILERS) - 3, f'{len(stopped)} mails about the end')
        left = [name for name in os.listdir(box.folder) if name.startswith(('mail', 'sendmail')) or name.endswith(('.buffer', '.first'))]
        expect(not left, f'nothing waits in files: {left}')
        unharmed(box)


def mail_of(room, name):
    """Words and text of the mail about A4 from the jail of this action."""
    mark = {'complain': 'Abuse from ' + A4, 'xarf-login-attack': 'abuse report about ' + A4, 'dshield': 'FORMAT DSHIELD'}.get(
        name, f'[Fail2Ban] {jail(name)}: ' + ('summary' if name.endswith('-buffered') else f'banned {A4}'))
    for words, given in room.calls():
        if words[0] in ('mail', 'sendmail') and mark in ' '.join(words) + given:
            return words, given
    return None


def check_mail(box, name, words, given):
    to = {'complain': 'abuse@example.org', 'xarf-login-attack': 'abuse@example.org'}.get(name, 'admin@example.org')
    expect(words[-1] == to, f'{name} goes to {to}: {words}')
    expect(A4 in given, f'{name} tells the address: {given}')
    if words[0] == 'sendmail' and name != 'xarf-login-attack':
        expect(words[1:3] == ['-f', 'f2b@example.org'], f'{name}: {words}')
        expect(given.startswith('Subject: [Fail2Ban] ') and f'\nFrom: Fail2Ban <f2b@example.org>\nTo: {to}\n' in given,
               f'{name}, headers: {given[:400]}')
    if 'whois' in name or 'geoip' in name:
        expect('last words' in given, f'{name} has the whole answer: {given}')
    if name.endswith(('matches', '-lines')) or name in ('complain', 'xarf-login-attack'):
        expect(f'$(touch {box.path("pwned")}1)`touch' in given, f'{name} has the lines as they are: {given}')
    expect('\x1b' not in given, f'{name} has control characters')


# What is sent over the network: words that curl or wget must be given, and what the body holds.
REQUESTS = {
    'abuseipdb': ('abuseipdb_apikey=KEY, abuseipdb_category="18,22"', ['Key: KEY', 'ip={a}', 'categories=18,22',
                  'https://api.abuseipdb.com/api/v2/report'], None),
    'blocklist_de': ('email="a@example.org", apikey=KEY, service=ssh, agent=me', ['server=a@example.org', 'apikey=KEY',
                     'service=ssh', 'ip={a}', 'https://www.blocklist.de/en/httpreports.html'], None),
    'ipthreat': ('ipthreat_apikey=KEY', ['X-API-KEY: KEY', 'https://api.ipthreat.net/api/report'],
                 {'ip': '{a}', 'flags': '8', 'system': '{j}'}),
    'cloudflare': ('cfuser=me, cftoken=KEY', ['X-Auth-Email: me', 'X-Auth-Key: KEY',
                   'https://api.cloudflare.com/client/v4/user/firewall/access_rules/rules'],
                   {'mode': 'block', 'configuration': {'target': '{k}', 'value': '{a}'}, 'notes': 'Fail2Ban {j}'}),
    'cloudflare-token': ('cfzone=ZONE, cftoken=KEY', ['Authorization: Bearer KEY',
                         'https://api.cloudflare.com/client/v4/zones/ZONE/firewall/access_rules/rules'],
                         {'mode': 'block', 'configuration': {'target': '{k}', 'value': '{a}'}, 'notes': 'Fail2Ban {j}'}),
    'netscaler': ('ns_host=ns.example, ns_auth=KEY, ns_dataset=set', ['Authorization: Basic KEY', 'PUT',
                  'https://ns.example/nitro/v1/config/'], {'policydataset_value_binding': {'name': 'set', 'value': '{a}'}}),
    'webhook': ('url="https://hook.example/x", header="Authorization: Bearer KEY"', ['https://hook.example/x',
                'Authorization: Bearer KEY'], {'event': 'ban', 'jail': '{j}', 'ip': '{a}', 'failures': 1, 'bantime': 3600, 'family': '{f}'}),
    'ntfy': ('topic=secret, token=KEY, lines=yes', ['https://ntfy.sh/secret', 'Authorization: Bearer KEY'], None),
    'smtp': ('host="mail.example:587", dest="a@example.org,b@example.org", user=me, password=KEY, ssl=yes, lines=matches',
             ['--user', 'me:KEY', '--ssl-reqd', 'a@example.org', 'b@example.org', 'fail2ban'], None),
    'mynetwatchman': ('mnwlogin="a@b", mnwpass="c&d", tmpfile={box}/mnw', [], None),
}
CURL = ('case " $* " in *" -G "*) echo \'{"result":[{"id":"abc123","mode":"block"}],"success":true}\';; esac')


@case
def requests(box):
    """Web services get what they ask for, with strangers' text as data."""
    with Room(box, {'bin/curl': (True, CURL), 'bin/wget': (False, 'echo Attack Report Insert Successful')}) as room:
        set_up(box, {name: options.replace('{box}', box.folder) for name, (options, _, _) in REQUESTS.items()})
        box.start(within=room.within)
        attack(box, A4, A6)
        settle(box, REQUESTS, f'Ban {A6}')
        for name in REQUESTS:
            for address in (A4, A6):
                wait_for(lambda name=name, address=address: request_of(room, name, address) or faults(box),
                         f'{name} sends {address}: ' + ' | '.join(told(room))[-2000:])
                expect(not faults(box), lambda: '\n'.join(faults(box)[:6]))
        lines = [json.loads(given)['matches'] for words, given in room.calls() if 'https://hook.example/x' in words]
        expect(len(lines) == 2 and all('`"; touch ' in line and '\\n~!touch' in line for line in lines), f'webhook: {lines}')
        room.forget()
        box.ask('unban', A4)
        for url in ('user', 'zones/ZONE'):
            wait_for(lambda url=url: any('DELETE' in said and f'{url}/firewall/access_rules/rules/abc123' in said
                                         for said in told(room)), f'{url}: the rule is deleted by its id')
        wait_for(lambda: any(f'set?args=value:{A4}' in said and 'DELETE' in said for said in told(room)), 'netscaler, unban')
        wait_for(lambda: any('"event":"unban"' in said for said in told(room)), 'webhook, unban')
        expect(box.stop() == 0, 'stop')
        unharmed(box)


def request_of(room, name, address):
    """Whether the request of this action for this address was made."""
    _, wanted, body = REQUESTS[name]
    if name == 'mynetwatchman':
        return any(f'AttackerIP={address}&' in said and 'AgentEmail=%61%40%62&AgentPassword=%63%26%64&' in said
                   and 'AttackCount=1&' in said for said in told(room))
    for words, given in room.calls():
        if not all(word.format(a=address) in words for word in wanted):
            continue
        if body is not None and holds(json.loads(given), body, {'a': address, 'j': jail(name), 'f': 'inet6' if ':' in address else 'inet4',
                                                             'k': 'ip6' if ':' in address else 'ip'}):
            return True
        if body is None and address in ' '.join(words) + given:
            return '$(touch ' in ' '.join(words) + given
    return False


def holds(seen_object, wanted, values):
    return all(holds(seen_object[key], value, values) if isinstance(value, dict)
               else seen_object[key] == (value.format(**values) if isinstance(value, str) else value)
               for key, value in wanted.items())


@case
def local_files_of_a_machine(box):
    """What .local files change holds for the actions that are shipped."""
    box.write('etc/action.d/nftables.local', '[Init]\nprotocol = tcp,udp,udplite,sctp\nchain_hook = forward\n')
    box.write('etc/action.d/sendmail-common.local', '[Init]\ndest = postmaster@example.org\nsender = f2b@example.org\n')
    stand_ins = {'sbin/sendmail': (True, SENDMAIL), 'bin/whois': (False, 'echo nothing')}
    with Room(box, stand_ins) as room:
        set_up(box, {'nftables-multiport': 'port=0:65535', 'sendmail-whois-lines': f'logpath="{box.log}"'})
        box.start(within=room.within)
        attack(box, A4)
        wait_for(lambda: A4 in room.run(*NFT), 'ban')
        rules = room.run(*NFT)
        expect('hook forward' in rules, f'the chain is hooked into forward: {rules}')
        for protocol in ('tcp', 'udp', 'udplite', 'sctp'):
            expect(f'{protocol} dport 0-65535 ip saddr @addr-set-' in rules, f'{protocol}: {rules}')
        wait_for(lambda: mail_of(room, 'sendmail-whois-lines'), 'mail')
        words, given = mail_of(room, 'sendmail-whois-lines')
        expect(words[1:] == ['-f', 'f2b@example.org', 'postmaster@example.org'], f'sendmail: {words}')
        expect(f'attack from {A4} user' in given, f'the line of the log: {given}')
        expect(box.stop() == 0, 'stop')
        expect('f2b' not in room.run(*NFT), 'nothing is left')
        unharmed(box)


# Parameters of the nft actions, and the condition that stands in their rules before the look into the set.
NFT_CONDITIONS = (
    ('port="22,8000:8010", protocol="tcp,udp"', ['tcp dport { 22, 8000-8010 }', 'udp dport { 22, 8000-8010 }']),
    ('port=22, protocol=all', ['th dport 22']),
    ('type=allports', ['meta l4proto tcp']),
    ('type=allports, protocol=all', ['']),
    ('type=custom, rule_match-custom="ip daddr 198.51.100.1"', ['ip daddr 198.51.100.1']),
    ('type=custom, rule_match-allprotos-custom="tcp dport $(echo 22)", protocol=all', ['tcp dport 22']),
)


@case
def conditions_of_nft_rules(box):
    """Whatever says which packets are meant: only those of banned addresses are refused."""
    with Room(box, {}) as room:
        for number, (options, conditions) in enumerate(NFT_CONDITIONS):
            for name in ('nftables', 'nftset'):
                set_up(box, {name: f'{options}, name=n{number}'})
                box.start(within=room.within)
                attack(box, A4)
                wait_for(lambda: A4 in room.run(*NFT) or faults(box), f'{name}[{options}] bans')
                rules = [line.strip() for line in room.run(*NFT).split('\n') if ' saddr @' in line]
                sets = ['addr-set-n%d' % number] + (['addr-set-n%d-net' % number] if name == 'nftset' else [])
                wanted = [f'{condition} ip saddr @{a_set} '.lstrip() for condition in conditions for a_set in sets]
                expect(len(rules) == len(wanted) and all(any(rule.startswith(start) for rule in rules) for start in wanted),
                       lambda: f'{name}[{options}]: {rules}, not {wanted}; {faults(box)[:3]}')
                expect(box.stop() == 0, 'stop')
                expect('f2b' not in room.run(*NFT), f'{name}[{options}]: nothing is left')
                os.unlink(box.path('f2b.sqlite3'))
                box.write('f2b.log', '')
                box.write('auth.log', '')


main(__doc__)
