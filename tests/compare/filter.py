#!/usr/bin/env python3
"""Random lines through random filters, here and in real fail2ban: are failures, messages and errors the same?

    filter.py --console build/gcc/tests/unit/detect/filter_console --lib DIR/lib [--rounds N] [--seed N] [--kind KIND]

DIR is an unpacked fail2ban 1.1.1. Each round makes one filter and gives it some dozens of lines; half of the rounds also kill and
restart the scanner's side in between, which must not be seen from outside.
"""
import argparse
import ast
import logging
import os
import random
import subprocess
import sys
import time

SEP = '\x1f'
NEWLINE = '\x1e'   # inside an option's argument
NOW = 1786700000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--console', required=True)
    parser.add_argument('--lib', required=True)
    parser.add_argument('--rounds', type=int, default=500)
    parser.add_argument('--seconds', type=float, default=float('inf'), help='ends earlier than after all rounds')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--kind', choices=sorted(KINDS))
    parser.add_argument('--config', help='for the kind "stock": the stock configuration')
    parser.add_argument('--cases', help='for the kind "stock": folder of FILTER.jsonl with sample lines (key "lines") and options')
    parser.add_argument('--show', type=int, default=3, help='differences to print')
    return parser.parse_args()


# ---- what is tried: each kind returns (mode, options, lines) ----

USERS = ['root', 'adm', 'é', 'o\'x']
ADDRESSES = ['1.2.3.4', '10.0.0.1', '[2001:DB8::1]', '2001:db8::1', '::ffff:1.2.3.4', '1.2.3.999', 'host.example', '1:2', '::1',
             '::FFFF:192.0.2.1']
HOSTS = ['<HOST>', '<ADDR>', '<SUBNET>', '<F-ID/>', '<DNS>', '<F-ID><ADDR></F-ID>', '<F-ID>\\S+</F-ID>', '<IP4>', '<IP6>',
         '<F-ID>x?<ADDR></F-ID>', '<ADDR>(?:/<CIDR>)?', '(?P<ip4>\\S+)', '(?P<ip6>\\S+)', '(?P<dns>\\S+)',
         '(?P<ip4>[^/ ]+)/(?P<cidr>\\S+)', '<F-ID/><F-TUPLE_ID>:\\d</F-TUPLE_ID>']
IDS = ADDRESSES + ['1.2.3.4/24', '10.1.2.3/255.255.0.0', '10.1.2.3/255.0.255.0', '[x]', '1.2.3.999/24', '2001:db8::1/32', '[::1', '::1]',
                   '1.2.3.4/abc', '1.2.3.4/33', 'x1.2.3.4', 'fe80::1%eth0', '1.2.3.4:5', '1.2.3.4/٣', '[1.2.3.4]', '2001:db8::1/ffff::',
                   '1.2.3.4/99999999999999999999', '[]', '1.2.3.4/-1', '::ffff:1.2.3.4/120', '١.2.3.4', '0.0.0.0/0', '01.2.3.4']


def common_options(rng):
    options = [('datepattern', '{NONE}' if rng.random() < .8 else '^%Y-%m-%d %H:%M:%S')]
    options.insert(0, ('usedns', rng.choice(['yes', 'yes', 'no', 'raw'])))
    return options


def mode_and_switches(rng, options):
    if rng.random() < .6:
        return 'daemon'
    options.insert(0, ('checkall', rng.random() < .7))
    options.insert(0, ('ignorepending', rng.random() < .5))
    options.insert(0, ('rawhost', rng.random() < .2))
    return 'tool'


def ids(rng):
    options = common_options(rng)
    mode = mode_and_switches(rng, options)
    for _ in range(rng.randint(1, 3)):
        options.append(('addfailregex', rng.choice(['^', '', '^a ']) + rng.choice(HOSTS) + rng.choice(['$', '', ' ', ' <F-USER>\\w*</F-USER>$'])))
    lines = []
    for _ in range(30):
        lines.append(rng.choice(['', '', 'a ']) + rng.choice(IDS) + rng.choice(['', ':1', ' ', ' root', ' é']))
    return mode, options, lines


SESSION = [
    '^connect <F-NOFAIL>from</F-NOFAIL> <ADDR>$', '^connect <F-NOFAIL>from</F-NOFAIL> <HOST>$', '^failed <F-USER>\\S+</F-USER>$',
    '^failed <F-USER>\\S+</F-USER> from <ADDR>$', '^<F-MLFFORGET><F-MLFGAINED>accepted</F-MLFGAINED></F-MLFFORGET> <F-USER>\\S+</F-USER>$',
    '^<F-MLFGAINED>gain</F-MLFGAINED> <F-USER>\\S+</F-USER>$', '^<F-NOFAIL><F-MLFFORGET>disconnect</F-MLFFORGET></F-NOFAIL>$',
    '^<F-MLFFORGET>abort</F-MLFFORGET>$', '^note <F-NOFAIL>\\w*</F-NOFAIL>$', '^id <F-ID>\\S+</F-ID>$',
    '^alt (?:<F-ALT_USER_1>\\w+</F-ALT_USER_1>|"<F-ALT_USER>[^"]*</F-ALT_USER>")$', '^tup <F-TUPLE_USER>\\w+</F-TUPLE_USER>$',
]
SESSION_WORDS = [
    lambda r: 'connect from ' + r.choice(ADDRESSES), lambda r: 'failed ' + r.choice(USERS), lambda r: 'failed ' + r.choice(USERS),
    lambda r: 'failed %s from %s' % (r.choice(USERS), r.choice(ADDRESSES)), lambda r: 'accepted ' + r.choice(USERS),
    lambda r: 'gain ' + r.choice(USERS), lambda r: 'disconnect', lambda r: 'abort', lambda r: 'note x', lambda r: 'note ',
    lambda r: 'id ' + r.choice(IDS), lambda r: 'alt ' + r.choice(['bob', '"x y"', '""']), lambda r: 'tup bob', lambda r: 'noise',
]


def sessions(rng):
    options = common_options(rng)
    mode = mode_and_switches(rng, options)
    prefix = rng.choice(['content', 'plain', 'none', 'user'])
    regexes = rng.sample(SESSION, rng.randint(3, len(SESSION)))
    before = '^%s<F-MLFID>c\\d+</F-MLFID>: ' % rng.choice(['', '', ' ?'])
    if prefix == 'content':
        options.append(('prefregex', before + rng.choice(['<F-CONTENT>.+</F-CONTENT>$', '<F-CONTENT>.*</F-CONTENT>$', '(?:!<F-USER>\\w+</F-USER>)?<F-CONTENT>.+</F-CONTENT>'])))
    elif prefix == 'plain':
        options.append(('prefregex', before + '.+'))
        regexes = ['^\\S+ ' + r[1:] for r in regexes]
    elif prefix == 'user':
        options.append(('prefregex', before + '(?:(?P<user>u\\d) )?(?P<alt_user_1>alt)?<F-CONTENT>.+</F-CONTENT>$'))
    else:
        regexes = [before + r[1:] for r in regexes]
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        options.append(('addignoreregex', rng.choice(['^failed adm', 'connect from 1\\.', 'adm$', '^c1: ', 'disconn', '10\\.0', '^\\s*c2: g'])))
    rng.shuffle(regexes)
    options += [('addfailregex', r) for r in regexes]
    count = rng.choice([2, 3, 3, 150])
    lines = []
    for _ in range(60 if count < 100 else 220):
        extra = rng.choice(['', '', '', 'u1 ', 'alt', '!bob']) if prefix in ('user', 'content') else ''
        lines.append('c%d: %s%s' % (rng.randint(1, count), extra, rng.choice(SESSION_WORDS)(rng)))
    return mode, options, lines


MULTI = [
    '^A: (?P<c>\\d) <ADDR>$<SKIPLINES>^B: (?P=c) fail$', '^A: \\d <ADDR>$<SKIPLINES>^B: \\d fail$<SKIPLINES>^C', '^B: \\d fail\\nA: \\d <HOST>$',
    '^A: \\d <HOST>$', '^C <F-ID>\\S+</F-ID>\\n', '^x\\nx\\nA: \\d <ADDR>$', 'A: (?P<c>\\d) <ADDR>\\s+C', '^C <F-ID>\\S+</F-ID>$<SKIPLINES>^C (?P=fid)$',
    '<ADDR>$<SKIPLINES>^x$', '^A: \\d <F-MLFID>\\S+</F-MLFID>$', '^(?P<fid>x)', '(?=C)(?P<fid>)', '\\n(?P<fid>)',
    '^A(?P<fid>.*(?:\\n.*)*)C',
]
MULTI_LINES = ['A: 1 1.2.3.4', 'A: 2 5.6.7.8', 'B: 1 fail', 'B: 2 fail', 'x', 'C 1', 'C 2', '', 'y\x0bz', 'C é', 'A: 1 h\u2028x', 'A: 3 1.2.3.4\rx']


def multi_line(rng):
    options = common_options(rng)
    mode = mode_and_switches(rng, options)
    options.append(('maxlines', str(rng.choice([2, 3, 5, 10]))))
    if rng.random() < .2:
        options.append(('prefregex', rng.choice(['^A: <F-CONTENT>.*</F-CONTENT>', 'A', '(?s)<F-CONTENT>A.*</F-CONTENT>', '<F-CONTENT>.*</F-CONTENT>$'])))
        options.append(('addfailregex', '(?P<fid>\\d)'))
    for _ in range(rng.choice([0, 0, 1, 2])):
        options.append(('addignoreregex', rng.choice(['A: 2', 'B: 1', '^x', 'C', '\\nB', '^$'])))
    for _ in range(rng.randint(1, 5)):
        options.append(('addfailregex', rng.choice(MULTI)))
    return mode, options, [rng.choice(MULTI_LINES) for _ in range(60)]


def dates(rng):
    options = [('usedns', 'yes')]
    mode = mode_and_switches(rng, options)
    if rng.random() < .8:
        options.append(('findtime', rng.choice(['600', '1h', '10', '1mo', '1.5h'])))
    if rng.random() < .6:
        options.append(('datepattern', rng.choice(['^%Y-%m-%d %H:%M:%S', '{NONE}', 'EPOCH', '^I\\(()**', '%Y-%m-%d', '^(?:%Y-%m-%d %H:%M:%S)?', '%b %d %H:%M:%S'])))
    if rng.random() < .2:
        options.append(('maxlines', '3'))
    options.append(('addfailregex', rng.choice(['<ADDR>$', '^\\s*f <ADDR>', 'f <HOST>\\s*$'])))
    return mode, options, [None] * 40


def dated_line(rng, now):
    import datetime
    delta = rng.choice([0, 0, -1, 1, -59, -61, 61, -3200, -3400, 3600, -86400, 100000, -600, -601, -599, -7200])
    moment = datetime.datetime.fromtimestamp(now + delta)
    form = rng.choice(['%Y-%m-%d %H:%M:%S ', '%Y-%m-%d %H:%M:%S ', '', '%b %d %H:%M:%S ', '2026-02-30 10:00:00 ', '%Y-%m-%d ', 'I(', 'epoch', 'PQR %b %d %H:%M:%S ', '[%d/%b/%Y:%H:%M:%S] '])
    date = '%d ' % (now + delta) if form == 'epoch' else moment.strftime(form) if '%' in form else form
    return date + rng.choice(['f 1.2.3.4', 'f 1.2.3.4', 'x', 'f 5.6.7.8 '])


def no_id(rng):
    """Regexes that may match without an id, which is told."""
    flags = rng.choice(['', '(?i)', '(?is)'])
    options = [('usedns', 'yes'), ('datepattern', '{NONE}')]
    mode = mode_and_switches(rng, options)
    if rng.random() < .4:
        options.append(('maxlines', '2'))
    options.append(('addfailregex', flags + rng.choice(["^a(?: <HOST>)?", "^a(?: <F-ID>é'\\d</F-ID>)?" + 'x?' * rng.choice([0, 90, 120])])))
    options.append(('addfailregex', '<F-ID>.?</F-ID>\n'))
    return mode, options, [rng.choice(['a', 'A', 'a 1.2.3.4', "a é'1", 'b', 'é']) for _ in range(20)]


def entries(rng):
    """Lines of a source that knows their times."""
    mode, options, _ = sessions(rng)
    return mode, options, [('%s' % rng.choice([0, 0, -5.5, 30, -100, 4000, -90000]), line) for line in _]


class Stock:
    """Stock filters with sample lines, some of them damaged."""

    def __init__(self, config, cases):
        import glob
        import json
        from fail2ban.client.filterreader import FilterReader
        logging.getLogger('fail2ban').setLevel(logging.CRITICAL)
        groups = {}
        for path in sorted(glob.glob(cases + '/*.jsonl')):
            for row in open(path):
                row = json.loads(row)
                key = (row['filter'], json.dumps(row['options'], sort_keys=True))
                groups.setdefault(key, []).extend(row['lines'])
        self.groups = []
        for (name, options), lines in groups.items():
            reader = FilterReader(name, 'jail', json.loads(options), basedir=config)
            if not reader.read():
                continue
            reader.getOptions(None)
            stream = []
            for command in reader.convert():
                if command[2] in ('prefregex', 'datepattern', 'maxlines', 'addfailregex', 'addignoreregex'):
                    values = command[3] if command[0] == 'multi-set' else [command[3]]
                    stream += [(command[2], str(v)) for v in values]
            self.groups.append((stream, lines))
        logging.getLogger('fail2ban').setLevel(logging.WARNING)

    def __call__(self, rng):
        stream, samples = rng.choice(self.groups)
        options = [('usedns', rng.choice(['yes', 'no', 'raw']))]
        mode = mode_and_switches(rng, options)
        start = rng.randrange(len(samples))
        lines = [damage(rng, samples[(start + i) % len(samples)]) for i in range(40)]
        return mode, options + stream, [line for line in lines if '\n' not in line and SEP not in line]


def damage(rng, line):
    if rng.random() < .6 or not line:
        return line
    at = rng.randrange(len(line))
    return rng.choice([
        line[:at] + line[at + 1:], line[:at], line[:at] + rng.choice(['é', ' ', '\u2028', '\x00', '\ufffd', 'x' * 300, '"', '[', '\t']) + line[at:],
        line + ' ' + line, line.upper(), line[at:], line + ' ',
    ])


KINDS = {'ids': ids, 'entries': entries, 'no-id': no_id, 'stock': None, 'sessions': sessions, 'multi-line': multi_line, 'dates': dates}


# ---- the reference ----

class Reference:
    def __init__(self, lib):
        sys.path.insert(0, lib)
        import fail2ban.server.filter as filter_module
        import fail2ban.server.utils as utils
        from fail2ban.server.ipdns import DNSUtils
        from fail2ban.server.mytime import MyTime
        from fail2ban.server.ticket import FailTicket
        self.module, self.mytime, self.ticket, self.utils = filter_module, MyTime, FailTicket, utils
        self.clock = type('Clock', (), {'now': 0.0})()
        clock = self.clock
        utils.time = type('Time', (), {'time': staticmethod(lambda: clock.now), 'sleep': staticmethod(lambda s: None)})
        DNSUtils.dnsToIp = staticmethod(lambda name: {Name(name)})
        self.messages = []
        reference = self

        class Handler(logging.Handler):
            def emit(self, record):
                reference.messages.append((record.levelno, record.name, record.getMessage()))
        logger = logging.getLogger('fail2ban')
        logger.handlers = [Handler()]
        logger.setLevel(logging.WARNING)
        logger.propagate = False

    def new(self, mode):
        jail = type('Jail', (), {'name': 'jail'})()
        self.mode = mode
        self.filter = self.module.Filter(jail)
        if mode == 'tool':
            self.filter.checkFindTime = False
            self.filter.checkAllRegex = True
            self.filter.ignorePending = False

    def set(self, name, value):
        f = self.filter
        calls = {
            'usedns': f.setUseDns, 'addfailregex': f.addFailRegex, 'addignoreregex': f.addIgnoreRegex, 'findtime': f.setFindTime,
            'datepattern': f.setDatePattern, 'maxlines': lambda v: f.setMaxLines(int(v)),
            'prefregex': lambda v: setattr(f, 'prefRegex', v), 'checkall': lambda v: setattr(f, 'checkAllRegex', v),
            'ignorepending': lambda v: setattr(f, 'ignorePending', v), 'rawhost': lambda v: setattr(f, 'returnRawHost', v),
        }
        results = {
            'usedns': f.getUseDns, 'addfailregex': f.getFailRegex, 'addignoreregex': f.getIgnoreRegex, 'findtime': f.getFindTime,
            'datepattern': f.getDatePattern, 'maxlines': f.getMaxLines, 'prefregex': lambda: f.prefRegex.getRegex() if f.prefRegex else '',
        }
        try:
            calls[name](value)
            return [('value', results.get(name, lambda: value)())]
        except Exception as e:
            return [('error', type(e).__name__, str(e))]

    def time(self, seconds):
        self.clock.now = seconds
        self.mytime.setTime(seconds)

    def line(self, text, in_operation, date=None):
        out = []
        self.filter.inOperation = in_operation
        try:
            for regex, ident, time, data in self.filter.processLine(text, date):
                if self.mode == 'daemon':
                    time = min(time, self.mytime.time())
                    # A resolved name is no text to be parsed once more.
                    ticket = self.ticket('0.0.0.0' if isinstance(ident, Name) else ident, time, data=data)
                    data = {k: v for k, v in ticket.getData().items() if k != 'failures' or 'failures' in data}
                out.append(('failure', regex, None if ident is None else str(ident), time, plain(data)))
        except Exception as e:
            out = [('error', type(e).__name__, str(e))]
        return out

    def take_messages(self):
        taken, self.messages = self.messages, []
        return taken


class Name(str):
    """A host name that stands for its own address."""


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return type(v)(plain(x) for x in v)
    if isinstance(v, set):
        return {plain(x) for x in v}
    if v is None or isinstance(v, (str, int, float)):
        return v
    return str(v)


# ---- ours ----

class Console:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *parts):
        self.process.stdin.write((SEP.join(parts).replace('\n', NEWLINE) + '\n').encode())
        self.process.stdin.flush()
        results, messages = [], []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit('console died: %r' % (parts,))
            line = line.decode().rstrip('\n')
            if line == '.':
                return results, messages
            word, _, rest = line.partition(' ')
            if word == 'log':
                level, logger, text = rest.split(' ', 2)
                messages.append((int(level), logger, ast.literal_eval(text)))
            elif word == 'failure':
                regex, ident, time, _raw, data = ast.literal_eval(rest.replace('set()', 'None'))
                results.append(('failure', regex, ident, time, data))
            elif word == 'value':
                results.append(('value', ast.literal_eval(rest)))
            elif word == 'error':
                kind, _, text = rest.partition(' ')
                results.append(('error', kind, ast.literal_eval(text)))

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def shown(value):
    return 'on' if value is True else 'off' if value is False else value


def run_round(reference, console, kind, rng):
    """Differences of one round, as text."""
    mode, options, lines = KINDS[kind](rng)
    restarts = mode == 'daemon' and rng.random() < .5
    now = NOW + rng.randint(0, 86400 * 3) + rng.choice([0, .25])
    trail = ['%s %r' % (mode, options)]

    def compare(what, theirs, ours):
        trail.append('%s' % (what,))
        messages = [m for m in reference.take_messages()]
        if theirs == ours[0] and messages == ours[1]:
            return None
        return '\n    '.join(trail[:1] + trail[-12:]) + '\n  real: %r %r\n  ours: %r %r' % (theirs, messages, ours[0], ours[1])
    reference.new(mode)
    console.ask('mode', mode)
    reference.time(now)
    console.ask('time', str(int(now * 1000000)))
    for name, value in options:
        found = compare((name, value), reference.set(name, value), console.ask('set', name, shown(value)))
        if found:
            return found, len(lines)
    for text in lines:
        step = rng.choice([0, 0, 1, 5, 30]) if kind != 'sessions' else rng.choice([0, 1, 1, 5, 40])
        now += step
        reference.time(now)
        console.ask('time', str(int(now * 1000000)))
        if isinstance(text, tuple):
            date, text = now + float(text[0]), text[1]
            found = compare((now, date, text), reference.line(('', 'D%s ' % date, text), True, date),
                            console.ask('entry', '%.6f' % date, 'D%s ' % date, text))
            if found:
                return found, len(lines)
            continue
        if text is None:
            text = dated_line(rng, int(now))
        in_operation = kind != 'dates' or rng.random() < .6
        if restarts and rng.random() < .2:
            console.ask('restart')
            trail.append('restart')
        found = compare((now, 'new' if in_operation else 'old', text), reference.line(text, in_operation),
                        console.ask('line', 'new' if in_operation else 'old', text))
        if found:
            return found, len(lines)
    return None, len(lines)


def main():
    args = arguments()
    os.environ['TZ'] = 'UTC'
    reference, console = Reference(args.lib), Console(args.console)
    if args.config and args.cases:
        KINDS['stock'] = Stock(args.config, args.cases)
    kinds = [args.kind] if args.kind else sorted(k for k, v in KINDS.items() if v)
    failed, lines, rounds = 0, 0, 0
    begin = time.monotonic()
    for number in range(args.rounds):
        if time.monotonic() - begin > args.seconds:
            break
        rounds += 1
        rng = random.Random(args.seed * 1000003 + number)
        kind = kinds[number % len(kinds)]
        difference, count = run_round(reference, console, kind, rng)
        lines += count
        if difference:
            failed += 1
            if failed <= args.show:
                print('DIFF round %d, %s: %s\n' % (number, kind, difference))
    console.close()
    print('%d lines in %d rounds' % (lines, rounds))
    print('%d passed, %d failed' % (rounds - failed, failed))
    sys.exit(failed > 0)


main()
