"""What the check-* scripts share: where the tree is, and how findings are told."""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(folder, *suffixes):
    """All files below a folder of the tree with one of the suffixes, sorted, relative to the tree."""
    found = []
    for where, folders, names in os.walk(os.path.join(TOP, folder)):
        folders.sort()
        found += [os.path.relpath(os.path.join(where, name), TOP) for name in sorted(names) if name.endswith(suffixes)]
    return found


def read(path):
    """The text of a file of the tree."""
    with open(os.path.join(TOP, path), encoding='utf8') as f:
        return f.read()


def rows(path):
    """A table of 'key: value' lines; # begins a comment. Later rows of a key win nothing: a key twice is an error."""
    table = {}
    for number, line in enumerate(read(path).split('\n'), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        key, colon, value = line.partition(': ') if ': ' in line else line.partition(':')
        if not colon or key in table:
            sys.exit(f'{path}:{number}: expected one "key: value" for each key')
        table[key.strip()] = value.strip()
    return table


def close(what, findings, counted):
    """Print the findings, each with its fix, and end: 0 when there are none."""
    for finding in findings:
        print(finding)
    print(f'{what}: {counted}, {len(findings)} to mend')
    sys.exit(1 if findings else 0)
