#!/usr/bin/env python3
"""Real fail2ban and ours with the same configuration, the same moving logs and the same commands: do they do the same?

    shadow.py --bin DIR --real DIR [--seed N] [--rounds N] [--steps N] [--seconds S] [--jobs N] [--keep]

--real is the folder of the programs of an unpacked fail2ban 1.1.1, beside which are lib/ and etc/fail2ban. Each round has a seed of
its own: it starts both servers with a random configuration of stock jails and plays random steps to both. After each step both
must come to the same replies, log lines, commands of actions, rows of the database. A round ends with its first difference.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import itertools
import os
import pickle
import random
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import shadow_lines as lines

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
END = b'<F2B_END_COMMAND>'
PATIENCE_S = float(os.environ.get('PATIENCE', '60'))       # for both to come to the same; only what differs takes it
MARK_S = float(os.environ.get('MARK', '30'))           # for what a log's mark says; a jail that cannot see it takes it
START_S = 90.0
GROWN_S = 2100.0        # by how much failures may make a ban longer
FILL_S = 2.5            # what comes into a log so soon after the first lines is taken for old, too (fail2ban: what comes within one look at it)
NEAR_S = 10.0           # how far apart the two may read the clock
TIME = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|(?<=bantime=)\d+|(?<![\d.])1[78]\d{8}(?:\.\d+)?(?![\d.])')


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', required=True)
    parser.add_argument('--real', required=True)
    parser.add_argument('--seed', type=int, default=1, help='of the first round')
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--steps', type=int, default=30)
    parser.add_argument('--seconds', type=float, default=float('inf'), help='no round begins later')
    parser.add_argument('--jobs', type=int, default=1, help='rounds at once: they mostly wait')
    parser.add_argument('--keep', action='store_true', help='keep the folder of a round with a difference')
    return parser.parse_args()


class Differs(Exception):
    """The two did not do the same; the text says what was seen."""


# ---- equality, but for moments that both have read from the clock ----

def near(a, b):
    if a == b:
        return True
    if ('.' in a) != ('.' in b) or ('-' in a) != ('-' in b):
        return False
    # A ban grows while its command is on the way, in ours, where failures do not wait for commands.
    return abs(seconds(a) - seconds(b)) <= (NEAR_S if float(seconds(a)) > 1e9 or '-' in a else GROWN_S)


def seconds(text):
    return time.mktime(time.strptime(text, '%Y-%m-%d %H:%M:%S')) if '-' in text else float(text)


def same(a, b):
    """Whether two values are of the same kind and the same, times but nearly."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return sorted(map(str, a)) == sorted(map(str, b)) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, str):
        return a == b or TIME.sub('T', a) == TIME.sub('T', b) and all(map(near, TIME.findall(a), TIME.findall(b)))
    if isinstance(a, (int, float)) and not isinstance(a, bool) and a > 1.7e9:
        return abs(a - b) <= NEAR_S
    return a == b


def first_difference(a, b, where=''):
    """Text about the first place where two values differ: the way to it, and both."""
    if isinstance(a, dict) and isinstance(b, dict):
        return '\n'.join(first_difference(a.get(key), b.get(key), f'{where}[{key!r}]')
                         for key in [*a, *(k for k in b if k not in a)] if not same(a.get(key), b.get(key)))
    if isinstance(a, (list, tuple)) and type(a) is type(b) and len(a) + len(b) > 0:
        for index in range(max(len(a), len(b))):
            one, other = (x[index] if index < len(x) else None for x in (a, b))
            if not same(one, other):
                return first_difference(one, other, f'{where}[{index}]') + (
                    f'\n  before: {a[max(0, index - 3):index]}\n  then real: {a[index + 1:index + 4]}\n  then ours: {b[index + 1:index + 4]}' if isinstance(one, str) else '')
    return f'{where}\n  real: {a!r:.700}\n  ours: {b!r:.700}'


# ---- the clock of both ----

class Clock:
    """Goes on as that of the machine does, and jumps (tests/support/faults.c)."""

    def __init__(self, folder):
        self.path, self.ahead_s = os.path.join(folder, 'faults'), 0
        compiler = os.environ.get('CC', 'cc')
        subprocess.run([compiler, '-shared', '-fPIC', '-D_GNU_SOURCE', '-O1', '-o', os.path.join(folder, 'faults.so'),
                        os.path.join(TOP, 'tests', 'support', 'faults.c')], check=True)
        with open(self.path, 'wb') as f:
            f.write(bytes(32))

    def now(self):
        return time.time() + self.ahead_s

    def jump(self, by_s):
        self.ahead_s += by_s
        with open(self.path, 'r+b') as f:
            f.write(struct.pack('<q', self.ahead_s * 1000000))


# ---- one of the two ----

class Side:
    """A server with its folder; what it writes names that folder as @."""

    def __init__(self, name, folder, options):
        self.name, self.folder = name, os.path.join(folder, name)
        self.programs = os.path.abspath(options.real if name == 'real' else options.bin)
        self.server = None
        for part in ('logs', 'out'):
            os.makedirs(self.path(part))
        os.chmod(folder, 0o755)
        shutil.copytree(os.path.join(os.path.dirname(os.path.abspath(options.real)), 'etc', 'fail2ban'), self.path('etc'))
        shutil.rmtree(self.path('etc', 'jail.d'), ignore_errors=True)
        self.environment = {'LD_PRELOAD': os.path.join(folder, 'faults.so'), 'STOCKADE_CLOCK_OF': 'python3',
                            **os.environ, 'TZ': 'UTC', 'PYTHONHASHSEED': '0', 'LC_ALL': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def hide(self, value):
        """The value with @ in the place of the folder."""
        if isinstance(value, str):
            return value.replace(self.folder, '@')
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.hide, value))
        if isinstance(value, dict):
            return {self.hide(k): self.hide(v) for k, v in value.items()}
        return value

    def show(self, value):
        """The other way round, for what is sent."""
        if isinstance(value, str):
            return value.replace('@', self.folder) if value.startswith('@') else value
        return [self.show(v) for v in value] if isinstance(value, list) else value

    def write(self, name, text, mode='w'):
        data = text.replace('@/', self.folder + '/').encode('utf8', 'surrogateescape') if isinstance(text, str) else text
        with open(self.path(name), mode + 'b') as f:
            f.write(data)

    def read(self, name):
        with contextlib.suppress(FileNotFoundError), open(self.path(name), encoding='utf8', errors='backslashreplace') as f:
            return self.hide(f.read())
        return ''

    def command(self, program, *words, of=None):
        return [os.path.join(of or self.programs, program), '-c', self.path('etc'), *words]

    def start(self):
        with open(self.path('out', 'server'), 'ab') as out:
            self.server = subprocess.Popen(self.command('fail2ban-server', '-xf', 'start'), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                           env=self.environment, start_new_session=True)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.server.poll() is None:
            with contextlib.suppress(OSError, EOFError):
                if self.ask(['server-status']) == (0, 'Server ready'):
                    return
            time.sleep(0.05)
        raise Differs(f'{self.name} does not start: {self.read("out/server")[-600:]} {self.read("f2b.log")[-600:]}')

    def ask(self, words, limit=60):
        """The reply, as Python has it: exceptions as (kind, arguments)."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(limit)
            s.connect(self.path('f2b.sock'))
            s.sendall(pickle.dumps(self.show(words), 4) + END)
            data = b''
            while not data.endswith(END):
                more = s.recv(65536)
                if not more:
                    raise EOFError
                data += more
        value = pickle.loads(data[:-len(END)])
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Exception):
            args = str(value[1]) if isinstance(value[1], SyntaxError) else value[1].args    # which has the place in Python's source
            value = (value[0], (type(value[1]).__name__, args))
        return self.hide(value)

    def keep_log(self):
        """Move the server's log away, behind what was moved before."""
        with open(self.path('f2b.log.1'), 'ab') as kept, open(self.path('f2b.log'), 'rb') as log:
            kept.write(log.read())
        os.unlink(self.path('f2b.log'))

    def own_log(self):
        return self.read('f2b.log.1') + self.read('f2b.log')

    def client(self, words, of=None):
        """Run a client: exit status, output, errors."""
        done = subprocess.run(self.command('fail2ban-client', *self.show(list(words)), of=of), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.environment, timeout=120, check=False)
        texts = [re.sub(r'^[-\d]+ [\d:,]+ (fail2ban\S* +)\[\d+\]', r'\1', self.hide(text.decode('utf8', 'backslashreplace')), flags=re.M)
                 for text in (done.stdout, done.stderr)]
        hint = re.compile(r"fail2ban\.jailsreader +: ERROR +did you mean '.*'\?\n")       # of our client
        return (done.returncode, *(hint.sub('', text) for text in texts))

    def stop(self):
        if self.server is None:
            return None
        with contextlib.suppress(OSError, EOFError):
            self.ask(['stop'])
        self.server.wait(60)
        return self.server.returncode

    def kill(self):
        if self.server is not None and self.server.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()

    # what is compared

    def log_lines(self):
        """The lines of fail2ban.log by jail and by who writes, as each jail's filter and actions are threads of their own."""
        found = collections.defaultdict(list)
        key = ('', '')
        for text in self.own_log().split('\n'):
            parts = re.match(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (fail2ban\S*) *\[\d+\]: (\w+) +(.*)', text)
            if parts:
                jail = re.match(r'\[([\w-]+)\] ', parts[3]) or re.search(r"[Jj]ail '([\w-]+)'", parts[3])
                # A failed command or check is told when it has ended: in ours the next failures have been worked on by then.
                key = (jail[1] if jail else '', parts[1] + (' failed' if parts[1] == 'fail2ban.actions' and parts[2] == 'ERROR' else
                                                         ' again' if parts[1] == 'fail2ban.actions' and re.search(r'\] Reban |already banned$', parts[3]) else
                                                         # Warnings of lines do not wait for the commands that decide who is ignored.
                                                         ' lines' if parts[1] == 'fail2ban.filter' and parts[2] == 'WARNING' else ''))
                text = plain(f'{parts[2]} {parts[3]}')
                # fail2ban says the one for each jail, the other once for each file and day.
                if not re.search('Unsupported extended jail status|Error decoding line', text) or text not in found[key]:
                    found[key].append(text)
            elif text:
                found[key].append(text)
        return {key: said if key[0] or key[1] == 'fail2ban.server' else sorted(said, key=timeless) for key, said in found.items()}

    def reports(self):
        """Names of what actions have written to: each action of a jail has its own, as it does not wait for the others."""
        return sorted(name for name in os.listdir(self.path('out')) if name != 'server' and not name.endswith('.broken'))

    def rows(self):
        tables = {}
        with tempfile.TemporaryDirectory() as folder:
            for end in ('', '-wal'):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(self.path('f2b.sqlite3' + end), os.path.join(folder, 'db' + end))
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(os.path.join(folder, 'db'))) as db:
                for table, columns in (('fail2banDb', '*'), ('jails', '*'), ('bans', 'jail, ip, timeofban, "bantime=" || cast(bantime as integer), bancount, typeof(data), data'),
                                       ('bips', 'ip, jail, timeofban, "bantime=" || cast(bantime as integer), bancount, typeof(data), data')):
                    tables[table] = sorted(tuple(plain(v.decode('utf8', 'backslashreplace')) if isinstance(v, bytes) else v for v in row)
                                           for row in db.execute(f'SELECT {columns} FROM {table}'))
        return self.hide(tables)

    def positions(self):
        """Rows of logs: only after a stop, as before they are written now and then."""
        with contextlib.closing(sqlite3.connect(self.path('f2b.sqlite3'))) as db:
            return self.hide(sorted(db.execute('SELECT * FROM logs')))


def sort_users(found):
    """The users of a session are a set."""
    return found[1] + ', '.join(sorted(found[2].split(', '))) + found[3]


def plain(text):
    """The text without what is of one implementation."""
    text = re.sub(r"""(users["']: "?[\[{])(.*?)([\]}])""", sort_users, text)
    for pattern, instead in INTERNAL:
        text = pattern.sub(instead, text)
    return text


def timeless(text):
    """What to sort by: moments differ a little."""
    return TIME.sub('T', text)


def sort_lists(value):
    """The same with lists of texts sorted."""
    if isinstance(value, dict):
        return {key: sort_lists(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value, key=timeless)
    return type(value)(map(sort_lists, value)) if isinstance(value, (list, tuple)) else value


def commands(said):
    """What actions have said: checks by themselves, as they do not wait for bans nor these for them; and each flush once, as
    fail2ban remembers the first."""
    rest = [text for index, text in enumerate(said) if not text.startswith('check|') and not (text.startswith('flush|') and text in said[:index])]
    repaired = any(text.startswith('repair|') for text in said)     # then bans that are done again come before or after others
    return [[text for text in said if text.startswith('check|')], sorted(rest, key=timeless) if repaired else rest]


# ---- both ----

class Pair:
    """Both servers, the random choices, and what has been played."""

    def __init__(self, folder, options, seed):
        self.rng = random.Random(seed)
        self.sides = [Side(name, folder, options) for name in ('real', 'ours')]
        self.real, self.ours = self.sides
        self.clock = Clock(folder)
        self.played = []
        self.marks = collections.Counter()
        self.jails = {}             # name: options
        self.logs = {}              # jail: [names]
        self.unordered = False      # after a restart bans are restored while logs are read
        self.patience_s = PATIENCE_S
        self.settled_logs = set()   # written to since their jail began
        self.fill_s = 0.0           # to wait for in the next settle()
        self.configure()

    # configuration

    def configure(self):
        rng = self.rng
        names = rng.sample(sorted(lines.LINES), rng.randint(1, 4))
        # What other jails know of an address, they know now or a moment later.
        tags = [tag for tag in lines.TAGS if len(names) == 1 or tag not in ('<ipmatches>', '<ipfailures>')]
        self.actions = {f'say{n}': lines.action_file(rng, tags) for n in range(3)}
        self.merges = any('<ip' + word in text for text in self.actions.values() for word in ('matches', 'jailmatches', 'jailfailures', 'failures'))
        self.several = len(names) > 1
        for jail in names:
            self.new_jail(jail)
        for side in self.sides:
            side.write('etc/filter.d/own.conf', lines.OWN_FILTER)
            side.write('etc/fail2ban.local', '[DEFAULT]\nsocket = @/f2b.sock\npidfile = @/f2b.pid\ndbfile = @/f2b.sqlite3\nlogtarget = @/f2b.log\n'
                       f'loglevel = MSG\nallowipv6 = yes\ndbmaxmatches = {rng.choice([10])}\n')
        for name in list(self.logs):
            # Lines of the first one only: which is looked at first, is chance. Into none that is empty: when what comes then is new, is a matter of seconds.
            for place, log in enumerate(self.logs[name]):
                old = [lines.LINES[name][0](self.clock.now() - 30, lines.address(rng), 'x').encode() for _ in range(rng.choice([0, 0, 3]))]
                self.append(name, log, [b'begin'] + ([] if place else old))
        self.write_configuration()

    def new_jail(self, jail):
        self.jails[jail] = lines.jail_options(self.rng, jail)
        if self.several:    # which jail's ban is in the database first, is chance
            self.jails[jail].pop('bantime.overalljails', None)
        self.jails[jail]['action'] = '\n   '.join(self.action(jail, n) for n in self.rng.sample(range(3), self.rng.randint(1, 2)))
        self.logs.setdefault(jail, [f'{jail}.log'] + ([f'{jail}.2.log'] if self.rng.random() < .3 else []))

    def action(self, jail, number):
        more = self.rng.choice(['', '', ', colour=green', ', actname=other%d' % number, ', name=%s-x' % jail, ', timeout=1', ', norestored=1'])
        return f'say{number}[target="@/out/{jail}.{number}"{more}]'

    def write_configuration(self):
        text = ''
        for jail, options in self.jails.items():
            pattern = f'@/logs/{jail}*.log' if len(self.logs[jail]) > 1 else f'@/logs/{jail}.log'
            text += f'[{jail}]\nenabled = true\nbackend = polling\nlogpath = {pattern}\n' + ''.join(f'{k} = {v}\n' for k, v in options.items())
        for side in self.sides:
            for name, action in self.actions.items():
                side.write(f'etc/action.d/{name}.conf', action)
            side.write('etc/jail.local', text)

    # playing

    def note(self, text):
        self.played.append(text)

    def both(self, function):
        """Call for both at once; return both results."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return [f.result() for f in [pool.submit(function, side) for side in self.sides]]

    def append(self, jail, log, data, mark=False):
        if self.real.server is not None and log not in self.settled_logs:
            self.settled_logs.add(log)
            self.fill_s = FILL_S
        if mark and self.watched(jail, log):
            data = data + [lines.mark(jail, self.clock.now())]
            self.marks[jail] += 1
        for side in self.sides:
            side.write(f'logs/{log}', b''.join(d + b'\n' for d in data), 'a')

    def grows(self, jail):
        """Whether bans of the jail grow; it may have been set since."""
        return self.ask('get', jail, 'bantime.increment')[1] is True

    def watched(self, jail, log):
        replies = [side.ask(['get', jail, 'logpath']) for side in self.sides]
        return replies[0] == replies[1] and replies[0][0] == 0 and f'@/logs/{log}' in replies[0][1]

    def marked(self, side):
        text = side.own_log()
        return all(text.count(f'[{jail}] Ignore {lines.MARK} by') >= count for jail, count in self.marks.items())

    def ask(self, *words):
        self.note(f'ask {list(words)}')
        replies = self.both(lambda side: side.ask(list(words)))
        if words[:1] == ('get',) and words[2:3] == ('ignoreip',) or words[2:3] in (('addignoreip',), ('delignoreip',)):
            replies = [(code, sorted(value) if isinstance(value, list) else value) for code, value in replies]  # fail2ban's are a set
        if words[:1] == ('get',) and words[2:3] == ('banip',):
            replies = [(code, sorted(value) if isinstance(value, list) else value) for code, value in replies]  # by ends: of milliseconds
        self.expect_same('reply', *(sort_lists(replies) if self.unordered else replies))
        return replies[0]

    def out(self, jail):
        return f'@/out/{jail}.made'

    def ask_each(self, words_of):
        """As ask(), with words of its own for each side."""
        self.note(f'ask {words_of(self.real)}')
        self.expect_same('reply', *self.both(lambda side: side.ask(words_of(side))))

    def expect_same(self, what, real, ours):
        if not same(real, ours):
            raise Differs(f'{what}: {first_difference(real, ours)}')

    def snapshot(self, side):
        shot = self.ordered_snapshot(side)
        if self.unordered:
            shot.update(log={key: sorted(said, key=timeless) for key, said in shot['log'].items()}, out={jail: [sorted(part, key=timeless) for part in said] for jail, said in shot['out'].items()},
                        state=sort_lists(shot['state']))
        return shot

    def ordered_snapshot(self, side):
        return {'log': side.log_lines(), 'out': {name: commands(plain(side.read(f'out/{name}')).split('\n')) for name in side.reports()}, 'db': side.rows(),
                'state': self.state(side)}

    def state(self, side):
        if side.server is None or side.server.poll() is not None:
            return None
        found = {'status': side.ask(['status'])}
        for jail in filter(None, found['status'][1][1][1].split(', ')):
            status, bans = side.ask(['status', jail]), side.ask(['get', jail, 'banip', '--with-time'])
            # In the order of ends, which may be that of milliseconds; the length is the end less the begin.
            found[jail] = [status, (bans[0], sorted(re.sub(r'\+ \d+ =', '+ ... =', ban) for ban in bans[1]) if bans[0] == 0 else bans[1])]
        return found

    def is_late(self, side):
        """Whether there are bans that should have ended."""
        if side.server is None or side.server.poll() is not None:
            return False
        ends = re.findall(r'= ([-\d]+ [\d:]+)', repr(self.state(side)))
        return any(seconds(end) < self.clock.now() - 1 for end in ends if not end.startswith('9999'))

    def settle(self):
        """Wait until both have read what there is, and are the same."""
        end = time.monotonic() + MARK_S
        while time.monotonic() < end and not all(map(self.marked, self.sides)):
            time.sleep(0.1)
        if time.monotonic() >= end:
            self.note('(no mark)')
            for side in self.sides:     # whoever has not seen it is not to be asked again
                text = side.own_log()
                for jail in list(self.marks):
                    self.marks[jail] = min(self.marks[jail], text.count(f'[{jail}] Ignore {lines.MARK} by'))
        end = time.monotonic() + MARK_S
        while time.monotonic() < end and any(map(self.is_late, self.sides)):
            time.sleep(0.1)
        end = time.monotonic() + self.patience_s
        self.patience_s = PATIENCE_S
        while True:
            shots = self.both(self.snapshot)
            if same(shots[0], shots[1]) or comparable(*shots):
                time.sleep(self.fill_s)
                self.fill_s = 0.0
                return
            if time.monotonic() > end:
                raise Differs(f'after settling: {first_difference(*map(lean, shots))}')
            time.sleep(0.2)


# What in a line of the log is of one implementation: addresses of its objects.
INTERNAL = [(re.compile(pattern), instead) for pattern, instead in (
    (r'^(\w+) [0-9a-f]+ -- ', r'\1 ID -- '),                                   # number of a process's object
    (r"SyntaxError\('invalid syntax.*\)", 'SyntaxError(...)'),                 # the place in Python's source
    (r'(Detected a log entry )[\w ]+( before| after)', r'\1...\2'),            # seconds from when it is looked at
    (r'(BanTicket: .* bantime=)\S+', r'\1...'),                               # grows with failures that come while it is banned
    (r"info 'ActionInfo\(\{.*\}\)': ", "info ...: "),                          # its lambdas
)]
# Log lines that only one of them has, or has in its own words; the reason stands beside each.
OWN_WORDS = [re.compile(text) for text in (
    r'INFO Observer start\.\.\.|INFO Observer stop',                         # fail2ban's thread for increments
    r'INFO +default (filtered )?date pattern|INFO +date pattern ',            # how its detector has numbered its templates
    r'MSG Log (rotation|absence|presence) ',                                 # what a backend sees is its own
    r'\w+ \[[\w-]+\] \S+ already banned$',                                 # told 3 s after the ban; of times, one is that of reading
    r"WARNING (Consider setting logencoding|Bytes that are invalid in this)",   # advice beside "Error decoding line", the line within
)]


def lean(shot):
    """The snapshot without what is known to be different."""
    log = {key: kept for key, said in shot['log'].items() if (kept := [text for text in said if not any(own.match(text) for own in OWN_WORDS)])}
    return {**shot, 'log': log}


def comparable(real, ours):
    return same(lean(real), lean(ours))


import shadow_steps  # noqa: E402


def play(options, seed):
    folder = tempfile.mkdtemp(prefix='shadow-')
    pair, failed, why, count = None, True, '', 0
    try:
        pair = Pair(folder, options, seed)
        pair.both(Side.start)
        pair.settle()
        for count in range(1, options.steps + 1):
            shadow_steps.step(pair)
            pair.settle()
        shadow_steps.ending(pair)
        failed = False
    except Differs as e:
        why = str(e)
    except Exception:   # pylint: disable=broad-except
        why = traceback.format_exc()
    finally:
        for side in pair.sides if pair else []:
            side.kill()
        if not (failed and options.keep):
            shutil.rmtree(folder, ignore_errors=True)
    if failed:
        steps = '\n'.join('   ' + text[:int(os.environ.get('WIDE', '300'))] for text in (pair.played if pair else [])[-int(os.environ.get("LAST", "5")):])
        return f'DIFFERS seed {seed} in step {count} {folder if options.keep else ""}\n{steps}\n  {why}', count, True
    return f'ok seed {seed}: {count} steps', count, False


class Rounds:
    """Rounds one after the other, some at once: which is next, and what has come of them."""

    def __init__(self, options):
        self.options, self.begin = options, time.monotonic()
        self.seeds = itertools.count(options.seed)
        self.lock = threading.Lock()
        self.steps = self.same = self.differing = 0

    def next_seed(self):
        with self.lock:
            seed = next(self.seeds)
        if seed >= self.options.seed + self.options.rounds or time.monotonic() - self.begin > self.options.seconds:
            return None
        return seed

    def work(self):
        while (seed := self.next_seed()) is not None:
            text, steps, differs = play(self.options, seed)
            with self.lock:
                print(text, flush=True)
                self.steps += steps
                self.differing += differs
                self.same += not differs


def main():
    options = arguments()
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(options.real)), 'lib'))     # whose exceptions are in replies
    os.environ['TZ'] = 'UTC'
    time.tzset()
    if os.geteuid():
        sys.exit('needs root')
    rounds = Rounds(options)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for worker in [pool.submit(rounds.work) for _ in range(options.jobs)]:
            worker.result()
    print(f'{rounds.same} rounds the same, {rounds.differing} differ, {rounds.steps} steps')
    sys.exit(1 if rounds.differing or not rounds.same else 0)


if __name__ == '__main__':
    main()
