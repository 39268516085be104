#!/usr/bin/env python3
"""fail2ban-regex: what it says and how it ends, and, with --real, the same output as real fail2ban-regex on whole logs."""
import base64
import encodings.aliases
import gzip
import json
import lzma
import os
import random
import re
import shutil
import subprocess
import time

from harness import COMMAND_S, TOP, Skipped, case, expect, main

LINE = 'Nov 24 10:00:00 gate sshd[100]: Failed password for root from 203.0.113.5 port 41000 ssh2'
OWN_LOG = os.path.join(TOP, 'tests', 'data', 'sshd.log')
LOGS = (OWN_LOG, os.path.join(TOP, '..', 'shared', 'data', 'openssh_2k.log'))
MODES = ('normal', 'ddos', 'extra', 'aggressive')
FORMS = (['-v'], ['--print-all-matched', '--print-all-missed', '--print-all-ignored'], ['-o', 'row'], ['-o', 'msg', '-i'],
         ['-o', '<ip> <F-USER> <time> <msg>'], ['-D', '-v', '--VD'], ['--no-check-all', '-v'])


def call(program, *words, stdin=subprocess.DEVNULL):
    """(exit status, stdout, stderr) of a program."""
    done = subprocess.run([program, *words], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=5 * COMMAND_S,
                          check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8', 'PYTHONHASHSEED': '0'})
    return done.returncode, done.stdout.decode('utf8', 'replace'), done.stderr.decode('utf8', 'replace')


def read_all(terminal):
    """What was written to the other end until it was closed, which a terminal tells by an error."""
    text = b''
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b''
        if not piece:
            return text.decode('utf8', 'replace')
        text += piece


def ours(box, *words, stdin=subprocess.DEVNULL):
    return call(os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, *words, stdin=stdin)


def present_as_now(match):
    """The time of a line without date, which is that of its reading."""
    age = time.time() - time.mktime(time.strptime(match.group(), '%a %b %d %H:%M:%S %Y'))
    return 'NOW' if -1 < age < 10 * COMMAND_S else match.group()


def comparable(text):
    """The output without times, and with sets in order."""
    text = re.sub(r'\b\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\b', present_as_now, text)
    text = re.sub(r'\[processed in [\d.]+ sec\]', '[processed]', text)
    return re.sub(r"('users': )\{([^{}]*)\}", lambda m: m.group(1) + '{' + ', '.join(sorted(m.group(2).split(', '))) + '}', text)


def real(box):
    """Real fail2ban-regex and its configuration."""
    program = os.path.join(box.real, 'fail2ban-regex')
    etc = os.path.join(os.path.dirname(box.real), 'etc', 'fail2ban')
    if not os.path.exists(program):
        raise Skipped('no real fail2ban-regex (--real)')
    return program, etc


def first_difference(a, b):
    for number, (x, y) in enumerate(zip(a.split('\n'), b.split('\n')), 1):
        if x != y:
            return f'line {number}: real {x[:200]!r}, ours {y[:200]!r}'
    return f'{a.count(chr(10))} lines, ours {b.count(chr(10))}'


def same_output(box, *words):
    program, etc = real(box)
    wanted = call(program, '-c', etc, *words)
    seen = call(os.path.join(box.programs, 'fail2ban-regex'), '-c', etc, *words)
    expect(seen[0] == wanted[0], f'{words}: exit status {seen[0]}, real {wanted[0]}: {seen[2][-300:]}')
    a, b = comparable(wanted[1]), comparable(seen[1])
    expect(a == b, lambda: f'{words}: {first_difference(a, b)}')


def compare(mode):
    """A case: all forms of output for the logs that are there."""
    def counts_and_hits(box):
        real(box)
        for log in LOGS:
            for form in FORMS if os.path.exists(log) else ():
                same_output(box, '-r', *form, log, f'sshd[mode={mode}]')
    counts_and_hits.__name__ = f'output_equals_reals_{mode}'
    return counts_and_hits


for one in MODES:
    case(compare(one))


@case
def output_equals_reals_for_plain_regexes(box):
    real(box)
    for log in LOGS:
        for words in (['Failed password for .* from <HOST>'], ['from <HOST>', 'invalid user'], ['-L', '3', r'^.*Invalid user.*<SKIPLINES>.* from <HOST>'],
                      ['-d', '%b %d %H:%M', ' from <ADDR>'], ['-d', '{NONE}', ' from <HOST>'], ['--TZ', 'UTC-0500', '-o', 'row', 'from <HOST>']):
            if os.path.exists(log):
                options = words[:-1] if words[0].startswith('-') else []
                same_output(box, '-r', '-v', *options, log, *words[len(options):])


@case
def report_counts_lines_and_hits(box):
    status, said, _ = ours(box, OWN_LOG, 'sshd')
    with open(OWN_LOG, encoding='utf8') as f:
        lines = sum(1 for line in f if line.strip() and not line.startswith('#'))
    expect(status == 0 and f'\nLines: {lines} lines, ' in said, said[-600:])
    counts = [int(n) for n in re.search(r'Lines: (\d+) lines, (\d+) ignored, (\d+) matched, (\d+) missed', said).groups()]
    expect(counts[0] == sum(counts[1:]) and counts[2] > 0, f'{counts}')
    hits = sum(int(n) for n in re.findall(r'^\|\s+\d+\) \[(\d+)\]', said, re.MULTILINE))
    expect(f'\nFailregex: {hits} total\n' in said, 'the total is that of the regexes')


@case
def exit_status_tells_what_went_wrong(box):
    for status, words, text in ((0, [LINE, 'sshd'], '1 matched'), (0, ['x', 'y <HOST>'], '0 matched'), (255, [LINE], 'provide both'),
                                (255, [LINE, 'bad ( <HOST>'], 'ERROR: '), (255, [LINE, 'no id'], 'No failure-id group'),
                                (255, ['-d', '%', LINE, '<HOST>'], ''), (255, ['--print-no-missed', '--print-all-missed', LINE, 'sshd'], 'mutually exclusive'),
                                (2, ['--nosuch', LINE, 'sshd'], 'no such option: --nosuch'), (1, ['-l', 'nosuch', LINE, 'sshd'], 'ValueError'),
                                (1, ['-e', 'nosuch', OWN_LOG, 'sshd'], 'LookupError'), (1, ['-o', '<bantime>', LINE, 'sshd'], 'AttributeError'),
                                (0, ['--version'], 'fail2ban-regex 1.1.1'), (0, ['-h'], 'Usage: ')):
        seen, said, complaint = ours(box, *words)
        expect(seen == status and text in said + complaint, f'{words}: exit status {seen}: {(said + complaint)[-300:]}')


@case
def regex_comes_from_file_filter_or_jail(box):
    box.write('own.conf', '[Definition]\nfailregex = from <HOST> port\nignoreregex =\n')
    for words, text in ((['sshd'], 'Use             jail : sshd'), (['sshd[mode=ddos]'], "Use jail/flt options : {'mode': 'ddos'}"),
                        (['filter.d/sshd.conf'], 'Use      filter file : sshd, basedir: '), ([box.path('own.conf')], f'Use      filter file : {box.path("own.conf")}'),
                        (['x' * 60 + ' <HOST>'], 'Use   failregex line : ' + 'x' * 50 + '...'), (['from <HOST>', 'root'], 'Use ignoreregex line : root')):
        status, said, complaint = ours(box, LINE, *words)
        expect(status == 0 and text in said, f'{words}: {status}: {said[:600]}{complaint}')


@case
def last_line_counts_only_with_its_end(box):
    box.write('log', LINE + '\n' + LINE)
    expect('\nLines: 1 lines, 0 ignored, 1 matched' in ours(box, box.path('log'), 'sshd')[1], 'one line')


@case
def dash_is_standard_input(box):
    box.write('log', LINE + '\n' + LINE + '\n')
    with open(box.path('log'), 'rb') as log:
        said = ours(box, '-o', 'ip', '-', 'sshd', stdin=log)[1]
    expect(said == '203.0.113.5\n' * 2, said)


@case
def packed_logs_are_unpacked_whatever_their_name(box):
    with open(OWN_LOG, 'rb') as f:
        log = f.read()
    plain = ours(box, '-o', 'row', OWN_LOG, 'sshd')[1]
    packed = {'gzip': gzip.compress(log), 'xz': lzma.compress(log)}
    for program in ('zstd', 'gzip', 'xz'):
        if shutil.which(program):
            packed[program] = subprocess.run([program, '-c'], input=log, stdout=subprocess.PIPE, check=True).stdout
    for name, data in packed.items():
        with open(box.path('log'), 'wb') as f:
            f.write(data)
        status, said, complaint = ours(box, '-o', 'row', box.path('log'), 'sshd')
        if 'was built without' in complaint:
            continue
        expect((status, said) == (0, plain), f'{name}: {status} {said[:300]} {complaint}')
        with open(box.path('log'), 'rb') as f:
            expect(ours(box, '-o', 'row', '-', 'sshd', stdin=f)[1] == plain, f'{name} from standard input')
        with open(box.path('log'), 'wb') as f:
            f.write(data[:len(data) // 2])
        status, _, complaint = ours(box, '-o', 'row', box.path('log'), 'sshd')
        expect(status == 1 and 'damaged or incomplete' in complaint, f'{name}: {status} {complaint}')


@case
def encodings_of_one_byte_are_pythons(box):
    with open(os.path.join(TOP, 'src', 'detect', 'codepages.def'), encoding='utf8') as f:
        names = [names.split() for names in re.findall(r'^(?:CODEPAGE|LOW)\("(.*?)"', f.read(), re.MULTILINE)]
    wanted = [name for each in names for name in {each[0], each[-1]}] + ['KOI8-R', 'Windows-1252', 'ISO-8859-15', 'latin-1', 'ascii', 'L9']
    raw = b''.join(b'x' + bytes([byte]) for byte in range(1, 256) if byte not in b'\r\n')
    with open(box.path('log'), 'wb') as f:
        f.write(raw + b'\n')
    for name in wanted:
        status, said, complaint = ours(box, '--json', '-e', name, box.path('log'), '^<HOST>')
        expect(status == 0 and json.loads(said)['text'] == raw.decode(name, 'replace'), f'{name}: {said} {complaint}')


def decoded(raw, name):
    """A line as upstream decodes it, by itself. Half a pair of surrogates, which UTF-7 may hold, is no character to us."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError as error:
        is_end = error.end == len(raw) and raw[error.start] in b'\r\n'
        text = raw[:error.start if is_end else len(raw)].decode(name, 'replace')
    return ''.join('\ufffd' if 0xd800 <= ord(c) < 0xe000 else c for c in text).rstrip('\r\n')


def assert_decoded(box, name, lines, wanted=None):
    """wanted: their texts, if a line is not decoded by itself."""
    wanted = wanted or [decoded(line + b'\n', name) for line in lines]
    lines = [line for line, text in zip(lines, wanted) if text and text[0] != '#']
    wanted = [text for text in wanted if text and text[0] != '#']
    with open(box.path('log'), 'wb') as f:
        f.write(b''.join(line + b'\n' for line in lines))
    status, said, complaint = ours(box, '--json', '-e', name, box.path('log'), '^never <ADDR>')
    texts = [json.loads(line)['text'] for line in said.split('\n')[:-1]]
    wrong = [row for row in zip(lines, wanted, texts) if row[1] != row[2]]
    expect(status == 0 and not wrong and len(texts) == len(wanted), f'{name}: {len(wrong)}, {wrong[:2]} {complaint}')


def assert_names(box, names):
    """That the codecs are known by all names that Python has for them."""
    wanted = [*names, *(alias for alias, name in encodings.aliases.aliases.items() if name in names)]
    box.write('log', 'x\n')
    for name in wanted:
        status, _, complaint = ours(box, '-e', name, box.path('log'), '^never <ADDR>')
        expect(status == 0, f'{name}: {complaint}')


@case
def encodings_of_several_bytes_are_pythons(box):
    with open(os.path.join(TOP, 'src', 'detect', 'multibytes.def'), encoding='utf8') as f:
        names = [names.split()[0] for names in re.findall(r'^MULTIBYTE\(\w+, "(.*?)"', f.read(), re.MULTILINE)]
    expect(len(names) == 16, names)
    last = [byte for byte in range(256) if byte not in b'\r\n']
    pairs = [bytes([a, b]) + b'  ' for a in range(128, 256) for b in last] + [b'x' + bytes([a]) for a in last]
    threes = [bytes([0x8f, a, b]) + b'xx' for a in range(160, 256) for b in last]
    fours = [bytes([a, b, c, d]) + b'  ' for a in (0x81, 0x84, 0x85, 0x90, 0xe3, 0xe4, 0xff) for b in range(0x30, 0x3a)
             for c in range(0x80, 256) for d in range(0x2f, 0x3b)]
    spelled = [b'\xa4\xd4\xa4' + bytes([a]) + b'\xa4' + bytes([b]) + b'\xa4' + bytes([c]) for a in range(160, 192) for b in range(190, 214)
               for c in (*range(160, 192), 0xd4)]
    at_random = random.Random(5)
    noise = [bytes(at_random.choice((at_random.randrange(128, 256), at_random.choice((0x8f, 0xa4, 0xd4)), at_random.randrange(0x30, 0x80)))
                   for _ in range(at_random.randrange(1, 20))) for _ in range(6000)]
    for name in names:
        kinds = [pairs, noise, *([threes] if 'euc' in name else []), *([fours] if name == 'gb18030' else []), *([spelled] if name == 'euc_kr' else [])]
        for lines in kinds:     # a piece that the line's end breaks off is joined with the next line, and then no character
            assert_decoded(box, name, lines, [(line + b'\nxxxxxxxx').decode(name, 'replace').split('\n')[0] for line in lines])
    assert_names(box, names)
    for name in ('utf_32', 'utf_32_le', 'utf_32_be', 'utf_16_le', 'utf_16_be'):
        text = LINE + 'second \u010a \u0a0a \U0001f600 line\n'
        with open(box.path('log'), 'wb') as f:
            f.write(text.encode(name))
        status, said, complaint = ours(box, '--json', '-e', name, box.path('log'), '^<HOST>')
        expect([json.loads(line)['text'] for line in said.splitlines()] == text.rstrip('\n').split('\n'), f'{name}: {said} {complaint}')


# Of the encodings whose bytes depend on what came before: what is worth trying, and how the sets of two bytes begin.
ESCAPES = [b'\x1b' + end for end in (
    b'(B', b'(J', b'(I', b'$B', b'$@', b'$(D', b'$(C', b'$A', b'$(A', b'.A', b'.F', b'.B', b'$(O', b'$(P', b'$(Q', b'$)C', b'$C', b')B', b')J',
    b'&@\x1b$B', b'&@', b'&', b'N', b'N\x81', b'Na', b'N!', b'$', b'(', b'%G', b'$(', b'(A', b'(F', b'(Z', b'$$$$$$$$$$$$$$$$$$',
    b'(aaaaaaaaaaaaaA', b'(aaaaaaaaaaaaaaA', b'(aaaaaaaaaaaaaaaA', b'[1m', b'')] + [b'\x0e', b'\x0f', b'\r']
TOKENS = {**{name: ESCAPES for name in ('iso2022_jp', 'iso2022_jp_1', 'iso2022_jp_2', 'iso2022_jp_2004', 'iso2022_jp_3', 'iso2022_jp_ext', 'iso2022_kr')},
          'hz': [b'~{', b'~}', b'~~', b'~', b'~\r', b'~{VPND'],
          'utf_7': [b'+', b'-', b'+-', b'+AAo-', b'+2AA', b'+3AA', b'+2ADcAA', b'/', b'A', b'AA', b'+//0-', b'\xff', b'+AGE', b'\\', b'~']}
SETS = {'iso2022_jp': (b'\x1b$B', b'\x1b$@'), 'iso2022_jp_1': (b'\x1b$(D',), 'iso2022_jp_2': (b'\x1b$(C', b'\x1b$A', b'\x1b$B'),
        'iso2022_jp_2004': (b'\x1b$(P', b'\x1b$(Q', b'\x1b$B'), 'iso2022_jp_3': (b'\x1b$(O', b'\x1b$(P'), 'iso2022_jp_ext': (b'\x1b$(D', b'\x1b(I'),
        'iso2022_kr': (b'\x1b$)C\x0e',), 'hz': (b'~{',), 'utf_7': ()}


def noise_of(at_random, tokens):
    """A line without its end."""
    pieces = [at_random.choice(tokens) if at_random.random() < 0.35 else bytes([at_random.randrange(0x20, 0x80)])
              if at_random.random() < 0.9 else bytes([at_random.choice((0, 0x7f, 0x80, 0xa0, 0xff, 0x0d))])
              for _ in range(at_random.randrange(1, 25))]
    return b''.join(pieces)


@case
def encodings_that_shift_are_pythons(box):
    at_random = random.Random(7)
    for name, tokens in TOKENS.items():
        assert_decoded(box, name, [noise_of(at_random, tokens) for _ in range(6000)])
        for before in SETS[name]:
            assert_decoded(box, name, [before + bytes([a, b]) + b'  ' for a in range(0x20, 0x80) for b in range(256) if b != 0x0a])
    assert_names(box, list(TOKENS))
    assert_names(box, ['utf_16', 'utf_16_le', 'utf_16_be', 'utf_32', 'utf_7', 'utf_8', 'ascii', 'latin_1'])
    for name in ('cp037', 'IBM1140', 'unicode_escape'):
        status, _, complaint = ours(box, '-e', name, box.path('log'), '^never <ADDR>')
        expect(status == 1 and 'unknown encoding' in complaint, f'{name}: {status} {complaint}')


@case
def json_has_an_object_for_each_line_and_nothing_else(box):
    raw = LINE.encode().replace(b'root', b'r\xfft') + b'\r\n'
    with open(box.path('log'), 'wb') as f:
        f.write(b'# no line\n' + LINE.encode() + b'\n\n' + raw + b'nothing\n')
    status, said, _ = ours(box, '--json', '-l', 'debug', '-v', box.path('log'), 'sshd')
    objects = [json.loads(line) for line in said.split('\n')[:-1]]
    expect(status == 0 and [(o['verdict'], o['line']) for o in objects] == [('matched', 2), ('matched', 4), ('missed', 5)], said)
    result = objects[0]['results'][0]
    expect((result['id'], result['groups']['user'], result['counts']) == ('203.0.113.5', 'root', True), f'{result}')
    expect(os.path.basename(result['file']) == 'sshd.conf' and re.search(r'^\s*\^Failed', box.read('etc/filter.d/sshd.conf').split('\n')[result['file_line'] - 1]) and result['time'] == objects[0]['time'], f'{result}')
    expect('raw' not in objects[0] and base64.b64decode(objects[1]['raw']) == raw, f'{objects[1]}')
    expect(all(o['source'] == box.path('log') and LINE[:15] in (o['date'] or LINE) for o in objects), said)
    status, said, complaint = ours(box, '--json', LINE, 'bad ( <HOST>')
    expect(status == 255 and said == '' and 'ERROR' in complaint, f'{status} {said} {complaint}')


@case
def line_that_is_too_much_work_is_missed_and_named(box):
    box.write('log', 'x' * 200 + 'y !\nfrom 192.0.2.1\n')
    for words, wanted in (([], '1 matched, 1 missed'), (['--explain'], '1 matched, 1 missed'), (['-o', 'ip'], '192.0.2.1\n')):
        status, said, complaint = ours(box, *words, box.path('log'), '^(?:(?:x+)+|from) <HOST>$')
        expect(status == 0 and wanted in said, f'{words}: {status} {said} {complaint}')
        expect('Line 1 is taken for missed: ' in complaint and '(?:x+)+' in complaint, complaint)
    status, said, _ = ours(box, '--json', box.path('log'), '^(?:(?:x+)+|from) <HOST>$')
    first, second = (json.loads(line) for line in said.split('\n')[:-1])
    expect((first['verdict'], second['verdict']) == ('missed', 'matched') and 'limit' in first['error']['message'], said)


@case
def explain_has_colours_on_a_terminal_only(box):
    try:
        terminal, end = os.openpty()
    except OSError as error:
        raise Skipped(f'no terminal to be had: {error}') from error
    with subprocess.Popen([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, '--explain', LINE, 'sshd'], stdout=end,
                          stdin=subprocess.DEVNULL, env={**os.environ, 'NO_COLOR': ''}) as run:
        os.close(end)
        expect('Line 1: \033[32mmatched\033[0m' in read_all(terminal), 'colours')
        expect(run.wait(COMMAND_S) == 0, 'exit status')
    os.close(terminal)


@case
def explain_follows_each_line(box):
    near, far = LINE.replace('Failed', 'Fallen'), 'Nov 24 10:00:00 gate sshd[1]: Invalid user x'
    box.write('log', '\n'.join((LINE, far, LINE.replace('sshd', 'cron'), near, 'no date')) + '\n')
    status, said, complaint = ours(box, '--explain', box.path('log'), 'sshd[logtype=journal]', '^Fallen')
    parts = re.split(r'^Line \d+: ', said.split('\n\nResults\n')[0], flags=re.MULTILINE)[1:]
    wanted = (('matched', "date        'Nov 24 10:00:00' at characters 1 to 15 by template ", "without it  ' gate sshd[100]: Failed",
               "matches; the failregexes get 'Failed password", 'matched     failregex ', 'sshd.conf:', 'id          203.0.113.5', "user = 'root'",
               'counts now  '),
              ('missed', 'closest     failregex ', ' gave up at character 14\n', 'in          Invalid user x\n'),
              ('missed', 'prefregex   does not match', 'it gave up at character 7\n'),
              ('missed', 'prefregex   matches'), ('missed', 'date        none found'))
    expect(status == 0 and len(parts) == len(wanted), f'{status} {said} {complaint}')
    for part, texts in zip(parts, wanted):
        expect(part.startswith(texts[0]) and all(text in part for text in texts[1:]), f'{texts}: {part}')
    caret = re.search(r'^( +in +)(.*)\n( *)\^$', parts[1], re.MULTILINE)
    expect(len(caret.group(3)) == len(caret.group(1)) + 13 and '\033' not in said, parts[1])


@case
def explain_lets_no_line_command_the_terminal(box):
    box.write('log', LINE.replace('root', 'r\x1b]0;x\x07\x9b2J\xe9') + '\n')
    status, said, _ = ours(box, '--explain', box.path('log'), 'sshd')
    told = said.split('\n\nResults\n')[0]
    expect(status == 0 and ' r.]0;x..2J\xe9 ' in told, told)
    expect('\x1b' not in told and '\x9b' not in told and '\x07' not in told, told)


@case
def explain_tells_why_a_match_does_not_count(box):
    recent = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime())
    box.write('own.conf', '[Definition]\nfailregex = ^ ?c<F-MLFID>\\d</F-MLFID> <F-NOFAIL>open</F-NOFAIL> <HOST>$\n ^ ?c<F-MLFID>\\d</F-MLFID> fail$\n'
              'ignoreregex = 9$\n')
    box.write('log', ''.join(f'{line}\n' for line in (
        f'{recent} c1 open 192.0.2.1', f'{recent} c2 fail', f'{recent} c1 fail', '2001-01-01 00:00:00 c1 fail', f'{recent} c3 open 192.0.2.9')))
    _, said, _ = ours(box, '--explain', box.path('log'), box.path('own.conf'))
    answers = re.findall(r'^   counts now  (.*)$', said, re.MULTILINE)
    starts = ('no, it only tells', 'no, no line of this', 'yes', 'no, too old', )
    expect(len(answers) >= 4 and all(answer.startswith(start) for answer, start in zip(answers, starts)), f'{answers} {said}')
    expect('ignored by  ignoreregex 1 (' in said, said)


@case
def check_names_what_is_wrong_with_a_filter(box):
    box.write('own.conf', '[Definition]\n_p = ^login\nfailregex = %(_p)s (?:\\w+ ?)*: <HOST>$\n  %(_p)s \\S+ from <HOST>$\n  <HOST>\n'
              '  ^user .*? from <HOST> gone\nignoreregex =\n')
    status, said, complaint = ours(box, '--check', box.path('own.conf'))
    found = re.findall(r'^(.*):(\d+): (failregex \d+): ([a-z ]+): ', said, re.MULTILINE)
    wanted = [('3', 'failregex 1', 'backtracking'), ('5', 'failregex 3', 'spoofing'), ('5', 'failregex 3', 'no fixed text'),
              ('6', 'failregex 4', 'spoofing')]
    expect(status == 1 and [row[1:] for row in found] == wanted, f'{status} {said} {complaint}')
    expect({row[0] for row in found} == {box.path('own.conf')} and said.endswith('4 regular expressions, 4 findings\n'), said)
    box.write('good.conf', '[Definition]\nfailregex = ^login \\S+ from <HOST>$\n')
    expect(ours(box, '--check', box.path('good.conf'))[:2] == (0, '1 regular expressions, 0 findings\n'), 'a good one')
    for words in (['--check', 'sshd', LINE], ['--check', 'sshd', '--json'], ['--check', 'no( <HOST>']):
        expect(ours(box, *words)[0] == 255, f'{words}')


@case
def bytes_that_are_no_text_do_no_harm(box):
    with open(box.path('log'), 'wb') as f:
        f.write(b'\xff\xfe\x00 from 203.0.113.5 \x80\r\n' + b'A' * 200000 + b' from 203.0.113.6 x\n' + bytes(range(11, 256)) + b'\n')
    status, said, complaint = ours(box, '-o', 'ip', box.path('log'), 'from <HOST> ')
    expect(status == 0 and said == '203.0.113.5\n203.0.113.6\n', f'{status} {said[:300]} {complaint}')


@case
def closed_pipe_ends_it_quietly(box):
    box.write('log', (LINE + '\n') * 200000)
    with subprocess.Popen([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, '-o', 'msg', box.path('log'), 'from <HOST>'],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.read(100)
        run.stdout.close()
        complaint = run.stderr.read()
        expect(run.wait(COMMAND_S) == 0 and not complaint, f'{run.returncode} {complaint[-300:]}')


main(__doc__)
