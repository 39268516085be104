#!/usr/bin/env python3
"""Damaged sample lines through fail2ban-regex, ours and real: is what they print the same?

    regex.py --regex-bin build/release/fail2ban-regex --lib DIR/lib --config config --config DIR/etc/fail2ban --seconds 60

DIR is an unpacked fail2ban 1.1.1. Each round takes a filter with the options of one of its samples (config/filter.d/tests), some
hundred of its lines, most of them damaged, and options of fail2ban-regex. Of a difference the fewest lines that show it are left
in FOLDER (--keep), with the command. Both programs stand at one moment of time (libfaketime), in one zone.
"""
import argparse
import glob
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLES = os.path.join(TOP, 'config', 'filter.d', 'tests')
# Moments in which dates without year, or in the hour that clocks go through twice, are not easy; and zones.
MOMENTS = ('2026-11-24 12:00:00', '2027-01-01 00:00:30', '2028-02-29 23:59:00', '2026-10-25 02:30:00', '2026-03-29 03:10:00', '2026-12-31 23:59:59')
ZONES = ('Europe/Berlin', 'UTC', 'America/St_Johns', 'Asia/Kathmandu')
LINES = 300
RUN_S = 10        # CPU or waiting; real fail2ban has lines that take for ever, which are no difference
OURS_S = 120       # ours may only be slow because the machine is
SHRINK_S = 60     # looking for the fewest lines
FAKETIME = glob.glob('/usr/lib/*/faketime/libfaketime.so.1')
FORMS = (['-o', 'row'], ['-o', 'row'], ['-o', 'row'], ['-v'], ['-o', '<ip> <F-USER> <fid> <time> <msg>'], ['-o', 'msg', '-i'],
         ['--print-all-matched', '--print-all-missed', '--print-all-ignored', '-v', '--VD'], ['--no-check-all', '-v'])
# Not UTF-16, in which real fail2ban loses its place behind empty lines, \r\n, and each line of a log with a byte order mark; nor
# GB 18030, in which it does behind a line whose end is in the midst of a character.
NAMES = (['-r'], ['--usedns', 'no'], ['--usedns', 'raw'])
EXTRAS = ([], [], [], [], ['-L', '3'], ['-e', 'latin1'], ['-e', 'ascii'], ['-e', 'cp1251'], ['--TZ', 'UTC-0330'], ['-d', '%b %d %H:%M:%S'],
          ['-d', '{^LN-BEG}'], ['-d', '{NONE}'], ['-d', 'EPOCH'], ['-d', '^%Y-%m-%d %H:%M:%S'], ['-d', '%H:%M'],
          ['-l', 'WARNING', '-v'], ['-l', 'NOTICE'], ['-L', '2', '-v'], ['-D'], ['-v', '-v'], ['--TZ', 'Z'], ['-d', '%Y %b %d', '-v'], ['-d', r'{^LN-BEG}%ExY[-/]%m[-/]%d'],
          ['-d', r'\[%d/%b/%Y:%H:%M:%S(?: %z)?\]'], ['-d', '%d %B %y'], ['-d', 'LEPOCH'], ['-d', 'TAI64N'], ['-e', 'koi8-r'], ['-e', 'cp1252'], ['-e', 'mac_arabic'], ['-e', 'utf-8-sig'], ['-d', '%j %H'],
          ['-e', 'iso2022_jp'], ['-e', 'iso2022_kr'], ['-e', 'johab'], ['-e', 'shift_jis_2004'], ['-e', 'gbk'], ['-e', 'cp864'])
ADDRESSES = ('1.2.3.4', '[2001:DB8::1]', '2001:db8::1', '::ffff:1.2.3.4', '1.2.3.999', 'host.example', '1:2', '::1', '1.2.3.4/24', '01.2.3.4',
             'fe80::1%eth0', '1.2.3.4:5', '::', '1.2.3.4.5', '0.0.0.0', '\u0661.2.3.4', '256.1.1.1', '1.2.3.4,5.6.7.8', '2001:db8:::1')
DATES = ('Nov 24 11:59:58', 'Nov 24 11:59:58.123', '2026-11-24 11:59:58', '2026-11-24T11:59:58.5+02:00', '2026-11-24T11:59:58Z', '24/Nov/2026:11:59:58 +0100',
         '[24/Nov/2026:11:59:58]', 'Tue Nov 24 11:59:58 2026', '1795517998', '1795517998.25', '@4000000064f0104f00000000', '11:59:58', 'Feb 30 10:00:00',
         'Nov 31 24:61:00', '2026-02-29 10:00:00', '0000-00-00 00:00:00', '24-11-2026 11:59:58', '11/24/26 11:59:58', '24 Nov 2026 11:59:58', 'Dec 31 23:59:59',
         '2026-11-24 11:59:58,123 CET', '20261124 115958', '20261124T115958', '26-11-24 11:59:58', '', 'Nov  4 1:02:03', '<134>1 2026-11-24T11:59:58+01:00',
         '99999999999', '2026-10-25 02:30:00', '2026-03-29 02:30:00', 'Nov 24 11:59:60', '2026/11/24 11:59:58', 'Monday, November 24')
PLAIN = (['from <HOST>'], ['^.*?<HOST>'], ['<ADDR>$'], ['from <HOST>', 'root'], ['(?i)<F-USER>\\w+</F-USER>\\W+<ADDR>'], ['<SUBNET>'], ['<F-ID>[\\w.]+@\\S+</F-ID>'],
         [r'^\S* ?<F-MLFID>\S+</F-MLFID>.*?(?:<F-NOFAIL>from</F-NOFAIL> <HOST>|fail)'], [r'user(?:=<F-ALT_USER>\S*</F-ALT_USER>| <F-USER>\w+</F-USER>).*<HOST>'],
         ['<HOST>.*<SKIPLINES>.*<F-PORT/>'], [r'[^\W\d]+ <DNS>\b'], [r'<F-TUPLE_ID>\d+</F-TUPLE_ID>.* <F-ID/>'], ['<HOST>', '<HOST>'])
DATE = re.compile(rb'(?:<\d+>)?(?:\w{3} )?\w{3} +\d+ [\d:]{8}(?:\.\d+)?(?: \d{4})?|\d{4}-\d\d-\d\d[T ][\d:]{8}(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\[?\d+/\w+/\d{4}:[\d:]{8}(?: [+-]\d{4})?\]?')
ADDRESS = re.compile(rb'\b\d+\.\d+\.\d+\.\d+\b|\b[0-9a-f]+:[0-9a-f:]+\b')
# Where real fail2ban gives up a line, or all of them, and we do not (an id with a NUL in it), or we one that it needs for ever for.
EXCUSED_REAL = ('ValueError: embedded null character',)
EXCUSED = ('is taken for missed: match limit exceeded',)
# What a set of texts holds, as Python prints it.
QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|None""")
# A field of a client: the marks around it, what cannot stand there, and its text (config/filter.d/tests/README.md).
FIELD = re.compile(r'‹(?:![^!‹›]+!|\\|\.)?([^‹›]*)›')
BITS = (b'\xff', b'\xc3', b'\xc3\xa9', b'\xed\xa0\x80', b'\xe2\x80\xa8', b'\x00', b'\x0b', b'\x0c', b'\x1c', b'\x85', b'\r', b'\t', b' ', b'  ', b'"', b"'", b'[', b']', b'(',
        b')', b'<', b'>', b':', b'%', b'\\', b'/', b'#', b'\xef\xbb\xbf', b'\xc2\xa0', b'\xd9\xa1', b'x' * 3000, b' from 9.9.9.9 ', b' port 22', b' [preauth]', b'user=', b'\xf4\x90\x80\x80')


# ---- lines ----

def sections():
    """[(filter, options, [line])] of all samples."""
    found = []
    for path in sorted(glob.glob(os.path.join(SAMPLES, '*.log'))):
        name = os.path.basename(path)[:-len('.log')]
        with open(path, 'rb') as f:
            for line in f.read().split(b'\n'):
                if line.startswith(b'['):
                    found.append((name, line[1:-1].decode(), []))
                elif line:
                    found[-1][2].append(FIELD.sub(r'\1', line.split(b'\t', 1)[-1].decode()).encode())
    return [section for section in found if section[2]]


def damaged(rng, line, others):
    """The line with one change."""
    at = rng.randrange(len(line) + 1)
    to = min(len(line), at + rng.choice((1, 1, 2, 5, 20)))
    other = rng.choice(others)
    words = line.split(b' ')
    word = rng.randrange(len(words))
    return rng.choice((
        lambda: line[:at] + line[to:],
        lambda: line[:at] + rng.choice(BITS) + line[at:],
        lambda: line[:at] + rng.choice(BITS) + line[at:],
        lambda: line[:at],
        lambda: line[at:],
        lambda: line[:at] + other[min(at, len(other)):],
        lambda: line[:at] + other[rng.randrange(len(other) + 1):],
        lambda: line + b' ' + other,
        lambda: b' '.join(words[:word] + words[word + 1:]),
        lambda: b' '.join(words[:word] + [words[word]] * 2 + words[word + 1:]),
        lambda: b' '.join(words[:word] + [rng.choice(other.split(b' '))] + words[word + 1:]),
        lambda: rng.choice((line.upper(), line.lower(), line.swapcase())),
        lambda: DATE.sub(lambda _: rng.choice(DATES).encode(), line, count=1),
        lambda: DATE.sub(lambda _: rng.choice(DATES).encode(), line, count=1),
        lambda: rng.choice(DATES).encode() + b' ' + line,
        lambda: ADDRESS.sub(lambda _: rng.choice(ADDRESSES).encode(), line, count=rng.choice((0, 1))),
        lambda: line + rng.choice((b' ', b'\r', b'\t', b'.', b'\x00', b'\r\r')),
        lambda: line[:at] + bytes([rng.randrange(256)]) + line[at + 1:],
    ))()


def encoded(line, encoding, rng):
    """The line as a log of that encoding has it; most of the time."""
    if encoding is None or rng.random() < .1:
        return line
    return line.decode('utf8', 'replace').encode(encoding, 'replace')


def make_lines(rng, lines, encoding):
    """Damaged lines with their ends; encoding: of the log, None for as it is."""
    made = []
    start = rng.randrange(len(lines))
    for number in range(LINES):
        line = lines[(start + number) % len(lines)]
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            line = damaged(rng, line, lines)
        made.append(encoded(line.replace(b'\n', b' ') + b'\n', encoding, rng))
    return made


# ---- programs ----

def environment(moment, zone):
    env = {**os.environ, 'TZ': zone, 'LC_ALL': 'C.UTF-8', 'PYTHONHASHSEED': '0', 'PYTHONDONTWRITEBYTECODE': '1'}
    if FAKETIME:
        env.update(LD_PRELOAD=FAKETIME[0], FAKETIME=moment, FAKETIME_NO_CACHE='0')
    return env


class Real:
    """Real fail2ban-regex: a process that has read its sources once, and makes a child of itself for each run."""

    def __init__(self, lib, env):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), '--serve', lib], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=env, cwd='/')

    def run(self, words, out):
        self.process.stdin.write(json.dumps([words, out]).encode() + b'\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit('real fail2ban-regex cannot be run')
        return int(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def serve(lib):
    """The other end of Real: runs until its input ends."""
    sys.path.insert(0, lib)
    from fail2ban.client import fail2banregex
    answers = os.dup(1)
    for line in iter(sys.stdin.readline, ''):
        words, out = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(RUN_S)
            to = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(to, 1)
            os.dup2(to, 2)
            sys.argv = ['fail2ban-regex', *words]
            fail2banregex.exec_command_line()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        os.write(answers, b'%d\n' % os.waitstatus_to_exitcode(status))


def run_ours(program, words, out, env):
    with open(out, 'wb') as f:
        try:
            return subprocess.run([program, *words], stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT, env=env, cwd='/',
                                  timeout=OURS_S, check=False).returncode
        except subprocess.TimeoutExpired:
            return -signal.SIGALRM


def comparable(path):
    """The output without what may differ: times taken, the order in sets, tracebacks but for their last line."""
    with open(path, 'rb') as f:
        return plain(f.read())


def plain(text):
    text = text.decode('utf8', 'surrogateescape')
    text = re.sub(r'\[processed in [\d.]+ sec\]', '[processed]', text)
    text = re.sub(rf"('users': )\{{((?:{QUOTED.pattern}|, )*)\}}", lambda m: m.group(1) + '{' + ', '.join(sorted(QUOTED.findall(m.group(2)))) + '}', text)
    text = re.sub(r'\[\d+\]: ', '[PID]: ', text)
    text = re.sub(r'^( [\d-]+ [\d:,]+) [0-9A-F]+ ', r'\1 THREAD ', text, flags=re.MULTILINE)
    text = re.sub(r'\d\d (\d{7,})$', 'SS \\1', text, flags=re.MULTILINE)      # seconds of a year that a double cannot hold
    text = re.sub(r'\b\d{16,18}(?:\.0)?\b', 'SECONDS', text)
    return re.sub(r'^Traceback .*\n(?:[ ].*\n)+', '', text, flags=re.MULTILINE)


class Pair:
    """Both programs, and the folder of a run."""

    def __init__(self, args, folder):
        self.env = environment(args.now, args.zone)
        self.program, self.real, self.folder = os.path.abspath(args.regex_bin), Real(os.path.abspath(args.lib), self.env), folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def differ(self, words, lines):
        """Whether the outputs for these lines differ; words: the command, with None for the log."""
        with open(self.path('log'), 'wb') as f:
            f.write(b''.join(lines))
        words = [self.path('log') if word is None else word for word in words]
        seen = run_ours(self.program, words, self.path('ours'), self.env)
        wanted = self.real.run(words, self.path('real'))
        theirs, own = comparable(self.path('real')), comparable(self.path('ours'))
        excused = wanted == -signal.SIGALRM or any(text in theirs for text in EXCUSED_REAL) or any(text in own for text in EXCUSED)
        return not excused and (wanted, theirs) != (seen, own)


def fewest(pair, words, lines):
    """A part of the lines that still differs: pieces are left out, ever smaller ones."""
    size, end = len(lines) // 2, time.monotonic() + SHRINK_S
    while size and time.monotonic() < end:
        at = 0
        while at < len(lines) and len(lines) > 1 and time.monotonic() < end:
            rest = lines[:at] + lines[at + size:]
            if rest and pair.differ(words, rest):
                lines = rest
            else:
                at += size
        size //= 2
    if not pair.differ(words, lines):
        print('  (does not differ each time)')
    return lines


def first_difference(pair):
    with open(pair.path('real'), 'rb') as real, open(pair.path('ours'), 'rb') as ours:
        for wanted, seen in zip(real.read().split(b'\n') + [b''], ours.read().split(b'\n') + [b'']):
            if plain(wanted) != plain(seen):
                return f'  real: {wanted[:600]!r}\n  ours: {seen[:600]!r}'
    return '  one is longer, or the exit status differs'


def choose(rng, args, found):
    name, options, lines = rng.choice(found)
    config = os.path.abspath(rng.choice(args.config))
    target = [f'{name}[{options}]' if options else name] if rng.random() < .8 else rng.choice(PLAIN)
    words = ['-c', config, *rng.choice(FORMS), *rng.choice(NAMES), *rng.choice(EXTRAS), None, *target]
    encoding = words[words.index('-e') + 1] if '-e' in words and rng.random() < .8 else None
    return words, make_lines(rng, lines, encoding)


def keep(pair, folder, number, words, lines):
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, f'{number}.log')
    with open(log, 'wb') as f:
        f.write(b''.join(lines))
    command = ' '.join("'" + (log if word is None else word).replace("'", "'\\''") + "'" for word in words)
    print(f'DIFF {number}: FAKETIME={pair.env.get("FAKETIME", "")!r} TZ={pair.env["TZ"]} fail2ban-regex {command}\n  {len(lines)} line(s), the last one {lines[-1][:400]!r}\n{first_difference(pair)}', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--serve', metavar='LIB', help=argparse.SUPPRESS)
    parser.add_argument('--regex-bin', default='build/release/fail2ban-regex')
    parser.add_argument('--lib', default='build/real/lib')
    parser.add_argument('--config', action='append', help='folder with filter.d; several are taken by turns')
    parser.add_argument('--seconds', type=float, default=60)
    parser.add_argument('--seed', type=int, help='of the first round; another one each time, if not given')
    parser.add_argument('--now', help='the moment, as YYYY-MM-DD HH:MM:SS; one of some if not given')
    parser.add_argument('--zone')
    parser.add_argument('--only', help='a filter')
    parser.add_argument('--keep', default='build/fuzz-diff')
    parser.add_argument('--show', type=int, default=10, help='differences after which to stop')
    args = parser.parse_args()
    if args.serve:
        return serve(args.serve)
    args.config = args.config or ['config']
    seed = args.seed if args.seed is not None else time.time_ns() % 1000000
    args.now, args.zone = args.now or MOMENTS[seed % len(MOMENTS)], args.zone or ZONES[seed % len(ZONES)]
    found = [section for section in sections() if args.only in (None, section[0])]
    end, rounds, lines_run, different = time.monotonic() + args.seconds, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(args, folder)
        while time.monotonic() < end and different < args.show:
            words, lines = choose(random.Random(seed + rounds), args, found)
            rounds, lines_run = rounds + 1, lines_run + len(lines)
            if pair.differ(words, lines):
                different += 1
                keep(pair, args.keep, seed + rounds - 1, words, fewest(pair, words, lines))
        pair.real.close()
    print(f'{lines_run} lines in {rounds} rounds from seed {seed}, at {args.now} in {args.zone}')
    print(f'{rounds - different} passed, {different} failed')
    return 1 if different or not rounds else 0


if __name__ == '__main__':
    sys.exit(main())
