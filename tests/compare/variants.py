#!/usr/bin/env python3
"""What do fail2ban's filters take that ours of the same name miss? A list to read, no test: ours miss some of it on purpose.

    variants.py --lib DIR/lib --stock DIR/etc/fail2ban [--regex-bin build/release/fail2ban-regex] [FILTER]...

DIR is an unpacked fail2ban 1.1.1. The lines are our samples (config/filter.d/tests), in which one thing that fail2ban's regex
leaves open is chosen anew: another alternative, what may be left out or come again. So most of a line stays real. Both trees are
tried by our fail2ban-regex, which sees stock filters as fail2ban does. Of what is missed one line is shown for each place, with
what stood there and what stands there now. A sample that lies (an address in a user's name) shows up too: that is for the best.
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings

import regex as samples

with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    import sre_constants as code
    import sre_parse

OWN = os.path.join(samples.TOP, 'config')
HOST, CONTENT = 'HHOSTT', 'CCONTENTT'        # letters, so that they pass through a regex as they are
HOST_REGEX = r'(?:\[?(?:(?:::f{4,6}:)?\d+\.\d+\.\d+\.\d+|[0-9a-fA-F:]*:[0-9a-fA-F:.]+)\]?|[\w.-]+)'
STRANGER = '203.0.113.7'
WORDS = ('', 'root', 'admin', 'user1', 'alice', 'error 12', 'a-b_c', 'x@example.com', '/index.php', 'foo bar')
LINES_MAX = 6000        # of a filter
SHOWN = 40
CATEGORY = {code.CATEGORY_DIGIT: (r'\d', '0123456789'), code.CATEGORY_NOT_DIGIT: (r'\D', 'abc'), code.CATEGORY_SPACE: (r'\s', ' '),
            code.CATEGORY_NOT_SPACE: (r'\S', 'abc019.'), code.CATEGORY_WORD: (r'\w', 'abcxyz019_'), code.CATEGORY_NOT_WORD: (r'\W', '.-')}
PLACE = {code.AT_BEGINNING: '^', code.AT_END: '$', code.AT_BOUNDARY: r'\b', code.AT_NON_BOUNDARY: r'\B', code.AT_BEGINNING_STRING: r'\A',
         code.AT_END_STRING: r'\Z'}


def without_tags(regex):
    """A failregex as Python's re reads it; where the address stands: HOST."""
    regex = re.sub(r'<F-CONTENT>.*</F-CONTENT>', f'(?:{CONTENT})', regex)
    regex = re.sub(r'<HOST>|<ADDR>|<IP[46]>|<SUBNET>|<CIDR>|<DNS>', f'(?:{HOST})', regex)
    regex = re.sub(r'<F-[\w-]+/>', r'\\S+', regex).replace('<SKIPLINES>', '')
    return re.sub(r'<(/?)F-[\w-]+>', lambda tag: ')' if tag.group(1) else '(?:', regex)


class Text:
    """Texts that match a parsed regex."""

    def __init__(self, rng):
        self.rng, self.groups = rng, {}

    def of_class(self, items):
        chosen, negated = set(), False
        for op, value in items:
            if op is code.NEGATE:
                negated = True
            elif op is code.LITERAL:
                chosen.add(chr(value))
            elif op is code.RANGE:
                chosen.update(map(chr, range(value[0], min(value[1], 126) + 1)))
            else:
                chosen.update(CATEGORY[value][1])
        if negated:
            chosen = set('abcdefgxyz0123456789') - chosen or {'~'}
        return self.rng.choice(sorted(c for c in chosen if ' ' <= c <= '~') or ['a'])

    def repeated(self, low, high, inner):
        if inner[0][0] is code.ANY and high > 1000:
            return self.rng.choice(WORDS[1:] if low else WORDS)
        count = self.rng.choice((low, min(high, low + 1), min(high, low + 3)))
        return ''.join(self.of(inner) for _ in range(count))

    def of(self, parsed):
        return ''.join(self.of_one(op, value) for op, value in parsed)

    def of_one(self, op, value):
        if op is code.LITERAL:
            return chr(value)
        if op is code.NOT_LITERAL:
            return 'a' if value != ord('a') else 'b'
        if op is code.ANY:
            return self.rng.choice('abcxyz 01')
        if op is code.IN:
            return self.of_class(value)
        if op is code.BRANCH:
            return self.of(self.rng.choice(value[1]))
        if op in (code.MAX_REPEAT, code.MIN_REPEAT):
            return self.repeated(*value)
        if op is code.SUBPATTERN:
            self.groups[value[0]] = text = self.of(value[3])
            return text
        if op is code.GROUPREF:
            return self.groups.get(value, '')
        if op is code.GROUPREF_EXISTS:
            chosen = value[1] if value[0] in self.groups else value[2]
            return self.of(chosen) if chosen else ''
        return ''       # places and assertions


class Marked:
    """A regex in which each thing that it leaves open is a group of its own: search() and choices()."""

    def __init__(self, regex):
        parsed = sre_parse.parse(without_tags(regex))
        self.open = []      # (group's name, what else may stand there: a callable of Text)
        text = self.sequence(parsed, True).replace(HOST, HOST_REGEX).replace(CONTENT, '(?P<content>.*)')
        self.regex = re.compile(text, re.I if parsed.state.flags & re.I else 0)

    def sequence(self, parsed, mark):
        return ''.join(self.one(op, value, mark) for op, value in parsed)

    def marked(self, text, choices):
        self.open.append(choices)
        return f'(?P<open{len(self.open) - 1}>{text})'

    def branch(self, branches, mark):
        text = '|'.join(self.sequence(branch, mark) for branch in branches)
        return self.marked(text, lambda make: [make.of(branch) for branch in branches for _ in range(2)]) if mark else f'(?:{text})'

    def repeat(self, low, high, inner, mark, lazy):
        text = f'(?:{self.sequence(inner, mark and high == 1)}){{{low},{"" if high is code.MAXREPEAT else high}}}' + ('?' if lazy else '')
        if not mark or not (low == 0 and high == 1 or inner[0][0] is code.SUBPATTERN):
            return text
        return self.marked(text, lambda make: ([''] if low == 0 else []) + [make.of(inner) for _ in range(3)]
                           + ([make.of(inner) + make.of(inner)] if high > 1 else []))

    def members(self, items):
        text = ''
        for op, value in items:
            text += ('^' if op is code.NEGATE else re.escape(chr(value)) if op is code.LITERAL
                     else '-'.join(re.escape(chr(end)) for end in value) if op is code.RANGE else CATEGORY[value][0])
        return f'[{text}]'

    def one(self, op, value, mark):
        if op is code.LITERAL:
            return re.escape(chr(value))
        if op is code.NOT_LITERAL:
            return f'[^{re.escape(chr(value))}]'
        if op is code.ANY:
            return '.'
        if op is code.IN:
            return self.members(value)
        if op is code.BRANCH:
            return self.branch(value[1], mark)
        if op in (code.MAX_REPEAT, code.MIN_REPEAT):
            return self.repeat(*value, mark, op is code.MIN_REPEAT)
        if op is code.SUBPATTERN:
            return f'({"?P<of%d>" % value[0] if value[0] else "?:"}{self.sequence(value[3], mark)})'
        if op is code.GROUPREF:
            return f'(?P=of{value})'
        if op is code.GROUPREF_EXISTS:
            return f'(?(of{value[0]}){self.sequence(value[1], False)}|{self.sequence(value[2] or [], False)})'
        if op in (code.ASSERT, code.ASSERT_NOT):
            return f'(?{"" if value[0] > 0 else "<"}{"=" if op is code.ASSERT else "!"}{self.sequence(value[1], False)})'
        return PLACE[value]

    def variants(self, match, make):
        """(from, to, text instead) for what else may stand in the match."""
        for number, choices in enumerate(self.open):
            begin, end = match.span(f'open{number}')
            if begin >= 0:
                for text in {text.replace(HOST, STRANGER) for text in choices(make)} - {match.string[begin:end]}:
                    yield begin, end, text


class Trees:
    """Our fail2ban-regex with the stock filters and with ours."""

    def __init__(self, program, stock, folder):
        self.program, self.stock, self.log = program, stock, os.path.join(folder, 'log')

    def judge(self, config, name, lines):
        """{line number: what fail2ban-regex tells of it}"""
        with open(self.log, 'w', encoding='utf8') as f:
            f.write(''.join(line.replace('\n', ' ') + '\n' for line in lines))
        done = subprocess.run([self.program, '-c', config, '--usedns', 'no', '--json', self.log, name], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=600, check=False)
        told = [json.loads(line) for line in done.stdout.decode('utf8', 'replace').split('\n') if line.startswith('{')]
        return {one['line']: one for one in told if 'line' in one}


def failures(told):
    return {result['id'] for result in told['results'] if result['counts']} if told else set()


def read_filter(reader, stock, name, options):
    """(prefregex or None, [(number, regex)]) of a stock filter, those that can be parsed."""
    found = reader(name, 'jail', {'logpath': 'x', **options}, basedir=stock)
    found.read()
    found.getOptions({})
    combined = found.getCombined()
    regexes = combined.get('failregex') or []
    regexes = [line for line in regexes.split('\n') if line.strip()] if isinstance(regexes, str) else regexes
    parsed = []
    for number, regex in enumerate(regexes):
        try:
            parsed.append((number, Marked(regex)))
        except (re.error, KeyError) as e:
            print(f'   {name}: regex {number} is left out: {e}')
    return Marked(combined['prefregex']) if combined.get('prefregex') else None, parsed


def variants_of(line, told, prefix, regexes, make):
    """(line, regex's number, what stood there, what stands there) for a sample line that the stock filter takes."""
    date = told.get('date') or ''
    at = line.find(date)
    cut = line[:at] + line[at + len(date):]
    match = prefix and prefix.regex.search(cut)
    if prefix and not match:
        return
    base = match.start('content') if prefix else 0
    places = [('prefix', prefix, match, 0)] if prefix else []
    places += [(number, regex, regex.regex.search(cut[base:]), base) for number, regex in regexes]
    for number, regex, found, offset in places:
        for begin, end, text in regex.variants(found, make) if found else ():
            begin, end = begin + offset, end + offset
            new = cut[:begin] + text + cut[end:]
            yield new[:at] + date + new[at:], number, cut[begin:end], text


def compare(trees, reader, name, options, lines):
    label = name + (f'[{",".join(f"{k}={v}" for k, v in options.items())}]' if options else '')
    prefix, regexes = read_filter(reader, trees.stock, name, options)
    told, make = trees.judge(trees.stock, label, lines), Text(random.Random(7))
    found = collections.OrderedDict()
    for number, line in enumerate(lines, 1):
        if number in told and failures(told[number]):
            for new, *how in variants_of(line, told[number], prefix, regexes, make):
                found.setdefault(new, how)
    new = list(found)[:LINES_MAX]
    theirs, ours = trees.judge(trees.stock, label, new), trees.judge(OWN, label, new)
    taken, missed = 0, collections.OrderedDict()
    for number, line in enumerate(new, 1):
        wanted = failures(theirs.get(number))
        taken += bool(wanted)
        if wanted and failures(ours.get(number)) != wanted:
            place = found[line]
            missed.setdefault((place[0], place[1]), []).append((line, place[2]))
    print(f'== {label}: {taken} variants are taken by the stock filter, of these {sum(map(len, missed.values()))} not by ours', flush=True)
    for (number, old), those in list(missed.items())[:SHOWN]:
        print(f'   regex {number}: {old[:60]!r} -> {[text[:40] for _, text in those[:8]]}\n      {those[0][0][:230]}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--lib', required=True, metavar='DIR', help="fail2ban's Python files")
    parser.add_argument('--stock', required=True, metavar='DIR', help="fail2ban's configuration")
    parser.add_argument('--regex-bin', default=os.path.join(samples.TOP, 'build', 'release', 'fail2ban-regex'))
    parser.add_argument('filters', nargs='*')
    args = parser.parse_args()
    sys.path.insert(0, args.lib)
    from fail2ban.client.filterreader import FilterReader     # pylint: disable=import-error,import-outside-toplevel
    groups = collections.OrderedDict()
    for name, options, lines in samples.sections():
        if os.path.exists(os.path.join(args.stock, 'filter.d', name + '.conf')) and (not args.filters or name in args.filters):
            groups.setdefault((name, options), []).extend(line.decode('utf8', 'replace') for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        trees = Trees(os.path.abspath(args.regex_bin), os.path.abspath(args.stock), folder)
        for (name, options), lines in groups.items():
            pairs = dict(re.findall(r'([\w.?-]+)\s*=\s*([^,\]]*)', options))
            compare(trees, FilterReader, name, pairs, lines)


if __name__ == '__main__':
    sys.exit(main())
