"""The steps that the shadow comparison plays to both servers."""
import contextlib
import os
import re
import sqlite3
import time

import shadow_lines as lines

FLAVORS = ['basic', 'short', 'stats', 'nonsense']
GETTABLE = ['banip', 'banned', 'logpath', 'ignoreself', 'ignorecommand', 'ignorecache', 'usedns', 'findtime', 'maxretry', 'maxmatches', 'bantime',
            'bantime.increment', 'bantime.factor', 'bantime.formula', 'bantime.multipliers', 'bantime.maxtime', 'bantime.rndtime', 'bantime.overalljails',
            'prefregex', 'failregex', 'ignoreregex', 'maxlines', 'datepattern', 'logtimezone', 'logencoding', 'journalmatch', 'actions', 'nonsense']
SETTABLE = [('findtime', ['10m', '1h', '600', '1.5h', 'abc', '']), ('maxretry', ['1', '2', '4', 'x', '0']), ('bantime', ['10m', '900', '-1', '1d', 'zz', '1.5h']),
            ('maxmatches', ['0', '1', '5', 'x']), ('usedns', ['no', 'raw', 'foo']), ('idle', ['on', 'off', 'off', 'off', 'maybe']), ('ignoreself', ['true', 'false', '1', 'x']),
            ('logencoding', ['utf-8', 'latin1', 'zz', 'auto', 'UTF8']), ('maxlines', ['1', '0', 'x', '3']), ('datepattern', ['%Y-%m-%d', '{NONE}', 'EPOCH', '', '^%b %d']),
            ('logtimezone', ['UTC', 'UTC+0100', 'foo', '']), ('ignorecommand', ['', 'false', 'test <ip> = 1.2.3.4']), ('ignorecache', ['', 'key="<ip>"', 'max-count=3']),
            ('bantime.increment', ['true', 'false']), ('bantime.factor', ['2', '1', '']), ('bantime.maxtime', ['1h', '', '1d']), ('bantime.multipliers', ['1 3', '']),
            ('addfailregex', ['^x <HOST>$', '<ADDR> evil$', '(', 'no id', '']), ('delfailregex', ['99', '-1']), ('addignoreregex', ['zzz', '(', '']),
            ('delignoreregex', ['0', '99']), ('prefregex', ['', '(']), ('addignoreip', ['192.0.2.77', '203.0.113.64/27', '2001:db8:9::/48', 'localhost', '', 'a b']),
            ('delignoreip', ['203.0.113.5', '9.9.9.9', '192.0.2.0/29']), ('nonsense', ['1']), ('addlogpath', ['@/nowhere.log']), ('dellogpath', ['@/nowhere.log'])]


def some_address(rng):
    return rng.choice([lines.address(rng)] * 6 + ['203.0.113.0/28', '2001:db8::/64', '10.1.2.3/8', '::ffff:192.0.2.1', '2001:DB8::5', '1.2.3.999',
                                                  '192.0.2.4/32', '[2001:db8::7]'])


def a_jail(pair, any_name=.05):
    return pair.rng.choice(['nojail', 'SSHD', '--all']) if pair.rng.random() < any_name else pair.rng.choice(sorted(pair.jails))


# ---- steps; each plays itself to both ----

def attack(pair):
    """Lines of one or several attackers."""
    rng = pair.rng
    for jail in rng.sample(sorted(pair.jails), rng.randint(1, len(pair.jails))):
        log = rng.choice(pair.logs[jail])
        if pair.grows(jail):
            many = {lines.address(rng) for _ in range(4)}   # fail2ban's observer looks at a failure before or after the next is counted
        else:
            many = [lines.address(rng)] * rng.randint(1, 7) if rng.random() < .7 else [lines.address(rng) for _ in range(rng.randint(1, 7))]
        made = [lines.line(rng, jail, pair.clock.now(), ip) for ip in sorted(many)]
        if pair.unordered and pair.jails[jail]['usedns'] == 'raw':
            made = [text for text in made if b' id=' not in text]   # fail2ban does not know an id again that is no address, from a ban that it has restored
        pair.note(f'append {log} {made}')
        pair.append(jail, log, made, mark=True)


def get(pair):
    rng = pair.rng
    pair.ask('get', a_jail(pair), rng.choice(GETTABLE), *rng.choice([[], [], ['x']]))


def look(pair):
    rng, jail = pair.rng, a_jail(pair)
    pair.ask(*rng.choice([['status'], ['status', jail], ['status', jail, rng.choice(FLAVORS)], ['status', '--all'], ['status', '--all', rng.choice(FLAVORS)], ['stats'],
                          ['banned'], ['banned', some_address(rng), some_address(rng)], ['get', jail, 'banned', some_address(rng)],
                          ['get', jail, 'banned', some_address(rng), some_address(rng)], ['get', jail, 'banip', rng.choice([',', '--with-time', '|'])],
                          ['get', 'loglevel'], ['get', 'logtarget'], ['get', 'dbfile'], ['get', 'dbmaxmatches'], ['get', 'dbpurgeage'], ['get', 'syslogsocket'],
                          ['ping'], ['echo', 'a', 'b c'], ['get'], ['set'], ['set', jail], ['get', jail], [], ['help'], ['get', 'thread'], ['server-status']]))


def set_something(pair):
    rng = pair.rng
    name, values = rng.choice(SETTABLE)
    jail, value = a_jail(pair), rng.choice(values)
    pair.ask('set', jail, name, value)
    if name == 'idle':
        pair.ask('set', jail, 'idle', 'off')


def bans(pair):
    rng, jail = pair.rng, a_jail(pair)
    many = [some_address(rng) for _ in range(rng.randint(1, 3))] if rng.random() < .95 else ['host.invalid']   # names are answered later
    single = [text for text in many if not text.endswith('/32')] or ['192.0.2.4']    # as which fail2ban does not know A/32
    if pair.merges:         # the cache of fail2ban's database does not know of deleted rows
        pair.ask('set', jail, 'banip', *many)
        return
    pair.ask(*rng.choice([['set', jail, 'banip', *many], ['set', jail, 'banip', *many], ['set', jail, 'unbanip', *single], ['unban', *single], ['unban', '--all'],
                          ['set', jail, 'unbanip', '--report-absent', *single], ['set', jail, 'attempt', many[0]], ['set', jail, 'attempt', *many, 'some match'],
                          ['set', jail, 'unbanip', *pair_banned(pair, jail)[:2]], ['unban', *pair_banned(pair, jail)[:1]]]))


def pair_banned(pair, jail):
    """Who is banned; in which order, may depend on milliseconds."""
    replies = [(code, sorted(value) if code == 0 else value) for code, value in pair.both(lambda side: side.ask(['get', jail, 'banip']))]
    pair.expect_same('banned', *replies)
    return replies[0][1] if replies[0][0] == 0 else []



def server_settings(pair):
    rng = pair.rng
    pair.ask(*rng.choice([['set', 'dbmaxmatches', rng.choice(['10', '2', '0', 'x'])], ['set', 'dbpurgeage', rng.choice(['1d', '600', 'x'])], ['flushlogs'],
                          ['set', 'loglevel', 'FOO'], ['set', 'loglevel', 'info'], ['set', 'dbfile', '@/other'], ['set', 'allowipv6', 'yes'], ['set', 'nothing', '1'],
                          ['set', 'syslogsocket', 'auto'], ['set', 'logtarget', '@/f2b.log'], ['get', 'nothing'], ['sleep', '0']]))


def action_commands(pair):
    rng, jail = pair.rng, a_jail(pair)
    names = pair.ask('get', jail, 'actions')
    name = rng.choice(list(names[1]) + ['nope']) if names[0] == 0 and rng.random() < .95 else 'say9'
    pair.ask(*rng.choice([['get', jail, 'action', name, rng.choice(['actionban', 'actionstart', 'timeout', 'norestored', 'colour', 'nope', 'target', 'name', 'actname'])],
                          ['get', jail, 'actionproperties', name], ['get', jail, 'actionmethods', name],
                          ['set', jail, 'action', name, 'colour', 'pink'], ['set', jail, 'action', name, 'timeout', rng.choice(['5', '1m', 'x'])],
                          ['set', jail, 'action', name, 'actionunban', 'echo "unban <ip> bantime=<bantime>" >> <target>'],
                          ['set', jail, 'addaction', rng.choice(['extra', name])], ['set', jail, 'delaction', rng.choice(['extra', 'nope'])],
                          ['get', jail, 'actions']]))


def rotate(pair):
    rng = pair.rng
    jail = rng.choice(sorted(pair.jails))
    log = rng.choice(pair.logs[jail])
    how = rng.choice(['rename', 'copytruncate', 'delete'])
    pair.note(f'{how} {log}')
    before = [side.own_log().count('rotation detected') for side in pair.sides]
    for side in pair.sides:
        path = side.path('logs', log)
        # Of an empty file fail2ban does not know that it is another one, and reads that twice.
        if not os.path.exists(path) or os.path.getsize(path) == 0:
            continue
        if how == 'rename':
            os.rename(path, path + '.1')
            open(path, 'wb').close()
        elif how == 'copytruncate':
            os.truncate(path, 0)
        else:
            os.unlink(path)
            open(path, 'wb').close()
    end = time.monotonic() + 4      # a log that nobody reads, or that was empty, is not told of
    while time.monotonic() < end and any(side.own_log().count('rotation detected') <= n for side, n in zip(pair.sides, before)):
        time.sleep(0.1)
    pair.append(jail, log, [lines.line(rng, jail, pair.clock.now()) for _ in range(3)], mark=True)


def break_actions(pair):
    jail = a_jail(pair, 0)
    pair.note(f'break what the actions of {jail} have set up')
    for side in pair.sides:
        for number in range(3):
            side.write(f'out/{jail}.{number}.broken', '')


def client(pair):
    """The same words by both clients to their servers, and crosswise."""
    rng = pair.rng
    jail = a_jail(pair)
    words = rng.choice([['status'], ['status', jail], ['get', jail, rng.choice(GETTABLE)], ['set', jail, 'banip', some_address(rng)], ['banned'], ['status', '--all'], ['stats'],
                        ['get', jail, 'banip', '--with-time'], ['status', jail, rng.choice(FLAVORS)], ['ping'], ['get', jail, 'banned'] if pair.merges else ['unban', '--all'],
                        ['set', jail, *one_setting(rng)], ['get', 'dbfile'], ['get', 'loglevel'], ['get', 'logtarget'], ['get', 'dbpurgeage'], ['echo', 'x', 'y'], ['nonsense'],
                        ['flushlogs'], ['get', jail, 'action', 'say1', 'actionban'], ['get', jail, 'actionproperties', 'say1'], ['statistics'], ['set', jail, 'banip'],
                        ['reload', '--foo'], ['restart', '--unban', 'nojail'], ['reload', '--if-exists', 'nojail'], ['reload', 'nojail'], ['-d'], ['--str2sec', '1d12h']])
    cross = rng.random() < .5
    pair.note(f'client {words} {"crosswise" if cross else ""}')
    pair.unordered = pair.unordered or words[0] == 'restart' or '--restart' in words
    answers = pair.both(lambda side: side.client(words, of=(pair.ours if side is pair.real else pair.real).programs if cross else None))
    if pair.unordered:
        answers = [(status, *('\n'.join(' '.join(sorted(re.findall(r"[^\s,\[\]{}']+", line))) for line in text.split('\n')) for text in texts)) for status, *texts in answers]
    pair.expect_same(f'client {words}', *answers)


def one_setting(rng):
    name, values = rng.choice(SETTABLE)
    return [name, rng.choice(values)] if name != 'idle' else ['idle', 'off']


def reload(pair):
    """A changed or unchanged configuration, in all forms."""
    rng = pair.rng
    for _ in range(rng.randint(0, 2)):
        change(pair)
    pair.write_configuration()
    jail = a_jail(pair)
    words = rng.choice([['reload'], ['reload'], ['reload', '--unban'], ['reload', '--restart'], ['reload', jail], ['reload', '--unban', jail], ['reload', '--restart', jail],
                        ['restart', jail], ['restart', '--unban', jail], ['reload', '--restart', '--unban', '--all'], ['reload', '--if-exists', jail]])
    words = [word for word in words if word != '--unban' or not pair.merges]
    cross = rng.random() < .3
    pair.note(f'client {words} {"crosswise" if cross else ""}')
    pair.unordered = pair.unordered or words[0] == 'restart' or '--restart' in words
    answers = pair.both(lambda side: side.client(words, of=(pair.ours if side is pair.real else pair.real).programs if cross else None))
    pair.expect_same(f'client {words}', *answers)


def change(pair):
    rng = pair.rng
    jail = rng.choice(sorted(pair.jails))
    made = lines.jail_options(rng, jail)
    key = rng.choice(sorted(k for k in made if k != 'action'))
    if pair.several and key == 'bantime.overalljails':
        return
    pair.jails[jail][key] = made[key]
    pair.note(f'change {jail} {key} = {made[key]!r}')


def restart_server(pair):
    pair.note('stop and start both')
    pair.unordered = True
    pair.expect_same('exit status', *pair.both(lambda side: side.stop()))
    pair.settle()
    pair.expect_same('positions', *pair.both(lambda side: side.positions()))
    if pair.rng.random() < .5:
        for jail in sorted(jail for jail in pair.jails if len(pair.logs[jail]) == 1):     # which log is first, is chance
            made = [lines.LINES[jail][0](pair.clock.now(), lines.address(pair.rng), 'x').encode() for _ in range(3)]
            pair.note(f'append meanwhile {jail} {made}')
            pair.append(jail, pair.logs[jail][0], made)
    if pair.rng.random() < .3:
        pair.note('change databases')
        exchange(pair)
    if pair.rng.random() < .3:
        jump(pair)
    pair.both(lambda side: side.start())


def exchange(pair):
    """Each gets the other's database, with its own paths."""
    paths = [side.path('f2b.sqlite3') for side in pair.sides]
    os.rename(paths[0], paths[0] + '.kept')
    os.rename(paths[1], paths[0])
    os.rename(paths[0] + '.kept', paths[1])
    for side, other in zip(pair.sides, reversed(pair.sides)):
        with contextlib.closing(sqlite3.connect(side.path('f2b.sqlite3'))) as db, db:
            db.execute('UPDATE logs SET path = replace(path, ?, ?)', (other.folder, side.folder))


def typed(pair):
    """Words that are no texts, as programs send them."""
    rng = pair.rng
    jail = a_jail(pair)
    pair.ask(*rng.choice([['set', jail, 'maxretry', rng.choice([3, 2.7, True, None, [1]])], ['set', jail, 'bantime', rng.choice([900, 1000.5, None])],
                          ['set', jail, 'findtime', rng.choice([600, 1.5, None])], ['set', jail, 'ignoreself', rng.choice([True, False, 0, None, 1])],
                          
                          ['multi-set', jail, 'addignoreregex', ['^zz1', '^zz2']], ['multi-set', jail, 'addignoreregex', []], ['multi-set', jail, 'addfailregex', ['(', '^x <HOST>$']],
                          ['set', jail, 'bantime.increment', rng.choice([True, False])], ['echo', 1, 2.5, True, None, ['a', 1]],
                          ['set', jail, 'usedns', True], ['set', jail, 'usedns', 'no'], ['set', 'dbmaxmatches', 10], ['set', 'dbpurgeage', 86400], ['ping', 1],
                          ['server-stream', [['set', jail, 'maxretry', 4], ['set', jail, 'usedns', 'no']]], ['server-stream', []],
                          ['set', jail, 'maxmatches', 4], ['set', jail, 'unbanip', ['203.0.113.9']] if not pair.merges else ['ping']]))


def own_log(pair):
    """The server's log is rotated as logrotate does."""
    pair.note('rotate the own log, flushlogs')
    for side in pair.sides:
        side.keep_log()
    pair.ask('flushlogs')


def quiet(pair):
    """Less is logged for a while."""
    jail = a_jail(pair, 0)
    pair.ask('set', 'loglevel', pair.rng.choice(['NOTICE', 'ERROR', 'WARNING', 'notice', '25']))
    pair.ask('get', 'loglevel')
    pair.ask('set', jail, 'banip', lines.address(pair.rng))
    pair.settle()
    pair.ask('set', 'loglevel', 'MSG')


def new_action(pair):
    """An action made by commands, which then bans."""
    rng, jail = pair.rng, a_jail(pair, 0)
    name = 'made%d' % rng.randint(1, 2)
    pair.ask('set', jail, 'addaction', name)
    for prop, value in (('actionban', lines.say('ban', ['<ip>', '<made>', '<bancount>'])), ('actionunban', lines.say('unban', ['<ip>', '<made>'])),
                        ('actionstart', lines.say('start', ['<made>'])), ('target', pair.out(jail)), ('made', rng.choice(['a', '<name>', 'b c']))):
        if rng.random() < .8 or prop == 'target':
            pair.ask_each(lambda side, prop=prop, value=value: ['set', jail, 'action', name, prop, side.show(value).replace('%%', '%')])
    pair.ask('get', jail, 'actionproperties', name)
    pair.ask('set', jail, 'banip', lines.address(rng))
    pair.settle()
    if rng.random() < .7:
        pair.ask('set', jail, 'delaction', name)


def jump(pair):
    by_s = pair.rng.choice([5, 100, 700, 4000, 20000])
    if pair.merges:     # of a second ban, fail2ban's tags tell of the first, or of both: the observer is a thread
        return
    pair.note(f'the clock jumps by {by_s} s')
    pair.clock.jump(by_s)
    pair.unordered = True       # who is unbanned first of many
    pair.patience_s += 40     # fail2ban forgets old failures with each tenth look at the logs
    if pair.real.server is not None and pair.real.server.poll() is None:
        pair.ask('unban', '198.51.100.200')     # ours looks at the clock then, else within a minute


def stop_start_jail(pair):
    jail = pair.rng.choice(sorted(pair.jails))
    pair.ask('stop', jail)
    pair.settle()
    pair.note(f'client reload {jail}')
    pair.expect_same('reload', *pair.both(lambda side: side.client(['reload', '--if-exists', jail])))


STEPS = [(attack, 40), (get, 8), (look, 10), (set_something, 8), (bans, 10), (server_settings, 3), (action_commands, 5), (rotate, 5), (client, 6), (reload, 5),
         (restart_server, 2), (break_actions, 2), (jump, 3), (typed, 6), (own_log, 2), (quiet, 2), (new_action, 3), (stop_start_jail, 2)]


def step(pair):
    """One step. Those that make jails anew make their logs be looked at anew."""
    function = pair.rng.choices([s[0] for s in STEPS], [s[1] for s in STEPS])[0]
    if function in (reload, restart_server, stop_start_jail, client):
        pair.settled_logs.clear()
    function(pair)


def ending(pair):
    pair.note('stop both')
    pair.expect_same('exit status', *pair.both(lambda side: side.stop()))
    pair.settle()
    pair.expect_same('positions', *pair.both(lambda side: side.positions()))
