"""The sample lines of the shipped filters, and what a client may write into them (config/filter.d/tests/README.md)."""
import os
import re
import subprocess

from harness import COMMAND_S, TOP, expect

FOLDER = os.path.join(TOP, 'config', 'filter.d', 'tests')
FIELD = re.compile('‹(?:(!)([^!‹›]+)!|(\\\\)|(\\.))?([^‹›]*)›')
MARK = '~|~'


class Field:
    """A place of a line which holds text of the client's choice: where it is, and what can stand there."""

    def __init__(self, found):
        _, self.without, escaped, host, self.text = found.groups()
        self.escaped, self.host = bool(escaped), bool(host)
        self.start, self.end = found.span()

    def written(self, text):
        """How the service would log this text here; None if it could not be here."""
        if self.escaped:
            return text.replace('\\', '\\\\').replace('"', '\\"')
        if self.host:
            return re.sub(r'[^\w.:-]+', '.', text, flags=re.ASCII)
        for character in self.without or '':
            text = text.replace(' ' if character == '_' else character, '')
        return text


def plain(marked):
    """A line, or a part of one, without marks."""
    return FIELD.sub(lambda found: found.group(5), marked)


class Row:
    """A sample line: the address that must come out of it ('-': none), and the line with or without the marks."""

    def __init__(self, wanted, marked):
        self.wanted, self.marked = wanted, marked
        self.line = plain(marked)
        self.fields = [Field(found) for found in FIELD.finditer(marked)]

    def with_texts(self, texts):
        """The line with other text in its fields; texts: by number of the field."""
        line, end = '', 0
        for number, field in enumerate(self.fields):
            line += self.marked[end:field.start] + (field.written(texts[number]) if number in texts else field.text)
            end = field.end
        return line + self.marked[end:]


def names():
    return sorted(name.removesuffix('.log') for name in os.listdir(FOLDER) if name.endswith('.log'))


def sections(name):
    """(options, [Row]) of a filter's samples."""
    found = []
    with open(os.path.join(FOLDER, name + '.log'), encoding='utf8') as f:
        for line in f.read().split('\n'):
            if re.match(r'\[[^\t]*\]$', line):
                found.append((line[1:-1], []))
            elif line:
                found[-1][1].append(Row(*line.split('\t', 1)))
    return found


def run(box, name, options, lines, *words, seconds=COMMAND_S):
    """fail2ban-regex with a filter over these lines: the finished process."""
    with open(box.path('samples'), 'w', encoding='utf8', errors='surrogateescape') as f:
        f.write(''.join(line + '\n' for line in lines))
    wanted = os.path.join(box.etc, 'filter.d', name + '.conf') + (f'[{options}]' if options else '')
    done = subprocess.run([os.path.join(box.programs, 'fail2ban-regex'), '-c', box.etc, *words, box.path('samples'), wanted],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, check=False)
    expect(done.returncode == 0, f'{name}[{options}]: {(done.stderr or done.stdout).decode("utf8", "replace")[-500:]}')
    return done


def failures(box, name, options, lines, *words, seconds=COMMAND_S):
    """(address, last line of the failure) of all failures."""
    done = run(box, name, options, lines, *words, '-o', f'{MARK}<fid>{MARK}<matches>', seconds=seconds)
    records = done.stdout.decode('utf8', 'replace').split('\n' + MARK)
    records[0] = records[0].removeprefix(MARK)
    return {(record.split(MARK)[0], record.rstrip('\n').split('\n')[-1].split(MARK)[-1]) for record in records if MARK in record}
