"""What the shadow comparison makes at random: lines of logs, and configurations for two servers that are to do the same."""
import itertools
import time

MARK = '198.51.100.254'         # ignored in every jail: who ignores it has read so far
CONNECTIONS = itertools.count(1000)
USERS = ['root', 'admin', 'bob', 'a b', "o'x", 'é', '$(id)', '`x`', '"q"', '', 'x' * 300, '%s%d', '\\n', 'тест', '<ip>', 'user from 1.2.3.4']
NETS = ['203.0.113.', '192.0.2.', '2001:db8::', '2001:db8:1:2::']


def syslog(when, program, text):
    return f'{time.strftime("%b %e %H:%M:%S", time.gmtime(when))} host {program}[{next(CONNECTIONS)}]: {text}'


def iso(when, text):
    return f'{time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(when))} host {text}'


def common(when, ip, request, status=404):
    return f'{ip} - - [{time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(when))}] "{request}" {status} 162 "-" "curl"'


def nginx(when, text):
    return f'{time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(when))} [error] 11#0: *{next(CONNECTIONS)} {text}'


def apache(when, ip, text):
    return f'[{time.strftime("%a %b %d %H:%M:%S.123456 %Y", time.gmtime(when))}] [core:error] [pid 7] [client {ip}:4711] {text}'


def plain(when, text):
    return f'{time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when))} {text}'


# jail: lines as functions of (time, address, user); the first one must be a failure whatever the user is.
LINES = {
    'sshd': [
        lambda w, a, u: syslog(w, 'sshd', f'Failed password for root from {a} port 50000 ssh2'),
        lambda w, a, u: syslog(w, 'sshd', f'Failed password for invalid user {u} from {a} port 50000 ssh2'),
        lambda w, a, u: syslog(w, 'sshd', f'Invalid user {u} from {a} port 34455'),
        lambda w, a, u: syslog(w, 'sshd', f'User {u} from {a} not allowed because not listed in AllowUsers'),
        lambda w, a, u: syslog(w, 'sshd', f'Connection closed by authenticating user {u} {a} port 1 [preauth]'),
        lambda w, a, u: syslog(w, 'sshd', f'Accepted publickey for {u} from {a} port 50000 ssh2'),
        lambda w, a, u: iso(w, f'sshd[5{len(u)}]: Failed password for {u} from {a} port 50000 ssh2'),
        lambda w, a, u: syslog(w, 'sshd', f'error: maximum authentication attempts exceeded for {u} from {a} port 1 ssh2 [preauth]'),
        lambda w, a, u: syslog(w, 'sshd', f'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={a}  user={u}'),
    ],
    'postfix': [
        lambda w, a, u: syslog(w, 'postfix/smtpd', f'NOQUEUE: reject: RCPT from unknown[{a}]: 554 5.7.1 <x@y.z>: Relay access denied; '
                                                   'from=<a@b.c> to=<x@y.z> proto=ESMTP helo=<h>'),
        lambda w, a, u: syslog(w, 'postfix/smtpd', f'NOQUEUE: reject: VRFY from h.example[{a}]: 550 5.1.1 <{u}>: Recipient address rejected: x'),
        lambda w, a, u: syslog(w, 'postfix/smtpd', f'warning: unknown[{a}]: SASL LOGIN authentication failed: authentication failure'),
        lambda w, a, u: syslog(w, 'postfix/smtpd', f'connect from unknown[{a}]'),
        lambda w, a, u: syslog(w, 'postfix/smtpd', f'improper command pipelining after DATA from unknown[{a}]: {u}'),
    ],
    'dovecot': [
        lambda w, a, u: syslog(w, 'dovecot', f'imap-login: Aborted login (auth failed, 3 attempts in 6 secs): user=<x>, method=PLAIN, rip={a}, lip=10.0.0.1, session=<y>'),
        lambda w, a, u: syslog(w, 'dovecot', f'imap-login: Disconnected (auth failed, 1 attempts in 6 secs): user=<{u}>, method=PLAIN, rip={a}, lip=10.0.0.1, TLS'),
        lambda w, a, u: syslog(w, 'auth-worker', f'pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser={u} rhost={a}'),
        lambda w, a, u: syslog(w, 'dovecot', f'pop3-login: Login: user=<{u}>, method=PLAIN, rip={a}, lip=10.0.0.1'),
    ],
    'nginx-http-auth': [
        lambda w, a, u: nginx(w, f'user "x": password mismatch, client: {a}, server: h, request: "GET / HTTP/1.1", host: "h"'),
        lambda w, a, u: nginx(w, f'user "{u}" was not found in "/etc/x", client: {a}, server: h, request: "GET / HTTP/1.1", host: "h"'),
        lambda w, a, u: nginx(w, f'open() "/x" failed, client: {a}, server: h, request: "GET / HTTP/1.1", host: "h"'),
    ],
    'nginx-botsearch': [
        lambda w, a, u: common(w, a, 'GET /wp-login.php HTTP/1.1'),
        lambda w, a, u: common(w, a, f'GET /{u} HTTP/1.1', 200),
        lambda w, a, u: common(w, a, f'GET /phpmyadmin/{u} HTTP/1.1'),
    ],
    'apache-auth': [
        lambda w, a, u: apache(w, a, 'AH01617: user x: authentication failure for "/": Password Mismatch'),
        lambda w, a, u: apache(w, a, f'AH01618: user {u} not found: /'),
        lambda w, a, u: apache(w, a, f'AH01797: client denied by server configuration: /{u}'),
    ],
    'vsftpd': [
        lambda w, a, u: syslog(w, 'vsftpd', f'pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=x rhost={a}  user=x'),
        lambda w, a, u: f'{time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(w))} [pid 7] [{u}] FAIL LOGIN: Client "{a}"',
    ],
    'proftpd': [
        lambda w, a, u: syslog(w, 'proftpd', f'host ({a}[{a}]) - USER x: no such user found from {a} [{a}] to 10.0.0.1:21'),
        lambda w, a, u: syslog(w, 'proftpd', f'host ({a}[{a}]) - USER {u} (Login failed): Incorrect password.'),
    ],
    'recidive': [
        lambda w, a, u: f'{plain(w, "")[:-1]},123 fail2ban.actions        [7]: NOTICE  [j] Ban {a}',
        lambda w, a, u: f'{plain(w, "")[:-1]},123 fail2ban.actions        [7]: NOTICE  [j] Unban {a}',
    ],
    'traefik-auth': [
        lambda w, a, u: f'{a} - x [{time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(w))}] "GET / HTTP/1.1" 401 17 "-" "c" 5 "A" "/" 0ms',
        lambda w, a, u: f'{a} - {u} [{time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(w))}] "GET / HTTP/1.1" 401 17 "-" "c" 5 "A" "/" 0ms',
    ],
    'own': [    # a filter of our own with many fields
        lambda w, a, u: plain(w, f'own: bad user=x ip={a} port=4'),
        lambda w, a, u: plain(w, f'own: bad user={u} ip={a} port=4'),
        lambda w, a, u: plain(w, f'own: sess{len(u)} user={u} tries'),
        lambda w, a, u: plain(w, f'own: id={u if u.isascii() and u.isalnum() else "e"} bad'),
        lambda w, a, u: plain(w, f'own: net={a}/24 bad'),
    ],
}
OWN_FILTER = r'''[Definition]
failregex = ^\s*own: bad user=<F-USER>.*?</F-USER> ip=<ADDR> port=<F-PORT>\d+</F-PORT>$
            ^\s*own: id=<F-ID>\S+</F-ID> bad$
            ^\s*own: net=<SUBNET> bad$
            ^\s*own: host=<HOST> bad$
ignoreregex = user=admin
'''


def address(rng):
    net = rng.choice(NETS)
    return net + (str(rng.randint(1, 12)) if '.' in net else f'{rng.randint(1, 9):x}')


def line(rng, jail, now, ip=None):
    """A line for this jail, mostly of now, sometimes broken."""
    when = now - rng.choice([0, 0, 0, 0, 1, 5, 15, 500, 2000]) if rng.random() < .95 else now + rng.choice([30, 7200, -90000])
    made = rng.choice(LINES[jail] + LINES[jail][:1] * 3)(when, ip or address(rng), rng.choice(USERS))
    data = made.encode('utf8')
    if rng.random() < .06:
        data = rng.choice([lambda d: d.replace(b' ', b'\xff ', 1), lambda d: d[:rng.randint(0, len(d))], lambda d: d + b'\r', lambda d: d.replace(b':', b'\0', 1),
                           lambda d: b'\xef\xbb\xbf' + d, lambda d: d.replace(b'o', b'\xc3', 2), lambda d: b' ' + d, lambda d: b'', lambda d: d + b' ' * 9,
                           lambda d: d.replace(b' ', '\u2028'.encode(), 1), lambda d: d * 2])(data)
    return data


def mark(jail, now):
    return LINES[jail][0](now, MARK, 'x').encode()


# ---- configuration ----

TAGS = ['<ip>', '<fid>', '<family>', '<failures>', '<time>', 'bantime=<bantime>', '<bancount>', '<restored>', '<ip-rev>', '<F-USER>', '<F-PORT>', '<F-ID>', '<F-NOTHING>',
        '<matches>', '<ipmatches>', '<ipjailmatches>', '<ipfailures>', '<ipjailfailures>', '<jail.name>', '<name>', '<actname>', '<nope>', '<F-IP4>', '<F-IP6>', '<F-*>', '<raw-ticket>', '<F-ALT_USER>', '<F-MLFID>']


def say(word, tags, target='<target>'):
    """A command that writes a line."""
    return f'printf "%%s|" {word} ' + ' '.join(f'"{tag}"' for tag in tags) + f' >> {target}; echo >> {target}'


def action_file(rng, tags):
    """Text of a random action."""
    few = ['<ip>', '<name>', '<family>']
    options = {'actionban': say('ban', few + rng.sample(tags, rng.randint(2, 9))),
               'actionunban': say('unban', few + rng.sample([tag for tag in tags if tag not in ('<ipmatches>', '<ipfailures>', '<ipjailmatches>', '<ipjailfailures>')], rng.randint(0, 6)))}
    for key, chance in (('actionstart', .8), ('actionstop', .8), ('actionflush', .3), ('actionprolong', .3), ('actionreban', .2), ('actionreload', .3)):
        if rng.random() < chance:
            options[key] = say(key[6:], rng.choice([['<name>'], ['<name>', '<family>'], ['<name>', '<colour>'], ['<ip>', '<restored>']]))
    kind = rng.random()
    if kind < .12:
        options['actionban'] += '; ' + rng.choice(['exit 1', 'false', 'exit 200', 'echo oops >&2; exit 3', 'echo out; exit 2', 'nosuchcommand'])
    elif kind < .18:    # somebody breaks what it has set up
        whole = 'test ! -e <target>.broken'
        options['actionban'] = f'{whole} && {options["actionban"]}'
        options['actioncheck'] = say('check', ['<name>']) + f'; {whole}'
        # Without it the action is stopped and started, which fail2ban leaves out where another family has run the same command.
        options['actionrepair'] = say('repair', ['<name>', '<family>']) + '; rm -f <target>.broken'
        options['actionrepair_on_unban'] = rng.choice(['true', 'false'])
    elif kind < .19:
        options['actionban'] += '; sleep 3'     # longer than some may
    elif kind < .21:
        options['actionunban'] += '; exit 1'
    elif kind < .22 and 'actionstart' in options:
        options['actionstart'] += '; exit 1'
    elif kind < .26 and 'actionflush' in options:
        options['actionflush'] += '; exit 1'
    if rng.random() < .25:
        options['norestored'] = rng.choice(['1', 'true', 'false'])
    if rng.random() < .2:
        options['actionstart_on_demand'] = rng.choice(['true', 'false'])
    text = '[Definition]\n' + ''.join(f'{key} = {value}\n' for key, value in options.items())
    return text + '[Init]\ntarget = /dev/null\ncolour = red\n' + rng.choice(['', '[Init?family=inet6]\ncolour = blue\n'])


def increments(rng):
    if rng.random() < .6:
        return {}
    made = {'bantime.increment': rng.choice(['true', 'true', 'false'])}
    for key, values in (('factor', ['2', '1']), ('multipliers', ['1 2 4 8', '3 5']), ('maxtime', ['1d', '10m', '3h']), ('overalljails', ['true', 'false']),
                        ('formula', ['ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor', 'ban.Time * 3'])):
        if rng.random() < .35:
            made['bantime.' + key] = rng.choice(values)
    return made


def jail_options(rng, jail):
    """Options of a jail, as they stand in jail.local."""
    options = {'maxretry': rng.choice(['1', '2', '3', '5']), 'findtime': rng.choice(['10m', '1h', '1d', '600']),
               'bantime': rng.choice(['10m', '1h', '1000', '-1', '1d', '86400', '90m'])}
    options.update(increments(rng))
    ignored = [MARK] + rng.sample(['203.0.113.5', '192.0.2.0/29', '2001:db8::5', '2001:db8:1::/48', '127.0.0.1/8', '10.1.2.3/255.0.0.0', '::1'], rng.randint(0, 3))
    options['ignoreip'] = rng.choice([' ', ', ', '\n   ']).join(ignored)
    for key, values, chance in (
            ('usedns', ['no', 'raw', 'no'], 1), ('ignoreself', ['false', 'true'], .4), ('logencoding', ['utf-8', 'latin1', 'ascii', 'auto'], .3),
            ('maxmatches', ['0', '1', '3', '20'], .4), ('maxlines', ['1', '2'], .06), ('datepattern', ['{^LN-BEG}', '%%Y-%%m-%%d %%H:%%M:%%S'], .05),
            ('ignorecommand', ['case <ip> in 203.0.113.7) exit 0;; *) exit 1;; esac', 'test "<ip>" = 192.0.2.9', 'false', 'exit 3'], .15),
            ('ignorecache', ['key="<ip>", max-count=5, max-time=1m'], .1), ('ignoreregex', ['192\\.0\\.2\\.3', 'user=<F-USER>bob</F-USER>'], .15),
            ('logtimezone', ['UTC', 'UTC+0200'], .05), ('mode', ['aggressive', 'normal', 'more'], .2 if jail == 'sshd' else 0)):
        if rng.random() < chance:
            options[key] = rng.choice(values)
    return options
