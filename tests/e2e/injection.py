#!/usr/bin/env python3
"""No text of a client can pose as an address: every field of the sample lines that a client fills is filled with lies.

Into each marked field (config/filter.d/tests/README.md) go an address, the words that stand around the address in this
message and in the filter's others, whole log lines and every tail of them, each also behind what could end the field. Only
the sample's own address may be found in such a line.
"""
import re

import samples
from harness import case, expect, main

# An address, and what could end the field in front of it; IPv6 with fewer of these. Neither address is in any sample.
LIES = {'192.0.2.66': None, '2001:db8:bad::66': ('', '"', ')', '>')}
CLOSERS = ('', '"', "'", '" ', "' ", '>', ')', '] ', '), ', '>, ', '; ', '", ', '\\"', '} ', ' - ', ': ')
OPENERS = ('', ' "', " '", ' <', ' (', ' [', ', ', ': ')
WORDS_AROUND = (0, 1, 2, 4, 8)
SHOWN = 3
RUN_S = 300         # longest run over the lines of one section

# Filters whose lines hold no text of the client's choice.
EXCUSED = {
    'nagios': 'the address alone',
    'qmail': 'the address and what the block list answers',
    'recidive': 'addresses and names of jails',
    'redis': 'the address alone',
    'scanlogd': 'addresses and numbers',
    'stunnel': 'the address and the words of the TLS library',
    'xinetd-fail': 'the address and the name of a service',
}

# Holes that remain, because fail2ban's own sample lines look the same as the attack: what such lines hold, and why.
FORCED = {
    'pam-generic': (r'ruser= rhost=\S+ user=.* rhost=', 'an empty remote user, and a user with " rhost=" in the name'),
}


def around(line, address, lie):
    """The address with some words of what surrounds it."""
    before, _, after = line.partition(address)
    head, tail = re.findall(r'\S+\s*|\s+', before), re.findall(r'\S+\s*|\s+', after)
    for count in WORDS_AROUND:
        for more in WORDS_AROUND:
            yield ''.join(head[len(head) - count:] if count else []) + lie + ''.join(tail[:more])


def tails(line):
    """The line from each of its words on, also from within them."""
    for found in re.finditer(r'(?<![\w.])[\w"\'(<\[]', line):
        yield line[found.start():]


def lies(row, others, lie):
    """What goes into the fields of a row; others: the filter's other failures of this section."""
    texts = dict.fromkeys((lie, f'[{lie}]', f'{lie}:1', f'x@{lie}'))
    for other in (row, *others):
        if other.wanted == '-' or other.wanted not in other.line:
            continue
        posing = other.line.replace(other.wanted, lie)
        texts.update(dict.fromkeys((posing, *around(other.line, other.wanted, lie))))
        texts.update(dict.fromkeys(text for text in tails(posing) if lie in text))
    for field in row.fields:
        rest = samples.plain(row.marked[field.end:]).replace(row.wanted, lie)
        texts.update(dict.fromkeys(f'{field.text}{rest}{opener}' for opener in OPENERS))
    return texts


def mutated(rows):
    """{line: row} of all that a client could make of these rows."""
    found = {}
    for row in rows:
        if not row.fields:
            continue
        others = [other for other in rows if other is not row]
        for lie, closers in LIES.items():
            for text in lies(row, others, lie):
                for closer in closers or CLOSERS:
                    for fields in (*([number] for number in range(len(row.fields))), range(len(row.fields))):
                        line = row.with_texts(dict.fromkeys(fields, closer + text))
                        found.setdefault(line, row)
    return found


def true(address, row, rows):
    """Whether an address is the server's word. A failure of several lines may have its address from any of these rows."""
    for own in [row] if row else rows:
        if own.wanted == address or own.wanted == '-' and address in own.with_texts(dict.fromkeys(range(len(own.fields)), '')):
            return True
    return False


def make(name):
    """A case for one filter."""
    def check(box):
        sections = samples.sections(name)
        marked = any(row.fields for _, rows in sections for row in rows)
        expect(marked != (name in EXCUSED), 'its samples mark no field of a client, and it is not excused'
               if not marked else 'it is excused, but its samples mark fields of a client')
        forced, _ = FORCED.get(name, (None, None))
        for options, rows in sections:
            lines = mutated(rows)
            found = samples.failures(box, name, options, lines, '--usedns', 'raw', seconds=RUN_S)
            wrong = sorted((address, line) for address, line in found
                           if not true(address, lines.get(line), rows) and not (forced and re.search(forced, line)))
            expect(not wrong, lambda: f'[{options}]: {len(wrong)} of {len(lines)} lines: '
                   + '; '.join(f'{address} of {line!r}' for address, line in wrong[:SHOWN]))
    check.__name__ = name
    return check


for sample in samples.names():
    case(make(sample))


main(__doc__)
